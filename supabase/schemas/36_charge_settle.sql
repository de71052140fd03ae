-- A paid charge begins, renews or upgrades its subscription.

create function toss_private.has_open_charge(charged_subscription_id uuid)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return exists (
    select 1 from public.subscription_charges as c
    where c.subscription_id = charged_subscription_id and c.status in ('pending', 'processing', 'unknown')
  );
end;
$$;

comment on function toss_private.has_open_charge(uuid) is 'Whether a charge of a subscription is at Toss.';

create function toss_private.close_charge_operation(settled public.orders, paid_by text, audit jsonb)
returns void
language plpgsql
set search_path = ''
as $$
declare
  closed public.operations;
begin
  for closed in
    update public.operations as op
    set state = 'succeeded', finished_at = toss_private.clock_now(), is_final = true, error_code = null,
      error_message = null, payment_key = paid_by
    where op.order_id = settled.id and op.kind = 'charge' and op.state in ('started', 'unknown')
    returning *
  loop
    perform toss_private.write_event(audit || jsonb_build_object(
      'event', 'operation_finished', 'operationId', closed.id, 'to', 'succeeded', 'amount', closed.amount
    ));
  end loop;
end;
$$;

comment on function toss_private.close_charge_operation(public.orders, text, jsonb) is
  'Ends the operation of an attempt that is proven to be paid.';

create function toss_private.comes_too_late(paid public.subscription_charges)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
declare
  claim jsonb;
begin
  if paid.first_declined_at is not null then
    claim := toss_private.claim_of_plan(paid.user_id, paid.plan_id, paid.subscription_id);
    return claim ->> 'subscriptionId' is not null or (paid.kind = 'upgrade' and claim is not null);
  end if;
  -- Nothing stood in its way when it was begun: a group that the shop has made since of what its user had then is no
  -- reason to take the money for nothing.
  return exists (
    select 1
    from public.subscriptions as s
    join public.plans as p on p.id = s.plan_id
    join public.plans as wanted on wanted.id = paid.plan_id
    where s.user_id = paid.user_id and s.status <> 'canceled' and s.id is distinct from paid.subscription_id
      and (p.id = wanted.id or (p.plan_group = wanted.plan_group and s.created_at >= paid.created_at))
  );
end;
$$;

comment on function toss_private.comes_too_late(public.subscription_charges) is
  'Whether another subscription leaves no room for what a payment is for: one that has this plan, or came into its group since the charge was begun; for a refusal that turns out to have been a payment, any that claims the plan or its group. Callers hold toss_private.lock_user.';

create function toss_private.begin_subscription(paid public.subscription_charges, audit jsonb)
returns public.subscriptions
language plpgsql
set search_path = ''
as $$
declare
  begun public.subscriptions;
  method_id uuid := paid.billing_method_id;
begin
  -- A refusal that turns out to have been a payment may come when another subscription has this plan, or will have it.
  if toss_private.comes_too_late(paid) then
    return null;
  end if;
  if not toss_private.usable_billing_method(method_id) then
    -- What was registered since would have been given this subscription, see replace_broken_methods.
    method_id := coalesce(toss_private.method_registered_since(paid.user_id, (
      select m.deleted_at from public.billing_methods as m where m.id = method_id
    )), method_id);
  end if;
  -- A group that the shop makes at this moment is seen the second time.
  for attempt in 1..2 loop
    insert into public.subscriptions (
      id, user_id, plan_id, billing_method_id, status, amount, currency, interval, interval_count,
      anchor, period_number, current_period_start, current_period_end, next_charge_at, remind_at,
      needs_payment_method, created_at
    ) values (
      toss_private.derived_id('subscription', paid.id::text), paid.user_id, paid.plan_id, method_id, 'active', paid.plan_amount, paid.currency,
      paid.plan_interval, paid.plan_interval_count, paid.period_start, paid.period_number,
      paid.period_start, paid.period_end, paid.period_end,
      toss_private.reminder_time(paid.period_start, paid.period_end, paid.plan_id),
      not toss_private.usable_billing_method(method_id), toss_private.clock_now()
    )
    on conflict do nothing
    returning * into begun;
    exit when begun.id is not null;
  end loop;
  if begun.id is not null then
    update public.subscription_charges as c set subscription_id = begun.id where c.id = paid.id
    returning * into paid;
    perform toss_private.write_event(audit || jsonb_build_object(
      'event', 'subscription_status', 'subscriptionId', begun.id, 'to', 'active', 'amount', begun.amount,
      'detail', jsonb_build_object(
        'event', 'started', 'planId', begun.plan_id, 'terms', toss_private.subscription_terms(begun)
      )
    ));
    perform toss_private.grant_period(paid, paid.period_end);
    perform toss_private.write_subscription_event('activated', begun, jsonb_build_object('chargeId', paid.id));
  end if;
  return begun;
end;
$$;

comment on function toss_private.begin_subscription(public.subscription_charges, jsonb) is
  'Makes the subscription whose first period is paid; answers no row when the user has one for this plan already, or, when the payment was taken for a refusal before, for its group.';

create function toss_private.settle_renewal(
  renewed public.subscriptions, paid public.subscription_charges, audit jsonb
)
returns void
language plpgsql
set search_path = ''
as $$
declare
  earlier_status constant text := renewed.status;
  earlier_amount constant bigint := case when renewed.plan_id = paid.plan_id then renewed.amount end;
begin
  update toss_private.price_steps as p set ended_at = toss_private.clock_now(), outcome = 'applied'
  where p.subscription_id = renewed.id and p.plan_id = paid.plan_id and p.ended_at is null and p.from_at <= paid.period_start
    -- A price that was planned after the charge was begun is not what it paid.
    and p.created_at <= paid.created_at;
  if (renewed.interval, renewed.interval_count) <> (paid.plan_interval, paid.plan_interval_count) then
    renewed.anchor := paid.period_start;
    renewed.anchor_period := paid.period_number;
  end if;
  -- A period has what was paid for it, whatever happened to its subscription meanwhile.
  renewed.plan_id := paid.plan_id;
  renewed.amount := paid.plan_amount;
  renewed.interval := paid.plan_interval;
  renewed.interval_count := paid.plan_interval_count;
  renewed.period_number := paid.period_number;
  renewed.current_period_start := paid.period_start;
  renewed.current_period_end := paid.period_end;
  renewed.next_charge_at := case when not renewed.cancel_at_period_end then paid.period_end end;
  renewed.access_ends_at := case when renewed.cancel_at_period_end then paid.period_end end;
  renewed.remind_at := case when not renewed.cancel_at_period_end
    then toss_private.reminder_time(paid.period_start, paid.period_end, renewed.plan_id) end;
  renewed.needs_payment_method := not toss_private.usable_billing_method(renewed.billing_method_id);
  renewed := toss_private.move_subscription(renewed, 'charge_paid', audit);
  perform toss_private.grant_period(paid, paid.period_end);
  perform toss_private.write_subscription_event(
    case earlier_status when 'trialing' then 'activated' when 'past_due' then 'recovered' else 'renewed' end,
    renewed, jsonb_build_object('chargeId', paid.id, 'orderId', paid.order_id, 'amount', paid.amount)
  );
  if earlier_status <> 'trialing' and earlier_amount <> paid.plan_amount then
    perform toss_private.write_subscription_event('price_changed', renewed, jsonb_build_object(
      'amountBefore', earlier_amount, 'amount', paid.plan_amount, 'currency', paid.currency, 'chargeId', paid.id
    ));
  end if;
end;
$$;

comment on function toss_private.settle_renewal(public.subscriptions, public.subscription_charges, jsonb) is
  'The period of a paid charge becomes the current one, with the terms of the charge.';

create function toss_private.resume_renewals(resumed_id uuid)
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  update public.subscriptions as s
  set next_charge_at = s.current_period_end,
    remind_at = toss_private.reminder_time(toss_private.clock_now(), s.current_period_end, s.plan_id)
  where s.id = resumed_id and s.status in ('trialing', 'active') and s.next_charge_at is null
    and s.access_ends_at is null and not toss_private.has_open_charge(s.id);
end;
$$;

comment on function toss_private.resume_renewals(uuid) is
  'A subscription that waited for a charge which paid for nothing is renewed as before.';

create function toss_private.settle_charge(
  paying public.orders, paid_by text, subscription public.subscriptions, charge public.subscription_charges, audit jsonb
)
returns void
language plpgsql
set search_path = ''
as $$
declare
  present constant timestamptz := toss_private.clock_now();
  is_surplus boolean := charge.status = 'paid';
begin
  if not is_surplus then
    if charge.kind = 'start' then
      -- Until its payment is known there is no access, and nobody pays for such time.
      charge.period_start := present;
      charge.period_end := toss_private.period_boundary(present, charge.plan_interval, charge.plan_interval_count, 1);
    end if;
    update public.subscription_charges as c
    set status = 'paid', paid_at = present, order_id = paying.id, next_attempt_at = null,
      failure_code = null, failure_message = null, failure_class = null,
      period_start = charge.period_start, period_end = charge.period_end
    where c.id = charge.id
    returning * into charge;
    if charge.kind = 'start' then
      subscription := toss_private.begin_subscription(charge, audit);
      charge.subscription_id := subscription.id;
      is_surplus := subscription.id is null;
    elsif charge.kind <> 'ad_hoc' then
      -- Ended while Toss was asked, for example by a refund of the period before.
      is_surplus := subscription.status = 'canceled'
        or (charge.kind = 'renewal' and charge.period_number <= subscription.period_number)
        or (charge.kind = 'upgrade' and not toss_private.upgrade_fits(subscription, charge));
      if not is_surplus and charge.kind = 'renewal' then
        perform toss_private.settle_renewal(subscription, charge, audit);
      elsif not is_surplus then
        perform toss_private.settle_upgrade(subscription, charge, audit);
      end if;
    end if;
    if is_surplus then
      perform toss_private.end_charge_access(charge.id);
      perform toss_private.end_upgrade_credit(charge);
      perform toss_private.resume_renewals(subscription.id);
    end if;
    perform toss_private.write_charge_event('succeeded', charge);
  end if;
  update public.payments as p set subscription_id = subscription.id
  where p.payment_key = paid_by and subscription.id is not null;
  if is_surplus then
    -- Money without a period to pay for: the alert second_payment stays until it is given back.
    perform toss_private.write_event(audit || jsonb_build_object(
      'event', 'second_payment', 'subscriptionId', subscription.id, 'amount', paying.amount,
      'detail', jsonb_build_object('chargeId', charge.id)
    ));
  end if;
end;
$$;

comment on function toss_private.settle_charge(
  public.orders, text, public.subscriptions, public.subscription_charges, jsonb
) is 'An attempt was paid: charge, subscription, access and events. Subscription (if there is one) and charge are locked.';

create function toss_private.charge_order_moved(moved public.orders, target text, audit jsonb)
returns void
language plpgsql
set search_path = ''
as $$
declare
  paid_by text;
  subscription public.subscriptions;
  charge public.subscription_charges;
begin
  if target not in ('paid', 'partially_refunded', 'refunded') then
    return;
  end if;
  -- Locks: order (held by apply_payment), operation, user, subscription, charge.
  perform 1 from public.operations as op where op.order_id = moved.id and op.kind = 'charge' for no key update;
  select * into charge from public.subscription_charges as c where c.id = moved.subscription_charge_id;
  if charge.kind <> 'ad_hoc' then
    perform toss_private.lock_user(charge.user_id);
  end if;
  -- Read again: it may have got its subscription while we waited.
  select * into charge from public.subscription_charges as c where c.id = charge.id;
  select * into subscription from public.subscriptions as s where s.id = charge.subscription_id for no key update;
  select * into charge from public.subscription_charges as c where c.id = charge.id for no key update;
  select o.payment_key into paid_by from public.orders as o where o.id = moved.id;

  -- A payment that was found only after its refund was a payment first.
  if charge.status <> 'paid' or (target = 'paid' and charge.order_id <> moved.id) then
    perform toss_private.settle_charge(moved, paid_by, subscription, charge, audit);
  end if;
  perform toss_private.close_charge_operation(moved, paid_by, audit);
  if target = 'refunded' then
    select * into charge from public.subscription_charges as c where c.id = charge.id;
    select * into subscription from public.subscriptions as s where s.id = charge.subscription_id for no key update;
    if charge.order_id = moved.id then
      perform toss_private.charge_refunded(subscription, charge, audit);
    end if;
  end if;
end;
$$;

comment on function toss_private.charge_order_moved(public.orders, text, jsonb) is
  'What an order''s new status means for the charge it is an attempt of. `moved` is the order as it was before.';
