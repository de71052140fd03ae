import { isDeepStrictEqual } from "node:util";
import type { Sql } from "postgres";

type Row = Record<string, unknown>;

/** Every row of a database, by table, then by primary key. */
export type Snapshot = Map<string, Map<string, Row>>;

/** Views that a shop's own pages read, with what their rows are known by. */
const READ_BY_BUYERS = [{
  relation: "public.user_plans",
  key: ["user_id", "plan"],
}];

/** Reads every table of ours, and the views that buyers read. `sql` must see every row. */
export async function takeSnapshot(sql: Sql): Promise<Snapshot> {
  const tables = await sql<{ relation: string; key: string[] }[]>`
    select format('%s.%s', c.relnamespace::regnamespace, c.relname) as relation,
      array_agg(a.attname::text order by a.attnum) as key
    from pg_class as c
    join pg_constraint as k on k.conrelid = c.oid and k.contype = 'p'
    join pg_attribute as a on a.attrelid = c.oid and a.attnum = any (k.conkey)
    where c.relnamespace in ('public'::regnamespace, 'toss_private'::regnamespace) and c.relkind in ('r', 'p')
    group by c.oid`;
  const snapshot: Snapshot = new Map();
  for (const { relation, key } of [...tables, ...READ_BY_BUYERS]) {
    const rows = await sql<{ row: Row }[]>`
      select to_jsonb(t) as row from ${sql(relation)} as t`;
    const keyed = rows.map(({ row }): [string, Row] => [
      JSON.stringify(key.map((column) => row[column])),
      row,
    ]);
    snapshot.set(relation, new Map(keyed));
  }
  return snapshot;
}

function* rowDifferences(
  relation: string,
  before: Row,
  after: Row,
): Iterable<[place: string, what: string]> {
  for (const [column, value] of Object.entries(before)) {
    const place = `${relation}.${column}`;
    if (!(column in after)) yield [place, "the column is gone"];
    else if (!isDeepStrictEqual(value, after[column])) {
      const now = JSON.stringify(after[column]);
      yield [place, `was ${JSON.stringify(value)}, is ${now}`];
    }
  }
}

function* allDifferences(
  before: Snapshot,
  after: Snapshot,
): Iterable<[place: string, what: string]> {
  for (const [relation, rows] of before) {
    const kept = after.get(relation);
    if (kept === undefined) {
      yield [relation, "the table is gone"];
      continue;
    }
    for (const [key, row] of rows) {
      const now = kept.get(key);
      if (now === undefined) yield [relation, `row ${key} is gone`];
      else yield* rowDifferences(relation, row, now);
    }
    for (const key of kept.keys()) {
      if (!rows.has(key)) yield [relation, `row ${key} is new`];
    }
  }
}

/**
 * What is no longer as it was, as sentences; new tables and new columns do not count.
 *
 * `intended` are places, `schema.table` or `schema.table.column`, at which changes are wanted.
 */
export function differences(
  before: Snapshot,
  after: Snapshot,
  intended: string[],
): string[] {
  return Array.from(allDifferences(before, after))
    .filter(([place]) => !intended.includes(place))
    .map(([place, what]) => `${place}: ${what}`);
}
