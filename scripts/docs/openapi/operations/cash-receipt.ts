import { z } from "zod";
import {
  cashReceiptRequest,
  receiptCancelRequest,
} from "../../../../supabase/functions/cash-receipt/request.ts";
import { receiptView } from "../../../../supabase/functions/_shared/database/cash-receipts.ts";
import type { OperationDescription } from "../operation.ts";
import { ASK_AGAIN, money, processingOrder } from "./answers.ts";

const view = receiptView.extend({ amount: money });

const processing = {
  description:
    "Toss's answer is not known yet. Repeat with the same `requestId`; nothing is done twice.",
  schema: processingOrder.extend({ requestId: z.string() }),
  headers: ASK_AGAIN,
};

/** `POST cash-receipt` and `DELETE cash-receipt`. */
export const cashReceiptOperations: readonly OperationDescription[] = [{
  function: "cash-receipt",
  method: "post",
  path: "",
  summary: "Issue a cash receipt",
  description:
    "Issues a cash receipt (현금영수증) on what is left of an order that was paid by bank transfer or into a virtual " +
    "account. A user asks for an own order. `requestId` is the caller's idempotency token: a repeat issues nothing " +
    "more and answers the same. An order has one receipt; one that Toss issued with the payment counts.",
  security: ["userToken", "secretKey"],
  body: cashReceiptRequest,
  answers: {
    201: {
      description:
        "Issued. `IN_PROGRESS` until the tax office has taken it; then the event `cash_receipt.issued` tells.",
      schema: view,
    },
    202: processing,
  },
  errors: [
    "unauthorized",
    "order_not_found",
    "not_a_cash_payment",
    "cash_receipt_exists",
    "operation_in_progress",
    "too_many_attempts",
    "cash_receipt_failed",
  ],
}, {
  function: "cash-receipt",
  method: "delete",
  path: "",
  summary: "Cancel a cash receipt",
  description:
    "Cancels the cash receipt of an order, all that is left of it or `amount`. Refunds need no such call: what a " +
    "refund takes from the payment is taken from its receipt, too.",
  security: ["secretKey"],
  body: receiptCancelRequest,
  answers: {
    200: {
      description: "Canceled; `amount` is what was canceled.",
      schema: view.pick({
        orderId: true,
        receiptKey: true,
        amount: true,
        issueStatus: true,
      }),
    },
    202: processing,
  },
  errors: [
    "unauthorized",
    "forbidden",
    "order_not_found",
    "cash_receipt_not_found",
    "operation_in_progress",
    "cash_receipt_failed",
  ],
}];
