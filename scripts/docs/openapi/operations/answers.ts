import { z } from "zod";
import { paymentView } from "../../../../supabase/functions/_shared/database/payments.ts";
import { subscriptionView } from "../../../../supabase/functions/_shared/database/subscriptions.ts";

/** A time as every answer writes it. */
export const time = z.string().meta({
  format: "date-time",
  description: "ISO 8601 with offset",
});

/** An amount in the currency's minor unit. */
export const money = z.number().int().meta({
  description: "Minor unit of the currency; KRW: won",
});

/** What is answered while Toss's own answer is not known. */
export const processing = z.object({ status: z.literal("processing") });

/** {@link processing}, of an order. */
export const processingOrder = processing.extend({ orderId: z.string() });

/** A payment that was approved, or whose deposit is awaited. */
export const payment = paymentView.extend({
  virtualAccount: paymentView.shape.virtualAccount.unwrap()
    .extend({ bankName: z.string().nullable() }).optional(),
});

/** A billing method that is registered, and the subscription that it pays for. */
export const issuedMethod = z.object({
  billingMethodId: z.string(),
  method: z.enum(["CARD", "TRANSFER"]),
  card: z.object({
    issuerCode: z.string().nullable(),
    number: z.string().nullable().meta({ description: "Masked" }),
    cardType: z.string().nullable(),
  }).optional().meta({ description: "Of a card" }),
  account: z.object({
    bankName: z.string().nullable(),
    number: z.string().nullable().meta({ description: "Masked" }),
  }).optional().meta({ description: "Of an account" }),
  subscription: subscriptionView.optional(),
});

/** The header of every 202. */
export const ASK_AGAIN = {
  "retry-after": "Seconds until asking again makes sense",
};
