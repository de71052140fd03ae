-- Every function is named in support/functions.psql, and is executed by those roles and no others.
begin;

create extension if not exists pgtap with schema extensions;
\ir support/functions.psql
\ir support/people.psql

create temporary view existing_function as
select p.*, format('%s.%s', p.pronamespace::regnamespace, p.proname) as function
from pg_proc as p
where p.pronamespace in ('public'::regnamespace, 'toss_private'::regnamespace)
  and not exists (
    select 1 from pg_depend as d
    where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
  );

create temporary table executor as
select role from unnest(array['public', 'anon', 'authenticated', 'service_role']) as r (role);

select * from no_plan();

-- A bag and not a set: the Data API knows no two functions of one name.
select bag_eq(
  'select function from existing_function', 'select function from function_access',
  'support/functions.psql names every function, and no other'
);

select is(
  case e.role
    when 'public' then exists (
      select 1 from aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) as a where a.grantee = 0
    )
    else has_function_privilege(e.role, f.oid, 'execute')
  end,
  e.role = any (n.executors),
  format('%s %s execute %s', e.role, case when e.role = any (n.executors) then 'may' else 'may not' end, n.function)
)
from function_access as n
join existing_function as f on f.function = n.function
cross join executor as e
order by n.function, e.role;

-- A trigger cannot be called.
select is(
  pg_temp.attempt(e.role, format('select %s(%s)', n.function, (
    select string_agg(format(
      '%snull::%s', case when f.provariadic <> 0 and a.position = f.pronargs then 'variadic ' else '' end,
      format_type(a.type, null)
    ), ', ' order by a.position)
    from unnest(f.proargtypes) with ordinality as a (type, position)
  ))),
  'refused', format('%s called by %s is refused', n.function, e.role)
)
from function_access as n
join existing_function as f on f.function = n.function and f.prorettype <> 'trigger'::regtype
join executor as e on e.role <> 'public' and e.role <> all (n.executors)
order by n.function, e.role;

select is(
  f.prosecdef, n.is_definer,
  format('%s runs with the rights of its %s', n.function, case when n.is_definer then 'owner' else 'caller' end)
)
from function_access as n join existing_function as f on f.function = n.function
order by n.function;

select ok(
  coalesce(f.proconfig @> array['search_path=""'], false), format('%s has an empty search path', f.function)
)
from existing_function as f order by f.function;

select ok(obj_description(f.oid, 'pg_proc') is not null, format('%s says what it does', f.function))
from existing_function as f order by f.function;

select * from finish();
rollback;
