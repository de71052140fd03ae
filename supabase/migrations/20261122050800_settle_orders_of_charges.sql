-- Purpose: the order of an attempt moved: settle its charge, or take back what it paid for.
-- Functions: private.settle_charge, private.charge_refunded, private.charge_order_moved, private.order_moved.

create function private.settle_charge(
  paying public.orders, paid_by text, subscription public.subscriptions, charge public.subscription_charges, line jsonb
)
returns void
language plpgsql
set search_path = ''
as $$
declare
  is_surplus boolean := charge.status = 'paid';
begin
  if not is_surplus then
    update public.subscription_charges as c
    set status = 'paid', paid_at = private.clock_now(), order_id = paying.id, next_attempt_at = null,
      failure_code = null, failure_message = null, failure_class = null
    where c.id = charge.id
    returning * into charge;
    if charge.kind = 'start' then
      subscription := private.begin_subscription(charge, line);
      is_surplus := subscription.id is null;
    elsif charge.kind <> 'ad_hoc' then
      -- Ended while Toss was asked, for example by a refund of the period before.
      is_surplus := subscription.status = 'canceled'
        or (charge.kind = 'renewal' and charge.period_number <= subscription.period_number);
      if not is_surplus and charge.kind = 'renewal' then
        perform private.settle_renewal(subscription, charge, line);
      elsif not is_surplus then
        perform private.settle_upgrade(subscription, charge, line);
      end if;
    end if;
    if is_surplus then
      perform private.end_charge_access(charge.id);
    end if;
    perform private.write_charge_event('succeeded', charge);
  end if;
  update public.payments as p set subscription_id = subscription.id
  where p.payment_key = paid_by and subscription.id is not null;
  if is_surplus then
    -- Money without a period to pay for: the alert second_payment stays until it is given back.
    perform private.write_event(line || jsonb_build_object(
      'event', 'second_payment', 'subscriptionId', subscription.id, 'amount', paying.amount,
      'detail', jsonb_build_object('chargeId', charge.id)
    ));
  end if;
end;
$$;

comment on function private.settle_charge(
  public.orders, text, public.subscriptions, public.subscription_charges, jsonb
) is 'An attempt was paid: charge, subscription, access and events. Subscription (if there is one) and charge are locked.';
revoke execute on function private.settle_charge(
  public.orders, text, public.subscriptions, public.subscription_charges, jsonb
) from public, anon, authenticated;

create function private.end_charge_access(ended_charge_id uuid)
returns void
language sql
volatile
set search_path = ''
as $$
  update public.entitlements as e set revoked_at = private.clock_now()
  where e.charge_id = ended_charge_id and e.revoked_at is null;
$$;

comment on function private.end_charge_access(uuid) is 'Takes back the access that one charge gave.';
revoke execute on function private.end_charge_access(uuid) from public, anon, authenticated;

create function private.charge_refunded(
  subscription public.subscriptions, charge public.subscription_charges, line jsonb
)
returns void
language plpgsql
set search_path = ''
as $$
begin
  perform private.end_charge_access(charge.id);
  if charge.kind <> 'ad_hoc' and charge.period_number >= subscription.period_number
    and private.may_happen(subscription.status, 'period_refunded')
  then
    subscription.canceled_at := coalesce(subscription.canceled_at, private.clock_now());
    subscription := private.move_subscription(subscription, 'period_refunded', line);
    perform private.end_access(subscription.id, subscription.ended_at);
    perform private.write_subscription_event('canceled', subscription, jsonb_build_object(
      'reason', 'refunded', 'chargeId', charge.id, 'endedAt', subscription.ended_at
    ));
  end if;
end;
$$;

comment on function private.charge_refunded(public.subscriptions, public.subscription_charges, jsonb) is
  'The whole amount of a charge went back: what it paid for ends, and with the current period the subscription.';
revoke execute on function private.charge_refunded(public.subscriptions, public.subscription_charges, jsonb)
  from public, anon, authenticated;

create function private.charge_order_moved(moved public.orders, target text, line jsonb)
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
  -- Locks: order (held by apply_payment), operation, subscription, charge.
  perform 1 from public.operations as op where op.order_id = moved.id and op.kind = 'charge' for update;
  select * into charge from public.subscription_charges as c where c.id = moved.subscription_charge_id;
  select * into subscription from public.subscriptions as s where s.id = charge.subscription_id for update;
  select * into charge from public.subscription_charges as c where c.id = charge.id for update;
  select o.payment_key into paid_by from public.orders as o where o.id = moved.id;

  -- A payment that was found only after its refund was a payment first.
  if charge.status <> 'paid' or (target = 'paid' and charge.order_id <> moved.id) then
    perform private.settle_charge(moved, paid_by, subscription, charge, line);
  end if;
  perform private.close_charge_operation(moved, paid_by, line);
  if target = 'refunded' then
    select * into charge from public.subscription_charges as c where c.id = charge.id;
    select * into subscription from public.subscriptions as s where s.id = charge.subscription_id for update;
    if charge.order_id = moved.id then
      perform private.charge_refunded(subscription, charge, line);
    end if;
  end if;
end;
$$;

comment on function private.charge_order_moved(public.orders, text, jsonb) is
  'What an order''s new status means for the charge it is an attempt of. `moved` is the order as it was before.';
revoke execute on function private.charge_order_moved(public.orders, text, jsonb) from public, anon, authenticated;

create or replace function private.order_moved(moved public.orders, target text, line jsonb)
returns void
language plpgsql
set search_path = ''
as $$
begin
  perform private.set_pass(moved, target in ('paid', 'partially_refunded'));
  if target in ('refunded', 'canceled', 'expired') then
    perform private.release_stock(moved.id);
  end if;
  if moved.subscription_charge_id is not null then
    perform private.charge_order_moved(moved, target, line);
  end if;
end;
$$;

comment on function private.order_moved(public.orders, text, jsonb) is
  'What an order''s new status means for entitlements and stock, and for the charge it is an attempt of. `moved` is the order as it was before.';
