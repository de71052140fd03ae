import assert from "node:assert/strict";
import { startStack } from "../../stack/stack.ts";
import { waitUntil } from "../../stack/wait-until.ts";
import { makeCliProject } from "./cli-project.ts";
import {
  type CronScene,
  cronTests,
  ONE_TICK,
  openCronScene,
} from "./cron-scene.ts";
import type { WakeUp } from "./wake-up-recorder.ts";

const test = cronTests(async () =>
  await openCronScene(await startStack(), async (cluster) => {
    const project = await makeCliProject(cluster.url("postgres"));
    await project.push().finally(() => project.remove());
  })
);

async function scheduledJobs({ cluster }: CronScene) {
  return [
    ...await cluster.sql<
      { jobid: string; jobname: string; schedule: string; username: string }[]
    >`select jobid, jobname, schedule, username from cron.job order by jobname, username`,
  ];
}

async function knownJobs({ owner }: CronScene): Promise<string[]> {
  const rows = await owner<{ name: string }[]>`
    select name from toss_private.jobs order by name`;
  return rows.map(({ name }) => name);
}

/** What the first wake-up with each body was, and the worker's answer. */
function firstByJob(wakeUps: WakeUp[]) {
  return new Map(
    wakeUps.toReversed().map(({ body, answer, ...request }) => [
      JSON.stringify(body),
      { ...request, status: answer.status },
    ]),
  );
}

/** Charging has a function of its own; the worker is told what to do. */
function wakeUpBody(job: string): string {
  return JSON.stringify(job === "billing" ? {} : { job });
}

test("the migrations schedule every job once, for the role that runs them", async (scene) => {
  const [version] = await scene.cluster.sql`
    select extversion from pg_extension where extname = 'pg_cron'`;
  assert.match(version?.extversion, /^1\.\d/, "the real pg_cron");
  const jobs = await scheduledJobs(scene);
  assert.deepEqual(
    jobs.map(({ jobname, username }) => ({ jobname, username })),
    (await knownJobs(scene)).map((name) => ({
      jobname: `tosspayments-${name}`,
      username: "postgres",
    })),
  );
});

test("schedule_jobs() keeps one job for each name when it runs again", async (scene) => {
  const before = await scheduledJobs(scene);

  await scene.owner`select toss_private.schedule_jobs()`;
  await scene.owner`select toss_private.schedule_jobs()`;

  assert.deepEqual(await scheduledJobs(scene), before);
});

test("schedule_jobs() of another role would make a second job of each name", async (scene) => {
  const before = await scheduledJobs(scene);
  const counts: number[] = [];

  await scene.cluster.sql.begin(async (transaction) => {
    await transaction`select toss_private.schedule_jobs()`;
    const [row] = await transaction`
      select count(*)::int as jobs, count(distinct jobname)::int as names
      from cron.job`;
    counts.push(row?.jobs, row?.names);
    throw new Error("undo");
  }).catch((error) => assert.equal(error.message, "undo"));

  assert.deepEqual(counts, [2 * before.length, before.length]);
  assert.deepEqual(await scheduledJobs(scene), before);
});

test("a tick of pg_cron wakes the real function of every job, with the secret of the Vault", async (scene) => {
  const { owner, recorder, stack } = scene;
  const names = await knownJobs(scene);
  const before = await scheduledJobs(scene);
  await owner`update toss_private.jobs set schedule = '* * * * *'`;
  await owner`select toss_private.schedule_jobs()`;
  assert.deepEqual(
    await scheduledJobs(scene),
    before.map((job) => ({ ...job, schedule: "* * * * *" })),
    "a new schedule, the same jobs",
  );

  // The other jobs may have had a tick before the housekeeping was due.
  const first = () => firstByJob(recorder.wakeUps);
  await waitUntil(() => first().size >= names.length, ONE_TICK);

  assert.deepEqual(
    first(),
    new Map(names.map((job) => [wakeUpBody(job), {
      method: "POST",
      path: `/functions/v1/${job === "billing" ? "billing-charge" : "worker"}`,
      authorization: `Bearer ${stack.cronSecret}`,
      contentType: "application/json",
      status: 200,
    }])),
  );
  const heartbeats = await stack.sql`
    select job from public.job_status where runs > 0 order by job`;
  assert.deepEqual(heartbeats.map(({ job }) => job), names);
});

test("cron.job_run_details records the runs as succeeded, without the secret", async (scene) => {
  const { cluster, stack } = scene;
  const names = await knownJobs(scene);
  const runs = () =>
    cluster.sql<{ job: string; statuses: string[]; commands: string[] }[]>`
      select j.jobname as job, array_agg(distinct d.status) as statuses,
        array_agg(distinct d.command) as commands
      from cron.job_run_details as d join cron.job as j using (jobid)
      where d.end_time is not null group by j.jobname order by j.jobname`;
  await waitUntil(async () => (await runs()).length >= names.length, ONE_TICK);

  assert.deepEqual(
    [...await runs()],
    names.map((name) => ({
      job: `tosspayments-${name}`,
      statuses: ["succeeded"],
      commands: [`select toss_private.wake_worker('${name}')`],
    })),
  );
  const [leaks] = await cluster.sql`
    select count(*)::int as count from cron.job_run_details as d
    where d::text like ${`%${stack.cronSecret}%`}`;
  assert.equal(leaks?.count, 0);
});

test("run_housekeeping() removes pg_cron's records older than a week and no others", async (scene) => {
  const { cluster, owner } = scene;
  const names = await knownJobs(scene);
  await waitUntil(async () => {
    const rows = await cluster.sql`
      select distinct jobid from cron.job_run_details where end_time is not null`;
    return rows.length >= names.length;
  }, ONE_TICK);
  await cluster.sql`
    insert into cron.job_run_details (jobid, username, status, start_time, end_time)
    select 1, 'postgres', 'succeeded', now() - age, now() - age
    from unnest(array['8 days', '30 days', '6 days']::interval[]) as age`;

  const [row] = await owner.begin(async (transaction) => {
    await transaction`set local role service_role`;
    return await transaction`select public.run_housekeeping('{}') as result`;
  });

  assert.deepEqual(row?.result, {
    deletedCronRuns: 2,
    deletedWebhookEvents: 0,
    deletedRefusals: 0,
    deletedEvents: 0,
    remaining: 0,
  });
  const [left] = await cluster.sql`
    select count(*) filter (where end_time < now() - interval '7 days')::int as old,
      count(*) filter (where end_time < now() - interval '5 days')::int as recent
    from cron.job_run_details`;
  assert.deepEqual(left, { old: 0, recent: 1 });
});
