import assert from "node:assert/strict";
import {
  type ClaimTimes,
  duePlan,
  fullScans,
  measureClaims,
} from "../../scripts/billing-proof/claim-scale.ts";
import { fillSubscriptions } from "../../scripts/billing-proof/fill-subscriptions.ts";
import {
  type ScaleDatabase,
  startScaleDatabase,
} from "../../scripts/billing-proof/scale-database.ts";

const SMALL = 10_000;
const LARGE = 200_000;
/** In a batch of one, nothing hides a scan. */
const BATCHES = [100, 1];
/** Far more than a busy machine makes of 1, far less than a scan of a table 20 times as large. */
const BOUND = 3;

function measure(
  database: ScaleDatabase,
  subscriptions: number,
): Promise<ClaimTimes> {
  const plan = { subscriptions, batches: BATCHES, runs: 5 };
  return measureClaims(database, plan);
}

function ratioOf(small: ClaimTimes, large: ClaimTimes, batch: number): number {
  return (large.medians.get(batch) ?? NaN) / (small.medians.get(batch) ?? NaN);
}

Deno.test("claiming takes the same with 10,000 and with 200,000 subscriptions, by an index", async () => {
  const database = await startScaleDatabase();
  try {
    const first = { present: 0, wanted: SMALL, hasHistory: false };
    await fillSubscriptions(database.sql, first);
    const small = await measure(database, SMALL);
    const rest = { present: SMALL, wanted: LARGE, hasHistory: false };
    await fillSubscriptions(database.sql, rest);
    const large = await measure(database, LARGE);

    for (const { plans } of [small, large]) {
      assert.match(
        duePlan(plans),
        /Index Scan using subscriptions_next_charge_at/,
      );
      assert.deepEqual(fullScans(plans), []);
    }
    for (const batch of BATCHES) {
      const ratio = ratioOf(small, large, batch);
      assert.ok(ratio < BOUND, `a batch of ${batch} takes ${ratio} times`);
    }

    // The same questions notice when the index is missing.
    await database.sql`drop index public.subscriptions_next_charge_at`;
    const without = await measure(database, LARGE);
    assert.deepEqual(fullScans(without.plans), ["subscriptions"]);
    const ratio = ratioOf(small, without, 1);
    assert.ok(ratio > BOUND, `a scan takes only ${ratio} times`);
  } finally {
    await database.stop();
  }
});
