import {
  beginCashReceiptCancel,
  type BeginCashReceiptCancelAnswer,
} from "../../database/cash-receipts.ts";
import { newLease, type OperationContext } from "../context.ts";
import { orProcessing } from "../no-proof.ts";
import type { ReceiptOutcome } from "../receipt-end.ts";
import { type Attempt, settled, untilSettled } from "../until-settled.ts";
import { resolveReceiptCancel } from "./resolve.ts";
import { sendReceiptCancel } from "./send.ts";

/** What is to be canceled of an order's receipt. */
export interface ReceiptCancelRequest {
  orderId: string;
  /** Won; absent = all that is left of it. */
  amount?: number | undefined;
  /** The caller's idempotency token. */
  requestId: string;
}

/** Refusals that were decided in our own database; Toss was not asked. */
export type LocalReceiptCancelRefusal = Exclude<
  BeginCashReceiptCancelAnswer,
  {
    outcome: "proceed" | "resolve" | "processing" | "succeeded" | "rejected";
  }
>;

/** How a request to cancel a receipt ended. */
export type ReceiptCancelResult =
  | ReceiptOutcome
  | { kind: "refused_locally"; refusal: LocalReceiptCancelRefusal };

/**
 * Cancels the cash receipt of an order, all that is left of it or a part, for an operator: intent, Toss, record.
 *
 * A repeat of a requestId gets what the first one got.
 *
 * @throws DatabaseError when the intent could not be written; Toss was not asked
 */
export async function cancelCashReceipt(
  context: OperationContext,
  request: ReceiptCancelRequest,
): Promise<ReceiptCancelResult> {
  const { requestId: logRequestId, ...lease } = newLease(context);
  const begin = {
    ...lease,
    ...request,
    logRequestId,
    requestedBy: "operator",
    requestDigests: context.keyring.digests(
      JSON.stringify(["operator", request.amount ?? null]),
    ),
  };
  return await untilSettled(
    context.random,
    async () =>
      await attempt(
        context,
        await beginCashReceiptCancel(context.firstCall, begin),
      ),
  );
}

async function attempt(
  context: OperationContext,
  begun: BeginCashReceiptCancelAnswer,
): Promise<Attempt<ReceiptCancelResult>> {
  switch (begun.outcome) {
    case "proceed":
      return settled(
        await orProcessing(context, begun.operation, sendReceiptCancel),
      );
    case "resolve":
      return settled(
        await orProcessing(context, begun.operation, resolveReceiptCancel),
      );
    case "processing":
      return { isSettled: false, result: { kind: "processing" } };
    case "succeeded":
      return settled({ kind: "receipted", receipt: begun.receipt });
    case "rejected":
      return settled({ kind: "refused", code: begun.errorCode });
    case "operation_in_progress":
      return {
        isSettled: false,
        result: { kind: "refused_locally", refusal: begun },
      };
    default:
      return settled({ kind: "refused_locally", refusal: begun });
  }
}
