import { z } from "zod";
import type { Database } from "./client.ts";

const lane = z.object({
  endpointId: z.string(),
  url: z.string(),
  failuresInRow: z.number().int(),
  /** The present one first; each is bound to its id. */
  secrets: z.array(z.object({
    id: z.string(),
    keyId: z.string(),
    ciphertext: z.string(),
  })).nullable(),
});

/** An endpoint that something is due for. */
export type Lane = z.output<typeof lane>;

const lanes = z.object({ lanes: z.array(lane), disabled: z.number().int() });

/** The endpoints that something is due for; see the comment on `public.claim_webhook_lanes`. */
export function claimLanes(
  database: Database,
  request: { asOf: string | null },
): Promise<z.output<typeof lanes>> {
  return database.call("claim_webhook_lanes", { ...request }, lanes);
}

const delivery = z.object({
  deliveryId: z.string(),
  eventId: z.string(),
  type: z.string(),
  timestamp: z.string(),
  data: z.record(z.string(), z.unknown()),
});

/** One event for one endpoint. */
export type Delivery = z.output<typeof delivery>;

const deliveries = z.object({ deliveries: z.array(delivery) });

/** Takes what is due for one endpoint; see the comment on `public.claim_webhook_deliveries`. */
export async function claimDeliveries(
  database: Database,
  request: {
    endpointId: string;
    limit: number;
    leaseToken: string;
    leaseSeconds: number;
    asOf: string | null;
  },
): Promise<Delivery[]> {
  const answer = await database.call(
    "claim_webhook_deliveries",
    { ...request },
    deliveries,
  );
  return answer.deliveries;
}

/** How one attempt ended; without `error` the receiver has the event. */
export interface DeliveryResult {
  deliveryId: string;
  responseStatus: number | null;
  durationMs: number;
  error: string | null;
}

const finished = z.object({
  delivered: z.number().int(),
  failed: z.number().int(),
  givenUp: z.number().int(),
});

/** Writes down how attempts ended; see the comment on `public.finish_webhook_deliveries`. */
export function finishDeliveries(
  database: Database,
  request: {
    endpointId: string;
    leaseToken: string;
    asOf: string | null;
    results: readonly DeliveryResult[];
  },
): Promise<z.output<typeof finished>> {
  return database.call("finish_webhook_deliveries", { ...request }, finished);
}

/** Wakes another run while this one waits for slow receivers. */
export async function relayOutbox(database: Database): Promise<void> {
  await database.call("relay_outbox", {}, z.unknown());
}

const due = z.object({ remaining: z.number().int() });

/** How many deliveries are due still. */
export async function countDueDeliveries(
  database: Database,
  request: { asOf: string | null },
): Promise<number> {
  const answer = await database.call(
    "count_due_deliveries",
    { ...request },
    due,
  );
  return answer.remaining;
}
