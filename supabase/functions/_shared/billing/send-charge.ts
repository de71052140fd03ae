import type { ChargeOperation } from "../database/billing-operation.ts";
import type { OperationContext } from "../payments/operation-context.ts";
import { happenedBefore, REPEATED } from "../payments/earlier-answer.ts";
import type { TossRefused } from "../toss/outcome.ts";
import type { ChargeOutcome } from "./charge-outcome.ts";
import { declineClass } from "./decline-class.ts";
import {
  leaveChargeOpen,
  refuseCharge,
  settleCharge,
} from "./finish-charge.ts";
import { findPaidLater } from "./find-paid-later.ts";
import { openKey, UNREADABLE_KEY } from "./open-key.ts";

/** Toss: an answer may take so long; after that nothing of a request is on its way any more. */
const LONGEST_ANSWER_SECONDS = 60;

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
  const outcome = await context.toss.charge(billingKey, {
    amount,
    customerKey,
    orderId,
    orderName,
    ...(customerEmail ? { customerEmail } : {}),
  }, { idempotencyKey: charge.idempotencyKey });
  switch (outcome.kind) {
    case "answered":
      return happenedBefore(charge, outcome.value.approvedAt)
        ? await adoptCharge(context, charge, REPEATED)
        : await settleCharge(context, charge, outcome.value);
    case "refused":
      return await judgeRefusal(context, charge, outcome);
    case "unknown":
      return await leaveChargeOpen(context, charge, {
        code: outcome.code ?? outcome.reason.toUpperCase(),
        message: outcome.message,
        keyIsSpent: outcome.answered,
        // Behind an error answer the approval may still be on its way, and the next key would not stop a second one.
        pauseSeconds: outcome.answered ? LONGEST_ANSWER_SECONDS : 0,
      });
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
  const refusal = { code, message: "It must not be charged any more." };
  const mayArrive = charge.isResolve &&
    seconds < context.leaseSeconds + LONGEST_ANSWER_SECONDS;
  return mayArrive
    ? leaveChargeOpen(context, charge, { ...refusal, keyIsSpent: false })
    : refuseCharge(context, charge, { ...refusal, declineClass: "hard" });
}

async function judgeRefusal(
  context: OperationContext,
  charge: ChargeOperation,
  { code, message, failure }: TossRefused,
): Promise<ChargeOutcome> {
  if (failure.class === "already_done") {
    return await adoptCharge(context, charge, { code, keyIsSpent: true });
  }
  const found = declineClass(failure);
  return found === null
    ? await leaveChargeOpen(context, charge, {
      code,
      message,
      keyIsSpent: true,
    })
    : await refuseCharge(context, charge, {
      code,
      message,
      declineClass: found,
    });
}

/** Toss has charged this order before (DUPLICATED_ORDER_ID): its own record tells how. */
async function adoptCharge(
  context: OperationContext,
  charge: ChargeOperation,
  { code, keyIsSpent }: typeof REPEATED,
): Promise<ChargeOutcome> {
  const outcome = await context.toss.getPaymentByOrder(charge.orderId);
  return outcome.kind === "answered"
    ? await settleCharge(context, charge, outcome.value)
    : await leaveChargeOpen(context, charge, {
      code,
      message: "Toss charged this order before; the payment is not known yet.",
      keyIsSpent,
    });
}
