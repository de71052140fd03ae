import { AppError } from "../_shared/http/app-error.ts";

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
