// Written by `npx -y deno task docs` from the catalogue of events.

/** When the whole amount of an order is paid, or there was nothing to pay. */
export interface OrderPaid {
  type: "order.paid";
  timestamp: string;
  data: {
    version: 1;
    orderId: string;
    reference?: string;
    userId?: string;
    orderName: string;
    amount: number;
    currency: string;
    paymentKey?: string;
    from?: string;
  };
}

/** When an order was given up before money came, or a bank took its deposit. */
export interface OrderCanceled {
  type: "order.canceled";
  timestamp: string;
  data: {
    version: 1;
    orderId: string;
    reference?: string;
    userId?: string;
    orderName: string;
    amount: number;
    currency: string;
    paymentKey?: string;
    from?: string;
  };
}

/** When nobody paid an order in time; its stock is free again. */
export interface OrderExpired {
  type: "order.expired";
  timestamp: string;
  data: {
    version: 1;
    orderId: string;
    reference?: string;
    userId?: string;
    orderName: string;
    amount: number;
    currency: string;
    paymentKey?: string;
    from?: string;
  };
}

/** When Toss has the money: a card was approved, a deposit arrived. */
export interface PaymentConfirmed {
  type: "payment.confirmed";
  timestamp: string;
  data: {
    version: 1;
    orderId: string;
    paymentKey: string;
    userId?: string;
    amount: number;
    currency: string;
    source?: string;
    method?: string;
    approvedAt?: string;
  };
}

/** When Toss refused a buyer's payment for good, or it ended without money; another one can pay the order. */
export interface PaymentFailed {
  type: "payment.failed";
  timestamp: string;
  data: {
    version: 1;
    orderId: string;
    paymentKey: string;
    userId?: string;
    amount: number;
    currency: string;
    source?: string;
    method?: string;
    failureCode?: string;
  };
}

/** When a payment was given up before its money came. */
export interface PaymentCanceled {
  type: "payment.canceled";
  timestamp: string;
  data: {
    version: 1;
    orderId: string;
    paymentKey: string;
    userId?: string;
    amount: number;
    currency: string;
    source?: string;
    orderStatus: string;
  };
}

/** When a part of a payment went back; once for each refund. */
export interface PaymentPartiallyRefunded {
  type: "payment.partially_refunded";
  timestamp: string;
  data: {
    version: 1;
    orderId: string;
    paymentKey: string;
    userId?: string;
    amount: number;
    currency: string;
    source?: string;
    transactionKey: string;
    balanceAmount: number;
    reason?: string;
    requestedBy?: string;
    orderStatus: string;
  };
}

/** When the rest of a payment went back, nothing is left of it. */
export interface PaymentRefunded {
  type: "payment.refunded";
  timestamp: string;
  data: {
    version: 1;
    orderId: string;
    paymentKey: string;
    userId?: string;
    amount: number;
    currency: string;
    source?: string;
    transactionKey: string;
    balanceAmount: number;
    reason?: string;
    requestedBy?: string;
    orderStatus: string;
  };
}

/** When a bank took a deposit back; the order waits for it again. */
export interface PaymentDepositReversed {
  type: "payment.deposit_reversed";
  timestamp: string;
  data: {
    version: 1;
    orderId: string;
    paymentKey: string;
    userId?: string;
    amount: number;
    currency: string;
    source?: string;
    orderStatus: string;
  };
}

/** When a buyer has an account number to pay into. */
export interface VirtualAccountIssued {
  type: "virtual_account.issued";
  timestamp: string;
  data: {
    version: 1;
    orderId: string;
    paymentKey: string;
    userId?: string;
    amount: number;
    currency: string;
    source?: string;
    method?: string;
    dueDate?: string;
  };
}

/** When no deposit came in time. */
export interface VirtualAccountExpired {
  type: "virtual_account.expired";
  timestamp: string;
  data: {
    version: 1;
    orderId: string;
    paymentKey: string;
    userId?: string;
    amount: number;
    currency: string;
    source?: string;
    orderStatus: string;
    dueDate?: string;
  };
}

/** When the tax office has taken a cash receipt, whoever asked for it. */
export interface CashReceiptIssued {
  type: "cash_receipt.issued";
  timestamp: string;
  data: {
    version: 1;
    orderId: string;
    paymentKey: string;
    userId?: string;
    receiptId: string;
    receiptKey: string;
    type: string;
    amount: number;
    taxFreeAmount?: number;
    issueNumber?: string;
    receiptUrl?: string;
    isSelfIssued: boolean;
    source?: string;
  };
}

/** When the tax office has taken back a cash receipt, or a part of one. */
export interface CashReceiptCanceled {
  type: "cash_receipt.canceled";
  timestamp: string;
  data: {
    version: 1;
    orderId: string;
    paymentKey: string;
    userId?: string;
    receiptId: string;
    receiptKey: string;
    type: string;
    amount: number;
    taxFreeAmount?: number;
    issueNumber?: string;
    receiptUrl?: string;
    isSelfIssued: boolean;
    source?: string;
    canceledReceiptKey?: string;
  };
}

/** When a buyer wants to give an order back; the shop decides until `dueAt`. */
export interface WithdrawalRequested {
  type: "withdrawal.requested";
  timestamp: string;
  data: {
    version: 1;
    withdrawalId: string;
    orderId: string;
    userId?: string;
    status: "requested";
    amount: number;
    currency: string;
    dueAt: string;
    periodEndsAt: string;
    excludedProducts: (string)[];
  };
}

/** When a withdrawal was accepted or refused; the money's way back is told by `payment.refunded`. */
export interface WithdrawalDecided {
  type: "withdrawal.decided";
  timestamp: string;
  data: {
    version: 1;
    withdrawalId: string;
    orderId: string;
    userId?: string;
    status: "accepted" | "refused";
    decidedAt: string;
  };
}

/** When a trial began. */
export interface SubscriptionTrialStarted {
  type: "subscription.trial_started";
  timestamp: string;
  data: {
    version: 1;
    subscriptionId: string;
    userId: string;
    planId: string;
    status: "trialing" | "active" | "past_due" | "canceled";
    currentPeriodEnd: string;
    trialEnd: string;
  };
}

/** When the first charge after a trial is near. */
export interface SubscriptionTrialEnding {
  type: "subscription.trial_ending";
  timestamp: string;
  data: {
    version: 1;
    subscriptionId: string;
    userId: string;
    planId: string;
    status: "trialing" | "active" | "past_due" | "canceled";
    currentPeriodEnd: string;
    chargeAt: string;
    amount: number;
    currency: string;
    nextPlanId: string | null;
    needsPaymentMethod: boolean;
    awaitsConsent: boolean;
  };
}

/** When the first period is paid. */
export interface SubscriptionActivated {
  type: "subscription.activated";
  timestamp: string;
  data: {
    version: 1;
    subscriptionId: string;
    userId: string;
    planId: string;
    status: "trialing" | "active" | "past_due" | "canceled";
    currentPeriodEnd: string;
    chargeId: string;
    orderId?: string;
    amount?: number;
  };
}

/** When a later period is paid in time. */
export interface SubscriptionRenewed {
  type: "subscription.renewed";
  timestamp: string;
  data: {
    version: 1;
    subscriptionId: string;
    userId: string;
    planId: string;
    status: "trialing" | "active" | "past_due" | "canceled";
    currentPeriodEnd: string;
    chargeId: string;
    orderId: string;
    amount: number;
  };
}

/** When a period is paid after it was in arrears. */
export interface SubscriptionRecovered {
  type: "subscription.recovered";
  timestamp: string;
  data: {
    version: 1;
    subscriptionId: string;
    userId: string;
    planId: string;
    status: "trialing" | "active" | "past_due" | "canceled";
    currentPeriodEnd: string;
    chargeId: string;
    orderId: string;
    amount: number;
  };
}

/** When the next charge is near. */
export interface SubscriptionRenewalUpcoming {
  type: "subscription.renewal_upcoming";
  timestamp: string;
  data: {
    version: 1;
    subscriptionId: string;
    userId: string;
    planId: string;
    status: "trialing" | "active" | "past_due" | "canceled";
    currentPeriodEnd: string;
    chargeAt: string;
    amount: number;
    currency: string;
    nextPlanId: string | null;
    needsPaymentMethod: boolean;
    awaitsConsent: boolean;
  };
}

/** When a charge of a subscription is paid. */
export interface SubscriptionPaymentSucceeded {
  type: "subscription.payment_succeeded";
  timestamp: string;
  data: {
    version: 1;
    chargeId: string;
    kind: "start" | "renewal" | "upgrade" | "ad_hoc";
    subscriptionId: string | null;
    userId: string;
    planId: string | null;
    orderId: string | null;
    amount: number;
    currency: string;
    attempt: number;
    periodStart: string | null;
    periodEnd: string | null;
    nextAttemptAt: string | null;
    failureCode: string | null;
    failureClass: string | null;
  };
}

/** When a charge of a subscription was declined, or could not be made. */
export interface SubscriptionPaymentFailed {
  type: "subscription.payment_failed";
  timestamp: string;
  data: {
    version: 1;
    chargeId: string;
    kind: "start" | "renewal" | "upgrade" | "ad_hoc";
    subscriptionId: string | null;
    userId: string;
    planId: string | null;
    orderId: string | null;
    amount: number;
    currency: string;
    attempt: number;
    periodStart: string | null;
    periodEnd: string | null;
    nextAttemptAt: string | null;
    failureCode: string | null;
    failureClass: string | null;
  };
}

/** When the first decline of a period; access goes on until `accessEndsAt`. */
export interface SubscriptionPastDue {
  type: "subscription.past_due";
  timestamp: string;
  data: {
    version: 1;
    subscriptionId: string;
    userId: string;
    planId: string;
    status: "trialing" | "active" | "past_due" | "canceled";
    currentPeriodEnd: string;
    chargeId: string;
    accessEndsAt: string | null;
  };
}

/** When the card will not work again; another one is needed. */
export interface SubscriptionPaymentMethodRequired {
  type: "subscription.payment_method_required";
  timestamp: string;
  data: {
    version: 1;
    subscriptionId: string;
    userId: string;
    planId: string;
    status: "trialing" | "active" | "past_due" | "canceled";
    currentPeriodEnd: string;
    chargeId: string;
    accessEndsAt: string | null;
  };
}

/** When the last try was declined and `DUNNING_FINAL_ACTION` keeps the subscription without access. */
export interface SubscriptionAccessWithdrawn {
  type: "subscription.access_withdrawn";
  timestamp: string;
  data: {
    version: 1;
    subscriptionId: string;
    userId: string;
    planId: string;
    status: "trialing" | "active" | "past_due" | "canceled";
    currentPeriodEnd: string;
    reason: string;
    endedAt: string;
  };
}

/** When another plan will begin with the next period. */
export interface SubscriptionPlanChangePlanned {
  type: "subscription.plan_change_planned";
  timestamp: string;
  data: {
    version: 1;
    subscriptionId: string;
    userId: string;
    planId: string;
    status: "trialing" | "active" | "past_due" | "canceled";
    currentPeriodEnd: string;
    nextPlanId: string | null;
    from: string;
  };
}

/** When another plan is in force. */
export interface SubscriptionPlanChanged {
  type: "subscription.plan_changed";
  timestamp: string;
  data: {
    version: 1;
    subscriptionId: string;
    userId: string;
    planId: string;
    status: "trialing" | "active" | "past_due" | "canceled";
    currentPeriodEnd: string;
    amount: number;
  };
}

/** When a period was paid at another price of the same plan. */
export interface SubscriptionPriceChanged {
  type: "subscription.price_changed";
  timestamp: string;
  data: {
    version: 1;
    subscriptionId: string;
    userId: string;
    planId: string;
    status: "trialing" | "active" | "past_due" | "canceled";
    currentPeriodEnd: string;
    amountBefore: number;
    amount: number;
    currency: string;
    chargeId: string;
  };
}

/** When a subscription will end with its period. */
export interface SubscriptionCancelScheduled {
  type: "subscription.cancel_scheduled";
  timestamp: string;
  data: {
    version: 1;
    subscriptionId: string;
    userId: string;
    planId: string;
    status: "trialing" | "active" | "past_due" | "canceled";
    currentPeriodEnd: string;
    endsAt: string;
  };
}

/** When a scheduled end was taken back. */
export interface SubscriptionResumed {
  type: "subscription.resumed";
  timestamp: string;
  data: {
    version: 1;
    subscriptionId: string;
    userId: string;
    planId: string;
    status: "trialing" | "active" | "past_due" | "canceled";
    currentPeriodEnd: string;
  };
}

/** When a subscription has ended; `reason` says why. */
export interface SubscriptionCanceled {
  type: "subscription.canceled";
  timestamp: string;
  data: {
    version: 1;
    subscriptionId: string;
    userId: string;
    planId: string;
    status: "trialing" | "active" | "past_due" | "canceled";
    currentPeriodEnd: string;
    reason: "notice" | "canceled_now" | "payment_failed" | "refunded" | "user_deleted" | "consent_missing" | "consent_refused";
    endedAt: string;
    chargeId?: string;
    refunds?: (Record<string, unknown>)[];
  };
}

/** When the rest of a period will be given back; each refund is told as a payment when Toss has made it. */
export interface SubscriptionRefundPromised {
  type: "subscription.refund_promised";
  timestamp: string;
  data: {
    version: 1;
    subscriptionId: string;
    userId: string;
    planId: string;
    status: "trialing" | "active" | "past_due" | "canceled";
    currentPeriodEnd: string;
    refunds?: (Record<string, unknown>)[];
  };
}

/** When a charge outside any subscription is paid. */
export interface ChargeSucceeded {
  type: "charge.succeeded";
  timestamp: string;
  data: {
    version: 1;
    chargeId: string;
    kind: "start" | "renewal" | "upgrade" | "ad_hoc";
    subscriptionId: string | null;
    userId: string;
    planId: string | null;
    orderId: string | null;
    amount: number;
    currency: string;
    attempt: number;
    periodStart: string | null;
    periodEnd: string | null;
    nextAttemptAt: string | null;
    failureCode: string | null;
    failureClass: string | null;
  };
}

/** When a charge outside any subscription was declined. */
export interface ChargeFailed {
  type: "charge.failed";
  timestamp: string;
  data: {
    version: 1;
    chargeId: string;
    kind: "start" | "renewal" | "upgrade" | "ad_hoc";
    subscriptionId: string | null;
    userId: string;
    planId: string | null;
    orderId: string | null;
    amount: number;
    currency: string;
    attempt: number;
    periodStart: string | null;
    periodEnd: string | null;
    nextAttemptAt: string | null;
    failureCode: string | null;
    failureClass: string | null;
  };
}

/** When a subscriber is asked for consent. */
export interface ConsentAsked {
  type: "consent.asked";
  timestamp: string;
  data: {
    version: 1;
    consentId: string;
    subscriptionId: string;
    userId: string;
    planId: string;
    kind: "trial_conversion" | "price_rise";
    amountBefore: number;
    amount: number;
    currency: string;
    effectiveAt: string;
    opensAt: string;
    decidedAt: string | null;
    source: "subscription" | "link" | "shop" | "billing" | null;
  };
}

/** When a request for consent is repeated, seven days before its date. */
export interface ConsentReminded {
  type: "consent.reminded";
  timestamp: string;
  data: {
    version: 1;
    consentId: string;
    subscriptionId: string;
    userId: string;
    planId: string;
    kind: "trial_conversion" | "price_rise";
    amountBefore: number;
    amount: number;
    currency: string;
    effectiveAt: string;
    opensAt: string;
    decidedAt: string | null;
    source: "subscription" | "link" | "shop" | "billing" | null;
  };
}

/** When a subscriber consented. */
export interface ConsentGiven {
  type: "consent.given";
  timestamp: string;
  data: {
    version: 1;
    consentId: string;
    subscriptionId: string;
    userId: string;
    planId: string;
    kind: "trial_conversion" | "price_rise";
    amountBefore: number;
    amount: number;
    currency: string;
    effectiveAt: string;
    opensAt: string;
    decidedAt: string | null;
    source: "subscription" | "link" | "shop" | "billing" | null;
  };
}

/** When a subscriber refused, or took a consent back. */
export interface ConsentRefused {
  type: "consent.refused";
  timestamp: string;
  data: {
    version: 1;
    consentId: string;
    subscriptionId: string;
    userId: string;
    planId: string;
    kind: "trial_conversion" | "price_rise";
    amountBefore: number;
    amount: number;
    currency: string;
    effectiveAt: string;
    opensAt: string;
    decidedAt: string | null;
    source: "subscription" | "link" | "shop" | "billing" | null;
  };
}

/** When the date came, and nobody had answered. */
export interface ConsentLapsed {
  type: "consent.lapsed";
  timestamp: string;
  data: {
    version: 1;
    consentId: string;
    subscriptionId: string;
    userId: string;
    planId: string;
    kind: "trial_conversion" | "price_rise";
    amountBefore: number;
    amount: number;
    currency: string;
    effectiveAt: string;
    opensAt: string;
    decidedAt: string | null;
    source: "subscription" | "link" | "shop" | "billing" | null;
  };
}

/** When Toss and the database tell different things of a payment, and Toss's answer did not mend it. */
export interface ReconciliationDifference {
  type: "reconciliation.difference";
  timestamp: string;
  data: {
    version: 1;
    differenceId: string;
    runId: string;
    kind: "missing_here" | "missing_at_toss" | "amount" | "status" | "cancel_missing_here" | "cancel_missing_at_toss";
    paymentKey: string;
    transactionKey?: string;
    orderId?: string;
    reason: string;
    ours: {
      status?: string;
      amount?: number;
      balanceAmount?: number;
    } | null;
    theirs: {
      status?: string;
      amount?: number;
      balanceAmount?: number;
    } | null;
  };
}

/** When a user registered a card or account. */
export interface BillingMethodCreated {
  type: "billing_method.created";
  timestamp: string;
  data: {
    version: 1;
    billingMethodId: string;
    userId: string;
    method: "CARD" | "TRANSFER";
  };
}

/** When a registered card or account is charged no more. */
export interface BillingMethodDeleted {
  type: "billing_method.deleted";
  timestamp: string;
  data: {
    version: 1;
    billingMethodId: string;
    userId: string;
    subscriptionIds: (string)[];
    verified: true;
    verifiedBy: string;
  };
}

/** When somebody asked for it with `webhook-endpoints`; whatever types the endpoint gets. */
export interface WebhookTest {
  type: "webhook.test";
  timestamp: string;
  data: {
    version: 1;
    endpointId: string;
  };
}

/** When a payout changed, by a signed webhook of Toss that is handed on. */
export interface TossPayoutChanged {
  type: "toss.payout.changed";
  timestamp: string;
  data: {
    version: 1;
    verified: true;
    verifiedBy: string;
    receivedAt: string;
    body: Record<string, unknown>;
  };
}

/** When a seller changed, by a signed webhook of Toss that is handed on. */
export interface TossSellerChanged {
  type: "toss.seller.changed";
  timestamp: string;
  data: {
    version: 1;
    verified: true;
    verifiedBy: string;
    receivedAt: string;
    body: Record<string, unknown>;
  };
}

/** When an ARS reservation changed, by a signed webhook of Toss that is handed on. */
export interface TossArsReservationChanged {
  type: "toss.ars-reservation.changed";
  timestamp: string;
  data: {
    version: 1;
    verified: true;
    verifiedBy: string;
    receivedAt: string;
    body: Record<string, unknown>;
  };
}

/** When a customer's payment method changed at Toss, by a signed webhook of Toss that is handed on. */
export interface TossMethodUpdated {
  type: "toss.METHOD_UPDATED";
  timestamp: string;
  data: {
    version: 1;
    verified: true;
    verifiedBy: string;
    receivedAt: string;
    body: Record<string, unknown>;
  };
}

/** When a customer's state changed at Toss, by a signed webhook of Toss that is handed on. */
export interface TossCustomerStatusChanged {
  type: "toss.CUSTOMER_STATUS_CHANGED";
  timestamp: string;
  data: {
    version: 1;
    verified: true;
    verifiedBy: string;
    receivedAt: string;
    body: Record<string, unknown>;
  };
}

/** When a relay reports a settlement, by a signed webhook of Toss that is handed on. */
export interface TossSettlementCompleted {
  type: "toss.SETTLEMENT_COMPLETED";
  timestamp: string;
  data: {
    version: 1;
    verified: true;
    verifiedBy: string;
    receivedAt: string;
    body: Record<string, unknown>;
  };
}

/** The body of any event. Types that a later version adds are none of these: leave them. */
export type TossPaymentsEvent =
  | OrderPaid
  | OrderCanceled
  | OrderExpired
  | PaymentConfirmed
  | PaymentFailed
  | PaymentCanceled
  | PaymentPartiallyRefunded
  | PaymentRefunded
  | PaymentDepositReversed
  | VirtualAccountIssued
  | VirtualAccountExpired
  | CashReceiptIssued
  | CashReceiptCanceled
  | WithdrawalRequested
  | WithdrawalDecided
  | SubscriptionTrialStarted
  | SubscriptionTrialEnding
  | SubscriptionActivated
  | SubscriptionRenewed
  | SubscriptionRecovered
  | SubscriptionRenewalUpcoming
  | SubscriptionPaymentSucceeded
  | SubscriptionPaymentFailed
  | SubscriptionPastDue
  | SubscriptionPaymentMethodRequired
  | SubscriptionAccessWithdrawn
  | SubscriptionPlanChangePlanned
  | SubscriptionPlanChanged
  | SubscriptionPriceChanged
  | SubscriptionCancelScheduled
  | SubscriptionResumed
  | SubscriptionCanceled
  | SubscriptionRefundPromised
  | ChargeSucceeded
  | ChargeFailed
  | ConsentAsked
  | ConsentReminded
  | ConsentGiven
  | ConsentRefused
  | ConsentLapsed
  | ReconciliationDifference
  | BillingMethodCreated
  | BillingMethodDeleted
  | WebhookTest
  | TossPayoutChanged
  | TossSellerChanged
  | TossArsReservationChanged
  | TossMethodUpdated
  | TossCustomerStatusChanged
  | TossSettlementCompleted;
