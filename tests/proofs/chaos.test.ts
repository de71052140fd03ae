import assert from "node:assert/strict";
import { startChaosStack } from "../../proofs/chaos/chaos-stack.ts";
import { describeRun, runSeed } from "../../proofs/chaos/run.ts";
import { propertyRuns } from "../support/property-runs.ts";

const RUNS = propertyRuns(2);

Deno.test(`${RUNS} chaos runs lose nothing, take or give back nothing twice and leave nothing open`, async () => {
  const chaos = await startChaosStack();
  try {
    // Other seeds each time; a failure names the seed that repeats it.
    const first = Math.floor(Math.random() * 1_000_000_000);
    for (let seed = first; seed < first + RUNS; seed++) {
      const result = await runSeed(chaos, seed);
      assert.equal(result.violations.length, 0, describeRun(result));
    }
  } finally {
    await chaos.stop();
  }
});
