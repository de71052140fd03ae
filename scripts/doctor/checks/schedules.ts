import type { Check, Context } from "../context.ts";
import type { Diagnosis } from "../diagnosis.ts";
import { fail, type Finding, ok, unchecked, warn } from "../finding.ts";

type Job = Diagnosis["jobs"][number];
type CronJob = NonNullable<Diagnosis["cronJobs"]>[number];

/** Every job stands in pg_cron once, as the migrations' owner scheduled it. */
export const checkSchedules: Check = ({ database }: Context) => {
  if (database.outcome === "unknown") {
    return [unchecked("cron_jobs", database.problem.check)];
  }
  const { jobs, cronJobs, owner } = database.diagnosis;
  if (cronJobs === null) return [unchecked("cron_jobs", "extension:pg_cron")];
  const known = new Set(jobs.map(({ job }) => job));
  return [
    ...jobs.map((job) =>
      judgeJob(job, cronJobs.filter((entry) => entry.job === job.job), owner)
    ),
    ...cronJobs.filter(({ job }) => !known.has(job)).map(leftOver),
  ];
};

function judgeJob(
  { job, schedule }: Job,
  entries: readonly CronJob[],
  owner: string,
): Finding {
  const check = `cron_job:${job}`;
  const own = entries.find((entry) => entry.owner === owner);
  const foreign = entries.filter((entry) => entry.owner !== owner);
  const reschedule = `As role ${owner}: select toss_private.schedule_jobs();`;
  if (foreign.length > 0) {
    const others = foreign.map(({ id, owner }) => `${owner} (job ${id})`);
    const remove = foreign.map(({ id, owner }) =>
      `As role ${owner}: select cron.unschedule(${id});`
    );
    return own === undefined
      ? fail(
        check,
        `belongs to ${others.join(", ")} and not to ${owner}`,
        [...remove, reschedule].join(" "),
      )
      : fail(
        check,
        `runs more than once a time: it belongs to ${owner} and also to ${
          others.join(", ")
        }`,
        remove.join(" "),
      );
  }
  if (own === undefined) return fail(check, "is not scheduled", reschedule);
  if (!own.isActive) {
    return fail(
      check,
      "is switched off",
      `As role ${owner}: select cron.alter_job(${own.id}, active := true);`,
    );
  }
  return own.schedule === schedule
    ? ok(check, `scheduled once (${schedule}) by ${owner}`)
    : warn(
      check,
      `scheduled as ${own.schedule} and meant as ${schedule}`,
      reschedule,
    );
}

function leftOver({ id, job, owner }: CronJob): Finding {
  return warn(
    `cron_job:${job}`,
    "is scheduled, and this version has no such job",
    `As role ${owner}: select cron.unschedule(${id});`,
  );
}
