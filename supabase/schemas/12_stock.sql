-- How many of a product are left: reserved with an order, released with its end.

create table toss_private.stock_movements (
  id bigint generated always as identity primary key,
  product_id text not null,
  order_id text references public.orders (id),
  delta integer not null,
  created_at timestamptz not null
);

alter table toss_private.stock_movements enable row level security;

comment on table toss_private.stock_movements is 'Append-only: the sum of a product''s rows is its stock.';
comment on column toss_private.stock_movements.product_id is 'products.id; no foreign key, so that a product nobody ordered can be deleted and its past stays.';
comment on column toss_private.stock_movements.order_id is 'The order that reserved (negative) or returned (positive) the units; null for a change by the shop.';

create index stock_movements_product_id on toss_private.stock_movements (product_id);
create index stock_movements_order_id on toss_private.stock_movements (order_id) where order_id is not null;

create trigger stock_movements_append_only
  before update or delete on toss_private.stock_movements
  for each row execute function toss_private.refuse_change();

create trigger stock_movements_no_truncate
  before truncate on toss_private.stock_movements
  for each statement execute function toss_private.refuse_change();

create function toss_private.record_stock_movement()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  delta integer := coalesce(new.stock, 0);
begin
  if tg_op = 'UPDATE' then
    delta := delta - coalesce(old.stock, 0);
  end if;
  if delta <> 0 then
    insert into toss_private.stock_movements (product_id, order_id, delta, created_at)
    values (
      new.id,
      nullif(current_setting('tosspayments.stock_order_id', true), ''),
      delta,
      toss_private.clock_now()
    );
  end if;
  return null;
end;
$$;

comment on function toss_private.record_stock_movement() is
  'Writes the ledger line of a stock change. The order comes from the transaction-local setting tosspayments.stock_order_id.';

create trigger products_record_stock_movement
  after insert or update of stock on public.products
  for each row execute function toss_private.record_stock_movement();

create function toss_private.lock_products(product_ids text[])
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  -- Whoever touches several products locks them here, by id, before anything else. No stronger lock than
  -- this: an order item's foreign key share-locks its product, and two checkouts would wait for each other.
  perform from public.products as p
  where p.id = any (product_ids)
  order by p.id
  for no key update;
end;
$$;

comment on function toss_private.lock_products(text[]) is 'Locks products in the one order that cannot deadlock.';

create function toss_private.products_of(order_ids text[])
returns text[]
language plpgsql
stable
set search_path = ''
as $$
begin
  return array(
    select distinct i.product_id from public.order_items as i where i.order_id = any (order_ids) and i.takes_stock
  );
end;
$$;

comment on function toss_private.products_of(text[]) is 'Which products some orders are about.';

create function toss_private.reserve_stock(reserving_order_id text)
returns text
language plpgsql
set search_path = ''
as $$
declare
  short_product_id text;
begin
  perform toss_private.lock_products(toss_private.products_of(array[reserving_order_id]));

  select i.product_id into short_product_id
  from public.order_items as i
  join public.products as p on p.id = i.product_id
  where i.order_id = reserving_order_id and i.takes_stock and p.stock < i.quantity
  order by i.product_id
  limit 1;
  if found then
    return short_product_id;
  end if;

  perform set_config('tosspayments.stock_order_id', reserving_order_id, true);
  update public.products as p
  set stock = p.stock - i.quantity
  from public.order_items as i
  where i.order_id = reserving_order_id and i.takes_stock and p.id = i.product_id and p.stock is not null;
  perform set_config('tosspayments.stock_order_id', '', true);
  return null;
end;
$$;

comment on function toss_private.reserve_stock(text) is
  'Takes the stock of every item of an order, or none: returns the first product that is short, null when all was taken.';

create function toss_private.release_stock(released_order_id text)
returns void
language plpgsql
set search_path = ''
as $$
begin
  perform toss_private.lock_products(toss_private.products_of(array[released_order_id]));

  perform set_config('tosspayments.stock_order_id', released_order_id, true);
  update public.products as p
  set stock = p.stock - held.delta
  from (
    select m.product_id, sum(m.delta) as delta
    from toss_private.stock_movements as m
    where m.order_id = released_order_id
    group by m.product_id
    having sum(m.delta) < 0
  ) as held
  where p.id = held.product_id and p.stock is not null;
  perform set_config('tosspayments.stock_order_id', '', true);

  -- A product whose stock was lifted meanwhile has none to give back to; the order must not hold it for ever.
  insert into toss_private.stock_movements (product_id, order_id, delta, created_at)
  select held.product_id, split.order_id, split.sign * held.delta, toss_private.clock_now()
  from (
    select m.product_id, sum(m.delta) as delta
    from toss_private.stock_movements as m
    where m.order_id = released_order_id
    group by m.product_id
    having sum(m.delta) < 0
  ) as held
  cross join (values (released_order_id, -1), (null, 1)) as split (order_id, sign);
end;
$$;

comment on function toss_private.release_stock(text) is
  'Gives back what an order still holds. Safe to repeat: it returns only what the ledger says is held.';
