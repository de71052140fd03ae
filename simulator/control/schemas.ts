import { z } from "zod";
import { ERROR_CODES } from "../error-codes.ts";
import { newPaymentSchema } from "../payments/create-payment.ts";

/** A documented refusal; a 5xx decides nothing and is played by a fault. */
export const declineCodeSchema = z.string().refine((code) => {
  const status = ERROR_CODES.get(code)?.status;
  return status !== undefined && status < 500;
}, "not a documented 4xx error code");

/** How many approvals are declined. */
export const declineCountSchema = z
  .union([z.int().positive(), z.literal("always")]).default(1);

/** What opens a payment from the outside. */
export const openPaymentSchema = newPaymentSchema.safeExtend({
  /** False leaves the payment in READY. */
  authenticated: z.boolean().default(true),
  /** Default: the first client key. */
  clientKey: z.string().optional(),
});

/** `openPaymentSchema` as callers give it. */
export type OpenPaymentInput = z.input<typeof openPaymentSchema>;

/** The code with which a payment's next confirm is declined. */
export const declineSchema = z.strictObject({ code: declineCodeSchema });

/** A card number whose next approvals are declined. */
export const cardDeclineSchema = z.strictObject({
  cardNumber: z.string().regex(/^\d{14,20}$/),
  code: declineCodeSchema,
  count: declineCountSchema,
});

/** `cardDeclineSchema` as callers give it. */
export type CardDeclineInput = z.input<typeof cardDeclineSchema>;

const spanPartSchema = z.number().min(0);

/** How far the clock moves: a span whose parts add up, or a moment. */
export const clockMoveSchema = z.strictObject({
  days: spanPartSchema,
  hours: spanPartSchema,
  minutes: spanPartSchema,
  seconds: spanPartSchema,
  advanceMilliseconds: z.int().min(0),
  /** ISO 8601 with offset. */
  to: z.iso.datetime({ offset: true }),
}).exactPartial().refine(
  ({ to, ...span }) => (to === undefined) !== (Object.keys(span).length === 0),
  "a span or `to` is needed, not both",
);

/** `clockMoveSchema` as callers give it. */
export type ClockMoveInput = z.input<typeof clockMoveSchema>;

/** Which webhook is sent again. */
export const resendSchema = z.strictObject({
  transmissionId: z.string().min(1),
});

/** Where webhooks go from now on. */
export const webhookUrlsSchema = z.strictObject({
  webhookUrls: z.array(z.url()),
});
