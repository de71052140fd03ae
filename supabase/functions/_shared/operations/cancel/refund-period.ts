import type { PeriodRefund } from "../../database/change-subscription.ts";
import type { OperationContext } from "../context.ts";
import { type CancelResult, makeBegunCancel } from "./begin.ts";

/** How the refunds of a period stand, taken together. */
export type PeriodRefundOutcome =
  | { kind: "made" }
  /** Toss has not confirmed all of them; the worker goes on. */
  | { kind: "open" }
  /** One was refused; `code` is Toss's own or ours. */
  | { kind: "refused"; code: string };

/**
 * Gives back the money for the rest of a period that ended early. Each refund stands in the database since it was
 * promised; whoever dies here leaves it to the worker.
 *
 * @throws DatabaseError when a refund could not be taken up
 */
export async function refundPeriod(
  context: OperationContext,
  refunds: readonly PeriodRefund[],
): Promise<PeriodRefundOutcome> {
  // The subscription has ended already, so the first call may be repeated as well.
  const repeating = { ...context, firstCall: context.database };
  let isOpen = false;
  let refusedWith: string | null = null;
  for (const refund of refunds) {
    const result = await makeBegunCancel(repeating, {
      paymentKey: refund.paymentKey,
      cancelReason: "subscription canceled",
      requestId: refund.refundRequestId,
      requestedBy: "operator",
    });
    if (result.kind === "canceled") continue;
    if (result.kind === "processing") {
      isOpen = true;
      continue;
    }
    refusedWith = codeOf(result);
    context.logger.error("period_refund_refused", {
      ...refund,
      code: refusedWith,
    });
  }
  return refusedWith !== null
    ? { kind: "refused", code: refusedWith }
    : { kind: isOpen ? "open" : "made" };
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
