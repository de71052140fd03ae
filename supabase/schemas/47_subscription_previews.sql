-- What a change of a subscription would do, shown before anybody asks for it.

create function toss_private.coming_charge(asked public.subscriptions)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
declare
  debt constant public.subscription_charges := toss_private.debt_of(asked);
  terms constant public.subscriptions := toss_private.next_terms(asked);
  price record;
begin
  if asked.next_charge_at is null then
    return null;
  end if;
  if asked.status = 'past_due' and debt.id is not null then
    return jsonb_build_object(
      'at', asked.next_charge_at, 'planId', debt.plan_id, 'amount', debt.amount, 'currency', debt.currency,
      'needsConsent', false
    );
  end if;
  select * into price from toss_private.next_price(terms, asked.next_charge_at);
  return jsonb_build_object(
    'at', asked.next_charge_at, 'planId', terms.plan_id, 'amount', price.amount, 'currency', terms.currency,
    'needsConsent', price.needs_consent and price.consent_id is null
  );
end;
$$;

comment on function toss_private.coming_charge(public.subscriptions) is
  'What a subscription pays next and when, and whether that waits for a consent; null when it is not charged any more.';

create function toss_private.settle_as_paid(sent jsonb)
returns public.subscription_charges
language plpgsql
set search_path = ''
as $$
declare
  paying public.orders;
  charge public.subscription_charges;
  subscription public.subscriptions;
begin
  select * into paying from public.orders as o where o.id = sent ->> 'orderId';
  select * into charge from public.subscription_charges as c where c.id = (sent ->> 'chargeId')::uuid;
  select * into subscription from public.subscriptions as s where s.id = charge.subscription_id;
  perform toss_private.settle_charge(paying, null, subscription, charge, jsonb_build_object('source', 'billing'));
  select * into charge from public.subscription_charges as c where c.id = charge.id;
  return charge;
end;
$$;

comment on function toss_private.settle_as_paid(jsonb) is
  'What an approved charge makes of its subscription. Only within what is undone: no payment stands behind it.';

create function public.preview_subscription_change(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  is_new constant boolean := request ->> 'action' = 'subscribe';
  answer jsonb;
  charge public.subscription_charges;
  seen public.subscriptions;
  access_end timestamptz;
  coming jsonb;
begin
  begin
    answer := case when is_new
      then public.subscribe_with_method(request) else public.change_subscription(request) end;
    if answer ->> 'outcome' = 'charge' then
      charge := toss_private.settle_as_paid(answer -> 'charge');
    end if;
    select * into seen from public.subscriptions as s
    where s.id = coalesce(charge.subscription_id, (answer #>> '{subscription,id}')::uuid);
    select max(e.ends_at) into access_end from public.entitlements as e
    where e.subscription_id = seen.id and e.revoked_at is null;
    coming := toss_private.coming_charge(seen);
    raise exception using errcode = 'TP0UN', message = 'a preview is undone';
  exception when sqlstate 'TP0UN' then
    null;
  end;
  if answer ->> 'outcome' not in ('changed', 'charge', 'refund', 'subscribed') then
    return answer;
  end if;
  return jsonb_build_object(
    'outcome', 'preview',
    -- One that is not there yet has no id.
    'subscription', case when is_new and answer ->> 'outcome' = 'charge' or not exists (
      select 1 from public.subscriptions as s where s.id = seen.id
    ) then toss_private.subscription_view(seen) || '{"id": null}' else toss_private.subscription_view(seen) end,
    'accessEndsAt', access_end,
    'charge', case when charge.id is not null then jsonb_build_object(
      'amount', charge.amount, 'currency', charge.currency, 'billingMethodId', charge.billing_method_id,
      'planId', charge.plan_id, 'periodStart', charge.period_start, 'periodEnd', charge.period_end
    ) end,
    'refunds', coalesce((
      select jsonb_agg(jsonb_build_object('orderId', r ->> 'orderId', 'amount', r -> 'amount') order by r ->> 'orderId')
      from jsonb_array_elements(answer -> 'refunds') as r
    ), '[]'),
    'nextCharge', coming
  );
end;
$$;

comment on function public.preview_subscription_change(jsonb) is
  'What change_subscription, or subscribe_with_method for the action `subscribe`, would do and what its charge would make of the subscription if Toss approved it: done and undone in one call, so that nothing is left and nothing is counted. Keys: those of the two. Outcome preview (subscription, its id null when there is none yet; accessEndsAt; charge; refunds; nextCharge), or theirs when they refuse.';
