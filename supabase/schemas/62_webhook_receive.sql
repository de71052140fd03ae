-- A webhook arrives: known again, counted, stored or refused.

create function toss_private.shorten_webhook_payload(payload jsonb)
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

comment on function toss_private.shorten_webhook_payload(jsonb) is
  'A payload as it is kept while nothing proves it: above 4 KB only its size and name. Toss''s own bodies stay below, but for payments with several cancels.';

create function toss_private.unproven_webhooks_are_many(at timestamptz)
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

comment on function toss_private.unproven_webhooks_are_many(timestamptz) is
  'Whether a hundred events without proof of the last hour stand in rows of their own already.';

create function toss_private.count_unproven_webhook(reason text, at timestamptz, deliveries integer)
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

comment on function toss_private.count_unproven_webhook(text, timestamptz, integer) is
  'Counts an event that is ignored without proof in one row for its reason and hour.';

create function toss_private.fold_webhook_event(folded_subject text, kept integer, at timestamptz)
returns public.webhook_events
language plpgsql
volatile
set search_path = ''
as $$
declare
  folded public.webhook_events;
begin
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

comment on function toss_private.fold_webhook_event(text, integer, timestamptz) is
  'Counts an unsigned event with one of its subject that waits already, whose answer serves both, when so many wait; an empty row when it needs one of its own.';

create function toss_private.drop_unproven_bodies(ended_subject text)
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  delete from toss_private.webhook_bodies as b
  using public.webhook_events as e
  where e.subject = ended_subject and e.status = 'ignored' and e.verified_by is null
    and b.webhook_event_id = e.id;
end;
$$;

comment on function toss_private.drop_unproven_bodies(text) is
  'Removes what is stored beside a subject''s events that were ignored without proof.';

create function toss_private.trim_unproven_webhooks(at timestamptz)
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  surplus public.webhook_events;
begin
  if not toss_private.unproven_webhooks_are_many(at) then
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
    perform toss_private.count_unproven_webhook(surplus.last_error, at, surplus.delivery_count);
  end loop;
end;
$$;

comment on function toss_private.trim_unproven_webhooks(timestamptz) is
  'Counts the events of the last hour that ended ignored without proof beyond the first hundred, instead of keeping them.';

create function toss_private.store_webhook_event(request jsonb, at timestamptz)
returns public.webhook_events
language plpgsql
volatile
set search_path = ''
as $$
declare
  is_proven constant boolean := request ->> 'verifiedBy' is not null;
  lease constant interval := make_interval(secs => (request ->> 'leaseSeconds')::double precision);
  names_unknown boolean := false;
  is_unfamiliar boolean;
  is_kept_whole boolean;
  looks integer := 0;
  event public.webhook_events;
  refusal text;
  pause interval;
  is_leased boolean := false;
begin
  -- First the delivery's own name, then one subject: whoever sends two bodies under one transmission id would else
  -- hold a subject while it waits for the row of the other, which waits for the subject.
  perform pg_advisory_xact_lock(hashtextextended('delivery:' || (request ->> 'dedupeKey'), 0));
  if exists (select 1 from public.webhook_events as e where e.dedupe_key = request ->> 'dedupeKey') then
    return null;
  end if;
  event := toss_private.identify_webhook_event(request, at);
  refusal := toss_private.webhook_refusal(request, event);
  -- What Toss is asked about is as true as its answer. Nothing but its signature stands behind the rest.
  if refusal is null and not event.asks_toss and request ->> 'billingKeyDigest' is null
    and toss_private.webhook_is_late(request, at)
  then
    refusal := 'was signed too long ago to be new';
  end if;

  if refusal is null then
    perform toss_private.lock_webhook_subject(event.subject);
    if not is_proven then
      if event.payment_key is not null then
        names_unknown := toss_private.webhook_names_unknown_payment(event.payment_key);
        looks := toss_private.count_webhook_looks(event.payment_key, at, '1 hour');
      end if;
      if event.shares_answer and coalesce(event.payment_key, event.order_id) is not null then
        -- Whoever looks later needs one of them. A burst about a payment that we know is Toss's more likely than not.
        event := coalesce(toss_private.fold_webhook_event(
          event.subject, case when event.payment_key is null or names_unknown or looks >= 20 then 2 else 30 end, at
        ), event);
        if event.id is not null then
          return event;
        end if;
      end if;
    end if;
    is_unfamiliar := not is_proven and (event.payment_key is null or names_unknown);
    pause := toss_private.webhook_pause(event, is_unfamiliar, lease, at);
    is_leased := pause is null;
  elsif not is_proven and toss_private.unproven_webhooks_are_many(at) then
    return toss_private.count_unproven_webhook(refusal, at, 1);
  end if;

  -- A payment's own buyer can repeat its events without end.
  is_kept_whole := is_proven or (refusal is null and event.payment_key is not null and not names_unknown and looks < 20);
  insert into public.webhook_events as e (
    dedupe_key, transmission_id, retried_count, event_type, order_id, payment_key, transaction_key,
    entity_id, asks_toss, shares_answer, from_toss, payload, verified_by, status, last_error, processed_at,
    lease_token, lease_expires_at, leased_at, attempts, asked_as_stranger, next_attempt_at, received_at, created_at
  ) values (
    event.dedupe_key, request ->> 'transmissionId', coalesce((request ->> 'retriedCount')::integer, 0),
    request ->> 'eventType', event.order_id, event.payment_key, event.transaction_key, request ->> 'entityId',
    event.asks_toss, event.shares_answer, event.from_toss,
    jsonb_strip_nulls(case when is_kept_whole then request -> 'payload'
      else toss_private.shorten_webhook_payload(request -> 'payload') end),
    event.verified_by,
    case when refusal is not null then 'ignored' when is_leased then 'processing' else 'received' end, refusal,
    case when refusal is not null then at end, case when is_leased then (request ->> 'leaseToken')::uuid end,
    case when is_leased then at + lease end, case when is_leased then at end, is_leased::integer,
    is_leased and event.asks_toss and is_unfamiliar,
    case when refusal is not null then at else at + coalesce(pause, lease) end, at, at
  )
  on conflict (dedupe_key) do nothing
  returning * into event;
  if event.id is not null and (refusal is null or is_proven) then
    insert into toss_private.webhook_bodies (webhook_event_id, key_id, ciphertext, secret_digest, billing_key_digest)
    values (
      event.id, case when is_kept_whole and event.erased_at is null then request ->> 'keyId' end,
      case when is_kept_whole and event.erased_at is null then decode(request ->> 'ciphertext', 'base64') end, request ->> 'secretDigest',
      request ->> 'billingKeyDigest'
    );
  end if;
  return event;
end;
$$;

comment on function toss_private.store_webhook_event(jsonb, timestamptz) is
  'Writes the row of a delivery, leased at once where Toss may be asked, and its encrypted body when it is signed or about a payment that we know; the row that counts it where it needs none of its own; an empty row when it stands already.';

create function toss_private.identify_webhook_event(request jsonb, at timestamptz)
returns public.webhook_events
language plpgsql
volatile
set search_path = ''
as $$
declare
  event public.webhook_events;
begin
  event.dedupe_key := request ->> 'dedupeKey';
  event.order_id := request ->> 'orderId';
  event.payment_key := request ->> 'paymentKey';
  event.transaction_key := request ->> 'transactionKey';
  event.verified_by := request ->> 'verifiedBy';
  event.from_toss := coalesce((request ->> 'fromToss')::boolean, false);
  event.asks_toss := coalesce((request ->> 'asksToss')::boolean, true);
  event.shares_answer := event.asks_toss and request ->> 'secretDigest' is null;
  event.delivery_count := 1;

  if not event.asks_toss then
    event.subject := event.dedupe_key;
    return event;
  end if;
  if event.payment_key is null and event.transaction_key is not null then
    -- A cancel of an asynchronous payment method names nothing but itself.
    perform toss_private.lock_cancel(event.transaction_key);
    select k.payment_key, coalesce(p.order_id, event.order_id) into event.payment_key, event.order_id
    from (select event.transaction_key) as named (transaction_key)
    left join public.payment_cancels as k on k.transaction_key = named.transaction_key
    left join public.payments as p on p.payment_key = k.payment_key;
  elsif request ->> 'secretDigest' is not null then
    -- Only a payment whose secret the body knows is taken from it.
    event.payment_key := (
      select d.payment_key
      from toss_private.payment_details as d
      join public.payments as p on p.payment_key = d.payment_key
      where p.order_id = event.order_id
        and toss_private.digests_are_equal(d.secret_digest, request ->> 'secretDigest')
      limit 1
    );
  elsif event.order_id is not null and event.verified_by is null
    and toss_private.webhook_names_unknown_payment(event.payment_key)
  then
    -- Each invented payment is a subject of its own; the budget is counted per order, one at a time. Beyond it,
    -- one question about the order serves all.
    perform toss_private.lock_webhook_subject('order ' || event.order_id);
    if toss_private.webhook_order_is_over_budget(event.order_id, at) then
      event.payment_key := null;
    end if;
  end if;
  event.subject := coalesce(event.payment_key, event.order_id, event.dedupe_key);
  return event;
end;
$$;

comment on function toss_private.identify_webhook_event(jsonb, timestamptz) is
  'A delivery as a row that is not stored yet: which order and payment it is about, as it says, through its cancel, or through its secret.';

create function toss_private.count_webhook_repeat(request jsonb, at timestamptz)
returns public.webhook_events
language plpgsql
volatile
set search_path = ''
as $$
declare
  repeated public.webhook_events;
begin
  -- Subject first, then its rows, as in finish_webhook_event; the other way round the two could deadlock.
  perform toss_private.lock_webhook_subject(e.subject)
  from public.webhook_events as e where e.dedupe_key = request ->> 'dedupeKey';
  update public.webhook_events as e
  set delivery_count = e.delivery_count + 1,
    retried_count = greatest(e.retried_count, coalesce((request ->> 'retriedCount')::integer, 0)),
    -- Toss delivering again is a reason to look again at what we could not finish.
    status = case when e.status in ('failed', 'dead') then 'received' else e.status end,
    attempts = case when e.status in ('failed', 'dead') then 0 else e.attempts end,
    next_attempt_at = case when e.status in ('failed', 'dead') then at else e.next_attempt_at end,
    received_at = case when e.status in ('failed', 'dead') then at else e.received_at end
  where e.dedupe_key = request ->> 'dedupeKey'
  returning * into repeated;
  return repeated;
end;
$$;

comment on function toss_private.count_webhook_repeat(jsonb, timestamptz) is
  'Counts a delivery that stands already, and arms it again when it had failed or was given up.';

create function toss_private.webhook_is_late(request jsonb, at timestamptz)
returns boolean
language plpgsql
immutable
set search_path = ''
as $$
declare
  repeats constant integer := least(coalesce((request ->> 'retriedCount')::integer, 0), 7);
  signed_at constant timestamptz := (request ->> 'signedAt')::timestamptz;
begin
  -- Toss repeats after 1, 4, 16 … minutes, and does not say whether a repeat is signed anew: it may be as late as the
  -- repeats before it took.
  return coalesce(at - signed_at > interval '15 minutes' + ((4 ^ repeats - 1) / 3) * interval '1 minute', false);
end;
$$;

comment on function toss_private.webhook_is_late(jsonb, timestamptz) is
  'Whether a delivery comes more than 15 minutes after the time that its signature covers, beyond what Toss''s own repeats take.';

create function public.receive_webhook_event(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  lease constant interval := make_interval(secs => (request ->> 'leaseSeconds')::double precision);
  present constant timestamptz := toss_private.clock_now();
  event public.webhook_events;
  is_duplicate boolean := false;
  pause interval;
begin
  event := toss_private.store_webhook_event(request, present);
  if event.id is null then
    is_duplicate := true;
    event := toss_private.count_webhook_repeat(request, present);
  end if;
  -- A new one has its turn or its pause already.
  if event.status = 'received' and (is_duplicate or event.created_at <> present) then
    perform toss_private.lock_webhook_subject(event.subject);
    pause := toss_private.webhook_pause(event, toss_private.webhook_is_unfamiliar(event), lease, present);
    if pause is null then
      event := toss_private.lease_webhook_event(event.id, (request ->> 'leaseToken')::uuid, lease, present);
    else
      update public.webhook_events as e set next_attempt_at = present + pause where e.id = event.id
      returning * into event;
    end if;
  end if;
  return toss_private.webhook_event_view(event, is_duplicate)
    -- What was leased before is somebody else's to process.
    || jsonb_build_object('isClaimed', event.status = 'processing' and event.leased_at = present);
end;
$$;

comment on function public.receive_webhook_event(jsonb) is
  'Stores one delivery in one round trip and leases it to the caller when nobody asks Toss about the same subject and its budget of questions allows. Repeats are counted; a repeat of a failed or dead event arms it again.';
