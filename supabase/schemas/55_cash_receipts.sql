-- Cash receipts (현금영수증): what Toss says of them, and how much of a payment they may be for.

create table public.cash_receipts (
  id bigint generated always as identity primary key,
  receipt_key text not null,
  order_id text not null references public.orders (id),
  payment_key text not null references public.payments (payment_key),
  transaction_type text not null,
  type text not null,
  amount bigint not null,
  tax_free_amount bigint,
  issue_number text,
  issue_status text not null,
  receipt_url text,
  requested_at timestamptz,
  created_at timestamptz not null,
  canceled_amount bigint not null default 0,
  canceled_receipt_id bigint references public.cash_receipts (id),
  operation_id uuid references public.operations (id),
  is_self_issued boolean not null default false,
  failure_code text,
  checked_at timestamptz,
  constraint cash_receipts_receipt_key_length check (char_length(receipt_key) between 1 and 200),
  constraint cash_receipts_transaction_type_known check (transaction_type in ('CONFIRM', 'CANCEL')),
  constraint cash_receipts_type_length check (char_length(type) between 1 and 20),
  constraint cash_receipts_amount_positive check (amount > 0),
  constraint cash_receipts_tax_free_amount_range check (tax_free_amount between 0 and amount),
  constraint cash_receipts_issue_number_length check (char_length(issue_number) between 1 and 50),
  constraint cash_receipts_issue_status_known check (issue_status in ('IN_PROGRESS', 'COMPLETED', 'FAILED')),
  constraint cash_receipts_receipt_url_length check (char_length(receipt_url) between 1 and 2000),
  constraint cash_receipts_canceled_within_amount check (canceled_amount between 0 and amount),
  constraint cash_receipts_cancel_has_no_cancels check (transaction_type = 'CONFIRM' or canceled_amount = 0),
  constraint cash_receipts_confirm_cancels_nothing check (transaction_type = 'CANCEL' or canceled_receipt_id is null)
);

alter table public.cash_receipts enable row level security;

comment on table public.cash_receipts is
  'Cash receipts as Toss tells of them, each issue (CONFIRM) and each cancel of one a row, whoever asked for it: a request here, the payment itself, or Toss''s dashboard. The number that a receipt was issued for is kept nowhere.';
comment on column public.cash_receipts.transaction_type is 'Toss''s transactionType: CONFIRM = issued, CANCEL = all or a part of one canceled.';
comment on column public.cash_receipts.type is 'Toss''s words: 소득공제 (a person''s deduction), 지출증빙 (a company''s expense).';
comment on column public.cash_receipts.amount is 'Won; of a CANCEL: what was canceled.';
comment on column public.cash_receipts.tax_free_amount is 'The tax-free part of amount, won; null when Toss did not say.';
comment on column public.cash_receipts.issue_status is 'Toss''s issueStatus: IN_PROGRESS until the tax office has answered, then COMPLETED or FAILED.';
comment on column public.cash_receipts.canceled_amount is 'Of a CONFIRM: how much of it cancels have taken back, won.';
comment on column public.cash_receipts.canceled_receipt_id is 'Of a CANCEL: the receipt that it takes from; null when it fits none that is known.';
comment on column public.cash_receipts.operation_id is 'The request of ours that made it; null for what Toss or a person made.';
comment on column public.cash_receipts.is_self_issued is 'Issued unasked under the tax office''s own number (자진발급).';
comment on column public.cash_receipts.checked_at is 'When job cash_receipts last asked Toss about one that is IN_PROGRESS.';
comment on column public.cash_receipts.issue_number is
  'The tax office''s number of the receipt; not the number that it was issued for. Personal: id; kept.';
comment on column public.cash_receipts.receipt_url is
  'Toss''s page of the receipt: whoever has it sees what Toss shows there. Personal: link; erased.';

create function toss_private.keep_receipt_erased()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if toss_private.is_erased_order(new.order_id) then
    new.receipt_url := null;
  end if;
  return new;
end;
$$;

comment on function toss_private.keep_receipt_erased() is 'Trigger: no link to what Toss shows of an erased order.';

create trigger cash_receipts_keep_erased
  before insert or update on public.cash_receipts
  for each row when (new.receipt_url is not null)
  execute function toss_private.keep_receipt_erased();

create index cash_receipts_payment_key on public.cash_receipts (payment_key, created_at);
create index cash_receipts_order_id on public.cash_receipts (order_id);
create index cash_receipts_canceled_receipt_id on public.cash_receipts (canceled_receipt_id)
  where canceled_receipt_id is not null;
create index cash_receipts_operation_id on public.cash_receipts (operation_id) where operation_id is not null;
create index cash_receipts_in_progress on public.cash_receipts (checked_at) where issue_status = 'IN_PROGRESS';
create unique index cash_receipts_one_row_per_issue on public.cash_receipts (payment_key, receipt_key)
  where transaction_type = 'CONFIRM';

create policy "users read the receipts of their own orders"
  on public.cash_receipts for select to authenticated
  using (exists (
    select 1 from public.orders as o
    where o.id = cash_receipts.order_id and o.user_id = (select auth.uid())
  ));

create function toss_private.is_live_receipt(receipt public.cash_receipts)
returns boolean
language plpgsql
immutable
set search_path = ''
as $$
begin
  return coalesce(
    receipt.transaction_type = 'CONFIRM' and receipt.issue_status <> 'FAILED' and receipt.canceled_amount < receipt.amount,
    false
  );
end;
$$;

comment on function toss_private.is_live_receipt(public.cash_receipts) is
  'Whether a receipt was issued, or is about to be, and something of it has not been canceled.';

create function toss_private.cash_left(payment public.payments)
returns bigint
language plpgsql
stable
set search_path = ''
as $$
begin
  if not toss_private.is_paid(payment) or payment.currency <> 'KRW' or not (
    payment.method in ('가상계좌', '계좌이체')
    or (payment.method is null and coalesce(toss_private.takes_refund_account(payment.method, payment.payment_key), false))
  ) then
    return 0;
  end if;
  return payment.balance_amount;
end;
$$;

comment on function toss_private.cash_left(public.payments) is
  'What is left of a payment that came in cash (가상계좌, 계좌이체), won: for so much a receipt may be issued. 0 for every other payment, and for a deposit that a bank took back.';

create function toss_private.receipt_view(receipt public.cash_receipts)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return jsonb_build_object(
    'receiptKey', receipt.receipt_key, 'orderId', receipt.order_id, 'type', receipt.type, 'amount', receipt.amount,
    'issueStatus', receipt.issue_status, 'receiptUrl', receipt.receipt_url
  );
end;
$$;

comment on function toss_private.receipt_view(public.cash_receipts) is 'A receipt as the function cash-receipt answers it.';

create function toss_private.known_receipt(receipt_payment_key text, entry jsonb)
returns public.cash_receipts
language plpgsql
stable
set search_path = ''
as $$
declare
  known public.cash_receipts;
begin
  -- A cancel may carry the key of the receipt that it cancels, so that its amount and time tell it from another one.
  select * into known from public.cash_receipts as r
  where r.payment_key = receipt_payment_key and r.receipt_key = entry ->> 'receiptKey'
    and r.transaction_type = entry ->> 'transactionType'
    and (r.transaction_type = 'CONFIRM' or (
      r.amount = (entry ->> 'amount')::bigint
      and (r.requested_at is null or entry ->> 'requestedAt' is null
        or r.requested_at = (entry ->> 'requestedAt')::timestamptz)
    ))
  order by r.created_at desc
  limit 1;
  return known;
end;
$$;

comment on function toss_private.known_receipt(text, jsonb) is 'The row of a receipt that an answer of Toss tells of; null when it is new.';

create function toss_private.receipt_to_cancel(receipt_payment_key text, cancel_entry jsonb, target_key text)
returns public.cash_receipts
language plpgsql
stable
set search_path = ''
as $$
declare
  target public.cash_receipts;
begin
  select * into target from public.cash_receipts as r
  where r.payment_key = receipt_payment_key and toss_private.is_live_receipt(r)
    and r.amount - r.canceled_amount >= (cancel_entry ->> 'amount')::bigint
  order by r.receipt_key = coalesce(target_key, cancel_entry ->> 'receiptKey') desc, r.operation_id is null desc, r.created_at
  limit 1;
  return target;
end;
$$;

comment on function toss_private.receipt_to_cancel(text, jsonb, text) is
  'The receipt that a cancel takes from: the one that was named, or the oldest that has as much left. What Toss cancels by itself it takes from what it issued by itself.';

create function toss_private.announce_receipt(receipt public.cash_receipts, audit jsonb)
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  perform toss_private.write_event(audit || jsonb_build_object(
    'event', 'cash_receipt', 'to', receipt.issue_status, 'amount', receipt.amount, 'detail', jsonb_strip_nulls(
      jsonb_build_object('receiptKey', receipt.receipt_key, 'transactionType', receipt.transaction_type,
        'type', receipt.type, 'code', receipt.failure_code)
    )
  ));
  if receipt.issue_status <> 'COMPLETED' then
    return;
  end if;
  perform toss_private.write_outbox_event(jsonb_build_object(
    'eventType', case receipt.transaction_type when 'CONFIRM' then 'cash_receipt.issued' else 'cash_receipt.canceled' end,
    'subject', receipt.order_id, 'payload', jsonb_strip_nulls(jsonb_build_object(
      'orderId', receipt.order_id, 'paymentKey', receipt.payment_key,
      'userId', (select o.user_id from public.orders as o where o.id = receipt.order_id),
      'receiptId', receipt.id::text, 'receiptKey', receipt.receipt_key, 'type', receipt.type, 'amount', receipt.amount,
      'taxFreeAmount', receipt.tax_free_amount, 'issueNumber', receipt.issue_number,
      'receiptUrl', receipt.receipt_url, 'isSelfIssued', receipt.is_self_issued,
      'canceledReceiptKey', (select r.receipt_key from public.cash_receipts as r where r.id = receipt.canceled_receipt_id),
      'source', audit ->> 'source'
    ))
  ));
end;
$$;

comment on function toss_private.announce_receipt(public.cash_receipts, jsonb) is
  'Writes the audit line of a receipt''s state, and the outbox event when the tax office has taken it.';
