import {
  type ChargeOperation,
  skipChargeAttempts,
} from "../../database/charges.ts";
import { heldBy, type OperationContext } from "../context.ts";
import { noProof } from "../no-proof.ts";
import { isWithoutMoney } from "../toss-answer.ts";
import { type ChargeOutcome, leaveChargeOpen, settleCharge } from "./finish.ts";

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
    const outcome = await context.toss.of(charge).getPaymentByOrder(
      orderId,
    );
    if (outcome.kind === "not_found") continue;
    if (outcome.kind !== "answered") {
      return await leaveChargeOpen(
        context,
        charge,
        noProof(outcome.code ?? "NETWORK", outcome.message),
      );
    }
    if (isWithoutMoney(outcome.value)) continue;
    const skipped = await skipChargeAttempts(context.database, {
      ...heldBy(context, charge),
      leaseSeconds: context.leaseSeconds,
      attempt,
    });
    return skipped.outcome === "resolve"
      ? await settleCharge(context, skipped.charge, outcome.value)
      : { kind: "processing" };
  }
  return null;
}
