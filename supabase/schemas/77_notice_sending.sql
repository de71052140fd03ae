-- Sending: each channel is a lane of its own, and within a stream one notice follows the other.

create function public.claim_notices(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  wanted_channel constant text := request ->> 'channel';
  token constant uuid := (request ->> 'leaseToken')::uuid;
  present constant timestamptz := toss_private.clock_now();
  due_time constant timestamptz := coalesce((request ->> 'asOf')::timestamptz, present);
  claimed jsonb;
begin
  if exists (
    select 1 from toss_private.notice_channels as c where c.channel = wanted_channel and c.next_attempt_at > due_time
  ) then
    return jsonb_build_object('notices', '[]'::jsonb);
  end if;
  with due as (
    select n.id
    from public.notifications as n
    where n.channel = wanted_channel and n.status = 'pending' and n.next_attempt_at <= due_time
      and (n.lease_expires_at is null or n.lease_expires_at <= present)
      and not exists (
        select 1 from public.notifications as earlier
        where earlier.stream = n.stream and earlier.channel = n.channel and earlier.status = 'pending'
          and earlier.event_sequence < n.event_sequence
      )
      and not exists (
        select 1 from toss_private.notices_due as earlier
        where earlier.stream = n.stream and earlier.event_sequence < n.event_sequence
      )
    order by n.event_sequence
    limit (request ->> 'limit')::integer
    for no key update skip locked
  ), taken as (
    update public.notifications as n
    set lease_token = token,
      lease_expires_at = present + make_interval(secs => (request ->> 'leaseSeconds')::double precision),
      -- Whoever held it before has not said how it ended.
      doubt_since = coalesce(n.doubt_since, case when n.lease_token is not null then n.attempted_at end),
      -- Providers know the real time alone.
      attempted_at = clock_timestamp()
    from due
    where n.id = due.id
    returning n.id, n.notice, n.event_sequence, n.doubt_since
  )
  select coalesce(jsonb_agg(jsonb_build_object(
    'id', t.id, 'notice', t.notice, 'address', k.address, 'language', k.language, 'facts', k.facts,
    'doubtSince', t.doubt_since
  ) order by t.event_sequence), '[]')
  into claimed
  from taken as t
  join toss_private.notification_contents as k on k.notification_id = t.id;
  return jsonb_build_object('notices', claimed);
end;
$$;

comment on function public.claim_notices(jsonb) is
  'Leases up to `limit` due notices of one channel, of each stream the earliest that is not over; none while the channel is left alone. Keys: channel, limit, leaseToken, leaseSeconds, asOf.';

create function toss_private.channel_pause(failures integer)
returns interval
language plpgsql
volatile
set search_path = ''
as $$
begin
  return (array[
    interval '30 seconds', interval '1 minute', interval '2 minutes', interval '5 minutes', interval '10 minutes'
  ])[least(failures, 5)] * (1 - random() / 10);
end;
$$;

comment on function toss_private.channel_pause(integer) is
  'How long a provider is left alone after so many failures in a row.';

create function toss_private.note_channel(noted_channel text, result jsonb, at timestamptz)
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  if result ->> 'outcome' = 'sent' then
    update toss_private.notice_channels as c
    set failures_in_row = 0, failing_since = null, next_attempt_at = null, last_error = null
    where c.channel = noted_channel and (c.failures_in_row > 0 or c.next_attempt_at is not null);
  elsif result ->> 'fault' in ('rate_limit', 'configuration', 'outage') then
    update toss_private.notice_channels as c
    set failures_in_row = c.failures_in_row + 1, failing_since = coalesce(c.failing_since, at),
      next_attempt_at = at + greatest(
        case when result ? 'retryAfterSeconds'
          then make_interval(secs => least((result ->> 'retryAfterSeconds')::double precision, 3600)) end,
        case when not (result ->> 'fault' = 'rate_limit' and result ? 'retryAfterSeconds')
          then toss_private.channel_pause(c.failures_in_row + 1) end
      ),
      last_error = left((result ->> 'fault') || ': ' || (result ->> 'code'), 200)
    where c.channel = noted_channel;
  end if;
end;
$$;

comment on function toss_private.note_channel(text, jsonb, timestamptz) is
  'What one attempt says about its provider: it works, or is left alone for a while.';

create function public.finish_notices(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  wanted_channel constant text := request ->> 'channel';
  present constant timestamptz := coalesce((request ->> 'asOf')::timestamptz, toss_private.clock_now());
  result jsonb;
  ended public.notifications;
  problem text;
  sent integer := 0;
  failed integer := 0;
  postponed integer := 0;
begin
  for result in
    select r.value from jsonb_array_elements(request -> 'results') as r order by r.value ->> 'id'
  loop
    select * into ended from public.notifications as n
    where n.id = (result ->> 'id')::uuid and n.status = 'pending'
      and n.lease_token = (request ->> 'leaseToken')::uuid
    for no key update;
    continue when not found;
    problem := left((result ->> 'fault') || ': ' || (result ->> 'code'), 200);
    if result ->> 'outcome' = 'sent' then
      sent := sent + 1;
      update public.notifications as n
      set status = 'sent', sent_at = present, provider_id = left(result ->> 'providerId', 200),
        error = left(result ->> 'detour', 200), attempts = n.attempts + 1, next_attempt_at = null,
        doubt_since = null, lease_token = null, lease_expires_at = null
      where n.id = ended.id;
    elsif result ->> 'fault' in ('bad_address', 'template_refused', 'refused') then
      failed := failed + 1;
      update public.notifications as n
      set status = 'failed', error = problem, attempts = n.attempts + 1, next_attempt_at = null,
        lease_token = null, lease_expires_at = null
      where n.id = ended.id;
    else
      -- Nothing was tried with one that is given back.
      postponed := postponed + 1;
      update public.notifications as n
      set attempts = n.attempts + (problem is not null)::integer, error = coalesce(problem, n.error),
        -- One that a provider fails on again and again lets the others go first.
        next_attempt_at = case when problem is not null and n.attempts >= 5
          then present + interval '10 minutes' else n.next_attempt_at end,
        doubt_since = case when (result ->> 'mayBeSent')::boolean
          then coalesce(n.doubt_since, n.attempted_at) else n.doubt_since end,
        lease_token = null, lease_expires_at = null
      where n.id = ended.id;
    end if;
    delete from toss_private.notification_contents as k using public.notifications as n
    where k.notification_id = ended.id and n.id = ended.id and n.status <> 'pending';
    perform toss_private.note_channel(wanted_channel, result, present);
  end loop;
  return jsonb_build_object('sent', sent, 'failed', failed, 'postponed', postponed);
end;
$$;

comment on function public.finish_notices(jsonb) is
  'Writes down how attempts ended: sent, failed for good, or tried again later; counts only for the holder of the lease. Keys: channel, leaseToken, asOf, results [{id, outcome (sent, not_sent, released), providerId, detour, fault, code, retryAfterSeconds, mayBeSent}].';

create function public.count_due_notices(request jsonb)
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  due_time constant timestamptz := coalesce((request ->> 'asOf')::timestamptz, toss_private.clock_now());
begin
  -- What waits for a provider that is left alone is not for the next run.
  return jsonb_build_object('remaining', (
    select count(*) from (
      select 1 from public.notifications as n
      join toss_private.notice_channels as c on c.channel = n.channel and c.is_on
      where n.status = 'pending' and n.next_attempt_at <= due_time and coalesce(c.next_attempt_at <= due_time, true)
      limit 10000
    ) as waiting
  ) + (
    select count(*) from (
      select 1 from toss_private.notices_due as d where d.next_attempt_at <= due_time limit 10000
    ) as unplanned
  ));
end;
$$;

comment on function public.count_due_notices(jsonb) is 'How many notices are due, 10,000 of each kind at most. Key: asOf.';
