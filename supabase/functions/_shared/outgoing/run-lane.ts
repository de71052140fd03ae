import type { Database } from "../database/client.ts";
import {
  claimDeliveries,
  type Delivery,
  finishDeliveries,
  type Lane,
} from "../database/webhook-deliveries.ts";
import { deliver, type Receiver } from "./deliver.ts";

/** So many requests wait for one receiver at a time. */
const BATCH_SIZE = 10;

/** Longer than an attempt takes with everything around it; afterwards another run may make it again. */
export const LEASE_SECONDS = 45;

/** After so many failures in a row a receiver counts as down, and is only tried with a few. */
const DOWN_AFTER = 50;
const TRIED_WHEN_DOWN = 5;

/** What all lanes of a run share. */
export interface Run {
  database: Database;
  asOf: string | null;
  /** Takes so many of what the run may still send, at most; 0 = nothing more. */
  take(wanted: number): number;
  giveBack(unused: number): void;
  isTimeUp(): boolean;
}

/** What one lane did. */
export interface LaneCounts {
  claimed: number;
  delivered: number;
  failed: number;
  givenUp: number;
}

/**
 * Sends one endpoint what is due for it, batch after batch, beside the lanes of the others.
 *
 * A batch holds one event of each stream, so nothing overtakes what it follows. What was sent and not written down
 * is sent again by whoever comes after the lease: at least once.
 */
export async function runLane(
  run: Run,
  lane: Lane,
  receiver: Receiver,
): Promise<LaneCounts> {
  const counts = { claimed: 0, delivered: 0, failed: 0, givenUp: 0 };
  const limit = lane.failuresInRow >= DOWN_AFTER ? TRIED_WHEN_DOWN : Infinity;
  while (counts.claimed < limit && !run.isTimeUp()) {
    const size = run.take(Math.min(BATCH_SIZE, limit - counts.claimed));
    if (size === 0) break;
    const leaseToken = crypto.randomUUID();
    const deliveries = await claimDeliveries(run.database, {
      endpointId: lane.endpointId,
      limit: size,
      leaseToken,
      leaseSeconds: LEASE_SECONDS,
      asOf: run.asOf,
    });
    run.giveBack(size - deliveries.length);
    if (deliveries.length === 0) break;
    counts.claimed += deliveries.length;
    const ended = await finishDeliveries(run.database, {
      endpointId: lane.endpointId,
      leaseToken,
      asOf: run.asOf,
      results: await sendAll(deliveries, receiver),
    });
    counts.delivered += ended.delivered;
    counts.failed += ended.failed;
    counts.givenUp += ended.givenUp;
    // The run need not wait for it once more.
    if (ended.delivered === 0) break;
  }
  return counts;
}

function sendAll(deliveries: readonly Delivery[], receiver: Receiver) {
  return Promise.all(
    deliveries.map((delivery) => deliver(delivery, receiver)),
  );
}
