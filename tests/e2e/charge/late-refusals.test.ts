import assert from "node:assert/strict";
import {
  addPlan,
  callCharge,
  subscribe,
  type Subscriber,
} from "../../support/billing.ts";
import {
  chargeRows,
  makeChargesDue,
  outboxTypes,
  subscriptionRow,
} from "../../support/billing-rows.ts";
import { CHARGES } from "../../support/charge-faults.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { advance } from "../../support/worker.ts";

const test = shopTests();
const DAY = 86_400;

/** What a buyer may use: by the view that is asked before a paid feature, and by the rows behind it. */
async function access({ user }: Subscriber, now: Date) {
  const { data: plans } = await user.client.from("user_plans").select("status");
  const { data: rows } = await user.client.from("entitlements")
    .select("starts_at, ends_at, revoked_at");
  const isGiven = (rows ?? []).some((row) =>
    row.revoked_at === null && new Date(row.starts_at) <= now &&
    new Date(row.ends_at) > now
  );
  return [plans?.[0]?.status, isGiven];
}

async function clockOf({ stack }: Shop): Promise<Date> {
  const [row] = await stack.sql<{ now: Date }[]>`
    select toss_private.clock_now() as now`;
  assert.ok(row);
  return row.now;
}

/** A day passes, with the job at its end. */
async function pass(shop: Shop, { user }: Subscriber, days = 1): Promise<void> {
  for (let day = 0; day < days; day++) {
    await advance(shop, DAY);
    await makeChargesDue(shop, user);
    assert.equal((await callCharge(shop, {})).status, 200);
  }
}

test("a weekly plan whose renewal is unanswered for ten days and then refused: access all the time, a grace that lies ahead, and no attempt in the same breath", async (shop) => {
  const planId = await addPlan(shop, { interval: "week" });
  const subscriber = await subscribe(shop, { planId });
  const { id } = subscriber.subscription;
  shop.simulator.addFault({
    kind: "lose_answer_before",
    count: "always",
    ...CHARGES,
  });
  await pass(shop, subscriber, 7);
  for (let day = 0; day < 10; day++) {
    await pass(shop, subscriber);
    assert.deepEqual(await access(subscriber, await clockOf(shop)), [
      "active",
      true,
    ], `day ${day}`);
  }
  shop.simulator.clearFaults();
  shop.simulator.addFault({
    kind: "status_before",
    code: "REJECT_CARD_PAYMENT",
    count: "always",
    ...CHARGES,
  });
  await pass(shop, subscriber);
  await callCharge(shop, {});

  const now = await clockOf(shop);
  const row = await subscriptionRow(shop, id);
  assert.equal(row.status, "past_due");
  assert.ok(row.next_charge_at && row.next_charge_at > now);
  assert.deepEqual(await access(subscriber, now), ["past_due", true]);
  assert.equal((await chargeRows(shop, subscriber.user)).at(-1)?.attempt, 1);
  const [event] = await shop.stack.sql<{ ends: string }[]>`
    select payload ->> 'accessEndsAt' as ends from public.outbox_events
    where subject = ${id} and event_type = 'subscription.past_due'`;
  const grace = (Date.parse(event?.ends ?? "") - now.getTime()) / 1000 / DAY;
  assert.ok(grace > 6.9 && grace < 7.1, `${grace} days`);

  for (let day = 1; day < 7; day++) {
    await pass(shop, subscriber);
    assert.deepEqual(await access(subscriber, await clockOf(shop)), [
      "past_due",
      true,
    ], `day ${day} of the grace`);
  }
  await pass(shop, subscriber, 2);
  assert.deepEqual(await access(subscriber, await clockOf(shop)), [
    "canceled",
    false,
  ]);
  assert.equal((await chargeRows(shop, subscriber.user)).at(-1)?.attempt, 5);
  const ended = (await outboxTypes(shop, id))
    .filter((type) => type === "subscription.canceled");
  assert.equal(ended.length, 1);
});
