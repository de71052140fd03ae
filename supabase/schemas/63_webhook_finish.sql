-- A webhook's end, the worker's claim, and replays.

create function toss_private.end_covered_webhook_events(ended public.webhook_events, request jsonb, at timestamptz)
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  asked_time constant timestamptz := (request ->> 'askedAt')::timestamptz;
begin
  -- What was wrong with one body says nothing about the others; an answer of Toss about the subject does.
  if ended.shares_answer or ended.status = 'processed' then
    update public.webhook_events as e
    set status = ended.status, last_error = ended.last_error, processed_at = at,
      verified_by = coalesce(e.verified_by, case when ended.status = 'processed' then 're-query' end)
    where e.subject = ended.subject and e.shares_answer and e.status in ('received', 'failed')
      and e.received_at <= asked_time;
  end if;

  -- The answer told the true secret, or that there is none: that settles every deposit callback that waits.
  if request ? 'answerSecretDigest' and not toss_private.order_is_busy(ended.order_id) then
    update public.webhook_events as e
    set status = 'ignored', processed_at = at,
      last_error = 'the secret is not that of the order''s payment'
    from toss_private.webhook_bodies as b
    where e.subject = ended.subject and not e.shares_answer and e.status in ('received', 'failed')
      and e.received_at <= asked_time and b.webhook_event_id = e.id
      and not coalesce(toss_private.digests_are_equal(b.secret_digest, request ->> 'answerSecretDigest'), false);
  end if;
end;
$$;

comment on function toss_private.end_covered_webhook_events(public.webhook_events, jsonb, timestamptz) is
  'Ends the events of a subject that had arrived before the question whose answer ended one of them.';

create function toss_private.lease_following_webhook_event(
  ended public.webhook_events, token uuid, lease interval, at timestamptz
)
returns public.webhook_events
language plpgsql
volatile
set search_path = ''
as $$
declare
  following public.webhook_events;
begin
  select * into following from public.webhook_events as e
  where e.subject = ended.subject and e.status in ('received', 'failed')
  order by e.received_at desc
  limit 1
  for update;
  if not found
    or toss_private.webhook_subject_is_over_budget(following, toss_private.webhook_is_unfamiliar(following), at)
  then
    return null;
  end if;
  return toss_private.lease_webhook_event(following.id, token, lease, at);
end;
$$;

comment on function toss_private.lease_following_webhook_event(public.webhook_events, uuid, interval, timestamptz) is
  'Leases the newest event of the subject that still waits, unless Toss has been asked too often already.';

create function public.finish_webhook_event(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  token constant uuid := (request ->> 'leaseToken')::uuid;
  lease constant interval := make_interval(secs => (request ->> 'leaseSeconds')::double precision);
  retry_time timestamptz;
  present timestamptz;
  event public.webhook_events;
  following public.webhook_events;
begin
  select * into event from public.webhook_events as e where e.id = (request ->> 'eventId')::uuid;
  if not found then
    return jsonb_build_object('outcome', 'event_not_found');
  end if;
  perform toss_private.lock_webhook_subject(event.subject);
  present := toss_private.clock_now();
  retry_time := present + make_interval(secs => coalesce((request ->> 'retryAfterSeconds')::double precision, 0));

  update public.webhook_events as e
  set status = case
      when request ->> 'status' = 'failed' and e.attempts >= (request ->> 'maximumAttempts')::integer then 'dead'
      else request ->> 'status' end,
    last_error = left(request ->> 'reason', 1000),
    verified_by = coalesce(e.verified_by, request ->> 'verifiedBy'),
    processed_at = case when request ->> 'status' = 'failed' then null else present end,
    lease_token = null,
    lease_expires_at = null,
    next_attempt_at = retry_time
  where e.id = event.id and e.status = 'processing' and e.lease_token = token
  returning * into event;
  if not found then
    return jsonb_build_object('outcome', 'lease_lost');
  end if;

  if request ->> 'status' = 'failed' then
    update public.webhook_events as e
    set next_attempt_at = greatest(e.next_attempt_at, retry_time)
    where e.subject = event.subject and e.status = 'received';
    return jsonb_build_object('outcome', event.status);
  end if;

  -- Mostly nothing else of the subject waits.
  if event.status = 'processed' and not exists (
    select 1 from public.webhook_events as e where e.subject = event.subject and e.status in ('received', 'failed')
  ) then
    return jsonb_build_object('outcome', event.status);
  end if;
  perform toss_private.end_covered_webhook_events(event, request, present);
  perform toss_private.drop_unproven_bodies(event.subject);
  following := toss_private.lease_following_webhook_event(event, token, lease, present);
  if following.id is not null then
    return jsonb_build_object(
      'outcome', event.status, 'following', toss_private.webhook_event_view(following, false)
    );
  end if;
  return jsonb_build_object('outcome', event.status);
end;
$$;

comment on function public.finish_webhook_event(jsonb) is
  'Ends a leased event and all that its answer covers, and removes the bodies of those that were ignored without proof. When newer events of the same subject came meanwhile, the newest is leased to the caller as `following`. Outcomes: processed, ignored, failed, dead, lease_lost, event_not_found.';

create function public.claim_webhook_events(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  token constant uuid := (request ->> 'leaseToken')::uuid;
  lease constant interval := make_interval(secs => (request ->> 'leaseSeconds')::double precision);
  due_time constant timestamptz := coalesce((request ->> 'asOf')::timestamptz, toss_private.clock_now());
  wanted constant integer := (request ->> 'limit')::integer;
  candidate public.webhook_events;
  claimed jsonb := '[]';
begin
  perform toss_private.trim_unproven_webhooks(toss_private.clock_now());
  for candidate in
    select e.*
    from public.webhook_events as e
    -- One event asks for its whole subject, so that many of one subject cannot keep the others out.
    where e.id in (
      select distinct on (due.subject) due.id
      from public.webhook_events as due
      where due.next_attempt_at <= due_time
        and (
          due.status in ('received', 'failed')
          or (due.status = 'processing' and due.lease_expires_at <= due_time)
        )
      order by due.subject, due.received_at desc
    )
    -- What is signed or about payments that we know goes first, then what Toss's own senders brought, so that
    -- forged events cannot keep them waiting.
    order by toss_private.webhook_is_unfamiliar(e), not e.from_toss, e.next_attempt_at
    limit wanted * 2
    for update of e skip locked
  loop
    exit when jsonb_array_length(claimed) >= wanted;
    if not pg_try_advisory_xact_lock(hashtextextended('webhook:' || candidate.subject, 0))
      or toss_private.webhook_subject_is_leased(candidate.subject, due_time)
      -- Taken and given back between the choice and the lock.
      or candidate.status not in ('received', 'failed', 'processing')
    then
      continue;
    end if;
    -- One question of the worker about a payment that we know goes beyond its order's budget, or whoever spends that
    -- could keep it waiting.
    if candidate.asks_toss and (case when toss_private.webhook_is_unfamiliar(candidate)
      then toss_private.webhook_subject_is_over_budget(candidate, true, toss_private.clock_now())
      else candidate.verified_by is null and not candidate.from_toss
        and (toss_private.webhook_questions_are_many(toss_private.clock_now())
          or toss_private.count_webhook_looks(candidate.subject, toss_private.clock_now(), '1 minute') >= 5) end)
    then
      update public.webhook_events as e set next_attempt_at = toss_private.clock_now() + interval '1 minute'
      where e.subject = candidate.subject and e.status in ('received', 'failed');
      continue;
    end if;
    candidate := toss_private.lease_webhook_event(candidate.id, token, lease, toss_private.clock_now());
    claimed := claimed || toss_private.webhook_event_view(candidate, false);
  end loop;
  return jsonb_build_object('events', claimed, 'remaining', (
    select count(*) from public.webhook_events as e
    where e.next_attempt_at <= due_time
      and (e.status in ('received', 'failed') or (e.status = 'processing' and e.lease_expires_at <= due_time))
      and e.lease_token is distinct from token
  ));
end;
$$;

comment on function public.claim_webhook_events(jsonb) is
  'Leases up to `limit` waiting events, one per subject, within the budgets for what strangers say; events whose processor was cut are taken again when its lease has passed.';

create function public.record_webhook_event(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  event public.webhook_events;
  is_new boolean;
begin
  select * into event from public.webhook_events as e where e.id = (request ->> 'eventId')::uuid;
  if not found then
    return jsonb_build_object('outcome', 'event_not_found');
  end if;
  is_new := toss_private.write_outbox_event(jsonb_build_object(
    'eventType', event.event_type,
    'subject', coalesce(event.entity_id, event.payment_key, event.order_id, event.transmission_id, event.id::text),
    'webhookEventId', event.id,
    'payload', jsonb_build_object(
      'verified', event.verified_by is not null, 'verifiedBy', event.verified_by,
      'receivedAt', event.created_at, 'body', event.payload
    )
  ));
  return jsonb_build_object('outcome', case when is_new then 'recorded' else 'unchanged' end);
end;
$$;

comment on function public.record_webhook_event(jsonb) is
  'Hands an event that changes nothing here on to other systems; once, however often it is called. Key: eventId. Outcomes: recorded, unchanged, event_not_found.';

create function public.replay_webhook_events(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  present constant timestamptz := toss_private.clock_now();
  replayed integer;
begin
  if not (request ?| array['eventId', 'orderId', 'paymentKey', 'from', 'status']) then
    return jsonb_build_object('outcome', 'nothing_named');
  end if;
  with named as (
    select e.id
    from public.webhook_events as e
    where e.status <> 'processing'
      and (not request ? 'eventId' or e.id = (request ->> 'eventId')::uuid)
      and (not request ? 'orderId' or e.order_id = request ->> 'orderId')
      and (not request ? 'paymentKey' or e.payment_key = request ->> 'paymentKey')
      and (not request ? 'status' or e.status = request ->> 'status')
      and (not request ? 'from' or e.created_at >= (request ->> 'from')::timestamptz)
      and (not request ? 'to' or e.created_at < (request ->> 'to')::timestamptz)
    -- A row that someone is just finishing needs no replay, and waiting for it could deadlock.
    for update skip locked
  )
  update public.webhook_events as e
  set status = 'received', attempts = 0, next_attempt_at = present, received_at = present,
    processed_at = null, last_error = null
  from named
  where e.id = named.id;
  get diagnostics replayed = row_count;
  return jsonb_build_object('outcome', 'replayed', 'events', replayed);
end;
$$;

comment on function public.replay_webhook_events(jsonb) is
  'Arms events again: by eventId, orderId, paymentKey, status, or created from/to (combined with and). Safe on processed events: each only makes the worker ask Toss again.';
