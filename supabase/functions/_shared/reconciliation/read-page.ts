import {
  type ReconciliationLease,
  type ReconciliationRun,
  recordListedTransactions,
} from "../database/reconciliation.ts";
import type { OperationContext } from "../operations/context.ts";
import { tossTime } from "../toss/time.ts";
import { askPatiently } from "./ask-patiently.ts";

const DAY_MILLISECONDS = 24 * 60 * 60_000;

/**
 * Reads the next page of the present list and hands it to the database.
 *
 * A page may be shorter than was asked for, so only an empty one is the end, or one that leads nowhere.
 *
 * @returns how the run stands then; null when Toss gave no page
 */
export async function readPage(
  { toss, database, logger }: OperationContext,
  run: ReconciliationRun,
  lease: ReconciliationLease,
): Promise<{ run: ReconciliationRun; rows: number } | null> {
  const keys = run.keys ?? "main";
  const client = toss.of({ tossKeys: keys, tossClientKey: null });
  const page = await askPatiently(() =>
    client.listTransactions({
      from: run.from,
      until: dayAfter(run.to),
      startingAfter: run.cursor,
    })
  );
  if (page.kind !== "answered") {
    logger.warn("transactions_unread", { keys, outcome: page.kind });
    return null;
  }
  const lastKey = page.value.at(-1)?.transactionKey ?? null;
  const recorded = await recordListedTransactions(database, {
    ...lease,
    keys,
    cursor: run.cursor,
    lastKey,
    isLast: lastKey === null || lastKey === run.cursor,
    rows: page.value.map(({ method: _, ...row }) => ({
      ...row,
      transactionAt: tossTime(row.transactionAt),
    })),
  });
  return { run: recorded, rows: page.value.length };
}

function dayAfter(day: string): string {
  return new Date(Date.parse(day) + DAY_MILLISECONDS).toISOString()
    .slice(0, 10);
}
