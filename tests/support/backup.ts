import type { Sql } from "postgres";
import type { Shop } from "./shop.ts";

interface Table {
  /** Quoted, with schema. */
  name: string;
  /** Quoted names of the columns that are stored as given. */
  columns: string;
}

/** What a test kept of the database. */
export interface Backup {
  /** The schema that holds the copies. */
  schema: string;
}

let backups = 0;

/** Every table of the project; the clock goes on while a database is restored. */
async function tablesOf(sql: Sql): Promise<Table[]> {
  return await sql<Table[]>`
    select format('%I.%I', n.nspname, c.relname) as name,
      string_agg(quote_ident(a.attname), ', ' order by a.attnum) as columns
    from pg_class as c
    join pg_namespace as n on n.oid = c.relnamespace
    join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
    where n.nspname in ('public', 'toss_private') and c.relkind = 'r'
      and (n.nspname, c.relname) <> ('toss_private', 'clock')
    group by n.nspname, c.relname`;
}

function copyName({ schema }: Backup, table: Table): string {
  return `"${schema}"."${table.name.replaceAll('"', "")}"`;
}

/** Copies every row of every table, as one moment saw them. */
export async function takeBackup({ stack }: Shop): Promise<Backup> {
  const backup = { schema: `backup_${++backups}` };
  const tables = await tablesOf(stack.sql);
  await stack.sql.begin("isolation level repeatable read", async (sql) => {
    await sql.unsafe(`create schema "${backup.schema}"`);
    for (const table of tables) {
      await sql.unsafe(
        `create table ${
          copyName(backup, table)
        } as select ${table.columns} from ${table.name}`,
      );
    }
  });
  return backup;
}

/** Puts every row back as it was; what happened since is as if it had never been. Toss remembers it. */
export async function restoreBackup(
  { stack }: Shop,
  backup: Backup,
): Promise<void> {
  const tables = await tablesOf(stack.sql);
  await stack.sql.begin(async (sql) => {
    // As pg_restore: no trigger and no foreign key gets to see the rows.
    await sql`set local session_replication_role = replica`;
    await sql.unsafe(`truncate ${tables.map(({ name }) => name).join(", ")}`);
    for (const table of tables) {
      await sql.unsafe(
        `insert into ${table.name} (${table.columns}) overriding system value
         select ${table.columns} from ${copyName(backup, table)}`,
      );
    }
  });
}
