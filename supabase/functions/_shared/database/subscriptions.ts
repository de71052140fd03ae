import { z } from "zod";
import type { Database } from "./client.ts";

/** A subscription as the API answers it. Times are ISO 8601 with offset. */
export const subscriptionView = z.object({
  id: z.string(),
  planId: z.string(),
  status: z.enum(["trialing", "active", "past_due", "canceled"]),
  currentPeriodStart: z.string(),
  currentPeriodEnd: z.string(),
  nextChargeAt: z.string().nullable(),
  cancelAtPeriodEnd: z.boolean(),
  canceledAt: z.string().nullable(),
  endedAt: z.string().nullable(),
  billingMethodId: z.string().nullable(),
  needsPaymentMethod: z.boolean(),
  nextPlanId: z.string().nullable(),
  createdAt: z.string(),
});

/** A subscription as its user sees it. */
export type SubscriptionView = z.output<typeof subscriptionView>;

/** What the settlement of a charge made of it and of its subscription. */
export const settledCharge = z.object({
  chargeId: z.string(),
  subscription: subscriptionView.nullable(),
});

/** What keeps a user from subscribing to a plan. */
export const planClaim = z.object({
  /** The live subscription; absent while it is being paid for the first time. */
  subscriptionId: z.string().optional(),
  /** Set when it is another plan of the same group. */
  hint: z.literal("change_plan").optional(),
});

/** The subscription, live or about to be, that is in the way of another one. */
export type PlanClaim = z.output<typeof planClaim>;

/** What a plan costs, for whoever was shown something else. */
export const planTerms = z.object({
  planId: z.string(),
  amount: z.number().int(),
  currency: z.string(),
  interval: z.string(),
  intervalCount: z.number().int(),
  trialDays: z.number().int(),
});

/** What a plan costs, how often, and after which trial. */
export type PlanTerms = z.output<typeof planTerms>;

/** The refusal of whoever has tried too often. */
export const tooManyAttempts = z.object({
  outcome: z.literal("too_many_attempts"),
  retryAfterSeconds: z.number().int(),
});

/** What happens to a subscription whose charge is declined. */
export interface DunningPolicy {
  /** Days after the first decline, rising; the last one triggers the final action. */
  scheduleDays: readonly number[];
  finalAction: "cancel" | "keep_past_due";
}

const advanced = z.object({
  ended: z.number().int(),
  reminded: z.number().int(),
  remaining: z.number().int(),
});

/** Ends subscriptions whose access is over and writes the reminders that are due. */
export function advanceSubscriptions(
  database: Database,
  request: { limit: number; asOf: string | null; dunning: DunningPolicy },
): Promise<z.output<typeof advanced>> {
  return database.call("advance_subscriptions", { ...request }, advanced);
}
