-- Purpose: an upgrade that was refunded in full leads back to the plan before it, once nothing is at Toss.
-- Functions: private.has_taken_effect, undo_upgrade, undo_refunded_upgrade, resume_renewals.

create function private.has_taken_effect(paid public.subscription_charges)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return paid.status = 'paid' and exists (select 1 from public.entitlements as e where e.charge_id = paid.id);
end;
$$;

comment on function private.has_taken_effect(public.subscription_charges) is
  'Whether a payment gave access; money that came too late (second_payment) never did.';
revoke execute on function private.has_taken_effect(public.subscription_charges) from public, anon, authenticated;

create function private.undo_upgrade(
  upgraded public.subscriptions, earlier public.subscription_charges, line jsonb
)
returns public.subscriptions
language plpgsql
set search_path = ''
as $$
declare
  first_undone public.subscription_charges;
  terms public.plans;
begin
  -- In arrears the next period has begun to be charged: there is nothing to go back to.
  if not private.may_happen(upgraded.status, 'plan_changed') then
    return upgraded;
  end if;
  perform private.grant_period(earlier, earlier.period_end);
  -- Every later payment of the period is gone: before the first of them was what `earlier` pays for, or what a change
  -- without a charge made of it.
  select c.* into first_undone from public.subscription_charges as c
  where c.subscription_id = upgraded.id and c.kind = 'upgrade' and c.period_number = earlier.period_number
    and (c.period_start, c.created_at) > (earlier.period_start, earlier.created_at)
    and c.undone_at is null and private.has_taken_effect(c)
  order by c.period_start, c.created_at
  limit 1;
  if private.has_open_charge(upgraded.id)
    or private.claim_of_plan(upgraded.user_id, first_undone.earlier_plan_id, upgraded.id) is not null
  then
    -- A charge at Toss has the present terms, or another subscription has that plan by now. What is left of the money
    -- goes on paying for this one.
    update public.entitlements as e set plan_id = upgraded.plan_id where e.charge_id = earlier.id;
    return upgraded;
  end if;
  update public.subscription_charges as c set undone_at = private.clock_now()
  where c.subscription_id = upgraded.id and c.kind = 'upgrade' and c.period_number = earlier.period_number
    and (c.period_start, c.created_at) >= (first_undone.period_start, first_undone.created_at)
    and c.undone_at is null and private.has_taken_effect(c);
  select * into terms from public.plans as p where p.id = first_undone.earlier_plan_id;
  terms.price := first_undone.earlier_amount;
  terms.interval := earlier.plan_interval;
  terms.interval_count := earlier.plan_interval_count;
  update public.entitlements as e set plan_id = terms.id where e.charge_id = earlier.id;
  return private.switch_plan(upgraded, private.clock_now(), terms, line);
end;
$$;

comment on function private.undo_upgrade(public.subscriptions, public.subscription_charges, jsonb) is
  'The upgrade in force was refunded in full: back to the terms before it that `earlier`, the latest charge of the period that still holds money, pays for. A change that is planned stays planned. While a charge is at Toss everything stays; undo_refunded_upgrade follows when it ends. Callers hold private.lock_user.';
revoke execute on function private.undo_upgrade(public.subscriptions, public.subscription_charges, jsonb)
  from public, anon, authenticated;

create function private.undo_refunded_upgrade(upgraded public.subscriptions, line jsonb)
returns public.subscriptions
language plpgsql
set search_path = ''
as $$
declare
  refunded public.subscription_charges;
  earlier public.subscription_charges;
begin
  select c.* into refunded from public.subscription_charges as c
  join public.orders as o on o.id = c.order_id and o.status = 'refunded'
  where c.subscription_id = upgraded.id and c.kind = 'upgrade' and c.period_number = upgraded.period_number
    and c.undone_at is null and private.has_taken_effect(c)
  order by c.period_start desc, c.created_at desc
  limit 1;
  if not found then
    return upgraded;
  end if;
  select * into earlier from private.money_left_of_period(upgraded, refunded) limit 1;
  if not found or (earlier.period_start, earlier.created_at) > (refunded.period_start, refunded.created_at) then
    return upgraded;
  end if;
  return private.undo_upgrade(upgraded, earlier, line);
end;
$$;

comment on function private.undo_refunded_upgrade(public.subscriptions, jsonb) is
  'Undoes an upgrade that was refunded while a charge was at Toss, now that it has ended without a payment.';
revoke execute on function private.undo_refunded_upgrade(public.subscriptions, jsonb)
  from public, anon, authenticated;

create function private.resume_renewals(resumed_id uuid)
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  update public.subscriptions as s
  set next_charge_at = s.current_period_end,
    remind_at = private.reminder_time(private.clock_now(), s.current_period_end, s.plan_id)
  where s.id = resumed_id and s.status in ('trialing', 'active') and s.next_charge_at is null
    and s.access_ends_at is null and not private.has_open_charge(s.id);
end;
$$;

comment on function private.resume_renewals(uuid) is
  'A subscription that waited for a charge which paid for nothing is renewed as before.';
revoke execute on function private.resume_renewals(uuid) from public, anon, authenticated;
