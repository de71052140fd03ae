import { runDeno } from "../door/run-deno.ts";
import type { Options } from "./command.ts";
import { SUITES } from "./suites.ts";

/** Runs the groups of a suite; the exit code of the first that fails. */
export async function run({ suite, filter }: Options): Promise<number> {
  for (const group of SUITES[suite]) {
    const code = await runDeno([
      ...["test", "-A", "--no-check", "--lock=scripts/deno.lock"],
      "--node-modules-dir=auto",
      ...(filter === undefined ? [] : [`--filter=${filter}`]),
      ...group,
    ]);
    if (code !== 0) return code;
  }
  return 0;
}
