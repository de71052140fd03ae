import { checkAccounts } from "./checks/accounts.ts";
import { checkBacklog } from "./checks/backlog.ts";
import { checkClocks } from "./checks/clock.ts";
import { checkConfiguration } from "./checks/configuration.ts";
import { checkCronSecret } from "./checks/cron-secret.ts";
import { checkDatabase } from "./checks/database.ts";
import { checkExposure } from "./checks/exposure.ts";
import { checkFunctions } from "./checks/functions.ts";
import { checkHeartbeats } from "./checks/heartbeats.ts";
import { checkRetention } from "./checks/retention.ts";
import { checkHolidays } from "./checks/holidays.ts";
import { checkApiKeys } from "./checks/keys.ts";
import { checkRegion } from "./checks/region.ts";
import { checkSchedules } from "./checks/schedules.ts";
import { checkWakeUp } from "./checks/wake-up.ts";
import { type Check, type Context, readContext } from "./context.ts";
import { fail, type Finding, ok } from "./finding.ts";
import type { DoctorOptions, DoctorTarget } from "./target.ts";

const CHECKS: readonly Check[] = [
  checkApiKeys,
  checkDatabase,
  checkExposure,
  checkAccounts,
  checkFunctions,
  checkConfiguration,
  checkWakeUp,
  checkCronSecret,
  checkSchedules,
  checkClocks,
  checkHolidays,
  checkRetention,
  checkBacklog,
  checkRegion,
];

/** Why nothing of the project answers; null when something does. */
function silence({ database, functions }: Context): string | null {
  const { health } = functions;
  return health.outcome === "unreachable" && database.outcome === "unknown" &&
      database.problem.check === "data_api"
    ? health.reason
    : null;
}

/**
 * Examines a deployment or a local stack, link by link. Changes nothing.
 *
 * A broken link is one `fail`; what hangs on it is a `warn` that names it. A project that does not answer at all
 * yields the one finding `project`.
 *
 * @returns one finding a check, in a fixed order; `hasFailed()` sums them up
 */
export async function runDoctor(
  target: DoctorTarget,
  options: DoctorOptions = {},
): Promise<Finding[]> {
  const context = await readContext(target, options);
  const reason = silence(context);
  if (reason !== null) {
    return [fail(
      "project",
      `${target.url} does not answer: ${reason}`,
      "Check SUPABASE_URL and your network, and that the project is not paused; locally: npx -y deno task dev",
    )];
  }
  const found: Finding[] = [ok("project", `${target.url} answers`)];
  const groups = await Promise.all(CHECKS.map((check) => check(context)));
  found.push(...groups.flat());
  return [...found, ...checkHeartbeats(context, found)];
}
