import { recordJobRun, runHousekeeping } from "../_shared/database/jobs.ts";
import type {
  Handler,
  RequestContext,
} from "../_shared/http/create-function.ts";
import { readJson } from "../_shared/http/read-body.ts";
import { refuseAsOfWithLiveKeys } from "../_shared/http/refuse-as-of.ts";
import { runCashReceipts } from "../_shared/operations/cash-receipt/run.ts";
import { createOperationContext } from "../_shared/operations/context.ts";
import { expireOverdue } from "../_shared/operations/expire.ts";
import { runOperations } from "../_shared/operations/run.ts";
import { importTransactions } from "../_shared/reconciliation/import.ts";
import { reconcile } from "../_shared/reconciliation/run.ts";
import { runOutbox } from "../_shared/outbox/run.ts";
import { runWebhooks } from "../_shared/webhooks/run.ts";
import { type WorkerRequest, workerRequest } from "./request.ts";

/** So many calls to Toss take about a second of the two that Supabase allows a request. */
const DEFAULT_LIMIT = 50;

/** One kind of background work: a bounded slice of it, safe to be cut anywhere and to run twice at once. */
type Job = (
  context: RequestContext,
  slice: {
    limit: number | undefined;
    asOf: string | null;
    from: string | null;
    to: string | null;
  },
) => Promise<Record<string, number | string>>;

const JOBS: Record<WorkerRequest["job"], Job> = {
  /** What the webhook function stored and could not finish. */
  webhooks: (context, { limit = DEFAULT_LIMIT, asOf }) =>
    runWebhooks(createOperationContext(context, "webhook"), { limit, asOf }),
  /** What a caller began and nobody proved. */
  operations: (context, { limit = DEFAULT_LIMIT, asOf }) =>
    runOperations(createOperationContext(context, "worker"), { limit, asOf }),
  /** Orders past their time, and payments whose end no webhook told. */
  expiry: (context, { limit, asOf }) =>
    expireOverdue(createOperationContext(context, "worker"), {
      limit,
      asOf,
      payments: limit ?? DEFAULT_LIMIT,
    }),
  /** Receipts that nobody asked for, and those that the tax office works on. */
  cash_receipts: (context, { limit = DEFAULT_LIMIT, asOf }) =>
    runCashReceipts(createOperationContext(context, "worker"), {
      limit,
      asOf,
      selfIssueDays: context.services.config.selfIssueDays,
    }),
  /** What other systems have yet to hear. */
  outbox: ({ services, logger }, { limit, asOf }) =>
    runOutbox({ services, logger, limit, asOf }),
  /** Records that nobody needs any more. Money rows are never removed. */
  housekeeping: async ({ services }) => ({
    ...await runHousekeeping(services.database),
  }),
  /** What neither an answer nor a webhook told: Toss's list against our rows. */
  reconcile: (context, { limit, asOf, from, to }) =>
    reconcile(createOperationContext(context, "reconcile"), {
      pairs: context.services.config.toss.pairs,
      limit,
      asOf,
      from,
      to,
    }),
  /** The shop's history before this project; no schedule calls for it. */
  import: (context, { from, to }) =>
    importTransactions(createOperationContext(context, "reconcile"), {
      pairs: context.services.config.toss.pairs,
      from,
      to,
    }),
};

/**
 * `POST worker`: does a bounded slice of one job and answers what it did and what remains.
 *
 * Called by pg_cron through pg_net, which waits 5 s and repeats nothing: what is due lives in rows, so a lost,
 * doubled or cut call is made good by the next one.
 */
export const work: Handler = async (request, context) => {
  const { services, logger } = context;
  const body = await readJson(request, workerRequest, context.bodyLimit);
  refuseAsOfWithLiveKeys(body, services.config);
  const startedAt = performance.now();
  const result = await JOBS[body.job](context, {
    limit: body.limit,
    asOf: body.asOf ?? null,
    from: body.from ?? null,
    to: body.to ?? null,
  });
  logger.info("job_finished", { job: body.job, ...result });
  await recordJobRun(services.database, {
    job: body.job,
    durationSeconds: (performance.now() - startedAt) / 1000,
    result,
  });
  return Response.json({ job: body.job, ...result });
};
