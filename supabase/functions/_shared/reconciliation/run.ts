import {
  beginReconciliation,
  claimReconciliationQuestions,
  findUnlistedPayments,
  finishReconciliation,
  pauseReconciliation,
  type ReconciliationLease,
  type ReconciliationRun,
} from "../database/reconciliation.ts";
import { beginSettlements } from "../database/settlements.ts";
import { invalidField } from "../http/app-error.ts";
import type { OperationContext } from "../operations/context.ts";
import { TIME_BUDGET_MILLISECONDS } from "../operations/run-batches.ts";
import { type KeyPairs, TOSS_KEYS, type TossKeys } from "../toss/key-pairs.ts";
import { askAbout } from "./ask.ts";
import { distinctPairs } from "./distinct-pairs.ts";
import { readPage } from "./read-page.ts";
import { readSettlements } from "./read-settlements.ts";

/** Parsing so many pages of a thousand rows takes about a third of the 2 s of CPU that Supabase allows a request. */
const PAGES_PER_SLICE = 20;
const QUESTIONS_PER_SLICE = 300;
const QUESTIONS_AT_A_TIME = 10;
/** Database calls of this job carry a thousand rows; a lease outlives the slowest of them and one answer of Toss. */
const LEASE_MARGIN_SECONDS = 30;

/** Which days are compared, with what. */
export interface ReconcileRequest {
  pairs: KeyPairs;
  /** Questions about single payments, at most. */
  limit: number | undefined;
  asOf: string | null;
  /** Days in Seoul, both included; null = the last three, and those that were missed. */
  from: string | null;
  to: string | null;
}

/**
 * Compares Toss's list of transactions with payments and cancels, both ways, a slice at a time.
 *
 * The list is a hint, as a webhook is: what does not agree with it is asked by paymentKey, and Toss's answer goes
 * through the one door where that is safe. Then the settlements of the same days are read. How far a run is lies in rows, so a slice that is cut is gone on with.
 * `remaining` is 0 when the run is over, `claimed` what the slice has read and asked.
 *
 * @throws AppError invalid_request when no day lies between `from` and `to`
 */
export async function reconcile(
  context: OperationContext,
  { pairs, limit, asOf, from, to }: ReconcileRequest,
): Promise<Record<string, number | string>> {
  const lease = {
    leaseToken: crypto.randomUUID(),
    leaseSeconds: context.leaseSeconds + LEASE_MARGIN_SECONDS,
  };
  const begun = await beginReconciliation(context.firstCall, {
    ...lease,
    pairs: distinctPairs(pairs),
    from,
    to,
    asOf,
  });
  if (begun.outcome === "busy") return { claimed: 0, remaining: 1 };
  if (begun.outcome === "invalid_range") {
    throw invalidField("from", `is after ${begun.to}`);
  }
  const { run, claimed } = await work(context, begun.run, {
    lease: { ...lease, runId: begun.run.runId },
    configured: TOSS_KEYS.filter((keys) => pairs[keys] !== null),
    questions: limit ?? QUESTIONS_PER_SLICE,
  });
  const { runId, compared, healed, open, foreign, status } = run;
  return {
    ...{ runId, from: run.from, to: run.to, status },
    ...{ compared, healed, open, foreign, claimed },
    remaining: run.phase === "done" ? 0 : run.questions + 1,
  };
}

interface Slice {
  lease: ReconciliationLease;
  configured: TossKeys[];
  /** So many at most. */
  questions: number;
}

async function work(
  context: OperationContext,
  begun: ReconciliationRun,
  { lease, configured, questions }: Slice,
): Promise<{ run: ReconciliationRun; claimed: number }> {
  const { database } = context;
  const startedAt = performance.now();
  const isTimeUp = () =>
    performance.now() - startedAt > TIME_BUDGET_MILLISECONDS;
  let run = begun;
  let claimed = 0;
  let asked = 0;
  let pages = 0;
  while (run.phase !== "done" && !isTimeUp()) {
    if (run.phase === "list" || run.phase === "settlements") {
      if (run.keys === null) {
        run = await finishReconciliation(database, lease);
        continue;
      }
      if (pages++ >= PAGES_PER_SLICE) break;
      const read = run.phase === "list" ? readPage : readSettlements;
      const page = await read(context, run, lease);
      if (page === null) break;
      claimed += page.rows;
      run = page.run;
    } else if (run.phase === "ours") {
      run = await findUnlistedPayments(database, { ...lease, configured });
    } else {
      if (asked >= questions) break;
      const batch = await claimReconciliationQuestions(database, {
        ...lease,
        limit: Math.min(QUESTIONS_AT_A_TIME, questions - asked),
      });
      if (batch.length === 0) {
        run = await beginSettlements(database, lease);
      }
      asked += batch.length;
      claimed += batch.length;
      await Promise.all(
        batch.map((question) => askAbout(context, question, lease)),
      );
    }
  }
  if (run.phase !== "done") run = await pauseReconciliation(database, lease);
  return { run, claimed };
}
