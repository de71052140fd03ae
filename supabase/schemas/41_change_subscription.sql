-- What a subscriber may ask for: notice, resuming, another card, another try.

create function toss_private.changed_view(changed public.subscriptions)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return jsonb_build_object('outcome', 'changed', 'subscription', toss_private.subscription_view(changed));
end;
$$;

comment on function toss_private.changed_view(public.subscriptions) is 'The answer to a change that is done.';

create function toss_private.illegal_view(concerned public.subscriptions, reason text)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return jsonb_build_object(
    'outcome', 'illegal', 'status', concerned.status, 'reason', reason,
    'subscription', toss_private.subscription_view(concerned)
  );
end;
$$;

comment on function toss_private.illegal_view(public.subscriptions, text) is
  'The answer to what cannot happen to a subscription as it stands.';

create function toss_private.give_notice(leaving public.subscriptions, as_of timestamptz, audit jsonb)
returns jsonb
language plpgsql
set search_path = ''
as $$
begin
  if leaving.cancel_at_period_end then
    return toss_private.changed_view(leaving);
  end if;
  leaving.canceled_at := as_of;
  if leaving.status = 'past_due' then
    -- The paid period is over already; only the grace is left, and nobody will pay for it.
    leaving.ended_at := as_of;
    leaving := toss_private.move_subscription(leaving, 'notice_given', audit);
    perform toss_private.end_access(leaving.id, as_of);
    perform toss_private.write_subscription_event('canceled', leaving, jsonb_build_object(
      'reason', 'notice', 'endedAt', leaving.ended_at
    ));
    return toss_private.changed_view(leaving);
  end if;
  leaving.cancel_at_period_end := true;
  leaving.access_ends_at := leaving.current_period_end;
  leaving.next_charge_at := null;
  leaving.remind_at := null;
  leaving := toss_private.move_subscription(leaving, 'notice_given', audit);
  perform toss_private.write_subscription_event('cancel_scheduled', leaving, jsonb_build_object(
    'endsAt', leaving.access_ends_at
  ));
  return toss_private.changed_view(leaving);
end;
$$;

comment on function toss_private.give_notice(public.subscriptions, timestamptz, jsonb) is
  'cancel_at_period_end: access lasts to the end of the period; a subscription in arrears ends now. Safe to repeat.';

create function toss_private.resume(staying public.subscriptions, as_of timestamptz, audit jsonb)
returns jsonb
language plpgsql
set search_path = ''
as $$
begin
  if not staying.cancel_at_period_end then
    return toss_private.illegal_view(staying, 'no_notice_given');
  end if;
  if staying.access_ends_at <= as_of then
    return toss_private.illegal_view(staying, 'period_is_over');
  end if;
  staying.cancel_at_period_end := false;
  staying.canceled_at := null;
  staying.access_ends_at := null;
  staying.next_charge_at := staying.current_period_end;
  staying.remind_at := toss_private.reminder_time(as_of, staying.current_period_end, staying.plan_id);
  staying := toss_private.move_subscription(staying, 'resumed', audit);
  perform toss_private.write_subscription_event('resumed', staying, '{}');
  return toss_private.changed_view(staying);
end;
$$;

comment on function toss_private.resume(public.subscriptions, timestamptz, jsonb) is 'resume: takes the notice back before the period is over.';

create function toss_private.change_method(changed public.subscriptions, as_of timestamptz, request jsonb, audit jsonb)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  method_id constant uuid := (request ->> 'billingMethodId')::uuid;
  has_debt constant boolean := changed.status = 'past_due' and (toss_private.debt_of(changed)).id is not null;
  -- Refused, the open charge goes on to the method of then: whoever chooses one meanwhile tries it.
  is_next constant boolean := method_id is distinct from changed.billing_method_id and exists (
    select 1 from public.subscription_charges as c
    where c.subscription_id = changed.id and c.kind = 'renewal' and c.status in ('pending', 'processing', 'unknown')
      and c.billing_method_id is distinct from method_id
  );
  wait_seconds integer;
begin
  if not toss_private.usable_billing_method(method_id) or not exists (
    select 1 from public.billing_methods as m where m.id = method_id and m.user_id = changed.user_id
  ) then
    return jsonb_build_object('outcome', 'method_not_found');
  end if;
  if has_debt or is_next then
    wait_seconds := toss_private.take_card_attempt(changed.user_id);
    if wait_seconds > 0 then
      return toss_private.too_many_attempts_view(wait_seconds);
    end if;
  end if;
  changed.billing_method_id := method_id;
  changed.needs_payment_method := false;
  changed := toss_private.move_subscription(changed, 'method_changed', audit || jsonb_build_object(
    'detail', jsonb_build_object('billingMethodId', method_id)
  ));
  if has_debt then
    return toss_private.charge_debt(changed, as_of, request);
  end if;
  return toss_private.changed_view(changed);
end;
$$;

comment on function toss_private.change_method(public.subscriptions, timestamptz, jsonb, jsonb) is
  'change_method: another billing method of the same user; a debt is charged to it at once.';

create function toss_private.charge_debt(owing public.subscriptions, as_of timestamptz, request jsonb)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  item constant jsonb := toss_private.charge_due(owing, as_of, request);
  stored public.subscriptions;
begin
  select * into stored from public.subscriptions as s where s.id = owing.id;
  return jsonb_build_object(
    'outcome', 'charge', 'subscription', toss_private.subscription_view(stored), 'charge', item
  );
end;
$$;

comment on function toss_private.charge_debt(public.subscriptions, timestamptz, jsonb) is
  'Begins an attempt at the debt of a subscription with a usable billing method; answers the charge to send.';

create function toss_private.retry_payment(owing public.subscriptions, as_of timestamptz, request jsonb, audit jsonb)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  wait_seconds integer;
begin
  if (toss_private.debt_of(owing)).id is null then
    return toss_private.illegal_view(owing, 'no_debt');
  end if;
  if not toss_private.usable_billing_method(owing.billing_method_id) then
    return toss_private.illegal_view(owing, 'needs_payment_method');
  end if;
  wait_seconds := toss_private.take_card_attempt(owing.user_id);
  if wait_seconds > 0 then
    return toss_private.too_many_attempts_view(wait_seconds);
  end if;
  owing := toss_private.move_subscription(owing, 'retry_requested', audit);
  return toss_private.charge_debt(owing, as_of, request);
end;
$$;

comment on function toss_private.retry_payment(public.subscriptions, timestamptz, jsonb, jsonb) is
  'retry_payment: charges a debt before its time.';

create function public.change_subscription(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  as_of constant timestamptz := coalesce((request ->> 'asOf')::timestamptz, toss_private.clock_now());
  action constant text := request ->> 'action';
  happening constant text := case action
    when 'cancel_at_period_end' then 'notice_given'
    when 'resume' then 'resumed'
    when 'cancel_now' then 'canceled_now'
    when 'change_plan' then 'plan_change_planned'
    when 'change_method' then 'method_changed'
    when 'retry_payment' then 'retry_requested' end;
  audit constant jsonb := jsonb_build_object(
    'source', 'billing', 'requestId', request ->> 'requestId'
  );
  gives_back constant boolean := action = 'cancel_now' and request ->> 'refund' = 'prorated';
  changed public.subscriptions;
  locked_order_ids text[];
  repeated jsonb;
begin
  perform toss_private.require_real_time(request ->> 'mode');
  select * into changed from public.subscriptions as s where s.id = (request ->> 'subscriptionId')::uuid;
  -- Somebody else's is none at all.
  if not found or changed.user_id is distinct from coalesce((request ->> 'userId')::uuid, changed.user_id) then
    return jsonb_build_object('outcome', 'subscription_not_found');
  end if;
  if gives_back then
    -- Orders come before everything else, and whoever reserves of a payment holds its order.
    locked_order_ids := toss_private.period_order_ids(changed);
    perform 1 from public.orders as o where o.id = any (locked_order_ids) order by o.id for no key update;
  end if;
  perform toss_private.lock_user(changed.user_id);
  select * into changed from public.subscriptions as s where s.id = changed.id for no key update;
  if gives_back and not toss_private.period_order_ids(changed) <@ locked_order_ids then
    -- A payment has come meanwhile.
    return jsonb_build_object('outcome', 'operation_in_progress');
  end if;

  if action in ('consent', 'decline_consent') then
    return toss_private.answer_consent(changed, request, audit);
  end if;
  if action = 'cancel_now' and toss_private.was_canceled_now(changed) then
    return toss_private.cancel_again(changed, request ->> 'refund', audit);
  end if;
  if not toss_private.may_happen(changed.status, happening) then
    return toss_private.illegal_view(changed, 'not_possible_when_' || changed.status);
  end if;
  -- It ends with the next run. Until then the shop may still end it its own way, with a refund.
  if action not in ('cancel_now', 'cancel_at_period_end') and toss_private.is_gone(changed.user_id) then
    return toss_private.illegal_view(changed, 'user_deleted');
  end if;
  repeated := toss_private.repeated_change(changed, request);
  if repeated is not null then
    return repeated;
  end if;
  if action <> 'change_method' and toss_private.has_open_charge(changed.id) then
    return jsonb_build_object('outcome', 'operation_in_progress');
  end if;

  return case action
    when 'cancel_at_period_end' then toss_private.give_notice(changed, as_of, audit)
    when 'resume' then toss_private.resume(changed, as_of, audit)
    when 'cancel_now' then toss_private.cancel_now(changed, as_of, request ->> 'refund', audit)
    when 'change_plan' then toss_private.change_plan(changed, as_of, request, audit)
    when 'change_method' then toss_private.change_method(changed, as_of, request, audit)
    when 'retry_payment' then toss_private.retry_payment(changed, as_of, request, audit)
  end;
end;
$$;

comment on function public.change_subscription(jsonb) is
  'One change of a subscription. Keys: subscriptionId, userId (null: the shop itself), action (cancel_at_period_end, resume, cancel_now, change_plan, change_method, retry_payment, consent, decline_consent), planId, billingMethodId, consentId, refund (none, prorated), asOf, leaseToken, leaseSeconds, mode, dunning, requestId. Outcomes: changed, charge (to be sent now, or to be resolved when nobody holds it any more), refund (to be made now), illegal (status, reason), operation_in_progress (a charge of it is at Toss, or comes from there at this moment), subscription_not_found, plan_not_found, plan_not_billable, method_not_found, already_subscribed (subscriptionId, hint), consent_not_open, too_many_attempts (retryAfterSeconds).';
