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
  log: (line: string) => void;
}

/**
 * Makes a project out of a plain Postgres: roles, schemas, stand-ins for the
 * extensions, the Auth server's tables, and migrations.
 *
 * Safe to repeat at every start. `sql` must be the superuser's. Throws
 * `SqlFileError` when a migration fails.
 */
export async function prepareDatabase(
  server: PostgresServer,
  parts: { sql: Sql; lite: Lite },
  contents: DatabaseContents,
): Promise<void> {
  await bootstrap(parts.sql, { from: 0, to: 89 });
  await parts.lite.createAuthSchema();
  await bootstrap(parts.sql, { from: 90, to: 99 });
  const owner = postgres(server.url("postgres"), {
    max: 1,
    onnotice: () => {},
  });
  try {
    const files = await applyMigrations(owner, contents.migrationsDirectory);
    if (files.length > 0) contents.log(`applied ${files.length} migrations`);
  } finally {
    await owner.end();
  }
}

/**
 * Makes the jobs of a copied database as old as the copy: the template may be hours old, and every job would be late.
 *
 * `sql` must be the superuser's.
 */
export async function renewJobs(sql: Sql): Promise<void> {
  await sql`update toss_private.jobs set created_at = now()`;
}

/** What is a stack's own, and therefore in no template. */
export interface OwnContents {
  /** Null = no seed. */
  seedFile: string | null;
  /** Secrets of the Vault by name, for the scheduled jobs. */
  vaultSecrets: Record<string, string>;
}

/**
 * Puts the seed, once in the life of a database, and the secrets of this start into a prepared one.
 *
 * `sql` must be the superuser's. Throws `SqlFileError` when the seed fails.
 */
export async function personaliseDatabase(
  server: PostgresServer,
  sql: Sql,
  contents: OwnContents,
): Promise<void> {
  await setVaultSecrets(sql, contents.vaultSecrets);
  if (contents.seedFile === null) return;
  const owner = postgres(server.url("postgres"), {
    max: 1,
    onnotice: () => {},
  });
  try {
    await seedOnce(owner, contents.seedFile);
  } finally {
    await owner.end();
  }
}
