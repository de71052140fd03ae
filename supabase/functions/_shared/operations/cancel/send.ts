import type { CancelOperation } from "../../database/cancel.ts";
import { DecryptionError } from "../../security/encryption.ts";
import type { CancelBody } from "../../toss/client.ts";
import type { TossPayment } from "../../toss/payment.ts";
import type { OperationContext } from "../context.ts";
import { noProof, unprovenAnswer } from "../no-proof.ts";
import { applyAnswer, happenedBefore } from "../toss-answer.ts";
import {
  type CancelOutcome,
  type CancelStep,
  leaveCancelOpen,
  refuseCancel,
  settleByProof,
} from "./finish.ts";
import { BALANCE_DIFFERS, judgeCancelRefusal } from "./judge-refusal.ts";
import { openRefundAccount } from "./refund-account.ts";

/** How often one attempt asks Toss anew because somebody else was changing the balance. */
const MAXIMUM_SENDS = 3;

/**
 * Asks Toss to cancel, and finishes the operation with the answer.
 *
 * The lease outlasts the client's timeout, and no other cancel of the payment is at Toss meanwhile. Every try
 * carries the balance it counts on (Toss: 결제 취소, refundableAmount), so that even a try that takes effect late
 * takes nothing that is not there.
 */
export async function sendCancel(
  context: OperationContext,
  operation: CancelOperation,
): Promise<CancelOutcome> {
  let step: CancelStep = { kind: "send", operation };
  for (let sends = 0; step.kind === "send"; sends++) {
    step = sends < MAXIMUM_SENDS
      ? await sendOnce(context, step.operation)
      : await refuseCancel(context, step.operation, {
        code: BALANCE_DIFFERS,
        message: "The balance kept changing.",
        status: 400,
        isFinal: false,
      });
  }
  return step;
}

async function sendOnce(
  context: OperationContext,
  operation: CancelOperation,
): Promise<CancelStep> {
  const body = await cancelBody(context, operation);
  if (body === null) {
    return await leaveCancelOpen(
      context,
      operation,
      noProof(
        "REFUND_ACCOUNT_UNREADABLE",
        "The key that encrypted the refund account is gone.",
      ),
    );
  }
  const { paymentKey, idempotencyKey } = operation;
  const outcome = await context.toss.of(operation).cancel(
    paymentKey,
    body,
    {
      idempotencyKey,
    },
  );
  switch (outcome.kind) {
    case "answered":
      return await settleAnswer(context, operation, outcome.value);
    case "refused":
      return await judgeCancelRefusal(context, operation, {
        refusal: outcome,
        hasAccount: body.refundReceiveAccount !== undefined,
      });
    case "unknown":
      return await leaveCancelOpen(
        context,
        operation,
        unprovenAnswer(outcome, operation),
      );
  }
}

async function settleAnswer(
  context: OperationContext,
  operation: CancelOperation,
  payment: TossPayment,
): Promise<CancelStep> {
  const step = await settleByProof(context, operation, payment, {
    proof: "answered",
    keyIsSpent: true,
  });
  const isRepeated = payment.cancels?.every(({ canceledAt }) =>
    happenedBefore(operation, canceledAt)
  );
  if (isRepeated) {
    // What was cancelled after that answer stands in Toss's record alone.
    const read = await context.toss.of(operation).getPayment(
      operation.paymentKey,
    );
    if (read.kind === "answered") {
      await applyAnswer(context, read.value, { askedAt: operation.askedAt });
    }
  }
  return step;
}

async function cancelBody(
  { keyring, logger }: OperationContext,
  operation: CancelOperation,
): Promise<CancelBody | null> {
  const { operationId, secret, taxFreeAmount } = operation;
  try {
    return {
      cancelReason: operation.reason,
      refundableAmount: operation.refundableAmount,
      // Toss wants no amount for a virtual account before its deposit, and needs none for a whole payment.
      ...(operation.isAll ? {} : { cancelAmount: operation.amount }),
      ...(taxFreeAmount > 0 ? { taxFreeAmount } : {}),
      ...(secret === null ? {} : {
        refundReceiveAccount: await openRefundAccount(
          keyring,
          secret,
          operationId,
        ),
      }),
    };
  } catch (error) {
    if (!(error instanceof DecryptionError)) throw error;
    logger.error("refund_account_unreadable", {
      operationId,
      cause: error.message,
    });
    return null;
  }
}
