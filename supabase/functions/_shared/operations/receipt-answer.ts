import type {
  ReceiptEntry,
  ReceiptOperation,
} from "../database/cash-receipts.ts";
import type { TossCashReceipt } from "../toss/cash-receipts.ts";
import type { TossOutcome } from "../toss/outcome.ts";
import type { OperationContext } from "./context.ts";
import { noProof, unprovenAnswer } from "./no-proof.ts";
import { judgeRefusal, unprovenRefusal } from "./refusal.ts";
import {
  leaveReceiptOpen,
  type ReceiptOutcome,
  refuseReceipt,
  settleReceipt,
} from "./receipt-end.ts";
import { listReceipts } from "./receipt-list.ts";

/** What Toss's answer to a request about a receipt means for it; what it does not prove is left to Toss's list. */
export async function judgeReceiptAnswer(
  context: OperationContext,
  operation: ReceiptOperation,
  outcome: TossOutcome<TossCashReceipt>,
  read: (receipt: TossCashReceipt) => ReceiptEntry | null,
): Promise<ReceiptOutcome> {
  switch (outcome.kind) {
    case "answered": {
      const entry = read(outcome.value);
      return entry === null
        ? await leaveReceiptOpen(context, operation, NOT_TOLD)
        : await settleReceipt(context, operation, {
          entries: [entry],
          proof: "answered",
        }) ?? await leaveReceiptOpen(context, operation, NOT_TOLD);
    }
    case "unknown":
      return await leaveReceiptOpen(
        context,
        operation,
        unprovenAnswer(outcome, operation),
      );
    case "refused": {
      const judgement = judgeRefusal(
        operation.kind,
        operation,
        outcome.code,
      );
      const refusal = { ...outcome, isFinal: judgement.isFinal };
      if (judgement.endsAtOnce) {
        return await refuseReceipt(context, operation, refusal);
      }
      const listed = await listReceipts(context, operation);
      if (listed.kind !== "listed") {
        return await leaveReceiptOpen(
          context,
          operation,
          unprovenRefusal(outcome, judgement),
        );
      }
      const ended = await settleReceipt(context, operation, {
        entries: listed.entries,
        proof: "listed",
      });
      if (ended !== null) return ended;
      return judgement.isLastWord
        ? await refuseReceipt(context, operation, refusal)
        : await leaveReceiptOpen(
          context,
          operation,
          unprovenRefusal(outcome, judgement),
        );
    }
  }
}

const NOT_TOLD = noProof(
  "ANSWER_MISMATCH",
  "Toss's answer does not tell what became of the receipt.",
);
