import {
  type Postponement,
  postponeOperation,
} from "../database/operations.ts";
import type { LeasedOperation } from "../database/lease.ts";
import type { OperationContext } from "./operation-context.ts";
import { retryDelaySeconds } from "./retry-delay.ts";

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

/** Notes that an attempt brought no proof, for an operation of any kind: nothing is concluded, the next attempt is set. */
export async function postpone(
  context: OperationContext,
  operation: LeasedOperation & { kind: string; orderId?: string },
  { code, message, keyIsSpent, refusedWith, pauseSeconds = 0 }: NoProof,
): Promise<Postponement> {
  const { database, logger, source, requestId, random } = context;
  logger.warn("operation_without_proof", {
    operationId: operation.operationId,
    kind: operation.kind,
    orderId: operation.orderId,
    code,
    attempts: operation.attempts,
  });
  return await postponeOperation(database, {
    operationId: operation.operationId,
    leaseToken: operation.leaseToken,
    errorCode: code,
    errorMessage: message,
    keyIsSpent,
    ...(refusedWith === undefined ? {} : { refusedWith }),
    retryAfterSeconds: Math.max(
      retryDelaySeconds(operation.attempts, random),
      pauseSeconds,
    ),
    source,
    requestId,
  });
}
