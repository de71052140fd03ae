import type { VirtualAccountOperation } from "../database/operation.ts";
import { happenedBefore, REPEATED } from "./earlier-answer.ts";
import {
  leaveOpen,
  refuseOperation,
  settleOperation,
} from "./finish-operation.ts";
import type { OperationContext } from "./operation-context.ts";
import type { ConfirmOutcome } from "./outcome.ts";
import { isKeyFault } from "./refusal.ts";

/**
 * Asks Toss for a virtual account, and finishes the operation with the answer.
 *
 * The lease outlasts the client's timeout, so nobody else acts on the order meanwhile. Source: Toss, 가상계좌 발급
 * (POST /v1/virtual-accounts).
 */
export async function sendVirtualAccount(
  context: OperationContext,
  operation: VirtualAccountOperation,
): Promise<ConfirmOutcome> {
  const { orderId, orderName, amount, bank, customerName, validHours } =
    operation;
  const outcome = await context.toss.issueVirtualAccount(
    { orderId, orderName, amount, bank, customerName, validHours },
    { idempotencyKey: operation.idempotencyKey },
  );
  switch (outcome.kind) {
    case "answered":
      return happenedBefore(operation, outcome.value.requestedAt)
        ? await adoptAccount(context, operation, REPEATED)
        : await settleOperation(context, operation, outcome.value);
    case "refused":
      if (outcome.failure.class === "already_done") {
        return await adoptAccount(context, operation, {
          code: outcome.code,
          keyIsSpent: true,
        });
      }
      if (isKeyFault(outcome.code)) {
        context.logger.error("toss_refuses_our_key", {
          tossCode: outcome.code,
        });
      }
      // Temporary refusals and faults of our keys cannot tell what became of an earlier attempt.
      return operation.attempts > 1 &&
          (outcome.failure.class === "later" ||
            outcome.failure.class === "configuration")
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

/** Toss says that the order has a payment already: its own record tells which. */
async function adoptAccount(
  context: OperationContext,
  operation: VirtualAccountOperation,
  { code, keyIsSpent }: typeof REPEATED,
): Promise<ConfirmOutcome> {
  const outcome = await context.toss.getPaymentByOrder(operation.orderId);
  return outcome.kind === "answered" && outcome.value.virtualAccount !== null
    ? await settleOperation(context, operation, outcome.value)
    : await leaveOpen(context, operation, {
      code,
      message: "The order has a payment at Toss that is not known yet.",
      keyIsSpent,
    });
}
