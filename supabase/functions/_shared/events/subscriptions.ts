import { z } from "zod";
import {
  amount,
  type EventDefinition,
  EXAMPLE_CHARGE,
  EXAMPLE_ORDER,
  EXAMPLE_SUBSCRIPTION,
  EXAMPLE_TIME,
  EXAMPLE_USER,
  id,
  SINCE,
  time,
  VERSION,
} from "./event.ts";

const subscription = {
  subscriptionId: id,
  userId: id,
  planId: id,
  /** The status afterwards. */
  status: z.enum(["trialing", "active", "past_due", "canceled"]),
  currentPeriodEnd: time,
};

const example = {
  subscriptionId: EXAMPLE_SUBSCRIPTION,
  userId: EXAMPLE_USER,
  planId: "basic",
  status: "active",
  currentPeriodEnd: EXAMPLE_TIME,
};

/** What a cancel of a period gives back, order by order. */
const refunds = z.array(z.looseObject({})).optional();

const upcoming = {
  chargeAt: time,
  amount,
  currency: z.string(),
  /** Set when another plan begins then. */
  nextPlanId: z.string().nullable(),
  needsPaymentMethod: z.boolean(),
  /** Without the subscriber's consent nothing is charged, or not this much. */
  awaitsConsent: z.boolean(),
};
const upcomingExample = {
  ...example,
  chargeAt: EXAMPLE_TIME,
  amount: 9900,
  currency: "KRW",
  nextPlanId: null,
  needsPaymentMethod: false,
  awaitsConsent: false,
};

const charge = z.object({
  chargeId: id,
  kind: z.enum(["start", "renewal", "upgrade", "ad_hoc"]),
  subscriptionId: id.nullable(),
  userId: id,
  planId: id.nullable(),
  orderId: id.nullable(),
  amount,
  currency: z.string(),
  attempt: z.number().int(),
  periodStart: time.nullable(),
  periodEnd: time.nullable(),
  /** When a declined one is tried again; null = it is not. */
  nextAttemptAt: time.nullable(),
  failureCode: z.string().nullable(),
  /** soft, limit or hard: docs/subscriptions.md. */
  failureClass: z.string().nullable(),
});

const chargeExample = {
  chargeId: EXAMPLE_CHARGE,
  kind: "renewal",
  subscriptionId: EXAMPLE_SUBSCRIPTION,
  userId: EXAMPLE_USER,
  planId: "basic",
  orderId: EXAMPLE_ORDER,
  amount: 9900,
  currency: "KRW",
  attempt: 1,
  periodStart: EXAMPLE_TIME,
  periodEnd: EXAMPLE_TIME,
  nextAttemptAt: null,
  failureCode: null,
  failureClass: null,
};
const declinedExample = {
  ...chargeExample,
  nextAttemptAt: EXAMPLE_TIME,
  failureCode: "REJECT_CARD_PAYMENT",
  failureClass: "soft",
};
const adHoc = { kind: "ad_hoc", subscriptionId: null, planId: null };

function define(
  name: string,
  en: string,
  ko: string,
  detail: z.ZodRawShape,
  detailExample: Record<string, unknown>,
): EventDefinition {
  return {
    type: `subscription.${name}`,
    version: VERSION,
    since: SINCE,
    when: { en, ko },
    data: z.object({ ...subscription, ...detail }),
    example: { ...example, ...detailExample },
  };
}

function defineCharge(
  type: string,
  en: string,
  ko: string,
  given: Record<string, unknown>,
): EventDefinition {
  return {
    type,
    version: VERSION,
    since: SINCE,
    when: { en, ko },
    data: charge,
    example: given,
  };
}

const paid = {
  chargeId: id,
  orderId: id,
  amount,
};
const paidExample = {
  chargeId: EXAMPLE_CHARGE,
  orderId: EXAMPLE_ORDER,
  amount: 9900,
};

/** What happens to a subscription and to its charges. */
export const SUBSCRIPTION_EVENTS: readonly EventDefinition[] = [
  define(
    "trial_started",
    "a trial began",
    "체험이 시작됨",
    { trialEnd: time },
    { status: "trialing", trialEnd: EXAMPLE_TIME },
  ),
  define(
    "trial_ending",
    "the first charge after a trial is near",
    "체험 뒤 첫 청구가 다가옴",
    upcoming,
    { ...upcomingExample, status: "trialing" },
  ),
  define(
    "activated",
    "the first period is paid",
    "첫 기간이 결제됨",
    { chargeId: id, orderId: id.optional(), amount: amount.optional() },
    { chargeId: EXAMPLE_CHARGE },
  ),
  define(
    "renewed",
    "a later period is paid in time",
    "다음 기간이 제때 결제됨",
    paid,
    paidExample,
  ),
  define(
    "recovered",
    "a period is paid after it was in arrears",
    "밀린 기간이 결제됨",
    paid,
    paidExample,
  ),
  define(
    "renewal_upcoming",
    "the next charge is near",
    "다음 청구가 다가옴",
    upcoming,
    upcomingExample,
  ),
  defineCharge(
    "subscription.payment_succeeded",
    "a charge of a subscription is paid",
    "구독 청구가 결제됨",
    chargeExample,
  ),
  defineCharge(
    "subscription.payment_failed",
    "a charge of a subscription was declined, or could not be made",
    "구독 청구가 거절되었거나 할 수 없었음",
    declinedExample,
  ),
  define(
    "past_due",
    "the first decline of a period; access goes on until `accessEndsAt`",
    "기간의 청구가 처음 거절됨. `accessEndsAt`까지 이용 가능",
    { chargeId: id, accessEndsAt: time.nullable() },
    {
      status: "past_due",
      chargeId: EXAMPLE_CHARGE,
      accessEndsAt: EXAMPLE_TIME,
    },
  ),
  define(
    "payment_method_required",
    "the card will not work again; another one is needed",
    "등록된 카드로는 더 결제할 수 없어 다른 카드가 필요함",
    { chargeId: id, accessEndsAt: time.nullable() },
    {
      status: "past_due",
      chargeId: EXAMPLE_CHARGE,
      accessEndsAt: EXAMPLE_TIME,
    },
  ),
  define(
    "access_withdrawn",
    "the last try was declined and `DUNNING_FINAL_ACTION` keeps the subscription without access",
    "마지막 시도까지 거절되어 `DUNNING_FINAL_ACTION`에 따라 이용권만 끝남",
    { reason: z.string(), endedAt: time },
    { status: "past_due", reason: "payment_failed", endedAt: EXAMPLE_TIME },
  ),
  define(
    "plan_change_planned",
    "another plan will begin with the next period",
    "다음 기간부터 다른 요금제로 바뀔 예정",
    { nextPlanId: z.string().nullable(), from: time },
    { nextPlanId: "lite", from: EXAMPLE_TIME },
  ),
  define(
    "plan_changed",
    "another plan is in force",
    "요금제가 바뀜",
    { amount },
    { planId: "pro", amount: 19900 },
  ),
  define(
    "price_changed",
    "a period was paid at another price of the same plan",
    "같은 요금제의 기간이 다른 가격으로 결제됨",
    { amountBefore: amount, amount, currency: z.string(), chargeId: id },
    {
      amountBefore: 9900,
      amount: 12900,
      currency: "KRW",
      chargeId: EXAMPLE_CHARGE,
    },
  ),
  define(
    "cancel_scheduled",
    "a subscription will end with its period",
    "기간이 끝나면 해지될 예정",
    { endsAt: time },
    { endsAt: EXAMPLE_TIME },
  ),
  define(
    "resumed",
    "a scheduled end was taken back",
    "해지 예약을 되돌림",
    {},
    {},
  ),
  define(
    "canceled",
    "a subscription has ended; `reason` says why",
    "구독이 끝남. 이유는 `reason`",
    {
      reason: z.enum([
        "notice",
        "canceled_now",
        "payment_failed",
        "refunded",
        "user_deleted",
        "consent_missing",
        "consent_refused",
      ]),
      endedAt: time,
      chargeId: id.optional(),
      refunds,
    },
    { status: "canceled", reason: "notice", endedAt: EXAMPLE_TIME },
  ),
  define(
    "refund_promised",
    "the rest of a period will be given back; each refund is told as a payment when Toss has made it",
    "남은 기간을 환불하기로 함. 환불이 끝나면 결제 이벤트로 알림",
    { refunds },
    { status: "canceled", refunds: [] },
  ),
  defineCharge(
    "charge.succeeded",
    "a charge outside any subscription is paid",
    "구독 밖의 청구가 결제됨",
    { ...chargeExample, ...adHoc },
  ),
  defineCharge(
    "charge.failed",
    "a charge outside any subscription was declined",
    "구독 밖의 청구가 거절됨",
    { ...declinedExample, ...adHoc, nextAttemptAt: null },
  ),
];
