import assert from "node:assert/strict";
import {
  describeFinding,
  explore,
} from "../../scripts/subscription-model/explore.ts";

Deno.test({
  name:
    "random lives of a subscriber are as docs/subscriptions.md says: who pays what for which time, who has access when",
  // The stack outlives what the sanitizers look at.
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const { findings, sequences } = await explore({
      seed: 1,
      sequences: 12,
      steps: 60,
      worlds: 1,
    });

    assert.deepEqual(findings.map(describeFinding), []);
    assert.equal(sequences, 12);
  },
});
