import type { Notice, NoticeFacts } from "./notice.ts";

const ORDER = {
  orderId: "ord_20270104_9f8e7d6c5b4a3f2e1d0c9b8a7f6e5d4c",
  orderName: "머그컵 외 1건",
  amount: 24000,
} as const;

const PLAN = {
  planName: "베이직",
  amount: 9900,
  cardNumber: "43301234****123*",
} as const;

const AT = "2027-01-04T15:04:05+09:00";

/** What `notify preview`, `notify test` and the documents show; of each notice the usual case. */
export const NOTICE_EXAMPLES: Readonly<Record<Notice, NoticeFacts>> = {
  receipt: {
    ...ORDER,
    method: "카드",
    cardNumber: "43301234****123*",
    paidAt: AT,
  },
  payment_failed: {
    ...PLAN,
    failureCode: "NOT_ENOUGH_BALANCE",
    nextAttemptAt: "2027-01-05T15:04:05+09:00",
    accessEndsAt: "2027-01-11T15:04:05+09:00",
  },
  refund: { ...ORDER, balanceAmount: 0, refundedAt: AT },
  virtual_account: {
    ...ORDER,
    bankCode: "20",
    accountNumber: "X6505636518308",
    dueDate: "2027-01-07T23:59:59+09:00",
  },
  deposit: { ...ORDER, method: "가상계좌", paidAt: AT },
  renewal_upcoming: {
    ...PLAN,
    chargeAt: "2027-01-11T15:04:05+09:00",
    isTrialEnd: false,
    needsPaymentMethod: false,
  },
  subscription_ended: {
    planName: PLAN.planName,
    endedAt: AT,
    endReason: "notice",
  },
  card_needed: {
    ...PLAN,
    failureCode: "INVALID_CARD_LOST_OR_STOLEN",
    accessEndsAt: "2027-01-11T15:04:05+09:00",
  },
  withdrawal_received: { ...ORDER, decisionDueAt: "2027-01-07T23:59:59+09:00" },
  withdrawal_decided: { ...ORDER, decision: "accepted" },
  consent_asked: {
    ...PLAN,
    amountBefore: 0,
    effectiveAt: "2027-01-11T15:04:05+09:00",
    consentKind: "trial_conversion",
    endsWithout: true,
    consentUrl: "https://shop.example/consent?token=…",
  },
  trial_converted: {
    ...PLAN,
    chargedAt: AT,
    nextChargeAt: "2027-02-04T15:04:05+09:00",
  },
  price_raised: {
    ...PLAN,
    amount: 12900,
    amountBefore: 9900,
    chargedAt: AT,
    nextChargeAt: "2027-02-04T15:04:05+09:00",
  },
};
