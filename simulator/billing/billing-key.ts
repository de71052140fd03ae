import type { KeyPair } from "../options.ts";
import type { BillingCard } from "./billing-card.ts";

/** An issued billing key. Times in epoch ms. */
export interface BillingKey {
  /** The pair that it was issued with. */
  keyPair: KeyPair;
  billingKey: string;
  /** SHA-256 of the billing key in hex, by which others may name it. */
  keyDigest: string;
  customerKey: string;
  card: BillingCard;
  authenticatedAt: number;
  issuedAt: number;
  deletedAt: number | null;
}
