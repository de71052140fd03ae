import assert from "node:assert/strict";
import { confirm, startPurchase } from "../support/buy.ts";
import {
  addProduct,
  operationRows,
  orderRow,
  paymentStatus,
  stockOf,
} from "../support/database.ts";
import { shopTests } from "../support/shop-test.ts";
import {
  deliverWebhook,
  settleWebhooks,
  statusChanged,
  withoutWebhooks,
} from "../support/webhooks.ts";
import { advance, moveDatabaseClock, work } from "../support/worker.ts";

const test = shopTests({ environment: { TOSS_TIMEOUT_MS: "400" } });

const ORDER_SECONDS = 3600;

test("worker expiry gives up an order after its hour and returns its stock", async (shop) => {
  await addProduct(shop, "returned", 5);
  const items = [{ productId: "returned", quantity: 2 }];
  const { orderId } = await startPurchase(shop, { items });
  await advance(shop, ORDER_SECONDS - 5);
  await work(shop, "expiry");
  assert.equal((await orderRow(shop, orderId)).status, "pending");
  assert.equal(await stockOf(shop, "returned"), 3);
  await advance(shop, 10);

  await Promise.all([work(shop, "expiry"), work(shop, "expiry")]);

  assert.equal((await orderRow(shop, orderId)).status, "expired");
  assert.equal(await stockOf(shop, "returned"), 5);
});

test("worker expiry leaves an order alone while a confirm of it is unknown", async (shop) => {
  withoutWebhooks(shop);
  await addProduct(shop, "kept", 1);
  const items = [{ productId: "kept", quantity: 1 }];
  const purchase = await startPurchase(shop, { items });
  shop.simulator.addFault({ kind: "lose_answer_after" });
  await confirm(shop, purchase);
  await moveDatabaseClock(shop, ORDER_SECONDS + 10);

  await work(shop, "expiry");

  assert.equal((await orderRow(shop, purchase.orderId)).status, "pending");
  assert.equal(await stockOf(shop, "kept"), 0);
  await work(shop, "operations");
  assert.equal((await orderRow(shop, purchase.orderId)).status, "paid");
  await work(shop, "expiry");
  assert.equal((await orderRow(shop, purchase.orderId)).status, "paid");
  const [operation] = await operationRows(shop, purchase.orderId);
  assert.equal(operation?.state, "succeeded");
});

test("worker expiry settles a payment past its clocks whose EXPIRED webhook never came", async (shop) => {
  const { orderId, paymentKey } = await startPurchase(shop);
  const drop = { kind: "drop", paymentKey, count: "always" } as const;
  shop.simulator.addWebhookKnob(drop);
  await deliverWebhook(shop, statusChanged({ orderId, paymentKey }));
  await settleWebhooks(shop);
  assert.equal(await paymentStatus(shop, paymentKey), "IN_PROGRESS");
  await advance(shop, 30 * 60);
  await work(shop, "expiry");
  assert.equal(await paymentStatus(shop, paymentKey), "IN_PROGRESS");
  await advance(shop, 12 * 60);

  const run = await work(shop, "expiry");

  assert.equal(run.settled, 1);
  assert.equal(await paymentStatus(shop, paymentKey), "EXPIRED");
  assert.equal((await work(shop, "expiry")).asked, 0);
});
