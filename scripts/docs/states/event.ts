import type { Language, Text } from "../language.ts";
import { type Arrow, diagram, START } from "./diagram.ts";
import { eventTable, type Happening } from "./event-table.ts";

const AGAIN: Text = { en: "delivered again", ko: "다시 전송됨" };
const APPLIED: Text = { en: "Toss's answer applied", ko: "토스의 응답 반영" };
const NOTHING_TO_DO: Text = { en: "nothing to do", ko: "할 일 없음" };
const NO_PROOF: Text = { en: "no proof", ko: "확인되지 않음" };
const LAST_TRY: Text = {
  en: "no proof, last try",
  ko: "마지막 시도까지 확인되지 않음",
};
const COVERED: Text = {
  en: "another event's answer covers it",
  ko: "다른 이벤트의 응답에 포함",
};
const REPLAYED: Text = { en: "replayed", ko: "재처리" };

const ARROWS: readonly Arrow[] = [
  { from: START, to: "received", when: { en: "stored", ko: "저장" } },
  {
    from: "received",
    to: "processing",
    when: { en: "leased", ko: "lease 획득" },
  },
  { from: "received", to: "processed", when: COVERED },
  { from: "processing", to: "processed", when: APPLIED },
  { from: "processing", to: "ignored", when: NOTHING_TO_DO },
  { from: "processing", to: "failed", when: NO_PROOF },
  { from: "processing", to: "dead", when: LAST_TRY },
  {
    from: "failed",
    to: "processing",
    when: {
      en: "worker, or delivered again",
      ko: "워커, 또는 다시 전송됨",
    },
  },
  { from: "failed", to: "processed", when: COVERED },
  { from: "dead", to: "processing", when: AGAIN },
  { from: "dead", to: "received", when: REPLAYED },
  { from: "processed", to: "received", when: REPLAYED },
  { from: "ignored", to: "received", when: REPLAYED },
];

const HAPPENINGS: readonly Happening[] = [
  {
    what: AGAIN,
    next: { received: "processing", failed: "processing", dead: "processing" },
  },
  {
    what: {
      en: "taken by the worker, when due",
      ko: "때가 되어 워커가 가져감",
    },
    next: { received: "processing", failed: "processing" },
  },
  { what: APPLIED, next: { processing: "processed" } },
  { what: NOTHING_TO_DO, next: { processing: "ignored" } },
  { what: NO_PROOF, next: { processing: "failed" } },
  { what: LAST_TRY, next: { processing: "dead" } },
  { what: COVERED, next: { received: "processed", failed: "processed" } },
  {
    what: REPLAYED,
    next: {
      processed: "received",
      ignored: "received",
      failed: "received",
      dead: "received",
    },
  },
];

const STATES = [
  "received",
  "processing",
  "processed",
  "ignored",
  "failed",
  "dead",
];

/** The life of a row of the inbox. */
export function eventDiagram(language: Language): string {
  return diagram(ARROWS, language);
}

/** What each event makes of each status. */
export function eventStatesTable(language: Language): string {
  return eventTable(STATES, HAPPENINGS, language);
}
