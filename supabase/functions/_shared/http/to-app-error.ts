import { DatabaseError } from "../database/client.ts";
import { AppError } from "./app-error.ts";

/** What the caller is told about anything that was thrown; exception texts stay in the log. */
export function toAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  if (thrown instanceof DatabaseError) {
    return new AppError(
      "storage_unavailable",
      "The database did not answer; the same request can be sent again.",
      { cause: thrown },
    );
  }
  return new AppError("internal_error", "Something went wrong on our side.", {
    cause: thrown,
  });
}
