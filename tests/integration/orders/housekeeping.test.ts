import assert from "node:assert/strict";
import { callSql } from "../../support/answers.ts";
import { shopTests } from "../../support/shop-test.ts";

const test = shopTests();

const OURS = "select toss_private.wake_worker('webhooks')";
const REPORT = "select public.monthly_report()";

interface Run {
  /** What the run is called in the assertion. */
  message: string;
  /** The id of a job that is gone, unless it is one of cron.job. */
  job?: string;
  command: string;
  /** Days since the start and the end; null = pg_cron never wrote it. */
  started: number | null;
  ended: number | null;
}

test("run_housekeeping() removes the old history of our own jobs, with and without an end, and no other", async ({ stack }) => {
  const { sql } = stack;
  await sql`delete from cron.job_run_details`;
  // A shop's own jobs, one with a name that looks like ours.
  await sql`select cron.schedule('report', '0 0 1 1 *', ${REPORT})`;
  await sql`select cron.schedule('tosspayments-report', '0 0 1 1 *', ${REPORT})`;
  const ours = { job: "tosspayments-webhooks", command: OURS };
  const runs: Run[] = [
    { ...ours, message: "killed before its start", started: null, ended: null },
    { ...ours, message: "old", started: 8, ended: 8 },
    { ...ours, message: "old, cut", started: 8, ended: null },
    { message: "old, job replaced", command: OURS, started: 9, ended: 9 },
    { ...ours, message: "killed lately", started: null, ended: null },
    { ...ours, message: "recent", started: 6, ended: 6 },
    { ...ours, message: "running", started: 0, ended: null },
    {
      message: "theirs",
      job: "report",
      command: REPORT,
      started: 30,
      ended: 30,
    },
    {
      message: "theirs, cut",
      job: "report",
      command: REPORT,
      started: 30,
      ended: null,
    },
    {
      message: "theirs under a name like ours",
      job: "tosspayments-report",
      command: REPORT,
      started: 30,
      ended: 30,
    },
    { message: "theirs, job gone", command: REPORT, started: 30, ended: 30 },
  ];
  for (const { message, job = "", command, started, ended } of runs) {
    await sql`
      insert into cron.job_run_details (jobid, username, command, status, return_message, start_time, end_time)
      values (
        coalesce((select c.jobid from cron.job as c where c.jobname = ${job} limit 1), 999999), 'postgres', ${command},
        'failed', ${message}, now() - make_interval(days => ${started}), now() - make_interval(days => ${ended})
      )`;
  }

  const answer = await callSql(sql, "run_housekeeping", {});

  assert.deepEqual(answer, {
    deletedCronRuns: 4,
    deletedWebhookEvents: 0,
    deletedRefusals: 0,
    deletedEvents: 0,
    remaining: 0,
  });
  const left = await sql<{ return_message: string }[]>`
    select return_message from cron.job_run_details order by runid`;
  assert.deepEqual(left.map((row) => row.return_message), [
    "killed lately",
    "recent",
    "running",
    "theirs",
    "theirs, cut",
    "theirs under a name like ours",
    "theirs, job gone",
  ]);
});

test("run_housekeeping() leaves pg_net's answers and its queue to pg_net", async ({ stack }) => {
  const { sql } = stack;
  await sql`insert into net._http_response (id, status_code, created) values (4711, 200, now() - interval '30 days')`;

  await callSql(sql, "run_housekeeping", {});

  const [left] =
    await sql`select status_code from net._http_response where id = 4711`;
  assert.equal(left?.status_code, 200);
});
