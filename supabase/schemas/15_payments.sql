-- What Toss's payment objects say, as far as money and buyers need it.

create table public.payments (
  payment_key text primary key,
  order_id text not null references public.orders (id),
  user_id uuid,
  subscription_id uuid,
  status text not null,
  method text,
  total_amount bigint not null,
  balance_amount bigint not null,
  currency text not null,
  requested_at timestamptz,
  approved_at timestamptz,
  canceled_at timestamptz,
  failure_code text,
  failure_message text,
  receipt_url text,
  applied_at timestamptz not null,
  checked_at timestamptz,
  reversed_at timestamptz,
  created_at timestamptz not null,
  reserved_amount bigint not null default 0,
  tax_free_amount bigint,
  told_at timestamptz,
  -- What buyers and accountants ask. None of it may hold up a payment: what the checks below refuse, the functions
  -- have made null before.
  m_id text,
  easy_pay_provider text,
  card_issuer_code text,
  card_acquirer_code text,
  card_number_masked text,
  card_type text,
  installment_months integer,
  is_interest_free boolean,
  approve_no text,
  discount_amount bigint,
  supplied_amount bigint,
  vat bigint,
  use_escrow boolean,
  country text,
  approved_tax_free_amount bigint,
  approved_vat bigint,
  constraint payments_payment_key_length check (char_length(payment_key) between 1 and 200),
  constraint payments_status_known check (status in (
    'READY', 'IN_PROGRESS', 'WAITING_FOR_DEPOSIT', 'DONE',
    'CANCELED', 'PARTIAL_CANCELED', 'ABORTED', 'EXPIRED'
  )),
  constraint payments_total_amount_range check (total_amount between 0 and 9007199254740991),
  constraint payments_balance_within_total check (balance_amount between 0 and total_amount),
  constraint payments_currency_code check (currency ~ '^[A-Z]{3}$'),
  -- However many refunds are asked for at once, together they cannot exceed what is left.
  constraint payments_reserved_within_balance check (reserved_amount between 0 and balance_amount),
  constraint payments_tax_free_amount_not_negative check (tax_free_amount >= 0),
  constraint payments_discount_amount_not_negative check (discount_amount >= 0),
  constraint payments_supplied_amount_not_negative check (supplied_amount >= 0),
  constraint payments_vat_not_negative check (vat >= 0),
  constraint payments_approved_split_within_total check (
    least(approved_tax_free_amount, approved_vat) >= 0
    and coalesce(approved_tax_free_amount, 0) + coalesce(approved_vat, 0) <= total_amount
  ),
  constraint payments_installment_months_not_negative check (installment_months >= 0),
  constraint payments_card_number_masked check (card_number_masked ~ '\*')
);

alter table public.payments enable row level security;

comment on table public.payments is 'Toss''s Payment as last proven by an authenticated answer of Toss.';
comment on column public.payments.status is 'Toss''s own status. Fully refunded means balance_amount = 0, whatever the status says.';
comment on column public.payments.method is 'Toss''s payment method in its own words, for example 카드.';
comment on column public.payments.balance_amount is 'What is still cancellable, minor unit.';
comment on column public.payments.applied_at is 'When the last answer was applied. An answer to a question asked later than this is fresher.';
comment on column public.payments.checked_at is
  'When the worker last asked about a payment that should have ended, a deposit that is waited for, or a bank transfer under way.';
comment on column public.payments.reversed_at is 'When a bank reversed a deposit (DONE back to WAITING_FOR_DEPOSIT); null if never.';
comment on column public.payments.subscription_id is 'The subscription whose period this payment pays; null for orders.';
comment on column public.payments.reserved_amount is
  'The part of balance_amount that open cancels have claimed, minor unit; kept by a trigger on operations.';
comment on column public.payments.tax_free_amount is
  'What is left of the tax-free part, minor unit, as Toss last said; null while it has not said: then Toss alone judges a taxFreeAmount.';
comment on column public.payments.m_id is 'Toss''s merchant id, under which the payment was made.';
comment on column public.payments.easy_pay_provider is 'Toss''s easyPay.provider, for example 토스페이.';
comment on column public.payments.card_issuer_code is 'Toss''s code of the card company (기관 코드), also where an older answer named it.';
comment on column public.payments.card_acquirer_code is 'Toss''s code of the card company that acquired the payment.';
comment on column public.payments.card_number_masked is
  'As Toss shows it; null when no part of it was hidden. Personal: card; erased.';
comment on column public.payments.card_type is 'Toss''s words: 신용, 체크, 기프트, 미확인.';
comment on column public.payments.installment_months is '0 = paid at once.';
comment on column public.payments.approve_no is
  'The card company''s or the gift certificate''s approval number. Personal: id; kept.';
comment on column public.payments.discount_amount is 'An instant discount of the card company or the easy-pay provider, minor unit.';
comment on column public.payments.supplied_amount is 'Supply value (공급가액) of what is left, minor unit, as Toss last said; null where supply value, VAT and tax-free part do not add up to it.';
comment on column public.payments.vat is 'VAT (부가세) of what is left, minor unit, as Toss last said; null as supplied_amount is.';
comment on column public.payments.approved_tax_free_amount is
  'The tax-free part of all that was approved, minor unit, as Toss said before any refund; null when it was first heard of after one.';
comment on column public.payments.approved_vat is 'VAT of all that was approved, minor unit; null as approved_tax_free_amount is.';
comment on column public.payments.use_escrow is 'Whether the payment is under escrow (구매안전서비스).';
comment on column public.payments.told_at is
  'When confirm first answered that it is paid; null while nobody was told. After a full refund whoever was told hears the same again, anybody else that it was given back.';
comment on column public.payments.user_id is
  'Personal: id; kept.';
comment on column public.payments.failure_message is
  'Toss''s words for failure_code. Personal: error text; erased.';
comment on column public.payments.receipt_url is
  'Toss''s page of the receipt: whoever has it sees what Toss shows there. Personal: link; erased.';

create index payments_order_id on public.payments (order_id);
create index payments_user_id_created_at on public.payments (user_id, created_at desc);
-- By a column that stays: an answer that tells nothing new then leaves every index as it is.
create index payments_unsettled on public.payments (created_at)
  where status in ('READY', 'IN_PROGRESS', 'WAITING_FOR_DEPOSIT');
create index payments_cash_approved_at on public.payments (approved_at)
  where method in ('가상계좌', '계좌이체') and balance_amount > 0;
create index payments_checked_at on public.payments (checked_at) where checked_at is not null;

create policy "users read their own payments"
  on public.payments for select to authenticated
  using ((select auth.uid()) = user_id);

alter table public.orders add constraint orders_payment_key_fkey foreign key (payment_key) references public.payments (payment_key);

create view public.payment_overview
with (security_invoker = true)
as
select
  to_char(coalesce(p.approved_at, p.requested_at, p.created_at) at time zone 'Asia/Seoul', 'YYYY-MM-DD HH24:MI') as paid_at,
  o.order_name,
  p.status,
  concat_ws(' ', p.method, p.easy_pay_provider, p.card_number_masked,
    case when p.installment_months > 0 then p.installment_months || '개월' end) as method,
  p.total_amount as amount,
  p.total_amount - p.balance_amount as refunded,
  p.vat,
  p.tax_free_amount,
  p.approve_no,
  p.order_id,
  p.payment_key
from public.payments as p
join public.orders as o on o.id = p.order_id;

comment on view public.payment_overview is
  'Payments in few columns, times in Korea, for a look in Studio; sort by paid_at. Amounts in the minor unit.';

create table public.payment_cancels (
  transaction_key text primary key,
  payment_key text not null references public.payments (payment_key),
  amount bigint not null,
  reason text,
  status text not null default 'DONE',
  canceled_at timestamptz,
  created_at timestamptz not null,
  tax_free_amount bigint,
  refundable_amount bigint,
  has_event boolean not null default true,
  constraint payment_cancels_transaction_key_length check (char_length(transaction_key) between 1 and 64),
  constraint payment_cancels_amount_positive check (amount > 0),
  constraint payment_cancels_tax_free_amount_not_negative check (tax_free_amount >= 0),
  constraint payment_cancels_refundable_amount_not_negative check (refundable_amount >= 0)
);

alter table public.payment_cancels enable row level security;

comment on table public.payment_cancels is 'The refund ledger: one row per Cancel object of Toss, identified by its transactionKey.';
comment on column public.payment_cancels.status is 'Toss''s cancelStatus: DONE, or IN_PROGRESS / ABORTED for asynchronous foreign cancels.';
comment on column public.payment_cancels.refundable_amount is
  'What was left after this cancel, minor unit (Toss: Cancel.refundableAmount); null when Toss did not say.';
comment on column public.payment_cancels.tax_free_amount is 'The tax-free part of the cancelled amount, minor unit.';
comment on column public.payment_cancels.has_event is
  'False for cancels that were recorded before refunds were written to outbox_events.';
comment on column public.payment_cancels.reason is
  'Toss''s cancelReason: as we sent it, or as a person typed it in the dashboard. Personal: free text; erased.';

create index payment_cancels_payment_key on public.payment_cancels (payment_key);

create policy "users read the cancels of their own payments"
  on public.payment_cancels for select to authenticated
  using (exists (
    select 1 from public.payments as p
    where p.payment_key = payment_cancels.payment_key and p.user_id = (select auth.uid())
  ));

create table toss_private.payment_details (
  payment_key text primary key references public.payments (payment_key),
  secret_digest text,
  virtual_account jsonb,
  constraint payment_details_secret_digest_format check (secret_digest ~ '^[0-9a-f]{64}$')
);

alter table toss_private.payment_details enable row level security;

comment on table toss_private.payment_details is 'What the API must not reach.';
comment on column toss_private.payment_details.secret_digest is 'SHA-256 of Payment.secret, enough to compare a DEPOSIT_CALLBACK with; the secret itself is stored nowhere.';
comment on column toss_private.payment_details.virtual_account is
  'Where the buyer is to pay: bankCode, accountNumber, customerName, dueDate, whether the deadline has passed, and refundStatus: how far the bank transfer of a refund is. Personal: name, account; erased.';

-- A refund by bank transfer ends days after its cancel, without a webhook.
create index payment_details_refund_pending on toss_private.payment_details (payment_key)
  where virtual_account ->> 'refundStatus' = 'PENDING';

create function toss_private.is_paid(payment public.payments)
returns boolean
language plpgsql
immutable
set search_path = ''
as $$
begin
  return coalesce(payment.status in ('DONE', 'PARTIAL_CANCELED') or payment.approved_at is not null, false);
end;
$$;

comment on function toss_private.is_paid(public.payments) is
  'Whether the money of a payment arrived, also when it has been cancelled since.';

create function toss_private.payment_rank(status text)
returns integer
language plpgsql
immutable
set search_path = ''
as $$
begin
  return case status
    when 'READY' then 0
    when 'IN_PROGRESS' then 1
    when 'WAITING_FOR_DEPOSIT' then 2
    when 'ABORTED' then 3
    when 'EXPIRED' then 3
    when 'DONE' then 4
    when 'PARTIAL_CANCELED' then 5
    when 'CANCELED' then 6
  end;
end;
$$;

comment on function toss_private.payment_rank(text) is
  'How far a payment has come in its life; null for a status this version does not know.';

create function toss_private.payment_view(viewed public.payments)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
declare
  account jsonb;
begin
  -- An account without a number is none that anybody could pay into. Where Toss names no deadline, ours holds.
  if viewed.status = 'WAITING_FOR_DEPOSIT' then
    select jsonb_build_object('virtualAccount', d.virtual_account || case when d.virtual_account ->> 'dueDate' is null
      then jsonb_build_object('dueDate', toss_private.deposit_deadline(viewed)) else '{}' end)
    into account
    from toss_private.payment_details as d
    where d.payment_key = viewed.payment_key and d.virtual_account ->> 'accountNumber' is not null;
  end if;
  return jsonb_strip_nulls(coalesce(account, '{}')) || jsonb_build_object(
    'status', case viewed.status when 'WAITING_FOR_DEPOSIT' then 'waiting_for_deposit' else 'confirmed' end,
    'orderId', viewed.order_id,
    'paymentKey', viewed.payment_key,
    'amount', viewed.total_amount,
    'approvedAt', viewed.approved_at,
    'method', viewed.method,
    'receiptUrl', viewed.receipt_url
  );
end;
$$;

comment on function toss_private.payment_view(public.payments) is
  'What confirm answers for a payment that succeeded; the same on every repeat. An account without a number is left out.';

create function toss_private.record_details(answer jsonb)
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  -- Every payment has a secret; only a deposit's comes back, in its callback.
  if not answer ? 'virtualAccount' and (
    not answer ? 'secretDigest' or toss_private.takes_refund_account(answer ->> 'method', answer ->> 'paymentKey') is false
  ) then
    return;
  end if;
  -- What an answer does not tell, or tells unreadably, stays as it is known.
  insert into toss_private.payment_details as d (payment_key, secret_digest, virtual_account)
  values (answer ->> 'paymentKey', answer ->> 'secretDigest', jsonb_strip_nulls(answer -> 'virtualAccount'))
  on conflict (payment_key) do update set
    secret_digest = coalesce(excluded.secret_digest, d.secret_digest),
    virtual_account = coalesce(d.virtual_account || excluded.virtual_account, excluded.virtual_account, d.virtual_account);
end;
$$;

comment on function toss_private.record_details(jsonb) is
  'Keeps what the API must not reach: the digest of a deposit''s secret, and where the deposit goes. What an answer does not tell stays as it is known.';

create table toss_private.toss_api_versions (
  version text primary key,
  first_seen_at timestamptz not null,
  last_seen_at timestamptz not null,
  constraint toss_api_versions_version_length check (char_length(version) between 1 and 30)
);

alter table toss_private.toss_api_versions enable row level security;

comment on table toss_private.toss_api_versions is 'The API versions that Toss''s answers named, for the doctor.';
comment on column toss_private.toss_api_versions.last_seen_at is 'Within a day; not every answer writes.';

create function toss_private.note_api_version(noted_version text, present timestamptz)
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  if noted_version is null or exists (
    select 1 from toss_private.toss_api_versions as v
    where v.version = noted_version and v.last_seen_at > present - interval '1 day'
  ) then
    return;
  end if;
  -- No payment waits for another over this.
  if not pg_try_advisory_xact_lock(hashtextextended('toss_api_version', 0)) then
    return;
  end if;
  insert into toss_private.toss_api_versions as v (version, first_seen_at, last_seen_at)
  values (noted_version, present, present)
  on conflict (version) do update set last_seen_at = excluded.last_seen_at;
end;
$$;

comment on function toss_private.note_api_version(text, timestamptz) is 'Remembers, once a day, that Toss answered in an API version.';

create function toss_private.approval_time(known public.payments, answer jsonb)
returns timestamptz
language plpgsql
stable
set search_path = ''
as $$
declare
  told constant timestamptz := (answer ->> 'approvedAt')::timestamptz;
  takes_account boolean;
begin
  if answer ->> 'status' in ('DONE', 'PARTIAL_CANCELED') then
    -- What is done was approved; where its time cannot be read, at the latest now.
    return case when answer ? 'approvedAt' then told else coalesce(known.approved_at, toss_private.clock_now()) end;
  end if;
  if answer ->> 'status' <> 'CANCELED' then
    return null;
  end if;
  takes_account := toss_private.takes_refund_account(coalesce(answer ->> 'method', known.method), answer ->> 'paymentKey');
  -- Up to version 1.4 a deposit that the bank took back ended like this, and nothing was cancelled.
  if takes_account and answer -> 'cancels' = '[]' then
    return null;
  end if;
  -- Money that came by another way than a deposit had come, whatever is said of its time.
  return case when not answer ? 'approvedAt' or takes_account is false then coalesce(told, known.approved_at) else told end;
end;
$$;

comment on function toss_private.approval_time(public.payments, jsonb) is
  'When the money of a payment arrived, by an answer and what is known; null while it has not, and when a bank has taken it back.';

create function toss_private.takes_refund_account(payment_method text, account_payment_key text)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  if payment_method = '가상계좌' or exists (
    select 1 from toss_private.payment_details as d
    where d.payment_key = account_payment_key and d.virtual_account ->> 'accountNumber' is not null
  ) then
    return true;
  end if;
  return case when payment_method is not null then false end;
end;
$$;

comment on function toss_private.takes_refund_account(text, text) is
  'Whether a payment was made into a virtual account, so that its money needs an account to go back to; null when Toss''s answers have not told, and then Toss judges.';

create function toss_private.told_payment(told_payment_key text, source text)
returns jsonb
language plpgsql
volatile
set search_path = ''
as $$
declare
  told public.payments;
begin
  select * into told from public.payments as p where p.payment_key = told_payment_key;
  if toss_private.is_paid(told) and told.told_at is null then
    if told.balance_amount = 0 then
      return jsonb_build_object('outcome', 'rejected', 'errorCode', 'CANCELED_PAYMENT');
    end if;
    if source = 'confirm' then
      update public.payments as p set told_at = toss_private.clock_now() where p.payment_key = told_payment_key;
    end if;
  end if;
  return jsonb_build_object('outcome', 'confirmed', 'payment', toss_private.payment_view(told));
end;
$$;

comment on function toss_private.told_payment(text, text) is
  'What is answered about a payment that succeeded. Money that went back before anybody was told must not look like a fresh payment to whoever ships on it. The caller holds the order.';
