-- Purpose: what the holder of a leased cancel gets to know.
-- Function: private.cancel_parameters.

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
