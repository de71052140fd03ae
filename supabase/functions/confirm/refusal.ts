import { AppError } from "../_shared/http/app-error.ts";
import type { ErrorCode } from "../_shared/http/error-codes.ts";
import { keyRefusal, tossRefusal } from "../_shared/http/toss-refusal.ts";
import type {
  ConfirmResult,
  LocalRefusal,
} from "../_shared/operations/confirm/begin.ts";
import { describeTossError } from "../_shared/toss/error-catalogue.ts";

const LOCAL_REFUSALS: Record<LocalRefusal, [ErrorCode, string]> = {
  already_confirmed: [
    "payment_already_confirmed",
    "Another payment already pays this order.",
  ],
  operation_in_progress: [
    "operation_in_progress",
    "Another payment of this order is being confirmed.",
  ],
  amount_mismatch: [
    "payment_amount_mismatch",
    "amount differs from the order's; Toss was not asked.",
  ],
  payment_of_another_order: [
    "invalid_request",
    "paymentKey belongs to another order.",
  ],
  order_closed: [
    "payment_expired",
    "The order has expired or was given up; make a new one.",
  ],
  order_not_found: ["order_not_found", "There is no order with this orderId."],
};

/** What a refused confirm tells the caller; see docs/errors.md. */
export function confirmError(
  result: Extract<
    ConfirmResult,
    {
      kind:
        | "refused"
        | "refused_locally"
        | "already_confirmed"
        | "too_many_attempts";
    }
  >,
): AppError {
  if (result.kind === "too_many_attempts") {
    return new AppError(
      "too_many_attempts",
      "Twenty payments that Toss does not know were confirmed from this network within ten minutes.",
      { headers: { "retry-after": String(result.retryAfterSeconds) } },
    );
  }
  if (result.kind !== "refused") {
    const reason = result.kind === "refused_locally"
      ? result.reason
      : "already_confirmed";
    const [code, message] = LOCAL_REFUSALS[reason];
    return new AppError(
      code,
      message,
      reason === "payment_of_another_order"
        ? { details: [{ field: "paymentKey", problem: message }] }
        : {},
    );
  }
  const key = keyRefusal(result);
  if (key !== null) return key;
  const { code, status } = result;
  const entry = describeTossError(code, status);
  const options = { tossCode: code, userMessage: entry };
  switch (entry.class) {
    case "session_expired":
      return new AppError(
        "payment_expired",
        "The payment was not confirmed in time; start a new one.",
        options,
      );
    case "not_found":
      return new AppError(
        "payment_not_found",
        "Toss knows no such payment of this order.",
        options,
      );
    default:
      return tossRefusal("payment_confirm_failed", "Toss refused.", result);
  }
}
