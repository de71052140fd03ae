import {
  type ReceiptEntry,
  type ReceiptOperation,
  type ReceiptView,
  rejectCashReceipt,
  settleCashReceipt,
} from "../database/cash-receipts.ts";
import { heldBy, type OperationContext } from "./context.ts";
import { type NoProof, postpone } from "./no-proof.ts";

/** How a request about a receipt stands, for whoever asked. */
export type ReceiptOutcome =
  | { kind: "receipted"; receipt: ReceiptView }
  /** Toss's answer is not known yet; the worker goes on asking. */
  | { kind: "processing" }
  /** Toss or the tax office refused; `code` is its own code or ours. */
  | { kind: "refused"; code: string; status?: number | undefined };

/**
 * Ends a request with what Toss tells of it.
 *
 * @returns null when none of the entries is its effect
 */
export async function settleReceipt(
  context: OperationContext,
  operation: ReceiptOperation,
  told: { entries: ReceiptEntry[]; proof: "answered" | "listed" },
): Promise<ReceiptOutcome | null> {
  const answer = await settleCashReceipt(context.database, {
    ...heldBy(context, operation),
    ...told,
  });
  switch (answer.outcome) {
    case "succeeded":
      return { kind: "receipted", receipt: answer.receipt };
    case "rejected":
      return { kind: "refused", code: answer.errorCode };
    case "nothing":
      return null;
  }
}

/** Ends a request on Toss's refusal. */
export async function refuseReceipt(
  context: OperationContext,
  operation: ReceiptOperation,
  refusal: {
    code: string;
    message: string;
    status?: number | undefined;
    isFinal: boolean;
  },
): Promise<ReceiptOutcome> {
  const answer = await rejectCashReceipt(context.database, {
    ...heldBy(context, operation),
    errorCode: refusal.code,
    errorMessage: storable(operation, refusal.message),
    isFinal: refusal.isFinal,
  });
  switch (answer.outcome) {
    case "rejected":
      return {
        kind: "refused",
        code: answer.errorCode,
        status: refusal.status,
      };
    case "succeeded":
      return { kind: "receipted", receipt: answer.receipt };
    case "unknown":
      return { kind: "processing" };
  }
}

/** Leaves a request open: nothing is concluded, the next attempt is set. */
export async function leaveReceiptOpen(
  context: OperationContext,
  operation: ReceiptOperation,
  proof: NoProof,
): Promise<ReceiptOutcome> {
  await postpone(context, operation, {
    ...proof,
    message: storable(operation, proof.message),
  });
  return { kind: "processing" };
}

/** Nothing keeps Toss from repeating the number it was given; then the code alone is kept. */
function storable(operation: ReceiptOperation, message: string): string {
  return operation.kind === "cash_receipt" && operation.secret !== null
    ? ""
    : message;
}
