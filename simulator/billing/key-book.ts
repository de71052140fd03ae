import { toKoreanTime } from "../korean-time.ts";
import { maskCardNumber } from "../payments/card.ts";
import type { BillingKey } from "./billing-key.ts";
import { maskBillingKey } from "./identifiers.ts";

/** What the simulator's ledger says about one billing key, without the key. */
export interface KeyBook {
  /** The first characters only. */
  billingKey: string;
  /** SHA-256 of the billing key in hex. */
  keyDigest: string;
  customerKey: string;
  issuerCode: string;
  cardType: string;
  cardNumberMasked: string;
  /** ISO 8601 virtual time. */
  issuedAt: string;
  /** ISO 8601 virtual time; null while the key works. */
  deletedAt: string | null;
}

/** Copies one billing key into the ledger's shape. */
export function keyBookOf(key: BillingKey): KeyBook {
  const { card, deletedAt } = key;
  return {
    billingKey: maskBillingKey(key.billingKey),
    keyDigest: key.keyDigest,
    customerKey: key.customerKey,
    issuerCode: card.issuerCode,
    cardType: card.cardType,
    cardNumberMasked: maskCardNumber(card.cardNumber),
    issuedAt: toKoreanTime(key.issuedAt),
    deletedAt: deletedAt === null ? null : toKoreanTime(deletedAt),
  };
}
