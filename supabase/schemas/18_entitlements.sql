-- Which plan a user has access to, and for how long.

create function toss_private.period_boundary(
  anchor timestamptz, unit text, unit_count integer, period_number integer
)
returns timestamptz
language plpgsql
stable
set search_path = ''
as $$
begin
  -- Always from the anchor: 31 January plus one month is 28 February, plus two is 31 March again.
  return ((anchor at time zone 'Asia/Seoul')
    + (unit_count * period_number) * ('1 ' || unit)::interval) at time zone 'Asia/Seoul';
end;
$$;

comment on function toss_private.period_boundary(timestamptz, text, integer, integer) is
  'Start of period n (0 = the anchor itself) for a plan of unit_count day, week, month or year; day and time of day kept in Asia/Seoul, clamped to the month''s length.';

create table public.entitlements (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null,
  plan_id text not null references public.plans (id),
  source text not null,
  order_id text references public.orders (id),
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  revoked_at timestamptz,
  created_at timestamptz not null,
  subscription_id uuid,
  charge_id uuid,
  remaining interval,
  constraint entitlements_source_known check (source in ('order', 'subscription')),
  constraint entitlements_ends_after_start check (ends_at > starts_at),
  constraint entitlements_order_has_id check (source <> 'order' or order_id is not null),
  constraint entitlements_one_per_order unique (order_id),
  constraint entitlements_subscription_has_id check ((source = 'subscription') = (subscription_id is not null)),
  constraint entitlements_charge_of_subscription check (charge_id is null or source = 'subscription'),
  constraint entitlements_one_per_charge unique (charge_id),
  constraint entitlements_remaining_positive check (remaining > interval '0')
);

alter table public.entitlements enable row level security;

comment on table public.entitlements is 'Access that a payment bought. One per paid pass, trial and period of a subscription; revoked when the payment is fully refunded or its deposit reversed.';
comment on column public.entitlements.source is 'order: a one-time pass. subscription: a period of a subscription.';
comment on column public.entitlements.ends_at is 'End of the period, exclusive; months are counted in Asia/Seoul.';
comment on column public.entitlements.revoked_at is 'Access ended at this time although the period was longer.';
comment on column public.entitlements.charge_id is 'The charge that pays for the period; null for a trial. While the charge is open or in its grace, the access is on credit.';
comment on column public.entitlements.remaining is
  'How long a pass was still good when its money was taken back after it had begun; null for a whole one.';
comment on column public.entitlements.user_id is
  'Personal: id; kept.';

create index entitlements_user_id on public.entitlements (user_id, plan_id, ends_at desc);
create index entitlements_plan_id on public.entitlements (plan_id);
create unique index entitlements_one_per_trial on public.entitlements (subscription_id)
  where subscription_id is not null and charge_id is null;
create index entitlements_subscription_id on public.entitlements (subscription_id, ends_at desc)
  where subscription_id is not null;

create policy "users read their own entitlements"
  on public.entitlements for select to authenticated
  using ((select auth.uid()) = user_id);

create function toss_private.span(from_time timestamptz, to_time timestamptz)
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

comment on function toss_private.span(timestamptz, timestamptz) is 'The time between two moments, the same in every time zone.';

create function toss_private.place_passes(owner_id uuid, owned_plan_id text)
returns void
language plpgsql
set search_path = ''
as $$
declare
  pass record;
  next_start timestamptz := toss_private.clock_now();
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
    if pass.starts_at > toss_private.clock_now() or pass.starts_at < next_start and next_start > toss_private.clock_now() then
      pass.ends_at := case when pass.remaining is null
        then toss_private.period_boundary(next_start, pass.plan_interval, pass.plan_interval_count, 1)
        else next_start + pass.remaining end;
      update public.entitlements as e set starts_at = next_start, ends_at = pass.ends_at
      where e.id = pass.id and e.starts_at <> next_start;
    end if;
    next_start := greatest(next_start, pass.ends_at);
  end loop;
end;
$$;

comment on function toss_private.place_passes(uuid, text) is
  'Lines up the passes of one user and plan that are still to be used, each with the time that it has left.';

create function toss_private.set_pass(bought public.orders, is_granted boolean)
returns void
language plpgsql
set search_path = ''
as $$
declare
  present constant timestamptz := toss_private.clock_now();
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
      toss_private.period_boundary(present, bought.plan_interval, bought.plan_interval_count, 1), present
    )
    -- Its deposit was taken back and has come again: what was used stays used, and nothing of the rest is lost.
    on conflict (order_id) do update
      set revoked_at = null, created_at = excluded.created_at,
        starts_at = case when e.revoked_at < e.ends_at then excluded.starts_at else e.starts_at end,
        ends_at = case
          when e.revoked_at >= e.ends_at then e.ends_at
          when e.revoked_at > e.starts_at then excluded.starts_at + toss_private.span(e.revoked_at, e.ends_at)
          else excluded.starts_at + coalesce(e.remaining, excluded.ends_at - excluded.starts_at) end,
        remaining = case when e.revoked_at > e.starts_at and e.revoked_at < e.ends_at
          then toss_private.span(e.revoked_at, e.ends_at) else e.remaining end
      where e.revoked_at is not null;
  else
    update public.entitlements as e set revoked_at = present
    where e.order_id = bought.id and e.revoked_at is null;
  end if;
  perform toss_private.place_passes(bought.user_id, bought.plan_id);
end;
$$;

comment on function toss_private.set_pass(public.orders, boolean) is
  'Gives or takes the pass that an order bought; a pass bought while another runs begins when that one ends, and one that was taken goes on where it stopped.';
