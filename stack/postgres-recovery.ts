import { join } from "node:path";
import { describeProcess } from "./describe-process.ts";
import { isProcessAlive } from "./process-alive.ts";
import { waitUntil } from "./wait-until.ts";

async function isPostgresOf(
  pid: number,
  dataDirectory: string,
): Promise<boolean> {
  const process = await describeProcess(pid);
  return process?.command.includes(dataDirectory) ?? false;
}

async function endProcess(pid: number): Promise<void> {
  for (const signal of ["SIGINT", "SIGQUIT", "SIGKILL"] as const) {
    Deno.kill(pid, signal);
    if (await waitUntil(() => !isProcessAlive(pid), { timeoutMs: 10_000 })) {
      return;
    }
  }
}

/**
 * Clears what a crashed stack left in a data folder.
 *
 * A Postgres that still runs on it is shut down in order (fast shutdown, then
 * harder); a lock file whose process is gone, or whose id now belongs to
 * another program, is removed. The caller must hold the stack's own lock on
 * the folder: a Postgres found here is nobody's any more.
 *
 * Returns what was found, for the log; null = nothing.
 */
export async function recoverDataDirectory(
  dataDirectory: string,
): Promise<string | null> {
  const lockFile = join(dataDirectory, "postmaster.pid");
  const content = await Deno.readTextFile(lockFile).catch(() => null);
  if (content === null) return null;
  const pid = Number(content.split("\n")[0]);
  const orphaned = pid > 0 && isProcessAlive(pid) &&
    await isPostgresOf(pid, dataDirectory);
  if (orphaned) {
    await endProcess(pid);
    return `stopped the Postgres ${pid} that an earlier run had left`;
  }
  await Deno.remove(lockFile).catch(() => undefined);
  return "removed the lock file of a Postgres that is gone";
}
