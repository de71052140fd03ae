-- Periods that may have been charged under a key that this database no longer knows.

create function toss_private.may_have_been_charged(
  asked public.subscription_charges, operation public.operations
)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return asked.kind = 'renewal' and exists (
    select 1 from toss_private.restores as r
    where operation.created_at >= r.restored_at and asked.period_start <= r.restored_at
  );
end;
$$;

comment on function toss_private.may_have_been_charged(public.subscription_charges, public.operations) is
  'Whether a period that is charged after a restore was due before it.';

create function toss_private.later_order_ids(asked public.subscription_charges, operation public.operations)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  if not toss_private.may_have_been_charged(asked, operation) then
    return '[]';
  end if;
  -- More tries than any dunning schedule makes.
  return (
    select jsonb_agg(jsonb_build_object(
      'attempt', n.attempt, 'orderId', toss_private.attempt_order_id(asked.id, n.attempt)
    ) order by n.attempt)
    from generate_series(asked.attempt + 1, asked.attempt + 8) as n (attempt)
  );
end;
$$;

comment on function toss_private.later_order_ids(public.subscription_charges, public.operations) is
  'The orders of later attempts, of which one may have been paid before a restore; empty without one.';

create function toss_private.missed_since(asked public.subscription_charges, operation public.operations)
returns timestamptz
language plpgsql
stable
set search_path = ''
as $$
begin
  if asked.attempt > 1 or asked.period_end > asked.attempted_at
    or not toss_private.may_have_been_charged(asked, operation)
    or (select p.catch_up <> 'current' from public.plans as p where p.id = asked.plan_id)
  then
    return null;
  end if;
  return (select max(r.restored_at) from toss_private.restores as r where r.restored_at <= operation.created_at);
end;
$$;

comment on function toss_private.missed_since(public.subscription_charges, public.operations) is
  'For a period that would be skipped, had the database not been restored: Toss is asked whether it was charged, and nothing is sent. Since when; else null.';

create function toss_private.void_missed_charge(
  due public.subscriptions, missed public.subscription_charges
)
returns public.subscriptions
language plpgsql
set search_path = ''
as $$
begin
  update public.subscription_charges as c set status = 'void', failure_code = 'MISSED_PERIOD' where c.id = missed.id;
  perform toss_private.end_charge_access(missed.id);
  if due.status <> 'canceled' and not due.cancel_at_period_end then
    update public.subscriptions as s set next_charge_at = missed.period_end where s.id = due.id returning * into due;
  end if;
  return due;
end;
$$;

comment on function toss_private.void_missed_charge(public.subscriptions, public.subscription_charges) is
  'Toss knows no payment of a period that is over: it was missed, and the next one is due.';

create function toss_private.adopt_charged_amount(charge_order_id text, approved jsonb)
returns void
language plpgsql
set search_path = ''
as $$
declare
  paying public.orders;
  operation public.operations;
begin
  select * into paying from public.orders as o where o.id = charge_order_id for no key update;
  select * into operation from public.operations as op
  where op.order_id = paying.id and op.kind = 'charge' and op.state in ('started', 'unknown')
  for no key update;
  -- Approved before we asked: under an id that nobody else can know or use, so we have asked before and forgotten it.
  if operation.id is null or (approved ->> 'totalAmount')::numeric = paying.amount
    or (approved ->> 'totalAmount')::numeric < 100 or approved ->> 'currency' <> paying.currency
    or (approved ->> 'approvedAt')::timestamptz > operation.created_at - interval '1 minute'
    or approved ->> 'approvedAt' is null
    or exists (select 1 from public.payments as p where p.order_id = paying.id)
    or (select c.kind = 'ad_hoc' from public.subscription_charges as c where c.id = operation.charge_id)
  then
    return;
  end if;
  update public.orders as o
  set amount = (approved ->> 'totalAmount')::bigint,
    tax_free_amount = case when o.tax_free_amount > 0 then (approved ->> 'totalAmount')::bigint else 0 end
  where o.id = paying.id;
  update public.operations as op set amount = (approved ->> 'totalAmount')::bigint where op.id = operation.id;
  update public.subscription_charges as c set amount = (approved ->> 'totalAmount')::bigint
  where c.id = operation.charge_id;
  perform toss_private.write_event(jsonb_build_object(
    'event', 'charged_amount_adopted', 'source', 'billing', 'orderId', paying.id, 'operationId', operation.id,
    'paymentKey', approved ->> 'paymentKey', 'amount', (approved ->> 'totalAmount')::bigint,
    'detail', jsonb_build_object('askedAmount', paying.amount, 'approvedAt', approved ->> 'approvedAt')
  ));
end;
$$;

comment on function toss_private.adopt_charged_amount(text, jsonb) is
  'A charge that Toss had approved before this database asked for it (it was restored in between) has the amount that Toss took then, for example of an upgrade on an earlier day. An ad hoc charge names its amount: there it stays a mismatch.';

create function toss_private.adopt_refunded_amount(answer jsonb)
returns void
language plpgsql
set search_path = ''
as $$
declare
  answer_key constant text := answer ->> 'paymentKey';
  operation public.operations;
  promised_id uuid;
  made_amount bigint;
begin
  select op.* into operation
  from public.operations as op
  where op.payment_key = answer_key and op.kind = 'cancel' and op.state in ('started', 'unknown') and not op.is_queued
  for no key update;
  select c.id into promised_id from public.subscription_charges as c where c.refund_operation_id = operation.id;
  if promised_id is null then
    return;
  end if;
  -- Made before we asked, and not by any cancel that is known here: we have promised it before and forgotten it.
  select c."cancelAmount" into made_amount
  from jsonb_to_recordset(toss_private.name_cancels(answer_key, coalesce(answer -> 'cancels', '[]'))) as c (
    "transactionKey" text, "cancelAmount" bigint, "cancelReason" text, "cancelStatus" text, "canceledAt" timestamptz
  )
  where c."cancelReason" = operation.reason and c."cancelStatus" is distinct from 'ABORTED'
    and c."canceledAt" < operation.created_at - interval '1 minute'
    and not exists (select 1 from public.operations as op where op.canceled_transaction_key = c."transactionKey")
  order by c."canceledAt"
  limit 1;
  if not found or made_amount = operation.amount then
    return;
  end if;
  update public.operations as op
  set amount = made_amount, reserved_amount = least(op.reserved_amount, made_amount)
  where op.id = operation.id;
  update public.subscription_charges as c set refund_due = made_amount where c.id = promised_id;
  perform toss_private.write_event(jsonb_build_object(
    'event', 'refunded_amount_adopted', 'source', 'billing', 'orderId', operation.order_id, 'paymentKey', answer_key,
    'operationId', operation.id, 'amount', made_amount,
    'detail', jsonb_build_object('askedAmount', operation.amount, 'chargeId', promised_id)
  ));
end;
$$;

comment on function toss_private.adopt_refunded_amount(jsonb) is
  'A refund for the rest of a period that Toss had made before this database promised it (it was restored in between) has the amount that went back then: the part that is left has become smaller since. The caller holds the order.';

create function public.skip_charge_attempts(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  operation public.operations;
  skipped public.orders;
  charge public.subscription_charges;
begin
  select * into operation from public.operations as op
  where op.id = (request ->> 'operationId')::uuid and op.kind = 'charge';
  if not found then
    return jsonb_build_object('outcome', 'unknown');
  end if;
  -- Locks in the order of apply_payment: order, operation, subscription, charge.
  select * into skipped from public.orders as o where o.id = operation.order_id for no key update;
  select * into operation from public.operations as op where op.id = operation.id for no key update;
  if operation.state not in ('started', 'unknown') or operation.lease_token <> (request ->> 'leaseToken')::uuid then
    return jsonb_build_object('outcome', 'unknown');
  end if;
  select * into charge from public.subscription_charges as c where c.id = operation.charge_id;
  perform 1 from public.subscriptions as s where s.id = charge.subscription_id for no key update;
  perform public.reject_operation(request || jsonb_build_object(
    'errorCode', 'LATER_ATTEMPT_WAS_PAID', 'errorMessage', null, 'isFinal', true
  ));
  perform toss_private.move_order(skipped, 'failed', jsonb_build_object(
    'source', request ->> 'source', 'operationId', operation.id, 'requestId', request ->> 'requestId'
  ));
  update public.subscription_charges as c
  set attempt = (request ->> 'attempt')::integer - 1, status = 'pending'
  where c.id = charge.id
  returning * into charge;
  return jsonb_build_object(
    'outcome', 'resolve',
    'charge', toss_private.begin_attempt(charge, charge.billing_method_id, charge.attempted_at, request)
  );
end;
$$;

comment on function public.skip_charge_attempts(jsonb) is
  'Goes on to a later attempt of a charge, which Toss says was paid before a restore. Keys: operationId, leaseToken, leaseSeconds, attempt, source, requestId. Outcomes: resolve, unknown (another caller holds the lease).';
