import { DatabaseError } from "../database/client.ts";
import type { OperationContext } from "./operation-context.ts";

/**
 * Toss has been asked, so a database that fails now leaves the outcome open, not the operation failed: the worker
 * finishes it.
 */
export async function orProcessing<Outcome>(
  { logger }: OperationContext,
  outcome: Promise<Outcome>,
): Promise<Outcome | { kind: "processing" }> {
  try {
    return await outcome;
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    logger.error("operation_interrupted", { cause: error.message });
    return { kind: "processing" };
  }
}
