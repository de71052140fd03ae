import { runDeno } from "../door/run-deno.ts";
import { checkStructure } from "./structure.ts";

const STEPS: readonly (readonly string[])[] = [
  ["fmt", "--check"],
  ["lint"],
  [
    ...["check", "--lock=scripts/deno.lock", "--node-modules-dir=auto"],
    ...["supabase/functions", "simulator", "stack", "proofs"],
    ...["scripts", "tests", "packages"],
  ],
];

/** Checks one after the other; the exit code of the first that fails. */
export async function run(): Promise<number> {
  for (const step of STEPS) {
    const code = await runDeno(step);
    if (code !== 0) return code;
  }
  return await checkStructure();
}
