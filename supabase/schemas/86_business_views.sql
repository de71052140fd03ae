-- What the shop asks of its own figures: revenue, subscriptions, declines. For Studio, a dashboard of SQL, and the
-- operator page; every day and month is one in Asia/Seoul, every amount in the minor unit.

create function toss_private.seoul_month(at timestamptz)
returns text
language plpgsql
immutable
set search_path = ''
as $$
begin
  return to_char(at at time zone 'Asia/Seoul', 'YYYY-MM');
end;
$$;

comment on function toss_private.seoul_month(timestamptz) is 'The month in Asia/Seoul, as YYYY-MM.';

create function toss_private.seoul_months(since timestamptz)
returns table (month text, starts_at timestamptz, ends_at timestamptz)
language plpgsql
volatile
set search_path = ''
as $$
begin
  return query
  select to_char(g.first_day, 'YYYY-MM'), g.first_day at time zone 'Asia/Seoul',
    (g.first_day + interval '1 month') at time zone 'Asia/Seoul'
  from generate_series(
    date_trunc('month', since at time zone 'Asia/Seoul'),
    date_trunc('month', toss_private.clock_now() at time zone 'Asia/Seoul'), interval '1 month'
  ) as g (first_day);
end;
$$;

comment on function toss_private.seoul_months(timestamptz) is
  'Every month in Asia/Seoul from the one that holds a moment up to the present one; the end is exclusive.';

create view public.daily_revenue
with (security_invoker = true)
as
select
  f.day,
  coalesce(f.method, '?') as method,
  f.currency,
  count(*) filter (where f.is_payment) as payments,
  coalesce(sum(f.amount) filter (where f.is_payment), 0)::bigint as amount,
  count(*) filter (where not f.is_payment) as refunds,
  coalesce(sum(f.amount) filter (where not f.is_payment), 0)::bigint as refunded_amount,
  sum(case when f.is_payment then f.amount else -f.amount end)::bigint as net_amount
from (
  -- An account that nobody paid into, or that the bank took the money back from, has earned nothing.
  select (p.approved_at at time zone 'Asia/Seoul')::date as day, p.method, p.currency, p.total_amount as amount,
    true as is_payment
  from public.payments as p
  where p.approved_at is not null and p.status in ('DONE', 'PARTIAL_CANCELED', 'CANCELED')
  union all
  select (coalesce(k.canceled_at, k.created_at) at time zone 'Asia/Seoul')::date, p.method, p.currency, k.amount, false
  from public.payment_cancels as k
  join public.payments as p on p.payment_key = k.payment_key
  where k.status = 'DONE' and p.approved_at is not null
) as f
group by f.day, f.method, f.currency;

comment on view public.daily_revenue is
  'Revenue by day and method: payments on the day of their approval, refunds on the day on which they were made, net_amount = amount - refunded_amount. Method is Toss''s own word, ? where it told none. Service role only.';

create view public.recurring_revenue
with (security_invoker = true)
as
with paid as (
  select c.subscription_id, c.plan_id, c.currency, c.plan_amount, c.plan_interval, c.plan_interval_count,
    c.period_start, c.period_end, c.created_at, c.undone_at, s.ended_at
  from public.subscription_charges as c
  join public.subscriptions as s on s.id = c.subscription_id
  where c.status = 'paid' and c.kind <> 'ad_hoc'
), moments as (
  select m.month, least(m.ends_at, toss_private.clock_now()) as at
  from toss_private.seoul_months((select min(p.period_start) from paid as p)) as m
), counted as (
  -- After an upgrade two charges pay for one period; the later one names the plan.
  select distinct on (m.month, p.subscription_id) m.month, p.*
  from moments as m
  join paid as p on p.period_start < m.at and p.period_end >= m.at
    and (p.ended_at is null or p.ended_at > m.at) and (p.undone_at is null or p.undone_at > m.at)
  order by m.month, p.subscription_id, p.period_start desc, p.created_at desc
)
select
  c.month,
  c.plan_id,
  c.currency,
  count(*) as subscriptions,
  -- 365.2425 days a year: 30.436875 days and 4.348125 weeks a month.
  round(sum(c.plan_amount::numeric / c.plan_interval_count * case c.plan_interval
    when 'day' then 30.436875
    when 'week' then 4.348125
    when 'month' then 1
    else 1 / 12::numeric
  end))::bigint as amount
from counted as c
group by c.month, c.plan_id, c.currency;

comment on view public.recurring_revenue is
  'Monthly recurring revenue (MRR) by plan: what the periods that were paid at the end of the month, or are now in the present month, cost a month. A trial, an unpaid period and an ad hoc charge are none. Service role only.';

create view public.subscription_churn
with (security_invoker = true)
as
with paying as (
  select s.id, min(c.paid_at) as began_at, s.ended_at, s.end_reason
  from public.subscriptions as s
  join public.subscription_charges as c on c.subscription_id = s.id and c.status = 'paid'
  group by s.id
)
select
  m.month,
  count(*) filter (where p.began_at < m.starts_at) as paying_at_start,
  count(*) filter (where p.began_at >= m.starts_at) as began,
  count(*) filter (where p.ended_at < m.ends_at) as ended,
  count(*) filter (where p.ended_at < m.ends_at and p.end_reason = 'canceled') as ended_by_notice,
  count(*) filter (where p.ended_at < m.ends_at and p.end_reason = 'dunning') as ended_by_dunning,
  count(*) filter (where p.ended_at < m.ends_at and p.end_reason is distinct from 'canceled'
    and p.end_reason is distinct from 'dunning') as ended_otherwise,
  round(
    count(*) filter (where p.began_at < m.starts_at and p.ended_at < m.ends_at)::numeric
      / nullif(count(*) filter (where p.began_at < m.starts_at), 0), 4
  ) as churn_rate
from toss_private.seoul_months((select min(first.began_at) from paying as first)) as m
join paying as p on p.began_at < m.ends_at and (p.ended_at is null or p.ended_at >= m.starts_at)
group by m.month;

comment on view public.subscription_churn is
  'Paying subscriptions by month: how many there were when it began, how many began to pay and ended in it and why, and churn_rate, the share of those at its start that ended in it. A trial that ended unpaid is none. Service role only.';

create view public.decline_reasons
with (security_invoker = true)
as
select
  toss_private.seoul_month(op.finished_at) as month,
  op.kind,
  op.error_code,
  max(op.error_message) as error_message,
  count(*) as declines,
  count(distinct op.order_id) as orders,
  sum(op.amount)::bigint as amount
from public.operations as op
where op.kind in ('confirm', 'charge') and op.state = 'rejected' and op.error_code is not null
group by toss_private.seoul_month(op.finished_at), op.kind, op.error_code;

comment on view public.decline_reasons is
  'Payments that were refused, by month, code and kind: confirm is a buyer on the page, charge a card on file. Codes are Toss''s, docs/errors.md; one order may be refused more than once. Service role only.';

create view public.dunning_recovery
with (security_invoker = true)
as
select
  toss_private.seoul_month(d.first_declined_at) as month,
  count(*) as charges,
  sum(d.amount)::bigint as amount,
  count(*) filter (where d.is_recovered) as recovered,
  coalesce(sum(d.amount) filter (where d.is_recovered), 0)::bigint as recovered_amount,
  count(*) filter (where d.is_lost) as lost,
  count(*) filter (where not d.is_recovered and not d.is_lost) as open,
  round((avg(extract(epoch from d.paid_at - d.first_declined_at)) filter (where d.is_recovered) / 86400)::numeric, 1)
    as days_to_recovery
from (
  select c.first_declined_at, c.amount, c.paid_at, c.status = 'paid' as is_recovered,
    c.status <> 'paid' and (c.status = 'void' or s.status = 'canceled') as is_lost
  from public.subscription_charges as c
  join public.subscriptions as s on s.id = c.subscription_id
  where c.kind = 'renewal' and c.first_declined_at is not null
) as d
group by toss_private.seoul_month(d.first_declined_at);

comment on view public.dunning_recovery is
  'Renewals by the month in which they were first declined: how many were paid after all, are lost (the subscription ended, or the period was missed), or are still tried. Service role only.';

create view public.trial_conversion
with (security_invoker = true)
as
select
  toss_private.seoul_month(t.began_at) as month,
  t.plan_id,
  count(*) as trials,
  count(*) filter (where t.is_converted) as converted,
  count(*) filter (where not t.is_converted and t.status = 'canceled') as ended,
  count(*) filter (where not t.is_converted and t.status <> 'canceled') as open,
  count(*) filter (where t.is_asked) as consents_asked,
  count(*) filter (where t.decision = 'given') as consents_given,
  count(*) filter (where t.decision = 'refused') as consents_refused,
  count(*) filter (where t.decision = 'lapsed') as consents_lapsed,
  round(
    count(*) filter (where t.is_converted)::numeric
      / nullif(count(*) filter (where t.is_converted or t.status = 'canceled'), 0), 4
  ) as conversion_rate
from (
  select l.created_at as began_at, l.detail ->> 'planId' as plan_id, s.status, k.id is not null as is_asked, k.decision,
    exists (
      select 1 from public.subscription_charges as c where c.subscription_id = s.id and c.status = 'paid'
    ) as is_converted
  from public.payment_events as l
  join public.subscriptions as s on s.id = l.subscription_id
  -- Whoever changes the plan in the trial is asked again, and the first question is void.
  left join lateral (
    select asked.id, asked.decision from public.subscription_consents as asked
    where asked.subscription_id = s.id and asked.kind = 'trial_conversion' and asked.voided_at is null
    order by asked.asked_at desc
    limit 1
  ) as k on true
  where l.event = 'subscription_status' and l.detail ->> 'event' = 'trial_started'
) as t
group by toss_private.seoul_month(t.began_at), t.plan_id;

comment on view public.trial_conversion is
  'Trials by the month in which they began and the plan that was tried: converted have paid a period, ended have not and will not, open still run or are being charged; consents_… are the questions that still counted, and how they were answered; conversion_rate is the share of the decided ones. Service role only.';
