-- Purpose: decide, under the order's lock, whether a virtual account may be issued, and write the intent.
-- Function: public.begin_virtual_account.

create function public.begin_virtual_account(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  token constant uuid := (request ->> 'leaseToken')::uuid;
  lease constant interval := make_interval(secs => (request ->> 'leaseSeconds')::double precision);
  present timestamptz;
  buying public.orders;
  operation public.operations;
  waiting public.payments;
begin
  perform private.require_real_time(request ->> 'mode');

  select * into buying from public.orders as o where o.id = request ->> 'orderId' for update;
  -- A guest's order belongs to whoever holds its id, a user's to that user alone.
  if not found or (buying.user_id is not null and buying.user_id::text is distinct from request ->> 'userId') then
    return jsonb_build_object('outcome', 'order_not_found');
  end if;
  present := private.clock_now();

  select * into operation from public.operations as op
  where op.order_id = buying.id and op.kind in ('confirm', 'virtual_account') and op.state in ('started', 'unknown')
  for update;
  if found then
    if operation.kind = 'confirm' then
      return jsonb_build_object('outcome', 'operation_in_progress');
    end if;
    -- The network delivered this very request twice (Deno's fetch may do so): same answer again.
    if operation.lease_token = token then
      return jsonb_build_object('outcome', 'proceed', 'operation', private.operation_view(operation));
    end if;
    if operation.lease_expires_at > present or operation.next_attempt_at > present then
      return jsonb_build_object('outcome', 'processing');
    end if;
    update public.operations as op
    set state = 'unknown', lease_token = token, lease_expires_at = present + lease, attempts = op.attempts + 1
    where op.id = operation.id
    returning * into operation;
    return jsonb_build_object('outcome', 'resolve', 'operation', private.operation_view(operation));
  end if;

  if buying.status = 'waiting_for_deposit' then
    select * into waiting from public.payments as p where p.payment_key = buying.payment_key;
    -- Toss tells nobody of a deadline; the worker asks soon.
    if private.deposit_deadline(waiting) <= present then
      return jsonb_build_object('outcome', 'order_closed');
    end if;
    return jsonb_build_object('outcome', 'issued', 'payment', private.payment_view(buying.payment_key));
  end if;
  if buying.status in ('paid', 'partially_refunded', 'refunded') then
    return jsonb_build_object('outcome', 'already_confirmed');
  end if;
  -- No buyer is refused this often; whoever tries on spends a quota that others need.
  if private.order_refusals_of(buying.id) >= 20 then
    return jsonb_build_object('outcome', 'order_closed');
  end if;
  if buying.status <> 'pending' or buying.expires_at <= present then
    perform private.expire_order(buying.id, present, 'virtual_account');
    return jsonb_build_object('outcome', 'order_closed');
  end if;

  insert into public.operations (
    id, kind, idempotency_key, key_created_at, order_id, amount, currency, parameters,
    lease_token, lease_expires_at, next_attempt_at, created_at
  )
  select gen_random_uuid(), 'virtual_account',
    private.idempotency_key('virtual_account', count(*), buying.id), present, buying.id, buying.amount,
    buying.currency, jsonb_build_object(
      'bank', request ->> 'bank', 'customerName', request ->> 'customerName',
      'validHours', (request ->> 'validHours')::integer
    ), token, present + lease, present, present
  from public.operations as op
  where op.order_id = buying.id and op.kind = 'virtual_account'
  returning * into operation;
  perform private.write_event(jsonb_build_object(
    'event', 'operation_started', 'source', 'virtual_account', 'orderId', buying.id, 'operationId', operation.id,
    'amount', buying.amount, 'requestId', request ->> 'requestId'
  ));
  return jsonb_build_object('outcome', 'proceed', 'operation', private.operation_view(operation));
end;
$$;

comment on function public.begin_virtual_account(jsonb) is
  'Checks whether an order may get a virtual account and, when Toss may be asked, writes the operation. An order has one account at most: a repeat gets the same. Outcomes: proceed, resolve (ask Toss first: an earlier attempt got no proof), processing, issued, already_confirmed, operation_in_progress, order_closed, order_not_found.';
revoke execute on function public.begin_virtual_account(jsonb) from public, anon, authenticated;
grant execute on function public.begin_virtual_account(jsonb) to service_role;
