import postgres, { type Sql } from "postgres";
import { bootstrap } from "./bootstrap.ts";
import type { Lite } from "./lite.ts";
import { applyMigrations } from "./migrations.ts";
import type { PostgresServer } from "./postgres.ts";
import { seedOnce } from "./seed.ts";
import { setVaultSecrets } from "./vault.ts";

/** What {@linkcode prepareDatabase} puts into the database. */
export interface DatabaseContents {
  migrationsDirectory: string;
  /** Null = no seed. */
  seedFile: string | null;
  /** Secrets of the Vault by name, for the scheduled jobs. */
  vaultSecrets: Record<string, string>;
  log: (line: string) => void;
}

/**
 * Makes a project out of a plain Postgres: roles, schemas, stand-ins for the
 * extensions, the Auth server's tables, migrations and seed.
 *
 * Safe to repeat at every start. `sql` must be the superuser's. Throws
 * `SqlFileError` when a migration or the seed fails.
 */
export async function prepareDatabase(
  server: PostgresServer,
  parts: { sql: Sql; lite: Lite },
  contents: DatabaseContents,
): Promise<void> {
  await bootstrap(parts.sql, { from: 0, to: 89 });
  await parts.lite.createAuthSchema();
  await bootstrap(parts.sql, { from: 90, to: 99 });
  await setVaultSecrets(parts.sql, contents.vaultSecrets);
  const owner = postgres(server.url("postgres"), {
    max: 1,
    onnotice: () => {},
  });
  try {
    const files = await applyMigrations(owner, contents.migrationsDirectory);
    if (files.length > 0) contents.log(`applied ${files.length} migrations`);
    if (contents.seedFile !== null) await seedOnce(owner, contents.seedFile);
  } finally {
    await owner.end();
  }
}
