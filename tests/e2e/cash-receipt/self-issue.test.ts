import assert from "node:assert/strict";
import {
  dropReceipt,
  newReceiptRequest,
  paidByBank,
  receiptRequests,
  receiptRows,
  receiptsAtToss,
  requestReceipt,
  workReceiptsOff,
} from "../../support/cash-receipts.ts";
import { buy } from "../../support/buy.ts";
import { cancel } from "../../support/cancel.ts";
import { eventually } from "../../support/eventually.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { settleWebhooks } from "../../support/webhooks.ts";
import { advance, callWorker } from "../../support/worker.ts";

const test = shopTests({ environment: { CASH_RECEIPT_SELF_ISSUE_DAYS: "3" } });

const EXPENSIVE = { items: [{ productId: "sticker", quantity: 34 }] };

function daysFromNow({ simulator }: Shop, days: number): string {
  return new Date(simulator.now() + days * 86_400_000).toISOString();
}

async function runAsOf(shop: Shop, days: number) {
  const { status, body } = await callWorker(shop, {
    job: "cash_receipts",
    asOf: daysFromNow(shop, days),
  });
  assert.equal(status, 200, JSON.stringify(body));
  return body;
}

test("after so many days a cash payment of 100,000 won or more gets a receipt under 0100001234, on what is left", async (shop) => {
  const { orderId, amount } = await paidByBank(shop, { cart: EXPENSIVE });
  await cancel(shop, { orderId, cancelAmount: 2000 });
  // An order that a webhook holds is left to the next run.
  await settleWebhooks(shop);
  const early = await runAsOf(shop, 2.9);
  assert.equal(early.claimed, 0);
  const due = await runAsOf(shop, 3.1);
  assert.deepEqual([due.claimed, due.issued], [1, 1]);
  const [row, ...more] = await receiptRows(shop, orderId);
  assert.deepEqual(more, []);
  assert.deepEqual(
    [row?.amount, row?.type, row?.is_self_issued],
    [amount - 2000, "소득공제", true],
  );
  assert.equal(receiptsAtToss(shop, orderId).length, 1);
  assert.equal((await runAsOf(shop, 5)).claimed, 0);
  const late = await requestReceipt(shop, { orderId });
  assert.equal(late.body.code, "cash_receipt_exists");
});

test("none for less, for a card, for one that has a receipt, for one that was given back, nor for old payments", async (shop) => {
  await paidByBank(shop);
  await buy(shop, EXPENSIVE);
  const asked = await paidByBank(shop, { cart: EXPENSIVE });
  await requestReceipt(shop, { orderId: asked.orderId });
  await paidByBank(shop, {
    cart: EXPENSIVE,
    cashReceipt: { type: "소득공제", registrationNumber: "01022223333" },
  });
  const back = await paidByBank(shop, { cart: EXPENSIVE });
  await cancel(shop, { orderId: back.orderId });
  await settleWebhooks(shop);
  assert.equal((await runAsOf(shop, 4)).claimed, 0);
  const old = await paidByBank(shop, { cart: EXPENSIVE });
  assert.equal((await runAsOf(shop, 40)).claimed, 0);
  assert.deepEqual(await receiptRows(shop, old.orderId), []);
  await cancel(shop, { orderId: old.orderId });
});

test("two runs at once issue once, and a lost answer is the worker's", async (shop) => {
  const { orderId } = await paidByBank(shop, { cart: EXPENSIVE });
  shop.simulator.addFault({
    kind: "lose_answer_after",
    path: "/v1/cash-receipts",
    method: "POST",
    count: "always",
  });
  await Promise.all([runAsOf(shop, 4), runAsOf(shop, 4)]);
  shop.simulator.clearFaults();
  await workReceiptsOff(shop);
  assert.equal(receiptsAtToss(shop, orderId).length, 1);
  assert.equal((await receiptRows(shop, orderId)).length, 1);
});

test("requests, cancels, refunds and the job at once, and a kill among them, leave one receipt on no more than is left", async (shop) => {
  const { orderId, paymentKey } = await paidByBank(shop, { cart: EXPENSIVE });
  const requestId = newReceiptRequest();
  const all = [
    requestReceipt(shop, { orderId, requestId }),
    requestReceipt(shop, { orderId, requestId }),
    requestReceipt(shop, { orderId, type: "지출증빙" }),
    runAsOf(shop, 3.1),
    cancel(shop, { orderId, cancelAmount: 2000 }),
    dropReceipt(shop, { orderId, amount: 500 }),
    runAsOf(shop, 3.1),
    cancel(shop, { orderId, cancelAmount: 3000 }),
    dropReceipt(shop, { orderId }),
    requestReceipt(shop, { orderId }),
  ];
  await eventually(
    "Toss is asked",
    () => receiptRequests(shop).length > 0,
  );
  await shop.stack.killFunctions();
  await Promise.allSettled(all);
  await settleWebhooks(shop);
  await advance(shop, 60);
  await workReceiptsOff(shop);
  await settleWebhooks(shop);
  await workReceiptsOff(shop);

  const book = shop.simulator.books().find((each) =>
    each.paymentKey === paymentKey
  );
  const rows = (await receiptRows(shop, orderId)).filter((row) =>
    row.transaction_type === "CONFIRM" && row.amount > row.canceled_amount
  );
  assert.ok(rows.length <= 1, JSON.stringify(rows));
  const receipted = rows.reduce(
    (sum, row) => sum + row.amount - row.canceled_amount,
    0,
  );
  assert.ok(receipted <= (book?.balanceAmount ?? 0));
  const held = receiptsAtToss(shop, orderId).filter((receipt) =>
    receipt.transactionType === "CONFIRM"
  );
  assert.equal(
    held.length,
    (await receiptRows(shop, orderId)).filter((row) =>
      row.transaction_type === "CONFIRM"
    ).length,
  );
});

test("a receipt that the tax office takes later is IN_PROGRESS, then COMPLETED and told", async (shop) => {
  shop.simulator.changeSettings({ cashReceiptSeconds: 3600 });
  const { orderId } = await paidByBank(shop);
  const { status, body } = await requestReceipt(shop, { orderId });
  assert.deepEqual([status, body.issueStatus], [201, "IN_PROGRESS"]);
  await shop.stack.advanceClock({ seconds: 4000 });
  const run = await runAsOf(shop, 0);
  assert.deepEqual([run.asked, run.ended], [1, 1]);
  assert.equal(
    (await receiptRows(shop, orderId))[0]?.issue_status,
    "COMPLETED",
  );
  shop.simulator.changeSettings({ cashReceiptSeconds: 0 });
});

test("one that the tax office refuses is 402, and another number may be tried", async (shop) => {
  shop.simulator.changeSettings({ cashReceiptFailure: "INVALID_IDENTITY" });
  const { orderId } = await paidByBank(shop);
  const { status, body } = await requestReceipt(shop, { orderId });
  assert.deepEqual([status, body.code, body.tossCode], [
    402,
    "cash_receipt_failed",
    "INVALID_IDENTITY",
  ]);
  shop.simulator.changeSettings({ cashReceiptFailure: null });
  const again = await requestReceipt(shop, {
    orderId,
    customerIdentityNumber: "01011113333",
  });
  assert.equal(again.status, 201, JSON.stringify(again.body));
});
