-- Purpose: every mutating Toss call has its row in operations, not confirm alone.
-- Risk: constraints are replaced by wider ones; existing rows keep satisfying them.

alter table public.operations
  alter column order_id drop not null,
  alter column amount drop not null,
  alter column currency drop not null,
  drop constraint operations_kind_known,
  add constraint operations_kind_known check (kind in (
    'confirm', 'cancel', 'virtual_account', 'charge', 'billing_issue', 'billing_delete'
  )),
  -- A billing key is issued and removed without money changing hands.
  add constraint operations_money_has_order check (
    kind in ('billing_issue', 'billing_delete')
    or (order_id is not null and amount is not null and currency is not null)
  );

alter table public.operations
  add column refused_with text
    constraint operations_refused_with_length check (char_length(refused_with) between 1 and 200);

comment on column public.operations.refused_with is
  'The code with which Toss refused the last try, while its own record has not confirmed that nothing happened.';
comment on column public.operations.kind is
  'Which Toss call: confirm, cancel, virtual_account (issue), charge (with a billing key), billing_issue, billing_delete.';

-- The next key of an operation keeps its name and counts on, whatever the name was built from.
create or replace function public.postpone_operation(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  operation public.operations;
  present timestamptz;
begin
  select * into operation from public.operations as op
  where op.id = (request ->> 'operationId')::uuid
  for update;
  if not found then
    return jsonb_build_object('outcome', 'operation_not_found');
  end if;
  if operation.state not in ('started', 'unknown') then
    return jsonb_build_object(
      'outcome', operation.state,
      'payment', private.told_payment(operation.payment_key, request ->> 'source') -> 'payment'
    );
  end if;
  -- Someone else took over after the lease had passed; what this caller learned is older.
  if operation.lease_token <> (request ->> 'leaseToken')::uuid then
    return jsonb_build_object('outcome', 'unknown');
  end if;

  present := private.clock_now();
  update public.operations as op
  set state = 'unknown',
    error_code = request ->> 'errorCode',
    error_message = left(request ->> 'errorMessage', 510),
    lease_expires_at = present,
    next_attempt_at = present + make_interval(secs => (request ->> 'retryAfterSeconds')::double precision),
    -- Toss replays an error answer for the same key, so the next try needs another one.
    key_generation = op.key_generation + (request ->> 'keyIsSpent')::boolean::integer,
    idempotency_key = case when (request ->> 'keyIsSpent')::boolean
      then regexp_replace(op.idempotency_key, '\d+$', (op.key_generation + 1)::text) else op.idempotency_key end,
    key_created_at = case when (request ->> 'keyIsSpent')::boolean then present else op.key_created_at end,
    refused_with = case when request ? 'refusedWith' then request ->> 'refusedWith' else op.refused_with end
  where op.id = operation.id;
  if operation.state = 'started' then
    perform private.write_event(jsonb_build_object(
      'event', 'operation_unknown', 'source', request ->> 'source', 'orderId', operation.order_id,
      'paymentKey', operation.payment_key, 'operationId', operation.id, 'amount', operation.amount,
      'requestId', request ->> 'requestId', 'detail', jsonb_build_object('code', request ->> 'errorCode')
    ));
  end if;
  return jsonb_build_object('outcome', 'unknown');
end;
$$;

comment on function public.postpone_operation(jsonb) is
  'Notes that Toss gave no proof, frees the lease, sets when to ask again and, when an error answer has spent the key, takes another one. Outcomes: unknown, succeeded, rejected, operation_not_found.';
