-- What every table must refuse whoever writes. The rules go by types and names, so they hold for new tables too.
begin;

create extension if not exists pgtap with schema extensions;

create temporary view own_column as
select a.attrelid, a.attrelid::regclass as relation, a.attnum, a.attname as name, a.atttypid::regtype as type,
  a.attnotnull, format('%s.%s', a.attrelid::regclass, a.attname) as place
from pg_attribute as a
join pg_class as c on c.oid = a.attrelid and c.relkind in ('r', 'p')
where c.relnamespace in ('public'::regnamespace, 'toss_private'::regnamespace) and a.attnum > 0 and not a.attisdropped;

create temporary view own_check as
select k.oid, k.conrelid, k.conname as name, k.conkey, pg_get_expr(k.conbin, k.conrelid) as rule
from pg_constraint as k
where k.connamespace in ('public'::regnamespace, 'toss_private'::regnamespace) and k.contype = 'c';

-- Values of a type, as SQL, of which a rule should refuse some and let some pass.
create function pg_temp.values_of(value_type regtype, rule text)
returns text[]
language sql
as $$
  select case
    when value_type = 'text'::regtype then
      -- The rule names itself what it lets pass.
      (select coalesce(array_agg(distinct l.match[1]), '{}') from regexp_matches(rule, '(''[^'']*'')', 'g') as l (match))
      || array['''''', '''?''', '''abc''', '''KRW''', '''12**34''', 'repeat(''a'', 64)', 'repeat(''a'', 2000)']
    when value_type = 'smallint'::regtype then array['-1', '0', '1', '32767']
    when value_type = 'integer'::regtype then array['-2', '-1', '0', '1', '2147483647']
    when value_type in ('bigint'::regtype, 'numeric'::regtype)
      then array['-1', '0', '1', '9007199254740991', '9007199254740992']
    when value_type = 'boolean'::regtype then array['true', 'false']
    when value_type = 'uuid'::regtype then array['''00000000-0000-0000-0000-000000000000''']
    when value_type in ('timestamptz'::regtype, 'date'::regtype) then array['now()', 'now() + interval ''1 day''', 'now() + interval ''40 days''']
    when value_type = 'interval'::regtype then array['interval ''-1 day''', 'interval ''1 day''']
    when value_type = 'jsonb'::regtype then array['''{}''', '''[]''', '''1''']
  end;
$$;

-- Whether a check constraint gives a certain answer for some values of its columns. Not known counts as passed.
create function pg_temp.check_can_answer(checked oid, is_passed boolean)
returns boolean
language plpgsql
as $$
declare
  rule text;
  choices text;
  found boolean;
begin
  select k.rule, string_agg(
    format('unnest(array[%s]::%s[]) as c_%s (%I)', array_to_string(
      pg_temp.values_of(col.type, k.rule) || case when col.attnotnull then '{}'::text[] else array['null'] end, ', '
    ), col.type, col.attnum, col.name),
    ' cross join '
  )
  into rule, choices
  from own_check as k
  join own_column as col on col.attrelid = k.conrelid and col.attnum = any (k.conkey)
  where k.oid = checked
  group by k.rule;
  execute format('select exists (select 1 from %s where ((%s) is not false) = $1)', choices, rule)
  into found using is_passed;
  return found;
end;
$$;

-- Whether a check constraint of a column refuses a value, whatever stands in the other columns.
create function pg_temp.refuses(refusing regclass, column_name name, value text)
returns boolean
language plpgsql
as $$
declare
  rule text;
  is_refused boolean;
begin
  for rule in
    select k.rule
    from own_check as k
    join own_column as col on col.attrelid = k.conrelid and col.attnum = any (k.conkey) and col.name = column_name
    where k.conrelid = refusing
  loop
    execute format(
      'select (%s) is false from jsonb_populate_record(null::%s, jsonb_build_object($1, $2)) as t', rule, refusing
    )
    into is_refused using column_name, value;
    if is_refused then
      return true;
    end if;
  end loop;
  return false;
end;
$$;

select * from no_plan();

select has_pk(c.relnamespace::regnamespace::name, c.relname, format('%s has a primary key', c.oid::regclass))
from pg_class as c
where c.relnamespace in ('public'::regnamespace, 'toss_private'::regnamespace) and c.relkind in ('r', 'p')
order by c.oid::regclass::text;

select is_empty(
  $$
    select k.conrelid::regclass, k.conname from pg_constraint as k
    where k.connamespace in ('public'::regnamespace, 'toss_private'::regnamespace) and not k.convalidated
  $$,
  'every constraint has been validated'
);

select ok(
  pg_temp.check_can_answer(k.oid, false), format('%s on %s refuses something', k.name, k.conrelid::regclass)
)
from own_check as k order by k.conrelid::regclass::text, k.name;

select ok(
  pg_temp.check_can_answer(k.oid, true), format('%s on %s lets something pass', k.name, k.conrelid::regclass)
)
from own_check as k order by k.conrelid::regclass::text, k.name;

select is(c.type, 'timestamptz'::regtype, format('%s is a point in time, with its zone', c.place))
from own_column as c where c.name like '%\_at' or c.name like 'current\_period\_%' order by c.place;

select is(c.type, 'bigint'::regtype, format('%s counts minor units', c.place))
from own_column as c where c.name ~ '(^|_)(amount|price)$' order by c.place;

-- Columns by name, and what none of them may hold.
create temporary table refused_value as
select * from (values
  ('(^|_)(amount|price)$', '-1', 'a negative amount'),
  ('^currency$', 'won', 'an unknown form of currency'),
  ('^(status|state|kind)$', 'nonsense', 'an unknown word'),
  ('_digest$', 'the secret itself', 'what is no digest'),
  ('_masked$', '4330121234567890', 'a number without a mask')
) as v (names, value, what);

create temporary table tolerated as
select * from (values
  ('operations.currency', 'copied from an order, which refuses it'),
  ('payment_events.amount', 'the audit log notes whatever amount was asked for'),
  ('order_adjustments.amount', 'a discount takes off'),
  ('payment_cancels.status', 'Toss''s cancelStatus in its own words'),
  ('imported_transactions.amount', 'Toss''s history as it is'),
  ('imported_transactions.currency', 'Toss''s history as it is'),
  ('imported_transactions.status', 'Toss''s words'),
  ('settlements.amount', 'what was refunded takes off'),
  ('settlements.pay_out_amount', 'what was refunded takes off')
) as v (place, reason);

select ok(
  pg_temp.refuses(c.relation, c.name, v.value), format('%s refuses %s', c.place, v.what)
)
from own_column as c
join refused_value as v on c.name ~ v.names
where c.place not in (select place from tolerated)
order by c.place;

select ok(
  exists (
    select 1 from own_column as c join refused_value as v on c.name ~ v.names
    where c.place = t.place and not pg_temp.refuses(c.relation, c.name, v.value)
  ),
  format('%s is still tolerated: %s', t.place, t.reason)
)
from tolerated as t;

-- The ledgers, with lines in them.
insert into public.products (id, name, price, stock) values ('pgtap-mug', '머그컵', 9900, 5);
select toss_private.write_event('{"event": "pgtap_line"}') \g /dev/null

select throws_ok(
  format(s.statement, l.relation), '42501', format('%s is append-only', split_part(l.relation, '.', 2)),
  format('%s, even by its owner', format(s.statement, l.relation))
)
from unnest(array['public.payment_events', 'toss_private.stock_movements']) as l (relation)
cross join unnest(array['update %s set created_at = now()', 'delete from %s', 'truncate %s']) as s (statement);

select * from finish();
rollback;
