-- What a payment's new state does to its order, its stock and its passes.

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

create function toss_private.settle_order(settled_order_id text, moved_payment_key text, audit jsonb)
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
    if toss_private.is_paid(payment) and payment.balance_amount > 0 then
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
    when toss_private.is_paid(payment) and payment.balance_amount = 0 then 'refunded'
    when toss_private.is_paid(payment) and payment.balance_amount < payment.total_amount
      then 'partially_refunded'
    when toss_private.is_paid(payment) then 'paid'
    -- Cancelled without its money: given up, not refunded; also when nobody told us that it waited, or that a bank
    -- had taken its deposit back before.
    when payment.status = 'CANCELED'
      and settled.status in ('pending', 'waiting_for_deposit', 'paid', 'partially_refunded') then 'canceled'
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

comment on function toss_private.settle_order(text, text, jsonb) is
  'Brings an order, and through toss_private.order_moved what hangs on it, to what one of its payments now says. Money of a second payment only leaves a line; money for an order that was given up is honoured.';
