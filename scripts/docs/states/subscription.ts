import type { Language, Text } from "../language.ts";
import { code, table } from "../markdown.ts";

/** What a subscription can be; none: it does not exist yet. */
export const SUBSCRIPTION_STATES = [
  "none",
  "trialing",
  "active",
  "past_due",
  "canceled",
] as const;

type State = (typeof SUBSCRIPTION_STATES)[number];

/** An event of a subscription: when it happens, and what it makes of each state; every other state refuses it. */
interface SubscriptionEvent {
  when: Text;
  next: Partial<Record<State, State>>;
}

/** The state machine of subscriptions; a test compares it with the one in the database. */
export const SUBSCRIPTION_EVENTS: Readonly<Record<string, SubscriptionEvent>> =
  {
    trial_started: {
      next: { none: "trialing" },
      when: {
        en: "a card was registered for a plan with a trial",
        ko: "체험이 있는 요금제로 카드를 등록함",
      },
    },
    started: {
      next: { none: "active" },
      when: { en: "the first period was paid", ko: "첫 기간이 결제됨" },
    },
    charge_paid: {
      next: { trialing: "active", active: "active", past_due: "active" },
      when: {
        en: "a period was paid: conversion of a trial, renewal or recovery",
        ko: "기간이 결제됨: 체험 전환, 갱신, 복구",
      },
    },
    charge_declined: {
      next: { trialing: "past_due", active: "past_due", past_due: "past_due" },
      when: {
        en: "a period's charge was refused",
        ko: "기간의 청구가 거절됨",
      },
    },
    notice_given: {
      next: { trialing: "trialing", active: "active", past_due: "canceled" },
      when: { en: "`cancel_at_period_end`", ko: "`cancel_at_period_end`" },
    },
    resumed: {
      next: { trialing: "trialing", active: "active" },
      when: { en: "`resume`", ko: "`resume`" },
    },
    notice_ended: {
      next: { trialing: "canceled", active: "canceled" },
      when: {
        en: "the period after a notice is over",
        ko: "해지 예약 뒤 기간이 끝남",
      },
    },
    canceled_now: {
      next: { trialing: "canceled", active: "canceled", past_due: "canceled" },
      when: { en: "`cancel_now`", ko: "`cancel_now`" },
    },
    plan_change_planned: {
      next: { trialing: "trialing", active: "active" },
      when: {
        en: "`change_plan` with effect at the next period, or taken back",
        ko: "다음 기간부터의 `change_plan`, 또는 그것을 되돌림",
      },
    },
    plan_changed: {
      next: { trialing: "trialing", active: "active" },
      when: {
        en: "another plan applies from now on",
        ko: "지금부터 다른 요금제가 적용됨",
      },
    },
    method_changed: {
      next: { trialing: "trialing", active: "active", past_due: "past_due" },
      when: {
        en:
          "`change_method`, or a new card was registered for a debt or in place of a broken one",
        ko:
          "`change_method`, 또는 밀린 금액이나 못 쓰는 카드 때문에 새 카드를 등록함",
      },
    },
    retry_requested: {
      next: { past_due: "past_due" },
      when: { en: "`retry_payment`", ko: "`retry_payment`" },
    },
    dunning_canceled: {
      next: { past_due: "canceled" },
      when: {
        en: "the final action `cancel`",
        ko: "최종 조치 `cancel`",
      },
    },
    access_withdrawn: {
      next: { past_due: "past_due" },
      when: {
        en: "the final action `keep_past_due`",
        ko: "최종 조치 `keep_past_due`",
      },
    },
    period_refunded: {
      next: { active: "canceled", past_due: "canceled" },
      when: {
        en: "the current period was refunded in full",
        ko: "현재 기간이 전액 환불됨",
      },
    },
    user_deleted: {
      next: { trialing: "canceled", active: "canceled", past_due: "canceled" },
      when: {
        en: "the account is gone, see [Deleted accounts](#deleted-accounts)",
        ko: "계정이 삭제됨. [삭제된 계정](#삭제된-계정) 참고",
      },
    },
  };

const HEADS = {
  en: ["Event", "Happens"],
  ko: ["이벤트", "일어나는 때"],
} as const;

/** Events by states, with when each happens. */
export function subscriptionTable(language: Language): string {
  return table(
    [...HEADS[language], ...SUBSCRIPTION_STATES],
    Object.entries(SUBSCRIPTION_EVENTS).map(([event, { next, when }]) => [
      code(event),
      when[language],
      ...SUBSCRIPTION_STATES.map((state) => next[state] ?? ""),
    ]),
  );
}
