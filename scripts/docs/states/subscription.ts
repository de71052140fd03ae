import { readChapters } from "../../schema/chapters.ts";
import type { Language, Text } from "../language.ts";
import { code } from "../markdown.ts";
import { table } from "../../../proofs/support/markdown.ts";

/** What a subscription can be; none: it does not exist yet. */
export const SUBSCRIPTION_STATES = [
  "none",
  "trialing",
  "active",
  "past_due",
  "canceled",
] as const;

/** A legal event: what it makes of a state. */
export interface Transition {
  status: string;
  event: string;
  next_status: string;
}

/** When each event of a subscription happens, in the order in which a reader meets them. */
const EVENTS: Readonly<Record<string, Text>> = {
  trial_started: {
    en: "a card was registered for a plan with a trial",
    ko: "체험이 있는 요금제로 카드를 등록함",
  },
  started: { en: "the first period was paid", ko: "첫 기간이 결제됨" },
  charge_paid: {
    en: "a period was paid: conversion of a trial, renewal or recovery",
    ko: "기간이 결제됨: 체험 전환, 갱신, 복구",
  },
  charge_declined: {
    en: "a period's charge was refused",
    ko: "기간의 청구가 거절됨",
  },
  notice_given: { en: "`cancel_at_period_end`", ko: "`cancel_at_period_end`" },
  resumed: { en: "`resume`", ko: "`resume`" },
  notice_ended: {
    en: "the period after a notice is over",
    ko: "해지 예약 뒤 기간이 끝남",
  },
  canceled_now: { en: "`cancel_now`", ko: "`cancel_now`" },
  plan_change_planned: {
    en: "`change_plan` with effect at the next period, or taken back",
    ko: "다음 기간부터의 `change_plan`, 또는 그것을 되돌림",
  },
  plan_changed: {
    en: "another plan applies from now on",
    ko: "지금부터 다른 요금제가 적용됨",
  },
  method_changed: {
    en:
      "`change_method`, or a new card was registered for a debt or in place of a broken one",
    ko:
      "`change_method`, 또는 밀린 금액이나 못 쓰는 카드 때문에 새 카드를 등록함",
  },
  retry_requested: { en: "`retry_payment`", ko: "`retry_payment`" },
  dunning_canceled: {
    en: "the final action `cancel`",
    ko: "최종 조치 `cancel`",
  },
  access_withdrawn: {
    en: "the final action `keep_past_due`",
    ko: "최종 조치 `keep_past_due`",
  },
  period_refunded: {
    en: "the current period was refunded in full",
    ko: "현재 기간이 전액 환불됨",
  },
  consent_missing: {
    en:
      "its date came, and nobody had answered the request for [consent](consent.md)",
    ko: "[동의](consent.ko.md) 요청에 답이 없는 채 그 날이 됨",
  },
  consent_refused: {
    en: "its date came, and its subscriber had refused [consent](consent.md)",
    ko: "구독자가 [동의](consent.ko.md)하지 않은 채 그 날이 됨",
  },
  user_deleted: {
    en: "the account is gone, see [Deleted accounts](#deleted-accounts)",
    ko: "계정이 삭제됨. [삭제된 계정](#삭제된-계정) 참고",
  },
};

/** The state machine, from the chapter that fills it. */
export async function readTransitions(): Promise<Transition[]> {
  const sql = (await readChapters()).map(({ text }) => text).join("\n");
  const [, rows = ""] =
    /^insert into toss_private\.subscription_transitions [^;]*? values\n([^;]*);/m
      .exec(sql) ?? [];
  return Array.from(
    rows.matchAll(/\('(\w+)', '(\w+)', '(\w+)'/g),
    ([, status = "", event = "", next_status = ""]) => ({
      status,
      event,
      next_status,
    }),
  );
}

const HEADS = {
  en: ["Event", "Happens"],
  ko: ["이벤트", "일어나는 때"],
} as const;

/** Events by states, with when each happens; throws when one is not described. */
export async function subscriptionTable(language: Language): Promise<string> {
  const transitions = await readTransitions();
  for (const { event } of transitions) {
    if (!Object.hasOwn(EVENTS, event)) {
      throw new Error(`scripts/docs/states does not say when ${event} happens`);
    }
  }
  return table(
    [...HEADS[language], ...SUBSCRIPTION_STATES],
    Object.entries(EVENTS).map(([event, when]) => [
      code(event),
      when[language],
      ...SUBSCRIPTION_STATES.map((state) =>
        transitions.find((one) => one.event === event && one.status === state)
          ?.next_status ?? ""
      ),
    ]),
  );
}
