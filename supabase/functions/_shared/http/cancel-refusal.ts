import type { LocalCancelRefusal } from "../database/cancel.ts";
import { describeTossError } from "../toss/error-catalogue.ts";
import { AppError, invalidField } from "./app-error.ts";
import type { Caller } from "./authenticate.ts";
import { keyRefusal, tossRefusal } from "./toss-refusal.ts";

/** Toss's refusal of a cancel; `code` is its own or ours. */
interface TossCancelRefusal {
  kind: "refused";
  code: string;
  status?: number | undefined;
}

/** A cancel that was refused, by Toss or without asking it. */
export type RefusedCancel =
  | TossCancelRefusal
  | { kind: "refused_locally"; refusal: LocalCancelRefusal };

/** What a refused cancel tells the caller; see docs/errors.md. */
export function cancelError(
  result: RefusedCancel,
  caller: Caller["kind"],
): AppError {
  if (result.kind === "refused_locally") {
    return refusedLocally(result.refusal, caller);
  }
  // The deposit came first, so the order is no longer one that its buyer may cancel, with or without an account.
  return caller !== "secret" && result.code === "REFUND_ACCOUNT_REQUIRED"
    ? refusedLocally({ outcome: "forbidden" }, caller)
    : refusedByToss(result);
}

/** `amount` is a guest's proof, and nobody who means a part may get the whole. */
export function amountNotTaken(): AppError {
  return invalidField(
    "amount",
    "only for guests; a part is named by cancelAmount",
  );
}

function exceedsBalance(details?: Record<string, unknown>): AppError {
  return new AppError(
    "cancel_amount_exceeds_balance",
    "Less is left than this cancel asks for.",
    details === undefined ? {} : { details },
  );
}

function accountRequired(): AppError {
  return new AppError(
    "refund_account_required",
    "The deposit has arrived; refundReceiveAccount must say where it goes back to.",
    {
      details: [{
        field: "refundReceiveAccount",
        problem: "required after the deposit",
      }],
    },
  );
}

/** Toss's own word for it, and for a payment that waits for its deposit again. */
const NO_PARTS: ReadonlySet<string> = new Set([
  "NOT_ALLOWED_PARTIAL_REFUND",
  "NOT_ALLOWED_PARTIAL_REFUND_WAITING_DEPOSIT",
]);

function partialNotPossible(tossCode?: string): AppError {
  return new AppError(
    "partial_refund_not_possible",
    "This payment can only be refunded as a whole.",
    tossCode === undefined ? {} : { tossCode },
  );
}

function refusedLocally(
  refusal: LocalCancelRefusal,
  caller: Caller["kind"],
): AppError {
  switch (refusal.outcome) {
    case "exceeds_balance":
      return exceedsBalance({ availableAmount: refusal.availableAmount });
    case "account_required":
      return accountRequired();
    case "account_not_taken":
      return invalidField(
        "refundReceiveAccount",
        "only for a virtual account whose deposit has arrived",
      );
    case "partial_before_deposit":
      return invalidField(
        "cancelAmount",
        "before the deposit only the whole amount can be cancelled",
      );
    case "partial_not_possible":
      return partialNotPossible();
    case "tax_free_amount_out_of_range":
      return invalidField(
        "taxFreeAmount",
        `must be ${refusal.leastAmount} to ${refusal.greatestAmount} here`,
      );
    case "request_differs":
      return invalidField(
        "requestId",
        "was used for another cancel of this payment; a new cancel needs a new one",
      );
    case "payment_of_another_order":
      return invalidField("paymentKey", "belongs to another order");
    case "payment_not_found":
      return new AppError(
        "payment_not_found",
        "There is no payment that could be cancelled.",
      );
    case "order_not_found":
      return new AppError(
        "order_not_found",
        "There is no order with this orderId.",
      );
    case "operation_in_progress":
      return new AppError(
        "operation_in_progress",
        "A payment of this order is under way.",
      );
    case "forbidden":
      // A guest has proven nothing that could be forbidden anything.
      if (caller === "publishable") {
        return new AppError(
          "unauthorized",
          "A guest may give up only an own order that is not paid; anything else needs a secret key or a user's token.",
        );
      }
      return new AppError(
        "forbidden",
        "A user may cancel only an own order that waits for its deposit.",
      );
  }
}

function refusedByToss(
  result: TossCancelRefusal,
): AppError {
  const { code, status } = result;
  if (code === "CANCEL_AMOUNT_EXCEEDS_BALANCE") return exceedsBalance();
  if (code === "REFUND_ACCOUNT_REQUIRED") return accountRequired();
  const key = keyRefusal(result);
  if (key !== null) return key;
  const entry = describeTossError(code, status);
  if (NO_PARTS.has(code)) return partialNotPossible(code);
  return entry.class === "not_found"
    ? new AppError("payment_not_found", "Toss knows no such payment.", {
      tossCode: code,
      userMessage: entry,
    })
    : tossRefusal("cancel_failed", "Toss refused the cancel.", result);
}
