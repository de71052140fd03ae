import { runDeno } from "../door/run-deno.ts";
import type { Options } from "./command.ts";
import { JOBS, loadTogether } from "./folders.ts";
import { SUITES } from "./suites.ts";

/** Runs the groups of a suite; the exit code of the first that fails. */
export async function run({ suite, filter }: Options): Promise<number> {
  for (const { folders, parallel } of SUITES[suite]) {
    const directory = await Deno.makeTempDir({ prefix: "tests-" });
    try {
      const code = await runDeno([
        ...["test", "-A", "--no-check", "--lock=scripts/deno.lock"],
        "--node-modules-dir=auto",
        ...(filter === undefined ? [] : [`--filter=${filter}`]),
        ...(parallel ? ["--parallel"] : []),
        ...await loadTogether(folders, directory),
      ], { DENO_JOBS: String(JOBS) });
      if (code !== 0) return code;
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  }
  return 0;
}
