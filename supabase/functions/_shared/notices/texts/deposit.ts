import type { NoticeTexts } from "../notice.ts";
import { known, rows, seoulTime, won } from "../words.ts";

/** The deposit that an order waited for has come. */
export const DEPOSIT: NoticeTexts = {
  ko: (facts, shop) => ({
    subject: "입금이 확인되었어요",
    lead: "입금이 확인되어 주문이 완료되었어요.",
    rows: rows(
      ["주문", facts.orderName ?? null],
      ["입금 금액", known(facts.amount, (amount) => won(amount, "ko"))],
      ["입금 시각", known(facts.paidAt, (at) => seoulTime(at, "ko"))],
      ["주문 번호", facts.reference ?? facts.orderId ?? null],
    ),
    closing: [],
    link: facts.receiptUrl
      ? { label: "영수증 보기", url: facts.receiptUrl }
      : { label: "상점으로 가기", url: shop.url },
  }),
  en: (facts, shop) => ({
    subject: "Your deposit has arrived",
    lead: "Thank you. Your deposit has arrived and your order is paid.",
    rows: rows(
      ["Order", facts.orderName ?? null],
      ["Amount", known(facts.amount, (amount) => won(amount, "en"))],
      ["Arrived at", known(facts.paidAt, (at) => seoulTime(at, "en"))],
      ["Order number", facts.reference ?? facts.orderId ?? null],
    ),
    closing: [],
    link: facts.receiptUrl
      ? { label: "View receipt", url: facts.receiptUrl }
      : { label: "Go to the shop", url: shop.url },
  }),
};
