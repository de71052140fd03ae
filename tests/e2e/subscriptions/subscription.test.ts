import assert from "node:assert/strict";
import { z } from "zod";
import {
  addPlan,
  change,
  changed,
  charge,
  registerCard,
  subscribe,
  type Subscriber,
} from "../../support/billing.ts";
import {
  chargeRows,
  daysAfter,
  justAfter,
  makeChargesDue,
  outboxTypes,
  subscriptionRow,
} from "../../support/billing-rows.ts";
import { callFunction } from "../../support/call-function.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { signUp } from "../../../stack/users.ts";
import { work } from "../../support/worker.ts";

const test = shopTests();

/** A run of everything at a time; every other subscriber of this file has left by then. */
function runAll(shop: Shop, asOf: string) {
  return charge(shop, { asOf });
}

/** Ends a subscription, so that runs of later tests do not meet it. */
async function leave(shop: Shop, subscriber: Subscriber): Promise<void> {
  await change(shop, subscriber, "cancel_now");
}

async function planStatus({ user }: Subscriber): Promise<unknown[]> {
  const { data } = await user.client.from("user_plans").select();
  return data?.map(({ plan, status }) => [plan, status]) ?? [];
}

test("after notice access lasts to the end of the period, and nothing more is charged", async (shop) => {
  const subscriber = await subscribe(shop);
  const { user, planId, subscription } = subscriber;
  const end = subscription.currentPeriodEnd;

  const given = await changed(shop, subscriber, "cancel_at_period_end");

  assert.deepEqual(
    [given.status, given.cancelAtPeriodEnd, given.nextChargeAt],
    ["active", true, null],
  );
  assert.ok(given.canceledAt);
  assert.deepEqual(await planStatus(subscriber), [[planId, "active"]]);
  await runAll(shop, justAfter(end));
  const row = await subscriptionRow(shop, subscription.id);
  assert.equal(row.status, "canceled");
  assert.equal(row.ended_at?.getTime(), Date.parse(end));
  assert.equal((await chargeRows(shop, user)).length, 1);
  const events = await outboxTypes(shop, subscription.id);
  assert.ok(events.includes("subscription.canceled"), events.join());
});

test("notice can be taken back before the period is over, and not after", async (shop) => {
  const subscriber = await subscribe(shop);
  const { user, subscription } = subscriber;
  await changed(shop, subscriber, "cancel_at_period_end");

  const resumed = await changed(shop, subscriber, "resume");

  assert.deepEqual(
    [resumed.cancelAtPeriodEnd, resumed.canceledAt, resumed.nextChargeAt],
    [false, null, subscription.currentPeriodEnd],
  );
  await runAll(shop, justAfter(subscription.currentPeriodEnd));
  assert.equal((await chargeRows(shop, user)).length, 2);
  await leave(shop, subscriber);
  const late = await change(shop, subscriber, "resume");
  assert.deepEqual([late.status, late.body.code], [400, "invalid_request"]);
});

test("cancel_now ends access at once and is harmless to repeat", async (shop) => {
  const subscriber = await subscribe(shop);
  const { user, planId } = subscriber;

  const ended = await changed(shop, subscriber, "cancel_now");
  const again = await changed(shop, subscriber, "cancel_now");

  assert.equal(ended.status, "canceled");
  assert.ok(ended.endedAt);
  assert.deepEqual(again, ended);
  assert.deepEqual(await planStatus(subscriber), [[planId, "canceled"]]);
  // Whoever left may come back.
  const back = await subscribe(shop, { user, planId });
  assert.equal(back.subscription.status, "active");
  await leave(shop, back);
});

test("a dearer plan begins now, and its difference for the rest of the period is charged to the won", async (shop) => {
  const subscriber = await subscribe(shop);
  const { user, subscription } = subscriber;
  const dearer = await addPlan(shop, { price: 25_001 });

  const upgraded = await changed(shop, subscriber, "change_plan", {
    planId: dearer,
  });

  assert.equal(upgraded.planId, dearer);
  assert.equal(upgraded.currentPeriodEnd, subscription.currentPeriodEnd);
  const [, upgrade] = await chargeRows(shop, user);
  assert.ok(upgrade?.period_start);
  const whole = Date.parse(subscription.currentPeriodEnd) -
    Date.parse(subscription.currentPeriodStart);
  const left = Date.parse(subscription.currentPeriodEnd) -
    upgrade.period_start.getTime();
  assert.equal(upgrade.kind, "upgrade");
  assert.ok(Number.isInteger(upgrade.amount));
  assert.ok(Math.abs(upgrade.amount - 15_001 * left / whole) <= 1);
  assert.deepEqual(await planStatus(subscriber), [[dearer, "active"]]);
  await runAll(shop, justAfter(subscription.currentPeriodEnd));
  assert.equal((await chargeRows(shop, user)).at(-1)?.amount, 25_001);
  await leave(shop, subscriber);
});

test("a declined upgrade leaves the plan as it was", async (shop) => {
  const subscriber = await subscribe(shop);
  const { user, planId } = subscriber;
  const dearer = await addPlan(shop, { price: 25_000 });
  const { data } = await user.client.from("customers").select();
  shop.simulator.declineCharges({
    customerKey: z.uuid().parse(data?.[0]?.customer_key),
    code: "REJECT_CARD_PAYMENT",
  });

  const { status, body } = await change(shop, subscriber, "change_plan", {
    planId: dearer,
  });

  assert.deepEqual(
    [status, body.code, body.tossCode],
    [402, "payment_confirm_failed", "REJECT_CARD_PAYMENT"],
  );
  const row = await subscriptionRow(shop, subscriber.subscription.id);
  assert.deepEqual([row.status, row.plan_id], ["active", planId]);
  assert.deepEqual(row.next_charge_at, row.current_period_end);
  await leave(shop, subscriber);
});

test("an upgrade without an answer is 202, holds other changes back, and is made by the worker", async (shop) => {
  const subscriber = await subscribe(shop);
  const { user, subscription } = subscriber;
  const dearer = await addPlan(shop, { price: 25_000 });
  shop.simulator.addFault({
    kind: "status_after",
    code: "FAILED_INTERNAL_SYSTEM_PROCESSING",
    method: "POST",
    pathPattern: "^/v1/billing/(?!authorizations)",
  });

  const open = await change(shop, subscriber, "change_plan", {
    planId: dearer,
  });

  assert.equal(open.status, 202);
  assert.deepEqual(open.body, {
    status: "processing",
    subscriptionId: subscription.id,
  });
  const blocked = await change(shop, subscriber, "cancel_now");
  assert.deepEqual(
    [blocked.status, blocked.body.code],
    [409, "operation_in_progress"],
  );
  await makeChargesDue(shop, user);
  await work(shop, "operations");
  const row = await subscriptionRow(shop, subscription.id);
  assert.equal(row.plan_id, dearer);
  assert.equal((await chargeRows(shop, user)).length, 2);
  await leave(shop, subscriber);
});

test("a cheaper plan and one of another interval begin with the next period", async (shop) => {
  for (
    const [price, interval] of [
      [5_000, "month"],
      [100_000, "year"],
    ] as const
  ) {
    const subscriber = await subscribe(shop);
    const { user, planId, subscription } = subscriber;
    const other = await addPlan(shop, { price, interval });

    const planned = await changed(shop, subscriber, "change_plan", {
      planId: other,
    });

    assert.deepEqual(
      [planned.planId, planned.nextPlanId],
      [planId, other],
    );
    assert.equal((await chargeRows(shop, user)).length, 1);
    await runAll(shop, justAfter(subscription.currentPeriodEnd));
    const row = await subscriptionRow(shop, subscription.id);
    assert.equal(row.plan_id, other);
    assert.equal((await chargeRows(shop, user)).at(-1)?.amount, price);
    await leave(shop, subscriber);
  }
});

test("choosing the present plan takes a planned change back", async (shop) => {
  const subscriber = await subscribe(shop);
  const cheaper = await addPlan(shop, { price: 5_000 });
  await changed(shop, subscriber, "change_plan", { planId: cheaper });

  const back = await changed(shop, subscriber, "change_plan", {
    planId: subscriber.planId,
  });

  assert.equal(back.nextPlanId, null);
  await leave(shop, subscriber);
});

test("a trial becomes a paid subscription on its last day, or ends when notice was given", async (shop) => {
  const planId = await addPlan(shop, { trialDays: 7 });
  const staying = await subscribe(shop, { planId });
  const leaving = await subscribe(shop, { planId });
  const end = staying.subscription.currentPeriodEnd;
  await changed(shop, leaving, "cancel_at_period_end");

  await runAll(shop, justAfter(leaving.subscription.currentPeriodEnd));

  const kept = await subscriptionRow(shop, staying.subscription.id);
  assert.equal(kept.status, "active");
  assert.equal(kept.current_period_start.getTime(), Date.parse(end));
  const left = await subscriptionRow(shop, leaving.subscription.id);
  assert.equal(left.status, "canceled");
  assert.deepEqual(await chargeRows(shop, leaving.user), []);
  await leave(shop, staying);
});

test("a reminder is written once, days before the charge", async (shop) => {
  const subscriber = await subscribe(shop);
  const { id, currentPeriodEnd } = subscriber.subscription;
  const reminders = async () =>
    (await outboxTypes(shop, id))
      .filter((type) => type === "subscription.renewal_upcoming").length;

  await runAll(shop, daysAfter(currentPeriodEnd, -4));
  assert.equal(await reminders(), 0);
  await runAll(shop, daysAfter(currentPeriodEnd, -2));
  await runAll(shop, daysAfter(currentPeriodEnd, -1));

  assert.equal(await reminders(), 1);
  await leave(shop, subscriber);
});

test("change_method takes an own active method and no other", async (shop) => {
  const subscriber = await subscribe(shop);
  const { billingMethodId: own } = await registerCard(shop, subscriber.user);
  const { billingMethodId: foreign } = await registerCard(
    shop,
    await signUp(shop),
  );

  const refused = await change(shop, subscriber, "change_method", {
    billingMethodId: foreign,
  });
  const accepted = await changed(shop, subscriber, "change_method", {
    billingMethodId: own,
  });

  assert.deepEqual(
    [refused.status, refused.body.code],
    [404, "billing_method_not_found"],
  );
  assert.equal(accepted.billingMethodId, own);
  await leave(shop, subscriber);
});

test("a user cannot take money back", async (shop) => {
  const subscriber = await subscribe(shop);
  const fields = { refund: "prorated" };

  const own = await change(shop, subscriber, "cancel_now", fields);

  assert.deepEqual([own.status, own.body.code], [403, "forbidden"]);
  const { id } = subscriber.subscription;
  assert.equal((await subscriptionRow(shop, id)).status, "active");
  await leave(shop, subscriber);
});

test("a subscription belongs to its user; the shop's secret key may change every one", async (shop) => {
  const subscriber = await subscribe(shop);
  const stranger = await signUp(shop);
  const { subscription } = subscriber;

  const foreign = await change(
    shop,
    { user: stranger, subscription },
    "cancel_now",
  );

  assert.deepEqual(
    [foreign.status, foreign.body.code],
    [404, "subscription_not_found"],
  );
  const operator = await callFunction(shop, "subscription", {
    headers: { apikey: shop.stack.secretKey },
    body: { subscriptionId: subscription.id, action: "cancel_now" },
  });
  assert.equal(operator.status, 200);
  assert.equal(operator.body.status, "canceled");
});

test("subscription names what is wrong with a request, and what a status does not allow", async (shop) => {
  const subscriber = await subscribe(shop);
  const wrong: [string, Record<string, unknown>, string][] = [
    ["no_such_action", {}, "action"],
    ["resume", { extra: 1 }, "extra"],
    ["change_plan", {}, "planId"],
    ["change_method", {}, "billingMethodId"],
    ["resume", { planId: "x" }, "planId"],
    ["resume", { refund: "prorated" }, "refund"],
    ["cancel_now", { refund: "all" }, "refund"],
    ["retry_payment", {}, "action"],
    ["resume", {}, "action"],
  ];
  for (const [action, fields, field] of wrong) {
    const answer = await change(shop, subscriber, action, fields);
    assert.deepEqual(
      [answer.status, answer.body.code],
      [400, "invalid_request"],
      action,
    );
    const [detail] = answer.body.details as { field: string }[];
    assert.equal(detail?.field, field, action);
  }
  const missing = await change(shop, subscriber, "change_plan", {
    planId: "no-such",
  });
  assert.equal(missing.body.code, "plan_not_found");
  await leave(shop, subscriber);
});

test("ten simultaneous upgrades charge the difference once", async (shop) => {
  const subscriber = await subscribe(shop);
  const dearer = await addPlan(shop, { price: 25_000 });

  const answers = await Promise.all(
    Array.from(
      { length: 10 },
      () => change(shop, subscriber, "change_plan", { planId: dearer }),
    ),
  );

  for (const { status, body } of answers) {
    assert.ok(status === 200 || status === 409, JSON.stringify(body));
  }
  const upgrades = (await chargeRows(shop, subscriber.user))
    .filter(({ kind }) => kind === "upgrade");
  assert.deepEqual(upgrades.map(({ status }) => status), ["paid"]);
  await leave(shop, subscriber);
});
