import { z } from "zod";
import {
  billingDeleteOperation,
  billingIssueOperation,
  chargeOperation,
} from "./billing-operation.ts";
import { leased } from "./leased-operation.ts";

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
  chargeOperation,
  billingIssueOperation,
  billingDeleteOperation,
]);

/** An {@link operation} value. */
export type Operation = z.output<typeof operation>;
