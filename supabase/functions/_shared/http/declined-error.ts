import { AppError } from "./app-error.ts";
import { describeTossError } from "../toss/error-catalogue.ts";

/**
 * What the user is told whose charge was declined.
 *
 * @param code Toss's own
 * @param details what exists in spite of it, for example the billing method that was registered
 */
export function declinedError(
  code: string,
  details: Record<string, unknown>,
): AppError {
  const entry = describeTossError(code);
  return new AppError(
    "payment_confirm_failed",
    "The billing method was declined.",
    { tossCode: code, userMessage: entry, action: entry.action, details },
  );
}
