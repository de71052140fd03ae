import { z } from "zod";
import { withSecretFile } from "./secret-file.ts";
import type { SupabaseCli } from "./supabase-cli.ts";

const rows = z.array(z.record(z.string(), z.unknown()));

/** What {@linkcode runSql} runs. */
export interface SqlCall {
  sql: string;
  /** Runs in a read-only transaction, as a role that can read everything. */
  readOnly?: boolean;
}

/**
 * Runs SQL in the project's database through the management API, which needs an access token and no password.
 *
 * @returns the rows of the last statement that has some. Source: Supabase CLI, `db query`.
 */
export async function runSql(
  cli: SupabaseCli,
  { sql, readOnly = false }: SqlCall,
): Promise<z.output<typeof rows>> {
  return await withSecretFile(
    { name: "query.sql", text: sql },
    async (path) =>
      rows.parse(
        await cli({
          args: [
            ...["db", "query", `--file=${path}`],
            readOnly ? "--read-only" : "--yes",
          ],
        }) ?? [],
      ),
  );
}

/** Writes a text as a SQL literal. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
