import type { CatalogueEntry } from "./error-catalogue.ts";

/** Why nobody knows what became of a request. */
export type UnknownReason =
  | "timeout"
  | "network"
  | "server_error"
  | "unreadable"
  | "in_progress"
  | "temporary"
  | "rate_limited"
  /** Nothing was sent: the key pair that Toss would have to be asked with is not set. */
  | "keys_missing"
  /** The pair is another one than made the thing, so that Toss's no proves nothing. */
  | "keys_changed";

/** Toss answered 200 with an object that parsed. */
export type TossAnswered<Value> = {
  readonly kind: "answered";
  readonly value: Value;
  /** Toss's trace id for support requests, when it sent one. */
  readonly traceId: string | null;
  /** Names of fields that were there and could not be read; absent when all could. */
  readonly unreadFields?: readonly string[];
};

/**
 * Toss said no in its own form. What that proves depends on the call and the code (`error-catalogue/proofs.ts`), and
 * is judged in one place (`payments/refusal.ts`).
 */
export type TossRefused = {
  readonly kind: "refused";
  readonly status: number;
  readonly code: string;
  /** Toss's own message, for records; people get `failure.ko` or `.en`. */
  readonly message: string;
  readonly failure: CatalogueEntry;
  readonly answered: true;
  readonly traceId: string | null;
};

/**
 * Nobody knows yet whether the request took effect: ask Toss before acting.
 *
 * `answered` decides about the Idempotency-Key once Toss has been asked and
 * says that nothing happened. Toss replays its first answer for 15 days, errors
 * included ("멱등키 헤더"):
 * - `false`: Toss's application gave no final answer under this key, so the
 *   same key may be sent again, and only the same key is safe. It also covers
 *   409 IDEMPOTENT_REQUEST_PROCESSING, where the first request still runs and
 *   its answer will be replayed to this key, an answer from a proxy in between,
 *   and a 200 that could not be read (a new key could repeat the effect).
 * - `true`: Toss's own error answer arrived and would be replayed; trying again
 *   needs a new key.
 */
export type TossUnknown = {
  readonly kind: "unknown";
  readonly reason: UnknownReason;
  readonly status?: number;
  readonly code?: string;
  readonly answered: boolean;
  readonly message: string;
  readonly traceId: string | null;
};

/** What a request that changes something can end as. */
export type TossOutcome<Value> =
  | TossAnswered<Value>
  | TossRefused
  | TossUnknown;

/** Toss's word that the thing asked for does not exist (any more). */
export type TossNotFound = {
  readonly kind: "not_found";
  readonly code: string;
  readonly traceId: string | null;
};

/** What a look-up can end as. */
export type TossLookup<Value> = TossOutcome<Value> | TossNotFound;

// A general NOT_FOUND also comes for a wrong address, so it proves nothing.
const NOT_FOUND_CODES = new Set([
  "NOT_FOUND_PAYMENT",
  "NOT_FOUND_PAYMENT_SESSION",
]);

/**
 * Turns the outcome of a GET into one of a look-up: Toss's 404 with a code that
 * names the payment becomes `not_found`, everything else stays as it is.
 */
export function lookup<Value>(
  outcome: TossOutcome<Value>,
): TossLookup<Value> {
  if (
    outcome.kind !== "refused" || outcome.status !== 404 ||
    !NOT_FOUND_CODES.has(outcome.code)
  ) return outcome;
  return {
    kind: "not_found",
    code: outcome.code,
    traceId: outcome.traceId,
  };
}
