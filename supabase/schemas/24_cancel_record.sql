-- The cancels in Toss's payment object, each recorded once and matched with our request.

create function toss_private.derived_cancel_key(cancelled_payment_key text, place bigint, attempt integer)
returns text
language plpgsql
immutable
set search_path = ''
as $$
begin
  -- Toss's own keys are txrd_… or hexadecimal digits, so the two cannot meet.
  return 'place-' || place || '-' || left(encode(sha256(convert_to(cancelled_payment_key, 'UTF8')), 'hex'), 40)
    || case when attempt > 1 then '-' || attempt else '' end;
end;
$$;

comment on function toss_private.derived_cancel_key(text, bigint, integer) is
  'The key of a cancel that Toss gave none: the payment and the place among its cancels. `attempt` counts up where an entry of another amount holds the place.';

create function toss_private.name_cancels(cancelled_payment_key text, cancels jsonb)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
declare
  taken text[];
  used text[] := '{}';
  named jsonb := '{}';
  entry record;
  chosen text;
  attempt integer;
begin
  if (
    select count(*) = count(distinct c.value ->> 'transactionKey') from jsonb_array_elements(cancels) as c
  ) and not exists (
    select 1 from public.payment_cancels as k
    where k.payment_key = cancelled_payment_key and k.transaction_key like 'place-%'
  ) then
    return cancels;
  end if;

  -- A cancel is only ever added and never changes its amount. So an entry that cannot be found by its key is a row of
  -- that amount which no other entry of this answer is, and a new one only when there is none: a cancel never becomes
  -- two rows, whatever the order of the list and whether this answer, the one before or the next carries keys.
  select coalesce(array_agg(k.transaction_key), '{}') into taken
  from public.payment_cancels as k
  where k.payment_key = cancelled_payment_key
    and k.transaction_key in (select c.value ->> 'transactionKey' from jsonb_array_elements(cancels) as c);

  for entry in
    select c.value ->> 'transactionKey' as key, (c.value ->> 'cancelAmount')::numeric as amount,
      (c.value ->> 'canceledAt')::timestamptz as canceled_at,
      (c.value ->> 'refundableAmount')::numeric as refundable_amount, c.ordinality as position,
      row_number() over (order by (c.value ->> 'canceledAt')::timestamptz, c.ordinality) as place
    from jsonb_array_elements(cancels) with ordinality as c
    order by place
  loop
    -- A key that stands at two entries tells neither from the other.
    if entry.key = any(used) then
      entry.key := null;
    end if;
    used := used || entry.key;
    chosen := entry.key;
    if entry.key is null or entry.key <> all(taken) then
      select k.transaction_key into chosen
      from public.payment_cancels as k
      where k.payment_key = cancelled_payment_key and k.amount = entry.amount and k.transaction_key <> all(taken)
        -- Two keys of Toss are two cancels.
        and (entry.key is null or k.transaction_key like 'place-%')
      order by coalesce(k.canceled_at = entry.canceled_at, false) desc,
        coalesce(k.refundable_amount = entry.refundable_amount, false) desc,
        k.transaction_key = toss_private.derived_cancel_key(cancelled_payment_key, entry.place, 1) desc,
        k.created_at, k.transaction_key
      limit 1;
      chosen := coalesce(chosen, entry.key);
      attempt := 0;
      while chosen is null loop
        attempt := attempt + 1;
        chosen := toss_private.derived_cancel_key(cancelled_payment_key, entry.place, attempt);
        if chosen = any(taken) or exists (
          select 1 from public.payment_cancels as k where k.transaction_key = chosen
        ) then
          chosen := null;
        end if;
      end loop;
      taken := taken || chosen;
    end if;
    named := named || jsonb_build_object(entry.position::text, chosen);
  end loop;

  return (
    select coalesce(jsonb_agg(
      c.value || jsonb_build_object('transactionKey', named -> c.ordinality::text) order by c.ordinality
    ), '[]')
    from jsonb_array_elements(cancels) with ordinality as c
  );
end;
$$;

comment on function toss_private.name_cancels(text, jsonb) is
  'The cancels of an answer, each under the key of its row: Toss''s own, or where an API version has none the derived one, the same on every reading.';

create function toss_private.record_cancels(payment public.payments, cancels jsonb, audit jsonb)
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
      perform toss_private.lock_cancel(cancel."transactionKey");
    end if;
    insert into public.payment_cancels as k (
      transaction_key, payment_key, amount, reason, status, canceled_at, tax_free_amount, refundable_amount,
      created_at
    ) values (
      cancel."transactionKey", payment.payment_key, cancel."cancelAmount", cancel."cancelReason",
      coalesce(cancel."cancelStatus", 'DONE'), cancel."canceledAt", cancel."taxFreeAmount",
      cancel."refundableAmount", toss_private.clock_now()
    )
    -- An asynchronous cancel only ever leaves IN_PROGRESS; an older answer must not put it back.
    on conflict (transaction_key) do update
      set status = excluded.status, canceled_at = excluded.canceled_at
      where k.payment_key = excluded.payment_key and k.status = 'IN_PROGRESS'
        and excluded.status <> 'IN_PROGRESS';
    if found then
      perform toss_private.write_event(audit || jsonb_build_object(
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
        received_at = toss_private.clock_now(), next_attempt_at = toss_private.clock_now()
      where e.transaction_key = cancel."transactionKey" and e.status = 'ignored' and e.payment_key is null;
    end if;
  end loop;
end;
$$;

comment on function toss_private.record_cancels(public.payments, jsonb, jsonb) is
  'Adds the cancels of an answer to the refund ledger, each transactionKey once; an asynchronous one moves on from IN_PROGRESS and never back. An event about a cancel that was not known when it came is asked about again.';

create function toss_private.match_cancel(sought public.operations, answer jsonb, proof text)
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
          and toss_private.cancel_was_forgotten(c."transactionKey", c."canceledAt", sought.created_at))
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

comment on function toss_private.match_cancel(public.operations, jsonb, text) is
  'The entry among Toss''s cancels that an open cancel made, null when there is none. proof: answered (Toss''s answer to the cancel itself), read (asked afterwards, outcome unknown), refused, seen (asked for another reason, or Toss denies it under a key whose first answer it would repeat).';

create function toss_private.announce_refunds(payment public.payments, audit jsonb)
returns void
language plpgsql
set search_path = ''
as $$
declare
  cancel record;
begin
  if not toss_private.is_paid(payment) then
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
    perform toss_private.write_outbox_event(jsonb_build_object(
      'eventType', case cancel.left_amount when 0 then 'payment.refunded' else 'payment.partially_refunded' end,
      'subject', payment.order_id,
      'payload', jsonb_strip_nulls(jsonb_build_object(
        'orderId', payment.order_id, 'paymentKey', payment.payment_key, 'userId', payment.user_id,
        'transactionKey', cancel.transaction_key, 'amount', cancel.amount, 'balanceAmount', cancel.left_amount,
        'currency', payment.currency, 'reason', cancel.reason, 'source', audit ->> 'source',
        'requestedBy', cancel.requested_by,
        -- Of a second payment all can be refunded while its order stays paid.
        'orderStatus', (select o.status from public.orders as o where o.id = payment.order_id)
      ))
    ));
  end loop;
end;
$$;

comment on function toss_private.announce_refunds(public.payments, jsonb) is
  'Writes one outbox event for every cancel of a paid payment that is done and was not told yet.';
