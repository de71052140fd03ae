import type { Payment, PaymentStatus } from "../payments/payment.ts";

/** A payment as the control interface reports it; amount in KRW. */
export interface PaymentSummary {
  paymentKey: string;
  orderId: string;
  amount: number;
  status: PaymentStatus;
}

/** What became of a wish about one payment. */
export type ControlOutcome =
  | { kind: "done"; payment: PaymentSummary }
  | { kind: "not_found" }
  | { kind: "wrong_state"; status: PaymentStatus }
  | { kind: "no_virtual_account" }
  | { kind: "no_refund" };

/** Copies what the control interface reports of a payment. */
export function summaryOf(payment: Payment): PaymentSummary {
  const { paymentKey, orderId, totalAmount, status } = payment;
  return { paymentKey, orderId, amount: totalAmount, status };
}
