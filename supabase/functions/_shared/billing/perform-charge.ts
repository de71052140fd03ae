import { type ChargeOperation, claimDueCharges } from "../database/charges.ts";
import { DatabaseError } from "../database/client.ts";
import type { OperationContext } from "../payments/operation-context.ts";
import type { ChargeOutcome } from "./charge-outcome.ts";
import { resolveCharge } from "./resolve-charge.ts";
import { sendCharge } from "./send-charge.ts";

/**
 * Sends a claimed charge, or first asks Toss about it when an earlier try may have got through.
 *
 * When it is declined and the subscription has another method since, the charge goes on with that one.
 */
export async function performCharge(
  context: OperationContext,
  charge: ChargeOperation,
): Promise<ChargeOutcome> {
  const outcome = charge.isResolve
    ? await resolveCharge(context, charge)
    : await sendCharge(context, charge);
  return outcome.kind === "declined" && outcome.dueAgainAt
    ? await chargePresentMethod(context, outcome)
    : outcome;
}

/** The next attempt after a refusal of a method that its subscription has exchanged meanwhile. */
async function chargePresentMethod(
  context: OperationContext,
  declined: Extract<ChargeOutcome, { kind: "declined" }>,
): Promise<ChargeOutcome> {
  const { database, leaseSeconds, mode, dunning, requestId } = context;
  if (declined.subscription === null) return declined;
  const { items, refused } = await claimDueCharges(database, {
    limit: 1,
    asOf: declined.dueAgainAt ?? null,
    subscriptionId: declined.subscription.id,
    leaseToken: crypto.randomUUID(),
    leaseSeconds,
    mode,
    dunning,
    requestId,
  });
  const [next] = items;
  if (next !== undefined) return await performCharge(context, next);
  // Removed meanwhile, too; else somebody was faster.
  return refused > 0 ? declined : { kind: "unknown" };
}

/** As {@link performCharge}, for a caller who waits: a database that fails after Toss was asked leaves the outcome open. */
export async function performChargeNow(
  context: OperationContext,
  charge: ChargeOperation,
): Promise<ChargeOutcome> {
  try {
    return await performCharge(context, charge);
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    context.logger.error("operation_interrupted", {
      operationId: charge.operationId,
      cause: error.message,
    });
    return { kind: "unknown" };
  }
}
