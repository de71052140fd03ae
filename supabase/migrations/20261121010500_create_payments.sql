-- Purpose: what Toss said about each payment, and its cancels. Written by apply_payment only.
-- Tables: payments, payment_cancels, private.payment_details.

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
  constraint payments_payment_key_length check (char_length(payment_key) between 1 and 200),
  constraint payments_status_known check (status in (
    'READY', 'IN_PROGRESS', 'WAITING_FOR_DEPOSIT', 'DONE',
    'CANCELED', 'PARTIAL_CANCELED', 'ABORTED', 'EXPIRED'
  )),
  constraint payments_total_amount_range check (total_amount between 0 and 9007199254740991),
  constraint payments_balance_within_total check (balance_amount between 0 and total_amount),
  constraint payments_currency_code check (currency ~ '^[A-Z]{3}$')
);

create index payments_order_id on public.payments (order_id);
create index payments_user_id_created_at on public.payments (user_id, created_at desc);
create index payments_unsettled on public.payments (applied_at)
  where status in ('READY', 'IN_PROGRESS', 'WAITING_FOR_DEPOSIT');

comment on table public.payments is 'Toss''s Payment as last proven by an authenticated answer of Toss.';
comment on column public.payments.status is 'Toss''s own status. Fully refunded means balance_amount = 0, whatever the status says.';
comment on column public.payments.method is 'Toss''s payment method in its own words, for example 카드.';
comment on column public.payments.balance_amount is 'What is still cancellable, minor unit.';
comment on column public.payments.applied_at is 'When the last answer was applied. An answer to a question asked later than this is fresher.';
comment on column public.payments.checked_at is 'When the worker last asked about a payment that should have ended.';
comment on column public.payments.reversed_at is 'When a bank reversed a deposit (DONE back to WAITING_FOR_DEPOSIT); null if never.';
comment on column public.payments.subscription_id is 'The subscription whose period this payment pays; null for orders.';

alter table public.orders
  add constraint orders_payment_key_fkey foreign key (payment_key) references public.payments (payment_key);

create table public.payment_cancels (
  transaction_key text primary key,
  payment_key text not null references public.payments (payment_key),
  amount bigint not null,
  reason text,
  status text not null default 'DONE',
  canceled_at timestamptz,
  created_at timestamptz not null,
  constraint payment_cancels_transaction_key_length check (char_length(transaction_key) between 1 and 64),
  constraint payment_cancels_amount_positive check (amount > 0)
);

create index payment_cancels_payment_key on public.payment_cancels (payment_key);

comment on table public.payment_cancels is 'The refund ledger: one row per Cancel object of Toss, identified by its transactionKey.';
comment on column public.payment_cancels.status is 'Toss''s cancelStatus: DONE, or IN_PROGRESS / ABORTED for asynchronous foreign cancels.';

create table private.payment_details (
  payment_key text primary key references public.payments (payment_key),
  secret_digest text,
  virtual_account jsonb,
  constraint payment_details_secret_digest_format check (secret_digest ~ '^[0-9a-f]{64}$')
);

comment on table private.payment_details is 'What the API must not reach.';
comment on column private.payment_details.secret_digest is 'SHA-256 of Payment.secret, enough to compare a DEPOSIT_CALLBACK with; the secret itself is stored nowhere.';
comment on column private.payment_details.virtual_account is 'Where the buyer is to pay: bankCode, accountNumber, customerName, dueDate, and whether the deadline has passed.';

alter table public.payments enable row level security;
alter table public.payment_cancels enable row level security;
alter table private.payment_details enable row level security;

grant select on public.payments, public.payment_cancels to authenticated, service_role;

create policy "users read their own payments"
  on public.payments for select to authenticated
  using ((select auth.uid()) = user_id);

create policy "users read the cancels of their own payments"
  on public.payment_cancels for select to authenticated
  using (exists (
    select 1 from public.payments as p
    where p.payment_key = payment_cancels.payment_key and p.user_id = (select auth.uid())
  ));
