import type { CancelOperation } from "../database/operation.ts";
import { leaveCancelOpen, settle } from "./finish-cancel.ts";
import type { OperationContext } from "./operation-context.ts";
import type { CancelOutcome } from "./outcome.ts";
import { noProof, sendCancel } from "./send-cancel.ts";

/**
 * Finishes a cancel whose earlier attempt brought no proof.
 *
 * While Toss never answered, the same request under the same Idempotency-Key brings the answer of the first one,
 * whether or not that took effect. After an error answer, or when Toss may have forgotten the key, the payment is
 * read: a cancel of ours that took effect stands in it.
 */
export async function resolveCancel(
  context: OperationContext,
  operation: CancelOperation,
): Promise<CancelOutcome> {
  if (operation.keyGeneration === 1 && operation.keyIsFresh) {
    return await sendCancel(context, operation);
  }
  const read = await context.toss.getPayment(operation.paymentKey);
  switch (read.kind) {
    case "answered": {
      const step = await settle(context, operation, read.value, {
        proof: "read",
        keyIsSpent: false,
      });
      return step.kind === "send"
        ? await sendCancel(context, step.operation)
        : step;
    }
    case "not_found":
      return await leaveCancelOpen(context, operation, {
        code: read.code,
        message: "Toss knows no such payment.",
        keyIsSpent: false,
      });
    case "refused":
      return await leaveCancelOpen(context, operation, {
        code: read.code,
        message: read.message,
        keyIsSpent: false,
      });
    case "unknown":
      return await leaveCancelOpen(context, operation, {
        ...noProof(read),
        keyIsSpent: false,
      });
  }
}
