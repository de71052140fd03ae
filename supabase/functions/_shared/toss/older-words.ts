import { bankCode, BANKS, SECURITIES_FIRMS } from "./banks.ts";
import { cardCompanyCode } from "./card-companies.ts";
import { isObject } from "./side-fields.ts";

const ORGANISATIONS = [...BANKS, ...SECURITIES_FIRMS];

/**
 * Says a Payment of an older API version, or of one that spells a field differently, in the words of today's.
 *
 * What today's words say already stays; the older fields stay beside it. Sources: Toss, release notes (2022-11-16:
 * codes instead of organisations' names, `transactionKey` became `lastTransactionKey`); shapes seen in public.
 */
export function paymentInTodaysWords(raw: unknown): unknown {
  if (!isObject(raw)) return raw;
  return {
    ...raw,
    mId: raw.mId ?? raw.mid,
    currency: raw.currency ?? onlyCurrencyOf(raw.version),
    lastTransactionKey: raw.lastTransactionKey ?? raw.transactionKey,
    isPartialCancelable: raw.isPartialCancelable ?? raw.partialCancelable,
    easyPay: typeof raw.easyPay === "string"
      ? {
        provider: raw.easyPay,
        amount: raw.easyPayAmount,
        discountAmount: raw.easyPayDiscountAmount,
      }
      : raw.easyPay,
    card: withIssuerCode(raw.card),
    receipt: raw.receipt ?? receiptOf(raw.card) ?? receiptOf(raw.mobilePhone),
    virtualAccount: withBankCode(raw.virtualAccount),
    transfer: withBankCode(raw.transfer),
  };
}

/** Before the dated versions Toss knew won alone, and the oldest answers do not say so. */
function onlyCurrencyOf(version: unknown): string | undefined {
  return typeof version === "string" && version.startsWith("1.")
    ? "KRW"
    : undefined;
}

function receiptOf(method: unknown): { url: unknown } | undefined {
  return isObject(method) && typeof method.receiptUrl === "string"
    ? { url: method.receiptUrl }
    : undefined;
}

/** A bank's name becomes its code where it has one; a name that nobody knows says nothing. */
function withBankCode(account: unknown): unknown {
  if (!isObject(account) || typeof account.bank !== "string") return account;
  return {
    ...account,
    bankCode: account.bankCode ?? bankCode(account.bank, ORGANISATIONS),
  };
}

/** As for a bank; who acquired the payment the older answers do not say. */
function withIssuerCode(card: unknown): unknown {
  if (!isObject(card) || typeof card.company !== "string") return card;
  return {
    ...card,
    issuerCode: card.issuerCode ??
      cardCompanyCode(card.company),
  };
}
