import { toKoreanTime } from "../korean-time.ts";
import type { KeyPair } from "../options.ts";
import type { Payment } from "./payment.ts";

/** A line of Toss's list of transactions (거래 조회): an approval, or a cancel. Amounts in KRW. */
export interface Transaction {
  keyPair: KeyPair;
  merchantId: string;
  transactionKey: string;
  paymentKey: string;
  orderId: string;
  method: string;
  customerKey: string | null;
  status: "DONE" | "CANCELED" | "PARTIAL_CANCELED";
  /** Milliseconds since the Unix epoch. */
  transactionAt: number;
  amount: number;
}

/** The lines of a payment; none while no money was taken. */
export function transactionsOf(payment: Payment): Transaction[] {
  const { approvalKey, approvedAt, keyPair } = payment;
  if (approvalKey === null || approvedAt === null) return [];
  const common = {
    keyPair,
    merchantId: keyPair.merchantId,
    paymentKey: payment.paymentKey,
    orderId: payment.orderId,
    method: payment.method,
    customerKey: payment.customerKey,
  };
  const approval: Transaction = {
    ...common,
    transactionKey: approvalKey,
    status: "DONE",
    transactionAt: approvedAt,
    amount: payment.totalAmount,
  };
  const cancels = payment.cancels.map((cancel): Transaction => ({
    ...common,
    transactionKey: cancel.transactionKey,
    status: cancel.cancelAmount === payment.totalAmount
      ? "CANCELED"
      : "PARTIAL_CANCELED",
    transactionAt: Date.parse(cancel.canceledAt),
    amount: cancel.cancelAmount,
  }));
  return [approval, ...cancels];
}

/** A line as Toss writes it. */
export function transactionBody(transaction: Transaction) {
  return {
    mId: transaction.merchantId,
    transactionKey: transaction.transactionKey,
    paymentKey: transaction.paymentKey,
    orderId: transaction.orderId,
    method: transaction.method,
    customerKey: transaction.customerKey,
    useEscrow: false,
    receiptUrl:
      `https://dashboard.tosspayments.com/receipt/redirection?transactionId=${transaction.paymentKey}`,
    status: transaction.status,
    transactionAt: toKoreanTime(transaction.transactionAt),
    currency: "KRW",
    amount: transaction.amount,
  };
}
