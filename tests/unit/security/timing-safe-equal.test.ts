import assert from "node:assert/strict";
import { isEqualInConstantTime } from "../../../supabase/functions/_shared/security/timing-safe-equal.ts";

const cases: [string, string, boolean][] = [
  ["ps_abc", "ps_abc", true],
  ["ps_abc", "ps_abd", false],
  ["ps_abc", "ps_abcd", false],
  ["", "", true],
  ["", "a", false],
  ["비밀", "비밀", true],
  ["e\u0301", "\u00e9", false],
  ["\ud800", "\ud801", false],
  ["\ud800", "\ufffd", false],
  ["a".repeat(100_000), "a".repeat(100_000), true],
];
for (const [left, right, expected] of cases) {
  const show = (text: string) => JSON.stringify(text.slice(0, 12));
  Deno.test(`isEqualInConstantTime() of ${show(left)} and ${show(right)} is ${expected}`, () => {
    assert.equal(isEqualInConstantTime(left, right), expected);
  });
}
