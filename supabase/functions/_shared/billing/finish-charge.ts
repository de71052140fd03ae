import { applyPayment } from "../database/apply-payment.ts";
import { type ChargeOperation, declineCharge } from "../database/charges.ts";
import type { OperationContext } from "../payments/operation-context.ts";
import { type NoProof, postpone } from "../payments/postpone.ts";
import { paymentSnapshot } from "../payments/snapshot.ts";
import { describeTossError } from "../toss/error-catalogue.ts";
import type { TossPayment } from "../toss/payment.ts";
import type { ChargeOutcome } from "./charge-outcome.ts";
import { declineClass } from "./decline-class.ts";
import type { Decline } from "./failed-charge.ts";

/** Leaves a charge open: nothing is concluded, and the attempt is not counted as a decline. */
export async function leaveChargeOpen(
  context: OperationContext,
  charge: ChargeOperation,
  proof: NoProof,
): Promise<ChargeOutcome> {
  const answer = await postpone(context, charge, proof);
  // Another caller may have brought the proof meanwhile.
  switch (answer.outcome) {
    case "succeeded":
      return {
        kind: "paid",
        subscription: answer.charge?.subscription ?? null,
      };
    case "rejected":
      return { kind: "declined", code: proof.code, subscription: null };
    case "unknown":
      return { kind: "unknown" };
  }
}

/** Ends an attempt as declined by the customer's bank. */
export async function refuseCharge(
  context: OperationContext,
  charge: ChargeOperation,
  refusal: Decline,
): Promise<ChargeOutcome> {
  const { database, dunning, source, requestId } = context;
  const answer = await declineCharge(database, {
    operationId: charge.operationId,
    leaseToken: charge.leaseToken,
    errorCode: refusal.code,
    errorMessage: refusal.message,
    declineClass: refusal.declineClass,
    dunning,
    asOf: context.asOf ?? null,
    source,
    requestId,
  });
  switch (answer.outcome) {
    case "declined":
      return {
        kind: "declined",
        code: refusal.code,
        subscription: answer.subscription ?? null,
        billingMethodId: charge.billingMethodId,
        dueAgainAt: answer.dueAgainAt ?? null,
      };
    case "paid":
      return {
        kind: "paid",
        subscription: answer.charge?.subscription ?? null,
      };
    case "unknown":
      return { kind: "unknown" };
  }
}

/** Ends a try of which nothing came: declined when the customer's method is to blame, else the charge stays due. */
export async function endTry(
  context: OperationContext,
  charge: ChargeOperation,
  { code, message }: { code: string; message: string },
): Promise<ChargeOutcome> {
  const found = declineClass(describeTossError(code));
  return found === null
    ? await leaveChargeOpen(context, charge, {
      code,
      message,
      keyIsSpent: true,
      refusedWith: null,
    })
    : await refuseCharge(context, charge, {
      code,
      message,
      declineClass: found,
    });
}

/**
 * Sends Toss's Payment through the one door, which settles the charge with it.
 *
 * An answer that differs from the order is not believed: the charge stays open and the audit log has the line
 * `answer_mismatch`.
 */
export async function settleCharge(
  context: OperationContext,
  charge: ChargeOperation,
  payment: TossPayment,
): Promise<ChargeOutcome> {
  const { database, source, requestId } = context;
  const answer = await applyPayment(database, {
    payment: paymentSnapshot(payment),
    source,
    askedAt: charge.askedAt,
    requestId,
    operationId: charge.operationId,
  });
  switch (answer.outcome) {
    case "confirmed":
      return {
        kind: "paid",
        subscription: answer.charge?.subscription ?? null,
      };
    case "rejected":
    case "pending":
      return await leaveChargeOpen(context, charge, {
        code: `PAYMENT_${answer.paymentStatus}`,
        message: "Toss has not finished this payment.",
        keyIsSpent: false,
      });
    case "unknown_status":
      return await leaveChargeOpen(context, charge, {
        code: "UNKNOWN_STATUS",
        message: "Toss named a payment status this version does not know.",
        keyIsSpent: false,
      });
    case "mismatch":
    case "order_not_found":
      return await leaveChargeOpen(context, charge, {
        code: "ANSWER_MISMATCH",
        message: "Toss's answer differs from the order.",
        keyIsSpent: false,
      });
  }
}
