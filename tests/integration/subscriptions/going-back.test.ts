import assert from "node:assert/strict";
import postgres from "postgres";
import { callSql } from "../../support/answers.ts";
import { assertInvariantsHold } from "../../support/books.ts";
import { eventually } from "../../support/eventually.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import {
  accessRows,
  addMethod,
  addPlan,
  addSubscriber,
  claim,
  claimOne,
  type Connection,
  decline,
  leasing,
  pay,
  readCharge,
  refundAll,
  seoul,
  type Subscriber,
  subscriptionRow,
} from "../../support/subscriber.ts";
import { propertyRuns } from "../../support/property-runs.ts";

const test = shopTests({}, assertInvariantsHold);
const START = "2027-04-01T00:00:00+09:00";
const DAY_11 = "2027-04-11T00:00:00+09:00";
const DAY_21 = "2027-04-21T00:00:00+09:00";
const END = "2027-05-01T00:00:00+09:00";
const NEXT_END = "2027-06-01T00:00:00+09:00";

function changePlan(
  sql: Connection,
  { subscriptionId, userId }: Subscriber,
  planId: string,
  asOf = DAY_11,
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

async function beginUpgrade(
  sql: Connection,
  who: Subscriber,
  planId: string,
  asOf = DAY_11,
) {
  return readCharge((await changePlan(sql, who, planId, asOf)).charge);
}

/** Somebody who has paid 10,000 won for April. */
async function april(sql: Connection) {
  const who = await addSubscriber(sql, "2027-03-01T00:00:00+09:00");
  const base = await claimOne(sql, who.subscriptionId, START);
  await pay(sql, base);
  return { ...who, base };
}

/** Somebody who has paid for April, and on the 11th for a plan of 40,000 won. */
async function upgraded(sql: Connection) {
  const who = await april(sql);
  const pro = await addPlan(sql, { price: 40_000 });
  const toPro = await beginUpgrade(sql, who, pro);
  await pay(sql, toPro);
  return { ...who, pro, toPro };
}

async function terms(sql: Connection, subscriptionId: string) {
  const row = await subscriptionRow(sql, subscriptionId);
  return [row.status, row.plan_id, row.amount, row.next_charge_at];
}

/** The plan there is access to until a moment. */
async function plansUntil(
  sql: Connection,
  subscriptionId: string,
  end: string,
) {
  const rows = await accessRows(sql, subscriptionId);
  return rows
    .filter(({ revoked_at, ends_at }) =>
      revoked_at === null && Date.parse(ends_at) === Date.parse(end)
    )
    .map(({ plan_id }) => plan_id);
}

function addLive(sql: Connection, who: Subscriber, planId: string) {
  return sql`
    insert into public.subscriptions
      (user_id, plan_id, billing_method_id, status, current_period_start, current_period_end, next_charge_at)
    values (${who.userId}, ${planId}, ${who.methodId}, 'active', ${START}, ${END}, ${END})`;
}

function subscribe(sql: Connection, who: Subscriber, planId: string) {
  return callSql(sql, "subscribe_with_method", {
    ...leasing(),
    planId,
    billingMethodId: who.methodId,
    userId: who.userId,
  });
}

/** Something happens in a session of its own while another one has not committed yet. */
async function meanwhile<Answer>(
  { stack }: Shop,
  before: (sql: Connection) => Promise<unknown>,
  during: (sql: Connection) => Promise<Answer>,
): Promise<Answer> {
  const own = postgres(stack.dbUrl, {
    max: 1,
    onnotice: () => {},
    connection: { application_name: "meanwhile" },
  });
  try {
    let answer: Promise<Answer> | undefined;
    await stack.sql.begin(async (sql) => {
      await before(sql);
      const pending = during(own);
      answer = pending;
      const isOver = pending.then(() => true, () => true);
      await eventually("the other session waits, or is done", async () => {
        const [waiting] = await stack.sql`
          select 1 from pg_stat_activity
          where application_name = 'meanwhile' and wait_event_type = 'Lock'`;
        return waiting !== undefined ||
          await Promise.race([isOver, Promise.resolve(false)]);
      });
    });
    assert.ok(answer);
    return await answer;
  } finally {
    await own.end();
  }
}

test("an upgrade refunded while the renewal is at Toss: the paid renewal's own terms are what its period has", async (shop) => {
  const { sql } = shop.stack;
  const { subscriptionId, pro, toPro } = await upgraded(sql);
  const renewal = await claimOne(sql, subscriptionId, END);
  assert.equal(renewal.amount, 40_000);

  await refundAll(sql, toPro);

  assert.deepEqual(await terms(sql, subscriptionId), [
    "active",
    pro,
    40_000,
    null,
  ]);
  await pay(sql, renewal);
  assert.deepEqual(await terms(sql, subscriptionId), [
    "active",
    pro,
    40_000,
    seoul("2027-06-01T00:00:00"),
  ]);
  assert.deepEqual(await plansUntil(sql, subscriptionId, NEXT_END), [pro]);
});

test("refund of an upgrade and renewal at the same moment: whoever is first, plan and price are those that were paid", async (shop) => {
  const { sql, dbUrl } = shop.stack;
  const own = postgres(dbUrl, { max: 1, onnotice: () => {} });
  for (let round = 0; round < 8; round++) {
    const { subscriptionId, toPro } = await upgraded(sql);
    const wait = (milliseconds: number) =>
      new Promise((resolve) => setTimeout(resolve, milliseconds));

    const [renewal] = await Promise.all([
      wait(round % 3 * 4).then(() => claimOne(sql, subscriptionId, END)),
      refundAll(own, toPro),
    ]);
    await pay(sql, renewal);

    const row = await subscriptionRow(sql, subscriptionId);
    assert.equal(row.amount, renewal.amount);
    assert.deepEqual(await plansUntil(sql, subscriptionId, NEXT_END), [
      row.plan_id,
    ]);
  }
  await own.end();
});

test("an upgrade refunded while the next one is at Toss waits: declined, it goes back; paid, the new plan stays", async (shop) => {
  const { sql } = shop.stack;
  for (const end of ["declined", "paid"]) {
    const who = await upgraded(sql);
    const { subscriptionId, planId, pro, toPro } = who;
    const max = await addPlan(sql, { price: 90_000 });
    const toMax = await beginUpgrade(sql, who, max, DAY_21);

    await refundAll(sql, toPro);

    assert.deepEqual(await terms(sql, subscriptionId), [
      "active",
      pro,
      40_000,
      null,
    ]);
    if (end === "declined") await decline(sql, toMax, "soft");
    else await pay(sql, toMax);
    assert.deepEqual(
      await terms(sql, subscriptionId),
      end === "declined"
        ? ["active", planId, 10_000, seoul("2027-05-01T00:00:00")]
        : ["active", max, 90_000, seoul("2027-05-01T00:00:00")],
    );
    assert.deepEqual(await plansUntil(sql, subscriptionId, END), [
      end === "declined" ? planId : max,
    ]);
    await pay(sql, await claimOne(sql, subscriptionId, END));
  }
});

test("a planned change survives that an upgrade is refunded", async (shop) => {
  const { sql } = shop.stack;
  const who = await upgraded(sql);
  const { subscriptionId, planId, toPro } = who;
  const yearly = await addPlan(sql, { price: 90_000, interval: "year" });
  assert.equal((await changePlan(sql, who, yearly)).outcome, "changed");

  await refundAll(sql, toPro);

  const row = await subscriptionRow(sql, subscriptionId);
  assert.deepEqual([row.plan_id, row.amount, row.next_plan_id], [
    planId,
    10_000,
    yearly,
  ]);
  await pay(sql, await claimOne(sql, subscriptionId, END));
  assert.equal((await subscriptionRow(sql, subscriptionId)).plan_id, yearly);
});

test("a planned change to the plan that a refund leads back to is done with it", async (shop) => {
  const { sql } = shop.stack;
  const who = await upgraded(sql);
  assert.equal((await changePlan(sql, who, who.planId)).outcome, "changed");

  await refundAll(sql, who.toPro);

  const row = await subscriptionRow(sql, who.subscriptionId);
  assert.deepEqual([row.plan_id, row.next_plan_id], [who.planId, null]);
});

test("after changes that cost nothing and some that did, the refund of the last restores the one before it", async (shop) => {
  const { sql } = shop.stack;
  const who = await april(sql);
  const { subscriptionId } = who;
  // The difference for the rest of the month is under 100 won.
  const plus = await addPlan(sql, { price: 10_090 });
  assert.equal((await changePlan(sql, who, plus)).outcome, "changed");
  const pro = await addPlan(sql, { price: 40_000 });
  const toPro = await beginUpgrade(sql, who, pro);
  await pay(sql, toPro);
  const max = await addPlan(sql, { price: 90_000 });
  const toMax = await beginUpgrade(sql, who, max, DAY_21);
  await pay(sql, toMax);

  await refundAll(sql, toMax);
  assert.deepEqual((await terms(sql, subscriptionId)).slice(1, 3), [
    pro,
    40_000,
  ]);
  await refundAll(sql, toPro);

  assert.deepEqual((await terms(sql, subscriptionId)).slice(1, 3), [
    plus,
    10_090,
  ]);
  assert.deepEqual(await plansUntil(sql, subscriptionId, END), [plus]);
  // Once more from there, after what was undone.
  const again = await beginUpgrade(sql, who, max, DAY_21);
  await pay(sql, again);
  await refundAll(sql, again);
  assert.deepEqual((await terms(sql, subscriptionId)).slice(1, 3), [
    plus,
    10_090,
  ]);
});

test("going back waits for a subscription that is being begun in another session, and then leaves it alone", async (shop) => {
  const { sql } = shop.stack;
  const who = await upgraded(sql);
  let begun: Record<string, unknown> = {};

  await meanwhile(
    shop,
    async (open) => {
      begun = await subscribe(open, who, who.planId);
    },
    (own) => refundAll(own, who.toPro),
  );

  assert.equal(begun.outcome, "charge");
  const start = readCharge(begun.charge);
  await pay(sql, start);
  const live = await sql<{ id: string; plan_id: string }[]>`
    select id, plan_id from public.subscriptions
    where user_id = ${who.userId} and status <> 'canceled' order by created_at`;
  assert.deepEqual(live.map(({ plan_id }) => plan_id), [who.pro, who.planId]);
  // Both go on.
  for (const { id } of live) await pay(sql, await claimOne(sql, id, NEXT_END));
});

test("a first payment that was taken for a refusal makes no subscription to a plan that another one changes to", async (shop) => {
  const { sql } = shop.stack;
  const who = await april(sql);
  const wanted = await addPlan(sql, { price: 5_000 });
  const start = readCharge((await subscribe(sql, who, wanted)).charge);
  await decline(sql, start, "soft");
  assert.equal((await changePlan(sql, who, wanted)).outcome, "changed");

  await pay(sql, start);

  const renewal = await claimOne(sql, who.subscriptionId, END);
  await pay(sql, renewal);
  assert.equal(
    (await subscriptionRow(sql, who.subscriptionId)).plan_id,
    wanted,
  );
  const [alert] = await sql`
    select alert from public.alerts where subject = ${start.orderId}`;
  assert.equal(alert?.alert, "second_payment");
  await refundAll(sql, start);
});

test("a planned plan that another subscription has by then is not changed to: the present one is renewed", async (shop) => {
  const { sql } = shop.stack;
  const who = await april(sql);
  const wanted = await addPlan(sql, { price: 5_000 });
  assert.equal((await changePlan(sql, who, wanted)).outcome, "changed");
  // Brought in by the shop.
  await addLive(sql, who, wanted);

  const preview = await callSql(sql, "preview_due_charges", {
    asOf: END,
    limit: 1,
    subscriptionId: who.subscriptionId,
  });
  const renewal = await claimOne(sql, who.subscriptionId, END);

  assert.equal(renewal.amount, 10_000);
  assert.deepEqual(
    JSON.parse(JSON.stringify(preview.charges)).map((
      { amount }: { amount: number },
    ) => amount),
    [10_000],
  );
  await pay(sql, renewal);
  const row = await subscriptionRow(sql, who.subscriptionId);
  assert.deepEqual([row.plan_id, row.next_plan_id], [who.planId, null]);
});

test("an upgrade whose plan another subscription got meanwhile pays for nothing, and the subscription is renewed", async (shop) => {
  const { sql } = shop.stack;
  const who = await april(sql);
  const pro = await addPlan(sql, { price: 40_000 });
  const toPro = await beginUpgrade(sql, who, pro);
  await addLive(sql, who, pro);

  await pay(sql, toPro);

  assert.deepEqual(await terms(sql, who.subscriptionId), [
    "active",
    who.planId,
    10_000,
    seoul("2027-05-01T00:00:00"),
  ]);
  await refundAll(sql, toPro);
  await pay(sql, await claimOne(sql, who.subscriptionId, END));
});

test("an upgrade found paid while the renewal is at Toss changes neither its plan nor its price", async (shop) => {
  const { sql } = shop.stack;
  const who = await april(sql);
  const pro = await addPlan(sql, { price: 40_000 });
  const toPro = await beginUpgrade(sql, who, pro);
  await decline(sql, toPro, "soft");
  const renewal = await claimOne(sql, who.subscriptionId, END);

  await pay(sql, toPro);
  await pay(sql, renewal);

  assert.deepEqual(await terms(sql, who.subscriptionId), [
    "active",
    who.planId,
    10_000,
    seoul("2027-06-01T00:00:00"),
  ]);
  await refundAll(sql, toPro);
});

test("what was planned after an upgrade was refused survives that it was paid after all", async (shop) => {
  const { sql } = shop.stack;
  const who = await april(sql);
  const pro = await addPlan(sql, { price: 40_000 });
  const toPro = await beginUpgrade(sql, who, pro);
  await decline(sql, toPro, "soft");
  const cheap = await addPlan(sql, { price: 5_000 });
  await changePlan(sql, who, cheap);

  await pay(sql, toPro);

  const row = await subscriptionRow(sql, who.subscriptionId);
  assert.deepEqual([row.plan_id, row.next_plan_id], [pro, cheap]);
  await pay(sql, await claimOne(sql, who.subscriptionId, END));
  assert.equal((await subscriptionRow(sql, who.subscriptionId)).plan_id, cheap);
});

test("upgrades, refunds, a renewal and a first charge of one user at the same moment: nothing is left that cannot be renewed", async (shop) => {
  const { sql, dbUrl } = shop.stack;
  for (let round = 0; round < propertyRuns(2); round++) {
    const who = await upgraded(sql);
    const { subscriptionId, planId, pro, toPro } = who;
    const max = await addPlan(sql, { price: 90_000 });
    const sessions = Array.from(
      { length: 5 },
      () => postgres(dbUrl, { max: 1, onnotice: () => {} }),
    );
    const [first, second, third, fourth, fifth] = sessions;
    assert.ok(first && second && third && fourth && fifth);
    const methodId = await addMethod(sql, who.userId);

    const [, start, upgrade, renewals, again] = await Promise.all([
      refundAll(first, toPro),
      subscribe(second, { ...who, methodId }, planId),
      changePlan(third, who, max, DAY_21),
      claim(fourth, END, { subscriptionId }),
      changePlan(fifth, who, pro, DAY_21),
    ]);
    for (const answer of [start, upgrade, again]) {
      if (answer.charge) await pay(sql, readCharge(answer.charge));
    }
    for (const renewal of renewals.charges) await pay(sql, renewal);
    await Promise.all(sessions.map((session) => session.end()));

    const live = await sql<{ id: string }[]>`
      select id from public.subscriptions where user_id = ${who.userId} and status <> 'canceled'`;
    assert.ok(live.length > 0);
    for (const { id } of live) {
      await pay(sql, await claimOne(sql, id, "2027-07-01T00:00:00+09:00"));
    }
  }
});
