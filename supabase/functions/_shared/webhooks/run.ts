import { claimWebhookEvents } from "../database/webhook-events.ts";
import { newLease, type OperationContext } from "../operations/context.ts";
import { runBatches } from "../operations/run-batches.ts";
import { type ProcessedCounts, processEvent } from "./process-event.ts";

/** Processes a bounded slice of the events that the webhook function stored and could not finish. */
export async function runWebhooks(
  context: OperationContext,
  { limit, asOf }: { limit: number; asOf: string | null },
): Promise<Record<string, number>> {
  const run = await runBatches({
    limit,
    claim: (size) =>
      claimWebhookEvents(context.firstCall, {
        ...newLease(context),
        limit: size,
        asOf,
      }),
    handle: (event) => processEvent(context, event),
    onInterrupted: (event, error) =>
      context.logger.error("webhook_processing_interrupted", {
        eventId: event.eventId,
        cause: error instanceof Error ? error.message : String(error),
      }),
  });
  const sum = (name: keyof ProcessedCounts) =>
    run.results.reduce((total, counts) => total + counts[name], 0);
  return {
    claimed: run.claimed,
    processed: sum("processed"),
    ignored: sum("ignored"),
    failed: sum("failed"),
    interrupted: run.interrupted,
    remaining: run.remaining,
  };
}
