import type { Sql, TransactionSql } from "postgres";
import type { SchemaNames } from "../../scripts/schema/chapters.ts";

/**
 * Everything that a database holds in our schemas, a fact a line, sorted.
 *
 * Two databases with the same lines have the same tables, columns, constraints, indexes, triggers, policies,
 * functions, views, comments, owners and privileges. Object ids and the places of dropped columns do not count.
 * `sql` must be the superuser's.
 */
export async function readCatalogue(
  sql: Sql,
  names: SchemaNames,
): Promise<string[]> {
  return await sql.begin((transaction) => readFacts(transaction, names));
}

async function readFacts(
  sql: TransactionSql,
  { served, hidden }: SchemaNames,
): Promise<string[]> {
  // Postgres leaves out the schema of what it finds by this path.
  await sql`set local search_path = ''`;
  const rows = await sql<{ line: string }[]>`
    with spaces as (
      select n.oid, n.nspname from pg_namespace as n where n.nspname in (${served}, ${hidden})
    ), relations as (
      select c.*, s.nspname || '.' || c.relname as name
      from pg_class as c join spaces as s on s.oid = c.relnamespace
    ), functions as (
      select p.*, s.nspname || '.' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')' as name
      from pg_proc as p join spaces as s on s.oid = p.pronamespace
      where not exists (select from pg_depend as d where d.objid = p.oid and d.deptype = 'e')
    ), columns as (
      select a.*, r.name, r.oid as relation, r.relkind,
        row_number() over (partition by r.oid order by a.attnum) as place
      from pg_attribute as a join relations as r on r.oid = a.attrelid
      where a.attnum > 0 and not a.attisdropped and r.relkind in ('r', 'v', 'p')
    ), grants as (
      select 'schema ' || s.nspname as object, n.nspacl as acl from spaces as s join pg_namespace as n on n.oid = s.oid
      union all
      select 'relation ' || r.name, coalesce(r.relacl, acldefault(case r.relkind when 'S' then 's' else 'r' end::"char", r.relowner))
      from relations as r where r.relkind in ('r', 'v', 'p', 'S')
      union all
      select 'column ' || c.name || '.' || c.attname, c.attacl from columns as c where c.attacl is not null
      union all
      select 'function ' || f.name, coalesce(f.proacl, acldefault('f', f.proowner)) from functions as f
      union all
      select 'default ' || d.defaclobjtype::text || coalesce(' in ' || d.defaclnamespace::regnamespace::text, '')
        || ' by ' || d.defaclrole::regrole, d.defaclacl
      from pg_default_acl as d
    )
    select 'schema ' || s.nspname || ' of ' || n.nspowner::regrole || ': ' || coalesce(obj_description(n.oid), '') as line
    from spaces as s join pg_namespace as n on n.oid = s.oid
    union all
    select concat_ws(' ', 'relation', r.name, r.relkind, 'of', r.relowner::regrole, r.relpersistence,
      r.relrowsecurity, r.relforcerowsecurity, r.reloptions, obj_description(r.oid, 'pg_class'))
    from relations as r
    union all
    select concat_ws(' ', 'column', c.name, c.place, c.attname, format_type(c.atttypid, c.atttypmod), c.attnotnull,
      c.attidentity, c.attgenerated, c.attcollation::regcollation, c.attstorage,
      pg_get_expr(d.adbin, d.adrelid), col_description(c.relation, c.attnum))
    from columns as c left join pg_attrdef as d on d.adrelid = c.relation and d.adnum = c.attnum
    union all
    select concat_ws(' ', 'constraint', r.name, k.conname, pg_get_constraintdef(k.oid), k.convalidated, k.condeferrable,
      obj_description(k.oid, 'pg_constraint'))
    from pg_constraint as k join relations as r on r.oid = k.conrelid where k.contype in ('c', 'f', 'p', 'u', 'x')
    union all
    select concat_ws(' ', 'index', pg_get_indexdef(i.indexrelid), i.indisunique, i.indisvalid,
      obj_description(i.indexrelid, 'pg_class'))
    from pg_index as i join relations as r on r.oid = i.indrelid
    union all
    select concat_ws(' ', 'trigger', pg_get_triggerdef(t.oid), t.tgenabled, obj_description(t.oid, 'pg_trigger'))
    from pg_trigger as t join relations as r on r.oid = t.tgrelid where not t.tgisinternal
    union all
    select concat_ws(' ', 'policy', r.name, p.polname, p.polcmd, p.polpermissive, p.polroles::regrole[],
      pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid), obj_description(p.oid, 'pg_policy'))
    from pg_policy as p join relations as r on r.oid = p.polrelid
    union all
    select concat_ws(' ', 'function of', f.proowner::regrole, pg_get_functiondef(f.oid), obj_description(f.oid, 'pg_proc'))
    from functions as f
    union all
    select concat_ws(' ', 'view', r.name, pg_get_viewdef(r.oid)) from relations as r where r.relkind = 'v'
    union all
    select concat_ws(' ', 'type', s.nspname || '.' || t.typname, t.typtype)
    from pg_type as t join spaces as s on s.oid = t.typnamespace
    union all
    select concat_ws(' ', 'grant', g.object, case a.grantee when 0 then 'public' else a.grantee::regrole::text end,
      a.privilege_type, a.is_grantable, 'by', a.grantor::regrole)
    from grants as g cross join lateral aclexplode(g.acl) as a
    order by line`;
  return rows.map(({ line }) => line);
}
