import type { BillingCard } from "./billing-card.ts";

/** An issued billing key. Times in epoch ms. */
export interface BillingKey {
  billingKey: string;
  /** SHA-256 of the billing key in hex, by which others may name it. */
  keyDigest: string;
  customerKey: string;
  card: BillingCard;
  authenticatedAt: number;
  issuedAt: number;
  deletedAt: number | null;
}
