import type { ApplyPaymentAnswer } from "../database/apply-payment.ts";
import { DatabaseError } from "../database/client.ts";
import type { LeasedOperation } from "../database/lease.ts";
import {
  type Postponement,
  postponeOperation,
} from "../database/operations.ts";
import type {
  TossNotFound,
  TossRefused,
  TossUnknown,
} from "../toss/outcome.ts";
import { heldBy, type OperationContext } from "./context.ts";
import { isTired, retryDelaySeconds } from "./patience.ts";

/** Why an attempt brought no proof, and whether its Idempotency-Key can be used again. */
export interface NoProof {
  code: string;
  message: string;
  keyIsSpent: boolean;
  /** The code of a refusal that Toss's record is to confirm; null = forget an earlier one; absent = keep it. */
  refusedWith?: string | null;
  /** Toss is not asked again before; without it the pause grows with the attempts. */
  pauseSeconds?: number;
}

/** What is noted when nothing was learned that the Idempotency-Key could not be used after. */
export function noProof(code: string, message: string): NoProof {
  return { code, message, keyIsSpent: false };
}

/**
 * What is noted of a request that was sent and whose answer proves nothing.
 *
 * "Still in progress" keeps the key, whose answer is on its way; said longer than Toss works on a request, it is an
 * answer that would be repeated for ever.
 */
export function unprovenAnswer(
  outcome: TossUnknown,
  operation: Pick<LeasedOperation, "keyAgeSeconds">,
): NoProof {
  const isStuck = outcome.reason === "in_progress" && isTired(operation);
  return {
    ...unansweredQuestion(outcome),
    keyIsSpent: outcome.answered || isStuck,
    refusedWith: null,
  };
}

/** What is noted of a question that brought no record; whatever was known of the request itself stays. */
export function unansweredQuestion(
  outcome: TossNotFound | TossRefused | TossUnknown,
): NoProof {
  switch (outcome.kind) {
    case "not_found":
      return noProof(outcome.code, "Toss knows no such payment.");
    case "refused":
      return noProof(outcome.code, outcome.message);
    case "unknown":
      return noProof(
        outcome.code ?? outcome.reason.toUpperCase(),
        outcome.message,
      );
  }
}

/** What is noted while Toss does not tell how a payment stands whose earlier approval it repeats. */
export const REPEATED: NoProof = noProof(
  "ANSWER_REPEATED",
  "Toss repeats an earlier answer; its record is not known yet.",
);

/** What is noted of an answer that the one door took without an end in it, or did not believe. */
export function unsettledAnswer(
  answer: Exclude<ApplyPaymentAnswer, { outcome: "confirmed" }>,
): NoProof {
  switch (answer.outcome) {
    case "rejected":
    case "pending":
      return noProof(
        `PAYMENT_${answer.paymentStatus}`,
        "Toss has not finished this payment.",
      );
    case "unknown_status":
      return noProof(
        "UNKNOWN_STATUS",
        "Toss named a payment status this version does not know.",
      );
    case "mismatch":
    case "order_not_found":
      return noProof(
        "ANSWER_MISMATCH",
        "Toss's answer differs from the order.",
      );
  }
}

/** Notes that an attempt brought no proof, for an operation of any kind: nothing is concluded, the next attempt is set. */
export async function postpone(
  context: OperationContext,
  operation: LeasedOperation & { kind: string; orderId?: string },
  { code, message, pauseSeconds = 0, ...key }: NoProof,
): Promise<Postponement> {
  context.logger.warn("operation_without_proof", {
    operationId: operation.operationId,
    kind: operation.kind,
    orderId: operation.orderId,
    code,
    attempts: operation.attempts,
  });
  return await postponeOperation(context.database, {
    ...heldBy(context, operation),
    ...key,
    errorCode: code,
    errorMessage: message,
    retryAfterSeconds: Math.max(
      retryDelaySeconds(operation.attempts, context.random),
      pauseSeconds,
    ),
  });
}

/**
 * Acts on an operation for a caller who waits.
 *
 * Toss has been asked, so a database that fails now leaves the outcome open, not the operation failed: the worker
 * finishes it.
 */
export async function orProcessing<
  Leased extends { operationId: string },
  Outcome,
>(
  context: OperationContext,
  operation: Leased,
  act: (context: OperationContext, operation: Leased) => Promise<Outcome>,
): Promise<Outcome | { kind: "processing" }> {
  try {
    return await act(context, operation);
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    context.logger.error("operation_interrupted", {
      operationId: operation.operationId,
      cause: error.message,
    });
    return { kind: "processing" };
  }
}
