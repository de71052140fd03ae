import type { BillingMethodView } from "../database/billing-issue.ts";
import type {
  PlanClaim,
  PlanTerms,
  SubscriptionView,
} from "../database/subscriptions.ts";

/** How the subscription stands that a method was registered for. */
export type PlanResult =
  | { kind: "subscribed" }
  | { kind: "processing" }
  | { kind: "declined"; code: string }
  | { kind: "already_subscribed"; claim: PlanClaim }
  /** Nothing was charged, because the plan's terms were others than those that were shown. */
  | { kind: "plan_changed"; terms: PlanTerms };

/** How a registration stands, for whoever asked. */
export type IssueOutcome =
  | {
    kind: "issued";
    billingMethod: BillingMethodView;
    subscription: SubscriptionView | null;
    /** Null without a plan. */
    plan: PlanResult | null;
  }
  /** Toss refused; `code` is its own code, or ours when nobody waits any more. */
  | { kind: "refused"; code: string; status?: number | undefined }
  /** Toss's answer is not known yet; the worker goes on asking. */
  | { kind: "processing" };
