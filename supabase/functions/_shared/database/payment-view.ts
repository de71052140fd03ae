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
  virtualAccount: z.object({
    bankCode: z.string().nullable(),
    accountNumber: z.string(),
    customerName: z.string().nullable(),
    dueDate: z.string().nullable(),
  }).optional(),
});

/** A {@link paymentView} value. */
export type PaymentView = z.output<typeof paymentView>;
