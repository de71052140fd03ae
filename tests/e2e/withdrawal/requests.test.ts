import assert from "node:assert/strict";
import {
  buy,
  confirm,
  ONE_STICKER,
  payInWindow,
  placeOrder,
} from "../../support/buy.ts";
import { callFunction } from "../../support/call-function.ts";
import { cancel, cancelRequests } from "../../support/cancel.ts";
import { orderByTransfer } from "../../support/issue-account.ts";
import { shopTests } from "../../support/shop-test.ts";
import {
  askToWithdraw,
  decide,
  requested,
  withdrawalRow,
} from "../../support/withdrawals.ts";
import { advance, moveDatabaseClock } from "../../support/worker.ts";
import { buyerHeaders, signUp } from "../../../stack/users.ts";

const test = shopTests({ environment: { TOSS_TIMEOUT_MS: "2000" } });

test("the same requestId answers the same, also after the decision; another one gets the open request", async (shop) => {
  const { accessToken } = await signUp(shop);
  const { orderId } = await buy(shop, undefined, accessToken);
  const body = { orderId, requestId: "once", reason: "사이즈가 달라요" };

  const answers = await Promise.all(
    [1, 2, 3].map(() => askToWithdraw(shop, body, accessToken)),
  );
  for (const { status, body } of answers) {
    assert.deepEqual([status, body], [201, answers[0]?.body]);
  }
  const { withdrawalId } = answers[0]?.body ?? {};
  const other = await askToWithdraw(shop, { orderId }, accessToken);
  assert.deepEqual([other.status, other.body], [200, answers[0]?.body]);
  const changed = await askToWithdraw(
    shop,
    { ...body, reason: "다른 이유" },
    accessToken,
  );
  assert.deepEqual([changed.status, changed.body.code], [
    400,
    "invalid_request",
  ]);

  const refused = await decide(shop, {
    withdrawalId,
    action: "refuse",
    reason: "이미 사용한 상품이에요",
  });
  assert.deepEqual(refused.body, { withdrawalId, status: "refused" });
  const again = await askToWithdraw(shop, body, accessToken);
  assert.deepEqual([again.status, again.body], [201, answers[0]?.body]);
  const row = await withdrawalRow(shop, String(withdrawalId));
  assert.deepEqual([row?.status, row?.decision_reason, row?.reason], [
    "refused",
    "이미 사용한 상품이에요",
    "사이즈가 달라요",
  ]);
  // A refusal is no end: the buyer may come with a better reason.
  const later = await askToWithdraw(shop, { orderId }, accessToken);
  assert.equal(later.status, 201);
  assert.notEqual(later.body.withdrawalId, withdrawalId);
});

test("only the own order can be given back, and what exists stays unknown", async (shop) => {
  const [owner, other] = [await signUp(shop), await signUp(shop)];
  const own = await buy(shop, undefined, owner.accessToken);
  const guests = await buy(shop);
  const withdrawalId = await requested(shop, own.orderId, owner.accessToken);
  const messages = new Set<string>();
  for (const orderId of [own.orderId, guests.orderId, "ord_not_there_1"]) {
    const { status, body } = await askToWithdraw(
      shop,
      { orderId },
      other.accessToken,
    );
    assert.deepEqual([status, body.code], [404, "order_not_found"]);
    messages.add(String(body.message));
  }
  assert.equal(messages.size, 1);
  for (const action of ["accept", "refuse"]) {
    const { status, body } = await callFunction(shop, "withdrawal", {
      body: { withdrawalId, action },
      headers: buyerHeaders(shop, owner.accessToken),
    });
    assert.deepEqual([status, body.code], [403, "forbidden"]);
  }
  const guest = await callFunction(shop, "withdrawal", {
    body: { orderId: guests.orderId, reason: "반품", requestId: "guest-1" },
    headers: buyerHeaders(shop),
  });
  assert.equal(guest.status, 401);
  // The shop writes it down for the guest, whom it knows.
  const written = await decide(shop, {
    orderId: guests.orderId,
    reason: "전화로 요청",
    requestId: "guest-1",
  });
  assert.equal(written.status, 201, JSON.stringify(written.body));

  const read = async (accessToken: string) => {
    const response = await fetch(
      `${shop.stack.apiUrl}/rest/v1/withdrawals?select=id,status,due_at`,
      { headers: buyerHeaders(shop, accessToken) },
    );
    return await response.json();
  };
  assert.deepEqual(
    (await read(owner.accessToken)).map(({ id }: { id: string }) => id),
    [withdrawalId],
  );
  assert.deepEqual(await read(other.accessToken), []);
});

test("where nothing is paid there is nothing to withdraw", async (shop) => {
  const { accessToken } = await signUp(shop);
  const pending = await placeOrder(shop, undefined, accessToken);
  const waiting = await orderByTransfer(shop, undefined, accessToken);
  const refunded = await buy(shop, undefined, accessToken);
  await cancel(shop, { orderId: refunded.orderId });
  for (const { orderId } of [pending, waiting, refunded]) {
    const { status, body } = await askToWithdraw(
      shop,
      { orderId },
      accessToken,
    );
    assert.deepEqual([status, body.code], [409, "nothing_to_withdraw"]);
  }
});

test("what is excluded cannot be given back, used or not as it was sold", async (shop) => {
  const { sql } = shop.stack;
  const { accessToken } = await signUp(shop);
  const setRule = (id: string, rule: string) =>
    sql`update public.products set withdrawal = ${rule} where id = ${id}`;
  const ask = (orderId: string) =>
    askToWithdraw(shop, { orderId }, accessToken);
  try {
    await setRule("sticker", "excluded_after_use");
    await setRule("mug", "excluded");
    const digital = await buy(shop, undefined, accessToken);
    const mug = { items: [{ productId: "mug", quantity: 1 }] };
    const excluded = await buy(shop, mug, accessToken);
    const mixed = await buy(shop, {
      items: [...ONE_STICKER.items, ...mug.items],
    }, accessToken);
    // What was sold keeps what the buyer was told.
    await setRule("sticker", "excluded");
    await setRule("mug", "allowed");

    const refused = await ask(excluded.orderId);
    assert.deepEqual(
      [refused.status, refused.body.code, refused.body.details],
      [
        409,
        "withdrawal_excluded",
        { products: ["mug"] },
      ],
    );

    const partly = await ask(mixed.orderId);
    assert.equal(partly.status, 201, JSON.stringify(partly.body));
    const { withdrawalId } = partly.body;
    const all = await decide(shop, { withdrawalId, action: "accept" });
    assert.deepEqual([all.status, all.body.details], [400, [{
      field: "cancelAmount",
      problem:
        "required: these of the order cannot be given back, so say how much goes back: mug",
    }]]);
    const part = await decide(shop, {
      withdrawalId,
      action: "accept",
      cancelAmount: 3000,
    });
    assert.equal(part.status, 200, JSON.stringify(part.body));

    const marked = await decide(shop, {
      orderId: digital.orderId,
      action: "mark_used",
      productId: "sticker",
    });
    assert.equal(marked.status, 200, JSON.stringify(marked.body));
    const again = await decide(shop, {
      orderId: digital.orderId,
      action: "mark_used",
    });
    assert.deepEqual(again.body, marked.body, "the first time counts");
    const used = await ask(digital.orderId);
    assert.equal(used.body.code, "withdrawal_excluded");
    const unknown = await decide(shop, {
      orderId: digital.orderId,
      action: "mark_used",
      productId: "mug",
    });
    assert.equal(unknown.body.code, "product_not_found");
  } finally {
    await sql`update public.products set withdrawal = 'allowed'`;
  }
});

test("lines that the shop's server names bring their own rule", async (shop) => {
  const order = await callFunction(shop, "checkout", {
    headers: { apikey: shop.stack.secretKey },
    body: {
      lines: [{
        name: "주문 제작 반지",
        unitPrice: 50000,
        quantity: 1,
        withdrawal: "excluded",
      }],
    },
  });
  assert.equal(order.status, 201, JSON.stringify(order.body));
  const { orderId, orderName, amount } = order.body;
  const purchase = payInWindow(
    shop,
    { orderId, orderName, amount } as Parameters<typeof payInWindow>[1],
  );
  assert.equal((await confirm(shop, purchase)).status, 200);
  const { status, body } = await decide(shop, {
    orderId,
    reason: "반품",
    requestId: "ring",
  });
  assert.deepEqual([status, body.code], [409, "withdrawal_excluded"]);
});

test("words stay where they were said: neither Toss, nor an event, nor the audit log gets them", async (shop) => {
  const { accessToken } = await signUp(shop);
  const { orderId } = await buy(shop, undefined, accessToken);
  const reason = "비밀스러운 개인 사정";
  const { body } = await askToWithdraw(shop, { orderId, reason }, accessToken);
  await decide(shop, {
    withdrawalId: body.withdrawalId,
    action: "accept",
    reason: "비밀스러운 답변",
  });
  const sent = cancelRequests(shop).at(-1);
  assert.ok(!JSON.stringify(sent).includes("비밀"));
  const rows = await shop.stack.sql`
    select payload::text as text from public.outbox_events where subject = ${orderId}
    union all
    select detail::text from public.payment_events where order_id = ${orderId}`;
  assert.ok(rows.length > 3);
  for (const { text } of rows) assert.ok(!text.includes("비밀"), text);
  const types = await shop.stack.sql`
    select event_type from public.outbox_events
    where subject = ${orderId} and event_type like 'withdrawal.%' order by sequence`;
  assert.deepEqual(types.map(({ event_type }) => event_type), [
    "withdrawal.requested",
    "withdrawal.decided",
  ]);
});

test("words and fields are bounded", async (shop) => {
  const { accessToken } = await signUp(shop);
  const { orderId } = await buy(shop, undefined, accessToken);
  const bodies: Record<string, Record<string, unknown>> = {
    reason: { orderId, reason: "가".repeat(501) },
    requestId: { orderId, requestId: "with space" },
    orderId: { orderId: "x" },
    cancelAmount: { orderId, cancelAmount: 1 },
  };
  for (const [field, body] of Object.entries(bodies)) {
    const answer = await askToWithdraw(shop, body, accessToken);
    assert.equal(answer.status, 400, field);
    const details = answer.body.details as { field: string }[];
    assert.deepEqual(details.map((problem) => problem.field), [field]);
  }
  const whole = await askToWithdraw(
    shop,
    { orderId, reason: "가".repeat(500) },
    accessToken,
  );
  assert.equal(whole.status, 201);
});

test("a decision is due on the third business day in Seoul, and alerts say so", async (shop) => {
  const { sql } = shop.stack;
  const dueAt = async (requestedAt: string) => {
    const [row] = await sql`
      select to_char(toss_private.withdrawal_due_at(${requestedAt}::timestamptz) at time zone 'Asia/Seoul',
        'YYYY-MM-DD HH24:MI:SS') as due`;
    return row?.due;
  };
  assert.equal(await dueAt("2027-01-11T12:00+09:00"), "2027-01-14 23:59:59");
  // A Friday: Saturday and Sunday do not count.
  assert.equal(await dueAt("2027-01-15T12:00+09:00"), "2027-01-20 23:59:59");
  // Friday evening in Seoul is Friday in London, too; after midnight it is Saturday.
  assert.equal(await dueAt("2027-01-15T15:30Z"), "2027-01-20 23:59:59");
  assert.equal(await dueAt("2027-01-14T14:59Z"), "2027-01-19 23:59:59");
  assert.equal(await dueAt("2027-01-14T15:00Z"), "2027-01-20 23:59:59");
  // 설날: Monday the 8th is a holiday, Tuesday the substitute.
  assert.equal(await dueAt("2027-02-05T10:00+09:00"), "2027-02-12 23:59:59");
  // 추석, Tuesday to Thursday.
  assert.equal(await dueAt("2027-09-13T10:00+09:00"), "2027-09-21 23:59:59");
  const [period] = await sql`
    select to_char(toss_private.withdrawal_period_end('2027-02-01T10:00+09:00') at time zone 'Asia/Seoul',
      'YYYY-MM-DD HH24:MI:SS') as ends`;
  assert.equal(period?.ends, "2027-02-10 23:59:59");

  const { accessToken } = await signUp(shop);
  const { orderId } = await buy(shop, undefined, accessToken);
  const withdrawalId = await requested(shop, orderId, accessToken);
  const levels = async () =>
    (await sql`select level from public.alerts
      where alert = 'withdrawal_due' and subject = ${withdrawalId}`)
      .map(({ level }) => level);
  const [row] = await sql`
    select extract(epoch from due_at - toss_private.clock_now())::int as seconds
    from public.withdrawals where id = ${withdrawalId}`;
  assert.deepEqual(await levels(), []);
  await advance(shop, row?.seconds - 3600);
  assert.deepEqual(await levels(), ["warning"]);
  await moveDatabaseClock(shop, 3601);
  assert.deepEqual(await levels(), ["critical"]);
  await decide(shop, { withdrawalId, action: "refuse" });
  assert.deepEqual(await levels(), []);
});
