import {
  type Bank,
  BANKS,
  SECURITIES_FIRMS,
} from "../../supabase/functions/_shared/toss/banks.ts";
import { CARD_COMPANIES } from "../../supabase/functions/_shared/toss/card-companies.ts";

const HANGUL = /\p{Script=Hangul}/u;

/** How Koreans call a bank: 신한은행, 카카오뱅크, 새마을금고, 신협. */
function bankInKorean([usual, ...names]: Bank["names"]): string {
  const own = names.find((name) => /(뱅크|금고|산림조합)$/.test(name));
  if (own !== undefined) return own;
  return /^(신협|단위농협|우체국)$|증권$/.test(usual) ? usual : `${usual}은행`;
}

const FOREIGN_CARDS =
  /^(유니온페이|JCB|마스터|비자|다이너스|디스커버|아메리칸 익스프레스)$/;

/** How Koreans call a card company: 신한카드, 카카오뱅크, 비자. */
function cardInKorean([usual]: Bank["names"]): string {
  return /뱅크$/.test(usual) || FOREIGN_CARDS.test(usual)
    ? usual
    : `${usual}카드`;
}

/** The Korean name, and the English one where Toss's list has one. */
function entryOf({ code, names }: Bank, korean: string): string {
  const english = names.filter((name) => !HANGUL.test(name));
  // `Kookmin` tells more than `KB`.
  const chosen = english.find((name) => /[a-z]{2}/.test(name)) ?? english[0];
  return `  ${JSON.stringify(code)}: ${
    JSON.stringify(chosen === undefined ? [korean] : [korean, chosen])
  },`;
}

function table(
  name: string,
  what: string,
  { banks, inKorean }: {
    banks: readonly Bank[];
    inKorean: (names: Bank["names"]) => string;
  },
): string {
  return `/** ${what}: Toss's code → the Korean name, and the English one where there is one. */
export const ${name}: Readonly<Record<string, readonly [string, string?]>> = {
${banks.map((bank) => entryOf(bank, inKorean(bank.names))).join("\n")}
};
`;
}

/** The names of banks, securities firms and card companies, for the client. */
export function clientNames(): string {
  return `// Written by \`npx -y deno task docs\` from Toss's 기관 코드 in supabase/functions/_shared/toss.

${table("BANK_NAMES", "Banks", { banks: BANKS, inKorean: bankInKorean })}
${
    table("SECURITIES_FIRM_NAMES", "Securities firms", {
      banks: SECURITIES_FIRMS,
      inKorean: bankInKorean,
    })
  }
${
    table("CARD_COMPANY_NAMES", "Card companies", {
      banks: CARD_COMPANIES,
      inKorean: cardInKorean,
    })
  }`;
}
