-- An upgrade within a period: what its payment does to plan and access.

create function toss_private.switch_plan(
  switched public.subscriptions, switch_time timestamptz, terms public.plans, audit jsonb
)
returns public.subscriptions
language plpgsql
set search_path = ''
as $$
begin
  switched.plan_id := terms.id;
  switched.amount := terms.price;
  switched.interval := terms.interval;
  switched.interval_count := terms.interval_count;
  if (switched.next_plan_id, switched.next_amount) = (switched.plan_id, switched.amount) then
    switched := toss_private.without_next_plan(switched);
  end if;
  if not switched.cancel_at_period_end and not toss_private.has_open_charge(switched.id) then
    switched.next_charge_at := switched.current_period_end;
    switched.remind_at := toss_private.reminder_time(switch_time, switched.current_period_end, switched.plan_id);
  end if;
  switched := toss_private.move_subscription(switched, 'plan_changed', audit);
  perform toss_private.write_subscription_event('plan_changed', switched, jsonb_build_object('amount', switched.amount));
  return switched;
end;
$$;

comment on function toss_private.switch_plan(public.subscriptions, timestamptz, public.plans, jsonb) is
  'Gives a subscription the terms of another plan within its period. Its access is moved, and a change that is planned is taken back, by the caller.';

create function toss_private.upgrade_fits(upgraded public.subscriptions, paid public.subscription_charges)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return upgraded.status = 'active' and paid.period_number = upgraded.period_number
    and paid.plan_amount > upgraded.amount
    -- The next period is being charged at the price before, or another upgrade is.
    and not toss_private.has_open_charge(upgraded.id)
    -- One that came since has paid for the time that this one would take.
    and not exists (
      select 1 from public.subscription_charges as c
      where c.subscription_id = upgraded.id and c.kind = 'upgrade' and c.period_number = paid.period_number
        and c.period_start >= paid.period_start and c.id <> paid.id and c.undone_at is null
        and toss_private.has_taken_effect(c)
    )
    and not toss_private.comes_too_late(paid);
end;
$$;

comment on function toss_private.upgrade_fits(public.subscriptions, public.subscription_charges) is
  'Whether a paid upgrade can still take place; a refusal that turns out to have been a payment may come too late.';

create function toss_private.settle_upgrade(
  upgraded public.subscriptions, paid public.subscription_charges, audit jsonb
)
returns void
language plpgsql
set search_path = ''
as $$
declare
  terms public.plans;
begin
  select * into terms from public.plans as p where p.id = paid.plan_id;
  -- As agreed when the change was asked for, whatever the plan costs by now.
  terms.price := paid.plan_amount;
  terms.interval := paid.plan_interval;
  terms.interval_count := paid.plan_interval_count;
  perform toss_private.cut_access(upgraded.id, paid.period_start);
  perform toss_private.grant_period(paid, paid.period_end);
  -- What was planned after a refusal is the later wish.
  if paid.first_declined_at is null then
    upgraded := toss_private.without_next_plan(upgraded);
  end if;
  perform toss_private.switch_plan(upgraded, paid.period_start, terms, audit);
end;
$$;

comment on function toss_private.settle_upgrade(public.subscriptions, public.subscription_charges, jsonb) is
  'From the moment of the upgrade the dearer plan is the one there is access to.';

create function toss_private.cut_access(cut_subscription_id uuid, cut_time timestamptz)
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  update public.entitlements as e
  set ends_at = case when e.starts_at < cut_time then cut_time else e.ends_at end,
    revoked_at = case when e.starts_at < cut_time then e.revoked_at else cut_time end
  where e.subscription_id = cut_subscription_id and e.revoked_at is null and e.ends_at > cut_time;
end;
$$;

comment on function toss_private.cut_access(uuid, timestamptz) is
  'Ends running access where other access takes over; nothing is taken back from what was used.';

create function toss_private.end_upgrade_credit(ended public.subscription_charges)
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  update public.entitlements as e set ends_at = ended.period_end
  where e.subscription_id = ended.subscription_id and e.revoked_at is null
    and e.starts_at < ended.period_end and e.ends_at > ended.period_end
    and ended.kind = 'upgrade' and not toss_private.has_open_charge(ended.subscription_id);
end;
$$;

comment on function toss_private.end_upgrade_credit(public.subscription_charges) is
  'An upgrade has ended without taking effect: the plan before it has its period, and the renewal may come.';
