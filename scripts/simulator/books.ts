import type { Cancel, Payment } from "./payments/payment.ts";

/** What the simulator's ledger says about one payment; amounts in KRW. */
export interface Book {
  paymentKey: string;
  orderId: string;
  type: Payment["type"];
  status: Payment["status"];
  totalAmount: number;
  balanceAmount: number;
  /** How many times money was really taken. */
  approvals: number;
  /** `approvals` times `totalAmount`. */
  takenAmount: number;
  canceledAmount: number;
  cancels: Cancel[];
  /** SHA-256 in hex of the billing key that was charged, else null. */
  keyDigest: string | null;
}

/** Copies one payment into the ledger's shape. */
export function bookOf(payment: Payment): Book {
  return {
    paymentKey: payment.paymentKey,
    orderId: payment.orderId,
    type: payment.type,
    status: payment.status,
    totalAmount: payment.totalAmount,
    balanceAmount: payment.balanceAmount,
    approvals: payment.approvals,
    takenAmount: payment.approvals * payment.totalAmount,
    canceledAmount: payment.cancels
      .reduce((sum, cancel) => sum + cancel.cancelAmount, 0),
    cancels: structuredClone(payment.cancels),
    keyDigest: payment.keyDigest,
  };
}
