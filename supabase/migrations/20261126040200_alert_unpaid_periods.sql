-- Purpose: an alert when one of several payments of a running period went back and its plan stays.
-- View: private.subscription_alerts (replaced); index: orders_refunded_charges.

create index orders_refunded_charges on public.orders (subscription_charge_id)
  where status = 'refunded' and subscription_charge_id is not null;

create or replace view private.subscription_alerts
with (security_invoker = true)
as
select
  'warning' as level,
  'user_deleted' as alert,
  s.id::text as subject,
  format('user %s is gone from auth.users; plan %s was paid until %s, its access has ended', s.user_id, s.plan_id,
    s.current_period_end) as detail,
  s.ended_at as since
from public.subscriptions as s
where s.end_reason = 'user_deleted' and s.ended_at > private.clock_now() - interval '7 days'

union all
-- Until the period is over, the refund fails after all, or the rest goes back, too.
select 'warning', 'period_not_fully_paid', s.id::text,
  format('%s of the period from %s went back, order %s; plan %s and its access stay', sum(c.amount),
    s.current_period_start, string_agg(o.id, ', ' order by o.id), s.plan_id),
  min(coalesce(p.canceled_at, p.applied_at))
from public.orders as o
join public.payments as p on p.payment_key = o.payment_key
join public.subscription_charges as c on c.id = o.subscription_charge_id and c.order_id = o.id and c.status = 'paid'
join public.subscriptions as s
  on s.id = c.subscription_id and s.status <> 'canceled' and s.period_number = c.period_number
where o.status = 'refunded' and o.subscription_charge_id is not null and (
  -- An upgrade that could not be undone, or not yet.
  (c.kind = 'upgrade' and c.undone_at is null and exists (select 1 from public.entitlements as e where e.charge_id = c.id))
  or exists (
    select 1 from public.subscription_charges as later
    join public.orders as paid on paid.id = later.order_id and paid.status in ('paid', 'partially_refunded')
    join public.entitlements as e on e.charge_id = later.id
    where later.subscription_id = s.id and later.status = 'paid' and later.period_number = c.period_number
      and (later.period_start, later.created_at) > (c.period_start, c.created_at)
  )
)
group by s.id;

comment on view private.subscription_alerts is
  'What needs a person about subscriptions: for a week one that ended because its user is gone; one whose period is not fully paid any more.';
