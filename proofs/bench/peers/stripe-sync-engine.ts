import { join } from "node:path";
import { readLines } from "../../../stack/lines.ts";
import { PROJECT_ROOT } from "../../../stack/paths.ts";
import type { Contender } from "../contest.ts";

const FOLDER = join(PROJECT_ROOT, ".local", "bench-peers");
const HERE = import.meta.dirname ?? "";

/** Installs what others have published, as pinned, beside everything that is deployed. */
async function install(): Promise<void> {
  await Deno.mkdir(FOLDER, { recursive: true });
  for (const name of ["package.json", "package-lock.json"]) {
    await Deno.copyFile(join(HERE, name), join(FOLDER, name));
  }
  const { success, stderr } = await new Deno.Command("npm", {
    args: ["ci", "--ignore-scripts", "--no-audit", "--no-fund"],
    cwd: FOLDER,
    stdin: "null",
  }).output();
  if (!success) {
    throw new Error(`npm ci: ${new TextDecoder().decode(stderr)}`);
  }
}

/** Starts `@supabase/stripe-sync-engine` over a database of its own, in a process of its own. */
export async function startStripeSyncEngine(
  name: string,
  databaseUrl: string,
): Promise<Contender & { stop(): Promise<void> }> {
  await install();
  const child = new Deno.Command("node", {
    args: [join(HERE, "stripe-sync-engine.mjs"), databaseUrl],
    cwd: FOLDER,
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const input = child.stdin.getWriter();
  const lines = readLines(child.stdout)[Symbol.asyncIterator]();
  for (let ready = false; !ready;) {
    const { value, done } = await lines.next();
    if (done) throw new Error("the engine did not start");
    ready = value === "ready";
  }
  return {
    name,
    async run(load) {
      await input.write(new TextEncoder().encode(`${JSON.stringify(load)}\n`));
      for (;;) {
        const { value, done } = await lines.next();
        if (done) throw new Error("the engine has ended");
        // It logs to the same stream.
        if (value.startsWith('{"seconds"')) return JSON.parse(value).seconds;
      }
    },
    async stop() {
      await input.close();
      await child.status;
    },
  };
}
