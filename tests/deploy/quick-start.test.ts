import assert from "node:assert/strict";
import { join } from "node:path";
import { readDotEnv } from "../../scripts/project/dot-env.ts";
import { PROJECT_ROOT } from "../../stack/paths.ts";
import { fencesOf } from "../docs/support/markdown.ts";
import { splitCommands } from "../docs/support/split-commands.ts";
import { openScene, PROJECT_REF, type Scene, SECRETS } from "./scene.ts";

/** What the reader writes into `.env`, and what keeps the rehearsal away from the real Toss. */
const VARIABLES: Record<string, string> = {
  TOSS_SECRET_KEY: "test_sk_RehearsalSecretKey",
  TOSS_CLIENT_KEY: "test_ck_RehearsalClientKey",
  APP_URL: "http://localhost:3000",
};
const TOSS_API_BASE_URL = "https://toss.invalid";

const page = await Deno.readTextFile(
  join(PROJECT_ROOT, "docs", "quick-start.md"),
);
const fences = fencesOf(page);
const commands = (await Promise.all(
  fences.filter(({ language }) => language === "sh")
    .map(({ code }) => splitCommands(code)),
)).flat();
const [plan = "", steps = ""] = fences
  .filter(({ language }) => language === "text").map(({ code }) => code);

let scene: Scene;
let folder: string;
let envFile: string;

Deno.test.beforeAll(async () => {
  scene = await openScene();
  folder = await Deno.makeTempDir({ prefix: "quick-start-" });
  envFile = join(folder, ".env");
});

Deno.test.afterAll(async () => {
  await scene.stop();
  await Deno.remove(folder, { recursive: true });
});

/** The scene outlives a single test, hence no sanitizers. */
function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, sanitizeOps: false, sanitizeResources: false, fn });
}

function commandWith(part: string): string {
  const found = commands.find((command) => command.includes(part));
  assert.ok(found, `the page has no command with ${part}`);
  return found;
}

async function runInFolder(command: string): Promise<void> {
  const { success, stderr } = await new Deno.Command("bash", {
    args: ["-c", command],
    cwd: folder,
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
}

/** The arguments of a `deno task` command, with the rehearsal's project. */
function argumentsOf(command: string): string[] {
  const [, ...words] = command.replaceAll("<ref>", PROJECT_REF)
    .split(/deno task \w+/);
  return (words[0] ?? "").trim().split(/\s+/);
}

/** Every line that the page shows is in the output; `…` stands for anything. */
function assertShown(sample: string, output: string): void {
  const shown = sample.split("\n").filter((line) => !/^\s*…?$/.test(line));
  assert.ok(shown.length > 5, sample);
  for (const line of shown) {
    const text = line
      .replaceAll("https://<ref>.supabase.co", scene.stack.apiUrl)
      .replaceAll("<ref>", PROJECT_REF);
    const pattern = text.split("…").map((part) =>
      part.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&")
    ).join(".*");
    assert.match(output, new RegExp(`^${pattern}$`, "m"), line);
  }
}

test("docs/quick-start.md: the three lines and the two secrets make a sound .env", async () => {
  await Deno.copyFile(
    join(PROJECT_ROOT, ".env.example"),
    join(folder, ".env.example"),
  );
  await runInFolder(commandWith("cp .env.example"));
  const written = fences.find(({ language }) => language === "ini");
  const names = Array.from(
    written?.code.matchAll(/^(\w+)=/gm) ?? [],
    ([, name]) => name,
  );
  assert.deepEqual(names, Object.keys(VARIABLES));
  const example = await Deno.readTextFile(envFile);
  const filled = example.replaceAll(
    /^(\w+)=.*$/gm,
    (line, name: string) =>
      VARIABLES[name] === undefined ? line : `${name}=${VARIABLES[name]}`,
  );
  await Deno.writeTextFile(
    envFile,
    filled.replace(/^TOSS_API_BASE_URL=$/m, `$&${TOSS_API_BASE_URL}`),
  );
  await runInFolder(commandWith("randomBytes"));

  const variables = await readDotEnv(envFile);
  assert.match(variables.CRON_SECRET ?? "", /^[\w-]{32}$/);
  assert.match(
    variables.BILLING_KEY_ENCRYPTION_KEYS ?? "",
    /^\{"k1":".{44}"\}$/,
  );
  assert.equal(variables.APP_URL, VARIABLES.APP_URL);

  // The functions of the rehearsal have secrets of their own, which these now become.
  const { CRON_SECRET, BILLING_KEY_ENCRYPTION_KEYS } = SECRETS;
  await Deno.writeTextFile(
    envFile,
    `CRON_SECRET=\`${CRON_SECRET}\`\n` +
      `BILLING_KEY_ENCRYPTION_KEYS='${BILLING_KEY_ENCRYPTION_KEYS}'\n`,
    { append: true },
  );
});

test("docs/quick-start.md: looking first shows the plan of the page", async () => {
  const args = argumentsOf(commandWith("--dry-run"));

  const { code, stdout, stderr } = await scene.run("deploy", [
    `--env-file=${envFile}`,
    ...args,
  ]);

  assert.equal(code, 0, stderr);
  assertShown(plan, stdout);
  assert.deepEqual(scene.api.changes, []);
});

test("docs/quick-start.md: deploying shows the steps of the page", async () => {
  const deploy = commands.find((command) =>
    /deno task deploy --project-ref <ref>$/.test(command)
  );
  assert.ok(deploy);

  // Nobody sits at a terminal here.
  const { code, stdout, stderr } = await scene.run("deploy", [
    `--env-file=${envFile}`,
    ...argumentsOf(deploy),
    "--yes",
  ]);

  assert.equal(code, 0, stdout + stderr);
  assertShown(steps, stdout);
});

test("docs/quick-start.md: the SQL of the page fits the tables", async () => {
  const statements = fences.filter(({ language }) => language === "sql");
  assert.equal(statements.length, 2);
  for (const { code } of statements) {
    await scene.stack.sql.unsafe(code).simple();
  }
  const [row] = await scene.stack.sql`
    select price::int, active from public.products where id = 'sticker'`;
  assert.deepEqual(row, { price: 3000, active: true });
});

test("docs/quick-start.md: doctor finds nothing broken", async () => {
  const { stack } = scene;
  const [, ...args] = argumentsOf(commandWith("deno task doctor"));
  assert.deepEqual(args, [".env"]);

  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", "--quiet", "--no-check", "--node-modules-dir=auto"],
      `--lock=${join(PROJECT_ROOT, "scripts", "deno.lock")}`,
      join(PROJECT_ROOT, "scripts", "toss.ts"),
      ...["doctor", "--env-file", envFile],
    ],
    cwd: PROJECT_ROOT,
    env: {
      SUPABASE_URL: stack.apiUrl,
      SUPABASE_SECRET_KEY: stack.secretKey,
      SUPABASE_PUBLISHABLE_KEY: stack.publishableKey,
    },
    stderr: "null",
  }).output();

  const said = new TextDecoder().decode(stdout);
  assert.equal(code, 0, said);
  assert.match(said, /\b0 fail$/m);
});
