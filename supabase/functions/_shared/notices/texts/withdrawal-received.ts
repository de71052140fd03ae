import type { NoticeTexts } from "../notice.ts";
import { known, rows, seoulTime, won } from "../words.ts";

/** A buyer's request to give an order back has arrived. */
export const WITHDRAWAL_RECEIVED: NoticeTexts = {
  ko: (facts, shop) => ({
    subject: "청약철회 요청을 받았어요",
    lead: "주문에 대한 청약철회 요청을 받았어요.",
    rows: rows(
      ["주문", facts.orderName ?? null],
      ["결제 금액", known(facts.amount, (amount) => won(amount, "ko"))],
      ["처리 기한", known(facts.decisionDueAt, (at) => seoulTime(at, "ko"))],
      ["주문 번호", facts.reference ?? facts.orderId ?? null],
    ),
    closing: ["처리되면 다시 알려 드릴게요."],
    link: { label: "상점으로 가기", url: shop.url },
  }),
  en: (facts, shop) => ({
    subject: "We have your withdrawal request",
    lead: "We have received your request to withdraw from this order.",
    rows: rows(
      ["Order", facts.orderName ?? null],
      ["Paid", known(facts.amount, (amount) => won(amount, "en"))],
      ["Answer by", known(facts.decisionDueAt, (at) => seoulTime(at, "en"))],
      ["Order number", facts.reference ?? facts.orderId ?? null],
    ),
    closing: ["We will tell you when it is decided."],
    link: { label: "Go to the shop", url: shop.url },
  }),
};
