-- Purpose: what a buyer agreed to pay, priced on the server, and what it consists of.
-- Tables: orders, order_items.

create table public.orders (
  id text primary key,
  user_id uuid,
  status text not null default 'pending',
  order_name text not null,
  amount bigint not null,
  currency text not null,
  plan_id text references public.plans (id),
  plan_interval text,
  plan_interval_count integer,
  payment_key text,
  customer_email text,
  customer_name text,
  metadata jsonb not null default '{}',
  request_id uuid,
  expires_at timestamptz not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint orders_id_format check (id ~ '^[A-Za-z0-9_-]{6,64}$'),
  constraint orders_status_known check (status in (
    'pending', 'waiting_for_deposit', 'paid', 'partially_refunded',
    'refunded', 'canceled', 'failed', 'expired'
  )),
  constraint orders_order_name_length check (char_length(order_name) between 1 and 100),
  constraint orders_amount_range check (amount between 1 and 9007199254740991),
  constraint orders_currency_code check (currency ~ '^[A-Z]{3}$'),
  constraint orders_customer_email_length check (char_length(customer_email) <= 100),
  constraint orders_customer_name_length check (char_length(customer_name) <= 100),
  constraint orders_metadata_is_object check (jsonb_typeof(metadata) = 'object'),
  constraint orders_plan_period_complete check (
    (plan_id is null) = (plan_interval is null) and (plan_id is null) = (plan_interval_count is null)
  ),
  constraint orders_request_id_unique unique (request_id)
);

create index orders_user_id_created_at on public.orders (user_id, created_at desc);
create index orders_plan_id on public.orders (plan_id) where plan_id is not null;
create index orders_payment_key on public.orders (payment_key) where payment_key is not null;
create index orders_open_expires_at on public.orders (expires_at)
  where status in ('pending', 'waiting_for_deposit');

comment on table public.orders is 'One row per checkout. Status moves only inside SQL functions, each move with a line in payment_events.';
comment on column public.orders.id is 'Toss''s orderId. Unguessable, because the three values of a confirm are its only proof.';
comment on column public.orders.user_id is 'The buyer; null for a guest.';
comment on column public.orders.amount is 'Total in the currency''s minor unit; a confirm with any other amount is refused.';
comment on column public.orders.plan_id is 'Set when the order buys a one-time pass for a plan.';
comment on column public.orders.plan_interval is 'The pass''s period as sold; a later change of the plan does not reach it.';
comment on column public.orders.payment_key is 'The payment that paid the order, or whose deposit it waits for.';
comment on column public.orders.request_id is 'Identifies the checkout request, so that a request sent twice by the network makes one order.';
comment on column public.orders.expires_at is 'A pending order is given up after this time and its stock returned.';

create table public.order_items (
  order_id text not null references public.orders (id),
  product_id text not null references public.products (id),
  name text not null,
  unit_price bigint not null,
  quantity integer not null,
  primary key (order_id, product_id),
  constraint order_items_unit_price_range check (unit_price between 0 and 9007199254740991),
  constraint order_items_quantity_range check (quantity between 1 and 9999)
);

create index order_items_product_id on public.order_items (product_id);

comment on table public.order_items is 'Name and price as they were at checkout; later changes of a product do not reach them.';
comment on column public.order_items.unit_price is 'Price of one unit in the order''s currency, minor unit.';

alter table public.orders enable row level security;
alter table public.order_items enable row level security;

grant select on public.orders, public.order_items to authenticated, service_role;

create policy "users read their own orders"
  on public.orders for select to authenticated
  using ((select auth.uid()) = user_id);

create policy "users read the items of their own orders"
  on public.order_items for select to authenticated
  using (exists (
    select 1 from public.orders as o
    where o.id = order_id and o.user_id = (select auth.uid())
  ));
