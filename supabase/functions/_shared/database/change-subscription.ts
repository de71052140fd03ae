import { z } from "zod";
import { chargeOperation } from "./charges.ts";
import type { Database } from "./client.ts";
import type { LeaseRequest } from "./lease.ts";
import {
  type DunningPolicy,
  planClaim,
  planTerms,
  subscriptionView,
  tooManyAttempts,
} from "./subscriptions.ts";

/** What can be asked of a subscription. */
export const SUBSCRIPTION_ACTIONS = [
  "cancel_at_period_end",
  "resume",
  "cancel_now",
  "change_plan",
  "change_method",
  "retry_payment",
  "consent",
  "decline_consent",
] as const;

/** One of {@link SUBSCRIPTION_ACTIONS}. */
export type SubscriptionAction = typeof SUBSCRIPTION_ACTIONS[number];

const refund = z.object({
  paymentKey: z.string(),
  orderId: z.string(),
  /** In won. */
  amount: z.number().int(),
  /** The refund's idempotency token. */
  refundRequestId: z.string(),
});

/** Money of one payment to give back for the rest of a period. */
export type PeriodRefund = z.output<typeof refund>;

const refusals = [
  z.object({ outcome: z.literal("subscription_not_found") }),
  z.object({ outcome: z.literal("plan_not_found") }),
  z.object({ outcome: z.literal("plan_not_billable") }),
  z.object({ outcome: z.literal("method_not_found") }),
  planClaim.extend({ outcome: z.literal("already_subscribed") }),
  z.object({ outcome: z.literal("operation_in_progress") }),
  z.object({ outcome: z.literal("consent_not_open") }),
  tooManyAttempts,
  z.object({
    outcome: z.literal("illegal"),
    status: z.string(),
    reason: z.string(),
  }),
] as const;

const answer = z.discriminatedUnion("outcome", [
  z.object({ outcome: z.literal("changed"), subscription: subscriptionView }),
  z.object({
    outcome: z.literal("charge"),
    subscription: subscriptionView,
    charge: chargeOperation,
  }),
  z.object({
    outcome: z.literal("refund"),
    subscription: subscriptionView,
    /** Of the period's charge, and of an upgrade within it. */
    refunds: z.array(refund),
  }),
  ...refusals,
]);

/** What `change_subscription` answers. */
export type ChangeSubscriptionAnswer = z.output<typeof answer>;

/** What a change would do. */
export const subscriptionPreview = z.object({
  /** As it would be afterwards, its charge approved; `id` null when there is none yet. */
  subscription: subscriptionView.extend({ id: z.string().nullable() }),
  accessEndsAt: z.string().nullable(),
  /** What would be charged at once, in won. */
  charge: z.object({
    amount: z.number().int(),
    currency: z.string(),
    billingMethodId: z.string(),
    planId: z.string(),
    periodStart: z.string(),
    periodEnd: z.string(),
  }).nullable(),
  /** What would be given back at once, in won. */
  refunds: z.array(z.object({ orderId: z.string(), amount: z.number().int() })),
  nextCharge: z.object({
    at: z.string(),
    planId: z.string(),
    amount: z.number().int(),
    currency: z.string(),
    /** It is not made unless the subscriber agrees before. */
    needsConsent: z.boolean(),
  }).nullable(),
});

const previewed = z.discriminatedUnion("outcome", [
  subscriptionPreview.extend({ outcome: z.literal("preview") }),
  z.object({ outcome: z.literal("processing") }),
  z.object({ outcome: z.literal("plan_changed"), plan: planTerms }),
  ...refusals,
]);

/** What `preview_subscription_change` answers. */
export type PreviewAnswer = z.output<typeof previewed>;

/** A change and who asks for it. */
export interface ChangeSubscriptionRequest extends LeaseRequest {
  subscriptionId: string;
  /** Null = an operator, who may change every subscription. */
  userId: string | null;
  action: SubscriptionAction;
  planId?: string | undefined;
  billingMethodId?: string | undefined;
  consentId?: string | undefined;
  refund?: "none" | "prorated" | undefined;
  dunning: DunningPolicy;
}

/** Moves a subscription; see the comment on `public.change_subscription`. */
export function changeSubscription(
  database: Database,
  request: ChangeSubscriptionRequest,
): Promise<ChangeSubscriptionAnswer> {
  return database.call("change_subscription", { ...request }, answer);
}

/** Shows what a change, or a new subscription, would do; see the comment on `public.preview_subscription_change`. */
export function previewSubscriptionChange(
  database: Database,
  request: Omit<ChangeSubscriptionRequest, "subscriptionId" | "action"> & {
    subscriptionId?: string;
    action: SubscriptionAction | "subscribe";
  },
): Promise<PreviewAnswer> {
  return database.call(
    "preview_subscription_change",
    { ...request },
    previewed,
  );
}
