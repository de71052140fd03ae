import type { ChargeOperation } from "../database/billing-operation.ts";
import { DatabaseError } from "../database/client.ts";
import type { OperationContext } from "../payments/operation-context.ts";
import type { ChargeOutcome } from "./charge-outcome.ts";
import { resolveCharge } from "./resolve-charge.ts";
import { sendCharge } from "./send-charge.ts";

/** Sends a claimed charge, or first asks Toss about it when an earlier try may have got through. */
export function performCharge(
  context: OperationContext,
  charge: ChargeOperation,
): Promise<ChargeOutcome> {
  return charge.isResolve
    ? resolveCharge(context, charge)
    : sendCharge(context, charge);
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
