import { CHARGE_TIMEOUT } from "../billing/decline-class.ts";
import { AppError } from "./app-error.ts";
import { describeTossError } from "../toss/error-catalogue.ts";

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
  const entry = describeTossError(code);
  return new AppError(
    "payment_confirm_failed",
    "The billing method was declined.",
    { tossCode: code, userMessage: entry, action: entry.action, details },
  );
}
