import assert from "node:assert/strict";
import { join } from "node:path";
import { toss } from "../../scripts/commands.ts";
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

/** Every command, as it is called after `deno task`. */
const COMMANDS: Readonly<Record<string, Reach>> = {
  "demo": NOTHING,
  "dev": NOTHING,
  "status": NOTHING,
  "doctor": { kind: "project", args: [] },
  "deploy": { kind: "management" },
  "toss uninstall": { kind: "management" },
  "toss charge": { kind: "project", args: ["--dry-run"] },
  "toss replay": { kind: "project", args: ["--status", "dead"] },
  "toss reconcile": { kind: "project", args: [] },
  "toss tax-sheet": { kind: "project", args: ["2026-11"] },
  "toss order": { kind: "project", args: ["order_1"] },
  "toss explain": { kind: "project", args: ["order_1"] },
  "toss operator": { kind: "project", args: [] },
  "toss reprice": {
    kind: "project",
    args: ["pro", "--amount", "12900", "--dry-run"],
  },
  "toss rotate-keys": { kind: "project", args: [] },
  "toss simulator": NOTHING,
  "check": NOTHING,
  "test": NOTHING,
  "prove chaos": NOTHING,
  "prove billing": NOTHING,
  "prove subscriptions": NOTHING,
  "prove bench": NOTHING,
  "docs": NOTHING,
  "lock": NOTHING,
  "toss files-to-open": NOTHING,
  "toss notify preview": NOTHING,
  "toss notify test": NOTHING,
};

/** What the commands that take a name call it. */
const ARGUMENTS: Record<string, string> = {
  "test": "<suite>",
  "toss tax-sheet": "<month>",
  "toss notify preview": "<notice>",
  "toss notify test": "<notice>",
};

/** What stands before a stranger of commands that take any text. */
const PLACES: Record<string, readonly string[]> = {
  "toss order": ["order_1"],
  "toss explain": ["order_1"],
  "toss reprice": ["pro"],
};

/** The tasks of deno.json: what is used most, and the two groups. */
const TASKS = [
  ...["toss", "demo", "dev", "status", "doctor", "deploy", "charge", "replay"],
  ...[
    "reconcile",
    "order",
    "explain",
    "check",
    "test",
    "prove",
    "docs",
    "lock",
  ],
];

const KEYRING = JSON.stringify({
  one: btoa("0123456789abcdef0123456789abcdef"),
});

interface Result {
  code: number;
  stdout: string;
  stderr: string;
}

async function run(
  call: string,
  args: string[],
  environment: Record<string, string> = {},
): Promise<Result> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", ...call.split(" "), ...args],
    cwd: PROJECT_ROOT,
    env: environment,
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return {
    code,
    stdout: decoder.decode(stdout),
    // Deno's own word when several processes start at once.
    stderr: decoder.decode(stderr)
      .replaceAll(/^Blocking waiting for file lock.*\n/gm, ""),
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

Deno.test("the table knows every task and every command", async () => {
  const { tasks } = JSON.parse(
    await Deno.readTextFile(join(PROJECT_ROOT, "deno.json")),
  );
  assert.deepEqual(Object.keys(tasks).sort(), TASKS.toSorted());
  const calls = toss.commands?.flatMap(({ call, commands }) =>
    commands?.map((one) => one.call) ?? [call]
  );
  assert.deepEqual(calls?.sort(), Object.keys(COMMANDS).sort());
});

Deno.test("what is a task of its own is the same command behind the door", async () => {
  for (const task of TASKS.filter((name) => name !== "toss")) {
    const alone = await run(task, ["--help"]);
    const behind = await run(`toss ${task}`, ["--help"]);
    assert.deepEqual(alone, behind);
    assert.equal(alone.code, 0, alone.stderr);
  }
});

for (const group of [toss, ...toss.commands ?? []]) {
  const { call, commands } = group;
  if (commands === undefined) continue;

  Deno.test(`${call} lists its commands with one line each`, async () => {
    for (const args of [[], ["--help"]]) {
      const { code, stdout, stderr } = await run(call, args);
      assert.equal(code, 0, stderr);
      for (const { call, summary } of commands) {
        const [word = ""] = call.split(" ").slice(-1);
        const [start = ""] = summary.split(":");
        assert.match(stdout, new RegExp(`^  ${word} +${start}`, "m"));
      }
    }
  });

  Deno.test(`${call} knows the nearest of a misspelt command`, async () => {
    const [right = ""] = commands[0]?.call.split(" ").slice(-1) ?? [];
    const { code, stderr } = await run(call, [`${right}x`]);
    assert.equal(code, 2, stderr);
    assert.equal(linesOf(stderr).length, 1, stderr);
    assert.ok(stderr.includes(`did you mean ${right}?`), stderr);
  });
}

Deno.test("a misspelt option does nothing and gets the nearest one", async () => {
  const { code, stderr } = await run("toss charge", ["--dryrun"]);
  assert.equal(code, 2);
  assert.equal(
    stderr,
    "charge: Unknown option '--dryrun': did you mean --dry-run? Help: npx -y deno task toss charge --help\n",
  );
});

for (const call of Object.keys(COMMANDS)) {
  const [name = ""] = call.split(" ").slice(-1);

  Deno.test(`${call} explains itself with --help`, async () => {
    const { code, stdout, stderr } = await run(call, ["--help"]);
    assert.equal(code, 0, stderr);
    assert.equal(stderr, "");
    assert.ok(stdout.includes(`npx -y deno task ${call}`), stdout);
  });

  for (const stranger of ["--no-such-option", "stranger"]) {
    Deno.test(`${call} refuses ${stranger} in one line`, async () => {
      const { code, stdout, stderr } = await run(call, [
        ...PLACES[call] ?? [],
        stranger,
      ]);
      assert.equal(code, 2, stderr);
      assert.equal(stdout, "");
      const [line = "", ...others] = linesOf(stderr);
      assert.deepEqual(others, []);
      assert.ok(line.startsWith(`${name}: `), line);
      const named = stranger === "stranger" ? ARGUMENTS[call] : undefined;
      assert.ok(line.includes(named ?? stranger), line);
      assert.ok(line.endsWith(`Help: npx -y deno task ${call} --help`), line);
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
  for (const [call, reach] of Object.entries(COMMANDS)) {
    if (reach.kind !== "project") continue;
    Deno.test(`${call} says in one line that an address ${what}`, async () => {
      const { code, stdout, stderr } = await run(call, reach.args, {
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
    const { code, stderr } = await run(
      "toss charge",
      ["--dry-run"],
      environment,
    );
    assert.equal(code, 1);
    assert.match(stderr, /is set and SUPABASE_\w+ is not\./);
    assert.equal(linesOf(stderr).length, 1);
  }
});

Deno.test("a usage error of a value is one line too", async () => {
  for (
    const [task, ...args] of [
      ["toss charge", "--limit", "0", "--as-of", "tomorrow"],
      ["toss charge", "--limit"],
      ["toss replay", "--event", "x", "--from", "yesterday"],
      ["toss replay", "--status", "late"],
      ["toss reconcile", "--from", "yesterday"],
      ["toss reconcile", "--from", "2026-01-02", "--to", "2026-01-01"],
      ["toss reconcile", "--import", "--json"],
      ["toss tax-sheet"],
      ["toss tax-sheet", "2026-13"],
      ["toss tax-sheet", "2026-11", "--json", "--csv", "-"],
      ["toss replay"],
      ["toss reprice"],
      ["toss reprice", "pro", "--amount", "99"],
      ["toss order"],
      ["toss rotate-keys", "--batch", "many"],
      ["prove chaos", "--runs", "-1"],
      ["prove chaos", "--runs", "0"],
      ["prove billing", "--only", "this"],
      ["prove bench", "--count", "1.5"],
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
      ["toss simulator", { TOSS_SIM_PORT: "many" }],
      ["toss simulator", { TOSS_SIM_WEBHOOK_URLS: "a b" }],
      ["toss simulator", { TOSS_SIM_MINUTE_MS: "long" }],
    ] as const
  ) {
    const { code, stderr } = await run(task, [], environment);
    assert.equal(code, 1, stderr);
    assert.equal(linesOf(stderr).length, 1, stderr);
    assert.ok(stderr.startsWith(Object.keys(environment)[0] ?? "-"), stderr);
  }
});
