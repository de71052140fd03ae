-- Purpose: cancels whose caller stopped waiting for its turn are taken up by the worker.
-- Functions: private.take_due_cancel_turns, public.claim_operations (calls it).

create function private.take_due_cancel_turns(due_time timestamptz, wanted integer)
returns void
language plpgsql
set search_path = ''
as $$
declare
  waiting public.operations;
begin
  for waiting in
    select op.*
    from public.operations as op
    where op.id in (
      select distinct on (due.payment_key) due.id
      from public.operations as due
      where due.is_queued and due.state in ('started', 'unknown') and due.lease_expires_at <= due_time
        and not exists (
          select 1 from public.operations as other
          where other.payment_key = due.payment_key and other.kind = 'cancel' and not other.is_queued
            and other.state in ('started', 'unknown')
        )
      order by due.payment_key, due.created_at, due.id
    )
    order by op.created_at
    limit wanted
  loop
    -- Who holds the order decides about the same turn at this moment.
    perform 1 from public.orders as o where o.id = waiting.order_id for update skip locked;
    continue when not found;
    select * into waiting from public.operations as op
    where op.id = waiting.id and op.is_queued and op.state in ('started', 'unknown')
      and op.lease_expires_at <= due_time
    for update skip locked;
    continue when not found;
    perform private.take_cancel_turn(waiting, interval '0', due_time);
  end loop;
end;
$$;

comment on function private.take_due_cancel_turns(timestamptz, integer) is
  'Gives the turn to the oldest queued cancel of each payment that has none at Toss, when its caller is gone.';
revoke execute on function private.take_due_cancel_turns(timestamptz, integer) from public, anon, authenticated;

create or replace function public.claim_operations(request jsonb)
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
  perform private.take_due_cancel_turns(due_time, (request ->> 'limit')::integer);
  for operation in
    with due as (
      select op.id
      from public.operations as op
      where op.state in ('started', 'unknown') and not op.is_queued
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
  'Leases up to `limit` open operations whose lease and pause have passed, and of queued cancels the next of each payment. Overlapping workers never get the same row.';
