import { compareHistory, objectsAfter } from "../hosted/history.ts";
import type { DatabaseState } from "../hosted/inspect-database.ts";
import type { LocalFiles, Migration } from "../hosted/local-files.ts";
import { literal } from "../hosted/run-sql.ts";
import { objectKey } from "../hosted/schema-objects.ts";

/** What dropping the data takes away. */
export interface DataDrop {
  /** Tables, with schema. */
  tables: readonly string[];
  /** One statement each, in any order. */
  statements: readonly string[];
  applied: readonly Migration[];
}

/**
 * Works out what of the database is ours: what the migrations that ran there have left, and still exists.
 *
 * All tables go in one statement, because they refer to each other.
 */
export function planDataDrop(
  local: LocalFiles,
  database: DatabaseState,
): DataDrop {
  const { applied } = compareHistory(local, database);
  const ours = new Set(objectsAfter(applied).map(objectKey));
  const relations = database.relations
    .filter(({ name }) => ours.has(objectKey({ kind: "relation", name })));
  const named = (kinds: string) =>
    relations.filter(({ kind }) => kinds.includes(kind))
      .map(({ name }) => name);
  const tables = named("rp");
  return {
    tables,
    applied,
    statements: [
      ...named("v").map((name) => `drop view ${name}`),
      ...named("m").map((name) => `drop materialized view ${name}`),
      ...(tables.length === 0 ? [] : [`drop table ${tables.join(", ")}`]),
      ...database.functions
        .filter(({ name }) => ours.has(objectKey({ kind: "function", name })))
        .map(({ signature }) => `drop function ${signature}`),
    ],
  };
}

function textArray(texts: readonly string[]): string {
  return `array[${texts.map(literal).join(", ")}]::text[]`;
}

/**
 * The SQL that drops it, all or nothing.
 *
 * Never `cascade`: what somebody else has built on a table of ours stops it, and Postgres names that. What depends
 * on each other among ours is found out by trying again.
 */
export function dataDropSql({ statements, applied }: DataDrop): string {
  const versions = applied.map(({ version }) => version);
  return `
do $drop$
declare
  pending text[] := ${textArray(statements)};
  remaining text[];
  statement text;
begin
  while cardinality(pending) > 0 loop
    remaining := '{}';
    foreach statement in array pending loop
      begin
        execute statement;
      exception when dependent_objects_still_exist then
        remaining := remaining || statement;
      end;
    end loop;
    if cardinality(remaining) = cardinality(pending) then
      execute remaining[1];
    end if;
    pending := remaining;
  end loop;
  delete from supabase_migrations.schema_migrations as m
  where m.version = any (${textArray(versions)});
  begin
    drop schema if exists toss_private;
  exception when dependent_objects_still_exist then
    raise notice 'schema toss_private stays: it holds more than ours';
  end;
end;
$drop$`;
}
