import assert from "node:assert/strict";
import { callSql } from "../../support/answers.ts";
import { assertInvariantsHold } from "../../support/books.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import {
  accessRows,
  addMethod,
  addSubscriber,
  chargeRows,
  claim,
  claimOne,
  decline,
  DUNNING,
  leasing,
  outboxTypes,
  pay,
  seoul,
  subscriptionRow,
} from "../../support/subscriber.ts";

const test = shopTests({}, assertInvariantsHold);
const START = "2027-01-31T10:00:00+09:00";
/** When the second period is due. */
const DUE = "2027-02-28T10:00:00+09:00";
const KEEP = { ...DUNNING, finalAction: "keep_past_due" };

function march(day: number, time = "10:00:00"): string {
  return `2027-03-${String(day).padStart(2, "0")}T${time}+09:00`;
}

async function declinedOnce(
  { stack }: Shop,
  declineClass: "soft" | "hard" | "limit",
  dunning: unknown = DUNNING,
) {
  const subscriber = await addSubscriber(stack.sql, START);
  const item = await claimOne(stack.sql, subscriber.subscriptionId, DUE);
  await decline(stack.sql, item, declineClass, dunning);
  return subscriber;
}

test("a soft decline is tried again on days 1, 3, 5 and 7 after the first, and the last one cancels", async (shop) => {
  const { sql } = shop.stack;
  const { subscriptionId } = await declinedOnce(shop, "soft");
  const retries = [march(1), march(3), march(5), march(7)];
  for (const [index, at] of retries.entries()) {
    const row = await subscriptionRow(sql, subscriptionId);
    assert.equal(row.status, "past_due");
    assert.equal(row.next_charge_at, new Date(at).toISOString());
    const before = new Date(Date.parse(at) - 1000).toISOString();
    assert.deepEqual(
      (await claim(sql, before, { subscriptionId })).charges,
      [],
    );
    const item = await claimOne(sql, subscriptionId, at);
    assert.equal(item.attempt, index + 2);
    await decline(sql, item, "soft");
  }

  const row = await subscriptionRow(sql, subscriptionId);
  assert.equal(row.status, "canceled");
  assert.equal(row.end_reason, "dunning");
  assert.equal(row.ended_at, seoul("2027-03-07T10:00:00"));
  const [charge] = await chargeRows(sql, subscriptionId);
  assert.equal(charge?.status, "declined");
  assert.equal(charge?.attempt, 5);
  assert.equal(charge?.next_attempt_at, null);
  const [access] = await accessRows(sql, subscriptionId);
  assert.equal(access?.ends_at, seoul("2027-03-07T10:00:00"));
  assert.deepEqual(await outboxTypes(sql, subscriptionId), [
    "subscription.payment_failed",
    "subscription.past_due",
    ...Array(4).fill("subscription.payment_failed"),
    "subscription.canceled",
  ]);
  assert.deepEqual(
    (await claim(sql, march(30), { subscriptionId })).charges,
    [],
  );
});

test("keep_past_due ends access, and a new card still recovers the subscription", async (shop) => {
  const { sql } = shop.stack;
  const { subscriptionId, userId } = await declinedOnce(shop, "soft", KEEP);
  const last = await claimOne(sql, subscriptionId, march(8));
  await decline(sql, last, "soft", KEEP);

  const kept = await subscriptionRow(sql, subscriptionId);
  assert.equal(kept.status, "past_due");
  assert.equal(kept.next_charge_at, null);
  assert.equal(kept.needs_payment_method, true);
  assert.deepEqual(
    (await claim(sql, march(30), { subscriptionId })).charges,
    [],
  );

  const billingMethodId = await addMethod(sql, userId);
  const answer = await callSql(sql, "change_subscription", {
    subscriptionId,
    userId,
    action: "change_method",
    billingMethodId,
    asOf: march(20),
    ...leasing(),
  });
  assert.equal(answer.outcome, "charge");
  const { charges } = await claim(sql, march(20), { subscriptionId });
  assert.deepEqual(charges, [], "the caller of change_method has it");
  await sql`
    update public.operations set lease_expires_at = toss_private.clock_now() - interval '1 second'
    where state = 'started'`;
  await pay(sql, await claimOne(sql, subscriptionId, march(20)));

  const row = await subscriptionRow(sql, subscriptionId);
  assert.equal(row.status, "active");
  assert.equal(row.needs_payment_method, false);
  assert.equal(row.current_period_start, seoul("2027-02-28T10:00:00"));
  assert.equal(row.next_charge_at, seoul("2027-03-31T10:00:00"));
  const [access] = await accessRows(sql, subscriptionId);
  assert.equal(access?.revoked_at, null);
  assert.equal(access?.ends_at, seoul("2027-03-31T10:00:00"));
  assert.ok(
    (await outboxTypes(sql, subscriptionId)).includes("subscription.recovered"),
  );
});

test("after days without a runner the ladder goes on with the next day that is still to come", async (shop) => {
  const { sql } = shop.stack;
  const { subscriptionId } = await declinedOnce(shop, "soft");
  const late = await claimOne(sql, subscriptionId, march(4, "12:00:00"));
  await decline(sql, late, "soft");

  const row = await subscriptionRow(sql, subscriptionId);
  assert.equal(row.next_charge_at, seoul("2027-03-05T10:00:00"));
});

test("recovery within the grace keeps the anchor: the next period begins where the paid one ends", async (shop) => {
  const { sql } = shop.stack;
  const { subscriptionId } = await declinedOnce(shop, "soft");
  const during = await accessRows(sql, subscriptionId);
  assert.equal(during[0]?.ends_at, seoul("2027-03-07T10:00:00"));

  await pay(sql, await claimOne(sql, subscriptionId, march(3)));

  const row = await subscriptionRow(sql, subscriptionId);
  assert.equal(row.status, "active");
  assert.equal(row.current_period_end, seoul("2027-03-31T10:00:00"));
  const [access, ...others] = await accessRows(sql, subscriptionId);
  assert.equal(access?.ends_at, seoul("2027-03-31T10:00:00"));
  assert.deepEqual(others, []);
  assert.deepEqual(await outboxTypes(sql, subscriptionId), [
    "subscription.payment_failed",
    "subscription.past_due",
    "subscription.recovered",
    "subscription.payment_succeeded",
  ]);
});

test("a hard decline is not tried again, asks for a card, and ends with the grace", async (shop) => {
  const { sql } = shop.stack;
  const { subscriptionId } = await declinedOnce(shop, "hard");
  const row = await subscriptionRow(sql, subscriptionId);
  assert.equal(row.status, "past_due");
  assert.equal(row.next_charge_at, null);
  assert.equal(row.needs_payment_method, true);
  assert.equal(row.access_ends_at, seoul("2027-03-07T10:00:00"));
  const [charge] = await chargeRows(sql, subscriptionId);
  assert.equal(charge?.next_attempt_at, null);
  assert.deepEqual(
    (await claim(sql, march(6), { subscriptionId })).charges,
    [],
  );
  const advance = (asOf: string) =>
    callSql(sql, "advance_subscriptions", {
      limit: 10,
      asOf,
      dunning: DUNNING,
    });
  assert.equal((await advance(march(7, "09:59:59"))).ended, 0);

  assert.equal((await advance(march(7))).ended, 1);

  const ended = await subscriptionRow(sql, subscriptionId);
  assert.equal(ended.status, "canceled");
  assert.equal(ended.ended_at, seoul("2027-03-07T10:00:00"));
  assert.deepEqual(await outboxTypes(sql, subscriptionId), [
    "subscription.payment_failed",
    "subscription.past_due",
    "subscription.payment_method_required",
    "subscription.canceled",
  ]);
});

test("a hard decline on the last day is followed by the final action at once", async (shop) => {
  const { sql } = shop.stack;
  const { subscriptionId } = await declinedOnce(shop, "soft");
  await decline(sql, await claimOne(sql, subscriptionId, march(7)), "hard");

  assert.equal((await subscriptionRow(sql, subscriptionId)).status, "canceled");
});

test("a limit is tried again after the next midnight in Seoul, until the last day", async (shop) => {
  const { sql } = shop.stack;
  const { subscriptionId } = await declinedOnce(shop, "limit");
  const nights = ["2027-03-01", "2027-03-02", "2027-03-03", "2027-03-04"];
  for (const night of [...nights, "2027-03-05", "2027-03-06", "2027-03-07"]) {
    const row = await subscriptionRow(sql, subscriptionId);
    assert.equal(row.next_charge_at, seoul(`${night}T00:05:00`));
    const item = await claimOne(sql, subscriptionId, `${night}T00:05:00+09:00`);
    await decline(sql, item, "limit");
  }
  assert.equal((await subscriptionRow(sql, subscriptionId)).status, "past_due");

  const last = await claimOne(sql, subscriptionId, "2027-03-08T00:05:00+09:00");
  await decline(sql, last, "limit");

  assert.equal((await subscriptionRow(sql, subscriptionId)).status, "canceled");
});

test("a limit just before midnight is tried again minutes later, on the new day", async (shop) => {
  const { sql } = shop.stack;
  const { subscriptionId } = await addSubscriber(sql, START);
  const item = await claimOne(sql, subscriptionId, "2027-02-28T23:59:00+09:00");
  await decline(sql, item, "limit");

  const row = await subscriptionRow(sql, subscriptionId);
  assert.equal(row.next_charge_at, seoul("2027-03-01T00:05:00"));
});

test("no usable billing method counts as a hard decline, without asking Toss", async (shop) => {
  const { sql } = shop.stack;
  const { subscriptionId, methodId } = await addSubscriber(sql, START);
  await sql`
    update public.billing_methods set status = 'deleted', deleted_at = now() where id = ${methodId}`;

  const answer = await claim(sql, DUE, { subscriptionId });

  assert.deepEqual([answer.charges, answer.refused], [[], 1]);
  const [charge] = await chargeRows(sql, subscriptionId);
  assert.equal(charge?.status, "declined");
  assert.equal(charge?.failure_code, "NO_BILLING_METHOD");
  const row = await subscriptionRow(sql, subscriptionId);
  assert.equal(row.status, "past_due");
  assert.equal(row.needs_payment_method, true);
});

test("a decline that is reported twice counts once", async (shop) => {
  const { sql } = shop.stack;
  const { subscriptionId } = await addSubscriber(sql, START);
  const item = await claimOne(sql, subscriptionId, DUE);
  const first = await decline(sql, item, "soft");
  const lines = await outboxTypes(sql, subscriptionId);

  assert.deepEqual(await decline(sql, item, "hard"), first);

  assert.equal(first.outcome, "declined");
  assert.equal(first.subscriptionStatus, "past_due");
  assert.deepEqual(await outboxTypes(sql, subscriptionId), lines);
  assert.equal((await chargeRows(sql, subscriptionId))[0]?.attempt, 1);
});

test("while the answer to a retry is unknown there is access, however long it takes", async (shop) => {
  const { sql } = shop.stack;
  const { subscriptionId, userId, planId } = await declinedOnce(shop, "soft");
  const item = await claimOne(sql, subscriptionId, march(7));

  const [access] = await accessRows(sql, subscriptionId);
  assert.equal(access?.ends_at, seoul("2027-03-31T10:00:00"));
  await callSql(sql, "advance_subscriptions", {
    limit: 10,
    asOf: march(20),
    dunning: DUNNING,
  });
  assert.equal((await subscriptionRow(sql, subscriptionId)).status, "past_due");
  const [shown] = await sql`
    select status from public.user_plans where user_id = ${userId} and plan = ${planId}`;
  assert.equal(shown?.status, "past_due");
  await decline(sql, item, "soft");
  const [ended] = await accessRows(sql, subscriptionId);
  assert.equal(ended?.ends_at, seoul("2027-03-07T10:00:00"));
});

test("retry_payment charges the debt before its time, and the ladder counts from the first decline", async (shop) => {
  const { sql } = shop.stack;
  const { subscriptionId, userId } = await declinedOnce(shop, "soft");
  const request = {
    subscriptionId,
    userId,
    action: "retry_payment",
    asOf: march(2),
    ...leasing(),
  };
  const answer = await callSql(sql, "change_subscription", request);
  assert.equal(answer.outcome, "charge");
  const repeated = await callSql(sql, "change_subscription", request);
  assert.equal(repeated.outcome, "operation_in_progress");
  const [operation] = await sql<{ id: string; lease_token: string }[]>`
    select op.id, op.lease_token from public.operations as op
    join public.subscription_charges as c on c.id = op.charge_id
    where c.subscription_id = ${subscriptionId} and op.state = 'started'`;
  assert.ok(operation);
  await decline(sql, {
    operationId: operation.id,
    leaseToken: operation.lease_token,
  }, "soft");

  const row = await subscriptionRow(sql, subscriptionId);
  assert.equal(row.next_charge_at, seoul("2027-03-03T10:00:00"));
});

test("isRetry claims a declined charge before its time, for a new card", async (shop) => {
  const { sql } = shop.stack;
  const { subscriptionId } = await declinedOnce(shop, "hard");

  const item = await claimOne(sql, subscriptionId, march(1), { isRetry: true });

  assert.equal(item.attempt, 2);
  await pay(sql, item);
  assert.equal((await subscriptionRow(sql, subscriptionId)).status, "active");
});
