import { stillWaits } from "../payments/finish-operation.ts";
import { describeTossError } from "../toss/error-catalogue.ts";
import type { TossPayment } from "../toss/payment.ts";
import { type DeclineClass, declineClass } from "./decline-class.ts";

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
