import {
  type ChargeOperation,
  claimDueCharges,
} from "../../database/charges.ts";
import { newLease, type OperationContext } from "../context.ts";
import { orProcessing } from "../no-proof.ts";
import type { ChargeOutcome } from "./finish.ts";
import { resolveCharge } from "./resolve.ts";
import { sendCharge } from "./send.ts";

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
  const { database, dunning } = context;
  if (declined.subscription === null) return declined;
  const { items, refused } = await claimDueCharges(database, {
    limit: 1,
    asOf: declined.dueAgainAt ?? null,
    subscriptionId: declined.subscription.id,
    ...newLease(context),
    dunning,
  });
  const [next] = items;
  if (next !== undefined) return await performCharge(context, next);
  // Removed meanwhile, too; else somebody was faster.
  return refused > 0 ? declined : { kind: "processing" };
}

/** As {@link performCharge}, for a caller who waits: a database that fails after Toss was asked leaves the outcome open. */
export async function performChargeNow(
  context: OperationContext,
  charge: ChargeOperation,
): Promise<ChargeOutcome> {
  return await orProcessing(context, charge, performCharge);
}
