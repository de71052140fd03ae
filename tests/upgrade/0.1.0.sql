-- A shop's data as version 0.1.0 leaves it: every state of an order, made by that version's own functions.
--
-- Belongs to the migrations up to 20261121030800 and is run on them alone; it stays as it is when functions change.
-- billing_methods, billing_keys and subscriptions stay empty, because 0.1.0 had nothing that fills them.
set role service_role;

insert into public.products (id, name, price, stock) values
  ('tshirt', '토스 티셔츠', 15000, 100), ('sticker', '스티커 세트', 3000, null);
insert into public.plans (id, name, price, interval) values ('basic', '베이직', 4900, 'month');

create function pg_temp.expect(answer jsonb, outcome text)
returns jsonb
language plpgsql
as $$
begin
  if answer ->> 'outcome' is distinct from outcome then
    raise exception 'expected %, got %', outcome, answer;
  end if;
  return answer;
end;
$$;

create function pg_temp.place_order(bought jsonb, seconds integer default 1800)
returns text
language sql
as $$
  select pg_temp.expect(public.create_order(jsonb_build_object(
    'requestId', gen_random_uuid(), 'userId', null, 'mode', 'test', 'timeToLiveSeconds', seconds,
    'customerEmail', 'buyer@example.com', 'customerName', '구매자', 'metadata', '{"gift": true}'::jsonb
  ) || bought), 'created') ->> 'orderId';
$$;

create function pg_temp.begin(order_id text)
returns jsonb
language sql
as $$
  select pg_temp.expect(public.begin_confirmation(jsonb_build_object(
    'orderId', o.id, 'paymentKey', 'pay-' || o.id, 'amount', o.amount, 'mode', 'test',
    'leaseToken', md5(o.id)::uuid, 'leaseSeconds', 30
  )), 'proceed') -> 'operation'
  from public.orders as o where o.id = order_id;
$$;

create function pg_temp.answer(order_id text, said jsonb, outcome text)
returns jsonb
language sql
as $$
  select pg_temp.expect(public.apply_payment(jsonb_build_object(
    'source', 'confirm', 'askedAt', private.clock_now(), 'payment', jsonb_build_object(
      'orderId', o.id, 'paymentKey', 'pay-' || o.id, 'totalAmount', o.amount, 'balanceAmount', o.amount,
      'currency', o.currency, 'method', '카드', 'requestedAt', '2026-11-21T10:00:00+09:00'::timestamptz,
      'approvedAt', case when said ->> 'status' in ('DONE', 'PARTIAL_CANCELED', 'CANCELED') then
        '2026-11-21T10:00:05+09:00'::timestamptz end,
      'receiptUrl', 'https://dashboard.tosspayments.com/receipt', 'cancels', '[]'::jsonb
    ) || said
  )), outcome)
  from public.orders as o where o.id = order_id;
$$;

create function pg_temp.buy(bought jsonb)
returns text
language plpgsql
as $$
declare
  order_id constant text := pg_temp.place_order(bought);
begin
  perform pg_temp.begin(order_id);
  perform pg_temp.answer(order_id, '{"status": "DONE"}', 'confirmed');
  return order_id;
end;
$$;

create function pg_temp.cancel(order_id text, cancelled bigint, balance bigint, cancel_status text default 'DONE')
returns void
language sql
as $$
  select pg_temp.answer(order_id, jsonb_build_object(
    'status', case when balance = 0 then 'CANCELED' else 'PARTIAL_CANCELED' end, 'balanceAmount', balance,
    'canceledAt', '2026-11-21T11:00:00+09:00'::timestamptz, 'cancels', jsonb_build_array(jsonb_build_object(
      'transactionKey', 'cancel-' || right(order_id, 32), 'cancelAmount', cancelled, 'cancelReason', '단순 변심',
      'cancelStatus', cancel_status, 'canceledAt', '2026-11-21T11:00:00+09:00'::timestamptz
    ))
  ), 'confirmed');
$$;

create function pg_temp.wait_for_deposit(order_id text)
returns void
language plpgsql
as $$
begin
  perform pg_temp.begin(order_id);
  perform pg_temp.answer(order_id, jsonb_build_object(
    'status', 'WAITING_FOR_DEPOSIT', 'method', '가상계좌', 'secretDigest', md5(order_id) || md5('secret'),
    'virtualAccount', jsonb_build_object(
      'accountNumber', 'X6505636518308', 'bankCode', '20', 'customerName', '구매자', 'expired', false,
      'dueDate', '2030-01-01T00:00:00+09:00'
    )
  ), 'confirmed');
end;
$$;

create function pg_temp.deliver(name text, said jsonb)
returns jsonb
language sql
as $$
  select public.receive_webhook_event(jsonb_build_object(
    'dedupeKey', name, 'transmissionId', name, 'eventType', 'PAYMENT_STATUS_CHANGED', 'payload', '{"data": {}}'::jsonb,
    'keyId', 'v1', 'ciphertext', 'bm90aGluZw==', 'leaseToken', md5(name)::uuid, 'leaseSeconds', 30
  ) || said);
$$;

create function pg_temp.finish(event jsonb, status text, reason text, attempts integer default 8)
returns void
language sql
as $$
  select public.finish_webhook_event(jsonb_build_object(
    'eventId', event ->> 'eventId', 'leaseToken', event ->> 'leaseToken', 'leaseSeconds', 30, 'status', status,
    'reason', reason, 'verifiedBy', 're-query', 'askedAt', event ->> 'askedAt', 'retryAfterSeconds', 60,
    'maximumAttempts', attempts
  ));
$$;

do $$
declare
  shirt constant jsonb := '{"items": [{"productId": "tshirt", "quantity": 2}, {"productId": "sticker", "quantity": 1}]}';
  buyer constant jsonb := '{"userId": "11111111-1111-4111-8111-111111111111"}';
  pass constant jsonb := buyer || '{"planId": "basic"}';
  order_id text;
  operation jsonb;
begin
  -- Orders without money.
  order_id := pg_temp.place_order(shirt, 0);
  perform pg_temp.place_order(shirt, 0);
  perform public.expire_orders(jsonb_build_object('limit', 10));
  perform pg_temp.place_order(shirt || buyer);

  -- Money that came, after an expiry too, and went again in part, in whole and not yet.
  perform pg_temp.answer(order_id, '{"status": "DONE"}', 'confirmed');
  perform pg_temp.buy(shirt || buyer);
  perform pg_temp.cancel(pg_temp.buy(shirt || buyer), 3000, 30000);
  perform pg_temp.cancel(pg_temp.buy(shirt), 33000, 0);
  perform pg_temp.cancel(pg_temp.buy(shirt), 3000, 30000, 'IN_PROGRESS');

  -- Deposits: awaited, arrived, given up, and taken back by the bank.
  perform pg_temp.wait_for_deposit(pg_temp.place_order(shirt || buyer));
  order_id := pg_temp.place_order(shirt);
  perform pg_temp.wait_for_deposit(order_id);
  perform pg_temp.answer(order_id, '{"status": "DONE"}', 'confirmed');
  order_id := pg_temp.place_order(shirt);
  perform pg_temp.wait_for_deposit(order_id);
  perform pg_temp.answer(order_id, '{"status": "CANCELED", "balanceAmount": 0, "approvedAt": null}', 'rejected');
  order_id := pg_temp.place_order(pass);
  perform pg_temp.wait_for_deposit(order_id);
  perform pg_temp.answer(order_id, '{"status": "DONE"}', 'confirmed');
  perform pg_temp.answer(order_id, '{"status": "WAITING_FOR_DEPOSIT"}', 'confirmed');

  -- Passes: running, following, and taken back.
  perform pg_temp.buy(pass);
  perform pg_temp.buy(pass);
  perform pg_temp.cancel(pg_temp.buy(pass), 4900, 0);

  -- Confirms: refused by Toss, asked just now, and without proof.
  operation := pg_temp.begin(pg_temp.place_order(shirt));
  perform pg_temp.expect(public.reject_operation(jsonb_build_object(
    'operationId', operation ->> 'operationId', 'leaseToken', operation ->> 'leaseToken', 'source', 'confirm',
    'errorCode', 'REJECT_CARD_PAYMENT', 'errorMessage', '한도초과', 'isFinal', true, 'paymentStatus', 'ABORTED'
  )), 'rejected');
  perform pg_temp.begin(pg_temp.place_order(shirt || buyer));
  operation := pg_temp.begin(pg_temp.place_order(shirt));
  perform pg_temp.expect(public.postpone_operation(jsonb_build_object(
    'operationId', operation ->> 'operationId', 'leaseToken', operation ->> 'leaseToken', 'source', 'confirm',
    'errorCode', 'TIMEOUT', 'errorMessage', 'no answer', 'retryAfterSeconds', 0, 'keyIsSpent', true
  )), 'unknown');

  -- Webhooks: ended, failed, given up, not ours, in work, waiting behind it; and a report that is handed on.
  select o.id into order_id from public.orders as o where o.status = 'paid' limit 1;
  perform pg_temp.finish(pg_temp.deliver('processed', jsonb_build_object('orderId', order_id)), 'processed', null);
  perform pg_temp.deliver('processed', jsonb_build_object('orderId', order_id));
  select o.id into order_id from public.orders as o where o.status = 'partially_refunded' limit 1;
  perform pg_temp.finish(pg_temp.deliver('failed', jsonb_build_object('orderId', order_id)), 'failed', 'no answer');
  select o.id into order_id from public.orders as o where o.status = 'refunded' limit 1;
  perform pg_temp.finish(pg_temp.deliver('dead', jsonb_build_object('orderId', order_id)), 'failed', 'no answer', 1);
  perform pg_temp.deliver('ignored', '{"orderId": "ord_of_somebody_else"}');
  select o.id into order_id from public.orders as o where o.status = 'waiting_for_deposit' limit 1;
  perform pg_temp.deliver('processing', jsonb_build_object('orderId', order_id));
  perform pg_temp.deliver('received', jsonb_build_object('orderId', order_id));
  perform pg_temp.expect(public.record_webhook_event(jsonb_build_object('eventId', pg_temp.deliver(
    'payout', '{"eventType": "payout.changed", "entityId": "FPA_1", "asksToss": false}'
  ) ->> 'eventId')), 'recorded');

  perform public.record_job_run('{"job": "operations", "durationSeconds": 0.2, "result": {"operations": 1}}');
end;
$$;

reset role;
