-- Purpose: store a delivery in one round trip and lease it to its receiver when nobody asks about its subject yet.

create function private.identify_webhook_event(request jsonb, at timestamptz)
returns jsonb
language plpgsql
volatile
set search_path = ''
as $$
declare
  named_order_id constant text := request ->> 'orderId';
  named_payment_key constant text := request ->> 'paymentKey';
  found_order_id text;
  found_payment_key text;
begin
  if not coalesce((request ->> 'asksToss')::boolean, true) then
    return jsonb_build_object('orderId', named_order_id, 'paymentKey', named_payment_key);
  end if;

  if named_payment_key is null and request ->> 'transactionKey' is not null then
    -- A cancel of an asynchronous payment method names nothing but itself.
    perform private.lock_cancel(request ->> 'transactionKey');
    select k.payment_key, p.order_id into found_payment_key, found_order_id
    from public.payment_cancels as k
    join public.payments as p on p.payment_key = k.payment_key
    where k.transaction_key = request ->> 'transactionKey';
    return jsonb_build_object(
      'orderId', coalesce(found_order_id, named_order_id), 'paymentKey', found_payment_key
    );
  end if;

  if request ->> 'secretDigest' is not null then
    -- Only a payment whose secret the body knows is taken from it.
    select d.payment_key into found_payment_key
    from private.payment_details as d
    join public.payments as p on p.payment_key = d.payment_key
    where p.order_id = named_order_id
      and private.digests_are_equal(d.secret_digest, request ->> 'secretDigest')
    limit 1;
    return jsonb_build_object('orderId', named_order_id, 'paymentKey', found_payment_key);
  end if;

  if named_order_id is not null and request ->> 'verifiedBy' is null
    and private.webhook_names_unknown_payment(named_payment_key)
  then
    -- Each invented payment is a subject of its own; the budget is counted per order, one at a time. Beyond it,
    -- one question about the order serves all.
    perform private.lock_webhook_subject('order ' || named_order_id);
    if private.webhook_order_is_over_budget(named_order_id, at) then
      return jsonb_build_object('orderId', named_order_id);
    end if;
  end if;
  return jsonb_build_object('orderId', named_order_id, 'paymentKey', named_payment_key);
end;
$$;

comment on function private.identify_webhook_event(jsonb, timestamptz) is
  'Which order and payment a delivery is about, as orderId and paymentKey: as it says, through its cancel, or through its secret.';
revoke execute on function private.identify_webhook_event(jsonb, timestamptz) from public, anon, authenticated;

create function private.webhook_refusal(request jsonb, event public.webhook_events)
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
  if request ->> 'secretDigest' is not null
    and not private.deposit_secret_matches(event.order_id, request ->> 'secretDigest')
  then
    return 'the secret is not that of the order''s payment';
  end if;
  return null;
end;
$$;

comment on function private.webhook_refusal(jsonb, public.webhook_events) is
  'Why an event needs no processing, null when it does. None of these reasons costs a question to Toss.';
revoke execute on function private.webhook_refusal(jsonb, public.webhook_events)
  from public, anon, authenticated;

create function private.store_webhook_event(request jsonb, at timestamptz)
returns public.webhook_events
language plpgsql
volatile
set search_path = ''
as $$
declare
  identity constant jsonb := private.identify_webhook_event(request, at);
  event public.webhook_events;
begin
  insert into public.webhook_events as e (
    dedupe_key, transmission_id, retried_count, event_type, order_id, payment_key, transaction_key,
    entity_id, asks_toss, shares_answer, payload, verified_by, next_attempt_at, received_at, created_at
  ) values (
    request ->> 'dedupeKey', request ->> 'transmissionId', coalesce((request ->> 'retriedCount')::integer, 0),
    request ->> 'eventType', identity ->> 'orderId', identity ->> 'paymentKey', request ->> 'transactionKey',
    request ->> 'entityId', coalesce((request ->> 'asksToss')::boolean, true),
    coalesce((request ->> 'asksToss')::boolean, true) and request ->> 'secretDigest' is null,
    request -> 'payload', request ->> 'verifiedBy', at, at, at
  )
  on conflict (dedupe_key) do nothing
  returning * into event;
  if event.id is not null then
    insert into private.webhook_bodies (webhook_event_id, key_id, ciphertext, secret_digest, billing_key_digest)
    values (
      event.id, request ->> 'keyId', request ->> 'ciphertext', request ->> 'secretDigest',
      request ->> 'billingKeyDigest'
    );
  end if;
  return event;
end;
$$;

comment on function private.store_webhook_event(jsonb, timestamptz) is
  'Writes the row and the encrypted body of a delivery; an empty row when it stands already.';
revoke execute on function private.store_webhook_event(jsonb, timestamptz) from public, anon, authenticated;

create function private.count_webhook_repeat(request jsonb, at timestamptz)
returns public.webhook_events
language sql
volatile
set search_path = ''
as $$
  -- Subject first, then its rows, as in finish_webhook_event; the other way round the two could deadlock.
  select private.lock_webhook_subject(e.subject)
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
  returning e;
$$;

comment on function private.count_webhook_repeat(jsonb, timestamptz) is
  'Counts a delivery that stands already, and arms it again when it had failed or was given up.';
revoke execute on function private.count_webhook_repeat(jsonb, timestamptz) from public, anon, authenticated;

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
  refusal text;
begin
  event := private.store_webhook_event(request, present);
  if event.id is null then
    is_duplicate := true;
    event := private.count_webhook_repeat(request, present);
  end if;
  if event.status <> 'received' then
    return private.webhook_event_view(event, is_duplicate) || jsonb_build_object('isClaimed', false);
  end if;

  -- A repeat says nothing new, and its body may be another than the stored one.
  refusal := case when not is_duplicate then private.webhook_refusal(request, event) end;
  if refusal is not null then
    update public.webhook_events as e
    set status = 'ignored', processed_at = present, last_error = refusal
    where e.id = event.id
    returning * into event;
    return private.webhook_event_view(event, is_duplicate);
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
  'Stores one delivery in one round trip and leases it to the caller when nobody asks Toss about the same subject. Repeats are counted; a repeat of a failed or dead event arms it again.';
revoke execute on function public.receive_webhook_event(jsonb) from public, anon, authenticated;
grant execute on function public.receive_webhook_event(jsonb) to service_role;
