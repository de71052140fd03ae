-- Purpose: the one door. Everything Toss says about a payment enters here, under the order's lock.
-- Functions: private.record_cancels, record_details, cancel_progress, lock_cancel, is_news, public.apply_payment.

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

comment on function private.record_cancels(public.payments, jsonb, jsonb) is
  'Adds the cancels of an answer to the refund ledger; each transactionKey once.';
revoke execute on function private.record_cancels(public.payments, jsonb, jsonb) from public, anon, authenticated;

create function private.record_details(answer jsonb)
returns void
language sql
volatile
set search_path = ''
as $$
  insert into private.payment_details as d (payment_key, secret_digest, virtual_account)
  select answer ->> 'paymentKey', answer ->> 'secretDigest', answer -> 'virtualAccount'
  where answer ? 'secretDigest' or answer ? 'virtualAccount'
  on conflict (payment_key) do update set
    secret_digest = coalesce(excluded.secret_digest, d.secret_digest),
    virtual_account = coalesce(excluded.virtual_account, d.virtual_account);
$$;

comment on function private.record_details(jsonb) is
  'Keeps what the API must not reach: the digest of the secret, and where a deposit goes.';
revoke execute on function private.record_details(jsonb) from public, anon, authenticated;

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

create function private.is_news(known public.payments, answer jsonb, asked_time timestamptz)
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
    or (answer ->> 'balanceAmount')::numeric not between 0 and (answer ->> 'totalAmount')::numeric
    or (answer ->> 'status' = 'DONE' and answer ->> 'balanceAmount' <> answer ->> 'totalAmount'
      and jsonb_array_length(coalesce(answer -> 'cancels', '[]')) = 0)
    or (known.payment_key is not null and known.order_id <> paying.id)
  then
    perform private.write_event(line || jsonb_build_object(
      'event', 'answer_mismatch', 'to', answer ->> 'status',
      'detail', jsonb_build_object(
        'totalAmount', answer -> 'totalAmount', 'currency', answer -> 'currency',
        'balanceAmount', answer -> 'balanceAmount',
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

  -- Ends the alert that an earlier answer raised.
  if (
    select v.event from public.payment_events as v where v.payment_key = answer_key order by v.id desc limit 1
  ) = 'answer_mismatch' then
    perform private.write_event(line || jsonb_build_object('event', 'answer_accepted', 'to', answer ->> 'status'));
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
    perform private.record_details(answer);

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
    'errorMessage', stored.failure_message,
    -- Around a bank's reversal an answer that was asked for too early proves nothing; the asker asks again.
    'isStale', stored.status <> answer ->> 'status'
      and stored.status in ('DONE', 'WAITING_FOR_DEPOSIT') and answer ->> 'status' in ('DONE', 'WAITING_FOR_DEPOSIT')
      and (answer ->> 'status' = 'WAITING_FOR_DEPOSIT' or stored.reversed_at is not null)
  );
end;
$$;

comment on function public.apply_payment(jsonb) is
  'Applies one answer of Toss about a payment: payment, cancels, order, stock, entitlement, operation and audit in one transaction. Idempotent, and indifferent to the order in which answers arrive. Outcomes: confirmed, rejected, pending, mismatch, unknown_status, order_not_found.';

revoke execute on function public.apply_payment(jsonb) from public, anon, authenticated;
grant execute on function public.apply_payment(jsonb) to service_role;
