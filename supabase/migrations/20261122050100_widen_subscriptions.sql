-- Purpose: the terms a subscription was agreed on, what drives it, and the access it gives.
-- Tables: subscriptions, entitlements, payment_events (columns); functions: private.fill_subscription, group_subscription,
-- follow_plan_group, lock_plan_groups, private.write_event.
-- Risk: existing subscriptions take the terms their plan has today.

alter table public.subscriptions
  add column anchor timestamptz,
  add column anchor_period integer not null default 0,
  add column period_number integer,
  add column amount bigint,
  add column currency text,
  add column interval text,
  add column interval_count integer,
  add column next_plan_id text references public.plans (id),
  add column next_amount bigint,
  add column next_interval text,
  add column next_interval_count integer,
  add column access_ends_at timestamptz,
  add column remind_at timestamptz,
  add column end_reason text,
  add column plan_group text;

update public.subscriptions as s
set anchor = case s.status when 'trialing' then s.current_period_end else s.current_period_start end,
  period_number = case s.status when 'trialing' then -1 else 0 end,
  amount = p.price, currency = p.currency, interval = p.interval, interval_count = p.interval_count
from public.plans as p
where p.id = s.plan_id;

alter table public.subscriptions
  alter column anchor set not null,
  alter column period_number set not null,
  alter column amount set not null,
  alter column currency set not null,
  alter column interval set not null,
  alter column interval_count set not null,
  add constraint subscriptions_amount_range check (amount between 0 and 9007199254740991),
  add constraint subscriptions_currency_code check (currency ~ '^[A-Z]{3}$'),
  add constraint subscriptions_interval_known check (interval in ('day', 'week', 'month', 'year')),
  add constraint subscriptions_interval_count_range check (interval_count between 1 and 1000),
  add constraint subscriptions_period_number_range check (period_number >= -1),
  add constraint subscriptions_trial_is_before_period_0 check (status <> 'trialing' or period_number = -1),
  add constraint subscriptions_next_plan_complete check (
    (next_plan_id is null) = (next_amount is null)
    and (next_plan_id is null) = (next_interval is null)
    and (next_plan_id is null) = (next_interval_count is null)
  ),
  add constraint subscriptions_canceled_is_over check (
    status <> 'canceled'
    or (ended_at is not null and next_charge_at is null and remind_at is null and access_ends_at is null)
  ),
  add constraint subscriptions_live_has_not_ended check (status = 'canceled' or ended_at is null),
  add constraint subscriptions_notice_has_end check (
    status = 'canceled' or not cancel_at_period_end
    or (access_ends_at is not null and next_charge_at is null and canceled_at is not null)
  ),
  -- Either notice was given or a debt has its grace; anything else could not be ended when its time comes.
  add constraint subscriptions_access_end_has_cause check (
    access_ends_at is null or cancel_at_period_end = (status <> 'past_due')
  ),
  add constraint subscriptions_end_reason_length check (char_length(end_reason) between 1 and 50);

-- Plans that exclude each other: a user subscribes to one of a group at a time.
create unique index subscriptions_one_live_per_group on public.subscriptions (user_id, plan_group)
  where status <> 'canceled' and plan_group is not null;
create index subscriptions_access_ends_at on public.subscriptions (access_ends_at) where access_ends_at is not null;
create index subscriptions_remind_at on public.subscriptions (remind_at) where remind_at is not null;
create index subscriptions_next_plan_id on public.subscriptions (next_plan_id) where next_plan_id is not null;

comment on column public.subscriptions.anchor is 'The start, or the end of the trial; moves when a plan of another interval begins. Every boundary is counted from it.';
comment on column public.subscriptions.anchor_period is 'The number of the period that begins at the anchor.';
comment on column public.subscriptions.period_number is 'The current period; -1 while trialing.';
comment on column public.subscriptions.amount is 'Price of a period as agreed, minor unit; a later change of the plan does not reach it.';
comment on column public.subscriptions.interval is 'As agreed, like interval_count.';
comment on column public.subscriptions.next_plan_id is 'The plan from the next period on, with the terms agreed when it was chosen.';
comment on column public.subscriptions.access_ends_at is 'When access ends if nothing happens: after notice, or when no billing method works.';
comment on column public.subscriptions.remind_at is 'When the next reminder is due; null when none is, or after it was written.';
comment on column public.subscriptions.end_reason is 'Why it ended: canceled (by its user or the shop), dunning, refunded, user_deleted; of every ended one, see private.subscription_transitions.';
comment on column public.subscriptions.plan_group is
  'plans.plan_group of its plan. Null also when the shop made the group after its user had two of it.';

create function private.boundary(counted public.subscriptions, wanted_period integer)
returns timestamptz
language plpgsql
stable
set search_path = ''
as $$
begin
  return private.period_boundary(
    counted.anchor, counted.interval, counted.interval_count, wanted_period - counted.anchor_period
  );
end;
$$;

comment on function private.boundary(public.subscriptions, integer) is 'When a period of a subscription begins.';
revoke execute on function private.boundary(public.subscriptions, integer) from public, anon, authenticated;

create function private.fill_subscription()
returns trigger
language plpgsql
set search_path = ''
as $$
declare
  chosen public.plans;
begin
  select * into chosen from public.plans as p where p.id = new.plan_id;
  new.anchor := coalesce(
    new.anchor, case new.status when 'trialing' then new.current_period_end else new.current_period_start end
  );
  new.period_number := coalesce(new.period_number, case new.status when 'trialing' then -1 else 0 end);
  new.amount := coalesce(new.amount, chosen.price);
  new.currency := coalesce(new.currency, chosen.currency);
  new.interval := coalesce(new.interval, chosen.interval);
  new.interval_count := coalesce(new.interval_count, chosen.interval_count);
  new.plan_group := chosen.plan_group;
  -- A first payment that was at Toss before the shop made the group.
  if exists (
    select 1 from public.subscriptions as s
    where s.user_id = new.user_id and s.plan_group = new.plan_group and s.status <> 'canceled'
  ) and exists (
    select 1 from public.subscription_charges as c
    where c.user_id = new.user_id and c.plan_id = new.plan_id and c.kind = 'start' and c.status = 'paid'
      and c.first_declined_at is null and c.subscription_id is null and c.period_start = new.current_period_start
  ) then
    new.plan_group := null;
  end if;
  return new;
end;
$$;

comment on function private.fill_subscription() is
  'Trigger: terms that an insert does not name are those of the plan, so that subscriptions of another system can be brought in.';
revoke execute on function private.fill_subscription() from public, anon, authenticated;

create trigger subscriptions_filled
  before insert on public.subscriptions
  for each row execute function private.fill_subscription();

create function private.group_subscription()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  select p.plan_group into new.plan_group from public.plans as p where p.id = new.plan_id;
  -- A change that was agreed on before the shop made the group still takes place.
  if exists (
    select 1 from public.subscriptions as s
    where s.user_id = new.user_id and s.plan_group = new.plan_group and s.status <> 'canceled' and s.id <> new.id
  ) then
    new.plan_group := null;
  end if;
  return new;
end;
$$;

comment on function private.group_subscription() is 'Trigger: a subscription that gets another plan gets its group, too.';
revoke execute on function private.group_subscription() from public, anon, authenticated;

create trigger subscriptions_regrouped
  before update of plan_id on public.subscriptions
  for each row when (new.plan_id is distinct from old.plan_id and new.status <> 'canceled')
  execute function private.group_subscription();

create function private.follow_plan_group()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  -- By id, as whoever else locks several.
  perform 1 from public.subscriptions as s
  where s.plan_id = new.id and s.status <> 'canceled'
  order by s.id
  for no key update;
  for attempt in 1..5 loop
    begin
      -- Who has two of the group by now keeps both; the next one is refused.
      update public.subscriptions as s
      set plan_group = new.plan_group
      where s.plan_id = new.id and s.status <> 'canceled' and s.plan_group is distinct from new.plan_group
        and not exists (
          select 1 from public.subscriptions as other
          where other.user_id = s.user_id and other.plan_group = new.plan_group and other.status <> 'canceled'
            and other.id <> s.id
        );
      exit;
    exception when unique_violation then
      -- Another subscription has come into the group meanwhile; the next look sees it.
      if attempt = 5 then
        raise;
      end if;
    end;
  end loop;
  return null;
end;
$$;

comment on function private.follow_plan_group() is
  'Trigger: live subscriptions follow when the shop puts their plan into a group or takes it out.';
revoke execute on function private.follow_plan_group() from public, anon, authenticated;

create function private.lock_plan_groups()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('plan_groups', 0));
  return null;
end;
$$;

comment on function private.lock_plan_groups() is
  'Trigger: one change of groups at a time, before any row is held. Two of them would each miss what the other does to a user''s subscriptions.';
revoke execute on function private.lock_plan_groups() from public, anon, authenticated;

create trigger plans_groups_locked
  before update of plan_group on public.plans
  for each statement execute function private.lock_plan_groups();

create trigger plans_regrouped
  after update of plan_group on public.plans
  for each row when (new.plan_group is distinct from old.plan_group)
  execute function private.follow_plan_group();

alter table public.entitlements
  add column subscription_id uuid references public.subscriptions (id),
  add column charge_id uuid references public.subscription_charges (id),
  add constraint entitlements_subscription_has_id check ((source = 'subscription') = (subscription_id is not null)),
  add constraint entitlements_charge_of_subscription check (charge_id is null or source = 'subscription'),
  add constraint entitlements_one_per_charge unique (charge_id);
create unique index entitlements_one_per_trial on public.entitlements (subscription_id)
  where subscription_id is not null and charge_id is null;
create index entitlements_subscription_id on public.entitlements (subscription_id, ends_at desc)
  where subscription_id is not null;

comment on table public.entitlements is 'Access that a payment bought. One per paid pass, trial and period of a subscription; revoked when the payment is fully refunded or its deposit reversed.';
comment on column public.entitlements.charge_id is 'The charge that pays for the period; null for a trial. While the charge is open or in its grace, the access is on credit.';

alter table public.payment_events add column subscription_id uuid;
create index payment_events_subscription_id on public.payment_events (subscription_id, id)
  where subscription_id is not null;
comment on column public.payment_events.subscription_id is 'The subscription that a line is about; null for orders.';

-- In plpgsql, which keeps its plans: a batch of charges writes hundreds of lines.
create or replace function private.write_event(line jsonb)
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  insert into public.payment_events (
    event, source, order_id, payment_key, operation_id, subscription_id, from_status, to_status, amount, detail,
    request_id, created_at
  ) values (
    line ->> 'event', coalesce(line ->> 'source', 'operator'), line ->> 'orderId', line ->> 'paymentKey',
    (line ->> 'operationId')::uuid, (line ->> 'subscriptionId')::uuid, line ->> 'from', line ->> 'to',
    (line ->> 'amount')::bigint, coalesce(line -> 'detail', '{}'), line ->> 'requestId', private.clock_now()
  );
end;
$$;

comment on function private.write_event(jsonb) is
  'Adds one line to payment_events; keys: event, source, orderId, paymentKey, operationId, subscriptionId, from, to, amount, detail, requestId.';
