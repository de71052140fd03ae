-- Orders, their items and adjustments.

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
  subscription_charge_id uuid,
  tax_free_amount bigint not null default 0,
  reference text,
  request_digest text,
  customer_mobile_phone text,
  toss_keys text not null default 'main',
  toss_client_key text,
  constraint orders_toss_client_key_length check (char_length(toss_client_key) between 1 and 200),
  constraint orders_toss_keys_known check (toss_keys in ('main', 'widget', 'billing')),
  -- A charge has no page.
  constraint orders_widget_keys_are_for_buyers check (toss_keys <> 'widget' or subscription_charge_id is null),
  constraint orders_id_format check (id ~ '^[A-Za-z0-9_-]{6,64}$'),
  constraint orders_status_known check (status in (
    'pending', 'waiting_for_deposit', 'paid', 'partially_refunded',
    'refunded', 'canceled', 'failed', 'expired'
  )),
  constraint orders_order_name_length check (char_length(order_name) between 1 and 100),
  constraint orders_amount_range check (amount between 0 and 9007199254740991),
  constraint orders_currency_code check (currency ~ '^[A-Z]{3}$'),
  constraint orders_customer_email_length check (char_length(customer_email) <= 100),
  constraint orders_customer_mobile_phone_format check (customer_mobile_phone ~ '^\d{8,15}$'),
  constraint orders_customer_name_length check (char_length(customer_name) <= 100),
  constraint orders_metadata_is_object check (jsonb_typeof(metadata) = 'object'),
  constraint orders_plan_period_complete check (
    (plan_id is null) = (plan_interval is null) and (plan_id is null) = (plan_interval_count is null)
  ),
  constraint orders_request_id_unique unique (request_id),
  constraint orders_reference_length check (char_length(reference) between 1 and 64),
  constraint orders_reference_has_digest check ((reference is null) = (request_digest is null)),
  constraint orders_tax_free_amount_range check (tax_free_amount between 0 and amount),
  -- Nothing to pay is never sent to Toss.
  constraint orders_free_has_no_payment check (amount > 0 or payment_key is null)
);

alter table public.orders enable row level security;

comment on table public.orders is 'One row per checkout. Status moves only inside SQL functions, each move with a line in payment_events.';
comment on column public.orders.id is 'Toss''s orderId. Unguessable, because the three values of a confirm are its only proof.';
comment on column public.orders.user_id is
  'The buyer; null for a guest. Personal: id; kept.';
comment on column public.orders.amount is 'Total in the currency''s minor unit; a confirm with any other amount is refused.';
comment on column public.orders.plan_id is 'Set when the order buys a one-time pass for a plan.';
comment on column public.orders.plan_interval is 'The pass''s period as sold; a later change of the plan does not reach it.';
comment on column public.orders.payment_key is 'The payment that paid the order, or whose deposit it waits for.';
comment on column public.orders.customer_email is
  'Where the buyer gets notices, and what Toss is told; null = as Auth knows the user. Personal: e-mail; erased.';
comment on column public.orders.customer_mobile_phone is
  'As customer_email; digits alone. Personal: phone; erased.';
comment on column public.orders.request_id is 'Identifies the checkout request, so that a request sent twice by the network makes one order.';
comment on column public.orders.expires_at is 'A pending order is given up after this time and its stock returned.';
comment on column public.orders.tax_free_amount is 'The part of amount without VAT, minor unit; Toss''s taxFreeAmount.';
comment on column public.orders.reference is
  'The shop''s own id of the order: one order a reference. Personal: id; kept.';
comment on column public.orders.request_digest is
  'SHA-256 of what the order was asked for with; another order under the same reference is refused.';
comment on column public.orders.toss_keys is
  'The key pair that made its payment, or is to make it: main, widget (TOSS_WIDGET_*) or billing (TOSS_BILLING_*). Toss is asked about it with no other.';
comment on column public.orders.toss_client_key is
  'The client key of that pair when the order was made. While another one is set, Toss''s no proves nothing.';
comment on column public.orders.subscription_charge_id is 'Set when the order is one attempt of a charge to a billing key.';
comment on column public.orders.order_name is
  'What the buyer and Toss read; made of the lines, or the shop''s own words. Personal: free text; erased.';
comment on column public.orders.customer_name is
  'As checkout was told it. Personal: name; erased.';
comment on column public.orders.metadata is
  'Whatever the shop gave with the order; nothing here reads it. Personal: free text; erased.';

create unique index orders_reference_unique on public.orders (reference) where reference is not null;
create index orders_user_id_created_at on public.orders (user_id, created_at desc);
create index orders_plan_id on public.orders (plan_id) where plan_id is not null;
create index orders_payment_key on public.orders (payment_key) where payment_key is not null;
create index orders_open_expires_at on public.orders (expires_at)
  where status in ('pending', 'waiting_for_deposit');
create index orders_subscription_charge_id on public.orders (subscription_charge_id)
  where subscription_charge_id is not null;
create index orders_refunded_charges on public.orders (subscription_charge_id)
  where status = 'refunded' and subscription_charge_id is not null;

-- The operator's search: people do not write their address the same way twice.
create index orders_customer_email on public.orders (lower(customer_email)) where customer_email is not null;

create policy "users read their own orders"
  on public.orders for select to authenticated
  using ((select auth.uid()) = user_id);

create table public.order_items (
  order_id text not null references public.orders (id),
  position integer not null,
  product_id text,
  name text not null,
  unit_price bigint not null,
  quantity integer not null,
  tax_free boolean not null default false,
  takes_stock boolean not null default false,
  withdrawal text not null default 'allowed',
  used_at timestamptz,
  primary key (order_id, position),
  constraint order_items_product_id_length check (char_length(product_id) between 1 and 64),
  constraint order_items_name_length check (char_length(name) between 1 and 100),
  constraint order_items_stock_has_product check (not takes_stock or product_id is not null),
  constraint order_items_unit_price_range check (unit_price between 0 and 9007199254740991),
  constraint order_items_quantity_range check (quantity between 1 and 9999),
  constraint order_items_withdrawal_known check (withdrawal in ('allowed', 'excluded_after_use', 'excluded'))
);

alter table public.order_items enable row level security;

comment on table public.order_items is 'Name and price as they were at checkout; later changes of a product do not reach them.';
comment on column public.order_items.unit_price is 'Price of one unit in the order''s currency, minor unit.';

comment on column public.order_items.position is 'The line''s place in the order, from 1.';
comment on column public.order_items.product_id is
  'products.id, or the id in the shop''s own catalogue, or null for a line that the shop''s server named.';
comment on column public.order_items.takes_stock is 'Whether the line holds stock of products; the shop''s own catalogue keeps its own.';
comment on column public.order_items.withdrawal is 'products.withdrawal as the buyer was told it at checkout.';
comment on column public.order_items.used_at is 'When the shop said that it was used; what is excluded_after_use cannot be given back from then on.';
comment on column public.order_items.name is
  'What was sold, as it was called then. Of a line that no catalogue named the shop''s server wrote it. Personal: free text; erased.';

create index order_items_product_id on public.order_items (product_id);
create unique index order_items_one_line_per_stock on public.order_items (order_id, product_id) where takes_stock;

create policy "users read the items of their own orders"
  on public.order_items for select to authenticated
  using (exists (
    select 1 from public.orders as o
    where o.id = order_id and o.user_id = (select auth.uid())
  ));

create table public.order_adjustments (
  order_id text not null references public.orders (id),
  position integer not null,
  kind text not null,
  name text not null,
  amount bigint not null,
  tax_free boolean not null default false,
  primary key (order_id, position),
  constraint order_adjustments_kind_known check (kind in ('shipping', 'discount', 'coupon', 'points', 'other')),
  constraint order_adjustments_name_length check (char_length(name) between 1 and 100),
  constraint order_adjustments_amount_range check (amount between -9007199254740991 and 9007199254740991),
  constraint order_adjustments_taken_off check (kind not in ('discount', 'coupon', 'points') or amount < 0)
);

alter table public.order_adjustments enable row level security;

comment on table public.order_adjustments is 'What was added to an order''s lines or taken off: shipping, discounts, coupons, points.';
comment on column public.order_adjustments.amount is 'Minor unit; negative where something is taken off.';
comment on column public.order_adjustments.tax_free is 'Whether it changes the tax-free part of the total.';
comment on column public.order_adjustments.name is
  'In the shop''s words, for example a coupon''s. Personal: free text; erased.';

create policy "users read the adjustments of their own orders"
  on public.order_adjustments for select to authenticated
  using (exists (
    select 1 from public.orders as o
    where o.id = order_adjustments.order_id and o.user_id = (select auth.uid())
  ));

create function toss_private.order_view(viewed_order_id text)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select jsonb_build_object(
      'outcome', 'created',
      'orderId', o.id,
      'orderName', o.order_name,
      'amount', o.amount,
      'currency', o.currency,
      'taxFreeAmount', o.tax_free_amount,
      'status', o.status,
      'customerKey', c.customer_key,
      'tossKeys', o.toss_keys,
      'expiresAt', o.expires_at
    )
    from public.orders as o
    left join public.customers as c on c.user_id = o.user_id
    where o.id = viewed_order_id
  );
end;
$$;

comment on function toss_private.order_view(text) is 'What checkout answers for an order.';

create function toss_private.move_order(moved public.orders, new_status text, audit jsonb)
returns void
language plpgsql
set search_path = ''
as $$
begin
  if moved.status = new_status then
    return;
  end if;
  update public.orders
  set status = new_status, payment_key = moved.payment_key,
    updated_at = coalesce((audit ->> 'at')::timestamptz, toss_private.clock_now())
  where id = moved.id;
  perform toss_private.write_event(audit || jsonb_build_object(
    'event', 'order_status', 'orderId', moved.id, 'from', moved.status, 'to', new_status,
    'amount', moved.amount
  ));
end;
$$;

comment on function toss_private.move_order(public.orders, text, jsonb) is
  'Moves an order, with the payment that moves it, and writes the audit line in the same breath; the only way a status changes after checkout, besides expiry. The caller holds the order, and `moved` is as it stands but for that payment.';

create function toss_private.is_own_order(named public.orders, request jsonb)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  if request ->> 'requestedBy' <> 'guest' then
    return coalesce(named.user_id::text = request ->> 'requestedBy', false);
  end if;
  -- A guest's order belongs to whoever holds its id, as at virtual-account; what else the page holds must be right.
  return named.id = request ->> 'orderId' and named.user_id is null
    and (not request ? 'amount' or (request ->> 'amount')::bigint = named.amount);
end;
$$;

comment on function toss_private.is_own_order(public.orders, jsonb) is
  'Whether an order is that of the user, or of the guest, who wants to cancel it. False when there is none.';
