-- Purpose: user_plans answers for subscriptions too.
-- View: user_plans (same columns; new words in status).

create or replace view public.user_plans
with (security_invoker = true)
as
select distinct on (u.user_id, u.plan)
  u.user_id,
  u.plan,
  u.status,
  u.next_billing_date
from (
  select
    s.user_id,
    s.plan_id as plan,
    case
      when s.cancel_at_period_end and s.access_ends_at <= private.clock_now() then 'canceled'
      when s.status <> 'past_due' then s.status
      -- While Toss is asked, nobody knows that the grace was in vain.
      when s.access_ends_at > private.clock_now() or s.next_charge_at is not null
        or exists (
          select 1 from public.subscription_charges as c
          where c.subscription_id = s.id and c.status in ('pending', 'processing', 'unknown')
        ) then 'past_due'
      else 'expired'
    end as status,
    s.next_charge_at as next_billing_date,
    coalesce(s.ended_at, 'infinity') as until
  from public.subscriptions as s
  union all
  select
    e.user_id,
    e.plan_id,
    case
      when e.revoked_at is not null then 'canceled'
      when private.clock_now() < e.starts_at then 'scheduled'
      when private.clock_now() < e.ends_at then 'active'
      else 'expired'
    end,
    null::timestamptz,
    e.ends_at
  from public.entitlements as e
  where e.source = 'order'
) as u
order by
  u.user_id,
  u.plan,
  (u.status in ('active', 'trialing', 'past_due')) desc,
  u.until desc;

comment on column public.user_plans.status is
  'active, trialing, past_due (charged without success, access lasts through the grace), scheduled (a pass), expired or canceled.';
comment on column public.user_plans.next_billing_date is
  'When the plan is charged next; null for a one-time pass, after notice, and while nothing is charged by itself.';
