import assert from "node:assert/strict";
import { tossTime } from "../../../supabase/functions/_shared/toss/time.ts";

const TIMES: [string | null, string | null][] = [
  ["2026-11-22T22:47:27+09:00", "2026-11-22T22:47:27+09:00"],
  ["2026-11-22T13:47:27Z", "2026-11-22T22:47:27+09:00"],
  ["2026-11-22T13:47:27.5+00:00", "2026-11-22T22:47:27.500+09:00"],
  ["2026-11-22T22:47:27+0900", "2026-11-22T22:47:27+09:00"],
  // Toss's times are Korean where they do not say so.
  ["2026-11-22T22:47:27", "2026-11-22T22:47:27+09:00"],
  ["2026-11-22T22:47", "2026-11-22T22:47:00+09:00"],
  [null, null],
  ["", null],
  ["soon", null],
  ["infinity", null],
  ["2026-11-22", null],
  ["2026-13-01T00:00:00+09:00", null],
  ["9999-12-31T23:59:59+00:00", null],
  ["2026-11-22T22:47:27+09:00; drop table", null],
];

for (const [text, time] of TIMES) {
  Deno.test(`tossTime() reads ${text} as ${time}`, () => {
    assert.equal(tossTime(text), time);
  });
}
