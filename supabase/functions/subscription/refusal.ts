import { AppError } from "../_shared/http/app-error.ts";
import { isKeyFault } from "../_shared/payments/refusal.ts";
import { describeTossError } from "../_shared/toss/error-catalogue.ts";

const REFUSALS = {
  subscription_not_found: () =>
    new AppError(
      "subscription_not_found",
      "There is no such subscription of this user.",
    ),
  plan_not_found: () =>
    new AppError("plan_not_found", "There is no such active plan."),
  plan_not_billable: () => {
    const problem = "this plan's price cannot be charged by billing key";
    return new AppError("invalid_request", `planId: ${problem}`, {
      details: [{ field: "planId", problem }],
    });
  },
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
} as const;

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
  if (isKeyFault(code)) {
    return new AppError("not_configured", message, { tossCode: code, details });
  }
  const entry = describeTossError(code);
  return new AppError("cancel_failed", message, {
    tossCode: code,
    userMessage: entry,
    action: entry.action,
    details,
  });
}
