-- Purpose: who is gone from auth.users is not charged; subscriptions end, and keys are deleted at Toss.
-- Columns: customers.known_to_auth, private.jobs.position; functions: private.can_read_accounts, has_account, is_gone,
-- note_account, delete_keys_of_gone_user, end_for_gone_user, end_gone_user, find_gone_users, end_gone_users;
-- view: private.subscription_alerts.
-- Risk: a customer without an account in auth.users counts as gone only if there was one since this migration.

alter table public.customers add column known_to_auth boolean not null default false;
comment on column public.customers.known_to_auth is
  'Whether auth.users had this user. Only who was there can be gone: ids of another identity provider never were.';

alter table private.jobs add column position uuid;
comment on column private.jobs.position is
  'For a job that looks at users slice by slice: the last one it looked at; null = from the start.';

create function private.can_read_accounts()
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return private.account_access() = 'readable';
end;
$$;

comment on function private.can_read_accounts() is
  'Whether auth.users can tell who is there; false in a plain Postgres. What cannot be read proves nothing.';
revoke execute on function private.can_read_accounts() from public, anon, authenticated;

create function private.has_account(sought_user_id uuid)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  if not private.can_read_accounts() then
    return null;
  end if;
  -- Auth keeps the row of an account that was deleted softly. As json, because old versions lack the column.
  return exists (
    select 1 from auth.users as u where u.id = sought_user_id and to_jsonb(u) ->> 'deleted_at' is null
  );
end;
$$;

comment on function private.has_account(uuid) is 'Whether auth.users has a user; null when nobody can tell.';
revoke execute on function private.has_account(uuid) from public, anon, authenticated;

create function private.is_gone(sought_user_id uuid)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return coalesce(not private.has_account(sought_user_id), false) and exists (
    select 1 from public.customers as c where c.user_id = sought_user_id and c.known_to_auth
  );
end;
$$;

comment on function private.is_gone(uuid) is 'Whether a user had an account in auth.users and has none any more.';
revoke execute on function private.is_gone(uuid) from public, anon, authenticated;

create function private.note_account()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  new.known_to_auth := new.known_to_auth or coalesce(private.has_account(new.user_id), false);
  return new;
end;
$$;

comment on function private.note_account() is 'Trigger: remembers that a customer has an account.';
revoke execute on function private.note_account() from public, anon, authenticated;

create trigger customers_account_noted
  before insert on public.customers
  for each row execute function private.note_account();

update public.customers as c set known_to_auth = true where private.has_account(c.user_id);

create function private.delete_keys_of_gone_user(gone_id uuid, request jsonb)
returns void
language plpgsql
set search_path = ''
as $$
declare
  method public.billing_methods;
begin
  for method in
    select m.* from public.billing_methods as m
    where m.user_id = gone_id and m.status = 'active'
    order by m.id
    -- Whoever holds one removes it; the next run looks again.
    for no key update skip locked
  loop
    -- Not retire_billing_method: it would lock the user's other subscriptions, which end by themselves.
    update public.billing_methods as m set status = 'deleted', deleted_at = private.clock_now() where m.id = method.id;
    if exists (
      select 1 from private.billing_keys as k where k.billing_method_id = method.id and k.ciphertext is not null
    ) and not exists (
      select 1 from public.operations as op
      where op.billing_method_id = method.id and op.state in ('started', 'unknown')
    ) then
      -- Leased to nobody: the worker sends it.
      perform private.begin_key_deletion(method, '[]', jsonb_build_object(
        'leaseToken', gen_random_uuid(), 'leaseSeconds', 0, 'verifiedBy', 'auth',
        'requestId', request ->> 'requestId'
      ));
    end if;
  end loop;
end;
$$;

comment on function private.delete_keys_of_gone_user(uuid, jsonb) is
  'From now on no key of a user who is gone is charged, and the worker deletes them at Toss.';
revoke execute on function private.delete_keys_of_gone_user(uuid, jsonb) from public, anon, authenticated;

create function private.end_for_gone_user(ending public.subscriptions, request jsonb)
returns void
language plpgsql
set search_path = ''
as $$
declare
  -- Never asOf: that the account is gone is true now.
  present constant timestamptz := private.clock_now();
begin
  ending.canceled_at := coalesce(ending.canceled_at, present);
  ending.ended_at := present;
  ending := private.move_subscription(ending, 'user_deleted', jsonb_build_object(
    'source', 'billing', 'requestId', request ->> 'requestId'
  ));
  perform private.end_access(ending.id, ending.ended_at);
  perform private.write_subscription_event('canceled', ending, jsonb_build_object(
    'reason', 'user_deleted', 'endedAt', ending.ended_at
  ));
  perform private.delete_keys_of_gone_user(ending.user_id, request);
end;
$$;

comment on function private.end_for_gone_user(public.subscriptions, jsonb) is
  'Ends a subscription, whose row the caller holds, because its user is gone.';
revoke execute on function private.end_for_gone_user(public.subscriptions, jsonb)
  from public, anon, authenticated;

create function private.end_gone_user(gone_id uuid, request jsonb)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  ending public.subscriptions;
  ended integer := 0;
begin
  perform private.lock_user(gone_id);
  perform private.delete_keys_of_gone_user(gone_id, request);
  for ending in
    select s.* from public.subscriptions as s
    where s.user_id = gone_id and s.status <> 'canceled'
      -- What is at Toss is settled first: a charge that was paid stands, and then it ends.
      and not exists (
        select 1 from public.subscription_charges as c
        where c.subscription_id = s.id and c.status in ('pending', 'processing', 'unknown')
      )
    order by s.id
    for no key update skip locked
  loop
    -- A charge that began while we waited for the row is at Toss, too.
    continue when ending.status = 'canceled' or exists (
      select 1 from public.subscription_charges as c
      where c.subscription_id = ending.id and c.status in ('pending', 'processing', 'unknown')
    );
    perform private.end_for_gone_user(ending, request);
    ended := ended + 1;
  end loop;
  return ended;
end;
$$;

comment on function private.end_gone_user(uuid, jsonb) is
  'Ends what a user who is gone still has; answers how many subscriptions.';
revoke execute on function private.end_gone_user(uuid, jsonb) from public, anon, authenticated;

create function private.find_gone_users(after_user_id uuid, slice_size integer)
returns table (last_user_id uuid, gone_user_ids uuid[])
language plpgsql
volatile
set search_path = ''
as $$
declare
  is_there constant text := case when exists (
    select 1 from pg_catalog.pg_attribute as a
    where a.attrelid = 'auth.users'::regclass and a.attname = 'deleted_at' and not a.attisdropped
  ) then 'u.deleted_at is null' else 'true' end;
begin
  return query execute format($sql$
    with slice as materialized (
      select c.user_id, c.known_to_auth, exists (
        select 1 from auth.users as u where u.id = c.user_id and %s
      ) as is_there
      from public.customers as c
      where $1 is null or c.user_id > $1
      order by c.user_id
      limit $2
    ),
    -- Whose customer row is older than the account, for example brought in from another system.
    noted as (
      update public.customers as c set known_to_auth = true
      from slice as s where s.user_id = c.user_id and s.is_there and not s.known_to_auth
    )
    select
      case when count(*) = $2 then (array_agg(s.user_id order by s.user_id desc))[1] end,
      coalesce(array_agg(s.user_id order by s.user_id) filter (
        where not s.is_there and s.known_to_auth and (
          exists (select 1 from public.subscriptions as l where l.user_id = s.user_id and l.status <> 'canceled')
          or exists (select 1 from public.billing_methods as m where m.user_id = s.user_id and m.status = 'active')
        )
      ), '{}')
    from slice as s
  $sql$, is_there) using after_user_id, slice_size;
end;
$$;

comment on function private.find_gone_users(uuid, integer) is
  'Looks at the next customers and answers the last of them (null: there are no more) and those who are gone and still have a live subscription or a card.';
revoke execute on function private.find_gone_users(uuid, integer) from public, anon, authenticated;

create function private.end_gone_users(request jsonb)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  -- A few milliseconds a run; a hundred thousand customers are looked through in under an hour.
  slice_size constant integer := 2000;
  sweep private.jobs;
  found_users record;
  gone_id uuid;
  ended integer := 0;
begin
  if not private.can_read_accounts() then
    return 0;
  end if;
  -- Runs overlap; one of them looks.
  select * into sweep from private.jobs as j where j.name = 'billing' for update skip locked;
  if not found then
    return 0;
  end if;
  select * into found_users from private.find_gone_users(sweep.position, slice_size);
  foreach gone_id in array found_users.gone_user_ids loop
    ended := ended + private.end_gone_user(gone_id, request);
  end loop;
  update private.jobs as j set position = found_users.last_user_id where j.name = sweep.name;
  return ended;
end;
$$;

comment on function private.end_gone_users(jsonb) is
  'Looks at the next slice of customers and ends what belongs to users who are gone; answers how many subscriptions.';
revoke execute on function private.end_gone_users(jsonb) from public, anon, authenticated;

create index subscriptions_ended_for_gone_users on public.subscriptions (ended_at)
  where end_reason = 'user_deleted';

create view private.subscription_alerts
with (security_invoker = true)
as
select
  'warning' as level,
  'user_deleted' as alert,
  s.id::text as subject,
  format('user %s is gone from auth.users; plan %s was paid until %s, its access has ended', s.user_id, s.plan_id,
    s.current_period_end) as detail,
  s.ended_at as since
from public.subscriptions as s
where s.end_reason = 'user_deleted' and s.ended_at > private.clock_now() - interval '7 days';

comment on view private.subscription_alerts is
  'What needs a person about subscriptions: for a week one that ended because its user is gone.';
grant select on private.subscription_alerts to service_role;

create or replace view public.alerts
with (security_invoker = true)
as
select * from private.payment_alerts
union all
select * from private.refund_alerts
union all
select * from private.deposit_alerts
union all
select * from private.subscription_alerts;
