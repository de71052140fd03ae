import { z } from "zod";
import { receiptTermsSchema } from "../payments/create-payment.ts";
import { type ReceiptBook, receiptBookOf } from "../receipts/cash-receipt.ts";
import { issueWithPayment } from "../receipts/receipt-life.ts";
import type { SimulatorState } from "../state.ts";
import { type ControlOutcome, summaryOf } from "./payment-outcome.ts";

/** What tests read of cash receipts, and let Toss do by itself. */
export interface ReceiptControls {
  /** Every receipt and every cancel of one, in order of creation, without whom it is for. */
  cashReceipts(): ReceiptBook[];
  /** Toss issues one with a paid payment, later than its approval and without a webhook. */
  issueCashReceipt(
    paymentKey: string,
    terms: z.input<typeof receiptTermsSchema>,
  ): ControlOutcome;
}

/** Builds the controls of cash receipts. */
export function receiptControls(state: SimulatorState): ReceiptControls {
  return {
    cashReceipts: () => state.cashReceipts.map(receiptBookOf),
    issueCashReceipt(paymentKey, terms) {
      const receiptTerms = receiptTermsSchema.parse(terms);
      const payment = state.payments.get(paymentKey);
      if (payment === undefined) return { kind: "not_found" };
      const { status, balanceAmount } = payment;
      if (payment.approvedAt === null || balanceAmount === 0) {
        return { kind: "wrong_state", status };
      }
      payment.receiptTerms = receiptTerms;
      issueWithPayment(state, payment);
      return { kind: "done", payment: summaryOf(payment) };
    },
  };
}
