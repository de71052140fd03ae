-- Purpose: Toss's customerKey of each signed-in user.
-- user_id has no foreign key to auth.users on purpose: money records outlive a deleted account.

create table public.customers (
  user_id uuid primary key,
  customer_key uuid not null default gen_random_uuid(),
  created_at timestamptz not null default now(),
  constraint customers_customer_key_unique unique (customer_key)
);

comment on table public.customers is 'One row per signed-in buyer, made on first use.';
comment on column public.customers.user_id is 'auth.users.id; no foreign key, so that the row stays when the account goes.';
comment on column public.customers.customer_key is 'Toss''s customerKey: random, so that it says nothing about the person.';

alter table public.customers enable row level security;

grant select on public.customers to authenticated, service_role;

create policy "users read their own customer key"
  on public.customers for select to authenticated
  using ((select auth.uid()) = user_id);
