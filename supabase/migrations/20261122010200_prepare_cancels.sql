-- Purpose: what a cancel of ours needs to be kept: its request, its reservation of the balance, its refund account.
-- Tables: operations, payments, payment_cancels (columns), private.operation_secrets.

alter table public.payments
  add column reserved_amount bigint not null default 0,
  add column tax_free_amount bigint,
  -- However many refunds are asked for at once, together they cannot exceed what is left.
  add constraint payments_reserved_within_balance check (reserved_amount between 0 and balance_amount),
  add constraint payments_tax_free_amount_not_negative check (tax_free_amount >= 0);

comment on column public.payments.reserved_amount is
  'The part of balance_amount that open cancels have claimed, minor unit; kept by a trigger on operations.';
comment on column public.payments.tax_free_amount is
  'What is left of the tax-free part, minor unit, as Toss last said; null while it has not said: then Toss alone judges a taxFreeAmount.';

alter table public.payment_cancels
  add column tax_free_amount bigint,
  add column refundable_amount bigint,
  -- Rows that are here already were recorded without an event for other systems.
  add column has_event boolean not null default false,
  add constraint payment_cancels_tax_free_amount_not_negative check (tax_free_amount >= 0),
  add constraint payment_cancels_refundable_amount_not_negative check (refundable_amount >= 0);
alter table public.payment_cancels alter column has_event set default true;

comment on column public.payment_cancels.refundable_amount is
  'What was left after this cancel, minor unit (Toss: Cancel.refundableAmount); null when Toss did not say.';
comment on column public.payment_cancels.tax_free_amount is 'The tax-free part of the cancelled amount, minor unit.';
comment on column public.payment_cancels.has_event is
  'False for cancels that were recorded before refunds were written to outbox_events.';

alter table public.operations
  add column request_id text,
  add column request_digest text,
  add column requested_by text,
  add column reason text,
  add column cancel_all boolean not null default false,
  add column tax_free_amount bigint,
  add column expected_balance bigint,
  add column expected_tax_free bigint,
  add column reserved_amount bigint not null default 0,
  add column is_queued boolean not null default false,
  add column canceled_transaction_key text,
  add column answer jsonb,
  add constraint operations_cancel_is_complete check (
    kind <> 'cancel' or (
      payment_key is not null and request_id is not null and request_digest is not null
      and requested_by is not null and reason is not null
    )
  ),
  add constraint operations_cancel_has_proof check (
    kind <> 'cancel' or (state = 'succeeded') = (canceled_transaction_key is not null and answer is not null)
  ),
  add constraint operations_request_digest_format check (request_digest ~ '^[0-9a-f]{64}$'),
  add constraint operations_request_id_length check (char_length(request_id) between 1 and 100),
  add constraint operations_reason_length check (char_length(reason) between 1 and 200),
  add constraint operations_tax_free_amount_range check (tax_free_amount between 0 and amount),
  add constraint operations_reserved_amount_range check (reserved_amount between 0 and amount),
  add constraint operations_queue_is_for_cancels check (not is_queued or kind = 'cancel'),
  add constraint operations_canceled_transaction_key_unique unique (canceled_transaction_key);

-- A requestId stands for one cancel of a payment; after a refusal that was no one's fault it may be used again.
create unique index operations_one_cancel_per_request on public.operations (payment_key, request_id)
  where kind = 'cancel' and is_final is distinct from false;
-- With one cancel of ours at Toss at a time, any other change of the balance is somebody else's.
create unique index operations_one_cancel_at_toss on public.operations (payment_key)
  where kind = 'cancel' and state in ('started', 'unknown') and not is_queued;

comment on column public.operations.request_id is 'The caller''s idempotency token of a cancel.';
comment on column public.operations.request_digest is
  'Keyed digest of everything the caller asked for, so that a token used for something else is noticed.';
comment on column public.operations.requested_by is 'Who asked for a cancel: operator, or the user''s id.';
comment on column public.operations.reason is 'cancelReason, as given by whoever asked.';
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
comment on column public.operations.answer is 'What a cancel answered when it succeeded, and answers on every repeat.';

create table private.operation_secrets (
  operation_id uuid primary key references public.operations (id),
  key_id text not null,
  ciphertext text not null,
  constraint operation_secrets_key_id_length check (char_length(key_id) between 1 and 64),
  constraint operation_secrets_ciphertext_length check (char_length(ciphertext) between 1 and 2000)
);

comment on table private.operation_secrets is
  'Where a refund goes, as AES-256-GCM ciphertext bound to its operation; gone in the transaction that ends it.';
comment on column private.operation_secrets.key_id is 'Which key of BILLING_KEY_ENCRYPTION_KEYS opens it.';
alter table private.operation_secrets enable row level security;

create function private.follow_operation()
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
    delete from private.operation_secrets as s where s.operation_id = new.id;
  end if;
  return null;
end;
$$;

comment on function private.follow_operation() is
  'Trigger: a cancel''s claim on the balance moves with the operation, and its refund account is gone when it ends.';
revoke execute on function private.follow_operation() from public, anon, authenticated;

create trigger operations_follow
  after insert or update of state, reserved_amount on public.operations
  for each row when (new.kind = 'cancel')
  execute function private.follow_operation();
