import { join } from "node:path";
import postgres, { type Sql } from "postgres";
import { startKeeper } from "../../stack/keeper-process.ts";
import { freePort } from "../../stack/ports.ts";
import { DATABASE_PASSWORD, SUPERUSER } from "../../stack/postgres.ts";
import {
  asAccount,
  choosePostgresAccount,
} from "../../stack/postgres-account.ts";
import { initialisePostgres } from "../../stack/postgres-initialise.ts";

/** Where Debian keeps the programs of Postgres 15. */
export const BINARIES = "/usr/lib/postgresql/15/bin";

/** A Postgres 15 of Debian, on 127.0.0.1 and with a temporary folder. */
export interface Cluster {
  /** Connection string of a role for the database `postgres`. */
  url(role: string): string;
  /** Client of the superuser. */
  sql: Sql;
  stop(): Promise<void>;
}

/**
 * The settings with which a hosted project runs pg_cron.
 *
 * Jobs run in background workers: a connection to localhost would need a
 * login without a password.
 */
export const PG_CRON_SETTINGS = [
  "shared_preload_libraries=pg_cron",
  "cron.database_name=postgres",
  "cron.use_background_workers=on",
  "max_worker_processes=20",
];

async function initialise(directory: string): Promise<string> {
  const dataDirectory = join(directory, "data");
  // The server's account must be able to pass this folder.
  await Deno.chmod(directory, 0o711);
  await initialisePostgres({
    initdb: join(BINARIES, "initdb"),
    account: await choosePostgresAccount(dataDirectory),
    dataDirectory,
    superuser: SUPERUSER,
    password: DATABASE_PASSWORD,
    fast: true,
  });
  return dataDirectory;
}

/**
 * Starts an empty cluster; `settings` are lines of postgresql.conf.
 *
 * Needs root and Debian's package `postgresql-15`. The caller must stop it;
 * when the caller is killed, the server ends as well. Throws with the
 * server's last log lines when it does not come up.
 */
export async function startCluster(settings: string[]): Promise<Cluster> {
  const directory = await Deno.makeTempDir({ prefix: "debian-postgres-" });
  const dataDirectory = await initialise(directory);
  const port = freePort();
  const all = [
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "timezone=UTC",
    "fsync=off",
    ...settings,
  ];
  const command = await asAccount(
    await choosePostgresAccount(dataDirectory),
    join(BINARIES, "postgres"),
    {
      dataDirectory,
      arguments: [
        ...["-D", dataDirectory, "-p", String(port)],
        ...all.flatMap((setting) => ["-c", setting]),
      ],
    },
  );
  const plan = {
    ...command,
    logFile: join(directory, "postgres.log"),
    temporaryDirectory: directory,
  };
  const keeper = startKeeper(plan, (line) => console.error(line));
  try {
    await keeper.nextReady();
  } catch (error) {
    await keeper.end();
    throw error;
  }
  const url = (role: string) =>
    `postgresql://${role}:${DATABASE_PASSWORD}@127.0.0.1:${port}/postgres`;
  const sql = postgres(url(SUPERUSER), { max: 5, onnotice: () => {} });
  return {
    url,
    sql,
    async stop() {
      await sql.end();
      await keeper.end();
    },
  };
}
