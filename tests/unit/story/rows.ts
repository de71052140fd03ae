import type {
  StoryRows,
  ToldCharge,
  ToldOperation,
  ToldPayment,
} from "../../../supabase/functions/_shared/database/story.ts";
import type {
  Look,
  TossSight,
} from "../../../supabase/functions/_shared/story/look.ts";

/** Noon in Seoul; everything below is told as of then. */
export const NOW = "2026-11-27T12:00:00+09:00";
export const EARLIER = "2026-11-27T11:00:00+09:00";
export const LATER = "2026-11-27T13:00:00+09:00";

/** An order of 3,000 won that nobody has paid yet. */
export function rowsOf(
  status: string,
  more: Partial<StoryRows> = {},
): StoryRows {
  return {
    outcome: "found",
    at: NOW,
    isOfSubscription: false,
    order: {
      id: "order_000001",
      reference: null,
      status,
      orderName: "스티커",
      amount: 3_000,
      taxFreeAmount: 0,
      currency: "KRW",
      paymentKey: null,
      planId: null,
      isGuest: true,
      isCharge: false,
      createdAt: EARLIER,
      expiresAt: LATER,
    },
    orders: [{
      id: "order_000001",
      status,
      amount: 3_000,
      createdAt: EARLIER,
      tossKeys: "main",
      tossClientKey: null,
    }],
    payments: [],
    operations: [],
    moves: [],
    webhooks: [],
    subscription: null,
    alerts: [],
    lateJobs: [],
    receipts: [],
    notices: [],
    deliveries: [],
    withdrawals: [],
    differences: [],
    owedHooks: 0,
    hasPaidAccess: false,
    ...more,
  };
}

/** A payment of the order; what Toss says of it is {@link seen}. */
export function paymentOf(
  status: string,
  more: Partial<ToldPayment> = {},
): ToldPayment {
  return {
    paymentKey: "payment_key_1",
    orderId: "order_000001",
    status,
    method: "카드",
    totalAmount: 3_000,
    balanceAmount: 3_000,
    reservedAmount: 0,
    currency: "KRW",
    requestedAt: EARLIER,
    approvedAt: null,
    canceledAt: null,
    failureCode: null,
    failureMessage: null,
    receiptUrl: null,
    paysOrder: true,
    dueAt: null,
    refundStatus: null,
    isVirtualAccount: false,
    createdAt: EARLIER,
    askedAt: EARLIER,
    cancels: [],
    ...more,
  };
}

/** Toss says of a payment what the row says, but for these. */
export function seen(
  payment: ToldPayment,
  more: Partial<TossSight> = {},
): Look {
  const { paymentKey, orderId, status, method, totalAmount } = payment;
  return {
    kind: "answered",
    paymentKey,
    orderId,
    sight: {
      ...{ paymentKey, orderId, status, method, totalAmount },
      balanceAmount: payment.balanceAmount,
      currency: payment.currency,
      requestedAt: payment.requestedAt,
      approvedAt: payment.approvedAt,
      cancels: [],
      dueAt: payment.dueAt,
      refundStatus: payment.refundStatus,
      ...more,
    },
  };
}

/** A confirm of the order, unless `more` says otherwise. */
export function operationOf(
  state: ToldOperation["state"],
  more: Partial<ToldOperation> = {},
): ToldOperation {
  const isOver = state === "succeeded" || state === "rejected";
  return {
    id: "00000000-0000-4000-8000-000000000001",
    kind: "confirm",
    state,
    orderId: "order_000001",
    paymentKey: "payment_key_1",
    amount: 3_000,
    errorCode: null,
    errorMessage: null,
    isFinal: isOver ? true : null,
    attempts: 1,
    isQueued: false,
    requestId: null,
    requestedBy: null,
    reason: null,
    cancelAll: null,
    taxFreeAmount: null,
    createdAt: EARLIER,
    finishedAt: isOver ? EARLIER : null,
    nextAt: LATER,
    leaseExpiresAt: EARLIER,
    ...more,
  };
}

/** A webhook about the payment. */
export function webhookOf(status: string): StoryRows["webhooks"][number] {
  return {
    id: "00000000-0000-4000-8000-000000000002",
    type: "PAYMENT_STATUS_CHANGED",
    status,
    orderId: "order_000001",
    paymentKey: "payment_key_1",
    verifiedBy: null,
    deliveries: 1,
    attempts: 1,
    lastError: null,
    nextAt: LATER,
    createdAt: EARLIER,
    processedAt: null,
  };
}

/** A subscription with one charge in this state. */
export function subscriptionOf(
  status: string,
  chargeStatus: string,
  more: Partial<ToldCharge> = {},
): NonNullable<StoryRows["subscription"]> {
  return {
    id: "00000000-0000-4000-8000-000000000003",
    status,
    planId: "basic",
    amount: 9_900,
    currency: "KRW",
    currentPeriodStart: EARLIER,
    currentPeriodEnd: LATER,
    nextChargeAt: status === "canceled" ? null : LATER,
    cancelAtPeriodEnd: false,
    needsPaymentMethod: false,
    accessEndsAt: null,
    canceledAt: null,
    endedAt: status === "canceled" ? EARLIER : null,
    endReason: status === "canceled" ? "canceled" : null,
    createdAt: EARLIER,
    charges: [{
      id: "00000000-0000-4000-8000-000000000004",
      kind: "renewal",
      status: chargeStatus,
      amount: 9_900,
      attempt: 1,
      periodStart: EARLIER,
      periodEnd: LATER,
      orderId: "order_000001",
      nextAttemptAt: null,
      failureCode: null,
      failureClass: null,
      paidAt: null,
      createdAt: EARLIER,
      ...more,
    }],
  };
}
