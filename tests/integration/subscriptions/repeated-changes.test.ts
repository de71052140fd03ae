import assert from "node:assert/strict";
import { callSql } from "../../support/answers.ts";
import { assertInvariantsHold } from "../../support/books.ts";
import { shopTests } from "../../support/shop-test.ts";
import {
  addPlan,
  addSubscriber,
  chargeRows,
  claimOne,
  type Connection,
  leasing,
  outboxTypes,
  pay,
  readCharge,
} from "../../support/subscriber.ts";

const test = shopTests({}, assertInvariantsHold);
const START = "2027-04-01T00:00:00+09:00";
const DAY_11 = "2027-04-11T00:00:00+09:00";

/** Somebody who has paid for April, and how they ask for another plan. */
async function april(sql: Connection) {
  const who = await addSubscriber(sql, "2027-03-01T00:00:00+09:00");
  await pay(sql, await claimOne(sql, who.subscriptionId, START));
  return who;
}

function request(
  { subscriptionId, userId }: { subscriptionId: string; userId: string },
  planId: string,
  changes: Record<string, unknown> = {},
) {
  return {
    subscriptionId,
    userId,
    action: "change_plan",
    planId,
    asOf: DAY_11,
    ...leasing(),
    ...changes,
  };
}

async function upgrades(sql: Connection, subscriptionId: string) {
  const rows = await chargeRows(sql, subscriptionId);
  return rows.filter(({ kind }) => kind === "upgrade");
}

test("an upgrade delivered twice is answered the same, and charged once", async ({ stack: { sql } }) => {
  const who = await april(sql);
  const planId = await addPlan(sql, { price: 40_000 });
  const sent = request(who, planId);

  const first = await callSql(sql, "change_subscription", sent);
  const second = await callSql(sql, "change_subscription", sent);

  assert.deepEqual([first.outcome, second.outcome], ["charge", "charge"]);
  const item = readCharge(second.charge);
  assert.deepEqual(item, readCharge(first.charge));
  await pay(sql, item);
  assert.equal((await upgrades(sql, who.subscriptionId)).length, 1);
  // Also when the answer to the payment was lost as well.
  const third = await callSql(sql, "change_subscription", request(who, planId));
  assert.equal(third.outcome, "changed");
  assert.equal((await upgrades(sql, who.subscriptionId)).length, 1);
});

test("whoever asks again for an upgrade whose answer was lost waits, then finishes it: Toss is asked before anything is sent", async ({ stack: { sql } }) => {
  const who = await april(sql);
  const planId = await addPlan(sql, { price: 40_000 });
  const other = await addPlan(sql, { price: 50_000 });
  const lost = await callSql(
    sql,
    "change_subscription",
    request(who, planId, leasing(1)),
  );

  const early = await callSql(sql, "change_subscription", request(who, planId));
  const another = await callSql(
    sql,
    "change_subscription",
    request(who, other),
  );
  await sql`
    update public.operations set lease_expires_at = toss_private.clock_now() - interval '1 second'
    where id = ${readCharge(lost.charge).operationId}`;
  const late = await callSql(sql, "change_subscription", request(who, planId));

  assert.equal(early.outcome, "operation_in_progress");
  assert.equal(another.outcome, "operation_in_progress");
  assert.equal(late.outcome, "charge");
  const item = readCharge(late.charge);
  assert.deepEqual([item.orderId, item.idempotencyKey, item.isResolve], [
    readCharge(lost.charge).orderId,
    readCharge(lost.charge).idempotencyKey,
    true,
  ]);
  await pay(sql, item);
  assert.equal((await upgrades(sql, who.subscriptionId)).length, 1);
});

test("ten requests for one upgrade at a time make one charge", async ({ stack: { sql } }) => {
  const who = await april(sql);
  const planId = await addPlan(sql, { price: 40_000 });

  const answers = await Promise.all(
    Array.from(
      { length: 10 },
      () => callSql(sql, "change_subscription", request(who, planId)),
    ),
  );

  const outcomes = answers.map(({ outcome }) => outcome);
  assert.equal(outcomes.filter((outcome) => outcome === "charge").length, 1);
  assert.equal(
    outcomes.filter((outcome) => outcome === "operation_in_progress").length,
    9,
  );
  const [begun] = answers.filter(({ charge }) => charge !== undefined);
  await pay(sql, readCharge(begun?.charge));
  assert.equal((await upgrades(sql, who.subscriptionId)).length, 1);
});

test("a change that is done or planned is answered the same again, and told once", async ({ stack: { sql } }) => {
  const dearer = await addPlan(sql, { price: 10_090 });
  const cheaper = await addPlan(sql, { price: 5_000 });
  const yearly = await addPlan(sql, { price: 90_000, interval: "year" });
  for (const planId of [dearer, cheaper, yearly]) {
    const who = await april(sql);
    const sent = request(who, planId);

    const first = await callSql(sql, "change_subscription", sent);
    const told = await outboxTypes(sql, who.subscriptionId);
    const lines = await sql`
      select id from public.payment_events where subscription_id = ${who.subscriptionId}`;
    const second = await callSql(sql, "change_subscription", sent);
    const third = await callSql(
      sql,
      "change_subscription",
      request(who, planId),
    );

    assert.equal(first.outcome, "changed");
    assert.deepEqual([second, third], [first, first]);
    assert.deepEqual(await outboxTypes(sql, who.subscriptionId), told);
    assert.equal(
      (await sql`
        select id from public.payment_events where subscription_id = ${who.subscriptionId}`)
        .length,
      lines.length,
    );
    assert.deepEqual(await upgrades(sql, who.subscriptionId), []);
  }
});

test("a planned change that is asked for again at a new price is agreed anew", async ({ stack: { sql } }) => {
  const who = await april(sql);
  const planId = await addPlan(sql, { price: 5_000 });
  await callSql(sql, "change_subscription", request(who, planId));
  await sql`update public.plans set price = 6000 where id = ${planId}`;

  await callSql(sql, "change_subscription", request(who, planId));

  const renewal = await claimOne(
    sql,
    who.subscriptionId,
    "2027-05-01T00:00:00+09:00",
  );
  assert.equal(renewal.amount, 6_000);
  await pay(sql, renewal);
});
