import { runCommand } from "./command/run-command.ts";
import { runDeno } from "./command/run-deno.ts";

const HELP = `Checks format, lint, types and structure.

  npx -y deno task check

Ends at the first that fails, with its exit code.`;

const LOCKED = ["--lock=scripts/deno.lock", "--node-modules-dir=auto"];

const ROOMS = [
  "supabase/functions",
  "simulator",
  "stack",
  "proofs",
  "scripts",
  "tests",
];

const STEPS: readonly (readonly string[])[] = [
  ["fmt", "--check"],
  ["lint"],
  ["check", ...LOCKED, ...ROOMS],
  ["run", "-A", "--no-check", ...LOCKED, "scripts/check-structure.ts"],
];

async function run(): Promise<number> {
  for (const step of STEPS) {
    const code = await runDeno(step);
    if (code !== 0) return code;
  }
  return 0;
}

await runCommand({ name: "check", help: HELP, options: {}, run });
