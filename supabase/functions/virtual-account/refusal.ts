import { AppError } from "../_shared/http/app-error.ts";
import type { ErrorCode } from "../_shared/http/error-codes.ts";
import { keyRefusal, tossRefusal } from "../_shared/http/toss-refusal.ts";
import type { VirtualAccountResult } from "../_shared/operations/virtual-account/finish.ts";

type Refused = Extract<VirtualAccountResult, { kind: "refused" }>;
type RefusedLocally = Extract<
  VirtualAccountResult,
  { kind: "refused_locally" }
>;

const LOCAL_REFUSALS: Record<RefusedLocally["reason"], [ErrorCode, string]> = {
  already_confirmed: [
    "payment_already_confirmed",
    "The order has been paid already.",
  ],
  operation_in_progress: [
    "operation_in_progress",
    "A payment of this order is being confirmed.",
  ],
  other_keys: [
    "operation_in_progress",
    "A payment of this order has begun in the payment widget, which has keys of its own; make a new order.",
  ],
  order_closed: [
    "payment_expired",
    "The order has expired or was given up; make a new one.",
  ],
  order_not_found: ["order_not_found", "There is no order with this orderId."],
};

/** What a refused issue tells the caller; see docs/errors.md. */
export function virtualAccountError(
  result: Refused | RefusedLocally,
): AppError {
  if (result.kind === "refused_locally") {
    return new AppError(...LOCAL_REFUSALS[result.reason]);
  }
  return keyRefusal(result) ??
    tossRefusal("payment_confirm_failed", "Toss issued no account.", result);
}
