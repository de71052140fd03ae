-- What Toss tells of cash receipts becomes rows, from wherever it is heard, and follows refunds.

create function toss_private.record_receipt(
  payment public.payments, entry jsonb, made_by public.operations, audit jsonb
)
returns public.cash_receipts
language plpgsql
volatile
set search_path = ''
as $$
declare
  known public.cash_receipts := toss_private.known_receipt(payment.payment_key, entry);
  told constant text := entry ->> 'issueStatus';
  target public.cash_receipts;
  stored public.cash_receipts;
begin
  if known.id is not null then
    -- Only onwards: an older answer, or one that was held up, must not put a receipt back.
    update public.cash_receipts as r
    set issue_status = case when n.is_onwards then told else r.issue_status end,
      failure_code = case when n.is_onwards then entry ->> 'failureCode' else r.failure_code end,
      issue_number = coalesce(r.issue_number, entry ->> 'issueNumber'),
      receipt_url = coalesce(r.receipt_url, entry ->> 'receiptUrl'),
      tax_free_amount = coalesce(r.tax_free_amount, (entry ->> 'taxFreeAmount')::bigint),
      requested_at = coalesce(r.requested_at, (entry ->> 'requestedAt')::timestamptz),
      operation_id = coalesce(r.operation_id, made_by.id),
      is_self_issued = r.is_self_issued or coalesce((made_by.parameters ->> 'isSelfIssued')::boolean, false)
    from (
      select array_position(array['IN_PROGRESS', 'FAILED', 'COMPLETED'], told)
        > array_position(array['IN_PROGRESS', 'FAILED', 'COMPLETED'], known.issue_status)
    ) as n (is_onwards)
    where r.id = known.id
    returning r.* into stored;
  else
    if entry ->> 'transactionType' = 'CANCEL' then
      target := toss_private.receipt_to_cancel(payment.payment_key, entry, made_by.parameters ->> 'receiptKey');
    end if;
    insert into public.cash_receipts (
      receipt_key, order_id, payment_key, transaction_type, type, amount, tax_free_amount, issue_number, issue_status,
      receipt_url, requested_at, created_at, canceled_receipt_id, operation_id, is_self_issued, failure_code
    ) values (
      entry ->> 'receiptKey', payment.order_id, payment.payment_key, entry ->> 'transactionType',
      coalesce(entry ->> 'type', target.type, made_by.parameters ->> 'type', '소득공제'), (entry ->> 'amount')::bigint,
      (entry ->> 'taxFreeAmount')::bigint, entry ->> 'issueNumber', told, entry ->> 'receiptUrl',
      (entry ->> 'requestedAt')::timestamptz, toss_private.clock_now(), target.id, made_by.id,
      coalesce((made_by.parameters ->> 'isSelfIssued')::boolean, false), entry ->> 'failureCode'
    )
    returning * into stored;
  end if;

  -- A cancel counts from the moment it is asked for, and no more once the tax office has refused it.
  if stored.canceled_receipt_id is not null then
    update public.cash_receipts as r
    set canceled_amount = r.canceled_amount
      + case when stored.issue_status <> 'FAILED' then stored.amount else 0 end
      - case when coalesce(known.issue_status, 'FAILED') <> 'FAILED' then stored.amount else 0 end
    where r.id = stored.canceled_receipt_id and (stored.issue_status = 'FAILED') is distinct from
      (coalesce(known.issue_status, 'FAILED') = 'FAILED');
  end if;
  if known.issue_status is distinct from stored.issue_status then
    perform toss_private.announce_receipt(stored, audit);
  end if;
  return stored;
end;
$$;

comment on function toss_private.record_receipt(public.payments, jsonb, public.operations, jsonb) is
  'Writes what Toss says of one receipt or one cancel of it, once, and moves its state onwards. made_by: the request of ours that it answers, null for what Toss tells by itself. The caller holds the order.';

create function toss_private.record_payment_receipts(payment public.payments, entries jsonb, audit jsonb)
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  entry jsonb;
begin
  if jsonb_array_length(entries) > 0 then
    for entry in
      select e.value from jsonb_array_elements(entries) as e
      order by e.value ->> 'transactionType' desc, (e.value ->> 'requestedAt')::timestamptz
    loop
      perform toss_private.record_receipt(payment, entry, null, audit - 'operationId');
    end loop;
  end if;
  if payment.balance_amount < payment.total_amount or payment.status = 'WAITING_FOR_DEPOSIT' then
    perform toss_private.fit_receipt(payment, audit ->> 'source', audit ->> 'requestId');
  end if;
end;
$$;

comment on function toss_private.record_payment_receipts(public.payments, jsonb, jsonb) is
  'Records the receipts that Toss''s answer about a payment names, and begins to cancel what a refund took away from one of ours. The caller holds the order.';

create function toss_private.open_receipt_operation(receipt_payment_key text)
returns public.operations
language plpgsql
stable
set search_path = ''
as $$
declare
  operation public.operations;
begin
  select * into operation from public.operations as op
  where op.payment_key = receipt_payment_key and op.kind in ('cash_receipt', 'cash_receipt_cancel')
    and op.state in ('started', 'unknown');
  return operation;
end;
$$;

comment on function toss_private.open_receipt_operation(text) is 'The request about a payment''s receipt that has no answer yet; one at most.';

create function toss_private.fit_receipt(payment public.payments, source text, log_request_id text)
returns public.operations
language plpgsql
volatile
set search_path = ''
as $$
declare
  present constant timestamptz := toss_private.clock_now();
  remaining constant bigint := toss_private.cash_left(payment);
  receipt public.cash_receipts;
  operation public.operations;
begin
  -- What Toss issued with the payment it cancels with the payment.
  select * into receipt from public.cash_receipts as r
  where r.payment_key = payment.payment_key and r.operation_id is not null and toss_private.is_live_receipt(r)
  order by r.created_at desc
  limit 1;
  if receipt.id is null or receipt.amount - receipt.canceled_amount <= remaining then
    return null;
  end if;
  -- Whoever ends it comes back here.
  if (toss_private.open_receipt_operation(payment.payment_key)).id is not null then
    return null;
  end if;
  operation := toss_private.insert_receipt_cancel(payment, receipt, receipt.amount - receipt.canceled_amount - remaining,
    jsonb_build_object(
      'requestId', format('left-%s-%s', remaining, (
        select count(*) from public.operations as op
        where op.payment_key = payment.payment_key and op.kind = 'cash_receipt_cancel' and op.requested_by = 'refund'
      )),
      'requestedBy', 'refund', 'leaseToken', gen_random_uuid(), 'leaseSeconds', 0,
      'source', source, 'logRequestId', log_request_id
    ), present);
  return operation;
end;
$$;

comment on function toss_private.fit_receipt(public.payments, text, text) is
  'When more is on a receipt of ours than is left of its payment, writes the cancel of the difference, which the worker sends. Null when nothing is to be done, or another request about the receipt is open.';

create function toss_private.insert_receipt_cancel(
  payment public.payments, receipt public.cash_receipts, canceled_amount bigint, request jsonb, present timestamptz
)
returns public.operations
language plpgsql
volatile
set search_path = ''
as $$
declare
  operation public.operations;
begin
  insert into public.operations (
    id, kind, idempotency_key, key_created_at, order_id, payment_key, amount, currency, request_id, request_digest,
    requested_by, parameters, lease_token, lease_expires_at, next_attempt_at, created_at
  )
  select gen_random_uuid(), 'cash_receipt_cancel',
    toss_private.idempotency_key('cash_receipt_cancel', count(*), payment.payment_key, receipt.receipt_key,
      request ->> 'requestId', canceled_amount::text),
    present, payment.order_id, payment.payment_key, canceled_amount, payment.currency, request ->> 'requestId',
    request -> 'requestDigests' ->> 0, request ->> 'requestedBy',
    jsonb_build_object('receiptKey', receipt.receipt_key,
      'isWhole', receipt.canceled_amount = 0 and canceled_amount = receipt.amount),
    (request ->> 'leaseToken')::uuid,
    present + make_interval(secs => (request ->> 'leaseSeconds')::double precision), present, present
  from public.operations as op
  where op.payment_key = payment.payment_key and op.kind = 'cash_receipt_cancel'
    and op.request_id = request ->> 'requestId'
  returning * into operation;
  perform toss_private.write_event(jsonb_build_object(
    'event', 'operation_started', 'source', request ->> 'source', 'orderId', payment.order_id,
    'paymentKey', payment.payment_key, 'operationId', operation.id, 'amount', canceled_amount,
    'requestId', request ->> 'logRequestId',
    'detail', jsonb_build_object('kind', 'cash_receipt_cancel', 'requestedBy', request ->> 'requestedBy')
  ));
  return operation;
end;
$$;

comment on function toss_private.insert_receipt_cancel(public.payments, public.cash_receipts, bigint, jsonb, timestamptz) is
  'Writes the intent to cancel a receipt or a part of it. Keys of request: requestId, requestDigests, requestedBy, leaseToken, leaseSeconds, source, logRequestId.';
