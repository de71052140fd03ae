import assert from "node:assert/strict";
import {
  bankName,
  banks,
  cardCompanyName,
} from "../../../packages/client/src/names.ts";
import {
  BANKS,
  SECURITIES_FIRMS,
} from "../../../supabase/functions/_shared/toss/banks.ts";
import { bankCode } from "../../../supabase/functions/_shared/toss/banks.ts";
import {
  CARD_COMPANIES,
  cardCompanyCode,
} from "../../../supabase/functions/_shared/toss/card-companies.ts";

Deno.test("bankName() names every bank and firm so that its code is found again", () => {
  const all = [...BANKS, ...SECURITIES_FIRMS];
  for (const { code } of all) {
    for (const language of ["ko", "en"] as const) {
      const name = bankName(code, language);
      assert.equal(bankCode(name, all), code, `${code} ${name}`);
    }
  }
  assert.equal(bankName("88"), "신한은행");
  assert.equal(bankName("88", "en"), "Shinhan");
  assert.equal(bankName("90"), "카카오뱅크");
  assert.equal(bankName("??"), "??");
});

Deno.test("cardCompanyName() names every card company so that its code is found again", () => {
  for (const { code } of CARD_COMPANIES) {
    for (const language of ["ko", "en"] as const) {
      const name = cardCompanyName(code, language);
      assert.equal(cardCompanyCode(name), code, `${code} ${name}`);
    }
  }
  assert.equal(cardCompanyName("41"), "신한카드");
  assert.equal(cardCompanyName("31"), "BC카드");
  assert.equal(cardCompanyName("??"), "??");
});

Deno.test("banks() are the ones to choose for a virtual account", () => {
  assert.deepEqual(
    banks().map(({ code }) => code),
    BANKS.map(({ code }) => code).sort(),
  );
});
