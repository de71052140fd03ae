-- Purpose: how an event is judged before it is worked on: whom it concerns, whether its secret is right, how often
-- Toss may be asked on the word of a stranger, and who has it.

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
    'secretDigest', b.secret_digest,
    'secretMatches', case when b.secret_digest is not null
      then private.deposit_secret_matches(event.order_id, b.secret_digest) end,
    'isOrderBusy', private.order_is_busy(event.order_id),
    'attempts', event.attempts,
    'isDuplicate', is_duplicate,
    'isKnownPayment', private.webhook_payment_is_known(event),
    'isOurs', private.webhook_is_ours(event),
    'isClaimed', event.status = 'processing',
    'leaseToken', event.lease_token,
    'askedAt', private.clock_now()
  )
  from (select event.id) as e (id)
  left join private.webhook_bodies as b on b.webhook_event_id = e.id;
$$;

comment on function private.webhook_event_view(public.webhook_events, boolean) is
  'What a processor needs to know; askedAt is taken before Toss is asked.';
revoke execute on function private.webhook_event_view(public.webhook_events, boolean)
  from public, anon, authenticated;

create function private.lease_webhook_event(
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

comment on function private.lease_webhook_event(uuid, uuid, interval, timestamptz) is
  'Hands an event to one processor; the caller holds the subject''s lock.';
revoke execute on function private.lease_webhook_event(uuid, uuid, interval, timestamptz)
  from public, anon, authenticated;
