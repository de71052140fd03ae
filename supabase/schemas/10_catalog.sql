-- What is sold: products, and plans for time.

create table public.products (
  id text primary key default gen_random_uuid()::text,
  name text not null,
  price bigint not null,
  currency text not null default 'KRW',
  stock integer,
  tax_free boolean not null default false,
  active boolean not null default true,
  created_at timestamptz not null default now(),
  withdrawal text not null default 'allowed',
  constraint products_id_length check (char_length(id) between 1 and 64),
  constraint products_name_length check (char_length(name) between 1 and 100),
  constraint products_price_range check (price between 0 and 9007199254740991),
  constraint products_currency_code check (currency ~ '^[A-Z]{3}$'),
  constraint products_stock_not_negative check (stock >= 0),
  constraint products_withdrawal_known check (withdrawal in ('allowed', 'excluded_after_use', 'excluded'))
);

alter table public.products enable row level security;

comment on table public.products is 'Goods sold one by one. Read by everyone while active.';
comment on column public.products.price is 'Unit price in the currency''s minor unit (KRW: won), tax included.';
comment on column public.products.stock is 'Units that can still be ordered; null means unlimited. Reserved at checkout, given back when the order expires or is fully refunded.';

comment on column public.products.tax_free is 'Sold without VAT (면세).';
comment on column public.products.withdrawal is
  'Whether its buyer can give it back (청약철회): allowed, excluded_after_use (once the shop has marked it used) or excluded; what is sold keeps what it was sold with.';

create policy "everyone reads active products"
  on public.products for select to anon, authenticated
  using (active);

create table public.plans (
  id text primary key default gen_random_uuid()::text,
  name text not null,
  price bigint not null,
  currency text not null default 'KRW',
  interval text not null,
  interval_count integer not null default 1,
  trial_days integer not null default 0,
  tax_free boolean not null default false,
  active boolean not null default true,
  created_at timestamptz not null default now(),
  catch_up text not null default 'current',
  reminder_days integer not null default 7,
  plan_group text,
  consent text not null default 'required',
  without_consent text not null default 'cancel',
  intro_price bigint,
  intro_periods integer,
  constraint plans_id_length check (char_length(id) between 1 and 64),
  constraint plans_name_length check (char_length(name) between 1 and 100),
  constraint plans_price_range check (price between 0 and 9007199254740991),
  constraint plans_currency_code check (currency ~ '^[A-Z]{3}$'),
  constraint plans_interval_known check (interval in ('day', 'week', 'month', 'year')),
  constraint plans_interval_count_range check (interval_count between 1 and 1000),
  constraint plans_trial_days_range check (trial_days between 0 and 1000),
  constraint plans_catch_up_known check (catch_up in ('current', 'all')),
  constraint plans_reminder_days_range check (reminder_days between 0 and 365),
  constraint plans_plan_group_length check (char_length(plan_group) between 1 and 64),
  constraint plans_consent_known check (consent in ('required', 'not_required')),
  constraint plans_without_consent_known check (without_consent in ('cancel', 'keep_price')),
  constraint plans_intro_complete check ((intro_price is null) = (intro_periods is null)),
  -- A free beginning is a trial.
  constraint plans_intro_price_range check (intro_price between 100 and 9007199254740991),
  constraint plans_intro_periods_range check (intro_periods between 1 and 1000)
);

alter table public.plans enable row level security;

comment on table public.plans is 'Access sold by the period, as a one-time pass or as a subscription. Read by everyone while active.';
comment on column public.plans.price is 'Price of one period in the currency''s minor unit (KRW: won).';
comment on column public.plans.tax_free is 'Sold without VAT (면세).';
comment on column public.plans.interval is 'Unit of the period: day, week, month or year, counted in Asia/Seoul.';
comment on column public.plans.interval_count is 'How many units one period lasts.';
comment on column public.plans.trial_days is 'Free days before the first charge of a subscription.';
comment on column public.plans.catch_up is
  'What happens to periods that nobody charged in time. current: only the period that runs now is charged, missed ones are listed as void. all: each missed period is charged, one after another.';
comment on column public.plans.reminder_days is
  'How many days before a charge subscription.renewal_upcoming is written; 0 = never. A period that is not longer than this has no reminder.';
comment on column public.plans.consent is
  'required: no first charge after a trial and no higher price without the subscriber''s consent (전자상거래법 13조 6항). not_required: for plans that no consumer buys.';
comment on column public.plans.without_consent is
  'What follows at the date of a higher price that was not consented to: cancel, or keep_price. A trial always ends.';
comment on column public.plans.intro_price is
  'Price of a period for new subscribers during their first intro_periods periods; its end is a rise.';
comment on column public.plans.plan_group is
  'Plans of one group exclude each other: a user has one live subscription of them. Null: the plan stands alone.';

create index plans_plan_group on public.plans (plan_group) where plan_group is not null;

create policy "everyone reads active plans"
  on public.plans for select to anon
  using (active);
