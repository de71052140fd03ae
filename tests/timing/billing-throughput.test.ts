import assert from "node:assert/strict";
import { proveThroughput } from "../../proofs/billing/prove-throughput.ts";

const CHARGES = 120;
const BATCH = 20;
const LATENCY_MILLISECONDS = 50;

Deno.test("at 50 ms of Toss a charge costs one call to Toss and one to the database, a batch one claim, and the naive loop is slower", async () => {
  const { cost, ratio, perSecond, naivePerSecond } = await proveThroughput(
    () => {},
    { charges: CHARGES, naive: 30, latencyMilliseconds: LATENCY_MILLISECONDS },
  );

  assert.deepEqual(cost, {
    charges: CHARGES,
    tossCalls: CHARGES,
    claims: CHARGES / BATCH,
    settlements: CHARGES,
    others: ["advance_subscriptions", "record_job_run"],
  });
  const rates = `${perSecond.toFixed(0)}/s, the naive loop ${
    naivePerSecond.toFixed(0)
  }/s: ${ratio.toFixed(1)} times`;
  console.log(`billing-charge ${rates}`);
  assert.ok(naivePerSecond < 1000 / LATENCY_MILLISECONDS, rates);
  // Twenty side by side could be 20 times; a busy machine leaves less.
  assert.ok(ratio > 1.5, rates);
});
