-- invariant_violations() is empty along a shop's life, and not empty once the books are tampered with.
begin;

create extension if not exists pgtap with schema extensions;

create function pg_temp.order_status(order_id text)
returns text
language sql
as $$
  select o.status from public.orders as o where o.id = order_id;
$$;

create function pg_temp.answer_of_toss(order_id text, payment_status text, balance bigint, cancels jsonb)
returns jsonb
language sql
as $$
  select jsonb_build_object('source', 'confirm', 'askedAt', toss_private.clock_now(), 'payment', jsonb_build_object(
    'paymentKey', 'pgtap-payment', 'orderId', order_id, 'status', payment_status, 'method', '카드',
    'totalAmount', 19800, 'balanceAmount', balance, 'currency', 'KRW', 'requestedAt', now(), 'approvedAt', now(),
    'cancels', cancels
  ));
$$;

select plan(11);

select is_empty('select * from public.invariant_violations()', 'before this shop sold anything');

insert into public.products (id, name, price, stock) values ('pgtap-mug', '머그컵', 9900, 5);
select public.create_order(jsonb_build_object(
  'requestId', gen_random_uuid(), 'userId', null, 'mode', 'test', 'timeToLiveSeconds', 1800,
  'items', jsonb_build_array(jsonb_build_object('productId', 'pgtap-mug', 'quantity', 2))
)) ->> 'orderId' as order_id \gset

select is(pg_temp.order_status(:'order_id'), 'pending', 'checkout makes an order');
select is(p.stock, 3, 'checkout reserves stock') from public.products as p where p.id = 'pgtap-mug';
select is_empty('select * from public.invariant_violations()', 'after the checkout');

select is(
  public.begin_confirmation(jsonb_build_object(
    'orderId', :'order_id', 'paymentKey', 'pgtap-payment', 'amount', 19800, 'mode', 'test',
    'leaseToken', gen_random_uuid(), 'leaseSeconds', 30
  )) ->> 'outcome',
  'proceed', 'the confirm may ask Toss'
);
select is_empty('select * from public.invariant_violations()', 'while Toss is asked');

select public.apply_payment(pg_temp.answer_of_toss(:'order_id', 'DONE', 19800, '[]')) \g /dev/null
select is(pg_temp.order_status(:'order_id'), 'paid', 'an approved payment pays the order');
select is_empty('select * from public.invariant_violations()', 'after the payment');

select public.apply_payment(pg_temp.answer_of_toss(:'order_id', 'PARTIAL_CANCELED', 9900, jsonb_build_array(
  jsonb_build_object(
    'transactionKey', 'pgtap-cancel', 'cancelAmount', 9900, 'cancelReason', '단순 변심', 'cancelStatus', 'DONE',
    'canceledAt', now()
  )
))) \g /dev/null
select is(pg_temp.order_status(:'order_id'), 'partially_refunded', 'a cancel refunds a part of the order');
select is_empty('select * from public.invariant_violations()', 'after the refund');

update public.orders set status = 'paid' where id = :'order_id';
select isnt_empty(
  format('select * from public.invariant_violations() where subject = %L', :'order_id'),
  'an order that was moved by hand is named'
);

select * from finish();
rollback;
