import assert from "node:assert/strict";
import {
  addPlan,
  callCharge,
  change,
  charge,
  subscribe,
  type Subscriber,
} from "../../support/billing.ts";
import {
  chargeRows,
  justAfter,
  makeChargesDue,
  outboxTypes,
  subscriptionRow,
} from "../../support/billing-rows.ts";
import { buyerHeaders } from "../../../stack/users.ts";
import { callFunction } from "../../support/call-function.ts";
import { eventually } from "../../support/eventually.ts";
import { CHARGES } from "../../support/charge-faults.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { cancelAtToss } from "../../support/toss-side.ts";
import { settleWebhooks } from "../../support/webhooks.ts";

const test = shopTests();

function chargeNext(shop: Shop, { subscription }: Subscriber) {
  return charge(shop, {
    subscriptionId: subscription.id,
    asOf: justAfter(subscription.currentPeriodEnd),
  });
}

/** The next charge is declined, and the subscription in arrears. */
async function fallBehind(shop: Shop, subscriber: Subscriber): Promise<void> {
  shop.simulator.addFault({
    kind: "status_before",
    code: "REJECT_CARD_PAYMENT",
    ...CHARGES,
  });
  const { declined } = await chargeNext(shop, subscriber);
  assert.equal(declined, 1);
}

async function paymentKeyOf(shop: Shop, orderId: string | null) {
  const [row] = await shop.stack.sql<{ payment_key: string }[]>`
    select payment_key from public.payments where order_id = ${orderId}`;
  assert.ok(row);
  return row.payment_key;
}

test("twenty simultaneous retries charge the debt once", async (shop) => {
  const subscriber = await subscribe(shop);
  await fallBehind(shop, subscriber);
  const sent = shop.simulator.charges().length;

  const answers = await Promise.all(
    Array.from({ length: 20 }, () => change(shop, subscriber, "retry_payment")),
  );

  assert.equal(shop.simulator.charges().length, sent + 1);
  assert.deepEqual(
    answers.filter(({ status }) => status === 200).length,
    1,
    JSON.stringify(answers.map(({ status }) => status)),
  );
  assert.ok(answers.every(({ status }) => [200, 400, 409].includes(status)));
  const events = await outboxTypes(shop, subscriber.subscription.id);
  assert.equal(
    events.filter((type) => type === "subscription.recovered").length,
    1,
  );
});

test("a key that is deleted at Toss while it is charged: the period is paid, and another card is asked for", async (shop) => {
  const subscriber = await subscribe(shop);
  const { id } = subscriber.subscription;
  shop.simulator.addFault({
    kind: "delay_after",
    milliseconds: 1000,
    ...CHARGES,
  });
  const sent = shop.simulator.charges().length;
  const run = chargeNext(shop, subscriber);
  await eventually(
    "the charge is at Toss",
    () => shop.simulator.charges().length > sent,
  );

  const keyDigest = shop.simulator.charges().at(-1)?.keyDigest ?? "";
  shop.simulator.removeBillingKeys({ keyDigest, reason: "카드 해지" });
  await settleWebhooks(shop);
  await eventually(
    "the removal has been heard of",
    async () => (await subscriptionRow(shop, id)).needs_payment_method,
  );

  assert.equal((await run).paid, 1);
  const row = await subscriptionRow(shop, id);
  assert.deepEqual([row.status, row.needs_payment_method], ["active", true]);
});

test("a change of plan, an end and a notice wait while the renewal is at Toss; another card does not", async (shop) => {
  const subscriber = await subscribe(shop);
  const planId = await addPlan(shop, { price: 50_000 });
  shop.simulator.addFault({
    kind: "lose_answer_after",
    count: "always",
    ...CHARGES,
  });
  assert.equal((await chargeNext(shop, subscriber)).unknown, 1);

  const { billingMethodId } = subscriber;
  const answers = await Promise.all([
    change(shop, subscriber, "change_plan", { planId }),
    change(shop, subscriber, "cancel_now"),
    change(shop, subscriber, "cancel_at_period_end"),
    change(shop, subscriber, "change_method", { billingMethodId }),
  ]);

  assert.deepEqual(answers.map(({ status }) => status), [409, 409, 409, 200]);
  shop.simulator.clearFaults();
  await makeChargesDue(shop, subscriber.user);
  assert.equal((await chargeNext(shop, subscriber)).paid, 1);
});

test("money that goes back in Toss's dashboard: the paid period ends a subscription in arrears, an attempt that failed is no payment", async (shop) => {
  const subscriber = await subscribe(shop);
  const { id } = subscriber.subscription;
  await fallBehind(shop, subscriber);
  const [first] = await chargeRows(shop, subscriber.user);
  assert.ok(first);

  await cancelAtToss(shop, await paymentKeyOf(shop, first.order_id));
  await settleWebhooks(shop);

  await eventually(
    "the subscription has ended",
    async () => (await subscriptionRow(shop, id)).status === "canceled",
  );
  assert.equal((await chargeNext(shop, subscriber)).claimed, 0);
  const debt = (await chargeRows(shop, subscriber.user)).at(-1);
  assert.deepEqual([debt?.status, debt?.next_attempt_at], ["declined", null]);
  const ended = (await outboxTypes(shop, id))
    .filter((type) => type === "subscription.canceled");
  assert.equal(ended.length, 1);
});

test("the order of an open charge cannot be paid or given up in the payment window", async (shop) => {
  const subscriber = await subscribe(shop);
  shop.simulator.addFault({
    kind: "lose_answer_after",
    count: "always",
    ...CHARGES,
  });
  await chargeNext(shop, subscriber);
  shop.simulator.clearFaults();
  const open = (await chargeRows(shop, subscriber.user)).at(-1);

  const { status } = await callFunction(shop, "confirm", {
    headers: buyerHeaders(shop, subscriber.user.accessToken),
    body: {
      paymentKey: `tgen_${crypto.randomUUID()}`,
      orderId: open?.order_id,
      amount: open?.amount,
    },
  });

  assert.equal(status, 410);
  const [order] = await shop.stack.sql`
    select status from public.orders where id = ${open?.order_id ?? ""}`;
  assert.equal(order?.status, "pending");
  await makeChargesDue(shop, subscriber.user);
  assert.equal((await chargeNext(shop, subscriber)).paid, 1);
});

test("eight runs in the future and the past of each other charge what is due once", async (shop) => {
  const subscriber = await subscribe(shop);
  const { id, currentPeriodEnd } = subscriber.subscription;
  shop.simulator.addFault({
    kind: "delay_before",
    milliseconds: 300,
    ...CHARGES,
  });
  const years = [0, 0, 0, 0, 2, 2, 5, 5];

  const runs = await Promise.all(years.map((year) => {
    const asOf = new Date(justAfter(currentPeriodEnd));
    asOf.setUTCFullYear(asOf.getUTCFullYear() + year);
    return callCharge(shop, { subscriptionId: id, asOf: asOf.toISOString() });
  }));

  assert.ok(runs.every(({ status }) => status === 200));
  const paid = (await chargeRows(shop, subscriber.user))
    .filter(({ status }) => status === "paid");
  const periods = new Set(paid.map(({ period_start }) => String(period_start)));
  assert.equal(periods.size, paid.length);
  const taken = shop.simulator.charges().filter(({ orderId, outcome }) =>
    outcome === "DONE" && paid.some((one) => one.order_id === orderId)
  );
  assert.equal(taken.length, paid.length);
});
