import { join } from "node:path";
import { asAccount, type PostgresAccount } from "./postgres-account.ts";

/** What {@linkcode initialisePostgres} needs. */
export interface InitialiseOptions {
  /** Path of `initdb`. */
  initdb: string;
  account: PostgresAccount;
  /** Folder to create; nothing happens when it is a finished cluster. */
  dataDirectory: string;
  superuser: string;
  password: string;
  /** Skips the flush to disk at the end; for folders that are thrown away. */
  fast: boolean;
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

async function runInitdb(
  options: InitialiseOptions,
  directory: string,
): Promise<void> {
  const passwordFile = join(directory, "..", "initdb-password");
  await Deno.writeTextFile(passwordFile, `${options.password}\n`, {
    mode: 0o600,
  });
  if (options.account !== null) {
    await Deno.chown(passwordFile, options.account.uid, options.account.gid);
  }
  const command = await asAccount(options.account, options.initdb, {
    dataDirectory: directory,
    arguments: [
      `--pgdata=${directory}`,
      `--username=${options.superuser}`,
      `--pwfile=${passwordFile}`,
      "--auth=password",
      "--locale=C",
      "--encoding=UTF8",
      ...(options.fast ? ["--no-sync"] : []),
    ],
  });
  try {
    const { command: program, arguments: args, ...identity } = command;
    const result = await new Deno.Command(program, {
      args,
      ...identity,
      cwd: "/",
      stdin: "null",
    }).output();
    if (!result.success) {
      throw new Error(
        `initdb failed: ${new TextDecoder().decode(result.stderr).trim()}`,
      );
    }
  } finally {
    await Deno.remove(passwordFile);
  }
}

/**
 * Creates a Postgres cluster in an empty place.
 *
 * Works in a neighbour folder that gets its name at the very end, so that a
 * run that was cut leaves nothing that looks finished. Throws with initdb's
 * own words when it fails.
 */
export async function initialisePostgres(
  options: InitialiseOptions,
): Promise<void> {
  if (await exists(join(options.dataDirectory, "PG_VERSION"))) return;
  const unfinished = `${options.dataDirectory}.unfinished`;
  await Deno.remove(unfinished, { recursive: true }).catch(() => undefined);
  await Deno.mkdir(unfinished, { recursive: true, mode: 0o700 });
  if (options.account !== null) {
    await Deno.chown(unfinished, options.account.uid, options.account.gid);
  }
  await runInitdb(options, unfinished);
  await Deno.rename(unfinished, options.dataDirectory);
}
