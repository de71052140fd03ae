-- A cash receipt is asked for, or one is to be canceled: the intent first, Toss next, its answer last.

create function toss_private.receipt_operation_view(operation public.operations)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return operation.parameters || jsonb_build_object(
    'orderName', (select o.order_name from public.orders as o where o.id = operation.order_id),
    'taxFreeAmount', coalesce(operation.tax_free_amount, 0),
    'createdAt', operation.created_at,
    'secret', (
      select jsonb_build_object('keyId', s.key_id, 'ciphertext', s.ciphertext)
      from toss_private.operation_secrets as s where s.operation_id = operation.id
    )
  );
end;
$$;

comment on function toss_private.receipt_operation_view(public.operations) is
  'What a request about a cash receipt needs besides what all operations have; secret: the number it is for, encrypted.';

create function toss_private.told_receipt(operation public.operations)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
declare
  receipt public.cash_receipts;
begin
  select * into receipt from public.cash_receipts as r where r.operation_id = operation.id order by r.id limit 1;
  return toss_private.receipt_view(receipt) || case when operation.kind = 'cash_receipt_cancel'
    then jsonb_build_object('receiptKey', operation.parameters ->> 'receiptKey') else '{}' end;
end;
$$;

comment on function toss_private.told_receipt(public.operations) is
  'What a request about a receipt answered when it succeeded, as it stands now; of a cancel under the key of the receipt that it took from.';

create function toss_private.continue_receipt(begun public.operations, request jsonb, at timestamptz)
returns jsonb
language plpgsql
volatile
set search_path = ''
as $$
begin
  if not request -> 'requestDigests' ? begun.request_digest then
    return jsonb_build_object('outcome', 'request_differs');
  end if;
  if begun.state = 'succeeded' then
    return jsonb_build_object('outcome', 'succeeded', 'receipt', toss_private.told_receipt(begun));
  end if;
  if begun.state = 'rejected' then
    return jsonb_build_object('outcome', 'rejected', 'errorCode', begun.error_code);
  end if;
  -- The network delivered this very request twice (Deno's fetch may do so): same answer again.
  if begun.lease_token = (request ->> 'leaseToken')::uuid then
    return jsonb_build_object('outcome', 'proceed', 'operation', toss_private.operation_view(begun));
  end if;
  if begun.lease_expires_at > at or begun.next_attempt_at > at then
    return jsonb_build_object('outcome', 'processing');
  end if;
  update public.operations as op
  set state = 'unknown', lease_token = (request ->> 'leaseToken')::uuid, attempts = op.attempts + 1,
    lease_expires_at = at + make_interval(secs => (request ->> 'leaseSeconds')::double precision)
  where op.id = begun.id
  returning * into begun;
  return jsonb_build_object('outcome', 'resolve', 'operation', toss_private.operation_view(begun));
end;
$$;

comment on function toss_private.continue_receipt(public.operations, jsonb, timestamptz) is
  'How a request about a receipt stands that was made before: its answer again, or who may go on with it. The caller holds the order.';

create function toss_private.insert_receipt_issue(payment public.payments, request jsonb, present timestamptz)
returns public.operations
language plpgsql
volatile
set search_path = ''
as $$
declare
  remaining constant bigint := toss_private.cash_left(payment);
  operation public.operations;
begin
  insert into public.operations (
    id, kind, idempotency_key, key_created_at, order_id, payment_key, amount, currency, tax_free_amount, request_id,
    request_digest, requested_by, parameters, lease_token, lease_expires_at, next_attempt_at, created_at
  )
  select (request ->> 'operationId')::uuid, 'cash_receipt',
    -- It follows from the payment and how many of its receipts have ended: whoever asks, it is the one question.
    toss_private.idempotency_key('cash_receipt', count(*), payment.payment_key), present, payment.order_id,
    payment.payment_key, remaining, payment.currency,
    least(remaining, coalesce(payment.tax_free_amount, (
      select o.tax_free_amount from public.orders as o where o.id = payment.order_id
    ), 0)), request ->> 'requestId', request -> 'requestDigests' ->> 0, request ->> 'requestedBy',
    jsonb_build_object('type', request ->> 'type', 'isSelfIssued', coalesce((request ->> 'isSelfIssued')::boolean, false)),
    (request ->> 'leaseToken')::uuid,
    present + make_interval(secs => (request ->> 'leaseSeconds')::double precision), present, present
  from public.operations as op
  where op.payment_key = payment.payment_key and op.kind = 'cash_receipt'
  returning * into operation;
  if request ? 'secret' then
    insert into toss_private.operation_secrets (operation_id, key_id, ciphertext)
    values (operation.id, request -> 'secret' ->> 'keyId', request -> 'secret' ->> 'ciphertext');
  end if;
  perform toss_private.write_event(jsonb_build_object(
    'event', 'operation_started', 'source', request ->> 'source', 'orderId', payment.order_id,
    'paymentKey', payment.payment_key, 'operationId', operation.id, 'amount', operation.amount,
    'requestId', request ->> 'logRequestId',
    'detail', jsonb_build_object('kind', 'cash_receipt', 'requestedBy', request ->> 'requestedBy')
  ));
  return operation;
end;
$$;

comment on function toss_private.insert_receipt_issue(public.payments, jsonb, timestamptz) is
  'Writes the intent to issue a receipt on what is left of a payment, and the encrypted number it is for.';

create function public.begin_cash_receipt(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  requester constant text := request ->> 'requestedBy';
  present timestamptz;
  receipted public.orders;
  payment public.payments;
  operation public.operations;
begin
  perform toss_private.require_real_time(request ->> 'mode');
  select * into receipted from public.orders as o where o.id = request ->> 'orderId' for no key update;
  if not found or (requester <> 'operator' and receipted.user_id::text is distinct from requester) then
    return jsonb_build_object('outcome', 'order_not_found');
  end if;
  present := toss_private.clock_now();
  select * into payment from public.payments as p where p.payment_key = receipted.payment_key;
  select * into operation from public.operations as op
  where op.payment_key = payment.payment_key and op.kind = 'cash_receipt' and op.request_id = request ->> 'requestId'
    and op.is_final is distinct from false
  for update;
  if found then
    return toss_private.continue_receipt(operation, request, present);
  end if;

  if payment.payment_key is null or toss_private.cash_left(payment) = 0 then
    return jsonb_build_object('outcome', 'not_a_cash_payment');
  end if;
  -- A cancel that the tax office has not taken yet may be refused, and then its receipt lives.
  if (toss_private.open_receipt_operation(payment.payment_key)).id is not null or exists (
    select 1 from public.cash_receipts as r
    where r.payment_key = payment.payment_key and r.transaction_type = 'CANCEL' and r.issue_status = 'IN_PROGRESS'
  ) then
    return jsonb_build_object('outcome', 'operation_in_progress');
  end if;
  if exists (
    select 1 from public.cash_receipts as r
    where r.payment_key = payment.payment_key and toss_private.is_live_receipt(r)
  ) then
    return jsonb_build_object('outcome', 'receipt_exists');
  end if;
  -- No buyer mistypes a number this often; whoever tries on spends a quota that others need.
  if requester <> 'operator' and (
    select count(*) from public.operations as op
    where op.payment_key = payment.payment_key and op.kind = 'cash_receipt' and op.state = 'rejected'
      and op.created_at > present - interval '1 day'
  ) >= 10 then
    return jsonb_build_object('outcome', 'too_many_attempts');
  end if;
  operation := toss_private.insert_receipt_issue(payment, request || '{"source": "cash_receipt"}', present);
  return jsonb_build_object('outcome', 'proceed', 'operation', toss_private.operation_view(operation));
end;
$$;

comment on function public.begin_cash_receipt(jsonb) is
  'Checks whether an order may get a cash receipt and, when Toss may be asked, writes the operation. Keys: orderId, type, requestId (the caller''s token), requestDigests, requestedBy (operator, or the user''s id), secret, operationId, leaseToken, leaseSeconds, mode, logRequestId. Outcomes: proceed, resolve (ask Toss first), processing, succeeded, rejected, request_differs, operation_in_progress, receipt_exists, too_many_attempts, not_a_cash_payment, order_not_found.';

create function public.begin_cash_receipt_cancel(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  present timestamptz;
  receipted public.orders;
  payment public.payments;
  operation public.operations;
  receipt public.cash_receipts;
  remaining bigint;
begin
  perform toss_private.require_real_time(request ->> 'mode');
  select * into receipted from public.orders as o where o.id = request ->> 'orderId' for no key update;
  if not found then
    return jsonb_build_object('outcome', 'order_not_found');
  end if;
  present := toss_private.clock_now();
  select * into payment from public.payments as p where p.payment_key = receipted.payment_key;
  select * into operation from public.operations as op
  where op.payment_key = payment.payment_key and op.kind = 'cash_receipt_cancel'
    and op.request_id = request ->> 'requestId' and op.is_final is distinct from false
  for update;
  if found then
    return toss_private.continue_receipt(operation, request, present);
  end if;
  if (toss_private.open_receipt_operation(payment.payment_key)).id is not null then
    return jsonb_build_object('outcome', 'operation_in_progress');
  end if;
  select * into receipt from public.cash_receipts as r
  where r.payment_key = payment.payment_key and toss_private.is_live_receipt(r)
  order by r.created_at desc
  limit 1;
  if not found then
    return jsonb_build_object('outcome', 'receipt_not_found');
  end if;
  remaining := receipt.amount - receipt.canceled_amount;
  if (request ->> 'amount')::bigint > remaining then
    return jsonb_build_object('outcome', 'exceeds_receipt', 'availableAmount', remaining);
  end if;
  operation := toss_private.insert_receipt_cancel(payment, receipt, coalesce((request ->> 'amount')::bigint, remaining),
    request || '{"source": "cash_receipt"}', present);
  return jsonb_build_object('outcome', 'proceed', 'operation', toss_private.operation_view(operation));
end;
$$;

comment on function public.begin_cash_receipt_cancel(jsonb) is
  'Writes the intent to cancel the receipt of an order, all that is left of it or a part. Keys: orderId, amount, requestId, requestDigests, requestedBy, leaseToken, leaseSeconds, mode, logRequestId. Outcomes: proceed, resolve, processing, succeeded, rejected, request_differs, operation_in_progress, exceeds_receipt, receipt_not_found, order_not_found.';
