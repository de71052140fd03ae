import {
  type CatalogueEntry,
  describeTossError,
} from "../../toss/error-catalogue.ts";
import type { TossPayment } from "../../toss/payment.ts";
import { stillWaits } from "../toss-answer.ts";

/**
 * What a declined charge means for the next try.
 *
 * - `soft`: the same card may work on another day.
 * - `limit`: a limit that resets with the day in Seoul.
 * - `hard`: the billing key will never work again; the user has to register another method.
 */
export type DeclineClass = "soft" | "limit" | "hard";

/**
 * Reads a refusal of a charge with a billing key.
 *
 * @returns null when it says nothing about the customer's method: a fault of our keys, contract or request, or a
 * time at which Toss or a bank takes no payments. Such an answer must not cost the customer one of the retries.
 */
export function declineClass(
  entry: Pick<CatalogueEntry, "class" | "hard" | "limit">,
): DeclineClass | null {
  // A key that belongs to another customer is our own mistake and yet as useless as a removed one.
  if (entry.hard) return "hard";
  if (entry.class !== "customer") return null;
  return entry.limit ? "limit" : "soft";
}

/** A refusal that blames the customer's method. */
export interface Decline {
  code: string;
  message: string;
  declineClass: DeclineClass;
}

/** Whether Toss's record says that a payment has failed for good. */
export function hasFailed({ status }: TossPayment): boolean {
  return status === "ABORTED" || status === "EXPIRED";
}

/**
 * Whether a payment under a charge's orderId is none that was asked for here: a user who sees the orderId may open
 * Toss's window under it. It can take no money, because nobody confirms it; what it is says nothing about the charge,
 * and Toss, asked for the order, does not say which of several payments it answers with.
 */
export function isForeign(payment: TossPayment): boolean {
  return payment.type !== null && payment.type !== "BILLING" &&
    (hasFailed(payment) || stillWaits(payment));
}

/**
 * Reads Toss's record of a refused approval.
 *
 * @returns null when the payment has not failed, or not by the customer's method
 */
export function declineOf(payment: TossPayment): Decline | null {
  if (!hasFailed(payment)) return null;
  const { failure, status } = payment;
  const code = failure?.code ?? status;
  const found = declineClass(describeTossError(code));
  return found === null ? null : {
    code,
    message: failure?.message ?? "Toss refused this payment.",
    declineClass: found,
  };
}
