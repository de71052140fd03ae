import type { ConfirmOperation } from "../database/operation.ts";
import { happenedBefore, REPEATED } from "./earlier-answer.ts";
import type { OperationContext } from "./operation-context.ts";
import {
  leaveOpen,
  refuseOperation,
  settleOperation,
} from "./finish-operation.ts";
import type { ConfirmOutcome } from "./outcome.ts";
import { refusalEffect } from "./refusal.ts";

/**
 * Asks Toss to approve a payment whose operation is leased, and finishes the operation with the answer.
 *
 * The lease outlasts the client's timeout, so nobody else acts on the operation meanwhile.
 */
export async function sendConfirmation(
  context: OperationContext,
  operation: ConfirmOperation,
): Promise<ConfirmOutcome> {
  const { paymentKey, orderId, amount, idempotencyKey } = operation;
  const outcome = await context.toss.confirm(
    { paymentKey, orderId, amount },
    { idempotencyKey },
  );
  switch (outcome.kind) {
    case "answered":
      return happenedBefore(operation, outcome.value.approvedAt)
        ? await adoptPayment(context, operation, REPEATED)
        : await settleOperation(context, operation, outcome.value);
    case "refused":
      if (outcome.failure.class === "already_done") {
        return await adoptPayment(context, operation, {
          code: outcome.code,
          keyIsSpent: true,
        });
      }
      // A refusal that says nothing about the payment cannot tell what became of an earlier attempt.
      return operation.attempts > 1 && !refusalEffect(outcome.failure).isFinal
        ? await leaveOpen(context, operation, {
          code: outcome.code,
          message: outcome.message,
          keyIsSpent: true,
        })
        : await refuseOperation(context, operation, outcome);
    case "unknown":
      return await leaveOpen(context, operation, {
        code: outcome.code ?? outcome.reason.toUpperCase(),
        message: outcome.message,
        keyIsSpent: outcome.answered,
      });
  }
}

/** Toss says the payment was processed before: its own record tells how, and for which order. */
async function adoptPayment(
  context: OperationContext,
  operation: ConfirmOperation,
  { code, keyIsSpent }: typeof REPEATED,
): Promise<ConfirmOutcome> {
  const outcome = await context.toss.getPayment(operation.paymentKey);
  // IN_PROGRESS contradicts the refusal, which Toss would replay for this key.
  if (
    outcome.kind !== "answered" || outcome.value.status === "IN_PROGRESS"
  ) {
    return await leaveOpen(context, operation, {
      code,
      message:
        "Toss processed this payment before; its state is not known yet.",
      keyIsSpent,
    });
  }
  return outcome.value.orderId === operation.orderId
    ? await settleOperation(context, operation, outcome.value)
    : await refuseOperation(context, operation, {
      code: "NOT_FOUND_PAYMENT",
      message: "The payment belongs to another order.",
      status: 404,
    });
}
