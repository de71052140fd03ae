import assert from "node:assert/strict";
import { placeOrder } from "../../support/buy.ts";
import { cancel, outboxEvents } from "../../support/cancel.ts";
import {
  newReceiptRequest,
  paidByBank,
  receiptRequests,
  receiptRows,
  receiptsAtToss,
  requestReceipt,
} from "../../support/cash-receipts.ts";
import {
  issuedBy,
  payIn,
  REFUND_ACCOUNT,
  requestAccount,
} from "../../support/issue-account.ts";
import { shopTests } from "../../support/shop-test.ts";
import { settleWebhooks } from "../../support/webhooks.ts";

const test = shopTests();

const ENTERED = {
  type: "소득공제",
  registrationNumber: "01022223333",
} as const;

test("a receipt that Toss issued with the transfer is a row, and a second one is 409", async (shop) => {
  const { orderId, amount } = await paidByBank(shop, { cashReceipt: ENTERED });
  const rows = await receiptRows(shop, orderId);
  assert.deepEqual(
    rows.map((
      row,
    ) => [row.transaction_type, row.amount, row.issue_status, row.is_ours]),
    [["CONFIRM", amount, "COMPLETED", false]],
  );
  const { status, body } = await requestReceipt(shop, { orderId });
  assert.deepEqual([status, body.code], [409, "cash_receipt_exists"]);
  assert.equal(receiptRequests(shop).length, 0);
  const told = (await outboxEvents(shop, orderId)).map(({ type }) => type);
  assert.equal(told.filter((type) => type === "cash_receipt.issued").length, 1);
});

for (const apiVersion of ["1.4", "2022-06-08", "2024-06-01"] as const) {
  test(`so it is in version ${apiVersion}`, async (shop) => {
    shop.simulator.changeSettings({ apiVersion });
    const { orderId } = await paidByBank(shop, { cashReceipt: ENTERED });
    assert.equal((await receiptRows(shop, orderId)).length, 1);
    shop.simulator.changeSettings({ apiVersion: "2022-11-16" });
  });
}

test("one asked for with a virtual account comes with the deposit, and refunds are Toss's own to take from it", async (shop) => {
  const { orderId } = await placeOrder(shop, {
    items: [{ productId: "sticker", quantity: 2 }],
  });
  const account = issuedBy(
    await requestAccount(shop, { orderId, cashReceipt: ENTERED }),
  );
  assert.deepEqual(await receiptRows(shop, orderId), []);
  await payIn(shop, account.paymentKey);
  const refund = await cancel(shop, {
    orderId,
    cancelAmount: 2000,
    refundReceiveAccount: REFUND_ACCOUNT,
  });
  assert.equal(refund.status, 200, JSON.stringify(refund.body));
  await settleWebhooks(shop);
  assert.deepEqual(
    (await receiptRows(shop, orderId)).map((row) => [
      row.transaction_type,
      row.amount,
      row.canceled_amount,
    ]),
    [["CONFIRM", 6000, 2000], ["CANCEL", 2000, 0]],
  );
  assert.equal(receiptRequests(shop).length, 0);
  assert.equal(receiptsAtToss(shop, orderId).length, 2);
});

test("one that Toss issued by itself after the approval, which nobody told of, is found before another is asked for", async (shop) => {
  const { orderId, paymentKey } = await paidByBank(shop);
  shop.simulator.issueCashReceipt(paymentKey, ENTERED);
  assert.deepEqual(await receiptRows(shop, orderId), []);
  const requestId = newReceiptRequest();
  for (let times = 0; times < 2; times++) {
    const { status, body } = await requestReceipt(shop, { orderId, requestId });
    assert.deepEqual([status, body.code], [409, "cash_receipt_exists"]);
  }
  assert.equal(receiptRequests(shop).length, 0);
  assert.deepEqual(
    (await receiptRows(shop, orderId)).map(({ is_ours }) => is_ours),
    [false],
  );
});

test("미발행 is said to Toss, and no receipt comes", async (shop) => {
  const { orderId } = await placeOrder(shop);
  const account = issuedBy(
    await requestAccount(shop, { orderId, cashReceipt: { type: "미발행" } }),
  );
  await payIn(shop, account.paymentKey);
  assert.deepEqual(await receiptRows(shop, orderId), []);
  const asked = await requestReceipt(shop, { orderId });
  assert.equal(asked.status, 201);
});

test("virtual-account names a wrong cashReceipt", async (shop) => {
  const { orderId } = await placeOrder(shop);
  for (
    const [cashReceipt, field] of [
      [{ type: "소득공제" }, "cashReceipt.registrationNumber"],
      [
        { type: "미발행", registrationNumber: "01022223333" },
        "cashReceipt.registrationNumber",
      ],
      [{ type: "영수증" }, "cashReceipt.type"],
      [{ ...ENTERED, number: 1 }, "cashReceipt.number"],
    ] as const
  ) {
    const { status, body } = await requestAccount(shop, {
      orderId,
      cashReceipt,
    });
    assert.equal(status, 400);
    assert.ok(
      JSON.stringify(body.details).includes(`"${field}"`),
      JSON.stringify(body),
    );
  }
});

test("receipts that cannot be read hold up no payment, and odd fields hold up no receipt", async (shop) => {
  const confirm = { path: "/v1/payments/confirm" };
  shop.simulator.addFault({
    kind: "wrong_answer",
    ...confirm,
    patch: {
      cashReceipt: "yes",
      cashReceipts: [{ receiptKey: 7 }, "none", { receiptKey: "cr_no_amount" }],
    },
  });
  const unread = await paidByBank(shop);
  assert.deepEqual(await receiptRows(shop, unread.orderId), []);
  const fields = ["taxFreeAmount", "requestedAt", "issueNumber", "receiptUrl"];
  for (const field of fields) {
    for (const value of [7, -1, "x".repeat(3000), { a: 1 }]) {
      shop.simulator.addFault({
        kind: "odd_field",
        ...confirm,
        field: `cashReceipts[].${field}`,
        value,
      });
      const { orderId } = await paidByBank(shop, { cashReceipt: ENTERED });
      assert.equal((await receiptRows(shop, orderId)).length, 1);
    }
  }
});
