import {
  beginImport,
  type Import,
  type ImportLease,
  pauseImport,
  recordImportedTransactions,
} from "../database/imports.ts";
import { invalidField } from "../http/app-error.ts";
import type { OperationContext } from "../operations/context.ts";
import { TIME_BUDGET_MILLISECONDS } from "../operations/run-batches.ts";
import type { KeyPairs } from "../toss/key-pairs.ts";
import { tossTime } from "../toss/time.ts";
import { askPatiently } from "./ask-patiently.ts";
import { distinctPairs } from "./distinct-pairs.ts";

/** As many as a comparison reads; see `run.ts`. */
const PAGES_PER_SLICE = 20;
const LEASE_MARGIN_SECONDS = 30;

/**
 * Imports the shop's history before this project from Toss's list of transactions, a slice at a time.
 *
 * Transactions of orders of ours are left out; nothing else counts what is imported. How far an import is lies in
 * rows, so a slice that is cut is gone on with. `remaining` is 0 when the import is over, `claimed` what the slice
 * has read.
 *
 * @param request days in Seoul, both included; null = the year up to this project's first payment
 * @throws AppError invalid_request when no day lies between `from` and `to`
 */
export async function importTransactions(
  context: OperationContext,
  { pairs, from, to }: {
    pairs: KeyPairs;
    from: string | null;
    to: string | null;
  },
): Promise<Record<string, number | string>> {
  const lease = {
    leaseToken: crypto.randomUUID(),
    leaseSeconds: context.leaseSeconds + LEASE_MARGIN_SECONDS,
  };
  const begun = await beginImport(context.firstCall, {
    ...lease,
    pairs: distinctPairs(pairs),
    from,
    to,
  });
  if (begun.outcome === "busy") return { claimed: 0, remaining: 1 };
  if (begun.outcome === "invalid_range") {
    throw invalidField("from", `is after ${begun.to}`);
  }
  const { importId } = begun.import;
  const state = await readPages(context, begun.import, { ...lease, importId });
  return {
    ...{ importId, from: state.from, to: state.to },
    ...{
      read: state.read,
      imported: state.imported,
      reached: state.windowFrom,
    },
    claimed: state.read - begun.import.read,
    remaining: state.isFinished ? 0 : 1,
  };
}

async function readPages(
  context: OperationContext,
  begun: Import,
  lease: ImportLease,
): Promise<Import> {
  const startedAt = performance.now();
  let state = begun;
  for (let pages = 0; pages < PAGES_PER_SLICE && !state.isFinished; pages++) {
    if (performance.now() - startedAt > TIME_BUDGET_MILLISECONDS) break;
    const next = await readPage(context, state, lease);
    if (next === null) break;
    state = next;
  }
  return state.isFinished ? state : await pauseImport(context.database, lease);
}

/** As in `read-page.ts`, only an empty page is the end, or one that leads nowhere. */
async function readPage(
  { toss, database, logger }: OperationContext,
  { keys: present, windowFrom, windowUntil, cursor }: Import,
  lease: ImportLease,
): Promise<Import | null> {
  const keys = present ?? "main";
  const client = toss.of({ tossKeys: keys, tossClientKey: null });
  const page = await askPatiently(() =>
    client.listTransactions({
      from: windowFrom,
      until: windowUntil,
      startingAfter: cursor,
    })
  );
  if (page.kind !== "answered") {
    logger.warn("transactions_unread", { keys, outcome: page.kind });
    return null;
  }
  const lastKey = page.value.at(-1)?.transactionKey ?? null;
  return await recordImportedTransactions(database, {
    ...lease,
    keys,
    windowFrom,
    cursor,
    lastKey,
    isLast: lastKey === null || lastKey === cursor,
    rows: page.value.map((row) => ({
      ...row,
      transactionAt: tossTime(row.transactionAt),
    })),
  });
}
