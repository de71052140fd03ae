import { hideNumbers } from "./digit-runs.ts";
import { hideNamedValues } from "./named-values.ts";
import { plainSpelling } from "./spelling.ts";

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
    "(?<![A-Za-z0-9])ps_[A-Za-z0-9]{8,}",
  ].join("|"),
  "g",
);

// A run without a dot is passed over as a whole. With one dot: the state of billing-issue's redirect, a registration in
// its user's name for half an hour.
const JSON_TOKEN = /eyJ[\w-]{5,}(\.[\w-]{5,}(?:\.[\w-]*)?)?/g;

// Sixteen characters keep "Basic plan" readable; real credentials are longer.
const CREDENTIALS = /\b(Basic|Bearer)(\s{1,5})[\w.~+/=-]{16,}/gi;

// Nothing that is hidden is shorter.
const SHORTEST = 5;

/**
 * Removes secrets from free text: by shape (Toss and Supabase secret keys,
 * Basic and Bearer credentials, JSON Web Tokens, signed states, a payment's
 * `ps_` secret, card numbers, masked or not, phone numbers), by field name where
 * the text holds JSON, a query or `name: value`, and by given literals.
 *
 * What only shows once its characters are written plainly (`plainSpelling()`) is
 * hidden too; the text then comes back in that spelling. Everything else stays as
 * it is. authKeys, billing keys and account numbers have no shape of their own:
 * only their name gives them away. Never throws.
 */
export function redactText(
  text: string,
  options: RedactTextOptions = {},
): string {
  if (text.length < SHORTEST) return text;
  const asWritten = redactSpelling(removeLiterals(text, options), options);
  const plain = plainSpelling(asWritten);
  if (plain === asWritten) return asWritten;
  const redacted = redactSpelling(plain, options);
  return redacted === plain ? asWritten : redacted;
}

function redactSpelling(text: string, options: RedactTextOptions): string {
  // Names first: "Authorization: Basic x" is one value, however short x is.
  const result = hideNamedValues(text, REDACTED)
    .replace(CREDENTIALS, `$1$2${REDACTED}`)
    .replace(
      JSON_TOKEN,
      (run, rest) => rest === undefined ? run : REDACTED,
    )
    .replace(TOKENS, REDACTED);
  return options.isIdentifier === true ? result : hideNumbers(result, REDACTED);
}

// Shorter texts occur by accident, and removing them would shred the log.
const LITERAL_LENGTH = 8;

/** One list serves many texts. */
const patterns = new WeakMap<readonly string[], RegExp>();
const NOTHING = /(?!)/g;

function removeLiterals(
  text: string,
  { literals = [] }: RedactTextOptions,
): string {
  if (literals.length === 0) return text;
  let pattern = patterns.get(literals);
  if (pattern === undefined) {
    pattern = patternOf(literals);
    patterns.set(literals, pattern);
  }
  const asWritten = text.replace(pattern, REDACTED);
  const plain = plainSpelling(asWritten);
  if (plain === asWritten) return asWritten;
  const removed = plain.replace(pattern, REDACTED);
  return removed === plain ? asWritten : removed;
}

function patternOf(literals: readonly string[]): RegExp {
  const spellings = literals
    .filter((literal) => literal.length >= LITERAL_LENGTH)
    .flatMap((literal) => [
      literal,
      JSON.stringify(literal).slice(1, -1),
      encode(literal),
      plainSpelling(literal),
    ])
    .sort((left, right) => right.length - left.length);
  if (spellings.length === 0) return NOTHING;
  return new RegExp([...new Set(spellings)].map(escapePattern).join("|"), "g");
}

function escapePattern(literal: string): string {
  return literal.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}

function encode(literal: string): string {
  try {
    return encodeURIComponent(literal);
  } catch {
    return literal; // a lone surrogate has no percent-encoded form
  }
}
