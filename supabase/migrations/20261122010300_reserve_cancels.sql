-- Purpose: who may cancel at Toss next, and what happens to claims on a balance that somebody else lowers.
-- Functions: private.cancel_view, end_cancel, refuse_cancel, take_cancel_turn, fit_reservations.
-- All of them are called with the order's lock held.

create function private.cancel_view(viewed_payment_key text)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_build_object(
    'status', case
      when p.status = 'CANCELED' and not private.is_paid(p) then 'canceled'
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
  from public.payments as p where p.payment_key = viewed_payment_key;
$$;

comment on function private.cancel_view(text) is
  'What cancel answers: everything cancelled so far and what is left. The status is the order''s, as this payment alone makes it.';
revoke execute on function private.cancel_view(text) from public, anon, authenticated;

create function private.end_cancel(ended public.operations, made_transaction_key text, line jsonb)
returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.operations as op
  set state = 'succeeded', finished_at = private.clock_now(), is_final = true, error_code = null,
    error_message = null, canceled_transaction_key = made_transaction_key,
    answer = private.cancel_view(ended.payment_key)
  where op.id = ended.id;
  perform private.write_event(line || jsonb_build_object(
    'event', 'operation_finished', 'orderId', ended.order_id, 'operationId', ended.id, 'to', 'succeeded',
    'amount', ended.amount, 'detail', jsonb_build_object(
      'transactionKey', made_transaction_key, 'requestedBy', ended.requested_by, 'reason', ended.reason
    )
  ));
end;
$$;

comment on function private.end_cancel(public.operations, text, jsonb) is
  'Ends a cancel whose entry in Toss''s answer is known, and keeps what it answers on every repeat.';
revoke execute on function private.end_cancel(public.operations, text, jsonb) from public, anon, authenticated;

create function private.refuse_cancel(refused public.operations, refusal jsonb, line jsonb)
returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.operations as op
  set state = 'rejected', finished_at = private.clock_now(), error_code = refusal ->> 'errorCode',
    error_message = left(refusal ->> 'errorMessage', 510), is_final = (refusal ->> 'isFinal')::boolean
  where op.id = refused.id;
  perform private.write_event(line || jsonb_build_object(
    'event', 'operation_finished', 'orderId', refused.order_id, 'paymentKey', refused.payment_key,
    'operationId', refused.id, 'to', 'rejected', 'amount', refused.amount, 'detail', jsonb_build_object(
      'code', refusal ->> 'errorCode', 'requestedBy', refused.requested_by, 'reason', refused.reason
    )
  ));
end;
$$;

comment on function private.refuse_cancel(public.operations, jsonb, jsonb) is
  'Ends a cancel that took nothing. Keys of the refusal: errorCode, errorMessage, isFinal (false: the same requestId may be used again).';
revoke execute on function private.refuse_cancel(public.operations, jsonb, jsonb)
  from public, anon, authenticated;

create function private.take_cancel_turn(waiting public.operations, lease interval, at timestamptz)
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

comment on function private.take_cancel_turn(public.operations, interval, timestamptz) is
  'Lets a queued cancel go to Toss when no other of its payment is there and none waits longer; null when it has to wait.';
revoke execute on function private.take_cancel_turn(public.operations, interval, timestamptz)
  from public, anon, authenticated;

create function private.fit_reservations(fitted_payment_key text, new_balance bigint, line jsonb)
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
        perform private.refuse_cancel(claim, jsonb_build_object(
          'errorCode', 'CANCEL_AMOUNT_EXCEEDS_BALANCE', 'isFinal', true,
          'errorMessage', 'Another refund left less than this one asks for.'
        ), line);
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

comment on function private.fit_reservations(text, bigint, jsonb) is
  'Lowers or ends claims on a balance before the balance falls below them, in the order in which they would be sent. What can no longer be refunded as it was asked for claims nothing.';
revoke execute on function private.fit_reservations(text, bigint, jsonb) from public, anon, authenticated;
