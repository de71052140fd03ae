import { z } from "zod";

/** What cancel answers for a payment; amounts in the minor unit, of everything cancelled so far. */
export const cancelView = z.object({
  status: z.enum(["partially_refunded", "refunded", "canceled"]),
  orderId: z.string(),
  paymentKey: z.string(),
  canceledAmount: z.number().int(),
  balanceAmount: z.number().int(),
  cancels: z.array(z.object({
    transactionKey: z.string(),
    amount: z.number().int(),
    reason: z.string().nullable(),
    canceledAt: z.string().nullable(),
  })),
});

/** A {@link cancelView} value. */
export type CancelView = z.output<typeof cancelView>;
