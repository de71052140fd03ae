import { join } from "node:path";
import {
  baselineMigration,
  renameSchemas,
  type SchemaNames,
  WRITTEN_NAMES,
} from "../../scripts/schema/chapters.ts";

/** Writes the chapters as a folder with one migration; the caller removes it. */
export async function chaptersAsMigration(
  names: SchemaNames = WRITTEN_NAMES,
): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "chapters-" });
  const ownSchema = names.served === WRITTEN_NAMES.served ? "" : `
    create schema ${names.served};
    grant usage on schema ${names.served} to anon, authenticated, service_role;
  `;
  const sql = renameSchemas(await baselineMigration(), names);
  await Deno.writeTextFile(
    join(folder, "20260101000000_chapters.sql"),
    ownSchema + sql,
  );
  return folder;
}
