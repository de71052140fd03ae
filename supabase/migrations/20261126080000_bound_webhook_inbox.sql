-- Purpose: what strangers post costs a bounded number of rows, bytes and questions to Toss, and goes again.
-- Tables: webhook_events (column from_toss, two indexes). Functions: the rules of arrival and of the budgets, replaced.
-- Risk: an unproven event beyond the limits is counted in one row an hour instead of a row of its own.

alter table public.webhook_events
  add column from_toss boolean not null default false,
  add column asked_as_stranger boolean not null default false;
comment on column public.webhook_events.from_toss is
  'Whether the platform named one of Toss''s published senders. Proves nothing; such events go first when many wait.';
comment on column public.webhook_events.asked_as_stranger is
  'Whether it was leased while nothing but its own unsigned body spoke of its payment; such questions are counted.';

create index webhook_events_unproven on public.webhook_events (created_at)
  where status = 'ignored' and verified_by is null;
create index webhook_events_asked_as_stranger on public.webhook_events (leased_at) where asked_as_stranger;

create function private.webhook_is_unfamiliar(event public.webhook_events)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return event.verified_by is null
    and (event.payment_key is null or private.webhook_names_unknown_payment(event.payment_key));
end;
$$;

comment on function private.webhook_is_unfamiliar(public.webhook_events) is
  'Whether nothing but the body of an unsigned event speaks of its payment: such events can be invented without end.';
revoke execute on function private.webhook_is_unfamiliar(public.webhook_events) from public, anon, authenticated;

create or replace function private.lease_webhook_event(
  event_id uuid, token uuid, lease interval, at timestamptz
)
returns public.webhook_events
language plpgsql
volatile
set search_path = ''
as $$
declare
  leased public.webhook_events;
begin
  update public.webhook_events as e
  set status = 'processing', lease_token = token, lease_expires_at = at + lease, leased_at = at,
    next_attempt_at = at + lease, attempts = e.attempts + 1,
    asked_as_stranger = e.asks_toss and private.webhook_is_unfamiliar(e)
  where e.id = event_id
  returning e.* into leased;
  return leased;
end;
$$;

comment on function private.lease_webhook_event(uuid, uuid, interval, timestamptz) is
  'Hands an event to one processor and notes whether its question is one of a stranger''s; the caller holds the subject''s lock.';

create function private.count_unsigned_questions(checked_order_id text, at timestamptz)
returns bigint
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select count(*)
    from public.webhook_events as e
    where e.order_id = checked_order_id and e.leased_at > at - interval '1 minute'
      and (e.asked_as_stranger or (
        -- A callback that knows the deposit's secret is no stranger's.
        e.asks_toss and e.shares_answer and coalesce(e.verified_by, 're-query') = 're-query'
      ))
  );
end;
$$;

comment on function private.count_unsigned_questions(text, timestamptz) is
  'How many questions about the order unsigned events have led to within the last minute.';
revoke execute on function private.count_unsigned_questions(text, timestamptz) from public, anon, authenticated;

create or replace function private.webhook_order_is_over_budget(checked_order_id text, at timestamptz)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return private.count_unsigned_questions(checked_order_id, at) >= 5;
end;
$$;

comment on function private.webhook_order_is_over_budget(text, timestamptz) is
  'Whether unsigned events have led to five questions about the order within the last minute, by whatever key, known or invented: more than any buyer makes.';

create function private.webhook_strangers_are_over_budget(at timestamptz)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select count(*) >= 60
    from public.webhook_events as e
    where e.asked_as_stranger and e.leased_at > at - interval '1 minute' and not e.from_toss
  );
end;
$$;

comment on function private.webhook_strangers_are_over_budget(timestamptz) is
  'Whether unsigned events about unknown payments of all orders together have led to sixty questions within the last minute.';
revoke execute on function private.webhook_strangers_are_over_budget(timestamptz) from public, anon, authenticated;

create index webhook_events_leased_at on public.webhook_events (leased_at)
  where leased_at is not null and not from_toss;

create function private.webhook_questions_are_many(at timestamptz)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select count(*) >= 300 from (
      select from public.webhook_events as e
      where e.leased_at > at - interval '1 minute' and e.leased_at is not null and not e.from_toss
        and e.asks_toss and coalesce(e.verified_by, 're-query') = 're-query'
      limit 300
    ) as few
  );
end;
$$;

comment on function private.webhook_questions_are_many(timestamptz) is
  'Whether unsigned events that do not come from Toss''s own senders have led to three hundred questions within the last minute, about known payments too.';
revoke execute on function private.webhook_questions_are_many(timestamptz) from public, anon, authenticated;

create function private.count_webhook_looks(looked_subject text, at timestamptz, span interval)
returns integer
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select count(*) from (
      select from public.webhook_events as e
      where e.subject = looked_subject and e.leased_at > at - span
      limit 60
    ) as few
  );
end;
$$;

comment on function private.count_webhook_looks(text, timestamptz, interval) is
  'How many events of a subject have been looked into lately, up to sixty.';
revoke execute on function private.count_webhook_looks(text, timestamptz, interval) from public, anon, authenticated;

create or replace function private.webhook_subject_is_over_budget(event public.webhook_events, at timestamptz)
returns boolean
language plpgsql
volatile
set search_path = ''
as $$
begin
  if event.verified_by is not null then
    return false;
  end if;
  if event.asks_toss and private.webhook_is_unfamiliar(event) then
    -- One at a time, so that many that come together cannot all count the same. Always the last lock of its
    -- transaction.
    perform private.lock_webhook_subject('strangers');
    -- The last one is kept for a payment that we know, if there is one.
    return private.count_unsigned_questions(event.order_id, at) >= case
        when exists (select 1 from public.payments as p where p.order_id = event.order_id)
          or exists (
            select 1 from public.operations as op where op.order_id = event.order_id and op.payment_key is not null
          )
        then 4 else 5 end
      or (not event.from_toss and private.webhook_strangers_are_over_budget(at));
  end if;
  if not event.from_toss and event.asks_toss and event.shares_answer
    and (
      (private.webhook_order_is_over_budget(event.order_id, at)
        -- Whoever has spent it on invented keys cannot keep the real one waiting.
        and private.count_webhook_looks(event.subject, at, '1 minute') >= 1)
      or private.webhook_questions_are_many(at)
    )
  then
    return true;
  end if;
  return private.count_webhook_looks(event.subject, at, '1 minute') >= 20
    or private.count_webhook_looks(event.subject, at, '1 hour') >= 60;
end;
$$;

comment on function private.webhook_subject_is_over_budget(public.webhook_events, timestamptz) is
  'Whether Toss has been asked often enough on an unsigned word: five times a minute about an order, by whatever key, the last of them kept for a payment that we know; sixty about all orders for payments that nobody knows, three hundred in all. What Toss''s own senders bring about a payment that we know, and callbacks that know the deposit''s secret, have twenty a minute and sixty an hour of their own. Further events wait for the worker.';

create function private.shorten_webhook_payload(payload jsonb)
returns jsonb
language plpgsql
immutable
set search_path = ''
as $$
begin
  return case when octet_length(payload::text) <= 4096 then payload else jsonb_strip_nulls(jsonb_build_object(
    'shortened', true, 'bytes', octet_length(payload::text),
    'eventType', left(payload ->> 'eventType', 100), 'createdAt', left(payload ->> 'createdAt', 40)
  )) end;
end;
$$;

comment on function private.shorten_webhook_payload(jsonb) is
  'A payload as it is kept while nothing proves it: above 4 KB only its size and name. Toss''s own bodies stay below, but for payments with several cancels.';
revoke execute on function private.shorten_webhook_payload(jsonb) from public, anon, authenticated;

create function private.unproven_webhooks_are_many(at timestamptz)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select count(*) >= 100 from (
      select from public.webhook_events as e
      where e.status = 'ignored' and e.verified_by is null and e.created_at > at - interval '1 hour'
      limit 100
    ) as few
  );
end;
$$;

comment on function private.unproven_webhooks_are_many(timestamptz) is
  'Whether a hundred events without proof of the last hour stand in rows of their own already.';
revoke execute on function private.unproven_webhooks_are_many(timestamptz) from public, anon, authenticated;

create function private.count_unproven_webhook(reason text, at timestamptz, deliveries integer)
returns public.webhook_events
language plpgsql
volatile
set search_path = ''
as $$
declare
  counted public.webhook_events;
begin
  insert into public.webhook_events as e (
    dedupe_key, asks_toss, shares_answer, payload, delivery_count, status, last_error, processed_at, next_attempt_at,
    received_at, created_at
  ) values (
    format('unproven:%s:%s', md5(reason), to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24')), false, false,
    jsonb_build_object('note', 'counts the events without proof of this hour beyond the first hundred'),
    deliveries, 'ignored', reason, at, at, at, at
  )
  on conflict (dedupe_key) do update set delivery_count = e.delivery_count + excluded.delivery_count
  returning e.* into counted;
  return counted;
end;
$$;

comment on function private.count_unproven_webhook(text, timestamptz, integer) is
  'Counts an event that is ignored without proof in one row for its reason and hour.';
revoke execute on function private.count_unproven_webhook(text, timestamptz, integer) from public, anon, authenticated;

create function private.fold_webhook_event(request jsonb, identity jsonb, at timestamptz)
returns public.webhook_events
language plpgsql
volatile
set search_path = ''
as $$
declare
  folded_subject constant text := coalesce(identity ->> 'paymentKey', identity ->> 'orderId');
  folded public.webhook_events;
  kept integer;
begin
  if request ->> 'verifiedBy' is not null or request ->> 'secretDigest' is not null
    or not coalesce((request ->> 'asksToss')::boolean, true) or folded_subject is null
  then
    return null;
  end if;
  perform private.lock_webhook_subject(folded_subject);
  -- Whoever looks later needs one of them. A burst about a payment that we know is Toss's more likely than not.
  kept := case when identity ->> 'paymentKey' is null
      or private.webhook_names_unknown_payment(identity ->> 'paymentKey')
      or private.count_webhook_looks(folded_subject, at, '1 hour') >= 20
    then 2 else 30 end;
  select e.* into folded from public.webhook_events as e
  where e.subject = folded_subject and e.status in ('received', 'failed') and e.shares_answer
    and e.verified_by is null
  order by e.received_at desc
  offset kept - 1 limit 1;
  if not found then
    return null;
  end if;
  update public.webhook_events as e
  set delivery_count = e.delivery_count + 1, received_at = at
  where e.id = folded.id
  returning e.* into folded;
  return folded;
end;
$$;

comment on function private.fold_webhook_event(jsonb, jsonb, timestamptz) is
  'Counts an unsigned event with one of its subject that waits already, whose answer serves both; an empty row when it needs one of its own.';
revoke execute on function private.fold_webhook_event(jsonb, jsonb, timestamptz) from public, anon, authenticated;

create or replace function private.webhook_refusal(request jsonb, event public.webhook_events)
returns text
language plpgsql
volatile
set search_path = ''
as $$
begin
  if request ->> 'ignoredReason' is not null then
    return request ->> 'ignoredReason';
  end if;
  if request ->> 'billingKeyDigest' is not null then
    return case when not exists (
      select 1 from private.billing_keys as k where k.key_digest = request ->> 'billingKeyDigest'
    ) then 'the billing key is not known here' end;
  end if;
  if not coalesce((request ->> 'asksToss')::boolean, true) then
    return null;
  end if;
  if not private.webhook_is_ours(event) then
    return case when event.transaction_key is not null then 'the cancel is not known here'
      else 'names no order and no payment of this project' end;
  end if;
  if request ->> 'secretDigest' is not null then
    if not private.deposit_secret_matches(event.order_id, request ->> 'secretDigest') then
      return 'the secret is not that of the order''s payment';
    end if;
    -- None of them serves for another. The true one comes again, and the sweep asks without it.
    if event.payment_key is null and (
      select count(*) >= 20 from public.webhook_events as e
      where e.order_id = event.order_id and not e.shares_answer and e.status in ('received', 'failed')
    ) then
      return 'too many deposit callbacks of the order wait already';
    end if;
  end if;
  return null;
end;
$$;

comment on function private.webhook_refusal(jsonb, public.webhook_events) is
  'Why an event needs no processing, null when it does. None of these reasons costs a question to Toss.';

create or replace function private.store_webhook_event(request jsonb, at timestamptz)
returns public.webhook_events
language plpgsql
volatile
set search_path = ''
as $$
declare
  asks constant boolean := coalesce((request ->> 'asksToss')::boolean, true);
  is_proven constant boolean := request ->> 'verifiedBy' is not null;
  identity jsonb;
  is_kept_whole boolean;
  event public.webhook_events;
  refusal text;
begin
  -- First the delivery's own name, then one subject: whoever sends two bodies under one transmission id would else
  -- hold a subject while it waits for the row of the other, which waits for the subject.
  perform pg_advisory_xact_lock(hashtextextended('delivery:' || (request ->> 'dedupeKey'), 0));
  if exists (select 1 from public.webhook_events as e where e.dedupe_key = request ->> 'dedupeKey') then
    return null;
  end if;
  identity := private.identify_webhook_event(request, at);
  event.order_id := identity ->> 'orderId';
  event.payment_key := identity ->> 'paymentKey';
  event.transaction_key := request ->> 'transactionKey';
  refusal := private.webhook_refusal(request, event);
  -- What Toss is asked about is as true as its answer. Nothing but its signature stands behind the rest.
  if refusal is null and not asks and request ->> 'billingKeyDigest' is null
    and private.webhook_is_late(request, at)
  then
    refusal := 'was signed too long ago to be new';
  end if;
  if refusal is null then
    event := private.fold_webhook_event(request, identity, at);
    if event.id is not null then
      return event;
    end if;
  elsif not is_proven and private.unproven_webhooks_are_many(at) then
    return private.count_unproven_webhook(refusal, at, 1);
  end if;

  -- A payment's own buyer can repeat its events without end.
  is_kept_whole := is_proven or (refusal is null and identity ->> 'paymentKey' is not null
    and not private.webhook_names_unknown_payment(identity ->> 'paymentKey')
    and private.count_webhook_looks(identity ->> 'paymentKey', at, '1 hour') < 20);
  insert into public.webhook_events as e (
    dedupe_key, transmission_id, retried_count, event_type, order_id, payment_key, transaction_key,
    entity_id, asks_toss, shares_answer, from_toss, payload, verified_by, status, last_error, processed_at,
    next_attempt_at, received_at, created_at
  ) values (
    request ->> 'dedupeKey', request ->> 'transmissionId', coalesce((request ->> 'retriedCount')::integer, 0),
    request ->> 'eventType', identity ->> 'orderId', identity ->> 'paymentKey', request ->> 'transactionKey',
    request ->> 'entityId', asks, asks and request ->> 'secretDigest' is null,
    coalesce((request ->> 'fromToss')::boolean, false),
    case when is_kept_whole then request -> 'payload' else private.shorten_webhook_payload(request -> 'payload') end,
    request ->> 'verifiedBy', case when refusal is null then 'received' else 'ignored' end, refusal,
    case when refusal is not null then at end, at, at, at
  )
  on conflict (dedupe_key) do nothing
  returning * into event;
  if event.id is not null and (refusal is null or is_proven) then
    insert into private.webhook_bodies (webhook_event_id, key_id, ciphertext, secret_digest, billing_key_digest)
    values (
      event.id, case when is_kept_whole then request ->> 'keyId' end,
      case when is_kept_whole then decode(request ->> 'ciphertext', 'base64') end, request ->> 'secretDigest',
      request ->> 'billingKeyDigest'
    );
  end if;
  return event;
end;
$$;

comment on function private.store_webhook_event(jsonb, timestamptz) is
  'Writes the row of a delivery, and its encrypted body when it is signed or about a payment that we know; the row that counts it where it needs none of its own; an empty row when it stands already.';

create or replace function public.receive_webhook_event(request jsonb)
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
  event := private.store_webhook_event(request, present);
  if event.id is null then
    is_duplicate := true;
    event := private.count_webhook_repeat(request, present);
  end if;
  if event.status <> 'received' then
    return private.webhook_event_view(event, is_duplicate) || jsonb_build_object('isClaimed', false);
  end if;

  perform private.lock_webhook_subject(event.subject);
  if private.webhook_subject_is_leased(event.subject, present) then
    -- Whoever is asking now looks again for events that came after its question.
    update public.webhook_events as e set next_attempt_at = present + lease where e.id = event.id
    returning * into event;
  elsif private.webhook_subject_is_over_budget(event, present)
    -- Toss delivers at most eight times, hours apart; whoever repeats more often waits for the worker.
    or (event.delivery_count > 8 and event.verified_by is null
      and event.leased_at > present - interval '1 minute')
  then
    update public.webhook_events as e set next_attempt_at = present + interval '1 minute' where e.id = event.id
    returning * into event;
  else
    event := private.lease_webhook_event(event.id, token, lease, present);
  end if;
  return private.webhook_event_view(event, is_duplicate);
end;
$$;

comment on function public.receive_webhook_event(jsonb) is
  'Stores one delivery in one round trip and leases it to the caller when nobody asks Toss about the same subject and its budget of questions allows. Repeats are counted; a repeat of a failed or dead event arms it again.';

create or replace function public.finish_webhook_event(request jsonb)
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
  perform private.drop_unproven_bodies(event.subject);
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
  'Ends a leased event and all that its answer covers, and removes the bodies of those that were ignored without proof. When newer events of the same subject came meanwhile, the newest is leased to the caller as `following`. Outcomes: processed, ignored, failed, dead, lease_lost, event_not_found.';

create function private.drop_unproven_bodies(ended_subject text)
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  delete from private.webhook_bodies as b
  using public.webhook_events as e
  where e.subject = ended_subject and e.status = 'ignored' and e.verified_by is null
    and b.webhook_event_id = e.id;
end;
$$;

comment on function private.drop_unproven_bodies(text) is
  'Removes what is stored beside a subject''s events that were ignored without proof.';
revoke execute on function private.drop_unproven_bodies(text) from public, anon, authenticated;

create function private.trim_unproven_webhooks(at timestamptz)
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  surplus public.webhook_events;
begin
  if not private.unproven_webhooks_are_many(at) then
    return;
  end if;
  for surplus in
    delete from public.webhook_events as e
    where e.id in (
      select beyond.id from (
        select u.id, u.leased_at from public.webhook_events as u
        where u.status = 'ignored' and u.verified_by is null and u.created_at > at - interval '1 hour'
          and u.dedupe_key not like 'unproven:%'
        order by u.created_at
        offset 100
      ) as beyond
      -- Until then they count as questions of this minute.
      where coalesce(beyond.leased_at < at - interval '1 minute', true)
    )
    and not exists (select 1 from public.outbox_events as o where o.webhook_event_id = e.id)
    returning e.*
  loop
    perform private.count_unproven_webhook(surplus.last_error, at, surplus.delivery_count);
  end loop;
end;
$$;

comment on function private.trim_unproven_webhooks(timestamptz) is
  'Counts the events of the last hour that ended ignored without proof beyond the first hundred, instead of keeping them.';
revoke execute on function private.trim_unproven_webhooks(timestamptz) from public, anon, authenticated;

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
  perform private.trim_unproven_webhooks(private.clock_now());
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
    order by private.webhook_is_unfamiliar(e), not e.from_toss, e.next_attempt_at
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
    -- One question of the worker about a payment that we know goes beyond its order's budget, or whoever spends that
    -- could keep it waiting.
    if candidate.asks_toss and (case when private.webhook_is_unfamiliar(candidate)
      then private.webhook_subject_is_over_budget(candidate, private.clock_now())
      else candidate.verified_by is null and not candidate.from_toss
        and (private.webhook_questions_are_many(private.clock_now())
          or private.count_webhook_looks(candidate.subject, private.clock_now(), '1 minute') >= 5) end)
    then
      update public.webhook_events as e set next_attempt_at = private.clock_now() + interval '1 minute'
      where e.subject = candidate.subject and e.status in ('received', 'failed');
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

comment on function public.claim_webhook_events(jsonb) is
  'Leases up to `limit` waiting events, one per subject, within the budgets for what strangers say; events whose processor was cut are taken again when its lease has passed.';

create function private.remove_unproven_webhook_events()
returns integer
language plpgsql
volatile
set search_path = ''
as $$
declare
  removed integer;
begin
  delete from public.webhook_events as e
  where e.id in (
    select old.id from public.webhook_events as old
    where old.status = 'ignored' and old.verified_by is null
      and old.created_at < private.clock_now() - interval '7 days'
      and not exists (select 1 from public.outbox_events as o where o.webhook_event_id = old.id)
    limit 20000
  );
  get diagnostics removed = row_count;
  return removed;
end;
$$;

comment on function private.remove_unproven_webhook_events() is
  'Removes events that were ignored without proof a week ago, as long as webhook_summary shows them.';
revoke execute on function private.remove_unproven_webhook_events() from public, anon, authenticated;

create function private.count_old_unproven_webhooks()
returns bigint
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select count(*) from public.webhook_events as old
    where old.status = 'ignored' and old.verified_by is null
      and old.created_at < private.clock_now() - interval '7 days'
      and not exists (select 1 from public.outbox_events as o where o.webhook_event_id = old.id)
  );
end;
$$;

comment on function private.count_old_unproven_webhooks() is
  'How many events private.remove_unproven_webhook_events has yet to remove.';
revoke execute on function private.count_old_unproven_webhooks() from public, anon, authenticated;
