import { claimOperations } from "../database/jobs.ts";
import { newLease, type OperationContext } from "./context.ts";
import { type OperationEnd, resolveOperation } from "./resolve.ts";
import { runBatches } from "./run-batches.ts";

/** Finishes a bounded slice of what a caller began and nobody proved, on Toss's word alone. */
export async function runOperations(
  context: OperationContext,
  { limit, asOf }: { limit: number; asOf: string | null },
): Promise<Record<string, number>> {
  const acting = { ...context, asOf };
  const run = await runBatches({
    limit,
    claim: (size) =>
      claimOperations(context.firstCall, {
        ...newLease(context),
        limit: size,
        asOf,
      }),
    handle: (operation) => resolveOperation(acting, operation),
    onInterrupted: (operation, error) =>
      context.logger.error("operation_interrupted", {
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
}
