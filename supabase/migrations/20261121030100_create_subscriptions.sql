-- Purpose: which user pays for which plan by the period, and with what.
-- Table: subscriptions.

create table public.subscriptions (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null,
  plan_id text not null references public.plans (id),
  billing_method_id uuid references public.billing_methods (id),
  status text not null,
  current_period_start timestamptz not null,
  current_period_end timestamptz not null,
  next_charge_at timestamptz,
  cancel_at_period_end boolean not null default false,
  needs_payment_method boolean not null default false,
  canceled_at timestamptz,
  ended_at timestamptz,
  created_at timestamptz not null default now(),
  constraint subscriptions_status_known check (status in ('trialing', 'active', 'past_due', 'canceled')),
  constraint subscriptions_period_ends_after_start check (current_period_end > current_period_start)
);

-- A user subscribes to a plan once at a time.
create unique index subscriptions_one_live_per_plan on public.subscriptions (user_id, plan_id)
  where status <> 'canceled';
create index subscriptions_user_id on public.subscriptions (user_id, created_at desc);
create index subscriptions_plan_id on public.subscriptions (plan_id);
create index subscriptions_billing_method_id on public.subscriptions (billing_method_id)
  where billing_method_id is not null;
create index subscriptions_next_charge_at on public.subscriptions (next_charge_at)
  where status <> 'canceled';

comment on table public.subscriptions is 'One row per subscription. Status moves only inside SQL functions.';
comment on column public.subscriptions.user_id is 'auth.users.id; no foreign key, so that the row stays when the account goes.';
comment on column public.subscriptions.billing_method_id is 'What the next period is charged to.';
comment on column public.subscriptions.current_period_end is 'Exclusive, counted from the anchor in Asia/Seoul.';
comment on column public.subscriptions.next_charge_at is 'When the next charge is due; null when none will be made.';
comment on column public.subscriptions.cancel_at_period_end is 'The user gave notice: access lasts to the end of the period and is not charged again.';
comment on column public.subscriptions.needs_payment_method is 'The billing method no longer works: ask the user for another one before the next charge.';
comment on column public.subscriptions.canceled_at is 'When notice was given.';
comment on column public.subscriptions.ended_at is 'When access ended.';

alter table public.subscriptions enable row level security;

grant select on public.subscriptions to authenticated, service_role;

create policy "users read their own subscriptions"
  on public.subscriptions for select to authenticated
  using ((select auth.uid()) = user_id);
