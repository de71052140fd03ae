import { CONSENT_EVENTS } from "./consents.ts";
import type { EventDefinition } from "./event.ts";
import { ORDER_EVENTS } from "./orders.ts";
import { OTHER_EVENTS } from "./others.ts";
import { PAYMENT_EVENTS } from "./payments.ts";
import { RECONCILIATION_EVENTS } from "./reconciliation.ts";
import { RECEIPT_EVENTS } from "./receipts.ts";
import { SUBSCRIPTION_EVENTS } from "./subscriptions.ts";
import { WITHDRAWAL_EVENTS } from "./withdrawals.ts";

/**
 * Every event that other systems can hear of: the one place that says what it is called, when it comes and what it
 * holds. docs/events.md, its JSON Schema and its types are written from here.
 */
export const EVENT_CATALOGUE: readonly EventDefinition[] = [
  ...ORDER_EVENTS,
  ...PAYMENT_EVENTS,
  ...RECEIPT_EVENTS,
  ...WITHDRAWAL_EVENTS,
  ...SUBSCRIPTION_EVENTS,
  ...CONSENT_EVENTS,
  ...RECONCILIATION_EVENTS,
  ...OTHER_EVENTS,
];

/** The names that `eventTypes` of an endpoint may hold; the test event comes without being asked for. */
export const EVENT_TYPES: readonly string[] = EVENT_CATALOGUE
  .map(({ type }) => type).filter((type) => type !== "webhook.test");

const VERSIONS = new Map(
  EVENT_CATALOGUE.map(({ type, version }) => [type, version]),
);

/** The version of an event's `data`; 1 for one that is not in the catalogue. */
export function versionOf(type: string): number {
  return VERSIONS.get(type) ?? 1;
}
