-- Purpose: how an event is recognised, how often Toss is asked on the word of a stranger, and who asks.
-- Functions: private.digests_are_equal, order_is_busy, deposit_secret_matches, webhook_names_unknown_payment,
-- webhook_order_is_over_budget, webhook_subject_is_over_budget; replaced: webhook_event_view,

create function private.digests_are_equal(left_digest text, right_digest text)
returns boolean
language plpgsql
volatile
set search_path = ''
as $$
declare
  -- Hashed again with a salt of this call, so that the time a comparison takes says nothing about the stored one.
  salt constant text := gen_random_uuid();
begin
  return sha256(convert_to(salt || left_digest, 'UTF8')) = sha256(convert_to(salt || right_digest, 'UTF8'));
end;
$$;

comment on function private.digests_are_equal(text, text) is
  'Compares two digests in a time that does not depend on where they differ; null when one is null.';
revoke execute on function private.digests_are_equal(text, text) from public, anon, authenticated;

create function private.order_is_busy(busy_order_id text)
returns boolean
language sql
stable
set search_path = ''
as $$
  select exists (
    select 1 from public.operations as op
    where op.order_id = busy_order_id and op.state in ('started', 'unknown')
  );
$$;

comment on function private.order_is_busy(text) is
  'Whether an operation of the order is open, so that what we know about its payments may not be all.';
revoke execute on function private.order_is_busy(text) from public, anon, authenticated;

create function private.deposit_secret_matches(event_order_id text, event_secret_digest text)
returns boolean
language plpgsql
volatile
set search_path = ''
as $$
declare
  stored_digest text;
  is_stored boolean := false;
  is_equal boolean := false;
begin
  -- An order can have several payments. Every one is compared, whichever matches.
  for stored_digest in
    select d.secret_digest
    from private.payment_details as d
    join public.payments as p on p.payment_key = d.payment_key
    where p.order_id = event_order_id and d.secret_digest is not null
  loop
    is_stored := true;
    is_equal := coalesce(private.digests_are_equal(stored_digest, event_secret_digest), false) or is_equal;
  end loop;
  return case
    when is_equal then true
    when is_stored and not private.order_is_busy(event_order_id) then false
  end;
end;
$$;

comment on function private.deposit_secret_matches(text, text) is
  'Whether the secret of a deposit callback is that of one of the order''s payments; null when only Toss can tell.';
revoke execute on function private.deposit_secret_matches(text, text) from public, anon, authenticated;

create function private.webhook_names_unknown_payment(event_payment_key text)
returns boolean
language sql
stable
set search_path = ''
as $$
  select event_payment_key is not null
    and not exists (select 1 from public.payments as p where p.payment_key = event_payment_key)
    and not exists (select 1 from public.operations as op where op.payment_key = event_payment_key);
$$;

comment on function private.webhook_names_unknown_payment(text) is
  'Whether a payment key is known from the body of a webhook alone: such keys can be invented without end.';
revoke execute on function private.webhook_names_unknown_payment(text) from public, anon, authenticated;

create function private.webhook_order_is_over_budget(checked_order_id text, at timestamptz)
returns boolean
language sql
stable
set search_path = ''
as $$
  select count(*) >= 5
  from public.webhook_events as e
  where e.order_id = checked_order_id and e.leased_at > at - interval '1 minute'
    and private.webhook_names_unknown_payment(e.payment_key);
$$;

comment on function private.webhook_order_is_over_budget(text, timestamptz) is
  'Whether Toss was asked about five unknown payment keys of the order within the last minute: more than any buyer makes.';
revoke execute on function private.webhook_order_is_over_budget(text, timestamptz)
  from public, anon, authenticated;

create function private.webhook_subject_is_over_budget(event public.webhook_events, at timestamptz)
returns boolean
language sql
stable
set search_path = ''
as $$
  select event.verified_by is null and (
    select count(*) from public.webhook_events as e
    where e.subject = event.subject and e.id <> event.id and e.leased_at > at - interval '1 minute'
  ) >= 20;
$$;

comment on function private.webhook_subject_is_over_budget(public.webhook_events, timestamptz) is
  'Whether unsigned events have made us look at one subject twenty times within the last minute; further ones wait for the worker, whose next answer serves them all.';
revoke execute on function private.webhook_subject_is_over_budget(public.webhook_events, timestamptz)
  from public, anon, authenticated;

-- The two rules above take its place.
drop function private.webhook_query_is_over_budget(public.webhook_events, timestamptz);

create or replace function private.webhook_event_view(event public.webhook_events, is_duplicate boolean)
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
    'secretDigest', b.secret_digest,
    'secretMatches', case when b.secret_digest is not null
      then private.deposit_secret_matches(event.order_id, b.secret_digest) end,
    'isOrderBusy', private.order_is_busy(event.order_id),
    'attempts', event.attempts,
    'isDuplicate', is_duplicate,
    'isKnownPayment', private.webhook_payment_is_known(event),
    'isClaimed', event.status = 'processing',
    'leaseToken', event.lease_token,
    'askedAt', private.clock_now()
  )
  from (select event.id) as e (id)
  left join private.webhook_bodies as b on b.webhook_event_id = e.id;
$$;

create or replace function private.lease_webhook_event(
  event_id uuid, token uuid, lease interval, at timestamptz
)
returns public.webhook_events
language sql
volatile
set search_path = ''
as $$
  update public.webhook_events as e
  set status = 'processing', lease_token = token, lease_expires_at = at + lease, leased_at = at,
    next_attempt_at = at + lease, attempts = e.attempts + 1
  where e.id = event_id
  returning e;
$$;

create or replace function public.claim_webhook_events(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  token constant uuid := (request ->> 'leaseToken')::uuid;
  lease constant interval := make_interval(secs => (request ->> 'leaseSeconds')::double precision);
  due_time constant timestamptz := coalesce((request ->> 'asOf')::timestamptz, private.clock_now());
  wanted constant integer := (request ->> 'limit')::integer;
  candidate public.webhook_events;
  claimed jsonb := '[]';
begin
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
    -- Events of payments we know go first, so that forged ones cannot keep them waiting.
    order by private.webhook_names_unknown_payment(e.payment_key), e.next_attempt_at
    limit wanted * 2
    for update of e skip locked
  loop
    exit when jsonb_array_length(claimed) >= wanted;
    if not pg_try_advisory_xact_lock(hashtextextended('webhook:' || candidate.subject, 0))
      or private.webhook_subject_is_leased(candidate.subject, due_time)
      -- Taken and given back between the choice and the lock.
      or candidate.status not in ('received', 'failed', 'processing')
    then
      continue;
    end if;
    candidate := private.lease_webhook_event(candidate.id, token, lease, private.clock_now());
    claimed := claimed || private.webhook_event_view(candidate, false);
  end loop;
  return jsonb_build_object('events', claimed, 'remaining', (
    select count(*) from public.webhook_events as e
    where e.next_attempt_at <= due_time
      and (e.status in ('received', 'failed') or (e.status = 'processing' and e.lease_expires_at <= due_time))
      and e.lease_token is distinct from token
  ));
end;
$$;
