import type { ConfirmOperation } from "../../database/confirm.ts";
import type { OperationContext } from "../context.ts";
import { noProof, unansweredQuestion } from "../no-proof.ts";
import { type ConfirmOutcome, leaveOpen, settlePaying } from "../paying.ts";
import { LONGEST_ANSWER_SECONDS } from "../patience.ts";
import { judgeRemembered } from "../refusal.ts";
import { NO_SUCH_PAYMENT, refuseConfirm } from "./finish.ts";
import { lookElsewhere } from "./other-pair.ts";
import { sendConfirm } from "./send.ts";

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
export async function resolveConfirm(
  context: OperationContext,
  operation: ConfirmOperation,
): Promise<ConfirmOutcome> {
  const outcome = await context.toss.of(operation).getPayment(
    operation.paymentKey,
  );
  switch (outcome.kind) {
    case "answered":
      // A payment of another order is refused by Toss itself, so asking again brings the proof.
      return outcome.value.status === "IN_PROGRESS" ||
          outcome.value.orderId !== operation.orderId
        ? await confirmAgain(context, operation)
        : await settlePaying(context, operation, outcome.value);
    case "not_found":
      return await judgeMissing(context, operation);
    case "refused":
    case "unknown":
      return await leaveOpen(context, operation, unansweredQuestion(outcome));
  }
}

async function judgeMissing(
  context: OperationContext,
  operation: ConfirmOperation,
): Promise<ConfirmOutcome> {
  const { code, message } = NO_SUCH_PAYMENT;
  const elsewhere = await lookElsewhere(context, operation, code);
  switch (elsewhere.kind) {
    case "adopted":
      return await resolveConfirm(context, elsewhere.operation);
    case "unknown":
      return await leaveOpen(context, operation, noProof(code, message));
    case "nowhere":
      return await refuseConfirm(context, operation, NO_SUCH_PAYMENT);
  }
}

async function confirmAgain(
  context: OperationContext,
  operation: ConfirmOperation,
): Promise<ConfirmOutcome> {
  const remembered = judgeRemembered("confirm", operation);
  if (remembered.kind === "early") {
    return await leaveOpen(context, operation, remembered.noProof);
  }
  if (remembered.kind === "stands" && remembered.isFinal) {
    return await refuseConfirm(context, operation, {
      code: remembered.code,
      message: "Toss refused, and its record shows that nothing happened.",
    });
  }
  if (
    operation.keyIsFresh && operation.ageSeconds < CONFIRM_LIMIT_SECONDS
  ) {
    return await sendConfirm(context, operation);
  }
  if (operation.ageSeconds < LAST_CHANGE_SECONDS) {
    return await leaveOpen(
      context,
      operation,
      noProof(
        "PAYMENT_IN_PROGRESS",
        "The time to confirm this payment is running out.",
      ),
    );
  }
  return await refuseConfirm(context, operation, {
    code: "NOT_FOUND_PAYMENT_SESSION",
    message: "The payment was not confirmed within 10 minutes.",
    status: 404,
  });
}
