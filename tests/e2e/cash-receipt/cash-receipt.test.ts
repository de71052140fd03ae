import assert from "node:assert/strict";
import { signUp } from "../../../stack/users.ts";
import { buy, placeOrder } from "../../support/buy.ts";
import { outboxEvents } from "../../support/cancel.ts";
import {
  dropReceipt,
  newReceiptRequest,
  paidByBank,
  PHONE,
  receiptOperations,
  receiptRequests,
  receiptRows,
  receiptsAtToss,
  requestReceipt,
} from "../../support/cash-receipts.ts";
import {
  orderByTransfer,
  paidByTransfer,
} from "../../support/issue-account.ts";
import { shopTests } from "../../support/shop-test.ts";

const test = shopTests();

test("cash-receipt issues a receipt on a bank transfer, once for a requestId", async (shop) => {
  const { accessToken } = await signUp(shop);
  const { orderId, paymentKey, amount } = await paidByBank(shop, {
    accessToken,
  });
  const request = { orderId, requestId: newReceiptRequest() };
  const { status, body } = await requestReceipt(shop, request, accessToken);
  assert.equal(status, 201, JSON.stringify(body));
  const [receipt, ...more] = receiptsAtToss(shop, orderId);
  assert.deepEqual(more, []);
  assert.deepEqual(body, {
    receiptKey: receipt?.receiptKey,
    orderId,
    type: "소득공제",
    amount,
    issueStatus: "COMPLETED",
    receiptUrl: body.receiptUrl,
  });
  const again = await requestReceipt(shop, request, accessToken);
  assert.deepEqual([again.status, again.body], [201, body]);
  assert.equal(receiptRequests(shop).length, 1);

  const [event, ...others] = (await outboxEvents(shop, orderId))
    .filter(({ type }) => type.startsWith("cash_receipt."));
  assert.deepEqual(others, []);
  assert.equal(event?.type, "cash_receipt.issued");
  assert.deepEqual(
    [
      event?.payload.receiptKey,
      event?.payload.paymentKey,
      event?.payload.amount,
    ],
    [receipt?.receiptKey, paymentKey, amount],
  );
});

test("a paid virtual account gets one, and a second is 409", async (shop) => {
  const { orderId } = await paidByTransfer(shop);
  const first = await requestReceipt(shop, {
    orderId,
    type: "지출증빙",
    customerIdentityNumber: "1234567890",
  });
  assert.equal(first.status, 201, JSON.stringify(first.body));
  const second = await requestReceipt(shop, { orderId });
  assert.equal(second.status, 409);
  assert.equal(second.body.code, "cash_receipt_exists");
  assert.equal(receiptsAtToss(shop, orderId).length, 1);
});

test("what was not paid in cash, or not yet, is 422 before Toss is asked", async (shop) => {
  const card = await buy(shop);
  const waiting = await orderByTransfer(shop);
  const pending = await placeOrder(shop);
  const asked = receiptRequests(shop).length;
  for (const { orderId } of [card, waiting, pending]) {
    const { status, body } = await requestReceipt(shop, { orderId });
    assert.deepEqual([status, body.code], [422, "not_a_cash_payment"]);
  }
  assert.equal(receiptRequests(shop).length, asked);
});

test("somebody else's order is not found, a guest has no way in, and only an operator cancels", async (shop) => {
  const owner = await signUp(shop);
  const other = await signUp(shop);
  const { orderId } = await paidByBank(shop, {
    accessToken: owner.accessToken,
  });
  const foreign = await requestReceipt(shop, { orderId }, other.accessToken);
  assert.deepEqual([foreign.status, foreign.body.code], [
    404,
    "order_not_found",
  ]);
  const guest = await dropReceipt(shop, { orderId }, {
    apikey: shop.stack.publishableKey,
  });
  assert.equal(guest.status, 401);
  const user = await dropReceipt(shop, { orderId }, {
    apikey: shop.stack.publishableKey,
    authorization: `Bearer ${owner.accessToken}`,
  });
  assert.deepEqual([user.status, user.body.code], [403, "forbidden"]);
});

test("the owner reads the receipt, nobody else does", async (shop) => {
  const owner = await signUp(shop);
  const other = await signUp(shop);
  const { orderId } = await paidByBank(shop, {
    accessToken: owner.accessToken,
  });
  await requestReceipt(shop, { orderId }, owner.accessToken);
  const columns =
    "receipt_key, order_id, payment_key, transaction_type, type, amount, tax_free_amount, issue_number, issue_status, receipt_url, requested_at, created_at";
  const mine = await owner.client.from("cash_receipts").select(columns)
    .eq("order_id", orderId);
  assert.equal(mine.error, null);
  assert.equal(mine.data?.length, 1);
  const theirs = await other.client.from("cash_receipts").select("receipt_key");
  assert.deepEqual(theirs.data, []);
});

test("DELETE cancels a part, then the rest, once for a requestId; then another receipt can be issued", async (shop) => {
  const { orderId, amount } = await paidByBank(shop);
  const issued = await requestReceipt(shop, { orderId });
  const request = { orderId, amount: 1000, requestId: newReceiptRequest() };
  const part = await dropReceipt(shop, request);
  assert.deepEqual([part.status, part.body], [200, {
    orderId,
    receiptKey: issued.body.receiptKey,
    amount: 1000,
    issueStatus: "COMPLETED",
  }]);
  assert.deepEqual((await dropReceipt(shop, request)).body, part.body);
  const much = await dropReceipt(shop, { orderId, amount: amount - 999 });
  assert.deepEqual([much.status, much.body.code], [400, "invalid_request"]);
  const rest = await dropReceipt(shop, { orderId });
  assert.equal(rest.body.amount, amount - 1000);
  const none = await dropReceipt(shop, { orderId });
  assert.deepEqual([none.status, none.body.code], [
    404,
    "cash_receipt_not_found",
  ]);

  const anew = await requestReceipt(shop, { orderId });
  assert.equal(anew.status, 201, JSON.stringify(anew.body));
  assert.notEqual(anew.body.receiptKey, issued.body.receiptKey);
  assert.deepEqual(
    (await receiptRows(shop, orderId)).map((row) => [
      row.transaction_type,
      row.amount,
      row.canceled_amount,
    ]),
    [["CONFIRM", amount, amount], ["CANCEL", 1000, 0], [
      "CANCEL",
      amount - 1000,
      0,
    ], ["CONFIRM", amount, 0]],
  );
});

test("a requestId that was used for something else is refused", async (shop) => {
  const { orderId } = await paidByBank(shop);
  const requestId = newReceiptRequest();
  await requestReceipt(shop, { orderId, requestId });
  const differs = await requestReceipt(shop, {
    orderId,
    requestId,
    customerIdentityNumber: "01011112222",
  });
  assert.deepEqual([differs.status, differs.body.code], [
    400,
    "invalid_request",
  ]);
});

const MALFORMED: [string, Record<string, unknown>, string][] = [
  ["type", { type: "미발행" }, "type"],
  [
    "number with hyphens",
    { customerIdentityNumber: "010-9876-5432" },
    "customerIdentityNumber",
  ],
  [
    "number in other digits than ASCII's",
    { customerIdentityNumber: "٠١٠٩٨٧٦٥٤٣٢" },
    "customerIdentityNumber",
  ],
  [
    "number too long",
    { customerIdentityNumber: "1".repeat(1_000) },
    "customerIdentityNumber",
  ],
  [
    "number that is no text",
    { customerIdentityNumber: 1098765432 },
    "customerIdentityNumber",
  ],
  [
    "number with a line end",
    { customerIdentityNumber: "01098765432\n" },
    "customerIdentityNumber",
  ],
  [
    "number in a list",
    { customerIdentityNumber: ["01098765432"] },
    "customerIdentityNumber",
  ],
  ["unknown field", { amount: 1000 }, "amount"],
  ["requestId", { requestId: "with space" }, "requestId"],
];

for (const [what, wrong, field] of MALFORMED) {
  test(`cash-receipt names a wrong ${what} and not its value`, async (shop) => {
    const { status, body } = await requestReceipt(shop, {
      orderId: "order-000001",
      ...wrong,
    });
    assert.deepEqual([status, body.code], [400, "invalid_request"]);
    assert.ok(JSON.stringify(body.details).includes(`"${field}"`));
    assert.ok(!JSON.stringify(body).includes("010-9876-5432"));
    assert.ok(!JSON.stringify(body).includes(PHONE));
    assert.doesNotMatch(JSON.stringify(body), /1098765432|٠١٠|1{9}/);
  });
}

test("the tax-free part goes with it", async (shop) => {
  await shop.stack.sql`
    insert into public.products (id, name, price, tax_free) values ('book', '책', 5000, true)
    on conflict (id) do nothing`;
  const cart = {
    items: [{ productId: "book", quantity: 1 }, {
      productId: "sticker",
      quantity: 1,
    }],
  };
  const { orderId } = await paidByBank(shop, { cart, taxFreeAmount: 5000 });
  await requestReceipt(shop, { orderId });
  const [row] = await receiptRows(shop, orderId);
  assert.deepEqual([row?.amount, row?.tax_free_amount], [8000, 5000]);
  await shop.stack
    .sql`update public.products set active = false where id = 'book'`;
});

test("a refusal of Toss is 402 with its code, and the number can be asked for again", async (shop) => {
  const { orderId } = await paidByBank(shop);
  shop.simulator.addFault({
    kind: "status_before",
    code: "INVALID_REQUEST",
    path: "/v1/cash-receipts",
    method: "POST",
  });
  const refused = await requestReceipt(shop, { orderId });
  assert.deepEqual(
    [refused.status, refused.body.code, refused.body.tossCode],
    [402, "cash_receipt_failed", "INVALID_REQUEST"],
  );
  const again = await requestReceipt(shop, { orderId });
  assert.equal(again.status, 201, JSON.stringify(again.body));
  assert.deepEqual(
    (await receiptOperations(shop, orderId)).map(({ state }) => state),
    ["rejected", "succeeded"],
  );
});
