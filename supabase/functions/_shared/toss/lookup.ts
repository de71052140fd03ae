import type { TossLookup, TossOutcome } from "./outcome.ts";

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
