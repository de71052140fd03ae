-- What a cart costs: the shop's own catalogue or ours, lines, adjustments, names.

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

create table toss_private.shop_code (
  is_only boolean primary key default true,
  catalogue text,
  order_hook text,
  notice_address text,
  constraint shop_code_is_only check (is_only)
);

alter table toss_private.shop_code enable row level security;

comment on table toss_private.shop_code is 'One row: which functions of the shop are called, each with its schema; null where it has none.';
comment on column toss_private.shop_code.catalogue is 'Prices a cart in place of the table products.';
comment on column toss_private.shop_code.order_hook is 'Is called with every move of an order.';
comment on column toss_private.shop_code.notice_address is
  'Says where a buyer gets notices, in place of the order''s address and Auth''s.';

insert into toss_private.shop_code default values;

create function toss_private.require_shop_function(function_name text, result regtype)
returns void
language plpgsql
stable
set search_path = ''
as $$
declare
  found_oid constant oid := to_regprocedure(function_name || '(jsonb)');
begin
  if function_name is not null and (
    function_name not like '%.%' or found_oid is null
    or (select p.prorettype from pg_proc as p where p.oid = found_oid) <> result
  ) then
    raise exception 'there is no function %(jsonb) that returns %', function_name, result
      using errcode = 'undefined_function', hint = 'Name it with its schema, for example public.my_price_cart.';
  end if;
end;
$$;

comment on function toss_private.require_shop_function(text, regtype) is
  'Raises when a name is not that of a function of the shop that takes jsonb and returns what is wanted.';

create function public.use_catalogue(function_name text)
returns void
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
  perform toss_private.require_shop_function(function_name, 'jsonb'::regtype);
  update toss_private.shop_code as s set catalogue = function_name;
end;
$$;

comment on function public.use_catalogue(text) is
  'From now on this function of the shop prices carts: f(jsonb) returns jsonb; null takes it back. For the owner of the database alone. docs/own-catalogue.md.';

create function toss_private.price_cart(request jsonb)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
declare
  lines jsonb;
  refused jsonb;
begin
  -- One statement, so that a price that changes meanwhile cannot part the total from its lines.
  select jsonb_agg(jsonb_build_object(
    'productId', w.product_id, 'quantity', w.quantity, 'name', p.name, 'unitPrice', p.price, 'currency', p.currency,
    'taxFree', p.tax_free, 'withdrawal', p.withdrawal
  ) order by w.position)
  into lines
  from (
    select i.value ->> 'productId' as product_id,
      sum((i.value ->> 'quantity')::numeric) as quantity, min(i.ordinality) as position
    from jsonb_array_elements(request -> 'items') with ordinality as i
    group by i.value ->> 'productId'
  ) as w
  left join public.products as p on p.id = w.product_id and p.active;

  select jsonb_build_object('code', 'product_not_found', 'productId', l.value -> 'productId') into refused
  from jsonb_array_elements(lines) as l
  where l.value ->> 'name' is null
  limit 1;
  if refused is null then
    select jsonb_build_object('code', 'currency_not_supported', 'currency', l.value -> 'currency') into refused
    from jsonb_array_elements(lines) as l
    -- Toss asks for won, and takes other currencies only for foreign easy payment, in major units with decimals.
    where l.value ->> 'currency' <> 'KRW'
    limit 1;
  end if;
  return case when refused is null then jsonb_build_object('lines', lines)
    else jsonb_build_object('refusal', refused) end;
end;
$$;

comment on function toss_private.price_cart(jsonb) is
  'The catalogue of a shop that has none of its own: the lines of a cart in its own order, each product once, with today''s name and price from products; or why not.';

create function toss_private.priced_cart_problem(priced jsonb)
returns text
language plpgsql
immutable
set search_path = ''
as $$
declare
  part jsonb;
begin
  if jsonb_typeof(priced -> 'lines') is distinct from 'array' or jsonb_array_length(priced -> 'lines') not between 1 and 100
  then
    return 'lines: 1 to 100 of them';
  end if;
  if jsonb_typeof(coalesce(priced -> 'adjustments', '[]')) <> 'array'
    or jsonb_array_length(coalesce(priced -> 'adjustments', '[]')) > 100
  then
    return 'adjustments: at most 100 of them';
  end if;
  for part in select l.value from jsonb_array_elements(priced -> 'lines') as l loop
    if coalesce(char_length(part ->> 'name'), 0) not between 1 and 100 then
      return 'lines: name must be a text of 1 to 100 characters';
    end if;
    if coalesce(part ->> 'unitPrice' !~ '^\d{1,16}$', true) or coalesce(part ->> 'quantity' !~ '^\d{1,16}$', true) then
      return 'lines: unitPrice and quantity must be whole numbers';
    end if;
    if part ->> 'productId' is not null and char_length(part ->> 'productId') not between 1 and 64 then
      return 'lines: productId must be a text of 1 to 64 characters';
    end if;
    if jsonb_typeof(coalesce(part -> 'taxFree', 'false')) <> 'boolean' then
      return 'lines: taxFree must be true or false';
    end if;
    if coalesce(part ->> 'withdrawal', 'allowed') not in ('allowed', 'excluded_after_use', 'excluded') then
      return 'lines: withdrawal must be allowed, excluded_after_use or excluded';
    end if;
  end loop;
  for part in select a.value from jsonb_array_elements(coalesce(priced -> 'adjustments', '[]')) as a loop
    if coalesce(part ->> 'kind' not in ('shipping', 'discount', 'coupon', 'points', 'other'), true) then
      return 'adjustments: kind must be shipping, discount, coupon, points or other';
    end if;
    if coalesce(char_length(part ->> 'name'), 0) not between 1 and 100 then
      return 'adjustments: name must be a text of 1 to 100 characters';
    end if;
    if coalesce(part ->> 'amount' !~ '^-?\d{1,16}$', true) then
      return 'adjustments: amount must be a whole number';
    end if;
    if part ->> 'kind' in ('discount', 'coupon', 'points') and part ->> 'amount' !~ '^-' then
      return 'adjustments: amount of a discount, a coupon or points must be negative';
    end if;
    if jsonb_typeof(coalesce(part -> 'taxFree', 'false')) <> 'boolean' then
      return 'adjustments: taxFree must be true or false';
    end if;
  end loop;
  return null;
end;
$$;

comment on function toss_private.priced_cart_problem(jsonb) is
  'What is wrong with lines and adjustments, in words for whoever priced them; null when nothing is.';

create function toss_private.priced_order(request jsonb)
returns jsonb
language plpgsql
volatile
set search_path = ''
as $$
declare
  bought_plan public.plans;
  own_catalogue text;
  priced jsonb;
  problem text;
begin
  if request ? 'planId' then
    select * into bought_plan from public.plans as p where p.id = request ->> 'planId' and p.active;
    if not found then
      return jsonb_build_object('outcome', 'plan_not_found');
    end if;
    if bought_plan.currency <> 'KRW' then
      return jsonb_build_object('outcome', 'currency_not_supported', 'currency', bought_plan.currency);
    end if;
    return jsonb_build_object(
      'orderName', bought_plan.name, 'amount', bought_plan.price,
      'taxFreeAmount', case when bought_plan.tax_free then bought_plan.price else 0 end,
      'plan', jsonb_build_object(
        'id', bought_plan.id, 'interval', bought_plan.interval, 'intervalCount', bought_plan.interval_count
      )
    );
  end if;

  if request ? 'lines' then
    priced := jsonb_build_object('lines', request -> 'lines', 'adjustments', coalesce(request -> 'adjustments', '[]'));
  else
    own_catalogue := (select s.catalogue from toss_private.shop_code as s);
    if own_catalogue is null then
      priced := toss_private.price_cart(request);
    else
      begin
        execute format('select %s($1)', own_catalogue) into priced using jsonb_build_object(
          'items', request -> 'items', 'userId', request -> 'userId', 'metadata', coalesce(request -> 'metadata', '{}')
        );
      exception when others or query_canceled or assert_failure then
        return jsonb_build_object('outcome', 'catalogue_failed', 'problem', left(sqlerrm, 500));
      end;
    end if;
  end if;
  if own_catalogue is not null and priced ? 'refusal' and coalesce(priced -> 'refusal' ->> 'code' not in (
    'product_not_found', 'insufficient_stock', 'cart_empty', 'invalid_request'
  ), true) then
    return jsonb_build_object('outcome', 'catalogue_failed', 'problem', 'refusal: its code is none that checkout has');
  end if;
  if jsonb_typeof(priced -> 'refusal') = 'object' then
    return priced -> 'refusal' || jsonb_build_object('outcome', priced -> 'refusal' -> 'code');
  end if;
  problem := toss_private.priced_cart_problem(priced);
  if problem is not null then
    return jsonb_build_object('outcome', 'catalogue_failed', 'problem', problem);
  end if;
  return priced || (
    select jsonb_build_object(
      'takesStock', own_catalogue is null and not request ? 'lines',
      'orderName', coalesce(
        request ->> 'orderName',
        toss_private.cart_name(priced -> 'lines' -> 0 ->> 'name', jsonb_array_length(priced -> 'lines') - 1)
      ),
      'amount', sum(part.amount),
      'taxFreeAmount', coalesce(sum(part.amount) filter (where part.tax_free), 0),
      'largestQuantity', max(part.quantity)
    )
    from (
      select (l.value ->> 'unitPrice')::numeric * (l.value ->> 'quantity')::numeric as amount,
        coalesce((l.value ->> 'taxFree')::boolean, false) as tax_free, (l.value ->> 'quantity')::numeric as quantity
      from jsonb_array_elements(priced -> 'lines') as l
      union all
      select (a.value ->> 'amount')::numeric, coalesce((a.value ->> 'taxFree')::boolean, false), 0
      from jsonb_array_elements(coalesce(priced -> 'adjustments', '[]')) as a
    ) as part
  );
end;
$$;

comment on function toss_private.priced_order(jsonb) is
  'What a checkout costs: a plan''s price, the lines that the shop''s server named, or those that the catalogue in use makes of the items; or the outcome that refuses it.';
