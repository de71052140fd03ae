-- Purpose: what a change of a payment means for its order, stock, entitlement and operation.
-- Functions: private.payment_rank, is_paid, move_order, grant_pass, settle_order, close_operations.
-- All of them are called by public.apply_payment, which holds the order's lock.

create function private.payment_rank(status text)
returns integer
language sql
immutable
set search_path = ''
as $$
  select case status
    when 'READY' then 0
    when 'IN_PROGRESS' then 1
    when 'WAITING_FOR_DEPOSIT' then 2
    when 'ABORTED' then 3
    when 'EXPIRED' then 3
    when 'DONE' then 4
    when 'PARTIAL_CANCELED' then 5
    when 'CANCELED' then 6
  end;
$$;

comment on function private.payment_rank(text) is
  'How far a payment has come in its life; null for a status this version does not know.';
revoke execute on function private.payment_rank(text) from public, anon, authenticated;

create function private.is_paid(payment public.payments)
returns boolean
language sql
immutable
set search_path = ''
as $$
  select coalesce(payment.status in ('DONE', 'PARTIAL_CANCELED') or payment.approved_at is not null, false);
$$;

comment on function private.is_paid(public.payments) is
  'Whether the money of a payment arrived, also when it has been cancelled since.';
revoke execute on function private.is_paid(public.payments) from public, anon, authenticated;

create function private.move_order(moved public.orders, new_status text, line jsonb)
returns void
language plpgsql
set search_path = ''
as $$
begin
  if moved.status = new_status then
    return;
  end if;
  update public.orders set status = new_status, updated_at = private.clock_now() where id = moved.id;
  perform private.write_event(line || jsonb_build_object(
    'event', 'order_status', 'orderId', moved.id, 'from', moved.status, 'to', new_status,
    'amount', moved.amount
  ));
end;
$$;

comment on function private.move_order(public.orders, text, jsonb) is
  'Moves an order and writes the audit line in the same breath; the only way a status changes after checkout, besides expiry.';
revoke execute on function private.move_order(public.orders, text, jsonb) from public, anon, authenticated;

create function private.grant_pass(paid public.orders)
returns void
language plpgsql
set search_path = ''
as $$
declare
  bought public.plans;
  present constant timestamptz := private.clock_now();
  start_time timestamptz;
begin
  if paid.plan_id is null or paid.user_id is null then
    return;
  end if;
  select * into bought from public.plans as p where p.id = paid.plan_id;
  -- Two passes bought at the same time must follow each other, not overlap.
  perform pg_advisory_xact_lock(hashtextextended('entitlement:' || paid.user_id || ':' || paid.plan_id, 0));
  select greatest(present, max(e.ends_at)) into start_time
  from public.entitlements as e
  where e.user_id = paid.user_id and e.plan_id = paid.plan_id and e.revoked_at is null
    and e.order_id is distinct from paid.id;
  insert into public.entitlements (user_id, plan_id, source, order_id, starts_at, ends_at, created_at)
  values (
    paid.user_id, paid.plan_id, 'order', paid.id, start_time,
    private.period_boundary(start_time, bought.interval, bought.interval_count, 1), present
  )
  on conflict (order_id) do update set revoked_at = null;
end;
$$;

comment on function private.grant_pass(public.orders) is
  'Gives the buyer of a one-time pass its period; a pass bought while another runs begins when that one ends.';
revoke execute on function private.grant_pass(public.orders) from public, anon, authenticated;

create function private.settle_order(settled_order_id text, moved_payment_key text, line jsonb)
returns void
language plpgsql
set search_path = ''
as $$
declare
  settled public.orders;
  payment public.payments;
  target text;
begin
  select * into settled from public.orders as o where o.id = settled_order_id;
  select * into payment from public.payments as p where p.payment_key = moved_payment_key;

  if settled.payment_key is distinct from payment.payment_key
    and settled.status in ('paid', 'partially_refunded', 'refunded', 'waiting_for_deposit')
  then
    -- Money for an order that another payment already pays. The row stays, invariant_violations()
    -- names it until one of the two is refunded; the order is not touched.
    if private.is_paid(payment) and payment.balance_amount > 0 then
      perform private.write_event(line || jsonb_build_object(
        'event', 'second_payment', 'orderId', settled.id, 'amount', payment.balance_amount
      ));
    end if;
    return;
  end if;

  target := case
    when payment.status = 'WAITING_FOR_DEPOSIT' then 'waiting_for_deposit'
    when private.is_paid(payment) and payment.balance_amount = 0 then 'refunded'
    when private.is_paid(payment) and payment.balance_amount < payment.total_amount
      then 'partially_refunded'
    when private.is_paid(payment) then 'paid'
    -- Cancelled before the deposit arrived: given up, not refunded; also when nobody told us that it waited.
    when payment.status = 'CANCELED' and settled.status in ('pending', 'waiting_for_deposit') then 'canceled'
    when payment.status in ('ABORTED', 'EXPIRED') and settled.status = 'waiting_for_deposit' then 'expired'
  end;
  if target is null or target = settled.status then
    return;
  end if;

  update public.orders set payment_key = payment.payment_key where id = settled.id;
  if settled.status in ('expired', 'canceled', 'failed') and target <> 'refunded' then
    -- Toss took the money although the order was given up here: honour it, take the stock again if
    -- there is any, and leave a line that says so.
    perform private.write_event(line || jsonb_build_object(
      'event', 'late_payment', 'orderId', settled.id, 'from', settled.status, 'amount', payment.total_amount,
      'detail', jsonb_build_object('shortProductId', private.reserve_stock(settled.id))
    ));
  end if;
  perform private.move_order(settled, target, line);

  if target in ('paid', 'partially_refunded') then
    perform private.grant_pass(settled);
  else
    update public.entitlements as e set revoked_at = private.clock_now()
    where e.order_id = settled.id and e.revoked_at is null;
  end if;
  if target in ('refunded', 'canceled', 'expired') then
    perform private.release_stock(settled.id);
  end if;
end;
$$;

comment on function private.settle_order(text, text, jsonb) is
  'Brings an order, its stock and its entitlement to what one of its payments now says.';
revoke execute on function private.settle_order(text, text, jsonb) from public, anon, authenticated;

create function private.close_operations(payment public.payments, line jsonb)
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
      error_code = case when is_success then null
        else coalesce(payment.failure_code, payment.status || '_PAYMENT') end,
      error_message = case when is_success then null else payment.failure_message end
    where op.order_id = payment.order_id and op.payment_key = payment.payment_key
      and op.kind = 'confirm' and op.state in ('started', 'unknown')
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
  'Ends the open confirm of a payment whose row now proves how it went.';
revoke execute on function private.close_operations(public.payments, jsonb) from public, anon, authenticated;
