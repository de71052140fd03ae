import type { ChaosStack } from "./chaos-stack.ts";
import type { WorkerJob } from "./plan.ts";

/** Counts of a worker's run by name; null when it did not answer 200. */
export type WorkerAnswer = Record<string, number> | null;

/** Runs one job of the worker once, as pg_cron would. */
export async function work(
  { stack }: Pick<ChaosStack, "stack">,
  job: WorkerJob,
): Promise<WorkerAnswer> {
  const answer = await fetch(`${stack.functionsUrl}/worker`, {
    method: "POST",
    headers: {
      "authorization": `Bearer ${stack.cronSecret}`,
      "content-type": "application/json",
    },
    body: JSON.stringify({ job }),
  }).catch(() => null);
  const value = await answer?.json().catch(() => null);
  return answer?.status === 200 ? value : null;
}

/** Runs every job twice at the same time. */
export async function workTwice(
  chaos: Pick<ChaosStack, "stack">,
): Promise<void> {
  const jobs: WorkerJob[] = ["operations", "webhooks", "expiry", "outbox"];
  await Promise.all([...jobs, ...jobs].map((job) => work(chaos, job)));
}

/** So often the worker comes by while somebody waits, in real time. */
const ROUND_MILLISECONDS = 700;

/** Runs the worker again and again until `done`; nothing when that is soon. */
export async function workWhile(
  chaos: Pick<ChaosStack, "stack">,
  done: Promise<unknown>,
): Promise<void> {
  let isDone = false;
  const end = done.then(() => isDone = true, () => isDone = true);
  while (!isDone) {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const pause = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, ROUND_MILLISECONDS);
    });
    await Promise.race([end, pause]);
    clearTimeout(timer);
    if (!isDone) await work(chaos, "operations");
  }
}
