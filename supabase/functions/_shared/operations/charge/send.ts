import {
  CHARGE_TIMEOUT,
  type ChargeOperation,
} from "../../database/charges.ts";
import type { TossRefused } from "../../toss/outcome.ts";
import type { OperationContext } from "../context.ts";
import { noProof, REPEATED, unprovenAnswer } from "../no-proof.ts";
import { openKey, UNREADABLE_KEY } from "../open-key.ts";
import { LONGEST_ANSWER_SECONDS } from "../patience.ts";
import {
  judgeRefusal,
  type RefusalJudgement,
  unprovenRefusal,
} from "../refusal.ts";
import { happenedBefore, stillWaits } from "../toss-answer.ts";
import { taxFreePart } from "../tax-free-part.ts";
import { declineOf, hasFailed, isForeign } from "./decline.ts";
import { findPaidLater } from "./find-paid-later.ts";
import {
  type ChargeOutcome,
  endTry,
  leaveChargeOpen,
  refuseCharge,
  settleCharge,
} from "./finish.ts";

/**
 * Charges a billing key once for an attempt whose operation is leased, and finishes the operation with the answer:
 * one call to Toss, one to the database.
 *
 * Source: Toss, 자동결제 승인 (POST /v1/billing/{billingKey}).
 */
export async function sendCharge(
  context: OperationContext,
  charge: ChargeOperation,
): Promise<ChargeOutcome> {
  const later = await findPaidLater(context, charge);
  if (later !== null) return later;
  const { keyId, ciphertext, billingMethodId } = charge;
  if (keyId === null || ciphertext === null) {
    return await endStopped(context, charge);
  }
  const billingKey = await openKey(
    context,
    { keyId, ciphertext },
    billingMethodId,
  );
  if (billingKey === null) {
    return await leaveChargeOpen(context, charge, UNREADABLE_KEY);
  }
  const { amount, customerKey, orderId, orderName, customerEmail } = charge;
  const outcome = await context.toss.of(charge).charge(billingKey, {
    amount,
    customerKey,
    orderId,
    orderName,
    ...taxFreePart(charge),
    ...(customerEmail ? { customerEmail } : {}),
  }, { idempotencyKey: charge.idempotencyKey });
  switch (outcome.kind) {
    case "answered":
      return happenedBefore(charge, outcome.value.approvedAt)
        ? await askAfterRepeat(context, charge, outcome.value.paymentKey)
        : await settleCharge(context, charge, outcome.value);
    case "refused":
      return await judge(context, charge, outcome);
    case "unknown": {
      const proof = unprovenAnswer(outcome, charge);
      return await leaveChargeOpen(context, charge, {
        ...proof,
        // Behind an error answer the approval may still be on its way, and the next key would not stop a second one.
        pauseSeconds: proof.keyIsSpent ? LONGEST_ANSWER_SECONDS : 0,
      });
    }
  }
}

/**
 * Nothing is sent any more. That Toss knows no payment proves that none was made only when what was sent before has
 * had the time to arrive.
 */
function endStopped(
  context: OperationContext,
  charge: ChargeOperation,
): Promise<ChargeOutcome> {
  const { code, seconds } = charge.stopped ??
    { code: "NO_BILLING_METHOD", seconds: Infinity };
  const message = "It must not be charged any more.";
  const mayArrive = charge.isResolve &&
    seconds < context.leaseSeconds + LONGEST_ANSWER_SECONDS;
  return mayArrive
    ? leaveChargeOpen(context, charge, noProof(code, message))
    : refuseCharge(context, charge, {
      code,
      message,
      // What was never tried says nothing against the method.
      declineClass: code === CHARGE_TIMEOUT ? "soft" : "hard",
    });
}

async function judge(
  context: OperationContext,
  charge: ChargeOperation,
  refusal: TossRefused,
): Promise<ChargeOutcome> {
  const judgement = judgeRefusal("charge", charge, refusal.code);
  const { proof } = judgement;
  return judgement.endsAtOnce || proof === "later"
    ? await endTry(context, charge, refusal)
    : await askAfterRefusal(context, charge, { refusal, judgement });
}

/** Toss's own record of the order tells whether it has been charged. */
async function askAfterRefusal(
  context: OperationContext,
  charge: ChargeOperation,
  { refusal, judgement }: {
    refusal: TossRefused;
    judgement: RefusalJudgement;
  },
): Promise<ChargeOutcome> {
  const { proof, isLastWord } = judgement;
  const outcome = await context.toss.of(charge).getPaymentByOrder(
    charge.orderId,
  );
  const isHidden = outcome.kind === "answered" && isForeign(outcome.value);
  if (outcome.kind === "answered" && !isHidden) {
    const payment = outcome.value;
    if (!hasFailed(payment) && !stillWaits(payment)) {
      return await settleCharge(context, charge, payment);
    }
    // What moved on is another payment of the order than this one.
    const found = proof === "moved" ? null : declineOf(payment);
    if (found !== null) return await refuseCharge(context, charge, found);
  }
  // Had an earlier try been approved, Toss would have refused the orderId (DUPLICATED_ORDER_ID) instead of the card.
  const isNothing = outcome.kind === "not_found" || isHidden;
  return isNothing && proof === "nothing" && isLastWord
    ? await endTry(context, charge, refusal)
    : await leaveChargeOpen(context, charge, {
      ...unprovenRefusal(refusal, judgement),
      // The approval may still be on its way, and the next key would not stop a second one.
      pauseSeconds: LONGEST_ANSWER_SECONDS,
    });
}

/** Toss repeats what it answered before a restore: how the payment stands now is in its record alone. */
async function askAfterRepeat(
  context: OperationContext,
  charge: ChargeOperation,
  paymentKey: string,
): Promise<ChargeOutcome> {
  const outcome = await context.toss.of(charge).getPayment(paymentKey);
  return outcome.kind === "answered"
    ? await settleCharge(context, charge, outcome.value)
    : await leaveChargeOpen(context, charge, REPEATED);
}
