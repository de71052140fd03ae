import assert from "node:assert/strict";
import { join } from "node:path";
import postgres from "postgres";
import { readLocalFiles } from "../../scripts/hosted/local-files.ts";
import { applyMigrations } from "../../stack/migrations.ts";
import { PROJECT_ROOT } from "../../stack/paths.ts";
import { openScene, PROJECT_REF, type Scene, SECRETS } from "./scene.ts";

const local = await readLocalFiles();
let scene: Scene;

Deno.test.beforeAll(async () => {
  scene = await openScene({ isMigrated: true });
  const { stack, api } = scene;
  await stack.sql.begin(async (transaction) => {
    await transaction`set local role postgres`;
    await transaction`create table public.notes (id integer primary key)`;
    await transaction`select vault.create_secret('mine', 'other_secret')`;
  });
  for (const name of [...local.functions, "hello"]) {
    api.functions.set(name, null);
  }
  for (const name of [...Object.keys(SECRETS), "HELLO_TEXT"]) {
    api.secrets.set(name, "set");
  }
});

Deno.test.afterAll(async () => {
  await scene.stop();
});

/** The scene outlives a single test, hence no sanitizers. */
function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, sanitizeOps: false, sanitizeResources: false, fn });
}

/** What of ours and of others is in the project. */
async function inventory() {
  const { stack: { sql }, api } = scene;
  const [counts] = await sql`
    select
      (select count(*)::int from pg_class as c
        where c.relkind in ('r', 'v', 'S') and c.relnamespace in (
          select n.oid from pg_namespace as n where n.nspname in ('public', 'toss_private')
        )) as relations,
      (select count(*)::int from pg_proc as p where p.pronamespace in (
        select n.oid from pg_namespace as n where n.nspname in ('public', 'toss_private')
      )) as functions,
      (select count(*)::int from cron.job) as jobs,
      (select array_agg(s.name order by s.name) from vault.secrets as s) as vault,
      (select count(*)::int from supabase_migrations.schema_migrations) as migrations`;
  return {
    ...counts,
    edgeFunctions: [...api.functions.keys()],
    secrets: [...api.secrets.keys()],
  };
}

test("uninstall --dry-run shows what would go and changes nothing", async () => {
  const before = await inventory();

  const { code, stdout, stderr } = await scene.run("uninstall", [
    "--dry-run",
    "--drop-data",
  ]);

  assert.equal(code, 0, stderr);
  assert.match(stdout, /Schedules +tosspayments-billing of postgres, /);
  assert.ok(stdout.includes(`Functions   ${local.functions.join(", ")}\n`));
  assert.match(stdout, /Data .*public\.orders, public\.outbox_events/);
  assert.deepEqual(scene.api.changes, []);
  assert.deepEqual(await inventory(), before);
});

test("uninstall without a terminal and without --yes stops", async () => {
  const { code, stderr } = await scene.run("uninstall", []);

  assert.equal(code, 1);
  assert.match(stderr, /run it on a terminal, or with --yes/);
  assert.deepEqual(scene.api.changes, []);
});

test("uninstall removes schedules, functions, secrets and Vault values, and keeps the data", async () => {
  const before = await inventory();

  const { code, stdout, stderr } = await scene.run("uninstall", ["--yes"]);

  assert.equal(code, 0, stdout + stderr);
  assert.deepEqual(await inventory(), {
    ...before,
    jobs: 0,
    vault: ["other_secret"],
    edgeFunctions: ["hello"],
    secrets: ["HELLO_TEXT"],
  });
});

test("uninstall --drop-data asks for the project ref, even with --yes", async () => {
  const before = await inventory();
  scene.api.changes.length = 0;

  for (const input of ["", `${PROJECT_REF}x\n`]) {
    const { code, stderr } = await scene.run(
      "uninstall",
      ["--yes", "--drop-data"],
      { input },
    );
    assert.equal(code, 1);
    assert.match(stderr, /That is not the project ref/);
  }

  assert.deepEqual(scene.api.changes, []);
  assert.deepEqual(await inventory(), before);
});

test("uninstall --drop-data drops nothing while something of others depends on a table of ours", async () => {
  const { sql } = scene.stack;
  await sql`
    alter table public.notes add column order_id text references public.orders (id)`;
  const before = await inventory();

  const { code, stdout, stderr } = await scene.run(
    "uninstall",
    ["--yes", "--drop-data"],
    { input: `${PROJECT_REF}\n` },
  );

  assert.equal(code, 1);
  assert.match(stdout, /other objects depend.*on table notes depends/s);
  assert.match(stderr, /What depends on a table of ours has to go first/);
  assert.deepEqual(await inventory(), before);
  await sql`alter table public.notes drop column order_id`;
});

test("uninstall --drop-data leaves nothing of ours and everything of others", async () => {
  const { code, stdout, stderr } = await scene.run(
    "uninstall",
    ["--yes", "--drop-data"],
    { input: `${PROJECT_REF}\n` },
  );

  assert.equal(code, 0, stdout + stderr);
  assert.deepEqual(await inventory(), {
    relations: 1,
    functions: 0,
    jobs: 0,
    vault: ["other_secret"],
    migrations: 0,
    edgeFunctions: ["hello"],
    secrets: ["HELLO_TEXT"],
  });
  const schemas = await scene.stack.sql`
    select 1 from pg_namespace where nspname = 'toss_private'`;
  assert.equal(schemas.length, 0);
});

test("uninstall where nothing is installed says so", async () => {
  const { code, stdout } = await scene.run("uninstall", ["--yes"]);

  assert.equal(code, 0);
  assert.match(stdout, /Nothing of this project is installed there/);
});

test("the migrations apply again after uninstall --drop-data", async () => {
  const owner = postgres(scene.stack.dbUrl, { max: 1, onnotice: () => {} });
  try {
    const folder = join(PROJECT_ROOT, "supabase", "migrations");
    const applied = await applyMigrations(owner, folder);
    assert.deepEqual(applied, local.migrations.map(({ file }) => file));
  } finally {
    await owner.end();
  }
});
