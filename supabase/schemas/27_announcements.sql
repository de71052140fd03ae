-- What other systems are told of orders and payments: one event for each move, in its transaction.
-- Refunds stand in 24_cancel_record, deposits that did not come in 21_virtual_account, what a bank took back in 28_settle_order.

create function toss_private.announce_payment(known public.payments, moved public.payments, audit jsonb)
returns void
language plpgsql
set search_path = ''
as $$
declare
  event_name constant text := case
    when toss_private.is_paid(moved) and (not toss_private.is_paid(known) or known.status = 'WAITING_FOR_DEPOSIT')
      then 'payment.confirmed'
    when moved.status = 'WAITING_FOR_DEPOSIT' and not toss_private.is_paid(known)
      and known.status is distinct from 'WAITING_FOR_DEPOSIT' then 'virtual_account.issued'
    when moved.status in ('ABORTED', 'EXPIRED') and known.status is distinct from moved.status
      and known.status is distinct from 'WAITING_FOR_DEPOSIT' then 'payment.failed'
  end;
begin
  if event_name is null then
    return;
  end if;
  perform toss_private.write_payment_event(event_name, moved, jsonb_build_object(
    'method', moved.method, 'source', audit ->> 'source',
    'approvedAt', case event_name when 'payment.confirmed' then moved.approved_at end,
    'dueDate', case event_name when 'virtual_account.issued' then toss_private.deposit_deadline(moved) end,
    'failureCode', case event_name when 'payment.failed' then coalesce(moved.failure_code, moved.status || '_PAYMENT') end
  ));
end;
$$;

comment on function toss_private.announce_payment(public.payments, public.payments, jsonb) is
  'Writes the outbox event of a payment whose money arrived, of an account that was issued, of an attempt that ended without money. Called before the order moves, so that what follows from a payment is told after it.';

create function toss_private.write_payment_event(event_name text, concerned public.payments, detail jsonb)
returns void
language plpgsql
set search_path = ''
as $$
begin
  -- Whoever asks for a refused payment again is refused again; it has failed once.
  if event_name = 'payment.failed' and exists (
    select 1 from public.outbox_events as e
    where e.subject = concerned.order_id and e.event_type = event_name
      and e.payload ->> 'paymentKey' = concerned.payment_key
  ) then
    return;
  end if;
  perform toss_private.write_outbox_event(jsonb_build_object(
    'eventType', event_name, 'subject', concerned.order_id, 'payload', jsonb_strip_nulls(jsonb_build_object(
      'orderId', concerned.order_id, 'paymentKey', concerned.payment_key, 'userId', concerned.user_id,
      'amount', concerned.total_amount, 'currency', concerned.currency
    ) || detail)
  ));
end;
$$;

comment on function toss_private.write_payment_event(text, public.payments, jsonb) is
  'Adds an event about a payment to outbox_events; payment.failed once per payment.';

create function toss_private.follow_refusal()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  refused public.payments;
begin
  select new.payment_key, o.id, o.user_id, o.amount, o.currency
  into refused.payment_key, refused.order_id, refused.user_id, refused.total_amount, refused.currency
  from public.orders as o where o.id = new.order_id;
  perform toss_private.write_payment_event(
    'payment.failed', refused, jsonb_build_object('source', 'confirm', 'failureCode', new.error_code)
  );
  return null;
end;
$$;

comment on function toss_private.follow_refusal() is
  'Trigger: Toss refused to confirm a payment for good. One that may be confirmed again has not failed.';

create trigger operations_follow_refusal
  after update of state on public.operations
  for each row when (
    new.kind = 'confirm' and new.state = 'rejected' and old.state <> 'rejected' and new.is_final
  )
  execute function toss_private.follow_refusal();

create function toss_private.tell_of_order()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  -- Money that turns out not to have gone back leaves the order as paid as it was told to be.
  if tg_op = 'UPDATE' and new.status = 'paid' and old.status in ('partially_refunded', 'refunded') then
    return null;
  end if;
  perform toss_private.write_outbox_event(jsonb_build_object(
    'eventType', 'order.' || new.status, 'subject', new.id, 'payload', jsonb_strip_nulls(jsonb_build_object(
      'orderId', new.id, 'reference', new.reference, 'userId', new.user_id, 'orderName', new.order_name,
      'amount', new.amount, 'currency', new.currency, 'paymentKey', new.payment_key,
      'from', case tg_op when 'UPDATE' then old.status end
    ))
  ));
  return null;
end;
$$;

comment on function toss_private.tell_of_order() is
  'Trigger: an order was paid, canceled or expired, whatever moved it. Refunds are told as payments.';

create trigger orders_tell_new
  after insert on public.orders
  for each row when (new.status = 'paid')
  execute function toss_private.tell_of_order();

create trigger orders_tell
  after update of status on public.orders
  for each row when (old.status is distinct from new.status and new.status in ('paid', 'canceled', 'expired'))
  execute function toss_private.tell_of_order();
