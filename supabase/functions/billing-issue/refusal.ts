import {
  alreadySubscribed,
  declinedError,
  planChanged,
  tooManyAttempts,
} from "../_shared/http/billing-answers.ts";
import type {
  IssueResult,
  LocalIssueRefusal,
} from "../_shared/operations/billing-issue/begin.ts";
import { AppError } from "../_shared/http/app-error.ts";
import { keyRefusal, tossRefusal } from "../_shared/http/toss-refusal.ts";
import {
  planNotBillable,
  planNotFound,
} from "../_shared/http/billing-answers.ts";

/** What a user is told whose plan or customerKey was refused in our own database. */
export function localIssueError(refusal: LocalIssueRefusal): AppError {
  switch (refusal.outcome) {
    case "customer_key_mismatch":
      return new AppError(
        "customer_key_mismatch",
        "customerKey is not the one of this user; Toss was not asked.",
      );
    case "plan_not_found":
      return planNotFound();
    case "plan_not_billable":
      return planNotBillable();
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
  refused: Extract<IssueResult, { kind: "refused" }>,
): AppError {
  const { code } = refused;
  const key = keyRefusal(refused);
  if (key !== null) return key;
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
  return tossRefusal("billing_issue_failed", "Toss refused.", refused);
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

/** What is told whose customerKey is another's than the signed state was made for. */
export function customerKeyDiffers(): AppError {
  return new AppError(
    "customer_key_mismatch",
    "customerKey is not the one the state was made for.",
  );
}

const START_OVER = {
  action: "start_over",
  userMessage: {
    ko: "결제 수단 등록 시간이 지났어요. 처음부터 다시 등록해 주세요.",
    en:
      "The time to register has passed. Please register the payment method again.",
  },
} as const;

/** What is told whose state proves nothing, or no longer. */
export function stateError(outcome: "expired" | "forged"): AppError {
  return new AppError(
    "unauthorized",
    outcome === "expired"
      ? "state has expired; call billing-issue/prepare again."
      : "state is not one of billing-issue/prepare.",
    START_OVER,
  );
}

/** What is told who names a billing method that is not the user's. */
export function methodNotFound(): AppError {
  return new AppError(
    "billing_method_not_found",
    "There is no such billing method of this user.",
  );
}
