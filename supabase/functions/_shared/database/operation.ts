import { z } from "zod";

/** What the holder of any leased operation needs. */
const leased = {
  operationId: z.string(),
  idempotencyKey: z.string(),
  /** 1 until Toss has answered with an error; from then on an earlier key may have had an effect. */
  keyGeneration: z.number().int(),
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

/** A leased cancel: what its current Idempotency-Key stands for. */
export const cancelOperation = z.object({
  ...leased,
  kind: z.literal("cancel"),
  orderId: z.string(),
  paymentKey: z.string(),
  amount: z.number().int(),
  currency: z.string(),
  reason: z.string(),
  /** Whether all of a payment is cancelled of which nothing was cancelled before. */
  isAll: z.boolean(),
  /** What is left before the cancel, minor unit. */
  refundableAmount: z.number().int(),
  taxFreeAmount: z.number().int(),
  /** The refund account, encrypted for this operation. */
  secret: z.object({ keyId: z.string(), ciphertext: z.string() }).nullable(),
});

/** A {@link cancelOperation} value. */
export type CancelOperation = z.output<typeof cancelOperation>;

/** A leased issue of a virtual account. */
export const virtualAccountOperation = z.object({
  ...leased,
  kind: z.literal("virtual_account"),
  orderId: z.string(),
  amount: z.number().int(),
  currency: z.string(),
  orderName: z.string(),
  /** Toss's code of the bank. */
  bank: z.string(),
  customerName: z.string(),
  validHours: z.number().int(),
});

/** A {@link virtualAccountOperation} value. */
export type VirtualAccountOperation = z.output<typeof virtualAccountOperation>;

/** A leased operation of any kind. */
export const operation = z.discriminatedUnion("kind", [
  confirmOperation,
  cancelOperation,
  virtualAccountOperation,
]);

/** An {@link operation} value. */
export type Operation = z.output<typeof operation>;
