import type { VirtualAccountOperation } from "../database/operation.ts";
import type { TossPayment } from "../toss/payment.ts";
import {
  leaveOpen,
  refuseOperation,
  settleOperation,
} from "./finish-operation.ts";
import type { OperationContext } from "./operation-context.ts";
import type { ConfirmOutcome } from "./outcome.ts";
import { sendVirtualAccount } from "./send-virtual-account.ts";

/**
 * Finishes the issue of a virtual account whose earlier attempt brought no proof.
 *
 * While Toss never answered, the same request under the same Idempotency-Key brings the answer of the first one.
 * After an error answer, or when Toss may have forgotten the key, the order's payment is read: an account that was
 * issued stands in it.
 */
export async function resolveVirtualAccount(
  context: OperationContext,
  operation: VirtualAccountOperation,
): Promise<ConfirmOutcome> {
  if (operation.keyGeneration === 1 && operation.keyIsFresh) {
    return await sendVirtualAccount(context, operation);
  }
  const outcome = await context.toss.getPaymentByOrder(operation.orderId);
  switch (outcome.kind) {
    case "answered":
      // A payment that the buyer began in the window says nothing about the account.
      return !isAccount(outcome.value)
        ? await issueAgain(context, operation)
        : await settleOperation(context, operation, outcome.value);
    case "not_found":
      return await issueAgain(context, operation);
    default:
      return await leaveOpen(context, operation, {
        code: outcome.code ??
          (outcome.kind === "unknown" ? outcome.reason.toUpperCase() : ""),
        message: outcome.message,
        keyIsSpent: false,
      });
  }
}

/** An account that cannot be read has been issued all the same; a second one would be waiting beside it. */
function isAccount({ status, method, virtualAccount }: TossPayment): boolean {
  return virtualAccount !== null || method === "가상계좌" ||
    status === "WAITING_FOR_DEPOSIT";
}

async function issueAgain(
  context: OperationContext,
  operation: VirtualAccountOperation,
): Promise<ConfirmOutcome> {
  return operation.keyIsFresh
    ? await sendVirtualAccount(context, operation)
    : await refuseOperation(context, operation, {
      code: "NOT_FOUND_PAYMENT",
      message: "Toss has issued no account for this order.",
      status: 404,
    });
}
