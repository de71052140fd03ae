import assert from "node:assert/strict";
import postgres, { type Sql } from "postgres";
import {
  renameSchemas,
  type SchemaNames,
  WRITTEN_NAMES,
} from "../../scripts/schema/chapters.ts";
import { prepareDatabase } from "../../stack/database.ts";
import { startLite } from "../../stack/lite.ts";
import { makeSecrets } from "../../stack/local-secrets.ts";
import { freePort } from "../../stack/ports.ts";
import { startPostgres, SUPERUSER } from "../../stack/postgres.ts";
import { PROJECT_MIGRATIONS } from "../../stack/stack-settings.ts";
import { readCatalogue } from "../support/catalogue.ts";
import { chaptersAsMigration } from "../support/schema-database.ts";

/** Lets the migrations of a folder make something of an empty project on Postgres 17, and looks at it. */
async function lookAt<T>(
  migrationsDirectory: string,
  look: (sql: Sql) => Promise<T>,
): Promise<T> {
  await using cleanup = new AsyncDisposableStack();
  const directory = await Deno.makeTempDir({ prefix: "schemas-" });
  const server = await startPostgres({
    directory,
    port: freePort(),
    temporary: true,
    template: null,
    log: () => {},
  });
  cleanup.defer(() => server.stop());
  const sql = postgres(server.url(SUPERUSER), { max: 2, onnotice: () => {} });
  cleanup.defer(() => sql.end());
  const lite = startLite(server.url(SUPERUSER), makeSecrets());
  cleanup.defer(() => lite.stop());
  await prepareDatabase(server, { sql, lite }, {
    migrationsDirectory,
    log: () => {},
  });
  return await look(sql);
}

async function catalogueAfter(
  migrationsDirectory: string,
  names: SchemaNames,
): Promise<string[]> {
  return await lookAt(
    migrationsDirectory,
    (sql) => readCatalogue(sql, names),
  );
}

async function catalogueOfChapters(names: SchemaNames): Promise<string[]> {
  const folder = await chaptersAsMigration(names);
  try {
    return await catalogueAfter(folder, names);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("on Postgres 17 the migrations make what the chapters say", async () => {
  const made = await catalogueAfter(PROJECT_MIGRATIONS, WRITTEN_NAMES);
  assert.ok(made.length > 1900, `${made.length} facts`);
  assert.deepEqual(made, await catalogueOfChapters(WRITTEN_NAMES));
});

Deno.test("under other schema names the chapters make the same, and nothing of theirs in public", async () => {
  const names = { served: "shop", hidden: "shop_private" };
  const written = await catalogueOfChapters(WRITTEN_NAMES);
  // The schemas themselves come from elsewhere, with other owners.
  const isOfSchema = (fact: string) =>
    /^(schema|grant schema|default) /.test(fact);
  const facts = (lines: string[]) =>
    lines.filter((line) => !isOfSchema(line))
      .map((line) => renameSchemas(line, names)).sort();
  const renamed = await catalogueOfChapters(names);
  assert.deepEqual(facts(renamed), facts(written));
  assert.deepEqual(
    renamed.filter((line) => /\bpublic\.|\btoss_private\b/.test(line)),
    [],
  );
});

Deno.test("every function's body is one that Postgres takes, once everything is there", async () => {
  const refused = await lookAt(PROJECT_MIGRATIONS, async (sql) => {
    const functions = await sql<{ name: string; definition: string }[]>`
      select p.oid::regprocedure::text as name, pg_get_functiondef(p.oid) as definition from pg_proc as p
      where p.pronamespace in ('public'::regnamespace, 'toss_private'::regnamespace) and p.prokind = 'f'`;
    assert.ok(functions.length > 250, `${functions.length} functions`);
    const problems: string[] = [];
    for (const { name, definition } of functions) {
      await sql.unsafe(definition).catch((error) => {
        problems.push(`${name}: ${error.message}`);
      });
    }
    return problems;
  });
  assert.deepEqual(refused, []);
});
