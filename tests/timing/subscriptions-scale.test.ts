import assert from "node:assert/strict";
import {
  type ClaimTimes,
  duePlan,
  fullScans,
  measureClaims,
  type Scale,
} from "../../proofs/billing/claim-scale.ts";
import { fillSubscriptions } from "../../proofs/billing/fill-subscriptions.ts";
import { startScaleDatabase } from "../../proofs/billing/scale-database.ts";

const SIZES = [10_000, 100_000];
/** In a batch of one, nothing hides a scan. */
const BATCHES = [100, 1];
const RUNS = 7;
/** Far more than a busy machine makes of 1, far less than a scan of a table ten times as large. */
const BOUND = 3;

async function openScale(
  subscriptions: number,
  cleanup: AsyncDisposableStack,
): Promise<Scale> {
  const database = await startScaleDatabase();
  cleanup.defer(() => database.stop());
  const fill = { count: subscriptions, hasHistory: false };
  await fillSubscriptions(database.sql, fill);
  return { subscriptions, database };
}

/** How many times as long a batch takes in the larger database. */
function ratioOf(all: ClaimTimes[], batch: number): number {
  const [small = NaN, large = NaN] = all.map(({ medians }) =>
    medians.get(batch) ?? NaN
  );
  return large / small;
}

Deno.test("claiming takes the same with 10,000 and with 100,000 subscriptions, by an index", async () => {
  await using cleanup = new AsyncDisposableStack();
  const scales: Scale[] = [];
  for (const size of SIZES) scales.push(await openScale(size, cleanup));

  const all = await measureClaims(scales, { batches: BATCHES, runs: RUNS });

  for (const { plans } of all) {
    assert.match(
      duePlan(plans),
      /Index Scan using subscriptions_next_charge_at/,
    );
    assert.deepEqual(fullScans(plans), []);
  }
  for (const batch of BATCHES) {
    const ratio = ratioOf(all, batch);
    assert.ok(ratio < BOUND, `a batch of ${batch} takes ${ratio} times`);
  }

  // The same questions notice when the index is missing.
  const large = scales[1];
  assert.ok(large);
  await large.database.sql`drop index public.subscriptions_next_charge_at`;
  const without = await measureClaims(scales, { batches: [1], runs: RUNS });
  assert.deepEqual(fullScans(without[1]?.plans ?? []), ["subscriptions"]);
  const ratio = ratioOf(without, 1);
  assert.ok(ratio > BOUND, `a scan takes only ${ratio} times`);
});
