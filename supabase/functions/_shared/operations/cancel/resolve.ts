import type { CancelOperation } from "../../database/cancel.ts";
import type { OperationContext } from "../context.ts";
import { unansweredQuestion } from "../no-proof.ts";
import { isTired } from "../patience.ts";
import { judgeRemembered } from "../refusal.ts";
import {
  type CancelOutcome,
  leaveCancelOpen,
  refuseCancel,
  settleByProof,
} from "./finish.ts";
import { sendCancel } from "./send.ts";

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
  const read = await context.toss.of(operation).getPayment(
    operation.paymentKey,
  );
  if (read.kind !== "answered") {
    return await leaveCancelOpen(context, operation, unansweredQuestion(read));
  }
  const step = await settleByProof(context, operation, read.value, {
    proof: isUnanswered ? "seen" : "read",
    keyIsSpent: false,
  });
  if (step.kind !== "send") return step;
  // A refusal decides once no try can be at work any more.
  const remembered = judgeRemembered("cancel", operation);
  switch (remembered.kind) {
    case "none":
      return await sendCancel(context, step.operation);
    case "early":
      return await leaveCancelOpen(context, operation, remembered.noProof);
    case "stands":
      return await refuseCancel(context, operation, {
        code: remembered.code,
        message: "Toss refused, and its record shows nothing of this cancel.",
        isFinal: remembered.isFinal,
      });
  }
}
