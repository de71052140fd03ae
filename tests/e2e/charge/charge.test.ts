import assert from "node:assert/strict";
import {
  addPlan,
  callCharge,
  charge,
  registerCard,
  subscribe,
} from "../../support/billing.ts";
import {
  chargeRows,
  daysAfter,
  justAfter,
  outboxTypes,
  subscriptionRow,
} from "../../support/billing-rows.ts";
import { watchRoundTrips } from "../../support/round-trips.ts";
import { shopTests } from "../../support/shop-test.ts";
import { signUp } from "../../../stack/users.ts";

const test = shopTests({ environment: { AD_HOC_CHARGES: "on" } });

test("a due subscription is charged once, for its next period", async (shop) => {
  const { user, subscription } = await subscribe(shop);
  const subscriptionId = subscription.id;

  const early = await charge(shop, { subscriptionId });
  const asOf = subscription.currentPeriodEnd;
  const due = await charge(shop, { subscriptionId, asOf });
  const again = await charge(shop, { subscriptionId, asOf });

  assert.equal(early.claimed, 0);
  assert.deepEqual([due.claimed, due.paid, due.remaining], [1, 1, 0]);
  assert.equal(again.claimed, 0);
  const rows = await chargeRows(shop, user);
  assert.deepEqual(rows.map(({ kind, status }) => [kind, status]), [
    ["start", "paid"],
    ["renewal", "paid"],
  ]);
  const row = await subscriptionRow(shop, subscriptionId);
  assert.equal(row.current_period_start.getTime(), Date.parse(asOf));
  assert.deepEqual(row.next_charge_at, row.current_period_end);
  assert.ok(
    (await outboxTypes(shop, subscriptionId)).includes("subscription.renewed"),
  );
});

test("twelve months are twelve paid charges, without drift", async (shop) => {
  const { user, subscription } = await subscribe(shop);
  const subscriptionId = subscription.id;
  for (let month = 0; month < 12; month++) {
    const row = await subscriptionRow(shop, subscriptionId);
    assert.ok(row.next_charge_at);
    const asOf = justAfter(row.next_charge_at);
    assert.equal((await charge(shop, { subscriptionId, asOf })).paid, 1);
  }

  const rows = await chargeRows(shop, user);
  assert.equal(rows.length, 13);
  assert.ok(
    rows.every(({ status, attempt }) => status === "paid" && attempt === 1),
  );
  assert.equal(new Set(rows.map(({ order_id }) => order_id)).size, 13);
  for (const [index, row] of rows.slice(1).entries()) {
    assert.deepEqual(row.period_start, rows[index]?.period_end);
  }
  const start = new Date(subscription.currentPeriodStart);
  const end = rows.at(-1)?.period_end;
  assert.ok(end);
  const seoul = (date: Date) =>
    new Date(date.getTime() + 9 * 3600_000).toISOString();
  // 13 months later, unless that month is too short for the day.
  assert.equal(seoul(end).slice(11), seoul(start).slice(11));
});

test("a run does as much as its limit says and tells what remains", async (shop) => {
  const planId = await addPlan(shop, { interval: "day" });
  const subscribers = [];
  for (let index = 0; index < 5; index++) {
    subscribers.push(await subscribe(shop, { planId }));
  }
  const asOf = justAfter(subscribers[4]?.subscription.currentPeriodEnd ?? "");

  const first = await charge(shop, { asOf, limit: 2 });
  const second = await charge(shop, { asOf, limit: 500 });

  assert.deepEqual([first.claimed, first.remaining], [2, 3]);
  assert.deepEqual([second.claimed, second.remaining], [3, 0]);
});

test("dryRun shows who would be charged what, and changes nothing", async (shop) => {
  const { user, subscription, planId } = await subscribe(shop);
  const asOf = subscription.currentPeriodEnd;
  const before = await chargeRows(shop, user);
  const roundTrips = watchRoundTrips(shop);

  const { body } = await callCharge(shop, {
    dryRun: true,
    subscriptionId: subscription.id,
    asOf,
  });

  assert.deepEqual(roundTrips().toss, []);
  const [shown] = body.charges as Record<string, unknown>[];
  assert.deepEqual([body.claimed, body.paid], [0, 0]);
  assert.deepEqual(
    [
      shown?.subscriptionId,
      shown?.userId,
      shown?.planId,
      shown?.amount,
      shown?.attempt,
    ],
    [subscription.id, user.id, planId, 10_000, 1],
  );
  assert.equal(Date.parse(String(shown?.periodStart)), Date.parse(asOf));
  assert.deepEqual(await chargeRows(shop, user), before);
});

test("after an outage the present is charged and missed periods are listed", async (shop) => {
  const planId = await addPlan(shop, { interval: "day", price: 1_000 });
  const { user, subscription } = await subscribe(shop, { planId });
  const asOf = daysAfter(subscription.currentPeriodEnd, 3.5);

  const run = await charge(shop, { subscriptionId: subscription.id, asOf });

  assert.deepEqual([run.paid, run.remaining], [1, 0]);
  const rows = await chargeRows(shop, user);
  assert.deepEqual(
    rows.map(({ status, failure_code }) => [
      status,
      failure_code,
    ]),
    [
      ["paid", null],
      ["void", "MISSED_PERIOD"],
      ["void", "MISSED_PERIOD"],
      ["void", "MISSED_PERIOD"],
      ["paid", null],
    ],
  );
});

test("a plan that catches up charges every missed period once, in one run", async (shop) => {
  const planId = await addPlan(shop, { interval: "day", price: 1_000 });
  await shop.stack
    .sql`update public.plans set catch_up = 'all' where id = ${planId}`;
  const { user, subscription } = await subscribe(shop, { planId });
  const asOf = daysAfter(subscription.currentPeriodEnd, 3.5);

  const run = await charge(shop, { subscriptionId: subscription.id, asOf });

  assert.deepEqual([run.claimed, run.paid, run.remaining], [4, 4, 0]);
  const rows = await chargeRows(shop, user);
  assert.deepEqual(rows.map(({ status }) => status), Array(5).fill("paid"));
});

test("an ad hoc charge happens once, however often it is asked for", async (shop) => {
  const user = await signUp(shop);
  await registerCard(shop, user);
  const request = {
    userId: user.id,
    amount: 7_700,
    orderName: "추가 사용료",
    requestId: `ad-hoc-${user.id}`,
  };

  const answers = await Promise.all(
    Array.from({ length: 10 }, () => callCharge(shop, request)),
  );
  const last = await callCharge(shop, request);

  for (const { status, body } of [...answers, last]) {
    assert.equal(status, 200, JSON.stringify(body));
    assert.equal(body.claimed, 1);
  }
  assert.equal(last.body.paid, 1);
  const rows = await chargeRows(shop, user);
  assert.deepEqual(
    rows.map(({ kind, status, amount }) => [kind, status, amount]),
    [["ad_hoc", "paid", 7_700]],
  );
  const { charge: result } = last.body as { charge: Record<string, unknown> };
  assert.equal(result.orderId, rows[0]?.order_id);
  const atToss = shop.simulator.charges(String(rows[0]?.order_id));
  assert.deepEqual(atToss.map(({ outcome }) => outcome), ["DONE"]);
});

test("an ad hoc charge says what it cannot do", async (shop) => {
  const user = await signUp(shop);
  const request = {
    userId: user.id,
    amount: 7_700,
    orderName: "추가 사용료",
    requestId: `ad-hoc-${user.id}`,
  };
  const without = await callCharge(shop, request);
  assert.deepEqual(
    [without.status, without.body.code],
    [404, "billing_method_not_found"],
  );
  const { subscription: _ } = await registerCard(shop, user);
  const { data } = await user.client.from("customers").select();
  shop.simulator.declineCharges({
    customerKey: String(data?.[0]?.customer_key),
    code: "REJECT_CARD_PAYMENT",
  });
  const declined = await callCharge(shop, request);
  assert.deepEqual([declined.status, declined.body.declined], [200, 1]);
  assert.equal(
    (declined.body.charge as Record<string, unknown>).tossCode,
    "REJECT_CARD_PAYMENT",
  );
  // Declined is an end: the same requestId is not charged later.
  shop.simulator.clearChargeDeclines();
  assert.equal((await callCharge(shop, request)).body.declined, 1);
  const other = await callCharge(shop, { ...request, amount: 8_800 });
  assert.deepEqual([other.status, other.body.code], [400, "invalid_request"]);
});

test("billing-charge names what is wrong with a request", async (shop) => {
  const { id } = await signUp(shop);
  const adHoc = { userId: id, amount: 1_000, orderName: "x", requestId: "r" };
  const wrong: [Record<string, unknown>, string][] = [
    [{ extra: 1 }, "extra"],
    [{ limit: 0 }, "limit"],
    [{ limit: 501 }, "limit"],
    [{ subscriptionId: "not-a-uuid" }, "subscriptionId"],
    [{ asOf: "tomorrow" }, "asOf"],
    [{ ...adHoc, amount: 99 }, "amount"],
    [{ ...adHoc, amount: 100.5 }, "amount"],
    [{ ...adHoc, requestId: undefined }, "requestId"],
    [{ ...adHoc, dryRun: true }, "dryRun"],
    [{ ...adHoc, subscriptionId: id }, "subscriptionId"],
  ];
  for (const [body, field] of wrong) {
    const answer = await callCharge(shop, body);
    assert.equal(answer.status, 400, field);
    const [detail] = answer.body.details as { field: string }[];
    assert.equal(detail?.field, field);
  }
});
