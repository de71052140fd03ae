import { AppError } from "../_shared/http/app-error.ts";
import { keyRefusal, tossRefusal } from "../_shared/http/toss-refusal.ts";
import {
  planNotBillable,
  planNotFound,
} from "../_shared/http/billing-answers.ts";

const REFUSALS = {
  subscription_not_found: () =>
    new AppError(
      "subscription_not_found",
      "There is no such subscription of this user.",
    ),
  plan_not_found: planNotFound,
  plan_not_billable: planNotBillable,
  method_not_found: () =>
    new AppError(
      "billing_method_not_found",
      "There is no such active billing method of this user.",
    ),
  operation_in_progress: () =>
    new AppError(
      "operation_in_progress",
      "A charge of this subscription is at Toss; try again when it has ended.",
    ),
  consent_not_open: consentNotOpen,
} as const;

/** What a caller is told whose consent, or refusal, comes too early, too late, twice by link, or for something else. */
export function consentNotOpen(): AppError {
  return new AppError(
    "consent_not_open",
    "There is nothing of this subscription to consent to now: the request is decided for good, was replaced, or is outside its window.",
  );
}

/** What a caller is told whose change, or new subscription, our own database refused. */
export function subscriptionError(reason: keyof typeof REFUSALS): AppError {
  return REFUSALS[reason]();
}

/**
 * What the shop is told whose subscription has ended, but whose refund was refused.
 *
 * @param code Toss's own, or ours when another refund was faster
 */
export function refundError(
  code: string,
  details: Record<string, unknown>,
): AppError {
  const message = "The subscription has ended; the refund was refused.";
  if (code === "CANCEL_AMOUNT_EXCEEDS_BALANCE") {
    return new AppError("cancel_amount_exceeds_balance", message, { details });
  }
  const refusal = { code, details };
  return keyRefusal(refusal, message) ??
    tossRefusal("cancel_failed", message, refusal);
}
