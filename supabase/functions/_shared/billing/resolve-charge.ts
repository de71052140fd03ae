import type { ChargeOperation } from "../database/billing-operation.ts";
import type { OperationContext } from "../payments/operation-context.ts";
import { describeTossError } from "../toss/error-catalogue.ts";
import type { TossPayment } from "../toss/payment.ts";
import type { ChargeOutcome } from "./charge-outcome.ts";
import { declineClass } from "./decline-class.ts";
import {
  leaveChargeOpen,
  refuseCharge,
  settleCharge,
} from "./finish-charge.ts";
import { sendCharge } from "./send-charge.ts";

/**
 * Finishes a charge that an earlier try may have brought to Toss: asks what became of its order, and sends it only
 * when Toss has taken no money for it.
 */
export async function resolveCharge(
  context: OperationContext,
  charge: ChargeOperation,
): Promise<ChargeOutcome> {
  const outcome = await context.toss.getPaymentByOrder(charge.orderId);
  switch (outcome.kind) {
    case "answered":
      return outcome.value.status === "ABORTED" ||
          outcome.value.status === "EXPIRED"
        ? await judgeAborted(context, charge, outcome.value)
        : await settleCharge(context, charge, outcome.value);
    case "not_found":
      return await chargeAgain(context, charge);
    case "refused":
    case "unknown":
      return await leaveChargeOpen(context, charge, {
        code: "reason" in outcome
          ? outcome.code ?? outcome.reason.toUpperCase()
          : outcome.code,
        message: outcome.message,
        keyIsSpent: false,
      });
  }
}

/** Toss keeps a record of a refused approval; only one that blames the customer's method is a decline. */
async function judgeAborted(
  context: OperationContext,
  charge: ChargeOperation,
  { status, failure }: TossPayment,
): Promise<ChargeOutcome> {
  const code = failure?.code ?? status;
  const found = declineClass(describeTossError(code));
  return found === null
    ? await chargeAgain(context, charge)
    : await refuseCharge(context, charge, {
      code,
      message: failure?.message ?? "Toss refused this payment.",
      declineClass: found,
    });
}

/**
 * The row's key is either unused, or unanswered, or new after an error answer, so sending cannot charge twice:
 * Toss replays its first answer. Past the time for which Toss keeps keys that no longer holds, and an operator
 * has to look (alert `operation_without_proof`).
 */
async function chargeAgain(
  context: OperationContext,
  charge: ChargeOperation,
): Promise<ChargeOutcome> {
  return charge.keyIsFresh || charge.stopped !== null
    ? await sendCharge(context, charge)
    : await leaveChargeOpen(context, charge, {
      code: "IDEMPOTENCY_KEY_EXPIRED",
      message: "Toss may have forgotten the key; nothing is sent again.",
      keyIsSpent: false,
    });
}
