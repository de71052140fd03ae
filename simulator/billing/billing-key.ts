import type { BillingAccount } from "./billing-account.ts";
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
  /** Null for an account. */
  card: BillingCard | null;
  /** Null for a card. */
  account: BillingAccount | null;
  authenticatedAt: number;
  issuedAt: number;
  deletedAt: number | null;
}
