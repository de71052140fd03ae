import assert from "node:assert/strict";
import { z } from "zod";
import {
  change,
  charge,
  registerCard,
  subscribe,
  type Subscriber,
} from "../../support/billing.ts";
import {
  chargeRows,
  daysAfter,
  justAfter,
  outboxTypes,
  subscriptionRow,
} from "../../support/billing-rows.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";

const test = shopTests();

async function customerKeyOf({ user }: Subscriber): Promise<string> {
  const { data } = await user.client.from("customers").select();
  return z.uuid().parse(data?.[0]?.customer_key);
}

/** The subscriber's card declines from now on. */
async function decline(
  { simulator }: Shop,
  subscriber: Subscriber,
  code: string,
): Promise<void> {
  simulator.declineCharges({
    customerKey: await customerKeyOf(subscriber),
    code,
    count: "always",
  });
}

/** One run for the subscriber, so many days after the first period's end. */
function chargeOnDay(
  shop: Shop,
  { subscription }: Subscriber,
  day: number,
) {
  const end = daysAfter(subscription.currentPeriodEnd, day);
  const asOf = justAfter(end);
  return charge(shop, { subscriptionId: subscription.id, asOf });
}

async function statusOf({ user }: Subscriber): Promise<unknown> {
  const { data } = await user.client.from("user_plans").select();
  return data?.[0]?.status;
}

async function lastCharge(shop: Shop, { user }: Subscriber) {
  const last = (await chargeRows(shop, user)).at(-1);
  assert.ok(last);
  return last;
}

test("a soft decline is tried again on the days of the schedule, access stays, the last day ends it", async (shop) => {
  const subscriber = await subscribe(shop);
  await decline(shop, subscriber, "REJECT_CARD_PAYMENT");
  const { id } = subscriber.subscription;

  const claimed: number[] = [];
  const statuses: unknown[] = [];
  for (let day = 0; day <= 8; day++) {
    claimed.push((await chargeOnDay(shop, subscriber, day)).claimed);
    statuses.push((await subscriptionRow(shop, id)).status);
  }

  // D0, then 1, 3, 5 and 7 days after the first decline.
  assert.deepEqual(claimed, [1, 1, 0, 1, 0, 1, 0, 1, 0]);
  const owing = "past_due";
  assert.deepEqual(statuses, [...Array(7).fill(owing), "canceled", "canceled"]);
  const last = await lastCharge(shop, subscriber);
  assert.deepEqual(
    [last.status, last.attempt, last.next_attempt_at],
    ["declined", 5, null],
  );
  const events = await outboxTypes(shop, id);
  const count = (type: string) => events.filter((e) => e === type).length;
  assert.equal(count("subscription.payment_failed"), 5);
  assert.equal(count("subscription.past_due"), 1);
  assert.equal(count("subscription.canceled"), 1);
});

test("each attempt is an order of its own, and the declined ones are failed", async (shop) => {
  const subscriber = await subscribe(shop);
  await decline(shop, subscriber, "REJECT_CARD_PAYMENT");
  await chargeOnDay(shop, subscriber, 0);
  shop.simulator.clearChargeDeclines();

  await chargeOnDay(shop, subscriber, 1);

  const last = await lastCharge(shop, subscriber);
  assert.deepEqual([last.status, last.attempt], ["paid", 2]);
  const { data } = await subscriber.user.client.from("orders")
    .select("id, status").eq("subscription_charge_id", last.id)
    .order("created_at");
  assert.deepEqual(data?.map(({ status }) => status), ["failed", "paid"]);
});

test("a recovery keeps the period's day, and says so", async (shop) => {
  const subscriber = await subscribe(shop);
  const { id, currentPeriodEnd } = subscriber.subscription;
  await decline(shop, subscriber, "REJECT_CARD_PAYMENT");
  await chargeOnDay(shop, subscriber, 0);
  assert.equal(await statusOf(subscriber), "past_due");
  shop.simulator.clearChargeDeclines();

  await chargeOnDay(shop, subscriber, 3);

  const row = await subscriptionRow(shop, id);
  assert.equal(row.status, "active");
  assert.equal(
    row.current_period_start.getTime(),
    Date.parse(currentPeriodEnd),
  );
  assert.deepEqual(row.next_charge_at, row.current_period_end);
  const events = await outboxTypes(shop, id);
  assert.ok(events.includes("subscription.recovered"), events.join());
});

for (
  const code of [
    "INVALID_STOPPED_CARD",
    "INVALID_CARD_LOST_OR_STOLEN",
    "NOT_MATCHES_CUSTOMER_KEY",
    "ALREADY_REMOVED_BILLING_KEY",
  ]
) {
  test(`${code} is not tried again; a new card pays the debt at once`, async (shop) => {
    const subscriber = await subscribe(shop);
    const { id } = subscriber.subscription;
    await decline(shop, subscriber, code);
    await chargeOnDay(shop, subscriber, 0);
    const owing = await subscriptionRow(shop, id);
    assert.deepEqual(
      [owing.status, owing.needs_payment_method, owing.next_charge_at],
      ["past_due", true, null],
    );
    for (const day of [1, 3, 5]) {
      assert.equal((await chargeOnDay(shop, subscriber, day)).claimed, 0);
    }
    const events = await outboxTypes(shop, id);
    assert.ok(events.includes("subscription.payment_method_required"));
    shop.simulator.clearChargeDeclines();

    const { billingMethodId } = await registerCard(shop, subscriber.user);

    const row = await subscriptionRow(shop, id);
    assert.deepEqual(
      [row.status, row.needs_payment_method, row.billing_method_id],
      ["active", false, billingMethodId],
    );
    const last = await lastCharge(shop, subscriber);
    assert.deepEqual([last.status, last.attempt], ["paid", 2]);
  });
}

test("a new card that declines too leaves the debt, and the card", async (shop) => {
  const subscriber = await subscribe(shop);
  await decline(shop, subscriber, "INVALID_STOPPED_CARD");
  await chargeOnDay(shop, subscriber, 0);

  const { billingMethodId } = await registerCard(shop, subscriber.user);

  const row = await subscriptionRow(shop, subscriber.subscription.id);
  assert.equal(row.status, "past_due");
  assert.equal(row.billing_method_id, billingMethodId);
  assert.equal((await lastCharge(shop, subscriber)).attempt, 2);
});

test("a limit is tried again after midnight in Seoul", async (shop) => {
  const subscriber = await subscribe(shop);
  await decline(shop, subscriber, "EXCEED_MAX_DAILY_PAYMENT_COUNT");

  await chargeOnDay(shop, subscriber, 0);

  const { next_attempt_at: next } = await lastCharge(shop, subscriber);
  assert.ok(next);
  const due = new Date(subscriber.subscription.currentPeriodEnd);
  const seoul = (date: Date) =>
    new Date(date.getTime() + 9 * 3_600_000).toISOString();
  const nextDay = seoul(new Date(due.getTime() + 86_400_000 + 1000));
  assert.equal(seoul(next).slice(0, 10), nextDay.slice(0, 10));
  assert.match(seoul(next).slice(11), /^00:/);
  shop.simulator.clearChargeDeclines();
  const run = await charge(shop, {
    subscriptionId: subscriber.subscription.id,
    asOf: justAfter(next),
  });
  assert.equal(run.paid, 1);
});

test("retry_payment takes the debt before its day", async (shop) => {
  const subscriber = await subscribe(shop);
  await decline(shop, subscriber, "REJECT_CARD_PAYMENT");
  await chargeOnDay(shop, subscriber, 0);

  const refused = await change(shop, subscriber, "retry_payment");
  assert.deepEqual(
    [refused.status, refused.body.code, refused.body.tossCode],
    [402, "payment_confirm_failed", "REJECT_CARD_PAYMENT"],
  );
  shop.simulator.clearChargeDeclines();
  const paid = await change(shop, subscriber, "retry_payment");

  assert.equal(paid.status, 200, JSON.stringify(paid.body));
  assert.equal(paid.body.status, "active");
  assert.equal((await lastCharge(shop, subscriber)).attempt, 3);
});

test("change_method pays the debt with the other card", async (shop) => {
  const subscriber = await subscribe(shop);
  const { billingMethodId: other } = await registerCard(shop, subscriber.user);
  await decline(shop, subscriber, "REJECT_CARD_PAYMENT");
  await chargeOnDay(shop, subscriber, 0);
  shop.simulator.clearChargeDeclines();

  const { status, body } = await change(shop, subscriber, "change_method", {
    billingMethodId: other,
  });

  assert.equal(status, 200, JSON.stringify(body));
  assert.deepEqual([body.status, body.billingMethodId], ["active", other]);
});
