-- Purpose: which user may use which plan, until when, and because of what.
-- Table: entitlements; view: user_plans.

create table public.entitlements (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null,
  plan_id text not null references public.plans (id),
  source text not null,
  order_id text references public.orders (id),
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  revoked_at timestamptz,
  created_at timestamptz not null,
  constraint entitlements_source_known check (source in ('order', 'subscription')),
  constraint entitlements_ends_after_start check (ends_at > starts_at),
  constraint entitlements_order_has_id check (source <> 'order' or order_id is not null),
  constraint entitlements_one_per_order unique (order_id)
);

create index entitlements_user_id on public.entitlements (user_id, plan_id, ends_at desc);
create index entitlements_plan_id on public.entitlements (plan_id);

comment on table public.entitlements is 'Access that a payment bought. One per paid order; revoked when the payment is fully refunded or its deposit reversed.';
comment on column public.entitlements.source is 'order: a one-time pass. subscription: a period of a subscription.';
comment on column public.entitlements.ends_at is 'End of the period, exclusive; months are counted in Asia/Seoul.';
comment on column public.entitlements.revoked_at is 'Access ended at this time although the period was longer.';

alter table public.entitlements enable row level security;
grant select on public.entitlements to authenticated, service_role;

create policy "users read their own entitlements"
  on public.entitlements for select to authenticated
  using ((select auth.uid()) = user_id);

create view public.user_plans
with (security_invoker = true)
as
select distinct on (e.user_id, e.plan_id)
  e.user_id,
  e.plan_id as plan,
  case
    when e.revoked_at is not null then 'canceled'
    when private.clock_now() < e.starts_at then 'scheduled'
    when private.clock_now() < e.ends_at then 'active'
    else 'expired'
  end as status,
  null::timestamptz as next_billing_date
from public.entitlements as e
order by
  e.user_id,
  e.plan_id,
  (e.revoked_at is null and private.clock_now() >= e.starts_at and private.clock_now() < e.ends_at) desc,
  e.ends_at desc;

comment on view public.user_plans is 'One row per user and plan: what to check before showing a paid feature.';
comment on column public.user_plans.plan is 'plans.id';
comment on column public.user_plans.status is 'active, scheduled, expired or canceled.';
comment on column public.user_plans.next_billing_date is 'When the plan is charged again; null for a one-time pass.';

grant select on public.user_plans to authenticated, service_role;
