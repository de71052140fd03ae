import { AppError, invalidField } from "../_shared/http/app-error.ts";
import type { ErrorCode } from "../_shared/http/error-codes.ts";
import { keyRefusal, tossRefusal } from "../_shared/http/toss-refusal.ts";
import type { ReceiptCancelResult } from "../_shared/operations/cash-receipt-cancel/begin.ts";
import type { CashReceiptResult } from "../_shared/operations/cash-receipt/begin.ts";
import { RECEIPT_EXISTS } from "../_shared/operations/cash-receipt/find-issued.ts";
import type { ReceiptOutcome } from "../_shared/operations/receipt-end.ts";

type Refused = Extract<ReceiptOutcome, { kind: "refused" }>;
type RefusedLocally<Result> = Extract<Result, { kind: "refused_locally" }>;

const IN_PROGRESS: [ErrorCode, string] = [
  "operation_in_progress",
  "Another request about this order's receipt is under way.",
];
const NO_ORDER: [ErrorCode, string] = [
  "order_not_found",
  "There is no order with this orderId.",
];

/** What a refused receipt tells the caller; see docs/errors.md. */
export function receiptError(
  result: Refused | RefusedLocally<CashReceiptResult>,
): AppError {
  if (result.kind === "refused") {
    return result.code === RECEIPT_EXISTS
      ? receiptExists()
      : refusedByToss(result);
  }
  switch (result.reason) {
    case "request_differs":
      return tokenUsed();
    case "operation_in_progress":
      return new AppError(...IN_PROGRESS);
    case "order_not_found":
      return new AppError(...NO_ORDER);
    case "receipt_exists":
      return receiptExists();
    case "not_a_cash_payment":
      return new AppError(
        "not_a_cash_payment",
        "Nothing is left of the order that was paid by 가상계좌 or 계좌이체.",
      );
    case "too_many_attempts":
      return new AppError(
        "too_many_attempts",
        "Toss refused ten receipts of this order within a day.",
        { headers: { "retry-after": "86400" } },
      );
  }
}

/** What a refused cancel of a receipt tells the caller. */
export function receiptCancelError(
  result: Refused | RefusedLocally<ReceiptCancelResult>,
): AppError {
  if (result.kind === "refused") return refusedByToss(result);
  const { refusal } = result;
  switch (refusal.outcome) {
    case "request_differs":
      return tokenUsed();
    case "operation_in_progress":
      return new AppError(...IN_PROGRESS);
    case "order_not_found":
      return new AppError(...NO_ORDER);
    case "receipt_not_found":
      return new AppError(
        "cash_receipt_not_found",
        "The order has no receipt of which anything is left.",
      );
    case "exceeds_receipt":
      return invalidField(
        "amount",
        `must be at most ${refusal.availableAmount}, which is left of the receipt`,
      );
  }
}

function receiptExists(): AppError {
  return new AppError(
    "cash_receipt_exists",
    "The order has a receipt; an operator cancels it before there can be another.",
  );
}

function tokenUsed(): AppError {
  return invalidField(
    "requestId",
    "was used for another request about this order's receipt; a new one needs a new one",
  );
}

function refusedByToss(result: Refused): AppError {
  return keyRefusal(result) ??
    tossRefusal("cash_receipt_failed", "Toss refused the receipt.", result);
}
