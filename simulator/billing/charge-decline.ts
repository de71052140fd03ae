import { type Decline, takeDecline } from "../payments/card-decline.ts";
import type { BillingKey } from "./billing-key.ts";
import { type KeySelector, matchesKey } from "./key-selector.ts";

/** Billing keys whose charges are declined; without a selector, all of them. */
export type ChargeDecline = Decline & KeySelector;

/** Takes the oldest decline that waits for `key`, and counts it down. */
export function takeChargeDecline(
  declines: ChargeDecline[],
  key: BillingKey,
): string | undefined {
  return takeDecline(declines, (decline) => matchesKey(decline, key));
}
