import type { Language, NoticeTexts } from "../notice.ts";
import { known, rows, seoulTime } from "../words.ts";

type Words = Readonly<Record<string, Readonly<Record<Language, string>>>>;

const UNAGREED = {
  ko: "결제에 동의하지 않아 결제 없이 구독이 종료되었어요.",
  en:
    "Your subscription has ended without a charge, because you did not agree to it.",
};

const LEADS: Words = {
  payment_failed: {
    ko: "요금이 결제되지 않아 구독이 종료되었어요.",
    en: "Your subscription has ended because its charge could not be paid.",
  },
  consent_missing: UNAGREED,
  consent_refused: UNAGREED,
};

const REASONS: Words = {
  payment_failed: {
    ko: "요금이 결제되지 않았어요",
    en: "The charge could not be paid",
  },
  consent_missing: { ko: "동의가 없었어요", en: "No consent was given" },
  consent_refused: {
    ko: "동의하지 않으셨어요",
    en: "You did not consent",
  },
};

/** A subscription has ended. */
export const SUBSCRIPTION_ENDED: NoticeTexts = {
  ko: (facts, shop) => ({
    subject: "구독이 종료되었어요",
    lead: LEADS[facts.endReason ?? ""]?.ko ?? "구독이 종료되었어요.",
    rows: rows(
      ["요금제", facts.planName ?? null],
      ["사유", REASONS[facts.endReason ?? ""]?.ko ?? null],
      ["종료 시각", known(facts.endedAt, (at) => seoulTime(at, "ko"))],
    ),
    closing: [
      "앞으로는 요금이 결제되지 않아요. 언제든지 상점에서 다시 구독하실 수 있어요.",
    ],
    link: { label: "상점으로 가기", url: shop.url },
  }),
  en: (facts, shop) => ({
    subject: "Your subscription has ended",
    lead: LEADS[facts.endReason ?? ""]?.en ?? "Your subscription has ended.",
    rows: rows(
      ["Plan", facts.planName ?? null],
      ["Reason", REASONS[facts.endReason ?? ""]?.en ?? null],
      ["Ended at", known(facts.endedAt, (at) => seoulTime(at, "en"))],
    ),
    closing: [
      "You will not be charged any more. You can subscribe again in the shop at any time.",
    ],
    link: { label: "Go to the shop", url: shop.url },
  }),
};
