import assert from "node:assert/strict";
import { retryDelaySeconds } from "../../../supabase/functions/_shared/operations/patience.ts";

Deno.test("retryDelaySeconds() doubles from 2 s and ends at 10 min", () => {
  const longest = [1, 2, 3, 4, 9, 10, 1000].map((attempts) =>
    retryDelaySeconds(attempts, () => 1)
  );
  assert.deepEqual(longest, [2, 4, 8, 16, 512, 600, 600]);
});

Deno.test("retryDelaySeconds() never goes below half of the step", () => {
  assert.equal(retryDelaySeconds(1, () => 0), 1);
  assert.equal(retryDelaySeconds(50, () => 0), 300);
  assert.equal(retryDelaySeconds(0, () => 0), 1);
});
