import type {
  Language,
  Notice,
  NoticeFacts,
  NoticeText,
  NoticeTexts,
  Shop,
} from "./notice.ts";
import { CARD_NEEDED } from "./texts/card-needed.ts";
import { CONSENT_ASKED } from "./texts/consent-asked.ts";
import { DEPOSIT } from "./texts/deposit.ts";
import { PAYMENT_FAILED } from "./texts/payment-failed.ts";
import { PRICE_RAISED } from "./texts/price-raised.ts";
import { RECEIPT } from "./texts/receipt.ts";
import { REFUND } from "./texts/refund.ts";
import { RENEWAL_UPCOMING } from "./texts/renewal-upcoming.ts";
import { SUBSCRIPTION_ENDED } from "./texts/subscription-ended.ts";
import { TRIAL_CONVERTED } from "./texts/trial-converted.ts";
import { VIRTUAL_ACCOUNT } from "./texts/virtual-account.ts";
import { WITHDRAWAL_DECIDED } from "./texts/withdrawal-decided.ts";
import { WITHDRAWAL_RECEIVED } from "./texts/withdrawal-received.ts";

const TEXTS: Readonly<Record<Notice, NoticeTexts>> = {
  receipt: RECEIPT,
  payment_failed: PAYMENT_FAILED,
  refund: REFUND,
  virtual_account: VIRTUAL_ACCOUNT,
  deposit: DEPOSIT,
  renewal_upcoming: RENEWAL_UPCOMING,
  subscription_ended: SUBSCRIPTION_ENDED,
  card_needed: CARD_NEEDED,
  withdrawal_received: WITHDRAWAL_RECEIVED,
  withdrawal_decided: WITHDRAWAL_DECIDED,
  consent_asked: CONSENT_ASKED,
  trial_converted: TRIAL_CONVERTED,
  price_raised: PRICE_RAISED,
};

/** A notice before it takes the form of a channel; the same facts always give the same text. */
export function writeNotice(
  { notice, language, facts, shop }: {
    notice: Notice;
    language: Language;
    facts: NoticeFacts;
    shop: Shop;
  },
): NoticeText {
  return TEXTS[notice][language](facts, shop);
}
