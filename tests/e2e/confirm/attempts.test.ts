import assert from "node:assert/strict";
import { confirm, payInWindow, placeOrder } from "../../support/buy.ts";
import { operationRows, orderRow } from "../../support/database.ts";
import { watchRoundTrips } from "../../support/round-trips.ts";
import { shopTests } from "../../support/shop-test.ts";
import { settleWebhooks } from "../../support/webhooks.ts";

const test = shopTests();

const REFUSALS_PER_ORDER = 20;

test("confirm() answers 410 after 20 refused payments of one order, and Toss is not asked", async (shop) => {
  const order = await placeOrder(shop);
  for (let count = 1; count <= REFUSALS_PER_ORDER; count++) {
    const purchase = payInWindow(shop, order);
    shop.simulator.decline(purchase.paymentKey, "REJECT_CARD_PAYMENT");
    assert.equal((await confirm(shop, purchase)).status, 402, `${count}`);
  }
  await settleWebhooks(shop);
  const roundTrips = watchRoundTrips(shop);

  const { status, body } = await confirm(shop, payInWindow(shop, order));

  assert.equal(status, 410);
  assert.equal(body.code, "payment_expired");
  assert.deepEqual(roundTrips().toss, []);
  const operations = await operationRows(shop, order.orderId);
  assert.equal(operations.length, REFUSALS_PER_ORDER);
  assert.equal((await orderRow(shop, order.orderId)).status, "pending");
});

test("confirm() takes the 20th payment of an order whose first 19 were declined", async (shop) => {
  const order = await placeOrder(shop);
  for (let count = 1; count < REFUSALS_PER_ORDER; count++) {
    const purchase = payInWindow(shop, order);
    shop.simulator.decline(purchase.paymentKey, "REJECT_CARD_PAYMENT");
    await confirm(shop, purchase);
  }

  assert.equal((await confirm(shop, payInWindow(shop, order))).status, 200);
});
