import {
  applyBillingKeyEvent,
  type BillingKeyChange,
} from "../../database/webhook-events.ts";
import { ignored, type Judge, processed } from "./verdict.ts";

/**
 * A billing key was issued or removed at Toss. A removed one ends its billing method here, and subscriptions that
 * are charged to it ask for another.
 *
 * Toss offers no look-up of billing keys; knowing the key is the proof.
 */
export function judgeBillingKey(change: BillingKeyChange): Judge {
  return async ({ database, requestId }, { eventId }) => {
    const { outcome } = await applyBillingKeyEvent(database, {
      eventId,
      change,
      requestId,
    });
    return outcome === "unknown_key"
      ? ignored("the billing key is not known here")
      : processed("billing-key");
  };
}
