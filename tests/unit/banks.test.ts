import assert from "node:assert/strict";
import {
  bankCode,
  BANKS,
  describeBanks,
  SECURITIES_FIRMS,
} from "../../supabase/functions/_shared/toss/banks.ts";

const ALL = [...BANKS, ...SECURITIES_FIRMS];

Deno.test("the tables hold every code that Toss documents, once", () => {
  // Typed in from Toss's table of organisation codes.
  const documented =
    "39 34 12 32 45 64 88 48 27 20 71 50 37 35 90 89 92 81 54 03 06 31 02 11 23 07 " +
    "S0 S2 S3 S4 S5 S6 SB SD SE SH SK SL SQ ST";
  assert.deepEqual(
    ALL.map(({ code }) => code).sort(),
    documented.split(" ").sort(),
  );
});

Deno.test("no name stands for two organisations", () => {
  const names = ALL.flatMap(({ code, names }) => [code, ...names]);
  assert.equal(new Set(names).size, names.length);
});

Deno.test("bankCode() finds an organisation by code or Korean name, with or without 은행", () => {
  const cases: [string, string][] = [
    ["88", "88"],
    ["신한", "88"],
    ["신한은행", "88"],
    [" KB국민은행 ", "06"],
    ["카카오뱅크", "90"],
    ["iM", "31"],
    ["삼성증권", "S3"],
    ["ST", "ST"],
  ];
  for (const [text, code] of cases) assert.equal(bankCode(text, ALL), code);
});

Deno.test("bankCode() knows nothing else", () => {
  for (const text of ["", "은행", "088", "s3", "국민카드", "99", "__proto__"]) {
    assert.equal(bankCode(text, ALL), null, text);
  }
  assert.equal(bankCode("S3", BANKS), null);
});

Deno.test("describeBanks() names every code it was given", () => {
  const text = describeBanks(BANKS);
  for (const { code, names } of BANKS) {
    assert.ok(text.includes(`${code} (${names[0]})`));
  }
});
