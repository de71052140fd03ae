import { type ChargeOperation, declineCharge } from "../../database/charges.ts";
import type { SubscriptionView } from "../../database/subscriptions.ts";
import { describeTossError } from "../../toss/error-catalogue.ts";
import type { TossPayment } from "../../toss/payment.ts";
import { heldBy, type OperationContext } from "../context.ts";
import { type NoProof, postpone, unsettledAnswer } from "../no-proof.ts";
import { applyAnswer } from "../toss-answer.ts";
import { type Decline, declineClass } from "./decline.ts";

/** How a charge stands, for whoever sent it. */
export type ChargeOutcome =
  | { kind: "paid"; subscription: SubscriptionView | null }
  | {
    kind: "declined";
    code: string;
    subscription: SubscriptionView | null;
    /** What was tried, when whoever asks now has tried it. */
    billingMethodId?: string;
    /** When its subscription has another method since: as of when the charge is due to that one. */
    dueAgainAt?: string | null;
  }
  /** Toss's answer is not known yet; the worker goes on asking. */
  | { kind: "processing" };

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
      return { kind: "processing" };
  }
}

/** Ends an attempt as declined by the customer's bank. */
export async function refuseCharge(
  context: OperationContext,
  charge: ChargeOperation,
  refusal: Decline,
): Promise<ChargeOutcome> {
  const answer = await declineCharge(context.database, {
    ...heldBy(context, charge),
    errorCode: refusal.code,
    errorMessage: refusal.message,
    declineClass: refusal.declineClass,
    dunning: context.dunning,
    asOf: context.asOf ?? null,
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
      return { kind: "processing" };
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
  const { askedAt, operationId } = charge;
  const answer = await applyAnswer(context, payment, { askedAt, operationId });
  return answer.outcome === "confirmed"
    ? { kind: "paid", subscription: answer.charge?.subscription ?? null }
    : await leaveChargeOpen(context, charge, unsettledAnswer(answer));
}
