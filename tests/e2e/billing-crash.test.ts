import assert from "node:assert/strict";
import {
  addPlan,
  callCharge,
  subscribe,
  type Subscriber,
} from "../support/billing.ts";
import { justAfter } from "../support/billing-rows.ts";
import { loseAnswers, naiveLoop } from "../support/naive-loop.ts";
import type { Shop } from "../support/shop.ts";
import { shopTests } from "../support/shop-test.ts";
import { withSimulator } from "../simulator/with-simulator.ts";

/** `BILLING_CRASH_SUBSCRIBERS=300` for the full size. */
const SUBSCRIBERS = Number(Deno.env.get("BILLING_CRASH_SUBSCRIBERS") ?? 100);
const OVERLAPPING_RUNS = 8;
const LOST_SHARE = 0.05;

const test = shopTests({ environment: { TOSS_TIMEOUT_MS: "1000" } });

/** Somebody who pays by the month, many times. */
async function subscribeMany(
  shop: Shop,
  planId: string,
): Promise<Subscriber[]> {
  const subscribers: Subscriber[] = [];
  while (subscribers.length < SUBSCRIBERS) {
    subscribers.push(
      ...await Promise.all(
        Array.from({ length: 10 }, () => subscribe(shop, { planId })),
      ),
    );
  }
  return subscribers.slice(0, SUBSCRIBERS);
}

/** Runs that overlap, while the process that works them is killed again and again. */
async function stormOfRuns(shop: Shop, asOf: string): Promise<number> {
  let isOver = false;
  let kills = 0;
  const killer = (async () => {
    while (!isOver) {
      // From "has hardly claimed anything" to "is nearly done".
      const milliseconds = 300 + Math.random() * 1_200;
      await new Promise((resolve) => setTimeout(resolve, milliseconds));
      await shop.stack.killFunctions();
      kills += 1;
    }
  })();
  for (let round = 0; round < 3; round++) {
    // A run that is killed has no answer worth reading.
    await Promise.allSettled(
      Array.from(
        { length: OVERLAPPING_RUNS },
        () => callCharge(shop, { asOf }),
      ),
    );
  }
  isOver = true;
  await killer;
  return kills;
}

/** Calm runs until nothing is due and nothing is open. */
async function finishAll(shop: Shop, asOf: string): Promise<void> {
  for (let round = 0; round < 20; round++) {
    await shop.stack.sql`
      update public.operations
      set lease_expires_at = private.clock_now(), next_attempt_at = private.clock_now()
      where kind = 'charge' and state in ('started', 'unknown')`;
    const { status, body } = await callCharge(shop, { asOf });
    assert.equal(status, 200, JSON.stringify(body));
    if (body.claimed === 0) return;
  }
  assert.fail("the charges never ended");
}

/** How much money Toss took from each order of a month's renewals. */
async function renewals({ stack, simulator }: Shop, period: number) {
  const charges = await stack.sql<{ order_id: string; status: string }[]>`
    select order_id, status from public.subscription_charges
    where kind = 'renewal' and period_number = ${period}`;
  const paid = charges.filter(({ status }) => status === "paid").length;
  const orders = new Set(charges.map(({ order_id }) => order_id));
  const approvals = simulator.books().filter(({ orderId }) =>
    orders.has(orderId)
  ).reduce((sum, book) => sum + book.approvals, 0);
  return { charges: charges.length, paid, approvals };
}

test("overlapping runs that lose answers and are killed charge everybody exactly once, month after month", async (shop) => {
  const planId = await addPlan(shop);
  const subscribers = await subscribeMany(shop, planId);
  let naive = 0;
  await withSimulator(async (simulator) => {
    naive = await naiveLoop(simulator, SUBSCRIBERS, {
      share: LOST_SHARE,
      seed: 1,
    });
  });
  assert.ok(naive > SUBSCRIBERS, `${naive} charges for ${SUBSCRIBERS}`);

  const counted: number[] = [];
  for (let month = 1; month <= 3; month++) {
    const [row] = await shop.stack.sql<{ due: Date }[]>`
      select max(next_charge_at) as due from public.subscriptions where plan_id = ${planId}`;
    assert.ok(row);
    const asOf = justAfter(row.due);
    loseAnswers(shop.simulator, { share: LOST_SHARE, seed: month });
    const kills = await stormOfRuns(shop, asOf);
    assert.ok(kills > 0, "somebody was killed");
    shop.simulator.clearFaults();
    await finishAll(shop, asOf);
    const { charges, paid, approvals } = await renewals(shop, month);
    assert.deepEqual(
      { charges, paid, approvals },
      { charges: SUBSCRIBERS, paid: SUBSCRIBERS, approvals: SUBSCRIBERS },
      `month ${month}`,
    );
    counted.push(approvals);
  }
  const [resumed] = await shop.stack.sql<{ count: number }[]>`
    select count(*)::int from public.operations where kind = 'charge' and attempts > 1`;
  assert.ok(resumed && resumed.count > 0, "something was cut and taken up");
  console.log(
    `${subscribers.length} subscribers: ${
      counted.join(", ")
    } charges a month, ${resumed.count} of them after a cut; a naive loop made ${naive}`,
  );
});
