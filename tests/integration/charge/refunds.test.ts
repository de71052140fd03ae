import assert from "node:assert/strict";
import { callSql } from "../../support/answers.ts";
import { assertInvariantsHold } from "../../support/books.ts";
import { shopTests } from "../../support/shop-test.ts";
import {
  accessRows,
  addPlan,
  addSubscriber,
  type ChargeItem,
  claimOne,
  type Connection,
  decline,
  leasing,
  outboxTypes,
  pay,
  readCharge,
  refundAll,
  seoul,
  type Subscriber,
  subscriptionRow,
} from "../../support/subscriber.ts";

const test = shopTests({}, assertInvariantsHold);
const START = "2027-04-01T00:00:00+09:00";
const END = "2027-05-01T00:00:00+09:00";

/** An upgrade within April, asked for at a time and paid. */
async function upgrade(
  sql: Connection,
  { subscriptionId, userId }: Subscriber,
  planId: string,
  asOf: string,
): Promise<ChargeItem> {
  const answer = await callSql(sql, "change_subscription", {
    subscriptionId,
    userId,
    action: "change_plan",
    planId,
    asOf,
    ...leasing(),
  });
  const item = readCharge(answer.charge);
  await pay(sql, item);
  return item;
}

/** Somebody who paid for April, then for a dearer plan on the 11th, then for the dearest on the 21st. */
async function threePayments(sql: Connection) {
  const subscriber = await addSubscriber(sql, "2027-03-01T00:00:00+09:00");
  const base = await claimOne(sql, subscriber.subscriptionId, START);
  await pay(sql, base);
  const pro = await addPlan(sql, { price: 40_000 });
  const max = await addPlan(sql, { price: 90_000 });
  const toPro = await upgrade(
    sql,
    subscriber,
    pro,
    "2027-04-11T00:00:00+09:00",
  );
  const toMax = await upgrade(
    sql,
    subscriber,
    max,
    "2027-04-21T00:00:00+09:00",
  );
  return { ...subscriber, base, toPro, toMax, pro, max };
}

async function standing(sql: Connection, subscriptionId: string) {
  const row = await subscriptionRow(sql, subscriptionId);
  const running = (await accessRows(sql, subscriptionId))
    .filter((access) =>
      access.revoked_at === null && access.ends_at === seoul(END.slice(0, 19))
    );
  const alerts = await sql<{ alert: string }[]>`
    select alert from public.alerts where subject = ${subscriptionId}`;
  return {
    status: row.status,
    plan: row.plan_id,
    amount: row.amount,
    access: running.map(({ plan_id }) => plan_id),
    alerts: alerts.map(({ alert }) => alert),
  };
}

test("the start refunded after upgrades: plan and access stay, and an alert says that the period is not fully paid", async (shop) => {
  const { sql } = shop.stack;
  const { subscriptionId, base, max } = await threePayments(sql);

  await refundAll(sql, base);

  assert.deepEqual(await standing(sql, subscriptionId), {
    status: "active",
    plan: max,
    amount: 90_000,
    access: [max],
    alerts: ["period_not_fully_paid"],
  });
  assert.equal(
    (await outboxTypes(sql, subscriptionId)).includes("subscription.canceled"),
    false,
  );
  // The next period is charged as a whole again.
  await pay(sql, await claimOne(sql, subscriptionId, END));
  assert.deepEqual((await standing(sql, subscriptionId)).alerts, []);
});

test("an upgrade refunded that another has replaced: plan and access stay", async (shop) => {
  const { sql } = shop.stack;
  const { subscriptionId, toPro, max } = await threePayments(sql);

  await refundAll(sql, toPro);

  const { plan, access, alerts } = await standing(sql, subscriptionId);
  assert.deepEqual([plan, access, alerts], [max, [max], [
    "period_not_fully_paid",
  ]]);
});

test("the upgrade in force refunded: back to the plan before it, whose money is there; nothing is left to tell", async (shop) => {
  const { sql } = shop.stack;
  const { subscriptionId, toMax, pro } = await threePayments(sql);

  await refundAll(sql, toMax);

  assert.deepEqual(await standing(sql, subscriptionId), {
    status: "active",
    plan: pro,
    amount: 40_000,
    access: [pro],
    alerts: [],
  });
});

test("an upgrade refunded whose forerunner went back before: on to the plan that the rest pays for", async (shop) => {
  const { sql } = shop.stack;
  const { subscriptionId, planId, toPro, toMax } = await threePayments(sql);
  await refundAll(sql, toPro);

  await refundAll(sql, toMax);

  const { plan, access, alerts } = await standing(sql, subscriptionId);
  assert.deepEqual([plan, access, alerts], [planId, [planId], []]);
});

for (
  const order of [
    ["base", "toPro", "toMax"],
    ["toMax", "toPro", "base"],
    ["toPro", "base", "toMax"],
    ["toMax", "base", "toPro"],
  ] as const
) {
  test(`access ends with the last payment of a period that goes back, in the order ${order.join(", ")}`, async (shop) => {
    const { sql } = shop.stack;
    const who = await threePayments(sql);
    const [first, second, last] = order;
    for (const name of [first, second]) {
      await refundAll(sql, who[name]);
      const { status, access } = await standing(sql, who.subscriptionId);
      assert.deepEqual([status, access.length], ["active", 1], name);
    }

    await refundAll(sql, who[last]);

    const { status, access, alerts } = await standing(sql, who.subscriptionId);
    assert.deepEqual([status, access, alerts], ["canceled", [], []]);
    const row = await subscriptionRow(sql, who.subscriptionId);
    assert.equal(row.end_reason, "refunded");
  });
}

test("a partial refund of the start leaves its money: the upgrade refunded leads back to it", async (shop) => {
  const { sql } = shop.stack;
  const { subscriptionId, planId, base, toPro, toMax } = await threePayments(
    sql,
  );
  await pay(sql, base, {
    status: "PARTIAL_CANCELED",
    balanceAmount: 1_000,
    canceledAt: "2026-11-22T10:00:00+09:00",
    cancels: [{
      transactionKey: `cancel-${base.orderId}`,
      cancelAmount: base.amount - 1_000,
      cancelReason: "test",
      cancelStatus: "DONE",
      canceledAt: "2026-11-22T10:00:00+09:00",
    }],
  });

  await refundAll(sql, toMax);
  await refundAll(sql, toPro);

  const { status, plan, access } = await standing(sql, subscriptionId);
  assert.deepEqual([status, plan, access], ["active", planId, [planId]]);
});

test("an upgrade refunded when another subscription has the plan before it: this one stays, and the alert says so", async (shop) => {
  const { sql } = shop.stack;
  const who = await threePayments(sql);
  const { subscriptionId, userId, planId, methodId, pro, max } = who;
  await refundAll(sql, who.toPro);
  // The user has come back to the first plan with a second subscription.
  await sql`
    insert into public.subscriptions
      (user_id, plan_id, billing_method_id, status, current_period_start, current_period_end, next_charge_at)
    values (${userId}, ${planId}, ${methodId}, 'active', ${START}, ${END}, ${END})`;

  await refundAll(sql, who.toMax);

  const { status, plan, access, alerts } = await standing(sql, subscriptionId);
  assert.deepEqual([status, plan, access], ["active", max, [max]]);
  assert.deepEqual(alerts, ["period_not_fully_paid"]);
  assert.notEqual(plan, pro);
});

test("money that paid for nothing keeps nothing up", async (shop) => {
  const { sql } = shop.stack;
  const subscriber = await addSubscriber(sql, "2027-03-01T00:00:00+09:00");
  const { subscriptionId, userId } = subscriber;
  const base = await claimOne(sql, subscriptionId, START);
  await pay(sql, base);
  const pro = await addPlan(sql, { price: 40_000 });
  const asOf = "2027-04-11T00:00:00+09:00";
  const refused = await callSql(sql, "change_subscription", {
    subscriptionId,
    userId,
    action: "change_plan",
    planId: pro,
    asOf,
    ...leasing(),
  });
  const late = readCharge(refused.charge);
  await decline(sql, late, "soft");
  const taken = await upgrade(sql, subscriber, pro, asOf);
  // The refusal turns out to have been a payment: a second one for the same plan.
  await pay(sql, late);

  await refundAll(sql, base);
  await refundAll(sql, taken);

  assert.equal((await subscriptionRow(sql, subscriptionId)).status, "canceled");
  await refundAll(sql, late);
});
