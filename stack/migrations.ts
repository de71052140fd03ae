import { basename, join } from "node:path";
import postgres, { type Sql, type TransactionSql } from "postgres";
import { SqlError } from "libpg-query";
import { splitStatements, type Statement } from "./split-statements.ts";

/** A migration or seed file that Postgres refused. */
export class SqlFileError extends Error {
  override name = "SqlFileError";
  /** Number of the line in the file; the first line is 1. */
  readonly line: number;

  constructor(path: string, statement: Statement, cause: unknown) {
    const line = statement.line + lineInStatement(statement.text, cause);
    const refused = cause instanceof postgres.PostgresError;
    const message = cause instanceof Error ? cause.message : String(cause);
    const extra = [
      refused && cause.detail ? `Detail: ${cause.detail}` : "",
      refused && cause.hint ? `Hint: ${cause.hint}` : "",
    ].filter((text) => text !== "").join(" ");
    super(`${basename(path)}:${line}: ${message} ${extra}`.trim(), { cause });
    this.line = line;
  }
}

function lineInStatement(text: string, cause: unknown): number {
  // Postgres counts characters from 1, its grammar alone from 0, and both leave the place out for errors that come
  // from the data and not from the text.
  const before = cause instanceof postgres.PostgresError
    ? Number(cause.position ?? 1) - 1
    : cause instanceof SqlError
    ? cause.sqlDetails?.cursorPosition ?? 0
    : 0;
  return text.slice(0, before).split("\n").length - 1;
}

/**
 * Runs every statement of a file in one transaction.
 *
 * Returns the statements. Throws {@linkcode SqlFileError} at the first one
 * that fails.
 */
export async function runSqlFile(
  transaction: TransactionSql,
  path: string,
): Promise<string[]> {
  const text = await Deno.readTextFile(path);
  const statements = await splitStatements(text).catch((error) => {
    throw new SqlFileError(path, { text, line: 1 }, error);
  });
  for (const statement of statements) {
    try {
      await transaction.unsafe(statement.text).simple();
    } catch (error) {
      throw new SqlFileError(path, statement, error);
    }
  }
  return statements.map(({ text }) => text);
}

/** Creates the history as the Supabase CLI does; safe to repeat. */
async function createHistory(sql: Sql): Promise<void> {
  await sql`create schema if not exists supabase_migrations`;
  await sql`
    create table if not exists supabase_migrations.schema_migrations (
      version text not null primary key, statements text[], name text
    )`;
}

/**
 * Applies the migrations that the database does not have yet.
 *
 * Takes the files `<version>_<name>.sql` of `folder` in the order of their
 * names, each in one transaction together with its line in
 * `supabase_migrations.schema_migrations`. `sql` must be role postgres's.
 * Returns the names of the applied files. Throws {@linkcode SqlFileError};
 * the files before the failing one stay applied.
 */
export async function applyMigrations(
  sql: Sql,
  folder: string,
): Promise<string[]> {
  await createHistory(sql);
  const rows = await sql<{ version: string }[]>`
    select version from supabase_migrations.schema_migrations`;
  const known = new Set(rows.map(({ version }) => version));
  const files = Array.from(Deno.readDirSync(folder), ({ name }) => name);
  const applied: string[] = [];
  for (const file of files.sort()) {
    const [, version, name] = file.match(/^(\d+)_(.*)\.sql$/) ?? [];
    if (!version || name === undefined || known.has(version)) continue;
    await sql.begin(async (transaction) => {
      const statements = await runSqlFile(transaction, join(folder, file));
      // A migration may have left another role or search path behind.
      await transaction`reset all`;
      await transaction`
        insert into supabase_migrations.schema_migrations
          (version, name, statements)
        values (${version}, ${name}, ${statements})`;
    });
    applied.push(file);
  }
  return applied;
}
