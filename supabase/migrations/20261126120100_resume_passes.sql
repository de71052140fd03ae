-- Purpose: a pass that was taken back with its money goes on where it stopped when the money comes again.
-- Column: entitlements.remaining; functions: private.span, place_passes, set_pass.

alter table public.entitlements
  add column remaining interval,
  add constraint entitlements_remaining_positive check (remaining > interval '0');
comment on column public.entitlements.remaining is
  'How long a pass was still good when its money was taken back after it had begun; null for a whole one.';

create function private.span(from_time timestamptz, to_time timestamptz)
returns interval
language plpgsql
immutable
set search_path = ''
as $$
begin
  -- In seconds: a day has another length where the session's clocks change.
  return make_interval(secs => extract(epoch from to_time - from_time)::double precision);
end;
$$;

comment on function private.span(timestamptz, timestamptz) is 'The time between two moments, the same in every time zone.';
revoke execute on function private.span(timestamptz, timestamptz) from public, anon, authenticated;

create or replace function private.place_passes(owner_id uuid, owned_plan_id text)
returns void
language plpgsql
set search_path = ''
as $$
declare
  pass record;
  next_start timestamptz := private.clock_now();
begin
  -- Passes follow each other: none overlaps another, and none waits for one that was taken back.
  for pass in
    select e.id, e.starts_at, e.ends_at, e.remaining, o.plan_interval, o.plan_interval_count
    from public.entitlements as e
    join public.orders as o on o.id = e.order_id
    where e.user_id = owner_id and e.plan_id = owned_plan_id and e.revoked_at is null
      and e.ends_at > next_start
    order by e.starts_at, e.created_at
  loop
    -- One that has begun keeps its days; the others begin where the one before them ends.
    if pass.starts_at > private.clock_now() or pass.starts_at < next_start and next_start > private.clock_now() then
      pass.ends_at := case when pass.remaining is null
        then private.period_boundary(next_start, pass.plan_interval, pass.plan_interval_count, 1)
        else next_start + pass.remaining end;
      update public.entitlements as e set starts_at = next_start, ends_at = pass.ends_at
      where e.id = pass.id and e.starts_at <> next_start;
    end if;
    next_start := greatest(next_start, pass.ends_at);
  end loop;
end;
$$;

comment on function private.place_passes(uuid, text) is
  'Lines up the passes of one user and plan that are still to be used, each with the time that it has left.';

create or replace function private.set_pass(bought public.orders, is_granted boolean)
returns void
language plpgsql
set search_path = ''
as $$
declare
  present constant timestamptz := private.clock_now();
begin
  if bought.plan_id is null or bought.user_id is null then
    return;
  end if;
  -- Two passes bought at the same time must follow each other, not overlap.
  perform pg_advisory_xact_lock(hashtextextended('entitlement:' || bought.user_id || ':' || bought.plan_id, 0));
  if is_granted then
    insert into public.entitlements as e (user_id, plan_id, source, order_id, starts_at, ends_at, created_at)
    values (
      bought.user_id, bought.plan_id, 'order', bought.id, present,
      private.period_boundary(present, bought.plan_interval, bought.plan_interval_count, 1), present
    )
    -- Its deposit was taken back and has come again: what was used stays used, and nothing of the rest is lost.
    on conflict (order_id) do update
      set revoked_at = null, created_at = excluded.created_at,
        starts_at = case when e.revoked_at < e.ends_at then excluded.starts_at else e.starts_at end,
        ends_at = case
          when e.revoked_at >= e.ends_at then e.ends_at
          when e.revoked_at > e.starts_at then excluded.starts_at + private.span(e.revoked_at, e.ends_at)
          else excluded.starts_at + coalesce(e.remaining, excluded.ends_at - excluded.starts_at) end,
        remaining = case when e.revoked_at > e.starts_at and e.revoked_at < e.ends_at
          then private.span(e.revoked_at, e.ends_at) else e.remaining end
      where e.revoked_at is not null;
  else
    update public.entitlements as e set revoked_at = present
    where e.order_id = bought.id and e.revoked_at is null;
  end if;
  perform private.place_passes(bought.user_id, bought.plan_id);
end;
$$;

comment on function private.set_pass(public.orders, boolean) is
  'Gives or takes the pass that an order bought; a pass bought while another runs begins when that one ends, and one that was taken goes on where it stopped.';
