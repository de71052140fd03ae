import assert from "node:assert/strict";
import type { Sql, TransactionSql } from "postgres";
import { inRollback } from "../rollback.ts";

/** One column as the catalogue describes it. */
export interface Column {
  name: string;
  type: string;
  isNullable: boolean;
}

/** The columns of a table in `public`. */
export async function columnsOf(sql: Sql, table: string): Promise<Column[]> {
  const rows = await sql<Column[]>`
    select a.attname as name, format_type(a.atttypid, null) as type, not a.attnotnull as "isNullable"
    from pg_attribute as a
    where a.attrelid = ${`public.${table}`}::regclass and a.attnum > 0 and not a.attisdropped
    order by a.attnum`;
  return [...rows];
}

/** SQL expressions that a column may be set to, by the column's name; the rest follows from its type. */
export type Values = Readonly<Record<string, readonly string[]>>;

function valuesByType({ name, type }: Column): string[] {
  switch (type) {
    case "bigint":
    case "integer":
      return [`coalesce(${name}, 0) + 1`];
    case "boolean":
      return [`not ${name}`];
    case "timestamp with time zone":
      return [
        `coalesce(${name}, now()) + interval '1 hour'`,
        `${name} - interval '1 hour'`,
      ];
    case "text":
      return [`coalesce(${name}, '') || 'x'`];
    case "interval":
      return ["interval '1 day'"];
    case "uuid":
      return ["gen_random_uuid()"];
    default:
      throw new Error(`no value for a column of type ${type}`);
  }
}

/** What a column is set to, one after another. */
export function mutationsOf(column: Column, values: Values): string[] {
  return [
    ...(values[column.name] ?? valuesByType(column)),
    ...(column.isNullable ? ["null"] : []),
  ];
}

/** One column of one row, set to a value. */
export interface Mutation {
  table: string;
  id: string;
  column: string;
  /** A SQL expression. */
  value: string;
}

/** What became of a mutation: the database refused it, it changed nothing, or the invariants that name it (maybe none). */
export type Fate = "refused" | "unchanged" | string[];

/** Changes one column of one row, and takes it back. */
export async function fateOf(
  sql: Sql | TransactionSql,
  { table, id, column, value }: Mutation,
): Promise<Fate> {
  try {
    return await inRollback<Fate>(sql, async (transaction) => {
      const { count } = await transaction.unsafe(
        `update public.${table} set ${column} = ${value} where id = $1 and ${column} is distinct from (${value})`,
        [id],
      );
      if (count === 0) return "unchanged";
      const violations = await transaction<{ invariant: string }[]>`
        select distinct invariant from public.invariant_violations()`;
      return violations.map(({ invariant }) => invariant);
    });
  } catch (error) {
    assert.ok(error instanceof Error && "code" in error, String(error));
    // Constraints and triggers, and values that no row can have.
    assert.match(String(error.code), /^(23|22)/, String(error));
    return "refused";
  }
}
