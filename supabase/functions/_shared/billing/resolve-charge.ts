import type { ChargeOperation } from "../database/charges.ts";
import { unansweredQuestion } from "../payments/no-proof.ts";
import type { OperationContext } from "../payments/operation-context.ts";
import { isQuiet, secondsUntilQuiet } from "../payments/patience.ts";
import { describeTossError } from "../toss/error-catalogue.ts";
import type { TossPayment } from "../toss/payment.ts";
import type { ChargeOutcome } from "./charge-outcome.ts";
import { declineClass } from "./decline-class.ts";
import { declineOf, hasFailed, isForeign } from "./failed-charge.ts";
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
      if (isForeign(outcome.value)) return await lookBehind(context, charge);
      return hasFailed(outcome.value)
        ? await judgeFailed(context, charge, outcome.value)
        : await settleCharge(context, charge, outcome.value);
    case "not_found":
      return await standByRefusal(context, charge);
    case "refused":
    case "unknown":
      return await leaveChargeOpen(
        context,
        charge,
        unansweredQuestion(outcome),
      );
  }
}

/**
 * Behind a payment that the user opened there may be ours, or none. Sent again, Toss answers as before, or refuses an
 * orderId that was paid; what must not be sent any more stays open.
 */
async function lookBehind(
  context: OperationContext,
  charge: ChargeOperation,
): Promise<ChargeOutcome> {
  return charge.stopped === null
    ? await chargeAgain(context, charge)
    : await leaveChargeOpen(context, charge, {
      code: "FOREIGN_PAYMENT",
      message: "Toss shows a payment that was not asked for here.",
      keyIsSpent: false,
    });
}

/** Toss keeps a record of a refused approval; only one that blames the customer's method is a decline. */
async function judgeFailed(
  context: OperationContext,
  charge: ChargeOperation,
  payment: TossPayment,
): Promise<ChargeOutcome> {
  const found = declineOf(payment);
  return found === null
    ? await chargeAgain(context, charge)
    : await refuseCharge(context, charge, found);
}

/** Toss has no record: a refusal that is remembered stands once no try can be at work any more. */
async function standByRefusal(
  context: OperationContext,
  charge: ChargeOperation,
): Promise<ChargeOutcome> {
  const { refusedWith, stopped } = charge;
  if (refusedWith === null || stopped !== null) {
    return await chargeAgain(context, charge);
  }
  const refusal = {
    code: refusedWith,
    message: "Toss refused, and its record shows no payment.",
  };
  if (!isQuiet(charge)) {
    return await leaveChargeOpen(context, charge, {
      ...refusal,
      keyIsSpent: false,
      pauseSeconds: secondsUntilQuiet(charge),
    });
  }
  const found = declineClass(describeTossError(refusedWith));
  return found === null
    ? await chargeAgain(context, charge)
    : await refuseCharge(context, charge, { ...refusal, declineClass: found });
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
