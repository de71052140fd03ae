// Written by `npx -y deno task docs` from the schemas that check the requests.

/** Every code of the functions. */
export type ErrorCode =
  | "invalid_request"
  | "invalid_json"
  | "cart_empty"
  | "unauthorized"
  | "invalid_signature"
  | "payment_confirm_failed"
  | "cancel_failed"
  | "cash_receipt_failed"
  | "billing_issue_failed"
  | "forbidden"
  | "ip_not_allowed"
  | "not_found"
  | "order_not_found"
  | "payment_not_found"
  | "product_not_found"
  | "plan_not_found"
  | "subscription_not_found"
  | "billing_method_not_found"
  | "cash_receipt_not_found"
  | "withdrawal_not_found"
  | "endpoint_not_found"
  | "difference_not_found"
  | "method_not_allowed"
  | "insufficient_stock"
  | "payment_already_confirmed"
  | "operation_in_progress"
  | "reference_conflict"
  | "cash_receipt_exists"
  | "nothing_to_withdraw"
  | "withdrawal_excluded"
  | "withdrawal_decided"
  | "already_subscribed"
  | "consent_not_open"
  | "payment_expired"
  | "payload_too_large"
  | "payment_amount_mismatch"
  | "cancel_amount_exceeds_balance"
  | "refund_account_required"
  | "not_a_cash_payment"
  | "partial_refund_not_possible"
  | "customer_key_mismatch"
  | "url_not_allowed"
  | "too_many_attempts"
  | "not_configured"
  | "internal_error"
  | "payment_provider_error"
  | "storage_unavailable";

/** What a page does after a refusal. */
export type ErrorAction =
  | "retry"
  | "retry_later"
  | "use_another_method"
  | "fix_input"
  | "start_over"
  | "contact_issuer"
  | "contact_support"
  | "none";

/** What `POST checkout` takes. */
export type CheckoutRequest = {
  items?: ({
    productId: string;
    quantity: number;
  })[] | undefined;
  planId?: string | undefined;
  ui?: "widget" | "window" | undefined;
  customerEmail?: string | undefined;
  customerMobilePhone?: string | undefined;
  customerName?: string | undefined;
  metadata?: Record<string, string> | undefined;
} | {
  lines: ({
    name: string;
    unitPrice: number;
    quantity: number;
    taxFree?: boolean | undefined;
    withdrawal?: "allowed" | "excluded_after_use" | "excluded" | undefined;
  })[];
  adjustments?: ({
    kind: "shipping" | "discount" | "coupon" | "points" | "other";
    name: string;
    amount: number;
    taxFree?: boolean | undefined;
  })[] | undefined;
  userId?: string | undefined;
  reference?: string | undefined;
  orderName?: string | undefined;
  expiresInMinutes?: number | undefined;
  ui?: "widget" | "window" | undefined;
  customerEmail?: string | undefined;
  customerMobilePhone?: string | undefined;
  customerName?: string | undefined;
  metadata?: Record<string, string> | undefined;
};

/** What `POST checkout` answers. Price a cart and open an order. */
export type CheckoutAnswer = {
  orderId: string;
  orderName: string;
  /** Minor unit of the currency; KRW: won. */
  amount: number;
  currency: string;
  /** Minor unit of the currency; KRW: won. */
  taxFreeAmount: number;
  /** There when the order does not wait for its payment: one of nothing, or a known one. */
  status?: string;
  customerKey: string;
  clientKey: string;
  successUrl: string;
  failUrl: string;
  /** ISO 8601 with offset. */
  expiresAt: string;
};

/** What `POST confirm` takes. */
export type ConfirmRequest = {
  paymentKey: string;
  orderId: string;
  amount: number;
};

/** What `POST confirm` answers. Confirm a payment. */
export type ConfirmAnswer = {
  status: "confirmed" | "waiting_for_deposit";
  orderId: string;
  paymentKey: string;
  amount: number;
  approvedAt: string | null;
  method: string | null;
  receiptUrl: string | null;
  virtualAccount?: {
    bankCode: string | null;
    accountNumber: string;
    customerName: string | null;
    dueDate: string | null;
    bankName: string | null;
  };
} | {
  status: "processing";
  orderId: string;
};

/** What `POST virtual-account` takes. */
export type VirtualAccountRequest = {
  orderId: string;
  bank: string;
  customerName: string;
  validHours?: number | undefined;
  cashReceipt?: {
    type: "소득공제" | "지출증빙" | "미발행";
    registrationNumber?: string | undefined;
  } | undefined;
  escrow?: boolean | undefined;
  escrowProducts?: ({
    id: string;
    name: string;
    code: string;
    unitPrice: number;
    quantity: number;
  })[] | undefined;
  customerEmail?: string | undefined;
  customerMobilePhone?: string | undefined;
};

/** What `POST virtual-account` answers. Issue a virtual account. */
export type VirtualAccountAnswer = {
  orderId: string;
  paymentKey: string;
  /** Minor unit of the currency; KRW: won. */
  amount: number;
  virtualAccount: {
    bankCode: string | null;
    bankName: string | null;
    accountNumber: string;
    customerName: string | null;
    dueDate: string | null;
  };
} | {
  status: "processing";
  orderId: string;
};

/** What `POST cancel` takes. */
export type CancelRequest = {
  orderId?: string | undefined;
  paymentKey?: string | undefined;
  amount?: number | undefined;
  cancelReason: string;
  cancelAmount?: number | undefined;
  taxFreeAmount?: number | undefined;
  refundReceiveAccount?: {
    bank: string;
    accountNumber: string;
    holderName: string;
  } | undefined;
  requestId: string;
};

/** What `POST cancel` answers. Give money back. */
export type CancelAnswer = {
  status: "refunded" | "partially_refunded" | "canceled";
  orderId: string;
  paymentKey: string | null;
  /** Minor unit of the currency; KRW: won. */
  canceledAmount: number;
  /** Minor unit of the currency; KRW: won. */
  balanceAmount: number;
  cancels: ({
    transactionKey: string;
    /** Minor unit of the currency; KRW: won. */
    amount: number;
    reason: string | null;
    canceledAt: string | null;
  })[];
} | {
  status: "processing";
  orderId: string;
  requestId: string;
};

/** What `POST cash-receipt` takes. */
export type CashReceiptRequest = {
  orderId: string;
  type: "소득공제" | "지출증빙";
  customerIdentityNumber: string;
  requestId: string;
};

/** What `POST cash-receipt` answers. Issue a cash receipt. */
export type CashReceiptAnswer = {
  receiptKey: string;
  orderId: string;
  type: string;
  /** Minor unit of the currency; KRW: won. */
  amount: number;
  issueStatus: "IN_PROGRESS" | "COMPLETED" | "FAILED";
  receiptUrl: string | null;
} | {
  status: "processing";
  orderId: string;
  requestId: string;
};

/** What `DELETE cash-receipt` takes. */
export type CashReceiptDeleteRequest = {
  orderId: string;
  amount?: number | undefined;
  requestId: string;
};

/** What `DELETE cash-receipt` answers. Cancel a cash receipt. */
export type CashReceiptDeleteAnswer = {
  orderId: string;
  receiptKey: string;
  /** Minor unit of the currency; KRW: won. */
  amount: number;
  issueStatus: "IN_PROGRESS" | "COMPLETED" | "FAILED";
} | {
  status: "processing";
  orderId: string;
  requestId: string;
};

/** What `POST withdrawal` takes. */
export type WithdrawalRequest = {
  orderId: string;
  reason: string;
  requestId: string;
} | {
  action: "accept";
  withdrawalId: string;
  reason?: string | undefined;
  cancelAmount?: number | undefined;
  refundReceiveAccount?: {
    bank: string;
    accountNumber: string;
    holderName: string;
  } | undefined;
} | {
  action: "refuse";
  withdrawalId: string;
  reason?: string | undefined;
} | {
  action: "mark_used";
  orderId: string;
  productId?: string | undefined;
};

/** What `POST withdrawal` answers. Give an order back (청약철회). */
export type WithdrawalAnswer = {
  withdrawalId: string;
  status: "requested";
  /** ISO 8601 with offset. */
  dueAt: string;
} | {
  withdrawalId: string;
  status: "accepted";
  refund: {
    status: "partially_refunded" | "refunded" | "canceled";
    orderId: string;
    paymentKey: string;
    /** Minor unit of the currency; KRW: won. */
    canceledAmount: number;
    /** Minor unit of the currency; KRW: won. */
    balanceAmount: number;
    cancels: ({
      transactionKey: string;
      amount: number;
      reason: string | null;
      canceledAt: string | null;
    })[];
  };
} | {
  withdrawalId: string;
  status: "refused";
} | {
  orderId: string;
  items: ({
    productId: string | null;
    name: string;
    /** ISO 8601 with offset. */
    usedAt: string;
  })[];
} | {
  withdrawalId: string;
  status: "requested";
  /** ISO 8601 with offset. */
  dueAt: string;
} | {
  status: "processing";
  withdrawalId: string;
};

/** What `POST operator` takes. */
export type OperatorRequest = {
  action: "order";
  id: string;
} | {
  action: "search";
  text: string;
} | {
  action: "replay_event";
  eventId: string;
} | {
  action: "replay_delivery";
  eventId: string;
  endpointId: string;
} | {
  action: "settle_difference";
  differenceId: string;
};

/** What `POST operator` answers. What the shop's own people ask. */
export type OperatorAnswer = {
  /** the order; of a subscription its last one, null while it has none. */
  order: {
    id: string;
    reference: string | null;
    status: string;
    orderName: string;
    /** in the currency's minor unit. */
    amount: number;
    /** in the currency's minor unit. */
    taxFreeAmount: number;
    currency: string;
    createdAt: string;
    expiresAt: string;
  } | null;
  /** as the database has them. */
  payments: ({
    paymentKey: string;
    orderId: string;
    status: string;
    method: string | null;
    /** in the currency's minor unit. */
    totalAmount: number;
    /** in the currency's minor unit. */
    balanceAmount: number;
    currency: string;
    approvedAt: string | null;
    paysOrder: boolean;
    cancels: ({
      transactionKey: string | null;
      /** in the currency's minor unit. */
      amount: number;
      status: string;
      canceledAt: string | null;
    })[];
  })[];
  subscription: {
    id: string;
    status: string;
    planId: string;
    /** in the currency's minor unit. */
    amount: number;
    currency: string;
    currentPeriodStart: string;
    currentPeriodEnd: string;
    nextChargeAt: string | null;
    cancelAtPeriodEnd: boolean;
    endedAt: string | null;
    endReason: string | null;
  } | null;
  /** what Toss says now; null when it knows no payment or could not be asked, which the timeline says. */
  toss: {
    status: string;
    paymentKey: string;
    orderId: string;
    method: string | null;
    /** in the currency's minor unit. */
    totalAmount: number;
    /** in the currency's minor unit. */
    balanceAmount: number;
    currency: string;
    requestedAt: string | null;
    approvedAt: string | null;
    cancels: ({
      transactionKey: string | null;
      /** in the currency's minor unit. */
      amount: number;
      status: string;
      canceledAt: string | null;
    })[];
    dueAt: string | null;
    refundStatus: string | null;
  } | null;
  differs: boolean;
  differences: ({
    paymentKey: string;
    field: string;
    ours: string | number | null;
    theirs: string | number | null;
    text: string;
  })[];
  /** the next step; null when nothing is to be done. */
  next: {
    /** runs as pasted, with the variables of `toss status`. */
    command: string;
    why: string;
  } | null;
  /** the oldest first; the last line is how it stands. */
  timeline: ({
    /** ISO 8601, time of Seoul. */
    at: string;
    kind: "request" | "operation" | "toss" | "webhook" | "move" | "refund" | "receipt" | "notice" | "delivery" | "withdrawal" | "difference" | "subscription" | "now";
    text: string;
  })[];
} | {
  results: ({
    kind: "order" | "subscription";
    id: string;
    title: string;
    status: string;
    /** Minor unit of the currency; KRW: won. */
    amount: number;
    currency: string;
    /** ISO 8601 with offset. */
    createdAt: string;
    reference: string | null;
  })[];
} | {
  replayed: number;
} | {
  differenceId: string;
  resolution: "healed" | "by_hand";
};

/** What `POST billing-issue/prepare` takes. */
export type BillingIssuePrepareRequest = {
  planId?: string | undefined;
  method?: "CARD" | "TRANSFER" | undefined;
};

/** What `POST billing-issue/prepare` answers. Prepare the registration of a card or an account. */
export type BillingIssuePrepareAnswer = {
  method: "CARD" | "TRANSFER";
  customerKey: string;
  clientKey: string;
  successUrl: string;
  failUrl: string;
};

/** What `POST billing-issue` takes. */
export type BillingIssueRequest = {
  authKey: string;
  customerKey: string;
  planId?: string | undefined;
};

/** What `POST billing-issue` answers. Register a card or an account, and subscribe. */
export type BillingIssueAnswer = {
  billingMethodId: string;
  method: "CARD" | "TRANSFER";
  /** Of a card. */
  card?: {
    issuerCode: string | null;
    /** Masked. */
    number: string | null;
    cardType: string | null;
  };
  /** Of an account. */
  account?: {
    bankName: string | null;
    /** Masked. */
    number: string | null;
  };
  subscription?: {
    id: string;
    planId: string;
    status: "trialing" | "active" | "past_due" | "canceled";
    currentPeriodStart: string;
    currentPeriodEnd: string;
    nextChargeAt: string | null;
    cancelAtPeriodEnd: boolean;
    canceledAt: string | null;
    endedAt: string | null;
    billingMethodId: string | null;
    needsPaymentMethod: boolean;
    nextPlanId: string | null;
    createdAt: string;
  };
} | {
  status: "processing";
  billingMethodId?: string;
};

/** What `DELETE billing-issue` takes. */
export type BillingIssueDeleteRequest = {
  billingMethodId: string;
};

/** What `DELETE billing-issue` answers. Remove a billing method. */
export type BillingIssueDeleteAnswer = {
  billingMethodId: string;
  status: "deleted";
};

/** What `POST subscription` takes. */
export type SubscriptionRequest = {
  subscriptionId: string;
  action: "cancel_at_period_end" | "resume" | "cancel_now" | "change_plan" | "change_method" | "retry_payment" | "consent" | "decline_consent";
  planId?: string | undefined;
  billingMethodId?: string | undefined;
  consentId?: string | undefined;
  refund?: "none" | "prorated" | undefined;
  preview?: boolean | undefined;
} | {
  action: "subscribe";
  planId: string;
  billingMethodId: string;
  preview?: boolean | undefined;
};

/** What `POST subscription` answers. Change a subscription. */
export type SubscriptionAnswer = {
  id: string;
  planId: string;
  status: "trialing" | "active" | "past_due" | "canceled";
  currentPeriodStart: string;
  currentPeriodEnd: string;
  nextChargeAt: string | null;
  cancelAtPeriodEnd: boolean;
  canceledAt: string | null;
  endedAt: string | null;
  billingMethodId: string | null;
  needsPaymentMethod: boolean;
  nextPlanId: string | null;
  createdAt: string;
} | {
  subscription: {
    id: string | null;
    planId: string;
    status: "trialing" | "active" | "past_due" | "canceled";
    currentPeriodStart: string;
    currentPeriodEnd: string;
    nextChargeAt: string | null;
    cancelAtPeriodEnd: boolean;
    canceledAt: string | null;
    endedAt: string | null;
    billingMethodId: string | null;
    needsPaymentMethod: boolean;
    nextPlanId: string | null;
    createdAt: string;
  };
  accessEndsAt: string | null;
  charge: {
    amount: number;
    currency: string;
    billingMethodId: string;
    planId: string;
    periodStart: string;
    periodEnd: string;
  } | null;
  refunds: ({
    orderId: string;
    amount: number;
  })[];
  nextCharge: {
    at: string;
    planId: string;
    amount: number;
    currency: string;
    needsConsent: boolean;
  } | null;
  preview: true;
} | {
  billingMethodId: string;
  method: "CARD" | "TRANSFER";
  /** Of a card. */
  card?: {
    issuerCode: string | null;
    /** Masked. */
    number: string | null;
    cardType: string | null;
  };
  /** Of an account. */
  account?: {
    bankName: string | null;
    /** Masked. */
    number: string | null;
  };
  subscription?: {
    id: string;
    planId: string;
    status: "trialing" | "active" | "past_due" | "canceled";
    currentPeriodStart: string;
    currentPeriodEnd: string;
    nextChargeAt: string | null;
    cancelAtPeriodEnd: boolean;
    canceledAt: string | null;
    endedAt: string | null;
    billingMethodId: string | null;
    needsPaymentMethod: boolean;
    nextPlanId: string | null;
    createdAt: string;
  };
} | {
  status: "processing";
  subscriptionId?: string;
  billingMethodId?: string;
};

/** What `POST subscription/consent` takes. */
export type SubscriptionConsentRequest = {
  token: string;
  action: "consent" | "decline_consent";
};

/** What `POST subscription/consent` answers. Answer a request for consent by link. */
export type SubscriptionConsentAnswer = {
  consentId: string;
  kind: "trial_conversion" | "price_rise";
  planId: string;
  planName: string;
  amountBefore: number;
  amountAfter: number;
  currency: string;
  effectiveAt: string;
  interval: string;
  intervalCount: number;
  method: string | null;
  methodNumber: string | null;
  decision: string | null;
  decidedAt: string | null;
  endsWithout: boolean;
  isOpen: boolean;
  text: {
    ko: {
      title: string;
      lead: string;
      rows: ({
        label: string;
        value: string | null;
      })[];
      closing: (string)[];
      give: string;
      refuse: string;
    };
    en: {
      title: string;
      lead: string;
      rows: ({
        label: string;
        value: string | null;
      })[];
      closing: (string)[];
      give: string;
      refuse: string;
    };
  };
};

/** What `POST billing-charge` takes. */
export type BillingChargeRequest = {
  subscriptionId?: string | undefined;
  userId?: string | undefined;
  amount?: number | undefined;
  orderName?: string | undefined;
  requestId?: string | undefined;
  limit?: number | undefined;
  dryRun?: boolean | undefined;
  asOf?: string | undefined;
};

/** What `POST billing-charge` answers. Charge what is due. */
export type BillingChargeAnswer = {
  claimed: number;
  paid: number;
  declined: number;
  unknown: number;
  remaining: number;
  runId: string;
  /** For a charge by `userId`. */
  charge?: {
    chargeId: string;
    orderId: string;
    status: "paid" | "declined" | "unknown";
    tossCode?: string;
  };
  /** For a `dryRun`. */
  charges?: ({
    subscriptionId: string;
    userId: string;
    planId: string;
    amount: number;
    currency: string;
    periodStart: string;
    periodEnd: string;
    attempt: number;
    missedPeriods: number;
  })[];
};

/** What `POST webhook-endpoints` takes. */
export type WebhookEndpointsRequest = {
  action: "create";
  url: string;
  eventTypes?: (string)[] | undefined;
  description?: string | undefined;
} | {
  action: "rotate";
  id: string;
} | {
  action: "test";
  id: string;
} | {
  action: "enable";
  id: string;
} | {
  action: "disable";
  id: string;
};

/** What `POST webhook-endpoints` answers. Say where events are sent. */
export type WebhookEndpointsAnswer = {
  id: string;
  url: string;
  eventTypes: (string)[] | null;
  status: "active" | "disabled";
  description: string | null;
  createdAt: string;
  disabledAt: string | null;
  disabledReason: string | null;
  secret?: string;
} | {
  id: string;
  url: string;
  eventTypes: (string)[] | null;
  status: "active" | "disabled";
  description: string | null;
  createdAt: string;
  disabledAt: string | null;
  disabledReason: string | null;
  secret: string;
};

/** What `POST worker` takes. */
export type WorkerRequest = {
  job: "webhooks" | "operations" | "expiry" | "cash_receipts" | "outbox" | "housekeeping" | "reconcile" | "import";
  limit?: number | undefined;
  asOf?: string | undefined;
  from?: string | undefined;
  to?: string | undefined;
};

/** What `POST worker` answers. Do a slice of background work. */
export type WorkerAnswer = {
  job: string;
};

/** What `GET health` answers. Say whether all is well. */
export type HealthAnswer = {
  status: "ok" | "attention" | "critical";
  version: string;
  operations?: {
    open: number;
    unknown: number;
    oldestUnknownSeconds: number | null;
  };
  webhooks?: {
    waiting: number;
    failed: number;
    dead: number;
    oldestWaitingSeconds: number | null;
  };
  overdueOrders?: number;
  sweep?: {
    due: number;
    oldestDueSeconds: number | null;
  };
  jobs?: ({
    job: string;
    lastFinishedAt: string | null;
    isLate: boolean;
  })[];
  alerts?: {
    warning: number;
    critical: number;
  };
  tossKeysInUse?: ("main" | "widget" | "billing")[];
  invariantViolations?: number;
  configuration?: {
    tossMode: "test" | "live";
    tossKeyFamily: "api" | "widget";
    tossPairs: ({
      keys: "main" | "widget" | "billing";
      family: "api" | "widget";
    })[];
    tossKeysMissing: ("main" | "widget" | "billing")[];
    tossApiBaseUrl: string;
    appUrl: string;
    encryptionKeyIds: (string)[];
    activeEncryptionKeyId: string;
  };
  caller?: "cron";
};
