-- Purpose: the one door. Everything Toss says about a payment enters here, under the order's lock.
-- Functions: private.payment_rank, private.settle_order, private.close_operations, public.apply_payment.

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
    -- Cancelled before the deposit arrived: given up, not refunded.
    when payment.status = 'CANCELED' and settled.status = 'waiting_for_deposit' then 'canceled'
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

create function private.record_cancels(payment public.payments, cancels jsonb, line jsonb)
returns void
language plpgsql
set search_path = ''
as $$
declare
  cancel record;
begin
  for cancel in
    select * from jsonb_to_recordset(cancels) as c (
      "transactionKey" text, "cancelAmount" bigint, "cancelReason" text,
      "cancelStatus" text, "canceledAt" timestamptz
    )
  loop
    insert into public.payment_cancels as k
      (transaction_key, payment_key, amount, reason, status, canceled_at, created_at)
    values (
      cancel."transactionKey", payment.payment_key, cancel."cancelAmount", cancel."cancelReason",
      coalesce(cancel."cancelStatus", 'DONE'), cancel."canceledAt", private.clock_now()
    )
    -- An asynchronous cancel only ever leaves IN_PROGRESS; an older answer must not put it back.
    on conflict (transaction_key) do update
      set status = excluded.status, canceled_at = excluded.canceled_at
      where k.payment_key = excluded.payment_key and k.status = 'IN_PROGRESS'
        and excluded.status <> 'IN_PROGRESS';
    if found then
      perform private.write_event(line || jsonb_build_object(
        'event', 'payment_cancel', 'amount', cancel."cancelAmount",
        'to', coalesce(cancel."cancelStatus", 'DONE'),
        'detail', jsonb_build_object('transactionKey', cancel."transactionKey", 'reason', cancel."cancelReason")
      ));
    end if;
  end loop;
end;
$$;

comment on function private.record_cancels(public.payments, jsonb, jsonb) is
  'Adds the cancels of an answer to the refund ledger; each transactionKey once.';
revoke execute on function private.record_cancels(public.payments, jsonb, jsonb) from public, anon, authenticated;

create function private.is_news(known public.payments, answer jsonb, asked_time timestamptz)
returns boolean
language sql
stable
set search_path = ''
as $$
  -- Never by a timestamp of the payload: several states can share a second. Cancels only add up, and a
  -- payment only moves on, except that a bank can take a deposit back. Around such a reversal the
  -- status alone says nothing, so both directions need an answer to a question asked afterwards.
  select case
    when known.payment_key is null then true
    when (known.status = 'DONE' and answer ->> 'status' = 'WAITING_FOR_DEPOSIT')
      or (known.status = 'WAITING_FOR_DEPOSIT' and known.reversed_at is not null
        and answer ->> 'status' = 'DONE')
      then coalesce(asked_time > known.applied_at, false)
    else (
      select (coalesce(sum((c.value ->> 'cancelAmount')::bigint), 0), private.payment_rank(answer ->> 'status'))
      from jsonb_array_elements(coalesce(answer -> 'cancels', '[]')) as c
      where c.value ->> 'cancelStatus' is distinct from 'ABORTED'
    ) > (
      select (coalesce(sum(k.amount), 0), private.payment_rank(known.status))
      from public.payment_cancels as k
      where k.payment_key = known.payment_key and k.status <> 'ABORTED'
    )
  end;
$$;

comment on function private.is_news(public.payments, jsonb, timestamptz) is
  'Whether an answer of Toss is newer than what is stored; see docs/architecture.md.';
revoke execute on function private.is_news(public.payments, jsonb, timestamptz)
  from public, anon, authenticated;

create function public.apply_payment(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  answer constant jsonb := request -> 'payment';
  answer_key constant text := answer ->> 'paymentKey';
  asked_time constant timestamptz := (request ->> 'askedAt')::timestamptz;
  line jsonb;
  paying public.orders;
  known public.payments;
  stored public.payments;
begin
  select * into paying from public.orders as o where o.id = answer ->> 'orderId' for update;
  if not found then
    return jsonb_build_object('outcome', 'order_not_found');
  end if;
  line := jsonb_build_object(
    'source', request ->> 'source', 'paymentKey', answer_key, 'orderId', paying.id,
    'operationId', request ->> 'operationId', 'requestId', request ->> 'requestId'
  );
  select * into known from public.payments as p where p.payment_key = answer_key;

  -- Toss is believed only about this order, this amount and this currency.
  if (answer ->> 'totalAmount')::numeric <> paying.amount or answer ->> 'currency' <> paying.currency
    or (known.payment_key is not null and known.order_id <> paying.id)
  then
    perform private.write_event(line || jsonb_build_object(
      'event', 'answer_mismatch', 'to', answer ->> 'status',
      'detail', jsonb_build_object(
        'totalAmount', answer -> 'totalAmount', 'currency', answer -> 'currency',
        'orderAmount', paying.amount, 'orderCurrency', paying.currency
      )
    ));
    return jsonb_build_object('outcome', 'mismatch');
  end if;
  if private.payment_rank(answer ->> 'status') is null then
    perform private.write_event(line || jsonb_build_object(
      'event', 'unknown_status', 'detail', jsonb_build_object('status', left(answer ->> 'status', 50))
    ));
    return jsonb_build_object('outcome', 'unknown_status');
  end if;

  if private.is_news(known, answer, asked_time) then
    insert into public.payments as p (
      payment_key, order_id, user_id, status, method, total_amount, balance_amount, currency,
      requested_at, approved_at, canceled_at, failure_code, failure_message, receipt_url,
      applied_at, created_at
    ) values (
      answer_key, paying.id, paying.user_id, answer ->> 'status', answer ->> 'method',
      (answer ->> 'totalAmount')::bigint, (answer ->> 'balanceAmount')::bigint, answer ->> 'currency',
      (answer ->> 'requestedAt')::timestamptz, (answer ->> 'approvedAt')::timestamptz,
      (answer ->> 'canceledAt')::timestamptz, answer ->> 'failureCode', answer ->> 'failureMessage',
      answer ->> 'receiptUrl', private.clock_now(), private.clock_now()
    )
    on conflict (payment_key) do update set
      status = excluded.status,
      method = coalesce(excluded.method, p.method),
      balance_amount = excluded.balance_amount,
      requested_at = coalesce(excluded.requested_at, p.requested_at),
      approved_at = excluded.approved_at,
      canceled_at = excluded.canceled_at,
      failure_code = excluded.failure_code,
      failure_message = excluded.failure_message,
      receipt_url = coalesce(excluded.receipt_url, p.receipt_url),
      reversed_at = case
        when p.status = 'DONE' and excluded.status = 'WAITING_FOR_DEPOSIT' then private.clock_now()
        else p.reversed_at end,
      applied_at = excluded.applied_at
    returning * into stored;

    if known.status is distinct from stored.status then
      perform private.write_event(line || jsonb_build_object(
        'event', 'payment_status', 'from', known.status, 'to', stored.status, 'amount', stored.total_amount
      ));
    end if;
    perform private.record_cancels(stored, coalesce(answer -> 'cancels', '[]'), line);
    perform private.settle_order(paying.id, answer_key, line);
  else
    stored := known;
    perform private.record_cancels(stored, coalesce(answer -> 'cancels', '[]'), line);
    -- Answers that say the same again also refresh the time, so that older ones stay older.
    update public.payments as p set applied_at = private.clock_now()
    where p.payment_key = answer_key and p.status = answer ->> 'status'
      and p.balance_amount = (answer ->> 'balanceAmount')::bigint and asked_time > p.applied_at;
  end if;

  if answer ? 'secretDigest' or answer ? 'virtualAccount' then
    insert into private.payment_details as d (payment_key, secret_digest, virtual_account)
    values (answer_key, answer ->> 'secretDigest', answer -> 'virtualAccount')
    on conflict (payment_key) do update set
      secret_digest = coalesce(d.secret_digest, excluded.secret_digest),
      virtual_account = coalesce(d.virtual_account, excluded.virtual_account);
  end if;
  perform private.close_operations(stored, line);
  return jsonb_build_object(
    'outcome', case
      when private.is_paid(stored) or stored.status = 'WAITING_FOR_DEPOSIT' then 'confirmed'
      when stored.status in ('ABORTED', 'EXPIRED', 'CANCELED') then 'rejected'
      else 'pending' end,
    'payment', private.payment_view(answer_key),
    'paymentStatus', stored.status,
    'orderStatus', (select o.status from public.orders as o where o.id = paying.id),
    'paysOrder', (select o.payment_key is not distinct from answer_key from public.orders as o where o.id = paying.id),
    'errorCode', case when stored.status in ('ABORTED', 'EXPIRED', 'CANCELED')
      then coalesce(stored.failure_code, stored.status || '_PAYMENT') end,
    'errorMessage', stored.failure_message
  );
end;
$$;

comment on function public.apply_payment(jsonb) is
  'Applies one answer of Toss about a payment: payment, cancels, order, stock, entitlement, operation and audit in one transaction. Idempotent, and indifferent to the order in which answers arrive. Outcomes: confirmed, rejected, pending, mismatch, unknown_status, order_not_found.';

revoke execute on function public.apply_payment(jsonb) from public, anon, authenticated;
grant execute on function public.apply_payment(jsonb) to service_role;
