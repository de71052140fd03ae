import type {
  CashReceiptOperation,
  ReceiptEntry,
} from "../../database/cash-receipts.ts";
import type { OperationContext } from "../context.ts";
import { unansweredQuestion } from "../no-proof.ts";
import {
  leaveReceiptOpen,
  type ReceiptOutcome,
  refuseReceipt,
  settleReceipt,
} from "../receipt-end.ts";
import { receiptsOfPayment } from "../receipt-entry.ts";
import { applyAnswer } from "../toss-answer.ts";

/** The code of a request that was not sent, because the payment has a receipt by now. */
export const RECEIPT_EXISTS = "CASH_RECEIPT_EXISTS";

/**
 * Looks into the payment for a receipt that Toss has issued by itself, which no webhook tells of and which may come
 * after the approval.
 *
 * @returns how the request ends without being sent; null when it is to be sent
 */
export async function findIssued(
  context: OperationContext,
  operation: CashReceiptOperation,
): Promise<ReceiptOutcome | null> {
  const { paymentKey, askedAt } = operation;
  const read = await context.toss.of(operation).getPayment(paymentKey);
  if (read.kind !== "answered") {
    return await leaveReceiptOpen(context, operation, unansweredQuestion(read));
  }
  const entries = receiptsOfPayment(read.value);
  if (entries.length === 0) return null;
  await applyAnswer(context, read.value, { askedAt });
  if (operation.attempts > 1) {
    // An earlier try of this very request, should Toss show there what was asked for apart.
    const ended = await settleReceipt(context, operation, {
      entries,
      proof: "listed",
    });
    if (ended !== null) return ended;
  }
  return liveAmount(entries) === 0
    ? null
    : await refuseReceipt(context, operation, {
      code: RECEIPT_EXISTS,
      message: "Toss has issued a receipt with the payment.",
      isFinal: false,
    });
}

function liveAmount(entries: ReceiptEntry[]): number {
  return entries.filter(({ issueStatus }) => issueStatus !== "FAILED")
    .reduce(
      (sum, { transactionType, amount }) =>
        sum + (transactionType === "CONFIRM" ? amount : -amount),
      0,
    );
}
