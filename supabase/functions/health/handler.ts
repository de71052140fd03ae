import { readStatus, type SystemStatus } from "../_shared/database/status.ts";
import type { Handler } from "../_shared/http/create-function.ts";
import { VERSION } from "../_shared/version.ts";
import { describeConfiguration } from "./describe-configuration.ts";

/** The loudest of what an operator must know: `critical` before `attention` before `ok`. */
function levelOf({ alerts, invariantViolations }: SystemStatus): string {
  if (alerts.critical > 0 || invariantViolations > 0) return "critical";
  return alerts.warning > 0 ? "attention" : "ok";
}

/**
 * `GET health`: that the function runs and is configured; with the secret key also what waits and for how long,
 * when each job last ran, how many alerts and violated invariants there are, and how the functions are configured.
 *
 * Whoever brings CRON_SECRET is told so: that is how the database finds out that its own copy fits.
 */
export const health: Handler = async (_request, { services, caller }) => {
  if (caller.kind === "cron") {
    return Response.json({ status: "ok", version: VERSION, caller: "cron" });
  }
  if (caller.kind !== "secret") {
    return Response.json({ status: "ok", version: VERSION });
  }
  const system = await readStatus(services.database);
  return Response.json({
    status: levelOf(system),
    version: VERSION,
    ...system,
    configuration: describeConfiguration(services),
  });
};
