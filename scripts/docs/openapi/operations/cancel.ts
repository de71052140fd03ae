import { z } from "zod";
import { cancelRequest } from "../../../../supabase/functions/cancel/request.ts";
import type { OperationDescription } from "../operation.ts";
import { ASK_AGAIN, money, processingOrder, time } from "./answers.ts";

/** `POST cancel`. */
export const cancelOperations: readonly OperationDescription[] = [{
  function: "cancel",
  method: "post",
  path: "",
  summary: "Give money back",
  description:
    "Cancels all or a part of a payment, by `orderId` or `paymentKey`. `requestId` is the caller's idempotency token: " +
    "a repeat cancels nothing more and answers the same. A user may only give up an own order that waits for its " +
    "deposit, a guest (publishable key) an own order that is not paid, by `orderId`; `amount`, the order's, is a " +
    "guest's alone. `refundReceiveAccount` is for virtual accounts whose deposit has arrived, and only for them.",
  security: ["secretKey", "userToken", "publishableKey"],
  body: cancelRequest,
  answers: {
    200: {
      description:
        "Cancelled. `canceledAmount` is everything cancelled so far, `cancels` the whole ledger of the payment.",
      schema: z.object({
        status: z.enum(["refunded", "partially_refunded", "canceled"]),
        orderId: z.string(),
        /** Null for an order that had no payment. */
        paymentKey: z.string().nullable(),
        canceledAmount: money,
        balanceAmount: money,
        cancels: z.array(z.object({
          transactionKey: z.string(),
          amount: money,
          reason: z.string().nullable(),
          canceledAt: time.nullable(),
        })),
      }),
    },
    202: {
      description:
        "Toss's answer is not known yet. Repeat with the same `requestId`; nothing is cancelled twice.",
      schema: processingOrder.extend({ requestId: z.string() }),
      headers: ASK_AGAIN,
    },
  },
  errors: [
    "unauthorized",
    "forbidden",
    "order_not_found",
    "payment_not_found",
    "operation_in_progress",
    "cancel_amount_exceeds_balance",
    "refund_account_required",
    "partial_refund_not_possible",
    "cancel_failed",
  ],
}];
