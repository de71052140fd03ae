import type { NoticeTexts } from "../notice.ts";
import { bankName, known, rows, seoulTime, won } from "../words.ts";

/** An order waits for a deposit. */
export const VIRTUAL_ACCOUNT: NoticeTexts = {
  ko: (facts, shop) => ({
    subject: "입금을 기다리고 있어요",
    lead: "아래 계좌로 입금하시면 주문이 완료돼요.",
    rows: rows(
      ["주문", facts.orderName ?? null],
      ["입금 금액", known(facts.amount, (amount) => won(amount, "ko"))],
      ["은행", known(facts.bankCode, (code) => bankName(code, "ko"))],
      ["계좌 번호", facts.accountNumber ?? null],
      ["입금 기한", known(facts.dueDate, (at) => seoulTime(at, "ko"))],
      ["주문 번호", facts.reference ?? facts.orderId ?? null],
    ),
    closing: [
      "금액이 다르거나 기한이 지나면 입금되지 않아요.",
    ],
    link: { label: "상점으로 가기", url: shop.url },
  }),
  en: (facts, shop) => ({
    subject: "We are waiting for your deposit",
    lead: "Pay into this account to complete your order.",
    rows: rows(
      ["Order", facts.orderName ?? null],
      ["Amount", known(facts.amount, (amount) => won(amount, "en"))],
      ["Bank", known(facts.bankCode, (code) => bankName(code, "en"))],
      ["Account number", facts.accountNumber ?? null],
      ["Pay by", known(facts.dueDate, (at) => seoulTime(at, "en"))],
      ["Order number", facts.reference ?? facts.orderId ?? null],
    ),
    closing: [
      "Another amount, or a deposit after this time, is not accepted.",
    ],
    link: { label: "Go to the shop", url: shop.url },
  }),
};
