import assert from "node:assert/strict";
import { restoreBackup, takeBackup } from "../../support/backup.ts";
import {
  addPlan,
  changed,
  subscribe,
  type Subscriber,
} from "../../support/billing.ts";
import { chargeRows } from "../../support/billing-rows.ts";
import { assertInvariantsHold } from "../../support/books.ts";
import { callFunction } from "../../support/call-function.ts";
import { cancelOperations } from "../../support/cancel.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { settleWebhooks } from "../../support/webhooks.ts";
import { advance, alignClocks, work } from "../../support/worker.ts";

const test = shopTests();
const DAY_SECONDS = 86_400;

/** The shop ends a subscription and gives the money for the rest of the period back. */
async function refund(shop: Shop, { subscription }: Subscriber) {
  const answer = await callFunction(shop, "subscription", {
    headers: { apikey: shop.stack.secretKey },
    body: {
      subscriptionId: subscription.id,
      action: "cancel_now",
      refund: "prorated",
    },
  });
  return [answer.status, answer.body.status ?? answer.body.code];
}

/** The cancels at Toss of what was paid for the first period. */
async function cancelsAtToss(shop: Shop, { user }: Subscriber) {
  const [charge] = await chargeRows(shop, user);
  const book = shop.simulator.books()
    .find(({ orderId }) => orderId === charge?.order_id);
  assert.ok(book);
  return {
    paymentKey: book.paymentKey,
    amounts: book.cancels.map(({ cancelAmount }) => cancelAmount),
  };
}

/** Ends a subscription with a refund after some days of its period, and forgets it. */
async function refundAndForget(shop: Shop) {
  await alignClocks(shop);
  const subscriber = await subscribe(shop);
  await advance(shop, 10 * DAY_SECONDS);
  const backup = await takeBackup(shop);
  assert.deepEqual(await refund(shop, subscriber), [200, "canceled"]);
  await settleWebhooks(shop);
  await restoreBackup(shop, backup);
  return subscriber;
}

/** One refund was made, and the database knows of it. */
async function assertRefundedOnce(shop: Shop, subscriber: Subscriber) {
  const { paymentKey, amounts } = await cancelsAtToss(shop, subscriber);
  assert.equal(amounts.length, 1, JSON.stringify(amounts));
  const operations = await cancelOperations(shop, paymentKey);
  assert.deepEqual(operations.map(({ state }) => state), ["succeeded"]);
  const [row] = await shop.stack.sql`
    select c.refund_due::integer as due, op.amount::integer as made
    from public.subscription_charges as c join public.operations as op on op.id = c.refund_operation_id
    where c.user_id = ${subscriber.user.id}`;
  assert.deepEqual(row, { due: amounts[0], made: amounts[0] });
}

test("a prorated refund that a restore forgot is not made again when it is asked for on another day", async (shop) => {
  const subscriber = await refundAndForget(shop);
  await advance(shop, 3 * DAY_SECONDS);

  const answer = await refund(shop, subscriber);

  assert.deepEqual(answer, [200, "canceled"]);
  await assertRefundedOnce(shop, subscriber);
  await advance(shop, 2 * 3600);
  await assertInvariantsHold(shop);
});

test("a prorated refund that the worker has found again after a restore is not made again", async (shop) => {
  const subscriber = await refundAndForget(shop);
  await advance(shop, 2 * 3600);
  await shop.stack
    .sql`select toss_private.note_restore(toss_private.clock_now() - interval '3 hours')`;
  await work(shop, "webhooks");
  await work(shop, "expiry");
  await advance(shop, 3 * DAY_SECONDS);

  const answer = await refund(shop, subscriber);

  assert.deepEqual(answer, [200, "canceled"]);
  await assertRefundedOnce(shop, subscriber);
  await advance(shop, 2 * 3600);
  await assertInvariantsHold(shop);
});

test("a prorated refund that a restore forgot is not made again when Toss has forgotten its key", async (shop) => {
  const subscriber = await refundAndForget(shop);
  await advance(shop, 16 * DAY_SECONDS);

  const answer = await refund(shop, subscriber);

  assert.deepEqual(answer, [200, "canceled"]);
  await assertRefundedOnce(shop, subscriber);
  await advance(shop, 2 * 3600);
  await assertInvariantsHold(shop);
});

test("an upgrade and the refund of both payments that a restore forgot are had again with the amounts of their days", async (shop) => {
  await alignClocks(shop);
  const subscriber = await subscribe(shop);
  const planId = await addPlan(shop, { price: 40_000 });
  await advance(shop, 5 * DAY_SECONDS);
  const backup = await takeBackup(shop);
  await changed(shop, subscriber, "change_plan", { planId });
  await advance(shop, 3 * DAY_SECONDS);
  assert.deepEqual(await refund(shop, subscriber), [200, "canceled"]);
  await settleWebhooks(shop);
  const books = JSON.stringify(shop.simulator.books());
  await restoreBackup(shop, backup);
  await advance(shop, DAY_SECONDS);

  await changed(shop, subscriber, "change_plan", { planId });
  const answer = await refund(shop, subscriber);

  assert.deepEqual(answer, [200, "canceled"]);
  assert.equal(JSON.stringify(shop.simulator.books()), books);
  await advance(shop, 2 * 3600);
  await assertInvariantsHold(shop);
});
