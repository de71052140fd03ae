import { z } from "zod";
import type { Database } from "./client.ts";
import { type EndRequest, leased, type LeaseRequest } from "./lease.ts";

/** A leased removal of a billing key at Toss; here the method is deleted already. */
export const billingDeleteOperation = z.object({
  ...leased,
  kind: z.literal("billing_delete"),
  billingMethodId: z.string(),
  /** The encrypted billing key; associated data is `billingMethodId`. */
  keyId: z.string(),
  ciphertext: z.string(),
});

/** A billing key that Toss is to forget. */
export type BillingDeleteOperation = z.output<typeof billingDeleteOperation>;

const deletion = z.discriminatedUnion("outcome", [
  z.object({
    outcome: z.literal("proceed"),
    operation: billingDeleteOperation,
  }),
  z.object({
    outcome: z.literal("resolve"),
    operation: billingDeleteOperation,
  }),
  z.object({ outcome: z.literal("processing") }),
  z.object({ outcome: z.literal("deleted") }),
  z.object({ outcome: z.literal("method_not_found") }),
]);

/** Marks a billing method as deleted: from then on it is never charged. `userId` null = an operator asks. */
export function beginBillingDelete(
  database: Database,
  request: LeaseRequest & {
    billingMethodId: string;
    userId: string | null;
  },
): Promise<z.output<typeof deletion>> {
  return database.call("begin_billing_delete", { ...request }, deletion);
}

const deleted = z.object({ outcome: z.literal("deleted") });

/** Wipes the encrypted key after Toss has removed its own. */
export function finishBillingDelete(
  database: Database,
  request: EndRequest,
): Promise<z.output<typeof deleted>> {
  return database.call("finish_billing_delete", { ...request }, deleted);
}
