import { dirname } from "node:path";

/** The system account that runs Postgres; null = the caller's own. */
export type PostgresAccount = { uid: number; gid: number } | null;

/** A command line that is ready to be started. */
export interface PostgresCommand {
  command: string;
  arguments: string[];
  uid?: number;
  gid?: number;
}

/**
 * Chooses the account for Postgres, which refuses to run as root.
 *
 * Takes the owner of an existing data folder, else the account `postgres`,
 * else `nobody`. Returns null when the caller is not root.
 */
export async function choosePostgresAccount(
  dataDirectory: string,
): Promise<PostgresAccount> {
  if (Deno.build.os === "windows" || Deno.uid() !== 0) return null;
  const owner = await Deno.stat(dataDirectory).catch(() => null);
  if (owner !== null && owner.uid !== null && owner.uid !== 0) {
    return { uid: owner.uid, gid: owner.gid ?? owner.uid };
  }
  const accounts = await Deno.readTextFile("/etc/passwd");
  for (const name of ["postgres", "nobody"]) {
    const line = accounts.split("\n").find((l) => l.startsWith(`${name}:`));
    const [, , uid, gid] = line?.split(":") ?? [];
    if (uid && gid) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new Error(
    "Postgres does not run as root, and this system has neither an account " +
      "`postgres` nor `nobody`. Start the stack as an ordinary user.",
  );
}

async function isReachable(path: string): Promise<boolean> {
  for (let folder = dirname(path);; folder = dirname(folder)) {
    const { mode } = await Deno.stat(folder);
    if (mode !== null && (mode & 0o001) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}

/**
 * Builds the command that runs a Postgres program under an account.
 *
 * A checkout below a folder that only root may enter (that of `mktemp -d`)
 * is out of reach for another account. There the program keeps root's right
 * to pass folders through `setpriv` (util-linux), and nothing else of root.
 */
export async function asAccount(
  account: PostgresAccount,
  program: string,
  options: { arguments: string[]; dataDirectory: string },
): Promise<PostgresCommand> {
  if (account === null) {
    return { command: program, arguments: options.arguments };
  }
  const reachable = await isReachable(program) &&
    await isReachable(options.dataDirectory);
  if (reachable) {
    return { command: program, arguments: options.arguments, ...account };
  }
  return {
    command: "setpriv",
    arguments: [
      `--reuid=${account.uid}`,
      `--regid=${account.gid}`,
      "--clear-groups",
      "--inh-caps=+dac_override",
      "--ambient-caps=+dac_override",
      // Without it access(2), which initdb asks, ignores the capability.
      "--securebits=+no_setuid_fixup",
      program,
      ...options.arguments,
    ],
  };
}
