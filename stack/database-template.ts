import { createHash } from "node:crypto";
import { join } from "node:path";
import postgres from "postgres";
import { prepareDatabase } from "./database.ts";
import { startLite } from "./lite.ts";
import { makeSecrets } from "./local-secrets.ts";
import { PROJECT_ROOT } from "./paths.ts";
import { freePort } from "./ports.ts";
import { startPostgres, SUPERUSER } from "./postgres.ts";

const TEMPLATES = join(PROJECT_ROOT, ".local", "templates");

/** What nobody has started from for so long is of an older state of the project. */
const KEPT_MILLISECONDS = 24 * 60 * 60 * 1000;

const KEY_LENGTH = 24;

/** What a prepared data folder is made of. */
export interface TemplateSources {
  /** Folders whose `.sql` files count, names and contents. */
  folders: readonly string[];
  /** Files that count, for the versions of the packages. */
  files: readonly string[];
}

/** The name under which a data folder made of these sources is kept: another one as soon as anything in them changes. */
export async function templateKey(sources: TemplateSources): Promise<string> {
  const hash = createHash("sha256");
  const take = async (name: string, path: string) => {
    const content = await Deno.readFile(path);
    hash.update(`${name}\0${content.length}\0`).update(content);
  };
  for (const folder of sources.folders) {
    const names = Array.from(Deno.readDirSync(folder), ({ name }) => name);
    for (const name of names.filter((name) => name.endsWith(".sql")).sort()) {
      await take(name, join(folder, name));
    }
  }
  for (const path of sources.files) await take("", path);
  return hash.digest("hex").slice(0, KEY_LENGTH);
}

/**
 * Finds, or makes once, a data folder with the project's roles, stand-ins and migrations, for temporary stacks to
 * start from a copy of it.
 *
 * Several processes may ask at once: one makes it, the others wait. Kept under `.local/templates`.
 *
 * @returns the path of a Postgres data folder that nobody runs
 * @throws SqlFileError when a migration fails
 */
export async function databaseTemplate(
  migrationsDirectory: string,
  log: (line: string) => void,
): Promise<string> {
  const path = join(
    TEMPLATES,
    await templateKey({
      folders: [join(import.meta.dirname ?? "", "sql"), migrationsDirectory],
      files: [join(PROJECT_ROOT, "scripts", "deno.lock")],
    }),
  );
  if (await exists(path)) return path;
  await Deno.mkdir(TEMPLATES, { recursive: true });
  using lock = await Deno.open(join(TEMPLATES, "lock"), {
    create: true,
    write: true,
  });
  await lock.lock(true);
  if (await exists(path)) return path;
  await removeOldTemplates();
  const unfinished = `${path}.unfinished`;
  await Deno.remove(unfinished, { recursive: true }).catch(() => undefined);
  await Deno.mkdir(unfinished);
  await fill(unfinished, migrationsDirectory, log);
  await Deno.rename(join(unfinished, "data"), path);
  await Deno.remove(unfinished, { recursive: true });
  return path;
}

async function fill(
  directory: string,
  migrationsDirectory: string,
  log: (line: string) => void,
): Promise<void> {
  await using cleanup = new AsyncDisposableStack();
  const server = await startPostgres({
    directory,
    port: freePort(),
    temporary: false,
    template: null,
    log,
  });
  cleanup.defer(() => server.stop());
  const sql = postgres(server.url(SUPERUSER), { max: 2, onnotice: () => {} });
  cleanup.defer(() => sql.end());
  const lite = startLite(server.url(SUPERUSER), makeSecrets());
  cleanup.defer(() => lite.stop());
  await prepareDatabase(server, { sql, lite }, { migrationsDirectory, log });
}

async function removeOldTemplates(): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(TEMPLATES)) {
    if (!isDirectory) continue;
    const path = join(TEMPLATES, name);
    const { mtime } = await Deno.stat(path);
    if (Date.now() - (mtime?.getTime() ?? 0) < KEPT_MILLISECONDS) continue;
    await Deno.remove(path, { recursive: true });
  }
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
