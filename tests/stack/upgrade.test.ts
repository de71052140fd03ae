import assert from "node:assert/strict";
import { join } from "node:path";
import postgres from "postgres";
import { prepareDatabase } from "../../stack/database.ts";
import { startLite } from "../../stack/lite.ts";
import { loadLocalSecrets } from "../../stack/local-secrets.ts";
import { applyMigrations } from "../../stack/migrations.ts";
import { PROJECT_ROOT } from "../../stack/paths.ts";
import { freePort } from "../../stack/ports.ts";
import { startPostgres, SUPERUSER } from "../../stack/postgres.ts";
import {
  copyMigrations,
  digestOfMigrations,
} from "../support/migration-files.ts";
import { differences, type Snapshot } from "../upgrade/snapshot.ts";
import { SCHEMA_STATES } from "../upgrade/states.ts";
import { type UpgradeTarget, upgradeTests } from "../upgrade/upgrade-tests.ts";

async function openTarget(): Promise<UpgradeTarget> {
  const directory = await Deno.makeTempDir({ prefix: "upgrade-" });
  const migrations = await Deno.makeTempDir({ prefix: "upgrade-migrations-" });
  const server = await startPostgres({
    directory,
    port: freePort(),
    temporary: true,
    template: null,
    log: console.error,
  });
  const sql = postgres(server.url(SUPERUSER), { onnotice: () => {} });
  const lite = startLite(
    server.url(SUPERUSER),
    await loadLocalSecrets(directory),
  );
  await prepareDatabase(server, { sql, lite }, {
    migrationsDirectory: migrations,
    log: console.error,
  });
  return {
    sql,
    ownerUrl: server.url("postgres"),
    async applyMigrations(upTo) {
      await copyMigrations(migrations, upTo);
      const owner = postgres(server.url("postgres"), {
        max: 1,
        onnotice: () => {},
      });
      await applyMigrations(owner, migrations).finally(() => owner.end());
    },
    async stop() {
      await lite.stop();
      await sql.end();
      await server.stop();
      await Deno.remove(migrations, { recursive: true });
    },
  };
}

upgradeTests("Postgres 17", openTarget);

Deno.test("the migrations of a released version are as they were released", async () => {
  for (const { version, lastMigration, digest } of SCHEMA_STATES) {
    assert.equal(await digestOfMigrations(lastMigration), digest, version);
  }
});

Deno.test("every version from 1.0 on is a state from which upgrades are tested", async () => {
  const changelog = await Deno.readTextFile(join(PROJECT_ROOT, "CHANGELOG.md"));
  const released = Array.from(
    changelog.matchAll(/^## \[(\d+\.\d+\.\d+)\]/gm),
    ([, version]) => version,
  );
  const isStable = (version = "") => !version.startsWith("0.");
  assert.deepEqual(
    SCHEMA_STATES.map(({ version }) => version),
    released.filter(isStable).reverse(),
  );
});

Deno.test("differences() names what an upgrade lost, changed or added, but for what is intended", () => {
  const row = { id: 1, amount: 3000, detail: { reason: "x" } };
  const snapshot = (orders: [string, Record<string, unknown>][]): Snapshot =>
    new Map([["public.orders", new Map(orders)]]);
  const before = snapshot([["[1]", row], ["[2]", { id: 2 }]]);

  assert.deepEqual(differences(before, before, []), []);
  assert.deepEqual(differences(before, new Map(), []), [
    "public.orders: the table is gone",
  ]);
  const after = snapshot([
    ["[1]", { id: 1, amount: 2999, added: true }],
    ["[3]", { id: 3 }],
  ]);
  assert.deepEqual(differences(before, after, []), [
    "public.orders.amount: was 3000, is 2999",
    "public.orders.detail: the column is gone",
    "public.orders: row [2] is gone",
    "public.orders: row [3] is new",
  ]);
  assert.deepEqual(differences(before, after, ["public.orders"]), [
    "public.orders.amount: was 3000, is 2999",
    "public.orders.detail: the column is gone",
  ]);
});
