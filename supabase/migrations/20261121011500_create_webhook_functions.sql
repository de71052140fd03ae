-- Purpose: store a delivery, lease it to one processor at a time, and end it.
-- Functions: public.receive_webhook_event, public.finish_webhook_event.

create function private.lock_webhook_subject(locked_subject text)
returns void
language sql
volatile
set search_path = ''
as $$
  select pg_advisory_xact_lock(hashtextextended('webhook:' || locked_subject, 0));
$$;

comment on function private.lock_webhook_subject(text) is
  'Makes lease decisions about one subject''s events happen one after the other.';
revoke execute on function private.lock_webhook_subject(text) from public, anon, authenticated;

create function private.webhook_subject_is_leased(checked_subject text, at timestamptz)
returns boolean
language sql
stable
set search_path = ''
as $$
  select exists (
    select 1 from public.webhook_events as e
    where e.subject = checked_subject and e.status = 'processing' and e.lease_expires_at > at
  );
$$;

comment on function private.webhook_subject_is_leased(text, timestamptz) is
  'Whether someone is asking Toss about this subject already.';
revoke execute on function private.webhook_subject_is_leased(text, timestamptz) from public, anon, authenticated;

create function private.webhook_payment_is_known(event public.webhook_events)
returns boolean
language sql
stable
set search_path = ''
as $$
  select exists (select 1 from public.payments as p where p.payment_key = event.payment_key)
    or exists (select 1 from public.operations as op where op.payment_key = event.payment_key)
    or (event.payment_key is null
      and exists (select 1 from public.payments as p where p.order_id = event.order_id));
$$;

comment on function private.webhook_payment_is_known(public.webhook_events) is
  'Whether the payment an event is about has been seen here before, so that no one can have invented it.';
revoke execute on function private.webhook_payment_is_known(public.webhook_events)
  from public, anon, authenticated;

create function private.webhook_event_view(event public.webhook_events, is_duplicate boolean)
returns jsonb
language sql
volatile
set search_path = ''
as $$
  select jsonb_build_object(
    'eventId', event.id,
    'eventType', event.event_type,
    'orderId', event.order_id,
    'paymentKey', event.payment_key,
    'verifiedBy', event.verified_by,
    'attempts', event.attempts,
    'isDuplicate', is_duplicate,
    'isKnownPayment', private.webhook_payment_is_known(event),
    'isClaimed', event.status = 'processing',
    'leaseToken', event.lease_token,
    'askedAt', private.clock_now()
  );
$$;

comment on function private.webhook_event_view(public.webhook_events, boolean) is
  'What a processor needs to know; askedAt is taken before Toss is asked.';
revoke execute on function private.webhook_event_view(public.webhook_events, boolean)
  from public, anon, authenticated;

create function private.lease_webhook_event(event_id uuid, token uuid, lease interval, at timestamptz)
returns public.webhook_events
language sql
volatile
set search_path = ''
as $$
  update public.webhook_events as e
  set status = 'processing', lease_token = token, lease_expires_at = at + lease,
    next_attempt_at = at + lease, attempts = e.attempts + 1
  where e.id = event_id
  returning e;
$$;

comment on function private.lease_webhook_event(uuid, uuid, interval, timestamptz) is
  'Hands an event to one processor; the caller holds the subject''s lock.';
revoke execute on function private.lease_webhook_event(uuid, uuid, interval, timestamptz)
  from public, anon, authenticated;

create function private.webhook_is_ours(event public.webhook_events)
returns boolean
language sql
stable
set search_path = ''
as $$
  select exists (select 1 from public.orders as o where o.id = event.order_id)
    or exists (select 1 from public.payments as p where p.payment_key = event.payment_key);
$$;

comment on function private.webhook_is_ours(public.webhook_events) is
  'Whether an event names an order or payment of this project. Anything else needs no question to Toss.';
revoke execute on function private.webhook_is_ours(public.webhook_events) from public, anon, authenticated;

create function private.webhook_query_is_over_budget(event public.webhook_events, at timestamptz)
returns boolean
language sql
stable
set search_path = ''
as $$
  -- An unsigned body costs its sender nothing, a question to Toss comes out of a quota that confirms need too.
  -- What exceeds a minute's budget of its order waits for the worker. Payment keys that only such a body names
  -- can be invented without end, so they get less.
  select event.verified_by is null and (
    select count(*) from public.webhook_events as e
    where e.order_id = event.order_id and e.id <> event.id and e.attempts > 0
      and e.created_at > at - interval '1 minute'
  ) >= case when private.webhook_payment_is_known(event) then 20 else 5 end;
$$;

comment on function private.webhook_query_is_over_budget(public.webhook_events, timestamptz) is
  'Bounds what a flood of forged events for one order can make us ask Toss.';
revoke execute on function private.webhook_query_is_over_budget(public.webhook_events, timestamptz)
  from public, anon, authenticated;

create function public.receive_webhook_event(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  token constant uuid := (request ->> 'leaseToken')::uuid;
  lease constant interval := make_interval(secs => (request ->> 'leaseSeconds')::double precision);
  present constant timestamptz := private.clock_now();
  event public.webhook_events;
  is_duplicate boolean := false;
begin
  insert into public.webhook_events as e (
    dedupe_key, transmission_id, retried_count, event_type, order_id, payment_key, payload,
    verified_by, next_attempt_at, received_at, created_at
  ) values (
    request ->> 'dedupeKey', request ->> 'transmissionId',
    coalesce((request ->> 'retriedCount')::integer, 0), request ->> 'eventType', request ->> 'orderId',
    request ->> 'paymentKey', request -> 'payload', request ->> 'verifiedBy', present, present, present
  )
  on conflict (dedupe_key) do nothing
  returning * into event;

  if event.id is null then
    is_duplicate := true;
    -- Subject first, then its rows, as in finish_webhook_event; the other way round the two could deadlock.
    perform private.lock_webhook_subject(e.subject)
    from public.webhook_events as e where e.dedupe_key = request ->> 'dedupeKey';
    update public.webhook_events as e
    set delivery_count = e.delivery_count + 1,
      retried_count = greatest(e.retried_count, coalesce((request ->> 'retriedCount')::integer, 0)),
      -- Toss delivering again is a reason to look again at what we could not finish.
      status = case when e.status in ('failed', 'dead') then 'received' else e.status end,
      attempts = case when e.status in ('failed', 'dead') then 0 else e.attempts end,
      next_attempt_at = case when e.status in ('failed', 'dead') then present else e.next_attempt_at end,
      received_at = case when e.status in ('failed', 'dead') then present else e.received_at end
    where e.dedupe_key = request ->> 'dedupeKey'
    returning * into event;
  elsif request ->> 'ciphertext' is not null then
    insert into private.webhook_bodies (webhook_event_id, key_id, ciphertext)
    values (event.id, request ->> 'keyId', request ->> 'ciphertext');
  end if;

  if event.status <> 'received' then
    return private.webhook_event_view(event, is_duplicate) || jsonb_build_object('isClaimed', false);
  end if;

  if request ->> 'ignoredReason' is not null or not private.webhook_is_ours(event) then
    update public.webhook_events as e
    set status = 'ignored', processed_at = present,
      last_error = coalesce(request ->> 'ignoredReason', 'names no order and no payment of this project')
    where e.id = event.id
    returning * into event;
    return private.webhook_event_view(event, is_duplicate);
  end if;

  perform private.lock_webhook_subject(event.subject);
  -- Each invented payment is a subject of its own; the budget is counted per order, one at a time.
  if event.order_id is not null and event.order_id <> event.subject then
    perform private.lock_webhook_subject('order ' || event.order_id);
  end if;
  if private.webhook_subject_is_leased(event.subject, present) then
    -- Whoever is asking now looks again for events that came after its question.
    update public.webhook_events as e set next_attempt_at = present + lease where e.id = event.id
    returning * into event;
  elsif private.webhook_query_is_over_budget(event, present) then
    update public.webhook_events as e set next_attempt_at = present + interval '1 minute' where e.id = event.id
    returning * into event;
  else
    event := private.lease_webhook_event(event.id, token, lease, present);
  end if;
  return private.webhook_event_view(event, is_duplicate);
end;
$$;

comment on function public.receive_webhook_event(jsonb) is
  'Stores one delivery in one round trip and leases it to the caller when nobody asks Toss about the same subject. Repeats are counted; a repeat of a failed or dead event arms it again.';
revoke execute on function public.receive_webhook_event(jsonb) from public, anon, authenticated;
grant execute on function public.receive_webhook_event(jsonb) to service_role;

create function public.finish_webhook_event(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  token constant uuid := (request ->> 'leaseToken')::uuid;
  asked_time constant timestamptz := (request ->> 'askedAt')::timestamptz;
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
  perform private.lock_webhook_subject(event.subject);
  select * into event from public.webhook_events as e where e.id = event.id for update;
  if event.status <> 'processing' or event.lease_token <> token then
    return jsonb_build_object('outcome', 'lease_lost');
  end if;
  present := private.clock_now();
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
  where e.id = event.id
  returning * into event;

  if request ->> 'status' = 'failed' then
    update public.webhook_events as e
    set next_attempt_at = greatest(e.next_attempt_at, retry_time)
    where e.subject = event.subject and e.status = 'received';
    return jsonb_build_object('outcome', event.status);
  end if;

  -- One answer serves every event that had arrived before the question.
  update public.webhook_events as e
  set status = event.status, last_error = event.last_error, processed_at = present,
    verified_by = coalesce(e.verified_by, request ->> 'verifiedBy')
  where e.subject = event.subject and e.status in ('received', 'failed') and e.received_at <= asked_time;

  select * into following from public.webhook_events as e
  where e.subject = event.subject and e.status in ('received', 'failed')
  order by e.received_at desc
  limit 1
  for update;
  if found then
    following := private.lease_webhook_event(following.id, token, lease, present);
    return jsonb_build_object(
      'outcome', event.status, 'following', private.webhook_event_view(following, false)
    );
  end if;
  return jsonb_build_object('outcome', event.status);
end;
$$;

comment on function public.finish_webhook_event(jsonb) is
  'Ends a leased event and all that its answer covers. When newer events of the same subject came meanwhile, the newest is leased to the caller as `following`. Outcomes: processed, ignored, failed, dead, lease_lost, event_not_found.';
revoke execute on function public.finish_webhook_event(jsonb) from public, anon, authenticated;
grant execute on function public.finish_webhook_event(jsonb) to service_role;
