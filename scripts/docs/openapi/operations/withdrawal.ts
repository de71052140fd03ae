import { z } from "zod";
import { cancelView } from "../../../../supabase/functions/_shared/database/cancel.ts";
import {
  shopsRequest,
  withdrawalRequest,
} from "../../../../supabase/functions/withdrawal/request.ts";
import type { OperationDescription } from "../operation.ts";
import { ASK_AGAIN, money, processing, time } from "./answers.ts";

const withdrawalId = z.string();

const requested = z.object({
  withdrawalId,
  status: z.literal("requested"),
  dueAt: time,
});

/** `POST withdrawal`. */
export const withdrawalOperations: readonly OperationDescription[] = [{
  function: "withdrawal",
  method: "post",
  path: "",
  summary: "Give an order back (청약철회)",
  description:
    "A user asks for the own order, the shop for any; `requestId` is the caller's idempotency token. With `action` the " +
    "shop decides: `accept` gives everything left back (or `cancelAmount`), `refuse` nothing, and `mark_used` says " +
    "that what is `excluded_after_use` was used. `refundReceiveAccount` is for virtual accounts whose deposit has " +
    "arrived. See docs/withdrawals.md.",
  security: ["userToken", "secretKey"],
  body: z.union([withdrawalRequest, ...shopsRequest.options]),
  answers: {
    200: {
      description:
        "What was decided and, for `accept`, the refund as `cancel` answers it; for `mark_used` the lines; for a " +
        "request the one of this order that is open already.",
      schema: z.union([
        requested,
        z.object({
          withdrawalId,
          status: z.literal("accepted"),
          refund: z.object({
            ...cancelView.shape,
            canceledAmount: money,
            balanceAmount: money,
          }),
        }),
        z.object({ withdrawalId, status: z.literal("refused") }),
        z.object({
          orderId: z.string(),
          items: z.array(z.object({
            productId: z.string().nullable(),
            name: z.string(),
            usedAt: time,
          })),
        }),
      ]),
    },
    201: {
      description: "Asked for. `dueAt`: three business days in Seoul.",
      schema: requested,
    },
    202: {
      description:
        "Accepted; Toss's answer to the refund is not known yet. Accept again to learn it; nothing is refunded twice.",
      schema: processing.extend({ withdrawalId }),
      headers: ASK_AGAIN,
    },
  },
  errors: [
    "unauthorized",
    "forbidden",
    "order_not_found",
    "product_not_found",
    "withdrawal_not_found",
    "nothing_to_withdraw",
    "withdrawal_excluded",
    "withdrawal_decided",
    "cancel_amount_exceeds_balance",
    "refund_account_required",
    "partial_refund_not_possible",
    "cancel_failed",
  ],
}];
