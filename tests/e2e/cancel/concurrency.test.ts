import assert from "node:assert/strict";
import { buy } from "../../support/buy.ts";
import {
  balanceOf,
  cancel,
  cancelOperations,
  cancelRequests,
  ledger,
  newRequestId,
  outboxEvents,
} from "../../support/cancel.ts";
import { orderRow } from "../../support/database.ts";
import { shopTests } from "../../support/shop-test.ts";
import { bookOf, cancelAtToss } from "../../support/toss-side.ts";
import { settleWebhooks } from "../../support/webhooks.ts";

const test = shopTests();

const CALLERS = 20;

test("of 20 refunds of a third each at once three are made, and Toss's books agree", async (shop) => {
  const { orderId, paymentKey } = await buy(shop);
  shop.simulator.addFault({
    kind: "delay_before",
    milliseconds: 50,
    count: "always",
  });

  const answers = await Promise.all(
    Array.from(
      { length: CALLERS },
      () => cancel(shop, { paymentKey, cancelAmount: 1000 }),
    ),
  );

  const made = answers.filter(({ status }) => status === 200);
  assert.equal(made.length, 3, JSON.stringify(answers.map((a) => a.status)));
  for (const { status, body } of answers) {
    if (status === 200) continue;
    assert.equal(status, 422);
    assert.equal(body.code, "cancel_amount_exceeds_balance");
  }
  const balances = made.map(({ body }) => Number(body.balanceAmount));
  assert.deepEqual(balances.sort((a, b) => b - a), [2000, 1000, 0]);
  assert.equal(bookOf(shop, paymentKey).balanceAmount, 0);
  assert.equal((await orderRow(shop, orderId)).status, "refunded");
  const [last, ...others] = (await outboxEvents(shop, orderId)).reverse();
  assert.equal(last?.type, "payment.refunded");
  assert.deepEqual(
    others.map(({ type }) => type),
    ["payment.partially_refunded", "payment.partially_refunded"],
  );
});

test("refunds at once that fit together are all made, one after the other", async (shop) => {
  const { paymentKey } = await buy(shop);
  const amounts = [100, 200, 300, 400, 500];

  const answers = await Promise.all(
    amounts.map((cancelAmount) => cancel(shop, { paymentKey, cancelAmount })),
  );

  assert.deepEqual(answers.map(({ status }) => status), amounts.map(() => 200));
  assert.equal(bookOf(shop, paymentKey).balanceAmount, 1500);
  const keys = answers.map(({ body }, index) =>
    (body.cancels as { transactionKey: string; amount: number }[])
      .find(({ amount }) => amount === amounts[index])?.transactionKey
  );
  assert.equal(new Set(keys).size, amounts.length);
});

test("the same requestId 20 times at once is one cancel, and all learn the same", async (shop) => {
  const { paymentKey } = await buy(shop);
  shop.simulator.addFault({ kind: "delay_before", milliseconds: 200 });
  const body = { paymentKey, cancelAmount: 1000, requestId: newRequestId() };

  const answers = await Promise.all(
    Array.from({ length: CALLERS }, () => cancel(shop, body)),
  );

  for (const answer of answers) {
    assert.equal(answer.status, 200);
    assert.deepEqual(answer.body, answers[0]?.body);
  }
  assert.equal(bookOf(shop, paymentKey).cancels.length, 1);
});

test("refunds of many payments at once keep each to its own", async (shop) => {
  const purchases = await Promise.all(
    Array.from({ length: CALLERS }, () => buy(shop)),
  );
  const requestId = newRequestId();

  const answers = await Promise.all(
    purchases.map(({ orderId }) => cancel(shop, { orderId, requestId })),
  );

  answers.forEach(({ status, body }, index) => {
    assert.equal(status, 200);
    assert.equal(body.paymentKey, purchases[index]?.paymentKey);
    assert.equal(body.status, "refunded");
  });
});

test("a refund waits while another one is at Toss, and then goes", async (shop) => {
  const { paymentKey } = await buy(shop);
  shop.simulator.addFault({ kind: "delay_before", milliseconds: 400 });

  const [first, second] = await Promise.all([
    cancel(shop, { paymentKey, cancelAmount: 2000 }),
    cancel(shop, { paymentKey, cancelAmount: 1000 }),
  ]);

  assert.deepEqual([first.status, second.status], [200, 200]);
  assert.equal(bookOf(shop, paymentKey).balanceAmount, 0);
});

test("a refund made in Toss's dashboard that nobody told us of is not taken for ours", async (shop) => {
  const { orderId, paymentKey } = await buy(shop);
  await settleWebhooks(shop);
  shop.simulator.addWebhookKnob({ kind: "drop" });
  await cancelAtToss(shop, paymentKey, 1000);

  const { status, body } = await cancel(shop, {
    paymentKey,
    cancelAmount: 1000,
  });

  assert.equal(status, 200, JSON.stringify(body));
  assert.equal(body.balanceAmount, 1000);
  assert.equal(bookOf(shop, paymentKey).cancels.length, 2);
  const told = await outboxEvents(shop, orderId);
  assert.deepEqual(
    told.map(({ payload }) => [payload.reason, payload.requestedBy ?? null]),
    [["요청 취소", null], ["고객 변심", "operator"]],
  );
});

test("a refund for which the dashboard left too little is refused, and what it had reserved is free", async (shop) => {
  const { paymentKey } = await buy(shop);
  await settleWebhooks(shop);
  shop.simulator.addWebhookKnob({ kind: "drop" });
  await cancelAtToss(shop, paymentKey, 2500);

  const { status, body } = await cancel(shop, {
    paymentKey,
    cancelAmount: 1000,
  });

  assert.equal(status, 422);
  assert.equal(body.code, "cancel_amount_exceeds_balance");
  const balance = await balanceOf(shop, paymentKey);
  assert.deepEqual([balance?.balance, balance?.reserved], [500, 0]);
  assert.equal(
    (await cancel(shop, { paymentKey, cancelAmount: 500 })).status,
    200,
  );
});

test("everything left means what the dashboard has left", async (shop) => {
  const { paymentKey } = await buy(shop);
  await settleWebhooks(shop);
  shop.simulator.addWebhookKnob({ kind: "drop" });
  await cancelAtToss(shop, paymentKey, 2500);

  const { status, body } = await cancel(shop, { paymentKey });

  assert.equal(status, 200, JSON.stringify(body));
  assert.equal(body.status, "refunded");
  const amounts = (await ledger(shop, paymentKey)).map(({ amount }) => amount);
  assert.deepEqual(amounts, [2500, 500]);
});

test("refunds that wait when the dashboard empties the payment are refused at once", async (shop) => {
  const { simulator } = shop;
  const { paymentKey } = await buy(shop);
  await settleWebhooks(shop);
  // The first refund is held up at Toss, and the dashboard is faster.
  simulator.addFault({
    kind: "delay_before",
    milliseconds: 1000,
    pathPattern: "/cancel$",
  });
  const before = cancelRequests(shop).length;
  const running = [1000, 500, 700].map((cancelAmount) =>
    cancel(shop, { paymentKey, cancelAmount })
  );
  while (
    (await cancelOperations(shop, paymentKey)).length < 3
  ) await new Promise((resolve) => setTimeout(resolve, 10));
  await cancelAtToss(shop, paymentKey, 2900);
  await settleWebhooks(shop);

  const answers = await Promise.all(running);

  assert.deepEqual(answers.map(({ body }) => body.code), [
    "cancel_amount_exceeds_balance",
    "cancel_amount_exceeds_balance",
    "cancel_amount_exceeds_balance",
  ]);
  assert.equal(cancelRequests(shop).length - before, 2, "ours and the desk's");
  assert.deepEqual(await balanceOf(shop, paymentKey), {
    balance: 100,
    reserved: 0,
    tax_free: 0,
  });
});
