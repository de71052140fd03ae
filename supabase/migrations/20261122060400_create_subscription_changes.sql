-- Purpose: what a subscriber or the shop may change: one private function an action.
-- Functions: private.give_notice, resume, cancel_now, refunds_due, charge_debt, change_method, retry_payment.
-- Each gets the locked subscription and the request, and answers what change_subscription answers.

create function private.changed_view(changed public.subscriptions)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_build_object('outcome', 'changed', 'subscription', private.subscription_view(changed));
$$;

comment on function private.changed_view(public.subscriptions) is 'The answer to a change that is done.';
revoke execute on function private.changed_view(public.subscriptions) from public, anon, authenticated;

create function private.illegal_view(concerned public.subscriptions, reason text)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_build_object(
    'outcome', 'illegal', 'status', concerned.status, 'reason', reason,
    'subscription', private.subscription_view(concerned)
  );
$$;

comment on function private.illegal_view(public.subscriptions, text) is
  'The answer to what cannot happen to a subscription as it stands.';
revoke execute on function private.illegal_view(public.subscriptions, text) from public, anon, authenticated;

create function private.give_notice(leaving public.subscriptions, as_of timestamptz, line jsonb)
returns jsonb
language plpgsql
set search_path = ''
as $$
begin
  if leaving.cancel_at_period_end then
    return private.changed_view(leaving);
  end if;
  leaving.canceled_at := as_of;
  if leaving.status = 'past_due' then
    -- The paid period is over already; only the grace is left, and nobody will pay for it.
    leaving.ended_at := as_of;
    leaving := private.move_subscription(leaving, 'notice_given', line);
    perform private.end_access(leaving.id, as_of);
    perform private.write_subscription_event('canceled', leaving, jsonb_build_object(
      'reason', 'notice', 'endedAt', leaving.ended_at
    ));
    return private.changed_view(leaving);
  end if;
  leaving.cancel_at_period_end := true;
  leaving.access_ends_at := leaving.current_period_end;
  leaving.next_charge_at := null;
  leaving.remind_at := null;
  leaving := private.move_subscription(leaving, 'notice_given', line);
  perform private.write_subscription_event('cancel_scheduled', leaving, jsonb_build_object(
    'endsAt', leaving.access_ends_at
  ));
  return private.changed_view(leaving);
end;
$$;

comment on function private.give_notice(public.subscriptions, timestamptz, jsonb) is
  'cancel_at_period_end: access lasts to the end of the period; a subscription in arrears ends now. Safe to repeat.';
revoke execute on function private.give_notice(public.subscriptions, timestamptz, jsonb)
  from public, anon, authenticated;

create function private.resume(staying public.subscriptions, as_of timestamptz, line jsonb)
returns jsonb
language plpgsql
set search_path = ''
as $$
begin
  if not staying.cancel_at_period_end then
    return private.illegal_view(staying, 'no_notice_given');
  end if;
  if staying.access_ends_at <= as_of then
    return private.illegal_view(staying, 'period_is_over');
  end if;
  staying.cancel_at_period_end := false;
  staying.canceled_at := null;
  staying.access_ends_at := null;
  staying.next_charge_at := staying.current_period_end;
  staying.remind_at := private.reminder_time(as_of, staying.current_period_end, staying.plan_id);
  staying := private.move_subscription(staying, 'resumed', line);
  perform private.write_subscription_event('resumed', staying, '{}');
  return private.changed_view(staying);
end;
$$;

comment on function private.resume(public.subscriptions, timestamptz, jsonb) is 'resume: takes the notice back before the period is over.';
revoke execute on function private.resume(public.subscriptions, timestamptz, jsonb) from public, anon, authenticated;

create function private.refunds_due(ended public.subscriptions)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select coalesce(jsonb_agg(jsonb_build_object(
    'paymentKey', o.payment_key, 'orderId', o.id, 'amount', c.refund_due,
    'refundRequestId', 'cancel-now-' || c.id
  ) order by c.created_at), '[]')
  from public.subscription_charges as c
  join public.orders as o on o.id = c.order_id
  where c.subscription_id = ended.id and c.refund_due is not null;
$$;

comment on function private.refunds_due(public.subscriptions) is
  'What was promised back when a subscription was cancelled at once; refundRequestId makes each refund happen once, however often it is asked for.';
revoke execute on function private.refunds_due(public.subscriptions) from public, anon, authenticated;

create function private.cancel_now(leaving public.subscriptions, as_of timestamptz, refund text, line jsonb)
returns jsonb
language plpgsql
set search_path = ''
as $$
begin
  if refund = 'prorated' and leaving.status = 'active' and as_of < leaving.current_period_end then
    -- Each charge of the period for the part of its time that is left, to the whole won in the shop's favour.
    update public.subscription_charges as c
    set refund_due = due.amount
    from (
      select p.id, least(
        floor(p.amount * extract(epoch from leaving.current_period_end - greatest(as_of, p.period_start))
          / extract(epoch from p.period_end - p.period_start))::bigint,
        paid.balance_amount
      ) as amount
      from public.subscription_charges as p
      join public.orders as o on o.id = p.order_id
      join public.payments as paid on paid.payment_key = o.payment_key
      where p.subscription_id = leaving.id and p.status = 'paid' and p.period_number = leaving.period_number
    ) as due
    where c.id = due.id and due.amount > 0;
  end if;
  leaving.canceled_at := coalesce(leaving.canceled_at, as_of);
  leaving.ended_at := as_of;
  leaving := private.move_subscription(leaving, 'canceled_now', line);
  perform private.end_access(leaving.id, as_of);
  perform private.write_subscription_event('canceled', leaving, jsonb_build_object(
    'reason', 'canceled_now', 'endedAt', as_of, 'refunds', private.refunds_due(leaving)
  ));
  return private.ended_view(leaving);
end;
$$;

comment on function private.cancel_now(public.subscriptions, timestamptz, text, jsonb) is
  'cancel_now: access ends, and with refund `prorated` the unused part of what was paid for the period is promised back.';
revoke execute on function private.cancel_now(public.subscriptions, timestamptz, text, jsonb)
  from public, anon, authenticated;

create function private.ended_view(ended public.subscriptions)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select case when refunds = '[]' then private.changed_view(ended) else jsonb_build_object(
    'outcome', 'refund', 'subscription', private.subscription_view(ended), 'refunds', refunds,
    'reason', 'subscription canceled'
  ) end
  from private.refunds_due(ended) as refunds;
$$;

comment on function private.ended_view(public.subscriptions) is
  'The answer to cancel_now, also when it is repeated: refunds that a cut caller did not make are answered again.';
revoke execute on function private.ended_view(public.subscriptions) from public, anon, authenticated;

create function private.charge_debt(owing public.subscriptions, as_of timestamptz, request jsonb)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  item constant jsonb := private.charge_due(owing, as_of, request);
  stored public.subscriptions;
begin
  select * into stored from public.subscriptions as s where s.id = owing.id;
  return jsonb_build_object(
    'outcome', 'charge', 'subscription', private.subscription_view(stored), 'charge', item
  );
end;
$$;

comment on function private.charge_debt(public.subscriptions, timestamptz, jsonb) is
  'Begins an attempt at the debt of a subscription with a usable billing method; answers the charge to send.';
revoke execute on function private.charge_debt(public.subscriptions, timestamptz, jsonb)
  from public, anon, authenticated;

create function private.change_method(changed public.subscriptions, as_of timestamptz, request jsonb, line jsonb)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  method_id constant uuid := (request ->> 'billingMethodId')::uuid;
  has_debt constant boolean := changed.status = 'past_due' and (private.debt_of(changed)).id is not null;
  wait_seconds integer;
begin
  if not private.usable_billing_method(method_id) or not exists (
    select 1 from public.billing_methods as m where m.id = method_id and m.user_id = changed.user_id
  ) then
    return jsonb_build_object('outcome', 'method_not_found');
  end if;
  if has_debt then
    wait_seconds := private.take_card_attempt(changed.user_id);
    if wait_seconds > 0 then
      return private.too_many_attempts_view(wait_seconds);
    end if;
  end if;
  changed.billing_method_id := method_id;
  changed.needs_payment_method := false;
  changed := private.move_subscription(changed, 'method_changed', line || jsonb_build_object(
    'detail', jsonb_build_object('billingMethodId', method_id)
  ));
  if has_debt then
    return private.charge_debt(changed, as_of, request);
  end if;
  return private.changed_view(changed);
end;
$$;

comment on function private.change_method(public.subscriptions, timestamptz, jsonb, jsonb) is
  'change_method: another billing method of the same user; a debt is charged to it at once.';
revoke execute on function private.change_method(public.subscriptions, timestamptz, jsonb, jsonb)
  from public, anon, authenticated;

create function private.retry_payment(owing public.subscriptions, as_of timestamptz, request jsonb, line jsonb)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  wait_seconds integer;
begin
  if (private.debt_of(owing)).id is null then
    return private.illegal_view(owing, 'no_debt');
  end if;
  if not private.usable_billing_method(owing.billing_method_id) then
    return private.illegal_view(owing, 'needs_payment_method');
  end if;
  wait_seconds := private.take_card_attempt(owing.user_id);
  if wait_seconds > 0 then
    return private.too_many_attempts_view(wait_seconds);
  end if;
  owing := private.move_subscription(owing, 'retry_requested', line);
  return private.charge_debt(owing, as_of, request);
end;
$$;

comment on function private.retry_payment(public.subscriptions, timestamptz, jsonb, jsonb) is
  'retry_payment: charges a debt before its time.';
revoke execute on function private.retry_payment(public.subscriptions, timestamptz, jsonb, jsonb)
  from public, anon, authenticated;
