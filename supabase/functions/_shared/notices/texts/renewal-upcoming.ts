import type { NoticeTexts } from "../notice.ts";
import { known, rows, seoulDay, won } from "../words.ts";

/** The next charge of a subscription comes near. */
export const RENEWAL_UPCOMING: NoticeTexts = {
  ko: (facts, shop) => ({
    subject: facts.isTrialEnd
      ? "무료 체험이 곧 끝나요"
      : "정기결제일이 다가와요",
    lead: facts.isTrialEnd
      ? "무료 체험이 끝나면 아래 요금이 결제돼요."
      : "아래와 같이 다음 요금이 결제될 예정이에요.",
    rows: rows(
      ["요금제", facts.nextPlanName ?? facts.planName ?? null],
      ["결제 예정일", known(facts.chargeAt, (at) => seoulDay(at, "ko"))],
      ["결제 금액", known(facts.amount, (amount) => won(amount, "ko"))],
      [
        "결제 수단",
        facts.needsPaymentMethod ? "등록이 필요해요" : facts.cardNumber ?? null,
      ],
    ),
    closing: [
      "계속 이용하지 않으시려면 결제일 전에 상점에서 언제든지 해지하실 수 있어요.",
    ],
    link: { label: "구독 확인하기", url: shop.url },
  }),
  en: (facts, shop) => ({
    subject: facts.isTrialEnd
      ? "Your free trial ends soon"
      : "Your subscription renews soon",
    lead: facts.isTrialEnd
      ? "When your free trial ends, you will be charged as follows."
      : "Your next charge is coming up.",
    rows: rows(
      ["Plan", facts.nextPlanName ?? facts.planName ?? null],
      ["Charged on", known(facts.chargeAt, (at) => seoulDay(at, "en"))],
      ["Amount", known(facts.amount, (amount) => won(amount, "en"))],
      [
        "Payment method",
        facts.needsPaymentMethod
          ? "None that works: please register one"
          : facts.cardNumber ?? null,
      ],
    ),
    closing: [
      "If you do not want to go on, you can cancel in the shop at any time before then.",
    ],
    link: { label: "Check your subscription", url: shop.url },
  }),
};
