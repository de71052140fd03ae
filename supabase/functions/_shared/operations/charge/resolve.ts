import type { ChargeOperation } from "../../database/charges.ts";
import { describeTossError } from "../../toss/error-catalogue.ts";
import type { TossPayment } from "../../toss/payment.ts";
import type { OperationContext } from "../context.ts";
import { noProof, unansweredQuestion } from "../no-proof.ts";
import { secondsUntilQuiet } from "../patience.ts";
import { judgeRemembered } from "../refusal.ts";
import { declineClass, declineOf, hasFailed, isForeign } from "./decline.ts";
import {
  type ChargeOutcome,
  leaveChargeOpen,
  refuseCharge,
  settleCharge,
} from "./finish.ts";
import { sendCharge } from "./send.ts";

/**
 * Finishes a charge that an earlier try may have brought to Toss: asks what became of its order, and sends it only
 * when Toss has taken no money for it.
 */
export async function resolveCharge(
  context: OperationContext,
  charge: ChargeOperation,
): Promise<ChargeOutcome> {
  const outcome = await context.toss.of(charge).getPaymentByOrder(
    charge.orderId,
  );
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
    : await leaveChargeOpen(
      context,
      charge,
      noProof(
        "FOREIGN_PAYMENT",
        "Toss shows a payment that was not asked for here.",
      ),
    );
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
  const remembered = judgeRemembered("charge", charge);
  if (remembered.kind === "none" || charge.stopped !== null) {
    return await chargeAgain(context, charge);
  }
  if (remembered.kind === "early") {
    return await leaveChargeOpen(context, charge, {
      ...remembered.noProof,
      pauseSeconds: secondsUntilQuiet(charge),
    });
  }
  const { code } = remembered;
  const found = declineClass(describeTossError(code));
  return found === null
    ? await chargeAgain(context, charge)
    : await refuseCharge(context, charge, {
      code,
      message: "Toss refused, and its record shows no payment.",
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
    : await leaveChargeOpen(
      context,
      charge,
      noProof(
        "IDEMPOTENCY_KEY_EXPIRED",
        "Toss may have forgotten the key; nothing is sent again.",
      ),
    );
}
