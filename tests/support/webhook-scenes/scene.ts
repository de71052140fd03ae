import assert from "node:assert/strict";
import type { Shop } from "../shop.ts";
import {
  deliverWebhook,
  settleWebhooks,
  type Transmission,
} from "../webhooks.ts";

/** What stands in the place of the names in braces in a fixture. */
export type FixtureValues = Partial<
  Record<
    | "ORDER_ID"
    | "PAYMENT_KEY"
    | "TRANSACTION_KEY"
    | "SECRET"
    | "BILLING_KEY"
    | "ENTITY_ID",
    string
  >
>;

/** What became of a delivery. */
export interface SentEvent {
  eventId: string;
  isDuplicate: boolean;
  status: string;
  reason: string | null;
  verifiedBy: string | null;
  deliveries: number;
}

/** One event of the registry, in a running shop. */
export interface EventUnderTest {
  name: string;
  shop: Shop;
  /** Delivers the event's fixture, waits until it is worked off, and answers its row. */
  send(values: FixtureValues, transmission?: Transmission): Promise<SentEvent>;
}

/** The five ways in which every event is tested. */
export interface Scene {
  /** Delivered once, as Toss does. */
  first(event: EventUnderTest): Promise<void>;
  /** Delivered twice. */
  duplicate(event: EventUnderTest): Promise<void>;
  /** Delivered when things have moved on. */
  late(event: EventUnderTest): Promise<void>;
  /** Delivered by somebody who is not Toss. */
  forged(event: EventUnderTest): Promise<void>;
  /** Delivered before an event that happened earlier. */
  outOfOrder(event: EventUnderTest): Promise<void>;
}

const FIXTURES = new URL("../../fixtures/webhooks/", import.meta.url);

/** The names of all fixtures. */
export function fixtureNames(): string[] {
  return [...Deno.readDirSync(FIXTURES)]
    .map(({ name }) => name.replace(/\.json$/, "")).sort();
}

/** The body of an event's fixture, with its names in braces replaced. */
export function fixture(
  name: string,
  values: FixtureValues = {},
): Record<string, unknown> {
  const text = Deno.readTextFileSync(new URL(`${name}.json`, FIXTURES));
  const filled = Object.entries(values).reduce(
    (filled, [key, value]) => filled.replaceAll(`{${key}}`, value),
    text,
  );
  return JSON.parse(filled);
}

/** Binds an event of the registry to a shop. */
export function eventUnderTest(name: string, shop: Shop): EventUnderTest {
  return {
    name,
    shop,
    async send(values, transmission = {}) {
      const body = fixture(name, values);
      const answer = await deliverWebhook(shop, body, {
        transmissionId: crypto.randomUUID(),
        ...transmission,
      });
      assert.equal(answer.status, 200, JSON.stringify(answer.body));
      await settleWebhooks(shop);
      const eventId = String(answer.body.eventId);
      const isDuplicate = answer.body.duplicate === true;
      return { ...await eventRow(shop, eventId), eventId, isDuplicate };
    },
  };
}

/** What stands in the inbox about an event. */
export async function eventRow({ stack }: Shop, eventId: string) {
  const [row] = await stack.sql<
    Pick<SentEvent, "status" | "reason" | "verifiedBy" | "deliveries">[]
  >`
    select status, last_error as reason, verified_by as "verifiedBy", delivery_count as deliveries
    from public.webhook_events where id = ${eventId}`;
  assert.ok(row, "the event is not stored");
  return row;
}
