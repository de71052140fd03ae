import assert from "node:assert/strict";
import { callSql } from "../../support/answers.ts";
import { shopTests } from "../../support/shop-test.ts";
import {
  accessRows,
  addPlan,
  addSubscriber,
  type ChargeItem,
  chargeRows,
  claim,
  claimOne,
  type Connection,
  decline,
  DUNNING,
  leasing,
  pay,
  readCharge,
  refundAll,
  seoul,
  type Subscriber,
  subscriptionRow,
} from "../../support/subscriber.ts";

// A late payment is money too much: the books are compared by each test for itself.
const test = shopTests({}, () => Promise.resolve());
const START = "2027-04-01T00:00:00+09:00";
const DAY_11 = "2027-04-11T00:00:00+09:00";
const END = "2027-05-01T00:00:00+09:00";

function change(
  sql: Connection,
  { subscriptionId, userId }: Subscriber,
  action: string,
  changes: Record<string, unknown> = {},
) {
  return callSql(sql, "change_subscription", {
    subscriptionId,
    userId,
    action,
    asOf: DAY_11,
    ...leasing(),
    ...changes,
  });
}

/** A subscriber who has paid for April and whose upgrade on day 11 Toss has refused, or so it said. */
async function refusedUpgrade(sql: Connection) {
  const subscriber = await addSubscriber(sql, "2027-03-01T00:00:00+09:00");
  const base = await claimOne(sql, subscriber.subscriptionId, START);
  await pay(sql, base);
  const dearer = await addPlan(sql, { price: 40_000 });
  const upgrade = await beginUpgrade(sql, subscriber, dearer);
  await decline(sql, upgrade, "soft");
  return { subscriber, base, upgrade, dearer };
}

async function beginUpgrade(
  sql: Connection,
  subscriber: Subscriber,
  planId: string,
): Promise<ChargeItem> {
  const answer = await change(sql, subscriber, "change_plan", { planId });
  return readCharge(answer.charge);
}

function violations(sql: Connection, subject: string) {
  return sql<{ invariant: string }[]>`
    select invariant from public.invariant_violations() where subject = ${subject}`;
}

test("an upgrade that was paid after all takes place, also after notice", async (shop) => {
  const { sql } = shop.stack;
  const { subscriber, upgrade, dearer } = await refusedUpgrade(sql);
  await change(sql, subscriber, "cancel_at_period_end");

  await pay(sql, upgrade);

  const row = await subscriptionRow(sql, subscriber.subscriptionId);
  assert.deepEqual(
    [row.plan_id, row.next_charge_at, row.access_ends_at, row.remind_at],
    [dearer, null, seoul("2027-05-01T00:00:00"), null],
  );
});

test("an upgrade that was paid after its period takes nothing from the one that runs", async (shop) => {
  const { sql } = shop.stack;
  const { subscriber, upgrade } = await refusedUpgrade(sql);
  const { subscriptionId, planId } = subscriber;
  await pay(sql, await claimOne(sql, subscriptionId, END));
  const before = await accessRows(sql, subscriptionId);

  await pay(sql, upgrade);

  const row = await subscriptionRow(sql, subscriptionId);
  assert.deepEqual([row.status, row.plan_id, row.amount], [
    "active",
    planId,
    10_000,
  ]);
  assert.equal(row.next_charge_at, seoul("2027-06-01T00:00:00"));
  assert.deepEqual(await accessRows(sql, subscriptionId), before);
  assert.deepEqual(
    (await violations(sql, upgrade.chargeId)).map((v) => v.invariant),
    ["paid_period_has_its_access"],
    "somebody has to give it back",
  );
  await refundAll(sql, upgrade);
  assert.equal((await subscriptionRow(sql, subscriptionId)).status, "active");
  assert.deepEqual([...await violations(sql, upgrade.chargeId)], []);
});

test("an upgrade that was paid after all does not undo arrears, nor a second subscription", async (shop) => {
  const { sql } = shop.stack;
  const { subscriber, upgrade, dearer } = await refusedUpgrade(sql);
  const { subscriptionId } = subscriber;
  await decline(sql, await claimOne(sql, subscriptionId, END), "soft");
  await pay(sql, upgrade);
  assert.equal((await subscriptionRow(sql, subscriptionId)).status, "past_due");

  const other = await refusedUpgrade(sql);
  const { userId, methodId } = other.subscriber;
  await sql`
    insert into public.subscriptions
      (user_id, plan_id, billing_method_id, status, current_period_start, current_period_end, next_charge_at)
    values (${userId}, ${other.dearer}, ${methodId}, 'active', ${START}, ${END}, ${END})`;
  await pay(sql, other.upgrade);
  assert.notEqual(
    (await subscriptionRow(sql, other.subscriber.subscriptionId)).plan_id,
    other.dearer,
  );
  assert.notEqual(dearer, other.dearer);
  for (const { chargeId } of [upgrade, other.upgrade]) {
    assert.equal((await violations(sql, chargeId)).length, 1);
  }
});

test("an attempt that was paid after all while the next one is at Toss stops nobody", async (shop) => {
  const { sql } = shop.stack;
  const { subscriptionId } = await addSubscriber(sql, START);
  const first = await claimOne(sql, subscriptionId, END);
  await decline(sql, first, "soft");
  const second = await claimOne(
    sql,
    subscriptionId,
    "2027-05-02T00:00:00+09:00",
  );
  assert.notEqual(first.orderId, second.orderId);

  await pay(sql, first);

  const postponed = await callSql(sql, "postpone_operation", {
    ...leasing(),
    operationId: second.operationId,
    leaseToken: second.leaseToken,
    errorCode: "TIMEOUT",
    errorMessage: "no answer",
    keyIsSpent: false,
    retryAfterSeconds: 0,
  });
  assert.equal(postponed.outcome, "unknown");
  const [again] = (await claim(sql, END, { subscriptionId })).charges;
  assert.equal(again?.operationId, second.operationId);
  const [charge] = await chargeRows(sql, subscriptionId);
  assert.equal(charge?.status, "paid");
  const refused = await callSql(sql, "decline_charge", {
    ...leasing(),
    operationId: second.operationId,
    leaseToken: again?.leaseToken,
    errorCode: "REJECT_CARD_PAYMENT",
    errorMessage: "",
    declineClass: "soft",
    dunning: DUNNING,
  });
  assert.equal(refused.outcome, "paid");
  assert.equal((await subscriptionRow(sql, subscriptionId)).status, "active");
});

test("an upgrade that is refunded in full leads back to the plan before; the period that is refunded ends it", async (shop) => {
  const { sql } = shop.stack;
  const { subscriber, base, dearer } = await refusedUpgrade(sql);
  const { subscriptionId, planId } = subscriber;
  const upgrade = await beginUpgrade(sql, subscriber, dearer);
  await pay(sql, upgrade);

  await refundAll(sql, upgrade);

  const row = await subscriptionRow(sql, subscriptionId);
  assert.deepEqual([row.status, row.plan_id, row.amount, row.next_charge_at], [
    "active",
    planId,
    10_000,
    seoul("2027-05-01T00:00:00"),
  ]);
  const running = (await accessRows(sql, subscriptionId))
    .filter((access) => access.revoked_at === null)
    .map((access) => [access.plan_id, access.ends_at]);
  assert.deepEqual(running, [[planId, seoul("2027-05-01T00:00:00")]]);
  await refundAll(sql, base);
  assert.equal((await subscriptionRow(sql, subscriptionId)).status, "canceled");
});

test("the debt of a subscription that ends is not shown as tried again", async (shop) => {
  const { sql } = shop.stack;
  const subscriber = await addSubscriber(sql, START);
  const { subscriptionId } = subscriber;
  await decline(sql, await claimOne(sql, subscriptionId, END), "soft");
  assert.notEqual(
    (await chargeRows(sql, subscriptionId))[0]?.next_attempt_at,
    null,
  );

  await change(sql, subscriber, "cancel_now", { asOf: END });

  const [charge] = await chargeRows(sql, subscriptionId);
  assert.deepEqual([charge?.status, charge?.next_attempt_at], [
    "declined",
    null,
  ]);
});
