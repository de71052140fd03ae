-- How a request about a cash receipt ends; those that the tax office still works on; and receipts issued unasked.

create function toss_private.own_receipt_entry(operation public.operations, entries jsonb, proof text)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  -- One request about a payment's receipt is open at a time, so an entry that nobody knows yet is its effect. What was
  -- known before, or is another request's, is not; neither is what happened before it was begun. Clocks may differ.
  return (
    select e.value
    from jsonb_array_elements(entries) as e
    cross join lateral toss_private.known_receipt(operation.payment_key, e.value) as k
    where e.value ->> 'transactionType' = case operation.kind when 'cash_receipt' then 'CONFIRM' else 'CANCEL' end
      and (proof = 'answered' or (
        (e.value ->> 'amount')::bigint = operation.amount
        and coalesce((e.value ->> 'requestedAt')::timestamptz > operation.created_at - interval '5 minutes', true)
      ))
      and (k.id is null or k.operation_id = operation.id
        or (k.operation_id is null and k.created_at >= operation.created_at))
    order by e.value ->> 'issueStatus' = 'FAILED', (e.value ->> 'requestedAt')::timestamptz
    limit 1
  );
end;
$$;

comment on function toss_private.own_receipt_entry(public.operations, jsonb, text) is
  'The receipt, or the cancel of one, that an open request made, among those that Toss tells of; null when it is none of them. proof: answered (Toss''s answer to the request itself), listed.';

create function public.settle_cash_receipt(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  operation public.operations;
  payment public.payments;
  entry jsonb;
  receipt public.cash_receipts;
  audit jsonb;
  is_failed boolean;
begin
  select * into operation from public.operations as op
  where op.id = (request ->> 'operationId')::uuid and op.kind in ('cash_receipt', 'cash_receipt_cancel');
  if not found then
    return jsonb_build_object('outcome', 'operation_not_found');
  end if;
  -- Order first, then operation: the same order of locks as everywhere else.
  perform 1 from public.orders as o where o.id = operation.order_id for no key update;
  select * into operation from public.operations as op where op.id = operation.id for update;
  if operation.state = 'succeeded' then
    return jsonb_build_object('outcome', 'succeeded', 'receipt', toss_private.told_receipt(operation));
  end if;
  if operation.state = 'rejected' then
    return jsonb_build_object('outcome', 'rejected', 'errorCode', operation.error_code);
  end if;
  entry := toss_private.own_receipt_entry(operation, request -> 'entries', request ->> 'proof');
  if entry is null then
    return jsonb_build_object('outcome', 'nothing');
  end if;

  audit := jsonb_build_object(
    'source', request ->> 'source', 'orderId', operation.order_id, 'paymentKey', operation.payment_key,
    'operationId', operation.id, 'requestId', request ->> 'requestId'
  );
  select * into payment from public.payments as p where p.payment_key = operation.payment_key;
  receipt := toss_private.record_receipt(payment, entry, operation, audit);
  is_failed := receipt.issue_status = 'FAILED';
  update public.operations as op
  set state = case when is_failed then 'rejected' else 'succeeded' end, finished_at = toss_private.clock_now(),
    is_final = true, refused_with = null,
    error_code = case when is_failed then coalesce(receipt.failure_code, 'CASH_RECEIPT_FAILED') end,
    error_message = null
  where op.id = operation.id
  returning * into operation;
  perform toss_private.write_event(audit || jsonb_build_object(
    'event', 'operation_finished', 'to', operation.state, 'amount', operation.amount,
    'detail', jsonb_strip_nulls(jsonb_build_object('code', operation.error_code))
  ));
  if is_failed then
    return jsonb_build_object('outcome', 'rejected', 'errorCode', operation.error_code);
  end if;
  -- Money may have gone back meanwhile.
  perform toss_private.fit_receipt(payment, request ->> 'source', request ->> 'requestId');
  return jsonb_build_object('outcome', 'succeeded', 'receipt', toss_private.told_receipt(operation));
end;
$$;

comment on function public.settle_cash_receipt(jsonb) is
  'Ends a request about a receipt with what Toss tells of it. Keys: operationId, entries (what Toss answered or listed of the order), proof (answered, listed), source, requestId. A proof counts from anyone. Outcomes: succeeded, rejected (the tax office refused), nothing (none of the entries is its effect), operation_not_found.';

create function public.reject_cash_receipt(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  operation public.operations;
begin
  select * into operation from public.operations as op
  where op.id = (request ->> 'operationId')::uuid and op.kind in ('cash_receipt', 'cash_receipt_cancel');
  if not found then
    return jsonb_build_object('outcome', 'operation_not_found');
  end if;
  perform 1 from public.orders as o where o.id = operation.order_id for no key update;
  select * into operation from public.operations as op where op.id = operation.id for update;
  if operation.state = 'succeeded' then
    return jsonb_build_object('outcome', 'succeeded', 'receipt', toss_private.told_receipt(operation));
  end if;
  -- Whoever took over after the lease had passed may be asking Toss at this moment.
  if operation.state <> 'rejected' and operation.lease_token <> (request ->> 'leaseToken')::uuid then
    return jsonb_build_object('outcome', 'unknown');
  end if;
  if operation.state <> 'rejected' then
    update public.operations as op
    set state = 'rejected', finished_at = toss_private.clock_now(), error_code = request ->> 'errorCode',
      error_message = left(request ->> 'errorMessage', 510), is_final = (request ->> 'isFinal')::boolean
    where op.id = operation.id
    returning * into operation;
    perform toss_private.write_event(jsonb_build_object(
      'event', 'operation_finished', 'source', request ->> 'source', 'orderId', operation.order_id,
      'paymentKey', operation.payment_key, 'operationId', operation.id, 'to', 'rejected', 'amount', operation.amount,
      'requestId', request ->> 'requestId', 'detail', jsonb_build_object('code', operation.error_code)
    ));
  end if;
  return jsonb_build_object('outcome', 'rejected', 'errorCode', operation.error_code);
end;
$$;

comment on function public.reject_cash_receipt(jsonb) is
  'Ends a request about a receipt because Toss said no. Changes nothing when another caller holds the lease. Outcomes: rejected, succeeded, unknown, operation_not_found.';

create function public.claim_receipts_in_progress(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  due_time constant timestamptz := coalesce((request ->> 'asOf')::timestamptz, toss_private.clock_now());
  claimed jsonb;
begin
  with due as (
    select r.id from public.cash_receipts as r
    where r.issue_status = 'IN_PROGRESS' and coalesce(r.checked_at, r.created_at) < due_time - interval '10 minutes'
    order by r.checked_at nulls first
    limit (request ->> 'limit')::integer
    for update skip locked
  ), marked as (
    update public.cash_receipts as r set checked_at = due_time from due where r.id = due.id returning r.*
  )
  select coalesce(jsonb_agg(jsonb_build_object(
    'orderId', m.order_id, 'receiptKey', m.receipt_key,
    'requestedOn', to_char(coalesce(m.requested_at, m.created_at) at time zone 'Asia/Seoul', 'YYYY-MM-DD')
  ) || toss_private.keys_of_event(m.order_id, null)), '[]') into claimed
  from marked as m;
  return jsonb_build_object('receipts', claimed);
end;
$$;

comment on function public.claim_receipts_in_progress(jsonb) is
  'Up to `limit` receipts that the tax office still works on and that Toss was not asked about for ten minutes, with the day in Seoul under which Toss lists them. Keys: limit, asOf.';

create function public.record_listed_receipts(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  told record;
  payment public.payments;
  recorded integer := 0;
begin
  for told in
    select e.value as entry, r.order_id, r.payment_key
    from jsonb_array_elements(request -> 'entries') as e
    join public.cash_receipts as r
      on r.receipt_key = e.value ->> 'receiptKey' and r.order_id = e.value ->> 'orderId'
      and r.transaction_type = e.value ->> 'transactionType' and r.issue_status = 'IN_PROGRESS'
    where e.value ->> 'issueStatus' <> 'IN_PROGRESS'
    order by r.order_id, r.id
  loop
    perform 1 from public.orders as o where o.id = told.order_id for no key update;
    select * into payment from public.payments as p where p.payment_key = told.payment_key;
    perform toss_private.record_receipt(payment, told.entry, null, jsonb_build_object(
      'source', request ->> 'source', 'orderId', told.order_id, 'paymentKey', told.payment_key,
      'requestId', request ->> 'requestId'
    ));
    recorded := recorded + 1;
  end loop;
  return jsonb_build_object('recorded', recorded);
end;
$$;

comment on function public.record_listed_receipts(jsonb) is
  'Moves receipts that are IN_PROGRESS to what Toss''s list says of them. Keys: entries, source, requestId. Answers how many have ended.';

create function public.begin_self_issues(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  due_time constant timestamptz := coalesce((request ->> 'asOf')::timestamptz, toss_private.clock_now());
  present constant timestamptz := toss_private.clock_now();
  approved_until constant timestamptz := due_time - make_interval(days => (request ->> 'days')::integer);
  payment public.payments;
  operation public.operations;
  begun jsonb := '[]';
begin
  perform toss_private.require_real_time(request ->> 'mode');
  for payment in
    select p.* from public.payments as p
    join public.orders as o on o.id = p.order_id and o.payment_key = p.payment_key
    where p.method in ('가상계좌', '계좌이체') and p.balance_amount > 0 and p.total_amount >= 100000
      and p.approved_at <= approved_until and p.approved_at > approved_until - interval '30 days'
      and toss_private.cash_left(p) > 0
      and not exists (
        select 1 from public.cash_receipts as r
        where r.payment_key = p.payment_key and r.transaction_type = 'CONFIRM' and r.issue_status <> 'FAILED'
      )
      -- What was refused is tried again a day later; what is open is somebody's.
      and not exists (
        select 1 from public.operations as op
        where op.payment_key = p.payment_key and op.kind in ('cash_receipt', 'cash_receipt_cancel')
          and (op.state in ('started', 'unknown') or op.created_at > present - interval '1 day')
      )
    order by p.approved_at
    limit (request ->> 'limit')::integer
    for no key update of o skip locked
  loop
    -- What was committed while the order was waited for.
    select * into payment from public.payments as p where p.payment_key = payment.payment_key;
    continue when toss_private.cash_left(payment) = 0 or exists (
      select 1 from public.cash_receipts as r where r.payment_key = payment.payment_key and toss_private.is_live_receipt(r)
    ) or (toss_private.open_receipt_operation(payment.payment_key)).id is not null;
    operation := toss_private.insert_receipt_issue(payment, request || jsonb_build_object(
      'operationId', gen_random_uuid(), 'source', 'worker', 'type', '소득공제', 'isSelfIssued', true,
      'requestedBy', 'self', 'requestId', format('self-%s', (
        select count(*) from public.operations as op
        where op.payment_key = payment.payment_key and op.kind = 'cash_receipt'
      ))
    ), present);
    begun := begun || toss_private.operation_view(operation);
  end loop;
  return jsonb_build_object('operations', begun);
end;
$$;

comment on function public.begin_self_issues(jsonb) is
  'Writes the intent of a receipt under the tax office''s own number for payments of 100,000 won or more that came in cash and have none so many days after their approval; none for what is more than thirty days later than that. Keys: days, limit, asOf, leaseToken, leaseSeconds, mode, logRequestId.';

create function public.begin_receipt_fits(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  present constant timestamptz := toss_private.clock_now();
  payment public.payments;
  begun integer := 0;
begin
  for payment in
    select p.* from public.payments as p
    join public.orders as o on o.id = p.order_id
    where p.payment_key in (
      select op.payment_key from public.operations as op
      where op.kind = 'cash_receipt_cancel' and op.state = 'rejected' and op.requested_by = 'refund'
        and op.created_at between present - interval '30 days' and present - interval '1 day'
    ) and not exists (
      select 1 from public.operations as op
      where op.payment_key = p.payment_key and op.kind = 'cash_receipt_cancel' and op.created_at > present - interval '1 day'
    )
    order by p.order_id
    limit (request ->> 'limit')::integer
    for no key update of o skip locked
  loop
    begun := begun + ((toss_private.fit_receipt(payment, 'worker', request ->> 'requestId')).id is not null)::integer;
  end loop;
  return jsonb_build_object('begun', begun);
end;
$$;

comment on function public.begin_receipt_fits(jsonb) is
  'Asks again, a day after a refusal and for thirty days, for the cancel of what a receipt holds beyond its payment. Keys: limit, requestId.';
