import { z } from "zod";
import { billingMethodView } from "./billing-issue.ts";
import { chargeOperation } from "./charges.ts";
import type { Database } from "./client.ts";
import type { LeaseRequest } from "./lease.ts";
import {
  planClaim,
  planTerms,
  subscriptionView,
  tooManyAttempts,
} from "./subscriptions.ts";

const subscribed = z.discriminatedUnion("outcome", [
  z.object({
    outcome: z.literal("subscribed"),
    billingMethod: billingMethodView,
    subscription: subscriptionView,
  }),
  z.object({
    outcome: z.literal("charge"),
    billingMethod: billingMethodView,
    charge: chargeOperation,
  }),
  z.object({ outcome: z.literal("processing") }),
  z.object({ outcome: z.literal("method_not_found") }),
  z.object({ outcome: z.literal("plan_not_found") }),
  z.object({ outcome: z.literal("plan_not_billable") }),
  planClaim.extend({ outcome: z.literal("already_subscribed") }),
  z.object({ outcome: z.literal("plan_changed"), plan: planTerms }),
  tooManyAttempts,
]);

/** What `subscribe_with_method` answers. */
export type SubscribeAnswer = z.output<typeof subscribed>;

/** Subscribes the owner of a registered billing method; see the comment on `public.subscribe_with_method`. */
export function subscribe(
  database: Database,
  request: LeaseRequest & {
    planId: string;
    billingMethodId: string;
    /** Null = an operator, who may subscribe every user. */
    userId: string | null;
  },
): Promise<SubscribeAnswer> {
  return database.call("subscribe_with_method", { ...request }, subscribed);
}
