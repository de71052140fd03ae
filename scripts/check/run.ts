import { runDeno } from "../door/run-deno.ts";
import { structureProblems } from "./structure.ts";

const STEPS: readonly (readonly string[])[] = [
  ["fmt", "--check"],
  ["lint"],
  [
    ...["check", "--lock=scripts/deno.lock", "--node-modules-dir=auto"],
    ...["supabase/functions", "simulator", "stack", "proofs"],
    ...["scripts", "tests"],
  ],
];

/** Checks one after the other; the exit code of the first that fails. */
export async function run(): Promise<number> {
  for (const step of STEPS) {
    const code = await runDeno(step);
    if (code !== 0) return code;
  }
  const problems = await structureProblems();
  for (const problem of problems) console.error(problem);
  if (problems.length === 0) console.log("structure: ok");
  return problems.length === 0 ? 0 : 1;
}
