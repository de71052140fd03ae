import assert from "node:assert/strict";
import { readLocalFiles } from "../../scripts/hosted/local-files.ts";
import { type CommandResult, openScene, type Scene, SECRETS } from "./scene.ts";

// A project with a life of its own: what stands in it before must stand in it afterwards.
const OTHER_APPLICATION = `
  create schema if not exists supabase_migrations;
  create table if not exists supabase_migrations.schema_migrations (
    version text not null primary key, statements text[], name text
  );
  insert into supabase_migrations.schema_migrations (version, name)
  values ('20250101000000', 'create_notes'), ('20990101000000', 'grow_notes');
  create table public.notes (id integer primary key);
  insert into public.notes values (1);
`;

const local = await readLocalFiles();
const said: string[] = [];
let scene: Scene;

Deno.test.beforeAll(async () => {
  scene = await openScene();
  const { stack, api } = scene;
  await stack.sql.begin(async (transaction) => {
    await transaction`set local role postgres`;
    await transaction.unsafe(OTHER_APPLICATION).simple();
  });
  api.functions.set("hello", null);
  api.secrets.set("HELLO_TEXT", "hello");
});

Deno.test.afterAll(async () => {
  await scene.stop();
});

/** The scene outlives a single test, hence no sanitizers. */
function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, sanitizeOps: false, sanitizeResources: false, fn });
}

async function deploy(
  args: string[],
  environment: Record<string, string | undefined> = {},
): Promise<CommandResult> {
  const all = [`--env-file=${scene.envFile}`, ...args];
  const result = await scene.run("deploy", all, { environment });
  said.push(result.stdout, result.stderr);
  return result;
}

/** What the requests since the last call may have changed. */
function takeChanges(): string[] {
  return scene.api.changes.splice(0);
}

async function ourTables(): Promise<number> {
  const [row] = await scene.stack.sql`
    select count(*)::int as count from pg_tables
    where schemaname in ('public', 'toss_private') and tablename <> 'notes'`;
  return row?.count;
}

test("deploy --dry-run shows what would change and changes nothing", async () => {
  const { code, stdout, stderr } = await deploy(["--dry-run"]);

  assert.equal(code, 0, stderr);
  assert.match(stdout, /test keys: no real money moves/);
  assert.ok(stdout.includes(`${local.migrations.length} to push`), stdout);
  assert.match(stdout, /2 recorded there that this checkout does not have/);
  assert.match(stdout, /Secrets +new: TOSS_SECRET_KEY, /);
  assert.ok(stdout.includes(`new: ${local.functions.join(", ")}`), stdout);
  assert.match(stdout, /Nothing was changed/);
  assert.deepEqual(takeChanges(), []);
  assert.equal(await ourTables(), 0);
});

test("deploy without a terminal and without --yes stops", async () => {
  const { code, stderr } = await deploy([]);

  assert.equal(code, 1);
  assert.match(stderr, /run it on a terminal, or with --yes/);
  assert.deepEqual(takeChanges(), []);
});

test("deploy refuses keys of different modes before it asks the project anything", async () => {
  const { code, stdout, stderr } = await deploy(["--yes"], {
    TOSS_CLIENT_KEY: "live_ck_RehearsalClientKey",
    SUPABASE_ACCESS_TOKEN: undefined,
  });

  assert.equal(code, 1);
  assert.equal(stdout, "");
  assert.match(stderr, /TOSS_CLIENT_KEY is a live key/);
});

test("deploy names what stands where ours belongs, and touches nothing", async () => {
  const { stack, api } = scene;
  await stack.sql.unsafe(`
    create table public.orders (id integer);
    create view public.alerts as select 1 as one;
    create function public.create_order(cart text) returns text language sql as 'select cart';
    insert into supabase_migrations.schema_migrations (version, name)
    values ('20261126000000', 'something_else');
  `);
  api.functions.set("webhook", null);

  const { code, stderr } = await deploy(["--yes"]);

  assert.equal(code, 1);
  for (
    const conflict of [
      "table public.orders",
      "view public.alerts",
      "function public.create_order(cart text)",
      "migration 20261126000000 (there something_else, here baseline)",
      "edge function webhook",
    ]
  ) assert.ok(stderr.includes(`\n  ${conflict}\n`), `${conflict}: ${stderr}`);
  assert.equal(stderr.match(/^ {2}/gm)?.length, 5, stderr);
  assert.deepEqual(takeChanges(), []);

  await stack.sql.unsafe(`
    drop table public.orders;
    drop view public.alerts;
    drop function public.create_order(text);
    delete from supabase_migrations.schema_migrations where version = '20261126000000';
  `);
  api.functions.delete("webhook");
});

test("deploy that cannot reach the database names SUPABASE_DB_URL", async () => {
  const { code, stdout, stderr } = await deploy(["--yes"], {
    SUPABASE_DB_URL: undefined,
  });

  assert.equal(code, 1);
  assert.match(stdout, /\[1\/\d+\] migrations\n {6}failed: /);
  assert.match(stderr, /set SUPABASE_DB_URL to the connection string/);
  assert.match(stderr, /Done: nothing\./);
  assert.deepEqual(takeChanges(), []);
});

test("deploy stops at the function that fails, and says how to go on", async () => {
  const failing = local.functions.at(-1) ?? "";
  const [first = ""] = local.functions;
  scene.api.brokenFunctions.add(failing);

  const { code, stdout, stderr } = await deploy(["--yes"]);

  assert.equal(code, 1);
  assert.match(stdout, /failed: unexpected deploy status 500/);
  assert.ok(
    stderr.includes(`Not done: function ${failing}, Vault values`),
    stderr,
  );
  assert.match(stderr, /Done: migrations, secrets, function /);
  assert.match(stderr, /run the same command again/);
  assert.ok(scene.api.functions.has(first));
  assert.ok(!scene.api.functions.has(failing));
  assert.deepEqual([...await scene.stack.sql`select 1 from vault.secrets`], []);
  scene.api.brokenFunctions.clear();
});

test("the same deploy again completes it, and doctor finds nothing broken", async () => {
  takeChanges();

  const { code, stdout, stderr } = await deploy(["--yes"]);

  assert.equal(code, 0, stdout + stderr);
  assert.match(stdout, /\[1\/\d+\] migrations\n {6}nothing to push/);
  assert.match(stdout, /\[2\/\d+\] secrets\n {6}nothing to set/);
  assert.match(stdout, /doctor[\s\S]* \d+ ok, \d+ warn, 0 fail /);
  assert.deepEqual(takeChanges(), [
    ...local.functions.map((name) => `POST /functions/deploy?slug=${name}`),
    "POST /database/query",
    "POST /database/query",
  ]);
});

test("what deploy has set is what the functions and the schedules need", async () => {
  const { stack, api } = scene;

  for (const [name, value] of Object.entries(SECRETS)) {
    assert.equal(api.secrets.get(name), value);
  }
  const vault = await stack.sql`
    select name, decrypted_secret from vault.decrypted_secrets order by name`;
  assert.deepEqual([...vault], [
    {
      name: "supabase_tosspayments_cron_secret",
      decrypted_secret: SECRETS.CRON_SECRET,
    },
    { name: "supabase_tosspayments_url", decrypted_secret: stack.apiUrl },
  ]);
  const [jobs] = await stack.sql`
    select count(*)::int as jobs, array_agg(distinct username) as owners,
      (select count(*)::int from toss_private.jobs) as wanted
    from cron.job`;
  assert.equal(jobs?.jobs, jobs?.wanted);
  assert.deepEqual(jobs?.owners, ["postgres"]);
});

test("what the project had before is untouched", async () => {
  const { stack, api } = scene;

  assert.deepEqual([...await stack.sql`select id from public.notes`], [
    { id: 1 },
  ]);
  const rows = await stack.sql`
    select version from supabase_migrations.schema_migrations order by version`;
  assert.deepEqual(rows.map(({ version }) => version), [
    "20250101000000",
    ...local.migrations.map(({ version }) => version),
    "20990101000000",
  ]);
  assert.equal(api.functions.get("hello"), null);
  assert.equal(api.secrets.get("HELLO_TEXT"), "hello");
});

test("a further deploy sets the one variable that differs and leaves everything else", async () => {
  const { stack, api } = scene;
  await stack.sql`
    insert into cron.job (jobname, schedule, command, username)
    values ('tosspayments-retired', '* * * * *', 'select 1', 'postgres')`;
  const state = async () => ({
    jobs: [
      ...await stack.sql`
        select jobid, jobname, schedule, username from cron.job
        where jobname <> 'tosspayments-retired' order by jobid`,
    ],
    vault: [
      ...await stack.sql`select id, updated_at from vault.secrets order by id`,
    ],
    migrations: [
      ...await stack.sql`select * from supabase_migrations.schema_migrations`,
    ],
    secrets: [...api.secrets],
  });
  const before = await state();

  const { code, stdout, stderr } = await deploy(["--yes"], {
    APP_SUCCESS_PATH: "/thank-you",
  });

  assert.equal(code, 0, stdout + stderr);
  assert.match(stdout, /Secrets +new: APP_SUCCESS_PATH\n/);
  assert.match(stdout, /taken from the environment, .*: APP_SUCCESS_PATH/);
  assert.match(stdout, /\[2\/\d+\] secrets\n {6}set: APP_SUCCESS_PATH /);
  const after = await state();
  assert.deepEqual(after, {
    ...before,
    secrets: [...before.secrets, ["APP_SUCCESS_PATH", "/thank-you"]],
  });
  assert.deepEqual(
    [
      ...await stack.sql`
      select 1 from cron.job where jobname = 'tosspayments-retired'`,
    ],
    [],
  );
});

test("no secret stands in the arguments of a program or in anything deploy says", async () => {
  const heard = [...said, ...await scene.npxArguments()].join("\n");

  assert.match(heard, /supabase@/, "the arguments were noted");
  for (
    const secret of [
      ...Object.values(SECRETS),
      scene.stack.secretKey,
      "sbp_0123456789abcdef",
      `:${new URL(scene.stack.dbUrl).password}@`,
    ]
  ) assert.ok(!heard.includes(secret), `${secret} was shown`);
});
