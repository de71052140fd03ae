import { AppError, invalidField } from "../_shared/http/app-error.ts";
import type { LocalAdHocRefusal } from "../_shared/operations/charge/ad-hoc.ts";

/**
 * What is told where AD_HOC_CHARGES is off: Toss allows billing keys for regular subscriptions only, unless a shop's
 * contract says otherwise.
 */
export function adHocChargesAreOff(): AppError {
  return new AppError(
    "forbidden",
    "AD_HOC_CHARGES is off: Toss allows billing keys for regular subscriptions only. Set it to on if your contract allows more.",
    { details: { variable: "AD_HOC_CHARGES" } },
  );
}

/** What is told whose ad hoc charge our own database refused. */
export function adHocError(reason: LocalAdHocRefusal): AppError {
  switch (reason) {
    case "no_billing_method":
      return new AppError(
        "billing_method_not_found",
        "The user has no active billing method.",
      );
    case "conflict":
      return invalidField(
        "requestId",
        "was used for a charge with other values",
      );
    case "invalid":
      return invalidField("amount", "cannot be charged");
  }
}
