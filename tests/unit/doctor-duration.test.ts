import assert from "node:assert/strict";
import { duration } from "../../scripts/doctor/duration.ts";

Deno.test("duration() rounds down to the largest whole unit", () => {
  const spans: [number, string][] = [
    [0, "0 seconds"],
    [0.4, "0 seconds"],
    [1, "1 second"],
    [59.9, "59 seconds"],
    [60, "1 minute"],
    [3_599, "59 minutes"],
    [3_600, "1 hour"],
    [86_399, "23 hours"],
    [86_400, "1 day"],
    [-7_200, "2 hours"],
  ];
  for (const [seconds, text] of spans) assert.equal(duration(seconds), text);
});
