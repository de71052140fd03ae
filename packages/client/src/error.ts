import type { ErrorAction, ErrorCode } from "./generated/api.ts";

/** What the client itself says, beside the functions' codes. */
export type ClientErrorCode =
  /** No answer of ours came: the network, or the platform. */
  | "network_error"
  /** The buyer closed the window. Nothing is said to the buyer. */
  | "window_closed"
  /** Toss's window or its redirect refused; `tossCode` is Toss's. */
  | "window_failed"
  /** The Data API refused a read; `message` is its own. */
  | "read_failed";

/** Every code of a {@link TossPaymentsError}. */
export type TossPaymentsErrorCode = ErrorCode | ClientErrorCode;

type Fields = { field: string; problem: string }[];

/** What `details` holds, where it holds anything the page uses. */
export interface ErrorDetails {
  invalid_request: Fields;
  product_not_found: { productId?: string };
  insufficient_stock: { productId?: string; available?: number };
  reference_conflict: { orderId: string };
  already_subscribed: { subscriptionId?: string; hint?: "change_plan" };
  /** Of a plan that changed since it was shown: as it is now. */
  payment_amount_mismatch: {
    planId?: string;
    amount?: number;
    currency?: string;
    interval?: string;
    intervalCount?: number;
    trialDays?: number;
    billingMethodId?: string;
  };
  /** Of a first period that was declined: the card is registered all the same. */
  payment_confirm_failed: { billingMethodId?: string; planId?: string };
  withdrawal_excluded: { products?: string[] };
}

/** The body of every 4xx and 5xx answer, and what the client knows besides. */
export interface Problem<
  Code extends TossPaymentsErrorCode = TossPaymentsErrorCode,
> {
  code: Code;
  /** For developers, in English. */
  message: string;
  action: ErrorAction;
  /** For the buyer, in Korean or English; empty when there is nothing to say. */
  userMessage: string;
  /** Whether the same request may be sent again. */
  retryable: boolean;
  /** Stands in the functions' log; null where no function answered. */
  requestId?: string | null;
  /** HTTP status; 0 where no function answered. */
  status?: number;
  /** The order that the request was about. */
  orderId?: string | undefined;
  tossCode?: string | undefined;
  details?: unknown;
  /** What was thrown below. */
  cause?: unknown;
}

class Refusal<Code extends TossPaymentsErrorCode> extends Error {
  readonly code: Code;
  readonly action: ErrorAction;
  readonly userMessage: string;
  readonly retryable: boolean;
  readonly requestId: string | null;
  readonly status: number;
  readonly orderId: string | undefined;
  readonly tossCode: string | undefined;
  readonly details: Code extends keyof ErrorDetails
    ? ErrorDetails[Code] | undefined
    : unknown;

  constructor(problem: Problem<Code>) {
    super(problem.message, { cause: problem.cause });
    this.name = "TossPaymentsError";
    this.code = problem.code;
    this.action = problem.action;
    this.userMessage = problem.userMessage;
    this.retryable = problem.retryable;
    this.requestId = problem.requestId ?? null;
    this.status = problem.status ?? 0;
    this.orderId = problem.orderId;
    this.tossCode = problem.tossCode;
    this.details = problem.details as typeof this.details;
  }
}

/**
 * A refusal. Decide by `code` and `action`, show `userMessage`; after a look at `code`, `details` has its type.
 *
 * Every code, when it comes and its texts: docs/errors.md.
 */
export type TossPaymentsError = {
  [Code in TossPaymentsErrorCode]: Refusal<Code>;
}[TossPaymentsErrorCode];

/** What every method throws; `instanceof` tells it from other errors. */
export const TossPaymentsError: new (problem: Problem) => TossPaymentsError =
  Refusal as new (problem: Problem) => TossPaymentsError;

/** Any error as one of ours: what is none broke outside of the functions. */
export function asTossPaymentsError(error: unknown): TossPaymentsError {
  if (error instanceof TossPaymentsError) return error;
  return new TossPaymentsError({
    code: "network_error",
    message: error instanceof Error ? error.message : String(error),
    action: "retry",
    userMessage: "",
    retryable: true,
    cause: error,
  });
}
