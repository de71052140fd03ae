import assert from "node:assert/strict";
import { callSql } from "../../support/answers.ts";
import { assertInvariantsHold } from "../../support/books.ts";
import { registerMethod, removeMethod } from "../../support/methods.ts";
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
  readCharge,
  type Subscriber,
  subscriptionRow,
} from "../../support/subscriber.ts";

const test = shopTests({}, assertInvariantsHold);
const START = "2027-01-31T10:00:00+09:00";
const DUE = "2027-02-28T10:00:00+09:00";

function changeMethod(
  sql: Connection,
  { subscriptionId, userId }: Subscriber,
  billingMethodId: string,
) {
  return callSql(sql, "change_subscription", {
    subscriptionId,
    userId,
    action: "change_method",
    billingMethodId,
    asOf: DUE,
    ...leasing(),
  });
}

/** What stands where the subscriber looks, after the first card was refused. */
async function standing(sql: Connection, { subscriptionId }: Subscriber) {
  const row = await subscriptionRow(sql, subscriptionId);
  return [row.status, row.billing_method_id, row.needs_payment_method];
}

for (const declineClass of ["soft", "limit", "hard"] as const) {
  test(`a ${declineClass} refusal of the card before the change says nothing about the new one, which is charged at once`, async (shop) => {
    const { sql } = shop.stack;
    const who = await addSubscriber(sql, START);
    const item = await claimOne(sql, who.subscriptionId, DUE);
    const other = await addMethod(sql, who.userId);
    const changed = await changeMethod(sql, who, other);
    assert.equal(changed.outcome, "changed");

    const answer = await decline(sql, item, declineClass);

    assert.deepEqual(await standing(sql, who), ["past_due", other, false]);
    assert.equal(
      new Date(String(answer.dueAgainAt)).getTime(),
      new Date(DUE).getTime(),
    );
    const events = await outboxTypes(sql, who.subscriptionId);
    assert.ok(!events.includes("subscription.payment_method_required"));
    const again = await claimOne(sql, who.subscriptionId, DUE);
    assert.deepEqual([again.billingMethodId, again.attempt], [other, 2]);
    await pay(sql, again);
    assert.deepEqual(await standing(sql, who), ["active", other, false]);
  });
}

test("a card registered while the charge is open takes over when the charge is refused, and not when it is paid", async (shop) => {
  const { sql } = shop.stack;
  const refused = await addSubscriber(sql, START);
  const item = await claimOne(sql, refused.subscriptionId, DUE);
  const newer = await registerMethod(sql, refused.userId);
  assert.deepEqual(await standing(sql, refused), [
    "active",
    refused.methodId,
    false,
  ]);
  await decline(sql, item, "hard");

  assert.deepEqual(await standing(sql, refused), ["past_due", newer, false]);
  const again = await claimOne(sql, refused.subscriptionId, DUE);
  assert.equal(again.billingMethodId, newer);
  await pay(sql, again);

  const paid = await addSubscriber(sql, START);
  const first = await claimOne(sql, paid.subscriptionId, DUE);
  await registerMethod(sql, paid.userId);
  await pay(sql, first);
  assert.deepEqual(await standing(sql, paid), ["active", paid.methodId, false]);
});

test("a card registered for a debt that is being retried is charged when the old one is refused", async (shop) => {
  const { sql } = shop.stack;
  const who = await addSubscriber(sql, START);
  await decline(sql, await claimOne(sql, who.subscriptionId, DUE), "soft");
  const retry = await claimOne(
    sql,
    who.subscriptionId,
    "2027-03-01T10:00:00+09:00",
  );
  const newer = await registerMethod(sql, who.userId);

  await decline(sql, retry, "hard");

  assert.deepEqual(await standing(sql, who), ["past_due", newer, false]);
  const again = await claimOne(
    sql,
    who.subscriptionId,
    "2027-03-01T10:00:00+09:00",
  );
  assert.equal(again.billingMethodId, newer);
  await pay(sql, again);
});

test("the last day's refusal of the old card ends nothing while the new one has not been tried", async (shop) => {
  const { sql } = shop.stack;
  const who = await addSubscriber(sql, START);
  await decline(sql, await claimOne(sql, who.subscriptionId, DUE), "soft");
  const last = "2027-03-07T10:00:00+09:00";
  const item = await claimOne(sql, who.subscriptionId, last);
  const other = await addMethod(sql, who.userId);
  await changeMethod(sql, who, other);
  await decline(sql, item, "soft");

  assert.deepEqual(await standing(sql, who), ["past_due", other, false]);
  const [access] = await accessRows(sql, who.subscriptionId);
  assert.ok(access && access.revoked_at === null);
  assert.ok(new Date(access.ends_at) > new Date(last), access.ends_at);
  await decline(sql, await claimOne(sql, who.subscriptionId, last), "soft");
  assert.equal(
    (await subscriptionRow(sql, who.subscriptionId)).status,
    "canceled",
  );
});

test("the card that is tried is removed: by the new one the debt is paid, without one another is asked for", async (shop) => {
  const { sql } = shop.stack;
  const changed = await addSubscriber(sql, START);
  const item = await claimOne(sql, changed.subscriptionId, DUE);
  const other = await addMethod(sql, changed.userId);
  await changeMethod(sql, changed, other);
  await removeMethod(sql, changed.userId, changed.methodId);
  await decline(sql, item, "hard");
  assert.deepEqual(await standing(sql, changed), ["past_due", other, false]);
  await pay(sql, await claimOne(sql, changed.subscriptionId, DUE));

  const removed = await addSubscriber(sql, START);
  const open = await claimOne(sql, removed.subscriptionId, DUE);
  await removeMethod(sql, removed.userId, removed.methodId);
  const newer = await registerMethod(sql, removed.userId);
  await decline(sql, open, "hard");
  assert.deepEqual(await standing(sql, removed), ["past_due", newer, false]);
  await pay(sql, await claimOne(sql, removed.subscriptionId, DUE));

  const without = await addSubscriber(sql, START);
  const last = await claimOne(sql, without.subscriptionId, DUE);
  await removeMethod(sql, without.userId, without.methodId);
  await decline(sql, last, "soft");
  assert.deepEqual(await standing(sql, without), [
    "past_due",
    without.methodId,
    true,
  ]);
});

test("the new card is removed before the old one is refused: another is asked for", async (shop) => {
  const { sql } = shop.stack;
  const who = await addSubscriber(sql, START);
  const item = await claimOne(sql, who.subscriptionId, DUE);
  const other = await addMethod(sql, who.userId);
  await changeMethod(sql, who, other);
  await removeMethod(sql, who.userId, other);
  await decline(sql, item, "hard");

  assert.deepEqual(await standing(sql, who), ["past_due", other, true]);
  assert.deepEqual(
    (await claim(sql, DUE, { subscriptionId: who.subscriptionId })).charges,
    [],
  );
});

test("a change that is taken back while the charge is open leaves the refusal with the card", async (shop) => {
  const { sql } = shop.stack;
  const who = await addSubscriber(sql, START);
  const item = await claimOne(sql, who.subscriptionId, DUE);
  await changeMethod(sql, who, await addMethod(sql, who.userId));
  await changeMethod(sql, who, who.methodId);
  await decline(sql, item, "hard");

  assert.deepEqual(await standing(sql, who), ["past_due", who.methodId, true]);
});

test("a hard refusal of an upgrade does not break the card that was chosen meanwhile", async (shop) => {
  const { sql } = shop.stack;
  const who = await addSubscriber(sql, START);
  const planId = await addPlan(sql, { price: 40_000 });
  const upgrade = async () => {
    const answer = await callSql(sql, "change_subscription", {
      subscriptionId: who.subscriptionId,
      action: "change_plan",
      planId,
      asOf: "2027-02-10T10:00:00+09:00",
      ...leasing(),
    });
    return readCharge(answer.charge);
  };
  const first = await upgrade();
  const other = await addMethod(sql, who.userId);
  await changeMethod(sql, who, other);
  await decline(sql, first, "hard");
  assert.deepEqual(await standing(sql, who), ["active", other, false]);

  const second = await upgrade();
  const newer = await registerMethod(sql, who.userId);
  await decline(sql, second, "hard");
  assert.deepEqual(await standing(sql, who), ["active", newer, false]);
  const renewal = await claimOne(sql, who.subscriptionId, DUE);
  assert.equal(renewal.billingMethodId, newer);
  await pay(sql, renewal);
});

test("a subscription that is born with a removed card takes the one that was registered since", async (shop) => {
  const { sql } = shop.stack;
  const { userId } = await addSubscriber(sql, START);
  const planId = await addPlan(sql);
  const methodId = await addMethod(sql, userId);
  const begun = await callSql(sql, "subscribe_with_method", {
    planId,
    billingMethodId: methodId,
    userId,
    ...leasing(),
  });
  const start = readCharge(begun.charge);
  await removeMethod(sql, userId, methodId);
  const newer = await registerMethod(sql, userId);

  await pay(sql, start);

  const [born] = await sql`
    select billing_method_id, needs_payment_method from public.subscriptions
    where user_id = ${userId} and plan_id = ${planId}`;
  assert.deepEqual(born, {
    billing_method_id: newer,
    needs_payment_method: false,
  });
});

test("what was tried stands in the row of the charge", async (shop) => {
  const { sql } = shop.stack;
  const who = await addSubscriber(sql, START);
  const item = await claimOne(sql, who.subscriptionId, DUE);
  await changeMethod(sql, who, await addMethod(sql, who.userId));
  await decline(sql, item, "hard", { ...DUNNING, scheduleDays: [] });

  const [charge] = await sql`
    select billing_method_id from public.subscription_charges where id = ${item.chargeId}`;
  assert.equal(charge?.billing_method_id, who.methodId);
  assert.equal((await chargeRows(sql, who.subscriptionId)).length, 1);
});
