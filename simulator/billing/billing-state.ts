import type { KeyPair } from "../options.ts";
import type { BillingAccount } from "./billing-account.ts";
import type { BillingCard } from "./billing-card.ts";
import type { BillingKey } from "./billing-key.ts";
import type { ChargeAttempt } from "./charge-attempt.ts";
import type { ChargeDecline } from "./charge-decline.ts";

/** A card or an account that its owner has authenticated; the authKey buys one billing key. Times in epoch ms. */
export interface BillingAuthorization {
  authKey: string;
  keyPair: KeyPair;
  customerKey: string;
  /** Null for an account. */
  card: BillingCard | null;
  /** Null for a card. */
  account: BillingAccount | null;
  authenticatedAt: number;
  /** The key that it buys, when that is one which was issued before; null: a new one. */
  reissuedKeyDigest: string | null;
}

/** Everything a simulator knows about billing (자동결제). */
export interface BillingState {
  /** By authKey; a used one is gone. */
  authorizations: Map<string, BillingAuthorization>;
  /** By billing key, in order of issue; a deleted one stays. */
  keys: Map<string, BillingKey>;
  declines: ChargeDecline[];
  /** Every charge that was worked on, refused ones too, oldest first. */
  attempts: ChargeAttempt[];
}

/** Billing as it is at the start. */
export function emptyBilling(): BillingState {
  return {
    authorizations: new Map(),
    keys: new Map(),
    declines: [],
    attempts: [],
  };
}
