import assert from "node:assert/strict";
import {
  addPlan,
  changed,
  subscribe,
  type Subscriber,
} from "../support/billing.ts";
import { chargeRows } from "../support/billing-rows.ts";
import { assertBooksAgree } from "../support/books.ts";
import { type Answer, callFunction } from "../support/call-function.ts";
import { cancelOperations, cancelRequests } from "../support/cancel.ts";
import { eventually } from "../support/eventually.ts";
import type { Shop } from "../support/shop.ts";
import { shopTests } from "../support/shop-test.ts";
import { cancelAtToss } from "../support/toss-side.ts";
import { settleWebhooks } from "../support/webhooks.ts";
import { moveDatabaseClock, work } from "../support/worker.ts";

const test = shopTests({ environment: { TOSS_TIMEOUT_MS: "2000" } });

/** The shop ends a subscription and gives the money for the rest of the period back; a user may not. */
function refund(shop: Shop, { subscription }: Subscriber): Promise<Answer> {
  return callFunction(shop, "subscription", {
    headers: { apikey: shop.stack.secretKey },
    body: {
      subscriptionId: subscription.id,
      action: "cancel_now",
      refund: "prorated",
    },
  });
}

/** What the charge of the first period took and gave back, by the simulator's own ledger. */
async function firstBook(shop: Shop, { user }: Subscriber) {
  const [charge] = await chargeRows(shop, user);
  const book = shop.simulator.books()
    .find(({ orderId }) => orderId === charge?.order_id);
  assert.ok(book);
  return book;
}

test("cancel_now gives the money for the rest of the period back once", async (shop) => {
  const subscriber = await subscribe(shop);
  const before = cancelRequests(shop).length;

  const ended = await refund(shop, subscriber);
  const again = await refund(shop, subscriber);

  assert.deepEqual([ended.status, ended.body.status], [200, "canceled"]);
  assert.deepEqual([again.status, again.body], [200, ended.body]);
  const { paymentKey, canceledAmount, totalAmount } = await firstBook(
    shop,
    subscriber,
  );
  // Seconds of a whole month have passed.
  assert.ok(canceledAmount > 0.99 * totalAmount, `${canceledAmount}`);
  assert.ok(canceledAmount <= totalAmount, `${canceledAmount}`);
  assert.equal(cancelRequests(shop).length - before, 1);
  assert.equal((await cancelOperations(shop, paymentKey)).length, 1);
  await assertBooksAgree(shop);
});

test("cancel_now without refund keeps the money", async (shop) => {
  const subscriber = await subscribe(shop);

  await changed(shop, subscriber, "cancel_now", { refund: "none" });

  assert.equal((await firstBook(shop, subscriber)).canceledAmount, 0);
});

test("a refund without an answer is 202, and the worker makes it once", async (shop) => {
  const subscriber = await subscribe(shop);
  shop.simulator.addFault({
    kind: "lose_answer_after",
    pathPattern: "/cancel$",
  });

  const lost = await refund(shop, subscriber);

  assert.deepEqual([lost.status, lost.body.status], [202, "processing"]);
  const { paymentKey, cancels } = await firstBook(shop, subscriber);
  assert.equal(cancels.length, 1);
  await eventually("the refund is proven", async () => {
    await moveDatabaseClock(shop, 30);
    await work(shop, "operations");
    const [operation] = await cancelOperations(shop, paymentKey);
    return operation?.state === "succeeded";
  });
  const ended = await refund(shop, subscriber);
  assert.deepEqual([ended.status, ended.body.status], [200, "canceled"]);
  assert.equal((await firstBook(shop, subscriber)).cancels.length, 1);
  await assertBooksAgree(shop);
});

test("a refund that Toss refuses leaves the subscription ended and the money owed", async (shop) => {
  const subscriber = await subscribe(shop);
  shop.simulator.addFault({
    kind: "status_before",
    pathPattern: "/cancel$",
    code: "NOT_CANCELABLE_PAYMENT",
  });

  const refused = await refund(shop, subscriber);

  assert.equal(refused.status, 202, JSON.stringify(refused.body));
  const [row] = await shop.stack.sql<{ status: string }[]>`
    select status from public.subscriptions where id = ${subscriber.subscription.id}`;
  assert.equal(row?.status, "canceled");
  assert.equal((await firstBook(shop, subscriber)).canceledAmount, 0);
});

test("the first payment of a period refunded in Toss's dashboard after an upgrade: the dearer plan stays", async (shop) => {
  const subscriber = await subscribe(shop);
  const planId = await addPlan(shop, { price: 40_000 });
  await changed(shop, subscriber, "change_plan", { planId });
  const { paymentKey } = await firstBook(shop, subscriber);

  await cancelAtToss(shop, paymentKey);
  await settleWebhooks(shop);

  const { data } = await subscriber.user.client.from("user_plans").select();
  assert.deepEqual(
    data?.filter(({ status }) => status === "active").map(({ plan }) => plan),
    [planId],
  );
  const alerts = await shop.stack.sql<{ alert: string }[]>`
    select alert from public.alerts where subject = ${subscriber.subscription.id}`;
  assert.deepEqual(alerts.map(({ alert }) => alert), ["period_not_fully_paid"]);
});
