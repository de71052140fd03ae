import { z } from "zod";
import type { Database } from "./client.ts";

/** An order or a subscription that a search has found. Amount in the currency's minor unit. */
export const searchResult = z.strictObject({
  kind: z.enum(["order", "subscription"]),
  id: z.string(),
  /** The order's name, or the plan's. */
  title: z.string(),
  status: z.string(),
  amount: z.number().int(),
  currency: z.string(),
  createdAt: z.string(),
  reference: z.string().nullable(),
});

const found = z.object({ results: z.array(searchResult) });

/** See the comment on `public.search_orders`. */
export function searchOrders(
  database: Database,
  text: string,
): Promise<z.output<typeof found>> {
  return database.call("search_orders", { text }, found);
}

const replayedEvents = z.object({
  outcome: z.literal("replayed"),
  events: z.number().int(),
});

/** Arms one webhook of Toss again; answers how many. See the comment on `public.replay_webhook_events`. */
export async function replayEvent(
  database: Database,
  eventId: string,
): Promise<number> {
  const answer = await database.call("replay_webhook_events", {
    eventId,
  }, replayedEvents);
  return answer.events;
}

const replayedDeliveries = z.object({
  outcome: z.literal("replayed"),
  deliveries: z.number().int(),
});

/** Queues one event for one endpoint again; answers how many. See the comment on `public.replay_webhook_deliveries`. */
export async function replayDelivery(
  database: Database,
  request: { eventId: string; endpointId: string },
): Promise<number> {
  const answer = await database.call("replay_webhook_deliveries", {
    ...request,
    // Whoever names one event wants it sent.
    withDelivered: true,
  }, replayedDeliveries);
  return answer.deliveries;
}

const settled = z.discriminatedUnion("outcome", [
  z.object({
    outcome: z.literal("settled"),
    resolution: z.enum(["healed", "by_hand"]),
  }),
  z.object({ outcome: z.literal("difference_not_found") }),
]);

/** See the comment on `public.settle_difference`. */
export function settleDifference(
  database: Database,
  request: { differenceId: string; logRequestId: string },
): Promise<z.output<typeof settled>> {
  return database.call("settle_difference", { ...request }, settled);
}
