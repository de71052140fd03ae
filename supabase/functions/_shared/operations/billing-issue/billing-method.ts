import type { BillingMethodKind } from "../../database/billing-issue.ts";
import type { TossBillingKey } from "../../toss/billing.ts";
import { cutText } from "../../toss/storable-text.ts";

/** What is stored of a billing method in clear: what a card's owner may see, or an account's. */
export interface StoredMethod {
  method: BillingMethodKind;
  cardIssuerCode: string | null;
  cardNumberMasked: string | null;
  cardType: string | null;
  bankName: string | null;
  accountNumberMasked: string | null;
}

const CARD_NUMBER_LENGTH = 20;
const ACCOUNT_NUMBER_LENGTH = 30;
const ISSUER_CODE_LENGTH = 10;
const CARD_TYPE_LENGTH = 20;
const BANK_NAME_LENGTH = 50;

const NO_CARD = {
  cardIssuerCode: null,
  cardNumberMasked: null,
  cardType: null,
};

const NO_ACCOUNT = { bankName: null, accountNumberMasked: null };

/** Picks from Toss's Billing object what its owner may see. */
export function storedMethod(billing: TossBillingKey): StoredMethod {
  return isAccount(billing)
    ? { method: "TRANSFER", ...NO_CARD, ...accountOf(billing) }
    : { method: "CARD", ...cardOf(billing), ...NO_ACCOUNT };
}

/** Toss registers cards and accounts, in Korean words or in English ones (Accept-Language). */
function isAccount({ method, card, transfers }: TossBillingKey): boolean {
  if (method === "계좌이체") return true;
  if (method === "카드") return false;
  return card === null && transfers !== null && transfers.length > 0;
}

function cardOf({ card, cardNumber }: TossBillingKey) {
  const number = card?.number ?? cardNumber;
  return {
    cardIssuerCode: shortened(card?.issuerCode, ISSUER_CODE_LENGTH),
    cardNumberMasked: number ? masked(number, CARD_NUMBER_LENGTH) : null,
    cardType: shortened(card?.cardType, CARD_TYPE_LENGTH),
  };
}

function accountOf({ transfers }: TossBillingKey) {
  const account = transfers?.[0];
  const number = account?.bankAccountNumber;
  return {
    bankName: shortened(account?.bankName, BANK_NAME_LENGTH),
    accountNumberMasked: number ? masked(number, ACCOUNT_NUMBER_LENGTH) : null,
  };
}

/** Toss masks numbers itself; one that it did not is cut to its last four characters. */
function masked(number: string, length: number): string {
  const shown = cutText(number, length);
  return shown.includes("*") ? shown : `****${number.slice(-4).toWellFormed()}`;
}

/** Toss documents no lengths here; a longer text must not cost the user the registration. */
function shortened(
  text: string | null | undefined,
  length: number,
): string | null {
  return text ? cutText(text, length) : null;
}
