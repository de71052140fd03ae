import {
  claimLanes,
  countDueDeliveries,
  type Lane,
  relayOutbox,
} from "../database/webhook-deliveries.ts";
import { withRetries } from "../database/client.ts";
import type { Logger } from "../logger.ts";
import { TIME_BUDGET_MILLISECONDS } from "../operations/run-batches.ts";
import type { Keyring } from "../security/encryption.ts";
import type { Services } from "../services.ts";
import { resolveHost } from "./address/resolve-host.ts";
import { type LaneCounts, type Run, runLane } from "./run-lane.ts";

/** So many deliveries take about a second of the two that Supabase allows a request. */
const DEFAULT_LIMIT = 200;

/** A bounded slice of what is to be sent. */
export interface OutboxSlice {
  services: Services;
  logger: Logger;
  limit: number | undefined;
  asOf: string | null;
}

/**
 * Sends what is due to every endpoint, each in a lane of its own: a receiver that is slow, dead or lying holds up
 * nobody but itself.
 */
export async function sendWebhooks(
  { services, logger, limit, asOf }: OutboxSlice,
): Promise<Record<string, number>> {
  const { database, keyring, config } = services;
  const { lanes, disabled } = await claimLanes(database, { asOf });
  const startedAt = performance.now();
  // Who sets a limit wants so much done, and no more.
  const isOpenEnded = limit === undefined;
  let left = limit ?? DEFAULT_LIMIT;
  let relay: Promise<void> | null = null;
  const run: Run = {
    database: withRetries(database),
    asOf,
    take(wanted) {
      const taken = Math.min(wanted, left);
      left -= taken;
      // Whoever has more to send does not wait for the slowest receiver of this run.
      if (taken === 0 && isOpenEnded) {
        relay ??= relayOutbox(database).catch(() => {});
      }
      return taken;
    },
    giveBack(unused) {
      left += unused;
    },
    isTimeUp: () => performance.now() - startedAt > TIME_BUDGET_MILLISECONDS,
  };
  const total: LaneCounts = {
    claimed: 0,
    delivered: 0,
    failed: 0,
    givenUp: 0,
  };
  let interrupted = 0;
  await Promise.all(lanes.map(async (lane) => {
    try {
      const counts = await runLane(run, lane, {
        url: lane.url,
        secrets: await openSecrets(keyring, lane),
        policy: {
          allowPrivate: config.outgoing.allowPrivate,
          resolve: resolveHost,
        },
      });
      for (const name of Object.keys(total) as (keyof LaneCounts)[]) {
        total[name] += counts[name];
      }
    } catch (error) {
      interrupted += 1;
      logger.error("webhook_lane_interrupted", {
        endpointId: lane.endpointId,
        cause: error instanceof Error ? error.message : String(error),
      });
    }
  }));
  await relay;
  if (disabled > 0) logger.warn("webhook_endpoints_disabled", { disabled });
  const remaining = lanes.length === 0
    ? 0
    : await countDueDeliveries(database, { asOf });
  return { ...total, interrupted, disabled, remaining };
}

function openSecrets(keyring: Keyring, lane: Lane): Promise<string[]> {
  return Promise.all(
    (lane.secrets ?? []).map(({ id, ...sealed }) =>
      keyring.decrypt(sealed, id)
    ),
  );
}
