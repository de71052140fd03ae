import type { KeyPair } from "../options.ts";
import type { ReceiptTerms } from "../receipts/cash-receipt.ts";
import type { CardDetails } from "./card.ts";
import type { AccountTerms, VirtualAccount } from "./virtual-account.ts";

/** The eight states of a payment (Toss core API reference, Payment object). */
export type PaymentStatus =
  | "READY"
  | "IN_PROGRESS"
  | "WAITING_FOR_DEPOSIT"
  | "DONE"
  | "CANCELED"
  | "PARTIAL_CANCELED"
  | "ABORTED"
  | "EXPIRED";

/** The payment methods the simulator plays, as response bodies name them. */
export const PAYMENT_METHODS = [
  "카드",
  "가상계좌",
  "간편결제",
  "계좌이체",
  "휴대폰",
  "문화상품권",
  "도서문화상품권",
  "게임문화상품권",
] as const;

/** One of `PAYMENT_METHODS`. */
export type PaymentMethod = typeof PAYMENT_METHODS[number];

/** The code and message that `Payment.failure` carries. */
export interface Failure {
  code: string;
  message: string;
}

/** One cancel, as `Payment.cancels` shows it; amounts in KRW. */
export interface Cancel {
  transactionKey: string;
  cancelReason: string;
  taxFreeAmount: number;
  taxExemptionAmount: number;
  refundableAmount: number;
  cardDiscountAmount: number;
  transferDiscountAmount: number;
  easyPayDiscountAmount: number;
  canceledAt: string;
  receiptKey: string | null;
  cancelAmount: number;
  cancelStatus: "DONE";
  cancelRequestId: string | null;
}

/** A payment as the simulator keeps it. Amounts in KRW, times in epoch ms. */
export interface Payment {
  paymentKey: string;
  keyPair: KeyPair;
  type: "NORMAL" | "BILLING";
  orderId: string;
  orderName: string;
  method: PaymentMethod;
  customerKey: string | null;
  metadata: Record<string, string> | null;
  cardNumber: string;
  card: CardDetails;
  /** Who pays when the method is 간편결제, as answers name it. */
  easyPayProvider: string;
  /** Whose account pays when the method is 계좌이체. */
  transferBankCode: string;
  /** 0 = at once. */
  installmentPlanMonths: number;
  isInterestFree: boolean;
  /** What the card's company takes off at once, in KRW; 0 = nothing. */
  discountAmount: number;
  /** SHA-256 in hex of the billing key that was charged, else null. */
  keyDigest: string | null;
  /** What account is issued when the method is 가상계좌. */
  accountTerms: AccountTerms;
  /** Whether the shop has told the escrow service that the goods are on their way. */
  isDeliveryRegistered: boolean;
  /** The cash receipt that the buyer wants with the payment; null when none was spoken of. */
  receiptTerms: ReceiptTerms | null;
  /** The issued account. */
  virtualAccount: VirtualAccount | null;
  /** What webhooks are verified with (`ps_…`); null where Toss gives none. */
  secret: string | null;
  totalAmount: number;
  balanceAmount: number;
  taxFreeAmount: number;
  status: PaymentStatus;
  requestedAt: number;
  authenticatedAt: number | null;
  approvedAt: number | null;
  lastTransactionKey: string | null;
  /** The transaction in which the money was taken; null while it is not, or when a deposit was taken back. */
  approvalKey: string | null;
  approveNumber: string;
  cancels: Cancel[];
  failure: Failure | null;
  /** How many times money was taken and stayed; a reversed deposit did not. */
  approvals: number;
  /** The code with which the next confirm of this payment is declined. */
  declineCode: string | null;
  /** Takes back the planned expiry. */
  cancelExpiry: () => void;
}
