-- Purpose: end a leased event, and with it all that the same answer of Toss covers.

create function private.end_covered_webhook_events(ended public.webhook_events, request jsonb, at timestamptz)
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
  if request ? 'answerSecretDigest' and not private.order_is_busy(ended.order_id) then
    update public.webhook_events as e
    set status = 'ignored', processed_at = at,
      last_error = 'the secret is not that of the order''s payment'
    from private.webhook_bodies as b
    where e.subject = ended.subject and not e.shares_answer and e.status in ('received', 'failed')
      and e.received_at <= asked_time and b.webhook_event_id = e.id
      and not coalesce(private.digests_are_equal(b.secret_digest, request ->> 'answerSecretDigest'), false);
  end if;
end;
$$;

comment on function private.end_covered_webhook_events(public.webhook_events, jsonb, timestamptz) is
  'Ends the events of a subject that had arrived before the question whose answer ended one of them.';
revoke execute on function private.end_covered_webhook_events(public.webhook_events, jsonb, timestamptz)
  from public, anon, authenticated;

create function private.lease_following_webhook_event(
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
  if not found or private.webhook_subject_is_over_budget(following, at) then
    return null;
  end if;
  return private.lease_webhook_event(following.id, token, lease, at);
end;
$$;

comment on function private.lease_following_webhook_event(public.webhook_events, uuid, interval, timestamptz) is
  'Leases the newest event of the subject that still waits, unless Toss has been asked too often already.';
revoke execute on function private.lease_following_webhook_event(public.webhook_events, uuid, interval, timestamptz)
  from public, anon, authenticated;

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

  perform private.end_covered_webhook_events(event, request, present);
  following := private.lease_following_webhook_event(event, token, lease, present);
  if following.id is not null then
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
