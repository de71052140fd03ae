import type { ConfirmOperation } from "../../database/confirm.ts";
import {
  type CatalogueEntry,
  describeTossError,
} from "../../toss/error-catalogue.ts";
import { proofOf } from "../../toss/error-catalogue/proofs.ts";
import type { OperationContext } from "../context.ts";
import {
  type ConfirmOutcome,
  type PayingRefusal,
  refusePaying,
} from "../paying.ts";

/** What a buyer is told whose payment Toss does not know, or knows as another order's. */
export const NO_SUCH_PAYMENT = {
  code: "NOT_FOUND_PAYMENT",
  message: "Toss knows no such payment.",
  status: 404,
};

/** Ends a confirm on Toss's refusal. */
export async function refuseConfirm(
  context: OperationContext,
  operation: ConfirmOperation,
  refusal: Pick<PayingRefusal, "code" | "message" | "status">,
): Promise<ConfirmOutcome> {
  const { code, message, status } = refusal;
  return await refusePaying(context, operation, {
    code,
    message,
    status,
    ...effectOf(describeTossError(code, status)),
  });
}

/**
 * Reads a refusal of confirm that is proven.
 *
 * A declined confirm is final for its paymentKey (Toss: payment statuses, ABORTED); the buyer starts a new
 * payment. A fault of our keys or a closed bank says nothing about the payment, and the buyer's page may confirm
 * it again.
 */
function effectOf(
  entry: CatalogueEntry,
): Pick<PayingRefusal, "isFinal" | "paymentStatus"> {
  const isFinal = proofOf("confirm", entry.code) !== "later";
  switch (entry.class) {
    case "customer":
      return { isFinal, paymentStatus: "ABORTED" };
    case "session_expired":
      return { isFinal, paymentStatus: "EXPIRED" };
    default:
      return { isFinal, paymentStatus: null };
  }
}
