import assert from "node:assert/strict";
import {
  confirm,
  payInWindow,
  placeOrder,
  startPurchase,
} from "../../support/buy.ts";
import {
  addProduct,
  operationRows,
  orderRow,
  paymentStatus,
  stockOf,
} from "../../support/database.ts";
import { watchRoundTrips } from "../../support/round-trips.ts";
import { shopTests } from "../../support/shop-test.ts";
import { bookOf } from "../../support/toss-side.ts";
import { settleWebhooks, withoutWebhooks } from "../../support/webhooks.ts";

const test = shopTests();

interface Refusal {
  /** What the catalogue calls it. */
  kind: string;
  tossCode: string;
  status: number;
  code: string;
  action: string;
}

const failed = { status: 402, code: "payment_confirm_failed" };

/** Refusals that end the payment: the buyer starts another one. */
const FINAL: Refusal[] = [
  {
    kind: "decline",
    tossCode: "REJECT_CARD_COMPANY",
    ...failed,
    action: "use_another_method",
  },
  {
    kind: "decline",
    tossCode: "REJECT_CARD_PAYMENT",
    ...failed,
    action: "use_another_method",
  },
  {
    kind: "decline",
    tossCode: "INVALID_CARD_EXPIRATION",
    ...failed,
    action: "fix_input",
  },
  {
    kind: "decline",
    tossCode: "INVALID_REJECT_CARD",
    ...failed,
    action: "contact_issuer",
  },
  {
    kind: "limit",
    tossCode: "EXCEED_MAX_PAYMENT_AMOUNT",
    ...failed,
    action: "use_another_method",
  },
  {
    kind: "limit",
    tossCode: "EXCEED_MAX_DAILY_PAYMENT_COUNT",
    ...failed,
    action: "use_another_method",
  },
];

for (const refusal of FINAL) {
  test(`confirm() ends a payment on the ${refusal.kind} ${refusal.tossCode}`, async (shop) => {
    const order = await placeOrder(shop);
    const purchase = payInWindow(shop, order);
    shop.simulator.decline(purchase.paymentKey, refusal.tossCode);

    const { status, body } = await confirm(shop, purchase);

    assert.equal(status, refusal.status);
    assert.equal(body.code, refusal.code);
    assert.equal(body.tossCode, refusal.tossCode);
    assert.equal(body.action, refusal.action);
    assert.equal(body.retryable, false);
    await settleWebhooks(shop);
    assert.equal(await paymentStatus(shop, purchase.paymentKey), "ABORTED");
    assert.deepEqual(await orderRow(shop, order.orderId), {
      status: "pending",
      payment_key: null,
    });
    // The same payment stays refused, and Toss is not asked again.
    const roundTrips = watchRoundTrips(shop);
    const again = await confirm(shop, purchase);
    assert.equal(again.status, refusal.status);
    assert.equal(again.body.tossCode, refusal.tossCode);
    assert.deepEqual(roundTrips().toss, []);
    // A new payment of the same order is welcome.
    const next = await confirm(shop, payInWindow(shop, order));
    assert.equal(next.status, 200);
  });
}

test("confirm() keeps the stock of a declined order reserved, once", async (shop) => {
  await addProduct(shop, "declined-once", 5);
  const items = [{ productId: "declined-once", quantity: 2 }];
  const order = await placeOrder(shop, { items });
  const purchase = payInWindow(shop, order);
  shop.simulator.decline(purchase.paymentKey, "REJECT_CARD_PAYMENT");

  await confirm(shop, purchase);

  assert.equal(await stockOf(shop, "declined-once"), 3);
  await confirm(shop, payInWindow(shop, order));
  assert.equal(await stockOf(shop, "declined-once"), 3);
});

/** Refusals that the simulator answers without touching the payment. */
const UNTOUCHED: (Refusal & { isFinal: boolean })[] = [
  {
    kind: "request",
    tossCode: "INVALID_REQUEST",
    ...failed,
    action: "contact_support",
    isFinal: true,
  },
  {
    kind: "configuration",
    tossCode: "NOT_REGISTERED_BUSINESS",
    ...failed,
    action: "contact_support",
    isFinal: true,
  },
  {
    kind: "key",
    tossCode: "UNAUTHORIZED_KEY",
    status: 500,
    code: "not_configured",
    action: "contact_support",
    isFinal: false,
  },
  {
    kind: "key",
    tossCode: "INVALID_API_KEY",
    status: 500,
    code: "not_configured",
    action: "contact_support",
    isFinal: false,
  },
  {
    kind: "later",
    tossCode: "NOT_AVAILABLE_PAYMENT",
    ...failed,
    action: "retry_later",
    isFinal: false,
  },
  {
    kind: "later",
    tossCode: "NOT_AVAILABLE_BANK",
    ...failed,
    action: "retry_later",
    isFinal: false,
  },
  {
    kind: "session",
    tossCode: "NOT_FOUND_PAYMENT_SESSION",
    status: 410,
    code: "payment_expired",
    action: "start_over",
    isFinal: true,
  },
];

for (const refusal of UNTOUCHED) {
  test(`confirm() answers the ${refusal.kind} refusal ${refusal.tossCode} and writes nothing half`, async (shop) => {
    const order = await placeOrder(shop);
    const purchase = payInWindow(shop, order);
    shop.simulator.addFault({ kind: "status_before", code: refusal.tossCode });

    const { status, body } = await confirm(shop, purchase);

    assert.equal(status, refusal.status);
    assert.equal(body.code, refusal.code);
    assert.equal(body.tossCode, refusal.tossCode);
    assert.equal(body.action, refusal.action);
    assert.equal(body.retryable, refusal.action === "retry_later");
    const [operation] = await operationRows(shop, order.orderId);
    assert.equal(operation?.state, "rejected");
    assert.equal(operation.error_code, refusal.tossCode);
    assert.equal(operation.is_final, refusal.isFinal);
    assert.deepEqual(await orderRow(shop, order.orderId), {
      status: "pending",
      payment_key: null,
    });
    const again = await confirm(shop, purchase);
    assert.equal(again.status, refusal.isFinal ? refusal.status : 200);
  });
}

test("confirm() adopts a payment that Toss has processed before", async (shop) => {
  const purchase = await startPurchase(shop);
  withoutWebhooks(shop);
  shop.simulator.addFault({
    kind: "status_after",
    code: "ALREADY_PROCESSED_PAYMENT",
  });

  const { status, body } = await confirm(shop, purchase);

  assert.equal(status, 200);
  assert.equal(body.status, "confirmed");
  assert.equal((await orderRow(shop, purchase.orderId)).status, "paid");
  assert.equal(bookOf(shop, purchase.paymentKey).approvals, 1);
});

test("confirm() tells the true reason when the processed payment was a declined one", async (shop) => {
  withoutWebhooks(shop);
  const order = await placeOrder(shop);
  const purchase = payInWindow(shop, order);
  const { simulator } = shop;
  simulator.decline(purchase.paymentKey, "REJECT_CARD_PAYMENT");
  simulator.addFault({
    kind: "status_after",
    code: "ALREADY_PROCESSED_PAYMENT",
  });

  const { status, body } = await confirm(shop, purchase);

  assert.equal(status, 402);
  assert.equal(body.tossCode, "REJECT_CARD_PAYMENT");
  assert.equal(await paymentStatus(shop, purchase.paymentKey), "ABORTED");
  assert.equal((await confirm(shop, payInWindow(shop, order))).status, 200);
});

test("confirm() answers 404 for a payment that Toss does not know", async (shop) => {
  const order = await placeOrder(shop);

  const { status, body } = await confirm(shop, {
    paymentKey: "tosspayment-nobody-made",
    orderId: order.orderId,
    amount: order.amount,
  });

  assert.equal(status, 404);
  assert.equal(body.code, "payment_not_found");
  assert.equal(body.tossCode, "NOT_FOUND_PAYMENT");
  assert.equal((await confirm(shop, payInWindow(shop, order))).status, 200);
});

test("confirm() takes the money once when a closed bank has opened again", async (shop) => {
  const purchase = await startPurchase(shop);
  shop.simulator.addFault({
    kind: "status_before",
    code: "NOT_AVAILABLE_PAYMENT",
  });
  await confirm(shop, purchase);

  assert.equal((await confirm(shop, purchase)).status, 200);

  const operations = await operationRows(shop, purchase.orderId);
  assert.deepEqual(operations.map(({ state }) => state), [
    "rejected",
    "succeeded",
  ]);
  const keys = operations.map(({ idempotency_key }) => idempotency_key);
  assert.equal(new Set(keys).size, 2, "Toss replays errors for an old key");
});
