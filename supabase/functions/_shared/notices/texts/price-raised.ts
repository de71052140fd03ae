import type { NoticeTexts } from "../notice.ts";
import { known, rows, seoulDay, seoulTime, won } from "../words.ts";

/** A period was charged at a higher price for the first time. */
export const PRICE_RAISED: NoticeTexts = {
  ko: (facts, shop) => ({
    subject: "새 요금이 적용되었어요",
    lead: "이번 기간부터 새 요금으로 결제되었어요.",
    rows: rows(
      ["요금제", facts.planName ?? null],
      ["이전 금액", known(facts.amountBefore, (amount) => won(amount, "ko"))],
      ["결제 금액", known(facts.amount, (amount) => won(amount, "ko"))],
      ["결제 시각", known(facts.chargedAt, (at) => seoulTime(at, "ko"))],
      ["결제 수단", facts.cardNumber ?? null],
      ["다음 결제일", known(facts.nextChargeAt, (at) => seoulDay(at, "ko"))],
    ),
    closing: ["상점에서 언제든지 해지하실 수 있어요."],
    link: { label: "구독 확인하기", url: shop.url },
  }),
  en: (facts, shop) => ({
    subject: "Your new price applies",
    lead: "From this period on you pay the new price.",
    rows: rows(
      ["Plan", facts.planName ?? null],
      [
        "Price before",
        known(facts.amountBefore, (amount) => won(amount, "en")),
      ],
      ["Amount", known(facts.amount, (amount) => won(amount, "en"))],
      ["Paid at", known(facts.chargedAt, (at) => seoulTime(at, "en"))],
      ["Payment method", facts.cardNumber ?? null],
      ["Next charge", known(facts.nextChargeAt, (at) => seoulDay(at, "en"))],
    ),
    closing: ["You can cancel in the shop at any time."],
    link: { label: "Check your subscription", url: shop.url },
  }),
};
