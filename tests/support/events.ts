import assert from "node:assert/strict";
import { EVENT_CATALOGUE } from "../../supabase/functions/_shared/events/catalogue.ts";
import type { Shop } from "./shop.ts";

const DEFINITIONS = new Map(
  EVENT_CATALOGUE.map((definition) => [definition.type, definition]),
);

/** Every event that is sent stands in the catalogue, and holds what it says there and nothing else. */
export async function assertEventsAreInTheCatalogue(
  { stack }: Shop,
): Promise<void> {
  const events = await stack.sql<
    { type: string; data: Record<string, unknown> }[]
  >`
    select toss_private.outward_type(v) as type, v.payload as data from public.outbox_events as v
    where toss_private.outward_type(v) is not null`;
  for (const { type, data } of events) {
    const definition = DEFINITIONS.get(type);
    assert.ok(definition, `${type} is not in the catalogue`);
    const { error } = definition.data.strict().safeParse(data);
    assert.equal(
      error,
      undefined,
      `${type} ${JSON.stringify(data)}: ${error?.message}`,
    );
  }
}
