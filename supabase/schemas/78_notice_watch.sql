-- What must never be true of notices, and what a person must see of them.

create function toss_private.notice_violations()
returns table (invariant text, subject text, detail text)
language plpgsql
stable
set search_path = ''
as $$
begin
  return query
  -- A minute for causes that were committed while a channel was switched on.
  select 'notice_is_made_with_its_cause', e.id::text, format('%s of %s has no notice', e.event_type, e.subject)
  from public.outbox_events as e
  where e.created_at > toss_private.clock_now() - interval '7 days' and toss_private.notice_of(e) is not null
    and e.created_at > (
      select min(c.changed_at) from toss_private.notice_channels as c where c.is_on
    ) + interval '1 minute'
    and not exists (select 1 from toss_private.notices_due as d where d.event_id = e.id)
    and not exists (select 1 from public.notifications as n where n.event_id = e.id)

  union all
  select 'notices_are_sent_in_order', later.id::text,
    format('%s of %s was sent while %s waits', later.notice, later.stream, n.notice)
  from public.notifications as n
  join public.notifications as later
    on later.stream = n.stream and later.channel = n.channel and later.event_sequence > n.event_sequence
  where n.status = 'pending' and later.status = 'sent'

  union all
  -- Without it nothing can be sent; afterwards nobody's address stays.
  select 'notice_is_kept_until_it_is_over', n.id::text, 'a pending notice lost what it says'
  from public.notifications as n
  where n.status = 'pending'
    and not exists (select 1 from toss_private.notification_contents as k where k.notification_id = n.id)

  union all
  select 'notice_is_kept_until_it_is_over', n.id::text, format('a %s notice keeps its address', n.status)
  from toss_private.notification_contents as k
  join public.notifications as n on n.id = k.notification_id
  where n.status <> 'pending';
end;
$$;

comment on function toss_private.notice_violations() is
  'Causes without a notice, notices in the wrong order, and what is kept too long or too short.';

create view toss_private.notice_alerts
with (security_invoker = true)
as
select 'critical' as level, 'notice_not_sent' as alert, min(n.id::text) as subject,
  format('%s could not be sent on any channel: %s', n.notice,
    string_agg(format('%s %s', n.channel, n.error), '; ' order by n.channel)) as detail,
  min(n.created_at) as since
from public.notifications as n
where n.created_at > toss_private.clock_now() - interval '14 days' and toss_private.notice_is_required(n.notice)
group by n.event_id, n.notice
having bool_and(n.status = 'failed')
  -- The account stands on the page that asked for it; a shop need not ask guests where they live.
  and not (n.notice = 'virtual_account' and bool_and(n.error = 'no_address'))
  -- Nobody is left to tell.
  and not bool_and(n.error = 'erased')

union all
-- Long before what it announces, and while somebody can still call.
select 'critical', 'notice_late', min(n.id::text),
  format('%s waits: %s', n.notice, coalesce(string_agg(format('%s %s', n.channel, n.error), '; ' order by n.channel), '')),
  min(n.created_at)
from public.notifications as n
where n.created_at > toss_private.clock_now() - interval '14 days' and toss_private.notice_is_required(n.notice)
group by n.event_id, n.notice
having bool_or(n.status = 'pending') and not bool_or(n.status = 'sent')
  and min(n.created_at) < toss_private.clock_now() - interval '1 hour'

union all
select case when c.last_error like 'configuration%' then 'critical' else 'warning' end, 'notice_channel_failing', c.channel,
  format('%s failures in a row, the last: %s', c.failures_in_row, c.last_error), c.failing_since
from toss_private.notice_channels as c
where c.is_on and c.failing_since < toss_private.clock_now() - interval '15 minutes'

union all
select 'warning', 'notice_template_refused', n.notice,
  format('%s message(s) went as SMS or LMS: %s', count(*), max(n.error)), min(n.sent_at)
from public.notifications as n
where n.created_at > toss_private.clock_now() - interval '8 days' and n.status = 'sent' and n.error is not null
  and n.sent_at > toss_private.clock_now() - interval '1 day'
group by n.notice

union all
select 'critical', 'notice_address_failed', min(d.event_id::text),
  format('the shop''s function for addresses fails, %s notice(s) wait: %s', count(*), max(d.last_error)),
  min(d.created_at)
from toss_private.notices_due as d
where d.last_error is not null
having count(*) > 0;

comment on view toss_private.notice_alerts is
  'Required notices that nobody got or that are late, providers that fail, templates that are refused, addresses that cannot be looked up; docs/notices.md, When a notice does not arrive.';
