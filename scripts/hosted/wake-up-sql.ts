import { z } from "zod";
import { CRON_JOB_PREFIX, VAULT_NAMES } from "./names.ts";
import { literal, runSql } from "./run-sql.ts";
import type { SupabaseCli } from "./supabase-cli.ts";

/** What the schedules read from Vault at run time. */
export interface VaultValues {
  /** Address of the project's API. */
  url: string;
  /** The same as the functions' CRON_SECRET. */
  cronSecret: string;
}

const stored = z.array(z.object({
  name: z.string(),
  change: z.enum(["created", "changed", "unchanged"]),
}));

const jobList = z.array(z.object({ name: z.string(), owner: z.string() }));

/**
 * Stores the values in Vault under the names that `toss_private.wake_worker` reads.
 *
 * @returns each name with `created`, `changed` or `unchanged`
 * @throws StopError when Vault is missing
 */
export async function storeVaultValues(
  cli: SupabaseCli,
  values: VaultValues,
): Promise<z.output<typeof stored>> {
  const wanted = [
    `(${literal(VAULT_NAMES.url)}, ${literal(values.url)})`,
    `(${literal(VAULT_NAMES.cronSecret)}, ${literal(values.cronSecret)})`,
  ];
  return stored.parse(
    await runSql(cli, {
      sql: `
with wanted (name, secret) as (values ${wanted.join(", ")}),
compared as (
  select w.name, w.secret, s.id, s.decrypted_secret is not distinct from w.secret as is_same
  from wanted as w left join vault.decrypted_secrets as s using (name)
)
select c.name,
  case
    when c.id is null then (select 'created' from vault.create_secret(c.secret, c.name))
    when c.is_same then 'unchanged'
    else (select 'changed' from vault.update_secret(c.id, c.secret))
  end as change
from compared as c order by c.name`,
    }),
  );
}

// pg_cron knows a job by name and user: run by another role, the same statement would make a second job of each name.
const SCHEDULE = `
do $$
begin
  if current_user <> (
    select pg_get_userbyid(p.proowner) from pg_proc as p
    where p.oid = to_regprocedure('toss_private.schedule_jobs()')
  ) then
    raise exception 'the jobs must be scheduled by the role that runs the migrations, not by %', current_user;
  end if;
  perform cron.unschedule(j.jobname)
  from cron.job as j
  where starts_with(j.jobname::text, ${
  literal(CRON_JOB_PREFIX)
}) and j.username = current_user
    and not exists (
      select 1 from toss_private.jobs as known
      where ${literal(CRON_JOB_PREFIX)} || known.name = j.jobname::text
    );
  perform toss_private.schedule_jobs();
end;
$$`;

// Apart from the statement above: of several statements the management API answers one result only.
const JOBS = `
select j.jobname as name, j.username as owner from cron.job as j
where starts_with(j.jobname::text, ${literal(CRON_JOB_PREFIX)})
order by j.jobname, j.username`;

const UNSCHEDULE = `
do $$
begin
  perform cron.unschedule(j.jobid) from cron.job as j
  where starts_with(j.jobname::text, ${
  literal(CRON_JOB_PREFIX)
}) and j.username = current_user;
end;
$$`;

/** A pg_cron job under a name of ours. */
export interface ScheduledJob {
  name: string;
  owner: string;
}

/**
 * Creates or updates the pg_cron job of every row of toss_private.jobs, and removes those of ours that have no row any more.
 *
 * @returns all jobs under our names
 * @throws StopError when another role than the migrations' would own them, or pg_cron is missing
 */
export async function scheduleJobs(cli: SupabaseCli): Promise<ScheduledJob[]> {
  await runSql(cli, { sql: SCHEDULE });
  return jobList.parse(await runSql(cli, { sql: JOBS, readOnly: true }));
}

/**
 * Removes our pg_cron jobs.
 *
 * @returns those that are left: pg_cron lets a role remove its own jobs only
 */
export async function unscheduleJobs(
  cli: SupabaseCli,
): Promise<ScheduledJob[]> {
  await runSql(cli, { sql: UNSCHEDULE });
  return jobList.parse(await runSql(cli, { sql: JOBS, readOnly: true }));
}
