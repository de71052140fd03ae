import type { SubscriptionView } from "../database/subscription-view.ts";

/** How a charge stands, for whoever sent it. */
export type ChargeOutcome =
  | { kind: "paid"; subscription: SubscriptionView | null }
  | { kind: "declined"; code: string; subscription: SubscriptionView | null }
  /** Toss's answer is not known yet; the worker goes on asking. */
  | { kind: "unknown" };
