import type { Language } from "../language.ts";
import { type Arrow, diagram, START } from "./diagram.ts";

const ARROWS: readonly Arrow[] = [
  {
    from: START,
    to: "queued",
    when: {
      en: "begun, amount reserved",
      ko: "시작, 금액을 잡아 둠",
    },
  },
  {
    from: "queued",
    to: "at_Toss",
    when: {
      en: "no other cancel of the payment is there",
      ko: "같은 결제의 다른 취소가 토스에 없음",
    },
  },
  {
    from: "queued",
    to: "rejected",
    when: {
      en: "a dashboard refund left too little",
      ko: "대시보드 환불로 남은 금액이 모자람",
    },
  },
  {
    from: "at_Toss",
    to: "succeeded",
    when: {
      en: "an entry of Toss's ledger is this one's",
      ko: "토스 원장의 항목이 이 취소의 것",
    },
  },
  {
    from: "at_Toss",
    to: "at_Toss",
    when: {
      en: "the balance differs, sent again with a new key",
      ko: "잔액이 달라 새 키로 다시 보냄",
    },
  },
  {
    from: "at_Toss",
    to: "rejected",
    when: {
      en: "Toss refused, or too little is left",
      ko: "토스가 거절했거나 남은 금액이 모자람",
    },
  },
];

/** What a refund does before and while it is at Toss. */
export function refundDiagram(language: Language): string {
  return diagram(ARROWS, language);
}
