-- Purpose: what the holder of a leased operation gets to know, by kind.
-- Functions: private.cancel_parameters, private.operation_view.

create function private.cancel_parameters(operation public.operations)
returns jsonb
language sql
stable
set search_path = ''
as $$
  -- A cancel gives back taxed money first; only what exceeds it must be tax-free, and the last one takes all.
  select jsonb_build_object(
    'reason', operation.reason,
    'isAll', operation.amount = operation.expected_balance and operation.expected_balance = p.total_amount,
    'refundableAmount', operation.expected_balance,
    'taxFreeAmount', coalesce(
      operation.tax_free_amount,
      greatest(0, operation.amount - (operation.expected_balance - operation.expected_tax_free))
    ),
    'secret', (
      select jsonb_build_object('keyId', s.key_id, 'ciphertext', s.ciphertext)
      from private.operation_secrets as s where s.operation_id = operation.id
    )
  )
  from public.payments as p where p.payment_key = operation.payment_key;
$$;

comment on function private.cancel_parameters(public.operations) is
  'What a cancel sends with its current key. isAll: all of an untouched payment.';
revoke execute on function private.cancel_parameters(public.operations) from public, anon, authenticated;

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
    'leaseToken', operation.lease_token,
    'keyIsFresh', operation.key_created_at > private.clock_now() - interval '14 days',
    'orderId', operation.order_id,
    'paymentKey', operation.payment_key,
    'amount', operation.amount,
    'currency', operation.currency,
    'attempts', operation.attempts,
    'ageSeconds', extract(epoch from private.clock_now() - operation.created_at),
    'askedAt', private.clock_now()
  ) || case operation.kind when 'cancel' then private.cancel_parameters(operation) else '{}' end;
$$;
