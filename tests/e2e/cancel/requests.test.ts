import assert from "node:assert/strict";
import {
  buy,
  confirm,
  payInWindow,
  placeOrder,
  startPurchase,
} from "../../support/buy.ts";
import { callFunction } from "../../support/call-function.ts";
import {
  balanceOf,
  cancel,
  newRequestId,
  outboxEvents,
} from "../../support/cancel.ts";
import { orderRow } from "../../support/database.ts";
import { REFUND_ACCOUNT } from "../../support/issue-account.ts";
import { watchRoundTrips } from "../../support/round-trips.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { approveAtToss, bookOf } from "../../support/toss-side.ts";
import { settleWebhooks } from "../../support/webhooks.ts";

const test = shopTests();

const account = (change: Record<string, unknown>) => ({
  refundReceiveAccount: { ...REFUND_ACCOUNT, ...change },
});

const INVALID: [string, Record<string, unknown>][] = [
  ["orderId", { orderId: undefined }],
  ["orderId", { orderId: "a b" }],
  ["paymentKey", { paymentKey: ".." }],
  ["cancelReason", { cancelReason: undefined }],
  ["cancelReason", { cancelReason: "" }],
  ["cancelReason", { cancelReason: "가".repeat(201) }],
  ["cancelReason", { cancelReason: "\u0000" }],
  ["cancelAmount", { cancelAmount: 0 }],
  ["cancelAmount", { cancelAmount: -1 }],
  ["cancelAmount", { cancelAmount: 1.5 }],
  ["cancelAmount", { cancelAmount: "1000" }],
  ["cancelAmount", { cancelAmount: Number.MAX_SAFE_INTEGER + 1 }],
  ["taxFreeAmount", { cancelAmount: 1, taxFreeAmount: -1 }],
  ["taxFreeAmount", { taxFreeAmount: 0 }],
  ["requestId", { requestId: undefined }],
  ["requestId", { requestId: "" }],
  ["requestId", { requestId: "a b" }],
  ["requestId", { requestId: "x".repeat(101) }],
  ["refundReceiveAccount.bank", account({ bank: "99" })],
  ["refundReceiveAccount.bank", account({ bank: undefined })],
  ["refundReceiveAccount.accountNumber", account({ accountNumber: "110-1" })],
  ["refundReceiveAccount.accountNumber", account({ accountNumber: "" })],
  [
    "refundReceiveAccount.accountNumber",
    account({ accountNumber: "1".repeat(21) }),
  ],
  ["refundReceiveAccount.holderName", account({ holderName: "" })],
  [
    "refundReceiveAccount.holderName",
    account({ holderName: "김".repeat(61) }),
  ],
  ["refundReceiveAccount.bankCode", account({ bankCode: "88" })],
  ["amount", { amount: 1000 }],
];

test("cancel() names each field that is wrong, and asks nobody", async (shop) => {
  const { orderId } = await buy(shop);
  await settleWebhooks(shop);
  const roundTrips = watchRoundTrips(shop);

  for (const [field, change] of INVALID) {
    const { status, body } = await cancel(shop, { orderId, ...change });
    assert.equal(status, 400, field);
    assert.equal(body.code, "invalid_request", field);
    const details = body.details as { field: string; problem: string }[];
    assert.deepEqual(
      [...new Set(details.map((detail) => detail.field))],
      [field],
    );
    if (change.refundReceiveAccount !== undefined) {
      assert.ok(!JSON.stringify(body).includes(REFUND_ACCOUNT.holderName));
    }
  }

  assert.deepEqual(roundTrips(), { rest: [], toss: [] });
});

test("an unknown bank is answered with the codes that are known", async (shop) => {
  const { body } = await cancel(shop, {
    orderId: "order-of-nobody",
    ...account({ bank: "088" }),
  });
  const [detail] = body.details as { field: string; problem: string }[];
  assert.match(detail?.problem ?? "", /88 \(신한\)/);
  assert.match(detail?.problem ?? "", /S3 \(삼성증권\)/);
});

const NOT_FOUND: [string, (shop: Shop) => Promise<unknown>, string][] = [
  [
    "an order that does not exist",
    () => Promise.resolve({ orderId: "ord_that_does_not_exist" }),
    "order_not_found",
  ],
  [
    "a payment that does not exist",
    () => Promise.resolve({ paymentKey: "no-such-payment" }),
    "payment_not_found",
  ],
  [
    "an order that nobody has paid",
    async (shop) => ({ orderId: (await placeOrder(shop)).orderId }),
    "payment_not_found",
  ],
  [
    "a payment that was declined",
    async (shop) => {
      const { paymentKey, ...rest } = await startPurchase(shop);
      shop.simulator.decline(paymentKey, "REJECT_CARD_PAYMENT");
      await confirm(shop, { paymentKey, ...rest });
      return { paymentKey };
    },
    "payment_not_found",
  ],
];

for (const [what, prepare, code] of NOT_FOUND) {
  test(`cancel() of ${what} answers ${code}`, async (shop) => {
    const named = await prepare(shop);
    const { status, body } = await cancel(shop, { ...named as object });
    assert.equal(status, 404);
    assert.equal(body.code, code);
  });
}

test("cancel() refuses a payment of another order than the one it names", async (shop) => {
  const [one, other] = [await buy(shop), await buy(shop)];

  const { status, body } = await cancel(shop, {
    orderId: one.orderId,
    paymentKey: other.paymentKey,
  });

  assert.equal(status, 400);
  assert.match(JSON.stringify(body.details), /paymentKey/);
  const both = await cancel(shop, { ...one, amount: undefined });
  assert.equal(both.status, 200);
});

test("a second payment of a paid order is given back by its paymentKey, and the order stays paid", async (shop) => {
  const order = await placeOrder(shop);
  const [first, second] = [payInWindow(shop, order), payInWindow(shop, order)];
  assert.equal((await confirm(shop, first)).status, 200);
  await approveAtToss(shop, second);
  await settleWebhooks(shop);

  const { status, body } = await cancel(shop, {
    paymentKey: second.paymentKey,
  });

  assert.equal(status, 200, JSON.stringify(body));
  assert.equal(body.status, "refunded");
  assert.equal(body.balanceAmount, 0);
  assert.equal((await orderRow(shop, order.orderId)).status, "paid");
  const [told, ...more] = await outboxEvents(shop, order.orderId);
  assert.deepEqual(more, []);
  assert.equal(told?.type, "payment.refunded");
  assert.equal(told.payload.orderStatus, "paid", "there is nothing to revoke");
});

test("cancel() takes a POST and nothing else, and 16 KiB at most", async (shop) => {
  const headers = { apikey: shop.stack.secretKey };
  const get = await callFunction(shop, "cancel", { method: "GET", headers });
  assert.equal(get.status, 405);
  const large = await cancel(shop, { cancelReason: "x".repeat(16 * 1024) });
  assert.equal(large.status, 413);
});

/** A paid order of 3,000 of which 1,000 is tax-free. */
async function buyPartlyTaxFree(shop: Shop) {
  const { orderId, amount, orderName } = await placeOrder(shop);
  const { paymentKey } = shop.simulator.createPayment({
    orderId,
    amount,
    orderName,
    taxFreeAmount: 1000,
  });
  const purchase = { paymentKey, orderId, amount };
  assert.equal((await confirm(shop, purchase)).status, 200);
  return purchase;
}

function taxFreeParts(shop: Shop, paymentKey: string) {
  return bookOf(shop, paymentKey).cancels
    .map(({ cancelAmount, taxFreeAmount }) => [cancelAmount, taxFreeAmount]);
}

test("the tax-free part goes back as it is asked for, and the rest with the last refund", async (shop) => {
  const { paymentKey } = await buyPartlyTaxFree(shop);
  assert.equal((await balanceOf(shop, paymentKey))?.tax_free, 1000);

  await cancel(shop, { paymentKey, cancelAmount: 600, taxFreeAmount: 400 });
  assert.equal((await balanceOf(shop, paymentKey))?.tax_free, 600);
  await cancel(shop, { paymentKey, cancelAmount: 500 });
  await cancel(shop, { paymentKey });

  assert.deepEqual(taxFreeParts(shop, paymentKey), [
    [600, 400],
    [500, 0],
    [1900, 600],
  ]);
});

test("a refund of more than the taxed part takes tax-free money for what exceeds it", async (shop) => {
  const { paymentKey } = await buyPartlyTaxFree(shop);

  await cancel(shop, { paymentKey, cancelAmount: 2500 });
  await cancel(shop, { paymentKey });

  assert.deepEqual(taxFreeParts(shop, paymentKey), [[2500, 500], [500, 500]]);
});

test("a tax-free part that is not there, or a taxed one, is refused and named", async (shop) => {
  const { paymentKey } = await buyPartlyTaxFree(shop);
  const wrong: [number, number, RegExp][] = [
    [1500, 1001, /0 to 1000/],
    [500, 501, /0 to 500/],
    [2500, 499, /500 to 1000/],
  ];
  for (const [cancelAmount, taxFreeAmount, range] of wrong) {
    const { status, body } = await cancel(shop, {
      paymentKey,
      cancelAmount,
      taxFreeAmount,
      requestId: newRequestId(),
    });
    assert.equal(status, 400);
    assert.match(JSON.stringify(body.details), /"taxFreeAmount"/);
    assert.match(JSON.stringify(body.details), range);
  }
});
