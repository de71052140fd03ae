-- What must never be true of deliveries, and what a person must see of them.

create function toss_private.delivery_violations()
returns table (invariant text, subject text, detail text)
language plpgsql
stable
set search_path = ''
as $$
begin
  return query
  -- A minute for endpoints that were made while the event was being committed.
  select 'event_reaches_its_endpoints', v.id::text, format('endpoint %s has no delivery of %s', e.id, v.event_type)
  from public.webhook_endpoints as e
  join public.outbox_events as v on v.created_at > e.enabled_at + interval '1 minute'
  where e.status = 'active' and v.created_at > toss_private.clock_now() - interval '29 days'
    and toss_private.wants(e, v)
    and not exists (
      select 1 from public.webhook_deliveries as d where d.event_id = v.id and d.endpoint_id = e.id
    )

  union all
  select 'events_are_delivered_in_order', later.id::text,
    format('event %s of %s was delivered while event %s waits', later.event_sequence, later.stream, d.event_sequence)
  from public.webhook_deliveries as d
  join public.webhook_deliveries as later
    on later.endpoint_id = d.endpoint_id and later.stream = d.stream and later.event_sequence > d.event_sequence
  where d.status = 'pending' and d.replayed_at is null and later.status = 'delivered' and later.replayed_at is null

  union all
  select 'move_is_told_once', coalesce(m.subject, t.subject),
    format('%s of %s: happened %s times, told %s times', coalesce(m.event_type, t.event_type),
      coalesce(m.payment_key, t.payment_key), coalesce(m.quantity, 0), coalesce(t.quantity, 0))
  from toss_private.moves_to_tell() as m
  full join (
    select v.subject, v.event_type, v.payload ->> 'paymentKey' as payment_key, count(*) as quantity
    from public.outbox_events as v
    where v.event_type in (
        'order.paid', 'order.canceled', 'order.expired', 'payment.confirmed', 'payment.deposit_reversed',
        'virtual_account.issued'
      )
      and v.created_at > toss_private.clock_now() - interval '89 days'
    group by v.subject, v.event_type, v.payload ->> 'paymentKey'
  ) as t
    on t.subject = m.subject and t.event_type = m.event_type
      and (t.event_type like 'order.%' or t.payment_key = m.payment_key)
  where m.quantity is distinct from t.quantity

  union all
  select 'endpoint_has_its_secret', e.id::text, 'nothing signs what is sent to it'
  from public.webhook_endpoints as e
  where not exists (
    select 1 from toss_private.endpoint_secrets as s where s.endpoint_id = e.id and s.expires_at is null
  );
end;
$$;

comment on function toss_private.delivery_violations() is
  'Moves of orders and payments that were not told, or not once; events that an endpoint will not get, that it got in the wrong order, or that nothing signs.';

create function toss_private.moves_to_tell()
returns table (subject text, event_type text, payment_key text, quantity bigint)
language plpgsql
stable
set search_path = ''
as $$
begin
  return query
  select v.order_id, 'order.' || v.to_status, null::text, count(*)
  from public.payment_events as v
  where v.event = 'order_status' and v.to_status in ('paid', 'canceled', 'expired')
    and not (v.to_status = 'paid' and coalesce(v.from_status in ('partially_refunded', 'refunded'), false))
    and v.created_at > toss_private.clock_now() - interval '89 days'
  group by v.order_id, v.to_status

  union all
  select s.order_id, s.told_as, s.payment_key, count(*)
  from (
    select v.order_id, v.payment_key, case
      when v.from_status = 'DONE' and v.to_status = 'WAITING_FOR_DEPOSIT' then 'payment.deposit_reversed'
      when v.to_status = 'WAITING_FOR_DEPOSIT' then 'virtual_account.issued'
      when v.from_status in ('DONE', 'PARTIAL_CANCELED', 'CANCELED') then null
      when v.to_status in ('DONE', 'PARTIAL_CANCELED') or (v.to_status = 'CANCELED' and p.approved_at is not null)
        then 'payment.confirmed'
    end as told_as
    from public.payment_events as v
    join public.payments as p on p.payment_key = v.payment_key
    where v.event = 'payment_status' and v.created_at > toss_private.clock_now() - interval '89 days'
  ) as s
  where s.told_as is not null
  group by s.order_id, s.told_as, s.payment_key;
end;
$$;

comment on function toss_private.moves_to_tell() is
  'Of the moves in the audit log those that other systems hear of, as long as events are kept: what each is told as, and how often it happened.';

create view toss_private.delivery_alerts
with (security_invoker = true)
as
select 'critical' as level, 'endpoint_disabled' as alert, e.id::text as subject,
  format('%s has failed since %s and gets nothing any more', e.url, e.failing_since) as detail, e.disabled_at as since
from public.webhook_endpoints as e
where e.disabled_reason = 'failed_for_five_days'

union all
select 'warning', 'endpoint_failing', e.id::text,
  format('%s: %s failures in a row', e.url, e.failures_in_row), e.failing_since
from public.webhook_endpoints as e
where e.status = 'active' and e.failing_since < toss_private.clock_now() - interval '1 hour'

union all
select 'warning', 'delivery_failed', e.id::text,
  format('%s event(s) were given up; the last: %s', count(*), max(d.last_error)), min(d.finished_at)
from public.webhook_deliveries as d
join public.webhook_endpoints as e on e.id = d.endpoint_id and e.status = 'active'
where d.status = 'failed' and d.finished_at > toss_private.clock_now() - interval '7 days'
group by e.id;

comment on view toss_private.delivery_alerts is
  'Endpoints that were disabled because they failed for five days, that fail now, and events they did not take; docs/events.md, When a receiver fails.';
