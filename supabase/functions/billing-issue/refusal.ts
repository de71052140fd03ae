import { alreadySubscribed } from "../_shared/http/already-subscribed.ts";
import { declinedError } from "../_shared/http/declined-error.ts";
import type {
  IssueResult,
  LocalIssueRefusal,
} from "../_shared/billing/issue-billing-key.ts";
import { AppError } from "../_shared/http/app-error.ts";
import { planChanged } from "../_shared/http/plan-changed.ts";
import { tooManyAttempts } from "../_shared/http/too-many-attempts.ts";
import { isKeyFault } from "../_shared/payments/refusal.ts";
import { describeTossError } from "../_shared/toss/error-catalogue.ts";

/** What a user is told whose plan or customerKey was refused in our own database. */
export function localIssueError(refusal: LocalIssueRefusal): AppError {
  switch (refusal.outcome) {
    case "customer_key_mismatch":
      return new AppError(
        "customer_key_mismatch",
        "customerKey is not the one of this user; Toss was not asked.",
      );
    case "plan_not_found":
      return new AppError("plan_not_found", "There is no such active plan.");
    case "plan_not_billable": {
      const problem = "this plan's price cannot be charged by billing key";
      return new AppError("invalid_request", `planId: ${problem}`, {
        details: [{ field: "planId", problem }],
      });
    }
    case "already_subscribed":
      return alreadySubscribed(refusal);
    case "plan_changed":
      return planChanged(refusal.plan);
    case "too_many_attempts":
      return tooManyAttempts(refusal);
    case "user_deleted":
      return new AppError(
        "unauthorized",
        "The account of this access token has been deleted.",
      );
  }
}

/** What a user is told whose registration Toss refused; `code` is Toss's, or ours when no proof came in time. */
export function issueError(
  { code, status }: Extract<IssueResult, { kind: "refused" }>,
): AppError {
  if (isKeyFault(code)) {
    return new AppError(
      "not_configured",
      "Toss refuses our key; check TOSS_SECRET_KEY and TOSS_CLIENT_KEY.",
      { tossCode: code },
    );
  }
  if (code === "BILLING_ISSUE_TIMEOUT") {
    return new AppError(
      "billing_issue_failed",
      "Toss gave no proof in time; start a new registration.",
    );
  }
  if (code === "BILLING_KEY_IN_USE") {
    return new AppError(
      "billing_issue_failed",
      "Toss issued a key that is being removed, or is another user's; start a new registration.",
    );
  }
  const entry = describeTossError(code, status);
  return new AppError("billing_issue_failed", "Toss refused.", {
    tossCode: code,
    userMessage: entry,
    action: entry.action,
  });
}

/**
 * What a user is told whose method is registered, and whose plan is not subscribed to all the same: `details` has
 * what the next try needs, the action `subscribe` of `POST subscription`.
 */
export function planError(
  result: Extract<IssueResult, { kind: "issued" }>,
  planId: string | undefined,
): AppError | null {
  const details = { billingMethodId: result.billingMethod.id, planId };
  switch (result.plan?.kind) {
    case "declined":
      return declinedError(result.plan.code, details);
    case "already_subscribed":
      return alreadySubscribed(result.plan.claim, details);
    case "plan_changed":
      return planChanged(result.plan.terms, details);
    default:
      return null;
  }
}
