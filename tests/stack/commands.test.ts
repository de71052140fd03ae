import assert from "node:assert/strict";
import { join } from "node:path";
import { PROJECT_ROOT } from "../../stack/paths.ts";

/** What a command talks to, which may not answer. */
type Reach =
  /** A project, named by SUPABASE_URL. `args` are what it needs to get that far. */
  | { kind: "project"; args: string[] }
  /** The management API, through the Supabase CLI: tests/deploy/unreachable.test.ts. */
  | { kind: "management" }
  /** Nothing but what it starts itself. */
  | { kind: "nothing" };

const NOTHING: Reach = { kind: "nothing" };

/** Every task of deno.json. */
const COMMANDS: Readonly<Record<string, Reach>> = {
  "demo": NOTHING,
  "dev": NOTHING,
  "status": NOTHING,
  "doctor": { kind: "project", args: [] },
  "deploy": { kind: "management" },
  "uninstall": { kind: "management" },
  "test": NOTHING,
  "check": NOTHING,
  "chaos": NOTHING,
  "measure": NOTHING,
  "replay": { kind: "project", args: ["--status", "dead"] },
  "charge": { kind: "project", args: ["--dry-run"] },
  "billing-proof": NOTHING,
  "rotate-keys": { kind: "project", args: [] },
  "subscription-model": NOTHING,
  "simulator": NOTHING,
  "docs": NOTHING,
  "lock": NOTHING,
  "test:stack": NOTHING,
  "test:debian": NOTHING,
  "test:deploy": NOTHING,
  "test:browser": NOTHING,
};

const KEYRING = JSON.stringify({
  one: btoa("0123456789abcdef0123456789abcdef"),
});

interface Result {
  code: number;
  stdout: string;
  stderr: string;
}

async function run(
  task: string,
  args: string[],
  environment: Record<string, string> = {},
): Promise<Result> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", task, ...args],
    cwd: PROJECT_ROOT,
    env: environment,
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return {
    code,
    stdout: decoder.decode(stdout),
    stderr: decoder.decode(stderr),
  };
}

function linesOf(text: string): string[] {
  return text.split("\n").filter((line) => line.trim() !== "");
}

/** An address of this machine at which nobody listens. */
function silentAddress(): string {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return `http://127.0.0.1:${listener.addr.port}`;
}

Deno.test("the table knows every task of deno.json", async () => {
  const { tasks } = JSON.parse(
    await Deno.readTextFile(join(PROJECT_ROOT, "deno.json")),
  );
  assert.deepEqual(Object.keys(COMMANDS).sort(), Object.keys(tasks).sort());
});

for (const task of Object.keys(COMMANDS)) {
  const [name = ""] = task.split(":");

  Deno.test(`${task} explains itself with --help`, async () => {
    const { code, stdout, stderr } = await run(task, ["--help"]);
    assert.equal(code, 0, stderr);
    assert.equal(stderr, "");
    assert.ok(stdout.includes(`npx -y deno task ${task}`), stdout);
  });

  for (const stranger of ["--no-such-option", "stranger"]) {
    Deno.test(`${task} refuses ${stranger} in one line`, async () => {
      const { code, stdout, stderr } = await run(task, [stranger]);
      assert.equal(code, 2, stderr);
      assert.equal(stdout, "");
      const [line = "", ...others] = linesOf(stderr);
      assert.deepEqual(others, []);
      assert.ok(line.startsWith(`${name}: `) && line.includes(stranger), line);
      assert.ok(line.endsWith(`Help: npx -y deno task ${name} --help`), line);
    });
  }
}

for (
  const [what, address, reason] of [
    ["does not answer", silentAddress(), /refused/],
    [
      "has a name that nobody knows",
      "https://ref.invalid",
      /name is not known/,
    ],
    ["is none", "ref.supabase.co", /SUPABASE_URL must be an address/],
  ] as const
) {
  for (const [task, reach] of Object.entries(COMMANDS)) {
    if (reach.kind !== "project") continue;
    Deno.test(`${task} says in one line that an address ${what}`, async () => {
      const { code, stdout, stderr } = await run(task, reach.args, {
        SUPABASE_URL: address,
        SUPABASE_SECRET_KEY: "sb_secret_of_nobody",
        BILLING_KEY_ENCRYPTION_KEYS: KEYRING,
      });
      assert.notEqual(code, 0);
      const lines = linesOf(stdout + stderr)
        .filter((line) => !/^ *→ |^0 ok, /.test(line));
      assert.equal(lines.length, 1, stdout + stderr);
      assert.match(lines[0] ?? "", reason);
    });
  }
}

Deno.test("a command refuses half a project instead of taking the local stack", async () => {
  for (
    const environment of [
      { SUPABASE_URL: "https://ref.invalid", SUPABASE_SECRET_KEY: " " },
      { SUPABASE_URL: "", SUPABASE_SECRET_KEY: "sb_secret_of_nobody" },
    ]
  ) {
    const { code, stderr } = await run("charge", ["--dry-run"], environment);
    assert.equal(code, 1);
    assert.match(stderr, /is set and SUPABASE_\w+ is not\./);
    assert.equal(linesOf(stderr).length, 1);
  }
});

Deno.test("a usage error of a value is one line too", async () => {
  for (
    const [task, ...args] of [
      ["charge", "--limit", "0", "--as-of", "tomorrow"],
      ["charge", "--limit"],
      ["replay", "--event", "x", "--from", "yesterday"],
      ["replay", "--status", "late"],
      ["replay"],
      ["rotate-keys", "--batch", "many"],
      ["chaos", "--runs", "-1"],
      ["chaos", "--runs", "0"],
      ["billing-proof", "--only", "this"],
      ["measure", "--count", "1.5"],
      ["deploy", "--project-ref", "shop"],
    ] as const
  ) {
    const { code, stderr } = await run(task, [...args]);
    assert.equal(code, 2, `${task} ${args.join(" ")}: ${stderr}`);
    assert.equal(linesOf(stderr).length, 1, stderr);
    assert.match(
      stderr,
      new RegExp(`Help: npx -y deno task ${task} --help\n$`),
    );
  }
});

Deno.test("dev and simulator name a variable that cannot be used, in one line", async () => {
  for (
    const [task, environment] of [
      ["dev", { PORT: "many" }],
      ["dev", { TOSS_API_BASE_URL: "toss" }],
      ["status", { PORT: "many" }],
      ["simulator", { TOSS_SIM_PORT: "many" }],
      ["simulator", { TOSS_SIM_WEBHOOK_URLS: "a b" }],
      ["simulator", { TOSS_SIM_MINUTE_MS: "long" }],
    ] as const
  ) {
    const { code, stderr } = await run(task, [], environment);
    assert.equal(code, 1, stderr);
    assert.equal(linesOf(stderr).length, 1, stderr);
    assert.ok(stderr.startsWith(Object.keys(environment)[0] ?? "-"), stderr);
  }
});
