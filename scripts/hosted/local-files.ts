import { join } from "node:path";
import { PROJECT_ROOT } from "../../stack/paths.ts";
import { readSchemaChanges, type SchemaChanges } from "./schema-objects.ts";

/** A migration of this checkout. */
export interface Migration extends SchemaChanges {
  version: string;
  name: string;
  file: string;
}

/** What this checkout would bring to a project. */
export interface LocalFiles {
  /** In the order in which they apply. */
  migrations: readonly Migration[];
  /** Names of the edge functions, sorted. */
  functions: readonly string[];
}

/** The folder `supabase` of this checkout. */
export const SUPABASE_FOLDER = join(PROJECT_ROOT, "supabase");

async function readMigrations(): Promise<Migration[]> {
  const folder = join(SUPABASE_FOLDER, "migrations");
  const entries = await Array.fromAsync(Deno.readDir(folder));
  const files = entries.map(({ name }) => name).sort();
  const migrations: Migration[] = [];
  for (const file of files) {
    const [, version, name] = /^(\d+)_(.*)\.sql$/.exec(file) ?? [];
    if (version === undefined || name === undefined) continue;
    const sql = await Deno.readTextFile(join(folder, file));
    migrations.push({ version, name, file, ...await readSchemaChanges(sql) });
  }
  return migrations;
}

// As the CLI finds them, so that a function is deployed as soon as its folder exists.
async function listFunctions(): Promise<string[]> {
  const folder = join(SUPABASE_FOLDER, "functions");
  const names: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (!isDirectory || !/^[A-Za-z][\w-]*$/.test(name)) continue;
    const entry = await Deno.stat(join(folder, name, "index.ts"))
      .catch(() => null);
    if (entry?.isFile) names.push(name);
  }
  return names.sort();
}

/** Reads what this checkout would bring to a project. */
export async function readLocalFiles(): Promise<LocalFiles> {
  const [migrations, functions] = await Promise.all([
    readMigrations(),
    listFunctions(),
  ]);
  return { migrations, functions };
}
