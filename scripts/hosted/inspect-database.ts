import { z } from "zod";
import { CRON_JOB_PREFIX, VAULT_NAMES } from "./names.ts";
import { literal, runSql } from "./run-sql.ts";
import type { SchemaObject } from "./schema-objects.ts";
import type { SupabaseCli } from "./supabase-cli.ts";

const catalog = z.object({
  hasHistory: z.boolean(),
  hasVault: z.boolean(),
  hasCron: z.boolean(),
  relations: z.array(z.object({ name: z.string(), kind: z.string() })),
  functions: z.array(z.object({ name: z.string(), signature: z.string() })),
});

const records = z.object({
  migrations: z.array(z.object({
    version: z.string(),
    name: z.string().nullable(),
  })),
  vaultNames: z.array(z.string()),
  cronJobs: z.array(z.object({
    name: z.string(),
    schedule: z.string(),
    owner: z.string(),
  })),
});

/** What stands in the project's database and concerns this project. */
export interface DatabaseState extends z.output<typeof records> {
  /** Of those that were asked for; `kind` as in pg_class.relkind. */
  relations: z.output<typeof catalog>["relations"];
  /** Of those that were asked for, one entry for each list of arguments. */
  functions: z.output<typeof catalog>["functions"];
  hasCron: boolean;
  hasVault: boolean;
}

function names(objects: readonly SchemaObject[]): string {
  const list = [...new Set(objects.map(({ name }) => name))].map(literal);
  return `array[${list.join(", ")}]::text[]`;
}

function catalogSql(objects: readonly SchemaObject[]): string {
  return `
select jsonb_build_object(
  'hasHistory', to_regclass('supabase_migrations.schema_migrations') is not null,
  'hasVault', to_regclass('vault.secrets') is not null,
  'hasCron', to_regclass('cron.job') is not null,
  'relations', (
    select coalesce(jsonb_agg(jsonb_build_object('name', r.name, 'kind', r.relkind) order by r.name), '[]')
    from (
      select format('%s.%s', n.nspname, c.relname) as name, c.relkind
      from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
      where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
    ) as r
    where r.name = any (${names(objects)})
  ),
  'functions', (
    select coalesce(jsonb_agg(jsonb_build_object('name', f.name, 'signature', f.signature) order by f.signature), '[]')
    from (
      select format('%s.%s', n.nspname, p.proname) as name,
        format('%s.%s(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) as signature
      from pg_proc as p join pg_namespace as n on n.oid = p.pronamespace
    ) as f
    where f.name = any (${names(objects)})
  )
) as state`;
}

// A table that is missing may not even be named in a statement.
function recordsSql({ hasHistory, hasVault, hasCron }: {
  hasHistory: boolean;
  hasVault: boolean;
  hasCron: boolean;
}): string {
  const migrations = `(
    select coalesce(jsonb_agg(jsonb_build_object('version', m.version, 'name', m.name) order by m.version), '[]')
    from supabase_migrations.schema_migrations as m
  )`;
  const vaultNames = `(
    select coalesce(jsonb_agg(s.name order by s.name), '[]')
    from vault.secrets as s
    where s.name in (${Object.values(VAULT_NAMES).map(literal).join(", ")})
  )`;
  const cronJobs = `(
    select coalesce(jsonb_agg(jsonb_build_object(
      'name', j.jobname, 'schedule', j.schedule, 'owner', j.username
    ) order by j.jobname, j.username), '[]')
    from cron.job as j
    where starts_with(j.jobname::text, ${literal(CRON_JOB_PREFIX)})
  )`;
  return `
select jsonb_build_object(
  'migrations', ${hasHistory ? migrations : "'[]'::jsonb"},
  'vaultNames', ${hasVault ? vaultNames : "'[]'::jsonb"},
  'cronJobs', ${hasCron ? cronJobs : "'[]'::jsonb"}
) as state`;
}

/**
 * Looks at the database and changes nothing.
 *
 * @param objects what to look for in the schemas public and toss_private
 */
export async function inspectDatabase(
  cli: SupabaseCli,
  objects: readonly SchemaObject[],
): Promise<DatabaseState> {
  const read = async (sql: string) => {
    const [row] = await runSql(cli, { sql, readOnly: true });
    return row?.state;
  };
  const seen = catalog.parse(await read(catalogSql(objects)));
  const { relations, functions, hasCron, hasVault } = seen;
  const recorded = records.parse(await read(recordsSql(seen)));
  return { ...recorded, relations, functions, hasCron, hasVault };
}
