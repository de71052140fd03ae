import type { Language, Text } from "../language.ts";
import { type Arrow, diagram, START } from "./diagram.ts";

const PROVED: Text = { en: "Toss proved it", ko: "토스가 증명" };
const DECLINED: Text = { en: "the card was refused", ko: "카드가 거절됨" };

const ARROWS: readonly Arrow[] = [
  {
    from: START,
    to: "processing",
    when: {
      en: "claimed, order and operation written",
      ko: "가져감, 주문과 operation 기록",
    },
  },
  {
    from: START,
    to: "void",
    when: {
      en: "its period was missed and is skipped",
      ko: "놓친 기간을 건너뜀",
    },
  },
  { from: "processing", to: "paid", when: PROVED },
  { from: "processing", to: "declined", when: DECLINED },
  {
    from: "processing",
    to: "unknown",
    when: {
      en: "no proof, or the lease passed",
      ko: "확인되지 않음, 또는 lease가 끝남",
    },
  },
  { from: "unknown", to: "paid", when: PROVED },
  { from: "unknown", to: "declined", when: DECLINED },
  {
    from: "unknown",
    to: "void",
    when: {
      en: "after a restore, Toss knows no payment of a period that is over",
      ko: "복원한 뒤, 끝난 기간의 결제가 토스에 없음",
    },
  },
  {
    from: "declined",
    to: "paid",
    when: {
      en: "Toss took the money after all",
      ko: "토스가 결국 결제한 것으로 드러남",
    },
  },
  {
    from: "declined",
    to: "processing",
    when: { en: "next attempt, new order", ko: "다음 시도, 새 주문" },
  },
];

/** The life of what is charged for one period. */
export function chargeDiagram(language: Language): string {
  return diagram(ARROWS, language);
}
