import { join } from "node:path";
import { PROJECT_ROOT } from "../../stack/paths.ts";

/** The folder of the chapters, from the project's root. */
export const CHAPTERS = "supabase/schemas";

/** The migration that makes an empty database what the chapters say, from the project's root. */
export const BASELINE = "supabase/migrations/20261126000000_baseline.sql";

/** One file of `supabase/schemas`. */
export interface Chapter {
  /** For example `20_confirm.sql`. */
  file: string;
  text: string;
}

/** The schemas that the chapters name: one that the Data API serves, and one that nobody but their functions reads. */
export interface SchemaNames {
  served: string;
  hidden: string;
}

/** The names in the chapters themselves. */
export const WRITTEN_NAMES: SchemaNames = {
  served: "public",
  hidden: "toss_private",
};

/** Reads the chapters in reading order, which is also the order in which Postgres takes them. */
export async function readChapters(): Promise<Chapter[]> {
  const folder = join(PROJECT_ROOT, CHAPTERS);
  const files = Array.from(Deno.readDirSync(folder), ({ name }) => name)
    .filter((name) => name.endsWith(".sql")).sort();
  return await Promise.all(
    files.map(async (file) => ({
      file,
      text: await Deno.readTextFile(join(folder, file)),
    })),
  );
}

/**
 * The chapters one after the other, as one migration.
 *
 * Until version 1.0 this is the only one; it is made anew with every change of a chapter.
 */
export async function baselineMigration(): Promise<string> {
  const chapters = await readChapters();
  return [
    `-- Made from ${CHAPTERS} by \`npx -y deno task docs\`: edit a chapter there, not this file.\n`,
    ...chapters.map(({ file, text }) => `-- ${CHAPTERS}/${file}\n${text}`),
  ].join("\n");
}

/**
 * Writes SQL of the chapters for schemas of other names.
 *
 * The chapters name every object with its schema, and nothing else in them depends on the names.
 */
export function renameSchemas(sql: string, names: SchemaNames): string {
  return sql
    // The role `public` is never followed by a dot.
    .replaceAll(/\bpublic\./g, `${names.served}.`)
    .replaceAll(/\btoss_private\b/g, names.hidden);
}
