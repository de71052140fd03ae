-- A notice whose cause has happened becomes one row for each channel.

create function toss_private.write_notifications(due toss_private.notices_due, cause public.outbox_events, channels text[])
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  recipient constant jsonb := toss_private.notice_recipient(due, cause);
  -- The row of a charge that never was paid has no subscription.
  concerned_subscription_id constant uuid := (
    select s.id from public.subscriptions as s where s.id = (cause.payload ->> 'subscriptionId')::uuid
  );
  facts constant jsonb := jsonb_strip_nulls(coalesce(
    case when cause.event_type like 'subscription.%' or cause.event_type like 'consent.%' then toss_private.subscription_facts(cause)
      else toss_private.order_facts(cause) end, '{}'
  ));
  is_reachable constant boolean := exists (
    select 1 from unnest(channels) as c (name) where recipient ->> c.name is not null
  );
begin
  with written as (
    insert into public.notifications (
      user_id, order_id, subscription_id, notice, channel, status, error, next_attempt_at, created_at, event_id,
      event_sequence, stream
    )
    select (recipient ->> 'userId')::uuid, recipient ->> 'orderId', concerned_subscription_id, due.notice, c.name,
      case when is_reachable then 'pending' else 'failed' end, case when not is_reachable then 'no_address' end,
      case when is_reachable then due.created_at end, due.created_at, due.event_id, due.event_sequence, due.stream
    from unnest(channels) as c (name)
    -- One that cannot be reached on any channel leaves a row of each, for the record.
    where not is_reachable or recipient ->> c.name is not null
    on conflict on constraint notifications_once_per_channel do nothing
    returning id, channel, status
  )
  insert into toss_private.notification_contents (notification_id, address, language, facts)
  select w.id, recipient ->> w.channel, recipient ->> 'language', facts
  from written as w
  where w.status = 'pending';
end;
$$;

comment on function toss_private.write_notifications(toss_private.notices_due, public.outbox_events, text[]) is
  'Writes one notice for each channel that the buyer has an address for.';

create function public.plan_notices(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  due_time constant timestamptz := coalesce((request ->> 'asOf')::timestamptz, toss_private.clock_now());
  wanted_channels constant text[] := array(select jsonb_array_elements_text(request -> 'channels'));
  due toss_private.notices_due;
  cause public.outbox_events;
  planned integer := 0;
  postponed integer := 0;
  given_up integer;
begin
  if cardinality(wanted_channels) = 0 then
    delete from toss_private.notices_due as d
    where d.created_at < due_time - interval '7 days'
      or exists (select 1 from toss_private.notice_channels as c where c.is_on is null);
  end if;
  update toss_private.notice_channels as c
  set is_on = c.channel = any (wanted_channels), changed_at = toss_private.clock_now(), failures_in_row = 0, failing_since = null,
    next_attempt_at = null, last_error = null
  where c.is_on is distinct from (c.channel = any (wanted_channels));

  if cardinality(wanted_channels) > 0 then
    for due in
      select d.* from toss_private.notices_due as d
      where d.next_attempt_at <= due_time
      order by d.event_sequence
      limit (request ->> 'limit')::integer
      for no key update skip locked
    loop
      select * into cause from public.outbox_events as e where e.id = due.event_id;
      begin
        perform toss_private.write_notifications(due, cause, wanted_channels);
        delete from toss_private.notices_due as d where d.event_id = due.event_id;
        planned := planned + 1;
      exception when others then
        -- The shop's own function; what follows in the stream waits for it.
        update toss_private.notices_due as d
        set last_error = left(sqlerrm, 500), next_attempt_at = due_time + interval '5 minutes'
        where d.event_id = due.event_id;
        postponed := postponed + 1;
      end;
    end loop;
  end if;

  -- So late it would only confuse; a person has been alerted since.
  with late as (
    update public.notifications as n
    set status = 'failed', error = left(concat_ws(', ', 'too_late', n.error), 200), next_attempt_at = null,
      lease_token = null, lease_expires_at = null
    where n.status = 'pending' and n.created_at < due_time - interval '7 days'
      and (n.lease_expires_at is null or n.lease_expires_at <= toss_private.clock_now())
    returning n.id
  )
  delete from toss_private.notification_contents as k using late as l where k.notification_id = l.id;
  get diagnostics given_up = row_count;
  return jsonb_build_object('planned', planned, 'postponed', postponed, 'givenUp', given_up);
end;
$$;

comment on function public.plan_notices(jsonb) is
  'Says which channels there are, looks up the buyers of up to `limit` notices, and gives up those that are seven days old. Keys: channels, limit, asOf.';
