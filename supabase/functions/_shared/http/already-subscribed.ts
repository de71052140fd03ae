import { AppError } from "./app-error.ts";
import type { PlanClaim } from "../database/subscriptions.ts";

/**
 * What a user is told who has a live subscription to the plan, or to another one of its group.
 *
 * @param more stands in `details` besides the live subscription's id and the hint
 */
export function alreadySubscribed(
  { subscriptionId, hint }: PlanClaim,
  more: Record<string, unknown> = {},
): AppError {
  const message = hint === undefined
    ? "The user already has a live subscription to this plan."
    : "The user already has a live subscription to a plan of the same group; change_plan changes it.";
  const details = {
    ...more,
    ...(subscriptionId === undefined ? {} : { subscriptionId }),
    ...(hint === undefined ? {} : { hint }),
  };
  return new AppError(
    "already_subscribed",
    message,
    Object.keys(details).length === 0 ? {} : { details },
  );
}
