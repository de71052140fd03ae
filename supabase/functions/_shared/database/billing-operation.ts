import { z } from "zod";
import { leased } from "./leased-operation.ts";

/** A leased charge: what its holder needs to send it or to find out what became of it. */
export const chargeOperation = z.object({
  ...leased,
  kind: z.literal("charge"),
  chargeId: z.string(),
  orderId: z.string(),
  orderName: z.string(),
  amount: z.number().int(),
  customerKey: z.string(),
  customerEmail: z.string().nullish(),
  billingMethodId: z.string(),
  /** The encrypted billing key; associated data is `billingMethodId`. Null when the charge is stopped. */
  keyId: z.string().nullable(),
  ciphertext: z.string().nullable(),
  /** Why and for how long it must not be sent any more: the method or the subscription is gone, it was paid, or nobody waits. */
  stopped: z.object({ code: z.string(), seconds: z.number() }).nullable(),
  /** An earlier try may have reached Toss, so Toss is asked before anything is sent. */
  isResolve: z.boolean(),
  /** After a restore: the orders of later attempts, of which Toss may know one as paid. */
  laterOrderIds: z.array(
    z.object({ attempt: z.number().int(), orderId: z.string() }),
  ),
});

/** A {@link chargeOperation} value. */
export type ChargeOperation = z.output<typeof chargeOperation>;

/** A leased issue of a billing key. */
export const billingIssueOperation = z.object({
  ...leased,
  kind: z.literal("billing_issue"),
  customerKey: z.string(),
  /** The encrypted authKey; associated data is `operationId`. */
  keyId: z.string(),
  ciphertext: z.string(),
});

/** A {@link billingIssueOperation} value. */
export type BillingIssueOperation = z.output<typeof billingIssueOperation>;

/** A leased removal of a billing key at Toss; here the method is deleted already. */
export const billingDeleteOperation = z.object({
  ...leased,
  kind: z.literal("billing_delete"),
  billingMethodId: z.string(),
  /** The encrypted billing key; associated data is `billingMethodId`. */
  keyId: z.string(),
  ciphertext: z.string(),
});

/** A {@link billingDeleteOperation} value. */
export type BillingDeleteOperation = z.output<typeof billingDeleteOperation>;
