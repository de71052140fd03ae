import { deflateSync } from "node:zlib";
import type { SignatureScheme } from "../config/config.ts";
import {
  receiveWebhookEvent,
  type WebhookEvent,
} from "../database/webhook-events.ts";
import { AppError } from "../http/app-error.ts";
import { TOSS_WEBHOOK_SENDERS } from "../toss/webhook-senders.ts";
import { clientAddress } from "../http/client-address.ts";
import type { Services } from "../services.ts";
import type { Bytes } from "../security/bytes.ts";
import { redactJson } from "../security/redact.ts";
import { sha256Hex } from "../security/sha256.ts";
import type { EventKind } from "./events.ts";
import { NOBODY_PROVES_IT } from "./kinds/verdict.ts";
import {
  type JsonObject,
  type ParsedEvent,
  parseEvent,
} from "./parse-event.ts";
import { requireProof } from "./signatures/require-signature.ts";
import { signedTime } from "./signatures/signed-time.ts";
import { storableJson } from "./storable-json.ts";

/** Toss's own headers on every delivery (Toss: webhook events). */
const TRANSMISSION_ID = "tosspayments-webhook-transmission-id";
const RETRIED_COUNT = "tosspayments-webhook-transmission-retried-count";

/** Kinds whose truth stands in an answer of Toss; everything they name has to be ours. */
const KINDS_THAT_ASK: readonly EventKind[] = ["payment", "deposit", "cancel"];

/** A delivery as it came, and who is known to have sent it. */
export interface Delivery {
  headers: Headers;
  body: Bytes;
  provenBy: SignatureScheme | null;
}

function parseBody(bytes: Uint8Array): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new AppError("invalid_json", "The body is not JSON.", { cause });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new AppError("invalid_json", "The body is not a JSON object.");
  }
  return value as JsonObject;
}

function transmissionIdOf(headers: Headers): string | null {
  const id = headers.get(TRANSMISSION_ID) ?? "";
  return /^[\x21-\x7e]{1,200}$/.test(id) ? id : null;
}

function retriedCountOf(headers: Headers): number {
  const text = headers.get(RETRIED_COUNT) ?? "";
  return /^[0-9]{1,4}$/.test(text) ? Number(text) : 0;
}

function dedupeKeyOf(
  { body, provenBy }: Delivery,
  transmissionId: string | null,
): string {
  // The transmission id is not signed: a signed body counts once, under whatever id it comes, and in keys of its
  // own, so that a stranger cannot take its place.
  if (provenBy !== null) return `signed:body:${sha256Hex(body)}`;
  return transmissionId === null
    ? `body:${sha256Hex(body)}`
    : `id:${transmissionId}`;
}

/** Why a body cannot be processed whatever the database knows; null when it can. */
function ignoredReasonOf(
  event: ParsedEvent,
  provenBy: SignatureScheme | null,
): string | null {
  switch (event.kind) {
    case "record":
    case "settlement":
      return provenBy === null ? NOBODY_PROVES_IT : null;
    case "none":
      return "events of this type are stored for reading only";
    case "deposit":
      return event.secret === null ? "carries no secret" : null;
    case "billing_key_deleted":
    case "billing_key_issued":
      return event.billingKey === null ? "names no billing key" : null;
    default:
      return null;
  }
}

/** Whether the platform says that one of Toss's published senders is calling. It proves nothing, and orders what waits. */
function isFromToss(headers: Headers, clientIpHeader: string): boolean {
  const address = clientAddress(headers, clientIpHeader);
  return TOSS_WEBHOOK_SENDERS.some((sender) => sender === address);
}

const digestOf = (text: string | null) =>
  text === null ? null : sha256Hex(text);

/**
 * Stores one delivery in one database round trip: redacted for reading, compressed and encrypted unless it is ignored
 * on arrival, and the secrets that processing compares as digests.
 *
 * The event is the caller's to process when `isClaimed` is true.
 *
 * @throws AppError `invalid_json`; `invalid_signature` for an unsigned event that Toss always signs
 * @throws DatabaseError when it could not be stored; Toss must then send it again
 */
export async function storeDelivery(
  delivery: Delivery,
  services: Services,
): Promise<WebhookEvent> {
  const { headers, body, provenBy } = delivery;
  const json = parseBody(body);
  const event = parseEvent(json);
  requireProof(event, provenBy, services.config.webhook);
  const transmissionId = transmissionIdOf(headers);
  const dedupeKey = dedupeKeyOf(delivery, transmissionId);
  const ignoredReason = ignoredReasonOf(event, provenBy);
  const raw = ignoredReason === null
    ? await services.keyring.encryptBytes(
      new Uint8Array(deflateSync(body)),
      dedupeKey,
    )
    : null;
  return await receiveWebhookEvent(services.database, {
    dedupeKey,
    transmissionId,
    retriedCount: retriedCountOf(headers),
    eventType: event.eventType === null
      ? null
      : String(storableJson(event.eventType)),
    orderId: event.orderId,
    paymentKey: event.paymentKey,
    transactionKey: event.transactionKey,
    entityId: event.entityId,
    secretDigest: digestOf(event.secret),
    billingKeyDigest: digestOf(event.billingKey),
    asksToss: KINDS_THAT_ASK.includes(event.kind),
    payload: storableJson(redactJson(json)),
    verifiedBy: provenBy,
    signedAt: signedTime(headers, provenBy),
    fromToss: isFromToss(headers, services.config.webhook.clientIpHeader),
    keyId: raw?.keyId ?? null,
    ciphertext: raw?.ciphertext ?? null,
    ignoredReason,
    leaseToken: crypto.randomUUID(),
    leaseSeconds: services.leaseSeconds,
  });
}
