import assert from "node:assert/strict";
import { payInWindow, placeOrder } from "../../support/buy.ts";
import { callFunction } from "../../support/call-function.ts";
import { cancel } from "../../support/cancel.ts";
import { buyerHeaders } from "../../../stack/users.ts";
import {
  issuedBy,
  payIn,
  requestAccount,
} from "../../support/issue-account.ts";
import {
  mark,
  notificationsOf,
  openChannels,
  providersOf,
  sendDue,
} from "../../support/notices.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { settleWebhooks } from "../../support/webhooks.ts";

const test = shopTests({ notices: true, webPort: 0 });

const CART = {
  items: [{ productId: "sticker", quantity: 2 }],
  customerEmail: "buyer@mail.test",
  customerMobilePhone: "01012345678",
};

async function pay(shop: Shop, cart: Record<string, unknown> = CART) {
  const purchase = payInWindow(shop, await placeOrder(shop, cart));
  const answer = await callFunction(shop, "confirm", {
    body: purchase,
    headers: buyerHeaders(shop),
  });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return purchase;
}

test("a payment is receipted once on each channel, with what was paid", async (shop) => {
  await openChannels(shop);
  const since = mark(shop);
  const { orderId } = await pay(shop);
  const sent = await sendDue(shop, since);
  assert.deepEqual(sent.map(({ type, to }) => `${type} ${to}`).sort(), [
    "EMAIL buyer@mail.test",
    "LMS 01012345678",
  ]);
  const mail = sent.find(({ type }) => type === "EMAIL");
  assert.equal(mail?.subject, "[우리 상점] 결제가 완료되었어요");
  assert.match(mail?.text ?? "", /결제 금액: 6,000원/);
  assert.match(mail?.text ?? "", new RegExp(`주문 번호: ${orderId}`));
  assert.match(mail?.html ?? "", /영수증 보기/);
  const rows = await notificationsOf(shop, orderId);
  assert.deepEqual(
    rows.map(({ notice, channel, status, provider_id }) => [
      notice,
      channel,
      status,
      sent.some(({ id }) => id === provider_id),
    ]),
    [["receipt", "email", "sent", true], ["receipt", "message", "sent", true]],
  );
  assert.equal((await sendDue(shop, since)).length, 2);
  const [left] = await shop.stack.sql<{ count: number }[]>`
    select count(*)::integer as count from toss_private.notification_contents`;
  assert.equal(left?.count, 0, "addresses stay behind");
});

test("an account, its deposit and refunds in parts are told in order", async (shop) => {
  await openChannels(shop);
  const since = mark(shop);
  const { orderId } = await placeOrder(shop, CART);
  const { paymentKey } = issuedBy(await requestAccount(shop, { orderId }));
  await settleWebhooks(shop);
  const [asked] = (await sendDue(shop, since)).filter(({ type }) =>
    type === "EMAIL"
  );
  assert.equal(asked?.subject, "[우리 상점] 입금을 기다리고 있어요");
  for (
    const line of ["은행: ", "계좌 번호: ", "입금 기한: ", "입금 금액: 6,000원"]
  ) {
    assert.ok(asked?.text.includes(line), line);
  }
  await payIn(shop, paymentKey);
  await settleWebhooks(shop);
  const refundReceiveAccount = {
    bank: "신한",
    accountNumber: "110123456789",
    holderName: "김토스",
  };
  for (const cancelAmount of [1000, 5000]) {
    const answer = await cancel(shop, {
      paymentKey,
      cancelAmount,
      refundReceiveAccount,
    });
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
  }
  await settleWebhooks(shop);
  const mails = (await sendDue(shop, since)).filter(({ type }) =>
    type === "EMAIL"
  ).slice(1);
  assert.deepEqual(mails.map(({ subject }) => subject), [
    "[우리 상점] 입금이 확인되었어요",
    "[우리 상점] 환불이 처리되었어요",
    "[우리 상점] 환불이 처리되었어요",
  ]);
  assert.match(
    mails[1]?.text ?? "",
    /환불 금액: 1,000원\n남은 결제 금액: 5,000원/,
  );
  assert.match(mails[2]?.text ?? "", /환불 금액: 5,000원/);
  assert.doesNotMatch(mails[2]?.text ?? "", /남은/);
});

test("a payment that was declined on the page is not mailed", async (shop) => {
  await openChannels(shop);
  const since = mark(shop);
  const purchase = payInWindow(shop, await placeOrder(shop, CART));
  shop.simulator.decline(purchase.paymentKey, "REJECT_CARD_PAYMENT");
  const answer = await callFunction(shop, "confirm", {
    body: purchase,
    headers: buyerHeaders(shop),
  });
  assert.notEqual(answer.status, 200);
  await settleWebhooks(shop);
  assert.deepEqual(await sendDue(shop, since), []);
  assert.deepEqual(await notificationsOf(shop, purchase.orderId), []);
});

test("an order of nothing has no receipt", async (shop) => {
  await openChannels(shop);
  const since = mark(shop);
  const answer = await callFunction(shop, "checkout", {
    body: {
      lines: [{ name: "선물", unitPrice: 0, quantity: 1 }],
      customerEmail: "buyer@mail.test",
    },
    headers: { apikey: shop.stack.secretKey },
  });
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  assert.deepEqual(await sendDue(shop, since), []);
});

test("English readers get English, and a text message instead of 알림톡", async (shop) => {
  await openChannels(shop);
  const since = mark(shop);
  await pay(shop, { ...CART, metadata: { locale: "en-US" } });
  const sent = await sendDue(shop, since);
  const mail = sent.find(({ type }) => type === "EMAIL");
  assert.equal(mail?.subject, "[우리 상점] Your payment is complete");
  assert.match(
    sent.find(({ type }) => type !== "EMAIL")?.text ?? "",
    /KRW 6,000/,
  );
});

test("what happened before the job's first run is told, or forgotten where there is no channel", async (shop) => {
  const { sql } = shop.stack;
  const since = mark(shop);
  await sql`update toss_private.notice_channels set is_on = null, changed_at = null`;
  const { orderId } = await pay(shop);
  assert.equal((await sendDue(shop, since)).length, 2);
  assert.equal((await notificationsOf(shop, orderId)).length, 2);
  await sql.begin(async (transaction) => {
    await transaction`update toss_private.notice_channels set is_on = null`;
    await transaction`
      insert into toss_private.notices_due (event_id, notice, stream, event_sequence, created_at, next_attempt_at)
      select id, 'receipt', stream, sequence, created_at, created_at from public.outbox_events limit 1`;
    await transaction`select public.plan_notices('{"channels":[],"limit":1}')`;
    const left = await transaction`select 1 from toss_private.notices_due`;
    assert.equal(left.length, 0);
    throw new Error("undo");
  }).catch((error) => assert.match(String(error), /undo/));
});

test("what happened before a channel was on makes no notice, and nothing is asked of a provider", async (shop) => {
  await shop.stack
    .sql`update toss_private.notice_channels set is_on = false, changed_at = null`;
  const since = mark(shop);
  const asked = providersOf(shop).requests().length;
  await pay(shop);
  assert.deepEqual(await sendDue(shop, since), []);
  assert.equal(providersOf(shop).requests().length, asked);
});

test("the web page of dev shows what was sent", async (shop) => {
  await openChannels(shop);
  const since = mark(shop);
  await pay(shop);
  await sendDue(shop, since);
  const answer = await fetch(`${shop.stack.webUrl}/mailbox`);
  const page = await answer.text();
  assert.match(page, /buyer@mail\.test/);
  assert.match(page, /sandbox/);
});
