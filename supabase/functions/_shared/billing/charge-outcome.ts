import type { SubscriptionView } from "../database/subscriptions.ts";

/** How a charge stands, for whoever sent it. */
export type ChargeOutcome =
  | { kind: "paid"; subscription: SubscriptionView | null }
  | {
    kind: "declined";
    code: string;
    subscription: SubscriptionView | null;
    /** What was tried, when whoever asks now has tried it. */
    billingMethodId?: string;
    /** When its subscription has another method since: as of when the charge is due to that one. */
    dueAgainAt?: string | null;
  }
  /** Toss's answer is not known yet; the worker goes on asking. */
  | { kind: "unknown" };
