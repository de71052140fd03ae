import type { Sql, TransactionSql } from "postgres";

class Rollback extends Error {}

/** Runs `body` in a transaction that is always rolled back, and answers what it answered. */
export async function inRollback<Value>(
  sql: Sql | TransactionSql,
  body: (transaction: TransactionSql) => Promise<Value>,
): Promise<Value> {
  let value: { of: Value } | undefined;
  const run = async (transaction: TransactionSql) => {
    value = { of: await body(transaction) };
    throw new Rollback();
  };
  const done = "savepoint" in sql ? sql.savepoint(run) : sql.begin(run);
  await done.catch((error: unknown) => {
    if (!(error instanceof Rollback)) throw error;
  });
  if (value === undefined) throw new Error("the body did not run");
  return value.of;
}
