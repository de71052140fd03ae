import { z } from "zod";
import {
  type EventDefinition,
  EXAMPLE_METHOD,
  EXAMPLE_SUBSCRIPTION,
  EXAMPLE_TIME,
  EXAMPLE_USER,
  id,
  SINCE,
  time,
  VERSION,
} from "./event.ts";

const common = { version: VERSION, since: SINCE } as const;

/** Signed reports of Toss about what this project keeps nothing of. */
const REPORTS = {
  "payout.changed": { en: "a payout changed", ko: "지급대행의 상태가 바뀜" },
  "seller.changed": { en: "a seller changed", ko: "셀러의 상태가 바뀜" },
  "ars-reservation.changed": {
    en: "an ARS reservation changed",
    ko: "ARS 예약의 상태가 바뀜",
  },
  METHOD_UPDATED: {
    en: "a customer's payment method changed at Toss",
    ko: "토스에 저장된 고객의 결제 수단이 바뀜",
  },
  CUSTOMER_STATUS_CHANGED: {
    en: "a customer's state changed at Toss",
    ko: "토스에 저장된 고객의 상태가 바뀜",
  },
  SETTLEMENT_COMPLETED: {
    en: "a relay reports a settlement",
    ko: "중계 서버가 정산을 알림",
  },
} as const;

function report(name: keyof typeof REPORTS): EventDefinition {
  const { en, ko } = REPORTS[name];
  return {
    ...common,
    type: `toss.${name}`,
    when: {
      en: `${en}, by a signed webhook of Toss that is handed on`,
      ko: `${ko}. 서명이 확인된 토스의 웹훅을 그대로 전달`,
    },
    data: z.object({
      verified: z.literal(true),
      verifiedBy: z.string(),
      receivedAt: time,
      body: z.looseObject({}),
    }),
    example: {
      verified: true,
      verifiedBy: "toss-v1",
      receivedAt: EXAMPLE_TIME,
      body: { eventType: name },
    },
  };
}

/** Registered cards, the test event, and what Toss reports. */
export const OTHER_EVENTS: readonly EventDefinition[] = [{
  ...common,
  type: "billing_method.created",
  when: {
    en: "a user registered a card or account",
    ko: "사용자가 카드나 계좌를 등록함",
  },
  data: z.object({
    billingMethodId: id,
    userId: id,
    method: z.enum(["CARD", "TRANSFER"]),
  }),
  example: {
    billingMethodId: EXAMPLE_METHOD,
    userId: EXAMPLE_USER,
    method: "CARD",
  },
}, {
  ...common,
  type: "billing_method.deleted",
  when: {
    en: "a registered card or account is charged no more",
    ko: "등록된 결제 수단을 더는 쓰지 않음",
  },
  data: z.object({
    billingMethodId: id,
    userId: id,
    subscriptionIds: z.array(id),
    verified: z.literal(true),
    verifiedBy: z.string(),
  }),
  example: {
    billingMethodId: EXAMPLE_METHOD,
    userId: EXAMPLE_USER,
    subscriptionIds: [EXAMPLE_SUBSCRIPTION],
    verified: true,
    verifiedBy: "request",
  },
}, {
  ...common,
  type: "webhook.test",
  when: {
    en:
      "somebody asked for it with `webhook-endpoints`; whatever types the endpoint gets",
    ko:
      "`webhook-endpoints`로 시험 이벤트를 요청함. 엔드포인트가 받는 종류와 관계없이 보냄",
  },
  data: z.object({ endpointId: id }),
  example: { endpointId: "f2d1c0b9-3a4e-4c5d-8e6f-7a8b9c0d1e14" },
}, ...(Object.keys(REPORTS) as (keyof typeof REPORTS)[]).map(report)];
