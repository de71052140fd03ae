import assert from "node:assert/strict";
import { cancel, outboxEvents } from "../../support/cancel.ts";
import {
  paidByBank,
  receiptOperations,
  receiptRows,
  receiptsAtToss,
  requestReceipt,
  workReceiptsOff,
} from "../../support/cash-receipts.ts";
import { paidByTransfer, REFUND_ACCOUNT } from "../../support/issue-account.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { cancelAtToss } from "../../support/toss-side.ts";
import { settleWebhooks } from "../../support/webhooks.ts";
import { moveDatabaseClock, work } from "../../support/worker.ts";

const test = shopTests({ environment: { TOSS_TIMEOUT_MS: "2000" } });

/** What is left on the receipts of an order, at Toss. */
function leftAtToss(shop: Shop, orderId: string): number {
  return receiptsAtToss(shop, orderId)
    .filter(({ issueStatus }) => issueStatus !== "FAILED")
    .reduce(
      (sum, { transactionType, amount }) =>
        sum + (transactionType === "CONFIRM" ? amount : -amount),
      0,
    );
}

test("refunds take from a receipt that was asked for what they take from the payment, until nothing is left", async (shop) => {
  const { orderId, amount } = await paidByBank(shop);
  await requestReceipt(shop, { orderId });
  for (const left of [2500, 1000, 0]) {
    const payment = await cancel(shop, {
      orderId,
      cancelAmount: (left === 2500 ? amount : left === 1000 ? 2500 : 1000) -
        left,
    });
    assert.equal(payment.status, 200, JSON.stringify(payment.body));
    await workReceiptsOff(shop);
    assert.equal(leftAtToss(shop, orderId), left);
  }
  assert.deepEqual(
    (await outboxEvents(shop, orderId)).map(({ type }) => type)
      .filter((type) => type.startsWith("cash_receipt.")),
    ["cash_receipt.issued", ...Array(3).fill("cash_receipt.canceled")],
  );
  const over = await requestReceipt(shop, { orderId });
  assert.deepEqual([over.status, over.body.code], [422, "not_a_cash_payment"]);
});

test("a refund in Toss's dashboard does so too", async (shop) => {
  const { orderId, paymentKey } = await paidByBank(shop);
  await requestReceipt(shop, { orderId });
  await cancelAtToss(shop, paymentKey, 1200);
  await settleWebhooks(shop);
  await workReceiptsOff(shop);
  assert.equal(leftAtToss(shop, orderId), 1800);
});

test("a receipt after a refund is on what is left", async (shop) => {
  const { orderId } = await paidByTransfer(shop);
  await cancel(shop, {
    orderId,
    cancelAmount: 1000,
    refundReceiveAccount: REFUND_ACCOUNT,
  });
  const { body } = await requestReceipt(shop, { orderId });
  assert.equal(body.amount, 2000);
});

test("a deposit that the bank took back leaves no receipt", async (shop) => {
  const { orderId, paymentKey } = await paidByTransfer(shop);
  await requestReceipt(shop, { orderId });
  shop.simulator.reverseDeposit(paymentKey);
  await settleWebhooks(shop);
  await workReceiptsOff(shop);
  assert.equal(leftAtToss(shop, orderId), 0);
});

test("a refund while a receipt is on its way is taken from it afterwards", async (shop) => {
  const { orderId } = await paidByBank(shop);
  shop.simulator.addFault({
    kind: "lose_answer_after",
    path: "/v1/cash-receipts",
    method: "POST",
    count: "always",
  });
  await requestReceipt(shop, { orderId });
  shop.simulator.clearFaults();
  await cancel(shop, { orderId, cancelAmount: 1000 });
  await workReceiptsOff(shop);
  assert.equal(leftAtToss(shop, orderId), 2000);
  assert.deepEqual(
    (await receiptOperations(shop, orderId)).map((
      { kind, state },
    ) => [kind, state]),
    [["cash_receipt", "succeeded"], ["cash_receipt_cancel", "succeeded"]],
  );
});

test("a cancel that Toss refuses raises an alert, and is asked for again a day later", async (shop) => {
  const { orderId } = await paidByBank(shop);
  await requestReceipt(shop, { orderId });
  shop.simulator.addFault({
    kind: "answer",
    status: 400,
    code: "NOT_TODAY",
    acts: "never",
    method: "POST",
    pathPattern: "^/v1/cash-receipts/.+/cancel$",
    count: "always",
  });
  await cancel(shop, { orderId, cancelAmount: 1000 });
  await workReceiptsOff(shop);
  await moveDatabaseClock(shop, 2 * 3600);
  const alerts = await shop.stack.sql<{ level: string; alert: string }[]>`
    select level, alert from public.alerts where subject = ${orderId}`;
  assert.deepEqual([...alerts], [{
    level: "critical",
    alert: "cash_receipt_exceeds",
  }]);
  shop.simulator.clearFaults();
  await moveDatabaseClock(shop, 24 * 3600);
  await work(shop, "cash_receipts");
  await workReceiptsOff(shop);
  assert.equal(leftAtToss(shop, orderId), 2000);
  assert.equal((await receiptRows(shop, orderId)).length, 2);
});
