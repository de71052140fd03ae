import { join } from "node:path";
import postgres from "postgres";
import { bootstrap } from "../../stack/bootstrap.ts";
import { startLite } from "../../stack/lite.ts";
import { applyMigrations } from "../../stack/migrations.ts";
import { PROJECT_ROOT } from "../../stack/paths.ts";
import { SUPERUSER } from "../../stack/postgres.ts";
import type { Cluster } from "./cluster.ts";
import { makeSecrets } from "../../stack/local-secrets.ts";

/** Which of the platform's extensions a project has. */
export type Extensions = "pg_cron" | "none";

// What a hosted project grants after `create extension pg_cron`: role postgres
// manages jobs through the functions only, and reads the tables.
const CRON_GRANTS = `
  create extension pg_cron with schema pg_catalog;
  grant usage on schema cron to postgres with grant option;
  grant execute on all functions in schema cron to postgres with grant option;
  grant all on all tables in schema cron to postgres with grant option;
  revoke all on cron.job from postgres;
  grant select on cron.job to postgres with grant option;
`;

/** Runs the project's own migrations as role postgres; their file names. */
export async function migrate(cluster: Cluster): Promise<string[]> {
  const owner = postgres(cluster.url("postgres"), {
    max: 1,
    onnotice: () => {},
  });
  try {
    const folder = join(PROJECT_ROOT, "supabase", "migrations");
    return await applyMigrations(owner, folder);
  } finally {
    await owner.end();
  }
}

/**
 * Makes what a hosted project has before its first migration out of an empty
 * cluster: roles, schemas and the Auth server's tables, and with `pg_cron`
 * also that extension itself and the stand-ins for pg_net and Vault.
 */
export async function preparePlatform(
  cluster: Cluster,
  extensions: Extensions,
): Promise<void> {
  await bootstrap(cluster.sql, { from: 10, to: 29 });
  if (extensions === "pg_cron") {
    await cluster.sql.unsafe(CRON_GRANTS).simple();
    await bootstrap(cluster.sql, { from: 40, to: 89 });
  }
  const lite = startLite(cluster.url(SUPERUSER), makeSecrets());
  try {
    await lite.createAuthSchema();
  } finally {
    await lite.stop();
  }
  await bootstrap(cluster.sql, { from: 90, to: 99 });
}
