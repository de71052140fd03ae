import type { CancelOperation } from "../database/cancel.ts";
import { proofOf } from "../toss/error-catalogue/proofs.ts";
import { leaveCancelOpen, refuseCancel, settle } from "./finish-cancel.ts";
import type { OperationContext } from "./operation-context.ts";
import { unansweredQuestion } from "./no-proof.ts";
import type { CancelOutcome } from "./outcome.ts";
import { isQuiet, isTired } from "./patience.ts";
import { sendCancel } from "./send-cancel.ts";

/**
 * Finishes a cancel whose earlier attempt brought no proof.
 *
 * While Toss never answered, the same request under the same Idempotency-Key brings the answer of the first one,
 * whether or not that took effect. After an error answer, when the key brings nothing usable, or when Toss may have
 * forgotten it, the payment is read: a cancel of ours that took effect stands in it.
 */
export async function resolveCancel(
  context: OperationContext,
  operation: CancelOperation,
): Promise<CancelOutcome> {
  const isUnanswered = operation.keyGeneration === 1 && operation.keyIsFresh;
  if (isUnanswered && !isTired(operation)) {
    return await sendCancel(context, operation);
  }
  const read = await context.toss.getPayment(operation.paymentKey);
  if (read.kind !== "answered") {
    return await leaveCancelOpen(context, operation, unansweredQuestion(read));
  }
  const step = await settle(context, operation, read.value, {
    proof: isUnanswered ? "seen" : "read",
    keyIsSpent: false,
  });
  if (step.kind !== "send") return step;
  return operation.refusedWith === null
    ? await sendCancel(context, step.operation)
    : await standByRefusal(context, operation, operation.refusedWith);
}

/** Toss has refused and its record shows nothing of the cancel, which decides once no try can be at work any more. */
async function standByRefusal(
  context: OperationContext,
  operation: CancelOperation,
  code: string,
): Promise<CancelOutcome> {
  return isQuiet(operation)
    ? await refuseCancel(context, operation, {
      code,
      message: "Toss refused, and its record shows nothing of this cancel.",
      isFinal: proofOf("cancel", code) === "nothing",
    })
    : await leaveCancelOpen(context, operation, {
      code,
      message: "Toss refused and may still be working on an earlier try.",
      keyIsSpent: false,
    });
}
