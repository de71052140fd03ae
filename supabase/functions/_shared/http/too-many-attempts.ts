import { AppError } from "./app-error.ts";

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
