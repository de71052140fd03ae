import {
  type ChargeOperation,
  skipChargeAttempts,
} from "../database/charges.ts";
import type { OperationContext } from "../payments/operation-context.ts";
import type { ChargeOutcome } from "./charge-outcome.ts";
import { leaveChargeOpen, settleCharge } from "./finish-charge.ts";

const NEVER_APPROVED = new Set(["READY", "IN_PROGRESS", "ABORTED", "EXPIRED"]);

/**
 * Asks Toss about the later attempts of a charge that was due before the database was restored.
 *
 * One of them may have been paid after this one was declined. Then the charge goes on to it and settles it.
 *
 * @returns how the charge ended; null when no later attempt was paid, so that this one may be sent
 */
export async function findPaidLater(
  context: OperationContext,
  charge: ChargeOperation,
): Promise<ChargeOutcome | null> {
  for (const { attempt, orderId } of charge.laterOrderIds) {
    const outcome = await context.toss.getPaymentByOrder(orderId);
    if (outcome.kind === "not_found") continue;
    if (outcome.kind !== "answered") {
      return await leaveChargeOpen(context, charge, {
        code: outcome.code ?? "NETWORK",
        message: outcome.message,
        keyIsSpent: false,
      });
    }
    if (NEVER_APPROVED.has(outcome.value.status)) continue;
    const { database, leaseSeconds, source, requestId } = context;
    const skipped = await skipChargeAttempts(database, {
      operationId: charge.operationId,
      leaseToken: charge.leaseToken,
      leaseSeconds,
      attempt,
      source,
      requestId,
    });
    return skipped.outcome === "resolve"
      ? await settleCharge(context, skipped.charge, outcome.value)
      : { kind: "unknown" };
  }
  return null;
}
