-- Sending: each endpoint is a lane of its own, and each stream in it is told one event after the other.

create function public.claim_webhook_lanes(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  due_time constant timestamptz := coalesce((request ->> 'asOf')::timestamptz, toss_private.clock_now());
  ended integer;
begin
  update public.webhook_endpoints as e
  set status = 'disabled', disabled_at = due_time, disabled_reason = 'failed_for_five_days'
  where e.status = 'active' and e.failing_since <= due_time - interval '5 days'
    -- Seen to fail for as long as the attempts for one event last: a job that did not run for five days proves nothing.
    and e.last_failed_at >= e.failing_since + interval '2 days';
  get diagnostics ended = row_count;
  return jsonb_build_object('disabled', ended, 'lanes', (
    select coalesce(jsonb_agg(jsonb_build_object(
      'endpointId', e.id, 'url', e.url, 'failuresInRow', e.failures_in_row, 'secrets', (
        select jsonb_agg(jsonb_build_object('id', s.id, 'keyId', s.key_id, 'ciphertext', s.ciphertext)
          order by s.created_at desc)
        from toss_private.endpoint_secrets as s
        where s.endpoint_id = e.id and (s.expires_at is null or s.expires_at > due_time)
      )
    ) order by e.failures_in_row, e.id), '[]')
    from public.webhook_endpoints as e
    where e.status = 'active' and exists (
      select 1 from public.webhook_deliveries as d
      where d.endpoint_id = e.id and d.status = 'pending' and d.next_attempt_at <= due_time
    )
  ));
end;
$$;

comment on function public.claim_webhook_lanes(jsonb) is
  'The active endpoints that something is due for, with the secrets that sign; endpoints that have failed for five days are disabled first. Key: asOf.';

create function public.claim_webhook_deliveries(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  lane_id constant uuid := (request ->> 'endpointId')::uuid;
  token constant uuid := (request ->> 'leaseToken')::uuid;
  present constant timestamptz := toss_private.clock_now();
  due_time constant timestamptz := coalesce((request ->> 'asOf')::timestamptz, present);
  claimed jsonb;
begin
  -- However many runs there are, a receiver is asked so many things at once.
  with room as (
    select greatest(0, 20 - count(*)) as places
    from public.webhook_deliveries as d
    where d.endpoint_id = lane_id and d.status = 'pending' and d.lease_expires_at > present
  ), due as (
    select d.id
    from public.webhook_deliveries as d
    where d.endpoint_id = lane_id and d.status = 'pending' and d.next_attempt_at <= due_time
      and (d.lease_expires_at is null or d.lease_expires_at <= present)
      and not exists (
        select 1 from public.webhook_deliveries as earlier
        where earlier.endpoint_id = d.endpoint_id and earlier.stream = d.stream and earlier.status = 'pending'
          and earlier.event_sequence < d.event_sequence
      )
    order by d.next_attempt_at, d.event_sequence
    limit least((request ->> 'limit')::integer, (select places from room))
    for no key update skip locked
  ), taken as (
    update public.webhook_deliveries as d
    set lease_token = token,
      lease_expires_at = present + make_interval(secs => (request ->> 'leaseSeconds')::double precision)
    from due, public.webhook_endpoints as e
    -- Disabled since the lane was opened.
    where d.id = due.id and e.id = lane_id and e.status = 'active'
    returning d.id, d.event_id, d.event_sequence
  )
  select coalesce(jsonb_agg(jsonb_build_object(
    'deliveryId', t.id, 'eventId', e.id, 'type', toss_private.outward_type(e), 'timestamp', e.created_at,
    'data', e.payload
  ) order by t.event_sequence), '[]')
  into claimed
  from taken as t
  join public.outbox_events as e on e.id = t.event_id;
  return jsonb_build_object('deliveries', claimed);
end;
$$;

comment on function public.claim_webhook_deliveries(jsonb) is
  'Leases up to `limit` due deliveries of one endpoint, of each stream the earliest that is not over, and never more than about twenty at a time. Keys: endpointId, limit, leaseToken, leaseSeconds, asOf.';

create function public.relay_outbox(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
  return jsonb_build_object('isWoken', toss_private.try_to_wake('outbox'));
end;
$$;

comment on function public.relay_outbox(jsonb) is
  'Wakes another run of the job outbox while this one still waits for slow receivers; the request is empty.';

create function public.count_due_deliveries(request jsonb)
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  due_time constant timestamptz := coalesce((request ->> 'asOf')::timestamptz, toss_private.clock_now());
begin
  return jsonb_build_object('remaining', (
    select count(*) from (
      select 1 from public.webhook_deliveries as d
      join public.webhook_endpoints as e on e.id = d.endpoint_id and e.status = 'active'
      where d.status = 'pending' and d.next_attempt_at <= due_time
      limit 10000
    ) as due
  ));
end;
$$;

comment on function public.count_due_deliveries(jsonb) is
  'How many deliveries are due, 10,000 at most. Key: asOf.';

create function toss_private.delivery_pause(attempts integer)
returns interval
language plpgsql
volatile
set search_path = ''
as $$
begin
  -- Standard Webhooks' schedule; up to a tenth sooner, so that what failed together does not come back together.
  return (array[
    interval '5 seconds', interval '5 minutes', interval '30 minutes', interval '2 hours', interval '5 hours',
    interval '10 hours', interval '14 hours', interval '20 hours', interval '24 hours'
  ])[attempts] * (1 - random() / 10);
end;
$$;

comment on function toss_private.delivery_pause(integer) is
  'How long after so many failed attempts the next one waits; null = there is no next one.';

create function public.finish_webhook_deliveries(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  lane_id constant uuid := (request ->> 'endpointId')::uuid;
  present constant timestamptz := coalesce((request ->> 'asOf')::timestamptz, toss_private.clock_now());
  result record;
  ended public.webhook_deliveries;
  delivered integer := 0;
  failures integer := 0;
  given_up integer := 0;
  pause interval;
begin
  for result in
    select r.* from jsonb_to_recordset(request -> 'results') as r (
      "deliveryId" uuid, "responseStatus" integer, "durationMs" integer, error text
    )
    -- In one order of locks, so that two runs cannot wait for each other.
    order by r."deliveryId"
  loop
    select * into ended from public.webhook_deliveries as d
    where d.id = result."deliveryId" and d.endpoint_id = lane_id and d.status = 'pending'
      and d.lease_token = (request ->> 'leaseToken')::uuid
    for no key update;
    continue when not found;
    pause := case when result.error is not null then toss_private.delivery_pause(ended.attempts + 1) end;
    update public.webhook_deliveries as d
    set attempts = d.attempts + 1, response_status = result."responseStatus", duration_ms = result."durationMs",
      last_error = left(result.error, 300), lease_token = null, lease_expires_at = null,
      status = case when result.error is null then 'delivered' when pause is null then 'failed' else 'pending' end,
      next_attempt_at = present + pause, finished_at = case when pause is null then present end
    where d.id = ended.id;
    if result.error is null then
      delivered := delivered + 1;
    else
      failures := failures + 1;
      given_up := given_up + (pause is null)::integer;
      -- They cannot go before it, so nobody need look at them before.
      update public.webhook_deliveries as d set next_attempt_at = greatest(d.next_attempt_at, present + pause)
      where d.endpoint_id = lane_id and d.stream = ended.stream and d.status = 'pending'
        and d.event_sequence > ended.event_sequence and pause is not null;
    end if;
  end loop;
  update public.webhook_endpoints as e
  set failures_in_row = case when delivered > 0 then 0 else e.failures_in_row + failures end,
    failing_since = case when delivered > 0 then null else coalesce(e.failing_since, present) end,
    last_failed_at = case when delivered > 0 then null else present end
  where e.id = lane_id and (failures > 0 or e.failures_in_row > 0) and delivered + failures > 0;
  return jsonb_build_object('delivered', delivered, 'failed', failures, 'givenUp', given_up);
end;
$$;

comment on function public.finish_webhook_deliveries(jsonb) is
  'Writes down how attempts ended: delivered, or with an `error` tried again later, after the tenth never. Keys: endpointId, leaseToken, asOf, results [{deliveryId, responseStatus, durationMs, error}]. Counts only for the holder of the lease.';
