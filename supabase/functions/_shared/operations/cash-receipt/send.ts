import type { CashReceiptOperation } from "../../database/cash-receipts.ts";
import type { OperationContext } from "../context.ts";
import { noProof } from "../no-proof.ts";
import { judgeReceiptAnswer } from "../receipt-answer.ts";
import { leaveReceiptOpen, type ReceiptOutcome } from "../receipt-end.ts";
import { receiptEntry } from "../receipt-entry.ts";
import { openIdentity, SELF_ISSUE_NUMBER } from "../receipt-identity.ts";
import { taxFreePart } from "../tax-free-part.ts";
import { findIssued } from "./find-issued.ts";

/**
 * Asks Toss for a cash receipt, and finishes the operation with the answer.
 *
 * Toss issues as often as it is asked, so that only the Idempotency-Key, one request at a time, and a look at the
 * payment keep it from issuing twice. Source: Toss, 현금영수증 발급 (POST /v1/cash-receipts).
 */
export async function sendCashReceipt(
  context: OperationContext,
  operation: CashReceiptOperation,
): Promise<ReceiptOutcome> {
  const { orderId, orderName, amount, type, secret, operationId } = operation;
  const customerIdentityNumber = secret === null
    ? SELF_ISSUE_NUMBER
    : await openIdentity(context, secret, operationId);
  if (customerIdentityNumber === null) {
    return await leaveReceiptOpen(
      context,
      operation,
      noProof(
        "RECEIPT_NUMBER_UNREADABLE",
        "The key that encrypted the receipt's number is gone.",
      ),
    );
  }
  const ended = await findIssued(context, operation);
  if (ended !== null) return ended;
  const outcome = await context.toss.of(operation).issueCashReceipt({
    amount,
    orderId,
    orderName,
    type,
    customerIdentityNumber,
    ...taxFreePart(operation),
  }, { idempotencyKey: operation.idempotencyKey });
  return await judgeReceiptAnswer(
    context,
    operation,
    outcome,
    (receipt) =>
      receiptEntry(receipt, {
        transactionType: "CONFIRM",
        ...(receipt.amount === null ? { amount } : {}),
      }),
  );
}
