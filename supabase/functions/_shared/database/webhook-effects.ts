import { z } from "zod";
import type { Database } from "./client.ts";

/** What happened to a billing key at Toss. */
export type BillingKeyChange = "deleted" | "issued";

/** The event whose stored digest names the key. */
export interface BillingKeyEventRequest {
  eventId: string;
  change: BillingKeyChange;
  requestId: string;
}

const billingKeyAnswer = z.object({
  outcome: z.enum(["deleted", "unchanged", "unknown_key"]),
});

/** Applies an event about a billing key; see the comment on `public.apply_billing_key_event`. */
export function applyBillingKeyEvent(
  database: Database,
  request: BillingKeyEventRequest,
): Promise<z.output<typeof billingKeyAnswer>> {
  return database.call(
    "apply_billing_key_event",
    { ...request },
    billingKeyAnswer,
  );
}

const recordAnswer = z.object({
  outcome: z.enum(["recorded", "unchanged", "event_not_found"]),
});

/** Hands an event on through the outbox; see the comment on `public.record_webhook_event`. */
export function recordWebhookEvent(
  database: Database,
  request: { eventId: string },
): Promise<z.output<typeof recordAnswer>> {
  return database.call("record_webhook_event", request, recordAnswer);
}
