import { toKoreanTime } from "../korean-time.ts";
import { type ApiVersion, billingInVersion } from "../payments/api-version.ts";
import { CARD_COMPANIES, maskCardNumber } from "../payments/card.ts";
import { bankNameOf, maskAccountNumber } from "./billing-account.ts";
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
  return {
    mId: key.keyPair.merchantId,
    customerKey: key.customerKey,
    authenticatedAt: toKoreanTime(key.authenticatedAt),
    method: key.account === null ? "카드" : "계좌이체",
    billingKey: key.billingKey,
    ...cardPart(key),
    transfers: transfersOf(key),
    easyPay: null,
  };
}

function cardPart({ card }: BillingKey) {
  if (card === null) return { cardCompany: null, cardNumber: null, card: null };
  const { issuerCode, acquirerCode, cardType, ownerType } = card;
  const number = maskCardNumber(card.cardNumber);
  return {
    cardCompany: CARD_COMPANIES.get(issuerCode) ?? null,
    cardNumber: number,
    card: { issuerCode, acquirerCode, number, cardType, ownerType },
  };
}

function transfersOf({ account }: BillingKey) {
  return account && [{
    bankName: bankNameOf(account.bankCode),
    bankAccountNumber: maskAccountNumber(account.accountNumber),
  }];
}
