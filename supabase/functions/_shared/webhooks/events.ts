/** What processing does with an event. `none` is stored for reading only. */
export type EventKind =
  | "payment"
  | "deposit"
  | "cancel"
  | "billing_key_deleted"
  | "billing_key_issued"
  | "settlement"
  | "record"
  | "none";

/** Something a body can name, by what it means here. */
export type EventField =
  | "orderId"
  | "paymentKey"
  | "transactionKey"
  | "secret"
  | "billingKey"
  | "customerKey"
  | "entityId";

/** Where Toss or a guide puts the content of an event. */
export type Envelope = "data" | "flat" | "entityBody";

/** What is known about one event before its body is read. */
export interface EventDescription {
  /** `toss`: documented by Toss. `guides`: only third-party guides and relays send it. */
  namedBy: "toss" | "guides";
  envelope: Envelope;
  kind: EventKind;
  /** Paths below the content, with dots. */
  fields: Readonly<Partial<Record<EventField, string>>>;
  /** Whether Toss always signs it (Toss: webhooks, signature header). @default false */
  isSigned?: true;
}

const PAYMENT = { orderId: "orderId", paymentKey: "paymentKey" } as const;
const BILLING_KEY = {
  billingKey: "billingKey",
  customerKey: "customerKey",
} as const;

/** A guide's own name for a change of a payment: only Toss's answer says which change it was. */
const GUIDE_PAYMENT = {
  namedBy: "guides",
  envelope: "data",
  kind: "payment",
  fields: PAYMENT,
} as const;

/**
 * Every event this version knows, by name. A new one is one entry here and one file in tests/fixtures/webhooks.
 *
 * The envelope is where the content is looked for first; every event is understood in all three, because guides
 * and relays change the wrapping. Sources: Toss, webhook events; docs/webhooks.md for the guides' names.
 */
export const EVENTS: Readonly<Record<string, EventDescription>> = {
  PAYMENT_STATUS_CHANGED: {
    namedBy: "toss",
    envelope: "data",
    kind: "payment",
    fields: PAYMENT,
  },
  DEPOSIT_CALLBACK: {
    namedBy: "toss",
    envelope: "flat",
    kind: "deposit",
    fields: { orderId: "orderId", secret: "secret" },
  },
  CANCEL_STATUS_CHANGED: {
    namedBy: "toss",
    envelope: "data",
    kind: "cancel",
    fields: { ...PAYMENT, transactionKey: "transactionKey" },
  },
  ORDER_PAYMENT_STATUS_CHANGED: {
    namedBy: "toss",
    envelope: "data",
    kind: "payment",
    fields: {
      orderId: "payment.orderId",
      paymentKey: "payment.paymentKey",
      entityId: "orderKey",
    },
  },
  BILLING_DELETED: {
    namedBy: "toss",
    envelope: "data",
    kind: "billing_key_deleted",
    fields: BILLING_KEY,
  },
  METHOD_UPDATED: {
    namedBy: "toss",
    envelope: "data",
    kind: "record",
    fields: { customerKey: "customerKey" },
  },
  CUSTOMER_STATUS_CHANGED: {
    namedBy: "toss",
    envelope: "data",
    kind: "record",
    fields: { customerKey: "customerKey" },
  },
  "payout.changed": {
    namedBy: "toss",
    envelope: "entityBody",
    kind: "record",
    fields: { entityId: "id" },
    isSigned: true,
  },
  "seller.changed": {
    namedBy: "toss",
    envelope: "entityBody",
    kind: "record",
    fields: { entityId: "id" },
    isSigned: true,
  },
  "ars-reservation.changed": {
    namedBy: "toss",
    envelope: "entityBody",
    kind: "record",
    fields: { entityId: "arsReservationKey" },
  },
  VIRTUAL_ACCOUNT_ISSUED: GUIDE_PAYMENT,
  VIRTUAL_ACCOUNT_DEPOSIT: GUIDE_PAYMENT,
  BILLING_KEY_ISSUED: {
    namedBy: "guides",
    envelope: "data",
    kind: "billing_key_issued",
    fields: BILLING_KEY,
  },
  BILLING_KEY_DELETED: {
    namedBy: "guides",
    envelope: "data",
    kind: "billing_key_deleted",
    fields: BILLING_KEY,
  },
  SETTLEMENT_COMPLETED: {
    namedBy: "guides",
    envelope: "data",
    kind: "settlement",
    fields: { ...PAYMENT, entityId: "settlementId" },
  },
  "payment.confirmed": GUIDE_PAYMENT,
  "payment.failed": GUIDE_PAYMENT,
  "payment.canceled": GUIDE_PAYMENT,
  "billing.scheduled": GUIDE_PAYMENT,
};

/** The description of an event by its name; undefined for a name that nobody documented. */
export function describeEvent(
  name: string | null,
): EventDescription | undefined {
  return name !== null && Object.hasOwn(EVENTS, name)
    ? EVENTS[name]
    : undefined;
}
