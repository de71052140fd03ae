import { recordJobRun } from "../_shared/database/jobs.ts";
import { MAXIMUM_BODY_BYTES } from "../_shared/http/body-limits.ts";
import type { Handler } from "../_shared/http/create-function.ts";
import { readJson } from "../_shared/http/read-body.ts";
import { refuseAsOfWithLiveKeys } from "../_shared/http/refuse-as-of.ts";
import { expiry } from "./jobs/expiry.ts";
import { housekeeping } from "./jobs/housekeeping.ts";
import type { Job } from "./jobs/job.ts";
import { operations } from "./jobs/operations.ts";
import { webhooks } from "./jobs/webhooks.ts";
import { type WorkerRequest, workerRequest } from "./request.ts";

const JOBS: Record<WorkerRequest["job"], Job> = {
  webhooks,
  operations,
  expiry,
  housekeeping,
};

/**
 * `POST worker`: does a bounded slice of one job and answers what it did and what remains.
 *
 * Called by pg_cron through pg_net, which waits 5 s and repeats nothing: what is due lives in rows, so a lost,
 * doubled or cut call is made good by the next one.
 */
export const work: Handler = async (request, context) => {
  const { services, logger } = context;
  const body = await readJson(
    request,
    workerRequest,
    MAXIMUM_BODY_BYTES.worker,
  );
  refuseAsOfWithLiveKeys(body, services.config);
  const startedAt = performance.now();
  const result = await JOBS[body.job](context, body);
  logger.info("job_finished", { job: body.job, ...result });
  await recordJobRun(services.database, {
    job: body.job,
    durationSeconds: (performance.now() - startedAt) / 1000,
    result,
  });
  return Response.json({ job: body.job, ...result });
};
