import type { Context } from "../context.ts";
import type { Diagnosis } from "../diagnosis.ts";
import { fail, type Finding, ok, unchecked, warn } from "../finding.ts";
import { duration } from "../duration.ts";

type Job = Diagnosis["jobs"][number];

/** A slow run and pg_cron's own lag; a minute job is not overdue for them. */
const SLACK_SECONDS = 60;

/** What keeps every job from running when it is broken; a single job also needs its own `cron_job:`. */
const GROUNDS = new Set([
  "extension:pg_cron",
  "extension:pg_net",
  "extension:supabase_vault",
  "vault",
  "pg_net",
  "cron_secret",
  "variables",
  "toss_keys",
  "encryption_keys",
  "function:worker",
]);

/**
 * Every job has done its work lately.
 *
 * @param found what the other checks found: a job that is late for one of these reasons is not blamed itself
 */
export function checkHeartbeats(
  { database }: Context,
  found: readonly Finding[],
): Finding[] {
  if (database.outcome === "unknown") {
    return [unchecked("heartbeats", database.problem.check)];
  }
  const broken = found.filter(({ level }) => level === "fail");
  const isClockMoved = database.diagnosis.clockOffsetSeconds !== 0;
  return database.diagnosis.jobs.map((job) => {
    const ground = broken.find(({ check }) =>
      GROUNDS.has(check) || check === `cron_job:${job.job}`
    )?.check ?? (isClockMoved ? "clock_offset" : null);
    return judgeHeartbeat(job, database.diagnosis, ground);
  });
}

function judgeHeartbeat(
  job: Job,
  { cronJobs }: Diagnosis,
  ground: string | null,
): Finding {
  const check = `heartbeat:${job.job}`;
  const age = duration(job.secondsSince);
  const last = job.lastFinishedAt === null
    ? `has never run in ${age}`
    : `last ran ${age} ago`;
  if (job.isLate) {
    if (ground !== null) return unchecked(check, ground);
    const run = cronJobs?.find((entry) => entry.job === job.job)?.lastRun;
    const reason = run?.status === "failed"
      ? `; pg_cron's last try failed: ${run.message}`
      : "";
    return fail(
      check,
      `${last}${reason}`,
      "docs/operations.md, Late jobs. What it left undone is done by its next run.",
    );
  }
  if (job.secondsSince > job.intervalSeconds + SLACK_SECONDS) {
    return warn(
      check,
      `${last}, and is due every ${duration(job.intervalSeconds)}`,
      "Run doctor again in a few minutes.",
    );
  }
  return job.lastFinishedAt === null
    ? ok(
      check,
      `is due within ${duration(job.intervalSeconds)} for the first time`,
    )
    : ok(check, last);
}
