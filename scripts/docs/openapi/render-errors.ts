import { ERROR_CODES } from "../../../supabase/functions/_shared/http/error-codes.ts";
import { ERROR_CATALOGUE } from "../../../supabase/functions/_shared/toss/error-catalogue.ts";
import type { CatalogueEntry } from "../../../supabase/functions/_shared/toss/error-catalogue/entry.ts";
import {
  proofOf,
  type RefusalProof,
  TOSS_CALLS,
} from "../../../supabase/functions/_shared/toss/error-catalogue/proofs.ts";

function billingEffect({ hard, limit }: CatalogueEntry): string {
  if (hard) return "asks for another card";
  return limit ? "tries after midnight in Seoul" : "";
}

function cell(proof: RefusalProof): string {
  return proof === "ask" ? "" : proof;
}

function provesSomething(code: string): boolean {
  return TOSS_CALLS.some((call) => proofOf(call, code) !== "ask");
}

/** Every code of the API and every code of Toss, with what to do: docs/errors.md. */
export function renderErrors(): string {
  const codes = Object.entries(ERROR_CODES).sort(([a, x], [b, y]) =>
    x.status - y.status || a.localeCompare(b)
  );
  const catalogue = ERROR_CATALOGUE.toSorted((a, b) =>
    a.code.localeCompare(b.code)
  );
  return [
    "# Errors",
    "",
    "Written by `npx -y deno task docs` from the code.",
    "",
    "Every refusal is `{ code, message, requestId, retryable, action, userMessage, tossCode?, details? }`. `message` is for developers;",
    "`userMessage` may be shown, in Korean, or in English when `accept-language` asks for it first. Decide by `code` and `action`, never by the texts.",
    "",
    "## Codes of the functions",
    "",
    "| Code | Status | Retryable | Action | Korean | English |",
    "| --- | --- | --- | --- | --- | --- |",
    ...codes.map(([code, { status, retryable, action, ko, en }]) =>
      `| \`${code}\` | ${status} | ${
        retryable ? "yes" : "no"
      } | \`${action}\` | ${ko} | ${en} |`
    ),
    "",
    "## Codes of Toss",
    "",
    "They arrive as `tossCode`. The class says what is known: `customer` and `request`: nothing happened; `unknown`: Toss is asked again, nothing is",
    "concluded; `later`: the same request can work later; `configuration`: keys or contract; `already_done`: the payment's own state decides;",
    "`session_expired`: over, a new payment can begin; `not_found`: Toss does not know it. Codes that Toss adds get their class, and so their text, by status and prefix.",
    "",
    "| Toss code | Class | Action | Recurring charges | Korean | English |",
    "| --- | --- | --- | --- | --- | --- |",
    ...catalogue.map((entry) =>
      `| \`${entry.code}\` | ${entry.class} | \`${entry.action}\` | ${
        billingEffect(entry)
      } | ${entry.ko} | ${entry.en} |`
    ),
    "",
    "## What a refusal proves",
    "",
    "A code ends an operation by itself only when Toss documents what it means for that call, and no earlier try can have taken effect:",
    "`nothing`: it had no effect and never will; `later`: it had none, and the same request can have one later; `moved`: Toss holds another state than",
    "the request assumed, which is read. An empty cell, and every code that is not listed, prove nothing: the answer is 202 unless Toss's own record",
    "of the payment or order decides at once, and the record decides in the end.",
    "",
    `| Toss code | ${TOSS_CALLS.map((call) => `\`${call}\``).join(" | ")} |`,
    `| --- |${" --- |".repeat(TOSS_CALLS.length)}`,
    ...catalogue.filter(({ code }) => provesSomething(code)).map(({ code }) =>
      `| \`${code}\` | ${
        TOSS_CALLS.map((call) => cell(proofOf(call, code))).join(" | ")
      } |`
    ),
  ].join("\n") + "\n";
}
