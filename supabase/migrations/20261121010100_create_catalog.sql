-- Purpose: what can be bought. Prices are decided here, never by the browser.
-- Tables: products, plans.

create table public.products (
  id text primary key default gen_random_uuid()::text,
  name text not null,
  price bigint not null,
  currency text not null default 'KRW',
  stock integer,
  active boolean not null default true,
  created_at timestamptz not null default now(),
  constraint products_id_length check (char_length(id) between 1 and 64),
  constraint products_name_length check (char_length(name) between 1 and 100),
  constraint products_price_range check (price between 0 and 9007199254740991),
  constraint products_currency_code check (currency ~ '^[A-Z]{3}$'),
  constraint products_stock_not_negative check (stock >= 0)
);

comment on table public.products is 'Goods sold one by one. Read by everyone while active.';
comment on column public.products.price is 'Unit price in the currency''s minor unit (KRW: won), tax included.';
comment on column public.products.stock is 'Units that can still be ordered; null means unlimited. Reserved at checkout, given back when the order expires or is fully refunded.';

create table public.plans (
  id text primary key default gen_random_uuid()::text,
  name text not null,
  price bigint not null,
  currency text not null default 'KRW',
  interval text not null,
  interval_count integer not null default 1,
  trial_days integer not null default 0,
  active boolean not null default true,
  created_at timestamptz not null default now(),
  constraint plans_id_length check (char_length(id) between 1 and 64),
  constraint plans_name_length check (char_length(name) between 1 and 100),
  constraint plans_price_range check (price between 0 and 9007199254740991),
  constraint plans_currency_code check (currency ~ '^[A-Z]{3}$'),
  constraint plans_interval_known check (interval in ('day', 'week', 'month', 'year')),
  constraint plans_interval_count_range check (interval_count between 1 and 1000),
  constraint plans_trial_days_range check (trial_days between 0 and 1000)
);

comment on table public.plans is 'Access sold by the period, as a one-time pass or as a subscription. Read by everyone while active.';
comment on column public.plans.price is 'Price of one period in the currency''s minor unit (KRW: won).';
comment on column public.plans.interval is 'Unit of the period: day, week, month or year, counted in Asia/Seoul.';
comment on column public.plans.interval_count is 'How many units one period lasts.';
comment on column public.plans.trial_days is 'Free days before the first charge of a subscription.';

alter table public.products enable row level security;
alter table public.plans enable row level security;

grant select on public.products, public.plans to anon, authenticated;
-- A shop's own back office edits the catalogue with the secret key.
grant select, insert, update, delete on public.products, public.plans to service_role;

create policy "everyone reads active products"
  on public.products for select to anon, authenticated
  using (active);

create policy "everyone reads active plans"
  on public.plans for select to anon, authenticated
  using (active);
