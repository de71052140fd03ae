import { StopError } from "../door/errors.ts";
import type { Project } from "../project/open-project.ts";

/** While another worker is at it, or Toss gives nothing, somebody waits. */
const PAUSE_MILLISECONDS = 3_000;
const MOST_IDLE_ROUNDS = 60;

/**
 * One slice of a job of the worker.
 *
 * @throws StopError when the worker refuses
 */
export async function callJob(
  project: Project,
  body: { job: string; from: string | undefined; to: string | undefined },
): Promise<unknown> {
  const response = await fetch(`${project.url}/functions/v1/worker`, {
    method: "POST",
    headers: {
      apikey: project.secretKey,
      "content-type": "application/json",
    },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (response.ok) return JSON.parse(text);
  throw new StopError(`The worker answered ${response.status}: ${text}`);
}

/** Pauses after a slice that did nothing; false when it has waited long enough. */
export function patience(): (hasWorked: boolean) => Promise<boolean> {
  let idle = 0;
  return async (hasWorked) => {
    idle = hasWorked ? 0 : idle + 1;
    if (idle > MOST_IDLE_ROUNDS) return false;
    if (idle > 0) {
      await new Promise((go) => setTimeout(go, PAUSE_MILLISECONDS));
    }
    return true;
  };
}
