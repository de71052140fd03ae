import { createHash } from "node:crypto";
import type { Sql } from "postgres";
import { runSqlFile } from "./migrations.ts";

/**
 * Runs a seed file once in the life of a database.
 *
 * Remembers it as the Supabase CLI does, in `supabase_migrations.seed_files`.
 * Returns whether it ran; a file that does not exist is no error. Throws
 * `SqlFileError` when a statement fails, and then nothing of it stays.
 */
export async function seedOnce(sql: Sql, path: string): Promise<boolean> {
  const text = await Deno.readTextFile(path).catch(() => null);
  if (text === null) return false;
  await sql`
    create table if not exists supabase_migrations.seed_files (
      path text not null primary key, hash text not null
    )`;
  const rows = await sql`select from supabase_migrations.seed_files limit 1`;
  if (rows.length > 0) return false;
  const hash = createHash("sha256").update(text).digest("hex");
  await sql.begin(async (transaction) => {
    await runSqlFile(transaction, path);
    await transaction`reset all`;
    await transaction`
      insert into supabase_migrations.seed_files (path, hash)
      values ('supabase/seed.sql', ${hash})`;
  });
  return true;
}
