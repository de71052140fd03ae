-- How many questions to Toss strangers can cause: per order, in all, and never a real event's turn.

create function toss_private.webhook_order_is_over_budget(checked_order_id text, at timestamptz)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return toss_private.count_unsigned_questions(checked_order_id, at) >= 5;
end;
$$;

comment on function toss_private.webhook_order_is_over_budget(text, timestamptz) is
  'Whether unsigned events have led to five questions about the order within the last minute, by whatever key, known or invented: more than any buyer makes.';

create function toss_private.webhook_subject_is_over_budget(
  event public.webhook_events, is_unfamiliar boolean, at timestamptz
)
returns boolean
language plpgsql
volatile
set search_path = ''
as $$
declare
  looks_of_minute integer;
  looks_of_hour integer;
begin
  if event.verified_by is not null then
    return false;
  end if;
  if event.asks_toss and is_unfamiliar then
    -- One at a time, so that many that come together cannot all count the same. Always the last lock of its
    -- transaction.
    perform toss_private.lock_webhook_subject('strangers');
    -- The last one is kept for a payment that we know, if there is one.
    return toss_private.count_unsigned_questions(event.order_id, at) >= case
        when exists (select 1 from public.payments as p where p.order_id = event.order_id)
          or exists (
            select 1 from public.operations as op where op.order_id = event.order_id and op.payment_key is not null
          )
        then 4 else 5 end
      or (not event.from_toss and toss_private.webhook_strangers_are_over_budget(at));
  end if;
  -- Sixty within the hour are too many, whenever they were.
  select count(*) filter (where few.leased_at > at - interval '1 minute'), count(*)
  into looks_of_minute, looks_of_hour
  from (
    select e.leased_at from public.webhook_events as e
    where e.subject = event.subject and e.leased_at > at - interval '1 hour'
    limit 60
  ) as few;
  if looks_of_minute >= 20 or looks_of_hour >= 60 then
    return true;
  end if;
  return not event.from_toss and event.asks_toss and event.shares_answer
    and (
      -- Whoever has spent it on invented keys cannot keep the real one waiting.
      (looks_of_minute >= 1 and toss_private.webhook_order_is_over_budget(event.order_id, at))
      or toss_private.webhook_questions_are_many(at)
    );
end;
$$;

comment on function toss_private.webhook_subject_is_over_budget(public.webhook_events, boolean, timestamptz) is
  'Whether Toss has been asked often enough on an unsigned word: five times a minute about an order, by whatever key, the last of them kept for a payment that we know; sixty about all orders for payments that nobody knows, three hundred in all. What Toss''s own senders bring about a payment that we know, and callbacks that know the deposit''s secret, have twenty a minute and sixty an hour of their own. Further events wait for the worker.';

create function toss_private.webhook_is_unfamiliar(event public.webhook_events)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return event.verified_by is null
    and (event.payment_key is null or toss_private.webhook_names_unknown_payment(event.payment_key));
end;
$$;

comment on function toss_private.webhook_is_unfamiliar(public.webhook_events) is
  'Whether nothing but the body of an unsigned event speaks of its payment: such events can be invented without end.';

create function toss_private.count_unsigned_questions(checked_order_id text, at timestamptz)
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

comment on function toss_private.count_unsigned_questions(text, timestamptz) is
  'How many questions about the order unsigned events have led to within the last minute.';

create function toss_private.webhook_strangers_are_over_budget(at timestamptz)
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

comment on function toss_private.webhook_strangers_are_over_budget(timestamptz) is
  'Whether unsigned events about unknown payments of all orders together have led to sixty questions within the last minute.';

create function toss_private.webhook_questions_are_many(at timestamptz)
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

comment on function toss_private.webhook_questions_are_many(timestamptz) is
  'Whether unsigned events that do not come from Toss''s own senders have led to three hundred questions within the last minute, about known payments too.';

create function toss_private.count_webhook_looks(looked_subject text, at timestamptz, span interval)
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

comment on function toss_private.count_webhook_looks(text, timestamptz, interval) is
  'How many events of a subject have been looked into lately, up to sixty.';

create function toss_private.webhook_pause(
  event public.webhook_events, is_unfamiliar boolean, lease interval, at timestamptz
)
returns interval
language plpgsql
volatile
set search_path = ''
as $$
begin
  -- Whoever is asking now looks again for events that came after its question.
  if toss_private.webhook_subject_is_leased(event.subject, at) then
    return lease;
  end if;
  if toss_private.webhook_subject_is_over_budget(event, is_unfamiliar, at)
    -- Toss delivers at most eight times, hours apart; whoever repeats more often waits for the worker.
    or (event.delivery_count > 8 and event.verified_by is null and event.leased_at > at - interval '1 minute')
  then
    return interval '1 minute';
  end if;
  return null;
end;
$$;

comment on function toss_private.webhook_pause(public.webhook_events, boolean, interval, timestamptz) is
  'How long an event waits for the worker: while somebody asks about its subject, and while the budget of questions is spent; null when Toss may be asked now. The caller holds the subject''s lock.';

create function toss_private.lease_webhook_event(
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
    asked_as_stranger = e.asks_toss and toss_private.webhook_is_unfamiliar(e)
  where e.id = event_id
  returning e.* into leased;
  return leased;
end;
$$;

comment on function toss_private.lease_webhook_event(uuid, uuid, interval, timestamptz) is
  'Hands an event to one processor and notes whether its question is one of a stranger''s; the caller holds the subject''s lock.';

create function toss_private.webhook_refusal(request jsonb, event public.webhook_events)
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
      select 1 from toss_private.billing_keys as k where k.key_digest = request ->> 'billingKeyDigest'
    ) then 'the billing key is not known here' end;
  end if;
  if not coalesce((request ->> 'asksToss')::boolean, true) then
    return null;
  end if;
  if not toss_private.webhook_is_ours(event) then
    return case when event.transaction_key is not null then 'the cancel is not known here'
      else 'names no order and no payment of this project' end;
  end if;
  if request ->> 'secretDigest' is not null then
    if not toss_private.deposit_secret_matches(event.order_id, request ->> 'secretDigest') then
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

comment on function toss_private.webhook_refusal(jsonb, public.webhook_events) is
  'Why an event needs no processing, null when it does. None of these reasons costs a question to Toss.';
