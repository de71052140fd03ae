import { z } from "zod";
import type { Database } from "./client.ts";
import { tossKeys } from "./lease.ts";

const text = z.string().nullable();
const amount = z.number().int();

const payment = z.object({
  paymentKey: z.string(),
  orderId: z.string(),
  status: z.string(),
  method: text,
  totalAmount: amount,
  balanceAmount: amount,
  reservedAmount: amount,
  currency: z.string(),
  requestedAt: text,
  approvedAt: text,
  canceledAt: text,
  failureCode: text,
  failureMessage: text,
  receiptUrl: text,
  /** Whether it is the payment that pays its order, or whose deposit the order waits for. */
  paysOrder: z.boolean(),
  /** Until when a virtual account takes its deposit. */
  dueAt: text,
  /** Toss's word on the transfer of a refund to the buyer's account. */
  refundStatus: text,
  isVirtualAccount: z.boolean().nullable(),
  createdAt: z.string(),
  /** When Toss was last asked about it. */
  askedAt: text,
  cancels: z.array(z.object({
    transactionKey: z.string(),
    amount,
    status: z.string(),
    canceledAt: text,
    reason: text,
    /** Asked for here, and not in Toss's dashboard. */
    isOurs: z.boolean(),
    createdAt: z.string(),
  })),
});

const operation = z.object({
  id: z.string(),
  kind: z.string(),
  state: z.enum(["started", "unknown", "succeeded", "rejected"]),
  orderId: text,
  paymentKey: text,
  amount: amount.nullable(),
  errorCode: text,
  errorMessage: text,
  isFinal: z.boolean().nullable(),
  attempts: amount,
  isQueued: z.boolean(),
  requestId: text,
  requestedBy: text,
  reason: text,
  cancelAll: z.boolean().nullable(),
  taxFreeAmount: amount.nullable(),
  createdAt: z.string(),
  finishedAt: text,
  /** Not before then Toss is asked again. */
  nextAt: z.string(),
  leaseExpiresAt: z.string(),
});

const charge = z.object({
  id: z.string(),
  kind: z.string(),
  status: z.string(),
  amount,
  attempt: amount,
  periodStart: text,
  periodEnd: text,
  orderId: text,
  nextAttemptAt: text,
  failureCode: text,
  failureClass: text,
  paidAt: text,
  createdAt: z.string(),
});

const found = z.object({
  outcome: z.literal("found"),
  /** The database's time of the reading. */
  at: z.string(),
  isOfSubscription: z.boolean(),
  /** The order that was named, or a subscription's last one; null while it has none. */
  order: z.object({
    id: z.string(),
    reference: text,
    status: z.string(),
    orderName: z.string(),
    amount,
    taxFreeAmount: amount,
    currency: z.string(),
    paymentKey: text,
    planId: text,
    isGuest: z.boolean(),
    isCharge: z.boolean(),
    createdAt: z.string(),
    expiresAt: z.string(),
  }).nullable(),
  orders: z.array(z.object({
    id: z.string(),
    status: z.string(),
    amount,
    createdAt: z.string(),
    tossKeys,
    tossClientKey: text,
  })),
  payments: z.array(payment),
  operations: z.array(operation),
  /** The audit log. */
  moves: z.array(z.object({
    at: z.string(),
    event: z.string(),
    source: z.string(),
    orderId: text,
    paymentKey: text,
    from: text,
    to: text,
    amount: amount.nullable(),
    requestId: text,
    code: text,
    shortProductId: text,
    balanceAmount: z.number().nullable(),
  })),
  webhooks: z.array(z.object({
    id: z.string(),
    type: text,
    status: z.string(),
    orderId: text,
    paymentKey: text,
    verifiedBy: text,
    deliveries: amount,
    attempts: amount,
    lastError: text,
    nextAt: z.string(),
    createdAt: z.string(),
    processedAt: text,
  })),
  subscription: z.object({
    id: z.string(),
    status: z.string(),
    planId: z.string(),
    amount,
    currency: z.string(),
    currentPeriodStart: z.string(),
    currentPeriodEnd: z.string(),
    nextChargeAt: text,
    cancelAtPeriodEnd: z.boolean(),
    needsPaymentMethod: z.boolean(),
    accessEndsAt: text,
    canceledAt: text,
    endedAt: text,
    endReason: text,
    createdAt: z.string(),
    charges: z.array(charge),
  }).nullable(),
  alerts: z.array(z.object({
    alert: z.string(),
    level: z.enum(["warning", "critical"]),
    subject: z.string(),
    detail: text,
    since: text,
  })),
  lateJobs: z.array(z.string()),
  receipts: z.array(z.object({
    receiptKey: z.string(),
    paymentKey: z.string(),
    transactionType: z.string(),
    type: z.string(),
    amount,
    canceledAmount: amount,
    status: z.string(),
    isSelfIssued: z.boolean(),
    isOurs: z.boolean(),
    createdAt: z.string(),
  })),
  notices: z.array(z.object({
    id: z.string(),
    notice: z.string(),
    channel: z.string(),
    status: z.string(),
    error: text,
    createdAt: z.string(),
    sentAt: text,
  })),
  deliveries: z.array(z.object({
    id: z.string(),
    eventId: z.string(),
    type: text,
    endpointId: z.string(),
    endpointStatus: z.string(),
    status: z.string(),
    attempts: amount,
    responseStatus: amount.nullable(),
    createdAt: z.string(),
    finishedAt: text,
  })),
  withdrawals: z.array(z.object({
    id: z.string(),
    status: z.string(),
    requestedAt: z.string(),
    dueAt: z.string(),
    decidedAt: text,
    refundOperationId: text,
  })),
  differences: z.array(z.object({
    kind: z.string(),
    paymentKey: z.string(),
    transactionKey: text,
    reason: z.string(),
    resolution: text,
    createdAt: z.string(),
    resolvedAt: text,
  })),
  owedHooks: amount,
  hasPaidAccess: z.boolean(),
});

const answer = z.discriminatedUnion("outcome", [
  found,
  z.object({ outcome: z.literal("not_found") }),
]);

/** Every row that tells of one order, or of one subscription; times ISO 8601, amounts in the minor unit. */
export type StoryRows = z.output<typeof found>;

/** A payment as the rows tell it. */
export type ToldPayment = z.output<typeof payment>;

/** A call to Toss as the rows tell it. */
export type ToldOperation = z.output<typeof operation>;

/** A charge of a subscription as the rows tell it. */
export type ToldCharge = z.output<typeof charge>;

/**
 * Reads what an id means, in one transaction that writes nothing; see the comment on `public.read_story`.
 *
 * @param id an orderId, paymentKey, subscription's id, the shop's reference, or the id of a row about one
 * @returns null when nothing has this id
 */
export async function readStoryRows(
  database: Database,
  id: string,
): Promise<StoryRows | null> {
  const read = await database.call("read_story", { id }, answer);
  return read.outcome === "found" ? read : null;
}
