-- Purpose: the refund ledger's entries, which of our cancels made one, and the event that tells other systems.
-- Functions: private.record_cancels, match_cancel, announce_refunds, announce_moves.

-- A refund is told once, whichever answer of Toss brought it.
create unique index outbox_events_one_per_refund on public.outbox_events ((payload ->> 'transactionKey'))
  where event_type in ('payment.refunded', 'payment.partially_refunded');

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
      "transactionKey" text, "cancelAmount" bigint, "cancelReason" text, "cancelStatus" text,
      "canceledAt" timestamptz, "taxFreeAmount" bigint, "refundableAmount" bigint
    )
  loop
    if cancel."cancelStatus" = 'IN_PROGRESS' then
      perform private.lock_cancel(cancel."transactionKey");
    end if;
    insert into public.payment_cancels as k (
      transaction_key, payment_key, amount, reason, status, canceled_at, tax_free_amount, refundable_amount,
      created_at
    ) values (
      cancel."transactionKey", payment.payment_key, cancel."cancelAmount", cancel."cancelReason",
      coalesce(cancel."cancelStatus", 'DONE'), cancel."canceledAt", cancel."taxFreeAmount",
      cancel."refundableAmount", private.clock_now()
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
  'Adds the cancels of an answer to the refund ledger, each transactionKey once; an asynchronous one moves on from IN_PROGRESS and never back. An event about a cancel that was not known when it came is asked about again.';

create function private.match_cancel(sought public.operations, answer jsonb, proof text)
returns text
language plpgsql
stable
set search_path = ''
as $$
begin
  -- The balance falls from entry to entry, so an amount and what was left after it name one entry. Whoever asked
  -- Toss for the cancel takes its word for it; to a bystander somebody else's refund could look the same, so there
  -- the reason counts too. After a refusal only what a restore of the database forgot can be ours. An answer that
  -- Toss repeats is about its last entry, whatever the balance is taken for here.
  return (
    select c."transactionKey"
    from jsonb_to_recordset(coalesce(answer -> 'cancels', '[]')) as c (
      "transactionKey" text, "cancelAmount" bigint, "cancelReason" text, "cancelStatus" text,
      "canceledAt" timestamptz, "refundableAmount" bigint
    )
    where c."cancelStatus" is distinct from 'ABORTED' and c."cancelAmount" = sought.amount
      and (
        (proof = 'answered' or (
          proof <> 'refused'
          and coalesce(c."refundableAmount", sought.expected_balance - sought.amount)
            = sought.expected_balance - sought.amount
          and (proof <> 'seen' or c."cancelReason" = sought.reason)
        ))
        or (c."cancelReason" = sought.reason
          and private.cancel_was_forgotten(c."transactionKey", c."canceledAt", sought.created_at))
      )
      and not exists (
        select 1 from public.operations as op where op.canceled_transaction_key = c."transactionKey"
      )
    order by (proof = 'answered' and c."transactionKey" = answer ->> 'lastTransactionKey') desc nulls last,
      c."refundableAmount" is not distinct from sought.expected_balance - sought.amount desc, c."canceledAt" desc
    limit 1
  );
end;
$$;

comment on function private.match_cancel(public.operations, jsonb, text) is
  'The entry among Toss''s cancels that an open cancel made, null when there is none. proof: answered (Toss''s answer to the cancel itself), read (asked afterwards, outcome unknown), refused, seen (asked for another reason, or Toss denies it under a key whose first answer it would repeat).';
revoke execute on function private.match_cancel(public.operations, jsonb, text) from public, anon, authenticated;

create function private.announce_refunds(payment public.payments, line jsonb)
returns void
language plpgsql
set search_path = ''
as $$
declare
  cancel record;
begin
  if not private.is_paid(payment) then
    return;
  end if;
  for cancel in
    select k.*, op.requested_by, coalesce(k.refundable_amount, k.left_after) as left_amount
    from (
      -- Where Toss did not say what was left, it is what is left now and what was cancelled afterwards.
      select c.*, payment.balance_amount + coalesce(sum(c.amount) over (
        order by c.canceled_at desc, c.refundable_amount, c.created_at desc, c.transaction_key desc
        rows between unbounded preceding and 1 preceding
      ), 0) as left_after
      from public.payment_cancels as c
      where c.payment_key = payment.payment_key and c.status = 'DONE'
    ) as k
    left join public.operations as op on op.canceled_transaction_key = k.transaction_key
    where k.has_event
      and not exists (
        select 1 from public.outbox_events as e
        where e.payload ->> 'transactionKey' = k.transaction_key
          and e.event_type in ('payment.refunded', 'payment.partially_refunded')
      )
    order by k.canceled_at, k.refundable_amount desc, k.created_at, k.transaction_key
  loop
    perform private.write_outbox_event(jsonb_build_object(
      'eventType', case cancel.left_amount when 0 then 'payment.refunded' else 'payment.partially_refunded' end,
      'subject', payment.order_id,
      'payload', jsonb_strip_nulls(jsonb_build_object(
        'orderId', payment.order_id, 'paymentKey', payment.payment_key, 'userId', payment.user_id,
        'transactionKey', cancel.transaction_key, 'amount', cancel.amount, 'balanceAmount', cancel.left_amount,
        'currency', payment.currency, 'reason', cancel.reason, 'source', line ->> 'source',
        'requestedBy', cancel.requested_by,
        -- Of a second payment all can be refunded while its order stays paid.
        'orderStatus', (select o.status from public.orders as o where o.id = payment.order_id)
      ))
    ));
  end loop;
end;
$$;

comment on function private.announce_refunds(public.payments, jsonb) is
  'Writes one outbox event for every cancel of a paid payment that is done and was not told yet.';
revoke execute on function private.announce_refunds(public.payments, jsonb) from public, anon, authenticated;

create function private.announce_moves(known public.payments, moved public.payments, line jsonb)
returns void
language plpgsql
set search_path = ''
as $$
declare
  event_name constant text := case
    when known.status = 'DONE' and moved.status = 'WAITING_FOR_DEPOSIT' then 'payment.deposit_reversed'
    when known.status is distinct from 'CANCELED' and moved.status = 'CANCELED' and not private.is_paid(moved)
      then 'payment.canceled'
  end;
begin
  if event_name is null then
    return;
  end if;
  perform private.write_outbox_event(jsonb_build_object(
    'eventType', event_name, 'subject', moved.order_id, 'payload', jsonb_strip_nulls(jsonb_build_object(
      'orderId', moved.order_id, 'paymentKey', moved.payment_key, 'userId', moved.user_id,
      'amount', moved.total_amount, 'currency', moved.currency, 'source', line ->> 'source',
      'orderStatus', (select o.status from public.orders as o where o.id = moved.order_id)
    ))
  ));
end;
$$;

comment on function private.announce_moves(public.payments, public.payments, jsonb) is
  'Writes the outbox event of a move that is no refund: a deposit that a bank took back, a payment given up before its deposit.';
revoke execute on function private.announce_moves(public.payments, public.payments, jsonb)
  from public, anon, authenticated;
