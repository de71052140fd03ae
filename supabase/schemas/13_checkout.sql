-- A cart becomes an order: names, prices and stock in one transaction.

create function toss_private.cut_text(whole text, room integer)
returns text
language plpgsql
immutable
set search_path = ''
as $$
declare
  units integer := 0;
  kept integer := 0;
  code integer;
  previous integer := 0;
  -- Regional indicators in a row: two of them are one flag.
  flags integer := 0;
begin
  -- No text has more UTF-16 units than bytes in UTF-8.
  if octet_length(whole) <= room then
    return whole;
  end if;
  for place in 1 .. char_length(whole) loop
    code := ascii(substr(whole, place, 1));
    flags := case when code between x'1F1E6'::integer and x'1F1FF'::integer then flags + 1 else 0 end;
    if not (
      -- What belongs to the character before it: marks, variations, joiners, skin tones, tags.
      code between x'0300'::integer and x'036F'::integer or code between x'20D0'::integer and x'20FF'::integer
      or code between x'FE00'::integer and x'FE0F'::integer or code = x'200D'::integer
      or code between x'1F3FB'::integer and x'1F3FF'::integer or code between x'E0020'::integer and x'E007F'::integer
      or code between x'E0100'::integer and x'E01EF'::integer
      or previous = x'200D'::integer
      -- Vowels and finals of a syllable in jamo.
      or (code between x'1160'::integer and x'11FF'::integer and previous between x'1100'::integer and x'11FF'::integer)
      or (code between x'1160'::integer and x'11FF'::integer and previous between x'AC00'::integer and x'D7A3'::integer)
      or (flags > 0 and flags % 2 = 0)
    ) then
      kept := place - 1;
    end if;
    units := units + case when code > x'FFFF'::integer then 2 else 1 end;
    if units > room then
      -- A character that alone needs more room than there is has to be cut between its parts.
      return left(whole, case when kept > 0 then kept else place - 1 end);
    end if;
    previous := code;
  end loop;
  return whole;
end;
$$;

comment on function toss_private.cut_text(text, integer) is
  'The beginning of a text, as much as fits into so many UTF-16 units, which is how JavaScript and Toss count, without a part of a character at its end.';

create function toss_private.cart_name(first_name text, others bigint)
returns text
language plpgsql
immutable
set search_path = ''
as $$
declare
  suffix constant text := case when others > 0 then format(' 외 %s건', others) else '' end;
begin
  return toss_private.cut_text(first_name, 100 - char_length(suffix)) || suffix;
end;
$$;

comment on function toss_private.cart_name(text, bigint) is
  'Toss''s orderName, at most 100 UTF-16 units: the first product and how many others.';

create function toss_private.fit_order_name()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  new.order_name := toss_private.cut_text(new.order_name, 100);
  return new;
end;
$$;

comment on function toss_private.fit_order_name() is
  'Trigger: an order, of a cart, a plan or a charge, has a name that Toss takes (core API reference: orderName, 1 to 100).';

create trigger orders_fit_order_name
  before insert on public.orders
  for each row when (octet_length(new.order_name) > 100)
  execute function toss_private.fit_order_name();

create function toss_private.price_cart(items jsonb)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  -- One statement, so that a price that changes meanwhile cannot part the total from its lines.
  return (
    select jsonb_agg(jsonb_build_object(
      'productId', w.product_id, 'quantity', w.quantity, 'name', p.name, 'price', p.price, 'currency', p.currency
    ) order by w.position)
    from (
      select i.value ->> 'productId' as product_id,
        sum((i.value ->> 'quantity')::numeric) as quantity, min(i.ordinality) as position
      from jsonb_array_elements(items) with ordinality as i
      group by i.value ->> 'productId'
    ) as w
    left join public.products as p on p.id = w.product_id and p.active
  );
end;
$$;

comment on function toss_private.price_cart(jsonb) is
  'The lines of a cart in its own order, each product once, with today''s name and price; name is null where nothing is sold.';

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
  created_time constant timestamptz := toss_private.clock_now();
  new_order_id text;
  bought_plan public.plans;
  missing_id text;
  lines jsonb;
  order_name text;
  total numeric;
  order_currency text;
begin
  perform toss_private.require_real_time(request ->> 'mode');

  select o.id into new_order_id from public.orders as o where o.request_id = checkout_id;
  if found then
    return toss_private.order_view(new_order_id);
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
    lines := toss_private.price_cart(request -> 'items');
    select l.value ->> 'productId' into missing_id
    from jsonb_array_elements(lines) as l
    where l.value ->> 'name' is null
    limit 1;
    if missing_id is not null then
      return jsonb_build_object('outcome', 'product_not_found', 'productId', missing_id);
    end if;
    select sum((l.value ->> 'price')::numeric * (l.value ->> 'quantity')::numeric),
      string_agg(distinct l.value ->> 'currency', ','),
      toss_private.cart_name(lines -> 0 ->> 'name', count(*) - 1)
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
    return toss_private.order_view(new_order_id);
  end if;

  if bought_plan.id is null then
    insert into public.order_items (order_id, product_id, name, unit_price, quantity)
    select new_order_id, l.value ->> 'productId', l.value ->> 'name', (l.value ->> 'price')::bigint,
      (l.value ->> 'quantity')::integer
    from jsonb_array_elements(lines) as l;

    perform toss_private.free_overdue_stock(new_order_id);
    missing_id := toss_private.reserve_stock(new_order_id);
    if missing_id is not null then
      delete from public.order_items as i where i.order_id = new_order_id;
      delete from public.orders as o where o.id = new_order_id;
      return jsonb_build_object(
        'outcome', 'insufficient_stock', 'productId', missing_id,
        'available', (select p.stock from public.products as p where p.id = missing_id)
      );
    end if;
  end if;

  perform toss_private.write_event(jsonb_build_object(
    'event', 'order_status', 'source', 'checkout', 'orderId', new_order_id,
    'to', 'pending', 'amount', total::bigint, 'requestId', request ->> 'logRequestId'
  ));
  return toss_private.order_view(new_order_id);
end;
$$;

comment on function public.create_order(jsonb) is
  'Prices a cart (items) or a one-time pass (planId), reserves the stock and answers the order; outcomes: created, product_not_found, plan_not_found, insufficient_stock, quantity_too_large, currency_not_supported, amount_out_of_range.';
