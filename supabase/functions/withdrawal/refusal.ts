import { AppError, invalidField } from "../_shared/http/app-error.ts";
import { cancelError } from "../_shared/http/cancel-refusal.ts";
import type { RequestWithdrawalAnswer } from "../_shared/database/withdrawals.ts";
import type {
  AcceptanceResult,
  DecisionRefusal,
} from "../_shared/operations/cancel/accept-withdrawal.ts";

/** What a buyer is told who cannot ask for a withdrawal. */
export function requestError(
  answer: Exclude<
    RequestWithdrawalAnswer,
    { outcome: "requested" | "known" }
  >,
): AppError {
  switch (answer.outcome) {
    case "request_differs":
      return invalidField(
        "requestId",
        "was used with another reason; a new withdrawal needs a new one",
      );
    case "order_not_found":
      return orderNotFound();
    case "nothing_to_withdraw":
      return nothingToWithdraw({ status: answer.status });
    case "excluded":
      return new AppError(
        "withdrawal_excluded",
        "Nothing of this order can be given back.",
        { details: { products: answer.products } },
      );
  }
}

/** There is no such order of the caller. */
export function orderNotFound(): AppError {
  return new AppError(
    "order_not_found",
    "There is no order of yours with this orderId.",
  );
}

/** What the shop is told whose decision is not possible. */
export function decisionError(refusal: DecisionRefusal): AppError {
  switch (refusal.outcome) {
    case "withdrawal_not_found":
      return new AppError(
        "withdrawal_not_found",
        "There is no withdrawal with this withdrawalId.",
      );
    case "already_decided":
      return new AppError(
        "withdrawal_decided",
        `The withdrawal was ${refusal.status}; a decision stands.`,
        { details: { status: refusal.status } },
      );
    case "amount_required":
      return invalidField(
        "cancelAmount",
        `required: these of the order cannot be given back, so say how much goes back: ${
          refusal.products.join(", ")
        }`,
      );
  }
}

/** What the shop is told whose acceptance brought no refund. */
export function acceptanceError(
  result: Extract<
    AcceptanceResult,
    { kind: "not_accepted" | "refused" | "refused_locally" }
  >,
): AppError {
  if (result.kind === "not_accepted") return decisionError(result.refusal);
  if (result.kind === "refused") return cancelError(result, "secret");
  switch (result.refusal.outcome) {
    case "payment_not_found":
    case "order_not_found":
      return nothingToWithdraw({});
    case "request_differs":
      return invalidField(
        "withdrawalId",
        "was accepted with another cancelAmount or refundReceiveAccount; its refund is under way or made",
      );
    default:
      return cancelError(result, "secret");
  }
}

function nothingToWithdraw(details: Record<string, unknown>): AppError {
  return new AppError(
    "nothing_to_withdraw",
    "Nothing of this order is paid, or everything was given back.",
    { details },
  );
}
