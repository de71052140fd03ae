import assert from "node:assert/strict";
import {
  addPlan,
  changed,
  subscribe,
  type Subscriber,
} from "../../support/billing.ts";
import { callSql } from "../../support/answers.ts";
import { chargeRows } from "../../support/billing-rows.ts";
import { assertBooksAgree } from "../../support/books.ts";
import { type Answer, callFunction } from "../../support/call-function.ts";
import {
  balanceOf,
  cancel,
  cancelOperations,
  cancelRequests,
} from "../../support/cancel.ts";
import { eventually } from "../../support/eventually.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { cancelAtToss } from "../../support/toss-side.ts";
import { settleWebhooks } from "../../support/webhooks.ts";
import { moveDatabaseClock, work } from "../../support/worker.ts";

const test = shopTests();

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

test("a refund that Toss refuses is answered with the reason, and asking again makes it", async (shop) => {
  const subscriber = await subscribe(shop);
  shop.simulator.addFault({
    kind: "status_before",
    pathPattern: "/cancel$",
    code: "NOT_CANCELABLE_PAYMENT",
  });

  const refused = await refund(shop, subscriber);

  assert.equal(refused.status, 402, JSON.stringify(refused.body));
  assert.deepEqual(
    [refused.body.code, refused.body.tossCode, refused.body.details],
    ["cancel_failed", "NOT_CANCELABLE_PAYMENT", {
      subscriptionId: subscriber.subscription.id,
    }],
  );
  const [row] = await shop.stack.sql<{ status: string }[]>`
    select status from public.subscriptions where id = ${subscriber.subscription.id}`;
  assert.equal(row?.status, "canceled");
  assert.equal((await firstBook(shop, subscriber)).canceledAmount, 0);
  // Its user hears that it has ended, and nothing of the shop's money.
  await changed(shop, subscriber, "cancel_now");

  const made = await refund(shop, subscriber);

  assert.equal(made.status, 200, JSON.stringify(made.body));
  assert.equal((await firstBook(shop, subscriber)).cancels.length, 1);
  assert.equal((await refund(shop, subscriber)).status, 200);
  assert.equal((await firstBook(shop, subscriber)).cancels.length, 1);
  await assertBooksAgree(shop);
});

test("a part that Toss does not give back ends the subscription, holds nothing, and leaves the whole to be refunded", async (shop) => {
  const subscriber = await subscribe(shop);
  const { paymentKey } = await firstBook(shop, subscriber);
  await shop.stack.sql`
    update public.payments set use_escrow = true where payment_key = ${paymentKey}`;
  // Half a month has passed.
  await shop.stack.sql`
    update public.subscription_charges
    set period_start = period_start - interval '15 days', period_end = period_end - interval '15 days'
    where subscription_id = ${subscriber.subscription.id}`;
  shop.simulator.addFault({
    kind: "status_before",
    pathPattern: "/cancel$",
    code: "NOT_ALLOWED_PARTIAL_REFUND",
  });

  const refused = await refund(shop, subscriber);

  assert.deepEqual(
    [refused.status, refused.body.code, refused.body.tossCode],
    [402, "cancel_failed", "NOT_ALLOWED_PARTIAL_REFUND"],
  );
  const [operation] = await cancelOperations(shop, paymentKey);
  assert.equal(operation?.state, "rejected");
  assert.equal((await balanceOf(shop, paymentKey))?.reserved, 0);
  const whole = await cancel(shop, { paymentKey });
  assert.equal(whole.body.status, "refunded", JSON.stringify(whole.body));
});

test("a refund that was promised by a function that died before it asked Toss is made by the worker, once", async (shop) => {
  const subscriber = await subscribe(shop);
  // What the function does before it would ask.
  const promised = await callSql(shop.stack.sql, "change_subscription", {
    subscriptionId: subscriber.subscription.id,
    userId: null,
    action: "cancel_now",
    refund: "prorated",
    leaseToken: crypto.randomUUID(),
    leaseSeconds: 30,
    mode: "test",
    dunning: { scheduleDays: [1], finalAction: "cancel" },
    requestId: "died",
  });
  assert.equal(promised.outcome, "refund");
  const { paymentKey, canceledAmount } = await firstBook(shop, subscriber);
  assert.equal(canceledAmount, 0);
  // It is spoken for: nobody else gets it meanwhile.
  const all = await cancel(shop, { paymentKey, cancelAmount: 10_000 });
  assert.equal(all.body.code, "cancel_amount_exceeds_balance");

  await work(shop, "operations");

  const book = await firstBook(shop, subscriber);
  assert.equal(book.cancels.length, 1);
  assert.ok(book.canceledAmount > 0.99 * book.totalAmount);
  assert.equal((await refund(shop, subscriber)).status, 200);
  assert.equal((await firstBook(shop, subscriber)).cancels.length, 1);
  await assertBooksAgree(shop);
});

for (const kind of ["delay_before", "delay_after"] as const) {
  test(`a function that is killed while it refunds a period (${kind}) leaves the refund to the worker`, async (shop) => {
    const subscriber = await subscribe(shop);
    shop.simulator.addFault({
      kind,
      milliseconds: 1500,
      pathPattern: "/cancel$",
    });
    const before = cancelRequests(shop).length;
    const cut = refund(shop, subscriber).catch(() => null);
    await eventually(
      "the refund is at Toss",
      () => cancelRequests(shop).length > before,
    );

    await shop.stack.killFunctions();
    await cut;

    const { paymentKey } = await firstBook(shop, subscriber);
    await eventually("the refund is proven", async () => {
      await moveDatabaseClock(shop, 30);
      await work(shop, "operations");
      const [operation] = await cancelOperations(shop, paymentKey);
      return operation?.state === "succeeded";
    });
    assert.equal((await firstBook(shop, subscriber)).cancels.length, 1);
    await assertBooksAgree(shop);
  });
}

test("ten callers who end a subscription with a refund at once make one refund and learn the same", async (shop) => {
  const subscriber = await subscribe(shop);

  const answers = await Promise.all(
    Array.from({ length: 10 }, () => refund(shop, subscriber)),
  );

  for (const { status, body } of answers) {
    assert.deepEqual([status, body.status], [200, "canceled"]);
  }
  assert.equal((await firstBook(shop, subscriber)).cancels.length, 1);
  await assertBooksAgree(shop);
});

test("a refund that the shop thinks of after it has ended the subscription is made for the time since the end", async (shop) => {
  const subscriber = await subscribe(shop);
  await changed(shop, subscriber, "cancel_now");
  const { totalAmount } = await firstBook(shop, subscriber);
  await moveDatabaseClock(shop, 3600);

  const late = await refund(shop, subscriber);

  assert.deepEqual([late.status, late.body.status], [200, "canceled"]);
  const { cancels, canceledAmount } = await firstBook(shop, subscriber);
  assert.equal(cancels.length, 1);
  assert.ok(canceledAmount > 0.999 * totalAmount, `${canceledAmount}`);
  const again = await refund(shop, subscriber);
  assert.deepEqual([again.status, again.body], [200, late.body]);
  assert.equal((await firstBook(shop, subscriber)).cancels.length, 1);
  const [told] = await shop.stack.sql<{ amount: number }[]>`
    select (payload -> 'refunds' -> 0 ->> 'amount')::int as amount from public.outbox_events
    where subject = ${subscriber.subscription.id} and event_type = 'subscription.refund_promised'`;
  assert.equal(told?.amount, canceledAmount);
  await assertBooksAgree(shop);
});

test("a refund for which there is no money is refused with the reason, not answered with 200 and nothing", async (shop) => {
  const trial = await subscribe(shop, {
    planId: await addPlan(shop, { trialDays: 7 }),
  });
  await changed(shop, trial, "cancel_now");
  const given = await subscribe(shop);
  await changed(shop, given, "cancel_now");
  const { paymentKey } = await firstBook(shop, given);
  await cancelAtToss(shop, paymentKey);
  await settleWebhooks(shop);

  for (const subscriber of [trial, given]) {
    const { status, body } = await refund(shop, subscriber);
    assert.equal(status, 400, JSON.stringify(body));
    assert.deepEqual(body.details, [{
      field: "action",
      problem: "nothing_to_refund (status canceled)",
    }]);
  }
});

test("a subscription that ends with nothing to refund answers the same on every repeat", async (shop) => {
  const trial = await subscribe(shop, {
    planId: await addPlan(shop, { trialDays: 7 }),
  });

  const ended = await refund(shop, trial);
  const again = await refund(shop, trial);

  assert.deepEqual([ended.status, ended.body.status], [200, "canceled"]);
  assert.deepEqual([again.status, again.body], [200, ended.body]);
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
