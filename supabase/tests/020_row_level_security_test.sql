-- Every table and view × anon, the owner of a row, another user, the service role × each command.
begin;

create extension if not exists pgtap with schema extensions;
\ir support/relations.psql
\ir support/people.psql

select pg_temp.fill_tables(array['owner', 'somebody']);

create temporary view matrix as
select n.relation, n.access, a.actor, coalesce(w.privileges, '{}') as privileges, w.visible_rows
from relation_access as n
cross join (values
  ('anon', 'anon'), ('owner', 'authenticated'), ('other', 'authenticated'), ('service_role', 'service_role')
) as a (actor, role)
left join access_right as w on w.access = n.access and w.role = a.role;

select * from no_plan();

select is(
  pg_temp.seen_by(m.actor, m.relation), pg_temp.should_see(m.relation, m.visible_rows, m.actor),
  format('select from %s as %s: %s', m.relation, m.actor, coalesce(m.visible_rows, 'refused'))
)
from matrix as m order by m.relation, m.actor;

-- Without a row to see, and one to hide, the lines above would prove nothing.
select ok(
  pg_temp.should_see(m.relation, m.visible_rows, 'owner') not in ('no row', pg_temp.should_see(m.relation, 'all', 'owner')),
  format('%s has a row that the owner sees, and one more', m.relation)
)
from matrix as m where m.actor = 'owner' and m.visible_rows in ('own', 'active') order by m.relation;

select is(
  pg_temp.attempt(m.actor, c.statement) <> 'refused', c.command = any (m.privileges),
  format('%s %s as %s: %s', lower(c.command), m.relation, m.actor,
    case when c.command = any (m.privileges) then 'allowed' else 'refused' end)
)
from matrix as m
cross join lateral (
  select quote_ident(a.attname) as name
  from pg_attribute as a
  where a.attrelid = m.relation::regclass and a.attnum > 0 and not a.attisdropped
    and a.attgenerated = '' and a.attidentity = ''
  order by a.attnum
  limit 1
) as first_column
cross join lateral (values
  ('INSERT', pg_temp.insertion_of(m.relation::regclass, 'newcomer')),
  ('UPDATE', format('update %s set %s = %2$s', m.relation, first_column.name)),
  ('DELETE', format('delete from %s', m.relation)),
  ('TRUNCATE', format('truncate %s cascade', m.relation))
) as c (command, statement)
order by m.relation, m.actor, c.command;

-- What is allowed reaches rows.
select is(
  pg_temp.attempt('service_role', format(s.statement, n.relation)),
  (xpath('/row/c/text()', query_to_xml(format('select count(*) as c from %s', n.relation), false, true, '')))[1]::text,
  format('%s as service_role reaches every row', format(s.statement, n.relation))
)
from relation_access as n
cross join unnest(array['update %s set active = active', 'delete from %s']) as s (statement)
where n.access = 'catalogue'
order by n.relation;

select * from finish();
rollback;
