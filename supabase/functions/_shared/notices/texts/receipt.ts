import type { NoticeTexts } from "../notice.ts";
import { known, methodName, rows, seoulTime, won } from "../words.ts";

/** An order is paid. */
export const RECEIPT: NoticeTexts = {
  ko: (facts, shop) => ({
    subject: "결제가 완료되었어요",
    lead: "이용해 주셔서 감사해요. 결제가 완료되었어요.",
    rows: rows(
      ["주문", facts.orderName ?? null],
      ["결제 금액", known(facts.amount, (amount) => won(amount, "ko"))],
      ["결제 수단", known(facts.method, (method) => methodName(method, "ko"))],
      ["카드 번호", facts.cardNumber ?? null],
      ["결제 시각", known(facts.paidAt, (at) => seoulTime(at, "ko"))],
      ["주문 번호", facts.reference ?? facts.orderId ?? null],
    ),
    closing: [],
    link: facts.receiptUrl
      ? { label: "영수증 보기", url: facts.receiptUrl }
      : { label: "상점으로 가기", url: shop.url },
  }),
  en: (facts, shop) => ({
    subject: "Your payment is complete",
    lead: "Thank you. Your payment is complete.",
    rows: rows(
      ["Order", facts.orderName ?? null],
      ["Amount", known(facts.amount, (amount) => won(amount, "en"))],
      [
        "Payment method",
        known(facts.method, (method) => methodName(method, "en")),
      ],
      ["Card number", facts.cardNumber ?? null],
      ["Paid at", known(facts.paidAt, (at) => seoulTime(at, "en"))],
      ["Order number", facts.reference ?? facts.orderId ?? null],
    ),
    closing: [],
    link: facts.receiptUrl
      ? { label: "View receipt", url: facts.receiptUrl }
      : { label: "Go to the shop", url: shop.url },
  }),
};
