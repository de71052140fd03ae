import type {
  ReconciliationLease,
  ReconciliationRun,
} from "../database/reconciliation.ts";
import { missSettlements, recordSettlements } from "../database/settlements.ts";
import type { OperationContext } from "../operations/context.ts";
import { settlementEntry } from "./settlement-entry.ts";

/**
 * Reads the next page of the present list of settlements and hands it to the database.
 *
 * Where Toss refuses the list, the merchant has none to see, and the comparison ends without it; where it does not
 * answer, the page is asked for again.
 *
 * @returns how the run stands then; null when Toss gave no page
 */
export async function readSettlements(
  { toss, database, logger }: OperationContext,
  run: ReconciliationRun,
  lease: ReconciliationLease,
): Promise<{ run: ReconciliationRun; rows: number } | null> {
  const keys = run.keys ?? "main";
  const { page, before } = readCursor(run.cursor);
  const answer = await toss.of({ tossKeys: keys, tossClientKey: null })
    .listSettlements({ from: run.from, to: run.to, page });
  if (answer.kind !== "answered") {
    logger.warn("settlements_unread", { keys, outcome: answer.kind });
    const isRefused = answer.kind === "refused";
    const missed = await missSettlements(database, {
      ...lease,
      keys,
      reason: isRefused ? answer.code : answer.reason,
      isRefused,
    });
    return isRefused ? { run: missed, rows: 0 } : null;
  }
  const first = answer.value[0]?.transactionKey ?? null;
  const recorded = await recordSettlements(database, {
    ...lease,
    keys,
    cursor: run.cursor,
    nextCursor: `${page + 1} ${first}`,
    // A list that shows the same page again has no further one.
    isLast: first === null || first === before,
    rows: answer.value.flatMap((row) => settlementEntry(row) ?? []),
  });
  return { run: recorded, rows: answer.value.length };
}

/** The page to read, and the first transaction of the one before. */
function readCursor(
  cursor: string | null,
): { page: number; before: string | null } {
  if (cursor === null) return { page: 1, before: null };
  const space = cursor.indexOf(" ");
  return {
    page: Number(cursor.slice(0, space)),
    before: cursor.slice(space + 1),
  };
}
