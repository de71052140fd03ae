import type { ErrorAction, ErrorCode } from "./error-codes.ts";

/** One thing that is wrong with a request: the field's path and what to do about it. */
export interface FieldProblem {
  field: string;
  problem: string;
}

/** What an error answer can carry besides its code. */
export interface AppErrorOptions {
  /** Toss's own code, when Toss refused. */
  tossCode?: string;
  /** Replaces the code's usual action. */
  action?: ErrorAction;
  /** Texts for the end user that say more than the code's own. */
  userMessage?: { ko: string; en: string };
  details?: FieldProblem[] | Record<string, unknown>;
  headers?: Record<string, string>;
  cause?: unknown;
}

/**
 * A refusal that reaches the caller: thrown inside, turned into an answer in one place (error-response.ts).
 *
 * `message` is for developers, in English, and must not carry exception texts, Toss bodies or secrets.
 */
export class AppError extends Error {
  override readonly name = "AppError";

  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly options: AppErrorOptions = {},
  ) {
    super(message, { cause: options.cause });
  }
}

/** Refuses one field of a request. */
export function invalidField(field: string, problem: string): AppError {
  return new AppError("invalid_request", `${field}: ${problem}`, {
    details: [{ field, problem }],
  });
}
