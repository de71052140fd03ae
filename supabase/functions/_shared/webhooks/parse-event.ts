import { z } from "zod";
import { isPathSegment } from "../toss/path-segment.ts";

/** What processing does with an event; `none` is stored for reading only. */
export type EventKind = "payment" | "none";

/** What a body says, as hints: nothing of it is believed before Toss has been asked. */
export interface ParsedEvent {
  eventType: string | null;
  kind: EventKind;
  orderId: string | null;
  paymentKey: string | null;
}

const EVENT_KINDS: Record<string, EventKind> = {
  PAYMENT_STATUS_CHANGED: "payment",
};

const envelope = z.looseObject({
  eventType: z.string().min(1).max(100),
  data: z.looseObject({ orderId: z.unknown(), paymentKey: z.unknown() })
    .partial(),
});

const depositCallback = z.looseObject({
  secret: z.string(),
  orderId: z.unknown(),
  transactionKey: z.unknown(),
});

/** Toss's orderId: 6 to 64 letters, digits, - and _ (Toss: core API reference). */
function orderIdOf(value: unknown): string | null {
  return typeof value === "string" && /^[A-Za-z0-9_-]{6,64}$/.test(value)
    ? value
    : null;
}

function paymentKeyOf(value: unknown): string | null {
  return typeof value === "string" && /^[\x21-\x7e]{1,200}$/.test(value) &&
      isPathSegment(value)
    ? value
    : null;
}

/**
 * Reads the envelope of a webhook body (Toss: webhook events).
 *
 * Never refuses: a body in an unknown shape is an event of kind `none`, so that it is stored and can be read.
 */
export function parseEvent(body: Record<string, unknown>): ParsedEvent {
  const nested = envelope.safeParse(body);
  if (nested.success) {
    const { eventType, data } = nested.data;
    return {
      eventType,
      kind: Object.hasOwn(EVENT_KINDS, eventType)
        ? EVENT_KINDS[eventType] ?? "none"
        : "none",
      orderId: orderIdOf(data.orderId),
      paymentKey: paymentKeyOf(data.paymentKey),
    };
  }
  const flat = depositCallback.safeParse(body);
  return {
    eventType: flat.success ? "DEPOSIT_CALLBACK" : eventTypeOf(body),
    kind: "none",
    orderId: flat.success ? orderIdOf(flat.data.orderId) : null,
    paymentKey: null,
  };
}

function eventTypeOf(body: Record<string, unknown>): string | null {
  const { eventType } = body;
  return typeof eventType === "string" ? eventType.slice(0, 100) : null;
}
