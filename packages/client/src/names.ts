/**
 * Names of banks and card companies by Toss's codes, in Korean and English. Apart from the client, for their size.
 *
 * @module
 */
import type { Language } from "./call.ts";
import {
  BANK_NAMES,
  CARD_COMPANY_NAMES,
  SECURITIES_FIRM_NAMES,
} from "./generated/names.ts";

type Names = Readonly<Record<string, readonly [string, string?]>>;

/** An organisation to choose from. */
export interface Organisation {
  /** Toss's code, which `virtualAccount` and refunds take. */
  code: string;
  name: string;
}

function nameIn(names: Names, code: string, language: Language): string | null {
  const [korean, english] = names[code] ?? [];
  return (language === "en" ? english ?? korean : korean) ?? null;
}

/** The name of a bank or securities firm, as 신한은행 or Shinhan; the code itself when it is none. */
export function bankName(code: string, language: Language = "ko"): string {
  return nameIn(BANK_NAMES, code, language) ??
    nameIn(SECURITIES_FIRM_NAMES, code, language) ?? code;
}

/** The name of a card company, as 신한카드 or Shinhan; the code itself when it is none. */
export function cardCompanyName(
  code: string,
  language: Language = "ko",
): string {
  return nameIn(CARD_COMPANY_NAMES, code, language) ?? code;
}

/** The banks, to choose the one of a virtual account or a refund. */
export function banks(language: Language = "ko"): Organisation[] {
  return Object.keys(BANK_NAMES).sort()
    .map((code) => ({ code, name: bankName(code, language) }));
}
