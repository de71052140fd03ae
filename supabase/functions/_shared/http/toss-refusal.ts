import { describeTossError } from "../toss/error-catalogue.ts";
import { isKeyFault } from "../toss/keys.ts";
import { AppError } from "./app-error.ts";
import type { ErrorCode } from "./error-codes.ts";

/** A refusal of Toss, and what stands in the answer's `details`. */
export interface TossRefusal {
  code: string;
  status?: number | undefined;
  details?: Record<string, unknown>;
}

/** What Toss refused, in the words of its error catalogue. */
export function tossRefusal(
  code: ErrorCode,
  message: string,
  { code: tossCode, status, details }: TossRefusal,
): AppError {
  const entry = describeTossError(tossCode, status);
  return new AppError(code, message, {
    tossCode,
    userMessage: entry,
    action: entry.action,
    ...(details === undefined ? {} : { details }),
  });
}

/** What is told when Toss refused our keys and nothing else; null for every other refusal. */
export function keyRefusal(
  { code: tossCode, details }: TossRefusal,
  message =
    "Toss refuses our key; check the pair that orders.toss_keys or billing_methods.toss_keys names (TOSS_SECRET_KEY, TOSS_WIDGET_SECRET_KEY, TOSS_BILLING_SECRET_KEY).",
): AppError | null {
  return isKeyFault(tossCode)
    ? new AppError("not_configured", message, {
      tossCode,
      ...(details === undefined ? {} : { details }),
    })
    : null;
}
