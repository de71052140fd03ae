-- Refunds of one payment go to Toss one at a time; together they stay within the balance.

create function toss_private.cancel_parameters(operation public.operations)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  -- A cancel gives back taxed money first; only what exceeds it must be tax-free, and the last one takes all.
  return (
    select jsonb_build_object(
      'reason', operation.reason,
      'isAll', operation.amount = operation.expected_balance and operation.expected_balance = p.total_amount,
      'refundableAmount', operation.expected_balance,
      'taxFreeAmount', coalesce(
        operation.tax_free_amount,
        greatest(0, operation.amount - (operation.expected_balance - operation.expected_tax_free))
      ),
      'secret', (
        select jsonb_build_object('keyId', s.key_id, 'ciphertext', s.ciphertext)
        from toss_private.operation_secrets as s where s.operation_id = operation.id
      )
    )
    from public.payments as p where p.payment_key = operation.payment_key
  );
end;
$$;

comment on function toss_private.cancel_parameters(public.operations) is
  'What a cancel sends with its current key. isAll: all of an untouched payment.';

create function toss_private.cancel_view(viewed_payment_key text)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select jsonb_build_object(
      'status', case
        when p.status = 'CANCELED' and not toss_private.is_paid(p) then 'canceled'
        when p.balance_amount = 0 then 'refunded'
        else 'partially_refunded' end,
      'orderId', p.order_id,
      'paymentKey', p.payment_key,
      'canceledAmount', p.total_amount - p.balance_amount,
      'balanceAmount', p.balance_amount,
      'cancels', coalesce((
        select jsonb_agg(
          jsonb_build_object(
            'transactionKey', k.transaction_key, 'amount', k.amount, 'reason', k.reason,
            'canceledAt', k.canceled_at
          )
          order by k.canceled_at, k.refundable_amount desc, k.created_at, k.transaction_key
        )
        from public.payment_cancels as k where k.payment_key = p.payment_key and k.status <> 'ABORTED'
      ), '[]')
    )
    from public.payments as p where p.payment_key = viewed_payment_key
  );
end;
$$;

comment on function toss_private.cancel_view(text) is
  'What cancel answers: everything cancelled so far and what is left. The status is the order''s, as this payment alone makes it.';

create function toss_private.end_cancel(ended public.operations, made_transaction_key text, audit jsonb)
returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.operations as op
  set state = 'succeeded', finished_at = toss_private.clock_now(), is_final = true, error_code = null,
    error_message = null, canceled_transaction_key = made_transaction_key,
    answer = toss_private.cancel_view(ended.payment_key)
  where op.id = ended.id;
  perform toss_private.write_event(audit || jsonb_build_object(
    'event', 'operation_finished', 'orderId', ended.order_id, 'operationId', ended.id, 'to', 'succeeded',
    'amount', ended.amount, 'detail', jsonb_build_object(
      'transactionKey', made_transaction_key, 'requestedBy', ended.requested_by, 'reason', ended.reason
    )
  ));
end;
$$;

comment on function toss_private.end_cancel(public.operations, text, jsonb) is
  'Ends a cancel whose entry in Toss''s answer is known, and keeps what it answers on every repeat.';

create function toss_private.refuse_cancel(refused public.operations, refusal jsonb, audit jsonb)
returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.operations as op
  set state = 'rejected', finished_at = toss_private.clock_now(), error_code = refusal ->> 'errorCode',
    error_message = left(refusal ->> 'errorMessage', 510), is_final = (refusal ->> 'isFinal')::boolean
  where op.id = refused.id;
  perform toss_private.write_event(audit || jsonb_build_object(
    'event', 'operation_finished', 'orderId', refused.order_id, 'paymentKey', refused.payment_key,
    'operationId', refused.id, 'to', 'rejected', 'amount', refused.amount, 'detail', jsonb_build_object(
      'code', refusal ->> 'errorCode', 'requestedBy', refused.requested_by, 'reason', refused.reason
    )
  ));
end;
$$;

comment on function toss_private.refuse_cancel(public.operations, jsonb, jsonb) is
  'Ends a cancel that took nothing. Keys of the refusal: errorCode, errorMessage, isFinal (false: the same requestId may be used again).';

create function toss_private.take_cancel_turn(waiting public.operations, lease interval, at timestamptz)
returns public.operations
language plpgsql
set search_path = ''
as $$
declare
  payment public.payments;
  taken public.operations;
  room bigint;
begin
  if exists (
    select 1 from public.operations as op
    where op.payment_key = waiting.payment_key and op.kind = 'cancel' and op.id <> waiting.id
      and op.state in ('started', 'unknown')
      -- First come, first served; a waiting caller that is gone holds up nobody.
      and (not op.is_queued
        or (op.lease_expires_at > at and (op.created_at, op.id) < (waiting.created_at, waiting.id)))
  ) then
    return null;
  end if;
  select * into payment from public.payments as p where p.payment_key = waiting.payment_key;
  room := payment.balance_amount - payment.reserved_amount + waiting.reserved_amount;
  update public.operations as op
  set is_queued = false, lease_expires_at = at + lease, key_created_at = at,
    -- Everything left is more than it was when another cancel gave its claim back meanwhile.
    amount = case when op.cancel_all then room else op.amount end,
    reserved_amount = case when op.cancel_all then room else op.reserved_amount end,
    expected_balance = payment.balance_amount, expected_tax_free = payment.tax_free_amount
  where op.id = waiting.id
  returning * into taken;
  return taken;
end;
$$;

comment on function toss_private.take_cancel_turn(public.operations, interval, timestamptz) is
  'Lets a queued cancel go to Toss when no other of its payment is there and none waits longer; null when it has to wait.';

create function toss_private.fit_reservations(fitted_payment_key text, new_balance bigint, audit jsonb)
returns void
language plpgsql
set search_path = ''
as $$
declare
  claim public.operations;
  room bigint := new_balance;
begin
  for claim in
    select * from public.operations as op
    where op.payment_key = fitted_payment_key and op.kind = 'cancel' and op.state in ('started', 'unknown')
    order by op.is_queued, op.created_at, op.id
    for update
  loop
    if claim.amount > room and not claim.cancel_all or claim.is_queued and room = 0 then
      if claim.is_queued then
        perform toss_private.refuse_cancel(claim, jsonb_build_object(
          'errorCode', 'CANCEL_AMOUNT_EXCEEDS_BALANCE', 'isFinal', true,
          'errorMessage', 'Another refund left less than this one asks for.'
        ), audit);
      else
        -- At Toss, which compares refundableAmount and refuses it: it can take nothing any more, so it keeps nothing
        -- from those that wait. Its end is Toss's to tell.
        update public.operations as op set reserved_amount = 0 where op.id = claim.id;
      end if;
    elsif claim.reserved_amount > room then
      update public.operations as op
      set reserved_amount = room, amount = case when op.is_queued then room else op.amount end
      where op.id = claim.id;
      room := 0;
    else
      room := room - claim.reserved_amount;
    end if;
  end loop;
end;
$$;

comment on function toss_private.fit_reservations(text, bigint, jsonb) is
  'Lowers or ends claims on a balance before the balance falls below them, in the order in which they would be sent. What can no longer be refunded as it was asked for claims nothing.';

create function toss_private.take_due_cancel_turns(due_time timestamptz, wanted integer)
returns void
language plpgsql
set search_path = ''
as $$
declare
  waiting public.operations;
begin
  for waiting in
    select op.*
    from public.operations as op
    where op.id in (
      select distinct on (due.payment_key) due.id
      from public.operations as due
      where due.is_queued and due.state in ('started', 'unknown') and due.lease_expires_at <= due_time
        and not exists (
          select 1 from public.operations as other
          where other.payment_key = due.payment_key and other.kind = 'cancel' and not other.is_queued
            and other.state in ('started', 'unknown')
        )
      order by due.payment_key, due.created_at, due.id
    )
    order by op.created_at
    limit wanted
  loop
    -- Who holds the order decides about the same turn at this moment.
    perform 1 from public.orders as o where o.id = waiting.order_id for update skip locked;
    continue when not found;
    select * into waiting from public.operations as op
    where op.id = waiting.id and op.is_queued and op.state in ('started', 'unknown')
      and op.lease_expires_at <= due_time
    for update skip locked;
    continue when not found;
    perform toss_private.take_cancel_turn(waiting, interval '0', due_time);
  end loop;
end;
$$;

comment on function toss_private.take_due_cancel_turns(timestamptz, integer) is
  'Gives the turn to the oldest queued cancel of each payment that has none at Toss, when its caller is gone.';
