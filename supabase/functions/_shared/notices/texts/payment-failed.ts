import { describeTossError } from "../../toss/error-catalogue.ts";
import type { NoticeFacts, NoticeTexts } from "../notice.ts";
import { known, rows, seoulDay, seoulTime, won } from "../words.ts";

/** A recurring charge was declined and will be tried again. */
export const PAYMENT_FAILED: NoticeTexts = {
  ko: (facts, shop) => ({
    subject: "정기결제가 되지 않았어요",
    lead: "등록하신 결제 수단으로 이번 요금을 결제하지 못했어요.",
    rows: rows(
      ["요금제", facts.planName ?? null],
      ["결제 금액", known(facts.amount, (amount) => won(amount, "ko"))],
      ["결제 수단", facts.cardNumber ?? null],
      ["사유", reason(facts, "ko")],
      [
        "다시 결제하는 날",
        known(facts.nextAttemptAt, (at) => seoulDay(at, "ko")),
      ],
      [
        "이용 가능 기한",
        known(facts.accessEndsAt, (at) => seoulTime(at, "ko")),
      ],
    ),
    closing: [
      "다시 결제하기 전에 카드의 한도와 잔액을 확인하거나, 상점에서 다른 결제 수단을 등록해 주세요.",
    ],
    link: { label: "결제 수단 확인하기", url: shop.url },
  }),
  en: (facts, shop) => ({
    subject: "Your subscription payment did not go through",
    lead: "We could not charge your payment method for this period.",
    rows: rows(
      ["Plan", facts.planName ?? null],
      ["Amount", known(facts.amount, (amount) => won(amount, "en"))],
      ["Payment method", facts.cardNumber ?? null],
      ["Reason", reason(facts, "en")],
      ["Next try", known(facts.nextAttemptAt, (at) => seoulDay(at, "en"))],
      ["Access until", known(facts.accessEndsAt, (at) => seoulTime(at, "en"))],
    ),
    closing: [
      "Before we try again, please check the limit and balance of your card, or register another payment method in the shop.",
    ],
    link: { label: "Check your payment method", url: shop.url },
  }),
};

/** Why it was declined, in the words a buyer gets on the page. */
export function reason(
  { failureCode }: NoticeFacts,
  language: "ko" | "en",
): string | null {
  if (!failureCode) return null;
  const described = describeTossError(failureCode);
  // Anything else is not the buyer's to mend.
  return described.class === "customer" ? described[language] : null;
}
