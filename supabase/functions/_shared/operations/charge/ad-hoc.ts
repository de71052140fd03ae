import {
  type AdHocChargeAnswer,
  type AdHocChargeRequest,
  beginAdHocCharge,
} from "../../database/ad-hoc-charge.ts";
import { newLease, type OperationContext } from "../context.ts";
import { performChargeNow } from "./begin.ts";
import type { ChargeOutcome } from "./finish.ts";

/** How an ad hoc charge stands; a repeat of its requestId answers the same. */
export interface AdHocCharge {
  chargeId: string;
  orderId: string;
  status: "paid" | "declined" | "unknown";
  /** Toss's code when it is declined. */
  tossCode?: string;
}

/** Refusals that were decided in our own database; Toss was not asked. */
export type LocalAdHocRefusal = Extract<
  AdHocChargeAnswer["outcome"],
  "no_billing_method" | "conflict" | "invalid"
>;

/** How an ad hoc charge ended. */
export type AdHocResult =
  | { kind: "charge"; charge: AdHocCharge }
  | { kind: "refused_locally"; reason: LocalAdHocRefusal };

/**
 * Charges a user's billing method outside any subscription, once for its requestId.
 *
 * @throws DatabaseError when the intent could not be written; Toss was not asked
 */
export async function chargeAdHoc(
  context: OperationContext,
  request: AdHocChargeRequest,
): Promise<AdHocResult> {
  const begun = await beginAdHocCharge(context.firstCall, {
    ...newLease(context),
    ...request,
    logRequestId: context.requestId,
  });
  switch (begun.outcome) {
    case "proceed":
    case "resolve": {
      const { charge } = begun;
      return resultOf(charge, await performChargeNow(context, charge));
    }
    case "processing":
      return resultOf(begun, { kind: "processing" });
    case "paid":
      return resultOf(begun, { kind: "paid", subscription: null });
    case "declined":
      return resultOf(begun, {
        kind: "declined",
        code: begun.errorCode ?? "UNKNOWN",
        subscription: null,
      });
    default:
      return { kind: "refused_locally", reason: begun.outcome };
  }
}

function resultOf(
  { chargeId, orderId }: { chargeId: string; orderId: string },
  outcome: ChargeOutcome,
): AdHocResult {
  return {
    kind: "charge",
    charge: {
      chargeId,
      orderId,
      status: outcome.kind === "processing" ? "unknown" : outcome.kind,
      ...(outcome.kind === "declined" ? { tossCode: outcome.code } : {}),
    },
  };
}
