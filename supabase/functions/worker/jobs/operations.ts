import { claimOperations } from "../../_shared/database/operations.ts";
import { createOperationContext } from "../../_shared/operations/create-context.ts";
import {
  type OperationEnd,
  resolveOperation,
} from "../../_shared/operations/resolve-operation.ts";
import { DEFAULT_LIMIT, type Job } from "./job.ts";
import { runBatches } from "../../_shared/run-batches.ts";

/** Job `operations`: finishes what a caller began and nobody proved, on Toss's word alone. */
export const operations: Job = async (
  context,
  { limit = DEFAULT_LIMIT, asOf },
) => {
  const { services, logger } = context;
  const operationContext = {
    ...createOperationContext(context, "worker"),
    asOf: asOf ?? null,
  };
  const run = await runBatches({
    limit,
    claim: (size) =>
      claimOperations(services.database, {
        limit: size,
        leaseToken: crypto.randomUUID(),
        leaseSeconds: services.leaseSeconds,
        asOf: asOf ?? null,
      }),
    handle: (operation) => resolveOperation(operationContext, operation),
    onInterrupted: (operation, error) =>
      logger.error("operation_interrupted", {
        operationId: operation.operationId,
        cause: error instanceof Error ? error.message : String(error),
      }),
  });
  const count = (end: OperationEnd) =>
    run.results.filter((result) => result === end).length;
  return {
    claimed: run.claimed,
    succeeded: count("succeeded"),
    rejected: count("rejected"),
    unknown: count("unknown"),
    interrupted: run.interrupted,
    remaining: run.remaining,
  };
};
