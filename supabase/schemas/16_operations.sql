-- Every mutating call to Toss has its row here before it is sent.

create table public.operations (
  id uuid primary key default gen_random_uuid(),
  kind text not null,
  state text not null default 'started',
  idempotency_key text not null,
  key_generation integer not null default 1,
  key_created_at timestamptz not null,
  order_id text references public.orders (id),
  payment_key text,
  amount bigint,
  currency text,
  error_code text,
  error_message text,
  is_final boolean,
  attempts integer not null default 1,
  lease_token uuid not null,
  lease_expires_at timestamptz not null,
  next_attempt_at timestamptz not null,
  created_at timestamptz not null,
  finished_at timestamptz,
  refused_with text
    constraint operations_refused_with_length check (char_length(refused_with) between 1 and 200),
  request_id text,
  request_digest text,
  requested_by text,
  reason text,
  cancel_all boolean not null default false,
  tax_free_amount bigint,
  expected_balance bigint,
  expected_tax_free bigint,
  reserved_amount bigint not null default 0,
  is_queued boolean not null default false,
  canceled_transaction_key text,
  answer jsonb,
  parameters jsonb,
  charge_id uuid,
  billing_method_id uuid,
  constraint operations_state_known check (state in ('started', 'succeeded', 'rejected', 'unknown')),
  constraint operations_finished_when_ended check (
    (state in ('succeeded', 'rejected')) = (finished_at is not null)
  ),
  constraint operations_idempotency_key_unique unique (idempotency_key),
  constraint operations_idempotency_key_length check (char_length(idempotency_key) between 1 and 300),
  constraint operations_amount_positive check (amount > 0),
  constraint operations_attempts_positive check (attempts > 0),
  constraint operations_kind_known check (kind in (
    'confirm', 'cancel', 'virtual_account', 'charge', 'billing_issue', 'billing_delete', 'cash_receipt',
    'cash_receipt_cancel'
  )),
  -- A billing key is issued and removed without money changing hands.
  constraint operations_money_has_order check (
    kind in ('billing_issue', 'billing_delete')
    or (order_id is not null and amount is not null and currency is not null)
  ),
  constraint operations_cancel_is_complete check (
    kind <> 'cancel' or (
      payment_key is not null and request_id is not null and request_digest is not null
      and requested_by is not null and reason is not null
    )
  ),
  constraint operations_cancel_has_proof check (
    kind <> 'cancel' or (state = 'succeeded') = (canceled_transaction_key is not null and answer is not null)
  ),
  constraint operations_request_digest_format check (request_digest ~ '^[0-9a-f]{64}$'),
  constraint operations_request_id_length check (char_length(request_id) between 1 and 100),
  constraint operations_reason_length check (char_length(reason) between 1 and 200),
  constraint operations_tax_free_amount_range check (tax_free_amount between 0 and amount),
  constraint operations_reserved_amount_range check (reserved_amount between 0 and amount),
  constraint operations_queue_is_for_cancels check (not is_queued or kind = 'cancel'),
  constraint operations_virtual_account_has_parameters check (
    kind <> 'virtual_account' or (parameters ?& array['bank', 'customerName', 'validHours'])
  ),
  constraint operations_receipt_is_complete check (
    kind not in ('cash_receipt', 'cash_receipt_cancel') or (
      payment_key is not null and request_id is not null and requested_by is not null
      and parameters ? case kind when 'cash_receipt' then 'type' else 'receiptKey' end
    )
  ),
  constraint operations_charge_has_id check ((kind = 'charge') = (charge_id is not null)),
  constraint operations_delete_has_method check ((kind = 'billing_delete') = (billing_method_id is not null))
);

alter table public.operations enable row level security;

comment on table public.operations is 'One row per mutating Toss call, written before the call. Service role only.';
comment on column public.operations.kind is
  'Which Toss call: confirm, cancel, virtual_account (issue), charge (with a billing key), billing_issue, billing_delete, cash_receipt (issue), cash_receipt_cancel.';
comment on column public.operations.state is 'started: a caller holds the lease. unknown: no proof yet, the worker asks Toss. succeeded / rejected: proven by Toss.';
comment on column public.operations.idempotency_key is
  'Sent as Idempotency-Key: kind, digest of what is asked, number of the question and generation. It follows from the question, so that a restored database sends the same one.';
comment on column public.operations.key_generation is 'Grows when Toss answered with an error, because Toss replays error answers for the old key.';
comment on column public.operations.key_created_at is 'First use of the current key. Toss forgets keys after 15 days; from then on Toss is only asked.';
comment on column public.operations.error_code is 'The Toss code of the last error answer, or why no proof could be had.';
comment on column public.operations.is_final is 'For rejected rows: false when the fault was our configuration, so that the same payment may be confirmed again.';
comment on column public.operations.lease_token is 'The attempt that may act now. A request that the network sent twice carries the same token.';
comment on column public.operations.lease_expires_at is 'Until then no one else touches the row: TOSS_TIMEOUT_MS plus a margin.';
comment on column public.operations.next_attempt_at is 'Not before this time is Toss asked again.';
comment on column public.operations.refused_with is
  'The code with which Toss refused the last try, while its own record has not confirmed that nothing happened.';
comment on column public.operations.request_id is
  'The caller''s idempotency token of a cancel or of a cash receipt; self, or left-…, where nobody asked. Personal: id; kept.';
comment on column public.operations.request_digest is
  'Keyed digest of everything the caller asked for, so that a token used for something else is noticed.';
comment on column public.operations.requested_by is
  'Who asked for a cancel or a cash receipt: operator, or the user''s id; refund or self where nobody did. Personal: id; kept.';
comment on column public.operations.reason is
  'cancelReason, as given by whoever asked. Personal: free text; erased.';
comment on column public.operations.cancel_all is
  'Whether everything left was asked for; then amount follows the balance until the cancel is sent.';
comment on column public.operations.tax_free_amount is 'The tax-free part that was asked for; null = as little as the balance allows.';
comment on column public.operations.expected_balance is
  'Sent as refundableAmount with the current key: Toss refuses when more or less is left.';
comment on column public.operations.expected_tax_free is 'What was left of the tax-free part when expected_balance was read.';
comment on column public.operations.reserved_amount is
  'How much of the payment''s balance a cancel claims while it is open; falls when somebody else takes from the balance first.';
comment on column public.operations.is_queued is 'A cancel that waits until no other cancel of the payment is at Toss.';
comment on column public.operations.canceled_transaction_key is 'The entry of payment_cancels that a cancel made.';
comment on column public.operations.answer is
  'What a cancel answered when it succeeded, and answers on every repeat. Personal: free text; erased.';
comment on column public.operations.parameters is
  'What the call needs besides the order: bank, customerName and validHours of a virtual account, the type of a cash receipt or the receipt that is canceled. Personal: name, e-mail, phone; erased.';
comment on column public.operations.charge_id is 'For kind charge: what is charged.';
comment on column public.operations.billing_method_id is 'For kind billing_delete: whose key goes.';
comment on column public.operations.error_message is
  'Toss''s words for error_code. Personal: error text; erased.';

create unique index operations_canceled_transaction_key_unique on public.operations (canceled_transaction_key)
  where canceled_transaction_key is not null;
create index operations_order_id on public.operations (order_id, created_at desc);
create index operations_payment_key on public.operations (payment_key);
create index operations_open on public.operations (next_attempt_at)
  where state in ('started', 'unknown');
-- A requestId stands for one cancel of a payment; after a refusal that was no one's fault it may be used again.
create unique index operations_one_cancel_per_request on public.operations (payment_key, request_id)
  where kind = 'cancel' and is_final is distinct from false;
-- With one cancel of ours at Toss at a time, any other change of the balance is somebody else's.
create unique index operations_one_cancel_at_toss on public.operations (payment_key)
  where kind = 'cancel' and state in ('started', 'unknown') and not is_queued;
-- With one request about a payment's receipt at a time, what Toss lists anew is its effect.
create unique index operations_one_open_receipt_per_payment on public.operations (payment_key)
  where kind in ('cash_receipt', 'cash_receipt_cancel') and state in ('started', 'unknown');
create index operations_refused_receipts on public.operations (created_at)
  where kind in ('cash_receipt', 'cash_receipt_cancel') and state = 'rejected';
create unique index operations_one_receipt_per_request on public.operations (payment_key, kind, request_id)
  where kind in ('cash_receipt', 'cash_receipt_cancel') and is_final is distinct from false;
create unique index operations_one_open_payment_per_order on public.operations (order_id)
  where kind in ('confirm', 'virtual_account') and state in ('started', 'unknown');
create unique index operations_one_open_per_charge on public.operations (charge_id)
  where charge_id is not null and state in ('started', 'unknown');
create index operations_charge_id on public.operations (charge_id) where charge_id is not null;
create unique index operations_one_open_delete_per_method on public.operations (billing_method_id)
  where kind = 'billing_delete' and state in ('started', 'unknown');
create index operations_billing_method_id on public.operations (billing_method_id) where billing_method_id is not null;

create table toss_private.operation_secrets (
  operation_id uuid primary key references public.operations (id),
  key_id text not null,
  ciphertext text not null,
  constraint operation_secrets_key_id_length check (char_length(key_id) between 1 and 64),
  constraint operation_secrets_ciphertext_length check (char_length(ciphertext) between 1 and 2000)
);

alter table toss_private.operation_secrets enable row level security;

comment on table toss_private.operation_secrets is
  'Where a refund goes, or for whose number a cash receipt is, as AES-256-GCM ciphertext bound to its operation; gone in the transaction that ends it.';
comment on column toss_private.operation_secrets.key_id is 'Which key of BILLING_KEY_ENCRYPTION_KEYS opens it.';
comment on column toss_private.operation_secrets.ciphertext is
  'Base64 of nonce and ciphertext. Personal: account, phone; erased.';

create index operation_secrets_key_id on toss_private.operation_secrets (key_id);

create function toss_private.follow_operation()
returns trigger
language plpgsql
set search_path = ''
as $$
declare
  is_open constant boolean := new.state in ('started', 'unknown');
  was_reserved bigint := 0;
  is_reserved bigint := 0;
begin
  if tg_op = 'UPDATE' and old.state in ('started', 'unknown') then
    was_reserved := old.reserved_amount;
  end if;
  if is_open then
    is_reserved := new.reserved_amount;
  end if;
  if is_reserved <> was_reserved then
    update public.payments as p
    set reserved_amount = p.reserved_amount - was_reserved + is_reserved
    where p.payment_key = new.payment_key;
  end if;
  if not is_open then
    delete from toss_private.operation_secrets as s where s.operation_id = new.id;
  end if;
  return null;
end;
$$;

comment on function toss_private.follow_operation() is
  'Trigger: a cancel''s claim on the balance moves with the operation, and what an operation kept encrypted is gone when it ends.';

create trigger operations_follow
  after insert or update of state, reserved_amount on public.operations
  for each row when (new.kind in ('cancel', 'cash_receipt', 'virtual_account'))
  execute function toss_private.follow_operation();

create function toss_private.idempotency_key(kind text, earlier_questions bigint, variadic parts text[])
returns text
language plpgsql
stable
set search_path = ''
as $$
begin
  return format('%s-%s-%s-1', kind, toss_private.derived(variadic kind || parts), earlier_questions + 1);
end;
$$;

comment on function toss_private.idempotency_key(text, bigint, text[]) is
  'The first Idempotency-Key of a question to Toss, which follows from what is asked (parts) and from how many questions of the kind about the same have ended; the last number counts its generations.';

create function toss_private.keys_of_operation(operation public.operations)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return case operation.kind
    when 'billing_issue' then (
      select jsonb_build_object('tossKeys', i.toss_keys, 'tossClientKey', i.toss_client_key)
      from toss_private.billing_issues as i where i.operation_id = operation.id
    )
    when 'billing_delete' then (
      select jsonb_build_object('tossKeys', m.toss_keys, 'tossClientKey', m.toss_client_key)
      from public.billing_methods as m where m.id = operation.billing_method_id
    )
    else (
      select jsonb_build_object('tossKeys', o.toss_keys, 'tossClientKey', o.toss_client_key)
      from public.orders as o where o.id = operation.order_id
    )
  end;
end;
$$;

comment on function toss_private.keys_of_operation(public.operations) is
  'The key pair that an operation asks Toss with: that of its order, of its card, or of the window that brought its authKey.';

create function toss_private.operation_view(operation public.operations)
returns jsonb
language plpgsql
volatile
set search_path = ''
as $$
declare
  present constant timestamptz := toss_private.clock_now();
begin
  -- keyIsFresh: Toss keeps a key for 15 days; an older one would be treated as a new request.
  return jsonb_build_object(
    'operationId', operation.id,
    'kind', operation.kind,
    'idempotencyKey', operation.idempotency_key,
    'keyGeneration', operation.key_generation,
    'keyAgeSeconds', extract(epoch from present - operation.key_created_at),
    'refusedWith', operation.refused_with,
    'leaseToken', operation.lease_token,
    'keyIsFresh', operation.key_created_at > present - interval '14 days',
    'orderId', operation.order_id,
    'paymentKey', operation.payment_key,
    'amount', operation.amount,
    'currency', operation.currency,
    'attempts', operation.attempts,
    'ageSeconds', extract(epoch from present - operation.created_at),
    'askedAt', present
  ) || toss_private.keys_of_operation(operation) || case
    when operation.kind = 'cancel' then toss_private.cancel_parameters(operation)
    when operation.kind = 'virtual_account' then operation.parameters
      || (select jsonb_build_object('orderName', o.order_name, 'taxFreeAmount', o.tax_free_amount, 'secret', (
          select jsonb_build_object('keyId', s.key_id, 'ciphertext', s.ciphertext)
          from toss_private.operation_secrets as s where s.operation_id = operation.id
        )) from public.orders as o where o.id = operation.order_id)
    when operation.kind = 'charge' then toss_private.charge_operation_view(operation)
    when operation.kind in ('cash_receipt', 'cash_receipt_cancel') then toss_private.receipt_operation_view(operation)
    when operation.kind in ('billing_issue', 'billing_delete') then toss_private.billing_operation_view(operation)
    else '{}' end;
end;
$$;

comment on function toss_private.operation_view(public.operations) is
  'What a caller needs to act on a leased operation, with what its kind needs besides. askedAt is taken before Toss is asked, so that its answer can be judged as fresh or stale.';

create function toss_private.order_is_busy(busy_order_id text)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  -- A cancel or a receipt makes no payment, and may stay open for long.
  return exists (
    select 1 from public.operations as op
    where op.order_id = busy_order_id and op.kind not in ('cancel', 'cash_receipt', 'cash_receipt_cancel')
      and op.state in ('started', 'unknown')
  );
end;
$$;

comment on function toss_private.order_is_busy(text) is
  'Whether a payment of the order may be on its way, so that what we know about its payments may not be all.';

create function toss_private.close_operations(payment public.payments, audit jsonb)
returns void
language plpgsql
set search_path = ''
as $$
declare
  is_success constant boolean := toss_private.is_paid(payment)
    or payment.status in ('WAITING_FOR_DEPOSIT', 'CANCELED');
  closed public.operations;
begin
  if not is_success and payment.status not in ('ABORTED', 'EXPIRED') then
    return;
  end if;
  for closed in
    update public.operations as op
    set state = case when is_success then 'succeeded' else 'rejected' end,
      finished_at = toss_private.clock_now(),
      is_final = true,
      payment_key = payment.payment_key,
      error_code = case when is_success then null
        else coalesce(payment.failure_code, payment.status || '_PAYMENT') end,
      error_message = case when is_success then null else payment.failure_message end
    where op.order_id = payment.order_id and op.state in ('started', 'unknown')
      and (
        (op.kind = 'confirm' and op.payment_key = payment.payment_key)
        -- Toss issues one account for an order, whose payment is known from the answer only. Only an account waits.
        or (op.kind = 'virtual_account' and (
          payment.status = 'WAITING_FOR_DEPOSIT' or toss_private.takes_refund_account(payment.method, payment.payment_key)
        ))
      )
    returning *
  loop
    perform toss_private.write_event(audit || jsonb_build_object(
      'event', 'operation_finished', 'orderId', closed.order_id, 'operationId', closed.id,
      'to', closed.state, 'detail', jsonb_strip_nulls(jsonb_build_object('code', closed.error_code))
    ));
  end loop;
end;
$$;

comment on function toss_private.close_operations(public.payments, jsonb) is
  'Ends the open confirm of a payment, or the open issue of its virtual account, when its row proves how it went.';
