import type { CashReceiptCancelOperation } from "../../database/cash-receipts.ts";
import type { OperationContext } from "../context.ts";
import { judgeReceiptAnswer } from "../receipt-answer.ts";
import type { ReceiptOutcome } from "../receipt-end.ts";
import { receiptEntry } from "../receipt-entry.ts";

/**
 * Asks Toss to cancel a cash receipt or a part of it, and finishes the operation with the answer.
 *
 * What was asked for under the key is what was canceled, whatever amount the answer shows. Source: Toss, 현금영수증 발급
 * 취소 (POST /v1/cash-receipts/{receiptKey}/cancel).
 */
export async function sendReceiptCancel(
  context: OperationContext,
  operation: CashReceiptCancelOperation,
): Promise<ReceiptOutcome> {
  const { receiptKey, amount, isWhole, idempotencyKey } = operation;
  const outcome = await context.toss.of(operation).cancelCashReceipt(
    receiptKey,
    isWhole ? {} : { amount },
    { idempotencyKey },
  );
  return await judgeReceiptAnswer(
    context,
    operation,
    outcome,
    (receipt) => receiptEntry(receipt, { transactionType: "CANCEL", amount }),
  );
}
