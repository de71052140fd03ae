import type { NoticeFacts, NoticeTexts } from "../notice.ts";
import { rows } from "../words.ts";

/** The shop has decided a withdrawal. */
export const WITHDRAWAL_DECIDED: NoticeTexts = {
  ko: (facts, shop) => ({
    subject: "청약철회 요청이 처리되었어요",
    lead: "주문에 대한 청약철회 요청을 처리했어요.",
    rows: rows(
      ["주문", facts.orderName ?? null],
      ["결과", result(facts, "승인되었어요", "승인되지 않았어요")],
      ["사유", facts.decisionReason ?? null],
      ["주문 번호", facts.reference ?? facts.orderId ?? null],
    ),
    closing: ["승인된 요청은 환불이 끝나면 다시 알려 드릴게요."],
    link: { label: "상점으로 가기", url: shop.url },
  }),
  en: (facts, shop) => ({
    subject: "Your withdrawal request is decided",
    lead: "Your request to withdraw from this order has been decided.",
    rows: rows(
      ["Order", facts.orderName ?? null],
      ["Result", result(facts, "Accepted", "Not accepted")],
      ["Reason", facts.decisionReason ?? null],
      ["Order number", facts.reference ?? facts.orderId ?? null],
    ),
    closing: ["If it was accepted, we will tell you when the refund is done."],
    link: { label: "Go to the shop", url: shop.url },
  }),
};

function result(
  { decision }: NoticeFacts,
  accepted: string,
  refused: string,
): string | null {
  if (decision === "accepted") return accepted;
  return decision === "refused" ? refused : null;
}
