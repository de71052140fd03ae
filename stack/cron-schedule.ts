import { Cron } from "croner";

/**
 * Tells whether a pg_cron schedule falls due in a span of time.
 *
 * Takes five-field cron expressions in UTC with `$` for a month's last day,
 * the `@daily` words and `N seconds` (1–59). The span excludes `after` and
 * includes `until`; several due times in it count as one, because pg_cron
 * replays no missed tick. Throws when the schedule is none.
 *
 * Source: pg_cron README, "What is pg_cron?" and its list of nicknames.
 */
export function isDue(schedule: string, after: Date, until: Date): boolean {
  const seconds = schedule.match(/^\s*([1-9]|[1-5]\d) seconds?\s*$/)?.[1];
  if (seconds !== undefined) {
    const every = Number(seconds) * 1000;
    return Math.floor(until.getTime() / every) >
      Math.floor(after.getTime() / every);
  }
  const pattern = schedule.trim().replace("@midnight", "@daily")
    .replace("$", "L");
  const next = new Cron(pattern, { timezone: "UTC" }).nextRun(after);
  return next !== null && next <= until;
}
