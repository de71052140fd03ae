import { z } from "zod";
import {
  bank,
  orderId,
  paymentKey,
  plainText,
} from "../_shared/http/fields.ts";
import { BANKS, SECURITIES_FIRMS } from "../_shared/toss/banks.ts";

const amount = z.number().int().max(Number.MAX_SAFE_INTEGER);

const refundReceiveAccount = z.strictObject({
  bank: bank([...BANKS, ...SECURITIES_FIRMS]),
  accountNumber: z.string().regex(
    /^[0-9]{1,20}$/,
    "must be 1 to 20 digits, without hyphens",
  ),
  holderName: plainText(60),
});

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
  requestId: z.string().regex(
    /^[\x21-\x7e]{1,100}$/,
    "must be 1 to 100 printable ASCII characters without spaces",
  ),
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
