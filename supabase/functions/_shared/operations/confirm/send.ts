import type { ConfirmOperation } from "../../database/confirm.ts";
import type { TossRefused } from "../../toss/outcome.ts";
import type { OperationContext } from "../context.ts";
import { noProof, REPEATED, unprovenAnswer } from "../no-proof.ts";
import { type ConfirmOutcome, leaveOpen, settlePaying } from "../paying.ts";
import {
  judgeRefusal,
  type RefusalJudgement,
  unprovenRefusal,
} from "../refusal.ts";
import { happenedBefore, stillWaits } from "../toss-answer.ts";
import { NO_SUCH_PAYMENT, refuseConfirm } from "./finish.ts";
import { lookElsewhere } from "./other-pair.ts";

/**
 * Asks Toss to approve a payment whose operation is leased, and finishes the operation with the answer.
 *
 * The lease outlasts the client's timeout, so nobody else acts on the operation meanwhile.
 *
 * @param isAdopted whether this try follows from another pair's knowing the payment, so that no third one is tried
 */
export async function sendConfirm(
  context: OperationContext,
  operation: ConfirmOperation,
  { isAdopted }: { isAdopted: boolean } = { isAdopted: false },
): Promise<ConfirmOutcome> {
  const { paymentKey, orderId, amount, idempotencyKey } = operation;
  const outcome = await context.toss.of(operation).confirm(
    { paymentKey, orderId, amount },
    { idempotencyKey },
  );
  switch (outcome.kind) {
    case "answered":
      return happenedBefore(operation, outcome.value.approvedAt)
        ? await askAfterRepeat(context, operation)
        : await settlePaying(context, operation, outcome.value);
    case "refused":
      return isAdopted
        ? await judge(context, operation, outcome)
        : await judgeWithOtherPairs(context, operation, outcome);
    case "unknown":
      return await leaveOpen(
        context,
        operation,
        unprovenAnswer(outcome, operation),
      );
  }
}

/** The order's pair may be the wrong one; then the others tell. */
async function judgeWithOtherPairs(
  context: OperationContext,
  operation: ConfirmOperation,
  refusal: TossRefused,
): Promise<ConfirmOutcome> {
  const elsewhere = await lookElsewhere(context, operation, refusal.code);
  switch (elsewhere.kind) {
    case "adopted":
      return await sendConfirm(context, elsewhere.operation, {
        isAdopted: true,
      });
    case "unknown":
      return await leaveOpen(context, operation, {
        ...noProof(refusal.code, refusal.message),
        keyIsSpent: true,
      });
    case "nowhere":
      return await judge(context, operation, refusal);
  }
}

async function judge(
  context: OperationContext,
  operation: ConfirmOperation,
  refusal: TossRefused,
): Promise<ConfirmOutcome> {
  const judgement = judgeRefusal("confirm", operation, refusal.code);
  return judgement.endsAtOnce
    ? await refuseConfirm(context, operation, refusal)
    : await askAfterRefusal(context, operation, { refusal, judgement });
}

/** Toss's own record tells what became of the payment, and of which order it is. */
async function askAfterRefusal(
  context: OperationContext,
  operation: ConfirmOperation,
  { refusal, judgement }: {
    refusal: TossRefused;
    judgement: RefusalJudgement;
  },
): Promise<ConfirmOutcome> {
  const outcome = await context.toss.of(operation).getPayment(
    operation.paymentKey,
  );
  switch (outcome.kind) {
    case "not_found":
      return await refuseConfirm(context, operation, NO_SUCH_PAYMENT);
    case "refused":
    case "unknown":
      return await leaveOpen(
        context,
        operation,
        unprovenRefusal(refusal, judgement),
      );
    case "answered":
      break;
  }
  if (outcome.value.orderId !== operation.orderId) {
    return await refuseConfirm(context, operation, {
      ...NO_SUCH_PAYMENT,
      message: "The payment belongs to another order.",
    });
  }
  if (!stillWaits(outcome.value)) {
    return await settlePaying(context, operation, outcome.value);
  }
  // Nothing has happened. That is the end only when nothing can be on its way any more, and a payment that still
  // waits contradicts a refusal which says that it was processed.
  return judgement.proof === "nothing" && judgement.isLastWord
    ? await refuseConfirm(context, operation, refusal)
    : await leaveOpen(context, operation, unprovenRefusal(refusal, judgement));
}

/** Toss repeats what it answered before a restore: how the payment stands now is in its record alone. */
async function askAfterRepeat(
  context: OperationContext,
  operation: ConfirmOperation,
): Promise<ConfirmOutcome> {
  const outcome = await context.toss.of(operation).getPayment(
    operation.paymentKey,
  );
  return outcome.kind === "answered"
    ? await settlePaying(context, operation, outcome.value)
    : await leaveOpen(context, operation, REPEATED);
}
