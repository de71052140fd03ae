-- Purpose: who was never told of a payment while its money was here learns of the refund instead, every time.
-- Column: payments.told_at; functions: private.told_payment, public.reject_operation (calls it).
-- Risk: payments that are here already count as told, as confirm has answered them until now.

alter table public.payments add column told_at timestamptz;
comment on column public.payments.told_at is
  'When confirm first answered that it is paid; null while nobody was told. After a full refund whoever was told hears the same again, anybody else that it was given back.';
update public.payments as p set told_at = p.created_at where private.is_paid(p);

create function private.told_payment(told_payment_key text, source text)
returns jsonb
language plpgsql
volatile
set search_path = ''
as $$
declare
  told public.payments;
begin
  select * into told from public.payments as p where p.payment_key = told_payment_key;
  if private.is_paid(told) and told.told_at is null then
    if told.balance_amount = 0 then
      return jsonb_build_object('outcome', 'rejected', 'errorCode', 'CANCELED_PAYMENT');
    end if;
    if source = 'confirm' then
      update public.payments as p set told_at = private.clock_now() where p.payment_key = told_payment_key;
    end if;
  end if;
  return jsonb_build_object('outcome', 'confirmed', 'payment', private.payment_view(told_payment_key));
end;
$$;

comment on function private.told_payment(text, text) is
  'What is answered about a payment that succeeded. Money that went back before anybody was told must not look like a fresh payment to whoever ships on it. The caller holds the order.';
revoke execute on function private.told_payment(text, text) from public, anon, authenticated;

create or replace function public.reject_operation(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  operation public.operations;
  known public.payments;
  line jsonb;
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
  if operation.state = 'succeeded' or private.is_paid(known) or known.status = 'WAITING_FOR_DEPOSIT' then
    return private.told_payment(operation.payment_key, request ->> 'source');
  end if;
  if operation.state = 'rejected' then
    return jsonb_build_object('outcome', 'rejected', 'errorCode', operation.error_code);
  end if;

  -- Whoever took over after the lease had passed may be asking Toss at this moment.
  if operation.lease_token <> (request ->> 'leaseToken')::uuid then
    return jsonb_build_object('outcome', 'unknown');
  end if;

  line := jsonb_build_object(
    'source', request ->> 'source', 'orderId', operation.order_id, 'paymentKey', operation.payment_key,
    'operationId', operation.id, 'requestId', request ->> 'requestId'
  );
  update public.operations as op
  set state = 'rejected', finished_at = private.clock_now(), error_code = request ->> 'errorCode',
    error_message = left(request ->> 'errorMessage', 510), is_final = (request ->> 'isFinal')::boolean
  where op.id = operation.id;
  perform private.write_event(line || jsonb_build_object(
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
      private.clock_now(), private.clock_now()
    from public.orders as o
    where o.id = operation.order_id
    on conflict (payment_key) do update set
      status = excluded.status, failure_code = excluded.failure_code,
      failure_message = excluded.failure_message, applied_at = excluded.applied_at
      where private.payment_rank(p.status) < private.payment_rank(excluded.status);
    if found then
      perform private.write_event(line || jsonb_build_object(
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
