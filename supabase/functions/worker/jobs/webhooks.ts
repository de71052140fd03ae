import { claimWebhookEvents } from "../../_shared/database/webhook-events.ts";
import { createOperationContext } from "../../_shared/operations/create-context.ts";
import { processEvent } from "../../_shared/webhooks/process-event.ts";
import { DEFAULT_LIMIT, type Job } from "./job.ts";
import { runBatches } from "../../_shared/run-batches.ts";

/** Job `webhooks`: processes the events that the webhook function stored and could not finish. */
export const webhooks: Job = async (
  context,
  { limit = DEFAULT_LIMIT, asOf },
) => {
  const { services, logger } = context;
  const operationContext = createOperationContext(context, "webhook");
  const run = await runBatches({
    limit,
    claim: (size) =>
      claimWebhookEvents(services.database, {
        limit: size,
        leaseToken: crypto.randomUUID(),
        leaseSeconds: services.leaseSeconds,
        asOf: asOf ?? null,
      }),
    handle: (event) =>
      processEvent(operationContext, event, services.leaseSeconds),
    onInterrupted: (event, error) =>
      logger.error("webhook_processing_interrupted", {
        eventId: event.eventId,
        cause: error instanceof Error ? error.message : String(error),
      }),
  });
  const sum = (name: "processed" | "ignored" | "failed") =>
    run.results.reduce((total, counts) => total + counts[name], 0);
  return {
    claimed: run.claimed,
    processed: sum("processed"),
    ignored: sum("ignored"),
    failed: sum("failed"),
    interrupted: run.interrupted,
    remaining: run.remaining,
  };
};
