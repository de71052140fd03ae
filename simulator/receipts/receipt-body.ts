import { toKoreanTime } from "../korean-time.ts";
import type { Payment } from "../payments/payment.ts";
import type { SimulatorState } from "../state.ts";
import type { CashReceipt } from "./cash-receipt.ts";
import { receiptsOf } from "./receipt-life.ts";

type Shown = Pick<SimulatorState, "publicUrl" | "cashReceipts">;

function receiptUrl({ publicUrl }: Shown, receipt: CashReceipt): string {
  return `${publicUrl}/cash-receipts#${receipt.receiptKey}`;
}

/** Writes a CashReceipt object as Toss's answers carry it. Source: core API reference, CashReceipt object. */
export function receiptBody(state: Shown, receipt: CashReceipt) {
  return {
    receiptKey: receipt.receiptKey,
    orderId: receipt.orderId,
    orderName: receipt.orderName,
    type: receipt.type,
    issueNumber: receipt.issueNumber,
    receiptUrl: receiptUrl(state, receipt),
    businessNumber: "1234567890",
    transactionType: receipt.transactionType,
    amount: receipt.amount,
    taxFreeAmount: receipt.taxFreeAmount,
    issueStatus: receipt.issueStatus,
    failure: receipt.failureCode === null
      ? null
      : { code: receipt.failureCode, message: "국세청이 거절했습니다." },
    customerIdentityNumber: receipt.customerIdentityNumber,
    requestedAt: toKoreanTime(receipt.requestedAt),
  };
}

/** The two fields of a Payment about the receipts that Toss made with it. */
export function paymentReceipts(state: Shown, payment: Payment) {
  const receipts = receiptsOf(state, payment);
  const issued = receipts.find(({ transactionType, issueStatus }) =>
    transactionType === "CONFIRM" && issueStatus !== "FAILED"
  );
  return {
    cashReceipt: issued === undefined ? null : {
      type: issued.type,
      receiptKey: issued.receiptKey,
      issueNumber: issued.issueNumber,
      receiptUrl: receiptUrl(state, issued),
      amount: issued.amount,
      taxFreeAmount: issued.taxFreeAmount,
    },
    cashReceipts: receipts.length === 0
      ? null
      : receipts.map((receipt) => receiptBody(state, receipt)),
  };
}
