import type { ReceiptOperation } from "../database/cash-receipts.ts";
import type { OperationContext } from "./context.ts";
import { noProof, unansweredQuestion } from "./no-proof.ts";
import { isQuiet, isTired } from "./patience.ts";
import { judgeRemembered } from "./refusal.ts";
import {
  leaveReceiptOpen,
  type ReceiptOutcome,
  refuseReceipt,
  settleReceipt,
} from "./receipt-end.ts";
import { listReceipts } from "./receipt-list.ts";

type Send<Leased> = (
  context: OperationContext,
  operation: Leased,
) => Promise<ReceiptOutcome>;

/**
 * Finishes a request about a receipt whose earlier attempt brought no proof.
 *
 * While Toss never answered, the same request under the same Idempotency-Key brings the answer of the first one. After
 * an error answer, when the key brings nothing usable, or when Toss may have forgotten it, Toss's list is read: a
 * receipt, or a cancel, of ours that took effect stands in it. While an earlier try may still be at work nothing is
 * sent under another key, because Toss would issue a second time.
 */
export async function resolveReceiptBy<Leased extends ReceiptOperation>(
  send: Send<Leased>,
  context: OperationContext,
  operation: Leased,
): Promise<ReceiptOutcome> {
  const isUnanswered = operation.keyGeneration === 1 && operation.keyIsFresh;
  if (isUnanswered && !isTired(operation)) {
    return await send(context, operation);
  }
  const listed = await listReceipts(context, operation);
  if (listed.kind !== "listed") {
    return await leaveReceiptOpen(
      context,
      operation,
      unansweredQuestion(listed.outcome),
    );
  }
  const ended = await settleReceipt(context, operation, {
    entries: listed.entries,
    proof: "listed",
  });
  if (ended !== null) return ended;
  const remembered = judgeRemembered(operation.kind, operation);
  switch (remembered.kind) {
    case "early":
      return await leaveReceiptOpen(context, operation, remembered.noProof);
    case "stands":
      return await refuseReceipt(context, operation, {
        code: remembered.code,
        message: "Toss refused, and its list shows nothing of this request.",
        isFinal: remembered.isFinal,
      });
    case "none":
      return await sendAgain(send, context, operation);
  }
}

async function sendAgain<Leased extends ReceiptOperation>(
  send: Send<Leased>,
  context: OperationContext,
  operation: Leased,
): Promise<ReceiptOutcome> {
  if (operation.keyGeneration > 1 && !isQuiet(operation)) {
    return await leaveReceiptOpen(
      context,
      operation,
      noProof(
        "NO_RECEIPT_YET",
        "Toss may still be working on an earlier try.",
      ),
    );
  }
  return operation.keyIsFresh
    ? await send(context, operation)
    : await refuseReceipt(context, operation, {
      code: "CASH_RECEIPT_NOT_PROVEN",
      message: "Toss's list shows nothing of this request.",
      isFinal: false,
    });
}
