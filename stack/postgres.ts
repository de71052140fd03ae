import { join } from "node:path";
import { copyDataDirectory } from "./copy-data-directory.ts";
import { type Keeper, startKeeper } from "./keeper-process.ts";
import { asAccount, choosePostgresAccount } from "./postgres-account.ts";
import { findPostgresBinaries } from "./postgres-binaries.ts";
import { initialisePostgres } from "./postgres-initialise.ts";
import { recoverDataDirectory } from "./postgres-recovery.ts";

/** The superuser of the cluster; hosted projects name it the same. */
export const SUPERUSER = "supabase_admin";

/** The password of every role that may log in; the server is local only. */
export const DATABASE_PASSWORD = "postgres";

/** What {@linkcode startPostgres} needs. */
export interface PostgresOptions {
  /** Folder of this stack; Postgres gets the folder `data` in it. */
  directory: string;
  port: number;
  /** Removes the folder at the end and does not wait for the disk. */
  temporary: boolean;
  /** A data folder to start from a copy of; null = an empty cluster. */
  template: string | null;
  log: (line: string) => void;
}

/** A running Postgres on 127.0.0.1. */
export interface PostgresServer {
  port: number;
  /** Connection string of a role for the database `postgres`. */
  url(role: string): string;
  /** Ends this process too when the stack dies. */
  guard(pid: number): Promise<void>;
  release(pid: number): Promise<void>;
  /** Stops and starts the server; `crash` drops everything without a flush. */
  restart(options?: { crash?: boolean }): Promise<void>;
  stop(): Promise<void>;
}

// A lost temporary folder hurts nobody, so the disk need not be waited for.
// synchronous_commit stays on: a crash of Postgres alone must lose nothing.
const FAST_SETTINGS = ["-c", "fsync=off", "-c", "full_page_writes=off"];

function serverArguments(options: PostgresOptions, data: string): string[] {
  return [
    ...["-D", data, "-p", String(options.port)],
    ...["-c", "listen_addresses=127.0.0.1"],
    ...["-c", "unix_socket_directories="],
    ...["-c", "max_connections=150"],
    ...["-c", "timezone=UTC", "-c", "log_timezone=UTC"],
    ...(options.temporary ? FAST_SETTINGS : []),
  ];
}

function serverOf(keeper: Keeper, options: PostgresOptions): PostgresServer {
  const { port } = options;
  return {
    port,
    url: (role) =>
      `postgresql://${role}:${DATABASE_PASSWORD}@127.0.0.1:${port}/postgres`,
    guard: (pid) => keeper.send({ type: "guard", pid }),
    release: (pid) => keeper.send({ type: "release", pid }),
    async restart({ crash = false } = {}) {
      await keeper.send({
        type: "restart",
        signal: crash ? "SIGQUIT" : "SIGINT",
      });
      await keeper.nextReady();
    },
    stop: () => keeper.end(),
  };
}

/**
 * Starts Postgres 17 on a folder, which is created when it does not exist.
 *
 * Works as root and as an ordinary user. What a crashed run left in the
 * folder is cleared first. Throws with the server's last log lines when it
 * does not come up.
 */
export async function startPostgres(
  options: PostgresOptions,
): Promise<PostgresServer> {
  const data = join(options.directory, "data");
  const binaries = await findPostgresBinaries();
  const found = await recoverDataDirectory(data);
  if (found !== null) options.log(found);
  if (options.template !== null) {
    await copyDataDirectory(options.template, data);
  }
  const account = await choosePostgresAccount(data);
  await initialisePostgres({
    initdb: binaries.initdb,
    account,
    dataDirectory: data,
    superuser: SUPERUSER,
    password: DATABASE_PASSWORD,
    fast: options.temporary,
  });
  const command = await asAccount(account, binaries.postgres, {
    arguments: serverArguments(options, data),
    dataDirectory: data,
  });
  const keeper = startKeeper({
    ...command,
    logFile: join(options.directory, "postgres.log"),
    temporaryDirectory: options.temporary ? options.directory : null,
  }, options.log);
  try {
    await keeper.nextReady();
  } catch (error) {
    await keeper.end();
    throw error;
  }
  return serverOf(keeper, options);
}
