import assert from "node:assert/strict";
import postgres from "postgres";
import { callSql } from "../../support/answers.ts";
import { assertInvariantsHold } from "../../support/books.ts";
import { shopTests } from "../../support/shop-test.ts";
import {
  addCustomer,
  addMethod,
  addPlan,
  addSubscriber,
  claimOne,
  type Connection,
  leasing,
  pay,
  readCharge,
  refundAll,
  subscriptionRow,
} from "../../support/subscriber.ts";

const test = shopTests({}, assertInvariantsHold);
const START = "2027-04-01T00:00:00+09:00";
const DAY_11 = "2027-04-11T00:00:00+09:00";
const END = "2027-05-01T00:00:00+09:00";

/** Two plans that exclude each other, and one that stands alone. */
async function plans(sql: Connection) {
  const group = `group-${crypto.randomUUID()}`;
  return {
    group,
    basic: await addPlan(sql, { group }),
    pro: await addPlan(sql, { group, price: 30_000 }),
    other: await addPlan(sql),
  };
}

function addLive(sql: Connection, userId: string, planId: string) {
  return sql`
    insert into public.subscriptions (user_id, plan_id, status, current_period_start, current_period_end, next_charge_at)
    values (${userId}, ${planId}, 'active', ${START}, ${END}, ${END})`;
}

function digest(): string {
  return crypto.randomUUID().replaceAll("-", "").repeat(2);
}

async function begin(sql: Connection, userId: string, planId: string) {
  const [customer] = await sql<{ customer_key: string }[]>`
    select customer_key from public.customers where user_id = ${userId}`;
  const operationId = crypto.randomUUID();
  const answer = await callSql(sql, "begin_billing_issue", {
    ...leasing(),
    operationId,
    userId,
    customerKey: customer?.customer_key,
    authKeyDigest: digest(),
    keyId: "k1",
    ciphertext: "encrypted authKey",
    planId,
  });
  return { operationId, answer };
}

function finish(sql: Connection, operationId: string) {
  return callSql(sql, "finish_billing_issue", {
    ...leasing(),
    operationId,
    billingMethodId: crypto.randomUUID(),
    keyDigest: digest(),
    keyId: "k1",
    ciphertext: "encrypted billing key",
    method: "CARD",
    cardIssuerCode: "11",
    cardNumberMasked: "433012******1234",
    cardType: "신용",
    chargeLeaseToken: crypto.randomUUID(),
  });
}

function changePlan(
  sql: Connection,
  { subscriptionId, userId }: { subscriptionId: string; userId: string },
  planId: string,
) {
  return callSql(sql, "change_subscription", {
    subscriptionId,
    userId,
    action: "change_plan",
    planId,
    asOf: DAY_11,
    ...leasing(),
  });
}

test("a second live subscription of a group is refused by a constraint, one beside the group is not", async ({ stack: { sql } }) => {
  const { basic, pro, other } = await plans(sql);
  const userId = await addCustomer(sql);
  await addLive(sql, userId, basic);

  await assert.rejects(
    addLive(sql, userId, pro).execute(),
    (error) =>
      error instanceof postgres.PostgresError &&
      error.constraint_name === "subscriptions_one_live_per_group",
  );
  await addLive(sql, userId, other);
  await addLive(sql, await addCustomer(sql), pro);
});

test("who has one plan of a group is told which, and to change the plan", async ({ stack: { sql } }) => {
  const { basic, pro } = await plans(sql);
  const who = await addSubscriber(sql, START, basic);
  const expected = {
    outcome: "already_subscribed",
    subscriptionId: who.subscriptionId,
    hint: "change_plan",
  };

  const prepared = await callSql(sql, "prepare_billing", {
    userId: who.userId,
    planId: pro,
    mode: "test",
  });
  const { answer } = await begin(sql, who.userId, pro);

  assert.deepEqual(prepared, expected);
  assert.deepEqual(answer, expected);
  // The same plan needs no hint.
  assert.deepEqual((await begin(sql, who.userId, basic)).answer, {
    outcome: "already_subscribed",
    subscriptionId: who.subscriptionId,
  });
});

test("a plan is changed within its group, now and from the next period on", async ({ stack: { sql } }) => {
  const { group, basic, pro } = await plans(sql);
  const who = await addSubscriber(sql, "2027-03-01T00:00:00+09:00", basic);
  await pay(sql, await claimOne(sql, who.subscriptionId, START));

  const up = await changePlan(sql, who, pro);
  await pay(sql, readCharge(up.charge));
  assert.equal((await subscriptionRow(sql, who.subscriptionId)).plan_id, pro);
  const down = await changePlan(sql, who, basic);
  assert.equal(down.outcome, "changed");
  await pay(sql, await claimOne(sql, who.subscriptionId, END));

  assert.equal((await subscriptionRow(sql, who.subscriptionId)).plan_id, basic);
  const [row] = await sql`
    select plan_group from public.subscriptions where id = ${who.subscriptionId}`;
  assert.equal(row?.plan_group, group);
});

test("no way leads to two plans of a group: a change now or later, a planned one, a first charge at Toss", async ({ stack: { sql } }) => {
  const { basic, pro, other } = await plans(sql);
  const holder = await addSubscriber(sql, START, basic);
  const [beside] = await sql<{ id: string }[]>`
    insert into public.subscriptions
      (user_id, plan_id, billing_method_id, status, current_period_start, current_period_end, next_charge_at)
    values (${holder.userId}, ${other}, ${holder.methodId}, 'active', ${START}, ${END}, ${END}) returning id`;
  assert.ok(beside);
  const refused = await changePlan(
    sql,
    { userId: holder.userId, subscriptionId: beside.id },
    pro,
  );
  assert.deepEqual(refused, {
    outcome: "already_subscribed",
    subscriptionId: holder.subscriptionId,
    hint: "change_plan",
  });

  const planner = await addSubscriber(sql, START, other);
  const cheap = await addPlan(sql, {
    group: `${other}-group`,
    price: 1_000,
  });
  const rival = await addPlan(sql, { group: `${other}-group` });
  assert.equal((await changePlan(sql, planner, cheap)).outcome, "changed");
  assert.equal(
    (await begin(sql, planner.userId, rival)).answer.outcome,
    "already_subscribed",
  );

  const newcomer = await addCustomer(sql);
  const first = await begin(sql, newcomer, basic);
  const second = await begin(sql, newcomer, pro);
  const item = readCharge((await finish(sql, first.operationId)).charge);
  const late = await finish(sql, second.operationId);
  assert.deepEqual([late.planOutcome, late.charge], [
    "already_subscribed",
    null,
  ]);
  await pay(sql, item);
  const again = await finish(sql, second.operationId);
  const [live] = await sql`
    select id from public.subscriptions where user_id = ${newcomer}`;
  assert.deepEqual(again.claim, {
    subscriptionId: live?.id,
    hint: "change_plan",
  });
});

test("five registrations at once for the plans of a group make one subscription", async ({ stack }) => {
  const { sql } = stack;
  const { basic, pro } = await plans(sql);
  const userId = await addCustomer(sql);
  const begun: string[] = [];
  for (const planId of [basic, pro, basic, pro, basic]) {
    begun.push((await begin(sql, userId, planId)).operationId);
  }
  const sessions = begun.map(() =>
    postgres(stack.dbUrl, { max: 1, onnotice: () => {} })
  );

  const answers = await Promise.all(
    begun.map((operationId, index) =>
      finish(sessions[index] ?? sql, operationId)
    ),
  );
  await Promise.all(sessions.map((session) => session.end()));

  const items = answers.flatMap(({ charge }) =>
    charge === null ? [] : [readCharge(charge)]
  );
  assert.equal(items.length, 1);
  for (const item of items) await pay(sql, item);
  const live = await sql`
    select id from public.subscriptions where user_id = ${userId} and status <> 'canceled'`;
  assert.equal(live.length, 1);
});

test("a group that the shop makes later takes in who has one of it, and leaves who has two", async ({ stack: { sql } }) => {
  const first = await addPlan(sql);
  const second = await addPlan(sql);
  const one = await addSubscriber(sql, START, first);
  const two = await addSubscriber(sql, START, first);
  await addLive(sql, two.userId, second);
  const group = `group-${crypto.randomUUID()}`;

  await sql`update public.plans set plan_group = ${group} where id in (${first}, ${second})`;

  await assert.rejects(
    addLive(sql, one.userId, second).execute(),
    /one_live_per_group/,
  );
  const rows = await sql`
    select status, plan_group from public.subscriptions where user_id = ${two.userId}`;
  assert.deepEqual(rows.map(({ status }) => status), ["active", "active"]);
  assert.equal(rows.filter(({ plan_group }) => plan_group === group).length, 1);
  // Both are charged on, and a third is refused.
  const third = await addPlan(sql, { group });
  assert.equal(
    (await begin(sql, two.userId, third)).answer.outcome,
    "already_subscribed",
  );
  await pay(sql, await claimOne(sql, two.subscriptionId, END));
  await sql`update public.plans set plan_group = null where id in (${first}, ${second})`;
  await addLive(sql, one.userId, second);
});

test("money for a second plan of a group that comes too late pays for nothing, and is named until it goes back", async ({ stack: { sql } }) => {
  const { basic, pro } = await plans(sql);
  const userId = await addCustomer(sql);
  const { operationId } = await begin(sql, userId, basic);
  const item = readCharge((await finish(sql, operationId)).charge);
  const methodId = await addMethod(sql, userId);
  // Brought in by the shop while Toss was asked.
  await sql`
    insert into public.subscriptions
      (user_id, plan_id, billing_method_id, status, current_period_start, current_period_end, next_charge_at)
    values (${userId}, ${pro}, ${methodId}, 'active', ${START}, ${END}, ${END})`;

  await pay(sql, item);

  const live = await sql`
    select plan_id from public.subscriptions where user_id = ${userId} and status <> 'canceled'`;
  assert.deepEqual(live.map(({ plan_id }) => plan_id), [pro]);
  const [alert] = await sql`
    select alert from public.alerts where subject = ${item.orderId}`;
  assert.equal(alert?.alert, "second_payment");
  await refundAll(sql, item);
});
