import type { NoticeFacts, NoticeTexts } from "../notice.ts";
import { known, rows, seoulDay, won } from "../words.ts";

/**
 * Which text asks for consent, as `subscription_consents.text_version` keeps it. It changes with the sentences below,
 * here and in `toss_private.consent_text_version()`.
 */
export const CONSENT_TEXT_VERSION = "2026-11";

/** Before a free period becomes paid or a price rises: what is asked, and what each answer does. */
export const CONSENT_ASKED: NoticeTexts = {
  ko: (facts, shop) => ({
    subject: isTrial(facts)
      ? "무료 체험 후 결제에 동의해 주세요"
      : "요금 인상에 동의해 주세요",
    lead: "계속 이용하시려면 아래 결제에 동의해 주세요.",
    rows: rows(
      ["요금제", facts.planName ?? null],
      ["적용일", known(facts.effectiveAt, (at) => seoulDay(at, "ko"))],
      ["지금 금액", before(facts, "ko")],
      ["바뀌는 금액", known(facts.amount, (amount) => won(amount, "ko"))],
      ["결제 수단", facts.cardNumber ?? null],
      ["동의하지 않으면", without(facts, "ko")],
    ),
    closing: [
      "답하지 않으시면 동의하지 않은 것으로 봐요. 동의 여부는 적용일 전까지 바꾸실 수 있고, 상점에서 언제든지 해지하실 수 있어요. 해지하시면 이용 기간이 끝날 때까지 이용하실 수 있고 더는 결제되지 않아요.",
    ],
    link: {
      label: "동의 여부 정하기",
      url: facts.consentUrl ?? shop.url,
    },
  }),
  en: (facts, shop) => ({
    subject: isTrial(facts)
      ? "Do you agree to be charged after your trial?"
      : "Do you agree to the new price?",
    lead: "To go on, please agree to the following charge.",
    rows: rows(
      ["Plan", facts.planName ?? null],
      ["From", known(facts.effectiveAt, (at) => seoulDay(at, "en"))],
      ["Price now", before(facts, "en")],
      ["New price", known(facts.amount, (amount) => won(amount, "en"))],
      ["Payment method", facts.cardNumber ?? null],
      ["Without it", without(facts, "en")],
    ),
    closing: [
      "No answer counts as a no. You can change your answer until that day, and cancel in the shop at any time. After you cancel, you keep access to the end of the period and are not charged any more.",
    ],
    link: {
      label: "Decide",
      url: facts.consentUrl ?? shop.url,
    },
  }),
};

function isTrial({ consentKind }: NoticeFacts): boolean {
  return consentKind === "trial_conversion";
}

function before(facts: NoticeFacts, language: "ko" | "en"): string | null {
  if (facts.amountBefore === 0) {
    return language === "ko" ? "무료" : "Free";
  }
  return known(facts.amountBefore, (amount) => won(amount, language));
}

function without(
  { endsWithout }: NoticeFacts,
  language: "ko" | "en",
): string {
  if (endsWithout === false) {
    return language === "ko"
      ? "지금 금액 그대로 결제돼요"
      : "You go on paying the price of now";
  }
  return language === "ko"
    ? "결제되지 않고 적용일에 구독이 끝나요"
    : "Nothing is charged, and the subscription ends on that day";
}
