import {
  type CancelOperation,
  type CancelView,
  rejectCancel,
  type RejectCancelAnswer,
  settleCancel,
  type SettleCancelRequest,
} from "../../database/cancel.ts";
import type { TossPayment } from "../../toss/payment.ts";
import { heldBy, type OperationContext } from "../context.ts";
import { type NoProof, noProof, postpone } from "../no-proof.ts";
import { paymentSnapshot } from "../snapshot.ts";

/** How a cancel stands, for whoever asked. */
export type CancelOutcome =
  | { kind: "canceled"; cancel: CancelView }
  /** Toss's answer is not known yet; the worker goes on asking. */
  | { kind: "processing" }
  /** Toss refused, or its word left nothing to cancel; `code` is its own code or ours. */
  | { kind: "refused"; code: string; status?: number | undefined };

/** What Toss's word means for a cancel: it has ended, or Toss is to be asked with this operation. */
export type CancelStep =
  | CancelOutcome
  | { kind: "send"; operation: CancelOperation };

/** What an answer of Toss can prove; see `SettleCancelRequest`. */
export type CancelProof = Pick<SettleCancelRequest, "proof" | "keyIsSpent">;

/** Sends Toss's Payment through the one door and says what it means for the cancel. */
export async function settleByProof(
  context: OperationContext,
  operation: CancelOperation,
  payment: TossPayment,
  { proof, keyIsSpent }: CancelProof,
): Promise<CancelStep> {
  const answer = await settleCancel(context.database, {
    ...heldBy(context, operation),
    payment: paymentSnapshot(payment),
    askedAt: operation.askedAt,
    proof,
    keyIsSpent,
  });
  switch (answer.outcome) {
    case "send":
      return { kind: "send", operation: answer.operation };
    case "unknown":
      return await leaveCancelOpen(
        context,
        operation,
        noProof(
          "ANSWER_MISMATCH",
          "Toss's answer does not tell what became of the cancel.",
        ),
      );
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
  const answer = await rejectCancel(context.database, {
    ...heldBy(context, operation),
    errorCode: refusal.code,
    errorMessage: storable(operation, refusal.message),
    isFinal: refusal.isFinal,
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
