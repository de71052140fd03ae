import { z } from "zod";
import type { BillingKey } from "./billing-key.ts";

/** The ways to name billing keys; what is absent matches every key. */
export const keySelectorShape = {
  billingKey: z.string().min(1).optional(),
  /** SHA-256 in hex: names a key that is only known encrypted. */
  keyDigest: z.string().regex(/^[0-9a-f]{64}$/).optional(),
  /** Every key of this customer. */
  customerKey: z.string().min(2).max(300).optional(),
};

const keySelectorSchema = z.object(keySelectorShape);

/** Names one billing key, those of a customer, or all. */
export type KeySelector = z.output<typeof keySelectorSchema>;

/** Whether a selector means this key. */
export function matchesKey(selector: KeySelector, key: BillingKey): boolean {
  const { billingKey, keyDigest, customerKey } = selector;
  return (billingKey === undefined || billingKey === key.billingKey) &&
    (keyDigest === undefined || keyDigest === key.keyDigest) &&
    (customerKey === undefined || customerKey === key.customerKey);
}
