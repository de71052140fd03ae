import { toKoreanTime } from "../korean-time.ts";
import { type ApiVersion, billingInVersion } from "../payments/api-version.ts";
import { CARD_COMPANIES, maskCardNumber } from "../payments/card.ts";
import type { BillingKey } from "./billing-key.ts";

/** Writes the Billing object in the words of the shop's API version. */
export function billingBody(
  key: BillingKey,
  version: ApiVersion,
): Record<string, unknown> {
  return billingInVersion(bodyOf(key), version);
}

/**
 * Source: Toss core API reference, Billing object, version 2022-11-16, which
 * still has `cardCompany` and `cardNumber` at the top.
 */
function bodyOf(key: BillingKey) {
  const { issuerCode, acquirerCode, cardType, ownerType } = key.card;
  const number = maskCardNumber(key.card.cardNumber);
  return {
    mId: key.keyPair.merchantId,
    customerKey: key.customerKey,
    authenticatedAt: toKoreanTime(key.authenticatedAt),
    method: "카드",
    billingKey: key.billingKey,
    cardCompany: CARD_COMPANIES.get(issuerCode) ?? null,
    cardNumber: number,
    card: { issuerCode, acquirerCode, number, cardType, ownerType },
    transfers: null,
    easyPay: null,
  };
}
