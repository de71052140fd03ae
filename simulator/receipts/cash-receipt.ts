import type { KeyPair } from "../options.ts";
import type { Payment } from "../payments/payment.ts";

/** Toss's words for what a receipt is for. */
export const RECEIPT_TYPES = ["소득공제", "지출증빙"] as const;

/** One of `RECEIPT_TYPES`. */
export type ReceiptType = typeof RECEIPT_TYPES[number];

/** What a buyer entered about a receipt; `미발행` = none. */
export interface ReceiptTerms {
  type: ReceiptType | "미발행";
  registrationNumber?: string | undefined;
}

/** A receipt, or a cancel of one, as the simulator keeps it. Amounts in KRW, times in epoch ms. */
export interface CashReceipt {
  receiptKey: string;
  keyPair: KeyPair;
  transactionType: "CONFIRM" | "CANCEL";
  orderId: string;
  orderName: string;
  type: ReceiptType;
  amount: number;
  taxFreeAmount: number;
  /** In clear, as Toss's answers carry it. */
  customerIdentityNumber: string;
  issueNumber: string;
  issueStatus: "IN_PROGRESS" | "COMPLETED" | "FAILED";
  failureCode: string | null;
  requestedAt: number;
  /** Of a CONFIRM: what cancels have taken back. */
  canceledAmount: number;
  /** Of a CANCEL: the receipt that it takes from. */
  canceledReceiptKey: string | null;
  /** The payment that Toss issued it with by itself; null when it was asked for. */
  payment: Payment | null;
}

/** A receipt as the ledger shows it to tests. */
export type ReceiptBook =
  & Omit<CashReceipt, "keyPair" | "payment" | "customerIdentityNumber">
  & { paymentKey: string | null };

/** Copies one receipt into the ledger's shape. */
export function receiptBookOf(receipt: CashReceipt): ReceiptBook {
  const { keyPair: _keys, payment, customerIdentityNumber: _number, ...rest } =
    receipt;
  return { ...rest, paymentKey: payment?.paymentKey ?? null };
}
