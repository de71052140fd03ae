import type { NoticeTexts } from "../notice.ts";
import { known, rows, seoulTime, won } from "../words.ts";
import { reason } from "./payment-failed.ts";

/** The registered payment method will not work again. */
export const CARD_NEEDED: NoticeTexts = {
  ko: (facts, shop) => ({
    subject: "결제 수단을 다시 등록해 주세요",
    lead:
      "등록하신 결제 수단을 더는 사용할 수 없어서 이번 요금을 결제하지 못했어요.",
    rows: rows(
      ["요금제", facts.planName ?? null],
      ["결제 금액", known(facts.amount, (amount) => won(amount, "ko"))],
      ["결제 수단", facts.cardNumber ?? null],
      ["사유", reason(facts, "ko")],
      [
        "이용 가능 기한",
        known(facts.accessEndsAt, (at) => seoulTime(at, "ko")),
      ],
    ),
    closing: [
      "상점에서 다른 결제 수단을 등록해 주세요. 등록하시면 바로 다시 결제하고 계속 이용하실 수 있어요.",
    ],
    link: { label: "결제 수단 등록하기", url: shop.url },
  }),
  en: (facts, shop) => ({
    subject: "Please register another payment method",
    lead:
      "Your payment method can no longer be used, so we could not charge it for this period.",
    rows: rows(
      ["Plan", facts.planName ?? null],
      ["Amount", known(facts.amount, (amount) => won(amount, "en"))],
      ["Payment method", facts.cardNumber ?? null],
      ["Reason", reason(facts, "en")],
      ["Access until", known(facts.accessEndsAt, (at) => seoulTime(at, "en"))],
    ),
    closing: [
      "Please register another one in the shop. It is charged at once, and your subscription goes on.",
    ],
    link: { label: "Register a payment method", url: shop.url },
  }),
};
