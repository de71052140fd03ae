import postgres, { type Sql } from "postgres";
import { databaseTemplate } from "../../stack/database-template.ts";
import { freePort } from "../../stack/ports.ts";
import { startPostgres, SUPERUSER } from "../../stack/postgres.ts";
import { openStackDirectory } from "../../stack/stack-directory.ts";
import { PROJECT_MIGRATIONS } from "../../stack/stack-settings.ts";

/** A migrated database of its own, without functions. */
export interface ScaleDatabase {
  /** Connection string of the superuser. */
  url: string;
  /** Client of the superuser. */
  sql: Sql;
  stop(): Promise<void>;
}

/** Starts a temporary Postgres and applies the project's migrations; the caller must stop it. */
export async function startScaleDatabase(): Promise<ScaleDatabase> {
  await using cleanup = new AsyncDisposableStack();
  const directory = await openStackDirectory(null, false);
  cleanup.defer(() => directory.release());
  const server = await startPostgres({
    directory: directory.path,
    port: freePort(),
    temporary: directory.temporary,
    template: await databaseTemplate(PROJECT_MIGRATIONS, () => {}),
    log: () => {},
  });
  cleanup.defer(() => server.stop());
  const url = server.url(SUPERUSER);
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  cleanup.defer(() => sql.end());
  const owned = cleanup.move();
  return { url, sql, stop: () => owned.disposeAsync() };
}
