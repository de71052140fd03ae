import type { ChargeOutcome } from "../_shared/billing/charge-outcome.ts";
import { performChargeNow } from "../_shared/billing/perform-charge.ts";
import {
  type AdHocChargeRequest,
  beginAdHocCharge,
} from "../_shared/database/charges.ts";
import { AppError } from "../_shared/http/app-error.ts";
import type { RequestContext } from "../_shared/http/create-function.ts";
import { createOperationContext } from "../_shared/operations/create-context.ts";

/** How an ad hoc charge stands; a repeat of its requestId answers the same. */
export interface AdHocResult {
  chargeId: string;
  orderId: string;
  status: "paid" | "declined" | "unknown";
  /** Toss's code when it is declined. */
  tossCode?: string;
}

/**
 * Charges a user's billing method outside any subscription.
 *
 * @throws AppError `forbidden` unless AD_HOC_CHARGES is on (Toss allows billing keys for regular subscriptions only,
 * unless a shop's contract says otherwise), `billing_method_not_found` when the user has none, `invalid_request` when
 * the requestId was used with other values
 */
export async function chargeAdHoc(
  context: RequestContext,
  request: AdHocChargeRequest,
): Promise<AdHocResult> {
  const { services } = context;
  if (!services.config.adHocCharges) {
    throw new AppError(
      "forbidden",
      "AD_HOC_CHARGES is off: Toss allows billing keys for regular subscriptions only. Set it to on if your contract allows more.",
      { details: { variable: "AD_HOC_CHARGES" } },
    );
  }
  const begun = await beginAdHocCharge(services.database, {
    ...request,
    leaseToken: crypto.randomUUID(),
    leaseSeconds: services.leaseSeconds,
    mode: services.config.toss.mode,
    logRequestId: context.requestId,
  });
  switch (begun.outcome) {
    case "proceed":
    case "resolve": {
      const operationContext = createOperationContext(context, "billing");
      const outcome = await performChargeNow(operationContext, begun.charge);
      return resultOf(begun.charge, outcome);
    }
    case "processing":
      return resultOf(begun, { kind: "unknown" });
    case "paid":
      return resultOf(begun, { kind: "paid", subscription: null });
    case "declined":
      return resultOf(begun, {
        kind: "declined",
        code: begun.errorCode ?? "UNKNOWN",
        subscription: null,
      });
    case "no_billing_method":
      throw new AppError(
        "billing_method_not_found",
        "The user has no active billing method.",
      );
    case "conflict":
      throw invalid("requestId", "was used for a charge with other values");
    case "invalid":
      throw invalid("amount", "cannot be charged");
  }
}

function resultOf(
  { chargeId, orderId }: { chargeId: string; orderId: string },
  outcome: ChargeOutcome,
): AdHocResult {
  return {
    chargeId,
    orderId,
    status: outcome.kind,
    ...(outcome.kind === "declined" ? { tossCode: outcome.code } : {}),
  };
}

function invalid(field: string, problem: string): AppError {
  return new AppError("invalid_request", `${field}: ${problem}`, {
    details: [{ field, problem }],
  });
}
