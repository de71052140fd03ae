import type { NoticeTexts } from "../notice.ts";
import { known, rows, seoulTime, won } from "../words.ts";

/** Money went back. */
export const REFUND: NoticeTexts = {
  ko: (facts, shop) => ({
    subject: "환불이 처리되었어요",
    lead: facts.balanceAmount
      ? "결제하신 금액의 일부를 환불해 드렸어요."
      : "결제하신 금액을 환불해 드렸어요.",
    rows: rows(
      ["주문", facts.orderName ?? null],
      ["환불 금액", known(facts.amount, (amount) => won(amount, "ko"))],
      [
        "남은 결제 금액",
        known(facts.balanceAmount || null, (left) => won(left, "ko")),
      ],
      ["환불 시각", known(facts.refundedAt, (at) => seoulTime(at, "ko"))],
      ["주문 번호", facts.reference ?? facts.orderId ?? null],
    ),
    closing: [
      "카드 결제는 카드사에 따라 며칠 뒤에 취소 내역이 보일 수 있어요.",
    ],
    link: { label: "상점으로 가기", url: shop.url },
  }),
  en: (facts, shop) => ({
    subject: "Your refund is on its way",
    lead: facts.balanceAmount
      ? "A part of your payment has been refunded."
      : "Your payment has been refunded.",
    rows: rows(
      ["Order", facts.orderName ?? null],
      ["Refunded", known(facts.amount, (amount) => won(amount, "en"))],
      [
        "Still paid",
        known(facts.balanceAmount || null, (left) => won(left, "en")),
      ],
      ["Refunded at", known(facts.refundedAt, (at) => seoulTime(at, "en"))],
      ["Order number", facts.reference ?? facts.orderId ?? null],
    ),
    closing: [
      "It can take your card company a few days to show it.",
    ],
    link: { label: "Go to the shop", url: shop.url },
  }),
};
