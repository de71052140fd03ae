-- What must never be true of consents and of what is charged with them, and what a person has to look at.

create function toss_private.consent_violations()
returns table (invariant text, subject text, detail text)
language plpgsql
stable
set search_path = ''
as $$
begin
  return query
  -- The law: no first charge after a trial, and no higher price, without consent within the 30 days before.
  select 'charge_is_covered_by_consent', c.id::text,
    format('renewal of %s for period %s is covered by %s, consent %s is %s since %s', c.plan_amount, c.period_number,
      coalesce(c.covered_by, 'nothing'), k.id, coalesce(k.decision, 'missing'), k.decided_at)
  from public.subscription_charges as c
  left join public.subscription_consents as k on k.id = c.consent_id
  where c.kind = 'renewal' and c.status <> 'void' and (
    c.covered_by is null
    or (c.covered_by = 'consent' and (
      k.decision is distinct from 'given' or k.voided_at is not null or k.subscription_id <> c.subscription_id
      or k.plan_id <> c.plan_id or k.amount_after <> c.plan_amount or k.effective_at > c.period_start
      or k.decided_at < k.effective_at - interval '720 hours' or k.decided_at >= k.effective_at
    ))
  )

  union all
  -- Whatever its row says: the first one of a trial.
  select 'charge_is_covered_by_consent', c.id::text, format('first charge after a trial, covered by %s', c.covered_by)
  from public.subscription_charges as c
  where c.kind = 'renewal' and c.status = 'paid' and c.covered_by = 'agreed'
    and exists (
      select 1 from public.entitlements as e
      where e.subscription_id = c.subscription_id and e.charge_id is null and e.source = 'subscription'
    )
    and not exists (
      select 1 from public.subscription_charges as earlier
      where earlier.subscription_id = c.subscription_id and earlier.status = 'paid'
        and earlier.period_number < c.period_number
    )

  union all
  select 'charge_is_covered_by_consent', c.id::text,
    format('%s after %s of the same plan, covered by %s', c.plan_amount, c.earlier_amount, c.covered_by)
  from (
    select p.id, p.covered_by, p.plan_id, p.plan_amount, p.kind,
      lag(p.plan_amount) over periods as earlier_amount, lag(p.plan_id) over periods as earlier_plan_id
    from public.subscription_charges as p
    where p.status = 'paid' and p.kind <> 'ad_hoc' and p.subscription_id is not null
    window periods as (partition by p.subscription_id order by p.period_number, p.period_start, p.created_at)
  ) as c
  where c.kind = 'renewal' and c.covered_by = 'agreed' and c.plan_id = c.earlier_plan_id
    and c.plan_amount > c.earlier_amount

  union all
  select 'consent_decision_is_written_down', k.id::text, format('%s, but the audit log says %s', k.decision, v.to_status)
  from public.subscription_consents as k
  left join lateral (
    select l.to_status from public.payment_events as l
    where l.subscription_id = k.subscription_id and l.event = 'consent_decided' and l.detail ->> 'consentId' = k.id::text
    order by l.id desc
    limit 1
  ) as v on true
  where k.decision is not null and v.to_status is distinct from k.decision

  union all
  select 'consent_matches_its_subscription', k.id::text,
    format('asked user %s, the subscription is user %s''s', k.user_id, s.user_id)
  from public.subscription_consents as k
  join public.subscriptions as s on s.id = k.subscription_id
  where k.user_id <> s.user_id;
end;
$$;

comment on function toss_private.consent_violations() is 'The rules about consents and the charges that need them.';

create view toss_private.consent_alerts
with (security_invoker = true)
as
-- Asked, and told of it on no channel: nobody will say yes, and nothing will be charged.
select
  case when min(k.effective_at) < toss_private.clock_now() + interval '7 days' then 'critical' else 'warning' end as level,
  'consent_not_reached' as alert,
  k.plan_id as subject,
  format('%s subscriber(s) were asked for consent on no channel and have not decided; the first would be charged at %s',
    count(*), min(k.effective_at)) as detail,
  min(k.asked_at) as since
from public.subscription_consents as k
where k.decision is null and k.voided_at is null and k.closed_at is null
  and k.asked_at < toss_private.clock_now() - interval '1 hour' and k.effective_at > toss_private.clock_now()
  and not exists (
    select 1 from public.notifications as n
    where n.subscription_id = k.subscription_id and n.notice = 'consent_asked' and n.status = 'sent'
      and n.created_at >= k.asked_at - interval '1 minute'
  )
group by k.plan_id

union all
select 'critical', 'consent_not_asked', s.plan_id,
  format('%s subscriber(s) should have been asked for consent, the first at %s', count(*), min(s.consent_ask_at)),
  min(s.consent_ask_at)
from public.subscriptions as s
where s.consent_ask_at < toss_private.clock_now() - interval '1 hour'
group by s.plan_id

union all
select 'warning', 'repricing_unfinished', r.id::text,
  format('plan %s: not yet planned for every subscription, begun at %s', r.plan_id, r.created_at), r.created_at
from toss_private.repricings as r
where r.planned_at is null and r.replaced_at is null and r.created_at < toss_private.clock_now() - interval '1 hour';

comment on view toss_private.consent_alerts is
  'Requests for consent that reached nobody or were not made, and repricings that are not planned for everybody yet.';
