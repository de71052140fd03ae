-- Purpose: decide, under the order's lock, what a confirm may do, and write the intent.
-- Functions: private.payment_view, public.begin_confirmation.

create function private.payment_view(viewed_payment_key text)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_strip_nulls(jsonb_build_object(
    'virtualAccount', case when p.status = 'WAITING_FOR_DEPOSIT' then d.virtual_account end
  )) || jsonb_build_object(
    'status', case p.status when 'WAITING_FOR_DEPOSIT' then 'waiting_for_deposit' else 'confirmed' end,
    'orderId', p.order_id,
    'paymentKey', p.payment_key,
    'amount', p.total_amount,
    'approvedAt', p.approved_at,
    'method', p.method,
    'receiptUrl', p.receipt_url
  )
  from public.payments as p
  left join private.payment_details as d on d.payment_key = p.payment_key
  where p.payment_key = viewed_payment_key;
$$;

comment on function private.payment_view(text) is
  'What confirm answers for a payment that succeeded; the same on every repeat.';
revoke execute on function private.payment_view(text) from public, anon, authenticated;

create function private.operation_view(operation public.operations)
returns jsonb
language sql
volatile
set search_path = ''
as $$
  -- keyIsFresh: Toss keeps a key for 15 days; an older one would be treated as a new request.
  select jsonb_build_object(
    'operationId', operation.id,
    'kind', operation.kind,
    'idempotencyKey', operation.idempotency_key,
    'leaseToken', operation.lease_token,
    'keyIsFresh', operation.key_created_at > private.clock_now() - interval '14 days',
    'orderId', operation.order_id,
    'paymentKey', operation.payment_key,
    'amount', operation.amount,
    'currency', operation.currency,
    'attempts', operation.attempts,
    'ageSeconds', extract(epoch from private.clock_now() - operation.created_at),
    'askedAt', private.clock_now()
  );
$$;

comment on function private.operation_view(public.operations) is
  'What a caller needs to act on a leased operation. askedAt is taken before Toss is asked, so that its answer can be judged as fresh or stale.';
revoke execute on function private.operation_view(public.operations) from public, anon, authenticated;

create function public.begin_confirmation(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  asked_key constant text := request ->> 'paymentKey';
  asked_amount constant bigint := (request ->> 'amount')::bigint;
  token constant uuid := (request ->> 'leaseToken')::uuid;
  lease constant interval := make_interval(secs => (request ->> 'leaseSeconds')::double precision);
  present timestamptz;
  buying public.orders;
  known public.payments;
  operation public.operations;
begin
  perform private.require_real_time(request ->> 'mode');

  select * into buying from public.orders as o where o.id = request ->> 'orderId' for update;
  if not found then
    return jsonb_build_object('outcome', 'order_not_found');
  end if;
  present := private.clock_now();

  if asked_amount <> buying.amount then
    perform private.write_event(jsonb_build_object(
      'event', 'amount_mismatch', 'source', 'confirm', 'orderId', buying.id, 'paymentKey', asked_key,
      'amount', asked_amount, 'requestId', request ->> 'requestId',
      'detail', jsonb_build_object('orderAmount', buying.amount)
    ));
    return jsonb_build_object('outcome', 'amount_mismatch');
  end if;

  select * into known from public.payments as p where p.payment_key = asked_key;
  if found and known.order_id <> buying.id then
    return jsonb_build_object('outcome', 'payment_of_another_order');
  end if;
  if known.status in ('WAITING_FOR_DEPOSIT', 'DONE', 'PARTIAL_CANCELED') or known.approved_at is not null then
    -- Toss may hold money of a second payment; it pays nothing here.
    if buying.payment_key is distinct from asked_key then
      return jsonb_build_object('outcome', 'already_confirmed');
    end if;
    return jsonb_build_object('outcome', 'confirmed', 'payment', private.payment_view(asked_key));
  end if;

  select * into operation from public.operations as op
  where op.order_id = buying.id and op.kind = 'confirm' and op.state in ('started', 'unknown')
  for update;
  if found then
    if operation.payment_key <> asked_key then
      return jsonb_build_object('outcome', 'operation_in_progress');
    end if;
    -- The network delivered this very request twice (Deno's fetch may do so): same answer again.
    if operation.lease_token = token then
      return jsonb_build_object('outcome', 'proceed', 'operation', private.operation_view(operation));
    end if;
    if operation.lease_expires_at > present or operation.next_attempt_at > present then
      return jsonb_build_object('outcome', 'processing');
    end if;
    update public.operations as op
    set state = 'unknown', lease_token = token, lease_expires_at = present + lease,
      attempts = op.attempts + 1
    where op.id = operation.id
    returning * into operation;
    return jsonb_build_object('outcome', 'resolve', 'operation', private.operation_view(operation));
  end if;

  select * into operation from public.operations as op
  where op.order_id = buying.id and op.payment_key = asked_key and op.state = 'rejected' and op.is_final
  order by op.created_at desc
  limit 1;
  if found then
    return jsonb_build_object(
      'outcome', 'rejected', 'errorCode', operation.error_code, 'errorMessage', operation.error_message
    );
  end if;

  if buying.status in ('paid', 'partially_refunded', 'refunded', 'waiting_for_deposit') then
    perform private.write_event(jsonb_build_object(
      'event', 'second_payment_refused', 'source', 'confirm', 'orderId', buying.id,
      'paymentKey', asked_key, 'amount', asked_amount, 'requestId', request ->> 'requestId'
    ));
    return jsonb_build_object('outcome', 'already_confirmed');
  end if;
  if known.status in ('ABORTED', 'EXPIRED', 'CANCELED') then
    return jsonb_build_object(
      'outcome', 'rejected', 'errorMessage', known.failure_message,
      'errorCode', coalesce(known.failure_code, known.status || '_PAYMENT')
    );
  end if;
  -- No buyer is declined this often; whoever invents payment keys spends a quota that others need.
  if (
    select count(*) from public.operations as op where op.order_id = buying.id and op.state = 'rejected'
  ) >= 20 then
    return jsonb_build_object('outcome', 'order_closed');
  end if;
  if buying.status <> 'pending' or buying.expires_at <= present then
    perform private.expire_order(buying.id, present, 'confirm');
    return jsonb_build_object('outcome', 'order_closed');
  end if;

  insert into public.operations (
    id, kind, idempotency_key, key_created_at, order_id, payment_key, amount, currency,
    lease_token, lease_expires_at, next_attempt_at, created_at
  )
  select n.id, 'confirm', 'confirm-' || n.id || '-1', present, buying.id, asked_key, buying.amount,
    buying.currency, token, present + lease, present, present
  from (select gen_random_uuid() as id) as n
  returning * into operation;
  perform private.write_event(jsonb_build_object(
    'event', 'operation_started', 'source', 'confirm', 'orderId', buying.id, 'paymentKey', asked_key,
    'operationId', operation.id, 'amount', buying.amount, 'requestId', request ->> 'requestId'
  ));
  return jsonb_build_object('outcome', 'proceed', 'operation', private.operation_view(operation));
end;
$$;

comment on function public.begin_confirmation(jsonb) is
  'Checks paymentKey, orderId and amount against the order and, when Toss may be asked, writes the operation. Outcomes: proceed, resolve (ask Toss first: an earlier attempt got no proof), processing, confirmed, rejected, already_confirmed, operation_in_progress, amount_mismatch, payment_of_another_order, order_closed, order_not_found.';

revoke execute on function public.begin_confirmation(jsonb) from public, anon, authenticated;
grant execute on function public.begin_confirmation(jsonb) to service_role;
