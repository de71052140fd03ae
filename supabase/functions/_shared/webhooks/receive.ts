import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import {
  receiveWebhookEvent,
  type WebhookEvent,
} from "../database/webhook-events.ts";
import { AppError } from "../http/app-error.ts";
import type { RequestContext } from "../http/create-function.ts";
import { redactJson } from "../security/redact.ts";
import { parseEvent } from "./parse-event.ts";
import { storableJson } from "./storable-json.ts";

/** Toss's own headers on every delivery (Toss: webhook events). */
const TRANSMISSION_ID = "tosspayments-webhook-transmission-id";
const RETRIED_COUNT = "tosspayments-webhook-transmission-retried-count";

function parseBody(bytes: Uint8Array): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new AppError("invalid_json", "The body is not JSON.", { cause });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new AppError("invalid_json", "The body is not a JSON object.");
  }
  return value as Record<string, unknown>;
}

function transmissionIdOf(headers: Headers): string | null {
  const id = headers.get(TRANSMISSION_ID) ?? "";
  return /^[\x21-\x7e]{1,200}$/.test(id) ? id : null;
}

function retriedCountOf(headers: Headers): number {
  const text = headers.get(RETRIED_COUNT) ?? "";
  return /^[0-9]{1,4}$/.test(text) ? Number(text) : 0;
}

/**
 * Stores one delivery in one database round trip: redacted for reading, encrypted as it came.
 *
 * The event is the caller's to process when `isClaimed` is true.
 *
 * @throws AppError `invalid_json`
 * @throws DatabaseError when it could not be stored; Toss must then send it again
 */
export async function storeDelivery(
  headers: Headers,
  bytes: Uint8Array,
  { services }: RequestContext,
): Promise<WebhookEvent> {
  const body = parseBody(bytes);
  const event = parseEvent(body);
  const transmissionId = transmissionIdOf(headers);
  const digest = createHash("sha256").update(bytes).digest("hex");
  const dedupeKey = transmissionId === null
    ? `body:${digest}`
    : `id:${transmissionId}`;
  const raw = await services.keyring.encrypt(
    Buffer.from(bytes).toString("base64"),
    dedupeKey,
  );
  return await receiveWebhookEvent(services.database, {
    dedupeKey,
    transmissionId,
    retriedCount: retriedCountOf(headers),
    eventType: event.eventType === null
      ? null
      : String(storableJson(event.eventType)),
    orderId: event.orderId,
    paymentKey: event.paymentKey,
    payload: storableJson(redactJson(body)),
    verifiedBy: null,
    keyId: raw.keyId,
    ciphertext: raw.ciphertext,
    ignoredReason: event.kind === "none"
      ? "events of this type are stored for reading only"
      : null,
    leaseToken: crypto.randomUUID(),
    leaseSeconds: services.leaseSeconds,
  });
}
