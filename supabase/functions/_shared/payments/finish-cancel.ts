import {
  type CancelOperation,
  rejectCancel,
  type RejectCancelAnswer,
  settleCancel,
} from "../database/cancel.ts";
import type { TossPayment } from "../toss/payment.ts";
import type { OperationContext } from "./operation-context.ts";
import type { CancelOutcome } from "./outcome.ts";
import { type NoProof, postpone } from "./postpone.ts";
import { paymentSnapshot } from "./snapshot.ts";

/** What Toss's word means for a cancel: it has ended, or Toss is to be asked with this operation. */
export type CancelStep =
  | CancelOutcome
  | { kind: "send"; operation: CancelOperation };

/** What an answer of Toss can prove; see `SettleCancelRequest`. */
export interface CancelProof {
  proof: "answered" | "read" | "seen" | "refused";
  keyIsSpent: boolean;
}

/** Sends Toss's Payment through the one door and says what it means for the cancel. */
export async function settle(
  context: OperationContext,
  operation: CancelOperation,
  payment: TossPayment,
  { proof, keyIsSpent }: CancelProof,
): Promise<CancelStep> {
  const { database, source, requestId } = context;
  const answer = await settleCancel(database, {
    payment: paymentSnapshot(payment),
    source,
    askedAt: operation.askedAt,
    requestId,
    operationId: operation.operationId,
    leaseToken: operation.leaseToken,
    proof,
    keyIsSpent,
  });
  switch (answer.outcome) {
    case "send":
      return { kind: "send", operation: answer.operation };
    case "unknown":
      return await leaveCancelOpen(context, operation, {
        code: "ANSWER_MISMATCH",
        message: "Toss's answer does not tell what became of the cancel.",
        keyIsSpent: false,
      });
    default:
      return ended(answer);
  }
}

/** Ends a cancel on Toss's refusal. */
export async function refuseCancel(
  context: OperationContext,
  operation: CancelOperation,
  refusal: { code: string; message: string; status?: number; isFinal: boolean },
): Promise<CancelOutcome> {
  const { database, source, requestId } = context;
  const answer = await rejectCancel(database, {
    operationId: operation.operationId,
    leaseToken: operation.leaseToken,
    errorCode: refusal.code,
    errorMessage: storable(operation, refusal.message),
    isFinal: refusal.isFinal,
    source,
    requestId,
  });
  return answer.outcome === "rejected"
    ? { kind: "refused", code: answer.errorCode, status: refusal.status }
    : ended(answer);
}

/** Leaves a cancel open: nothing is concluded, what it reserved stays reserved, the next attempt is set. */
export async function leaveCancelOpen(
  context: OperationContext,
  operation: CancelOperation,
  proof: NoProof,
): Promise<CancelOutcome> {
  await postpone(context, operation, {
    ...proof,
    message: storable(operation, proof.message),
  });
  return { kind: "processing" };
}

/** Nothing keeps Toss from repeating the account it was given; then the code alone is kept. */
function storable({ secret }: CancelOperation, message: string): string {
  return secret === null ? message : "";
}

function ended(answer: RejectCancelAnswer): CancelOutcome {
  switch (answer.outcome) {
    case "succeeded":
      return { kind: "canceled", cancel: answer.cancel };
    case "rejected":
      return { kind: "refused", code: answer.errorCode };
    case "unknown":
      return { kind: "processing" };
  }
}
