-- Sending again, and how long events and deliveries are kept.

create function public.replay_webhook_deliveries(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  present constant timestamptz := toss_private.clock_now();
  queued integer;
begin
  if not (request ?| array['eventId', 'endpointId', 'type', 'from']) then
    return jsonb_build_object('outcome', 'nothing_named');
  end if;
  with chosen as (
    select v.id as event_id, v.sequence, v.stream, e.id as endpoint_id
    from public.outbox_events as v
    cross join public.webhook_endpoints as e
    where toss_private.wants(e, v)
      and (not request ? 'endpointId' or e.id = (request ->> 'endpointId')::uuid)
      -- Whoever names one that is disabled means to enable it afterwards.
      and (request ? 'endpointId' or e.status = 'active')
      and (not request ? 'eventId' or v.id = (request ->> 'eventId')::uuid)
      and (not request ? 'type' or toss_private.outward_type(v) = request ->> 'type')
      and (not request ? 'from' or v.created_at >= (request ->> 'from')::timestamptz)
      and (not request ? 'to' or v.created_at < (request ->> 'to')::timestamptz)
      and not exists (
        select 1 from public.webhook_deliveries as d
        where d.event_id = v.id and d.endpoint_id = e.id and (
          d.status = 'pending'
          or (d.status = 'delivered' and not coalesce((request ->> 'withDelivered')::boolean, false))
          -- This replay has done it already.
          or d.replayed_at >= (request ->> 'since')::timestamptz
        )
      )
    order by v.sequence
    limit 1000
  ), written as (
    insert into public.webhook_deliveries as d (
      event_id, endpoint_id, next_attempt_at, created_at, event_sequence, stream, replayed_at
    )
    select c.event_id, c.endpoint_id, present, present, c.sequence, c.stream, present from chosen as c
    on conflict (event_id, endpoint_id) do update
    set status = 'pending', attempts = 0, next_attempt_at = present, finished_at = null, last_error = null,
      replayed_at = present
    where d.status <> 'pending'
    returning 1
  )
  select count(*) into queued from written;
  return jsonb_build_object('outcome', 'replayed', 'deliveries', queued, 'startedAt', present);
end;
$$;

comment on function public.replay_webhook_deliveries(jsonb) is
  'Queues events again for the endpoints that want them, a thousand at a time: those that were missed or have failed, with withDelivered also those that were delivered. Keys, all of which must hold: eventId, endpointId, type, from, to; since: when this replay began. Outcomes: replayed, nothing_named.';

create function toss_private.old_event_ids(at_most integer)
returns setof uuid
language plpgsql
stable
set search_path = ''
as $$
begin
  return query
  select v.id from public.outbox_events as v
  where v.created_at < toss_private.clock_now() - interval '90 days'
    and not exists (select 1 from public.webhook_deliveries as d where d.event_id = v.id)
  order by v.created_at
  limit at_most;
end;
$$;

comment on function toss_private.old_event_ids(integer) is 'Events older than 90 days that no delivery needs any more.';

create function toss_private.remove_old_events()
returns integer
language plpgsql
volatile
set search_path = ''
as $$
declare
  present constant timestamptz := toss_private.clock_now();
  removed_deliveries integer;
  removed_events integer;
begin
  delete from toss_private.endpoint_secrets as s where s.expires_at < present;
  -- Nobody enables it any more.
  update public.webhook_deliveries as d
  set status = 'failed', next_attempt_at = null, finished_at = present, last_error = 'the endpoint stayed disabled'
  from public.webhook_endpoints as e
  where e.id = d.endpoint_id and e.disabled_at < present - interval '30 days' and d.status = 'pending';
  delete from public.webhook_deliveries as d where d.id in (
    select old.id from public.webhook_deliveries as old
    where old.status <> 'pending' and old.finished_at < present - interval '30 days'
    limit 20000
  );
  get diagnostics removed_deliveries = row_count;
  with removed as (
    delete from public.outbox_events as v where v.id in (select toss_private.old_event_ids(20000))
    returning v.event_type, v.payload
  ), untold as (
    -- What was told so long ago is not told again.
    update public.payment_cancels as k set has_event = false
    from removed as r
    where r.event_type in ('payment.refunded', 'payment.partially_refunded')
      and k.transaction_key = r.payload ->> 'transactionKey'
  )
  select count(*) into removed_events from removed;
  return removed_deliveries + removed_events;
end;
$$;

comment on function toss_private.remove_old_events() is
  'Removes deliveries that ended 30 days ago, events older than 90 days, and secrets that sign no more. What waits for an endpoint that has been disabled for 30 days fails.';

create function toss_private.count_old_events()
returns bigint
language plpgsql
stable
set search_path = ''
as $$
begin
  return (select count(*) from toss_private.old_event_ids(20000)) + (
    select count(*) from (
      select 1 from public.webhook_deliveries as old
      where old.status <> 'pending' and old.finished_at < toss_private.clock_now() - interval '30 days'
      limit 20000
    ) as o
  );
end;
$$;

comment on function toss_private.count_old_events() is 'How much toss_private.remove_old_events has yet to remove.';
