-- Purpose: what the worker takes up: open operations, waiting events, overdue orders, forgotten payments.
-- Functions: public.claim_operations, public.claim_webhook_events, public.replay_webhook_events,
-- public.expire_orders, public.claim_unsettled_payments.

create function public.claim_operations(request jsonb)
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
  operation public.operations;
  claimed jsonb := '[]';
begin
  for operation in
    with due as (
      select op.id
      from public.operations as op
      where op.state in ('started', 'unknown')
        and op.lease_expires_at <= due_time and op.next_attempt_at <= due_time
      order by op.next_attempt_at
      limit (request ->> 'limit')::integer
      for update skip locked
    )
    update public.operations as op
    set state = 'unknown', lease_token = token, lease_expires_at = private.clock_now() + lease,
      attempts = op.attempts + 1
    from due
    where op.id = due.id
    returning op.*
  loop
    claimed := claimed || private.operation_view(operation);
  end loop;

  return jsonb_build_object(
    'operations', claimed,
    'remaining', (
      select count(*) from public.operations as op
      where op.state in ('started', 'unknown')
        and op.lease_expires_at <= due_time and op.next_attempt_at <= due_time
        and op.lease_token <> token
    )
  );
end;
$$;

comment on function public.claim_operations(jsonb) is
  'Leases up to `limit` open operations whose lease and pause have passed. Overlapping workers never get the same row.';
revoke execute on function public.claim_operations(jsonb) from public, anon, authenticated;
grant execute on function public.claim_operations(jsonb) to service_role;

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

comment on function public.claim_webhook_events(jsonb) is
  'Leases up to `limit` waiting events, one per subject; events whose processor was cut are taken again when its lease has passed.';
revoke execute on function public.claim_webhook_events(jsonb) from public, anon, authenticated;
grant execute on function public.claim_webhook_events(jsonb) to service_role;

create function public.replay_webhook_events(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  present constant timestamptz := private.clock_now();
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
revoke execute on function public.replay_webhook_events(jsonb) from public, anon, authenticated;
grant execute on function public.replay_webhook_events(jsonb) to service_role;

create function public.expire_orders(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  due_time constant timestamptz := coalesce((request ->> 'asOf')::timestamptz, private.clock_now());
  overdue_order_ids text[];
begin
  with overdue as (
    select o.id
    from public.orders as o
    where o.status = 'pending' and o.expires_at <= due_time
      and not exists (
        select 1 from public.operations as op
        where op.order_id = o.id and op.state in ('started', 'unknown')
      )
    order by o.expires_at
    limit (request ->> 'limit')::integer
    for update of o skip locked
  )
  select array_agg(overdue.id) into overdue_order_ids from overdue;

  return jsonb_build_object(
    'expired', private.expire_overdue_orders(coalesce(overdue_order_ids, '{}'), due_time, 'expiry'),
    'remaining', (
      select count(*) from public.orders as o where o.status = 'pending' and o.expires_at <= due_time
        and not exists (
          select 1 from public.operations as op
          where op.order_id = o.id and op.state in ('started', 'unknown')
        )
    )
  );
end;
$$;

comment on function public.expire_orders(jsonb) is
  'Gives up pending orders whose time has passed and returns their stock; never while an operation of the order is open.';
revoke execute on function public.expire_orders(jsonb) from public, anon, authenticated;
grant execute on function public.expire_orders(jsonb) to service_role;

create function public.claim_unsettled_payments(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  due_time constant timestamptz := coalesce((request ->> 'asOf')::timestamptz, private.clock_now());
  claimed jsonb;
begin
  -- Toss ends READY after 30 minutes and IN_PROGRESS after 10 more, and says so by webhook; a lost one is found
  -- here. Of a deposit's deadline it says nothing at all. Each payment is asked for once in ten minutes, and the
  -- claim itself counts as asking, so that one that Toss cannot answer does not keep the others waiting.
  with due as (
    select p.payment_key
    from public.payments as p
    left join private.payment_details as d on d.payment_key = p.payment_key
    join public.orders as o on o.id = p.order_id
    where coalesce(p.checked_at, p.applied_at) <= due_time - interval '10 minutes'
      and (
        (p.status in ('READY', 'IN_PROGRESS') and p.created_at <= due_time - interval '41 minutes')
        or (p.status = 'WAITING_FOR_DEPOSIT' and o.status = 'waiting_for_deposit'
          and (d.virtual_account ->> 'dueDate')::timestamptz <= due_time)
      )
    order by coalesce(p.checked_at, p.applied_at)
    limit (request ->> 'limit')::integer
    for update of p skip locked
  ),
  checked as (
    update public.payments as p
    set checked_at = due_time
    from due
    where p.payment_key = due.payment_key
    returning p.payment_key, p.order_id
  )
  select coalesce(jsonb_agg(jsonb_build_object(
    'paymentKey', checked.payment_key, 'orderId', checked.order_id, 'askedAt', private.clock_now()
  )), '[]')
  into claimed
  from checked;
  return jsonb_build_object('payments', claimed);
end;
$$;

comment on function public.claim_unsettled_payments(jsonb) is
  'Payments that must have ended at Toss by now although no webhook said so, and deposits past their deadline.';
revoke execute on function public.claim_unsettled_payments(jsonb) from public, anon, authenticated;
grant execute on function public.claim_unsettled_payments(jsonb) to service_role;
