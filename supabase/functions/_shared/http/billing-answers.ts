import { CHARGE_TIMEOUT } from "../database/charges.ts";
import type { BillingMethodView } from "../database/billing-issue.ts";
import type {
  PlanClaim,
  PlanTerms,
  SubscriptionView,
} from "../database/subscriptions.ts";
import { AppError, invalidField } from "./app-error.ts";
import { tossRefusal } from "./toss-refusal.ts";

/** What is told whoever names a plan that is not sold. */
export function planNotFound(): AppError {
  return new AppError("plan_not_found", "There is no such active plan.");
}

/** What is told whoever wants to subscribe to a plan that has no price in won. */
export function planNotBillable(): AppError {
  return invalidField(
    "planId",
    "this plan's price cannot be charged by billing key",
  );
}

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

/**
 * What a user is told who was shown other terms of a plan than it has by now. Nothing was charged.
 *
 * @param terms stand in `details`: what to show before the next try
 * @param more stands in `details` besides
 */
export function planChanged(
  terms: PlanTerms,
  more: Record<string, unknown> = {},
): AppError {
  return new AppError(
    "payment_amount_mismatch",
    "The plan changed after billing-issue/prepare; show it as it is now, then call prepare again.",
    {
      userMessage: {
        ko:
          "그 사이 요금제 내용이 바뀌었어요. 새 금액을 확인하고 다시 진행해 주세요.",
        en:
          "The plan has changed meanwhile. Please check its new price and start again.",
      },
      details: { ...terms, ...more },
    },
  );
}

/**
 * What a user is told who has registered, changed or retried cards too often; Toss was not asked.
 *
 * @returns an error with `Retry-After`
 */
export function tooManyAttempts(
  { retryAfterSeconds }: { retryAfterSeconds: number },
): AppError {
  return new AppError(
    "too_many_attempts",
    "Registrations, changes of card and retried payments of one user may reach Toss 5 times in ten minutes and 20 times a day.",
    { headers: { "retry-after": String(retryAfterSeconds) } },
  );
}

const NOT_CHARGED = {
  action: "retry",
  userMessage: {
    ko:
      "결제가 제때 이루어지지 않아 멈췄고, 청구된 금액은 없어요. 다시 시도해 주세요.",
    en:
      "The payment could not be made in time, and nothing was charged. Please try again.",
  },
} as const;

/**
 * What the user is told whose charge was declined, or given up before Toss took it.
 *
 * @param code Toss's own, or {@link CHARGE_TIMEOUT}
 * @param details what exists in spite of it, for example the billing method that was registered
 */
export function declinedError(
  code: string,
  details: Record<string, unknown>,
): AppError {
  if (code === CHARGE_TIMEOUT) {
    return new AppError(
      "payment_confirm_failed",
      "Toss could not be reached in time; nothing was charged.",
      { ...NOT_CHARGED, details },
    );
  }
  return tossRefusal(
    "payment_confirm_failed",
    "The billing method was declined.",
    { code, details },
  );
}

/**
 * The 201 of a billing method that is registered, and of the subscription that it pays for.
 *
 * @param subscription null when there is none
 */
export function issuedResponse(
  billingMethod: BillingMethodView,
  subscription: SubscriptionView | null,
): Response {
  return Response.json({
    billingMethodId: billingMethod.id,
    method: billingMethod.method,
    ...shownMethod(billingMethod),
    ...(subscription === null ? {} : { subscription }),
  }, { status: 201 });
}

/** What its owner sees of a billing method: a card's details, or an account's. */
function shownMethod(method: BillingMethodView) {
  return method.method === "CARD"
    ? {
      card: {
        issuerCode: method.cardIssuerCode,
        number: method.cardNumberMasked,
        cardType: method.cardType,
      },
    }
    : {
      account: {
        bankName: method.bankName,
        number: method.accountNumberMasked,
      },
    };
}
