import postgres from "postgres";
import { inRollback } from "./rollback.ts";
import type { Shop } from "./shop.ts";

/** SQLSTATEs of constraints. */
export const CHECK = "23514";
export const UNIQUE = "23505";
export const FOREIGN_KEY = "23503";

/** The SQLSTATE and constraint that refuse a statement of the superuser, which is rolled back; `nothing` if none. */
export async function refusalOf(
  { stack }: Shop,
  statement: string,
): Promise<string> {
  try {
    await inRollback(stack.sql, (sql) => sql.unsafe(statement));
    return "nothing";
  } catch (error) {
    if (!(error instanceof postgres.PostgresError)) throw error;
    return `${error.code} ${error.constraint_name ?? error.message}`;
  }
}
