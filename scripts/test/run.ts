import { runCommand, type Values } from "../door/run-command.ts";
import { runDeno } from "../door/run-deno.ts";
import { UsageError } from "../door/stop-error.ts";

const HELP = `Runs tests.

  npx -y deno task test            what the functions, the database and the simulator do
  npx -y deno task test:stack      the local stack and its commands
  npx -y deno task test:debian     Debian's Postgres 15, pg_cron, pgTAP, the Supabase CLI (root)
  npx -y deno task test:deploy     the real Supabase CLI against a stand-in (npm)
  npx -y deno task test:browser    the real SDK and payment window in Chromium

PROPERTY_SCALE=4 tries four times as many cases of each property.

  --filter TEXT   only tests whose name holds it
  --help

Ends at the first group that fails, with its exit code. One file alone:
npx -y deno test -A --no-check --lock=scripts/deno.lock --node-modules-dir=auto tests/e2e/confirm.test.ts`;

/** Groups of arguments of \`deno test\`, one after the other: figures of time want the machine for themselves. */
const SUITES: Readonly<Record<string, readonly (readonly string[])[]>> = {
  test: [
    [
      "--parallel",
      "tests/unit",
      "tests/simulator",
      "tests/integration",
      "tests/property",
      "tests/e2e",
      "tests/abuse",
      "tests/docs",
      "tests/chaos",
    ],
    ["tests/timing"],
  ],
  "test:stack": [["--parallel", "tests/stack"]],
  "test:debian": [["tests/debian"]],
  "test:deploy": [["tests/deploy"]],
  "test:browser": [["tests/browser"]],
};

const OPTIONS = {
  // Given by the tasks themselves.
  task: { type: "string", default: "test" },
  filter: { type: "string" },
} as const;

async function run(
  { task, filter }: Values<typeof OPTIONS>,
): Promise<number> {
  const groups = SUITES[task];
  if (groups === undefined) throw new UsageError(`There are no tests ${task}`);
  for (const group of groups) {
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

await runCommand({ name: "test", help: HELP, options: OPTIONS, run });
