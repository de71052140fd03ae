import { toKoreanTime } from "../korean-time.ts";
import { cancelWithPayment } from "../receipts/receipt-life.ts";
import type { SimulatorState } from "../state.ts";
import {
  announceDeposit,
  announcePaymentStatus,
} from "../webhooks/announce.ts";
import { newTransactionKey } from "./identifiers.ts";
import type { Payment } from "./payment.ts";

/** A cancel that was already checked; amounts in KRW. */
export interface CheckedCancel {
  reason: string;
  amount: number;
  taxFreeAmount: number;
}

/**
 * Gives money back. Only a full cancel in one go ends in CANCELED; once
 * partly canceled, a payment stays PARTIAL_CANCELED even at balance 0.
 */
export function applyCancel(
  state: SimulatorState,
  payment: Payment,
  cancel: CheckedCancel,
): void {
  const transactionKey = newTransactionKey();
  payment.status = cancel.amount === payment.totalAmount
    ? "CANCELED"
    : "PARTIAL_CANCELED";
  payment.balanceAmount -= cancel.amount;
  payment.lastTransactionKey = transactionKey;
  payment.cancels.push({
    transactionKey,
    cancelReason: cancel.reason,
    taxFreeAmount: cancel.taxFreeAmount,
    taxExemptionAmount: 0,
    refundableAmount: payment.balanceAmount,
    cardDiscountAmount: 0,
    transferDiscountAmount: 0,
    easyPayDiscountAmount: 0,
    canceledAt: toKoreanTime(state.clock.now()),
    receiptKey: cancelWithPayment(state, payment, cancel),
    cancelAmount: cancel.amount,
    cancelStatus: "DONE",
    cancelRequestId: null,
  });
  if (payment.virtualAccount !== null) announceDeposit(state, payment);
  announcePaymentStatus(state, payment);
}
