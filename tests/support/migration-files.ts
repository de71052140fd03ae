import { createHash } from "node:crypto";
import { join } from "node:path";
import { PROJECT_ROOT } from "../../stack/paths.ts";

/** Where the migrations are. */
const MIGRATIONS = join(PROJECT_ROOT, "supabase", "migrations");

/** The versions and names of the project's migrations, oldest first; `upTo` is the version of the last one wanted. */
export function migrationFiles(upTo?: string): string[] {
  return Array.from(Deno.readDirSync(MIGRATIONS), ({ name }) => name)
    .filter((name) => name.endsWith(".sql"))
    .filter((name) => upTo === undefined || versionOf(name) <= upTo)
    .sort();
}

/** The version in the name of a migration file. */
function versionOf(file: string): string {
  return file.slice(0, file.indexOf("_"));
}

/** Copies migrations into a folder, which is made if need be. */
export async function copyMigrations(
  folder: string,
  upTo?: string,
): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  for (const file of migrationFiles(upTo)) {
    await Deno.copyFile(join(MIGRATIONS, file), join(folder, file));
  }
}

/** SHA-256 over the names and contents of migrations. */
export async function digestOfMigrations(upTo: string): Promise<string> {
  const hash = createHash("sha256");
  for (const file of migrationFiles(upTo)) {
    hash.update(`${file}\n`);
    hash.update(await Deno.readFile(join(MIGRATIONS, file)));
  }
  return hash.digest("hex");
}
