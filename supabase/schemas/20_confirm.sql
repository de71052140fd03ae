-- Confirming a payment, and what becomes of an order that nobody pays.

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
  wait_seconds integer;
  refusals bigint;
  has_begun boolean;
begin
  perform toss_private.require_real_time(request ->> 'mode');
  select * into buying from public.orders as o where o.id = request ->> 'orderId' for update;
  if not found then
    return jsonb_build_object('outcome', 'order_not_found');
  end if;
  present := toss_private.clock_now();
  refusals := toss_private.order_refusals_of(buying.id);
  has_begun := exists (select 1 from public.operations as op where op.order_id = buying.id);

  -- Whoever tries amounts learns no more by it, not even when one is right; only who brings the order's own payment
  -- does.
  if buying.payment_key is distinct from asked_key and refusals >= 20 and not exists (
    select 1 from public.operations as op
    where op.order_id = buying.id and op.payment_key = asked_key
  ) then
    return jsonb_build_object('outcome', 'order_closed');
  end if;
  if asked_amount <> buying.amount then
    if refusals >= 20 then
      return jsonb_build_object('outcome', 'order_closed');
    end if;
    -- One line and a count: the log is one that nobody may delete from.
    if toss_private.count_order_refusal(buying.id, 'amount_mismatch', present) = 1 then
      perform toss_private.write_event(jsonb_build_object(
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
    return toss_private.told_payment(asked_key, 'confirm');
  end if;

  if has_begun then
    select * into operation from public.operations as op
    where op.order_id = buying.id and op.kind in ('confirm', 'virtual_account') and op.state in ('started', 'unknown')
    for update;
  end if;
  if operation.id is not null then
    if operation.kind <> 'confirm' or operation.payment_key <> asked_key then
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
    set state = 'unknown', lease_token = token, lease_expires_at = present + lease,
      attempts = op.attempts + 1
    where op.id = operation.id
    returning * into operation;
    return jsonb_build_object('outcome', 'resolve', 'operation', toss_private.operation_view(operation));
  end if;

  if has_begun then
    select * into operation from public.operations as op
    where op.order_id = buying.id and op.payment_key = asked_key and op.kind = 'confirm' and op.state = 'rejected'
      and op.is_final
    order by op.created_at desc
    limit 1;
  end if;
  if operation.id is not null then
    return jsonb_build_object(
      'outcome', 'rejected', 'errorCode', operation.error_code, 'errorMessage', operation.error_message
    );
  end if;

  if buying.status in ('paid', 'partially_refunded', 'refunded', 'waiting_for_deposit') then
    if toss_private.count_order_refusal(buying.id, 'second_payment_refused', present) > 1 then
      return jsonb_build_object('outcome', 'already_confirmed');
    end if;
    perform toss_private.write_event(jsonb_build_object(
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
  if refusals >= 20 then
    return jsonb_build_object('outcome', 'order_closed');
  end if;
  if buying.status <> 'pending' or buying.expires_at <= present then
    perform toss_private.expire_order(buying.id, present, 'confirm');
    return jsonb_build_object('outcome', 'order_closed');
  end if;

  wait_seconds := toss_private.caller_brake_seconds(request ->> 'caller', present);
  if wait_seconds is not null then
    return jsonb_build_object('outcome', 'too_many_attempts', 'retryAfterSeconds', wait_seconds);
  end if;

  insert into public.operations (
    id, kind, idempotency_key, key_created_at, order_id, payment_key, amount, currency,
    lease_token, lease_expires_at, next_attempt_at, created_at
  )
  select gen_random_uuid(), 'confirm',
    toss_private.idempotency_key('confirm', count(*), buying.id, asked_key), present, buying.id, asked_key, buying.amount,
    buying.currency, token, present + lease, present, present
  from public.operations as op
  where op.order_id = buying.id and op.payment_key = asked_key and op.kind = 'confirm'
  returning * into operation;
  perform toss_private.write_event(jsonb_build_object(
    'event', 'operation_started', 'source', 'confirm', 'orderId', buying.id, 'paymentKey', asked_key,
    'operationId', operation.id, 'amount', buying.amount, 'requestId', request ->> 'requestId'
  ));
  return jsonb_build_object('outcome', 'proceed', 'operation', toss_private.operation_view(operation));
end;
$$;

comment on function public.begin_confirmation(jsonb) is
  'Checks paymentKey, orderId and amount against the order and, when Toss may be asked, writes the operation. Outcomes: proceed, resolve (ask Toss first: an earlier attempt got no proof), processing, confirmed, rejected, already_confirmed, operation_in_progress, amount_mismatch, payment_of_another_order, order_closed, order_not_found, too_many_attempts (retryAfterSeconds: the caller brings payments that Toss does not know).';

create function toss_private.expire_order(expiring_order_id text, at timestamptz, event_source text)
returns boolean
language plpgsql
set search_path = ''
as $$
declare
  expiring public.orders;
begin
  select * into expiring from public.orders as o where o.id = expiring_order_id for update;
  if not found or expiring.status <> 'pending' or expiring.expires_at > at then
    return false;
  end if;
  -- An open operation may still turn out to be a payment.
  if exists (
    select 1 from public.operations as op
    where op.order_id = expiring.id and op.state in ('started', 'unknown')
  ) then
    return false;
  end if;

  update public.orders set status = 'expired', updated_at = toss_private.clock_now() where id = expiring.id;
  perform toss_private.release_stock(expiring.id);
  perform toss_private.write_event(jsonb_build_object(
    'event', 'order_status', 'source', event_source, 'orderId', expiring.id,
    'from', expiring.status, 'to', 'expired', 'amount', expiring.amount
  ));
  return true;
end;
$$;

comment on function toss_private.expire_order(text, timestamptz, text) is
  'Gives up a pending order whose time has passed at the given time and returns its stock. False when there was nothing to do or an operation is open.';

create function toss_private.expire_overdue_orders(overdue_order_ids text[], at timestamptz, event_source text)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  overdue_order_id text;
  expired_count integer := 0;
begin
  perform toss_private.lock_products(toss_private.products_of(overdue_order_ids));
  foreach overdue_order_id in array overdue_order_ids loop
    expired_count := expired_count + toss_private.expire_order(overdue_order_id, at, event_source)::integer;
  end loop;
  return expired_count;
end;
$$;

comment on function toss_private.expire_overdue_orders(text[], timestamptz, text) is
  'Gives up several orders whose rows the caller has locked; how many it was.';

create function public.expire_orders(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  due_time constant timestamptz := coalesce((request ->> 'asOf')::timestamptz, toss_private.clock_now());
  overdue_order_ids text[];
  expired_count integer;
begin
  with overdue as (
    select o.id
    from public.orders as o
    where o.status = 'pending' and o.expires_at <= due_time
      and not exists (
        select 1 from public.operations as op
        where op.order_id = o.id and op.state in ('started', 'unknown')
      )
    order by o.expires_at
    limit (request ->> 'limit')::integer
    for update of o skip locked
  )
  select array_agg(overdue.id) into overdue_order_ids from overdue;
  expired_count := toss_private.expire_overdue_orders(coalesce(overdue_order_ids, '{}'), due_time, 'expiry');

  -- A statement of its own: the one that gives them up does not see it yet.
  return jsonb_build_object('expired', expired_count, 'remaining', (
    select count(*) from public.orders as o where o.status = 'pending' and o.expires_at <= due_time
      and not exists (
        select 1 from public.operations as op
        where op.order_id = o.id and op.state in ('started', 'unknown')
      )
  ));
end;
$$;

comment on function public.expire_orders(jsonb) is
  'Gives up pending orders whose time has passed and returns their stock; never while an operation of the order is open. Says how many remain.';

create function toss_private.free_overdue_stock(wanting_order_id text)
returns void
language plpgsql
set search_path = ''
as $$
declare
  present constant timestamptz := toss_private.clock_now();
  short_product_ids text[];
  missing bigint[];
  overdue_order_ids text[] := '{}';
  overdue_order_id text;
begin
  select array_agg(i.product_id order by i.product_id), array_agg(i.quantity - p.stock order by i.product_id)
  into short_product_ids, missing
  from public.order_items as i
  join public.products as p on p.id = i.product_id
  where i.order_id = wanting_order_id and i.takes_stock and p.stock < i.quantity;
  if short_product_ids is null then
    return;
  end if;

  for overdue_order_id in
    select o.id
    from public.orders as o
    where o.status = 'pending' and o.expires_at <= present
      and exists (
        select 1 from public.order_items as i
        where i.order_id = o.id and i.takes_stock and i.product_id = any (short_product_ids)
      )
      -- An open operation may still turn out to be a payment.
      and not exists (
        select 1 from public.operations as op where op.order_id = o.id and op.state in ('started', 'unknown')
      )
    order by o.expires_at
    for update of o skip locked
  loop
    overdue_order_ids := overdue_order_ids || overdue_order_id;
    select array_agg(m.still - coalesce(i.quantity, 0) order by m.product_id) into missing
    from unnest(short_product_ids, missing) as m (product_id, still)
    left join public.order_items as i
      on i.order_id = overdue_order_id and i.takes_stock and i.product_id = m.product_id;
    -- Some more than are missing, because others take from the same stock at this moment.
    exit when cardinality(overdue_order_ids) >= 50 and 0 >= all (missing);
  end loop;
  -- All products of all these orders at once, so that two checkouts cannot take them in crossing order.
  perform toss_private.lock_products(toss_private.products_of(overdue_order_ids || wanting_order_id));
  perform toss_private.expire_overdue_orders(overdue_order_ids, present, 'checkout');
end;
$$;

comment on function toss_private.free_overdue_stock(text) is
  'Lets a buyer have stock that only overdue orders still hold, without waiting for the expiry job.';
