-- Purpose: asynchronous cancels (foreign easy pay) end as DONE or ABORTED; an aborted one gives the money back
-- to the shop, so a balance can rise again without any answer being believed out of turn.
-- Functions: private.cancel_progress, lock_cancel, is_news, record_cancels, settle_order (replaced).
-- Risk: none for payments without asynchronous cancels; for them the order of answers is the same as before.

create function private.cancel_progress(cancel_status text)
returns integer
language sql
immutable
set search_path = ''
as $$
  select case when cancel_status = 'IN_PROGRESS' then 1 else 2 end;
$$;

comment on function private.cancel_progress(text) is
  'How far a cancel has come: begun 1, ended 2. A cancel never goes back, so the sum over a payment''s cancels only grows.';
revoke execute on function private.cancel_progress(text) from public, anon, authenticated;

create or replace function private.is_news(known public.payments, answer jsonb, asked_time timestamptz)
returns boolean
language sql
stable
set search_path = ''
as $$
  -- Never by a timestamp of the payload: several states can share a second, and never by amounts: an aborted
  -- cancel lowers their sum. Cancels are only ever added and only ever end, and a payment only moves on, except
  -- that a bank can take a deposit back. Around such a reversal the status alone says nothing, so both
  -- directions need an answer to a question asked afterwards. An aborted cancel may lead the status back, which
  -- its progress covers.
  select case
    when known.payment_key is null then true
    when (known.status = 'DONE' and answer ->> 'status' = 'WAITING_FOR_DEPOSIT')
      or (known.status = 'WAITING_FOR_DEPOSIT' and known.reversed_at is not null
        and answer ->> 'status' = 'DONE')
      then coalesce(asked_time > known.applied_at, false)
    else (
      select case when asked_time > known.applied_at
        -- The same state, asked for again: the fresher answer may correct what an older one got wrong.
        then (a.progress, a.rank) >= (k.progress, k.rank)
        else (a.progress, a.rank) > (k.progress, k.rank) end
      from (
        select coalesce(sum(private.cancel_progress(c.value ->> 'cancelStatus')), 0) as progress,
          private.payment_rank(answer ->> 'status') as rank
        from jsonb_array_elements(coalesce(answer -> 'cancels', '[]')) as c
      ) as a,
      (
        select coalesce(sum(private.cancel_progress(c.status)), 0) as progress,
          private.payment_rank(known.status) as rank
        from public.payment_cancels as c
        where c.payment_key = known.payment_key
      ) as k
    )
  end;
$$;

create function private.lock_cancel(transaction_key text)
returns void
language sql
volatile
set search_path = ''
as $$
  select pg_advisory_xact_lock(hashtextextended('cancel:' || transaction_key, 0));
$$;

comment on function private.lock_cancel(text) is
  'Whoever stores a cancel and whoever stores a webhook about it see each other: one of the two comes second.';
revoke execute on function private.lock_cancel(text) from public, anon, authenticated;

create or replace function private.record_cancels(payment public.payments, cancels jsonb, line jsonb)
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
    if cancel."cancelStatus" = 'IN_PROGRESS' then
      perform private.lock_cancel(cancel."transactionKey");
    end if;
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
    -- A webhook about this cancel may have come before the cancel was known, and found nothing to ask about.
    if cancel."cancelStatus" = 'IN_PROGRESS' then
      update public.webhook_events as e
      set status = 'received', attempts = 0, processed_at = null, last_error = null,
        payment_key = payment.payment_key, order_id = payment.order_id,
        received_at = private.clock_now(), next_attempt_at = private.clock_now()
      where e.transaction_key = cancel."transactionKey" and e.status = 'ignored' and e.payment_key is null;
    end if;
  end loop;
end;
$$;

create or replace function private.settle_order(settled_order_id text, moved_payment_key text, line jsonb)
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
  if settled.status in ('expired', 'canceled', 'failed', 'refunded') and target <> 'refunded' then
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
