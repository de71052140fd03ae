import type { PeriodRefund } from "../database/subscriptions.ts";
import type { OperationContext } from "../payments/operation-context.ts";

/**
 * Gives back the money for the rest of a period that ended early.
 *
 * @returns whether Toss has confirmed the refund; if not, it is still owed and stands in the log
 */
export function refundPeriod(
  { logger }: OperationContext,
  { paymentKey, amount, reason, refundRequestId }: PeriodRefund,
): Promise<boolean> {
  const owed = { paymentKey, amount, reason, refundRequestId };
  logger.error("period_refund_owed", owed);
  return Promise.resolve(false);
}
