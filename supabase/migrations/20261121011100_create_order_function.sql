-- Purpose: price a cart and reserve its stock in one transaction.
-- Functions: private.expire_order, public.create_order.

create function private.expire_order(expiring_order_id text, at timestamptz, event_source text)
returns boolean
language plpgsql
set search_path = ''
as $$
declare
  expiring public.orders;
begin
  select * into expiring from public.orders as o where o.id = expiring_order_id for update;
  if not found or expiring.status <> 'pending' or expiring.expires_at > at then
    return false;
  end if;
  -- An open operation may still turn out to be a payment.
  if exists (
    select 1 from public.operations as op
    where op.order_id = expiring.id and op.state in ('started', 'unknown')
  ) then
    return false;
  end if;

  update public.orders set status = 'expired', updated_at = private.clock_now() where id = expiring.id;
  perform private.release_stock(expiring.id);
  perform private.write_event(jsonb_build_object(
    'event', 'order_status', 'source', event_source, 'orderId', expiring.id,
    'from', expiring.status, 'to', 'expired', 'amount', expiring.amount
  ));
  return true;
end;
$$;

comment on function private.expire_order(text, timestamptz, text) is
  'Gives up a pending order whose time has passed at the given time and returns its stock. False when there was nothing to do or an operation is open.';
revoke execute on function private.expire_order(text, timestamptz, text) from public, anon, authenticated;

create function private.order_view(viewed_order_id text)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_build_object(
    'outcome', 'created',
    'orderId', o.id,
    'orderName', o.order_name,
    'amount', o.amount,
    'currency', o.currency,
    'customerKey', c.customer_key,
    'expiresAt', o.expires_at
  )
  from public.orders as o
  left join public.customers as c on c.user_id = o.user_id
  where o.id = viewed_order_id;
$$;

comment on function private.order_view(text) is 'What checkout answers for an order.';
revoke execute on function private.order_view(text) from public, anon, authenticated;

create function private.expire_overdue_orders(overdue_order_ids text[], at timestamptz, event_source text)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  overdue_order_id text;
  expired_count integer := 0;
begin
  perform private.lock_products(private.products_of(overdue_order_ids));
  foreach overdue_order_id in array overdue_order_ids loop
    expired_count := expired_count + private.expire_order(overdue_order_id, at, event_source)::integer;
  end loop;
  return expired_count;
end;
$$;

comment on function private.expire_overdue_orders(text[], timestamptz, text) is
  'Gives up several orders whose rows the caller has locked; how many it was.';
revoke execute on function private.expire_overdue_orders(text[], timestamptz, text)
  from public, anon, authenticated;

create function private.free_overdue_stock(wanting_order_id text)
returns void
language plpgsql
set search_path = ''
as $$
declare
  present constant timestamptz := private.clock_now();
  overdue_order_ids text[];
begin
  if not exists (
    select 1
    from public.order_items as i
    join public.products as p on p.id = i.product_id
    where i.order_id = wanting_order_id and p.stock < i.quantity
  ) then
    return;
  end if;
  with overdue as (
    select o.id
    from public.orders as o
    where o.status = 'pending' and o.expires_at <= present
      and private.products_of(array[o.id]) && private.products_of(array[wanting_order_id])
    order by o.expires_at
    limit 50
    for update skip locked
  )
  select array_agg(overdue.id) into overdue_order_ids from overdue;
  -- All products of all these orders at once, so that two checkouts cannot take them in crossing order.
  perform private.lock_products(
    private.products_of(coalesce(overdue_order_ids, '{}') || wanting_order_id)
  );
  perform private.expire_overdue_orders(coalesce(overdue_order_ids, '{}'), present, 'checkout');
end;
$$;

comment on function private.free_overdue_stock(text) is
  'Lets a buyer have stock that only overdue orders still hold, without waiting for the expiry job.';
revoke execute on function private.free_overdue_stock(text) from public, anon, authenticated;

create function private.price_cart(items jsonb)
returns jsonb
language sql
stable
set search_path = ''
as $$
  -- One statement, so that a price that changes meanwhile cannot part the total from its lines.
  select jsonb_agg(jsonb_build_object(
    'productId', w.product_id, 'quantity', w.quantity, 'name', p.name, 'price', p.price, 'currency', p.currency
  ) order by w.position)
  from (
    select i.value ->> 'productId' as product_id,
      sum((i.value ->> 'quantity')::numeric) as quantity, min(i.ordinality) as position
    from jsonb_array_elements(items) with ordinality as i
    group by i.value ->> 'productId'
  ) as w
  left join public.products as p on p.id = w.product_id and p.active;
$$;

comment on function private.price_cart(jsonb) is
  'The lines of a cart in its own order, each product once, with today''s name and price; name is null where nothing is sold.';
revoke execute on function private.price_cart(jsonb) from public, anon, authenticated;

create function private.cart_name(first_name text, others bigint)
returns text
language sql
immutable
set search_path = ''
as $$
  select left(first_name, 100 - char_length(s.suffix)) || s.suffix
  from (select case when others > 0 then format(' 외 %s건', others) else '' end as suffix) as s;
$$;

comment on function private.cart_name(text, bigint) is 'Toss''s orderName, at most 100 characters: the first product and how many others.';
revoke execute on function private.cart_name(text, bigint) from public, anon, authenticated;

create function public.create_order(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  buyer_id constant uuid := (request ->> 'userId')::uuid;
  checkout_id constant uuid := (request ->> 'requestId')::uuid;
  created_time constant timestamptz := private.clock_now();
  new_order_id text;
  bought_plan public.plans;
  missing_id text;
  lines jsonb;
  order_name text;
  total numeric;
  order_currency text;
begin
  perform private.require_real_time(request ->> 'mode');

  select o.id into new_order_id from public.orders as o where o.request_id = checkout_id;
  if found then
    return private.order_view(new_order_id);
  end if;

  if request ? 'planId' then
    select * into bought_plan from public.plans as p where p.id = request ->> 'planId' and p.active;
    if not found then
      return jsonb_build_object('outcome', 'plan_not_found');
    end if;
    total := bought_plan.price;
    order_currency := bought_plan.currency;
    order_name := bought_plan.name;
  else
    lines := private.price_cart(request -> 'items');
    select l.value ->> 'productId' into missing_id
    from jsonb_array_elements(lines) as l
    where l.value ->> 'name' is null
    limit 1;
    if missing_id is not null then
      return jsonb_build_object('outcome', 'product_not_found', 'productId', missing_id);
    end if;
    select sum((l.value ->> 'price')::numeric * (l.value ->> 'quantity')::numeric),
      string_agg(distinct l.value ->> 'currency', ','),
      private.cart_name(lines -> 0 ->> 'name', count(*) - 1)
    into total, order_currency, order_name
    from jsonb_array_elements(lines) as l;
    if exists (select 1 from jsonb_array_elements(lines) as l where (l.value ->> 'quantity')::numeric > 9999) then
      return jsonb_build_object('outcome', 'quantity_too_large');
    end if;
  end if;

  -- Toss asks for won, and takes other currencies only for foreign easy payment, in major units with decimals.
  if order_currency <> 'KRW' then
    return jsonb_build_object('outcome', 'currency_not_supported', 'currency', order_currency);
  end if;
  -- Toss takes no card payment under 100 won, and JSON numbers end at 2^53 - 1.
  if total < 100 or total > 9007199254740991 then
    return jsonb_build_object('outcome', 'amount_out_of_range', 'amount', total::text);
  end if;

  if buyer_id is not null then
    insert into public.customers (user_id) values (buyer_id) on conflict (user_id) do nothing;
  end if;

  new_order_id := 'ord_' || to_char(created_time at time zone 'Asia/Seoul', 'YYYYMMDD')
    || '_' || replace(gen_random_uuid()::text, '-', '');
  insert into public.orders (
    id, user_id, order_name, amount, currency, plan_id, plan_interval, plan_interval_count, customer_email,
    customer_name, metadata, request_id, expires_at, created_at, updated_at
  ) values (
    new_order_id, buyer_id, order_name, total::bigint, order_currency,
    bought_plan.id, bought_plan.interval, bought_plan.interval_count, request ->> 'customerEmail',
    request ->> 'customerName', coalesce(request -> 'metadata', '{}'), checkout_id,
    created_time + make_interval(secs => (request ->> 'timeToLiveSeconds')::integer),
    created_time, created_time
  ) on conflict (request_id) do nothing;
  if not found then
    select o.id into new_order_id from public.orders as o where o.request_id = checkout_id;
    return private.order_view(new_order_id);
  end if;

  if bought_plan.id is null then
    insert into public.order_items (order_id, product_id, name, unit_price, quantity)
    select new_order_id, l.value ->> 'productId', l.value ->> 'name', (l.value ->> 'price')::bigint,
      (l.value ->> 'quantity')::integer
    from jsonb_array_elements(lines) as l;

    perform private.free_overdue_stock(new_order_id);
    missing_id := private.reserve_stock(new_order_id);
    if missing_id is not null then
      delete from public.order_items as i where i.order_id = new_order_id;
      delete from public.orders as o where o.id = new_order_id;
      return jsonb_build_object(
        'outcome', 'insufficient_stock', 'productId', missing_id,
        'available', (select p.stock from public.products as p where p.id = missing_id)
      );
    end if;
  end if;

  perform private.write_event(jsonb_build_object(
    'event', 'order_status', 'source', 'checkout', 'orderId', new_order_id,
    'to', 'pending', 'amount', total::bigint, 'requestId', request ->> 'logRequestId'
  ));
  return private.order_view(new_order_id);
end;
$$;

comment on function public.create_order(jsonb) is
  'Prices a cart (items) or a one-time pass (planId), reserves the stock and answers the order; outcomes: created, product_not_found, plan_not_found, insufficient_stock, quantity_too_large, currency_not_supported, amount_out_of_range.';

revoke execute on function public.create_order(jsonb) from public, anon, authenticated;
grant execute on function public.create_order(jsonb) to service_role;
