import assert from "node:assert/strict";
import { callSql } from "../../support/answers.ts";
import { assertInvariantsHold } from "../../support/books.ts";
import { shopTests } from "../../support/shop-test.ts";
import {
  accessRows,
  addMethod,
  addPlan,
  addSubscriber,
  chargeRows,
  claim,
  claimOne,
  type Connection,
  decline,
  DUNNING,
  leasing,
  outboxTypes,
  pay,
  paymentKeyOf,
  readCharge,
  refundAll,
  seoul,
  subscriptionRow,
} from "../../support/subscriber.ts";

const test = shopTests({}, assertInvariantsHold);
/** The first paid period of the tests: 30 days of April. */
const START = "2027-04-01T00:00:00+09:00";
const END = "2027-05-01T00:00:00+09:00";
/** Ten of the thirty days are over. */
const DAY_11 = "2027-04-11T00:00:00+09:00";

/** A subscriber who has paid for April. */
async function april(sql: Connection, price = 10_000) {
  const before = "2027-03-01T00:00:00+09:00";
  const subscriber = await addSubscriber(sql, before, { price });
  const item = await claimOne(sql, subscriber.subscriptionId, START);
  await pay(sql, item);
  return { ...subscriber, item };
}

/** One call of change_subscription by the user. */
function change(
  sql: Connection,
  { subscriptionId, userId }: { subscriptionId: string; userId: string },
  action: string,
  changes: Record<string, unknown> = {},
) {
  const request = { subscriptionId, userId, action, asOf: DAY_11 };
  return callSql(sql, "change_subscription", {
    ...request,
    ...leasing(),
    ...changes,
  });
}

function advance(sql: Connection, asOf: string) {
  const request = { limit: 100, asOf, dunning: DUNNING };
  return callSql(sql, "advance_subscriptions", request);
}

test("notice: access to the end of the period, no charge, then canceled", async (shop) => {
  const { sql } = shop.stack;
  const who = await april(sql);
  const answer = await change(sql, who, "cancel_at_period_end");
  assert.equal(answer.outcome, "changed");
  assert.equal(
    (await change(sql, who, "cancel_at_period_end")).outcome,
    "changed",
  );
  const { subscriptionId } = who;
  assert.deepEqual((await claim(sql, END, { subscriptionId })).charges, []);
  assert.equal((await subscriptionRow(sql, subscriptionId)).status, "active");

  await advance(sql, END);

  const row = await subscriptionRow(sql, subscriptionId);
  assert.equal(row.status, "canceled");
  assert.equal(row.ended_at, seoul("2027-05-01T00:00:00"));
  assert.equal((await change(sql, who, "resume")).outcome, "illegal");
  assert.deepEqual((await outboxTypes(sql, subscriptionId)).slice(-2), [
    "subscription.cancel_scheduled",
    "subscription.canceled",
  ]);
});

test("resume takes the notice back before the end, and only then", async (shop) => {
  const { sql } = shop.stack;
  const who = await april(sql);
  assert.equal((await change(sql, who, "resume")).outcome, "illegal");
  await change(sql, who, "cancel_at_period_end");
  const late = await change(sql, who, "resume", { asOf: END });
  assert.deepEqual([late.outcome, late.reason], ["illegal", "period_is_over"]);

  assert.equal((await change(sql, who, "resume")).outcome, "changed");

  const row = await subscriptionRow(sql, who.subscriptionId);
  assert.equal(row.cancel_at_period_end, false);
  assert.equal(row.next_charge_at, seoul("2027-05-01T00:00:00"));
  await pay(sql, await claimOne(sql, who.subscriptionId, END));
});

test("notice of a subscription in arrears ends it now", async (shop) => {
  const { sql } = shop.stack;
  const who = await april(sql);
  await decline(sql, await claimOne(sql, who.subscriptionId, END), "soft");
  const asOf = "2027-05-02T00:00:00+09:00";
  await change(sql, who, "cancel_at_period_end", { asOf });

  const row = await subscriptionRow(sql, who.subscriptionId);
  assert.equal(row.status, "canceled");
  assert.deepEqual(
    (await claim(sql, "2027-06-01T00:00:00+09:00", {
      subscriptionId: who.subscriptionId,
    })).charges,
    [],
  );
});

test("cancel_now with a prorated refund promises the unused part, the same on every repeat", async (shop) => {
  const { sql } = shop.stack;
  const who = await april(sql);

  const answer = await change(sql, who, "cancel_now", { refund: "prorated" });

  assert.equal(answer.outcome, "refund");
  assert.deepEqual(answer.refunds, [{
    paymentKey: paymentKeyOf(who.item),
    orderId: who.item.orderId,
    // 20 of 30 days of 10,000 won, floored.
    amount: 6_666,
    refundRequestId: `cancel-now-${who.item.chargeId}`,
  }]);
  const row = await subscriptionRow(sql, who.subscriptionId);
  assert.equal(row.status, "canceled");
  assert.equal(
    (await accessRows(sql, who.subscriptionId))[0]?.revoked_at,
    seoul("2027-04-11T00:00:00"),
  );
  const again = await change(sql, who, "cancel_now", {
    refund: "prorated",
    asOf: END,
  });
  assert.deepEqual(again, answer);
  await refundAll(sql, who.item);
});

test("a promised refund that nobody makes is named after an hour", async (shop) => {
  const { sql } = shop.stack;
  const who = await april(sql);
  const now = new Date().toISOString();
  await sql`
    update public.subscriptions set current_period_start = now() - interval '1 day',
      current_period_end = now() + interval '29 days' where id = ${who.subscriptionId}`;
  await sql`
    update public.subscription_charges set period_start = now() - interval '1 day',
      period_end = now() + interval '29 days' where id = ${who.item.chargeId}`;
  await change(sql, who, "cancel_now", { refund: "prorated", asOf: now });
  const named = () =>
    sql`
      select subject from public.invariant_violations()
      where invariant = 'promised_refund_is_made' and subject = ${who.item.chargeId}`;
  assert.deepEqual([...await named()], []);
  await sql`update toss_private.clock set time_offset = interval '2 hours'`;

  assert.deepEqual([...await named()], [{ subject: who.item.chargeId }]);
  await refundAll(sql, who.item);
  assert.deepEqual([...await named()], []);
});

test("cancel_now without a refund ends at once and promises nothing", async (shop) => {
  const { sql } = shop.stack;
  const who = await april(sql);
  const answer = await change(sql, who, "cancel_now", { refund: "none" });

  assert.equal(answer.outcome, "changed");
  assert.equal(
    (await subscriptionRow(sql, who.subscriptionId)).status,
    "canceled",
  );
  assert.equal(
    (await chargeRows(sql, who.subscriptionId))[0]?.refund_due,
    null,
  );
});

test("an upgrade charges the difference for the days left, to the whole won, and moves access when it is paid", async (shop) => {
  const { sql } = shop.stack;
  const who = await april(sql);
  const dearer = await addPlan(sql, { price: 25_001 });

  const answer = await change(sql, who, "change_plan", { planId: dearer });

  assert.equal(answer.outcome, "charge");
  const item = readCharge(answer.charge);
  // 15,001 won × 20 of 30 days = 10,000.67
  assert.equal(item.amount, 10_000);
  assert.equal(
    (await subscriptionRow(sql, who.subscriptionId)).plan_id,
    who.planId,
  );
  assert.equal(
    (await change(sql, who, "cancel_now")).outcome,
    "operation_in_progress",
  );
  await pay(sql, item);

  const row = await subscriptionRow(sql, who.subscriptionId);
  assert.deepEqual([row.plan_id, row.amount], [dearer, 25_001]);
  assert.equal(row.current_period_end, seoul("2027-05-01T00:00:00"));
  const access = await accessRows(sql, who.subscriptionId);
  assert.deepEqual(
    access.map((one) => [one.plan_id, one.starts_at, one.ends_at]),
    [
      [who.planId, seoul("2027-04-01T00:00:00"), seoul("2027-04-11T00:00:00")],
      [dearer, seoul("2027-04-11T00:00:00"), seoul("2027-05-01T00:00:00")],
    ],
  );
  const next = await claimOne(sql, who.subscriptionId, END);
  assert.equal(next.amount, 25_001);
  await pay(sql, next);
});

test("cancel_now after an upgrade gives back the unused part of both payments", async (shop) => {
  const { sql } = shop.stack;
  const who = await april(sql);
  const dearer = await addPlan(sql, { price: 25_001 });
  const upgrade = await change(sql, who, "change_plan", { planId: dearer });
  await pay(sql, readCharge(upgrade.charge));

  const answer = await change(sql, who, "cancel_now", {
    refund: "prorated",
    asOf: "2027-04-21T00:00:00+09:00",
  });

  // A third of April's 10,000, half of the 10,000 for twenty days.
  const refunds = answer.refunds as { amount: number }[];
  assert.deepEqual(refunds.map(({ amount }) => amount), [3_333, 5_000]);
});

test("a declined upgrade leaves plan, access and the next charge as they were", async (shop) => {
  const { sql } = shop.stack;
  const who = await april(sql);
  const dearer = await addPlan(sql, { price: 20_000 });
  const answer = await change(sql, who, "change_plan", { planId: dearer });
  await decline(sql, readCharge(answer.charge), "soft");

  const row = await subscriptionRow(sql, who.subscriptionId);
  assert.deepEqual([row.status, row.plan_id], ["active", who.planId]);
  assert.equal(row.next_charge_at, seoul("2027-05-01T00:00:00"));
  const charges = await chargeRows(sql, who.subscriptionId);
  assert.deepEqual(
    charges.map((one) => [one.kind, one.status, one.next_attempt_at]),
    [
      ["renewal", "paid", null],
      ["upgrade", "declined", null],
    ],
  );
  await pay(sql, await claimOne(sql, who.subscriptionId, END));
});

test("an upgrade whose difference is under 100 won happens at once without a charge", async (shop) => {
  const { sql } = shop.stack;
  const who = await april(sql);
  const dearer = await addPlan(sql, { price: 10_100 });
  const answer = await change(sql, who, "change_plan", { planId: dearer });

  assert.equal(answer.outcome, "changed");
  const row = await subscriptionRow(sql, who.subscriptionId);
  assert.deepEqual([row.plan_id, row.amount], [dearer, 10_100]);
});

test("a downgrade takes effect at the period's end, with the price agreed when it was chosen", async (shop) => {
  const { sql } = shop.stack;
  const who = await april(sql);
  const cheaper = await addPlan(sql, { price: 4_000 });
  await change(sql, who, "change_plan", { planId: cheaper });
  await sql`update public.plans set price = 5000 where id = ${cheaper}`;
  const planned = await subscriptionRow(sql, who.subscriptionId);
  assert.deepEqual([planned.plan_id, planned.next_plan_id], [
    who.planId,
    cheaper,
  ]);

  const item = await claimOne(sql, who.subscriptionId, END);
  assert.equal(item.amount, 4_000);
  await pay(sql, item);

  const row = await subscriptionRow(sql, who.subscriptionId);
  assert.deepEqual([row.plan_id, row.next_plan_id, row.amount], [
    cheaper,
    null,
    4_000,
  ]);
  assert.equal(row.current_period_end, seoul("2027-06-01T00:00:00"));
});

test("the plan one has takes a planned change back", async (shop) => {
  const { sql } = shop.stack;
  const who = await april(sql);
  const cheaper = await addPlan(sql, { price: 4_000 });
  await change(sql, who, "change_plan", { planId: cheaper });
  await change(sql, who, "change_plan", { planId: who.planId });

  const row = await subscriptionRow(sql, who.subscriptionId);
  assert.deepEqual([row.plan_id, row.next_plan_id], [who.planId, null]);
});

test("a withdrawn plan takes a planned change back, and nobody else changes to it", async (shop) => {
  const { sql } = shop.stack;
  const who = await april(sql);
  const cheaper = await addPlan(sql, { price: 4_000 });
  await change(sql, who, "change_plan", { planId: cheaper });
  await sql`update public.plans set active = false where id = ${who.planId}`;

  const back = await change(sql, who, "change_plan", { planId: who.planId });

  assert.equal(back.outcome, "changed");
  const row = await subscriptionRow(sql, who.subscriptionId);
  assert.deepEqual([row.plan_id, row.next_plan_id], [who.planId, null]);
  assert.equal(
    (await claimOne(sql, who.subscriptionId, END)).amount,
    10_000,
  );
  const other = await april(sql);
  const refused = await change(sql, other, "change_plan", {
    planId: who.planId,
  });
  assert.equal(refused.outcome, "plan_not_found");
});

test("a plan of another interval begins at the period's end and has its anchor there", async (shop) => {
  const { sql } = shop.stack;
  const who = await april(sql);
  const yearly = await addPlan(sql, { price: 100_000, interval: "year" });
  await change(sql, who, "change_plan", { planId: yearly });
  await pay(sql, await claimOne(sql, who.subscriptionId, END));
  await pay(
    sql,
    await claimOne(sql, who.subscriptionId, "2028-05-01T00:00:00+09:00"),
  );

  const row = await subscriptionRow(sql, who.subscriptionId);
  assert.equal(row.current_period_end, seoul("2029-05-01T00:00:00"));
  const charges = await chargeRows(sql, who.subscriptionId);
  assert.deepEqual(charges.map((one) => [one.period_number, one.amount]), [
    [1, 10_000],
    [2, 100_000],
    [3, 100_000],
  ]);
});

test("a later change of the plan's price does not reach who has subscribed", async (shop) => {
  const { sql } = shop.stack;
  const who = await april(sql);
  await sql`update public.plans set price = 99999, interval = 'day' where id = ${who.planId}`;

  const item = await claimOne(sql, who.subscriptionId, END);

  assert.equal(item.amount, 10_000);
  await pay(sql, item);
  const row = await subscriptionRow(sql, who.subscriptionId);
  assert.equal(row.current_period_end, seoul("2027-06-01T00:00:00"));
});

test("one live subscription per user and plan, also by way of a change of plan", async (shop) => {
  const { sql } = shop.stack;
  const who = await april(sql);
  const other = await addPlan(sql, { price: 4_000 });
  await sql`
    insert into public.subscriptions (user_id, plan_id, billing_method_id, status, current_period_start,
      current_period_end, next_charge_at)
    values (${who.userId}, ${other}, ${who.methodId}, 'active', ${START}, ${END}, ${END})`;

  const answer = await change(sql, who, "change_plan", { planId: other });

  assert.equal(answer.outcome, "already_subscribed");
  const nowhere = await change(sql, who, "change_plan", { planId: "no-such" });
  assert.equal(nowhere.outcome, "plan_not_found");
});

test("another user's subscription does not exist, and neither does another user's card", async (shop) => {
  const { sql } = shop.stack;
  const who = await april(sql);
  const stranger = await april(sql);
  const { subscriptionId } = who;
  const foreign = await change(
    sql,
    { subscriptionId, userId: stranger.userId },
    "cancel_now",
  );
  assert.deepEqual(foreign, { outcome: "subscription_not_found" });
  const card = await change(sql, who, "change_method", {
    billingMethodId: stranger.methodId,
  });
  assert.deepEqual(card, { outcome: "method_not_found" });
});

test("change_method: the next charge goes to the new card", async (shop) => {
  const { sql } = shop.stack;
  const who = await april(sql);
  const billingMethodId = await addMethod(sql, who.userId);
  const answer = await change(sql, who, "change_method", { billingMethodId });
  assert.equal(answer.outcome, "changed");

  const item = await claimOne(sql, who.subscriptionId, END);

  assert.equal(item.billingMethodId, billingMethodId);
  assert.equal(item.ciphertext, `ciphertext of ${billingMethodId}`);
  await pay(sql, item);
});
