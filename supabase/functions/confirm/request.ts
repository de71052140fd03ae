import { z } from "zod";
import { isPathSegment } from "../_shared/toss/path-segment.ts";

const paymentKey = z.string().min(1).max(200)
  // It becomes part of a Toss URL and of a database text.
  .regex(/^[\x21-\x7e]+$/, "must be what the payment window returned")
  .refine(isPathSegment, "must be what the payment window returned");

const orderId = z.string().regex(
  /^[A-Za-z0-9_-]{6,64}$/,
  "must be the orderId that checkout returned",
);

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
