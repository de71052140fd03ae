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
  select 'endpoint_has_its_secret', e.id::text, 'nothing signs what is sent to it'
  from public.webhook_endpoints as e
  where not exists (
    select 1 from toss_private.endpoint_secrets as s where s.endpoint_id = e.id and s.expires_at is null
  );
end;
$$;

comment on function toss_private.delivery_violations() is
  'Events that an endpoint will not get, that it got in the wrong order, or that nothing signs.';

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
