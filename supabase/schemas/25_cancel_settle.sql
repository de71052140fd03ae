-- A refund's answer arrives, or its refusal.

create function toss_private.lock_cancel(transaction_key text)
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('cancel:' || transaction_key, 0));
end;
$$;

comment on function toss_private.lock_cancel(text) is
  'Whoever stores a cancel and whoever stores a webhook about it see each other: one of the two comes second.';

create function toss_private.cancel_progress(cancel_status text)
returns integer
language plpgsql
immutable
set search_path = ''
as $$
begin
  return case when cancel_status = 'IN_PROGRESS' then 1 else 2 end;
end;
$$;

comment on function toss_private.cancel_progress(text) is
  'How far a cancel has come: begun 1, ended 2. A cancel never goes back, so the sum over a payment''s cancels only grows.';

create function toss_private.cancel_answer(operation public.operations)
returns jsonb
language plpgsql
immutable
set search_path = ''
as $$
begin
  return case operation.state
    when 'succeeded' then jsonb_build_object('outcome', 'succeeded', 'cancel', operation.answer)
    when 'rejected' then jsonb_build_object(
      'outcome', 'rejected', 'errorCode', operation.error_code, 'errorMessage', operation.error_message
    )
    else jsonb_build_object('outcome', 'unknown') end;
end;
$$;

comment on function toss_private.cancel_answer(public.operations) is 'How a cancel stands: succeeded, rejected or unknown.';

create function toss_private.resend_cancel(open_cancel public.operations, request jsonb, audit jsonb)
returns jsonb
language plpgsql
volatile
set search_path = ''
as $$
declare
  payment public.payments;
  room bigint;
  refusal_code text;
  needs_new_key boolean;
begin
  select * into payment from public.payments as p where p.payment_key = open_cancel.payment_key;
  room := payment.balance_amount - payment.reserved_amount + open_cancel.reserved_amount;
  refusal_code := case
    when room = 0 or (open_cancel.amount > room and not open_cancel.cancel_all) then 'CANCEL_AMOUNT_EXCEEDS_BALANCE'
    -- The deposit came before the cancel did: now it needs to be told where the money goes.
    when payment.status <> 'WAITING_FOR_DEPOSIT'
      and toss_private.takes_refund_account(payment.method, payment.payment_key)
      and not exists (select 1 from toss_private.operation_secrets as s where s.operation_id = open_cancel.id)
      then 'REFUND_ACCOUNT_REQUIRED'
    -- Toss may have forgotten the key, and says itself that nothing was cancelled.
    when open_cancel.key_created_at <= toss_private.clock_now() - interval '14 days' then 'CANCEL_NOT_PROVEN'
  end;
  if refusal_code is not null then
    perform toss_private.refuse_cancel(open_cancel, jsonb_build_object(
      'errorCode', refusal_code, 'isFinal', refusal_code = 'CANCEL_AMOUNT_EXCEEDS_BALANCE',
      'errorMessage', 'Toss has cancelled nothing on behalf of this request.'
    ), audit);
    return jsonb_build_object('outcome', 'rejected', 'errorCode', refusal_code);
  end if;

  -- One key, one body: what is left has changed, or Toss has answered under this key already.
  needs_new_key := (request ->> 'keyIsSpent')::boolean or payment.balance_amount <> open_cancel.expected_balance;
  update public.operations as op
  set amount = case when op.cancel_all then least(op.amount, room) else op.amount end,
    reserved_amount = case when op.cancel_all then least(op.amount, room) else op.amount end,
    expected_balance = payment.balance_amount, expected_tax_free = payment.tax_free_amount,
    key_generation = op.key_generation + needs_new_key::integer,
    idempotency_key = case when needs_new_key
      then regexp_replace(op.idempotency_key, '\d+$', (op.key_generation + 1)::text) else op.idempotency_key end,
    key_created_at = case when needs_new_key then toss_private.clock_now() else op.key_created_at end
  where op.id = open_cancel.id
  returning * into open_cancel;
  return jsonb_build_object('outcome', 'send', 'operation', toss_private.operation_view(open_cancel));
end;
$$;

comment on function toss_private.resend_cancel(public.operations, jsonb, jsonb) is
  'What to do with a cancel of which Toss''s answer shows nothing: send it (again), fitted to what is left now, or end it.';

create function public.settle_cancel(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  applied constant jsonb := public.apply_payment(request);
  operation public.operations;
begin
  if applied ->> 'outcome' in ('mismatch', 'unknown_status', 'order_not_found') then
    return jsonb_build_object('outcome', 'unknown');
  end if;
  select * into operation from public.operations as op where op.id = (request ->> 'operationId')::uuid for update;
  if operation.state in ('succeeded', 'rejected')
    -- Whoever took over after the lease had passed may be asking Toss at this moment.
    or operation.lease_token <> (request ->> 'leaseToken')::uuid
    or request ->> 'proof' = 'answered'
  then
    return toss_private.cancel_answer(operation);
  end if;
  return toss_private.resend_cancel(operation, request, jsonb_build_object(
    'source', request ->> 'source', 'requestId', request ->> 'requestId'
  ));
end;
$$;

comment on function public.settle_cancel(jsonb) is
  'Applies Toss''s answer to a cancel, or to a question about its payment, and says how the cancel stands. Keys: those of apply_payment, leaseToken, keyIsSpent (Toss has answered under the current key). Outcomes: succeeded, rejected, send (nothing of it happened: ask Toss with this operation), unknown.';

create function public.reject_cancel(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  operation public.operations;
begin
  select * into operation from public.operations as op where op.id = (request ->> 'operationId')::uuid;
  if not found then
    return jsonb_build_object('outcome', 'unknown');
  end if;
  -- Order first, then operation: the same order of locks as everywhere else.
  perform 1 from public.orders as o where o.id = operation.order_id for update;
  select * into operation from public.operations as op where op.id = operation.id for update;
  if operation.state in ('started', 'unknown') and operation.lease_token = (request ->> 'leaseToken')::uuid then
    perform toss_private.refuse_cancel(operation, request, jsonb_build_object(
      'source', request ->> 'source', 'requestId', request ->> 'requestId'
    ));
    return jsonb_build_object('outcome', 'rejected', 'errorCode', request ->> 'errorCode');
  end if;
  return toss_private.cancel_answer(operation);
end;
$$;

comment on function public.reject_cancel(jsonb) is
  'Ends a cancel because Toss said no, and releases what it had reserved. Outcomes: rejected, succeeded (a webhook has brought the proof meanwhile), unknown (another caller holds the lease).';
