import type { Sql } from "postgres";
import { isDue } from "./cron-schedule.ts";

/** A line of `cron.job`. */
export interface CronJob {
  jobid: string;
  schedule: string;
  command: string;
  database: string;
  username: string;
}

/** The running stand-in for pg_cron's scheduler. */
export interface CronDriver {
  stop(): Promise<void>;
}

async function runAs(sql: Sql, job: CronJob): Promise<string> {
  const session = await sql.reserve();
  try {
    await session`select set_config('session_authorization', ${job.username}, false)`;
    const rows = await session.unsafe(job.command).simple();
    return rows.length === 1 ? "1 row" : `${rows.length} rows`;
  } finally {
    await session.unsafe("reset session authorization; reset all").simple()
      .catch(() => undefined);
    session.release();
  }
}

/**
 * Runs one job now, as its user, and records the run in
 * `cron.job_run_details` as pg_cron does.
 *
 * A failing command is no error of this function: the record tells it.
 */
export async function runCronJob(sql: Sql, job: CronJob): Promise<void> {
  const [run] = await sql<{ runid: string }[]>`
    insert into cron.job_run_details
      (jobid, job_pid, database, username, command, status, start_time)
    values (
      ${job.jobid}, pg_backend_pid(), ${job.database}, ${job.username},
      ${job.command}, 'running', clock_timestamp()
    )
    returning runid`;
  const result = await runAs(sql, job).then(
    (message) => ({ status: "succeeded", message }),
    (error) => ({ status: "failed", message: `ERROR:  ${error.message}` }),
  );
  await sql`
    update cron.job_run_details
    set status = ${result.status}, return_message = ${result.message},
      end_time = clock_timestamp()
    where runid = ${run?.runid ?? null}`;
}

/** Finds the active job of this name, whoever scheduled it. */
export async function findCronJob(
  sql: Sql,
  name: string,
): Promise<CronJob | null> {
  const [job] = await sql<CronJob[]>`
    select jobid, schedule, command, database, username
    from cron.job where active and jobname = ${name} limit 1`;
  return job ?? null;
}

/**
 * Looks at `cron.job` every second and runs what has fallen due.
 *
 * Ticks of the time before the start are not replayed, and a job that is
 * still running is not started a second time. `sql` must be the superuser's.
 */
export function startCron(sql: Sql, log: (line: string) => void): CronDriver {
  const running = new Map<string, Promise<void>>();
  let last = new Date();
  let ticking = Promise.resolve();
  const tick = async () => {
    const now = new Date();
    const since = last;
    last = now;
    const jobs = await sql<CronJob[]>`
      select jobid, schedule, command, database, username
      from cron.job where active`;
    for (const job of jobs) {
      if (running.has(job.jobid) || !isDue(job.schedule, since, now)) continue;
      const run = runCronJob(sql, job)
        .catch((error) => log(`cron: ${error.message}`))
        .finally(() => running.delete(job.jobid));
      running.set(job.jobid, run);
    }
  };
  const timer = setInterval(() => {
    // Postgres may be restarting; the next second asks again.
    ticking = ticking.then(tick).catch((error) =>
      log(`cron: ${error.message}`)
    );
  }, 1000);
  return {
    async stop() {
      clearInterval(timer);
      await ticking;
      await Promise.all(running.values());
    },
  };
}
