-- Another plan: at once with an upgrade's charge, at the period's end, and back again.

create function toss_private.upgrade_amount(changed public.subscriptions, wanted public.plans, as_of timestamptz)
returns bigint
language plpgsql
stable
set search_path = ''
as $$
begin
  return floor(
    (wanted.price - changed.amount)
    * extract(epoch from changed.current_period_end - greatest(as_of, changed.current_period_start))
    / extract(epoch from changed.current_period_end - changed.current_period_start)
  )::bigint;
end;
$$;

comment on function toss_private.upgrade_amount(public.subscriptions, public.plans, timestamptz) is
  'The difference to a dearer plan for the time that is left of the period, to the whole won in the subscriber''s favour.';

create function toss_private.upgrade(
  changed public.subscriptions, wanted public.plans, as_of timestamptz, request jsonb, audit jsonb
)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  difference constant bigint := toss_private.upgrade_amount(changed, wanted, as_of);
  charge public.subscription_charges;
  item jsonb;
  wait_seconds integer;
begin
  -- Toss takes nothing under 100 won from a card, and nothing under 200 won from an account.
  if difference < 100 or (difference < 200 and exists (
    select 1 from public.billing_methods as m where m.id = changed.billing_method_id and m.method = 'TRANSFER'
  )) then
    changed := toss_private.switch_plan(toss_private.without_next_plan(changed), as_of, wanted, audit);
    update public.entitlements as e set plan_id = changed.plan_id
    where e.subscription_id = changed.id and e.revoked_at is null and e.ends_at > as_of;
    return toss_private.changed_view(changed);
  end if;
  if not toss_private.usable_billing_method(changed.billing_method_id) then
    return toss_private.illegal_view(changed, 'needs_payment_method');
  end if;
  -- An upgrade that is paid costs money; one that is declined again and again tries a card.
  if exists (
    select 1 from public.subscription_charges as c
    where c.subscription_id = changed.id and c.kind = 'upgrade' and c.status = 'declined'
      and c.created_at > toss_private.clock_now() - interval '1 day'
  ) then
    wait_seconds := toss_private.take_card_attempt(changed.user_id);
    if wait_seconds > 0 then
      return toss_private.too_many_attempts_view(wait_seconds);
    end if;
  end if;
  insert into public.subscription_charges (
    id, kind, subscription_id, user_id, plan_id, plan_amount, plan_interval, plan_interval_count, period_number,
    period_start, period_end, amount, currency, order_name, earlier_plan_id, earlier_amount, created_at
  ) values (
    toss_private.derived_id('upgrade', changed.id::text, changed.period_number::text, wanted.id, (
      -- The how many-th try: one that was declined may be followed by another.
      select count(*) from public.subscription_charges as c
      where c.subscription_id = changed.id and c.kind = 'upgrade' and c.period_number = changed.period_number
        and c.plan_id = wanted.id
    )::text), 'upgrade', changed.id, changed.user_id, wanted.id, wanted.price, wanted.interval, wanted.interval_count,
    changed.period_number, as_of, changed.current_period_end, difference, wanted.currency, wanted.name,
    changed.plan_id, changed.amount, toss_private.clock_now()
  )
  returning * into charge;
  update public.subscriptions as s set next_charge_at = null, remind_at = null where s.id = changed.id
  returning * into changed;
  item := toss_private.begin_attempt(charge, changed.billing_method_id, as_of, request);
  return jsonb_build_object('outcome', 'charge', 'subscription', toss_private.subscription_view(changed), 'charge', item);
end;
$$;

comment on function toss_private.upgrade(public.subscriptions, public.plans, timestamptz, jsonb, jsonb) is
  'The dearer plan from now on: at once when the difference is too small to charge, else when its charge is paid.';

create function toss_private.is_catching_up(restored public.subscriptions)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return exists (
    select 1 from public.subscription_charges as c
    where c.subscription_id = restored.id and c.kind = 'renewal' and c.status = 'void'
      and c.period_number > restored.period_number
  );
end;
$$;

comment on function toss_private.is_catching_up(public.subscriptions) is
  'Whether periods after the current one were found missed one by one after a restore, and the next one is about to be charged: another plan would be counted from the wrong period.';

create function toss_private.change_plan(changed public.subscriptions, as_of timestamptz, request jsonb, audit jsonb)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  wanted public.plans;
  claim jsonb;
  refusal constant text := toss_private.plan_refusal(request ->> 'planId');
  -- Who stays with the plan agreed on need not ask whether it is still for sale.
  stays constant boolean := request ->> 'planId' = changed.plan_id;
begin
  if refusal <> '' and not stays then
    return jsonb_build_object('outcome', refusal);
  end if;
  if changed.cancel_at_period_end then
    return toss_private.illegal_view(changed, 'notice_given');
  end if;
  if toss_private.is_catching_up(changed) then
    return jsonb_build_object('outcome', 'operation_in_progress');
  end if;
  if stays then
    -- Nothing to take back: above all the repeat of a change whose answer was lost.
    if changed.next_plan_id is null then
      return toss_private.changed_view(changed);
    end if;
    return toss_private.changed_view(toss_private.move_subscription(
      toss_private.without_next_plan(changed), 'plan_change_planned', audit
    ));
  end if;
  select * into wanted from public.plans as p where p.id = request ->> 'planId';
  claim := toss_private.claim_of_plan(changed.user_id, wanted.id, changed.id);
  if claim is not null then
    return toss_private.already_subscribed_view(claim);
  end if;

  if changed.status = 'trialing' then
    changed := toss_private.switch_plan(toss_private.without_next_plan(changed), as_of, wanted, audit);
    update public.entitlements as e set plan_id = changed.plan_id
    where e.subscription_id = changed.id and e.charge_id is null;
    return toss_private.changed_view(changed);
  end if;
  if (wanted.interval, wanted.interval_count) = (changed.interval, changed.interval_count)
    and wanted.price > changed.amount and as_of < changed.current_period_end
  then
    return toss_private.upgrade(changed, wanted, as_of, request, audit);
  end if;
  if (changed.next_plan_id, changed.next_amount, changed.next_interval, changed.next_interval_count)
    = (wanted.id, wanted.price, wanted.interval, wanted.interval_count)
  then
    return toss_private.changed_view(changed);
  end if;
  changed.next_plan_id := wanted.id;
  changed.next_amount := wanted.price;
  changed.next_interval := wanted.interval;
  changed.next_interval_count := wanted.interval_count;
  changed := toss_private.move_subscription(changed, 'plan_change_planned', audit);
  perform toss_private.write_subscription_event('plan_change_planned', changed, jsonb_build_object(
    'nextPlanId', changed.next_plan_id, 'from', changed.current_period_end
  ));
  return toss_private.changed_view(changed);
end;
$$;

comment on function toss_private.change_plan(public.subscriptions, timestamptz, jsonb, jsonb) is
  'change_plan: a dearer plan of the same interval now, any other at the end of the period, in a trial at once. The plan it has already takes a planned change back, also when it is withdrawn.';

create function toss_private.repeated_change(changed public.subscriptions, request jsonb)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  operation public.operations;
  charge public.subscription_charges;
  answer jsonb;
begin
  select c.* into charge from public.subscription_charges as c
  where c.subscription_id = changed.id and c.kind = 'upgrade' and c.status in ('pending', 'processing', 'unknown')
    and c.plan_id = request ->> 'planId';
  if not found then
    return null;
  end if;
  -- Never waited for: whoever brings Toss's answer holds the operation and waits for the subscription.
  select op.* into operation from public.operations as op
  where op.charge_id = charge.id and op.state in ('started', 'unknown')
  for no key update skip locked;
  if found then
    answer := toss_private.retake_operation(operation, request);
  end if;
  return case when answer ? 'operation' then jsonb_build_object(
    'outcome', 'charge', 'subscription', toss_private.subscription_view(changed), 'charge', answer -> 'operation'
  ) else jsonb_build_object('outcome', 'operation_in_progress') end;
end;
$$;

comment on function toss_private.repeated_change(public.subscriptions, jsonb) is
  'The answer to an upgrade whose charge is open already, because this request was delivered twice or because its caller never got the answer: the charge, once nobody else holds it. Null when it is another change.';

create function toss_private.has_taken_effect(paid public.subscription_charges)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return paid.status = 'paid' and exists (select 1 from public.entitlements as e where e.charge_id = paid.id);
end;
$$;

comment on function toss_private.has_taken_effect(public.subscription_charges) is
  'Whether a payment gave access; money that came too late (second_payment) never did.';

create function toss_private.undo_upgrade(
  upgraded public.subscriptions, earlier public.subscription_charges, audit jsonb
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
  if not toss_private.may_happen(upgraded.status, 'plan_changed') then
    return upgraded;
  end if;
  perform toss_private.grant_period(earlier, earlier.period_end);
  -- Every later payment of the period is gone: before the first of them was what `earlier` pays for, or what a change
  -- without a charge made of it.
  select c.* into first_undone from public.subscription_charges as c
  where c.subscription_id = upgraded.id and c.kind = 'upgrade' and c.period_number = earlier.period_number
    and (c.period_start, c.created_at) > (earlier.period_start, earlier.created_at)
    and c.undone_at is null and toss_private.has_taken_effect(c)
  order by c.period_start, c.created_at
  limit 1;
  if toss_private.has_open_charge(upgraded.id)
    or toss_private.claim_of_plan(upgraded.user_id, first_undone.earlier_plan_id, upgraded.id) is not null
  then
    -- A charge at Toss has the present terms, or another subscription has that plan by now. What is left of the money
    -- goes on paying for this one.
    update public.entitlements as e set plan_id = upgraded.plan_id where e.charge_id = earlier.id;
    return upgraded;
  end if;
  update public.subscription_charges as c set undone_at = toss_private.clock_now()
  where c.subscription_id = upgraded.id and c.kind = 'upgrade' and c.period_number = earlier.period_number
    and (c.period_start, c.created_at) >= (first_undone.period_start, first_undone.created_at)
    and c.undone_at is null and toss_private.has_taken_effect(c);
  select * into terms from public.plans as p where p.id = first_undone.earlier_plan_id;
  terms.price := first_undone.earlier_amount;
  terms.interval := earlier.plan_interval;
  terms.interval_count := earlier.plan_interval_count;
  update public.entitlements as e set plan_id = terms.id where e.charge_id = earlier.id;
  -- Nothing was agreed anew: what was planned for the price before is planned still.
  update toss_private.price_steps as p set ended_at = null, outcome = null
  where p.subscription_id = upgraded.id and p.plan_id = terms.id and p.outcome = 'left' and p.ended_at >= first_undone.created_at;
  return toss_private.switch_plan(upgraded, toss_private.clock_now(), terms, audit);
end;
$$;

comment on function toss_private.undo_upgrade(public.subscriptions, public.subscription_charges, jsonb) is
  'The upgrade in force was refunded in full: back to the terms before it that `earlier`, the latest charge of the period that still holds money, pays for. A change that is planned stays planned. While a charge is at Toss everything stays; undo_refunded_upgrade follows when it ends. Callers hold toss_private.lock_user.';

create function toss_private.undo_refunded_upgrade(upgraded public.subscriptions, audit jsonb)
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
    and c.undone_at is null and toss_private.has_taken_effect(c)
  order by c.period_start desc, c.created_at desc
  limit 1;
  if not found then
    return upgraded;
  end if;
  select * into earlier from toss_private.money_left_of_period(upgraded, refunded) limit 1;
  if not found or (earlier.period_start, earlier.created_at) > (refunded.period_start, refunded.created_at) then
    return upgraded;
  end if;
  return toss_private.undo_upgrade(upgraded, earlier, audit);
end;
$$;

comment on function toss_private.undo_refunded_upgrade(public.subscriptions, jsonb) is
  'Undoes an upgrade that was refunded while a charge was at Toss, now that it has ended without a payment.';
