import assert from "node:assert/strict";
import postgres from "postgres";
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
  leasing,
  pay,
  readCharge,
  refundAll,
  seoul,
  type Subscriber,
  subscriptionRow,
} from "../../support/subscriber.ts";

const test = shopTests({}, assertInvariantsHold);
const DAY = 86_400_000;
const START = "2027-04-01T00:00:00+09:00";
const DAY_30 = "2027-04-30T00:00:00+09:00";
const END = "2027-05-01T00:00:00+09:00";
const NEXT_END = "2027-06-01T00:00:00+09:00";

async function present(sql: Connection): Promise<number> {
  const [row] = await sql<{ now: string }[]>`
    select toss_private.clock_now()::text as now`;
  return Date.parse(row?.now ?? "");
}

function changePlan(
  sql: Connection,
  { subscriptionId, userId }: Subscriber,
  planId: string,
  asOf: string,
) {
  return callSql(sql, "change_subscription", {
    subscriptionId,
    userId,
    action: "change_plan",
    planId,
    asOf,
    ...leasing(),
  });
}

function subscribe(sql: Connection, who: Subscriber, planId: string) {
  return callSql(sql, "subscribe_with_method", {
    ...leasing(),
    planId,
    billingMethodId: who.methodId,
    userId: who.userId,
  });
}

/** Somebody who has paid for April, with an upgrade at Toss since its last day. */
async function upgrading(sql: Connection) {
  const who = await addSubscriber(sql, "2027-03-01T00:00:00+09:00");
  const base = await claimOne(sql, who.subscriptionId, START);
  await pay(sql, base);
  const pro = await addPlan(sql, { price: 400_000 });
  const answer = await changePlan(sql, who, pro, DAY_30);
  return { ...who, base, pro, toPro: readCharge(answer.charge) };
}

function advance(sql: Connection, asOf: string) {
  return callSql(sql, "advance_subscriptions", {
    limit: 50,
    asOf,
    dunning: DUNNING,
  });
}

/** The plans that there is access to at a moment. */
async function accessAt(sql: Connection, subscriptionId: string, at: string) {
  const rows = await accessRows(sql, subscriptionId);
  return rows
    .filter(({ starts_at, ends_at, revoked_at }) =>
      revoked_at === null && Date.parse(starts_at) <= Date.parse(at) &&
      Date.parse(at) < Date.parse(ends_at)
    )
    .map(({ plan_id }) => plan_id);
}

/** A daily subscriber whose last five days a restore has forgotten. */
async function restored(sql: Connection) {
  const now = await present(sql);
  const start = new Date(now - 5.5 * DAY).toISOString();
  const who = await addSubscriber(sql, start, { interval: "day" });
  await sql`select toss_private.note_restore(${start})`;
  return { who, now: new Date(now).toISOString() };
}

/** Toss knows no payment of a period that is over. */
function missPeriod(
  sql: Connection,
  { operationId, leaseToken }: { operationId: string; leaseToken: string },
) {
  return callSql(sql, "decline_charge", {
    operationId,
    leaseToken,
    errorCode: "MISSED_PERIOD",
    errorMessage: null,
    declineClass: "soft",
    dunning: DUNNING,
    source: "billing",
    requestId: "test",
  });
}

/** Claims until a period is to be charged; those before it were missed. */
async function claimAfterMissed(sql: Connection, id: string, at: string) {
  let item = await claimOne(sql, id, at);
  while (item.stopped !== null) {
    await missPeriod(sql, item);
    item = await claimOne(sql, id, at);
  }
  return item;
}

test("an outage after a restore: what was found missed one by one is not listed again, and the subscription is renewed", async ({ stack: { sql } }) => {
  const { who: { subscriptionId }, now } = await restored(sql);
  const later = new Date(Date.parse(now) + 6 * DAY).toISOString();

  await pay(sql, await claimAfterMissed(sql, subscriptionId, later));

  const charges = await chargeRows(sql, subscriptionId);
  assert.deepEqual(
    charges.map(({ period_number }) => period_number),
    Array.from({ length: charges.length }, (_, index) => index + 1),
  );
  assert.equal(charges.at(-1)?.status, "paid");
  await sql`delete from toss_private.restores`;
});

test("a change to another interval between periods that are found missed waits: no period far ahead is charged", async ({ stack: { sql } }) => {
  const { who, now } = await restored(sql);
  const { subscriptionId } = who;
  const monthly = await addPlan(sql, { price: 30_000 });
  await missPeriod(sql, await claimOne(sql, subscriptionId, now));

  const early = await changePlan(sql, who, monthly, now);

  assert.equal(early.outcome, "operation_in_progress");
  await pay(sql, await claimAfterMissed(sql, subscriptionId, now));
  const planned = await changePlan(sql, who, monthly, now);
  assert.equal(planned.outcome, "changed");
  const { current_period_end } = await subscriptionRow(sql, subscriptionId);
  await pay(sql, await claimOne(sql, subscriptionId, current_period_end));
  const [last] = (await chargeRows(sql, subscriptionId)).slice(-1);
  assert.deepEqual([last?.amount, last?.period_start], [
    30_000,
    current_period_end,
  ]);
  await sql`delete from toss_private.restores`;
});

test("while an upgrade is open past the end of its period there is access to the plan before it", async ({ stack: { sql } }) => {
  const { subscriptionId, planId, toPro } = await upgrading(sql);

  await advance(sql, DAY_30);
  await advance(sql, "2027-05-12T00:00:00+09:00");

  for (const at of [END, "2027-05-11T00:00:00+09:00"]) {
    assert.deepEqual(await accessAt(sql, subscriptionId, at), [planId]);
  }
  await assertNothingIsWrong(sql);
  await decline(sql, toPro, "soft");
  assert.deepEqual(await accessAt(sql, subscriptionId, END), []);
  const { next_charge_at } = await subscriptionRow(sql, subscriptionId);
  assert.equal(next_charge_at, seoul("2027-05-01T00:00:00"));
  const renewal = await claimOne(
    sql,
    subscriptionId,
    "2027-05-12T00:00:00+09:00",
  );
  assert.equal(renewal.amount, 10_000);
  await pay(sql, renewal);
  assert.deepEqual(await accessAt(sql, subscriptionId, END), [planId]);
});

async function assertNothingIsWrong(sql: Connection): Promise<void> {
  const violations = await sql`select * from public.invariant_violations()`;
  assert.deepEqual([...violations], []);
}

test("an upgrade that is paid after the end of its period begins when it was asked for, and the next period costs its price", async ({ stack: { sql } }) => {
  const { subscriptionId, planId, pro, toPro } = await upgrading(sql);
  await advance(sql, "2027-05-12T00:00:00+09:00");

  await pay(sql, toPro);

  assert.deepEqual(await accessAt(sql, subscriptionId, START), [planId]);
  assert.deepEqual(await accessAt(sql, subscriptionId, DAY_30), [pro]);
  assert.deepEqual(await accessAt(sql, subscriptionId, END), []);
  await assertNothingIsWrong(sql);
  const renewal = await claimOne(sql, subscriptionId, END);
  assert.equal(renewal.amount, 400_000);
  await pay(sql, renewal);
});

test("a period refunded while an upgrade is open past its end: the access on credit ends, too", async ({ stack: { sql } }) => {
  const { subscriptionId, base, toPro } = await upgrading(sql);
  await advance(sql, "2027-05-12T00:00:00+09:00");

  await refundAll(sql, base);

  assert.deepEqual(await accessAt(sql, subscriptionId, END), []);
  await pay(sql, toPro);
  assert.deepEqual(await accessAt(sql, subscriptionId, DAY_30), []);
  await refundAll(sql, toPro);
});

/** An upgrade that Toss has refused, and another one since. */
async function upgradingAgain(sql: Connection, price: number) {
  const { toPro, ...who } = await upgrading(sql);
  await decline(sql, toPro, "soft");
  const other = await addPlan(sql, { price });
  const { charge } = await changePlan(
    sql,
    who,
    other,
    "2027-04-30T01:00:00+09:00",
  );
  return { ...who, toPro, other, toOther: readCharge(charge) };
}

async function alertOf(sql: Connection, { orderId }: { orderId: string }) {
  const [row] = await sql`
    select alert from public.alerts where subject = ${orderId}`;
  return row?.alert;
}

test("an upgrade that was paid after all while another one is at Toss pays for nothing, and takes nothing from it", async ({ stack: { sql } }) => {
  const { subscriptionId, planId, toPro, other, toOther } =
    await upgradingAgain(sql, 900_000);
  await advance(sql, "2027-05-12T00:00:00+09:00");

  await pay(sql, toPro);

  assert.equal(await alertOf(sql, toPro), "second_payment");
  assert.deepEqual(await accessAt(sql, subscriptionId, END), [planId]);
  await refundAll(sql, toPro);
  await assertNothingIsWrong(sql);
  await pay(sql, toOther);
  const row = await subscriptionRow(sql, subscriptionId);
  assert.deepEqual([row.plan_id, row.amount], [other, 900_000]);
  await pay(sql, await claimOne(sql, subscriptionId, END));
});

test("an upgrade that was paid after all does not replace the one that came since: it was no difference to that", async ({ stack: { sql } }) => {
  const { subscriptionId, toPro, other, toOther } = await upgradingAgain(
    sql,
    100_000,
  );
  await pay(sql, toOther);

  await pay(sql, toPro);

  assert.equal(await alertOf(sql, toPro), "second_payment");
  const row = await subscriptionRow(sql, subscriptionId);
  assert.deepEqual([row.plan_id, row.amount], [other, 100_000]);
  await refundAll(sql, toPro);
  await assertNothingIsWrong(sql);
  await pay(sql, await claimOne(sql, subscriptionId, END));
});

test("a group that the shop makes while a first charge is at Toss: the money pays for what was agreed", async ({ stack: { sql } }) => {
  const who = await addSubscriber(sql, START);
  const second = await addPlan(sql);
  const item = readCharge((await subscribe(sql, who, second)).charge);
  const group = `group-${crypto.randomUUID()}`;
  await sql`update public.plans set plan_group = ${group} where id in (${who.planId}, ${second})`;

  const { charge } = await pay(sql, item);

  const { subscriptionId } = charge as { subscriptionId: string };
  const begun = await subscriptionRow(sql, subscriptionId);
  assert.deepEqual([begun.plan_id, begun.status], [second, "active"]);
  // The next one is refused.
  const third = await addPlan(sql, { group });
  assert.equal(
    (await subscribe(sql, who, third)).outcome,
    "already_subscribed",
  );
  await pay(sql, await claimOne(sql, subscriptionId, "2030-01-01T00:00:00Z"));
});

test("a group that the shop makes while an upgrade is at Toss: the money pays for what was agreed", async ({ stack: { sql } }) => {
  const who = await addSubscriber(sql, "2027-03-01T00:00:00+09:00");
  const { subscriptionId } = who;
  await pay(sql, await claimOne(sql, subscriptionId, START));
  const other = await addPlan(sql);
  await pay(sql, readCharge((await subscribe(sql, who, other)).charge));
  const pro = await addPlan(sql, { price: 40_000 });
  const { charge } = await changePlan(sql, who, pro, DAY_30);
  const toPro = readCharge(charge);
  const group = `group-${crypto.randomUUID()}`;
  await sql`update public.plans set plan_group = ${group} where id in (${pro}, ${other})`;

  await pay(sql, toPro);

  assert.equal((await subscriptionRow(sql, subscriptionId)).plan_id, pro);
  await pay(sql, await claimOne(sql, subscriptionId, END));
});

test("a first charge that was paid after all beside one of its group at Toss: one of them pays for nothing", async ({ stack: { sql } }) => {
  const group = `group-${crypto.randomUUID()}`;
  const basic = await addPlan(sql, { group });
  const pro = await addPlan(sql, { group, price: 30_000 });
  const userId = await addCustomer(sql);
  const methodId = await addMethod(sql, userId);
  const who = { userId, methodId, planId: basic, subscriptionId: "" };
  const first = readCharge((await subscribe(sql, who, basic)).charge);
  await decline(sql, first, "soft");
  const second = readCharge((await subscribe(sql, who, pro)).charge);

  await pay(sql, first);
  await pay(sql, second);

  const live = await sql`
    select plan_id from public.subscriptions where user_id = ${userId} and status <> 'canceled'`;
  assert.deepEqual(live.map(({ plan_id }) => plan_id), [basic]);
  assert.equal(await alertOf(sql, second), "second_payment");
  await refundAll(sql, second);
});

test("two groups of plans that are made at the same time neither fail nor deadlock", async ({ stack: { sql, dbUrl } }) => {
  const sessions = [1, 2].map(() =>
    postgres(dbUrl, { max: 1, onnotice: () => {} })
  );
  try {
    for (let round = 0; round < 12; round++) {
      const pair = [await addPlan(sql), await addPlan(sql)] as const;
      for (let user = 0; user < 6; user++) {
        const own = pair[user % 2];
        const { userId, methodId } = await addSubscriber(sql, START, own);
        await sql`
          insert into public.subscriptions
            (user_id, plan_id, billing_method_id, status, current_period_start, current_period_end, next_charge_at)
          values (${userId}, ${
          pair[(user + 1) % 2] ?? ""
        }, ${methodId}, 'active', ${START}, ${END}, ${END})`;
      }
      const group = `group-${crypto.randomUUID()}`;

      await Promise.all(
        sessions.map((session, index) =>
          session`update public.plans set plan_group = ${group} where id = ${
            pair[index] ?? ""
          }`
        ),
      );

      const [row] = await sql`
        select count(*)::integer as live, count(plan_group)::integer as grouped from public.subscriptions
        where plan_id in ${sql([...pair])}`;
      assert.deepEqual(row, { live: 12, grouped: 6 });
    }
  } finally {
    await Promise.all(sessions.map((session) => session.end()));
  }
});

test("a trial whose access outlives its subscription is seen", async ({ stack: { sql } }) => {
  const userId = await addCustomer(sql);
  const methodId = await addMethod(sql, userId);
  const planId = await addPlan(sql, { trialDays: 14 });
  const who = { userId, methodId, planId, subscriptionId: "" };
  const { subscription } = await subscribe(sql, who, planId);
  const { id } = subscription as { id: string };
  await callSql(sql, "change_subscription", {
    subscriptionId: id,
    userId,
    action: "cancel_now",
    ...leasing(),
  });
  await assertNothingIsWrong(sql);

  await sql`update public.entitlements set revoked_at = null where subscription_id = ${id}`;

  const seen = await sql`select invariant from public.invariant_violations()`;
  assert.deepEqual(seen.map(({ invariant }) => invariant), [
    "subscription_access_is_paid",
  ]);
  await sql`delete from public.entitlements where subscription_id = ${id}`;
});

test("two who cancel at once with a refund, one of them the repeat of the other, promise it once", async ({ stack: { sql, dbUrl } }) => {
  const who = await addSubscriber(sql, "2026-10-01T00:00:00+09:00");
  const now = await present(sql);
  const day = new Date(now).toISOString();
  const base = await claimOne(sql, who.subscriptionId, day);
  await pay(sql, base);
  const sessions = [1, 2, 3].map(() =>
    postgres(dbUrl, { max: 1, onnotice: () => {} })
  );
  try {
    const answers = await Promise.all(
      sessions.map((session) =>
        callSql(session, "change_subscription", {
          subscriptionId: who.subscriptionId,
          userId: null,
          action: "cancel_now",
          refund: "prorated",
          ...leasing(),
        })
      ),
    );

    assert.deepEqual(
      new Set(answers.map(({ outcome }) => outcome)),
      new Set(["refund"]),
    );
    const [row] = await sql`
      select count(*)::integer as cancels from public.operations where order_id = ${base.orderId} and kind = 'cancel'`;
    assert.equal(row?.cancels, 1);
  } finally {
    await Promise.all(sessions.map((session) => session.end()));
  }
  const { charges } = await claim(sql, NEXT_END, {
    subscriptionId: who.subscriptionId,
  });
  assert.deepEqual(charges, []);
});
