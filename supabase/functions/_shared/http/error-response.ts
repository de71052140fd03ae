import { DatabaseError } from "../database/client.ts";
import { AppError } from "./app-error.ts";
import { ERROR_CODES, type ErrorAction } from "./error-codes.ts";

/** The body of every error answer. */
export interface ErrorBody {
  code: string;
  message: string;
  requestId: string;
  retryable: boolean;
  action: string;
  userMessage: string;
  tossCode?: string;
  details?: unknown;
}

/** Which language an end user reads: English when the browser asks for it first, else Korean. */
export function preferredLanguage(request: Request): "ko" | "en" {
  const first = request.headers.get("accept-language")?.split(",")[0] ?? "";
  return first.trim().toLowerCase().startsWith("en") ? "en" : "ko";
}

/** The text an end user may see for an error, in the request's language. */
export function userMessage(error: AppError, language: "ko" | "en"): string {
  return (error.options.userMessage ?? ERROR_CODES[error.code])[language];
}

/** What whoever meets an error should do next. */
export function actionOf(error: AppError): ErrorAction {
  return error.options.action ?? ERROR_CODES[error.code].action;
}

/** Turns a refusal into its HTTP answer. */
export function errorResponse(
  error: AppError,
  request: Request,
  requestId: string,
): Response {
  const description = ERROR_CODES[error.code];
  const action = actionOf(error);
  const body: ErrorBody = {
    code: error.code,
    message: error.message,
    requestId,
    retryable: action === "retry" || action === "retry_later",
    action,
    userMessage: userMessage(error, preferredLanguage(request)),
  };
  if (error.options.tossCode !== undefined) {
    body.tossCode = error.options.tossCode;
  }
  if (error.options.details !== undefined) {
    body.details = error.options.details;
  }
  return Response.json(body, {
    status: description.status,
    headers: error.options.headers ?? {},
  });
}

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
