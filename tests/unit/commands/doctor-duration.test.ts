import assert from "node:assert/strict";
import { duration } from "../../../scripts/doctor/duration.ts";

Deno.test("duration() names the two largest units, and rounds to the nearest", () => {
  const spans: [number, string][] = [
    [0, "0 seconds"],
    [0.4, "less than a second"],
    [1, "1 second"],
    [1.6, "2 seconds"],
    [59.4, "59 seconds"],
    [59.9, "1 minute"],
    [60, "1 minute"],
    [119, "1 minute 59 seconds"],
    [3_599, "59 minutes 59 seconds"],
    [3_599.6, "1 hour"],
    [3_600, "1 hour"],
    [7_199, "2 hours"],
    [7_140, "1 hour 59 minutes"],
    [86_340, "23 hours 59 minutes"],
    [86_399, "1 day"],
    [86_400, "1 day"],
    [172_799, "2 days"],
    [30 * 86_400 + 40_000, "30 days 11 hours"],
    [-7_260, "2 hours 1 minute"],
  ];
  for (const [seconds, text] of spans) assert.equal(duration(seconds), text);
});

Deno.test("duration() is never off by more than a thirtieth of the span", () => {
  const unitSeconds: Record<string, number> = {
    day: 86_400,
    hour: 3_600,
    minute: 60,
    second: 1,
  };
  for (let span = 60; span < 40 * 86_400; span = Math.ceil(span * 1.013)) {
    const said = [...duration(span).matchAll(/(\d+) (\w+?)s?\b/g)]
      .reduce(
        (sum, [, count, unit = ""]) =>
          sum + Number(count) * (unitSeconds[unit] ?? NaN),
        0,
      );
    assert.ok(Math.abs(said - span) <= span / 30, `${span}: ${duration(span)}`);
  }
});
