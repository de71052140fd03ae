-- Purpose: what a change of a payment means for its order, stock, entitlement and operation.
-- Functions: private.payment_rank, is_paid, move_order, place_passes, set_pass, settle_order, close_operations.
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

create function private.place_passes(owner_id uuid, owned_plan_id text)
returns void
language plpgsql
set search_path = ''
as $$
declare
  pass record;
  next_start timestamptz := private.clock_now();
begin
  -- Passes follow each other: none overlaps another, and none waits for one that was taken back.
  for pass in
    select e.id, e.starts_at, e.ends_at, o.plan_interval, o.plan_interval_count
    from public.entitlements as e
    join public.orders as o on o.id = e.order_id
    where e.user_id = owner_id and e.plan_id = owned_plan_id and e.revoked_at is null
      and e.ends_at > next_start
    order by e.starts_at, e.created_at
  loop
    -- One that has begun keeps its days; the others begin where the one before them ends.
    if pass.starts_at > private.clock_now() or pass.starts_at < next_start and next_start > private.clock_now() then
      update public.entitlements as e
      set starts_at = next_start,
        ends_at = private.period_boundary(next_start, pass.plan_interval, pass.plan_interval_count, 1)
      where e.id = pass.id and e.starts_at <> next_start;
      pass.ends_at := private.period_boundary(next_start, pass.plan_interval, pass.plan_interval_count, 1);
    end if;
    next_start := greatest(next_start, pass.ends_at);
  end loop;
end;
$$;

comment on function private.place_passes(uuid, text) is
  'Lines up the passes of one user and plan that are still to be used.';
revoke execute on function private.place_passes(uuid, text) from public, anon, authenticated;

create function private.set_pass(bought public.orders, is_granted boolean)
returns void
language plpgsql
set search_path = ''
as $$
declare
  present constant timestamptz := private.clock_now();
begin
  if bought.plan_id is null or bought.user_id is null then
    return;
  end if;
  -- Two passes bought at the same time must follow each other, not overlap.
  perform pg_advisory_xact_lock(hashtextextended('entitlement:' || bought.user_id || ':' || bought.plan_id, 0));
  if is_granted then
    insert into public.entitlements as e (user_id, plan_id, source, order_id, starts_at, ends_at, created_at)
    values (
      bought.user_id, bought.plan_id, 'order', bought.id, present,
      private.period_boundary(present, bought.plan_interval, bought.plan_interval_count, 1), present
    )
    on conflict (order_id) do update
      set revoked_at = null, starts_at = excluded.starts_at, ends_at = excluded.ends_at,
        created_at = excluded.created_at
      where e.revoked_at is not null;
  else
    update public.entitlements as e set revoked_at = present
    where e.order_id = bought.id and e.revoked_at is null;
  end if;
  perform private.place_passes(bought.user_id, bought.plan_id);
end;
$$;

comment on function private.set_pass(public.orders, boolean) is
  'Gives or takes the pass that an order bought; a pass bought while another runs begins when that one ends.';
revoke execute on function private.set_pass(public.orders, boolean) from public, anon, authenticated;

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
    -- Toss keeps the status after the deadline and only marks the account as expired.
    when payment.status = 'WAITING_FOR_DEPOSIT' and exists (
      select 1 from private.payment_details as d
      where d.payment_key = payment.payment_key and (d.virtual_account ->> 'expired')::boolean
    ) then 'expired'
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
  if settled.status in ('expired', 'canceled', 'failed', 'refunded') and target not in ('refunded', 'expired', 'canceled')
  then
    -- Toss holds the money although the order was given up here, or although its refund was on its way and
    -- did not come about: honour it, take the stock again if there is any, and leave a line that says so.
    perform private.write_event(line || jsonb_build_object(
      'event', 'late_payment', 'orderId', settled.id, 'from', settled.status, 'amount', payment.total_amount,
      'detail', jsonb_build_object('shortProductId', private.reserve_stock(settled.id))
    ));
  end if;
  perform private.move_order(settled, target, line);

  perform private.set_pass(settled, target in ('paid', 'partially_refunded'));
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
