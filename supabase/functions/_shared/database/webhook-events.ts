import { z } from "zod";
import type { Database } from "./client.ts";
import { type Claimed, type ClaimRequest, madeWith } from "./lease.ts";

const event = z.object({
  eventId: z.string(),
  eventType: z.string().nullable(),
  orderId: z.string().nullable(),
  paymentKey: z.string().nullable(),
  verifiedBy: z.string().nullable(),
  /** SHA-256 of the secret that a deposit callback carries. */
  secretDigest: z.string().nullable(),
  /** Whether it is that of a payment of the order; null when only Toss can tell. */
  secretMatches: z.boolean().nullable(),
  /** Whether an operation of the order is open. */
  isOrderBusy: z.boolean(),
  attempts: z.number().int(),
  isDuplicate: z.boolean(),
  isKnownPayment: z.boolean(),
  /** Whether it names an order or payment of this project; a replay must not ask Toss about strangers'. */
  isOurs: z.boolean(),
  isClaimed: z.boolean(),
  /** Its order's; the main pair when the order is not known here. */
  ...madeWith,
  leaseToken: z.string().nullable(),
  /** The database's time just before Toss is asked. */
  askedAt: z.string(),
});

/** A row of the inbox as a processor sees it. */
export type WebhookEvent = z.output<typeof event>;

/** One delivery, redacted for reading and encrypted for later. */
export interface ReceiveWebhookRequest {
  dedupeKey: string;
  transmissionId: string | null;
  retriedCount: number;
  eventType: string | null;
  orderId: string | null;
  paymentKey: string | null;
  transactionKey: string | null;
  entityId: string | null;
  /** SHA-256 of what must not be stored in clear. */
  secretDigest: string | null;
  billingKeyDigest: string | null;
  /** Whether processing ends in a question to Toss, so that the event must be about something of ours. */
  asksToss: boolean;
  payload: unknown;
  verifiedBy: string | null;
  /** What the fitting signature covers; null when it covers no time. */
  signedAt: string | null;
  /** Whether the platform names one of Toss's published senders. */
  fromToss: boolean;
  /** Null when the event is ignored on arrival. */
  keyId: string | null;
  ciphertext: string | null;
  /** Set when the event is stored for reading only. */
  ignoredReason: string | null;
  leaseToken: string;
  leaseSeconds: number;
}

/** Stores a delivery; see the comment on `public.receive_webhook_event`. */
export function receiveWebhookEvent(
  database: Database,
  request: ReceiveWebhookRequest,
): Promise<WebhookEvent> {
  return database.call("receive_webhook_event", { ...request }, event);
}

/** How an event ended, and the next of its subject when one came meanwhile. */
export const finishedWebhook = z.object({
  outcome: z.enum([
    "processed",
    "ignored",
    "failed",
    "dead",
    "lease_lost",
    "event_not_found",
  ]),
  following: event.optional(),
});

/** What `finish_webhook_event` answers. */
export type FinishedWebhook = z.output<typeof finishedWebhook>;

/** An event that its processor is about to end. */
export interface LeasedWebhook {
  eventId: string;
  leaseToken: string;
  /** For the event that may follow. */
  leaseSeconds: number;
  verifiedBy: string | null;
  /** See `Verdict.answerSecretDigest`. */
  answerSecretDigest: string | null | undefined;
}

/** How an event ended, and when to try again if it failed. */
export interface FinishWebhookRequest extends LeasedWebhook {
  status: "processed" | "ignored" | "failed";
  reason: string | null;
  askedAt: string;
  retryAfterSeconds: number;
  maximumAttempts: number;
}

/** Ends a leased event; see the comment on `public.finish_webhook_event`. */
export function finishWebhookEvent(
  database: Database,
  request: FinishWebhookRequest,
): Promise<FinishedWebhook> {
  return database.call("finish_webhook_event", { ...request }, finishedWebhook);
}

const claimed = z.object({
  events: z.array(event),
  remaining: z.number().int(),
});

/** Takes up to `limit` due events, one per subject; see the comment on `public.claim_webhook_events`. */
export async function claimWebhookEvents(
  database: Database,
  request: ClaimRequest,
): Promise<Claimed<WebhookEvent>> {
  const { events, remaining } = await database.call(
    "claim_webhook_events",
    { ...request },
    claimed,
  );
  return { items: events, remaining };
}

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
