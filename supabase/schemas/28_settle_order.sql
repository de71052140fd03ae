-- What a payment's new state does to its order, its stock and its passes, and what other systems are told of it.
-- Refunds are told in 24_cancel_record, deposits that did not come in 21_virtual_account.

create function toss_private.order_moved(moved public.orders, target text, audit jsonb)
returns void
language plpgsql
set search_path = ''
as $$
begin
  if moved.subscription_charge_id is not null then
    perform toss_private.charge_order_moved(moved, target, audit);
    return;
  end if;
  perform toss_private.set_pass(moved, target in ('paid', 'partially_refunded'));
  if target in ('refunded', 'canceled', 'expired') then
    perform toss_private.release_stock(moved.id);
  end if;
end;
$$;

comment on function toss_private.order_moved(public.orders, text, jsonb) is
  'What an order''s new status means: for the charge it is an attempt of, or for the pass and the stock that it sells. `moved` is the order as it was before.';

create function toss_private.announce_moves(known public.payments, moved public.payments, audit jsonb)
returns void
language plpgsql
set search_path = ''
as $$
declare
  event_name constant text := case
    when known.status = 'DONE' and moved.status = 'WAITING_FOR_DEPOSIT' then 'payment.deposit_reversed'
    when known.status is distinct from 'CANCELED' and moved.status = 'CANCELED' and not toss_private.is_paid(moved)
      then 'payment.canceled'
  end;
begin
  if event_name is null then
    return;
  end if;
  perform toss_private.write_outbox_event(jsonb_build_object(
    'eventType', event_name, 'subject', moved.order_id, 'payload', jsonb_strip_nulls(jsonb_build_object(
      'orderId', moved.order_id, 'paymentKey', moved.payment_key, 'userId', moved.user_id,
      'amount', moved.total_amount, 'currency', moved.currency, 'source', audit ->> 'source',
      'orderStatus', (select o.status from public.orders as o where o.id = moved.order_id)
    ))
  ));
end;
$$;

comment on function toss_private.announce_moves(public.payments, public.payments, jsonb) is
  'Writes the outbox event of a move that is no refund: a deposit that a bank took back, a payment given up before its deposit.';

create function toss_private.settle_order(settled public.orders, payment public.payments, audit jsonb)
returns void
language plpgsql
set search_path = ''
as $$
declare
  target text;
  is_paid constant boolean := toss_private.is_paid(payment);
begin
  if settled.payment_key is distinct from payment.payment_key
    and settled.status in ('paid', 'partially_refunded', 'refunded', 'waiting_for_deposit')
  then
    -- Money for an order that another payment already pays. The row stays, invariant_violations()
    -- names it until one of the two is refunded; the order is not touched.
    if is_paid and payment.balance_amount > 0 then
      perform toss_private.write_event(audit || jsonb_build_object(
        'event', 'second_payment', 'orderId', settled.id, 'amount', payment.balance_amount
      ));
    end if;
    return;
  end if;

  target := case
    -- Toss keeps the status after the deadline, and marks the account as expired or does not.
    when payment.status = 'WAITING_FOR_DEPOSIT'
      and toss_private.deposit_is_over(payment, (audit ->> 'askedAt')::timestamptz)
      then 'expired'
    when payment.status = 'WAITING_FOR_DEPOSIT' then 'waiting_for_deposit'
    when is_paid and payment.balance_amount = 0 then 'refunded'
    when is_paid and payment.balance_amount < payment.total_amount then 'partially_refunded'
    when is_paid then 'paid'
    -- Cancelled without its money: given up, not refunded; also when nobody told us that it waited, or that a bank
    -- had taken its deposit back before.
    when payment.status = 'CANCELED'
      and settled.status in ('pending', 'waiting_for_deposit', 'paid', 'partially_refunded') then 'canceled'
    when payment.status in ('ABORTED', 'EXPIRED') and settled.status = 'waiting_for_deposit' then 'expired'
  end;
  if target is null or target = settled.status then
    return;
  end if;

  settled.payment_key := payment.payment_key;
  if settled.status in ('expired', 'canceled', 'failed', 'refunded') and target not in ('refunded', 'expired', 'canceled')
  then
    -- Toss holds the money although the order was given up here, or although its refund was on its way and
    -- did not come about: honour it, take the stock again if there is any, and leave a line that says so.
    perform toss_private.write_event(audit || jsonb_build_object(
      'event', 'late_payment', 'orderId', settled.id, 'from', settled.status, 'amount', payment.total_amount,
      'detail', jsonb_build_object('shortProductId', toss_private.reserve_stock(settled.id))
    ));
  end if;
  perform toss_private.move_order(settled, target, audit);
  if target = 'expired' and payment.status = 'WAITING_FOR_DEPOSIT' then
    perform toss_private.announce_expired_account(settled, payment, audit);
  end if;

  perform toss_private.order_moved(settled, target, audit);
end;
$$;

comment on function toss_private.settle_order(public.orders, public.payments, jsonb) is
  'Brings an order, and through toss_private.order_moved what hangs on it, to what one of its payments now says. Money of a second payment only leaves a line; money for an order that was given up is honoured.';

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
