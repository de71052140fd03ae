import { z } from "zod";

/** What confirm answers for a payment that succeeded; the same on every repeat. */
export const paymentView = z.object({
  status: z.enum(["confirmed", "waiting_for_deposit"]),
  orderId: z.string(),
  paymentKey: z.string(),
  amount: z.number().int(),
  approvedAt: z.string().nullable(),
  method: z.string().nullable(),
  receiptUrl: z.string().nullable(),
  // The database leaves out what Toss did not tell.
  virtualAccount: z.object({
    bankCode: z.string().nullable().default(null),
    accountNumber: z.string(),
    customerName: z.string().nullable().default(null),
    dueDate: z.string().nullable().default(null),
  }).optional(),
});

/** A payment as its buyer sees it. */
export type PaymentView = z.output<typeof paymentView>;
