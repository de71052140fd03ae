import { ERROR_CODES } from "../../supabase/functions/_shared/http/error-codes.ts";
import { ERROR_CATALOGUE } from "../../supabase/functions/_shared/toss/error-catalogue.ts";
import {
  proofOf,
  TOSS_CALLS,
} from "../../supabase/functions/_shared/toss/error-catalogue/proofs.ts";
import { ERROR_CASES } from "./error-cases.ts";
import { ERROR_WORDS } from "./error-words.ts";
import type { Language } from "./language.ts";
import { code } from "./markdown.ts";
import { table } from "../../proofs/support/markdown.ts";

function codesTable(language: Language): string {
  const { codes, yes, no } = ERROR_WORDS[language];
  const known = Object.entries(ERROR_CODES).sort(([a, x], [b, y]) =>
    x.status - y.status || a.localeCompare(b)
  );
  return table(
    codes,
    known.map(([name, { status, retryable, action, ko, en }]) => [
      code(name),
      String(status),
      ERROR_CASES[name as keyof typeof ERROR_CODES][language],
      retryable ? yes : no,
      code(action),
      ko,
      en,
    ]),
  );
}

const catalogue = ERROR_CATALOGUE.toSorted((a, b) =>
  a.code.localeCompare(b.code)
);

function tossCodesTable(language: Language): string {
  const { tossCodes, hard, limit } = ERROR_WORDS[language];
  return table(
    tossCodes,
    catalogue.map((entry) => [
      code(entry.code),
      entry.class,
      code(entry.action),
      entry.hard ? hard : entry.limit ? limit : "",
      entry.ko,
      entry.en,
    ]),
  );
}

function proofsTable(language: Language): string {
  const rows = catalogue.map((entry) => {
    const proofs = TOSS_CALLS.map((call) => proofOf(call, entry.code));
    return { name: entry.code, proofs };
  }).filter(({ proofs }) => proofs.some((proof) => proof !== "ask"));
  return table(
    [ERROR_WORDS[language].tossCode, ...TOSS_CALLS.map(code)],
    rows.map(({ name, proofs }) => [
      code(name),
      ...proofs.map((proof) => proof === "ask" ? "" : proof),
    ]),
  );
}

/** Every code of the API and every code of Toss, with what to do: docs/errors.md and docs/errors.ko.md. */
export function renderErrors(language: Language): string {
  const words = ERROR_WORDS[language];
  return [
    ...words.introduction,
    `## ${words.codesHeading}`,
    codesTable(language),
    `## ${words.tossHeading}`,
    words.classes,
    tossCodesTable(language),
    `## ${words.proofsHeading}`,
    words.proofs,
    proofsTable(language),
  ].join("\n\n") + "\n";
}
