import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readLines } from "../../stack/lines.ts";
import { PROJECT_ROOT } from "../../stack/paths.ts";
import type { Runner } from "./storm.ts";

/** What the naive loop is told. */
export interface NaiveSettings {
  databaseUrl: string;
  tossUrl: string;
  secretKey: string;
  /** ISO 8601; what is due by then is charged. */
  asOf: string;
}

const PROGRAM = fileURLToPath(new URL("./naive-loop.ts", import.meta.url));

/** Starts a process with the naive loop. Throws when it does not come up. */
export async function startNaiveRunner(
  settings: NaiveSettings,
): Promise<Runner> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", "--no-check", "--quiet"],
      `--config=${join(PROJECT_ROOT, "deno.json")}`,
      `--lock=${join(PROJECT_ROOT, "scripts", "deno.lock")}`,
      ...["--node-modules-dir=auto", PROGRAM, JSON.stringify(settings)],
    ],
    cwd: PROJECT_ROOT,
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const writer = child.stdin.getWriter();
  const lines = readLines(child.stdout);
  /** Whether the process said the word that comes next; false when it ended instead. */
  const heard = async (word: string) => {
    const { done, value } = await lines.next();
    return !done && value === word;
  };
  if (!await heard("ready")) throw new Error("the naive loop did not start");
  return {
    pid: child.pid,
    async run() {
      await writer.write(new TextEncoder().encode("run\n"))
        // A process that has just been killed tells it by its silence.
        .catch(() => undefined);
      return await heard("over");
    },
    async kill() {
      try {
        child.kill("SIGKILL");
      } catch {
        // It has ended by itself.
      }
      await child.status;
      await writer.close().catch(() => undefined);
    },
  };
}
