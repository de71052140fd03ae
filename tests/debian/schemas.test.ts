import assert from "node:assert/strict";
import postgres from "postgres";
import { WRITTEN_NAMES } from "../../scripts/schema/chapters.ts";
import { applyMigrations } from "../../stack/migrations.ts";
import { PROJECT_MIGRATIONS } from "../../stack/stack-settings.ts";
import { readCatalogue } from "../support/catalogue.ts";
import { chaptersAsMigration } from "../support/schema-database.ts";
import { startCluster } from "./cluster.ts";
import { preparePlatform } from "./project.ts";

async function catalogueAfter(folder: string): Promise<string[]> {
  const cluster = await startCluster([]);
  const owner = postgres(cluster.url("postgres"), {
    max: 1,
    onnotice: () => {},
  });
  try {
    await preparePlatform(cluster, "none");
    await applyMigrations(owner, folder);
    return await readCatalogue(cluster.sql, WRITTEN_NAMES);
  } finally {
    await owner.end();
    await cluster.stop();
  }
}

Deno.test("on Postgres 15 the migrations make what the chapters say", async () => {
  const folder = await chaptersAsMigration();
  const made = await catalogueAfter(PROJECT_MIGRATIONS);
  assert.ok(made.length > 1900, `${made.length} facts`);
  assert.deepEqual(made, await catalogueAfter(folder));
  await Deno.remove(folder, { recursive: true });
});
