import type { PeriodRefund } from "../database/subscriptions.ts";
import {
  cancelPayment,
  type CancelResult,
} from "../payments/cancel-payment.ts";
import type { OperationContext } from "../payments/operation-context.ts";

/**
 * Gives back the money for the rest of a period that ended early; a repeat refunds nothing twice.
 *
 * @returns whether Toss has confirmed every refund; if not, the worker goes on, or what is owed stands in the log
 * and on its charge
 * @throws DatabaseError when a refund could not be begun; a repeat begins it
 */
export async function refundPeriod(
  context: OperationContext,
  { refunds, reason }: { refunds: readonly PeriodRefund[]; reason: string },
): Promise<boolean> {
  let isDone = true;
  for (const refund of refunds) {
    const result = await cancelPayment(context, {
      paymentKey: refund.paymentKey,
      cancelReason: reason,
      cancelAmount: refund.amount,
      requestId: refund.refundRequestId,
    }, {
      // The subscription has ended already, so the first call may be repeated as well.
      firstCallDatabase: context.database,
      leaseSeconds: context.leaseSeconds,
      mode: context.mode,
      requestedBy: "operator",
    });
    if (result.kind === "canceled") continue;
    isDone = false;
    if (result.kind === "processing") continue;
    context.logger.error("period_refund_refused", {
      ...refund,
      code: codeOf(result),
    });
  }
  return isDone;
}

function codeOf(
  result: Exclude<CancelResult, { kind: "canceled" | "processing" }>,
): string {
  switch (result.kind) {
    case "refused":
      return result.code;
    case "refused_locally":
      return result.refusal.outcome;
    // Only a guest gives an order up.
    case "given_up":
      return result.kind;
  }
}
