import type { ConfirmOperation } from "../database/confirm.ts";
import type { OperationContext } from "./operation-context.ts";
import { proofOf } from "../toss/error-catalogue/proofs.ts";
import {
  leaveOpen,
  NO_SUCH_PAYMENT,
  refuseOperation,
  settleOperation,
} from "./finish-operation.ts";
import { unansweredQuestion } from "./no-proof.ts";
import type { ConfirmOutcome } from "./outcome.ts";
import { isQuiet, LONGEST_ANSWER_SECONDS } from "./patience.ts";
import { sendConfirmation } from "./send-confirmation.ts";

/** Toss lets an authenticated payment be confirmed for 10 minutes (Toss: payment statuses, EXPIRED). */
const CONFIRM_LIMIT_SECONDS = 600;

/** Nothing is sent after the limit, so that from here on IN_PROGRESS can no longer become DONE. */
const LAST_CHANGE_SECONDS = CONFIRM_LIMIT_SECONDS + LONGEST_ANSWER_SECONDS;

/**
 * Finishes a confirm whose earlier attempt brought no proof: asks Toss what became of the payment.
 *
 * Only Toss's own word ends it. A payment that still waits for its confirm gets it again, with the key that the
 * row holds; one that waits longer than Toss allows is expired; no answer leaves the operation open.
 */
export async function resolveConfirmation(
  context: OperationContext,
  operation: ConfirmOperation,
): Promise<ConfirmOutcome> {
  const outcome = await context.toss.getPayment(operation.paymentKey);
  switch (outcome.kind) {
    case "answered":
      // A payment of another order is refused by Toss itself, so asking again brings the proof.
      return outcome.value.status === "IN_PROGRESS" ||
          outcome.value.orderId !== operation.orderId
        ? await confirmAgain(context, operation)
        : await settleOperation(context, operation, outcome.value);
    case "not_found":
      return await refuseOperation(context, operation, NO_SUCH_PAYMENT);
    case "refused":
    case "unknown":
      return await leaveOpen(context, operation, unansweredQuestion(outcome));
  }
}

async function confirmAgain(
  context: OperationContext,
  operation: ConfirmOperation,
): Promise<ConfirmOutcome> {
  const { refusedWith } = operation;
  if (refusedWith !== null && !isQuiet(operation)) {
    return await leaveOpen(context, operation, {
      code: refusedWith,
      message: "Toss refused and may still be working on an earlier try.",
      keyIsSpent: false,
    });
  }
  if (
    refusedWith !== null && proofOf("confirm", refusedWith) === "nothing"
  ) {
    return await refuseOperation(context, operation, {
      code: refusedWith,
      message: "Toss refused, and its record shows that nothing happened.",
    });
  }
  if (
    operation.keyIsFresh && operation.ageSeconds < CONFIRM_LIMIT_SECONDS
  ) {
    return await sendConfirmation(context, operation);
  }
  if (operation.ageSeconds < LAST_CHANGE_SECONDS) {
    return await leaveOpen(context, operation, {
      code: "PAYMENT_IN_PROGRESS",
      message: "The time to confirm this payment is running out.",
      keyIsSpent: false,
    });
  }
  return await refuseOperation(context, operation, {
    code: "NOT_FOUND_PAYMENT_SESSION",
    message: "The payment was not confirmed within 10 minutes.",
    status: 404,
  });
}
