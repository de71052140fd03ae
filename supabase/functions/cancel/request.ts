import { z } from "zod";
import {
  orderId,
  paymentKey,
  plainText,
  refundReceiveAccount,
  requestToken,
} from "../_shared/http/fields.ts";

const amount = z.number().int().max(Number.MAX_SAFE_INTEGER);

/** The body of `POST cancel`. Limits of the fields: Toss, 결제 취소. */
export const cancelRequest = z.strictObject({
  orderId: orderId.optional(),
  paymentKey: paymentKey.optional(),
  /** The order's, from a guest alone. Who means a part says cancelAmount. */
  amount: amount.positive().optional(),
  cancelReason: plainText(200),
  cancelAmount: amount.positive().optional(),
  taxFreeAmount: amount.min(0).optional(),
  refundReceiveAccount: refundReceiveAccount.optional(),
  requestId: requestToken,
}).refine(
  (body) => body.orderId !== undefined || body.paymentKey !== undefined,
  { path: ["orderId"], message: "required, unless paymentKey is sent" },
).refine(
  (body) => body.taxFreeAmount === undefined || body.cancelAmount !== undefined,
  {
    path: ["taxFreeAmount"],
    message:
      "needs cancelAmount; a cancel of everything takes all that is left",
  },
);
