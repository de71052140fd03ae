-- A priced cart becomes an order: reference, stock and the first audit line in one transaction.

create function toss_private.order_digest(request jsonb)
returns text
language plpgsql
immutable
set search_path = ''
as $$
begin
  return encode(sha256(convert_to(jsonb_build_array(
    request -> 'lines', coalesce(request -> 'adjustments', '[]'), request ->> 'userId', request ->> 'orderName',
    coalesce(request -> 'metadata', '{}')
  )::text, 'UTF8')), 'hex');
end;
$$;

comment on function toss_private.order_digest(jsonb) is
  'What must be the same when a reference is used again: lines, adjustments, userId, orderName and metadata.';

create function toss_private.referenced_order(request jsonb)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
declare
  known public.orders;
begin
  select * into known from public.orders as o where o.reference = request ->> 'reference';
  if not found then
    return null;
  end if;
  if known.request_digest <> toss_private.order_digest(request) then
    return jsonb_build_object('outcome', 'reference_conflict', 'orderId', known.id);
  end if;
  return toss_private.order_view(known.id) || jsonb_build_object('outcome', 'known');
end;
$$;

comment on function toss_private.referenced_order(jsonb) is
  'The order that a reference stands for already, or that it stands for another one; null when it is new.';

create function toss_private.store_order(request jsonb, priced jsonb)
returns text
language plpgsql
volatile
set search_path = ''
as $$
declare
  buyer_id constant uuid := (request ->> 'userId')::uuid;
  created_time constant timestamptz := toss_private.clock_now();
  new_order_id constant text := 'ord_' || to_char(created_time at time zone 'Asia/Seoul', 'YYYYMMDD')
    || '_' || replace(gen_random_uuid()::text, '-', '');
begin
  if buyer_id is not null then
    insert into public.customers (user_id) values (buyer_id) on conflict (user_id) do nothing;
  end if;
  insert into public.orders (
    id, user_id, order_name, amount, currency, tax_free_amount, plan_id, plan_interval, plan_interval_count,
    customer_email, customer_mobile_phone, customer_name, metadata, request_id, reference, request_digest, toss_keys,
    toss_client_key, expires_at, created_at, updated_at
  ) values (
    new_order_id, buyer_id, priced ->> 'orderName', (priced ->> 'amount')::bigint, 'KRW',
    (priced ->> 'taxFreeAmount')::bigint, priced -> 'plan' ->> 'id', priced -> 'plan' ->> 'interval',
    (priced -> 'plan' ->> 'intervalCount')::integer, request ->> 'customerEmail', request ->> 'customerMobilePhone',
    request ->> 'customerName',
    coalesce(request -> 'metadata', '{}'), (request ->> 'requestId')::uuid, request ->> 'reference',
    case when request ->> 'reference' is not null then toss_private.order_digest(request) end,
    coalesce(request ->> 'tossKeys', 'main'), request ->> 'tossClientKey',
    created_time + make_interval(secs => (request ->> 'timeToLiveSeconds')::integer), created_time, created_time
  ) on conflict do nothing;
  if not found then
    return null;
  end if;
  insert into public.order_items (
    order_id, position, product_id, name, unit_price, quantity, tax_free, takes_stock, withdrawal
  )
  select new_order_id, l.ordinality, l.value ->> 'productId', l.value ->> 'name', (l.value ->> 'unitPrice')::bigint,
    (l.value ->> 'quantity')::integer, coalesce((l.value ->> 'taxFree')::boolean, false),
    coalesce((priced ->> 'takesStock')::boolean, false), coalesce(l.value ->> 'withdrawal', 'allowed')
  from jsonb_array_elements(coalesce(priced -> 'lines', '[]')) with ordinality as l;
  insert into public.order_adjustments (order_id, position, kind, name, amount, tax_free)
  select new_order_id, a.ordinality, a.value ->> 'kind', a.value ->> 'name', (a.value ->> 'amount')::bigint,
    coalesce((a.value ->> 'taxFree')::boolean, false)
  from jsonb_array_elements(coalesce(priced -> 'adjustments', '[]')) with ordinality as a;
  return new_order_id;
end;
$$;

comment on function toss_private.store_order(jsonb, jsonb) is
  'Writes a priced order with its lines and adjustments; null when the same request or reference has made one meanwhile.';

create function public.create_order(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  known jsonb;
  priced jsonb;
  total numeric;
  new_order public.orders;
  new_order_id text;
  short_product_id text;
begin
  perform toss_private.require_real_time(request ->> 'mode');

  select o.id into new_order_id from public.orders as o where o.request_id = (request ->> 'requestId')::uuid;
  if found then
    return toss_private.order_view(new_order_id);
  end if;
  if request ->> 'reference' is not null then
    known := toss_private.referenced_order(request);
    if known is not null then
      return known;
    end if;
  end if;

  priced := toss_private.priced_order(request);
  if priced ? 'outcome' then
    return priced;
  end if;
  total := (priced ->> 'amount')::numeric;
  if (priced ->> 'largestQuantity')::numeric > 9999 then
    return jsonb_build_object('outcome', 'quantity_too_large');
  end if;
  -- Toss takes no card payment under 100 won, and JSON numbers end at 2^53 - 1. Nothing to pay needs no Toss.
  if total <> 0 and total < 100 or total > 9007199254740991 then
    return jsonb_build_object('outcome', 'amount_out_of_range', 'amount', total::text);
  end if;
  if (priced ->> 'taxFreeAmount')::numeric not between 0 and total then
    return jsonb_build_object('outcome', 'tax_free_out_of_range', 'taxFreeAmount', priced ->> 'taxFreeAmount');
  end if;

  new_order_id := toss_private.store_order(request, priced);
  if new_order_id is null then
    select o.id into new_order_id from public.orders as o where o.request_id = (request ->> 'requestId')::uuid;
    return coalesce(toss_private.order_view(new_order_id), toss_private.referenced_order(request));
  end if;

  if (priced ->> 'takesStock')::boolean then
    perform toss_private.free_overdue_stock(new_order_id);
    short_product_id := toss_private.reserve_stock(new_order_id);
    if short_product_id is not null then
      delete from public.order_items as i where i.order_id = new_order_id;
      delete from public.orders as o where o.id = new_order_id;
      return jsonb_build_object(
        'outcome', 'insufficient_stock', 'productId', short_product_id,
        'available', (select p.stock from public.products as p where p.id = short_product_id)
      );
    end if;
  end if;

  perform toss_private.write_event(jsonb_build_object(
    'event', 'order_status', 'source', 'checkout', 'orderId', new_order_id,
    'to', 'pending', 'amount', total::bigint, 'requestId', request ->> 'logRequestId'
  ));
  if total = 0 then
    select * into new_order from public.orders as o where o.id = new_order_id;
    perform toss_private.move_order(new_order, 'paid', jsonb_build_object(
      'source', 'checkout', 'requestId', request ->> 'logRequestId'
    ));
    perform toss_private.order_moved(new_order, 'paid', '{}');
  end if;
  return toss_private.order_view(new_order_id);
end;
$$;

comment on function public.create_order(jsonb) is
  'Prices a cart (items), lines that the shop''s server names, or a one-time pass (planId), reserves the stock and answers the order. An order of nothing is paid at once; a reference makes one order. Outcomes: created, known, reference_conflict, product_not_found, plan_not_found, insufficient_stock, cart_empty, invalid_request, quantity_too_large, currency_not_supported, amount_out_of_range, tax_free_out_of_range, catalogue_failed.';
