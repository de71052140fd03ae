-- Who was deleted from auth.users is not charged; their keys are deleted at Toss.

create function toss_private.delete_keys_of_gone_user(gone_id uuid, request jsonb)
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
    update public.billing_methods as m set status = 'deleted', deleted_at = toss_private.clock_now() where m.id = method.id;
    if exists (
      select 1 from toss_private.billing_keys as k where k.billing_method_id = method.id and k.ciphertext is not null
    ) and not exists (
      select 1 from public.operations as op
      where op.billing_method_id = method.id and op.state in ('started', 'unknown')
    ) then
      -- Leased to nobody: the worker sends it.
      perform toss_private.begin_key_deletion(method, '[]', jsonb_build_object(
        'leaseToken', gen_random_uuid(), 'leaseSeconds', 0, 'verifiedBy', coalesce(request ->> 'verifiedBy', 'auth'),
        'requestId', request ->> 'requestId'
      ));
    end if;
  end loop;
end;
$$;

comment on function toss_private.delete_keys_of_gone_user(uuid, jsonb) is
  'From now on no key of a user who is gone is charged, and the worker deletes them at Toss.';

create function toss_private.end_for_gone_user(ending public.subscriptions, request jsonb)
returns void
language plpgsql
set search_path = ''
as $$
declare
  -- Never asOf: that the account is gone is true now.
  present constant timestamptz := toss_private.clock_now();
begin
  ending.canceled_at := coalesce(ending.canceled_at, present);
  ending.ended_at := present;
  ending := toss_private.move_subscription(ending, 'user_deleted', jsonb_build_object(
    'source', 'billing', 'requestId', request ->> 'requestId'
  ));
  perform toss_private.end_access(ending.id, ending.ended_at);
  perform toss_private.write_subscription_event('canceled', ending, jsonb_build_object(
    'reason', 'user_deleted', 'endedAt', ending.ended_at
  ));
  perform toss_private.delete_keys_of_gone_user(ending.user_id, request);
end;
$$;

comment on function toss_private.end_for_gone_user(public.subscriptions, jsonb) is
  'Ends a subscription, whose row the caller holds, because its user is gone.';

create function toss_private.end_gone_user(gone_id uuid, request jsonb)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  ending public.subscriptions;
  ended integer := 0;
begin
  perform toss_private.lock_user(gone_id);
  perform toss_private.delete_keys_of_gone_user(gone_id, request);
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
    perform toss_private.end_for_gone_user(ending, request);
    ended := ended + 1;
  end loop;
  return ended;
end;
$$;

comment on function toss_private.end_gone_user(uuid, jsonb) is
  'Ends what a user who is gone still has; answers how many subscriptions.';

create function toss_private.find_gone_users(after_user_id uuid, slice_size integer)
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

comment on function toss_private.find_gone_users(uuid, integer) is
  'Looks at the next customers and answers the last of them (null: there are no more) and those who are gone and still have a live subscription or a card.';

create function toss_private.end_gone_users(request jsonb)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  -- A few milliseconds a run; a hundred thousand customers are looked through in under an hour.
  slice_size constant integer := 2000;
  sweep toss_private.jobs;
  found_users record;
  gone_id uuid;
  ended integer := 0;
begin
  if not toss_private.can_read_accounts() then
    return 0;
  end if;
  -- Runs overlap; one of them looks.
  select * into sweep from toss_private.jobs as j where j.name = 'billing' for update skip locked;
  if not found then
    return 0;
  end if;
  select * into found_users from toss_private.find_gone_users(sweep.position, slice_size);
  foreach gone_id in array found_users.gone_user_ids loop
    ended := ended + toss_private.end_gone_user(gone_id, request);
  end loop;
  update toss_private.jobs as j set position = found_users.last_user_id where j.name = sweep.name;
  return ended;
end;
$$;

comment on function toss_private.end_gone_users(jsonb) is
  'Looks at the next slice of customers and ends what belongs to users who are gone; answers how many subscriptions.';
