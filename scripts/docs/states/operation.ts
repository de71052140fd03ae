import type { Language, Text } from "../language.ts";
import { type Arrow, diagram, START } from "./diagram.ts";
import { eventTable, type Happening } from "./event-table.ts";

const PROVED: Text = { en: "Toss proved it", ko: "토스가 증명" };
const REFUSED: Text = { en: "Toss refused", ko: "토스가 거절" };

const ARROWS: readonly Arrow[] = [
  {
    from: START,
    to: "started",
    when: { en: "intent written, lease taken", ko: "의도 기록, lease 획득" },
  },
  { from: "started", to: "succeeded", when: PROVED },
  { from: "started", to: "rejected", when: REFUSED },
  {
    from: "started",
    to: "unknown",
    when: { en: "no proof", ko: "확인되지 않음" },
  },
  { from: "unknown", to: "succeeded", when: PROVED },
  { from: "unknown", to: "rejected", when: REFUSED },
];

const HAPPENINGS: readonly Happening[] = [
  {
    what: {
      en: "`apply_payment`: money, or an account to pay into",
      ko: "`apply_payment`: 돈, 또는 입금할 계좌",
    },
    next: { started: "succeeded", unknown: "succeeded" },
  },
  {
    what: {
      en: "`apply_payment`: ABORTED or EXPIRED",
      ko: "`apply_payment`: ABORTED 또는 EXPIRED",
    },
    next: { started: "rejected", unknown: "rejected" },
  },
  {
    what: {
      en: "`reject_operation`: Toss refused",
      ko: "`reject_operation`: 토스가 거절",
    },
    next: { started: "rejected", unknown: "rejected" },
  },
  {
    what: {
      en: "`postpone_operation`: no proof",
      ko: "`postpone_operation`: 확인되지 않음",
    },
    next: { started: "unknown" },
  },
  {
    what: {
      en: "`begin_confirmation` again, lease over",
      ko: "lease가 끝난 뒤 다시 `begin_confirmation`",
    },
    next: { started: "unknown" },
  },
  {
    what: {
      en: "`claim_operations`, lease over",
      ko: "lease가 끝난 뒤 `claim_operations`",
    },
    next: { started: "unknown" },
  },
];

const STATES = ["started", "unknown", "succeeded", "rejected"];

/** How a call that moves money ends. */
export function operationDiagram(language: Language): string {
  return diagram(ARROWS, language);
}

/** What each event makes of each state. */
export function operationTable(language: Language): string {
  return eventTable(STATES, HAPPENINGS, language);
}
