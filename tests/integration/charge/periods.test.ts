import assert from "node:assert/strict";
import { callSql } from "../../support/answers.ts";
import { assertInvariantsHold } from "../../support/books.ts";
import { shopTests } from "../../support/shop-test.ts";
import {
  accessRows,
  addCustomer,
  addMethod,
  addPlan,
  addSubscriber,
  chargeRows,
  claim,
  claimOne,
  type Connection,
  decline,
  DUNNING,
  outboxTypes,
  pay,
  paymentKeyOf,
  refundAll,
  seoul,
  subscriptionRow,
} from "../../support/subscriber.ts";

const test = shopTests({}, assertInvariantsHold);
const START = "2027-01-31T10:00:00+09:00";

/** A subscriber in a trial that ends at `trialEnd`. */
async function addTrial(sql: Connection, trialEnd: string) {
  const planId = await addPlan(sql, { trialDays: 7 });
  const userId = await addCustomer(sql);
  const methodId = await addMethod(sql, userId);
  const [row] = await sql<{ id: string }[]>`
    insert into public.subscriptions (user_id, plan_id, billing_method_id, status, current_period_start,
      current_period_end, next_charge_at, remind_at)
    values (${userId}, ${planId}, ${methodId}, 'trialing', ${trialEnd}::timestamptz - interval '7 days',
      ${trialEnd}, ${trialEnd}, ${trialEnd}::timestamptz - interval '3 days')
    returning id`;
  assert.ok(row);
  return { subscriptionId: row.id, planId, userId };
}

test("14 months from 31 January: every period ends on the month's last day, none drifts", async (shop) => {
  const { sql } = shop.stack;
  const { subscriptionId } = await addSubscriber(sql, START);
  const ends: string[] = [];
  for (let month = 0; month < 14; month++) {
    const { next_charge_at } = await subscriptionRow(sql, subscriptionId);
    assert.ok(next_charge_at);
    await pay(sql, await claimOne(sql, subscriptionId, next_charge_at));
    const row = await subscriptionRow(sql, subscriptionId);
    assert.equal(row.current_period_start, next_charge_at);
    ends.push(row.current_period_end);
  }

  const days = [31, 30, 31, 30, 31, 31, 30, 31, 30, 31, 31, 29, 31, 30];
  assert.deepEqual(
    ends,
    days.map((day, index) => {
      const date = new Date(Date.UTC(2027, 2 + index, day, 1));
      return date.toISOString();
    }),
  );
  const charges = await chargeRows(sql, subscriptionId);
  assert.deepEqual(
    charges.map(({ period_number, status }) => [period_number, status]),
    days.map((_, index) => [index + 1, "paid"]),
  );
  const access = await accessRows(sql, subscriptionId);
  assert.equal(access.length, 14);
  for (const [index, one] of access.slice(1).entries()) {
    assert.equal(one.starts_at, access[index]?.ends_at);
  }
});

test("three missed periods with catch_up current: one charge for the period that runs, the missed ones listed", async (shop) => {
  const { sql } = shop.stack;
  const { subscriptionId } = await addSubscriber(sql, START);

  const item = await claimOne(sql, subscriptionId, "2027-06-10T00:00:00+09:00");
  await pay(sql, item);

  const charges = await chargeRows(sql, subscriptionId);
  assert.deepEqual(
    charges.map((one) => [one.period_number, one.status, one.failure_code]),
    [
      [1, "void", "MISSED_PERIOD"],
      [2, "void", "MISSED_PERIOD"],
      [3, "void", "MISSED_PERIOD"],
      [4, "paid", null],
    ],
  );
  const row = await subscriptionRow(sql, subscriptionId);
  assert.equal(row.current_period_start, seoul("2027-05-31T10:00:00"));
  assert.equal(row.next_charge_at, seoul("2027-06-30T10:00:00"));
  assert.equal((await accessRows(sql, subscriptionId)).length, 1);
});

test("three missed periods with catch_up all: each is charged once, one after another in the same run", async (shop) => {
  const { sql } = shop.stack;
  const { subscriptionId } = await addSubscriber(sql, START, {
    catchUp: "all",
  });
  const asOf = "2027-06-10T00:00:00+09:00";
  const starts: string[] = [];
  for (;;) {
    const { charges, remaining } = await claim(sql, asOf, { subscriptionId });
    const [item] = charges;
    if (item === undefined) break;
    // A loop that stops at remaining = 0 must not stop before the last missed period.
    assert.equal(remaining, starts.length < 3 ? 1 : 0);
    await pay(sql, item);
    starts.push(
      (await subscriptionRow(sql, subscriptionId)).current_period_start,
    );
  }

  assert.deepEqual(starts, [
    seoul("2027-02-28T10:00:00"),
    seoul("2027-03-31T10:00:00"),
    seoul("2027-04-30T10:00:00"),
    seoul("2027-05-31T10:00:00"),
  ]);
});

test("while a period is owed, later ones wait; paid late, catch-up decides about them", async (shop) => {
  const { sql } = shop.stack;
  const { subscriptionId } = await addSubscriber(sql, START, {
    interval: "week",
  });
  const due = "2027-02-07T10:00:00+09:00";
  await decline(sql, await claimOne(sql, subscriptionId, due), "soft");
  const retry = "2027-02-14T09:00:00+09:00";
  const item = await claimOne(sql, subscriptionId, retry);
  assert.equal((await chargeRows(sql, subscriptionId)).length, 1);
  await pay(sql, item);

  const next = await claimOne(sql, subscriptionId, "2027-02-14T10:00:00+09:00");
  await pay(sql, next);

  const charges = await chargeRows(sql, subscriptionId);
  assert.deepEqual(charges.map((one) => [one.period_number, one.status]), [
    [1, "paid"],
    [2, "paid"],
  ]);
});

test("a trial is charged for its first period when it ends", async (shop) => {
  const { sql } = shop.stack;
  const end = "2027-01-31T10:00:00+09:00";
  const { subscriptionId } = await addTrial(sql, end);
  await pay(sql, await claimOne(sql, subscriptionId, end));

  const row = await subscriptionRow(sql, subscriptionId);
  assert.equal(row.status, "active");
  assert.equal(row.period_number, 0);
  assert.equal(row.current_period_start, seoul("2027-01-31T10:00:00"));
  assert.equal(row.next_charge_at, seoul("2027-02-28T10:00:00"));
  assert.ok(
    (await outboxTypes(sql, subscriptionId)).includes("subscription.activated"),
  );
});

test("a trial whose first charge is declined becomes past_due and recovers", async (shop) => {
  const { sql } = shop.stack;
  const end = "2027-01-31T10:00:00+09:00";
  const { subscriptionId } = await addTrial(sql, end);
  await decline(sql, await claimOne(sql, subscriptionId, end), "soft");
  assert.equal((await subscriptionRow(sql, subscriptionId)).status, "past_due");

  const retry = "2027-02-01T10:00:00+09:00";
  await pay(sql, await claimOne(sql, subscriptionId, retry));

  const row = await subscriptionRow(sql, subscriptionId);
  assert.equal(row.status, "active");
  assert.equal(row.next_charge_at, seoul("2027-02-28T10:00:00"));
});

test("a reminder is written once a period, before the charge, and not during an outage after it", async (shop) => {
  const { sql } = shop.stack;
  const end = "2027-01-31T10:00:00+09:00";
  const { subscriptionId } = await addTrial(sql, end);
  const advance = async (asOf: string) => {
    const request = { limit: 100, asOf, dunning: DUNNING };
    return (await callSql(sql, "advance_subscriptions", request)).reminded;
  };
  const reminders = async () =>
    (await outboxTypes(sql, subscriptionId)).filter((type) =>
      type.endsWith("trial_ending") || type.endsWith("upcoming")
    );
  assert.equal(await advance("2027-01-28T09:59:59+09:00"), 0);
  assert.equal(await advance("2027-01-28T10:00:00+09:00"), 1);
  assert.equal(await advance("2027-01-28T10:00:00+09:00"), 0);
  await pay(sql, await claimOne(sql, subscriptionId, end));
  await advance("2027-02-25T10:00:00+09:00");
  await pay(
    sql,
    await claimOne(sql, subscriptionId, "2027-02-28T10:00:00+09:00"),
  );
  await advance("2027-04-02T10:00:00+09:00");

  assert.deepEqual(await reminders(), [
    "subscription.trial_ending",
    "subscription.renewal_upcoming",
  ]);
  assert.equal((await subscriptionRow(sql, subscriptionId)).remind_at, null);
});

test("a full refund of the current period ends subscription and access at once", async (shop) => {
  const { sql } = shop.stack;
  const { subscriptionId, userId, planId } = await addSubscriber(sql, START);
  const item = await claimOne(sql, subscriptionId, "2027-02-28T10:00:00+09:00");
  await pay(sql, item);

  await refundAll(sql, item);

  const row = await subscriptionRow(sql, subscriptionId);
  assert.equal(row.status, "canceled");
  assert.equal(row.end_reason, "refunded");
  assert.equal(row.next_charge_at, null);
  assert.ok((await accessRows(sql, subscriptionId))[0]?.revoked_at);
  const [plan] = await sql`
    select status from public.user_plans where user_id = ${userId} and plan = ${planId}`;
  assert.equal(plan?.status, "canceled");
});

test("a full refund of an older period ends only that period's access", async (shop) => {
  const { sql } = shop.stack;
  const { subscriptionId } = await addSubscriber(sql, START);
  const older = await claimOne(
    sql,
    subscriptionId,
    "2027-02-28T10:00:00+09:00",
  );
  await pay(sql, older);
  await pay(
    sql,
    await claimOne(sql, subscriptionId, "2027-03-31T10:00:00+09:00"),
  );

  await refundAll(sql, older);

  assert.equal((await subscriptionRow(sql, subscriptionId)).status, "active");
  const access = await accessRows(sql, subscriptionId);
  assert.deepEqual(access.map(({ revoked_at }) => revoked_at === null), [
    false,
    true,
  ]);
});

test("a partial refund takes no access", async (shop) => {
  const { sql } = shop.stack;
  const { subscriptionId } = await addSubscriber(sql, START);
  const item = await claimOne(sql, subscriptionId, "2027-02-28T10:00:00+09:00");
  await pay(sql, item);
  await pay(sql, item, {
    status: "PARTIAL_CANCELED",
    balanceAmount: 9_000,
    cancels: [{
      transactionKey: `part-${item.orderId}`,
      cancelAmount: 1_000,
      cancelReason: "test",
      cancelStatus: "DONE",
      canceledAt: "2027-03-01T10:00:00+09:00",
    }],
  });

  assert.equal((await subscriptionRow(sql, subscriptionId)).status, "active");
  assert.equal((await accessRows(sql, subscriptionId))[0]?.revoked_at, null);
});

test("a charge that is found only after its refund counts as refunded", async (shop) => {
  const { sql } = shop.stack;
  const { subscriptionId } = await addSubscriber(sql, START);
  const item = await claimOne(sql, subscriptionId, "2027-02-28T10:00:00+09:00");

  await refundAll(sql, item);

  assert.equal((await subscriptionRow(sql, subscriptionId)).status, "canceled");
  assert.equal((await chargeRows(sql, subscriptionId))[0]?.status, "paid");
});

test("money that arrives for a subscription that has ended meanwhile raises an alert until it is given back", async (shop) => {
  const { sql } = shop.stack;
  const { subscriptionId } = await addSubscriber(sql, START);
  const paid = await claimOne(sql, subscriptionId, "2027-02-28T10:00:00+09:00");
  await pay(sql, paid);
  const late = await claimOne(sql, subscriptionId, "2027-03-31T10:00:00+09:00");
  await refundAll(sql, paid);
  await pay(sql, late);
  const alerts = () =>
    sql`select alert from public.alerts where subject = ${late.orderId}`;

  assert.equal((await subscriptionRow(sql, subscriptionId)).status, "canceled");
  assert.deepEqual([...await alerts()], [{ alert: "second_payment" }]);
  await refundAll(sql, late);
  assert.deepEqual([...await alerts()], []);
  const access = await accessRows(sql, subscriptionId);
  assert.ok(access.every(({ revoked_at }) => revoked_at !== null));
});

test("an attempt that Toss had refused and paid after all pays the charge once", async (shop) => {
  const { sql } = shop.stack;
  const { subscriptionId } = await addSubscriber(sql, START);
  const first = await claimOne(
    sql,
    subscriptionId,
    "2027-02-28T10:00:00+09:00",
  );
  await decline(sql, first, "soft");
  const second = await claimOne(
    sql,
    subscriptionId,
    "2027-03-01T10:00:00+09:00",
  );
  await pay(sql, first);
  await pay(sql, second);

  const [charge] = await chargeRows(sql, subscriptionId);
  assert.equal(charge?.status, "paid");
  const violations = await sql`
    select invariant, subject from public.invariant_violations()`;
  assert.deepEqual([...violations], [
    { invariant: "charge_is_paid_once", subject: second.chargeId },
  ]);
  const alerts = await sql`
    select alert from public.alerts where subject = ${second.orderId}`;
  assert.deepEqual([...alerts], [{ alert: "second_payment" }]);
  await refundAll(sql, second);
  assert.equal((await subscriptionRow(sql, subscriptionId)).status, "active");
  const [payment] = await sql`
    select subscription_id from public.payments where payment_key = ${
    paymentKeyOf(first)
  }`;
  assert.equal(payment?.subscription_id, subscriptionId);
});
