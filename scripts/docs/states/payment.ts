import type { Language, Text } from "../language.ts";
import { code } from "../markdown.ts";
import { table } from "../../../proofs/support/markdown.ts";
import { type Arrow, diagram, START } from "./diagram.ts";

const ARROWS: readonly Arrow[] = [
  {
    from: START,
    to: "READY",
    when: { en: "window opened", ko: "결제창 열림" },
  },
  {
    from: "READY",
    to: "IN_PROGRESS",
    when: { en: "buyer authenticated", ko: "구매자 인증" },
  },
  { from: "READY", to: "EXPIRED", when: { en: "30 minutes", ko: "30분" } },
  {
    from: "IN_PROGRESS",
    to: "DONE",
    when: { en: "confirmed", ko: "승인" },
  },
  {
    from: "IN_PROGRESS",
    to: "WAITING_FOR_DEPOSIT",
    when: { en: "account issued", ko: "계좌 발급" },
  },
  {
    from: "IN_PROGRESS",
    to: "ABORTED",
    when: { en: "refused", ko: "거절" },
  },
  {
    from: "IN_PROGRESS",
    to: "EXPIRED",
    when: { en: "10 minutes", ko: "10분" },
  },
  {
    from: "WAITING_FOR_DEPOSIT",
    to: "DONE",
    when: { en: "deposit", ko: "입금" },
  },
  {
    from: "WAITING_FOR_DEPOSIT",
    to: "CANCELED",
    when: { en: "before the deposit", ko: "입금 전 취소" },
  },
  {
    from: "DONE",
    to: "WAITING_FOR_DEPOSIT",
    when: { en: "deposit taken back", ko: "은행이 입금을 되돌림" },
  },
  {
    from: "DONE",
    to: "PARTIAL_CANCELED",
    when: { en: "a part cancelled", ko: "일부 취소" },
  },
  {
    from: "DONE",
    to: "CANCELED",
    when: { en: "cancelled at once", ko: "한 번에 전액 취소" },
  },
];

const ASYNCHRONOUS: Text = {
  en: " (an asynchronous cancel failed)",
  ko: "(비동기 취소 실패)",
};

/** Which answers of Toss each stored status takes. */
const TAKES: readonly {
  stored: string;
  answers: readonly string[];
  more?: Text;
}[] = [
  {
    stored: "nothing",
    answers: [
      "READY",
      "IN_PROGRESS",
      "WAITING_FOR_DEPOSIT",
      "ABORTED",
      "EXPIRED",
      "DONE",
      "PARTIAL_CANCELED",
      "CANCELED",
    ],
  },
  {
    stored: "READY",
    answers: ["IN_PROGRESS", "ABORTED", "EXPIRED", "DONE", "PARTIAL_CANCELED"],
  },
  {
    stored: "IN_PROGRESS",
    answers: [
      "WAITING_FOR_DEPOSIT",
      "ABORTED",
      "EXPIRED",
      "DONE",
      "PARTIAL_CANCELED",
    ],
  },
  {
    stored: "WAITING_FOR_DEPOSIT",
    answers: ["ABORTED", "EXPIRED", "DONE", "PARTIAL_CANCELED", "CANCELED"],
  },
  {
    stored: "DONE",
    answers: ["WAITING_FOR_DEPOSIT", "PARTIAL_CANCELED", "CANCELED"],
  },
  { stored: "PARTIAL_CANCELED", answers: ["DONE"], more: ASYNCHRONOUS },
  { stored: "CANCELED", answers: ["DONE"], more: ASYNCHRONOUS },
];

const HEADS = {
  en: ["Stored", "Takes"],
  ko: ["저장된 상태", "받아들이는 응답"],
} as const;

/** A payment's life at Toss. */
export function paymentDiagram(language: Language): string {
  return diagram(ARROWS, language);
}

/** Which answer is taken after which. */
export function paymentTable(language: Language): string {
  return table(
    HEADS[language],
    TAKES.map(({ stored, answers, more }) => [
      stored === "nothing" ? stored : code(stored),
      answers.map(code).join(", ") + (more?.[language] ?? ""),
    ]),
  );
}
