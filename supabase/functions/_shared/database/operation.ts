import { z } from "zod";

/** What the holder of any leased operation needs. */
const leased = {
  operationId: z.string(),
  idempotencyKey: z.string(),
  leaseToken: z.string(),
  /** False when Toss may have forgotten the key: then Toss is asked, nothing is sent again. */
  keyIsFresh: z.boolean(),
  attempts: z.number().int(),
  ageSeconds: z.number(),
  /** The database's time just before Toss is asked. */
  askedAt: z.string(),
};

/** A leased confirm: what its holder needs to ask Toss and to judge the answer. */
export const confirmOperation = z.object({
  ...leased,
  kind: z.literal("confirm"),
  orderId: z.string(),
  paymentKey: z.string(),
  amount: z.number().int(),
  currency: z.string(),
});

/** A {@link confirmOperation} value. */
export type ConfirmOperation = z.output<typeof confirmOperation>;

/** A leased operation of any kind. */
export const operation = z.discriminatedUnion("kind", [confirmOperation]);

/** An {@link operation} value. */
export type Operation = z.output<typeof operation>;
