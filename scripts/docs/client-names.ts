import {
  type Bank,
  BANKS,
  SECURITIES_FIRMS,
} from "../../supabase/functions/_shared/toss/banks.ts";
import { CARD_COMPANIES } from "../../supabase/functions/_shared/toss/card-companies.ts";

const HANGUL = /\p{Script=Hangul}/u;

/** The usual name, and the English one where Toss's list has one. */
function entryOf({ code, names }: Bank): string {
  const [korean] = names;
  const english = names.filter((name) => !HANGUL.test(name));
  // `Kookmin` tells more than `KB`.
  const chosen = HANGUL.test(korean)
    ? english.find((name) => /[a-z]/.test(name)) ?? english[0]
    : undefined;
  const values = chosen === undefined ? [korean] : [korean, chosen];
  return `  ${JSON.stringify(code)}: ${JSON.stringify(values)},`;
}

function table(name: string, what: string, banks: readonly Bank[]): string {
  return `/** ${what}: Toss's code → the Korean name, and the English one where it is another. */
export const ${name}: Readonly<Record<string, readonly [string, string?]>> = {
${banks.map(entryOf).join("\n")}
};
`;
}

/** The names of banks, securities firms and card companies, for the client. */
export function clientNames(): string {
  return `// Written by \`npx -y deno task docs\` from Toss's 기관 코드 in supabase/functions/_shared/toss.

${table("BANK_NAMES", "Banks", BANKS)}
${table("SECURITIES_FIRM_NAMES", "Securities firms", SECURITIES_FIRMS)}
${table("CARD_COMPANY_NAMES", "Card companies", CARD_COMPANIES)}`;
}
