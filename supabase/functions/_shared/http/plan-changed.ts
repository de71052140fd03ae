import { AppError } from "./app-error.ts";
import type { PlanTerms } from "../database/subscriptions.ts";

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
