import assert from "node:assert/strict";
import { answerAbout, applyAnswer } from "../../support/answers.ts";
import {
  confirm,
  placeOrder,
  type Purchase,
  startPurchase,
} from "../../support/buy.ts";
import {
  addProduct,
  operationRows,
  orderRow,
  paymentStatus,
  stockOf,
} from "../../support/database.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { approveAtToss } from "../../support/toss-side.ts";
import {
  deliverWebhook,
  settleWebhooks,
  statusChanged,
  withoutWebhooks,
} from "../../support/webhooks.ts";
import {
  advance,
  moveDatabaseClock,
  queriesSince,
  work,
} from "../../support/worker.ts";

const test = shopTests();

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

/** Longer than Toss lets a payment be READY and IN_PROGRESS. */
const TOSS_LIFETIME_SECONDS = 42 * 60;

/** A payment that Toss has approved meanwhile, while IN_PROGRESS is the last that was heard here. */
async function forgottenPurchase(shop: Shop): Promise<Purchase> {
  const purchase = await startPurchase(shop);
  const { sql } = shop.stack;
  const heard = { status: "IN_PROGRESS", approvedAt: null };
  await applyAnswer(sql, answerAbout(purchase.paymentKey, purchase, heard));
  await approveAtToss(shop, purchase);
  return purchase;
}

test("worker expiry settles the other payments when Toss's answer about one cannot be stored", async (shop) => {
  withoutWebhooks(shop);
  const unlucky = await forgottenPurchase(shop);
  const lucky = await forgottenPurchase(shop);
  await shop.stack.sql.unsafe(`
    alter table public.payments add constraint refuses_the_unlucky
      check (payment_key <> '${unlucky.paymentKey}' or status <> 'DONE')`);
  await moveDatabaseClock(shop, TOSS_LIFETIME_SECONDS);

  const run = await work(shop, "expiry");

  assert.deepEqual([run.asked, run.settled], [2, 1]);
  assert.equal(await paymentStatus(shop, unlucky.paymentKey), "IN_PROGRESS");
  assert.equal(await paymentStatus(shop, lucky.paymentKey), "DONE");
  assert.equal((await work(shop, "expiry")).asked, 0);
  await shop.stack.sql`
    alter table public.payments drop constraint refuses_the_unlucky`;
  await moveDatabaseClock(shop, 10 * 60);
  assert.equal((await work(shop, "expiry")).settled, 1);
  assert.equal(await paymentStatus(shop, unlucky.paymentKey), "DONE");
});

test("worker expiry comes to the 11th payment although Toss does not know the ten before it", async (shop) => {
  withoutWebhooks(shop);
  const ready = { status: "READY", approvedAt: null };
  for (let count = 0; count < 10; count++) {
    const answer = answerAbout(`gone-${count}`, await placeOrder(shop), ready);
    await applyAnswer(shop.stack.sql, answer);
  }
  const { orderId, paymentKey } = await forgottenPurchase(shop);
  const before = shop.simulator.requests().length;
  await moveDatabaseClock(shop, TOSS_LIFETIME_SECONDS);

  const first = await work(shop, "expiry");
  const second = await work(shop, "expiry");

  assert.deepEqual([first.asked, first.settled], [11, 1]);
  assert.deepEqual([second.asked, second.remaining], [0, 0]);
  assert.equal((await orderRow(shop, orderId)).status, "paid");
  const asked = queriesSince(shop, before);
  assert.ok(asked.includes(`/v1/payments/${paymentKey}`));
  assert.equal(new Set(asked).size, 11);
});
