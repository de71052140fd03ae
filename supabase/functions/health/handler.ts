import { readStatus } from "../_shared/database/read-status.ts";
import type { Handler } from "../_shared/http/create-function.ts";
import { VERSION } from "../_shared/version.ts";

/**
 * `GET health`: that the function runs and is configured; with the secret key also what waits, for how long, and
 * whether any money invariant is violated.
 */
export const health: Handler = async (_request, { services, caller }) => {
  const base = { status: "ok", version: VERSION };
  if (caller.kind !== "secret") return Response.json(base);
  const queues = await readStatus(services.database);
  const status = queues.invariantViolations > 0 ? "attention" : base.status;
  return Response.json({ ...base, status, ...queues });
};
