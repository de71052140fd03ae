import { countCallerRefusal } from "../database/confirm.ts";
import { describeTossError } from "../toss/error-catalogue.ts";
import type { OperationContext } from "./operation-context.ts";

/**
 * Counts a payment or an authKey that Toss does not know against whoever brought it; any other refusal is nobody's
 * guess. What the caller is answered stands, counted or not.
 *
 * @param caller null when nobody is to be counted
 */
export async function countUnknown(
  { database, logger }: OperationContext,
  caller: string | null,
  { code, status }: { code: string; status?: number | undefined },
): Promise<void> {
  const isUnknown = describeTossError(code, status).class === "not_found";
  if (!isUnknown || caller === null) return;
  await countCallerRefusal(database, caller).catch((error: unknown) =>
    logger.warn("refusal_not_counted", { cause: String(error) })
  );
}
