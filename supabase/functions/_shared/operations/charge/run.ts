import {
  claimDueCharges,
  type DueChargesRequest,
} from "../../database/charges.ts";
import { newLease, type OperationContext } from "../context.ts";
import { runBatches } from "../run-batches.ts";
import { performCharge } from "./begin.ts";
import type { ChargeOutcome } from "./finish.ts";

/** So many charges wait for Toss side by side; each is claimed just before, so that its lease covers the call. */
const BATCH_SIZE = 20;

/** Which charges a run takes. */
export interface ChargeRun extends DueChargesRequest {
  /** Takes the subscription's declined charge before its time. */
  isRetry?: boolean;
}

/** What a run did: `claimed` = `paid` + `declined` + `unknown`. */
export interface ChargeCounts {
  claimed: number;
  paid: number;
  declined: number;
  unknown: number;
  /** Due charges that the run left for the next one. */
  remaining: number;
}

/**
 * Charges what is due, batch after batch, until nothing is left, the limit is reached or the time is up.
 *
 * Runs may overlap, be cut anywhere and be repeated: a charge is claimed by one run at a time, and whoever takes up
 * one that was cut asks Toss before sending it again. One database call a batch, and one a charge.
 */
export async function runCharges(
  context: OperationContext,
  { limit, ...due }: ChargeRun,
): Promise<ChargeCounts> {
  const { database, dunning, logger } = context;
  let refused = 0;
  let ended = 0;
  const run = await runBatches({
    limit,
    batchSize: BATCH_SIZE,
    claim: async (size) => {
      while (true) {
        const claimed = await claimDueCharges(database, {
          ...due,
          limit: size,
          ...newLease(context),
          dunning,
        });
        refused += claimed.refused;
        ended += claimed.ended;
        const isWorkedOff = claimed.items.length === 0 &&
          claimed.refused + claimed.ended > 0 && claimed.remaining > 0 &&
          refused + ended < limit;
        if (!isWorkedOff) return claimed;
      }
    },
    handle: (charge) => performCharge({ ...context, asOf: due.asOf }, charge),
    onInterrupted: (charge, error) =>
      logger.error("charge_interrupted", {
        chargeId: charge.chargeId,
        cause: error instanceof Error ? error.message : String(error),
      }),
  });
  const count = (kind: ChargeOutcome["kind"]) =>
    run.results.filter((outcome) => outcome.kind === kind).length;
  return {
    claimed: run.claimed + refused,
    paid: count("paid"),
    declined: count("declined") + refused,
    // A charge whose end could not be written down: the worker asks Toss about it.
    unknown: count("processing") + run.interrupted,
    remaining: run.remaining,
  };
}
