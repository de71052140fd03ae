-- Purpose: what the sender of an operation needs, by its kind: cancels, virtual accounts, charges, billing keys.
-- Functions: private.operation_view.

create or replace function private.operation_view(operation public.operations)
returns jsonb
language sql
volatile
set search_path = ''
as $$
  -- keyIsFresh: Toss keeps a key for 15 days; an older one would be treated as a new request.
  select jsonb_build_object(
    'operationId', operation.id,
    'kind', operation.kind,
    'idempotencyKey', operation.idempotency_key,
    'keyGeneration', operation.key_generation,
    'keyAgeSeconds', extract(epoch from private.clock_now() - operation.key_created_at),
    'refusedWith', operation.refused_with,
    'leaseToken', operation.lease_token,
    'keyIsFresh', operation.key_created_at > private.clock_now() - interval '14 days',
    'orderId', operation.order_id,
    'paymentKey', operation.payment_key,
    'amount', operation.amount,
    'currency', operation.currency,
    'attempts', operation.attempts,
    'ageSeconds', extract(epoch from private.clock_now() - operation.created_at),
    'askedAt', private.clock_now()
  ) || case
    when operation.kind = 'cancel' then private.cancel_parameters(operation)
    when operation.kind = 'virtual_account' then operation.parameters
      || (select jsonb_build_object('orderName', o.order_name) from public.orders as o where o.id = operation.order_id)
    when operation.kind = 'charge' then private.charge_operation_view(operation)
    when operation.kind in ('billing_issue', 'billing_delete') then private.billing_operation_view(operation)
    else '{}' end;
$$;

comment on function private.operation_view(public.operations) is
  'What a caller needs to act on a leased operation, with what its kind needs besides. askedAt is taken before Toss is asked, so that its answer can be judged as fresh or stale.';
