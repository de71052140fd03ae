-- Purpose: stock that only overdue orders hold is the next buyer's at once, however many orders hold it.
-- Functions: private.free_overdue_stock, public.expire_orders (replaced: what remains is counted after what was done).
-- Risk: a checkout gives up as many overdue orders as it needs, at least fifty of those that hold what it lacks.

create or replace function private.free_overdue_stock(wanting_order_id text)
returns void
language plpgsql
set search_path = ''
as $$
declare
  present constant timestamptz := private.clock_now();
  short_product_ids text[];
  missing bigint[];
  overdue_order_ids text[] := '{}';
  overdue_order_id text;
begin
  select array_agg(i.product_id order by i.product_id), array_agg(i.quantity - p.stock order by i.product_id)
  into short_product_ids, missing
  from public.order_items as i
  join public.products as p on p.id = i.product_id
  where i.order_id = wanting_order_id and p.stock < i.quantity;
  if short_product_ids is null then
    return;
  end if;

  for overdue_order_id in
    select o.id
    from public.orders as o
    where o.status = 'pending' and o.expires_at <= present
      and exists (
        select 1 from public.order_items as i where i.order_id = o.id and i.product_id = any (short_product_ids)
      )
      -- An open operation may still turn out to be a payment.
      and not exists (
        select 1 from public.operations as op where op.order_id = o.id and op.state in ('started', 'unknown')
      )
    order by o.expires_at
    for update of o skip locked
  loop
    overdue_order_ids := overdue_order_ids || overdue_order_id;
    select array_agg(m.still - coalesce(i.quantity, 0) order by m.product_id) into missing
    from unnest(short_product_ids, missing) as m (product_id, still)
    left join public.order_items as i on i.order_id = overdue_order_id and i.product_id = m.product_id;
    -- Some more than are missing, because others take from the same stock at this moment.
    exit when cardinality(overdue_order_ids) >= 50 and 0 >= all (missing);
  end loop;
  -- All products of all these orders at once, so that two checkouts cannot take them in crossing order.
  perform private.lock_products(private.products_of(overdue_order_ids || wanting_order_id));
  perform private.expire_overdue_orders(overdue_order_ids, present, 'checkout');
end;
$$;

comment on function private.free_overdue_stock(text) is
  'Lets a buyer have stock that only overdue orders still hold, without waiting for the expiry job.';

create or replace function public.expire_orders(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  due_time constant timestamptz := coalesce((request ->> 'asOf')::timestamptz, private.clock_now());
  overdue_order_ids text[];
  expired_count integer;
begin
  with overdue as (
    select o.id
    from public.orders as o
    where o.status = 'pending' and o.expires_at <= due_time
      and not exists (
        select 1 from public.operations as op
        where op.order_id = o.id and op.state in ('started', 'unknown')
      )
    order by o.expires_at
    limit (request ->> 'limit')::integer
    for update of o skip locked
  )
  select array_agg(overdue.id) into overdue_order_ids from overdue;
  expired_count := private.expire_overdue_orders(coalesce(overdue_order_ids, '{}'), due_time, 'expiry');

  -- A statement of its own: the one that gives them up does not see it yet.
  return jsonb_build_object('expired', expired_count, 'remaining', (
    select count(*) from public.orders as o where o.status = 'pending' and o.expires_at <= due_time
      and not exists (
        select 1 from public.operations as op
        where op.order_id = o.id and op.state in ('started', 'unknown')
      )
  ));
end;
$$;

comment on function public.expire_orders(jsonb) is
  'Gives up pending orders whose time has passed and returns their stock; never while an operation of the order is open. Says how many remain.';
