-- Purpose: the schema the API does not expose, and the one clock.
-- Secrets, ledgers that only SQL may write, and helper functions live in `private`.
-- Risk: none for existing objects; adds a schema and changes nothing in public.

create schema if not exists private;

revoke all on schema private from public, anon, authenticated;

comment on schema private is
  'Not exposed through the API: secrets, helper functions and the clock of supabase-tosspayments.';

-- Postgres grants execute on every new function to public. The form with `in schema` has no effect,
-- so each function below still carries its own revoke.
alter default privileges revoke execute on functions from public;

create table private.clock (
  id boolean primary key default true check (id),
  time_offset interval not null default interval '0'
);

insert into private.clock default values;

comment on table private.clock is
  'One row. Its offset moves the time of every rule that depends on the clock, so that tests and the demo live through months in seconds. Zero in production.';
comment on column private.clock.time_offset is
  'Added to the wall clock by private.clock_now(). Live keys refuse to work while it is not zero.';

alter table private.clock enable row level security;

create function private.clock_now()
returns timestamptz
language sql
volatile
security definer
set search_path = ''
as $$
  select clock_timestamp() + (select c.time_offset from private.clock as c);
$$;

comment on function private.clock_now() is
  'The only source of time for rules in SQL: wall clock plus private.clock.time_offset.';

revoke execute on function private.clock_now() from public, anon, authenticated;

-- The view user_plans runs with the reader's rights and needs the clock.
grant usage on schema private to authenticated, service_role;
grant execute on function private.clock_now() to authenticated, service_role;

create function private.require_real_time(mode text)
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  if mode is distinct from 'test'
    and exists (select 1 from private.clock as c where c.time_offset <> interval '0')
  then
    raise exception 'the clock is moved while live keys are configured'
      using errcode = 'check_violation',
        hint = 'update private.clock set time_offset = interval ''0''';
  end if;
end;
$$;

comment on function private.require_real_time(text) is
  'Raises when the clock is moved and the caller does not work with test keys. Called before money is asked for.';

revoke execute on function private.require_real_time(text) from public, anon, authenticated;
