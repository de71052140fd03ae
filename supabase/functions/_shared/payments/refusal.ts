import type { CatalogueEntry } from "../toss/error-catalogue.ts";

/** Toss refuses every request with these until the keys are mended; the payment itself is untouched. */
const KEY_FAULTS = new Set([
  "UNAUTHORIZED_KEY",
  "INVALID_API_KEY",
  "INCORRECT_BASIC_AUTH_FORMAT",
]);

/** Whether Toss refused us rather than the payment: our keys are wrong. */
export function isKeyFault(code: string): boolean {
  return KEY_FAULTS.has(code);
}

/** What a refused confirm means for the operation and the payment. */
export interface RefusalEffect {
  /** Whether this payment can never be approved; false lets the buyer's page confirm it again. */
  isFinal: boolean;
  paymentStatus: "ABORTED" | "EXPIRED" | null;
}

/**
 * Reads a refusal of confirm.
 *
 * A declined confirm is final for its paymentKey (Toss: payment statuses, ABORTED); the buyer starts a new
 * payment. A fault of our keys or a closed bank says nothing about the payment.
 */
export function refusalEffect(entry: CatalogueEntry): RefusalEffect {
  switch (entry.class) {
    case "customer":
      return { isFinal: true, paymentStatus: "ABORTED" };
    case "session_expired":
      return { isFinal: true, paymentStatus: "EXPIRED" };
    case "later":
      return { isFinal: false, paymentStatus: null };
    default:
      return { isFinal: !isKeyFault(entry.code), paymentStatus: null };
  }
}
