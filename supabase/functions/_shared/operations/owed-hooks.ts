import { ordersOwedHooks, runOrderHooks } from "../database/jobs.ts";
import type { OperationContext } from "./context.ts";

const ORDERS_PER_RUN = 50;

/** A hook that is cut each time takes the whole time of its statement (8 s on a hosted project). */
const TIME_BUDGET_MILLISECONDS = 20_000;

/**
 * Calls the shop's order hook where it is owed calls, one order a call, so that a slow one costs its own order's time
 * alone. What the time does not reach stays due, the longest waiting first.
 */
export async function callOwedHooks(
  context: OperationContext,
  asOf: string | null,
): Promise<{ called: number; failed: number }> {
  const startedAt = performance.now();
  const total = { called: 0, failed: 0 };
  const orderIds = await ordersOwedHooks(context.firstCall, {
    limit: ORDERS_PER_RUN,
    asOf,
  });
  for (const orderId of orderIds) {
    if (performance.now() - startedAt > TIME_BUDGET_MILLISECONDS) break;
    try {
      const { called, failed } = await runOrderHooks(context.firstCall, {
        orderId,
        asOf,
      });
      total.called += called;
      total.failed += failed;
    } catch (error) {
      // Whoever holds the order now may hold it for as long as a statement may take.
      total.failed += 1;
      context.logger.error("order_hook_not_called", {
        orderId,
        cause: error instanceof Error ? error.message : String(error),
      });
    }
  }
  return total;
}
