import type { NoticeFacts, NoticeTexts } from "../notice.ts";
import { known, rows, seoulTime } from "../words.ts";

/** A subscription has ended. */
export const SUBSCRIPTION_ENDED: NoticeTexts = {
  ko: (facts, shop) => ({
    subject: "구독이 종료되었어요",
    lead: isUnpaid(facts)
      ? "요금이 결제되지 않아 구독이 종료되었어요."
      : "구독이 종료되었어요.",
    rows: rows(
      ["요금제", facts.planName ?? null],
      ["사유", isUnpaid(facts) ? "요금이 결제되지 않았어요" : null],
      ["종료 시각", known(facts.endedAt, (at) => seoulTime(at, "ko"))],
    ),
    closing: [
      "앞으로는 요금이 결제되지 않아요. 언제든지 상점에서 다시 구독하실 수 있어요.",
    ],
    link: { label: "상점으로 가기", url: shop.url },
  }),
  en: (facts, shop) => ({
    subject: "Your subscription has ended",
    lead: isUnpaid(facts)
      ? "Your subscription has ended because its charge could not be paid."
      : "Your subscription has ended.",
    rows: rows(
      ["Plan", facts.planName ?? null],
      ["Reason", isUnpaid(facts) ? "The charge could not be paid" : null],
      ["Ended at", known(facts.endedAt, (at) => seoulTime(at, "en"))],
    ),
    closing: [
      "You will not be charged any more. You can subscribe again in the shop at any time.",
    ],
    link: { label: "Go to the shop", url: shop.url },
  }),
};

function isUnpaid({ endReason }: NoticeFacts): boolean {
  return endReason === "payment_failed";
}
