-- What the operator watches: how late webhooks are worked off, what is open at Toss, which notices were not sent.

create view public.webhook_delay
with (security_invoker = true)
as
select
  (e.created_at at time zone 'Asia/Seoul')::date as day,
  count(*) as events,
  count(*) filter (where e.status in ('received', 'processing', 'failed')) as waiting,
  round((percentile_cont(0.5) within group (order by extract(epoch from e.processed_at - e.created_at)))::numeric, 1)
    as median_seconds,
  round((percentile_cont(0.95) within group (order by extract(epoch from e.processed_at - e.created_at)))::numeric, 1)
    as p95_seconds,
  round(max(extract(epoch from e.processed_at - e.created_at)), 1) as slowest_seconds
from public.webhook_events as e
where e.status <> 'ignored'
group by (e.created_at at time zone 'Asia/Seoul')::date;

comment on view public.webhook_delay is
  'Webhooks by the day of their arrival in Asia/Seoul: how many still wait, and how many seconds passed from the arrival to the end of the work. Ignored ones count nowhere. Service role only.';

create view public.open_operations
with (security_invoker = true)
as
select
  a.age,
  a.kind,
  a.state,
  count(*) as operations,
  sum(a.amount)::bigint as amount,
  min(a.created_at) as oldest_at
from (
  select op.kind, op.state, op.amount, op.created_at,
    case
      when op.created_at > toss_private.clock_now() - interval '1 minute' then 'under_1_minute'
      when op.created_at > toss_private.clock_now() - interval '10 minutes' then 'under_10_minutes'
      when op.created_at > toss_private.clock_now() - interval '1 hour' then 'under_1_hour'
      when op.created_at > toss_private.clock_now() - interval '1 day' then 'under_1_day'
      else 'over_1_day'
    end as age
  from public.operations as op
  where op.state in ('started', 'unknown')
) as a
group by a.age, a.kind, a.state;

comment on view public.open_operations is
  'Calls to Toss whose outcome is not known yet, by age, kind and state; sort by oldest_at. Service role only.';

create view public.unsent_notices
with (security_invoker = true)
as
select u.notice, u.channel, u.status, u.error, count(*) as notices, min(u.created_at) as oldest_at
from (
  select n.notice, n.channel, n.status, n.error, n.created_at
  from public.notifications as n
  where n.status in ('pending', 'failed')
  union all
  select d.notice, null, 'planned', d.last_error, d.created_at
  from toss_private.notices_due as d
) as u
group by u.notice, u.channel, u.status, u.error;

comment on view public.unsent_notices is
  'Notices that have not reached anybody, by reason: planned (no row for a channel yet), pending (will be sent, or sent again) and failed (will not). Service role only.';
