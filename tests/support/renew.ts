import { renewJobs } from "../../stack/database.ts";
import type { Shop } from "./shop.ts";

/** What the tables and sequences held before the first test, by name. */
export interface Beginning {
  tables: { name: string; rows: string }[];
  sequences: { name: string; value: string | null }[];
}

const TABLES = `
  select format('%I.%I', n.nspname, c.relname) as name
  from pg_catalog.pg_class as c
  join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
  where c.relkind = 'r' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
  order by 1`;

const SEQUENCES = `
  select format('%I.%I', schemaname, sequencename) as name, last_value::text as value
  from pg_catalog.pg_sequences order by 1`;

/** Reads what {@linkcode renewShop} brings back. */
export async function readBeginning({ stack }: Shop): Promise<Beginning> {
  const tables = await stack.sql.unsafe<{ name: string }[]>(TABLES);
  const [row] = await stack.sql.unsafe<[{ rows: string[] }]>(
    `select array[${
      tables.map(({ name }) =>
        `(select coalesce(json_agg(t), '[]')::text from ${name} as t)`
      )
    }] as rows`,
  );
  const sequences = await stack.sql.unsafe<Beginning["sequences"]>(SEQUENCES);
  return {
    tables: tables.map(({ name }, i) => ({ name, rows: row.rows[i] ?? "[]" })),
    sequences: [...sequences],
  };
}

/**
 * Lets a shop begin anew: every row, both clocks and Toss are as they were before the first test.
 *
 * What a test changed in the catalogue stays.
 */
export async function renewShop(
  { stack, simulator }: Shop,
  { tables, sequences }: Beginning,
): Promise<void> {
  await simulator.settle();
  await stack.functionsSettled();
  await simulator.reset();
  stack.providers?.reset();
  await stack.resetClock();
  stack.restRequests.length = 0;
  await stack.sql.begin(async (transaction) => {
    // Neither triggers nor foreign keys: what comes back was consistent.
    await transaction`set local session_replication_role = replica`;
    for (const { name, rows } of tables) {
      await transaction.unsafe(`delete from ${name}`);
      if (rows === "[]") continue;
      await transaction.unsafe(
        `insert into ${name} overriding system value
         select * from json_populate_recordset(null::${name}, $1::text::json)`,
        [rows],
      );
    }
    for (const { name, value } of sequences) {
      await transaction`select setval(${name}, ${value ?? 1}, ${
        value !== null
      })`;
    }
  });
  await renewJobs(stack.sql);
}
