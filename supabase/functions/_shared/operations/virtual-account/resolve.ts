import type { VirtualAccountOperation } from "../../database/virtual-account.ts";
import { isVirtualAccount } from "../../toss/is-virtual-account.ts";
import type { OperationContext } from "../context.ts";
import { noProof, unansweredQuestion } from "../no-proof.ts";
import { type ConfirmOutcome, leaveOpen, settlePaying } from "../paying.ts";
import { isQuiet, isTired } from "../patience.ts";
import { refuseAccount } from "./finish.ts";
import { sendVirtualAccount } from "./send.ts";

/**
 * Finishes the issue of a virtual account whose earlier attempt brought no proof.
 *
 * While Toss never answered, the same request under the same Idempotency-Key brings the answer of the first one.
 * After an error answer, when the key brings nothing usable, or when Toss may have forgotten it, the order's payment
 * is read: an account that was issued stands in it.
 */
export async function resolveVirtualAccount(
  context: OperationContext,
  operation: VirtualAccountOperation,
): Promise<ConfirmOutcome> {
  const isUnanswered = operation.keyGeneration === 1 && operation.keyIsFresh;
  if (isUnanswered && !isTired(operation)) {
    return await sendVirtualAccount(context, operation);
  }
  const outcome = await context.toss.of(operation).getPaymentByOrder(
    operation.orderId,
  );
  switch (outcome.kind) {
    case "answered":
      // A payment that the buyer began in the window says nothing about the account.
      return !isVirtualAccount(outcome.value)
        ? await issueAgain(context, operation)
        : await settlePaying(context, operation, outcome.value);
    case "not_found":
      return await issueAgain(context, operation);
    default:
      return await leaveOpen(context, operation, unansweredQuestion(outcome));
  }
}

/**
 * Toss's record shows no account. While an earlier try may still be at work a second one could be issued, so that
 * nothing is sent before its time is over; a refusal that is remembered then stands.
 */
async function issueAgain(
  context: OperationContext,
  operation: VirtualAccountOperation,
): Promise<ConfirmOutcome> {
  const { keyGeneration, refusedWith } = operation;
  if (keyGeneration > 1 && !isQuiet(operation)) {
    return await leaveOpen(
      context,
      operation,
      noProof(
        refusedWith ?? "NO_ACCOUNT_YET",
        "Toss may still be working on an earlier try.",
      ),
    );
  }
  if (refusedWith !== null) {
    return await refuseAccount(context, operation, {
      code: refusedWith,
      message: "Toss refused, and its record shows no account.",
    });
  }
  return operation.keyIsFresh
    ? await sendVirtualAccount(context, operation)
    : await refuseAccount(context, operation, {
      code: "NOT_FOUND_PAYMENT",
      message: "Toss has issued no account for this order.",
      status: 404,
    });
}
