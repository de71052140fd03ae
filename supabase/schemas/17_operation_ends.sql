-- How an operation ends or goes on: proof, refusal, postponement, and the worker's claim.

-- The next key of an operation keeps its name and counts on, whatever the name was built from.
create function public.postpone_operation(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  operation public.operations;
  present timestamptz;
begin
  select * into operation from public.operations as op
  where op.id = (request ->> 'operationId')::uuid
  for update;
  if not found then
    return jsonb_build_object('outcome', 'operation_not_found');
  end if;
  if operation.state not in ('started', 'unknown') then
    return jsonb_build_object(
      'outcome', operation.state,
      'payment', toss_private.told_payment(operation.payment_key, request ->> 'source') -> 'payment'
    );
  end if;
  -- Someone else took over after the lease had passed; what this caller learned is older.
  if operation.lease_token <> (request ->> 'leaseToken')::uuid then
    return jsonb_build_object('outcome', 'unknown');
  end if;

  present := toss_private.clock_now();
  update public.operations as op
  set state = 'unknown',
    error_code = request ->> 'errorCode',
    error_message = left(request ->> 'errorMessage', 510),
    lease_expires_at = present,
    next_attempt_at = present + make_interval(secs => (request ->> 'retryAfterSeconds')::double precision),
    -- Toss replays an error answer for the same key, so the next try needs another one.
    key_generation = op.key_generation + (request ->> 'keyIsSpent')::boolean::integer,
    idempotency_key = case when (request ->> 'keyIsSpent')::boolean
      then regexp_replace(op.idempotency_key, '\d+$', (op.key_generation + 1)::text) else op.idempotency_key end,
    key_created_at = case when (request ->> 'keyIsSpent')::boolean then present else op.key_created_at end,
    refused_with = case when request ? 'refusedWith' then request ->> 'refusedWith' else op.refused_with end
  where op.id = operation.id;
  if operation.state = 'started' then
    perform toss_private.write_event(jsonb_build_object(
      'event', 'operation_unknown', 'source', request ->> 'source', 'orderId', operation.order_id,
      'paymentKey', operation.payment_key, 'operationId', operation.id, 'amount', operation.amount,
      'requestId', request ->> 'requestId', 'detail', jsonb_build_object('code', request ->> 'errorCode')
    ));
  end if;
  return jsonb_build_object('outcome', 'unknown');
end;
$$;

comment on function public.postpone_operation(jsonb) is
  'Notes that Toss gave no proof, frees the lease, sets when to ask again and, when an error answer has spent the key, takes another one. Outcomes: unknown, succeeded, rejected, operation_not_found.';

create function public.reject_operation(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  operation public.operations;
  known public.payments;
  audit jsonb;
begin
  select * into operation from public.operations as op where op.id = (request ->> 'operationId')::uuid;
  if not found then
    return jsonb_build_object('outcome', 'operation_not_found');
  end if;
  -- Order first, then operation: the same order of locks as everywhere else.
  perform 1 from public.orders as o where o.id = operation.order_id for update;
  select * into operation from public.operations as op where op.id = operation.id for update;
  select * into known from public.payments as p where p.payment_key = operation.payment_key;

  -- The webhook may have brought the proof of success while this refusal was on its way.
  if operation.state = 'succeeded' or toss_private.is_paid(known) or known.status = 'WAITING_FOR_DEPOSIT' then
    return toss_private.told_payment(operation.payment_key, request ->> 'source');
  end if;
  if operation.state = 'rejected' then
    return jsonb_build_object('outcome', 'rejected', 'errorCode', operation.error_code);
  end if;

  -- Whoever took over after the lease had passed may be asking Toss at this moment.
  if operation.lease_token <> (request ->> 'leaseToken')::uuid then
    return jsonb_build_object('outcome', 'unknown');
  end if;

  audit := jsonb_build_object(
    'source', request ->> 'source', 'orderId', operation.order_id, 'paymentKey', operation.payment_key,
    'operationId', operation.id, 'requestId', request ->> 'requestId'
  );
  update public.operations as op
  set state = 'rejected', finished_at = toss_private.clock_now(), error_code = request ->> 'errorCode',
    error_message = left(request ->> 'errorMessage', 510), is_final = (request ->> 'isFinal')::boolean
  where op.id = operation.id;
  perform toss_private.write_event(audit || jsonb_build_object(
    'event', 'operation_finished', 'to', 'rejected', 'amount', operation.amount,
    'detail', jsonb_build_object('code', request ->> 'errorCode')
  ));

  if request ->> 'paymentStatus' is not null then
    insert into public.payments as p (
      payment_key, order_id, user_id, status, total_amount, balance_amount, currency,
      failure_code, failure_message, applied_at, created_at
    )
    select operation.payment_key, o.id, o.user_id, request ->> 'paymentStatus', o.amount, o.amount,
      o.currency, request ->> 'errorCode', left(request ->> 'errorMessage', 510),
      toss_private.clock_now(), toss_private.clock_now()
    from public.orders as o
    where o.id = operation.order_id
    on conflict (payment_key) do update set
      status = excluded.status, failure_code = excluded.failure_code,
      failure_message = excluded.failure_message, applied_at = excluded.applied_at
      where toss_private.payment_rank(p.status) < toss_private.payment_rank(excluded.status);
    if found then
      perform toss_private.write_event(audit || jsonb_build_object(
        'event', 'payment_status', 'from', known.status, 'to', request ->> 'paymentStatus',
        'amount', operation.amount
      ));
    end if;
  end if;
  return jsonb_build_object('outcome', 'rejected', 'errorCode', request ->> 'errorCode');
end;
$$;

comment on function public.reject_operation(jsonb) is
  'Ends an operation because Toss said no. Changes nothing when the payment has turned out to be paid, or when another caller holds the lease; outcomes: rejected, confirmed, unknown, operation_not_found.';

create function public.claim_operations(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  token constant uuid := (request ->> 'leaseToken')::uuid;
  lease constant interval := make_interval(secs => (request ->> 'leaseSeconds')::double precision);
  due_time constant timestamptz := coalesce((request ->> 'asOf')::timestamptz, toss_private.clock_now());
  operation public.operations;
  claimed jsonb := '[]';
begin
  perform toss_private.take_due_cancel_turns(due_time, (request ->> 'limit')::integer);
  for operation in
    with due as (
      select op.id
      from public.operations as op
      where op.state in ('started', 'unknown') and not op.is_queued
        and op.lease_expires_at <= due_time and op.next_attempt_at <= due_time
      order by op.next_attempt_at
      limit (request ->> 'limit')::integer
      for update skip locked
    )
    update public.operations as op
    set state = 'unknown', lease_token = token, lease_expires_at = toss_private.clock_now() + lease,
      attempts = op.attempts + 1
    from due
    where op.id = due.id
    returning op.*
  loop
    claimed := claimed || toss_private.operation_view(operation);
  end loop;

  return jsonb_build_object(
    'operations', claimed,
    'remaining', (
      select count(*) from public.operations as op
      where op.state in ('started', 'unknown')
        and op.lease_expires_at <= due_time and op.next_attempt_at <= due_time
        and op.lease_token <> token
    )
  );
end;
$$;

comment on function public.claim_operations(jsonb) is
  'Leases up to `limit` open operations whose lease and pause have passed, and of queued cancels the next of each payment. Overlapping workers never get the same row.';
