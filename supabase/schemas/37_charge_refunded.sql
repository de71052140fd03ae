-- A charge's money was given back: what its access becomes.

create function toss_private.end_charge_access(ended_charge_id uuid)
returns boolean
language plpgsql
volatile
set search_path = ''
as $$
begin
  update public.entitlements as e set revoked_at = toss_private.clock_now()
  where e.charge_id = ended_charge_id and e.revoked_at is null;
  return found;
end;
$$;

comment on function toss_private.end_charge_access(uuid) is
  'Takes back the access that one charge gave; whether there was any.';

create function toss_private.money_left_of_period(
  paid_subscription public.subscriptions, refunded public.subscription_charges
)
returns setof public.subscription_charges
language plpgsql
stable
set search_path = ''
as $$
begin
  return query
  select c.*
  from public.subscription_charges as c
  join public.orders as o on o.id = c.order_id and o.status in ('paid', 'partially_refunded')
  where c.subscription_id = paid_subscription.id and c.status = 'paid'
    and c.period_number = refunded.period_number and c.id <> refunded.id
    -- Money that paid for nothing (second_payment) keeps nothing up.
    and exists (select 1 from public.entitlements as e where e.charge_id = c.id)
  order by c.period_start desc, c.created_at desc;
end;
$$;

comment on function toss_private.money_left_of_period(public.subscriptions, public.subscription_charges) is
  'The other charges of a refunded charge''s period that still hold money, the latest first.';

create function toss_private.charge_refunded(
  subscription public.subscriptions, charge public.subscription_charges, audit jsonb
)
returns void
language plpgsql
set search_path = ''
as $$
declare
  remaining public.subscription_charges;
begin
  -- Money that paid for nothing goes back without a consequence.
  if not toss_private.end_charge_access(charge.id)
    or charge.kind = 'ad_hoc' or charge.period_number < subscription.period_number
    or not toss_private.may_happen(subscription.status, 'period_refunded')
  then
    return;
  end if;
  select * into remaining from toss_private.money_left_of_period(subscription, charge) limit 1;
  if found then
    -- Plan and access stay when a later upgrade has taken its place; the alert period_not_fully_paid says so.
    if (remaining.period_start, remaining.created_at) < (charge.period_start, charge.created_at) then
      perform toss_private.undo_upgrade(subscription, remaining, audit);
    end if;
    return;
  end if;
  subscription.canceled_at := coalesce(subscription.canceled_at, toss_private.clock_now());
  subscription := toss_private.move_subscription(subscription, 'period_refunded', audit);
  perform toss_private.end_access(subscription.id, subscription.ended_at);
  perform toss_private.write_subscription_event('canceled', subscription, jsonb_build_object(
    'reason', 'refunded', 'chargeId', charge.id, 'endedAt', subscription.ended_at
  ));
end;
$$;

comment on function toss_private.charge_refunded(public.subscriptions, public.subscription_charges, jsonb) is
  'The whole amount of a charge went back: what it paid for ends. The subscription ends when nothing of the current period''s money is left; after the upgrade in force the plan before it goes on; after an earlier payment of the period everything stays.';
