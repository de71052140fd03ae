-- Which of the shop's key pairs Toss is asked with.

create function toss_private.keys_of_event(event_order_id text, event_payment_key text)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  -- A payment that is known has its order, whatever order the body names.
  return coalesce((
    select jsonb_build_object('tossKeys', o.toss_keys, 'tossClientKey', o.toss_client_key)
    from public.orders as o
    where o.id = coalesce(
      (select p.order_id from public.payments as p where p.payment_key = event_payment_key), event_order_id
    )
  ), '{"tossKeys": "main", "tossClientKey": null}');
end;
$$;

comment on function toss_private.keys_of_event(text, text) is
  'The key pair with which Toss is asked about an event: that of its order, whichever merchant id sent it.';

create function toss_private.has_payment_begun(paid_order_id text)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return exists (select 1 from public.payments as p where p.order_id = paid_order_id)
    or exists (select 1 from public.operations as op where op.order_id = paid_order_id);
end;
$$;

comment on function toss_private.has_payment_begun(text) is
  'Whether Toss was asked for a payment of an order, or has told of one, so that its key pair must stay.';

create function public.adopt_toss_keys(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  buying public.orders;
  operation public.operations;
begin
  select o.* into buying from public.orders as o
  join public.operations as op on op.order_id = o.id
  where op.id = (request ->> 'operationId')::uuid and op.kind in ('confirm', 'charge')
  for update of o;
  select * into operation from public.operations as op where op.id = (request ->> 'operationId')::uuid for update;
  -- What an order holds money of, or waits for, was made with its own pair.
  if buying.id is null or buying.payment_key is not null or operation.state not in ('started', 'unknown')
    or operation.lease_token <> (request ->> 'leaseToken')::uuid
  then
    return jsonb_build_object('outcome', 'kept');
  end if;
  update public.orders as o
  set toss_keys = request ->> 'tossKeys', toss_client_key = request ->> 'tossClientKey',
    updated_at = toss_private.clock_now()
  where o.id = buying.id;
  -- Both pairs may be of one merchant id, whose answers are remembered by key.
  update public.operations as op
  set key_generation = op.key_generation + 1, key_created_at = toss_private.clock_now(),
    idempotency_key = regexp_replace(op.idempotency_key, '\d+$', (op.key_generation + 1)::text),
    lease_expires_at = toss_private.clock_now() + make_interval(secs => (request ->> 'leaseSeconds')::double precision)
  where op.id = operation.id
  returning * into operation;
  perform toss_private.write_event(jsonb_build_object(
    'event', 'toss_keys_adopted', 'source', request ->> 'source', 'orderId', buying.id,
    'paymentKey', operation.payment_key, 'operationId', operation.id, 'requestId', request ->> 'requestId',
    'detail', jsonb_build_object('from', buying.toss_keys, 'to', request ->> 'tossKeys')
  ));
  return jsonb_build_object('outcome', 'adopted', 'operation', toss_private.operation_view(operation));
end;
$$;

comment on function public.adopt_toss_keys(jsonb) is
  'A confirm, or a charge after a restore, found its payment with another key pair than its order''s: the order is that pair''s from now on, unless it has a payment already. Keys: operationId, leaseToken, leaseSeconds, tossKeys, tossClientKey, source, requestId. Outcomes: adopted (with the operation), kept.';

create function public.find_known_payment(request jsonb)
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
  -- Asked only after the variables of a pair were changed, so it may search.
  return jsonb_build_object('paymentKey', (
    select p.payment_key
    from public.payments as p
    join public.orders as o on o.id = p.order_id
    where o.toss_keys = request ->> 'tossKeys' and o.toss_client_key = request ->> 'tossClientKey'
      and p.approved_at is not null
    order by p.approved_at desc
    limit 1
  ));
end;
$$;

comment on function public.find_known_payment(jsonb) is
  'The last payment that Toss approved under a key pair with a client key (tossKeys, tossClientKey), by which a caller finds out whether the pair that is set now opens the same merchant id; paymentKey is null when there is none.';

create function toss_private.toss_keys_in_use()
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select coalesce(jsonb_agg(k.name order by k.name), '[]')
    from (values ('main'), ('widget'), ('billing')) as k (name)
    where exists (
      select 1 from public.orders as o
      where o.status in ('pending', 'waiting_for_deposit') and o.toss_keys = k.name
        and (o.status = 'waiting_for_deposit' or o.expires_at > toss_private.clock_now()
          or toss_private.order_is_busy(o.id))
    ) or exists (
      select 1 from public.billing_methods as m where m.status = 'active' and m.toss_keys = k.name
    )
  );
end;
$$;

comment on function toss_private.toss_keys_in_use() is
  'The key pairs that something open needs: an order that can still be paid, or a card that is charged.';
