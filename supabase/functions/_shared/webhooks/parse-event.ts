import { isPathSegment } from "../toss/path-segment.ts";
import { isObject } from "../toss/side-fields.ts";
import {
  describeEvent,
  type Envelope,
  type EventField,
  type EventKind,
} from "./events.ts";

/** What a body says, as hints: nothing of it is believed before it is proven. */
export interface ParsedEvent {
  eventType: string | null;
  kind: EventKind;
  orderId: string | null;
  paymentKey: string | null;
  transactionKey: string | null;
  /** What an event without a payment is about. */
  entityId: string | null;
  /** Secrets: they leave this process as digests only. */
  secret: string | null;
  billingKey: string | null;
}

/** A JSON object that came from outside. */
export type JsonObject = Record<string, unknown>;

/**
 * Reads a webhook body by the registry of events (`events.ts`), whatever envelope it comes in.
 *
 * Never refuses: a body with an unknown name or shape is an event of kind `none`, so that it is stored and can
 * be read. Values that could not be what they are called are dropped.
 */
export function parseEvent(body: JsonObject): ParsedEvent {
  const eventType = eventTypeOf(body);
  const description = describeEvent(eventType);
  const content = contentOf(body, description?.envelope ?? "data");
  const read = (field: EventField, pattern: RegExp): string | null => {
    const path = description?.fields[field];
    const value = path === undefined ? undefined : valueAt(content, path);
    return typeof value === "string" && pattern.test(value) ? value : null;
  };
  const paymentKey = read("paymentKey", /^[\x21-\x7e]{1,200}$/);
  return {
    eventType,
    kind: description?.kind ?? "none",
    // Toss's own rule (core API reference, orderId).
    orderId: read("orderId", /^[A-Za-z0-9_-]{6,64}$/),
    paymentKey: paymentKey !== null && isPathSegment(paymentKey)
      ? paymentKey
      : null,
    transactionKey: read("transactionKey", /^[\x21-\x7e]{1,64}$/),
    entityId: read("entityId", /^[\x21-\x7e]{1,300}$/) ??
      read("customerKey", /^[\x21-\x7e]{1,300}$/),
    secret: read("secret", /^[^]{1,200}$/),
    billingKey: read("billingKey", /^[^]{1,300}$/),
  };
}

function eventTypeOf(body: JsonObject): string | null {
  if (typeof body.eventType === "string" && body.eventType !== "") {
    return body.eventType.slice(0, 100);
  }
  // Relays name the field after their own habit; a payment has a `type` too, so only names we know count.
  for (const name of [body.event, body.type]) {
    if (typeof name === "string" && describeEvent(name)) return name;
  }
  return [body, body.data, body.entityBody].some(isDepositNotice)
    ? "DEPOSIT_CALLBACK"
    : null;
}

/**
 * Toss's only event without a name is known by what it is about: whose deposit, how it stands, and the secret that
 * proves it. Every other field may be missing, and older API versions leave some out (Toss: DEPOSIT_CALLBACK).
 */
function isDepositNotice(content: unknown): boolean {
  return isObject(content) &&
    [content.orderId, content.secret, content.status].every((value) =>
      typeof value === "string" && value !== ""
    );
}

function contentOf(body: JsonObject, envelope: Envelope): JsonObject {
  const places = envelope === "flat"
    ? []
    : [body[envelope], body.data, body.entityBody];
  if (envelope === "flat" && !("orderId" in body)) {
    places.push(body.data, body.entityBody);
  }
  return places.find(isObject) ?? body;
}

function valueAt(content: JsonObject, path: string): unknown {
  return path.split(".").reduce<unknown>(
    (value, name) =>
      isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined,
    content,
  );
}
