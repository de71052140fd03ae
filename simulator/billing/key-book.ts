import { toKoreanTime } from "../korean-time.ts";
import { maskCardNumber } from "../payments/card.ts";
import { maskAccountNumber } from "./billing-account.ts";
import type { BillingKey } from "./billing-key.ts";
import { maskBillingKey } from "./identifiers.ts";

/** What the simulator's ledger says about one billing key, without the key. */
export interface KeyBook {
  /** The first characters only. */
  billingKey: string;
  /** SHA-256 of the billing key in hex. */
  keyDigest: string;
  customerKey: string;
  /** Null for an account, as the two below. */
  issuerCode: string | null;
  cardType: string | null;
  cardNumberMasked: string | null;
  /** Null for a card, as the one below. */
  bankCode: string | null;
  accountNumberMasked: string | null;
  /** ISO 8601 virtual time. */
  issuedAt: string;
  /** ISO 8601 virtual time; null while the key works. */
  deletedAt: string | null;
}

/** Copies one billing key into the ledger's shape. */
export function keyBookOf(key: BillingKey): KeyBook {
  const { card, account, deletedAt } = key;
  return {
    billingKey: maskBillingKey(key.billingKey),
    keyDigest: key.keyDigest,
    customerKey: key.customerKey,
    issuerCode: card?.issuerCode ?? null,
    cardType: card?.cardType ?? null,
    cardNumberMasked: card && maskCardNumber(card.cardNumber),
    bankCode: account?.bankCode ?? null,
    accountNumberMasked: account && maskAccountNumber(account.accountNumber),
    issuedAt: toKoreanTime(key.issuedAt),
    deletedAt: deletedAt === null ? null : toKoreanTime(deletedAt),
  };
}
