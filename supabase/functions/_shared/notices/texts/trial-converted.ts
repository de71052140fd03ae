import type { NoticeTexts } from "../notice.ts";
import { known, rows, seoulDay, seoulTime, won } from "../words.ts";

/** The first charge after a trial was made, as its subscriber had agreed. */
export const TRIAL_CONVERTED: NoticeTexts = {
  ko: (facts, shop) => ({
    subject: "유료 구독이 시작되었어요",
    lead: "무료 체험이 끝나고, 동의하신 대로 첫 요금이 결제되었어요.",
    rows: rows(
      ["요금제", facts.planName ?? null],
      ["결제 금액", known(facts.amount, (amount) => won(amount, "ko"))],
      ["결제 시각", known(facts.chargedAt, (at) => seoulTime(at, "ko"))],
      ["결제 수단", facts.cardNumber ?? null],
      ["다음 결제일", known(facts.nextChargeAt, (at) => seoulDay(at, "ko"))],
    ),
    closing: ["상점에서 언제든지 해지하실 수 있어요."],
    link: { label: "구독 확인하기", url: shop.url },
  }),
  en: (facts, shop) => ({
    subject: "Your paid subscription has begun",
    lead:
      "Your free trial is over, and the first charge was made as you agreed.",
    rows: rows(
      ["Plan", facts.planName ?? null],
      ["Amount", known(facts.amount, (amount) => won(amount, "en"))],
      ["Paid at", known(facts.chargedAt, (at) => seoulTime(at, "en"))],
      ["Payment method", facts.cardNumber ?? null],
      ["Next charge", known(facts.nextChargeAt, (at) => seoulDay(at, "en"))],
    ),
    closing: ["You can cancel in the shop at any time."],
    link: { label: "Check your subscription", url: shop.url },
  }),
};
