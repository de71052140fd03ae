import assert from "node:assert/strict";
import { join } from "node:path";
import { startStack } from "../../stack/stack.ts";
import { DirectoryInUseError } from "../../stack/stack-directory.ts";
import { createProject } from "./project-fixture.ts";

const FILES = {
  migrations: {
    "20260101000000_create_notes.sql":
      "create table public.notes (text text not null);",
  },
  seed: "insert into public.notes values ('seeded');",
};

async function isPresent(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

Deno.test("a second start keeps data and secrets and seeds nothing again", async () => {
  await using project = await createProject(FILES);
  const options = { ...project.options, dbDir: join(project.folder, "db") };
  const first = await startStack(options);
  await first.sql`insert into public.notes values ('kept')`;
  await first.stop();
  const second = await startStack(options);
  const rows = await second.sql`select text from public.notes order by text`;
  const secrets = second.projectVariables;
  await second.stop();
  assert.deepEqual(rows.map(({ text }) => text), ["kept", "seeded"]);
  assert.deepEqual(
    secrets.BILLING_KEY_ENCRYPTION_KEYS,
    first.projectVariables.BILLING_KEY_ENCRYPTION_KEYS,
  );
  assert.equal(secrets.CRON_SECRET, first.cronSecret);
});

Deno.test("reset starts from nothing", async () => {
  await using project = await createProject(FILES);
  const options = { ...project.options, dbDir: join(project.folder, "db") };
  const first = await startStack(options);
  await first.sql`insert into public.notes values ('lost')`;
  await first.stop();
  const second = await startStack({ ...options, reset: true });
  const rows = await second.sql`select text from public.notes`;
  await second.stop();
  assert.deepEqual(rows.map(({ text }) => text), ["seeded"]);
});

Deno.test("two stacks never share a folder", async () => {
  await using project = await createProject(FILES);
  const options = { ...project.options, dbDir: join(project.folder, "db") };
  const stack = await startStack(options);
  await assert.rejects(startStack(options), DirectoryInUseError);
  await stack.sql`select 1`;
  await stack.stop();
});

Deno.test("a start survives the lock file of a crashed Postgres", async () => {
  await using project = await createProject(FILES);
  const dbDir = join(project.folder, "db");
  const options = { ...project.options, dbDir };
  await (await startStack(options)).stop();
  const lockFile = join(dbDir, "data", "postmaster.pid");
  // The id of this test: alive, but no Postgres.
  await Deno.writeTextFile(lockFile, `${Deno.pid}\n${dbDir}\n`);
  const stack = await startStack(options);
  const [row] = await stack.sql`select 1 as one`;
  await stack.stop();
  assert.equal(row?.one, 1);
  assert.equal(await isPresent(lockFile), false);
});

Deno.test("a temporary folder is gone after the stop", async () => {
  await using project = await createProject(FILES);
  const stack = await startStack(project.options);
  const [row] = await stack.sql`show data_directory`;
  assert.equal(await isPresent(row?.data_directory), true);
  await stack.stop();
  assert.equal(await isPresent(row?.data_directory), false);
});

Deno.test("restartPostgres() keeps what was committed, also in a crash", async () => {
  await using project = await createProject(FILES);
  const stack = await startStack(project.options);
  await stack.sql`insert into public.notes values ('committed')`;
  await stack.restartPostgres({ crash: true });
  const rows = await stack.sql`select text from public.notes order by text`;
  await stack.stop();
  assert.deepEqual(rows.map(({ text }) => text), ["committed", "seeded"]);
});
