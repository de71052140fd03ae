import {
  beginCashReceipt,
  type BeginCashReceiptAnswer,
} from "../../database/cash-receipts.ts";
import { newLease, type OperationContext } from "../context.ts";
import { orProcessing } from "../no-proof.ts";
import type { ReceiptOutcome } from "../receipt-end.ts";
import { type Attempt, settled, untilSettled } from "../until-settled.ts";
import { resolveCashReceipt } from "./resolve.ts";
import { sendCashReceipt } from "./send.ts";

/** The receipt that somebody wants. */
export interface CashReceiptRequest {
  orderId: string;
  /** Toss's words: 소득공제 or 지출증빙. */
  type: string;
  customerIdentityNumber: string;
  /** The caller's idempotency token. */
  requestId: string;
  /** `operator`, or the user's id. */
  requestedBy: string;
}

/** How a request for a receipt ended; a local refusal was decided without Toss. */
export type CashReceiptResult =
  | ReceiptOutcome
  | {
    kind: "refused_locally";
    reason: Exclude<
      BeginCashReceiptAnswer["outcome"],
      "proceed" | "resolve" | "processing" | "succeeded" | "rejected"
    >;
  };

/**
 * Issues a cash receipt on what is left of an order's payment: intent, a look at
 * the payment, Toss, record. Two database round trips and two calls to Toss.
 *
 * A repeat of a requestId gets what the first one got; while that, or another request about the receipt, is under way,
 * this one waits a while. The number that it is for leaves this function encrypted only.
 *
 * @throws DatabaseError when the intent could not be written; Toss was not asked
 */
export async function issueCashReceipt(
  context: OperationContext,
  { customerIdentityNumber, ...request }: CashReceiptRequest,
): Promise<CashReceiptResult> {
  const { requestId: logRequestId, ...lease } = newLease(context);
  const operationId = crypto.randomUUID();
  const begin = {
    ...lease,
    ...request,
    logRequestId,
    operationId,
    requestDigests: context.keyring.digests(JSON.stringify([
      request.requestedBy,
      request.type,
      customerIdentityNumber,
    ])),
    secret: await context.keyring.encrypt(customerIdentityNumber, operationId),
  };
  return await untilSettled(
    context.random,
    async () =>
      await attempt(context, await beginCashReceipt(context.firstCall, begin)),
  );
}

async function attempt(
  context: OperationContext,
  begun: BeginCashReceiptAnswer,
): Promise<Attempt<CashReceiptResult>> {
  switch (begun.outcome) {
    case "proceed":
      return settled(
        await orProcessing(context, begun.operation, sendCashReceipt),
      );
    case "resolve":
      return settled(
        await orProcessing(context, begun.operation, resolveCashReceipt),
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
        result: { kind: "refused_locally", reason: begun.outcome },
      };
    default:
      return settled({ kind: "refused_locally", reason: begun.outcome });
  }
}
