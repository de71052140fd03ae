-- Purpose: what a subscriber or the shop may change: one private function an action.
-- Functions: private.give_notice, resume, refunds_due, period_order_ids, begin_refund, refund_reason, promise_refunds, cancel_now,
-- renew_refunds, cancel_again, ended_view, charge_debt, change_method, retry_payment.
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
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select coalesce(jsonb_agg(jsonb_build_object(
      'paymentKey', op.payment_key, 'orderId', op.order_id, 'amount', op.amount, 'refundRequestId', op.request_id
    ) order by c.created_at), '[]')
    from public.subscription_charges as c
    join public.operations as op on op.id = c.refund_operation_id
    where c.subscription_id = ended.id
  );
end;
$$;

comment on function private.refunds_due(public.subscriptions) is
  'What was promised back when a subscription was cancelled at once; refundRequestId names the cancel that each promise was written with.';
revoke execute on function private.refunds_due(public.subscriptions) from public, anon, authenticated;

create function private.period_order_ids(paid public.subscriptions)
returns text[]
language plpgsql
stable
set search_path = ''
as $$
begin
  return array(
    select c.order_id from public.subscription_charges as c
    where c.subscription_id = paid.id and c.status = 'paid' and c.period_number = paid.period_number
    order by c.order_id
  );
end;
$$;

comment on function private.period_order_ids(public.subscriptions) is
  'The orders that paid for the current period of a subscription: its start or renewal, and upgrades.';
revoke execute on function private.period_order_ids(public.subscriptions) from public, anon, authenticated;

create function private.begin_refund(
  promised public.subscription_charges, amount_due bigint, made_transaction_key text, line jsonb
)
returns void
language plpgsql
set search_path = ''
as $$
declare
  present constant timestamptz := private.clock_now();
  paid_by constant text := (select o.payment_key from public.orders as o where o.id = promised.order_id);
  first_request_id constant text := 'cancel-now-' || promised.id;
  refund_request_id text;
  operation public.operations;
begin
  select first_request_id || case when count(*) > 0 then '-' || count(*) + 1 else '' end into refund_request_id
  from public.operations as op
  where op.payment_key = paid_by and op.kind = 'cancel' and starts_with(op.request_id, first_request_id);
  insert into public.operations (
    id, kind, idempotency_key, key_created_at, order_id, payment_key, amount, currency, request_id, request_digest,
    requested_by, reason, reserved_amount, is_queued, lease_token, lease_expires_at, next_attempt_at, created_at
  ) values (
    gen_random_uuid(), 'cancel', private.cancel_key(paid_by, refund_request_id), present, promised.order_id, paid_by,
    amount_due, promised.currency, refund_request_id,
    -- A request from outside is never this one.
    encode(sha256(convert_to(gen_random_uuid()::text, 'UTF8')), 'hex'),
    'operator', private.refund_reason(), case when made_transaction_key is null then amount_due else 0 end,
    made_transaction_key is null,
    -- Leased to nobody: whoever comes first, this caller or the worker, makes it.
    gen_random_uuid(), present, present, present
  )
  returning * into operation;
  update public.subscription_charges as c set refund_due = amount_due, refund_operation_id = operation.id
  where c.id = promised.id;
  perform private.write_event(line || jsonb_build_object(
    'event', 'operation_started', 'orderId', operation.order_id, 'paymentKey', paid_by, 'operationId', operation.id,
    'subscriptionId', promised.subscription_id, 'amount', amount_due, 'detail', jsonb_build_object(
      'requestedBy', operation.requested_by, 'reason', operation.reason, 'chargeId', promised.id
    )
  ));
  if made_transaction_key is not null then
    perform private.end_cancel(operation, made_transaction_key, line || jsonb_build_object('paymentKey', paid_by));
  end if;
end;
$$;

comment on function private.begin_refund(public.subscription_charges, bigint, text, jsonb) is
  'Writes the cancel that pays back a promised amount, and the promise with it. From here on it is reserved, and the worker makes it if nobody else does; with a transaction key it is that cancel, which is made already. The caller holds the order.';
revoke execute on function private.begin_refund(public.subscription_charges, bigint, text, jsonb)
  from public, anon, authenticated;

create function private.refund_reason()
returns text
language sql
immutable
set search_path = ''
as $$
  select 'subscription canceled';
$$;

comment on function private.refund_reason() is
  'What Toss is told of a refund that was promised when a subscription ended, and what it is recognised by after a restore.';
revoke execute on function private.refund_reason() from public, anon, authenticated;

create function private.promise_refunds(ended public.subscriptions, since timestamptz, line jsonb)
returns boolean
language plpgsql
set search_path = ''
as $$
declare
  paid public.subscription_charges;
  kept bigint;
  due bigint;
  made public.payment_cancels;
  has_promised boolean := false;
begin
  for paid in
    select * from public.subscription_charges as c
    where c.order_id = any (private.period_order_ids(ended)) and c.status = 'paid' and c.period_end > since
    order by c.created_at
  loop
    select p.balance_amount - p.reserved_amount into kept
    from public.payments as p
    join public.orders as o on o.payment_key = p.payment_key
    where o.id = paid.order_id;
    -- Made under a promise that a restore has forgotten, and found at Toss since.
    select k.* into made
    from public.payment_cancels as k
    join public.orders as o on o.payment_key = k.payment_key
    where o.id = paid.order_id and k.reason = private.refund_reason() and k.status <> 'ABORTED'
      and not exists (select 1 from public.operations as op where op.canceled_transaction_key = k.transaction_key)
    order by k.canceled_at
    limit 1;
    if found then
      perform private.begin_refund(paid, made.amount, made.transaction_key, line);
      has_promised := true;
      continue;
    end if;
    -- The part of its time that is left, to the whole won in the shop's favour.
    due := floor(
      kept * extract(epoch from paid.period_end - greatest(since, paid.period_start))
      / extract(epoch from paid.period_end - paid.period_start)
    );
    continue when coalesce(due, 0) < 1;
    perform private.begin_refund(paid, due, null, line);
    has_promised := true;
  end loop;
  return has_promised;
end;
$$;

comment on function private.promise_refunds(public.subscriptions, timestamptz, jsonb) is
  'Promises the unused part of what was paid for the current period, counted from `since`; whether there was any. What was given back before, or is on its way back, is not counted again: the part is taken of what the shop has kept. The caller holds the orders.';
revoke execute on function private.promise_refunds(public.subscriptions, timestamptz, jsonb)
  from public, anon, authenticated;

create function private.cancel_now(leaving public.subscriptions, as_of timestamptz, refund text, line jsonb)
returns jsonb
language plpgsql
set search_path = ''
as $$
begin
  if refund = 'prorated' and leaving.status = 'active' then
    perform private.promise_refunds(leaving, as_of, line);
  end if;
  leaving.canceled_at := coalesce(leaving.canceled_at, as_of);
  leaving.ended_at := as_of;
  leaving := private.move_subscription(leaving, 'canceled_now', line || jsonb_build_object(
    'detail', jsonb_build_object('refund', coalesce(refund, 'none'))
  ));
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

create function private.renew_refunds(ended public.subscriptions, line jsonb)
returns void
language plpgsql
set search_path = ''
as $$
declare
  refused public.subscription_charges;
  left_to_refund bigint;
begin
  for refused in
    select c.* from public.subscription_charges as c
    join public.operations as op on op.id = c.refund_operation_id and op.state = 'rejected'
    where c.subscription_id = ended.id
    order by c.created_at
  loop
    select least(refused.refund_due, p.balance_amount - p.reserved_amount) into left_to_refund
    from public.payments as p
    join public.orders as o on o.payment_key = p.payment_key
    where o.id = refused.order_id;
    continue when left_to_refund < 1;
    perform private.begin_refund(refused, left_to_refund, null, line);
  end loop;
end;
$$;

comment on function private.renew_refunds(public.subscriptions, jsonb) is
  'Begins promised refunds anew that were refused, as far as the money is there. The caller holds the orders.';
revoke execute on function private.renew_refunds(public.subscriptions, jsonb) from public, anon, authenticated;

create function private.cancel_again(ended public.subscriptions, refund text, line jsonb)
returns jsonb
language plpgsql
set search_path = ''
as $$
begin
  if refund is distinct from 'prorated' then
    return private.ended_view(ended);
  end if;
  perform private.renew_refunds(ended, line);
  if private.refunds_due(ended) = '[]' and not exists (
    select 1 from public.payment_events as v
    where v.subscription_id = ended.id and v.event = 'subscription_status' and v.detail ->> 'event' = 'canceled_now'
      and v.detail ->> 'refund' = 'prorated'
  ) then
    -- It ended without a refund, and now there is to be one: for the time since then.
    if not private.promise_refunds(ended, ended.ended_at, line) then
      return private.illegal_view(ended, 'nothing_to_refund');
    end if;
    perform private.write_subscription_event('refund_promised', ended, jsonb_build_object(
      'refunds', private.refunds_due(ended)
    ));
  end if;
  return private.ended_view(ended);
end;
$$;

comment on function private.cancel_again(public.subscriptions, text, jsonb) is
  'cancel_now of a subscription that it has ended already: the same answer, but a refund that is asked for only now is promised now, or refused with a reason, and one that Toss refused is begun anew.';
revoke execute on function private.cancel_again(public.subscriptions, text, jsonb) from public, anon, authenticated;

create function private.ended_view(ended public.subscriptions)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
declare
  refunds constant jsonb := private.refunds_due(ended);
begin
  return case when refunds = '[]' then private.changed_view(ended) else jsonb_build_object(
    'outcome', 'refund', 'subscription', private.subscription_view(ended), 'refunds', refunds
  ) end;
end;
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
  -- Refused, the open charge goes on to the method of then: whoever chooses one meanwhile tries it.
  is_next constant boolean := method_id is distinct from changed.billing_method_id and exists (
    select 1 from public.subscription_charges as c
    where c.subscription_id = changed.id and c.kind = 'renewal' and c.status in ('pending', 'processing', 'unknown')
      and c.billing_method_id is distinct from method_id
  );
  wait_seconds integer;
begin
  if not private.usable_billing_method(method_id) or not exists (
    select 1 from public.billing_methods as m where m.id = method_id and m.user_id = changed.user_id
  ) then
    return jsonb_build_object('outcome', 'method_not_found');
  end if;
  if has_debt or is_next then
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
