-- Purpose: the issue of a virtual account is an operation, and while it is open nothing else may pay its order.
-- Table: operations (column).
-- Functions: private.order_is_busy, close_operations, public.begin_confirmation.

alter table public.operations
  add column parameters jsonb,
  add constraint operations_virtual_account_has_parameters check (
    kind <> 'virtual_account' or (parameters ?& array['bank', 'customerName', 'validHours'])
  );

comment on column public.operations.parameters is
  'What the call needs besides the order: bank, customerName and validHours of a virtual account.';

-- While one payment of an order may be on its way, no other may be asked for.
drop index public.operations_one_open_confirm_per_order;
create unique index operations_one_open_payment_per_order on public.operations (order_id)
  where kind in ('confirm', 'virtual_account') and state in ('started', 'unknown');

create or replace function private.order_is_busy(busy_order_id text)
returns boolean
language sql
stable
set search_path = ''
as $$
  -- A cancel makes no payment, and may stay open for long.
  select exists (
    select 1 from public.operations as op
    where op.order_id = busy_order_id and op.kind <> 'cancel'
      and op.state in ('started', 'unknown')
  );
$$;

comment on function private.order_is_busy(text) is
  'Whether a payment of the order may be on its way, so that what we know about its payments may not be all.';

create or replace function private.close_operations(payment public.payments, line jsonb)
returns void
language plpgsql
set search_path = ''
as $$
declare
  is_success constant boolean := private.is_paid(payment)
    or payment.status in ('WAITING_FOR_DEPOSIT', 'CANCELED');
  closed public.operations;
begin
  if not is_success and payment.status not in ('ABORTED', 'EXPIRED') then
    return;
  end if;
  for closed in
    update public.operations as op
    set state = case when is_success then 'succeeded' else 'rejected' end,
      finished_at = private.clock_now(),
      is_final = true,
      payment_key = payment.payment_key,
      error_code = case when is_success then null
        else coalesce(payment.failure_code, payment.status || '_PAYMENT') end,
      error_message = case when is_success then null else payment.failure_message end
    where op.order_id = payment.order_id and op.state in ('started', 'unknown')
      and (
        (op.kind = 'confirm' and op.payment_key = payment.payment_key)
        -- Toss issues one account for an order, whose payment is known from the answer only. Only an account waits.
        or (op.kind = 'virtual_account' and (
          payment.status = 'WAITING_FOR_DEPOSIT' or private.takes_refund_account(payment.method, payment.payment_key)
        ))
      )
    returning *
  loop
    perform private.write_event(line || jsonb_build_object(
      'event', 'operation_finished', 'orderId', closed.order_id, 'operationId', closed.id,
      'to', closed.state, 'detail', jsonb_strip_nulls(jsonb_build_object('code', closed.error_code))
    ));
  end loop;
end;
$$;

comment on function private.close_operations(public.payments, jsonb) is
  'Ends the open confirm of a payment, or the open issue of its virtual account, when its row proves how it went.';

create or replace function public.begin_confirmation(request jsonb)
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
  wait_seconds integer;
begin
  perform private.require_real_time(request ->> 'mode');

  select * into buying from public.orders as o where o.id = request ->> 'orderId' for update;
  if not found then
    return jsonb_build_object('outcome', 'order_not_found');
  end if;
  present := private.clock_now();

  -- Whoever tries amounts learns no more by it, not even when one is right; only who brings the order's own payment
  -- does.
  if buying.payment_key is distinct from asked_key and private.order_refusals_of(buying.id) >= 20 and not exists (
    select 1 from public.operations as op
    where op.order_id = buying.id and op.payment_key = asked_key
  ) then
    return jsonb_build_object('outcome', 'order_closed');
  end if;
  if asked_amount <> buying.amount then
    if private.order_refusals_of(buying.id) >= 20 then
      return jsonb_build_object('outcome', 'order_closed');
    end if;
    -- One line and a count: the log is one that nobody may delete from.
    if private.count_order_refusal(buying.id, 'amount_mismatch', present) = 1 then
      perform private.write_event(jsonb_build_object(
        'event', 'amount_mismatch', 'source', 'confirm', 'orderId', buying.id, 'paymentKey', asked_key,
        'amount', asked_amount, 'requestId', request ->> 'requestId',
        'detail', jsonb_build_object('orderAmount', buying.amount)
      ));
    end if;
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
    return private.told_payment(asked_key, 'confirm');
  end if;

  select * into operation from public.operations as op
  where op.order_id = buying.id and op.kind in ('confirm', 'virtual_account') and op.state in ('started', 'unknown')
  for update;
  if found then
    if operation.kind <> 'confirm' or operation.payment_key <> asked_key then
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
  where op.order_id = buying.id and op.payment_key = asked_key and op.kind = 'confirm' and op.state = 'rejected'
    and op.is_final
  order by op.created_at desc
  limit 1;
  if found then
    return jsonb_build_object(
      'outcome', 'rejected', 'errorCode', operation.error_code, 'errorMessage', operation.error_message
    );
  end if;

  if buying.status in ('paid', 'partially_refunded', 'refunded', 'waiting_for_deposit') then
    if private.count_order_refusal(buying.id, 'second_payment_refused', present) > 1 then
      return jsonb_build_object('outcome', 'already_confirmed');
    end if;
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
  if private.order_refusals_of(buying.id) >= 20 then
    return jsonb_build_object('outcome', 'order_closed');
  end if;
  if buying.status <> 'pending' or buying.expires_at <= present then
    perform private.expire_order(buying.id, present, 'confirm');
    return jsonb_build_object('outcome', 'order_closed');
  end if;

  wait_seconds := private.caller_brake_seconds(request ->> 'caller', present);
  if wait_seconds is not null then
    return jsonb_build_object('outcome', 'too_many_attempts', 'retryAfterSeconds', wait_seconds);
  end if;

  insert into public.operations (
    id, kind, idempotency_key, key_created_at, order_id, payment_key, amount, currency,
    lease_token, lease_expires_at, next_attempt_at, created_at
  )
  select gen_random_uuid(), 'confirm',
    private.idempotency_key('confirm', count(*), buying.id, asked_key), present, buying.id, asked_key, buying.amount,
    buying.currency, token, present + lease, present, present
  from public.operations as op
  where op.order_id = buying.id and op.payment_key = asked_key and op.kind = 'confirm'
  returning * into operation;
  perform private.write_event(jsonb_build_object(
    'event', 'operation_started', 'source', 'confirm', 'orderId', buying.id, 'paymentKey', asked_key,
    'operationId', operation.id, 'amount', buying.amount, 'requestId', request ->> 'requestId'
  ));
  return jsonb_build_object('outcome', 'proceed', 'operation', private.operation_view(operation));
end;
$$;

comment on function public.begin_confirmation(jsonb) is
  'Checks paymentKey, orderId and amount against the order and, when Toss may be asked, writes the operation. Outcomes: proceed, resolve (ask Toss first: an earlier attempt got no proof), processing, confirmed, rejected, already_confirmed, operation_in_progress (of another payment, or the issue of a virtual account), amount_mismatch, payment_of_another_order, order_closed (over, or refused too often), order_not_found.';
