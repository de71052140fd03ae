import type { Sql } from "postgres";

/** The folder with the SQL that turns a plain Postgres into a project. */
const SQL_FOLDER = new URL("./sql/", import.meta.url);

/**
 * Runs the stack's own SQL files whose names begin with a number in a range.
 *
 * Every file may run again on a database that has it already. `sql` must be
 * the superuser's. Throws Postgres's error when a statement fails.
 */
export async function bootstrap(
  sql: Sql,
  range: { from: number; to: number },
): Promise<void> {
  const names = Array.from(Deno.readDirSync(SQL_FOLDER), ({ name }) => name);
  for (const name of names.sort()) {
    const number = Number.parseInt(name);
    if (number < range.from || number > range.to) continue;
    const text = await Deno.readTextFile(new URL(name, SQL_FOLDER));
    await sql.begin((transaction) => transaction.unsafe(text).simple());
  }
}
