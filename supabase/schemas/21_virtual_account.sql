-- Issuing a virtual account, and its deposit's deadline.

create function toss_private.account_parameters(buying public.orders, request jsonb)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return jsonb_strip_nulls(jsonb_build_object(
    'bank', request ->> 'bank', 'customerName', request ->> 'customerName',
    'validHours', (request ->> 'validHours')::integer, 'escrow', request -> 'escrow',
    'escrowProducts', case when (request ->> 'escrow')::boolean then coalesce(request -> 'escrowProducts', (
      select jsonb_agg(jsonb_build_object(
        'id', i.position::text, 'name', left(i.name, 100), 'code', coalesce(i.product_id, i.position::text),
        'unitPrice', i.unit_price, 'quantity', i.quantity
      ) order by i.position)
      from public.order_items as i where i.order_id = buying.id
    )) end,
    'customerEmail', request ->> 'customerEmail', 'customerMobilePhone', request ->> 'customerMobilePhone',
    'cashReceiptType', request ->> 'cashReceiptType'
  ));
end;
$$;

comment on function toss_private.account_parameters(public.orders, jsonb) is
  'What an account is asked for with; under escrow the order''s own lines are named unless others are.';

create function public.begin_virtual_account(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  token constant uuid := (request ->> 'leaseToken')::uuid;
  lease constant interval := make_interval(secs => (request ->> 'leaseSeconds')::double precision);
  present timestamptz;
  buying public.orders;
  operation public.operations;
  waiting public.payments;
begin
  perform toss_private.require_real_time(request ->> 'mode');

  select * into buying from public.orders as o where o.id = request ->> 'orderId' for update;
  -- A guest's order belongs to whoever holds its id, a user's to that user alone.
  if not found or (buying.user_id is not null and buying.user_id::text is distinct from request ->> 'userId') then
    return jsonb_build_object('outcome', 'order_not_found');
  end if;
  present := toss_private.clock_now();

  select * into operation from public.operations as op
  where op.order_id = buying.id and op.kind in ('confirm', 'virtual_account') and op.state in ('started', 'unknown')
  for update;
  if found then
    if operation.kind = 'confirm' then
      return jsonb_build_object('outcome', 'operation_in_progress');
    end if;
    -- The network delivered this very request twice (Deno's fetch may do so): same answer again.
    if operation.lease_token = token then
      return jsonb_build_object('outcome', 'proceed', 'operation', toss_private.operation_view(operation));
    end if;
    if operation.lease_expires_at > present or operation.next_attempt_at > present then
      return jsonb_build_object('outcome', 'processing');
    end if;
    update public.operations as op
    set state = 'unknown', lease_token = token, lease_expires_at = present + lease, attempts = op.attempts + 1
    where op.id = operation.id
    returning * into operation;
    return jsonb_build_object('outcome', 'resolve', 'operation', toss_private.operation_view(operation));
  end if;

  if buying.status = 'waiting_for_deposit' then
    select * into waiting from public.payments as p where p.payment_key = buying.payment_key;
    -- Toss tells nobody of a deadline; the worker asks soon.
    if toss_private.deposit_deadline(waiting) <= present then
      return jsonb_build_object('outcome', 'order_closed');
    end if;
    return jsonb_build_object('outcome', 'issued', 'payment', toss_private.payment_view(waiting));
  end if;
  if buying.status in ('paid', 'partially_refunded', 'refunded') then
    return jsonb_build_object('outcome', 'already_confirmed');
  end if;
  -- No buyer is refused this often; whoever tries on spends a quota that others need.
  if toss_private.order_refusals_of(buying.id) >= 20 then
    return jsonb_build_object('outcome', 'order_closed');
  end if;
  if buying.status <> 'pending' or buying.expires_at <= present then
    perform toss_private.expire_order(buying.id, present, 'virtual_account');
    return jsonb_build_object('outcome', 'order_closed');
  end if;

  -- An account is none of the widget's, and Toss is asked about all payments of an order with one pair.
  if not toss_private.has_payment_begun(buying.id) then
    update public.orders as o
    set toss_keys = 'main', toss_client_key = request ->> 'tossClientKey', updated_at = present
    where o.id = buying.id
      and (o.toss_keys, o.toss_client_key) is distinct from ('main', request ->> 'tossClientKey');
  elsif buying.toss_keys <> 'main' then
    return jsonb_build_object('outcome', 'other_keys');
  end if;

  insert into public.operations (
    id, kind, idempotency_key, key_created_at, order_id, amount, currency, parameters,
    lease_token, lease_expires_at, next_attempt_at, created_at
  )
  select coalesce((request ->> 'operationId')::uuid, gen_random_uuid()), 'virtual_account',
    toss_private.idempotency_key('virtual_account', count(*), buying.id), present, buying.id, buying.amount,
    buying.currency, toss_private.account_parameters(buying, request), token, present + lease, present, present
  from public.operations as op
  where op.order_id = buying.id and op.kind = 'virtual_account'
  returning * into operation;
  if request ? 'secret' then
    insert into toss_private.operation_secrets (operation_id, key_id, ciphertext)
    values (operation.id, request -> 'secret' ->> 'keyId', request -> 'secret' ->> 'ciphertext');
  end if;
  perform toss_private.write_event(jsonb_build_object(
    'event', 'operation_started', 'source', 'virtual_account', 'orderId', buying.id, 'operationId', operation.id,
    'amount', buying.amount, 'requestId', request ->> 'requestId'
  ));
  return jsonb_build_object('outcome', 'proceed', 'operation', toss_private.operation_view(operation));
end;
$$;

comment on function public.begin_virtual_account(jsonb) is
  'Checks whether an order may get a virtual account and, when Toss may be asked, writes the operation. An order has one account at most: a repeat gets the same. Outcomes: proceed, resolve (ask Toss first: an earlier attempt got no proof), processing, issued, already_confirmed, operation_in_progress, other_keys (a payment has begun with the widget''s keys), order_closed, order_not_found.';

create function toss_private.deposit_deadline(payment public.payments)
returns timestamptz
language plpgsql
stable
set search_path = ''
as $$
begin
  -- Toss's own; else the hours that we asked for; else those that Toss gives by itself (validHours).
  return coalesce(
    (
      select (d.virtual_account ->> 'dueDate')::timestamptz from toss_private.payment_details as d
      where d.payment_key = payment.payment_key
    ),
    (
      -- Toss counts them from its issue, which a repeat makes long after the operation was begun.
      select coalesce(payment.requested_at, op.created_at)
        + make_interval(hours => (op.parameters ->> 'validHours')::integer)
      from public.operations as op
      where op.order_id = payment.order_id and op.kind = 'virtual_account' and op.state <> 'rejected'
        and coalesce(op.payment_key, payment.payment_key) = payment.payment_key
      order by op.created_at
      limit 1
    ),
    coalesce(payment.requested_at, payment.created_at) + interval '168 hours'
  );
end;
$$;

comment on function toss_private.deposit_deadline(public.payments) is
  'Until when a deposit is waited for: as Toss says, else as was asked for, else after seven days.';

create function toss_private.deposit_is_over(payment public.payments, asked_time timestamptz)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  -- Half an hour for a transfer made in the last minute, and for clocks that differ.
  return exists (
    select 1 from toss_private.payment_details as d
    where d.payment_key = payment.payment_key and d.virtual_account ->> 'expired' = 'true'
  ) or coalesce(asked_time >= toss_private.deposit_deadline(payment) + interval '30 minutes', false);
end;
$$;

comment on function toss_private.deposit_is_over(public.payments, timestamptz) is
  'Whether an answer of Toss about an account that still waits was its last word: it calls the account expired, or was asked half an hour after the deadline.';

create function toss_private.note_far_deadline(
  known public.payments, stored public.payments, deposit_hours jsonb, audit jsonb
)
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  longest constant integer := (
    deposit_hours ->> case when stored.user_id is null then 'guest' else 'user' end
  )::integer;
  due_at timestamptz;
begin
  if longest is null or stored.status <> 'WAITING_FOR_DEPOSIT' or known.status = 'WAITING_FOR_DEPOSIT' then
    return;
  end if;
  due_at := toss_private.deposit_deadline(stored);
  -- An hour for the time between the issue and its confirm, and for clocks that differ. What was issued here was
  -- judged when it was asked for, and a deposit that a bank took back has been waited for already.
  if due_at <= toss_private.clock_now() + make_interval(hours => longest + 1) or known.status = 'DONE'
    or exists (
      select 1 from public.operations as op
      where op.order_id = stored.order_id and op.kind = 'virtual_account' and op.state <> 'rejected'
    )
  then
    return;
  end if;
  perform toss_private.write_event(audit || jsonb_build_object(
    'event', 'deadline_far', 'amount', stored.total_amount,
    'detail', jsonb_build_object('dueAt', due_at, 'longestHours', longest)
  ));
end;
$$;

comment on function toss_private.note_far_deadline(public.payments, public.payments, jsonb, jsonb) is
  'Notes that the payment window issued an account with a later deadline than the shop allows; the account stands, because its buyer has the number.';

create function toss_private.announce_expired_account(
  ended public.orders, payment public.payments, audit jsonb
)
returns void
language plpgsql
set search_path = ''
as $$
begin
  perform toss_private.write_outbox_event(jsonb_build_object(
    'eventType', 'virtual_account.expired', 'subject', ended.id, 'payload', jsonb_strip_nulls(jsonb_build_object(
      'orderId', ended.id, 'paymentKey', payment.payment_key, 'userId', ended.user_id, 'amount', ended.amount,
      'currency', ended.currency, 'source', audit ->> 'source', 'orderStatus', 'expired',
      'dueDate', toss_private.deposit_deadline(payment)
    ))
  ));
end;
$$;

comment on function toss_private.announce_expired_account(public.orders, public.payments, jsonb) is
  'Writes the outbox event of a deposit that did not come.';
