-- Every table and view is named in support/relations.psql, and its grants are those and no others.
begin;

create extension if not exists pgtap with schema extensions;
\ir support/relations.psql

create temporary view existing_relation as
select c.oid, c.oid::regclass as relation, format('%s.%s', c.relnamespace::regnamespace, c.relname) as name,
  c.relkind, c.relrowsecurity, c.reloptions, c.relacl, c.relowner
from pg_class as c
where c.relnamespace in ('public'::regnamespace, 'toss_private'::regnamespace)
  and not exists (
    select 1 from pg_depend as d
    where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'
  );

select * from no_plan();

select set_eq(
  $$ select name from existing_relation where relkind in ('r', 'p', 'v', 'm', 'f') $$,
  $$ select relation from relation_access $$,
  'support/relations.psql names every table and view, and no other'
);

select is_empty(
  format($$ select name from existing_relation where relkind = %L $$, forbidden.kind),
  format('there is no %s, which knows no row level security', forbidden.name)
)
from (values ('m', 'materialized view'), ('f', 'foreign table')) as forbidden (kind, name);

select ok(r.relrowsecurity, format('row level security is on for %s', r.name))
from existing_relation as r where r.relkind in ('r', 'p') order by r.name;

select ok(
  coalesce(r.reloptions @> array['security_invoker=true'], false), format('%s reads as its reader', r.name)
)
from existing_relation as r where r.relkind = 'v' order by r.name;

-- Grants of tables, exactly: references, trigger and truncate are as refused as the rest.
select is(
  (
    select coalesce(array_agg(a.privilege_type order by a.privilege_type), '{}')
    from existing_relation as r, aclexplode(coalesce(r.relacl, acldefault('r', r.relowner))) as a
    where r.name = n.relation
      and case when a.grantee = 0 then 'public' else a.grantee::regrole::text end = g.role
  ),
  coalesce(
    (select w.privileges from access_right as w where w.access = n.access and w.role = g.role), '{}'
  ),
  format('%s: what %s is granted', n.relation, g.role)
)
from relation_access as n
cross join unnest(array['public', 'anon', 'authenticated', 'service_role']) as g (role)
order by n.relation, g.role;

select is_empty(
  $$
    select r.name, a.attname from existing_relation as r join pg_attribute as a on a.attrelid = r.oid
    where a.attacl is not null
  $$,
  'no column is granted by itself'
);

select is_empty(
  $$
    select r.name, g.role
    from existing_relation as r
    cross join unnest(array['anon', 'authenticated', 'service_role']) as g (role)
    where r.relkind = 'S' and has_sequence_privilege(g.role, r.oid, 'usage, select, update')
  $$,
  'no sequence is granted'
);

-- One permissive policy for one command and one row, to named roles.
select is_empty(
  $$
    select p.polrelid::regclass, p.polname
    from pg_policy as p
    join existing_relation as r on r.oid = p.polrelid
    where p.polcmd <> 'r' or not p.polpermissive or 0 = any (p.polroles)
  $$,
  'every policy is for reading, and to roles that it names'
);

select is(
  has_schema_privilege(g.role, g.schema, g.privilege), g.is_granted,
  format('schema %s: %s has %s', g.schema, g.role, case when g.is_granted then g.privilege else 'no ' || g.privilege end)
)
from (values
  ('toss_private', 'anon', 'usage', false),
  ('toss_private', 'authenticated', 'usage', true),
  ('toss_private', 'service_role', 'usage', true),
  ('toss_private', 'anon', 'create', false),
  ('toss_private', 'authenticated', 'create', false),
  ('toss_private', 'service_role', 'create', false),
  ('public', 'anon', 'create', false),
  ('public', 'authenticated', 'create', false),
  ('public', 'service_role', 'create', false)
) as g (schema, role, privilege, is_granted);

-- The next migration that forgets its grants exposes nothing.
create table public.forgotten (id bigint generated always as identity primary key);
create function public.forgotten() returns integer language sql as 'select 1';
select ok(
  not has_table_privilege(g.role, 'public.forgotten', 'select, insert, update, delete, truncate, references, trigger'),
  format('%s is granted nothing on a table without grants', g.role)
)
from unnest(array['anon', 'authenticated', 'service_role']) as g (role);
select ok(
  not has_function_privilege(g.role, 'public.forgotten()', 'execute'),
  format('%s may not execute a function without grants', g.role)
)
from unnest(array['anon', 'authenticated', 'service_role']) as g (role);

select ok(obj_description(r.oid, 'pg_class') is not null, format('%s says what it is for', r.name))
from existing_relation as r
join relation_access as n on n.relation = r.name
order by r.name;

select * from finish();
rollback;
