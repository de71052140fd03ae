import { runCommand, type Values } from "./command/run-command.ts";
import { runDeno } from "./command/run-deno.ts";
import { UsageError } from "./command/stop-error.ts";
import { loadTogether } from "./test/folders.ts";

const HELP = `Runs tests.

  npx -y deno task test            what the functions, the database and the simulator do
  npx -y deno task test:stack      the local stack and its commands
  npx -y deno task test:debian     Debian's Postgres 15, pg_cron, pgTAP, the Supabase CLI (root)
  npx -y deno task test:deploy     the real Supabase CLI against a stand-in (npm)
  npx -y deno task test:browser    the real SDK and payment window in Chromium

PROPERTY_SCALE=4 tries four times as many cases of each property, and storms of four times the size.

  --filter TEXT   only tests whose name holds it
  --help

Ends at the first group that fails, with its exit code. One file alone:
npx -y deno test -A --no-check --lock=scripts/deno.lock --node-modules-dir=auto tests/e2e/confirm/confirm.test.ts`;

/** Folders of tests and how `deno test` runs them, one group after the other: figures of time want the machine for themselves. */
interface Group {
  folders: readonly string[];
  parallel: boolean;
}

const SUITES: Readonly<Record<string, readonly Group[]>> = {
  test: [
    {
      parallel: true,
      folders: [
        "tests/unit",
        "tests/simulator",
        "tests/integration",
        "tests/property",
        "tests/e2e",
        "tests/abuse",
        "tests/docs",
        "tests/chaos",
      ],
    },
    { parallel: false, folders: ["tests/timing"] },
  ],
  "test:stack": [{ parallel: true, folders: ["tests/stack"] }],
  "test:debian": [{ parallel: false, folders: ["tests/debian"] }],
  "test:deploy": [{ parallel: false, folders: ["tests/deploy"] }],
  "test:browser": [{ parallel: false, folders: ["tests/browser"] }],
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
  for (const { folders, parallel } of groups) {
    const directory = await Deno.makeTempDir({ prefix: "tests-" });
    try {
      const code = await runDeno([
        ...["test", "-A", "--no-check", "--lock=scripts/deno.lock"],
        "--node-modules-dir=auto",
        ...(filter === undefined ? [] : [`--filter=${filter}`]),
        ...(parallel ? ["--parallel"] : []),
        ...await loadTogether(folders, directory),
      ]);
      if (code !== 0) return code;
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  }
  return 0;
}

await runCommand({ name: "test", help: HELP, options: OPTIONS, run });
