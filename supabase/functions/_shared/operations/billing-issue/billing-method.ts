import type { TossBillingKey } from "../../toss/billing.ts";
import { cutText } from "../../toss/storable-text.ts";

/** What is stored of a billing method in clear. */
export interface StoredMethod {
  method: string;
  cardIssuerCode: string | null;
  cardNumberMasked: string | null;
  cardType: string | null;
}

const MASKED_NUMBER_LENGTH = 20;
const ISSUER_CODE_LENGTH = 10;
const CARD_TYPE_LENGTH = 20;
const METHOD_LENGTH = 50;

/** Picks from Toss's Billing object what its owner may see: a card, or an account's masked number. */
export function storedMethod(billing: TossBillingKey): StoredMethod {
  const number = billing.card?.number ?? billing.cardNumber ??
    billing.transfers?.[0]?.bankAccountNumber;
  return {
    method: shortened(billing.method, METHOD_LENGTH) ?? likelyMethod(billing),
    cardIssuerCode: shortened(billing.card?.issuerCode, ISSUER_CODE_LENGTH),
    cardNumberMasked: number ? masked(number) : null,
    cardType: shortened(billing.card?.cardType, CARD_TYPE_LENGTH),
  };
}

/** Toss registers cards and accounts; only an account comes as a transfer. */
function likelyMethod({ transfers }: TossBillingKey): string {
  return transfers === null ? "카드" : "계좌이체";
}

/** Toss masks numbers itself; one that it did not is cut to its last four characters. */
function masked(number: string): string {
  const shown = cutText(number, MASKED_NUMBER_LENGTH);
  return shown.includes("*") ? shown : `****${number.slice(-4).toWellFormed()}`;
}

/** Toss documents no lengths here; a longer text must not cost the user the registration. */
function shortened(
  text: string | null | undefined,
  length: number,
): string | null {
  return text ? cutText(text, length) : null;
}
