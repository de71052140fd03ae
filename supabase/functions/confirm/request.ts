import { z } from "zod";
import { orderId, paymentKey } from "../_shared/http/fields.ts";

const amount = z.number().int().positive().max(Number.MAX_SAFE_INTEGER);

/** The body of `POST confirm`: what the payment window handed to the success page. */
export const confirmRequest = z.strictObject({ paymentKey, orderId, amount });

/** The query of `GET confirm`. Toss may append parameters, so others are let through unread. */
export const confirmQuery = z.object({
  paymentKey,
  orderId,
  amount: z.string().regex(/^[0-9]{1,16}$/, "must be a whole number")
    .transform(Number).pipe(amount),
});
