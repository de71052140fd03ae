import { join } from "node:path";
import { PROJECT_ROOT } from "../../stack/paths.ts";

/** What this checkout brings to a database. */
export interface ProjectFiles {
  /** Versions of the migrations, ascending. */
  migrations: readonly string[];
  /** Tables they create, with schema. */
  tables: ReadonlySet<string>;
}

const CREATED_TABLE =
  /^create (?:unlogged )?table (?:if not exists )?((?:public|toss_private)\.\w+)/gm;

/** Reads the migrations of this checkout. */
export async function readProjectFiles(): Promise<ProjectFiles> {
  const folder = join(PROJECT_ROOT, "supabase", "migrations");
  const entries = await Array.fromAsync(Deno.readDir(folder));
  const names = entries.map(({ name }) => name)
    .filter((name) => /^\d+_.*\.sql$/.test(name)).sort();
  const tables = new Set<string>();
  for (const name of names) {
    const text = await Deno.readTextFile(join(folder, name));
    for (const [, table = ""] of text.matchAll(CREATED_TABLE)) {
      tables.add(table);
    }
  }
  return { migrations: names.map((name) => name.split("_")[0] ?? ""), tables };
}
