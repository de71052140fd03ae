import type { TossPayment } from "../toss/payment.ts";

const WITHOUT_MONEY = new Set(["READY", "IN_PROGRESS", "ABORTED", "EXPIRED"]);

/**
 * Whether Toss holds money for a payment, or waits for it.
 *
 * Fully refunded means a balance of 0, whatever the status says (Toss: payment statuses).
 */
export function holdsMoney(
  { status, balanceAmount }: Pick<TossPayment, "status" | "balanceAmount">,
): boolean {
  return !WITHOUT_MONEY.has(status) && balanceAmount > 0;
}
