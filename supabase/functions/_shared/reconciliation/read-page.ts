import {
  type ReconciliationLease,
  type ReconciliationRun,
  recordListedTransactions,
} from "../database/reconciliation.ts";
import type { OperationContext } from "../operations/context.ts";
import { tossTime } from "../toss/time.ts";

/** Toss's list lags, and asks callers to slow down: a page is asked for again after these pauses. */
const PAUSES_MILLISECONDS = [1_000, 4_000];

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
  const ask = () =>
    client.listTransactions({
      from: run.from,
      until: dayAfter(run.to),
      startingAfter: run.cursor,
    });
  let page = await ask();
  for (const pause of PAUSES_MILLISECONDS) {
    if (page.kind === "answered") break;
    await new Promise((resolve) => setTimeout(resolve, pause));
    page = await ask();
  }
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
    rows: page.value.map((row) => ({
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
