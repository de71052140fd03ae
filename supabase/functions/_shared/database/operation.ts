import { z } from "zod";

/** A leased operation: what its holder needs to ask Toss and to judge the answer. */
export const operation = z.object({
  operationId: z.string(),
  kind: z.literal("confirm"),
  idempotencyKey: z.string(),
  leaseToken: z.string(),
  /** False when Toss may have forgotten the key: then Toss is asked, nothing is sent again. */
  keyIsFresh: z.boolean(),
  orderId: z.string(),
  paymentKey: z.string(),
  amount: z.number().int(),
  currency: z.string(),
  attempts: z.number().int(),
  ageSeconds: z.number(),
  /** The database's time just before Toss is asked. */
  askedAt: z.string(),
});

/** An {@link operation} value. */
export type Operation = z.output<typeof operation>;
