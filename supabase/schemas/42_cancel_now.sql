-- Ending a subscription at once, and the refund that is promised with it.

create function toss_private.refunds_due(ended public.subscriptions)
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

comment on function toss_private.refunds_due(public.subscriptions) is
  'What was promised back when a subscription was cancelled at once; refundRequestId names the cancel that each promise was written with.';

create function toss_private.period_order_ids(paid public.subscriptions)
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

comment on function toss_private.period_order_ids(public.subscriptions) is
  'The orders that paid for the current period of a subscription: its start or renewal, and upgrades.';

create function toss_private.begin_refund(
  promised public.subscription_charges, amount_due bigint, made_transaction_key text, audit jsonb
)
returns void
language plpgsql
set search_path = ''
as $$
declare
  present constant timestamptz := toss_private.clock_now();
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
    gen_random_uuid(), 'cancel', toss_private.cancel_key(paid_by, refund_request_id), present, promised.order_id, paid_by,
    amount_due, promised.currency, refund_request_id,
    -- A request from outside is never this one.
    encode(sha256(convert_to(gen_random_uuid()::text, 'UTF8')), 'hex'),
    'operator', toss_private.refund_reason(), case when made_transaction_key is null then amount_due else 0 end,
    made_transaction_key is null,
    -- Leased to nobody: whoever comes first, this caller or the worker, makes it.
    gen_random_uuid(), present, present, present
  )
  returning * into operation;
  update public.subscription_charges as c set refund_due = amount_due, refund_operation_id = operation.id
  where c.id = promised.id;
  perform toss_private.write_event(audit || jsonb_build_object(
    'event', 'operation_started', 'orderId', operation.order_id, 'paymentKey', paid_by, 'operationId', operation.id,
    'subscriptionId', promised.subscription_id, 'amount', amount_due, 'detail', jsonb_build_object(
      'requestedBy', operation.requested_by, 'reason', operation.reason, 'chargeId', promised.id
    )
  ));
  if made_transaction_key is not null then
    perform toss_private.end_cancel(operation, made_transaction_key, audit || jsonb_build_object('paymentKey', paid_by));
  end if;
end;
$$;

comment on function toss_private.begin_refund(public.subscription_charges, bigint, text, jsonb) is
  'Writes the cancel that pays back a promised amount, and the promise with it. From here on it is reserved, and the worker makes it if nobody else does; with a transaction key it is that cancel, which is made already. The caller holds the order.';

create function toss_private.refund_reason()
returns text
language plpgsql
immutable
set search_path = ''
as $$
begin
  return 'subscription canceled';
end;
$$;

comment on function toss_private.refund_reason() is
  'What Toss is told of a refund that was promised when a subscription ended, and what it is recognised by after a restore.';

create function toss_private.promise_refunds(ended public.subscriptions, since timestamptz, audit jsonb)
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
    where c.order_id = any (toss_private.period_order_ids(ended)) and c.status = 'paid' and c.period_end > since
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
    where o.id = paid.order_id and k.reason = toss_private.refund_reason() and k.status <> 'ABORTED'
      and not exists (select 1 from public.operations as op where op.canceled_transaction_key = k.transaction_key)
    order by k.canceled_at
    limit 1;
    if found then
      perform toss_private.begin_refund(paid, made.amount, made.transaction_key, audit);
      has_promised := true;
      continue;
    end if;
    -- The part of its time that is left, to the whole won in the shop's favour.
    due := floor(
      kept * extract(epoch from paid.period_end - greatest(since, paid.period_start))
      / extract(epoch from paid.period_end - paid.period_start)
    );
    continue when coalesce(due, 0) < 1;
    perform toss_private.begin_refund(paid, due, null, audit);
    has_promised := true;
  end loop;
  return has_promised;
end;
$$;

comment on function toss_private.promise_refunds(public.subscriptions, timestamptz, jsonb) is
  'Promises the unused part of what was paid for the current period, counted from `since`; whether there was any. What was given back before, or is on its way back, is not counted again: the part is taken of what the shop has kept. The caller holds the orders.';

create function toss_private.cancel_now(leaving public.subscriptions, as_of timestamptz, refund text, audit jsonb)
returns jsonb
language plpgsql
set search_path = ''
as $$
begin
  if refund = 'prorated' and leaving.status = 'active' then
    perform toss_private.promise_refunds(leaving, as_of, audit);
  end if;
  leaving.canceled_at := coalesce(leaving.canceled_at, as_of);
  leaving.ended_at := as_of;
  leaving := toss_private.move_subscription(leaving, 'canceled_now', audit || jsonb_build_object(
    'detail', jsonb_build_object('refund', coalesce(refund, 'none'))
  ));
  perform toss_private.end_access(leaving.id, as_of);
  perform toss_private.write_subscription_event('canceled', leaving, jsonb_build_object(
    'reason', 'canceled_now', 'endedAt', as_of, 'refunds', toss_private.refunds_due(leaving)
  ));
  return toss_private.ended_view(leaving);
end;
$$;

comment on function toss_private.cancel_now(public.subscriptions, timestamptz, text, jsonb) is
  'cancel_now: access ends, and with refund `prorated` the unused part of what was paid for the period is promised back.';

create function toss_private.renew_refunds(ended public.subscriptions, audit jsonb)
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
    perform toss_private.begin_refund(refused, left_to_refund, null, audit);
  end loop;
end;
$$;

comment on function toss_private.renew_refunds(public.subscriptions, jsonb) is
  'Begins promised refunds anew that were refused, as far as the money is there. The caller holds the orders.';

create function toss_private.cancel_again(ended public.subscriptions, refund text, audit jsonb)
returns jsonb
language plpgsql
set search_path = ''
as $$
begin
  if refund is distinct from 'prorated' then
    return toss_private.ended_view(ended);
  end if;
  perform toss_private.renew_refunds(ended, audit);
  if toss_private.refunds_due(ended) = '[]' and not exists (
    select 1 from public.payment_events as v
    where v.subscription_id = ended.id and v.event = 'subscription_status' and v.detail ->> 'event' = 'canceled_now'
      and v.detail ->> 'refund' = 'prorated'
  ) then
    -- It ended without a refund, and now there is to be one: for the time since then.
    if not toss_private.promise_refunds(ended, ended.ended_at, audit) then
      return toss_private.illegal_view(ended, 'nothing_to_refund');
    end if;
    perform toss_private.write_subscription_event('refund_promised', ended, jsonb_build_object(
      'refunds', toss_private.refunds_due(ended)
    ));
  end if;
  return toss_private.ended_view(ended);
end;
$$;

comment on function toss_private.cancel_again(public.subscriptions, text, jsonb) is
  'cancel_now of a subscription that it has ended already: the same answer, but a refund that is asked for only now is promised now, or refused with a reason, and one that Toss refused is begun anew.';

create function toss_private.ended_view(ended public.subscriptions)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
declare
  refunds constant jsonb := toss_private.refunds_due(ended);
begin
  return case when refunds = '[]' then toss_private.changed_view(ended) else jsonb_build_object(
    'outcome', 'refund', 'subscription', toss_private.subscription_view(ended), 'refunds', refunds
  ) end;
end;
$$;

comment on function toss_private.ended_view(public.subscriptions) is
  'The answer to cancel_now, also when it is repeated: refunds that a cut caller did not make are answered again.';

create function toss_private.was_canceled_now(ended public.subscriptions)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return ended.status = 'canceled' and exists (
    select 1 from public.payment_events as v
    where v.subscription_id = ended.id and v.event = 'subscription_status' and v.detail ->> 'event' = 'canceled_now'
  );
end;
$$;

comment on function toss_private.was_canceled_now(public.subscriptions) is
  'Whether cancel_now ended a subscription; its end_reason does not tell that from a notice.';
