import {
  IDENTIFIER_PATTERN,
  SENSITIVE_NAME_PATTERN,
} from "./sensitive-names.ts";

/** What stands in the place of a secret. */
export const REDACTED = "[redacted]";

/** What a redaction may assume about the text it is given. */
export type RedactTextOptions = {
  /** Exact secrets to remove as well, e.g. CRON_SECRET. */
  readonly literals?: readonly string[];
  /** The text is an identifier: a run of digits in it is no card number. */
  readonly isIdentifier?: boolean;
};

// Every repetition is bounded, or starts where the one before it cannot match:
// the text comes from outside, and a function has two seconds of processor time.
const TOKENS = new RegExp(
  [
    "(?:test|live)_g?sk_[\\w-]+",
    // Base64 of test_sk_, live_sk_, test_gsk_, live_gsk_: a Basic token alone.
    "(?:dGVzdF9za1|bGl2ZV9za1|dGVzdF9nc2tf|bGl2ZV9nc2tf)[\\w+/=-]*",
    "sb_secret_[\\w-]+",
    "sbp_[0-9a-f]{20,}",
    // With one dot: the state of billing-issue's redirect, a registration in its user's name for half an hour.
    "eyJ[\\w-]{5,800}\\.[\\w-]{5,}(?:\\.[\\w-]*)?",
    "(?<![A-Za-z0-9])ps_[A-Za-z0-9]{8,}",
  ].join("|"),
  "g",
);

// Sixteen characters keep "Basic plan" readable; real credentials are longer.
const CREDENTIALS = /\b(Basic|Bearer)(\s{1,5})[\w.~+/=-]{16,}/gi;

// Backslashes in front of a quote: JSON inside a JSON string.
const NAMED_VALUES = new RegExp(
  `(${SENSITIVE_NAME_PATTERN})(\\\\{0,8}["'])?(\\s{0,5}[:=]\\s{0,5})` +
    `(?:"(?:[^"\\\\]|\\\\[^])*(?:"|\\\\?$)` +
    `|'(?:[^'\\\\]|\\\\[^])*(?:'|\\\\?$)` +
    `|(\\\\{1,8}["'])[^]*?(?:\\4|$)` +
    `|(?:(?:Basic|Bearer)\\s{1,5})?[^\\s"'\\\\,;&{}\\[\\]<>]+)`,
  "gi",
);

const MASKED_CARD = /\d{3,8}[\d-]{0,12}\*{2,}[\d*-]{0,12}/g;

// Issuers' numbers begin with 3 to 6 or, for domestic cards, 9; dates written
// as yyyyMMddHHmmss begin with 2. An identifier is left alone by its name.
const CARD_NUMBER = new RegExp(
  `(?<!(?:${IDENTIFIER_PATTERN})[\\\\"'\\s:=]{1,12})(?<![\\w-])` +
    "(?:[34569]\\d{13,15}|[34569]\\d{3}([ -])\\d{4,6}\\1\\d{4,5}(?:\\1\\d{4})?)" +
    "(?![\\w-])",
  "gi",
);

/**
 * Removes secrets from free text: by shape (Toss and Supabase secret keys,
 * Basic and Bearer credentials, JSON Web Tokens, signed states, a payment's
 * `ps_` secret, card numbers, masked or not), by field name where the text
 * holds JSON, a query or `name: value`, and by given literals. Everything else
 * stays as it is. authKeys, billing keys and account numbers have no shape of
 * their own: only their name gives them away. Never throws.
 */
export function redactText(
  text: string,
  options: RedactTextOptions = {},
): string {
  let result = removeLiterals(text, options.literals ?? []);
  // Names first: "Authorization: Basic x" is one value, however short x is.
  result = result
    .replace(NAMED_VALUES, hideNamedValue)
    .replace(CREDENTIALS, `$1$2${REDACTED}`)
    .replace(TOKENS, REDACTED);
  if (options.isIdentifier === true) return result;
  return result.replace(MASKED_CARD, REDACTED).replace(CARD_NUMBER, REDACTED);
}

function hideNamedValue(
  match: string,
  name: string,
  quote: string | undefined,
  separator: string,
): string {
  const head = `${name}${quote ?? ""}${separator}`;
  const value = match.slice(head.length);
  if (value === "null" || value === '""') return match;
  // The same quotes around the replacement keep JSON readable as JSON.
  const mark = /^\\*["']/.exec(value)?.[0] ??
    (quote === undefined ? "" : quote);
  return `${head}${mark}${REDACTED}${mark}`;
}

// Shorter texts occur by accident, and removing them would shred the log.
const LITERAL_LENGTH = 8;

function removeLiterals(text: string, literals: readonly string[]): string {
  const spellings = literals
    .filter((literal) => literal.length >= LITERAL_LENGTH)
    .flatMap((literal) => [
      literal,
      JSON.stringify(literal).slice(1, -1),
      encode(literal),
    ])
    .sort((left, right) => right.length - left.length);
  return spellings.reduce(
    (rest, spelling) => rest.split(spelling).join(REDACTED),
    text,
  );
}

function encode(literal: string): string {
  try {
    return encodeURIComponent(literal);
  } catch {
    return literal; // a lone surrogate has no percent-encoded form
  }
}
