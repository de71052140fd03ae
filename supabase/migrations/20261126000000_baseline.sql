-- Made from supabase/schemas by `npx -y deno task docs`: edit a chapter there, not this file.

-- supabase/schemas/00_foundation.sql
-- The whole database of supabase-tosspayments, as it is now, chapter by chapter. Each object stands once, with its
-- comment, constraints, indexes, triggers and policies beside it; every grant stands in 90_access. The baseline
-- migration is these files one after the other (`npx -y deno task docs`); nothing is edited there.
--
-- Reading order:
--   00-01  the clock, ids, what is written down with every move, and who buys
--   10-19  what a shop has: catalogue, orders, stock, prices, payments, operations, entitlements, its own code
--   20-29  a payment's life: confirm, virtual account, refunds, key pairs; 29_apply_payment is the one door for Toss's answers
--   30-39  subscriptions and their charges: states, due periods, claim, settlement, dunning; consents and prices
--   40-46  what subscribers, the shop and time do to them; another price for all of a plan
--   47-49  withdrawals: business days, asking, deciding (59: what must be true of them)
--   50-54  billing keys: registering, subscribing with one, deleting
--   55-58  cash receipts: rows, what Toss tells of them, requests and how they end
--   60-63  webhooks: budgets, receiving, finishing
--   64-68  webhooks of ours: endpoints, deliveries, sending, replay, what is wrong with them
--   69     comparing with Toss's list of transactions: runs, differences, how a run asks and ends, rows that agree;
--          settlements, the tax sheet, the history before this project
--   70-73  jobs, questions to Toss, brakes, key rotation
--   74-78  notices to buyers: what makes one, whom it goes to, sending, what is wrong with them
--   79-85  what must never be true, what a person must see, what `status` and `doctor` read
--   86-88  views for Studio and dashboards; the operator's search
--   89     what is held of a person: what keeps it from being erased, erasing, retention, export
--   90-99  who may do what, and the schedule
--
-- To follow one confirm: 14_checkout, 20_confirm, 17_operation_ends, 29_apply_payment, 28_settle_order.
-- One webhook: 62_webhook_receive, 29_apply_payment, 63_webhook_finish.
-- One charge: 35_charge_claim, 33_charge_attempt, 29_apply_payment, 36_charge_settle or 38_dunning.

-- This chapter: the private schema, the one clock, and the ids that follow from a question.

-- Functions may be read before what they use; Postgres looks at their bodies when they are called.
set check_function_bodies = off;

create schema toss_private;
comment on schema toss_private is
  'Not exposed through the API: secrets, helper functions and the clock of supabase-tosspayments.';

-- Postgres grants execute on every new function to public; the form with `in schema` would have no effect.
alter default privileges revoke execute on functions from public;

create table toss_private.clock (
  id boolean primary key default true check (id),
  time_offset interval not null default interval '0'
);

alter table toss_private.clock enable row level security;

comment on table toss_private.clock is
  'One row. Its offset moves the time of every rule that depends on the clock, so that tests and the demo live through months in seconds. Zero in production.';
comment on column toss_private.clock.time_offset is
  'Added to the wall clock by toss_private.clock_now(). Live keys refuse to work while it is not zero.';

insert into toss_private.clock default values;

create function toss_private.clock_now()
returns timestamptz
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
  return clock_timestamp() + (select c.time_offset from toss_private.clock as c);
end;
$$;

comment on function toss_private.clock_now() is
  'The only source of time for rules in SQL: wall clock plus toss_private.clock.time_offset.';

create function toss_private.require_real_time(mode text)
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  if mode is distinct from 'test'
    and exists (select 1 from toss_private.clock as c where c.time_offset <> interval '0')
  then
    raise exception 'the clock is moved while live keys are configured'
      using errcode = 'check_violation',
        hint = 'update toss_private.clock set time_offset = interval ''0''';
  end if;
end;
$$;

comment on function toss_private.require_real_time(text) is
  'Raises when the clock is moved and the caller does not work with test keys. Called before money is asked for.';

create table toss_private.installation (
  is_only boolean primary key default true,
  salt uuid not null default gen_random_uuid(),
  constraint installation_is_only check (is_only)
);

alter table toss_private.installation enable row level security;

comment on table toss_private.installation is 'One row, made when the project is installed and never changed.';
comment on column toss_private.installation.salt is
  'Goes into every derived id. Whoever knows what an id follows from still cannot compute it, and two installations with the same keys of Toss never ask the same question.';

insert into toss_private.installation default values;

create function toss_private.derived(variadic parts text[])
returns text
language plpgsql
stable
set search_path = ''
as $$
begin
  return left(encode(sha256(convert_to(
    (select i.salt from toss_private.installation as i)::text || array_to_json(parts)::text, 'UTF8'
  )), 'hex'), 32);
end;
$$;

comment on function toss_private.derived(text[]) is
  '32 hexadecimal digits that follow from the parts alone: the same ones in a restored database, and not to be guessed from outside.';

create function toss_private.derived_id(variadic parts text[])
returns uuid
language plpgsql
stable
set search_path = ''
as $$
declare
  digits constant text := toss_private.derived(variadic parts);
begin
  -- In the shape of a version 4 UUID, which readers of ids look for.
  return (left(digits, 12) || '4' || substr(digits, 14, 3) || '8' || right(digits, 15))::uuid;
end;
$$;

comment on function toss_private.derived_id(text[]) is 'toss_private.derived as the id of a row.';

-- What is written down with every move: the audit (payment_events) and the outbox, in the transaction of their cause.

create table public.payment_events (
  id bigint generated always as identity primary key,
  event text not null,
  source text not null,
  order_id text,
  payment_key text,
  operation_id uuid,
  from_status text,
  to_status text,
  amount bigint,
  detail jsonb not null default '{}',
  request_id text,
  created_at timestamptz not null,
  subscription_id uuid,
  constraint payment_events_event_format check (event ~ '^[a-z_]{3,50}$'),
  constraint payment_events_source_format check (source ~ '^[a-z_]{3,50}$'),
  constraint payment_events_detail_is_object check (jsonb_typeof(detail) = 'object')
);

alter table public.payment_events enable row level security;

comment on table public.payment_events is 'One line for every status change and every refusal that concerns money. Service role only.';
comment on column public.payment_events.event is 'order_status, payment_status, payment_cancel, operation_started, amount_mismatch, …';
comment on column public.payment_events.source is
  'Who made it happen: checkout, confirm, cancel, virtual_account, billing, webhook, worker, expiry, operator, ….';
comment on column public.payment_events.request_id is 'The request id of the function call, as in its log lines.';
comment on column public.payment_events.subscription_id is 'The subscription that a line is about; null for orders.';
comment on column public.payment_events.detail is
  'What is known besides, by the kind of event: ids, amounts, codes, and the reason of a refund. Personal: free text; erased.';

-- Without the id, which would keep the lines of one order from sharing an entry; an order has few lines to sort.
create index payment_events_order_id on public.payment_events (order_id) where order_id is not null;
create index payment_events_payment_key on public.payment_events (payment_key) where payment_key is not null;
-- What every payment leaves is counted only together, and read from the table then.
create index payment_events_event_created_at on public.payment_events (event, created_at)
  where event not in ('order_status', 'payment_status', 'operation_started', 'operation_finished');
create index payment_events_subscription_id on public.payment_events (subscription_id, id)
  where subscription_id is not null;

create function toss_private.refuse_change()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  raise exception '% is append-only', tg_table_name using errcode = 'insufficient_privilege';
end;
$$;

comment on function toss_private.refuse_change() is 'Trigger of append-only tables.';

create function toss_private.erase_line_only()
returns trigger
language plpgsql
set search_path = ''
as $$
declare
  erased public.payment_events := old;
begin
  erased.detail := toss_private.without_keys(old.detail, array['reason', 'error']);
  if tg_op = 'DELETE' or new is distinct from erased then
    raise exception '% is append-only', tg_table_name using errcode = 'insufficient_privilege';
  end if;
  return new;
end;
$$;

comment on function toss_private.erase_line_only() is
  'Trigger of the audit log: append-only, but that a line may lose what a person wrote.';

create trigger payment_events_append_only
  before update or delete on public.payment_events
  for each row execute function toss_private.erase_line_only();

create trigger payment_events_no_truncate
  before truncate on public.payment_events
  for each statement execute function toss_private.refuse_change();

-- In plpgsql, which keeps its plans: a batch of charges writes hundreds of lines.
create function toss_private.write_event(audit jsonb)
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  insert into public.payment_events (
    event, source, order_id, payment_key, operation_id, subscription_id, from_status, to_status, amount, detail,
    request_id, created_at
  ) values (
    audit ->> 'event', coalesce(audit ->> 'source', 'operator'), audit ->> 'orderId', audit ->> 'paymentKey',
    (audit ->> 'operationId')::uuid, (audit ->> 'subscriptionId')::uuid, audit ->> 'from', audit ->> 'to',
    (audit ->> 'amount')::bigint, coalesce(audit -> 'detail', '{}'), audit ->> 'requestId',
    coalesce((audit ->> 'at')::timestamptz, toss_private.clock_now())
  );
end;
$$;

comment on function toss_private.write_event(jsonb) is
  'Adds one line to payment_events; keys: event, source, orderId, paymentKey, operationId, subscriptionId, from, to, amount, detail, requestId, and at where the caller has read the clock.';

create table public.outbox_events (
  id uuid primary key default gen_random_uuid(),
  event_type text not null,
  subject text not null,
  payload jsonb not null,
  webhook_event_id uuid,
  created_at timestamptz not null,
  sequence bigint generated always as identity,
  stream text not null,
  constraint outbox_events_event_type_length check (char_length(event_type) between 1 and 100),
  constraint outbox_events_subject_length check (char_length(subject) between 1 and 300),
  constraint outbox_events_payload_is_object check (jsonb_typeof(payload) = 'object')
);

alter table public.outbox_events enable row level security;

comment on table public.outbox_events is 'Events for other systems, in the order in which they were committed. Service role only.';
comment on column public.outbox_events.event_type is 'Toss''s own name for what a webhook reported, else ours, for example billing_method.deleted.';
comment on column public.outbox_events.subject is 'What it is about: an id of this project, or Toss''s id of a payout, seller, customer.';
comment on column public.outbox_events.payload is
  'Without secrets. `verified` is false when nothing but the sender''s word stands behind it. Personal: free text, body; erased.';
comment on column public.outbox_events.sequence is 'Grows with every event; within one stream it is the order in which things happened.';
comment on column public.outbox_events.stream is 'What is told in order: the order, for the order of a charge its subscription; else the subject.';
comment on column public.outbox_events.webhook_event_id is 'The webhook that brought it; one webhook makes at most one event, however often it is processed.';

create unique index outbox_events_one_per_webhook_event on public.outbox_events (webhook_event_id)
  where webhook_event_id is not null;
create index outbox_events_created_at on public.outbox_events (created_at);
create index outbox_events_subject on public.outbox_events (subject, created_at);
create index outbox_events_sequence on public.outbox_events (sequence);
-- A refund is told once, whichever answer of Toss brought it.
create unique index outbox_events_one_per_refund on public.outbox_events ((payload ->> 'transactionKey'))
  where event_type in ('payment.refunded', 'payment.partially_refunded');

create function toss_private.write_outbox_event(audit jsonb)
returns boolean
language plpgsql
volatile
set search_path = ''
as $$
begin
  insert into public.outbox_events (event_type, subject, payload, webhook_event_id, created_at, stream)
  values (
    audit ->> 'eventType', audit ->> 'subject', audit -> 'payload', (audit ->> 'webhookEventId')::uuid,
    toss_private.clock_now(), coalesce((
      -- Before its first payment a subscription has no row, but its id already.
      select coalesce(c.subscription_id, case c.kind
        when 'start' then toss_private.derived_id('subscription', c.id::text) else c.id end)::text
      from public.orders as o
      join public.subscription_charges as c on c.id = o.subscription_charge_id
      where o.id = audit ->> 'subject'
    ), audit ->> 'subject')
  )
  on conflict (webhook_event_id) where webhook_event_id is not null do nothing;
  return found;
end;
$$;

comment on function toss_private.write_outbox_event(jsonb) is
  'Adds one row to outbox_events; keys: eventType, subject, payload, webhookEventId. False when the webhook has made its event already.';

-- supabase/schemas/01_customers.sql
-- Who buys: customers, and whether auth.users still has their accounts.

create table public.customers (
  user_id uuid primary key,
  -- Follows from the user's id: a customer whose row was lost gets the key again that Toss knows the cards by.
  customer_key uuid not null,
  created_at timestamptz not null default now(),
  known_to_auth boolean not null default false,
  erased_at timestamptz,
  constraint customers_customer_key_unique unique (customer_key)
);

alter table public.customers enable row level security;

comment on table public.customers is 'One row per signed-in buyer, made on first use.';
comment on column public.customers.user_id is
  'auth.users.id; no foreign key, so that the row stays when the account goes. Personal: id; kept.';
comment on column public.customers.customer_key is
  'Toss''s customerKey: random, so that it says nothing about the person. Personal: id; kept.';
comment on column public.customers.known_to_auth is
  'Whether auth.users had this user. Only who was there can be gone: ids of another identity provider never were.';

comment on column public.customers.erased_at is
  'When everything that named this person was last erased; what came later is kept.';

create policy "users read their own customer key"
  on public.customers for select to authenticated
  using ((select auth.uid()) = user_id);

create function toss_private.fill_customer_key()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  new.customer_key := coalesce(new.customer_key, toss_private.derived_id('customer', new.user_id::text));
  return new;
end;
$$;

comment on function toss_private.fill_customer_key() is 'Trigger: a user''s customerKey follows from the user.';

create trigger customers_key_filled
  before insert on public.customers
  for each row execute function toss_private.fill_customer_key();

create function toss_private.account_access()
returns text
language plpgsql
stable
set search_path = ''
as $$
begin
  -- One after another, because each asks about what the one before found. Behind row level security everybody would
  -- seem to be gone.
  if to_regnamespace('auth') is null then
    return 'absent';
  end if;
  if not has_schema_privilege('auth', 'usage') then
    return 'refused';
  end if;
  if to_regclass('auth.users') is null then
    return 'absent';
  end if;
  if not has_table_privilege('auth.users', 'select') or row_security_active('auth.users') then
    return 'refused';
  end if;
  return 'readable';
end;
$$;

comment on function toss_private.account_access() is
  'Whether auth.users can tell who is there: readable; absent, as in a plain Postgres; refused to the owner of this function, or hidden from it by row level security.';

create function toss_private.can_read_accounts()
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return toss_private.account_access() = 'readable';
end;
$$;

comment on function toss_private.can_read_accounts() is
  'Whether auth.users can tell who is there; false in a plain Postgres. What cannot be read proves nothing.';

create function toss_private.has_account(sought_user_id uuid)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  if not toss_private.can_read_accounts() then
    return null;
  end if;
  -- Auth keeps the row of an account that was deleted softly. As json, because old versions lack the column.
  return exists (
    select 1 from auth.users as u where u.id = sought_user_id and to_jsonb(u) ->> 'deleted_at' is null
  );
end;
$$;

comment on function toss_private.has_account(uuid) is 'Whether auth.users has a user; null when nobody can tell.';

create function toss_private.is_gone(sought_user_id uuid)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return coalesce(not toss_private.has_account(sought_user_id), false) and exists (
    select 1 from public.customers as c where c.user_id = sought_user_id and c.known_to_auth
  );
end;
$$;

comment on function toss_private.is_gone(uuid) is 'Whether a user had an account in auth.users and has none any more.';

create function toss_private.note_account()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  new.known_to_auth := new.known_to_auth or coalesce(toss_private.has_account(new.user_id), false);
  return new;
end;
$$;

comment on function toss_private.note_account() is 'Trigger: remembers that a customer has an account.';

create trigger customers_account_noted
  before insert on public.customers
  for each row execute function toss_private.note_account();

create function toss_private.erased_text(given text)
returns text
language plpgsql
immutable
set search_path = ''
as $$
begin
  return case when given is not null then '[erased]' end;
end;
$$;

comment on function toss_private.erased_text(text) is 'What stands where a text was erased; null stays null.';

create function toss_private.without_keys(given jsonb, erased_keys text[])
returns jsonb
language plpgsql
immutable
set search_path = ''
as $$
begin
  return case jsonb_typeof(given)
    when 'object' then (
      select coalesce(jsonb_object_agg(e.key, case
        when e.key <> all (erased_keys) then toss_private.without_keys(e.value, erased_keys)
        else case jsonb_typeof(e.value)
          when 'null' then 'null'
          when 'object' then '{}'
          when 'array' then '[]'
          else to_jsonb('[erased]'::text) end
      end), '{}')
      from jsonb_each(given) as e
    )
    when 'array' then (
      select coalesce(jsonb_agg(toss_private.without_keys(a.value, erased_keys) order by a.ordinality), '[]')
      from jsonb_array_elements(given) with ordinality as a
    )
    else given end;
end;
$$;

comment on function toss_private.without_keys(jsonb, text[]) is
  'JSON whose values under these keys, at any depth, are erased; every key stays.';

create function toss_private.is_erased_order(named_order_id text)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return exists (select 1 from public.orders as o where o.id = named_order_id and o.erased_at is not null);
end;
$$;

comment on function toss_private.is_erased_order(text) is
  'Whether what named the buyer of an order was erased: triggers ask it, so that no later answer brings it back.';

-- supabase/schemas/10_catalog.sql
-- What is sold: products, and plans for time.

create table public.products (
  id text primary key default gen_random_uuid()::text,
  name text not null,
  price bigint not null,
  currency text not null default 'KRW',
  stock integer,
  tax_free boolean not null default false,
  active boolean not null default true,
  created_at timestamptz not null default now(),
  withdrawal text not null default 'allowed',
  constraint products_id_length check (char_length(id) between 1 and 64),
  constraint products_name_length check (char_length(name) between 1 and 100),
  constraint products_price_range check (price between 0 and 9007199254740991),
  constraint products_currency_code check (currency ~ '^[A-Z]{3}$'),
  constraint products_stock_not_negative check (stock >= 0),
  constraint products_withdrawal_known check (withdrawal in ('allowed', 'excluded_after_use', 'excluded'))
);

alter table public.products enable row level security;

comment on table public.products is 'Goods sold one by one. Read by everyone while active.';
comment on column public.products.price is 'Unit price in the currency''s minor unit (KRW: won), tax included.';
comment on column public.products.stock is 'Units that can still be ordered; null means unlimited. Reserved at checkout, given back when the order expires or is fully refunded.';

comment on column public.products.tax_free is 'Sold without VAT (면세).';
comment on column public.products.withdrawal is
  'Whether its buyer can give it back (청약철회): allowed, excluded_after_use (once the shop has marked it used) or excluded; what is sold keeps what it was sold with.';

create policy "everyone reads active products"
  on public.products for select to anon, authenticated
  using (active);

create table public.plans (
  id text primary key default gen_random_uuid()::text,
  name text not null,
  price bigint not null,
  currency text not null default 'KRW',
  interval text not null,
  interval_count integer not null default 1,
  trial_days integer not null default 0,
  tax_free boolean not null default false,
  active boolean not null default true,
  created_at timestamptz not null default now(),
  catch_up text not null default 'current',
  reminder_days integer not null default 7,
  plan_group text,
  consent text not null default 'required',
  without_consent text not null default 'cancel',
  intro_price bigint,
  intro_periods integer,
  constraint plans_id_length check (char_length(id) between 1 and 64),
  constraint plans_name_length check (char_length(name) between 1 and 100),
  constraint plans_price_range check (price between 0 and 9007199254740991),
  constraint plans_currency_code check (currency ~ '^[A-Z]{3}$'),
  constraint plans_interval_known check (interval in ('day', 'week', 'month', 'year')),
  constraint plans_interval_count_range check (interval_count between 1 and 1000),
  constraint plans_trial_days_range check (trial_days between 0 and 1000),
  constraint plans_catch_up_known check (catch_up in ('current', 'all')),
  constraint plans_reminder_days_range check (reminder_days between 0 and 365),
  constraint plans_plan_group_length check (char_length(plan_group) between 1 and 64),
  constraint plans_consent_known check (consent in ('required', 'not_required')),
  constraint plans_without_consent_known check (without_consent in ('cancel', 'keep_price')),
  constraint plans_intro_complete check ((intro_price is null) = (intro_periods is null)),
  -- A free beginning is a trial.
  constraint plans_intro_price_range check (intro_price between 100 and 9007199254740991),
  constraint plans_intro_periods_range check (intro_periods between 1 and 1000)
);

alter table public.plans enable row level security;

comment on table public.plans is 'Access sold by the period, as a one-time pass or as a subscription. Read by everyone while active.';
comment on column public.plans.price is 'Price of one period in the currency''s minor unit (KRW: won).';
comment on column public.plans.tax_free is 'Sold without VAT (면세).';
comment on column public.plans.interval is 'Unit of the period: day, week, month or year, counted in Asia/Seoul.';
comment on column public.plans.interval_count is 'How many units one period lasts.';
comment on column public.plans.trial_days is 'Free days before the first charge of a subscription.';
comment on column public.plans.catch_up is
  'What happens to periods that nobody charged in time. current: only the period that runs now is charged, missed ones are listed as void. all: each missed period is charged, one after another.';
comment on column public.plans.reminder_days is
  'How many days before a charge subscription.renewal_upcoming is written; 0 = never. A period that is not longer than this has no reminder.';
comment on column public.plans.consent is
  'required: no first charge after a trial and no higher price without the subscriber''s consent (전자상거래법 13조 6항). not_required: for plans that no consumer buys.';
comment on column public.plans.without_consent is
  'What follows at the date of a higher price that was not consented to: cancel, or keep_price. A trial always ends.';
comment on column public.plans.intro_price is
  'Price of a period for new subscribers during their first intro_periods periods; its end is a rise.';
comment on column public.plans.plan_group is
  'Plans of one group exclude each other: a user has one live subscription of them. Null: the plan stands alone.';

create index plans_plan_group on public.plans (plan_group) where plan_group is not null;

create policy "everyone reads active plans"
  on public.plans for select to anon
  using (active);

-- supabase/schemas/11_orders.sql
-- Orders, their items and adjustments.

create table public.orders (
  id text primary key,
  user_id uuid,
  status text not null default 'pending',
  order_name text not null,
  amount bigint not null,
  currency text not null,
  plan_id text references public.plans (id),
  plan_interval text,
  plan_interval_count integer,
  payment_key text,
  customer_email text,
  customer_name text,
  metadata jsonb not null default '{}',
  request_id uuid,
  expires_at timestamptz not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  subscription_charge_id uuid,
  tax_free_amount bigint not null default 0,
  reference text,
  request_digest text,
  customer_mobile_phone text,
  toss_keys text not null default 'main',
  toss_client_key text,
  erased_at timestamptz,
  constraint orders_toss_client_key_length check (char_length(toss_client_key) between 1 and 200),
  constraint orders_toss_keys_known check (toss_keys in ('main', 'widget', 'billing')),
  -- A charge has no page.
  constraint orders_widget_keys_are_for_buyers check (toss_keys <> 'widget' or subscription_charge_id is null),
  constraint orders_id_format check (id ~ '^[A-Za-z0-9_-]{6,64}$'),
  constraint orders_status_known check (status in (
    'pending', 'waiting_for_deposit', 'paid', 'partially_refunded',
    'refunded', 'canceled', 'failed', 'expired'
  )),
  constraint orders_order_name_length check (char_length(order_name) between 1 and 100),
  constraint orders_amount_range check (amount between 0 and 9007199254740991),
  constraint orders_currency_code check (currency ~ '^[A-Z]{3}$'),
  constraint orders_customer_email_length check (char_length(customer_email) <= 100),
  constraint orders_customer_mobile_phone_format check (customer_mobile_phone ~ '^\d{8,15}$'),
  constraint orders_customer_name_length check (char_length(customer_name) <= 100),
  constraint orders_metadata_is_object check (jsonb_typeof(metadata) = 'object'),
  constraint orders_plan_period_complete check (
    (plan_id is null) = (plan_interval is null) and (plan_id is null) = (plan_interval_count is null)
  ),
  constraint orders_request_id_unique unique (request_id),
  constraint orders_reference_length check (char_length(reference) between 1 and 64),
  constraint orders_reference_has_digest check ((reference is null) = (request_digest is null)),
  constraint orders_tax_free_amount_range check (tax_free_amount between 0 and amount),
  -- Nothing to pay is never sent to Toss.
  constraint orders_free_has_no_payment check (amount > 0 or payment_key is null)
);

alter table public.orders enable row level security;

comment on table public.orders is 'One row per checkout. Status moves only inside SQL functions, each move with a line in payment_events.';
comment on column public.orders.id is 'Toss''s orderId. Unguessable, because the three values of a confirm are its only proof.';
comment on column public.orders.user_id is
  'The buyer; null for a guest. Personal: id; kept.';
comment on column public.orders.amount is 'Total in the currency''s minor unit; a confirm with any other amount is refused.';
comment on column public.orders.plan_id is 'Set when the order buys a one-time pass for a plan.';
comment on column public.orders.plan_interval is 'The pass''s period as sold; a later change of the plan does not reach it.';
comment on column public.orders.payment_key is 'The payment that paid the order, or whose deposit it waits for.';
comment on column public.orders.customer_email is
  'Where the buyer gets notices, and what Toss is told; null = as Auth knows the user. Personal: e-mail; erased.';
comment on column public.orders.customer_mobile_phone is
  'As customer_email; digits alone. Personal: phone; erased.';
comment on column public.orders.request_id is 'Identifies the checkout request, so that a request sent twice by the network makes one order.';
comment on column public.orders.expires_at is 'A pending order is given up after this time and its stock returned.';
comment on column public.orders.tax_free_amount is 'The part of amount without VAT, minor unit; Toss''s taxFreeAmount.';
comment on column public.orders.reference is
  'The shop''s own id of the order: one order a reference. Personal: id; kept.';
comment on column public.orders.request_digest is
  'SHA-256 of what the order was asked for with; another order under the same reference is refused.';
comment on column public.orders.toss_keys is
  'The key pair that made its payment, or is to make it: main, widget (TOSS_WIDGET_*) or billing (TOSS_BILLING_*). Toss is asked about it with no other.';
comment on column public.orders.toss_client_key is
  'The client key of that pair when the order was made. While another one is set, Toss''s no proves nothing.';
comment on column public.orders.subscription_charge_id is 'Set when the order is one attempt of a charge to a billing key.';
comment on column public.orders.order_name is
  'What the buyer and Toss read; made of the lines, or the shop''s own words. Personal: free text; erased.';
comment on column public.orders.customer_name is
  'As checkout was told it. Personal: name; erased.';
comment on column public.orders.metadata is
  'Whatever the shop gave with the order; nothing here reads it. Personal: free text; erased.';

comment on column public.orders.erased_at is
  'When everything that named the buyer was erased, here and in what belongs to the order; triggers keep it so.';

create unique index orders_reference_unique on public.orders (reference) where reference is not null;
create index orders_user_id_created_at on public.orders (user_id, created_at desc);
create index orders_not_erased on public.orders (created_at) where erased_at is null;
create index orders_plan_id on public.orders (plan_id) where plan_id is not null;
create index orders_payment_key on public.orders (payment_key) where payment_key is not null;
create index orders_open_expires_at on public.orders (expires_at)
  where status in ('pending', 'waiting_for_deposit');
create index orders_subscription_charge_id on public.orders (subscription_charge_id)
  where subscription_charge_id is not null;
create index orders_refunded_charges on public.orders (subscription_charge_id)
  where status = 'refunded' and subscription_charge_id is not null;

-- The operator's search: people do not write their address the same way twice.
create index orders_customer_email on public.orders (lower(customer_email)) where customer_email is not null;

create policy "users read their own orders"
  on public.orders for select to authenticated
  using ((select auth.uid()) = user_id);

create table public.order_items (
  order_id text not null references public.orders (id),
  position integer not null,
  product_id text,
  name text not null,
  unit_price bigint not null,
  quantity integer not null,
  tax_free boolean not null default false,
  takes_stock boolean not null default false,
  withdrawal text not null default 'allowed',
  used_at timestamptz,
  primary key (order_id, position),
  constraint order_items_product_id_length check (char_length(product_id) between 1 and 64),
  constraint order_items_name_length check (char_length(name) between 1 and 100),
  constraint order_items_stock_has_product check (not takes_stock or product_id is not null),
  constraint order_items_unit_price_range check (unit_price between 0 and 9007199254740991),
  constraint order_items_quantity_range check (quantity between 1 and 9999),
  constraint order_items_withdrawal_known check (withdrawal in ('allowed', 'excluded_after_use', 'excluded'))
);

alter table public.order_items enable row level security;

comment on table public.order_items is 'Name and price as they were at checkout; later changes of a product do not reach them.';
comment on column public.order_items.unit_price is 'Price of one unit in the order''s currency, minor unit.';

comment on column public.order_items.position is 'The line''s place in the order, from 1.';
comment on column public.order_items.product_id is
  'products.id, or the id in the shop''s own catalogue, or null for a line that the shop''s server named.';
comment on column public.order_items.takes_stock is 'Whether the line holds stock of products; the shop''s own catalogue keeps its own.';
comment on column public.order_items.withdrawal is 'products.withdrawal as the buyer was told it at checkout.';
comment on column public.order_items.used_at is 'When the shop said that it was used; what is excluded_after_use cannot be given back from then on.';
comment on column public.order_items.name is
  'What was sold, as it was called then. Of a line that no catalogue named the shop''s server wrote it. Personal: free text; erased.';

create index order_items_product_id on public.order_items (product_id);
create unique index order_items_one_line_per_stock on public.order_items (order_id, product_id) where takes_stock;

create policy "users read the items of their own orders"
  on public.order_items for select to authenticated
  using (exists (
    select 1 from public.orders as o
    where o.id = order_id and o.user_id = (select auth.uid())
  ));

create table public.order_adjustments (
  order_id text not null references public.orders (id),
  position integer not null,
  kind text not null,
  name text not null,
  amount bigint not null,
  tax_free boolean not null default false,
  primary key (order_id, position),
  constraint order_adjustments_kind_known check (kind in ('shipping', 'discount', 'coupon', 'points', 'other')),
  constraint order_adjustments_name_length check (char_length(name) between 1 and 100),
  constraint order_adjustments_amount_range check (amount between -9007199254740991 and 9007199254740991),
  constraint order_adjustments_taken_off check (kind not in ('discount', 'coupon', 'points') or amount < 0)
);

alter table public.order_adjustments enable row level security;

comment on table public.order_adjustments is 'What was added to an order''s lines or taken off: shipping, discounts, coupons, points.';
comment on column public.order_adjustments.amount is 'Minor unit; negative where something is taken off.';
comment on column public.order_adjustments.tax_free is 'Whether it changes the tax-free part of the total.';
comment on column public.order_adjustments.name is
  'In the shop''s words, for example a coupon''s. Personal: free text; erased.';

create policy "users read the adjustments of their own orders"
  on public.order_adjustments for select to authenticated
  using (exists (
    select 1 from public.orders as o
    where o.id = order_adjustments.order_id and o.user_id = (select auth.uid())
  ));

create function toss_private.order_view(viewed_order_id text)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select jsonb_build_object(
      'outcome', 'created',
      'orderId', o.id,
      'orderName', o.order_name,
      'amount', o.amount,
      'currency', o.currency,
      'taxFreeAmount', o.tax_free_amount,
      'status', o.status,
      'customerKey', c.customer_key,
      'tossKeys', o.toss_keys,
      'expiresAt', o.expires_at
    )
    from public.orders as o
    left join public.customers as c on c.user_id = o.user_id
    where o.id = viewed_order_id
  );
end;
$$;

comment on function toss_private.order_view(text) is 'What checkout answers for an order.';

create function toss_private.move_order(moved public.orders, new_status text, audit jsonb)
returns void
language plpgsql
set search_path = ''
as $$
begin
  if moved.status = new_status then
    return;
  end if;
  update public.orders
  set status = new_status, payment_key = moved.payment_key,
    updated_at = coalesce((audit ->> 'at')::timestamptz, toss_private.clock_now())
  where id = moved.id;
  perform toss_private.write_event(audit || jsonb_build_object(
    'event', 'order_status', 'orderId', moved.id, 'from', moved.status, 'to', new_status,
    'amount', moved.amount
  ));
end;
$$;

comment on function toss_private.move_order(public.orders, text, jsonb) is
  'Moves an order, with the payment that moves it, and writes the audit line in the same breath; the only way a status changes after checkout, besides expiry. The caller holds the order, and `moved` is as it stands but for that payment.';

create function toss_private.is_own_order(named public.orders, request jsonb)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  if request ->> 'requestedBy' <> 'guest' then
    return coalesce(named.user_id::text = request ->> 'requestedBy', false);
  end if;
  -- A guest's order belongs to whoever holds its id, as at virtual-account; what else the page holds must be right.
  return named.id = request ->> 'orderId' and named.user_id is null
    and (not request ? 'amount' or (request ->> 'amount')::bigint = named.amount);
end;
$$;

comment on function toss_private.is_own_order(public.orders, jsonb) is
  'Whether an order is that of the user, or of the guest, who wants to cancel it. False when there is none.';

create function toss_private.keep_order_erased()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  new.order_name := '[erased]';
  new.customer_email := null;
  new.customer_name := null;
  new.customer_mobile_phone := null;
  new.metadata := '{}';
  return new;
end;
$$;

comment on function toss_private.keep_order_erased() is 'Trigger: an erased order holds nothing of its buyer.';

create trigger orders_keep_erased
  before update on public.orders
  for each row when (new.erased_at is not null)
  execute function toss_private.keep_order_erased();

create function toss_private.keep_audit_erased()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if toss_private.is_erased_order(new.order_id) then
    new.detail := toss_private.without_keys(new.detail, array['reason', 'error']);
  end if;
  return new;
end;
$$;

comment on function toss_private.keep_audit_erased() is 'Trigger: a line about an erased order holds nothing that a person wrote.';

create trigger payment_events_keep_erased
  before insert on public.payment_events
  for each row when (new.order_id is not null and new.detail ?| array['reason', 'error'])
  execute function toss_private.keep_audit_erased();

-- supabase/schemas/12_stock.sql
-- How many of a product are left: reserved with an order, released with its end.

create table toss_private.stock_movements (
  id bigint generated always as identity primary key,
  product_id text not null,
  order_id text references public.orders (id),
  delta integer not null,
  created_at timestamptz not null
);

alter table toss_private.stock_movements enable row level security;

comment on table toss_private.stock_movements is 'Append-only: the sum of a product''s rows is its stock.';
comment on column toss_private.stock_movements.product_id is 'products.id; no foreign key, so that a product nobody ordered can be deleted and its past stays.';
comment on column toss_private.stock_movements.order_id is 'The order that reserved (negative) or returned (positive) the units; null for a change by the shop.';

create index stock_movements_product_id on toss_private.stock_movements (product_id);
create index stock_movements_order_id on toss_private.stock_movements (order_id) where order_id is not null;

create trigger stock_movements_append_only
  before update or delete on toss_private.stock_movements
  for each row execute function toss_private.refuse_change();

create trigger stock_movements_no_truncate
  before truncate on toss_private.stock_movements
  for each statement execute function toss_private.refuse_change();

create function toss_private.record_stock_movement()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  delta integer := coalesce(new.stock, 0);
begin
  if tg_op = 'UPDATE' then
    delta := delta - coalesce(old.stock, 0);
  end if;
  if delta <> 0 then
    insert into toss_private.stock_movements (product_id, order_id, delta, created_at)
    values (
      new.id,
      nullif(current_setting('tosspayments.stock_order_id', true), ''),
      delta,
      toss_private.clock_now()
    );
  end if;
  return null;
end;
$$;

comment on function toss_private.record_stock_movement() is
  'Writes the ledger line of a stock change. The order comes from the transaction-local setting tosspayments.stock_order_id.';

create trigger products_record_stock_movement
  after insert or update of stock on public.products
  for each row execute function toss_private.record_stock_movement();

create function toss_private.lock_products(product_ids text[])
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  -- Whoever touches several products locks them here, by id, before anything else. No stronger lock than
  -- this: an order item's foreign key share-locks its product, and two checkouts would wait for each other.
  perform from public.products as p
  where p.id = any (product_ids)
  order by p.id
  for no key update;
end;
$$;

comment on function toss_private.lock_products(text[]) is 'Locks products in the one order that cannot deadlock.';

create function toss_private.products_of(order_ids text[])
returns text[]
language plpgsql
stable
set search_path = ''
as $$
begin
  return array(
    select distinct i.product_id from public.order_items as i where i.order_id = any (order_ids) and i.takes_stock
  );
end;
$$;

comment on function toss_private.products_of(text[]) is 'Which products some orders are about.';

create function toss_private.reserve_stock(reserving_order_id text)
returns text
language plpgsql
set search_path = ''
as $$
declare
  short_product_id text;
begin
  perform toss_private.lock_products(toss_private.products_of(array[reserving_order_id]));

  select i.product_id into short_product_id
  from public.order_items as i
  join public.products as p on p.id = i.product_id
  where i.order_id = reserving_order_id and i.takes_stock and p.stock < i.quantity
  order by i.product_id
  limit 1;
  if found then
    return short_product_id;
  end if;

  perform set_config('tosspayments.stock_order_id', reserving_order_id, true);
  update public.products as p
  set stock = p.stock - i.quantity
  from public.order_items as i
  where i.order_id = reserving_order_id and i.takes_stock and p.id = i.product_id and p.stock is not null;
  perform set_config('tosspayments.stock_order_id', '', true);
  return null;
end;
$$;

comment on function toss_private.reserve_stock(text) is
  'Takes the stock of every item of an order, or none: returns the first product that is short, null when all was taken.';

create function toss_private.release_stock(released_order_id text)
returns void
language plpgsql
set search_path = ''
as $$
begin
  perform toss_private.lock_products(toss_private.products_of(array[released_order_id]));

  perform set_config('tosspayments.stock_order_id', released_order_id, true);
  update public.products as p
  set stock = p.stock - held.delta
  from (
    select m.product_id, sum(m.delta) as delta
    from toss_private.stock_movements as m
    where m.order_id = released_order_id
    group by m.product_id
    having sum(m.delta) < 0
  ) as held
  where p.id = held.product_id and p.stock is not null;
  perform set_config('tosspayments.stock_order_id', '', true);

  -- A product whose stock was lifted meanwhile has none to give back to; the order must not hold it for ever.
  insert into toss_private.stock_movements (product_id, order_id, delta, created_at)
  select held.product_id, split.order_id, split.sign * held.delta, toss_private.clock_now()
  from (
    select m.product_id, sum(m.delta) as delta
    from toss_private.stock_movements as m
    where m.order_id = released_order_id
    group by m.product_id
    having sum(m.delta) < 0
  ) as held
  cross join (values (released_order_id, -1), (null, 1)) as split (order_id, sign);
end;
$$;

comment on function toss_private.release_stock(text) is
  'Gives back what an order still holds. Safe to repeat: it returns only what the ledger says is held.';

-- supabase/schemas/13_pricing.sql
-- What a cart costs: the shop's own catalogue or ours, lines, adjustments, names.

create function toss_private.cut_text(whole text, room integer)
returns text
language plpgsql
immutable
set search_path = ''
as $$
declare
  units integer := 0;
  kept integer := 0;
  code integer;
  previous integer := 0;
  -- Regional indicators in a row: two of them are one flag.
  flags integer := 0;
begin
  -- No text has more UTF-16 units than bytes in UTF-8.
  if octet_length(whole) <= room then
    return whole;
  end if;
  for place in 1 .. char_length(whole) loop
    code := ascii(substr(whole, place, 1));
    flags := case when code between x'1F1E6'::integer and x'1F1FF'::integer then flags + 1 else 0 end;
    if not (
      -- What belongs to the character before it: marks, variations, joiners, skin tones, tags.
      code between x'0300'::integer and x'036F'::integer or code between x'20D0'::integer and x'20FF'::integer
      or code between x'FE00'::integer and x'FE0F'::integer or code = x'200D'::integer
      or code between x'1F3FB'::integer and x'1F3FF'::integer or code between x'E0020'::integer and x'E007F'::integer
      or code between x'E0100'::integer and x'E01EF'::integer
      or previous = x'200D'::integer
      -- Vowels and finals of a syllable in jamo.
      or (code between x'1160'::integer and x'11FF'::integer and previous between x'1100'::integer and x'11FF'::integer)
      or (code between x'1160'::integer and x'11FF'::integer and previous between x'AC00'::integer and x'D7A3'::integer)
      or (flags > 0 and flags % 2 = 0)
    ) then
      kept := place - 1;
    end if;
    units := units + case when code > x'FFFF'::integer then 2 else 1 end;
    if units > room then
      -- A character that alone needs more room than there is has to be cut between its parts.
      return left(whole, case when kept > 0 then kept else place - 1 end);
    end if;
    previous := code;
  end loop;
  return whole;
end;
$$;

comment on function toss_private.cut_text(text, integer) is
  'The beginning of a text, as much as fits into so many UTF-16 units, which is how JavaScript and Toss count, without a part of a character at its end.';

create function toss_private.cart_name(first_name text, others bigint)
returns text
language plpgsql
immutable
set search_path = ''
as $$
declare
  suffix constant text := case when others > 0 then format(' 외 %s건', others) else '' end;
begin
  return toss_private.cut_text(first_name, 100 - char_length(suffix)) || suffix;
end;
$$;

comment on function toss_private.cart_name(text, bigint) is
  'Toss''s orderName, at most 100 UTF-16 units: the first product and how many others.';

create function toss_private.fit_order_name()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  new.order_name := toss_private.cut_text(new.order_name, 100);
  return new;
end;
$$;

comment on function toss_private.fit_order_name() is
  'Trigger: an order, of a cart, a plan or a charge, has a name that Toss takes (core API reference: orderName, 1 to 100).';

create trigger orders_fit_order_name
  before insert on public.orders
  for each row when (octet_length(new.order_name) > 100)
  execute function toss_private.fit_order_name();

create table toss_private.shop_code (
  is_only boolean primary key default true,
  catalogue text,
  order_hook text,
  notice_address text,
  constraint shop_code_is_only check (is_only)
);

alter table toss_private.shop_code enable row level security;

comment on table toss_private.shop_code is 'One row: which functions of the shop are called, each with its schema; null where it has none.';
comment on column toss_private.shop_code.catalogue is 'Prices a cart in place of the table products.';
comment on column toss_private.shop_code.order_hook is 'Is called with every move of an order.';
comment on column toss_private.shop_code.notice_address is
  'Says where a buyer gets notices, in place of the order''s address and Auth''s.';

insert into toss_private.shop_code default values;

create function toss_private.require_shop_function(function_name text, result regtype)
returns void
language plpgsql
stable
set search_path = ''
as $$
declare
  found_oid constant oid := to_regprocedure(function_name || '(jsonb)');
begin
  if function_name is not null and (
    function_name not like '%.%' or found_oid is null
    or (select p.prorettype from pg_proc as p where p.oid = found_oid) <> result
  ) then
    raise exception 'there is no function %(jsonb) that returns %', function_name, result
      using errcode = 'undefined_function', hint = 'Name it with its schema, for example public.my_price_cart.';
  end if;
end;
$$;

comment on function toss_private.require_shop_function(text, regtype) is
  'Raises when a name is not that of a function of the shop that takes jsonb and returns what is wanted.';

create function public.use_catalogue(function_name text)
returns void
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
  perform toss_private.require_shop_function(function_name, 'jsonb'::regtype);
  update toss_private.shop_code as s set catalogue = function_name;
end;
$$;

comment on function public.use_catalogue(text) is
  'From now on this function of the shop prices carts: f(jsonb) returns jsonb; null takes it back. For the owner of the database alone. docs/own-catalogue.md.';

create function toss_private.price_cart(request jsonb)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
declare
  lines jsonb;
  refused jsonb;
begin
  -- One statement, so that a price that changes meanwhile cannot part the total from its lines.
  select jsonb_agg(jsonb_build_object(
    'productId', w.product_id, 'quantity', w.quantity, 'name', p.name, 'unitPrice', p.price, 'currency', p.currency,
    'taxFree', p.tax_free, 'withdrawal', p.withdrawal
  ) order by w.position)
  into lines
  from (
    select i.value ->> 'productId' as product_id,
      sum((i.value ->> 'quantity')::numeric) as quantity, min(i.ordinality) as position
    from jsonb_array_elements(request -> 'items') with ordinality as i
    group by i.value ->> 'productId'
  ) as w
  left join public.products as p on p.id = w.product_id and p.active;

  select jsonb_build_object('code', 'product_not_found', 'productId', l.value -> 'productId') into refused
  from jsonb_array_elements(lines) as l
  where l.value ->> 'name' is null
  limit 1;
  if refused is null then
    select jsonb_build_object('code', 'currency_not_supported', 'currency', l.value -> 'currency') into refused
    from jsonb_array_elements(lines) as l
    -- Toss asks for won, and takes other currencies only for foreign easy payment, in major units with decimals.
    where l.value ->> 'currency' <> 'KRW'
    limit 1;
  end if;
  return case when refused is null then jsonb_build_object('lines', lines)
    else jsonb_build_object('refusal', refused) end;
end;
$$;

comment on function toss_private.price_cart(jsonb) is
  'The catalogue of a shop that has none of its own: the lines of a cart in its own order, each product once, with today''s name and price from products; or why not.';

create function toss_private.priced_cart_problem(priced jsonb)
returns text
language plpgsql
immutable
set search_path = ''
as $$
declare
  part jsonb;
begin
  if jsonb_typeof(priced -> 'lines') is distinct from 'array' or jsonb_array_length(priced -> 'lines') not between 1 and 100
  then
    return 'lines: 1 to 100 of them';
  end if;
  if jsonb_typeof(coalesce(priced -> 'adjustments', '[]')) <> 'array'
    or jsonb_array_length(coalesce(priced -> 'adjustments', '[]')) > 100
  then
    return 'adjustments: at most 100 of them';
  end if;
  for part in select l.value from jsonb_array_elements(priced -> 'lines') as l loop
    if coalesce(char_length(part ->> 'name'), 0) not between 1 and 100 then
      return 'lines: name must be a text of 1 to 100 characters';
    end if;
    if coalesce(part ->> 'unitPrice' !~ '^\d{1,16}$', true) or coalesce(part ->> 'quantity' !~ '^\d{1,16}$', true) then
      return 'lines: unitPrice and quantity must be whole numbers';
    end if;
    if part ->> 'productId' is not null and char_length(part ->> 'productId') not between 1 and 64 then
      return 'lines: productId must be a text of 1 to 64 characters';
    end if;
    if jsonb_typeof(coalesce(part -> 'taxFree', 'false')) <> 'boolean' then
      return 'lines: taxFree must be true or false';
    end if;
    if coalesce(part ->> 'withdrawal', 'allowed') not in ('allowed', 'excluded_after_use', 'excluded') then
      return 'lines: withdrawal must be allowed, excluded_after_use or excluded';
    end if;
  end loop;
  for part in select a.value from jsonb_array_elements(coalesce(priced -> 'adjustments', '[]')) as a loop
    if coalesce(part ->> 'kind' not in ('shipping', 'discount', 'coupon', 'points', 'other'), true) then
      return 'adjustments: kind must be shipping, discount, coupon, points or other';
    end if;
    if coalesce(char_length(part ->> 'name'), 0) not between 1 and 100 then
      return 'adjustments: name must be a text of 1 to 100 characters';
    end if;
    if coalesce(part ->> 'amount' !~ '^-?\d{1,16}$', true) then
      return 'adjustments: amount must be a whole number';
    end if;
    if part ->> 'kind' in ('discount', 'coupon', 'points') and part ->> 'amount' !~ '^-' then
      return 'adjustments: amount of a discount, a coupon or points must be negative';
    end if;
    if jsonb_typeof(coalesce(part -> 'taxFree', 'false')) <> 'boolean' then
      return 'adjustments: taxFree must be true or false';
    end if;
  end loop;
  return null;
end;
$$;

comment on function toss_private.priced_cart_problem(jsonb) is
  'What is wrong with lines and adjustments, in words for whoever priced them; null when nothing is.';

create function toss_private.priced_order(request jsonb)
returns jsonb
language plpgsql
volatile
set search_path = ''
as $$
declare
  bought_plan public.plans;
  own_catalogue text;
  priced jsonb;
  problem text;
begin
  if request ? 'planId' then
    select * into bought_plan from public.plans as p where p.id = request ->> 'planId' and p.active;
    if not found then
      return jsonb_build_object('outcome', 'plan_not_found');
    end if;
    if bought_plan.currency <> 'KRW' then
      return jsonb_build_object('outcome', 'currency_not_supported', 'currency', bought_plan.currency);
    end if;
    return jsonb_build_object(
      'orderName', bought_plan.name, 'amount', bought_plan.price,
      'taxFreeAmount', case when bought_plan.tax_free then bought_plan.price else 0 end,
      'plan', jsonb_build_object(
        'id', bought_plan.id, 'interval', bought_plan.interval, 'intervalCount', bought_plan.interval_count
      )
    );
  end if;

  if request ? 'lines' then
    priced := jsonb_build_object('lines', request -> 'lines', 'adjustments', coalesce(request -> 'adjustments', '[]'));
  else
    own_catalogue := (select s.catalogue from toss_private.shop_code as s);
    if own_catalogue is null then
      priced := toss_private.price_cart(request);
    else
      begin
        execute format('select %s($1)', own_catalogue) into priced using jsonb_build_object(
          'items', request -> 'items', 'userId', request -> 'userId', 'metadata', coalesce(request -> 'metadata', '{}')
        );
      exception when others or query_canceled or assert_failure then
        return jsonb_build_object('outcome', 'catalogue_failed', 'problem', left(sqlerrm, 500));
      end;
    end if;
  end if;
  if own_catalogue is not null and priced ? 'refusal' and coalesce(priced -> 'refusal' ->> 'code' not in (
    'product_not_found', 'insufficient_stock', 'cart_empty', 'invalid_request'
  ), true) then
    return jsonb_build_object('outcome', 'catalogue_failed', 'problem', 'refusal: its code is none that checkout has');
  end if;
  if jsonb_typeof(priced -> 'refusal') = 'object' then
    return priced -> 'refusal' || jsonb_build_object('outcome', priced -> 'refusal' -> 'code');
  end if;
  problem := toss_private.priced_cart_problem(priced);
  if problem is not null then
    return jsonb_build_object('outcome', 'catalogue_failed', 'problem', problem);
  end if;
  return priced || (
    select jsonb_build_object(
      'takesStock', own_catalogue is null and not request ? 'lines',
      'orderName', coalesce(
        request ->> 'orderName',
        toss_private.cart_name(priced -> 'lines' -> 0 ->> 'name', jsonb_array_length(priced -> 'lines') - 1)
      ),
      'amount', sum(part.amount),
      'taxFreeAmount', coalesce(sum(part.amount) filter (where part.tax_free), 0),
      'largestQuantity', max(part.quantity)
    )
    from (
      select (l.value ->> 'unitPrice')::numeric * (l.value ->> 'quantity')::numeric as amount,
        coalesce((l.value ->> 'taxFree')::boolean, false) as tax_free, (l.value ->> 'quantity')::numeric as quantity
      from jsonb_array_elements(priced -> 'lines') as l
      union all
      select (a.value ->> 'amount')::numeric, coalesce((a.value ->> 'taxFree')::boolean, false), 0
      from jsonb_array_elements(coalesce(priced -> 'adjustments', '[]')) as a
    ) as part
  );
end;
$$;

comment on function toss_private.priced_order(jsonb) is
  'What a checkout costs: a plan''s price, the lines that the shop''s server named, or those that the catalogue in use makes of the items; or the outcome that refuses it.';

-- supabase/schemas/14_checkout.sql
-- A priced cart becomes an order: reference, stock and the first audit line in one transaction.

create function toss_private.order_digest(request jsonb)
returns text
language plpgsql
immutable
set search_path = ''
as $$
begin
  return encode(sha256(convert_to(jsonb_build_array(
    request -> 'lines', coalesce(request -> 'adjustments', '[]'), request ->> 'userId', request ->> 'orderName',
    coalesce(request -> 'metadata', '{}')
  )::text, 'UTF8')), 'hex');
end;
$$;

comment on function toss_private.order_digest(jsonb) is
  'What must be the same when a reference is used again: lines, adjustments, userId, orderName and metadata.';

create function toss_private.referenced_order(request jsonb)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
declare
  known public.orders;
begin
  select * into known from public.orders as o where o.reference = request ->> 'reference';
  if not found then
    return null;
  end if;
  if known.request_digest <> toss_private.order_digest(request) then
    return jsonb_build_object('outcome', 'reference_conflict', 'orderId', known.id);
  end if;
  return toss_private.order_view(known.id) || jsonb_build_object('outcome', 'known');
end;
$$;

comment on function toss_private.referenced_order(jsonb) is
  'The order that a reference stands for already, or that it stands for another one; null when it is new.';

create function toss_private.store_order(request jsonb, priced jsonb)
returns text
language plpgsql
volatile
set search_path = ''
as $$
declare
  buyer_id constant uuid := (request ->> 'userId')::uuid;
  created_time constant timestamptz := toss_private.clock_now();
  new_order_id constant text := 'ord_' || to_char(created_time at time zone 'Asia/Seoul', 'YYYYMMDD')
    || '_' || replace(gen_random_uuid()::text, '-', '');
begin
  if buyer_id is not null then
    insert into public.customers (user_id) values (buyer_id) on conflict (user_id) do nothing;
  end if;
  insert into public.orders (
    id, user_id, order_name, amount, currency, tax_free_amount, plan_id, plan_interval, plan_interval_count,
    customer_email, customer_mobile_phone, customer_name, metadata, request_id, reference, request_digest, toss_keys,
    toss_client_key, expires_at, created_at, updated_at
  ) values (
    new_order_id, buyer_id, priced ->> 'orderName', (priced ->> 'amount')::bigint, 'KRW',
    (priced ->> 'taxFreeAmount')::bigint, priced -> 'plan' ->> 'id', priced -> 'plan' ->> 'interval',
    (priced -> 'plan' ->> 'intervalCount')::integer, request ->> 'customerEmail', request ->> 'customerMobilePhone',
    request ->> 'customerName',
    coalesce(request -> 'metadata', '{}'), (request ->> 'requestId')::uuid, request ->> 'reference',
    case when request ->> 'reference' is not null then toss_private.order_digest(request) end,
    coalesce(request ->> 'tossKeys', 'main'), request ->> 'tossClientKey',
    created_time + make_interval(secs => (request ->> 'timeToLiveSeconds')::integer), created_time, created_time
  ) on conflict do nothing;
  if not found then
    return null;
  end if;
  insert into public.order_items (
    order_id, position, product_id, name, unit_price, quantity, tax_free, takes_stock, withdrawal
  )
  select new_order_id, l.ordinality, l.value ->> 'productId', l.value ->> 'name', (l.value ->> 'unitPrice')::bigint,
    (l.value ->> 'quantity')::integer, coalesce((l.value ->> 'taxFree')::boolean, false),
    coalesce((priced ->> 'takesStock')::boolean, false), coalesce(l.value ->> 'withdrawal', 'allowed')
  from jsonb_array_elements(coalesce(priced -> 'lines', '[]')) with ordinality as l;
  insert into public.order_adjustments (order_id, position, kind, name, amount, tax_free)
  select new_order_id, a.ordinality, a.value ->> 'kind', a.value ->> 'name', (a.value ->> 'amount')::bigint,
    coalesce((a.value ->> 'taxFree')::boolean, false)
  from jsonb_array_elements(coalesce(priced -> 'adjustments', '[]')) with ordinality as a;
  return new_order_id;
end;
$$;

comment on function toss_private.store_order(jsonb, jsonb) is
  'Writes a priced order with its lines and adjustments; null when the same request or reference has made one meanwhile.';

create function public.create_order(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  known jsonb;
  priced jsonb;
  total numeric;
  new_order public.orders;
  new_order_id text;
  short_product_id text;
begin
  perform toss_private.require_real_time(request ->> 'mode');

  select o.id into new_order_id from public.orders as o where o.request_id = (request ->> 'requestId')::uuid;
  if found then
    return toss_private.order_view(new_order_id);
  end if;
  if request ->> 'reference' is not null then
    known := toss_private.referenced_order(request);
    if known is not null then
      return known;
    end if;
  end if;

  priced := toss_private.priced_order(request);
  if priced ? 'outcome' then
    return priced;
  end if;
  total := (priced ->> 'amount')::numeric;
  if (priced ->> 'largestQuantity')::numeric > 9999 then
    return jsonb_build_object('outcome', 'quantity_too_large');
  end if;
  -- Toss takes no card payment under 100 won, and JSON numbers end at 2^53 - 1. Nothing to pay needs no Toss.
  if total <> 0 and total < 100 or total > 9007199254740991 then
    return jsonb_build_object('outcome', 'amount_out_of_range', 'amount', total::text);
  end if;
  if (priced ->> 'taxFreeAmount')::numeric not between 0 and total then
    return jsonb_build_object('outcome', 'tax_free_out_of_range', 'taxFreeAmount', priced ->> 'taxFreeAmount');
  end if;

  new_order_id := toss_private.store_order(request, priced);
  if new_order_id is null then
    select o.id into new_order_id from public.orders as o where o.request_id = (request ->> 'requestId')::uuid;
    return coalesce(toss_private.order_view(new_order_id), toss_private.referenced_order(request));
  end if;

  if (priced ->> 'takesStock')::boolean then
    perform toss_private.free_overdue_stock(new_order_id);
    short_product_id := toss_private.reserve_stock(new_order_id);
    if short_product_id is not null then
      delete from public.order_items as i where i.order_id = new_order_id;
      delete from public.orders as o where o.id = new_order_id;
      return jsonb_build_object(
        'outcome', 'insufficient_stock', 'productId', short_product_id,
        'available', (select p.stock from public.products as p where p.id = short_product_id)
      );
    end if;
  end if;

  perform toss_private.write_event(jsonb_build_object(
    'event', 'order_status', 'source', 'checkout', 'orderId', new_order_id,
    'to', 'pending', 'amount', total::bigint, 'requestId', request ->> 'logRequestId'
  ));
  if total = 0 then
    select * into new_order from public.orders as o where o.id = new_order_id;
    perform toss_private.move_order(new_order, 'paid', jsonb_build_object(
      'source', 'checkout', 'requestId', request ->> 'logRequestId'
    ));
    perform toss_private.order_moved(new_order, 'paid', '{}');
  end if;
  return toss_private.order_view(new_order_id);
end;
$$;

comment on function public.create_order(jsonb) is
  'Prices a cart (items), lines that the shop''s server names, or a one-time pass (planId), reserves the stock and answers the order. An order of nothing is paid at once; a reference makes one order. Outcomes: created, known, reference_conflict, product_not_found, plan_not_found, insufficient_stock, cart_empty, invalid_request, quantity_too_large, currency_not_supported, amount_out_of_range, tax_free_out_of_range, catalogue_failed.';

-- supabase/schemas/15_payments.sql
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

create function toss_private.keep_payment_erased()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if toss_private.is_erased_order(new.order_id) then
    new.failure_message := null;
    new.receipt_url := null;
    new.card_number_masked := null;
  end if;
  return new;
end;
$$;

comment on function toss_private.keep_payment_erased() is
  'Trigger: a payment of an erased order, and its receipt, hold nothing of the buyer, whatever Toss answers later.';

create trigger payments_keep_erased
  before insert or update on public.payments
  for each row when (coalesce(new.failure_message, new.receipt_url, new.card_number_masked) is not null)
  execute function toss_private.keep_payment_erased();

create function toss_private.keep_cancel_erased()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if toss_private.is_erased_order((select p.order_id from public.payments as p where p.payment_key = new.payment_key)) then
    new.reason := toss_private.erased_text(new.reason);
  end if;
  return new;
end;
$$;

comment on function toss_private.keep_cancel_erased() is 'Trigger: as keep_payment_erased, for why money went back.';

create trigger payment_cancels_keep_erased
  before insert or update on public.payment_cancels
  for each row when (new.reason is not null)
  execute function toss_private.keep_cancel_erased();

create function toss_private.keep_details_erased()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if toss_private.is_erased_order((select p.order_id from public.payments as p where p.payment_key = new.payment_key)) then
    new.virtual_account := toss_private.without_keys(new.virtual_account, array['accountNumber', 'customerName']);
  end if;
  return new;
end;
$$;

comment on function toss_private.keep_details_erased() is 'Trigger: as keep_payment_erased, for the account that was paid into.';

create trigger payment_details_keep_erased
  before insert or update on toss_private.payment_details
  for each row when (new.virtual_account is not null)
  execute function toss_private.keep_details_erased();

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

-- supabase/schemas/16_operations.sql
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

create function toss_private.keep_operation_erased()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if toss_private.is_erased_order(new.order_id) then
    new.error_message := null;
    new.reason := toss_private.erased_text(new.reason);
    new.answer := toss_private.without_keys(new.answer, array['reason', 'receiptUrl']);
    new.parameters := toss_private.without_keys(new.parameters, toss_private.keys_of_persons());
  end if;
  return new;
end;
$$;

comment on function toss_private.keep_operation_erased() is
  'Trigger: what a request about an erased order was made with goes when it ends; until then Toss is asked with it.';

create trigger operations_keep_erased
  before insert or update on public.operations
  for each row when (
    new.state in ('succeeded', 'rejected') and new.order_id is not null
    and num_nonnulls(new.error_message, new.reason, new.answer, new.parameters) > 0
  )
  execute function toss_private.keep_operation_erased();

create function toss_private.keys_of_persons()
returns text[]
language plpgsql
immutable
set search_path = ''
as $$
begin
  return array[
    'customerName', 'customerEmail', 'customerMobilePhone', 'registrationNumber', 'customerIdentityNumber',
    'escrowProducts', 'accountNumber', 'holderName', 'cardNumber', 'orderName', 'receiptUrl', 'metadata', 'lines',
    'body'
  ];
end;
$$;

comment on function toss_private.keys_of_persons() is 'Under which keys our JSON can name a person, or hold what a person wrote.';

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

-- supabase/schemas/17_operation_ends.sql
-- How an operation ends or goes on: proof, refusal, postponement, and the worker's claim.

-- The next key of an operation keeps its name and counts on, whatever the name was built from.
create function public.postpone_operation(request jsonb)
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
      'payment', toss_private.told_payment(operation.payment_key, request ->> 'source') -> 'payment'
    );
  end if;
  -- Someone else took over after the lease had passed; what this caller learned is older.
  if operation.lease_token <> (request ->> 'leaseToken')::uuid then
    return jsonb_build_object('outcome', 'unknown');
  end if;

  present := toss_private.clock_now();
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
    perform toss_private.write_event(jsonb_build_object(
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

create function public.reject_operation(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  operation public.operations;
  known public.payments;
  audit jsonb;
begin
  select * into operation from public.operations as op where op.id = (request ->> 'operationId')::uuid;
  if not found then
    return jsonb_build_object('outcome', 'operation_not_found');
  end if;
  -- Order first, then operation: the same order of locks as everywhere else.
  perform 1 from public.orders as o where o.id = operation.order_id for update;
  select * into operation from public.operations as op where op.id = operation.id for update;
  select * into known from public.payments as p where p.payment_key = operation.payment_key;

  -- The webhook may have brought the proof of success while this refusal was on its way.
  if operation.state = 'succeeded' or toss_private.is_paid(known) or known.status = 'WAITING_FOR_DEPOSIT' then
    return toss_private.told_payment(operation.payment_key, request ->> 'source');
  end if;
  if operation.state = 'rejected' then
    return jsonb_build_object('outcome', 'rejected', 'errorCode', operation.error_code);
  end if;

  -- Whoever took over after the lease had passed may be asking Toss at this moment.
  if operation.lease_token <> (request ->> 'leaseToken')::uuid then
    return jsonb_build_object('outcome', 'unknown');
  end if;

  audit := jsonb_build_object(
    'source', request ->> 'source', 'orderId', operation.order_id, 'paymentKey', operation.payment_key,
    'operationId', operation.id, 'requestId', request ->> 'requestId'
  );
  update public.operations as op
  set state = 'rejected', finished_at = toss_private.clock_now(), error_code = request ->> 'errorCode',
    error_message = left(request ->> 'errorMessage', 510), is_final = (request ->> 'isFinal')::boolean
  where op.id = operation.id;
  perform toss_private.write_event(audit || jsonb_build_object(
    'event', 'operation_finished', 'to', 'rejected', 'amount', operation.amount,
    'detail', jsonb_build_object('code', request ->> 'errorCode')
  ));

  if request ->> 'paymentStatus' is not null then
    insert into public.payments as p (
      payment_key, order_id, user_id, status, total_amount, balance_amount, currency,
      failure_code, failure_message, applied_at, created_at
    )
    select operation.payment_key, o.id, o.user_id, request ->> 'paymentStatus', o.amount, o.amount,
      o.currency, request ->> 'errorCode', left(request ->> 'errorMessage', 510),
      toss_private.clock_now(), toss_private.clock_now()
    from public.orders as o
    where o.id = operation.order_id
    on conflict (payment_key) do update set
      status = excluded.status, failure_code = excluded.failure_code,
      failure_message = excluded.failure_message, applied_at = excluded.applied_at
      where toss_private.payment_rank(p.status) < toss_private.payment_rank(excluded.status);
    if found then
      perform toss_private.write_event(audit || jsonb_build_object(
        'event', 'payment_status', 'from', known.status, 'to', request ->> 'paymentStatus',
        'amount', operation.amount
      ));
    end if;
  end if;
  return jsonb_build_object('outcome', 'rejected', 'errorCode', request ->> 'errorCode');
end;
$$;

comment on function public.reject_operation(jsonb) is
  'Ends an operation because Toss said no. Changes nothing when the payment has turned out to be paid, or when another caller holds the lease; outcomes: rejected, confirmed, unknown, operation_not_found.';

create function public.claim_operations(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  token constant uuid := (request ->> 'leaseToken')::uuid;
  lease constant interval := make_interval(secs => (request ->> 'leaseSeconds')::double precision);
  due_time constant timestamptz := coalesce((request ->> 'asOf')::timestamptz, toss_private.clock_now());
  operation public.operations;
  claimed jsonb := '[]';
begin
  perform toss_private.take_due_cancel_turns(due_time, (request ->> 'limit')::integer);
  for operation in
    with due as (
      select op.id
      from public.operations as op
      where op.state in ('started', 'unknown') and not op.is_queued
        and op.lease_expires_at <= due_time and op.next_attempt_at <= due_time
      order by op.next_attempt_at
      limit (request ->> 'limit')::integer
      for update skip locked
    )
    update public.operations as op
    set state = 'unknown', lease_token = token, lease_expires_at = toss_private.clock_now() + lease,
      attempts = op.attempts + 1
    from due
    where op.id = due.id
    returning op.*
  loop
    claimed := claimed || toss_private.operation_view(operation);
  end loop;

  return jsonb_build_object(
    'operations', claimed,
    'remaining', (
      select count(*) from public.operations as op
      where op.state in ('started', 'unknown')
        and op.lease_expires_at <= due_time and op.next_attempt_at <= due_time
        and op.lease_token <> token
    )
  );
end;
$$;

comment on function public.claim_operations(jsonb) is
  'Leases up to `limit` open operations whose lease and pause have passed, and of queued cancels the next of each payment. Overlapping workers never get the same row.';

-- supabase/schemas/18_entitlements.sql
-- Which plan a user has access to, and for how long.

create function toss_private.period_boundary(
  anchor timestamptz, unit text, unit_count integer, period_number integer
)
returns timestamptz
language plpgsql
stable
set search_path = ''
as $$
begin
  -- Always from the anchor: 31 January plus one month is 28 February, plus two is 31 March again.
  return ((anchor at time zone 'Asia/Seoul')
    + (unit_count * period_number) * ('1 ' || unit)::interval) at time zone 'Asia/Seoul';
end;
$$;

comment on function toss_private.period_boundary(timestamptz, text, integer, integer) is
  'Start of period n (0 = the anchor itself) for a plan of unit_count day, week, month or year; day and time of day kept in Asia/Seoul, clamped to the month''s length.';

create table public.entitlements (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null,
  plan_id text not null references public.plans (id),
  source text not null,
  order_id text references public.orders (id),
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  revoked_at timestamptz,
  created_at timestamptz not null,
  subscription_id uuid,
  charge_id uuid,
  remaining interval,
  constraint entitlements_source_known check (source in ('order', 'subscription')),
  constraint entitlements_ends_after_start check (ends_at > starts_at),
  constraint entitlements_order_has_id check (source <> 'order' or order_id is not null),
  constraint entitlements_one_per_order unique (order_id),
  constraint entitlements_subscription_has_id check ((source = 'subscription') = (subscription_id is not null)),
  constraint entitlements_charge_of_subscription check (charge_id is null or source = 'subscription'),
  constraint entitlements_one_per_charge unique (charge_id),
  constraint entitlements_remaining_positive check (remaining > interval '0')
);

alter table public.entitlements enable row level security;

comment on table public.entitlements is 'Access that a payment bought. One per paid pass, trial and period of a subscription; revoked when the payment is fully refunded or its deposit reversed.';
comment on column public.entitlements.source is 'order: a one-time pass. subscription: a period of a subscription.';
comment on column public.entitlements.ends_at is 'End of the period, exclusive; months are counted in Asia/Seoul.';
comment on column public.entitlements.revoked_at is 'Access ended at this time although the period was longer.';
comment on column public.entitlements.charge_id is 'The charge that pays for the period; null for a trial. While the charge is open or in its grace, the access is on credit.';
comment on column public.entitlements.remaining is
  'How long a pass was still good when its money was taken back after it had begun; null for a whole one.';
comment on column public.entitlements.user_id is
  'Personal: id; kept.';

create index entitlements_user_id on public.entitlements (user_id, plan_id, ends_at desc);
create index entitlements_plan_id on public.entitlements (plan_id);
create unique index entitlements_one_per_trial on public.entitlements (subscription_id)
  where subscription_id is not null and charge_id is null;
create index entitlements_subscription_id on public.entitlements (subscription_id, ends_at desc)
  where subscription_id is not null;

create policy "users read their own entitlements"
  on public.entitlements for select to authenticated
  using ((select auth.uid()) = user_id);

create function toss_private.span(from_time timestamptz, to_time timestamptz)
returns interval
language plpgsql
immutable
set search_path = ''
as $$
begin
  -- In seconds: a day has another length where the session's clocks change.
  return make_interval(secs => extract(epoch from to_time - from_time)::double precision);
end;
$$;

comment on function toss_private.span(timestamptz, timestamptz) is 'The time between two moments, the same in every time zone.';

create function toss_private.place_passes(owner_id uuid, owned_plan_id text)
returns void
language plpgsql
set search_path = ''
as $$
declare
  pass record;
  next_start timestamptz := toss_private.clock_now();
begin
  -- Passes follow each other: none overlaps another, and none waits for one that was taken back.
  for pass in
    select e.id, e.starts_at, e.ends_at, e.remaining, o.plan_interval, o.plan_interval_count
    from public.entitlements as e
    join public.orders as o on o.id = e.order_id
    where e.user_id = owner_id and e.plan_id = owned_plan_id and e.revoked_at is null
      and e.ends_at > next_start
    order by e.starts_at, e.created_at
  loop
    -- One that has begun keeps its days; the others begin where the one before them ends.
    if pass.starts_at > toss_private.clock_now() or pass.starts_at < next_start and next_start > toss_private.clock_now() then
      pass.ends_at := case when pass.remaining is null
        then toss_private.period_boundary(next_start, pass.plan_interval, pass.plan_interval_count, 1)
        else next_start + pass.remaining end;
      update public.entitlements as e set starts_at = next_start, ends_at = pass.ends_at
      where e.id = pass.id and e.starts_at <> next_start;
    end if;
    next_start := greatest(next_start, pass.ends_at);
  end loop;
end;
$$;

comment on function toss_private.place_passes(uuid, text) is
  'Lines up the passes of one user and plan that are still to be used, each with the time that it has left.';

create function toss_private.set_pass(bought public.orders, is_granted boolean)
returns void
language plpgsql
set search_path = ''
as $$
declare
  present constant timestamptz := toss_private.clock_now();
begin
  if bought.plan_id is null or bought.user_id is null then
    return;
  end if;
  -- Two passes bought at the same time must follow each other, not overlap.
  perform pg_advisory_xact_lock(hashtextextended('entitlement:' || bought.user_id || ':' || bought.plan_id, 0));
  if is_granted then
    insert into public.entitlements as e (user_id, plan_id, source, order_id, starts_at, ends_at, created_at)
    values (
      bought.user_id, bought.plan_id, 'order', bought.id, present,
      toss_private.period_boundary(present, bought.plan_interval, bought.plan_interval_count, 1), present
    )
    -- Its deposit was taken back and has come again: what was used stays used, and nothing of the rest is lost.
    on conflict (order_id) do update
      set revoked_at = null, created_at = excluded.created_at,
        starts_at = case when e.revoked_at < e.ends_at then excluded.starts_at else e.starts_at end,
        ends_at = case
          when e.revoked_at >= e.ends_at then e.ends_at
          when e.revoked_at > e.starts_at then excluded.starts_at + toss_private.span(e.revoked_at, e.ends_at)
          else excluded.starts_at + coalesce(e.remaining, excluded.ends_at - excluded.starts_at) end,
        remaining = case when e.revoked_at > e.starts_at and e.revoked_at < e.ends_at
          then toss_private.span(e.revoked_at, e.ends_at) else e.remaining end
      where e.revoked_at is not null;
  else
    update public.entitlements as e set revoked_at = present
    where e.order_id = bought.id and e.revoked_at is null;
  end if;
  perform toss_private.place_passes(bought.user_id, bought.plan_id);
end;
$$;

comment on function toss_private.set_pass(public.orders, boolean) is
  'Gives or takes the pass that an order bought; a pass bought while another runs begins when that one ends, and one that was taken goes on where it stopped.';

-- supabase/schemas/19_order_hook.sql
-- The shop's own code, called when an order moves: in the same transaction, order per order, until it has succeeded.

create table toss_private.order_hook_calls (
  id bigint generated always as identity primary key,
  order_id text not null references public.orders (id),
  event jsonb not null,
  attempts integer not null default 0,
  last_error text,
  next_attempt_at timestamptz not null,
  created_at timestamptz not null
);

alter table toss_private.order_hook_calls enable row level security;

comment on table toss_private.order_hook_calls is
  'Calls of the shop''s order hook that are owed: the first of an order failed, the others wait for it. One that succeeded has no row.';
comment on column toss_private.order_hook_calls.event is
  'What the hook is called with. Personal: free text; erased.';
comment on column toss_private.order_hook_calls.last_error is
  'What it raised last, cut at 500 characters. Personal: error text; erased.';

create function toss_private.keep_hook_erased()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if toss_private.is_erased_order(new.order_id) then
    new.last_error := '[erased]';
  end if;
  return new;
end;
$$;

comment on function toss_private.keep_hook_erased() is 'Trigger: what the shop''s hook raises about an erased order is not kept.';

create trigger order_hook_calls_keep_erased
  before insert or update on toss_private.order_hook_calls
  for each row when (new.last_error is not null)
  execute function toss_private.keep_hook_erased();

create index order_hook_calls_order_id on toss_private.order_hook_calls (order_id, id);
create index order_hook_calls_next_attempt_at on toss_private.order_hook_calls (next_attempt_at);

create function public.use_order_hook(function_name text)
returns void
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
  perform toss_private.require_shop_function(function_name, 'void'::regtype);
  update toss_private.shop_code as s set order_hook = function_name;
  if function_name is null then
    delete from toss_private.order_hook_calls;
  end if;
end;
$$;

comment on function public.use_order_hook(text) is
  'From now on this function of the shop is called when an order moves: f(jsonb) returns void; null takes it back, and the calls that are owed with it. For the owner of the database alone. docs/own-catalogue.md.';

create function toss_private.order_event(moved public.orders, from_status text)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return jsonb_build_object(
    'orderId', moved.id,
    'reference', moved.reference,
    'userId', moved.user_id,
    'from', from_status,
    'to', moved.status,
    'amount', moved.amount,
    'refundedAmount', coalesce((
      select p.total_amount - p.balance_amount from public.payments as p
      where p.payment_key = moved.payment_key and toss_private.is_paid(p)
    ), 0),
    'paymentKey', moved.payment_key,
    'lines', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'productId', i.product_id, 'name', i.name, 'unitPrice', i.unit_price, 'quantity', i.quantity,
        'taxFree', i.tax_free
      ) order by i.position), '[]')
      from public.order_items as i where i.order_id = moved.id
    ),
    'metadata', moved.metadata
  );
end;
$$;

comment on function toss_private.order_event(public.orders, text) is 'What the shop''s order hook is told of a move.';

create function toss_private.try_order_hook(hook text, event jsonb)
returns text
language plpgsql
volatile
set search_path = ''
as $$
declare
  -- What the caller's client sent is one statement, however many orders it moves.
  statement_began constant text := statement_timestamp()::text;
begin
  -- A statement is cut once; the next slow call in it would be waited for without an end.
  if current_setting('tosspayments.hook_cut_in', true) = statement_began then
    return 'not called: an earlier call of the same statement was cut, and its time was up';
  end if;
  execute format('select %s($1)', hook) using event;
  -- What the shop deferred is checked before it could take our commit with it.
  set constraints all immediate;
  -- A plain set of the shop's would outlive this function, and whoever called it would find the shop's names.
  perform set_config('search_path', '', true);
  return null;
exception
  -- A statement timeout and a failed assert are no "others".
  when others or query_canceled or assert_failure then
    if sqlstate = '57014' then
      perform set_config('tosspayments.hook_cut_in', statement_began, true);
    end if;
    return left(coalesce(nullif(sqlerrm, ''), sqlstate), 500);
end;
$$;

comment on function toss_private.try_order_hook(text, jsonb) is
  'Calls the shop''s hook; what it raised, with all it did undone, or null. After a cut it calls nothing more in the same statement.';

create function toss_private.call_order_hook(moved public.orders, from_status text)
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  hook constant text := (select s.order_hook from toss_private.shop_code as s);
  present constant timestamptz := toss_private.clock_now();
  event jsonb;
  problem text;
begin
  if hook is null then
    return;
  end if;
  event := toss_private.order_event(moved, from_status);
  if not exists (select 1 from toss_private.order_hook_calls as c where c.order_id = moved.id) then
    problem := toss_private.try_order_hook(hook, event);
    if problem is null then
      return;
    end if;
  end if;
  insert into toss_private.order_hook_calls (order_id, event, attempts, last_error, next_attempt_at, created_at)
  values (
    moved.id, event, (problem is not null)::integer, problem, present + interval '1 minute', present
  );
end;
$$;

comment on function toss_private.call_order_hook(public.orders, text) is
  'Tells the shop''s hook of a move, or owes it the call: when it raises, and when an earlier one of the order is owed. The caller holds the order.';

create function toss_private.follow_order()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform toss_private.call_order_hook(new, old.status);
  return null;
end;
$$;

comment on function toss_private.follow_order() is 'Trigger: whatever moves an order, the shop''s hook hears of it.';

create trigger orders_follow
  after update of status on public.orders
  for each row when (old.status is distinct from new.status)
  execute function toss_private.follow_order();

create function toss_private.follow_refund()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  refunded public.orders;
begin
  select * into refunded from public.orders as o
  where o.id = new.order_id and o.payment_key = new.payment_key and o.status = 'partially_refunded';
  if found then
    perform toss_private.call_order_hook(refunded, refunded.status);
  end if;
  return null;
end;
$$;

comment on function toss_private.follow_refund() is
  'Trigger: a further partial refund moves no status, and the shop''s hook hears of it all the same.';

create trigger payments_follow_refund
  after update of balance_amount on public.payments
  for each row when (new.balance_amount < old.balance_amount and new.balance_amount > 0)
  execute function toss_private.follow_refund();

create function public.orders_owed_hooks(request jsonb)
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
  return jsonb_build_object('orderIds', (
    select coalesce(jsonb_agg(due.order_id order by due.since, due.order_id), '[]')
    from (
      select c.order_id, min(c.next_attempt_at) as since from toss_private.order_hook_calls as c
      where c.next_attempt_at <= coalesce((request ->> 'asOf')::timestamptz, toss_private.clock_now())
      group by c.order_id
      order by since, c.order_id
      limit (request ->> 'limit')::integer
    ) as due
  ));
end;
$$;

comment on function public.orders_owed_hooks(jsonb) is
  'The orders for which the shop''s hook is owed calls that are due, the longest waiting first. Keys: limit, asOf.';

create function public.run_order_hooks(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  owing_order_id constant text := request ->> 'orderId';
  hook constant text := (select s.order_hook from toss_private.shop_code as s);
  present constant timestamptz := coalesce((request ->> 'asOf')::timestamptz, toss_private.clock_now());
  owed toss_private.order_hook_calls;
  problem text;
  done integer := 0;
begin
  if hook is null then
    return jsonb_build_object('called', 0, 'failed', 0);
  end if;
  -- The order first, as whoever moves it does; who moves it now calls or owes by itself.
  perform 1 from public.orders as o where o.id = owing_order_id for no key update;
  for owed in select * from toss_private.order_hook_calls as c where c.order_id = owing_order_id order by c.id loop
    problem := toss_private.try_order_hook(hook, owed.event);
    if problem is not null then
      -- The later ones wait as long.
      update toss_private.order_hook_calls as c
      set attempts = c.attempts + (c.id = owed.id)::integer,
        last_error = case when c.id = owed.id then problem else c.last_error end,
        next_attempt_at = present + least(interval '1 minute' * 2 ^ least(owed.attempts, 6), interval '1 hour')
      where c.order_id = owing_order_id;
      return jsonb_build_object('called', done, 'failed', 1);
    end if;
    delete from toss_private.order_hook_calls as c where c.id = owed.id;
    done := done + 1;
  end loop;
  return jsonb_build_object('called', done, 'failed', 0);
end;
$$;

comment on function public.run_order_hooks(jsonb) is
  'Calls the shop''s hook with what one order is owed, in its order, due or not, until one call fails. One order a call, so that each has a statement''s time of its own. Keys: orderId, asOf.';

create view toss_private.hook_alerts
with (security_invoker = true)
as
select 'warning' as level, 'hook_failed' as alert, c.order_id as subject,
  format('%s call(s) of the order hook are owed; it raised: %s', count(*), min(c.last_error)) as detail,
  min(c.created_at) as since
from toss_private.order_hook_calls as c
group by c.order_id;

comment on view toss_private.hook_alerts is 'Orders whose moves the shop''s own hook has not taken; npx -y deno task toss replay --hook <orderId>.';

-- supabase/schemas/20_confirm.sql
-- Confirming a payment, and what becomes of an order that nobody pays.

create function public.begin_confirmation(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  asked_key constant text := request ->> 'paymentKey';
  asked_amount constant bigint := (request ->> 'amount')::bigint;
  token constant uuid := (request ->> 'leaseToken')::uuid;
  lease constant interval := make_interval(secs => (request ->> 'leaseSeconds')::double precision);
  present timestamptz;
  buying public.orders;
  known public.payments;
  operation public.operations;
  wait_seconds integer;
  refusals bigint;
  has_begun boolean;
begin
  perform toss_private.require_real_time(request ->> 'mode');
  select * into buying from public.orders as o where o.id = request ->> 'orderId' for update;
  if not found then
    return jsonb_build_object('outcome', 'order_not_found');
  end if;
  present := toss_private.clock_now();
  refusals := toss_private.order_refusals_of(buying.id);
  has_begun := exists (select 1 from public.operations as op where op.order_id = buying.id);

  -- Whoever tries amounts learns no more by it, not even when one is right; only who brings the order's own payment
  -- does.
  if buying.payment_key is distinct from asked_key and refusals >= 20 and not exists (
    select 1 from public.operations as op
    where op.order_id = buying.id and op.payment_key = asked_key
  ) then
    return jsonb_build_object('outcome', 'order_closed');
  end if;
  if asked_amount <> buying.amount then
    if refusals >= 20 then
      return jsonb_build_object('outcome', 'order_closed');
    end if;
    -- One line and a count: the log is one that nobody may delete from.
    if toss_private.count_order_refusal(buying.id, 'amount_mismatch', present) = 1 then
      perform toss_private.write_event(jsonb_build_object(
        'event', 'amount_mismatch', 'source', 'confirm', 'orderId', buying.id, 'paymentKey', asked_key,
        'amount', asked_amount, 'requestId', request ->> 'requestId',
        'detail', jsonb_build_object('orderAmount', buying.amount)
      ));
    end if;
    return jsonb_build_object('outcome', 'amount_mismatch');
  end if;

  select * into known from public.payments as p where p.payment_key = asked_key;
  if found and known.order_id <> buying.id then
    return jsonb_build_object('outcome', 'payment_of_another_order');
  end if;
  if known.status in ('WAITING_FOR_DEPOSIT', 'DONE', 'PARTIAL_CANCELED') or known.approved_at is not null then
    -- Toss may hold money of a second payment; it pays nothing here.
    if buying.payment_key is distinct from asked_key then
      return jsonb_build_object('outcome', 'already_confirmed');
    end if;
    return toss_private.told_payment(asked_key, 'confirm');
  end if;

  if has_begun then
    select * into operation from public.operations as op
    where op.order_id = buying.id and op.kind in ('confirm', 'virtual_account') and op.state in ('started', 'unknown')
    for update;
  end if;
  if operation.id is not null then
    if operation.kind <> 'confirm' or operation.payment_key <> asked_key then
      return jsonb_build_object('outcome', 'operation_in_progress');
    end if;
    -- The network delivered this very request twice (Deno's fetch may do so): same answer again.
    if operation.lease_token = token then
      return jsonb_build_object('outcome', 'proceed', 'operation', toss_private.operation_view(operation));
    end if;
    if operation.lease_expires_at > present or operation.next_attempt_at > present then
      return jsonb_build_object('outcome', 'processing');
    end if;
    update public.operations as op
    set state = 'unknown', lease_token = token, lease_expires_at = present + lease,
      attempts = op.attempts + 1
    where op.id = operation.id
    returning * into operation;
    return jsonb_build_object('outcome', 'resolve', 'operation', toss_private.operation_view(operation));
  end if;

  if has_begun then
    select * into operation from public.operations as op
    where op.order_id = buying.id and op.payment_key = asked_key and op.kind = 'confirm' and op.state = 'rejected'
      and op.is_final
    order by op.created_at desc
    limit 1;
  end if;
  if operation.id is not null then
    return jsonb_build_object(
      'outcome', 'rejected', 'errorCode', operation.error_code, 'errorMessage', operation.error_message
    );
  end if;

  if buying.status in ('paid', 'partially_refunded', 'refunded', 'waiting_for_deposit') then
    if toss_private.count_order_refusal(buying.id, 'second_payment_refused', present) > 1 then
      return jsonb_build_object('outcome', 'already_confirmed');
    end if;
    perform toss_private.write_event(jsonb_build_object(
      'event', 'second_payment_refused', 'source', 'confirm', 'orderId', buying.id,
      'paymentKey', asked_key, 'amount', asked_amount, 'requestId', request ->> 'requestId'
    ));
    return jsonb_build_object('outcome', 'already_confirmed');
  end if;
  if known.status in ('ABORTED', 'EXPIRED', 'CANCELED') then
    return jsonb_build_object(
      'outcome', 'rejected', 'errorMessage', known.failure_message,
      'errorCode', coalesce(known.failure_code, known.status || '_PAYMENT')
    );
  end if;
  -- No buyer is declined this often; whoever invents payment keys spends a quota that others need.
  if refusals >= 20 then
    return jsonb_build_object('outcome', 'order_closed');
  end if;
  if buying.status <> 'pending' or buying.expires_at <= present then
    perform toss_private.expire_order(buying.id, present, 'confirm');
    return jsonb_build_object('outcome', 'order_closed');
  end if;

  wait_seconds := toss_private.caller_brake_seconds(request ->> 'caller', present);
  if wait_seconds is not null then
    return jsonb_build_object('outcome', 'too_many_attempts', 'retryAfterSeconds', wait_seconds);
  end if;

  insert into public.operations (
    id, kind, idempotency_key, key_created_at, order_id, payment_key, amount, currency,
    lease_token, lease_expires_at, next_attempt_at, created_at
  )
  select gen_random_uuid(), 'confirm',
    toss_private.idempotency_key('confirm', count(*), buying.id, asked_key), present, buying.id, asked_key, buying.amount,
    buying.currency, token, present + lease, present, present
  from public.operations as op
  where op.order_id = buying.id and op.payment_key = asked_key and op.kind = 'confirm'
  returning * into operation;
  perform toss_private.write_event(jsonb_build_object(
    'event', 'operation_started', 'source', 'confirm', 'orderId', buying.id, 'paymentKey', asked_key,
    'operationId', operation.id, 'amount', buying.amount, 'requestId', request ->> 'requestId'
  ));
  return jsonb_build_object('outcome', 'proceed', 'operation', toss_private.operation_view(operation));
end;
$$;

comment on function public.begin_confirmation(jsonb) is
  'Checks paymentKey, orderId and amount against the order and, when Toss may be asked, writes the operation. Outcomes: proceed, resolve (ask Toss first: an earlier attempt got no proof), processing, confirmed, rejected, already_confirmed, operation_in_progress, amount_mismatch, payment_of_another_order, order_closed, order_not_found, too_many_attempts (retryAfterSeconds: the caller brings payments that Toss does not know).';

create function toss_private.expire_order(expiring_order_id text, at timestamptz, event_source text)
returns boolean
language plpgsql
set search_path = ''
as $$
declare
  expiring public.orders;
begin
  select * into expiring from public.orders as o where o.id = expiring_order_id for update;
  if not found or expiring.status <> 'pending' or expiring.expires_at > at then
    return false;
  end if;
  -- An open operation may still turn out to be a payment.
  if exists (
    select 1 from public.operations as op
    where op.order_id = expiring.id and op.state in ('started', 'unknown')
  ) then
    return false;
  end if;

  update public.orders set status = 'expired', updated_at = toss_private.clock_now() where id = expiring.id;
  perform toss_private.release_stock(expiring.id);
  perform toss_private.write_event(jsonb_build_object(
    'event', 'order_status', 'source', event_source, 'orderId', expiring.id,
    'from', expiring.status, 'to', 'expired', 'amount', expiring.amount
  ));
  return true;
end;
$$;

comment on function toss_private.expire_order(text, timestamptz, text) is
  'Gives up a pending order whose time has passed at the given time and returns its stock. False when there was nothing to do or an operation is open.';

create function toss_private.expire_overdue_orders(overdue_order_ids text[], at timestamptz, event_source text)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  overdue_order_id text;
  expired_count integer := 0;
begin
  perform toss_private.lock_products(toss_private.products_of(overdue_order_ids));
  foreach overdue_order_id in array overdue_order_ids loop
    expired_count := expired_count + toss_private.expire_order(overdue_order_id, at, event_source)::integer;
  end loop;
  return expired_count;
end;
$$;

comment on function toss_private.expire_overdue_orders(text[], timestamptz, text) is
  'Gives up several orders whose rows the caller has locked; how many it was.';

create function public.expire_orders(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  due_time constant timestamptz := coalesce((request ->> 'asOf')::timestamptz, toss_private.clock_now());
  overdue_order_ids text[];
  expired_count integer;
begin
  with overdue as (
    select o.id
    from public.orders as o
    where o.status = 'pending' and o.expires_at <= due_time
      and not exists (
        select 1 from public.operations as op
        where op.order_id = o.id and op.state in ('started', 'unknown')
      )
    order by o.expires_at
    limit (request ->> 'limit')::integer
    for update of o skip locked
  )
  select array_agg(overdue.id) into overdue_order_ids from overdue;
  expired_count := toss_private.expire_overdue_orders(coalesce(overdue_order_ids, '{}'), due_time, 'expiry');

  -- A statement of its own: the one that gives them up does not see it yet.
  return jsonb_build_object('expired', expired_count, 'remaining', (
    select count(*) from public.orders as o where o.status = 'pending' and o.expires_at <= due_time
      and not exists (
        select 1 from public.operations as op
        where op.order_id = o.id and op.state in ('started', 'unknown')
      )
  ));
end;
$$;

comment on function public.expire_orders(jsonb) is
  'Gives up pending orders whose time has passed and returns their stock; never while an operation of the order is open. Says how many remain.';

create function toss_private.free_overdue_stock(wanting_order_id text)
returns void
language plpgsql
set search_path = ''
as $$
declare
  present constant timestamptz := toss_private.clock_now();
  short_product_ids text[];
  missing bigint[];
  overdue_order_ids text[] := '{}';
  overdue_order_id text;
begin
  select array_agg(i.product_id order by i.product_id), array_agg(i.quantity - p.stock order by i.product_id)
  into short_product_ids, missing
  from public.order_items as i
  join public.products as p on p.id = i.product_id
  where i.order_id = wanting_order_id and i.takes_stock and p.stock < i.quantity;
  if short_product_ids is null then
    return;
  end if;

  for overdue_order_id in
    select o.id
    from public.orders as o
    where o.status = 'pending' and o.expires_at <= present
      and exists (
        select 1 from public.order_items as i
        where i.order_id = o.id and i.takes_stock and i.product_id = any (short_product_ids)
      )
      -- An open operation may still turn out to be a payment.
      and not exists (
        select 1 from public.operations as op where op.order_id = o.id and op.state in ('started', 'unknown')
      )
    order by o.expires_at
    for update of o skip locked
  loop
    overdue_order_ids := overdue_order_ids || overdue_order_id;
    select array_agg(m.still - coalesce(i.quantity, 0) order by m.product_id) into missing
    from unnest(short_product_ids, missing) as m (product_id, still)
    left join public.order_items as i
      on i.order_id = overdue_order_id and i.takes_stock and i.product_id = m.product_id;
    -- Some more than are missing, because others take from the same stock at this moment.
    exit when cardinality(overdue_order_ids) >= 50 and 0 >= all (missing);
  end loop;
  -- All products of all these orders at once, so that two checkouts cannot take them in crossing order.
  perform toss_private.lock_products(toss_private.products_of(overdue_order_ids || wanting_order_id));
  perform toss_private.expire_overdue_orders(overdue_order_ids, present, 'checkout');
end;
$$;

comment on function toss_private.free_overdue_stock(text) is
  'Lets a buyer have stock that only overdue orders still hold, without waiting for the expiry job.';

-- supabase/schemas/21_virtual_account.sql
-- Issuing a virtual account, and its deposit's deadline.

create function toss_private.account_parameters(buying public.orders, request jsonb)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return jsonb_strip_nulls(jsonb_build_object(
    'bank', request ->> 'bank', 'customerName', request ->> 'customerName',
    'validHours', (request ->> 'validHours')::integer, 'escrow', request -> 'escrow',
    'escrowProducts', case when (request ->> 'escrow')::boolean then coalesce(request -> 'escrowProducts', (
      select jsonb_agg(jsonb_build_object(
        'id', i.position::text, 'name', left(i.name, 100), 'code', coalesce(i.product_id, i.position::text),
        'unitPrice', i.unit_price, 'quantity', i.quantity
      ) order by i.position)
      from public.order_items as i where i.order_id = buying.id
    )) end,
    'customerEmail', request ->> 'customerEmail', 'customerMobilePhone', request ->> 'customerMobilePhone',
    'cashReceiptType', request ->> 'cashReceiptType'
  ));
end;
$$;

comment on function toss_private.account_parameters(public.orders, jsonb) is
  'What an account is asked for with; under escrow the order''s own lines are named unless others are.';

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
  perform toss_private.require_real_time(request ->> 'mode');

  select * into buying from public.orders as o where o.id = request ->> 'orderId' for update;
  -- A guest's order belongs to whoever holds its id, a user's to that user alone.
  if not found or (buying.user_id is not null and buying.user_id::text is distinct from request ->> 'userId') then
    return jsonb_build_object('outcome', 'order_not_found');
  end if;
  present := toss_private.clock_now();

  select * into operation from public.operations as op
  where op.order_id = buying.id and op.kind in ('confirm', 'virtual_account') and op.state in ('started', 'unknown')
  for update;
  if found then
    if operation.kind = 'confirm' then
      return jsonb_build_object('outcome', 'operation_in_progress');
    end if;
    -- The network delivered this very request twice (Deno's fetch may do so): same answer again.
    if operation.lease_token = token then
      return jsonb_build_object('outcome', 'proceed', 'operation', toss_private.operation_view(operation));
    end if;
    if operation.lease_expires_at > present or operation.next_attempt_at > present then
      return jsonb_build_object('outcome', 'processing');
    end if;
    update public.operations as op
    set state = 'unknown', lease_token = token, lease_expires_at = present + lease, attempts = op.attempts + 1
    where op.id = operation.id
    returning * into operation;
    return jsonb_build_object('outcome', 'resolve', 'operation', toss_private.operation_view(operation));
  end if;

  if buying.status = 'waiting_for_deposit' then
    select * into waiting from public.payments as p where p.payment_key = buying.payment_key;
    -- Toss tells nobody of a deadline; the worker asks soon.
    if toss_private.deposit_deadline(waiting) <= present then
      return jsonb_build_object('outcome', 'order_closed');
    end if;
    return jsonb_build_object('outcome', 'issued', 'payment', toss_private.payment_view(waiting));
  end if;
  if buying.status in ('paid', 'partially_refunded', 'refunded') then
    return jsonb_build_object('outcome', 'already_confirmed');
  end if;
  -- No buyer is refused this often; whoever tries on spends a quota that others need.
  if toss_private.order_refusals_of(buying.id) >= 20 then
    return jsonb_build_object('outcome', 'order_closed');
  end if;
  if buying.status <> 'pending' or buying.expires_at <= present then
    perform toss_private.expire_order(buying.id, present, 'virtual_account');
    return jsonb_build_object('outcome', 'order_closed');
  end if;

  -- An account is none of the widget's, and Toss is asked about all payments of an order with one pair.
  if not toss_private.has_payment_begun(buying.id) then
    update public.orders as o
    set toss_keys = 'main', toss_client_key = request ->> 'tossClientKey', updated_at = present
    where o.id = buying.id
      and (o.toss_keys, o.toss_client_key) is distinct from ('main', request ->> 'tossClientKey');
  elsif buying.toss_keys <> 'main' then
    return jsonb_build_object('outcome', 'other_keys');
  end if;

  insert into public.operations (
    id, kind, idempotency_key, key_created_at, order_id, amount, currency, parameters,
    lease_token, lease_expires_at, next_attempt_at, created_at
  )
  select coalesce((request ->> 'operationId')::uuid, gen_random_uuid()), 'virtual_account',
    toss_private.idempotency_key('virtual_account', count(*), buying.id), present, buying.id, buying.amount,
    buying.currency, toss_private.account_parameters(buying, request), token, present + lease, present, present
  from public.operations as op
  where op.order_id = buying.id and op.kind = 'virtual_account'
  returning * into operation;
  if request ? 'secret' then
    insert into toss_private.operation_secrets (operation_id, key_id, ciphertext)
    values (operation.id, request -> 'secret' ->> 'keyId', request -> 'secret' ->> 'ciphertext');
  end if;
  perform toss_private.write_event(jsonb_build_object(
    'event', 'operation_started', 'source', 'virtual_account', 'orderId', buying.id, 'operationId', operation.id,
    'amount', buying.amount, 'requestId', request ->> 'requestId'
  ));
  return jsonb_build_object('outcome', 'proceed', 'operation', toss_private.operation_view(operation));
end;
$$;

comment on function public.begin_virtual_account(jsonb) is
  'Checks whether an order may get a virtual account and, when Toss may be asked, writes the operation. An order has one account at most: a repeat gets the same. Outcomes: proceed, resolve (ask Toss first: an earlier attempt got no proof), processing, issued, already_confirmed, operation_in_progress, other_keys (a payment has begun with the widget''s keys), order_closed, order_not_found.';

create function toss_private.deposit_deadline(payment public.payments)
returns timestamptz
language plpgsql
stable
set search_path = ''
as $$
begin
  -- Toss's own; else the hours that we asked for; else those that Toss gives by itself (validHours).
  return coalesce(
    (
      select (d.virtual_account ->> 'dueDate')::timestamptz from toss_private.payment_details as d
      where d.payment_key = payment.payment_key
    ),
    (
      -- Toss counts them from its issue, which a repeat makes long after the operation was begun.
      select coalesce(payment.requested_at, op.created_at)
        + make_interval(hours => (op.parameters ->> 'validHours')::integer)
      from public.operations as op
      where op.order_id = payment.order_id and op.kind = 'virtual_account' and op.state <> 'rejected'
        and coalesce(op.payment_key, payment.payment_key) = payment.payment_key
      order by op.created_at
      limit 1
    ),
    coalesce(payment.requested_at, payment.created_at) + interval '168 hours'
  );
end;
$$;

comment on function toss_private.deposit_deadline(public.payments) is
  'Until when a deposit is waited for: as Toss says, else as was asked for, else after seven days.';

create function toss_private.deposit_is_over(payment public.payments, asked_time timestamptz)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  -- Half an hour for a transfer made in the last minute, and for clocks that differ.
  return exists (
    select 1 from toss_private.payment_details as d
    where d.payment_key = payment.payment_key and d.virtual_account ->> 'expired' = 'true'
  ) or coalesce(asked_time >= toss_private.deposit_deadline(payment) + interval '30 minutes', false);
end;
$$;

comment on function toss_private.deposit_is_over(public.payments, timestamptz) is
  'Whether an answer of Toss about an account that still waits was its last word: it calls the account expired, or was asked half an hour after the deadline.';

create function toss_private.note_far_deadline(
  known public.payments, stored public.payments, deposit_hours jsonb, audit jsonb
)
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  longest constant integer := (
    deposit_hours ->> case when stored.user_id is null then 'guest' else 'user' end
  )::integer;
  due_at timestamptz;
begin
  if longest is null or stored.status <> 'WAITING_FOR_DEPOSIT' or known.status = 'WAITING_FOR_DEPOSIT' then
    return;
  end if;
  due_at := toss_private.deposit_deadline(stored);
  -- An hour for the time between the issue and its confirm, and for clocks that differ. What was issued here was
  -- judged when it was asked for, and a deposit that a bank took back has been waited for already.
  if due_at <= toss_private.clock_now() + make_interval(hours => longest + 1) or known.status = 'DONE'
    or exists (
      select 1 from public.operations as op
      where op.order_id = stored.order_id and op.kind = 'virtual_account' and op.state <> 'rejected'
    )
  then
    return;
  end if;
  perform toss_private.write_event(audit || jsonb_build_object(
    'event', 'deadline_far', 'amount', stored.total_amount,
    'detail', jsonb_build_object('dueAt', due_at, 'longestHours', longest)
  ));
end;
$$;

comment on function toss_private.note_far_deadline(public.payments, public.payments, jsonb, jsonb) is
  'Notes that the payment window issued an account with a later deadline than the shop allows; the account stands, because its buyer has the number.';

create function toss_private.announce_expired_account(
  ended public.orders, payment public.payments, audit jsonb
)
returns void
language plpgsql
set search_path = ''
as $$
begin
  perform toss_private.write_outbox_event(jsonb_build_object(
    'eventType', 'virtual_account.expired', 'subject', ended.id, 'payload', jsonb_strip_nulls(jsonb_build_object(
      'orderId', ended.id, 'paymentKey', payment.payment_key, 'userId', ended.user_id, 'amount', ended.amount,
      'currency', ended.currency, 'source', audit ->> 'source', 'orderStatus', 'expired',
      'dueDate', toss_private.deposit_deadline(payment)
    ))
  ));
end;
$$;

comment on function toss_private.announce_expired_account(public.orders, public.payments, jsonb) is
  'Writes the outbox event of a deposit that did not come.';

-- supabase/schemas/22_cancel_turns.sql
-- Refunds of one payment go to Toss one at a time; together they stay within the balance.

create function toss_private.cancel_parameters(operation public.operations)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  -- A cancel gives back taxed money first; only what exceeds it must be tax-free, and the last one takes all.
  return (
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
        from toss_private.operation_secrets as s where s.operation_id = operation.id
      )
    )
    from public.payments as p where p.payment_key = operation.payment_key
  );
end;
$$;

comment on function toss_private.cancel_parameters(public.operations) is
  'What a cancel sends with its current key. isAll: all of an untouched payment.';

create function toss_private.cancel_view(viewed_payment_key text)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select jsonb_build_object(
      'status', case
        when p.status = 'CANCELED' and not toss_private.is_paid(p) then 'canceled'
        when p.balance_amount = 0 then 'refunded'
        else 'partially_refunded' end,
      'orderId', p.order_id,
      'paymentKey', p.payment_key,
      'canceledAmount', p.total_amount - p.balance_amount,
      'balanceAmount', p.balance_amount,
      'cancels', coalesce((
        select jsonb_agg(
          jsonb_build_object(
            'transactionKey', k.transaction_key, 'amount', k.amount, 'reason', k.reason,
            'canceledAt', k.canceled_at
          )
          order by k.canceled_at, k.refundable_amount desc, k.created_at, k.transaction_key
        )
        from public.payment_cancels as k where k.payment_key = p.payment_key and k.status <> 'ABORTED'
      ), '[]')
    )
    from public.payments as p where p.payment_key = viewed_payment_key
  );
end;
$$;

comment on function toss_private.cancel_view(text) is
  'What cancel answers: everything cancelled so far and what is left. The status is the order''s, as this payment alone makes it.';

create function toss_private.end_cancel(ended public.operations, made_transaction_key text, audit jsonb)
returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.operations as op
  set state = 'succeeded', finished_at = toss_private.clock_now(), is_final = true, error_code = null,
    error_message = null, canceled_transaction_key = made_transaction_key,
    answer = toss_private.cancel_view(ended.payment_key)
  where op.id = ended.id;
  perform toss_private.write_event(audit || jsonb_build_object(
    'event', 'operation_finished', 'orderId', ended.order_id, 'operationId', ended.id, 'to', 'succeeded',
    'amount', ended.amount, 'detail', jsonb_build_object(
      'transactionKey', made_transaction_key, 'requestedBy', ended.requested_by, 'reason', ended.reason
    )
  ));
end;
$$;

comment on function toss_private.end_cancel(public.operations, text, jsonb) is
  'Ends a cancel whose entry in Toss''s answer is known, and keeps what it answers on every repeat.';

create function toss_private.refuse_cancel(refused public.operations, refusal jsonb, audit jsonb)
returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.operations as op
  set state = 'rejected', finished_at = toss_private.clock_now(), error_code = refusal ->> 'errorCode',
    error_message = left(refusal ->> 'errorMessage', 510), is_final = (refusal ->> 'isFinal')::boolean
  where op.id = refused.id;
  perform toss_private.write_event(audit || jsonb_build_object(
    'event', 'operation_finished', 'orderId', refused.order_id, 'paymentKey', refused.payment_key,
    'operationId', refused.id, 'to', 'rejected', 'amount', refused.amount, 'detail', jsonb_build_object(
      'code', refusal ->> 'errorCode', 'requestedBy', refused.requested_by, 'reason', refused.reason
    )
  ));
end;
$$;

comment on function toss_private.refuse_cancel(public.operations, jsonb, jsonb) is
  'Ends a cancel that took nothing. Keys of the refusal: errorCode, errorMessage, isFinal (false: the same requestId may be used again).';

create function toss_private.take_cancel_turn(waiting public.operations, lease interval, at timestamptz)
returns public.operations
language plpgsql
set search_path = ''
as $$
declare
  payment public.payments;
  taken public.operations;
  room bigint;
begin
  if exists (
    select 1 from public.operations as op
    where op.payment_key = waiting.payment_key and op.kind = 'cancel' and op.id <> waiting.id
      and op.state in ('started', 'unknown')
      -- First come, first served; a waiting caller that is gone holds up nobody.
      and (not op.is_queued
        or (op.lease_expires_at > at and (op.created_at, op.id) < (waiting.created_at, waiting.id)))
  ) then
    return null;
  end if;
  select * into payment from public.payments as p where p.payment_key = waiting.payment_key;
  room := payment.balance_amount - payment.reserved_amount + waiting.reserved_amount;
  update public.operations as op
  set is_queued = false, lease_expires_at = at + lease, key_created_at = at,
    -- Everything left is more than it was when another cancel gave its claim back meanwhile.
    amount = case when op.cancel_all then room else op.amount end,
    reserved_amount = case when op.cancel_all then room else op.reserved_amount end,
    expected_balance = payment.balance_amount, expected_tax_free = payment.tax_free_amount
  where op.id = waiting.id
  returning * into taken;
  return taken;
end;
$$;

comment on function toss_private.take_cancel_turn(public.operations, interval, timestamptz) is
  'Lets a queued cancel go to Toss when no other of its payment is there and none waits longer; null when it has to wait.';

create function toss_private.fit_reservations(fitted_payment_key text, new_balance bigint, audit jsonb)
returns void
language plpgsql
set search_path = ''
as $$
declare
  claim public.operations;
  room bigint := new_balance;
begin
  for claim in
    select * from public.operations as op
    where op.payment_key = fitted_payment_key and op.kind = 'cancel' and op.state in ('started', 'unknown')
    order by op.is_queued, op.created_at, op.id
    for update
  loop
    if claim.amount > room and not claim.cancel_all or claim.is_queued and room = 0 then
      if claim.is_queued then
        perform toss_private.refuse_cancel(claim, jsonb_build_object(
          'errorCode', 'CANCEL_AMOUNT_EXCEEDS_BALANCE', 'isFinal', true,
          'errorMessage', 'Another refund left less than this one asks for.'
        ), audit);
      else
        -- At Toss, which compares refundableAmount and refuses it: it can take nothing any more, so it keeps nothing
        -- from those that wait. Its end is Toss's to tell.
        update public.operations as op set reserved_amount = 0 where op.id = claim.id;
      end if;
    elsif claim.reserved_amount > room then
      update public.operations as op
      set reserved_amount = room, amount = case when op.is_queued then room else op.amount end
      where op.id = claim.id;
      room := 0;
    else
      room := room - claim.reserved_amount;
    end if;
  end loop;
end;
$$;

comment on function toss_private.fit_reservations(text, bigint, jsonb) is
  'Lowers or ends claims on a balance before the balance falls below them, in the order in which they would be sent. What can no longer be refunded as it was asked for claims nothing.';

create function toss_private.take_due_cancel_turns(due_time timestamptz, wanted integer)
returns void
language plpgsql
set search_path = ''
as $$
declare
  waiting public.operations;
begin
  for waiting in
    select op.*
    from public.operations as op
    where op.id in (
      select distinct on (due.payment_key) due.id
      from public.operations as due
      where due.is_queued and due.state in ('started', 'unknown') and due.lease_expires_at <= due_time
        and not exists (
          select 1 from public.operations as other
          where other.payment_key = due.payment_key and other.kind = 'cancel' and not other.is_queued
            and other.state in ('started', 'unknown')
        )
      order by due.payment_key, due.created_at, due.id
    )
    order by op.created_at
    limit wanted
  loop
    -- Who holds the order decides about the same turn at this moment.
    perform 1 from public.orders as o where o.id = waiting.order_id for update skip locked;
    continue when not found;
    select * into waiting from public.operations as op
    where op.id = waiting.id and op.is_queued and op.state in ('started', 'unknown')
      and op.lease_expires_at <= due_time
    for update skip locked;
    continue when not found;
    perform toss_private.take_cancel_turn(waiting, interval '0', due_time);
  end loop;
end;
$$;

comment on function toss_private.take_due_cancel_turns(timestamptz, integer) is
  'Gives the turn to the oldest queued cancel of each payment that has none at Toss, when its caller is gone.';

-- supabase/schemas/23_cancel_begin.sql
-- A refund is asked for: who may, how much is left, and the same answer to the same request.

create function toss_private.is_under_escrow(payment public.payments)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return coalesce(payment.use_escrow, exists (
    select 1 from public.operations as op
    where op.order_id = payment.order_id and op.kind = 'virtual_account' and op.payment_key = payment.payment_key
      and op.parameters ->> 'escrow' = 'true'
  ));
end;
$$;

comment on function toss_private.is_under_escrow(public.payments) is
  'Whether a payment is under escrow: as Toss has told, else as its account was asked for. Once its delivery is registered, Toss gives back all of it or nothing.';

create function toss_private.cancel_refusal(payment public.payments, request jsonb)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
declare
  available constant bigint := payment.balance_amount - payment.reserved_amount;
  wanted constant bigint := coalesce((request ->> 'cancelAmount')::bigint, available);
  is_waiting constant boolean := payment.status = 'WAITING_FOR_DEPOSIT';
  -- Null where Toss's answers have not told; then whoever asks may know, and Toss judges.
  is_account constant boolean := toss_private.takes_refund_account(payment.method, payment.payment_key);
  tax_free bigint;
  tax_free_left bigint;
begin
  if request ? 'secret' and (is_waiting or is_account is false) then
    return jsonb_build_object('outcome', 'account_not_taken');
  end if;
  if available = 0 or wanted > available then
    return jsonb_build_object('outcome', 'exceeds_balance', 'availableAmount', available);
  end if;
  if is_waiting and wanted < payment.total_amount then
    return jsonb_build_object('outcome', 'partial_before_deposit');
  end if;
  if wanted < payment.balance_amount and toss_private.is_under_escrow(payment) then
    return jsonb_build_object('outcome', 'partial_not_possible');
  end if;
  if is_account and not is_waiting and not request ? 'secret' then
    return jsonb_build_object('outcome', 'account_required');
  end if;

  tax_free_left := payment.tax_free_amount - (
    select coalesce(sum(op.tax_free_amount), 0) from public.operations as op
    where op.payment_key = payment.payment_key and op.kind = 'cancel' and op.state in ('started', 'unknown')
  );
  tax_free := (request ->> 'taxFreeAmount')::bigint;
  -- Neither the tax-free part nor the taxed rest can give back more than it holds.
  if tax_free > least(wanted, tax_free_left) or wanted - tax_free > available - tax_free_left then
    return jsonb_build_object(
      'outcome', 'tax_free_amount_out_of_range', 'leastAmount', greatest(0, wanted - (available - tax_free_left)),
      'greatestAmount', greatest(0, least(wanted, tax_free_left))
    );
  end if;
  return null;
end;
$$;

comment on function toss_private.cancel_refusal(public.payments, jsonb) is
  'Why a cancel is not possible, decided without Toss; null when it is.';

create function toss_private.cancel_key(canceled_payment_key text, cancel_request_id text)
returns text
language plpgsql
stable
set search_path = ''
as $$
begin
  return toss_private.idempotency_key('cancel', (
    select count(*) from public.operations as op
    where op.payment_key = canceled_payment_key and op.kind = 'cancel' and op.request_id = cancel_request_id
  ), canceled_payment_key, cancel_request_id);
end;
$$;

comment on function toss_private.cancel_key(text, text) is
  'The Idempotency-Key of a cancel: it follows from the payment and the caller''s requestId.';

create function toss_private.continue_cancel(begun public.operations, request jsonb, at timestamptz)
returns jsonb
language plpgsql
volatile
set search_path = ''
as $$
declare
  token constant uuid := (request ->> 'leaseToken')::uuid;
  lease constant interval := make_interval(secs => (request ->> 'leaseSeconds')::double precision);
  turn public.operations;
begin
  -- Without a digest comes who goes on with what the database itself has begun.
  if request ? 'requestDigests' and not request -> 'requestDigests' ? begun.request_digest then
    return jsonb_build_object('outcome', 'request_differs');
  end if;
  if begun.state = 'succeeded' then
    return jsonb_build_object('outcome', 'succeeded', 'cancel', begun.answer);
  end if;
  if begun.state = 'rejected' then
    return jsonb_build_object(
      'outcome', 'rejected', 'errorCode', begun.error_code, 'errorMessage', begun.error_message
    );
  end if;

  if begun.is_queued then
    if begun.lease_token <> token and begun.lease_expires_at > at then
      return jsonb_build_object('outcome', 'processing', 'orderId', begun.order_id);
    end if;
    -- Who waits says so again and again; five seconds of silence mean that the caller is gone.
    update public.operations as op
    set lease_token = token, lease_expires_at = at + interval '5 seconds'
    where op.id = begun.id
    returning * into begun;
    turn := toss_private.take_cancel_turn(begun, lease, at);
    return case when turn.id is null
      then jsonb_build_object('outcome', 'processing', 'orderId', begun.order_id)
      else jsonb_build_object('outcome', 'proceed', 'operation', toss_private.operation_view(turn)) end;
  end if;

  -- The network delivered this very request twice (Deno's fetch may do so): same answer again.
  if begun.lease_token = token then
    return jsonb_build_object('outcome', 'proceed', 'operation', toss_private.operation_view(begun));
  end if;
  if begun.lease_expires_at > at or begun.next_attempt_at > at then
    return jsonb_build_object('outcome', 'processing', 'orderId', begun.order_id);
  end if;
  update public.operations as op
  set state = 'unknown', lease_token = token, lease_expires_at = at + lease, attempts = op.attempts + 1
  where op.id = begun.id
  returning * into begun;
  return jsonb_build_object('outcome', 'resolve', 'operation', toss_private.operation_view(begun));
end;
$$;

comment on function toss_private.continue_cancel(public.operations, jsonb, timestamptz) is
  'What a repeat of a cancel''s requestId may do: learn how it ended, wait, take its turn, or take over from a caller that is gone.';

create function toss_private.give_up_order(given_up public.orders, request jsonb)
returns jsonb
language plpgsql
volatile
set search_path = ''
as $$
begin
  if given_up.status not in ('pending', 'canceled') or request ? 'paymentKey' then
    return jsonb_build_object('outcome', 'forbidden');
  end if;
  if request ? 'secret' then
    return jsonb_build_object('outcome', 'account_not_taken');
  end if;
  if (request ->> 'cancelAmount')::bigint < given_up.amount then
    return jsonb_build_object('outcome', 'partial_before_deposit');
  end if;
  if toss_private.order_is_busy(given_up.id) then
    return jsonb_build_object('outcome', 'operation_in_progress');
  end if;
  if given_up.status = 'pending' then
    perform toss_private.move_order(given_up, 'canceled', jsonb_build_object(
      'source', 'cancel', 'requestId', request ->> 'logRequestId', 'detail',
      jsonb_build_object('requestedBy', request ->> 'requestedBy', 'reason', request ->> 'cancelReason')
    ));
    perform toss_private.release_stock(given_up.id);
  end if;
  return jsonb_build_object('outcome', 'given_up', 'orderId', given_up.id);
end;
$$;

comment on function toss_private.give_up_order(public.orders, jsonb) is
  'Ends an order without a payment, whose row is locked, and returns its stock. A confirm of it is refused from then on.';

create function public.begin_cancel(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  requester constant text := request ->> 'requestedBy';
  is_user constant boolean := requester <> 'operator';
  named_order_id text := request ->> 'orderId';
  present timestamptz;
  canceled public.orders;
  payment public.payments;
  operation public.operations;
  turn public.operations;
  refusal jsonb;
begin
  perform toss_private.require_real_time(request ->> 'mode');

  if request ? 'paymentKey' then
    select p.order_id into named_order_id from public.payments as p where p.payment_key = request ->> 'paymentKey';
    if not found then
      return jsonb_build_object('outcome', case when is_user then 'forbidden' else 'payment_not_found' end);
    end if;
  end if;
  select * into canceled from public.orders as o where o.id = named_order_id for update;
  -- Whether an order exists that is not the caller's is none of the caller's business.
  if is_user and not coalesce(toss_private.is_own_order(canceled, request), false) then
    return jsonb_build_object('outcome', 'forbidden');
  end if;
  if canceled.id is null then
    return jsonb_build_object('outcome', 'order_not_found');
  end if;
  if canceled.id <> coalesce(request ->> 'orderId', canceled.id) then
    return jsonb_build_object('outcome', 'payment_of_another_order');
  end if;
  present := toss_private.clock_now();
  if requester = 'guest' and canceled.payment_key is null then
    return toss_private.give_up_order(canceled, request);
  end if;

  select * into payment from public.payments as p
  where p.payment_key = coalesce(request ->> 'paymentKey', canceled.payment_key);
  select * into operation from public.operations as op
  where op.payment_key = payment.payment_key and op.kind = 'cancel' and op.request_id = request ->> 'requestId'
    and (op.is_final is distinct from false or not request ? 'requestDigests')
  for update;
  if found then
    return toss_private.continue_cancel(operation, request, present);
  end if;

  if is_user and (canceled.status <> 'waiting_for_deposit' or payment.status is distinct from 'WAITING_FOR_DEPOSIT') then
    return jsonb_build_object('outcome', 'forbidden');
  end if;
  if payment.payment_key is null or payment.status in ('READY', 'IN_PROGRESS', 'ABORTED', 'EXPIRED') then
    return jsonb_build_object('outcome', 'payment_not_found');
  end if;
  refusal := toss_private.cancel_refusal(payment, request);
  operation := toss_private.begin_forgotten_cancel(payment, refusal, request);
  if operation.id is not null then
    return toss_private.continue_cancel(operation, request, present);
  end if;
  if refusal is not null then
    if is_user and toss_private.count_order_refusal(canceled.id, 'cancel_refused', present) > 1 then
      return refusal;
    end if;
    perform toss_private.write_event(jsonb_build_object(
      'event', 'cancel_refused', 'source', 'cancel', 'orderId', canceled.id, 'paymentKey', payment.payment_key,
      'amount', coalesce((request ->> 'cancelAmount')::bigint, payment.balance_amount),
      'requestId', request ->> 'logRequestId', 'detail', refusal || jsonb_build_object('requestedBy', requester)
    ));
    return refusal;
  end if;

  insert into public.operations (
    id, kind, idempotency_key, key_created_at, order_id, payment_key, amount, currency, request_id, request_digest,
    requested_by, reason, cancel_all, tax_free_amount, reserved_amount, is_queued, lease_token, lease_expires_at,
    next_attempt_at, created_at
  )
  select n.id, 'cancel', toss_private.cancel_key(payment.payment_key, request ->> 'requestId'), present, canceled.id, payment.payment_key, n.amount,
    payment.currency, request ->> 'requestId', request -> 'requestDigests' ->> 0, requester,
    request ->> 'cancelReason', not request ? 'cancelAmount', (request ->> 'taxFreeAmount')::bigint, n.amount, true,
    (request ->> 'leaseToken')::uuid, present, present, present
  from (
    select (request ->> 'operationId')::uuid,
      coalesce((request ->> 'cancelAmount')::bigint, payment.balance_amount - payment.reserved_amount)
  ) as n (id, amount)
  returning * into operation;
  if request ? 'secret' then
    insert into toss_private.operation_secrets (operation_id, key_id, ciphertext)
    values (operation.id, request -> 'secret' ->> 'keyId', request -> 'secret' ->> 'ciphertext');
  end if;
  perform toss_private.write_event(jsonb_build_object(
    'event', 'operation_started', 'source', 'cancel', 'orderId', canceled.id, 'paymentKey', payment.payment_key,
    'operationId', operation.id, 'amount', operation.amount, 'requestId', request ->> 'logRequestId',
    'detail', jsonb_build_object('requestedBy', requester, 'reason', operation.reason)
  ));
  return toss_private.continue_cancel(operation, request, present);
end;
$$;

comment on function public.begin_cancel(jsonb) is
  'Checks who may cancel what and, when Toss may be asked, reserves the amount and writes the operation. Called again with the same requestId it tells how that cancel stands, or lets it take its turn. Without requestDigests it only goes on with a cancel that the database has begun. Outcomes: proceed, resolve (ask Toss first: an earlier attempt got no proof), processing, succeeded, given_up (an order without a payment), operation_in_progress, rejected, request_differs, exceeds_balance, account_required, account_not_taken, partial_before_deposit, partial_not_possible, tax_free_amount_out_of_range, payment_of_another_order, payment_not_found, order_not_found, forbidden.';

-- supabase/schemas/24_cancel_record.sql
-- The cancels in Toss's payment object, each recorded once and matched with our request.

create function toss_private.derived_cancel_key(cancelled_payment_key text, place bigint, attempt integer)
returns text
language plpgsql
immutable
set search_path = ''
as $$
begin
  -- Toss's own keys are txrd_… or hexadecimal digits, so the two cannot meet.
  return 'place-' || place || '-' || left(encode(sha256(convert_to(cancelled_payment_key, 'UTF8')), 'hex'), 40)
    || case when attempt > 1 then '-' || attempt else '' end;
end;
$$;

comment on function toss_private.derived_cancel_key(text, bigint, integer) is
  'The key of a cancel that Toss gave none: the payment and the place among its cancels. `attempt` counts up where an entry of another amount holds the place.';

create function toss_private.name_cancels(cancelled_payment_key text, cancels jsonb)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
declare
  taken text[];
  used text[] := '{}';
  named jsonb := '{}';
  entry record;
  chosen text;
  attempt integer;
begin
  if (
    select count(*) = count(distinct c.value ->> 'transactionKey') from jsonb_array_elements(cancels) as c
  ) and not exists (
    select 1 from public.payment_cancels as k
    where k.payment_key = cancelled_payment_key and k.transaction_key like 'place-%'
  ) then
    return cancels;
  end if;

  -- A cancel is only ever added and never changes its amount. So an entry that cannot be found by its key is a row of
  -- that amount which no other entry of this answer is, and a new one only when there is none: a cancel never becomes
  -- two rows, whatever the order of the list and whether this answer, the one before or the next carries keys.
  select coalesce(array_agg(k.transaction_key), '{}') into taken
  from public.payment_cancels as k
  where k.payment_key = cancelled_payment_key
    and k.transaction_key in (select c.value ->> 'transactionKey' from jsonb_array_elements(cancels) as c);

  for entry in
    select c.value ->> 'transactionKey' as key, (c.value ->> 'cancelAmount')::numeric as amount,
      (c.value ->> 'canceledAt')::timestamptz as canceled_at,
      (c.value ->> 'refundableAmount')::numeric as refundable_amount, c.ordinality as position,
      row_number() over (order by (c.value ->> 'canceledAt')::timestamptz, c.ordinality) as place
    from jsonb_array_elements(cancels) with ordinality as c
    order by place
  loop
    -- A key that stands at two entries tells neither from the other.
    if entry.key = any(used) then
      entry.key := null;
    end if;
    used := used || entry.key;
    chosen := entry.key;
    if entry.key is null or entry.key <> all(taken) then
      select k.transaction_key into chosen
      from public.payment_cancels as k
      where k.payment_key = cancelled_payment_key and k.amount = entry.amount and k.transaction_key <> all(taken)
        -- Two keys of Toss are two cancels.
        and (entry.key is null or k.transaction_key like 'place-%')
      order by coalesce(k.canceled_at = entry.canceled_at, false) desc,
        coalesce(k.refundable_amount = entry.refundable_amount, false) desc,
        k.transaction_key = toss_private.derived_cancel_key(cancelled_payment_key, entry.place, 1) desc,
        k.created_at, k.transaction_key
      limit 1;
      chosen := coalesce(chosen, entry.key);
      attempt := 0;
      while chosen is null loop
        attempt := attempt + 1;
        chosen := toss_private.derived_cancel_key(cancelled_payment_key, entry.place, attempt);
        if chosen = any(taken) or exists (
          select 1 from public.payment_cancels as k where k.transaction_key = chosen
        ) then
          chosen := null;
        end if;
      end loop;
      taken := taken || chosen;
    end if;
    named := named || jsonb_build_object(entry.position::text, chosen);
  end loop;

  return (
    select coalesce(jsonb_agg(
      c.value || jsonb_build_object('transactionKey', named -> c.ordinality::text) order by c.ordinality
    ), '[]')
    from jsonb_array_elements(cancels) with ordinality as c
  );
end;
$$;

comment on function toss_private.name_cancels(text, jsonb) is
  'The cancels of an answer, each under the key of its row: Toss''s own, or where an API version has none the derived one, the same on every reading.';

create function toss_private.record_cancels(payment public.payments, cancels jsonb, audit jsonb)
returns void
language plpgsql
set search_path = ''
as $$
declare
  cancel record;
begin
  for cancel in
    select * from jsonb_to_recordset(cancels) as c (
      "transactionKey" text, "cancelAmount" bigint, "cancelReason" text, "cancelStatus" text,
      "canceledAt" timestamptz, "taxFreeAmount" bigint, "refundableAmount" bigint
    )
  loop
    if cancel."cancelStatus" = 'IN_PROGRESS' then
      perform toss_private.lock_cancel(cancel."transactionKey");
    end if;
    insert into public.payment_cancels as k (
      transaction_key, payment_key, amount, reason, status, canceled_at, tax_free_amount, refundable_amount,
      created_at
    ) values (
      cancel."transactionKey", payment.payment_key, cancel."cancelAmount", cancel."cancelReason",
      coalesce(cancel."cancelStatus", 'DONE'), cancel."canceledAt", cancel."taxFreeAmount",
      cancel."refundableAmount", toss_private.clock_now()
    )
    -- An asynchronous cancel only ever leaves IN_PROGRESS; an older answer must not put it back.
    on conflict (transaction_key) do update
      set status = excluded.status, canceled_at = excluded.canceled_at
      where k.payment_key = excluded.payment_key and k.status = 'IN_PROGRESS'
        and excluded.status <> 'IN_PROGRESS';
    if found then
      perform toss_private.write_event(audit || jsonb_build_object(
        'event', 'payment_cancel', 'amount', cancel."cancelAmount",
        'to', coalesce(cancel."cancelStatus", 'DONE'),
        'detail', jsonb_build_object('transactionKey', cancel."transactionKey", 'reason', cancel."cancelReason")
      ));
    end if;
    -- A webhook about this cancel may have come before the cancel was known, and found nothing to ask about.
    if cancel."cancelStatus" = 'IN_PROGRESS' then
      update public.webhook_events as e
      set status = 'received', attempts = 0, processed_at = null, last_error = null,
        payment_key = payment.payment_key, order_id = payment.order_id,
        received_at = toss_private.clock_now(), next_attempt_at = toss_private.clock_now()
      where e.transaction_key = cancel."transactionKey" and e.status = 'ignored' and e.payment_key is null;
    end if;
  end loop;
end;
$$;

comment on function toss_private.record_cancels(public.payments, jsonb, jsonb) is
  'Adds the cancels of an answer to the refund ledger, each transactionKey once; an asynchronous one moves on from IN_PROGRESS and never back. An event about a cancel that was not known when it came is asked about again.';

create function toss_private.match_cancel(sought public.operations, answer jsonb, proof text)
returns text
language plpgsql
stable
set search_path = ''
as $$
begin
  -- The balance falls from entry to entry, so an amount and what was left after it name one entry. Whoever asked
  -- Toss for the cancel takes its word for it; to a bystander somebody else's refund could look the same, so there
  -- the reason counts too. After a refusal only what a restore of the database forgot can be ours. An answer that
  -- Toss repeats is about its last entry, whatever the balance is taken for here.
  return (
    select c."transactionKey"
    from jsonb_to_recordset(coalesce(answer -> 'cancels', '[]')) as c (
      "transactionKey" text, "cancelAmount" bigint, "cancelReason" text, "cancelStatus" text,
      "canceledAt" timestamptz, "refundableAmount" bigint
    )
    where c."cancelStatus" is distinct from 'ABORTED' and c."cancelAmount" = sought.amount
      and (
        (proof = 'answered' or (
          proof <> 'refused'
          and coalesce(c."refundableAmount", sought.expected_balance - sought.amount)
            = sought.expected_balance - sought.amount
          and (proof <> 'seen' or c."cancelReason" = sought.reason)
        ))
        or (c."cancelReason" = sought.reason
          and toss_private.cancel_was_forgotten(c."transactionKey", c."canceledAt", sought.created_at))
      )
      and not exists (
        select 1 from public.operations as op where op.canceled_transaction_key = c."transactionKey"
      )
    order by (proof = 'answered' and c."transactionKey" = answer ->> 'lastTransactionKey') desc nulls last,
      c."refundableAmount" is not distinct from sought.expected_balance - sought.amount desc, c."canceledAt" desc
    limit 1
  );
end;
$$;

comment on function toss_private.match_cancel(public.operations, jsonb, text) is
  'The entry among Toss''s cancels that an open cancel made, null when there is none. proof: answered (Toss''s answer to the cancel itself), read (asked afterwards, outcome unknown), refused, seen (asked for another reason, or Toss denies it under a key whose first answer it would repeat).';

create function toss_private.announce_refunds(payment public.payments, audit jsonb)
returns void
language plpgsql
set search_path = ''
as $$
declare
  cancel record;
begin
  if not toss_private.is_paid(payment) then
    return;
  end if;
  for cancel in
    select k.*, op.requested_by, coalesce(k.refundable_amount, k.left_after) as left_amount
    from (
      -- Where Toss did not say what was left, it is what is left now and what was cancelled afterwards.
      select c.*, payment.balance_amount + coalesce(sum(c.amount) over (
        order by c.canceled_at desc, c.refundable_amount, c.created_at desc, c.transaction_key desc
        rows between unbounded preceding and 1 preceding
      ), 0) as left_after
      from public.payment_cancels as c
      where c.payment_key = payment.payment_key and c.status = 'DONE'
    ) as k
    left join public.operations as op on op.canceled_transaction_key = k.transaction_key
    where k.has_event
      and not exists (
        select 1 from public.outbox_events as e
        where e.payload ->> 'transactionKey' = k.transaction_key
          and e.event_type in ('payment.refunded', 'payment.partially_refunded')
      )
    order by k.canceled_at, k.refundable_amount desc, k.created_at, k.transaction_key
  loop
    perform toss_private.write_outbox_event(jsonb_build_object(
      'eventType', case cancel.left_amount when 0 then 'payment.refunded' else 'payment.partially_refunded' end,
      'subject', payment.order_id,
      'payload', jsonb_strip_nulls(jsonb_build_object(
        'orderId', payment.order_id, 'paymentKey', payment.payment_key, 'userId', payment.user_id,
        'transactionKey', cancel.transaction_key, 'amount', cancel.amount, 'balanceAmount', cancel.left_amount,
        'currency', payment.currency, 'reason', cancel.reason, 'source', audit ->> 'source',
        'requestedBy', cancel.requested_by,
        -- Of a second payment all can be refunded while its order stays paid.
        'orderStatus', (select o.status from public.orders as o where o.id = payment.order_id)
      ))
    ));
  end loop;
end;
$$;

comment on function toss_private.announce_refunds(public.payments, jsonb) is
  'Writes one outbox event for every cancel of a paid payment that is done and was not told yet.';

-- supabase/schemas/25_cancel_settle.sql
-- A refund's answer arrives, or its refusal.

create function toss_private.lock_cancel(transaction_key text)
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('cancel:' || transaction_key, 0));
end;
$$;

comment on function toss_private.lock_cancel(text) is
  'Whoever stores a cancel and whoever stores a webhook about it see each other: one of the two comes second.';

create function toss_private.cancel_progress(cancel_status text)
returns integer
language plpgsql
immutable
set search_path = ''
as $$
begin
  return case when cancel_status = 'IN_PROGRESS' then 1 else 2 end;
end;
$$;

comment on function toss_private.cancel_progress(text) is
  'How far a cancel has come: begun 1, ended 2. A cancel never goes back, so the sum over a payment''s cancels only grows.';

create function toss_private.cancel_answer(operation public.operations)
returns jsonb
language plpgsql
immutable
set search_path = ''
as $$
begin
  return case operation.state
    when 'succeeded' then jsonb_build_object('outcome', 'succeeded', 'cancel', operation.answer)
    when 'rejected' then jsonb_build_object(
      'outcome', 'rejected', 'errorCode', operation.error_code, 'errorMessage', operation.error_message
    )
    else jsonb_build_object('outcome', 'unknown') end;
end;
$$;

comment on function toss_private.cancel_answer(public.operations) is 'How a cancel stands: succeeded, rejected or unknown.';

create function toss_private.resend_cancel(open_cancel public.operations, request jsonb, audit jsonb)
returns jsonb
language plpgsql
volatile
set search_path = ''
as $$
declare
  payment public.payments;
  room bigint;
  refusal_code text;
  needs_new_key boolean;
begin
  select * into payment from public.payments as p where p.payment_key = open_cancel.payment_key;
  room := payment.balance_amount - payment.reserved_amount + open_cancel.reserved_amount;
  refusal_code := case
    when room = 0 or (open_cancel.amount > room and not open_cancel.cancel_all) then 'CANCEL_AMOUNT_EXCEEDS_BALANCE'
    -- The deposit came before the cancel did: now it needs to be told where the money goes.
    when payment.status <> 'WAITING_FOR_DEPOSIT'
      and toss_private.takes_refund_account(payment.method, payment.payment_key)
      and not exists (select 1 from toss_private.operation_secrets as s where s.operation_id = open_cancel.id)
      then 'REFUND_ACCOUNT_REQUIRED'
    -- Toss may have forgotten the key, and says itself that nothing was cancelled.
    when open_cancel.key_created_at <= toss_private.clock_now() - interval '14 days' then 'CANCEL_NOT_PROVEN'
  end;
  if refusal_code is not null then
    perform toss_private.refuse_cancel(open_cancel, jsonb_build_object(
      'errorCode', refusal_code, 'isFinal', refusal_code = 'CANCEL_AMOUNT_EXCEEDS_BALANCE',
      'errorMessage', 'Toss has cancelled nothing on behalf of this request.'
    ), audit);
    return jsonb_build_object('outcome', 'rejected', 'errorCode', refusal_code);
  end if;

  -- One key, one body: what is left has changed, or Toss has answered under this key already.
  needs_new_key := (request ->> 'keyIsSpent')::boolean or payment.balance_amount <> open_cancel.expected_balance;
  update public.operations as op
  set amount = case when op.cancel_all then least(op.amount, room) else op.amount end,
    reserved_amount = case when op.cancel_all then least(op.amount, room) else op.amount end,
    expected_balance = payment.balance_amount, expected_tax_free = payment.tax_free_amount,
    key_generation = op.key_generation + needs_new_key::integer,
    idempotency_key = case when needs_new_key
      then regexp_replace(op.idempotency_key, '\d+$', (op.key_generation + 1)::text) else op.idempotency_key end,
    key_created_at = case when needs_new_key then toss_private.clock_now() else op.key_created_at end
  where op.id = open_cancel.id
  returning * into open_cancel;
  return jsonb_build_object('outcome', 'send', 'operation', toss_private.operation_view(open_cancel));
end;
$$;

comment on function toss_private.resend_cancel(public.operations, jsonb, jsonb) is
  'What to do with a cancel of which Toss''s answer shows nothing: send it (again), fitted to what is left now, or end it.';

create function public.settle_cancel(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  applied constant jsonb := public.apply_payment(request);
  operation public.operations;
begin
  if applied ->> 'outcome' in ('mismatch', 'unknown_status', 'order_not_found') then
    return jsonb_build_object('outcome', 'unknown');
  end if;
  select * into operation from public.operations as op where op.id = (request ->> 'operationId')::uuid for update;
  if operation.state in ('succeeded', 'rejected')
    -- Whoever took over after the lease had passed may be asking Toss at this moment.
    or operation.lease_token <> (request ->> 'leaseToken')::uuid
    or request ->> 'proof' = 'answered'
  then
    return toss_private.cancel_answer(operation);
  end if;
  return toss_private.resend_cancel(operation, request, jsonb_build_object(
    'source', request ->> 'source', 'requestId', request ->> 'requestId'
  ));
end;
$$;

comment on function public.settle_cancel(jsonb) is
  'Applies Toss''s answer to a cancel, or to a question about its payment, and says how the cancel stands. Keys: those of apply_payment, leaseToken, keyIsSpent (Toss has answered under the current key). Outcomes: succeeded, rejected, send (nothing of it happened: ask Toss with this operation), unknown.';

create function public.reject_cancel(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  operation public.operations;
begin
  select * into operation from public.operations as op where op.id = (request ->> 'operationId')::uuid;
  if not found then
    return jsonb_build_object('outcome', 'unknown');
  end if;
  -- Order first, then operation: the same order of locks as everywhere else.
  perform 1 from public.orders as o where o.id = operation.order_id for update;
  select * into operation from public.operations as op where op.id = operation.id for update;
  if operation.state in ('started', 'unknown') and operation.lease_token = (request ->> 'leaseToken')::uuid then
    perform toss_private.refuse_cancel(operation, request, jsonb_build_object(
      'source', request ->> 'source', 'requestId', request ->> 'requestId'
    ));
    return jsonb_build_object('outcome', 'rejected', 'errorCode', request ->> 'errorCode');
  end if;
  return toss_private.cancel_answer(operation);
end;
$$;

comment on function public.reject_cancel(jsonb) is
  'Ends a cancel because Toss said no, and releases what it had reserved. Outcomes: rejected, succeeded (a webhook has brought the proof meanwhile), unknown (another caller holds the lease).';

-- supabase/schemas/26_restores.sql
-- After the database was restored from a backup: operations that Toss remembers and we do not.

create table toss_private.restores (
  restored_at timestamptz primary key,
  backup_at timestamptz not null,
  constraint restores_backup_is_older check (backup_at < restored_at)
);

alter table toss_private.restores enable row level security;

comment on table toss_private.restores is
  'One row for each restore of this database from a backup, written by toss_private.note_restore. docs/after-a-restore.md.';
comment on column toss_private.restores.backup_at is 'The moment that the database was put back to; what happened since then it does not know.';

create function toss_private.note_restore(backup_time timestamptz, look_back interval default '30 days')
returns integer
language plpgsql
set search_path = ''
as $$
declare
  present constant timestamptz := toss_private.clock_now();
  asked integer;
begin
  insert into toss_private.restores (restored_at, backup_at) values (present, backup_time);
  with open_order as (
    -- Whoever was about to pay may have paid since, and what was paid may have been given back.
    select o.id, o.payment_key from public.orders as o
    where o.status in ('pending', 'waiting_for_deposit') and o.subscription_charge_id is null
    union
    select p.order_id, p.payment_key from public.payments as p
    where p.created_at > backup_time - look_back
      and (p.balance_amount > 0 or p.status in ('READY', 'IN_PROGRESS', 'WAITING_FOR_DEPOSIT'))
  )
  insert into public.webhook_events (
    dedupe_key, event_type, order_id, payment_key, payload, next_attempt_at, received_at, created_at
  )
  select format('restore-%s-%s', extract(epoch from present), coalesce(o.payment_key, o.id)), 'PAYMENT_STATUS_CHANGED',
    o.id, o.payment_key, jsonb_build_object('askedAfterRestoreOf', backup_time), present, present, present
  from open_order as o
  on conflict (dedupe_key) do nothing;
  get diagnostics asked = row_count;
  perform toss_private.write_event(jsonb_build_object(
    'event', 'restore_noted', 'source', 'operator',
    'detail', jsonb_build_object('backupAt', backup_time, 'paymentsToAskAbout', asked)
  ));
  return asked;
end;
$$;

comment on function toss_private.note_restore(timestamptz, interval) is
  'To be called once after a restore, before the jobs run again: lets the job `webhooks` ask Toss about every payment that was open at the backup or could have been refunded since (those made in the time before it that look_back names), and lets charges and refunds ask Toss before they send. Answers how many payments are asked about.';

create function toss_private.was_forgotten(happened_at timestamptz)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return exists (
    select 1 from toss_private.restores as r
    -- Toss tells whole seconds: what came after the backup may be called a moment before it.
    where happened_at >= date_trunc('second', r.backup_at) and happened_at <= r.restored_at
  );
end;
$$;

comment on function toss_private.was_forgotten(timestamptz) is
  'Whether a restored database cannot know of what happened here at that time.';

create function toss_private.cancel_was_forgotten(
  made_transaction_key text, made_at timestamptz, requested_at timestamptz
)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  -- Within the time for which Toss keeps keys, the key alone tells whose cancel it is.
  return made_at <= requested_at - interval '14 days' and (
    toss_private.was_forgotten(made_at)
    or not exists (select 1 from public.payment_cancels as k where k.transaction_key = made_transaction_key)
  );
end;
$$;

comment on function toss_private.cancel_was_forgotten(text, timestamptz, timestamptz) is
  'Whether a cancel at Toss that looks like one that is asked for now may be that very one, asked for before a restore: it is so old that Toss no longer knows its key, and nothing here told of it.';

create function toss_private.begin_forgotten_cancel(payment public.payments, refusal jsonb, request jsonb)
returns public.operations
language plpgsql
set search_path = ''
as $$
declare
  present constant timestamptz := toss_private.clock_now();
  made public.payment_cancels;
  operation public.operations;
begin
  select k.* into made
  from public.payment_cancels as k
  where k.payment_key = payment.payment_key and k.status <> 'ABORTED' and k.reason = request ->> 'cancelReason'
    and k.amount = coalesce((request ->> 'cancelAmount')::bigint, k.amount)
    and (request ? 'cancelAmount' or k.refundable_amount = 0)
    and toss_private.was_forgotten(k.canceled_at)
    and (k.canceled_at <= present - interval '14 days' or refusal ->> 'outcome' = 'exceeds_balance')
    and not exists (select 1 from public.operations as op where op.canceled_transaction_key = k.transaction_key)
  order by k.canceled_at
  limit 1;
  if not found then
    return null;
  end if;
  insert into public.operations (
    id, kind, idempotency_key, key_created_at, order_id, payment_key, amount, currency, request_id, request_digest,
    requested_by, reason, cancel_all, tax_free_amount, lease_token, lease_expires_at, next_attempt_at, created_at
  ) values (
    (request ->> 'operationId')::uuid, 'cancel', toss_private.cancel_key(payment.payment_key, request ->> 'requestId'),
    present, payment.order_id, payment.payment_key, made.amount, payment.currency, request ->> 'requestId',
    request -> 'requestDigests' ->> 0, request ->> 'requestedBy', request ->> 'cancelReason',
    not request ? 'cancelAmount', made.tax_free_amount, (request ->> 'leaseToken')::uuid, present, present, present
  )
  returning * into operation;
  perform toss_private.end_cancel(operation, made.transaction_key, jsonb_build_object(
    'source', 'cancel', 'paymentKey', payment.payment_key, 'requestId', request ->> 'logRequestId'
  ));
  select * into operation from public.operations as op where op.id = operation.id;
  return operation;
end;
$$;

comment on function toss_private.begin_forgotten_cancel(public.payments, jsonb, jsonb) is
  'After a restore: a refund that is asked for again, was made in the time that the database forgot, and which Toss would no longer recognise by its key (or whose money is gone from the balance), is that refund. Null when there is none.';

-- supabase/schemas/27_toss_keys.sql
-- Which of the shop's key pairs Toss is asked with.

create function toss_private.keys_of_event(event_order_id text, event_payment_key text)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  -- A payment that is known has its order, whatever order the body names.
  return coalesce((
    select jsonb_build_object('tossKeys', o.toss_keys, 'tossClientKey', o.toss_client_key)
    from public.orders as o
    where o.id = coalesce(
      (select p.order_id from public.payments as p where p.payment_key = event_payment_key), event_order_id
    )
  ), '{"tossKeys": "main", "tossClientKey": null}');
end;
$$;

comment on function toss_private.keys_of_event(text, text) is
  'The key pair with which Toss is asked about an event: that of its order, whichever merchant id sent it.';

create function toss_private.has_payment_begun(paid_order_id text)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return exists (select 1 from public.payments as p where p.order_id = paid_order_id)
    or exists (select 1 from public.operations as op where op.order_id = paid_order_id);
end;
$$;

comment on function toss_private.has_payment_begun(text) is
  'Whether Toss was asked for a payment of an order, or has told of one, so that its key pair must stay.';

create function public.adopt_toss_keys(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  buying public.orders;
  operation public.operations;
begin
  select o.* into buying from public.orders as o
  join public.operations as op on op.order_id = o.id
  where op.id = (request ->> 'operationId')::uuid and op.kind in ('confirm', 'charge')
  for update of o;
  select * into operation from public.operations as op where op.id = (request ->> 'operationId')::uuid for update;
  -- What an order holds money of, or waits for, was made with its own pair.
  if buying.id is null or buying.payment_key is not null or operation.state not in ('started', 'unknown')
    or operation.lease_token <> (request ->> 'leaseToken')::uuid
  then
    return jsonb_build_object('outcome', 'kept');
  end if;
  update public.orders as o
  set toss_keys = request ->> 'tossKeys', toss_client_key = request ->> 'tossClientKey',
    updated_at = toss_private.clock_now()
  where o.id = buying.id;
  -- Both pairs may be of one merchant id, whose answers are remembered by key.
  update public.operations as op
  set key_generation = op.key_generation + 1, key_created_at = toss_private.clock_now(),
    idempotency_key = regexp_replace(op.idempotency_key, '\d+$', (op.key_generation + 1)::text),
    lease_expires_at = toss_private.clock_now() + make_interval(secs => (request ->> 'leaseSeconds')::double precision)
  where op.id = operation.id
  returning * into operation;
  perform toss_private.write_event(jsonb_build_object(
    'event', 'toss_keys_adopted', 'source', request ->> 'source', 'orderId', buying.id,
    'paymentKey', operation.payment_key, 'operationId', operation.id, 'requestId', request ->> 'requestId',
    'detail', jsonb_build_object('from', buying.toss_keys, 'to', request ->> 'tossKeys')
  ));
  return jsonb_build_object('outcome', 'adopted', 'operation', toss_private.operation_view(operation));
end;
$$;

comment on function public.adopt_toss_keys(jsonb) is
  'A confirm, or a charge after a restore, found its payment with another key pair than its order''s: the order is that pair''s from now on, unless it has a payment already. Keys: operationId, leaseToken, leaseSeconds, tossKeys, tossClientKey, source, requestId. Outcomes: adopted (with the operation), kept.';

create function public.find_known_payment(request jsonb)
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
  -- Asked only after the variables of a pair were changed, so it may search.
  return jsonb_build_object('paymentKey', (
    select p.payment_key
    from public.payments as p
    join public.orders as o on o.id = p.order_id
    where o.toss_keys = request ->> 'tossKeys' and o.toss_client_key = request ->> 'tossClientKey'
      and p.approved_at is not null
    order by p.approved_at desc
    limit 1
  ));
end;
$$;

comment on function public.find_known_payment(jsonb) is
  'The last payment that Toss approved under a key pair with a client key (tossKeys, tossClientKey), by which a caller finds out whether the pair that is set now opens the same merchant id; paymentKey is null when there is none.';

create function toss_private.toss_keys_in_use()
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select coalesce(jsonb_agg(k.name order by k.name), '[]')
    from (values ('main'), ('widget'), ('billing')) as k (name)
    where exists (
      select 1 from public.orders as o
      where o.status in ('pending', 'waiting_for_deposit') and o.toss_keys = k.name
        and (o.status = 'waiting_for_deposit' or o.expires_at > toss_private.clock_now()
          or toss_private.order_is_busy(o.id))
    ) or exists (
      select 1 from public.billing_methods as m where m.status = 'active' and m.toss_keys = k.name
    )
  );
end;
$$;

comment on function toss_private.toss_keys_in_use() is
  'The key pairs that something open needs: an order that can still be paid, or a card that is charged.';

-- supabase/schemas/28_settle_order.sql
-- What a payment's new state does to its order, its stock and its passes, and what other systems are told of it.
-- Refunds are told in 24_cancel_record, deposits that did not come in 21_virtual_account.

create function toss_private.order_moved(moved public.orders, target text, audit jsonb)
returns void
language plpgsql
set search_path = ''
as $$
begin
  if moved.subscription_charge_id is not null then
    perform toss_private.charge_order_moved(moved, target, audit);
    return;
  end if;
  perform toss_private.set_pass(moved, target in ('paid', 'partially_refunded'));
  if target in ('refunded', 'canceled', 'expired') then
    perform toss_private.release_stock(moved.id);
  end if;
end;
$$;

comment on function toss_private.order_moved(public.orders, text, jsonb) is
  'What an order''s new status means: for the charge it is an attempt of, or for the pass and the stock that it sells. `moved` is the order as it was before.';

create function toss_private.announce_moves(known public.payments, moved public.payments, audit jsonb)
returns void
language plpgsql
set search_path = ''
as $$
declare
  event_name constant text := case
    when known.status = 'DONE' and moved.status = 'WAITING_FOR_DEPOSIT' then 'payment.deposit_reversed'
    when known.status is distinct from 'CANCELED' and moved.status = 'CANCELED' and not toss_private.is_paid(moved)
      then 'payment.canceled'
  end;
begin
  if event_name is null then
    return;
  end if;
  perform toss_private.write_outbox_event(jsonb_build_object(
    'eventType', event_name, 'subject', moved.order_id, 'payload', jsonb_strip_nulls(jsonb_build_object(
      'orderId', moved.order_id, 'paymentKey', moved.payment_key, 'userId', moved.user_id,
      'amount', moved.total_amount, 'currency', moved.currency, 'source', audit ->> 'source',
      'orderStatus', (select o.status from public.orders as o where o.id = moved.order_id)
    ))
  ));
end;
$$;

comment on function toss_private.announce_moves(public.payments, public.payments, jsonb) is
  'Writes the outbox event of a move that is no refund: a deposit that a bank took back, a payment given up before its deposit.';

create function toss_private.settle_order(settled public.orders, payment public.payments, audit jsonb)
returns void
language plpgsql
set search_path = ''
as $$
declare
  target text;
  is_paid constant boolean := toss_private.is_paid(payment);
begin
  if settled.payment_key is distinct from payment.payment_key
    and settled.status in ('paid', 'partially_refunded', 'refunded', 'waiting_for_deposit')
  then
    -- Money for an order that another payment already pays. The row stays, invariant_violations()
    -- names it until one of the two is refunded; the order is not touched.
    if is_paid and payment.balance_amount > 0 then
      perform toss_private.write_event(audit || jsonb_build_object(
        'event', 'second_payment', 'orderId', settled.id, 'amount', payment.balance_amount
      ));
    end if;
    return;
  end if;

  target := case
    -- Toss keeps the status after the deadline, and marks the account as expired or does not.
    when payment.status = 'WAITING_FOR_DEPOSIT'
      and toss_private.deposit_is_over(payment, (audit ->> 'askedAt')::timestamptz)
      then 'expired'
    when payment.status = 'WAITING_FOR_DEPOSIT' then 'waiting_for_deposit'
    when is_paid and payment.balance_amount = 0 then 'refunded'
    when is_paid and payment.balance_amount < payment.total_amount then 'partially_refunded'
    when is_paid then 'paid'
    -- Cancelled without its money: given up, not refunded; also when nobody told us that it waited, or that a bank
    -- had taken its deposit back before.
    when payment.status = 'CANCELED'
      and settled.status in ('pending', 'waiting_for_deposit', 'paid', 'partially_refunded') then 'canceled'
    when payment.status in ('ABORTED', 'EXPIRED') and settled.status = 'waiting_for_deposit' then 'expired'
  end;
  if target is null or target = settled.status then
    return;
  end if;

  settled.payment_key := payment.payment_key;
  if settled.status in ('expired', 'canceled', 'failed', 'refunded') and target not in ('refunded', 'expired', 'canceled')
  then
    -- Toss holds the money although the order was given up here, or although its refund was on its way and
    -- did not come about: honour it, take the stock again if there is any, and leave a line that says so.
    perform toss_private.write_event(audit || jsonb_build_object(
      'event', 'late_payment', 'orderId', settled.id, 'from', settled.status, 'amount', payment.total_amount,
      'detail', jsonb_build_object('shortProductId', toss_private.reserve_stock(settled.id))
    ));
  end if;
  perform toss_private.move_order(settled, target, audit);
  if target = 'expired' and payment.status = 'WAITING_FOR_DEPOSIT' then
    perform toss_private.announce_expired_account(settled, payment, audit);
  end if;

  perform toss_private.order_moved(settled, target, audit);
end;
$$;

comment on function toss_private.settle_order(public.orders, public.payments, jsonb) is
  'Brings an order, and through toss_private.order_moved what hangs on it, to what one of its payments now says. Money of a second payment only leaves a line; money for an order that was given up is honoured.';

create function toss_private.announce_payment(known public.payments, moved public.payments, audit jsonb)
returns void
language plpgsql
set search_path = ''
as $$
declare
  event_name constant text := case
    when toss_private.is_paid(moved) and (not toss_private.is_paid(known) or known.status = 'WAITING_FOR_DEPOSIT')
      then 'payment.confirmed'
    when moved.status = 'WAITING_FOR_DEPOSIT' and not toss_private.is_paid(known)
      and known.status is distinct from 'WAITING_FOR_DEPOSIT' then 'virtual_account.issued'
    when moved.status in ('ABORTED', 'EXPIRED') and known.status is distinct from moved.status
      and known.status is distinct from 'WAITING_FOR_DEPOSIT' then 'payment.failed'
  end;
begin
  if event_name is null then
    return;
  end if;
  perform toss_private.write_payment_event(event_name, moved, jsonb_build_object(
    'method', moved.method, 'source', audit ->> 'source',
    'approvedAt', case event_name when 'payment.confirmed' then moved.approved_at end,
    'dueDate', case event_name when 'virtual_account.issued' then toss_private.deposit_deadline(moved) end,
    'failureCode', case event_name when 'payment.failed' then coalesce(moved.failure_code, moved.status || '_PAYMENT') end
  ));
end;
$$;

comment on function toss_private.announce_payment(public.payments, public.payments, jsonb) is
  'Writes the outbox event of a payment whose money arrived, of an account that was issued, of an attempt that ended without money. Called before the order moves, so that what follows from a payment is told after it.';

create function toss_private.write_payment_event(event_name text, concerned public.payments, detail jsonb)
returns void
language plpgsql
set search_path = ''
as $$
begin
  -- Whoever asks for a refused payment again is refused again; it has failed once.
  if event_name = 'payment.failed' and exists (
    select 1 from public.outbox_events as e
    where e.subject = concerned.order_id and e.event_type = event_name
      and e.payload ->> 'paymentKey' = concerned.payment_key
  ) then
    return;
  end if;
  perform toss_private.write_outbox_event(jsonb_build_object(
    'eventType', event_name, 'subject', concerned.order_id, 'payload', jsonb_strip_nulls(jsonb_build_object(
      'orderId', concerned.order_id, 'paymentKey', concerned.payment_key, 'userId', concerned.user_id,
      'amount', concerned.total_amount, 'currency', concerned.currency
    ) || detail)
  ));
end;
$$;

comment on function toss_private.write_payment_event(text, public.payments, jsonb) is
  'Adds an event about a payment to outbox_events; payment.failed once per payment.';

create function toss_private.follow_refusal()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  refused public.payments;
begin
  select new.payment_key, o.id, o.user_id, o.amount, o.currency
  into refused.payment_key, refused.order_id, refused.user_id, refused.total_amount, refused.currency
  from public.orders as o where o.id = new.order_id;
  perform toss_private.write_payment_event(
    'payment.failed', refused, jsonb_build_object('source', 'confirm', 'failureCode', new.error_code)
  );
  return null;
end;
$$;

comment on function toss_private.follow_refusal() is
  'Trigger: Toss refused to confirm a payment for good. One that may be confirmed again has not failed.';

create trigger operations_follow_refusal
  after update of state on public.operations
  for each row when (
    new.kind = 'confirm' and new.state = 'rejected' and old.state <> 'rejected' and new.is_final
  )
  execute function toss_private.follow_refusal();

create function toss_private.tell_of_order()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  -- Money that turns out not to have gone back leaves the order as paid as it was told to be.
  if tg_op = 'UPDATE' and new.status = 'paid' and old.status in ('partially_refunded', 'refunded') then
    return null;
  end if;
  perform toss_private.write_outbox_event(jsonb_build_object(
    'eventType', 'order.' || new.status, 'subject', new.id, 'payload', jsonb_strip_nulls(jsonb_build_object(
      'orderId', new.id, 'reference', new.reference, 'userId', new.user_id, 'orderName', new.order_name,
      'amount', new.amount, 'currency', new.currency, 'paymentKey', new.payment_key,
      'from', case tg_op when 'UPDATE' then old.status end
    ))
  ));
  return null;
end;
$$;

comment on function toss_private.tell_of_order() is
  'Trigger: an order was paid, canceled or expired, whatever moved it. Refunds are told as payments.';

create trigger orders_tell_new
  after insert on public.orders
  for each row when (new.status = 'paid')
  execute function toss_private.tell_of_order();

create trigger orders_tell
  after update of status on public.orders
  for each row when (old.status is distinct from new.status and new.status in ('paid', 'canceled', 'expired'))
  execute function toss_private.tell_of_order();

-- supabase/schemas/29_apply_payment.sql
-- The one door: every answer and every webhook about a payment goes through toss_private.apply_payment.

create function toss_private.is_news(known public.payments, answer jsonb, asked_time timestamptz)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
declare
  progress bigint := 0;
  known_progress bigint;
  rank constant integer := toss_private.payment_rank(answer ->> 'status');
  known_rank constant integer := toss_private.payment_rank(known.status);
begin
  -- Never by a timestamp of the payload: several states can share a second, and never by amounts: an aborted cancel
  -- lowers their sum. Cancels are only ever added and only ever end, and a payment only moves on, except that a bank
  -- can take a deposit back. Around such a reversal the status alone says nothing, so both directions need an answer to
  -- a question asked afterwards. An aborted cancel may lead the status back, which its progress covers.
  if known.payment_key is null then
    return true;
  end if;
  if (known.status = 'DONE' and answer ->> 'status' = 'WAITING_FOR_DEPOSIT')
    or (known.status = 'WAITING_FOR_DEPOSIT' and known.reversed_at is not null and answer ->> 'status' = 'DONE')
  then
    return coalesce(asked_time > known.applied_at, false);
  end if;
  if answer -> 'cancels' <> '[]' then
    select sum(toss_private.cancel_progress(c.value ->> 'cancelStatus')) into progress
    from jsonb_array_elements(answer -> 'cancels') as c;
  end if;
  select coalesce(sum(toss_private.cancel_progress(c.status)), 0) into known_progress
  from public.payment_cancels as c
  where c.payment_key = known.payment_key;
  return case when asked_time > known.applied_at
    -- The same state, asked for again: the fresher answer may correct what an older one got wrong.
    then (progress, rank) >= (known_progress, known_rank)
    else (progress, rank) > (known_progress, known_rank) end;
end;
$$;

comment on function toss_private.is_news(public.payments, jsonb, timestamptz) is
  'Whether an answer of Toss is newer than what is stored; see docs/architecture.md.';

create function toss_private.tells_nothing_new(known public.payments, answer jsonb, paying public.orders)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  -- Whatever else an answer could be about goes the whole way: deposits, refunds, operations under way.
  return paying.status = 'paid' and paying.payment_key = known.payment_key
    and known.status = 'DONE' and answer ->> 'status' = 'DONE' and known.balance_amount = known.total_amount
    and (answer ->> 'balanceAmount')::bigint = known.balance_amount
    and not answer ? 'virtualAccount' and known.method is not null and known.method <> '가상계좌'
    and coalesce(answer ->> 'method' = known.method, answer ->> 'method' is null)
    and coalesce((answer ->> 'taxFreeAmount')::bigint = known.tax_free_amount, answer ->> 'taxFreeAmount' is null)
    and coalesce(answer ->> 'receiptUrl' = known.receipt_url, answer ->> 'receiptUrl' is null)
    and coalesce((answer ->> 'requestedAt')::timestamptz = known.requested_at, answer ->> 'requestedAt' is null)
    -- Null would say that the money is gone.
    and coalesce((answer ->> 'approvedAt')::timestamptz = known.approved_at, not answer ? 'approvedAt')
    and answer ->> 'canceledAt' is null and known.canceled_at is null
    and answer ->> 'failureCode' is null and known.failure_code is null
    and answer ->> 'failureMessage' is null and known.failure_message is null
    and to_jsonb(known) @> jsonb_strip_nulls(coalesce(answer -> 'details', '{}'));
end;
$$;

comment on function toss_private.tells_nothing_new(public.payments, jsonb, public.orders) is
  'Whether a fresh answer says of a paid order, word for word, what is stored of its payment: most webhooks come after the confirm.';

create function toss_private.note_tax_split(
  known public.payments, stored public.payments, paying public.orders, audit jsonb
)
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  -- A page asks Toss for the split, and a confirm cannot change it. Before a refund Toss tells the whole of it.
  if stored.tax_free_amount is null or stored.balance_amount <> stored.total_amount
    or stored.tax_free_amount = paying.tax_free_amount
    or (known.payment_key is not null and known.tax_free_amount is not distinct from stored.tax_free_amount)
  then
    return;
  end if;
  perform toss_private.write_event(audit || jsonb_build_object(
    'event', 'tax_split_differs', 'amount', stored.tax_free_amount,
    'detail', jsonb_build_object('orderTaxFreeAmount', paying.tax_free_amount)
  ));
end;
$$;

comment on function toss_private.note_tax_split(public.payments, public.payments, public.orders, jsonb) is
  'Leaves a line when a payment was made with another tax-free part than its order''s. The money stands.';

create function toss_private.apply_payment(request jsonb)
returns jsonb
language plpgsql
volatile
set search_path = ''
as $$
declare
  answer jsonb := request -> 'payment';
  answer_key constant text := answer ->> 'paymentKey';
  asked_time constant timestamptz := (request ->> 'askedAt')::timestamptz;
  present timestamptz;
  audit jsonb;
  paying public.orders;
  known public.payments;
  stored public.payments;
  canceling public.operations;
  made_transaction_key text;
  has_cancels boolean;
  is_busy boolean;
  is_new boolean;
  is_told boolean;
  split_stands boolean;
  tells_whole boolean;
  pays_order boolean;
begin
  select * into paying from public.orders as o where o.id = answer ->> 'orderId' for no key update;
  if not found then
    return jsonb_build_object('outcome', 'order_not_found');
  end if;
  present := toss_private.clock_now();
  audit := jsonb_build_object(
    'source', request ->> 'source', 'paymentKey', answer_key, 'orderId', paying.id,
    'operationId', request ->> 'operationId', 'requestId', request ->> 'requestId', 'askedAt', asked_time, 'at', present
  );
  select * into known from public.payments as p where p.payment_key = answer_key;

  has_cancels := jsonb_array_length(coalesce(answer -> 'cancels', '[]')) > 0;
  -- Toss is believed only about this order, this amount and this currency.
  if (answer ->> 'totalAmount')::numeric <> paying.amount or answer ->> 'currency' <> paying.currency
    or (answer ->> 'balanceAmount')::numeric not between 0 and (answer ->> 'totalAmount')::numeric
    -- Nobody could tell which cancel has taken the rest.
    or (answer ->> 'status' in ('DONE', 'PARTIAL_CANCELED') and answer ->> 'balanceAmount' <> answer ->> 'totalAmount'
      and not has_cancels)
    or (known.payment_key is not null and known.order_id <> paying.id)
  then
    perform toss_private.write_event(audit || jsonb_build_object(
      'event', 'answer_mismatch', 'to', answer ->> 'status',
      'detail', jsonb_build_object(
        'totalAmount', answer -> 'totalAmount', 'currency', answer -> 'currency', 'balanceAmount', answer -> 'balanceAmount',
        'orderAmount', paying.amount, 'orderCurrency', paying.currency
      )
    ));
    return jsonb_build_object('outcome', 'mismatch');
  end if;
  if toss_private.payment_rank(answer ->> 'status') is null then
    perform toss_private.write_event(audit || jsonb_build_object(
      'event', 'unknown_status', 'detail', jsonb_build_object('status', left(answer ->> 'status', 50))
    ));
    return jsonb_build_object('outcome', 'unknown_status');
  end if;

  if has_cancels then
    answer := answer || jsonb_build_object('cancels', toss_private.name_cancels(answer_key, answer -> 'cancels'));
  end if;

  -- Ends the alert that an earlier answer raised.
  if (
    select v.event from public.payment_events as v
    where v.payment_key = answer_key and v.event in ('answer_mismatch', 'answer_accepted', 'payment_status')
    order by v.id desc
    limit 1
  ) = 'answer_mismatch' then
    perform toss_private.write_event(audit || jsonb_build_object('event', 'answer_accepted', 'to', answer ->> 'status'));
  end if;

  -- Nobody begins one without the order's lock.
  is_busy := exists (
    select 1 from public.operations as op where op.order_id = paying.id and op.state in ('started', 'unknown')
  );
  if is_busy then
    select * into canceling from public.operations as op
    where op.payment_key = answer_key and op.kind = 'cancel' and op.state in ('started', 'unknown') and not op.is_queued
    for update;
  end if;
  if canceling.id is not null then
    made_transaction_key := toss_private.match_cancel(
      canceling, answer,
      case when canceling.id::text = request ->> 'operationId' then coalesce(request ->> 'proof', 'seen') else 'seen' end
    );
    if made_transaction_key is not null then
      -- What the cancel had claimed has left the balance by now.
      update public.operations as op set reserved_amount = 0 where op.id = canceling.id;
    end if;
  end if;

  is_new := toss_private.is_news(known, answer, asked_time);
  if is_new and not is_busy and not has_cancels and toss_private.tells_nothing_new(known, answer, paying) then
    is_new := false;
    -- An answer to an earlier question is stale from now on.
    update public.payments as p set applied_at = present where p.payment_key = answer_key returning * into known;
  end if;
  if is_new then
    if is_busy and known.payment_key is not null then
      perform toss_private.fit_reservations(answer_key, (answer ->> 'balanceAmount')::bigint, audit - 'operationId');
    end if;
    -- Whoever confirms is about to be told, unless another payment pays the order.
    is_told := request ->> 'source' = 'confirm' and answer ->> 'status' in ('DONE', 'PARTIAL_CANCELED')
      and (answer ->> 'balanceAmount')::bigint > 0 and (
        paying.payment_key is not distinct from answer_key
        or paying.status not in ('paid', 'partially_refunded', 'refunded', 'waiting_for_deposit')
      );
    tells_whole := answer ->> 'balanceAmount' = answer ->> 'totalAmount' and answer -> 'details' ->> 'vat' is not null;
    split_stands := known.balance_amount = (answer ->> 'balanceAmount')::bigint
      and coalesce((answer ->> 'taxFreeAmount')::bigint = known.tax_free_amount, true);
    insert into public.payments as p (
      payment_key, order_id, user_id, status, method, total_amount, balance_amount, currency,
      requested_at, approved_at, canceled_at, failure_code, failure_message, receipt_url,
      tax_free_amount, applied_at, created_at, m_id, easy_pay_provider, card_issuer_code, card_acquirer_code,
      card_number_masked, card_type, installment_months, is_interest_free, approve_no, discount_amount,
      supplied_amount, vat, use_escrow, country, approved_tax_free_amount, approved_vat, told_at
    )
    select
      answer_key, paying.id, paying.user_id, answer ->> 'status', answer ->> 'method',
      (answer ->> 'totalAmount')::bigint, (answer ->> 'balanceAmount')::bigint, answer ->> 'currency',
      (answer ->> 'requestedAt')::timestamptz, toss_private.approval_time(known, answer),
      (answer ->> 'canceledAt')::timestamptz, answer ->> 'failureCode', answer ->> 'failureMessage',
      answer ->> 'receiptUrl', (answer ->> 'taxFreeAmount')::bigint, present,
      present, d.m_id, d.easy_pay_provider, d.card_issuer_code, d.card_acquirer_code,
      d.card_number_masked, d.card_type, d.installment_months, d.is_interest_free, d.approve_no, d.discount_amount,
      d.supplied_amount, d.vat, d.use_escrow, d.country,
      -- Only before a refund does Toss tell the whole, and a vat only where it adds up.
      case when tells_whole then (answer ->> 'taxFreeAmount')::bigint end, case when tells_whole then d.vat end,
      case when is_told then present end
    from jsonb_populate_record(null::public.payments, coalesce(answer -> 'details', '{}')) as d
    on conflict (payment_key) do update set
      status = excluded.status,
      method = coalesce(excluded.method, p.method),
      balance_amount = excluded.balance_amount,
      requested_at = coalesce(excluded.requested_at, p.requested_at),
      approved_at = excluded.approved_at,
      canceled_at = excluded.canceled_at,
      failure_code = excluded.failure_code,
      failure_message = excluded.failure_message,
      receipt_url = coalesce(excluded.receipt_url, p.receipt_url),
      tax_free_amount = coalesce(excluded.tax_free_amount, p.tax_free_amount),
      m_id = coalesce(excluded.m_id, p.m_id),
      easy_pay_provider = coalesce(excluded.easy_pay_provider, p.easy_pay_provider),
      card_issuer_code = coalesce(excluded.card_issuer_code, p.card_issuer_code),
      card_acquirer_code = coalesce(excluded.card_acquirer_code, p.card_acquirer_code),
      card_number_masked = coalesce(excluded.card_number_masked, p.card_number_masked),
      card_type = coalesce(excluded.card_type, p.card_type),
      installment_months = coalesce(excluded.installment_months, p.installment_months),
      is_interest_free = coalesce(excluded.is_interest_free, p.is_interest_free),
      approve_no = coalesce(excluded.approve_no, p.approve_no),
      discount_amount = coalesce(excluded.discount_amount, p.discount_amount),
      supplied_amount = coalesce(excluded.supplied_amount, case when split_stands then p.supplied_amount end),
      vat = coalesce(excluded.vat, case when split_stands then p.vat end),
      use_escrow = coalesce(excluded.use_escrow, p.use_escrow),
      country = coalesce(excluded.country, p.country),
      approved_tax_free_amount = coalesce(excluded.approved_tax_free_amount, p.approved_tax_free_amount),
      approved_vat = coalesce(excluded.approved_vat, p.approved_vat),
      reversed_at = case
        when p.status = 'DONE' and excluded.status = 'WAITING_FOR_DEPOSIT' then present
        else p.reversed_at end,
      told_at = coalesce(p.told_at, excluded.told_at),
      applied_at = excluded.applied_at
    returning * into stored;
    perform toss_private.record_details(answer);
    if stored.status = 'WAITING_FOR_DEPOSIT' then
      perform toss_private.note_far_deadline(known, stored, request -> 'depositHours', audit);
    end if;

    if known.status is distinct from stored.status then
      perform toss_private.write_event(audit || jsonb_build_object(
        'event', 'payment_status', 'from', known.status, 'to', stored.status, 'amount', stored.total_amount
      ));
    end if;
    perform toss_private.note_tax_split(known, stored, paying, audit);
  else
    stored := known;
  end if;
  if has_cancels then
    perform toss_private.record_cancels(stored, answer -> 'cancels', audit);
  end if;
  if is_new then
    perform toss_private.announce_payment(known, stored, audit);
    perform toss_private.settle_order(paying, stored, audit);
    perform toss_private.announce_moves(known, stored, audit);
  end if;
  if answer -> 'cashReceipts' <> '[]' or stored.balance_amount < stored.total_amount
    or stored.status = 'WAITING_FOR_DEPOSIT'
  then
    perform toss_private.record_payment_receipts(stored, coalesce(answer -> 'cashReceipts', '[]'), audit);
  end if;

  if is_busy then
    perform toss_private.close_operations(stored, audit);
  end if;
  if made_transaction_key is not null then
    perform toss_private.end_cancel(canceling, made_transaction_key, audit);
  end if;
  if has_cancels or stored.balance_amount < stored.total_amount then
    perform toss_private.announce_refunds(stored, audit);
  end if;
  perform toss_private.note_api_version(answer ->> 'apiVersion', present);
  select * into paying from public.orders as o where o.id = paying.id;
  pays_order := paying.payment_key is not distinct from answer_key;
  -- The first to be told of what a webhook had brought.
  if request ->> 'source' = 'confirm' and pays_order and stored.told_at is null and toss_private.is_paid(stored)
    and stored.balance_amount > 0
  then
    update public.payments as p set told_at = stored.applied_at where p.payment_key = answer_key
    returning * into stored;
  end if;
  return jsonb_build_object(
    'outcome', case
      when toss_private.is_paid(stored) or stored.status = 'WAITING_FOR_DEPOSIT' then 'confirmed'
      when stored.status in ('ABORTED', 'EXPIRED', 'CANCELED') then 'rejected'
      else 'pending' end,
    'payment', toss_private.payment_view(stored),
    'paymentStatus', stored.status,
    'orderStatus', paying.status,
    'paysOrder', pays_order,
    'isGivenBack', toss_private.is_paid(stored) and stored.balance_amount = 0 and stored.told_at is null,
    'errorCode', case when stored.status in ('ABORTED', 'EXPIRED', 'CANCELED')
      then coalesce(stored.failure_code, stored.status || '_PAYMENT') end,
    'errorMessage', stored.failure_message,
    -- Around a bank's reversal an answer that was asked for too early proves nothing; the asker asks again.
    'isStale', stored.status <> answer ->> 'status'
      and stored.status in ('DONE', 'WAITING_FOR_DEPOSIT') and answer ->> 'status' in ('DONE', 'WAITING_FOR_DEPOSIT')
      and (answer ->> 'status' = 'WAITING_FOR_DEPOSIT' or stored.reversed_at is not null)
  );
end;
$$;

comment on function toss_private.apply_payment(jsonb) is 'What public.apply_payment does, all but telling how a charge stands.';

create function public.apply_payment(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  answer jsonb;
  paid_charge_id uuid;
  asked_amount bigint;
begin
  select o.subscription_charge_id, o.amount into paid_charge_id, asked_amount
  from public.orders as o where o.id = request -> 'payment' ->> 'orderId';
  if paid_charge_id is not null and ((request -> 'payment' ->> 'totalAmount')::numeric <> asked_amount
    or jsonb_array_length(coalesce(request -> 'payment' -> 'cancels', '[]')) > 0)
  then
    -- The first one locks the order, which comes before the operation.
    perform toss_private.adopt_charged_amount(request -> 'payment' ->> 'orderId', request -> 'payment');
    perform toss_private.adopt_refunded_amount(request -> 'payment');
  end if;
  answer := toss_private.apply_payment(request);
  if paid_charge_id is not null then
    answer := answer || jsonb_build_object('charge', toss_private.charge_view(paid_charge_id));
  end if;
  -- What proves nothing, the caller judges by itself.
  if request ? 'webhook' and not (answer ->> 'isStale')::boolean then
    answer := answer || jsonb_build_object('webhook', public.finish_webhook_event(
      request -> 'webhook' || jsonb_build_object('askedAt', request -> 'askedAt', 'status', 'processed')
    ));
  end if;
  return answer;
end;
$$;

comment on function public.apply_payment(jsonb) is
  'Applies one answer of Toss about a payment: payment, cancels, order, stock, entitlement, charge, subscription, operation, outbox and audit in one transaction. Idempotent, and indifferent to the order in which answers arrive. `proof` says what the answer means for a cancel named by operationId: answered, read, seen, refused. Outcomes: confirmed, rejected, pending, mismatch, unknown_status, order_not_found; for the order of a charge also how the charge stands. Where the answer was asked for because of a webhook, `webhook` names the leased event (as finish_webhook_event does), and an applied answer ends it as processed in the same transaction.';

-- supabase/schemas/30_subscriptions.sql
-- Cards and accounts for billing, subscriptions, and the calendar of their periods.

create table public.billing_methods (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null,
  method text not null,
  card_issuer_code text,
  card_number_masked text,
  status text not null default 'active',
  created_at timestamptz not null default now(),
  deleted_at timestamptz,
  card_type text,
  bank_name text,
  account_number_masked text,
  toss_keys text not null default 'main',
  toss_client_key text,
  constraint billing_methods_toss_client_key_length check (char_length(toss_client_key) between 1 and 200),
  constraint billing_methods_toss_keys_known check (toss_keys in ('main', 'billing')),
  constraint billing_methods_method_known check (method in ('CARD', 'TRANSFER')),
  constraint billing_methods_card_issuer_code_length check (char_length(card_issuer_code) <= 10),
  constraint billing_methods_card_number_masked check (
    card_number_masked ~ '\*' and char_length(card_number_masked) <= 20
  ),
  constraint billing_methods_status_known check (status in ('active', 'deleted')),
  constraint billing_methods_deleted_has_time check ((status = 'deleted') = (deleted_at is not null)),
  constraint billing_methods_card_type_length check (char_length(card_type) between 1 and 20),
  constraint billing_methods_bank_name_length check (char_length(bank_name) between 1 and 50),
  constraint billing_methods_account_number_masked check (
    account_number_masked ~ '\*' and char_length(account_number_masked) <= 30
  ),
  constraint billing_methods_shows_what_it_is check (case method
    when 'CARD' then num_nonnulls(bank_name, account_number_masked) = 0
    else num_nonnulls(card_issuer_code, card_number_masked, card_type) = 0 end)
);

alter table public.billing_methods enable row level security;

comment on table public.billing_methods is 'One row per billing key that Toss issued. A deleted one stays, because charges refer to it.';
comment on column public.billing_methods.user_id is
  'auth.users.id; no foreign key, so that the row stays when the account goes. Personal: id; kept.';
comment on column public.billing_methods.method is 'CARD, or TRANSFER for a bank account (퀵계좌이체).';
comment on column public.billing_methods.card_number_masked is
  'As Toss masks it; a number without a star is refused. Personal: card; erased.';
comment on column public.billing_methods.bank_name is 'As Toss names the bank of an account.';
comment on column public.billing_methods.account_number_masked is
  'As Toss masks it; a number without a star is refused. Personal: account; erased.';
comment on column public.billing_methods.deleted_at is 'When the key ceased to work: by the user, by us, or because Toss said so.';
comment on column public.billing_methods.toss_keys is
  'The key pair that its key was issued with: main or billing (TOSS_BILLING_*). It is charged and removed with no other.';
comment on column public.billing_methods.toss_client_key is 'The client key of that pair when the card was registered.';
comment on column public.billing_methods.card_type is 'Toss''s word for it: 신용, 체크, 기프트, 미확인.';

create index billing_methods_user_id on public.billing_methods (user_id, created_at desc);

create policy "users read their own billing methods"
  on public.billing_methods for select to authenticated
  using ((select auth.uid()) = user_id);

alter table public.operations add constraint operations_billing_method_id_fkey foreign key (billing_method_id) references public.billing_methods (id);

create table public.subscriptions (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null,
  plan_id text not null references public.plans (id),
  billing_method_id uuid references public.billing_methods (id),
  status text not null,
  current_period_start timestamptz not null,
  current_period_end timestamptz not null,
  next_charge_at timestamptz,
  cancel_at_period_end boolean not null default false,
  needs_payment_method boolean not null default false,
  canceled_at timestamptz,
  ended_at timestamptz,
  created_at timestamptz not null default now(),
  anchor timestamptz not null,
  anchor_period integer not null default 0,
  period_number integer not null,
  amount bigint not null,
  currency text not null,
  interval text not null,
  interval_count integer not null,
  next_plan_id text references public.plans (id),
  next_amount bigint,
  next_interval text,
  next_interval_count integer,
  access_ends_at timestamptz,
  remind_at timestamptz,
  end_reason text,
  plan_group text,
  consent_ask_at timestamptz,
  constraint subscriptions_status_known check (status in ('trialing', 'active', 'past_due', 'canceled')),
  constraint subscriptions_period_ends_after_start check (current_period_end > current_period_start),
  constraint subscriptions_amount_range check (amount between 0 and 9007199254740991),
  constraint subscriptions_currency_code check (currency ~ '^[A-Z]{3}$'),
  constraint subscriptions_interval_known check (interval in ('day', 'week', 'month', 'year')),
  constraint subscriptions_interval_count_range check (interval_count between 1 and 1000),
  constraint subscriptions_period_number_range check (period_number >= -1),
  constraint subscriptions_trial_is_before_period_0 check (status <> 'trialing' or period_number = -1),
  constraint subscriptions_next_plan_complete check (
    (next_plan_id is null) = (next_amount is null)
    and (next_plan_id is null) = (next_interval is null)
    and (next_plan_id is null) = (next_interval_count is null)
  ),
  constraint subscriptions_canceled_is_over check (
    status <> 'canceled'
    or (ended_at is not null and next_charge_at is null and remind_at is null and access_ends_at is null)
  ),
  constraint subscriptions_live_has_not_ended check (status = 'canceled' or ended_at is null),
  constraint subscriptions_notice_has_end check (
    status = 'canceled' or not cancel_at_period_end
    or (access_ends_at is not null and next_charge_at is null and canceled_at is not null)
  ),
  -- Either notice was given or a debt has its grace; anything else could not be ended when its time comes.
  constraint subscriptions_access_end_has_cause check (
    access_ends_at is null or cancel_at_period_end = (status <> 'past_due')
  ),
  constraint subscriptions_end_reason_length check (char_length(end_reason) between 1 and 50)
);

alter table public.subscriptions enable row level security;

comment on table public.subscriptions is 'One row per subscription. Status moves only inside SQL functions.';
comment on column public.subscriptions.user_id is
  'auth.users.id; no foreign key, so that the row stays when the account goes. Personal: id; kept.';
comment on column public.subscriptions.billing_method_id is 'What the next period is charged to.';
comment on column public.subscriptions.current_period_end is 'Exclusive, counted from the anchor in Asia/Seoul.';
comment on column public.subscriptions.next_charge_at is 'When the next charge is due; null when none will be made.';
comment on column public.subscriptions.cancel_at_period_end is 'The user gave notice: access lasts to the end of the period and is not charged again.';
comment on column public.subscriptions.needs_payment_method is 'The billing method no longer works: ask the user for another one before the next charge.';
comment on column public.subscriptions.canceled_at is 'When notice was given.';
comment on column public.subscriptions.ended_at is 'When access ended.';
comment on column public.subscriptions.anchor is 'The start, or the end of the trial; moves when a plan of another interval begins. Every boundary is counted from it.';
comment on column public.subscriptions.anchor_period is 'The number of the period that begins at the anchor.';
comment on column public.subscriptions.period_number is 'The current period; -1 while trialing.';
comment on column public.subscriptions.amount is 'Price of a period as agreed, minor unit; a later change of the plan does not reach it.';
comment on column public.subscriptions.interval is 'As agreed, like interval_count.';
comment on column public.subscriptions.next_plan_id is 'The plan from the next period on, with the terms agreed when it was chosen.';
comment on column public.subscriptions.access_ends_at is 'When access ends if nothing happens: after notice, or when no billing method works.';
comment on column public.subscriptions.remind_at is 'When the next reminder is due; null when none is, or after it was written.';
comment on column public.subscriptions.end_reason is 'Why it ended: canceled (by its user or the shop), dunning, refunded, user_deleted, consent_missing, consent_refused; of every ended one, see toss_private.subscription_transitions.';
comment on column public.subscriptions.consent_ask_at is
  'When its subscriber is to be asked for consent; null when nothing is to be asked, or was asked.';
comment on column public.subscriptions.plan_group is
  'plans.plan_group of its plan. Null also when the shop made the group after its user had two of it.';

-- A user subscribes to a plan once at a time.
create unique index subscriptions_one_live_per_plan on public.subscriptions (user_id, plan_id)
  where status <> 'canceled';
create index subscriptions_user_id on public.subscriptions (user_id, created_at desc);
create index subscriptions_plan_id on public.subscriptions (plan_id);
create index subscriptions_billing_method_id on public.subscriptions (billing_method_id)
  where billing_method_id is not null;
create index subscriptions_next_charge_at on public.subscriptions (next_charge_at)
  where status <> 'canceled';
-- Plans that exclude each other: a user subscribes to one of a group at a time.
create unique index subscriptions_one_live_per_group on public.subscriptions (user_id, plan_group)
  where status <> 'canceled' and plan_group is not null;
create index subscriptions_access_ends_at on public.subscriptions (access_ends_at) where access_ends_at is not null;
create index subscriptions_consent_ask_at on public.subscriptions (consent_ask_at) where consent_ask_at is not null;
create index subscriptions_remind_at on public.subscriptions (remind_at) where remind_at is not null;
create index subscriptions_next_plan_id on public.subscriptions (next_plan_id) where next_plan_id is not null;
create index subscriptions_ended_for_gone_users on public.subscriptions (ended_at)
  where end_reason = 'user_deleted';

create policy "users read their own subscriptions"
  on public.subscriptions for select to authenticated
  using ((select auth.uid()) = user_id);

alter table public.entitlements add constraint entitlements_subscription_id_fkey foreign key (subscription_id) references public.subscriptions (id);

-- Both lists are read once a query, not once a row.
create policy "users read active plans and those they pay for"
  on public.plans for select to authenticated
  using (
    active
    or id in (
      select unnest(array[s.plan_id, s.next_plan_id]) from public.subscriptions as s
      where s.user_id = (select auth.uid()) and s.status <> 'canceled'
    )
    or id in (
      select e.plan_id from public.entitlements as e
      where e.user_id = (select auth.uid()) and e.revoked_at is null and e.ends_at > (select toss_private.clock_now())
    )
  );

-- supabase/schemas/31_subscription_states.sql
-- Which moves a subscription may make; every move is checked against one table.

create table toss_private.subscription_transitions (
  status text not null,
  event text not null,
  next_status text not null,
  end_reason text,
  primary key (status, event),
  constraint subscription_transitions_status_known check (status in ('none', 'trialing', 'active', 'past_due', 'canceled')),
  constraint subscription_transitions_next_status_known check (
    next_status in ('trialing', 'active', 'past_due', 'canceled')
  ),
  constraint subscription_transitions_event_format check (event ~ '^[a-z_]{3,50}$'),
  constraint subscription_transitions_end_has_reason check ((next_status = 'canceled') = (end_reason is not null))
);

alter table toss_private.subscription_transitions enable row level security;

comment on table toss_private.subscription_transitions is
  'The state machine. What stands in no row is refused, by function and by trigger. docs/subscriptions.md shows it as a table.';
comment on column toss_private.subscription_transitions.status is 'none: the subscription does not exist yet.';
comment on column toss_private.subscription_transitions.end_reason is 'What subscriptions.end_reason says after it; of every way into canceled.';

insert into toss_private.subscription_transitions (status, event, next_status, end_reason) values
  ('none', 'trial_started', 'trialing', null),
  ('none', 'started', 'active', null),
  ('trialing', 'charge_paid', 'active', null),
  ('trialing', 'charge_declined', 'past_due', null),
  ('trialing', 'notice_given', 'trialing', null),
  ('trialing', 'resumed', 'trialing', null),
  ('trialing', 'notice_ended', 'canceled', 'canceled'),
  ('trialing', 'canceled_now', 'canceled', 'canceled'),
  ('trialing', 'plan_changed', 'trialing', null),
  ('trialing', 'plan_change_planned', 'trialing', null),
  ('trialing', 'method_changed', 'trialing', null),
  ('trialing', 'user_deleted', 'canceled', 'user_deleted'),
  ('trialing', 'consent_missing', 'canceled', 'consent_missing'),
  ('trialing', 'consent_refused', 'canceled', 'consent_refused'),
  ('active', 'charge_paid', 'active', null),
  ('active', 'charge_declined', 'past_due', null),
  ('active', 'notice_given', 'active', null),
  ('active', 'resumed', 'active', null),
  ('active', 'notice_ended', 'canceled', 'canceled'),
  ('active', 'canceled_now', 'canceled', 'canceled'),
  ('active', 'plan_changed', 'active', null),
  ('active', 'plan_change_planned', 'active', null),
  ('active', 'method_changed', 'active', null),
  ('active', 'period_refunded', 'canceled', 'refunded'),
  ('active', 'user_deleted', 'canceled', 'user_deleted'),
  ('active', 'consent_missing', 'canceled', 'consent_missing'),
  ('active', 'consent_refused', 'canceled', 'consent_refused'),
  ('past_due', 'charge_paid', 'active', null),
  ('past_due', 'charge_declined', 'past_due', null),
  ('past_due', 'notice_given', 'canceled', 'canceled'),
  ('past_due', 'canceled_now', 'canceled', 'canceled'),
  ('past_due', 'method_changed', 'past_due', null),
  ('past_due', 'retry_requested', 'past_due', null),
  ('past_due', 'dunning_canceled', 'canceled', 'dunning'),
  ('past_due', 'access_withdrawn', 'past_due', null),
  ('past_due', 'period_refunded', 'canceled', 'refunded'),
  ('past_due', 'user_deleted', 'canceled', 'user_deleted');

create function toss_private.check_subscription_move()
returns trigger
language plpgsql
set search_path = ''
as $$
declare
  known_status text := 'none';
begin
  if tg_op = 'UPDATE' then
    known_status := old.status;
  end if;
  if not exists (
    select 1 from toss_private.subscription_transitions as t
    where t.status = known_status and t.next_status = new.status
  ) then
    raise exception 'a subscription cannot become % when it is %', new.status, known_status
      using errcode = 'check_violation', constraint = 'subscriptions_move_known';
  end if;
  return new;
end;
$$;

comment on function toss_private.check_subscription_move() is
  'Trigger: refuses a status that no event leads to, whoever writes it. Nothing leads out of canceled.';

create trigger subscriptions_born
  before insert on public.subscriptions
  for each row execute function toss_private.check_subscription_move();

create trigger subscriptions_moved
  before update of status on public.subscriptions
  for each row when (new.status is distinct from old.status)
  execute function toss_private.check_subscription_move();

create function toss_private.may_happen(current_status text, happening text)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return exists (
    select 1 from toss_private.subscription_transitions as t where t.status = current_status and t.event = happening
  );
end;
$$;

comment on function toss_private.may_happen(text, text) is 'Whether an event is legal in a state.';

create function toss_private.fill_subscription()
returns trigger
language plpgsql
set search_path = ''
as $$
declare
  chosen public.plans;
begin
  select * into chosen from public.plans as p where p.id = new.plan_id;
  new.anchor := coalesce(
    new.anchor, case new.status when 'trialing' then new.current_period_end else new.current_period_start end
  );
  new.period_number := coalesce(new.period_number, case new.status when 'trialing' then -1 else 0 end);
  new.amount := coalesce(new.amount, chosen.price);
  new.currency := coalesce(new.currency, chosen.currency);
  new.interval := coalesce(new.interval, chosen.interval);
  new.interval_count := coalesce(new.interval_count, chosen.interval_count);
  new.plan_group := chosen.plan_group;
  -- A first payment that was at Toss before the shop made the group.
  if exists (
    select 1 from public.subscriptions as s
    where s.user_id = new.user_id and s.plan_group = new.plan_group and s.status <> 'canceled'
  ) and exists (
    select 1 from public.subscription_charges as c
    where c.user_id = new.user_id and c.plan_id = new.plan_id and c.kind = 'start' and c.status = 'paid'
      and c.first_declined_at is null and c.subscription_id is null and c.period_start = new.current_period_start
  ) then
    new.plan_group := null;
  end if;
  return new;
end;
$$;

comment on function toss_private.fill_subscription() is
  'Trigger: terms that an insert does not name are those of the plan, so that subscriptions of another system can be brought in.';

create trigger subscriptions_filled
  before insert on public.subscriptions
  for each row execute function toss_private.fill_subscription();

create function toss_private.group_subscription()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  select p.plan_group into new.plan_group from public.plans as p where p.id = new.plan_id;
  -- A change that was agreed on before the shop made the group still takes place.
  if exists (
    select 1 from public.subscriptions as s
    where s.user_id = new.user_id and s.plan_group = new.plan_group and s.status <> 'canceled' and s.id <> new.id
  ) then
    new.plan_group := null;
  end if;
  return new;
end;
$$;

comment on function toss_private.group_subscription() is 'Trigger: a subscription that gets another plan gets its group, too.';

create trigger subscriptions_regrouped
  before update of plan_id on public.subscriptions
  for each row when (new.plan_id is distinct from old.plan_id and new.status <> 'canceled')
  execute function toss_private.group_subscription();

create function toss_private.follow_plan_group()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  -- By id, as whoever else locks several.
  perform 1 from public.subscriptions as s
  where s.plan_id = new.id and s.status <> 'canceled'
  order by s.id
  for no key update;
  for attempt in 1..5 loop
    begin
      -- Who has two of the group by now keeps both; the next one is refused.
      update public.subscriptions as s
      set plan_group = new.plan_group
      where s.plan_id = new.id and s.status <> 'canceled' and s.plan_group is distinct from new.plan_group
        and not exists (
          select 1 from public.subscriptions as other
          where other.user_id = s.user_id and other.plan_group = new.plan_group and other.status <> 'canceled'
            and other.id <> s.id
        );
      exit;
    exception when unique_violation then
      -- Another subscription has come into the group meanwhile; the next look sees it.
      if attempt = 5 then
        raise;
      end if;
    end;
  end loop;
  return null;
end;
$$;

comment on function toss_private.follow_plan_group() is
  'Trigger: live subscriptions follow when the shop puts their plan into a group or takes it out.';

create trigger plans_regrouped
  after update of plan_group on public.plans
  for each row when (new.plan_group is distinct from old.plan_group)
  execute function toss_private.follow_plan_group();

create function toss_private.lock_plan_groups()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('plan_groups', 0));
  return null;
end;
$$;

comment on function toss_private.lock_plan_groups() is
  'Trigger: one change of groups at a time, before any row is held. Two of them would each miss what the other does to a user''s subscriptions.';

create trigger plans_groups_locked
  before update of plan_group on public.plans
  for each statement execute function toss_private.lock_plan_groups();

create function toss_private.lock_user(locked_user_id uuid)
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('subscriber:' || locked_user_id, 0));
end;
$$;

comment on function toss_private.lock_user(uuid) is
  'Taken by whoever subscribes a user to a plan, gives a subscription another one, registers, chooses or removes a card: they must see each other. Before any row of a subscription; who settles a charge takes it after the rows of its order and operation.';

create function toss_private.subscription_view(viewed public.subscriptions)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return jsonb_build_object(
    'id', viewed.id,
    'userId', viewed.user_id,
    'planId', viewed.plan_id,
    'status', viewed.status,
    'amount', viewed.amount,
    'currency', viewed.currency,
    'currentPeriodStart', viewed.current_period_start,
    'currentPeriodEnd', viewed.current_period_end,
    'nextChargeAt', viewed.next_charge_at,
    'cancelAtPeriodEnd', viewed.cancel_at_period_end,
    'canceledAt', viewed.canceled_at,
    'endedAt', viewed.ended_at,
    'billingMethodId', viewed.billing_method_id,
    'needsPaymentMethod', viewed.needs_payment_method,
    'nextPlanId', viewed.next_plan_id,
    'createdAt', viewed.created_at
  );
end;
$$;

comment on function toss_private.subscription_view(public.subscriptions) is 'A subscription as the API shows it.';

create function toss_private.subscription_terms(agreed public.subscriptions)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  -- Times as seconds: how a timestamp is written depends on the session.
  return jsonb_build_array(
    agreed.user_id, agreed.plan_id, agreed.amount, agreed.currency, agreed.interval, agreed.interval_count,
    agreed.period_number, extract(epoch from agreed.current_period_start), extract(epoch from agreed.current_period_end),
    extract(epoch from agreed.anchor), agreed.anchor_period, agreed.cancel_at_period_end, agreed.billing_method_id,
    agreed.next_plan_id, agreed.next_amount, agreed.next_interval, agreed.next_interval_count
  );
end;
$$;

comment on function toss_private.subscription_terms(public.subscriptions) is
  'What decides who pays how much, when and with what. It changes with a line in the audit log alone, which repeats it: invariant_violations() compares.';

create function toss_private.move_subscription(changed public.subscriptions, happening text, audit jsonb)
returns public.subscriptions
language plpgsql
set search_path = ''
as $$
declare
  target text;
  reason text;
  stored public.subscriptions;
begin
  select t.next_status, t.end_reason into target, reason from toss_private.subscription_transitions as t
  where t.status = changed.status and t.event = happening;
  if not found then
    raise exception '% cannot happen to a subscription that is %', happening, changed.status
      using errcode = 'check_violation', constraint = 'subscriptions_move_known';
  end if;
  if target = 'canceled' then
    changed.next_charge_at := null;
    changed.access_ends_at := null;
    changed.remind_at := null;
    changed.ended_at := coalesce(changed.ended_at, toss_private.clock_now());
    changed.end_reason := reason;
  end if;
  update public.subscriptions as s
  set status = target,
    plan_id = changed.plan_id, amount = changed.amount, currency = changed.currency,
    interval = changed.interval, interval_count = changed.interval_count,
    anchor = changed.anchor, anchor_period = changed.anchor_period, period_number = changed.period_number,
    next_plan_id = changed.next_plan_id, next_amount = changed.next_amount,
    next_interval = changed.next_interval, next_interval_count = changed.next_interval_count,
    billing_method_id = changed.billing_method_id, needs_payment_method = changed.needs_payment_method,
    current_period_start = changed.current_period_start, current_period_end = changed.current_period_end,
    next_charge_at = changed.next_charge_at, access_ends_at = changed.access_ends_at,
    remind_at = changed.remind_at, cancel_at_period_end = changed.cancel_at_period_end,
    canceled_at = changed.canceled_at, ended_at = changed.ended_at, end_reason = changed.end_reason
  where s.id = changed.id
  returning * into stored;
  if target = 'canceled' then
    -- Nobody will try to collect a debt any more.
    update public.subscription_charges as c set next_attempt_at = null
    where c.subscription_id = stored.id and c.next_attempt_at is not null;
  end if;
  perform toss_private.write_event(audit || jsonb_build_object(
    'event', 'subscription_status', 'subscriptionId', stored.id, 'from', changed.status, 'to', stored.status,
    'amount', stored.amount,
    'detail', coalesce(audit -> 'detail', '{}') || jsonb_build_object(
      'event', happening, 'planId', stored.plan_id, 'terms', toss_private.subscription_terms(stored)
    )
  ));
  return stored;
end;
$$;

comment on function toss_private.move_subscription(public.subscriptions, text, jsonb) is
  'The one way a subscription changes: `changed` is the locked row with its new values and its old status; the event decides the new one, and the audit log gets a line. Raises on an event that the state machine does not know for this status; callers ask toss_private.may_happen first.';

create function toss_private.write_subscription_event(happened text, concerned public.subscriptions, detail jsonb)
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  perform toss_private.write_outbox_event(jsonb_build_object(
    'eventType', 'subscription.' || happened, 'subject', concerned.id,
    'payload', jsonb_build_object(
      'subscriptionId', concerned.id, 'userId', concerned.user_id, 'planId', concerned.plan_id,
      'status', concerned.status, 'currentPeriodEnd', concerned.current_period_end
    ) || detail
  ));
end;
$$;

comment on function toss_private.write_subscription_event(text, public.subscriptions, jsonb) is
  'Adds subscription.<happened> to outbox_events, with what every such event carries and the detail.';

create function toss_private.reminder_time(period_start timestamptz, charge_time timestamptz, reminded_plan_id text)
returns timestamptz
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select toss_private.period_boundary(charge_time, 'day', 1, -p.reminder_days)
    from public.plans as p
    where p.id = reminded_plan_id and p.reminder_days > 0
      and toss_private.period_boundary(charge_time, 'day', 1, -p.reminder_days) > period_start
  );
end;
$$;

comment on function toss_private.reminder_time(timestamptz, timestamptz, text) is
  'When to announce a charge; null when the plan has no reminder or the period is too short for one.';

create function toss_private.coming_rise(asked public.subscriptions)
returns table (kind text, amount_before bigint, amount_after bigint, effective_at timestamptz)
language plpgsql
stable
set search_path = ''
as $$
declare
  step record;
begin
  if asked.status not in ('trialing', 'active') or asked.next_charge_at is null or asked.cancel_at_period_end
    or (select p.consent <> 'required' from public.plans as p where p.id = asked.plan_id)
  then
    return;
  end if;
  if asked.status = 'trialing' then
    return query select 'trial_conversion', 0::bigint, toss_private.price_from(asked, asked.current_period_end),
      asked.current_period_end;
    return;
  end if;
  -- Another plan that its subscriber chose has the price that was shown then.
  if asked.next_plan_id is not null then
    return;
  end if;
  for step in
    select p.amount, p.from_at from toss_private.price_steps as p
    where p.subscription_id = asked.id and p.ended_at is null and p.plan_id = asked.plan_id
    order by p.from_at
  loop
    effective_at := toss_private.first_boundary(asked, step.from_at);
    amount_after := toss_private.price_from(asked, effective_at);
    if amount_after > asked.amount then
      kind := 'price_rise';
      amount_before := asked.amount;
      return next;
      return;
    end if;
    -- Lower first, then a rise.
    asked.amount := amount_after;
  end loop;
end;
$$;

comment on function toss_private.coming_rise(public.subscriptions) is
  'The next charge of a subscription that needs consent: the first after a trial, or the first above the price before; no row when there is none.';

create function toss_private.review_consent()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  rise record;
begin
  select * into rise from toss_private.coming_rise(new);
  new.consent_ask_at := null;
  if rise.kind is not null and not exists (
    select 1 from public.subscription_consents as k
    where k.subscription_id = new.id and k.voided_at is null and k.closed_at is null
      and (k.plan_id, k.amount_after, k.effective_at) = (new.plan_id, rise.amount_after, rise.effective_at)
  ) then
    -- What is asked before it is nothing that anybody could still say yes to.
    update public.subscription_consents as k set voided_at = toss_private.clock_now()
    where k.subscription_id = new.id and k.voided_at is null and k.closed_at is null;
    new.consent_ask_at := toss_private.consent_window_start(new, rise.effective_at);
  elsif new.status = 'canceled' or (
    rise.kind is null and new.status <> 'past_due' and new.next_charge_at is not null
  ) then
    update public.subscription_consents as k set voided_at = toss_private.clock_now()
    where k.subscription_id = new.id and k.voided_at is null and k.closed_at is null;
  end if;
  return new;
end;
$$;

comment on function toss_private.review_consent() is
  'Trigger: another plan, price or date than the one that was asked about makes the consent void and asks again.';

-- Also when nothing but `plan_id = plan_id` is written: whoever changes steps or plans looks again that way.
create trigger subscriptions_reviewed
  before insert or update of status, plan_id, amount, next_plan_id, next_charge_at, current_period_end, cancel_at_period_end
  on public.subscriptions
  for each row execute function toss_private.review_consent();

-- supabase/schemas/32_charges.sql
-- What is charged to a billing key: one row per period, upgrade or ad hoc charge, however many attempts it takes.

create table public.subscription_charges (
  id uuid primary key default gen_random_uuid(),
  kind text not null,
  subscription_id uuid references public.subscriptions (id),
  user_id uuid not null,
  billing_method_id uuid references public.billing_methods (id),
  plan_id text references public.plans (id),
  plan_amount bigint,
  plan_interval text,
  plan_interval_count integer,
  period_number integer,
  period_start timestamptz,
  period_end timestamptz,
  amount bigint not null,
  currency text not null,
  order_name text not null,
  request_id text,
  status text not null default 'pending',
  attempt integer not null default 0,
  order_id text references public.orders (id),
  next_attempt_at timestamptz,
  attempted_at timestamptz,
  first_declined_at timestamptz,
  failure_code text,
  failure_message text,
  failure_class text,
  paid_at timestamptz,
  refund_due bigint,
  refund_operation_id uuid references public.operations (id),
  earlier_plan_id text references public.plans (id),
  earlier_amount bigint,
  undone_at timestamptz,
  created_at timestamptz not null,
  covered_by text,
  consent_id uuid,
  constraint subscription_charges_kind_known check (kind in ('start', 'renewal', 'upgrade', 'ad_hoc')),
  constraint subscription_charges_status_known check (
    status in ('pending', 'processing', 'unknown', 'paid', 'declined', 'void')
  ),
  -- Toss takes no card payment under 100 won; from an account it takes 200 at least, and declines the rest.
  constraint subscription_charges_amount_range check (amount between 100 and 9007199254740991),
  constraint subscription_charges_plan_amount_range check (plan_amount between 0 and 9007199254740991),
  constraint subscription_charges_earlier_amount_range check (earlier_amount between 0 and 9007199254740991),
  constraint subscription_charges_currency_code check (currency ~ '^[A-Z]{3}$'),
  constraint subscription_charges_order_name_length check (char_length(order_name) between 1 and 100),
  constraint subscription_charges_request_id_length check (char_length(request_id) between 1 and 300),
  constraint subscription_charges_attempt_not_negative check (attempt >= 0),
  constraint subscription_charges_failure_class_known check (failure_class in ('soft', 'hard', 'limit')),
  constraint subscription_charges_period_complete check (
    (kind = 'ad_hoc') = (period_number is null)
    and (period_number is null) = (period_start is null)
    and (period_number is null) = (period_end is null)
    and (period_number is null) = (plan_id is null)
    and (period_number is null) = (plan_amount is null)
    and (period_number is null) = (plan_interval is null)
    and (period_number is null) = (plan_interval_count is null)
  ),
  constraint subscription_charges_period_ends_after_start check (period_end > period_start),
  constraint subscription_charges_period_has_subscription check (
    subscription_id is not null or kind in ('start', 'ad_hoc')
  ),
  constraint subscription_charges_ad_hoc_has_request check ((kind = 'ad_hoc') = (request_id is not null)),
  constraint subscription_charges_paid_has_order check (
    (status = 'paid') = (paid_at is not null) and (paid_at is null or order_id is not null)
  ),
  constraint subscription_charges_declined_has_time check (status <> 'declined' or first_declined_at is not null),
  constraint subscription_charges_next_attempt_when_declined check (next_attempt_at is null or status = 'declined'),
  constraint subscription_charges_refund_within_amount check (refund_due between 1 and amount),
  -- A promise is kept by a cancel that is written with it, so that no crash comes between.
  constraint subscription_charges_refund_is_begun check ((refund_due is null) = (refund_operation_id is null)),
  constraint subscription_charges_upgrade_has_earlier_terms check (
    (kind = 'upgrade') = (earlier_plan_id is not null) and (kind = 'upgrade') = (earlier_amount is not null)
  ),
  constraint subscription_charges_covered_by_known check (covered_by in ('agreed', 'consent', 'not_required')),
  constraint subscription_charges_covered_by_consent check (
    coalesce(covered_by = 'consent', false) = (consent_id is not null)
  ),
  constraint subscription_charges_renewal_is_covered check (
    case when kind = 'renewal' then status = 'void' or covered_by is not null else covered_by is null end
  ),
  constraint subscription_charges_undone_was_paid check (undone_at is null or (kind = 'upgrade' and status = 'paid'))
);

alter table public.subscription_charges enable row level security;

comment on table public.subscription_charges is 'One row per amount that is charged to a billing key. Every attempt is an order of its own.';
comment on column public.subscription_charges.kind is 'start: the first period, before the subscription exists. renewal: a later period. upgrade: the difference to a dearer plan. ad_hoc: an amount the shop names.';
comment on column public.subscription_charges.subscription_id is 'Null for ad_hoc, and for a start until it is paid.';
comment on column public.subscription_charges.user_id is
  'auth.users.id; no foreign key, so that the row stays when the account goes. Personal: id; kept.';
comment on column public.subscription_charges.billing_method_id is 'What the last attempt was charged to; null when there was nothing to charge.';
comment on column public.subscription_charges.plan_amount is 'Price of a whole period as agreed; the amount of an upgrade is only the difference.';
comment on column public.subscription_charges.period_number is 'Counted from 0 through the whole life of a subscription; an upgrade carries the number of the period it happens in.';
comment on column public.subscription_charges.period_start is 'From when the amount pays: the start of the period, or the moment of the upgrade. A start gets its period anew when its payment is recorded.';
comment on column public.subscription_charges.request_id is 'The shop''s idempotency token of an ad hoc charge.';
comment on column public.subscription_charges.status is 'processing: at Toss. unknown: no proof yet. declined: refused; tried again at next_attempt_at if that is set. void: never charged, because its period was missed.';
comment on column public.subscription_charges.attempt is 'How many orders have been made for it.';
comment on column public.subscription_charges.order_id is 'The order of the last attempt, or of the one that was paid.';
comment on column public.subscription_charges.attempted_at is 'As of which time the last attempt was made; dunning counts with it.';
comment on column public.subscription_charges.first_declined_at is 'From when the days of DUNNING_SCHEDULE_DAYS count.';
comment on column public.subscription_charges.failure_code is 'Toss''s code of the last refusal, or NO_BILLING_METHOD, MISSED_PERIOD, CHARGE_TIMEOUT (nobody waits for it any more).';
comment on column public.subscription_charges.failure_class is 'soft: tried again. limit: after midnight in Seoul. hard: another billing method is needed.';
comment on column public.subscription_charges.refund_due is 'What was promised back when the subscription was cancelled at once.';
comment on column public.subscription_charges.refund_operation_id is 'The cancel that keeps the promise of refund_due, begun in the same transaction; the last one when Toss refused an earlier one.';
comment on column public.subscription_charges.earlier_plan_id is 'Of an upgrade: the plan that its refund leads back to.';
comment on column public.subscription_charges.earlier_amount is 'Of an upgrade: the price of that plan as agreed.';
comment on column public.subscription_charges.covered_by is
  'Why a renewal may be charged: agreed (not above the price its subscriber pays already), consent (the row in consent_id), not_required (plans.consent). Filled by a trigger that refuses any other.';
comment on column public.subscription_charges.consent_id is
  'The consent without which this amount could not be charged.';
comment on column public.subscription_charges.undone_at is 'Since when the plan of a refunded upgrade no longer applies.';
comment on column public.subscription_charges.order_name is
  'What Toss and the buyer read; of an ad hoc charge the shop''s own words. Personal: free text; erased.';
comment on column public.subscription_charges.failure_message is
  'Toss''s words for failure_code. Personal: error text; erased.';

-- The heart of it: a period is charged by one row, whoever charges it.
create unique index subscription_charges_one_per_period on public.subscription_charges (subscription_id, period_number)
  where kind in ('start', 'renewal');
create unique index subscription_charges_one_per_request on public.subscription_charges (user_id, request_id)
  where kind = 'ad_hoc';
create unique index subscription_charges_one_open_start on public.subscription_charges (user_id, plan_id)
  where kind = 'start' and status in ('pending', 'processing', 'unknown');
create unique index subscription_charges_one_open on public.subscription_charges (subscription_id)
  where status in ('pending', 'processing', 'unknown');
create index subscription_charges_subscription_id on public.subscription_charges (subscription_id, period_start desc);
create index subscription_charges_user_id on public.subscription_charges (user_id, created_at desc);
create index subscription_charges_order_id on public.subscription_charges (order_id);
create index subscription_charges_refund_operation_id on public.subscription_charges (refund_operation_id)
  where refund_operation_id is not null;
create index subscription_charges_consent_id on public.subscription_charges (consent_id, subscription_id, plan_id, plan_amount) where consent_id is not null;
create index subscription_charges_plan_id on public.subscription_charges (plan_id) where plan_id is not null;
create index subscription_charges_earlier_plan_id on public.subscription_charges (earlier_plan_id)
  where earlier_plan_id is not null;
create index subscription_charges_billing_method_id on public.subscription_charges (billing_method_id)
  where billing_method_id is not null;

create policy "users read their own charges"
  on public.subscription_charges for select to authenticated
  using ((select auth.uid()) = user_id);

alter table public.orders add constraint orders_subscription_charge_id_fkey foreign key (subscription_charge_id) references public.subscription_charges (id);

alter table public.operations add constraint operations_charge_id_fkey foreign key (charge_id) references public.subscription_charges (id);

alter table public.entitlements add constraint entitlements_charge_id_fkey foreign key (charge_id) references public.subscription_charges (id);

create view public.user_plans
with (security_invoker = true)
as
select distinct on (u.user_id, u.plan)
  u.user_id,
  u.plan,
  u.status,
  u.next_billing_date
from (
  select
    s.user_id,
    s.plan_id as plan,
    case
      when s.cancel_at_period_end and s.access_ends_at <= toss_private.clock_now() then 'canceled'
      when s.status <> 'past_due' then s.status
      -- While Toss is asked, nobody knows that the grace was in vain. A debt that a new card is about to be charged for
      -- revives nothing yet when its access was withdrawn.
      when s.access_ends_at > toss_private.clock_now()
        or exists (
          select 1 from public.entitlements as e
          where e.subscription_id = s.id and e.revoked_at is null and e.ends_at >= s.next_charge_at
        )
        or exists (
          select 1 from public.subscription_charges as c
          where c.subscription_id = s.id and c.status in ('pending', 'processing', 'unknown')
        ) then 'past_due'
      else 'expired'
    end as status,
    s.next_charge_at as next_billing_date,
    coalesce(s.ended_at, 'infinity') as until
  from public.subscriptions as s
  union all
  select
    e.user_id,
    e.plan_id,
    case
      when e.revoked_at is not null then 'canceled'
      when toss_private.clock_now() < e.starts_at then 'scheduled'
      when toss_private.clock_now() < e.ends_at then 'active'
      else 'expired'
    end,
    null::timestamptz,
    e.ends_at
  from public.entitlements as e
  where e.source = 'order'
) as u
order by
  u.user_id,
  u.plan,
  (u.status in ('active', 'trialing', 'past_due')) desc,
  u.until desc;

comment on view public.user_plans is 'One row per user and plan: what to check before showing a paid feature.';
comment on column public.user_plans.plan is 'plans.id';
comment on column public.user_plans.status is
  'active, trialing, past_due (charged without success, access lasts through the grace), scheduled (a pass), expired or canceled.';
comment on column public.user_plans.next_billing_date is
  'When the plan is charged next; null for a one-time pass, after notice, and while nothing is charged by itself.';

create function toss_private.follow_charge()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  update public.subscription_charges as c
  set status = case new.state when 'started' then 'processing' else 'unknown' end
  -- An older attempt may have turned out to be paid while this one was on its way.
  where c.id = new.charge_id and c.status <> 'paid';
  return null;
end;
$$;

comment on function toss_private.follow_charge() is
  'Trigger: while the operation of a charge is open, the charge says whether Toss has been heard of. Its end is written by settle_charge and decline_charge.';

create trigger operations_charge_opened
  after insert on public.operations
  for each row when (new.charge_id is not null and new.state in ('started', 'unknown'))
  execute function toss_private.follow_charge();

create trigger operations_charge_moved
  after update of state on public.operations
  for each row when (
    new.charge_id is not null and new.state in ('started', 'unknown') and new.state is distinct from old.state
  )
  execute function toss_private.follow_charge();

create function toss_private.charge_view(viewed_charge_id uuid)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select jsonb_build_object(
      'chargeId', c.id,
      'chargeKind', c.kind,
      'subscriptionId', c.subscription_id,
      'subscription', case when s.id is not null then toss_private.subscription_view(s) end,
      'status', c.status,
      'amount', c.amount,
      'currency', c.currency,
      'attempt', c.attempt,
      'orderId', c.order_id,
      'paymentKey', o.payment_key,
      'nextAttemptAt', c.next_attempt_at,
      'failureCode', c.failure_code,
      'failureMessage', c.failure_message
    )
    from public.subscription_charges as c
    left join public.subscriptions as s on s.id = c.subscription_id
    left join public.orders as o on o.id = c.order_id
    where c.id = viewed_charge_id
  );
end;
$$;

comment on function toss_private.charge_view(uuid) is 'How a charge stands, for the answer to whoever asked for it.';

create function toss_private.write_charge_event(happened text, concerned public.subscription_charges)
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  perform toss_private.write_outbox_event(jsonb_build_object(
    'eventType', case
      when concerned.kind = 'ad_hoc' then 'charge.' || happened else 'subscription.payment_' || happened end,
    'subject', coalesce(concerned.subscription_id, concerned.id),
    'payload', jsonb_build_object(
      'chargeId', concerned.id, 'kind', concerned.kind, 'subscriptionId', concerned.subscription_id,
      'userId', concerned.user_id, 'planId', concerned.plan_id, 'orderId', concerned.order_id,
      'amount', concerned.amount, 'currency', concerned.currency, 'attempt', concerned.attempt,
      'periodStart', concerned.period_start, 'periodEnd', concerned.period_end,
      'nextAttemptAt', concerned.next_attempt_at, 'failureCode', concerned.failure_code,
      'failureClass', concerned.failure_class
    )
  ));
end;
$$;

comment on function toss_private.write_charge_event(text, public.subscription_charges) is
  'Adds subscription.payment_<happened>, for an ad hoc charge charge.<happened>, to outbox_events.';

-- supabase/schemas/33_charge_attempt.sql
-- One attempt of a charge: the order and the operation under which Toss knows it.

create function toss_private.given_up_since(asked public.subscription_charges)
returns timestamptz
language plpgsql
stable
set search_path = ''
as $$
declare
  -- As long as a registration is waited for: what is charged later comes as a surprise.
  patience constant interval := interval '30 minutes';
  given_up_at constant timestamptz := case asked.kind
    when 'start' then asked.created_at + patience
    -- After its period there is nothing left to have for the money.
    when 'upgrade' then least(asked.created_at + patience, asked.period_end)
  end;
begin
  return case when given_up_at <= toss_private.clock_now() then given_up_at end;
end;
$$;

comment on function toss_private.given_up_since(public.subscription_charges) is
  'Since when a first charge or an upgrade is not sent any more because nobody waits for it; null while it is. Renewals are owed and have no such end.';

create function toss_private.charge_operation_view(operation public.operations)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
declare
  was_restored constant boolean := exists (
    select 1 from toss_private.restores as r where r.restored_at <= operation.created_at
  );
begin
  -- Who has no customerKey (any more) has none that fits: Toss refuses it for good (NOT_MATCHES_CUSTOMER_KEY), and the
  -- rest of the batch goes on.
  return (select jsonb_build_object(
    'chargeId', c.id,
    'chargeKind', c.kind,
    'subscriptionId', c.subscription_id,
    'userId', c.user_id,
    'attempt', c.attempt,
    'orderName', o.order_name,
    'taxFreeAmount', o.tax_free_amount,
    'customerKey', coalesce(u.customer_key, c.user_id),
    'customerEmail', o.customer_email,
    'billingMethodId', c.billing_method_id,
    'keyId', k.key_id,
    'ciphertext', k.ciphertext,
    'isResolve', operation.attempts > 1 or was_restored and toss_private.may_have_been_charged(c, operation),
    'laterOrderIds', case when was_restored then toss_private.later_order_ids(c, operation) else '[]' end,
    'stopped', case when stop.at is not null then jsonb_build_object(
      'code', stop.code, 'seconds', extract(epoch from toss_private.clock_now() - stop.at)
    ) end
  )
  from public.subscription_charges as c
  join public.orders as o on o.id = operation.order_id
  left join public.customers as u on u.user_id = c.user_id
  left join public.billing_methods as m on m.id = c.billing_method_id
  left join public.subscriptions as s on s.id = c.subscription_id
  left join lateral (
    select r.code, r.at
    from (values
      ('PAID_BY_EARLIER_ATTEMPT', c.paid_at),
      ('SUBSCRIPTION_ENDED', s.ended_at),
      ('NO_BILLING_METHOD', m.deleted_at),
      ('USER_DELETED', case when operation.attempts > 1 and toss_private.is_gone(c.user_id) then toss_private.clock_now() end),
      ('MISSED_PERIOD', case when was_restored then toss_private.missed_since(c, operation) end),
      ('CHARGE_TIMEOUT', toss_private.given_up_since(c))
    ) as r (code, at)
    where r.at is not null
    order by r.at
    limit 1
  ) as stop on true
  left join toss_private.billing_keys as k on k.billing_method_id = m.id and stop.at is null
  where c.id = operation.charge_id);
end;
$$;

comment on function toss_private.charge_operation_view(public.operations) is
  'What the sender of a charge needs beside the operation. isResolve: an earlier try may have reached Toss, ask first. stopped: why and since when it must not be sent any more, because an earlier attempt was paid after all, or because its subscription, its billing method or its user is gone, or its period is over and it is only asked whether it was charged before a restore, or nobody waits for it any more; then there is no key, Toss can only be asked, and what it does not know is declined.';

create function toss_private.usable_billing_method(method_id uuid)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return exists (
    select 1
    from public.billing_methods as m
    join toss_private.billing_keys as k on k.billing_method_id = m.id and k.ciphertext is not null
    where m.id = method_id and m.status = 'active'
  );
end;
$$;

comment on function toss_private.usable_billing_method(uuid) is 'Whether there is a key that can be charged.';

create function toss_private.charge_terms(charged public.subscription_charges)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  -- Times as seconds: how a timestamp is written depends on the session. A first period begins when it is paid.
  return jsonb_build_array(
    charged.kind, charged.user_id, charged.plan_id, charged.plan_amount, charged.plan_interval,
    charged.plan_interval_count, charged.period_number,
    case when charged.kind <> 'start' then extract(epoch from charged.period_start) end,
    case when charged.kind <> 'start' then extract(epoch from charged.period_end) end,
    charged.earlier_plan_id, charged.earlier_amount
  );
end;
$$;

comment on function toss_private.charge_terms(public.subscription_charges) is
  'What a charge pays for. It never changes; the audit log repeats it with each attempt, and invariant_violations() compares.';

create function toss_private.attempt_order_id(charge_id uuid, attempt integer)
returns text
language plpgsql
stable
set search_path = ''
as $$
begin
  -- Who sees the order of one attempt cannot tell that of the next.
  return format('sub_%s_%s', toss_private.derived('attempt', charge_id::text, attempt::text), attempt);
end;
$$;

comment on function toss_private.attempt_order_id(uuid, integer) is 'The orderId of an attempt to charge.';

create function toss_private.grant_period(granted public.subscription_charges, until timestamptz)
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  insert into public.entitlements as e (
    user_id, plan_id, source, subscription_id, charge_id, starts_at, ends_at, created_at
  )
  select granted.user_id, granted.plan_id, 'subscription', granted.subscription_id, granted.id,
    granted.period_start, until, toss_private.clock_now()
  where until > granted.period_start
  on conflict (charge_id) do update
    set ends_at = excluded.ends_at, revoked_at = null
    where e.ends_at <> excluded.ends_at or e.revoked_at is not null;
end;
$$;

comment on function toss_private.grant_period(public.subscription_charges, timestamptz) is
  'Gives access to the plan of a charge from the start of its period, on credit or paid, until the given time.';

create function toss_private.begin_attempt(
  tried public.subscription_charges, method_id uuid, as_of timestamptz, request jsonb
)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  present constant timestamptz := toss_private.clock_now();
  attempt_number constant integer := tried.attempt + 1;
  attempt_order_id constant text := toss_private.attempt_order_id(tried.id, attempt_number);
  operation public.operations;
  card record;
begin
  select m.toss_keys, m.toss_client_key into card from public.billing_methods as m where m.id = method_id;
  -- Over from the start: no buyer can pay this order, and it is not given up while its operation is open.
  insert into public.orders (
    id, user_id, order_name, amount, currency, tax_free_amount, subscription_charge_id, toss_keys,
    toss_client_key, expires_at, created_at, updated_at
  ) values (
    attempt_order_id, tried.user_id, tried.order_name, tried.amount, tried.currency,
    case when (select p.tax_free from public.plans as p where p.id = tried.plan_id) then tried.amount else 0 end,
    tried.id, coalesce(card.toss_keys, 'main'), card.toss_client_key, present, present, present
  );
  update public.subscription_charges as c
  set attempt = attempt_number, order_id = attempt_order_id, billing_method_id = method_id,
    attempted_at = as_of, next_attempt_at = null
  where c.id = tried.id;
  insert into public.operations (
    kind, idempotency_key, key_created_at, order_id, charge_id, amount, currency,
    lease_token, lease_expires_at, next_attempt_at, created_at
  ) values (
    'charge', 'charge-' || tried.id || '-' || attempt_number || '-1', present, attempt_order_id, tried.id,
    tried.amount, tried.currency, (request ->> 'leaseToken')::uuid,
    present + make_interval(secs => (request ->> 'leaseSeconds')::double precision), present, present
  )
  returning * into operation;
  perform toss_private.write_event(jsonb_build_object(
    'event', 'order_status', 'source', 'billing', 'orderId', attempt_order_id, 'to', 'pending',
    'subscriptionId', tried.subscription_id, 'amount', tried.amount
  ));
  perform toss_private.write_event(jsonb_build_object(
    'event', 'operation_started', 'source', 'billing', 'orderId', attempt_order_id, 'operationId', operation.id,
    'subscriptionId', tried.subscription_id, 'amount', tried.amount, 'requestId', coalesce(request ->> 'logRequestId', request ->> 'requestId'),
    'detail', jsonb_build_object(
      'chargeId', tried.id, 'attempt', attempt_number, 'terms', toss_private.charge_terms(tried)
    )
  ));
  return toss_private.operation_view(operation);
end;
$$;

comment on function toss_private.begin_attempt(public.subscription_charges, uuid, timestamptz, jsonb) is
  'Makes the order and the leased operation of the next attempt; order id and Idempotency-Key follow from charge and attempt. The caller holds the subscription. Answers the operation for its sender.';

create function toss_private.retake_operation(taken public.operations, request jsonb)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  present constant timestamptz := toss_private.clock_now();
  token constant uuid := (request ->> 'leaseToken')::uuid;
  operation public.operations := taken;
begin
  -- The network delivered this very request twice: same answer again.
  if taken.lease_token = token then
    return jsonb_build_object('outcome', 'proceed', 'operation', toss_private.operation_view(taken));
  end if;
  if taken.lease_expires_at > present or taken.next_attempt_at > present then
    return jsonb_build_object('outcome', 'processing');
  end if;
  update public.operations as op
  set state = 'unknown', lease_token = token, attempts = op.attempts + 1,
    lease_expires_at = present + make_interval(secs => (request ->> 'leaseSeconds')::double precision)
  where op.id = taken.id
  returning * into operation;
  return jsonb_build_object('outcome', 'resolve', 'operation', toss_private.operation_view(operation));
end;
$$;

comment on function toss_private.retake_operation(public.operations, jsonb) is
  'What a caller may do who finds the operation of its own request open; the row is locked. Outcomes: proceed, processing, resolve.';

create function toss_private.cover_charge()
returns trigger
language plpgsql
set search_path = ''
as $$
declare
  charged public.subscriptions;
begin
  if new.kind <> 'renewal' or new.status = 'void' then
    return new;
  end if;
  if tg_op = 'UPDATE' then
    -- What Toss took before a restore is what it was, see adopt_charged_amount.
    if (old.kind, old.subscription_id, old.plan_id, old.plan_amount, old.covered_by, old.consent_id)
      is distinct from (new.kind, new.subscription_id, new.plan_id, new.plan_amount, new.covered_by, new.consent_id)
    then
      raise exception 'what a renewal is covered by never changes'
        using errcode = 'check_violation', constraint = 'subscription_charges_covered';
    end if;
    return new;
  end if;
  select * into charged from public.subscriptions as s where s.id = new.subscription_id;
  new.covered_by := case
    when new.consent_id is not null then 'consent'
    when (select p.consent = 'not_required' from public.plans as p where p.id = new.plan_id) then 'not_required'
    when charged.period_number >= 0 and new.plan_amount <= charged.amount and new.plan_id = charged.plan_id
      then 'agreed'
  end;
  if new.covered_by is null or new.amount > new.plan_amount or (new.consent_id is not null and not exists (
    select 1 from public.subscription_consents as k
    where k.id = new.consent_id and k.decision = 'given' and k.voided_at is null and k.effective_at <= new.period_start
      and not exists (select 1 from public.subscription_charges as c where c.consent_id = k.id and c.status = 'paid')
  )) then
    raise exception 'subscription % may not be charged % for %: no consent covers it', new.subscription_id, new.amount,
      new.period_start
      using errcode = 'check_violation', constraint = 'subscription_charges_covered';
  end if;
  return new;
end;
$$;

comment on function toss_private.cover_charge() is
  'Trigger: a renewal is a trial''s first charge or above the price its subscriber pays already only with a consent that was given, whoever writes it; and says what covers it.';

create trigger subscription_charges_covered
  before insert on public.subscription_charges
  for each row execute function toss_private.cover_charge();

create trigger subscription_charges_stay_covered
  after update of kind, subscription_id, plan_id, plan_amount, covered_by, consent_id on public.subscription_charges
  for each row execute function toss_private.cover_charge();

-- supabase/schemas/34_due_periods.sql
-- Which period of a subscription comes next, and on which terms.

create function toss_private.boundary(counted public.subscriptions, wanted_period integer)
returns timestamptz
language plpgsql
stable
set search_path = ''
as $$
begin
  return toss_private.period_boundary(
    counted.anchor, counted.interval, counted.interval_count, wanted_period - counted.anchor_period
  );
end;
$$;

comment on function toss_private.boundary(public.subscriptions, integer) is 'When a period of a subscription begins.';

create function toss_private.without_next_plan(changed public.subscriptions)
returns public.subscriptions
language plpgsql
immutable
set search_path = ''
as $$
begin
  changed.next_plan_id := null;
  changed.next_amount := null;
  changed.next_interval := null;
  changed.next_interval_count := null;
  return changed;
end;
$$;

comment on function toss_private.without_next_plan(public.subscriptions) is 'The subscription without the plan that was chosen for its next period.';

create function toss_private.next_terms(changed public.subscriptions)
returns public.subscriptions
language plpgsql
stable
set search_path = ''
as $$
begin
  if changed.next_plan_id is null then
    return changed;
  end if;
  -- Only the shop can have begun that one, or made the group since: renewed all the same, and not charged for a plan
  -- that its user has already.
  if toss_private.claim_of_plan(changed.user_id, changed.next_plan_id, changed.id) ->> 'subscriptionId' is not null then
    return toss_private.without_next_plan(changed);
  end if;
  if (changed.interval, changed.interval_count) <> (changed.next_interval, changed.next_interval_count) then
    changed.anchor := changed.current_period_end;
    changed.anchor_period := changed.period_number + 1;
  end if;
  changed.plan_id := changed.next_plan_id;
  changed.amount := changed.next_amount;
  changed.interval := changed.next_interval;
  changed.interval_count := changed.next_interval_count;
  return toss_private.without_next_plan(changed);
end;
$$;

comment on function toss_private.next_terms(public.subscriptions) is
  'The subscription as its next period begins: with the plan that was chosen for then, unless another subscription of its user has it by now. A plan of another interval has its anchor there.';

create function toss_private.due_period(due public.subscriptions, as_of timestamptz)
returns table (period_number integer, period_start timestamptz, period_end timestamptz, missed integer)
language plpgsql
stable
set search_path = ''
as $$
declare
  first_period constant integer := 1 + greatest(due.period_number, (
    -- Found missed one by one after a restore.
    select max(c.period_number) from public.subscription_charges as c
    where c.subscription_id = due.id and c.kind = 'renewal' and c.status = 'void'
  ));
  wanted integer := first_period;
begin
  -- `due` carries the terms of the next period already, see next_terms.
  if (select p.catch_up = 'current' from public.plans as p where p.id = due.plan_id) then
    while toss_private.boundary(due, wanted + 1) <= as_of
      -- What was due before a restore may have been charged: nothing is skipped before Toss was asked.
      and not exists (select 1 from toss_private.restores as r where toss_private.boundary(due, wanted) <= r.restored_at)
    loop
      wanted := wanted + 1;
    end loop;
  end if;
  return query select wanted, toss_private.boundary(due, wanted), toss_private.boundary(due, wanted + 1), wanted - first_period;
end;
$$;

comment on function toss_private.due_period(public.subscriptions, timestamptz) is
  'The period to charge next and how many before it are skipped; plans.catch_up decides.';

create function toss_private.price_from(priced public.subscriptions, period_start timestamptz)
returns bigint
language plpgsql
stable
set search_path = ''
as $$
declare
  planned bigint;
begin
  select p.amount into planned from toss_private.price_steps as p
  where p.subscription_id = priced.id and p.ended_at is null and p.plan_id = priced.plan_id and p.from_at <= period_start
  order by p.from_at desc
  limit 1;
  return coalesce(planned, priced.amount);
end;
$$;

comment on function toss_private.price_from(public.subscriptions, timestamptz) is
  'What a period of a subscription costs that begins then, as far as it is planned.';

create function toss_private.next_price(charged public.subscriptions, period_start timestamptz)
returns table (amount bigint, needs_consent boolean, consent_id uuid, ends_without boolean)
language plpgsql
stable
set search_path = ''
as $$
begin
  amount := toss_private.price_from(charged, period_start);
  select (charged.period_number < 0 or amount > charged.amount) and p.consent = 'required',
    charged.period_number < 0 or p.without_consent = 'cancel'
  into needs_consent, ends_without
  from public.plans as p where p.id = charged.plan_id;
  if needs_consent then
    select k.id into consent_id from public.subscription_consents as k
    where k.subscription_id = charged.id and k.plan_id = charged.plan_id and k.amount_after = amount
      and k.decision = 'given' and k.voided_at is null and k.effective_at <= period_start
      -- What was paid once is agreed; a rise after it is another question.
      and not exists (
        select 1 from public.subscription_charges as c where c.consent_id = k.id and c.status = 'paid'
      )
    order by k.effective_at desc
    limit 1;
  end if;
  return next;
end;
$$;

comment on function toss_private.next_price(public.subscriptions, timestamptz) is
  'What a period costs that begins then, whether that needs consent, the consent that covers it, and whether the subscription ends without one.';

create function toss_private.price_next_period(due public.subscriptions, as_of timestamptz, audit jsonb)
returns table (amount bigint, consent_id uuid, is_ended boolean)
language plpgsql
set search_path = ''
as $$
declare
  period_start constant timestamptz := (select p.period_start from toss_private.due_period(due, as_of) as p);
  price record;
  decision text;
begin
  select * into price from toss_private.next_price(due, period_start);
  amount := price.amount;
  consent_id := price.consent_id;
  is_ended := false;
  if not price.needs_consent then
    return next;
    return;
  end if;
  decision := toss_private.close_consent(due, as_of, audit);
  if consent_id is null and price.ends_without then
    due.ended_at := least(as_of, due.current_period_end);
    due := toss_private.move_subscription(
      due, case decision when 'refused' then 'consent_refused' else 'consent_missing' end, audit
    );
    perform toss_private.end_access(due.id, due.ended_at);
    perform toss_private.write_subscription_event('canceled', due, jsonb_build_object(
      'reason', due.end_reason, 'endedAt', due.ended_at
    ));
    is_ended := true;
  elsif consent_id is null then
    update toss_private.price_steps as p set ended_at = toss_private.clock_now(), outcome = 'dropped'
    where p.subscription_id = due.id and p.plan_id = due.plan_id and p.ended_at is null and p.from_at <= period_start
      and p.amount > due.amount;
    amount := toss_private.price_from(due, period_start);
    perform toss_private.write_event(audit || jsonb_build_object(
      'event', 'price_kept', 'subscriptionId', due.id, 'amount', amount,
      'detail', jsonb_build_object('asked', price.amount, 'decision', decision)
    ));
  end if;
  return next;
end;
$$;

comment on function toss_private.price_next_period(public.subscriptions, timestamptz, jsonb) is
  'At what price, and covered by which consent, the next period is charged. Without a consent that it needs the subscription ends, or stays at the old price, as plans.without_consent says; a trial ends. The caller holds the subscription.';

create function toss_private.debt_of(owing public.subscriptions)
returns public.subscription_charges
language plpgsql
stable
set search_path = ''
as $$
declare
  debt public.subscription_charges;
begin
  select c.* into debt
  from public.subscription_charges as c
  where c.subscription_id = owing.id and c.kind = 'renewal' and c.status = 'declined'
    and c.period_number > owing.period_number
  order by c.period_number
  limit 1;
  return debt;
end;
$$;

comment on function toss_private.debt_of(public.subscriptions) is
  'The declined charge that a subscription waits for; one at most, because later periods wait too.';

create function public.preview_due_charges(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  as_of constant timestamptz := coalesce((request ->> 'asOf')::timestamptz, toss_private.clock_now());
  wanted constant integer := (request ->> 'limit')::integer;
  due public.subscriptions;
  debt public.subscription_charges;
  period record;
  next_price record;
  listed jsonb := '[]';
  gone integer := 0;
begin
  for due in
    select s.* from public.subscriptions as s
    where s.status <> 'canceled' and s.next_charge_at <= as_of
      and (request ->> 'subscriptionId' is null or s.id = (request ->> 'subscriptionId')::uuid)
    order by s.next_charge_at
    limit wanted
  loop
    if toss_private.is_gone(due.user_id) then
      gone := gone + 1;
      continue;
    end if;
    debt := toss_private.debt_of(due);
    if debt.id is null then
      due := toss_private.next_terms(due);
      select * into period from toss_private.due_period(due, as_of);
      select * into next_price from toss_private.next_price(due, period.period_start);
      -- It will end instead.
      if next_price.needs_consent and next_price.consent_id is null and next_price.ends_without then
        gone := gone + 1;
        continue;
      end if;
      due.amount := next_price.amount;
    end if;
    listed := listed || jsonb_build_object(
      'subscriptionId', due.id, 'userId', due.user_id,
      'planId', coalesce(debt.plan_id, due.plan_id),
      'amount', coalesce(debt.amount, due.amount),
      'currency', coalesce(debt.currency, due.currency),
      'periodStart', coalesce(debt.period_start, period.period_start),
      'periodEnd', coalesce(debt.period_end, period.period_end),
      'attempt', coalesce(debt.attempt, 0) + 1,
      'missedPeriods', case when debt.id is null then period.missed else 0 end,
      'hasBillingMethod', toss_private.usable_billing_method(due.billing_method_id)
    );
  end loop;
  return jsonb_build_object(
    'charges', listed, 'remaining', toss_private.count_due_subscriptions(as_of) - jsonb_array_length(listed) - gone
  );
end;
$$;

comment on function public.preview_due_charges(jsonb) is
  'What claim_due_charges would charge, without writing anything. Keys: limit, asOf, subscriptionId.';

create function toss_private.count_due_subscriptions(as_of timestamptz)
returns integer
language plpgsql
volatile
set search_path = ''
as $$
begin
  -- Bounded: whether anything is left matters, how much exactly does not, and counting it all takes time.
  return (
    select count(*)::integer
    from (
      select 1 from public.subscriptions as s
      where s.status <> 'canceled' and s.next_charge_at <= as_of
      limit 1000
    ) as due
  );
end;
$$;

comment on function toss_private.count_due_subscriptions(timestamptz) is 'How many charges are due, 1000 for more than that.';

-- supabase/schemas/35_charge_claim.sql
-- The worker claims what is due, and begins its attempts.

create function toss_private.begin_period(due public.subscriptions, as_of timestamptz, covering_id uuid)
returns public.subscription_charges
language plpgsql
set search_path = ''
as $$
declare
  present constant timestamptz := toss_private.clock_now();
  period record;
  created public.subscription_charges;
begin
  select * into period from toss_private.due_period(due, as_of);
  if period.missed > 0 then
    -- What is skipped stands there too, so that nobody has to guess, and so that its number is taken.
    insert into public.subscription_charges (
      id, kind, subscription_id, user_id, plan_id, plan_amount, plan_interval, plan_interval_count, period_number,
      period_start, period_end, amount, currency, order_name, status, failure_code, created_at
    )
    select toss_private.derived_id('renewal', due.id::text, n.number::text), 'renewal', due.id, due.user_id,
      due.plan_id, due.amount, due.interval, due.interval_count, n.number,
      toss_private.boundary(due, n.number), toss_private.boundary(due, n.number + 1), due.amount, due.currency, p.name,
      'void', 'MISSED_PERIOD', present
    from generate_series(period.period_number - period.missed, period.period_number - 1) as n (number)
    join public.plans as p on p.id = due.plan_id;
  end if;
  insert into public.subscription_charges (
    id, kind, subscription_id, user_id, plan_id, plan_amount, plan_interval, plan_interval_count, period_number,
    period_start, period_end, amount, currency, order_name, consent_id, created_at
  )
  select toss_private.derived_id('renewal', due.id::text, period.period_number::text), 'renewal', due.id, due.user_id,
    due.plan_id, due.amount, due.interval, due.interval_count, period.period_number, period.period_start, period.period_end, due.amount, due.currency, p.name, covering_id, present
  from public.plans as p where p.id = due.plan_id
  returning * into created;
  return created;
end;
$$;

comment on function toss_private.begin_period(public.subscriptions, timestamptz, uuid) is
  'Makes the charge of the period that is due at the price that `due` carries, with the consent that covers it, and the rows of those that were missed.';

create function toss_private.credit_end(as_of timestamptz)
returns timestamptz
language plpgsql
immutable
set search_path = ''
as $$
begin
  return as_of + interval '336 hours';
end;
$$;

comment on function toss_private.credit_end(timestamptz) is
  'Until when there is access at least while Toss''s answer to a charge is not known; the job prolongs it in time.';

create function toss_private.begin_next_terms(due public.subscriptions, audit jsonb)
returns public.subscriptions
language plpgsql
set search_path = ''
as $$
declare
  earlier_plan_id constant text := due.plan_id;
begin
  due := toss_private.next_terms(due);
  if due.plan_id = earlier_plan_id then
    return toss_private.move_subscription(due, 'plan_change_planned', audit);
  end if;
  due := toss_private.move_subscription(due, 'plan_changed', audit);
  perform toss_private.write_subscription_event('plan_changed', due, jsonb_build_object('amount', due.amount));
  return due;
end;
$$;

comment on function toss_private.begin_next_terms(public.subscriptions, jsonb) is
  'A planned change takes place before the first charge of its plan, or is dropped (see next_terms).';

create function toss_private.charge_due(due public.subscriptions, as_of timestamptz, request jsonb)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  charge public.subscription_charges := toss_private.debt_of(due);
  audit constant jsonb := jsonb_build_object('source', 'billing', 'requestId', request ->> 'requestId');
  next_price record;
begin
  if charge.id is null then
    if due.next_plan_id is not null and toss_private.may_happen(due.status, 'plan_changed') then
      due := toss_private.begin_next_terms(due, audit);
    end if;
    select * into next_price from toss_private.price_next_period(due, as_of, audit);
    if next_price.is_ended then
      return jsonb_build_object('isEnded', true);
    end if;
    due.amount := next_price.amount;
    charge := toss_private.begin_period(due, as_of, next_price.consent_id);
  end if;
  if not toss_private.usable_billing_method(due.billing_method_id) then
    charge.attempted_at := as_of;
    charge.billing_method_id := null;
    perform toss_private.charge_declined(due, charge, request || jsonb_build_object(
      'errorCode', 'NO_BILLING_METHOD', 'errorMessage', null, 'declineClass', 'hard', 'declinedAt', as_of
    ), audit);
    return null;
  end if;
  -- Nothing else is done to it until Toss's answer is known; until then there is access.
  update public.subscriptions as s set next_charge_at = null, access_ends_at = null, remind_at = null
  where s.id = due.id;
  perform toss_private.grant_period(charge, greatest(charge.period_end, toss_private.credit_end(as_of)));
  return toss_private.begin_attempt(charge, due.billing_method_id, as_of, request);
end;
$$;

comment on function toss_private.charge_due(public.subscriptions, timestamptz, jsonb) is
  'Begins the next attempt of a subscription whose row the caller holds: at its debt, else at its next period. Null when there is no billing method, which counts as a hard decline; isEnded when the subscription ended instead, for want of consent.';

create function toss_private.try_charge_due(due public.subscriptions, as_of timestamptz, request jsonb)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  begun jsonb;
begin
  if toss_private.is_gone(due.user_id) then
    perform toss_private.end_for_gone_user(due, request);
    return jsonb_build_object('claimed', '[]'::jsonb, 'refused', 0, 'ended', 1);
  end if;
  begun := toss_private.charge_due(due, as_of, request);
  if begun ? 'isEnded' then
    return jsonb_build_object('claimed', '[]'::jsonb, 'refused', 0, 'ended', 1);
  end if;
  return jsonb_build_object('claimed', coalesce(begun, '[]'), 'refused', (begun is null)::integer, 'ended', 0);
exception when others then
  -- One row that cannot be charged must not keep everyone else's charges waiting.
  update public.subscriptions as s set next_charge_at = as_of + interval '1 hour' where s.id = due.id;
  perform toss_private.write_event(jsonb_build_object(
    'event', 'charge_impossible', 'source', 'billing', 'subscriptionId', due.id,
    'detail', jsonb_build_object('error', left(sqlerrm, 300))
  ));
  return jsonb_build_object('claimed', '[]'::jsonb, 'refused', 0, 'ended', 0);
end;
$$;

comment on function toss_private.try_charge_due(public.subscriptions, timestamptz, jsonb) is
  'charge_due for a run over many: who is gone, or has not consented where that is needed, is not charged, the subscription ends; what the database refuses is put off for an hour, and invariant_violations() names it.';

create function toss_private.count_due_again(claimed jsonb, as_of timestamptz)
returns integer
language plpgsql
volatile
set search_path = ''
as $$
begin
  return (
    select count(*)::integer
    from public.subscription_charges as c
    -- By their ids, whatever the statistics say about the rest: this is asked once a batch.
    where c.id = any (array(select (i.value ->> 'chargeId')::uuid from jsonb_array_elements(claimed) as i))
      and c.kind = 'renewal' and c.period_end <= as_of
  );
end;
$$;

comment on function toss_private.count_due_again(jsonb, timestamptz) is
  'How many of these charges pay for a period that is over, so that the next one is due as soon as they are paid.';

create function toss_private.claim_open_charges(request jsonb)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  -- Never asOf: a lease runs on the real clock, or a run in the future would take what others hold.
  present constant timestamptz := toss_private.clock_now();
  operation public.operations;
  claimed jsonb := '[]';
begin
  for operation in
    with due as (
      select op.id
      from public.operations as op
      where op.state in ('started', 'unknown') and op.kind = 'charge'
        and op.next_attempt_at <= present and op.lease_expires_at <= present
        and (request ->> 'subscriptionId' is null or op.charge_id in (
          select c.id from public.subscription_charges as c
          where c.subscription_id = (request ->> 'subscriptionId')::uuid
        ))
      order by op.next_attempt_at
      limit (request ->> 'limit')::integer
      for no key update skip locked
    )
    update public.operations as op
    set state = 'unknown', lease_token = (request ->> 'leaseToken')::uuid, attempts = op.attempts + 1,
      lease_expires_at = present + make_interval(secs => (request ->> 'leaseSeconds')::double precision)
    from due
    where op.id = due.id
    returning op.*
  loop
    claimed := claimed || toss_private.operation_view(operation);
  end loop;
  return claimed;
end;
$$;

comment on function toss_private.claim_open_charges(jsonb) is
  'Leases charges whose sender was cut or got no proof.';

create function public.claim_due_charges(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  as_of constant timestamptz := coalesce((request ->> 'asOf')::timestamptz, toss_private.clock_now());
  wanted constant integer := (request ->> 'limit')::integer;
  named_id constant uuid := (request ->> 'subscriptionId')::uuid;
  due public.subscriptions;
  begun jsonb;
  claimed jsonb;
  refused integer := 0;
  ended integer := 0;
begin
  perform toss_private.require_real_time(request ->> 'mode');
  claimed := toss_private.claim_open_charges(request);

  if named_id is null then
    for due in
      select s.* from public.subscriptions as s
      where s.status <> 'canceled' and s.next_charge_at <= as_of
      order by s.next_charge_at
      limit wanted - jsonb_array_length(claimed)
      for no key update skip locked
    loop
      begun := toss_private.try_charge_due(due, as_of, request);
      claimed := claimed || (begun -> 'claimed');
      refused := refused + (begun ->> 'refused')::integer;
      ended := ended + (begun ->> 'ended')::integer;
    end loop;
  else
    for due in
      select s.* from public.subscriptions as s
      where s.id = named_id and s.status <> 'canceled'
      for no key update
    loop
      if due.next_charge_at <= as_of
        or ((request ->> 'isRetry')::boolean and (toss_private.debt_of(due)).id is not null)
      then
        begun := toss_private.try_charge_due(due, as_of, request);
        claimed := claimed || (begun -> 'claimed');
        refused := refused + (begun ->> 'refused')::integer;
        ended := ended + (begun ->> 'ended')::integer;
      end if;
    end loop;
  end if;

  return jsonb_build_object(
    'charges', claimed, 'refused', refused, 'ended', ended,
    'remaining', toss_private.count_due_again(claimed, as_of)
      + case when named_id is null then toss_private.count_due_subscriptions(as_of) else 0 end
  );
end;
$$;

comment on function public.claim_due_charges(jsonb) is
  'Leases up to `limit` charges: those cut short before, then those of subscriptions that are due. Each has its order and operation when it is answered; overlapping callers never get the same one. Keys: limit, asOf, subscriptionId, isRetry (takes a declined charge before its time), leaseToken, leaseSeconds, mode, dunning {scheduleDays, finalAction}, requestId. Answers charges, refused (declined here for want of a billing method), ended (not charged, because their user is gone or has not consented), remaining (due after this batch, also of those in it that have missed periods to follow; 1000 stands for more).';

-- supabase/schemas/36_charge_settle.sql
-- A paid charge begins, renews or upgrades its subscription.

create function toss_private.has_open_charge(charged_subscription_id uuid)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return exists (
    select 1 from public.subscription_charges as c
    where c.subscription_id = charged_subscription_id and c.status in ('pending', 'processing', 'unknown')
  );
end;
$$;

comment on function toss_private.has_open_charge(uuid) is 'Whether a charge of a subscription is at Toss.';

create function toss_private.close_charge_operation(settled public.orders, paid_by text, audit jsonb)
returns void
language plpgsql
set search_path = ''
as $$
declare
  closed public.operations;
begin
  for closed in
    update public.operations as op
    set state = 'succeeded', finished_at = toss_private.clock_now(), is_final = true, error_code = null,
      error_message = null, payment_key = paid_by
    where op.order_id = settled.id and op.kind = 'charge' and op.state in ('started', 'unknown')
    returning *
  loop
    perform toss_private.write_event(audit || jsonb_build_object(
      'event', 'operation_finished', 'operationId', closed.id, 'to', 'succeeded', 'amount', closed.amount
    ));
  end loop;
end;
$$;

comment on function toss_private.close_charge_operation(public.orders, text, jsonb) is
  'Ends the operation of an attempt that is proven to be paid.';

create function toss_private.comes_too_late(paid public.subscription_charges)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
declare
  claim jsonb;
begin
  if paid.first_declined_at is not null then
    claim := toss_private.claim_of_plan(paid.user_id, paid.plan_id, paid.subscription_id);
    return claim ->> 'subscriptionId' is not null or (paid.kind = 'upgrade' and claim is not null);
  end if;
  -- Nothing stood in its way when it was begun: a group that the shop has made since of what its user had then is no
  -- reason to take the money for nothing.
  return exists (
    select 1
    from public.subscriptions as s
    join public.plans as p on p.id = s.plan_id
    join public.plans as wanted on wanted.id = paid.plan_id
    where s.user_id = paid.user_id and s.status <> 'canceled' and s.id is distinct from paid.subscription_id
      and (p.id = wanted.id or (p.plan_group = wanted.plan_group and s.created_at >= paid.created_at))
  );
end;
$$;

comment on function toss_private.comes_too_late(public.subscription_charges) is
  'Whether another subscription leaves no room for what a payment is for: one that has this plan, or came into its group since the charge was begun; for a refusal that turns out to have been a payment, any that claims the plan or its group. Callers hold toss_private.lock_user.';

create function toss_private.begin_subscription(paid public.subscription_charges, audit jsonb)
returns public.subscriptions
language plpgsql
set search_path = ''
as $$
declare
  begun public.subscriptions;
  method_id uuid := paid.billing_method_id;
begin
  -- A refusal that turns out to have been a payment may come when another subscription has this plan, or will have it.
  if toss_private.comes_too_late(paid) then
    return null;
  end if;
  if not toss_private.usable_billing_method(method_id) then
    -- What was registered since would have been given this subscription, see replace_broken_methods.
    method_id := coalesce(toss_private.method_registered_since(paid.user_id, (
      select m.deleted_at from public.billing_methods as m where m.id = method_id
    )), method_id);
  end if;
  -- A group that the shop makes at this moment is seen the second time.
  for attempt in 1..2 loop
    insert into public.subscriptions (
      id, user_id, plan_id, billing_method_id, status, amount, currency, interval, interval_count,
      anchor, period_number, current_period_start, current_period_end, next_charge_at, remind_at,
      needs_payment_method, created_at
    ) values (
      toss_private.derived_id('subscription', paid.id::text), paid.user_id, paid.plan_id, method_id, 'active', paid.plan_amount, paid.currency,
      paid.plan_interval, paid.plan_interval_count, paid.period_start, paid.period_number,
      paid.period_start, paid.period_end, paid.period_end,
      toss_private.reminder_time(paid.period_start, paid.period_end, paid.plan_id),
      not toss_private.usable_billing_method(method_id), toss_private.clock_now()
    )
    on conflict do nothing
    returning * into begun;
    exit when begun.id is not null;
  end loop;
  if begun.id is not null then
    update public.subscription_charges as c set subscription_id = begun.id where c.id = paid.id
    returning * into paid;
    perform toss_private.write_event(audit || jsonb_build_object(
      'event', 'subscription_status', 'subscriptionId', begun.id, 'to', 'active', 'amount', begun.amount,
      'detail', jsonb_build_object(
        'event', 'started', 'planId', begun.plan_id, 'terms', toss_private.subscription_terms(begun)
      )
    ));
    perform toss_private.grant_period(paid, paid.period_end);
    perform toss_private.write_subscription_event('activated', begun, jsonb_build_object('chargeId', paid.id));
  end if;
  return begun;
end;
$$;

comment on function toss_private.begin_subscription(public.subscription_charges, jsonb) is
  'Makes the subscription whose first period is paid; answers no row when the user has one for this plan already, or, when the payment was taken for a refusal before, for its group.';

create function toss_private.settle_renewal(
  renewed public.subscriptions, paid public.subscription_charges, audit jsonb
)
returns void
language plpgsql
set search_path = ''
as $$
declare
  earlier_status constant text := renewed.status;
  earlier_amount constant bigint := case when renewed.plan_id = paid.plan_id then renewed.amount end;
begin
  update toss_private.price_steps as p set ended_at = toss_private.clock_now(), outcome = 'applied'
  where p.subscription_id = renewed.id and p.plan_id = paid.plan_id and p.ended_at is null and p.from_at <= paid.period_start
    -- A price that was planned after the charge was begun is not what it paid.
    and p.created_at <= paid.created_at;
  if (renewed.interval, renewed.interval_count) <> (paid.plan_interval, paid.plan_interval_count) then
    renewed.anchor := paid.period_start;
    renewed.anchor_period := paid.period_number;
  end if;
  -- A period has what was paid for it, whatever happened to its subscription meanwhile.
  renewed.plan_id := paid.plan_id;
  renewed.amount := paid.plan_amount;
  renewed.interval := paid.plan_interval;
  renewed.interval_count := paid.plan_interval_count;
  renewed.period_number := paid.period_number;
  renewed.current_period_start := paid.period_start;
  renewed.current_period_end := paid.period_end;
  renewed.next_charge_at := case when not renewed.cancel_at_period_end then paid.period_end end;
  renewed.access_ends_at := case when renewed.cancel_at_period_end then paid.period_end end;
  renewed.remind_at := case when not renewed.cancel_at_period_end
    then toss_private.reminder_time(paid.period_start, paid.period_end, renewed.plan_id) end;
  renewed.needs_payment_method := not toss_private.usable_billing_method(renewed.billing_method_id);
  renewed := toss_private.move_subscription(renewed, 'charge_paid', audit);
  perform toss_private.grant_period(paid, paid.period_end);
  perform toss_private.write_subscription_event(
    case earlier_status when 'trialing' then 'activated' when 'past_due' then 'recovered' else 'renewed' end,
    renewed, jsonb_build_object('chargeId', paid.id, 'orderId', paid.order_id, 'amount', paid.amount)
  );
  if earlier_status <> 'trialing' and earlier_amount <> paid.plan_amount then
    perform toss_private.write_subscription_event('price_changed', renewed, jsonb_build_object(
      'amountBefore', earlier_amount, 'amount', paid.plan_amount, 'currency', paid.currency, 'chargeId', paid.id
    ));
  end if;
end;
$$;

comment on function toss_private.settle_renewal(public.subscriptions, public.subscription_charges, jsonb) is
  'The period of a paid charge becomes the current one, with the terms of the charge.';

create function toss_private.resume_renewals(resumed_id uuid)
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  update public.subscriptions as s
  set next_charge_at = s.current_period_end,
    remind_at = toss_private.reminder_time(toss_private.clock_now(), s.current_period_end, s.plan_id)
  where s.id = resumed_id and s.status in ('trialing', 'active') and s.next_charge_at is null
    and s.access_ends_at is null and not toss_private.has_open_charge(s.id);
end;
$$;

comment on function toss_private.resume_renewals(uuid) is
  'A subscription that waited for a charge which paid for nothing is renewed as before.';

create function toss_private.settle_charge(
  paying public.orders, paid_by text, subscription public.subscriptions, charge public.subscription_charges, audit jsonb
)
returns void
language plpgsql
set search_path = ''
as $$
declare
  present constant timestamptz := toss_private.clock_now();
  is_surplus boolean := charge.status = 'paid';
begin
  if not is_surplus then
    if charge.kind = 'start' then
      -- Until its payment is known there is no access, and nobody pays for such time.
      charge.period_start := present;
      charge.period_end := toss_private.period_boundary(present, charge.plan_interval, charge.plan_interval_count, 1);
    end if;
    update public.subscription_charges as c
    set status = 'paid', paid_at = present, order_id = paying.id, next_attempt_at = null,
      failure_code = null, failure_message = null, failure_class = null,
      period_start = charge.period_start, period_end = charge.period_end
    where c.id = charge.id
    returning * into charge;
    if charge.kind = 'start' then
      subscription := toss_private.begin_subscription(charge, audit);
      charge.subscription_id := subscription.id;
      is_surplus := subscription.id is null;
    elsif charge.kind <> 'ad_hoc' then
      -- Ended while Toss was asked, for example by a refund of the period before.
      is_surplus := subscription.status = 'canceled'
        or (charge.kind = 'renewal' and charge.period_number <= subscription.period_number)
        or (charge.kind = 'upgrade' and not toss_private.upgrade_fits(subscription, charge));
      if not is_surplus and charge.kind = 'renewal' then
        perform toss_private.settle_renewal(subscription, charge, audit);
      elsif not is_surplus then
        perform toss_private.settle_upgrade(subscription, charge, audit);
      end if;
    end if;
    if is_surplus then
      perform toss_private.end_charge_access(charge.id);
      perform toss_private.end_upgrade_credit(charge);
      perform toss_private.resume_renewals(subscription.id);
    end if;
    perform toss_private.write_charge_event('succeeded', charge);
  end if;
  update public.payments as p set subscription_id = subscription.id
  where p.payment_key = paid_by and subscription.id is not null;
  if is_surplus then
    -- Money without a period to pay for: the alert second_payment stays until it is given back.
    perform toss_private.write_event(audit || jsonb_build_object(
      'event', 'second_payment', 'subscriptionId', subscription.id, 'amount', paying.amount,
      'detail', jsonb_build_object('chargeId', charge.id)
    ));
  end if;
end;
$$;

comment on function toss_private.settle_charge(
  public.orders, text, public.subscriptions, public.subscription_charges, jsonb
) is 'An attempt was paid: charge, subscription, access and events. Subscription (if there is one) and charge are locked.';

create function toss_private.charge_order_moved(moved public.orders, target text, audit jsonb)
returns void
language plpgsql
set search_path = ''
as $$
declare
  paid_by text;
  subscription public.subscriptions;
  charge public.subscription_charges;
begin
  if target not in ('paid', 'partially_refunded', 'refunded') then
    return;
  end if;
  -- Locks: order (held by apply_payment), operation, user, subscription, charge.
  perform 1 from public.operations as op where op.order_id = moved.id and op.kind = 'charge' for no key update;
  select * into charge from public.subscription_charges as c where c.id = moved.subscription_charge_id;
  if charge.kind <> 'ad_hoc' then
    perform toss_private.lock_user(charge.user_id);
  end if;
  -- Read again: it may have got its subscription while we waited.
  select * into charge from public.subscription_charges as c where c.id = charge.id;
  select * into subscription from public.subscriptions as s where s.id = charge.subscription_id for no key update;
  select * into charge from public.subscription_charges as c where c.id = charge.id for no key update;
  select o.payment_key into paid_by from public.orders as o where o.id = moved.id;

  -- A payment that was found only after its refund was a payment first.
  if charge.status <> 'paid' or (target = 'paid' and charge.order_id <> moved.id) then
    perform toss_private.settle_charge(moved, paid_by, subscription, charge, audit);
  end if;
  perform toss_private.close_charge_operation(moved, paid_by, audit);
  if target = 'refunded' then
    select * into charge from public.subscription_charges as c where c.id = charge.id;
    select * into subscription from public.subscriptions as s where s.id = charge.subscription_id for no key update;
    if charge.order_id = moved.id then
      perform toss_private.charge_refunded(subscription, charge, audit);
    end if;
  end if;
end;
$$;

comment on function toss_private.charge_order_moved(public.orders, text, jsonb) is
  'What an order''s new status means for the charge it is an attempt of. `moved` is the order as it was before.';

-- supabase/schemas/37_charge_refunded.sql
-- A charge's money was given back: what its access becomes.

create function toss_private.end_charge_access(ended_charge_id uuid)
returns boolean
language plpgsql
volatile
set search_path = ''
as $$
begin
  update public.entitlements as e set revoked_at = toss_private.clock_now()
  where e.charge_id = ended_charge_id and e.revoked_at is null;
  return found;
end;
$$;

comment on function toss_private.end_charge_access(uuid) is
  'Takes back the access that one charge gave; whether there was any.';

create function toss_private.money_left_of_period(
  paid_subscription public.subscriptions, refunded public.subscription_charges
)
returns setof public.subscription_charges
language plpgsql
stable
set search_path = ''
as $$
begin
  return query
  select c.*
  from public.subscription_charges as c
  join public.orders as o on o.id = c.order_id and o.status in ('paid', 'partially_refunded')
  where c.subscription_id = paid_subscription.id and c.status = 'paid'
    and c.period_number = refunded.period_number and c.id <> refunded.id
    -- Money that paid for nothing (second_payment) keeps nothing up.
    and exists (select 1 from public.entitlements as e where e.charge_id = c.id)
  order by c.period_start desc, c.created_at desc;
end;
$$;

comment on function toss_private.money_left_of_period(public.subscriptions, public.subscription_charges) is
  'The other charges of a refunded charge''s period that still hold money, the latest first.';

create function toss_private.charge_refunded(
  subscription public.subscriptions, charge public.subscription_charges, audit jsonb
)
returns void
language plpgsql
set search_path = ''
as $$
declare
  remaining public.subscription_charges;
begin
  -- Money that paid for nothing goes back without a consequence.
  if not toss_private.end_charge_access(charge.id)
    or charge.kind = 'ad_hoc' or charge.period_number < subscription.period_number
    or not toss_private.may_happen(subscription.status, 'period_refunded')
  then
    return;
  end if;
  select * into remaining from toss_private.money_left_of_period(subscription, charge) limit 1;
  if found then
    -- Plan and access stay when a later upgrade has taken its place; the alert period_not_fully_paid says so.
    if (remaining.period_start, remaining.created_at) < (charge.period_start, charge.created_at) then
      perform toss_private.undo_upgrade(subscription, remaining, audit);
    end if;
    return;
  end if;
  subscription.canceled_at := coalesce(subscription.canceled_at, toss_private.clock_now());
  subscription := toss_private.move_subscription(subscription, 'period_refunded', audit);
  perform toss_private.end_access(subscription.id, subscription.ended_at);
  perform toss_private.write_subscription_event('canceled', subscription, jsonb_build_object(
    'reason', 'refunded', 'chargeId', charge.id, 'endedAt', subscription.ended_at
  ));
end;
$$;

comment on function toss_private.charge_refunded(public.subscriptions, public.subscription_charges, jsonb) is
  'The whole amount of a charge went back: what it paid for ends. The subscription ends when nothing of the current period''s money is left; after the upgrade in force the plan before it goes on; after an earlier payment of the period everything stays.';

-- supabase/schemas/38_dunning.sql
-- A refused charge: when to try again, what access lasts meanwhile, and when it ends.

create function toss_private.dunning_step(
  failure_class text, first_declined_at timestamptz, declined_at timestamptz, schedule_days jsonb
)
returns table (next_attempt_at timestamptz, grace_ends_at timestamptz, is_over boolean)
language plpgsql
stable
set search_path = ''
as $$
declare
  last_day constant integer := (select max(d.value::integer) from jsonb_array_elements_text(schedule_days) as d);
begin
  grace_ends_at := toss_private.period_boundary(first_declined_at, 'day', 1, coalesce(last_day, 0));
  next_attempt_at := case failure_class
    when 'soft' then (
      -- A refusal that comes just before a day is not followed by the next try in the same breath.
      select min(greatest(
        toss_private.period_boundary(first_declined_at, 'day', 1, d.value::integer), declined_at + interval '1 hour'
      ))
      from jsonb_array_elements_text(schedule_days) as d
      where toss_private.period_boundary(first_declined_at, 'day', 1, d.value::integer) > declined_at
    )
    -- Daily limits fall with the date in Seoul; card companies are not to the second.
    when 'limit' then
      (date_trunc('day', declined_at at time zone 'Asia/Seoul') + interval '1 day 5 minutes') at time zone 'Asia/Seoul'
  end;
  is_over := declined_at >= grace_ends_at or (failure_class = 'soft' and next_attempt_at is null);
  if is_over then
    next_attempt_at := null;
  end if;
  -- The midnight after a limit, or the hour after a refusal, may lie behind the last day: nobody is locked out just before the last attempt.
  grace_ends_at := greatest(grace_ends_at, next_attempt_at);
  return next;
end;
$$;

comment on function toss_private.dunning_step(text, timestamptz, timestamptz, jsonb) is
  'What follows a decline of a class: the next attempt (null: none by itself), the end of the grace, and whether the final action is due. Days are counted from the first decline; an hour at least lies between a decline and the next attempt, but for the midnight after a limit.';

create function toss_private.end_access(ended_subscription_id uuid, end_time timestamptz)
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  update public.entitlements as e set revoked_at = end_time
  where e.subscription_id = ended_subscription_id and e.revoked_at is null and e.ends_at > end_time;
end;
$$;

comment on function toss_private.end_access(uuid, timestamptz) is 'Takes back what is left of a subscription''s access.';

create function toss_private.finish_dunning(
  owing public.subscriptions, end_time timestamptz, final_action text, audit jsonb
)
returns public.subscriptions
language plpgsql
set search_path = ''
as $$
begin
  owing.next_charge_at := null;
  owing.access_ends_at := null;
  if final_action = 'cancel' then
    owing.ended_at := end_time;
    owing := toss_private.move_subscription(owing, 'dunning_canceled', audit);
  else
    owing.needs_payment_method := true;
    owing := toss_private.move_subscription(owing, 'access_withdrawn', audit);
  end if;
  perform toss_private.end_access(owing.id, end_time);
  perform toss_private.write_subscription_event(
    case final_action when 'cancel' then 'canceled' else 'access_withdrawn' end, owing,
    jsonb_build_object('reason', 'payment_failed', 'endedAt', end_time)
  );
  return owing;
end;
$$;

comment on function toss_private.finish_dunning(public.subscriptions, timestamptz, text, jsonb) is
  'The final action of DUNNING_FINAL_ACTION: cancel, or keep_past_due without access until a new billing method pays the debt.';

create function toss_private.method_registered_since(owner_id uuid, since timestamptz)
returns uuid
language plpgsql
stable
set search_path = ''
as $$
declare
  method_id uuid;
begin
  select m.id into method_id
  from public.billing_methods as m
  where m.user_id = owner_id and m.status = 'active' and m.created_at >= since
    and toss_private.usable_billing_method(m.id)
  order by m.created_at desc
  limit 1;
  return method_id;
end;
$$;

comment on function toss_private.method_registered_since(uuid, timestamptz) is
  'The newest usable billing method that a user has registered since a time; null when there is none. Callers hold toss_private.lock_user, so that it is not removed meanwhile.';

create function toss_private.charge_declined(
  owing public.subscriptions, declined public.subscription_charges, refusal jsonb, audit jsonb
)
returns public.subscriptions
language plpgsql
set search_path = ''
as $$
declare
  declined_at constant timestamptz := (refusal ->> 'declinedAt')::timestamptz;
  failure_class constant text := refusal ->> 'declineClass';
  is_first constant boolean := declined.first_declined_at is null;
  -- A refusal belongs to the method that was tried; there may be another one since. Null: the present one is gone.
  is_of_present_method constant boolean :=
    coalesce(declined.billing_method_id = owing.billing_method_id, true);
  newer_method_id uuid;
  goes_on boolean;
  access_ends_at timestamptz;
  step record;
begin
  select * into step from toss_private.dunning_step(
    failure_class, coalesce(declined.first_declined_at, declined_at), declined_at,
    refusal -> 'dunning' -> 'scheduleDays'
  );
  if owing.id is not null and owing.status <> 'canceled' then
    -- The method may have been deleted while Toss was asked.
    owing.needs_payment_method := owing.needs_payment_method or (failure_class = 'hard' and is_of_present_method)
      or not toss_private.usable_billing_method(owing.billing_method_id);
    if refusal ? 'begunAt' and is_of_present_method and (declined.kind = 'renewal' or owing.needs_payment_method) then
      -- Registered a moment later it would have been given this subscription, see replace_broken_methods. Whoever has
      -- chosen the old one again since then has had the last word.
      newer_method_id := toss_private.method_registered_since(owing.user_id, greatest(
        (refusal ->> 'begunAt')::timestamptz, (
          select max(v.created_at) from public.payment_events as v
          where v.subscription_id = owing.id and v.event = 'subscription_status'
            and v.detail ->> 'event' = 'method_changed'
        )
      ));
    end if;
    if newer_method_id is not null then
      owing.billing_method_id := newer_method_id;
      owing.needs_payment_method := false;
    end if;
  end if;
  goes_on := declined.kind = 'renewal' and not owing.needs_payment_method
    and (newer_method_id is not null or not is_of_present_method);
  if goes_on then
    step.next_attempt_at := declined_at;
    step.is_over := false;
  end if;
  -- One update: a second one in the same transaction would check the foreign key to the order again, and wait for
  -- whoever holds that order and waits for this subscription.
  update public.subscription_charges as c
  set status = 'declined', attempted_at = declined.attempted_at, billing_method_id = declined.billing_method_id,
    first_declined_at = coalesce(c.first_declined_at, declined_at),
    failure_code = refusal ->> 'errorCode', failure_message = left(refusal ->> 'errorMessage', 510),
    failure_class = refusal ->> 'declineClass',
    next_attempt_at = case when c.kind = 'renewal' then step.next_attempt_at end
  where c.id = declined.id
  returning * into declined;

  if owing.id is null or owing.status = 'canceled' then
    perform toss_private.write_charge_event('failed', declined);
    return owing;
  end if;
  if declined.kind = 'upgrade' then
    perform toss_private.end_upgrade_credit(declined);
    owing.next_charge_at := owing.current_period_end;
    owing.remind_at := toss_private.reminder_time(declined_at, owing.current_period_end, owing.plan_id);
    update public.subscriptions as s
    set next_charge_at = owing.next_charge_at, remind_at = owing.remind_at,
      needs_payment_method = owing.needs_payment_method
    where s.id = owing.id;
    if newer_method_id is not null then
      owing := toss_private.move_subscription(owing, 'method_changed', audit || jsonb_build_object(
        'detail', jsonb_build_object('billingMethodId', newer_method_id)
      ));
    end if;
    perform toss_private.write_charge_event('failed', declined);
    return owing;
  end if;

  owing.next_charge_at := step.next_attempt_at;
  owing.access_ends_at := case when step.next_attempt_at is null then step.grace_ends_at end;
  owing.remind_at := null;
  if not goes_on then
    -- While nobody knew the answer there was access.
    access_ends_at := greatest(step.grace_ends_at, case when step.is_over then declined_at end);
  end if;
  owing := toss_private.move_subscription(owing, 'charge_declined', audit || jsonb_build_object(
    'detail', jsonb_build_object(
      'chargeId', declined.id, 'code', declined.failure_code, 'class', failure_class,
      'chargeTerms', toss_private.charge_terms(declined),
      'declinedSince', extract(epoch from declined.first_declined_at),
      'accessEndsAt', extract(epoch from access_ends_at)
    )
  ));
  if newer_method_id is not null then
    owing := toss_private.move_subscription(owing, 'method_changed', audit || jsonb_build_object(
      'detail', jsonb_build_object('billingMethodId', newer_method_id)
    ));
  end if;
  if not goes_on then
    perform toss_private.grant_period(declined, access_ends_at);
  end if;
  perform toss_private.write_charge_event('failed', declined);
  if is_first then
    perform toss_private.write_subscription_event('past_due', owing, jsonb_build_object(
      'chargeId', declined.id, 'accessEndsAt', step.grace_ends_at
    ));
  end if;
  if failure_class = 'hard' and not step.is_over and not goes_on then
    perform toss_private.write_subscription_event('payment_method_required', owing, jsonb_build_object(
      'chargeId', declined.id, 'accessEndsAt', step.grace_ends_at
    ));
  end if;
  if step.is_over then
    owing := toss_private.finish_dunning(owing, declined_at, refusal -> 'dunning' ->> 'finalAction', audit);
  end if;
  return owing;
end;
$$;

comment on function toss_private.charge_declined(public.subscriptions, public.subscription_charges, jsonb, jsonb) is
  'Writes down a proven refusal and what follows from it; subscription (if there is one) and charge are locked. A method that came after the one that was tried is not blamed: a period is charged to it at once. Keys of `refusal`: errorCode, errorMessage, declineClass, declinedAt (from when days count), begunAt (of the attempt; absent when there was none), dunning {scheduleDays, finalAction}.';

create function public.decline_charge(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  operation public.operations;
  attempt_order public.orders;
  subscription public.subscriptions;
  charge public.subscription_charges;
  rejection jsonb;
  audit jsonb;
  declined_at timestamptz;
begin
  select * into operation from public.operations as op
  where op.id = (request ->> 'operationId')::uuid and op.kind = 'charge';
  if not found then
    return jsonb_build_object('outcome', 'operation_not_found');
  end if;
  -- Locks in the order of apply_payment: order, operation, user, subscription, charge.
  select * into attempt_order from public.orders as o where o.id = operation.order_id for no key update;
  select * into operation from public.operations as op where op.id = operation.id for no key update;
  select * into charge from public.subscription_charges as c where c.id = operation.charge_id;
  if charge.kind <> 'ad_hoc' then
    perform toss_private.lock_user(charge.user_id);
  end if;
  select * into subscription from public.subscriptions as s where s.id = charge.subscription_id for no key update;
  select * into charge from public.subscription_charges as c where c.id = charge.id for no key update;

  -- Days count from the answer. One that came at once, as nearly all do, leaves the time of the attempt.
  declined_at := greatest(
    charge.attempted_at + make_interval(
      mins => greatest(floor(extract(epoch from toss_private.clock_now() - operation.created_at) / 60), 0)::integer
    ),
    (request ->> 'asOf')::timestamptz
  );
  if operation.state in ('started', 'unknown') then
    rejection := public.reject_operation(request || jsonb_build_object('isFinal', true));
    if rejection ->> 'outcome' <> 'rejected' then
      return jsonb_build_object('outcome', 'unknown');
    end if;
    audit := jsonb_build_object(
      'source', request ->> 'source', 'orderId', operation.order_id, 'operationId', operation.id,
      'requestId', request ->> 'requestId'
    );
    perform toss_private.move_order(attempt_order, 'failed', audit);
    if charge.status <> 'paid' and request ->> 'errorCode' = 'MISSED_PERIOD' then
      subscription := toss_private.void_missed_charge(subscription, charge);
    elsif charge.status <> 'paid' then
      subscription := toss_private.charge_declined(
        subscription, charge,
        request || jsonb_build_object('declinedAt', declined_at, 'begunAt', operation.created_at), audit
      );
    end if;
    subscription := toss_private.undo_refunded_upgrade(subscription, audit);
  end if;
  return jsonb_build_object(
    'outcome', case
      when operation.state = 'succeeded' or charge.status = 'paid' then 'paid' else 'declined' end,
    'charge', toss_private.charge_view(charge.id),
    'chargeId', charge.id,
    'subscriptionId', subscription.id,
    'subscription', case when subscription.id is not null then toss_private.subscription_view(subscription) end,
    'subscriptionStatus', subscription.status,
    'nextAttemptAt', (select c.next_attempt_at from public.subscription_charges as c where c.id = charge.id),
    'dueAgainAt', (
      select c.next_attempt_at from public.subscription_charges as c
      where c.id = charge.id and c.next_attempt_at <= declined_at
    )
  );
end;
$$;

comment on function public.decline_charge(jsonb) is
  'Ends an attempt that Toss refused for good, and dunning decides what follows. A repeat answers the same; whoever no longer holds the lease changes nothing. Keys: operationId, leaseToken, errorCode, errorMessage, declineClass (soft, hard, limit), dunning {scheduleDays, finalAction}, asOf (of the run that learned it; null = now), source, requestId. `dueAgainAt`: the subscription has another billing method since, to which the charge is due at once. Outcomes: declined, paid, unknown, operation_not_found.';

-- supabase/schemas/39_consents.sql
-- Consent to be charged after a trial, and to be charged more: what was asked, what was said, and what it covers.

create table public.subscription_consents (
  id uuid primary key default gen_random_uuid(),
  subscription_id uuid not null references public.subscriptions (id),
  user_id uuid not null,
  kind text not null,
  plan_id text not null references public.plans (id),
  amount_before bigint not null,
  amount_after bigint not null,
  currency text not null,
  effective_at timestamptz not null,
  method text,
  method_number text,
  asked_at timestamptz not null,
  opens_at timestamptz not null,
  text_version text not null,
  decided_at timestamptz,
  decision text,
  source text,
  reminded_at timestamptz,
  link_used_at timestamptz,
  closed_at timestamptz,
  voided_at timestamptz,
  constraint subscription_consents_kind_known check (kind in ('trial_conversion', 'price_rise')),
  constraint subscription_consents_amount_rises check (amount_before >= 0 and amount_after > amount_before),
  constraint subscription_consents_currency_code check (currency ~ '^[A-Z]{3}$'),
  constraint subscription_consents_method_known check (method in ('CARD', 'TRANSFER')),
  constraint subscription_consents_method_number_masked check (
    method_number ~ '\*' and char_length(method_number) <= 30
  ),
  constraint subscription_consents_opens_before_its_date check (opens_at < effective_at),
  constraint subscription_consents_decision_known check (decision in ('given', 'refused', 'lapsed')),
  constraint subscription_consents_decided_complete check (
    (decision is null) = (decided_at is null) and (decision is null) = (source is null)
  ),
  constraint subscription_consents_source_known check (source in ('subscription', 'link', 'shop', 'billing')),
  -- Silence is no consent: it ends by itself, and nobody answers in its place.
  constraint subscription_consents_lapse_is_ours check ((decision = 'lapsed') = (source = 'billing')),
  -- The law's window: within the 30 days before.
  constraint subscription_consents_decided_in_window check (
    decision is null or decision = 'lapsed' or (decided_at >= opens_at and decided_at < effective_at)
  ),
  constraint subscription_consents_window_is_30_days check (opens_at >= effective_at - interval '720 hours'),
  constraint subscription_consents_covers unique (id, subscription_id, plan_id, amount_after)
);

alter table public.subscription_consents enable row level security;

comment on table public.subscription_consents is
  'What subscribers were asked before a free period became paid or a price rose, and what they said. What was asked never changes; every decision is a line of payment_events, too.';
comment on column public.subscription_consents.kind is 'trial_conversion: the first charge after a trial. price_rise: a higher price of a period.';
comment on column public.subscription_consents.amount_before is 'Price of a period before, in won; 0 of a trial.';
comment on column public.subscription_consents.amount_after is 'Price of a period from effective_at on, in won.';
comment on column public.subscription_consents.effective_at is 'When it is charged first. Without consent until then plans.without_consent decides.';
comment on column public.subscription_consents.method is 'CARD or TRANSFER as shown; null when there was none that works.';
comment on column public.subscription_consents.method_number is 'The masked number of the card or account as shown. Personal: card, account; erased.';
comment on column public.subscription_consents.opens_at is 'From when on it can be decided: 30 days before effective_at, or the start of a shorter trial.';
comment on column public.subscription_consents.text_version is 'Which text was shown; docs/consent.md.';
comment on column public.subscription_consents.decided_at is 'Of the last decision; earlier ones stand in payment_events (consent_decided).';
comment on column public.subscription_consents.decision is 'given, refused, or lapsed (nobody said anything until effective_at). Null: open.';
comment on column public.subscription_consents.source is
  'Who decided: subscription (its user, signed in), link (of a notice), shop (with the secret key), billing (lapsed).';
comment on column public.subscription_consents.reminded_at is 'When it was asked once more.';
comment on column public.subscription_consents.link_used_at is 'When the link of its notices was used, which works once.';
comment on column public.subscription_consents.closed_at is 'When its date had come: charged, ended, or kept at the old price.';
comment on column public.subscription_consents.voided_at is 'Since when plan, price or date are others than those asked about; it is asked again.';

comment on column public.subscription_consents.user_id is
  'The subscriber. Personal: id; kept.';

create index subscription_consents_subscription_id on public.subscription_consents (subscription_id, asked_at desc);
create index subscription_consents_user_id on public.subscription_consents (user_id, asked_at desc);
create index subscription_consents_plan_id on public.subscription_consents (plan_id);
-- One question at a time.
create unique index subscription_consents_one_live on public.subscription_consents (subscription_id)
  where voided_at is null and closed_at is null;
create index subscription_consents_undecided on public.subscription_consents (effective_at)
  where decision is null and voided_at is null and closed_at is null;

create policy "users read their own consents"
  on public.subscription_consents for select to authenticated
  using ((select auth.uid()) = user_id);

-- A charge points at a consent to this plan at this price, or at none.
alter table public.subscription_charges add constraint subscription_charges_consent_fkey foreign key (consent_id, subscription_id, plan_id, plan_amount) references public.subscription_consents (id, subscription_id, plan_id, amount_after);

create function toss_private.keep_consent()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if tg_op = 'DELETE' or (
    old.id, old.subscription_id, old.user_id, old.kind, old.plan_id, old.amount_before, old.amount_after, old.currency,
    old.effective_at, old.asked_at, old.opens_at, old.text_version
  ) is distinct from (
    new.id, new.subscription_id, new.user_id, new.kind, new.plan_id, new.amount_before, new.amount_after, new.currency,
    new.effective_at, new.asked_at, new.opens_at, new.text_version
  ) or old.method is distinct from new.method
    -- A masked number can be erased.
    or (new.method_number is not null and new.method_number is distinct from old.method_number)
  then
    raise exception 'what was asked in subscription_consents is kept as it was' using errcode = 'insufficient_privilege';
  end if;
  if (old.decision, old.decided_at, old.source) is distinct from (new.decision, new.decided_at, new.source)
    and (old.closed_at is not null or old.voided_at is not null or new.decision is null or exists (
      select 1 from public.subscription_charges as c where c.consent_id = old.id
    ))
  then
    raise exception 'consent % is decided for good', old.id
      using errcode = 'check_violation', constraint = 'subscription_consents_decided_for_good';
  end if;
  if old.voided_at is distinct from new.voided_at and exists (
    select 1 from public.subscription_charges as c where c.consent_id = old.id
  ) then
    raise exception 'consent % has been charged with', old.id
      using errcode = 'check_violation', constraint = 'subscription_consents_decided_for_good';
  end if;
  return new;
end;
$$;

comment on function toss_private.keep_consent() is
  'Trigger: what was asked never changes, nothing is deleted, and a decision stands once its date has come or a charge was made with it.';

create trigger subscription_consents_kept
  before update or delete on public.subscription_consents
  for each row execute function toss_private.keep_consent();

create trigger subscription_consents_no_truncate
  before truncate on public.subscription_consents
  for each statement execute function toss_private.refuse_change();

-- supabase/schemas/39_missed_charges.sql
-- Periods that may have been charged under a key that this database no longer knows.

create function toss_private.may_have_been_charged(
  asked public.subscription_charges, operation public.operations
)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return asked.kind = 'renewal' and exists (
    select 1 from toss_private.restores as r
    where operation.created_at >= r.restored_at and asked.period_start <= r.restored_at
  );
end;
$$;

comment on function toss_private.may_have_been_charged(public.subscription_charges, public.operations) is
  'Whether a period that is charged after a restore was due before it.';

create function toss_private.later_order_ids(asked public.subscription_charges, operation public.operations)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  if not toss_private.may_have_been_charged(asked, operation) then
    return '[]';
  end if;
  -- More tries than any dunning schedule makes.
  return (
    select jsonb_agg(jsonb_build_object(
      'attempt', n.attempt, 'orderId', toss_private.attempt_order_id(asked.id, n.attempt)
    ) order by n.attempt)
    from generate_series(asked.attempt + 1, asked.attempt + 8) as n (attempt)
  );
end;
$$;

comment on function toss_private.later_order_ids(public.subscription_charges, public.operations) is
  'The orders of later attempts, of which one may have been paid before a restore; empty without one.';

create function toss_private.missed_since(asked public.subscription_charges, operation public.operations)
returns timestamptz
language plpgsql
stable
set search_path = ''
as $$
begin
  if asked.attempt > 1 or asked.period_end > asked.attempted_at
    or not toss_private.may_have_been_charged(asked, operation)
    or (select p.catch_up <> 'current' from public.plans as p where p.id = asked.plan_id)
  then
    return null;
  end if;
  return (select max(r.restored_at) from toss_private.restores as r where r.restored_at <= operation.created_at);
end;
$$;

comment on function toss_private.missed_since(public.subscription_charges, public.operations) is
  'For a period that would be skipped, had the database not been restored: Toss is asked whether it was charged, and nothing is sent. Since when; else null.';

create function toss_private.void_missed_charge(
  due public.subscriptions, missed public.subscription_charges
)
returns public.subscriptions
language plpgsql
set search_path = ''
as $$
begin
  update public.subscription_charges as c set status = 'void', failure_code = 'MISSED_PERIOD' where c.id = missed.id;
  perform toss_private.end_charge_access(missed.id);
  if due.status <> 'canceled' and not due.cancel_at_period_end then
    update public.subscriptions as s set next_charge_at = missed.period_end where s.id = due.id returning * into due;
  end if;
  return due;
end;
$$;

comment on function toss_private.void_missed_charge(public.subscriptions, public.subscription_charges) is
  'Toss knows no payment of a period that is over: it was missed, and the next one is due.';

create function toss_private.adopt_charged_amount(charge_order_id text, approved jsonb)
returns void
language plpgsql
set search_path = ''
as $$
declare
  paying public.orders;
  operation public.operations;
begin
  select * into paying from public.orders as o where o.id = charge_order_id for no key update;
  select * into operation from public.operations as op
  where op.order_id = paying.id and op.kind = 'charge' and op.state in ('started', 'unknown')
  for no key update;
  -- Approved before we asked: under an id that nobody else can know or use, so we have asked before and forgotten it.
  if operation.id is null or (approved ->> 'totalAmount')::numeric = paying.amount
    or (approved ->> 'totalAmount')::numeric < 100 or approved ->> 'currency' <> paying.currency
    or (approved ->> 'approvedAt')::timestamptz > operation.created_at - interval '1 minute'
    or approved ->> 'approvedAt' is null
    or exists (select 1 from public.payments as p where p.order_id = paying.id)
    or (select c.kind = 'ad_hoc' from public.subscription_charges as c where c.id = operation.charge_id)
  then
    return;
  end if;
  update public.orders as o
  set amount = (approved ->> 'totalAmount')::bigint,
    tax_free_amount = case when o.tax_free_amount > 0 then (approved ->> 'totalAmount')::bigint else 0 end
  where o.id = paying.id;
  update public.operations as op set amount = (approved ->> 'totalAmount')::bigint where op.id = operation.id;
  update public.subscription_charges as c set amount = (approved ->> 'totalAmount')::bigint
  where c.id = operation.charge_id;
  perform toss_private.write_event(jsonb_build_object(
    'event', 'charged_amount_adopted', 'source', 'billing', 'orderId', paying.id, 'operationId', operation.id,
    'paymentKey', approved ->> 'paymentKey', 'amount', (approved ->> 'totalAmount')::bigint,
    'detail', jsonb_build_object('askedAmount', paying.amount, 'approvedAt', approved ->> 'approvedAt')
  ));
end;
$$;

comment on function toss_private.adopt_charged_amount(text, jsonb) is
  'A charge that Toss had approved before this database asked for it (it was restored in between) has the amount that Toss took then, for example of an upgrade on an earlier day. An ad hoc charge names its amount: there it stays a mismatch.';

create function toss_private.adopt_refunded_amount(answer jsonb)
returns void
language plpgsql
set search_path = ''
as $$
declare
  answer_key constant text := answer ->> 'paymentKey';
  operation public.operations;
  promised_id uuid;
  made_amount bigint;
begin
  select op.* into operation
  from public.operations as op
  where op.payment_key = answer_key and op.kind = 'cancel' and op.state in ('started', 'unknown') and not op.is_queued
  for no key update;
  select c.id into promised_id from public.subscription_charges as c where c.refund_operation_id = operation.id;
  if promised_id is null then
    return;
  end if;
  -- Made before we asked, and not by any cancel that is known here: we have promised it before and forgotten it.
  select c."cancelAmount" into made_amount
  from jsonb_to_recordset(toss_private.name_cancels(answer_key, coalesce(answer -> 'cancels', '[]'))) as c (
    "transactionKey" text, "cancelAmount" bigint, "cancelReason" text, "cancelStatus" text, "canceledAt" timestamptz
  )
  where c."cancelReason" = operation.reason and c."cancelStatus" is distinct from 'ABORTED'
    and c."canceledAt" < operation.created_at - interval '1 minute'
    and not exists (select 1 from public.operations as op where op.canceled_transaction_key = c."transactionKey")
  order by c."canceledAt"
  limit 1;
  if not found or made_amount = operation.amount then
    return;
  end if;
  update public.operations as op
  set amount = made_amount, reserved_amount = least(op.reserved_amount, made_amount)
  where op.id = operation.id;
  update public.subscription_charges as c set refund_due = made_amount where c.id = promised_id;
  perform toss_private.write_event(jsonb_build_object(
    'event', 'refunded_amount_adopted', 'source', 'billing', 'orderId', operation.order_id, 'paymentKey', answer_key,
    'operationId', operation.id, 'amount', made_amount,
    'detail', jsonb_build_object('askedAmount', operation.amount, 'chargeId', promised_id)
  ));
end;
$$;

comment on function toss_private.adopt_refunded_amount(jsonb) is
  'A refund for the rest of a period that Toss had made before this database promised it (it was restored in between) has the amount that went back then: the part that is left has become smaller since. The caller holds the order.';

create function public.skip_charge_attempts(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  operation public.operations;
  skipped public.orders;
  charge public.subscription_charges;
begin
  select * into operation from public.operations as op
  where op.id = (request ->> 'operationId')::uuid and op.kind = 'charge';
  if not found then
    return jsonb_build_object('outcome', 'unknown');
  end if;
  -- Locks in the order of apply_payment: order, operation, subscription, charge.
  select * into skipped from public.orders as o where o.id = operation.order_id for no key update;
  select * into operation from public.operations as op where op.id = operation.id for no key update;
  if operation.state not in ('started', 'unknown') or operation.lease_token <> (request ->> 'leaseToken')::uuid then
    return jsonb_build_object('outcome', 'unknown');
  end if;
  select * into charge from public.subscription_charges as c where c.id = operation.charge_id;
  perform 1 from public.subscriptions as s where s.id = charge.subscription_id for no key update;
  perform public.reject_operation(request || jsonb_build_object(
    'errorCode', 'LATER_ATTEMPT_WAS_PAID', 'errorMessage', null, 'isFinal', true
  ));
  perform toss_private.move_order(skipped, 'failed', jsonb_build_object(
    'source', request ->> 'source', 'operationId', operation.id, 'requestId', request ->> 'requestId'
  ));
  update public.subscription_charges as c
  set attempt = (request ->> 'attempt')::integer - 1, status = 'pending'
  where c.id = charge.id
  returning * into charge;
  return jsonb_build_object(
    'outcome', 'resolve',
    'charge', toss_private.begin_attempt(charge, charge.billing_method_id, charge.attempted_at, request)
  );
end;
$$;

comment on function public.skip_charge_attempts(jsonb) is
  'Goes on to a later attempt of a charge, which Toss says was paid before a restore. Keys: operationId, leaseToken, leaseSeconds, attempt, source, requestId. Outcomes: resolve, unknown (another caller holds the lease).';

-- supabase/schemas/39_price_steps.sql
-- Prices that are planned for those who subscribe already, and what of them needs consent.

create table toss_private.repricings (
  id uuid primary key default gen_random_uuid(),
  plan_id text not null references public.plans (id),
  amount bigint not null,
  from_at timestamptz not null,
  created_at timestamptz not null,
  position uuid,
  planned_at timestamptz,
  applied_at timestamptz,
  replaced_at timestamptz,
  constraint repricings_amount_range check (amount between 100 and 9007199254740991)
);

alter table toss_private.repricings enable row level security;

comment on table toss_private.repricings is
  'A new price of a plan, planned by `toss reprice`. Who subscribes before from_at is asked like everybody else.';
comment on column toss_private.repricings.position is 'The last subscription that it was planned for; the next call goes on there.';
comment on column toss_private.repricings.planned_at is 'When it was planned for every live subscription.';
comment on column toss_private.repricings.applied_at is 'When the plan itself got the price.';
comment on column toss_private.repricings.replaced_at is 'When another price was planned in its place.';

create index repricings_plan_id on toss_private.repricings (plan_id);
create unique index repricings_one_planned on toss_private.repricings (plan_id)
  where applied_at is null and replaced_at is null;

create table toss_private.price_steps (
  id bigint generated always as identity primary key,
  subscription_id uuid not null references public.subscriptions (id),
  plan_id text not null references public.plans (id),
  amount bigint not null,
  from_at timestamptz not null,
  repricing_id uuid references toss_private.repricings (id),
  created_at timestamptz not null,
  ended_at timestamptz,
  outcome text,
  constraint price_steps_amount_range check (amount between 100 and 9007199254740991),
  constraint price_steps_outcome_known check (outcome in ('applied', 'dropped', 'replaced', 'left')),
  constraint price_steps_ended_has_outcome check ((ended_at is null) = (outcome is null))
);

alter table toss_private.price_steps enable row level security;

comment on table toss_private.price_steps is
  'The price of a subscription from a time on: the end of an introductory price, or a repricing.';
comment on column toss_private.price_steps.plan_id is 'Under another plan it means nothing.';
comment on column toss_private.price_steps.from_at is 'The first period that begins then or later has this price.';
comment on column toss_private.price_steps.repricing_id is 'Null for the end of an introductory price.';
comment on column toss_private.price_steps.outcome is
  'applied: a period was paid at it. dropped: not consented to, the old price stays. replaced: another one was planned. left: the subscriber chose another plan; who is put back to this one has it again.';

create unique index price_steps_one_per_time on toss_private.price_steps (subscription_id, plan_id, from_at) where ended_at is null;
create index price_steps_plan_id on toss_private.price_steps (plan_id);
create unique index price_steps_one_per_repricing on toss_private.price_steps (repricing_id, subscription_id)
  where repricing_id is not null;

create function toss_private.first_boundary(counted public.subscriptions, from_time timestamptz)
returns timestamptz
language plpgsql
stable
set search_path = ''
as $$
declare
  period integer := counted.period_number + 1;
begin
  while toss_private.boundary(counted, period) < from_time loop
    period := period + 1;
  end loop;
  return toss_private.boundary(counted, period);
end;
$$;

comment on function toss_private.first_boundary(public.subscriptions, timestamptz) is
  'When the first period of a subscription begins that begins then or later, the current one aside.';

create function toss_private.consent_window_start(asked public.subscriptions, effective_at timestamptz)
returns timestamptz
language plpgsql
stable
set search_path = ''
as $$
begin
  return greatest(toss_private.period_boundary(effective_at, 'day', 1, -30), case asked.status
    when 'trialing' then asked.current_period_start end);
end;
$$;

comment on function toss_private.consent_window_start(public.subscriptions, timestamptz) is
  'From when on a subscriber can consent: 30 days before, of a shorter trial from its start.';

create function toss_private.review_consents_of_plan()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform 1 from public.subscriptions as s
  where s.plan_id = new.id and s.status in ('trialing', 'active')
  order by s.id
  for no key update;
  update public.subscriptions as s set plan_id = s.plan_id where s.plan_id = new.id and s.status in ('trialing', 'active');
  return null;
end;
$$;

comment on function toss_private.review_consents_of_plan() is 'Trigger: subscribers of a plan that begins to need consent are asked.';

create trigger plans_consent_changed
  after update of consent on public.plans
  for each row when (new.consent is distinct from old.consent)
  execute function toss_private.review_consents_of_plan();

-- supabase/schemas/39_requests_of_consent.sql
-- Consent is asked for when its window opens, once more before its date, and dealt with when it is missing then.

create function toss_private.consent_text_version()
returns text
language plpgsql
immutable
set search_path = ''
as $$
begin
  return '2026-11';
end;
$$;

comment on function toss_private.consent_text_version() is
  'Which of the texts in docs/consent.md is shown; changes with them. The same stands in _shared/consent/texts.ts.';

create function toss_private.write_consent_event(happened text, concerned public.subscription_consents)
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  perform toss_private.write_outbox_event(jsonb_build_object(
    'eventType', 'consent.' || happened, 'subject', concerned.subscription_id,
    'payload', jsonb_build_object(
      'consentId', concerned.id, 'subscriptionId', concerned.subscription_id, 'userId', concerned.user_id,
      'planId', concerned.plan_id, 'kind', concerned.kind, 'amountBefore', concerned.amount_before,
      'amount', concerned.amount_after, 'currency', concerned.currency, 'effectiveAt', concerned.effective_at,
      'opensAt', concerned.opens_at, 'decidedAt', concerned.decided_at, 'source', concerned.source
    )
  ));
end;
$$;

comment on function toss_private.write_consent_event(text, public.subscription_consents) is 'Adds consent.<happened> to outbox_events.';

create function toss_private.decide_consent(
  decided public.subscription_consents, said text, at timestamptz, said_by text, audit jsonb
)
returns public.subscription_consents
language plpgsql
set search_path = ''
as $$
declare
  earlier constant text := decided.decision;
begin
  update public.subscription_consents as k set decision = said, decided_at = at, source = said_by
  where k.id = decided.id
  returning * into decided;
  perform toss_private.write_event(audit || jsonb_build_object(
    'event', 'consent_decided', 'subscriptionId', decided.subscription_id, 'from', earlier, 'to', said,
    'amount', decided.amount_after,
    'detail', jsonb_build_object('consentId', decided.id, 'by', said_by, 'decidedAt', at)
  ));
  perform toss_private.write_consent_event(said, decided);
  return decided;
end;
$$;

comment on function toss_private.decide_consent(public.subscription_consents, text, timestamptz, text, jsonb) is
  'Writes a decision down, in the row, in the audit log and for the outside. The caller holds the subscription and has looked whether it may still be decided.';

create function toss_private.close_consent(concerned public.subscriptions, as_of timestamptz, audit jsonb)
returns text
language plpgsql
set search_path = ''
as $$
declare
  reached public.subscription_consents;
begin
  select * into reached from public.subscription_consents as k
  where k.subscription_id = concerned.id and k.voided_at is null and k.closed_at is null and k.effective_at <= as_of
  for no key update;
  if not found then
    return null;
  end if;
  if reached.decision is null then
    reached := toss_private.decide_consent(reached, 'lapsed', as_of, 'billing', audit);
  end if;
  update public.subscription_consents as k set closed_at = toss_private.clock_now() where k.id = reached.id;
  return reached.decision;
end;
$$;

comment on function toss_private.close_consent(public.subscriptions, timestamptz, jsonb) is
  'The date of a consent has come: what nobody answered has lapsed. Answers the decision, null when nothing was asked.';

create function toss_private.ask_consents(as_of timestamptz, request jsonb)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  due public.subscriptions;
  rise record;
  asked public.subscription_consents;
  count integer := 0;
begin
  for due in
    select s.* from public.subscriptions as s
    where s.consent_ask_at <= as_of
    order by s.consent_ask_at
    limit (request ->> 'limit')::integer
    for no key update skip locked
  loop
    update public.subscriptions as s set consent_ask_at = null where s.id = due.id;
    select * into rise from toss_private.coming_rise(due);
    -- Too late to be asked, or nobody there: the claim decides.
    continue when rise.kind is null or rise.effective_at <= as_of or toss_private.is_gone(due.user_id);
    insert into public.subscription_consents (
      subscription_id, user_id, kind, plan_id, amount_before, amount_after, currency, effective_at, method,
      method_number, asked_at, opens_at, text_version
    )
    select due.id, due.user_id, rise.kind, due.plan_id, rise.amount_before, rise.amount_after, due.currency,
      rise.effective_at, m.method, coalesce(m.card_number_masked, m.account_number_masked), as_of,
      toss_private.consent_window_start(due, rise.effective_at), toss_private.consent_text_version()
    from (select 1) as one
    left join public.billing_methods as m on m.id = due.billing_method_id and not due.needs_payment_method
    returning * into asked;
    perform toss_private.write_consent_event('asked', asked);
    count := count + 1;
  end loop;
  return count;
end;
$$;

comment on function toss_private.ask_consents(timestamptz, jsonb) is
  'Asks whose window has opened; the row and the event are written together.';

create function toss_private.remind_of_consents(as_of timestamptz, request jsonb)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  due public.subscription_consents;
  count integer := 0;
begin
  for due in
    select k.* from public.subscription_consents as k
    where k.decision is null and k.voided_at is null and k.closed_at is null and k.reminded_at is null
      and k.effective_at > as_of and k.effective_at <= as_of + interval '168 hours'
      -- Who was asked within the last week before it is not asked twice.
      and k.asked_at < k.effective_at - interval '168 hours'
    order by k.effective_at
    limit (request ->> 'limit')::integer
    for no key update skip locked
  loop
    update public.subscription_consents as k set reminded_at = as_of where k.id = due.id returning * into due;
    perform toss_private.write_consent_event('reminded', due);
    count := count + 1;
  end loop;
  return count;
end;
$$;

comment on function toss_private.remind_of_consents(timestamptz, jsonb) is 'Asks once more, seven days before the date.';

-- supabase/schemas/40_ad_hoc_charge.sql
-- A charge that the shop itself asks for, outside of any period.

create function toss_private.earlier_ad_hoc_charge(charge public.subscription_charges, request jsonb)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  operation public.operations;
  ended public.subscription_charges;
  answer jsonb;
begin
  if (charge.amount, charge.order_name) <> ((request ->> 'amount')::bigint, request ->> 'orderName') then
    return jsonb_build_object('outcome', 'conflict');
  end if;
  select * into operation from public.operations as op
  where op.charge_id = charge.id and op.state in ('started', 'unknown')
  for no key update;
  if found then
    answer := toss_private.retake_operation(operation, request);
    return case when answer ? 'operation'
      then jsonb_build_object('outcome', answer -> 'outcome', 'charge', answer -> 'operation')
      else toss_private.charge_view(charge.id) || answer end;
  end if;
  -- It has ended, perhaps only since the caller read it: Toss's answer is written without the user's lock.
  select * into ended from public.subscription_charges as c where c.id = charge.id;
  return toss_private.charge_view(ended.id) || jsonb_build_object(
    'outcome', ended.status, 'errorCode', ended.failure_code, 'errorMessage', ended.failure_message
  );
end;
$$;

comment on function toss_private.earlier_ad_hoc_charge(public.subscription_charges, jsonb) is
  'The answer to an ad hoc charge whose requestId was used before.';

create function public.begin_ad_hoc_charge(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  present constant timestamptz := toss_private.clock_now();
  payer_id constant uuid := (request ->> 'userId')::uuid;
  asked_amount constant numeric := (request ->> 'amount')::numeric;
  method_id uuid;
  charge public.subscription_charges;
begin
  perform toss_private.require_real_time(request ->> 'mode');
  perform toss_private.lock_user(payer_id);
  select * into charge from public.subscription_charges as c
  where c.user_id = payer_id and c.request_id = request ->> 'requestId' and c.kind = 'ad_hoc';
  if found then
    return toss_private.earlier_ad_hoc_charge(charge, request);
  end if;
  if toss_private.is_gone(payer_id) then
    perform toss_private.delete_keys_of_gone_user(payer_id, request);
    return jsonb_build_object('outcome', 'no_billing_method');
  end if;
  if asked_amount not between 100 and 9007199254740991 or asked_amount <> trunc(asked_amount) then
    return jsonb_build_object('outcome', 'invalid');
  end if;
  select m.id into method_id
  from public.billing_methods as m
  where m.user_id = payer_id and m.status = 'active' and toss_private.usable_billing_method(m.id)
  order by m.created_at desc
  limit 1;
  if not found then
    return jsonb_build_object('outcome', 'no_billing_method');
  end if;

  insert into public.subscription_charges (id, kind, user_id, amount, currency, order_name, request_id, created_at)
  values (
    toss_private.derived_id('ad_hoc', payer_id::text, request ->> 'requestId'), 'ad_hoc', payer_id,
    asked_amount::bigint, 'KRW', request ->> 'orderName', request ->> 'requestId', present
  )
  returning * into charge;
  return jsonb_build_object(
    'outcome', 'proceed', 'charge', toss_private.begin_attempt(charge, method_id, present, request)
  );
end;
$$;

comment on function public.begin_ad_hoc_charge(jsonb) is
  'Begins a charge of an amount to the newest billing method of a user; requestId is the shop''s idempotency token. Keys: userId, amount (won), orderName, requestId, leaseToken, leaseSeconds, mode, logRequestId. Outcomes: proceed, resolve, processing, paid, declined, conflict (requestId was used for something else), no_billing_method (also when the user is gone), invalid (amount).';

-- supabase/schemas/41_change_subscription.sql
-- What a subscriber may ask for: notice, resuming, another card, another try.

create function toss_private.changed_view(changed public.subscriptions)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return jsonb_build_object('outcome', 'changed', 'subscription', toss_private.subscription_view(changed));
end;
$$;

comment on function toss_private.changed_view(public.subscriptions) is 'The answer to a change that is done.';

create function toss_private.illegal_view(concerned public.subscriptions, reason text)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return jsonb_build_object(
    'outcome', 'illegal', 'status', concerned.status, 'reason', reason,
    'subscription', toss_private.subscription_view(concerned)
  );
end;
$$;

comment on function toss_private.illegal_view(public.subscriptions, text) is
  'The answer to what cannot happen to a subscription as it stands.';

create function toss_private.give_notice(leaving public.subscriptions, as_of timestamptz, audit jsonb)
returns jsonb
language plpgsql
set search_path = ''
as $$
begin
  if leaving.cancel_at_period_end then
    return toss_private.changed_view(leaving);
  end if;
  leaving.canceled_at := as_of;
  if leaving.status = 'past_due' then
    -- The paid period is over already; only the grace is left, and nobody will pay for it.
    leaving.ended_at := as_of;
    leaving := toss_private.move_subscription(leaving, 'notice_given', audit);
    perform toss_private.end_access(leaving.id, as_of);
    perform toss_private.write_subscription_event('canceled', leaving, jsonb_build_object(
      'reason', 'notice', 'endedAt', leaving.ended_at
    ));
    return toss_private.changed_view(leaving);
  end if;
  leaving.cancel_at_period_end := true;
  leaving.access_ends_at := leaving.current_period_end;
  leaving.next_charge_at := null;
  leaving.remind_at := null;
  leaving := toss_private.move_subscription(leaving, 'notice_given', audit);
  perform toss_private.write_subscription_event('cancel_scheduled', leaving, jsonb_build_object(
    'endsAt', leaving.access_ends_at
  ));
  return toss_private.changed_view(leaving);
end;
$$;

comment on function toss_private.give_notice(public.subscriptions, timestamptz, jsonb) is
  'cancel_at_period_end: access lasts to the end of the period; a subscription in arrears ends now. Safe to repeat.';

create function toss_private.resume(staying public.subscriptions, as_of timestamptz, audit jsonb)
returns jsonb
language plpgsql
set search_path = ''
as $$
begin
  if not staying.cancel_at_period_end then
    return toss_private.illegal_view(staying, 'no_notice_given');
  end if;
  if staying.access_ends_at <= as_of then
    return toss_private.illegal_view(staying, 'period_is_over');
  end if;
  staying.cancel_at_period_end := false;
  staying.canceled_at := null;
  staying.access_ends_at := null;
  staying.next_charge_at := staying.current_period_end;
  staying.remind_at := toss_private.reminder_time(as_of, staying.current_period_end, staying.plan_id);
  staying := toss_private.move_subscription(staying, 'resumed', audit);
  perform toss_private.write_subscription_event('resumed', staying, '{}');
  return toss_private.changed_view(staying);
end;
$$;

comment on function toss_private.resume(public.subscriptions, timestamptz, jsonb) is 'resume: takes the notice back before the period is over.';

create function toss_private.change_method(changed public.subscriptions, as_of timestamptz, request jsonb, audit jsonb)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  method_id constant uuid := (request ->> 'billingMethodId')::uuid;
  has_debt constant boolean := changed.status = 'past_due' and (toss_private.debt_of(changed)).id is not null;
  -- Refused, the open charge goes on to the method of then: whoever chooses one meanwhile tries it.
  is_next constant boolean := method_id is distinct from changed.billing_method_id and exists (
    select 1 from public.subscription_charges as c
    where c.subscription_id = changed.id and c.kind = 'renewal' and c.status in ('pending', 'processing', 'unknown')
      and c.billing_method_id is distinct from method_id
  );
  wait_seconds integer;
begin
  if not toss_private.usable_billing_method(method_id) or not exists (
    select 1 from public.billing_methods as m where m.id = method_id and m.user_id = changed.user_id
  ) then
    return jsonb_build_object('outcome', 'method_not_found');
  end if;
  if has_debt or is_next then
    wait_seconds := toss_private.take_card_attempt(changed.user_id);
    if wait_seconds > 0 then
      return toss_private.too_many_attempts_view(wait_seconds);
    end if;
  end if;
  changed.billing_method_id := method_id;
  changed.needs_payment_method := false;
  changed := toss_private.move_subscription(changed, 'method_changed', audit || jsonb_build_object(
    'detail', jsonb_build_object('billingMethodId', method_id)
  ));
  if has_debt then
    return toss_private.charge_debt(changed, as_of, request);
  end if;
  return toss_private.changed_view(changed);
end;
$$;

comment on function toss_private.change_method(public.subscriptions, timestamptz, jsonb, jsonb) is
  'change_method: another billing method of the same user; a debt is charged to it at once.';

create function toss_private.charge_debt(owing public.subscriptions, as_of timestamptz, request jsonb)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  item constant jsonb := toss_private.charge_due(owing, as_of, request);
  stored public.subscriptions;
begin
  select * into stored from public.subscriptions as s where s.id = owing.id;
  return jsonb_build_object(
    'outcome', 'charge', 'subscription', toss_private.subscription_view(stored), 'charge', item
  );
end;
$$;

comment on function toss_private.charge_debt(public.subscriptions, timestamptz, jsonb) is
  'Begins an attempt at the debt of a subscription with a usable billing method; answers the charge to send.';

create function toss_private.retry_payment(owing public.subscriptions, as_of timestamptz, request jsonb, audit jsonb)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  wait_seconds integer;
begin
  if (toss_private.debt_of(owing)).id is null then
    return toss_private.illegal_view(owing, 'no_debt');
  end if;
  if not toss_private.usable_billing_method(owing.billing_method_id) then
    return toss_private.illegal_view(owing, 'needs_payment_method');
  end if;
  wait_seconds := toss_private.take_card_attempt(owing.user_id);
  if wait_seconds > 0 then
    return toss_private.too_many_attempts_view(wait_seconds);
  end if;
  owing := toss_private.move_subscription(owing, 'retry_requested', audit);
  return toss_private.charge_debt(owing, as_of, request);
end;
$$;

comment on function toss_private.retry_payment(public.subscriptions, timestamptz, jsonb, jsonb) is
  'retry_payment: charges a debt before its time.';

create function public.change_subscription(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  as_of constant timestamptz := coalesce((request ->> 'asOf')::timestamptz, toss_private.clock_now());
  action constant text := request ->> 'action';
  happening constant text := case action
    when 'cancel_at_period_end' then 'notice_given'
    when 'resume' then 'resumed'
    when 'cancel_now' then 'canceled_now'
    when 'change_plan' then 'plan_change_planned'
    when 'change_method' then 'method_changed'
    when 'retry_payment' then 'retry_requested' end;
  audit constant jsonb := jsonb_build_object(
    'source', 'billing', 'requestId', request ->> 'requestId'
  );
  gives_back constant boolean := action = 'cancel_now' and request ->> 'refund' = 'prorated';
  changed public.subscriptions;
  locked_order_ids text[];
  repeated jsonb;
begin
  perform toss_private.require_real_time(request ->> 'mode');
  select * into changed from public.subscriptions as s where s.id = (request ->> 'subscriptionId')::uuid;
  -- Somebody else's is none at all.
  if not found or changed.user_id is distinct from coalesce((request ->> 'userId')::uuid, changed.user_id) then
    return jsonb_build_object('outcome', 'subscription_not_found');
  end if;
  if gives_back then
    -- Orders come before everything else, and whoever reserves of a payment holds its order.
    locked_order_ids := toss_private.period_order_ids(changed);
    perform 1 from public.orders as o where o.id = any (locked_order_ids) order by o.id for no key update;
  end if;
  perform toss_private.lock_user(changed.user_id);
  select * into changed from public.subscriptions as s where s.id = changed.id for no key update;
  if gives_back and not toss_private.period_order_ids(changed) <@ locked_order_ids then
    -- A payment has come meanwhile.
    return jsonb_build_object('outcome', 'operation_in_progress');
  end if;

  if action in ('consent', 'decline_consent') then
    return toss_private.answer_consent(changed, request, audit);
  end if;
  if action = 'cancel_now' and toss_private.was_canceled_now(changed) then
    return toss_private.cancel_again(changed, request ->> 'refund', audit);
  end if;
  if not toss_private.may_happen(changed.status, happening) then
    return toss_private.illegal_view(changed, 'not_possible_when_' || changed.status);
  end if;
  -- It ends with the next run. Until then the shop may still end it its own way, with a refund.
  if action not in ('cancel_now', 'cancel_at_period_end') and toss_private.is_gone(changed.user_id) then
    return toss_private.illegal_view(changed, 'user_deleted');
  end if;
  repeated := toss_private.repeated_change(changed, request);
  if repeated is not null then
    return repeated;
  end if;
  if action <> 'change_method' and toss_private.has_open_charge(changed.id) then
    return jsonb_build_object('outcome', 'operation_in_progress');
  end if;

  return case action
    when 'cancel_at_period_end' then toss_private.give_notice(changed, as_of, audit)
    when 'resume' then toss_private.resume(changed, as_of, audit)
    when 'cancel_now' then toss_private.cancel_now(changed, as_of, request ->> 'refund', audit)
    when 'change_plan' then toss_private.change_plan(changed, as_of, request, audit)
    when 'change_method' then toss_private.change_method(changed, as_of, request, audit)
    when 'retry_payment' then toss_private.retry_payment(changed, as_of, request, audit)
  end;
end;
$$;

comment on function public.change_subscription(jsonb) is
  'One change of a subscription. Keys: subscriptionId, userId (null: the shop itself), action (cancel_at_period_end, resume, cancel_now, change_plan, change_method, retry_payment, consent, decline_consent), planId, billingMethodId, consentId, refund (none, prorated), asOf, leaseToken, leaseSeconds, mode, dunning, requestId. Outcomes: changed, charge (to be sent now, or to be resolved when nobody holds it any more), refund (to be made now), illegal (status, reason), operation_in_progress (a charge of it is at Toss, or comes from there at this moment), subscription_not_found, plan_not_found, plan_not_billable, method_not_found, already_subscribed (subscriptionId, hint), consent_not_open, too_many_attempts (retryAfterSeconds).';

-- supabase/schemas/42_cancel_now.sql
-- Ending a subscription at once, and the refund that is promised with it.

create function toss_private.refunds_due(ended public.subscriptions)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select coalesce(jsonb_agg(jsonb_build_object(
      'paymentKey', op.payment_key, 'orderId', op.order_id, 'amount', op.amount, 'refundRequestId', op.request_id
    ) order by c.created_at), '[]')
    from public.subscription_charges as c
    join public.operations as op on op.id = c.refund_operation_id
    where c.subscription_id = ended.id
  );
end;
$$;

comment on function toss_private.refunds_due(public.subscriptions) is
  'What was promised back when a subscription was cancelled at once; refundRequestId names the cancel that each promise was written with.';

create function toss_private.period_order_ids(paid public.subscriptions)
returns text[]
language plpgsql
stable
set search_path = ''
as $$
begin
  return array(
    select c.order_id from public.subscription_charges as c
    where c.subscription_id = paid.id and c.status = 'paid' and c.period_number = paid.period_number
    order by c.order_id
  );
end;
$$;

comment on function toss_private.period_order_ids(public.subscriptions) is
  'The orders that paid for the current period of a subscription: its start or renewal, and upgrades.';

create function toss_private.begin_refund(
  promised public.subscription_charges, amount_due bigint, made_transaction_key text, audit jsonb
)
returns void
language plpgsql
set search_path = ''
as $$
declare
  present constant timestamptz := toss_private.clock_now();
  paid_by constant text := (select o.payment_key from public.orders as o where o.id = promised.order_id);
  first_request_id constant text := 'cancel-now-' || promised.id;
  refund_request_id text;
  operation public.operations;
begin
  select first_request_id || case when count(*) > 0 then '-' || count(*) + 1 else '' end into refund_request_id
  from public.operations as op
  where op.payment_key = paid_by and op.kind = 'cancel' and starts_with(op.request_id, first_request_id);
  insert into public.operations (
    id, kind, idempotency_key, key_created_at, order_id, payment_key, amount, currency, request_id, request_digest,
    requested_by, reason, reserved_amount, is_queued, lease_token, lease_expires_at, next_attempt_at, created_at
  ) values (
    gen_random_uuid(), 'cancel', toss_private.cancel_key(paid_by, refund_request_id), present, promised.order_id, paid_by,
    amount_due, promised.currency, refund_request_id,
    -- A request from outside is never this one.
    encode(sha256(convert_to(gen_random_uuid()::text, 'UTF8')), 'hex'),
    'operator', toss_private.refund_reason(), case when made_transaction_key is null then amount_due else 0 end,
    made_transaction_key is null,
    -- Leased to nobody: whoever comes first, this caller or the worker, makes it.
    gen_random_uuid(), present, present, present
  )
  returning * into operation;
  update public.subscription_charges as c set refund_due = amount_due, refund_operation_id = operation.id
  where c.id = promised.id;
  perform toss_private.write_event(audit || jsonb_build_object(
    'event', 'operation_started', 'orderId', operation.order_id, 'paymentKey', paid_by, 'operationId', operation.id,
    'subscriptionId', promised.subscription_id, 'amount', amount_due, 'detail', jsonb_build_object(
      'requestedBy', operation.requested_by, 'reason', operation.reason, 'chargeId', promised.id
    )
  ));
  if made_transaction_key is not null then
    perform toss_private.end_cancel(operation, made_transaction_key, audit || jsonb_build_object('paymentKey', paid_by));
  end if;
end;
$$;

comment on function toss_private.begin_refund(public.subscription_charges, bigint, text, jsonb) is
  'Writes the cancel that pays back a promised amount, and the promise with it. From here on it is reserved, and the worker makes it if nobody else does; with a transaction key it is that cancel, which is made already. The caller holds the order.';

create function toss_private.refund_reason()
returns text
language plpgsql
immutable
set search_path = ''
as $$
begin
  return 'subscription canceled';
end;
$$;

comment on function toss_private.refund_reason() is
  'What Toss is told of a refund that was promised when a subscription ended, and what it is recognised by after a restore.';

create function toss_private.promise_refunds(ended public.subscriptions, since timestamptz, audit jsonb)
returns boolean
language plpgsql
set search_path = ''
as $$
declare
  paid public.subscription_charges;
  kept bigint;
  due bigint;
  made public.payment_cancels;
  has_promised boolean := false;
begin
  for paid in
    select * from public.subscription_charges as c
    where c.order_id = any (toss_private.period_order_ids(ended)) and c.status = 'paid' and c.period_end > since
    order by c.created_at
  loop
    select p.balance_amount - p.reserved_amount into kept
    from public.payments as p
    join public.orders as o on o.payment_key = p.payment_key
    where o.id = paid.order_id;
    -- Made under a promise that a restore has forgotten, and found at Toss since.
    select k.* into made
    from public.payment_cancels as k
    join public.orders as o on o.payment_key = k.payment_key
    where o.id = paid.order_id and k.reason = toss_private.refund_reason() and k.status <> 'ABORTED'
      and not exists (select 1 from public.operations as op where op.canceled_transaction_key = k.transaction_key)
    order by k.canceled_at
    limit 1;
    if found then
      perform toss_private.begin_refund(paid, made.amount, made.transaction_key, audit);
      has_promised := true;
      continue;
    end if;
    -- The part of its time that is left, to the whole won in the shop's favour.
    due := floor(
      kept * extract(epoch from paid.period_end - greatest(since, paid.period_start))
      / extract(epoch from paid.period_end - paid.period_start)
    );
    continue when coalesce(due, 0) < 1;
    perform toss_private.begin_refund(paid, due, null, audit);
    has_promised := true;
  end loop;
  return has_promised;
end;
$$;

comment on function toss_private.promise_refunds(public.subscriptions, timestamptz, jsonb) is
  'Promises the unused part of what was paid for the current period, counted from `since`; whether there was any. What was given back before, or is on its way back, is not counted again: the part is taken of what the shop has kept. The caller holds the orders.';

create function toss_private.cancel_now(leaving public.subscriptions, as_of timestamptz, refund text, audit jsonb)
returns jsonb
language plpgsql
set search_path = ''
as $$
begin
  if refund = 'prorated' and leaving.status = 'active' then
    perform toss_private.promise_refunds(leaving, as_of, audit);
  end if;
  leaving.canceled_at := coalesce(leaving.canceled_at, as_of);
  leaving.ended_at := as_of;
  leaving := toss_private.move_subscription(leaving, 'canceled_now', audit || jsonb_build_object(
    'detail', jsonb_build_object('refund', coalesce(refund, 'none'))
  ));
  perform toss_private.end_access(leaving.id, as_of);
  perform toss_private.write_subscription_event('canceled', leaving, jsonb_build_object(
    'reason', 'canceled_now', 'endedAt', as_of, 'refunds', toss_private.refunds_due(leaving)
  ));
  return toss_private.ended_view(leaving);
end;
$$;

comment on function toss_private.cancel_now(public.subscriptions, timestamptz, text, jsonb) is
  'cancel_now: access ends, and with refund `prorated` the unused part of what was paid for the period is promised back.';

create function toss_private.renew_refunds(ended public.subscriptions, audit jsonb)
returns void
language plpgsql
set search_path = ''
as $$
declare
  refused public.subscription_charges;
  left_to_refund bigint;
begin
  for refused in
    select c.* from public.subscription_charges as c
    join public.operations as op on op.id = c.refund_operation_id and op.state = 'rejected'
    where c.subscription_id = ended.id
    order by c.created_at
  loop
    select least(refused.refund_due, p.balance_amount - p.reserved_amount) into left_to_refund
    from public.payments as p
    join public.orders as o on o.payment_key = p.payment_key
    where o.id = refused.order_id;
    continue when left_to_refund < 1;
    perform toss_private.begin_refund(refused, left_to_refund, null, audit);
  end loop;
end;
$$;

comment on function toss_private.renew_refunds(public.subscriptions, jsonb) is
  'Begins promised refunds anew that were refused, as far as the money is there. The caller holds the orders.';

create function toss_private.cancel_again(ended public.subscriptions, refund text, audit jsonb)
returns jsonb
language plpgsql
set search_path = ''
as $$
begin
  if refund is distinct from 'prorated' then
    return toss_private.ended_view(ended);
  end if;
  perform toss_private.renew_refunds(ended, audit);
  if toss_private.refunds_due(ended) = '[]' and not exists (
    select 1 from public.payment_events as v
    where v.subscription_id = ended.id and v.event = 'subscription_status' and v.detail ->> 'event' = 'canceled_now'
      and v.detail ->> 'refund' = 'prorated'
  ) then
    -- It ended without a refund, and now there is to be one: for the time since then.
    if not toss_private.promise_refunds(ended, ended.ended_at, audit) then
      return toss_private.illegal_view(ended, 'nothing_to_refund');
    end if;
    perform toss_private.write_subscription_event('refund_promised', ended, jsonb_build_object(
      'refunds', toss_private.refunds_due(ended)
    ));
  end if;
  return toss_private.ended_view(ended);
end;
$$;

comment on function toss_private.cancel_again(public.subscriptions, text, jsonb) is
  'cancel_now of a subscription that it has ended already: the same answer, but a refund that is asked for only now is promised now, or refused with a reason, and one that Toss refused is begun anew.';

create function toss_private.ended_view(ended public.subscriptions)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
declare
  refunds constant jsonb := toss_private.refunds_due(ended);
begin
  return case when refunds = '[]' then toss_private.changed_view(ended) else jsonb_build_object(
    'outcome', 'refund', 'subscription', toss_private.subscription_view(ended), 'refunds', refunds
  ) end;
end;
$$;

comment on function toss_private.ended_view(public.subscriptions) is
  'The answer to cancel_now, also when it is repeated: refunds that a cut caller did not make are answered again.';

create function toss_private.was_canceled_now(ended public.subscriptions)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return ended.status = 'canceled' and exists (
    select 1 from public.payment_events as v
    where v.subscription_id = ended.id and v.event = 'subscription_status' and v.detail ->> 'event' = 'canceled_now'
  );
end;
$$;

comment on function toss_private.was_canceled_now(public.subscriptions) is
  'Whether cancel_now ended a subscription; its end_reason does not tell that from a notice.';

-- supabase/schemas/43_change_plan.sql
-- Another plan: at once with an upgrade's charge, at the period's end, and back again.

create function toss_private.upgrade_amount(changed public.subscriptions, wanted public.plans, as_of timestamptz)
returns bigint
language plpgsql
stable
set search_path = ''
as $$
begin
  return floor(
    (wanted.price - changed.amount)
    * extract(epoch from changed.current_period_end - greatest(as_of, changed.current_period_start))
    / extract(epoch from changed.current_period_end - changed.current_period_start)
  )::bigint;
end;
$$;

comment on function toss_private.upgrade_amount(public.subscriptions, public.plans, timestamptz) is
  'The difference to a dearer plan for the time that is left of the period, to the whole won in the subscriber''s favour.';

create function toss_private.upgrade(
  changed public.subscriptions, wanted public.plans, as_of timestamptz, request jsonb, audit jsonb
)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  difference constant bigint := toss_private.upgrade_amount(changed, wanted, as_of);
  charge public.subscription_charges;
  item jsonb;
  wait_seconds integer;
begin
  -- Toss takes nothing under 100 won from a card, and nothing under 200 won from an account.
  if difference < 100 or (difference < 200 and exists (
    select 1 from public.billing_methods as m where m.id = changed.billing_method_id and m.method = 'TRANSFER'
  )) then
    changed := toss_private.switch_plan(toss_private.without_next_plan(changed), as_of, wanted, audit);
    update public.entitlements as e set plan_id = changed.plan_id
    where e.subscription_id = changed.id and e.revoked_at is null and e.ends_at > as_of;
    return toss_private.changed_view(changed);
  end if;
  if not toss_private.usable_billing_method(changed.billing_method_id) then
    return toss_private.illegal_view(changed, 'needs_payment_method');
  end if;
  -- An upgrade that is paid costs money; one that is declined again and again tries a card.
  if exists (
    select 1 from public.subscription_charges as c
    where c.subscription_id = changed.id and c.kind = 'upgrade' and c.status = 'declined'
      and c.created_at > toss_private.clock_now() - interval '1 day'
  ) then
    wait_seconds := toss_private.take_card_attempt(changed.user_id);
    if wait_seconds > 0 then
      return toss_private.too_many_attempts_view(wait_seconds);
    end if;
  end if;
  insert into public.subscription_charges (
    id, kind, subscription_id, user_id, plan_id, plan_amount, plan_interval, plan_interval_count, period_number,
    period_start, period_end, amount, currency, order_name, earlier_plan_id, earlier_amount, created_at
  ) values (
    toss_private.derived_id('upgrade', changed.id::text, changed.period_number::text, wanted.id, (
      -- The how many-th try: one that was declined may be followed by another.
      select count(*) from public.subscription_charges as c
      where c.subscription_id = changed.id and c.kind = 'upgrade' and c.period_number = changed.period_number
        and c.plan_id = wanted.id
    )::text), 'upgrade', changed.id, changed.user_id, wanted.id, wanted.price, wanted.interval, wanted.interval_count,
    changed.period_number, as_of, changed.current_period_end, difference, wanted.currency, wanted.name,
    changed.plan_id, changed.amount, toss_private.clock_now()
  )
  returning * into charge;
  update public.subscriptions as s set next_charge_at = null, remind_at = null where s.id = changed.id
  returning * into changed;
  item := toss_private.begin_attempt(charge, changed.billing_method_id, as_of, request);
  return jsonb_build_object('outcome', 'charge', 'subscription', toss_private.subscription_view(changed), 'charge', item);
end;
$$;

comment on function toss_private.upgrade(public.subscriptions, public.plans, timestamptz, jsonb, jsonb) is
  'The dearer plan from now on: at once when the difference is too small to charge, else when its charge is paid.';

create function toss_private.is_catching_up(restored public.subscriptions)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return exists (
    select 1 from public.subscription_charges as c
    where c.subscription_id = restored.id and c.kind = 'renewal' and c.status = 'void'
      and c.period_number > restored.period_number
  );
end;
$$;

comment on function toss_private.is_catching_up(public.subscriptions) is
  'Whether periods after the current one were found missed one by one after a restore, and the next one is about to be charged: another plan would be counted from the wrong period.';

create function toss_private.change_plan(changed public.subscriptions, as_of timestamptz, request jsonb, audit jsonb)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  wanted public.plans;
  claim jsonb;
  refusal constant text := toss_private.plan_refusal(request ->> 'planId');
  -- Who stays with the plan agreed on need not ask whether it is still for sale.
  stays constant boolean := request ->> 'planId' = changed.plan_id;
begin
  if refusal <> '' and not stays then
    return jsonb_build_object('outcome', refusal);
  end if;
  if changed.cancel_at_period_end then
    return toss_private.illegal_view(changed, 'notice_given');
  end if;
  if toss_private.is_catching_up(changed) then
    return jsonb_build_object('outcome', 'operation_in_progress');
  end if;
  if stays then
    -- Nothing to take back: above all the repeat of a change whose answer was lost.
    if changed.next_plan_id is null then
      return toss_private.changed_view(changed);
    end if;
    return toss_private.changed_view(toss_private.move_subscription(
      toss_private.without_next_plan(changed), 'plan_change_planned', audit
    ));
  end if;
  select * into wanted from public.plans as p where p.id = request ->> 'planId';
  claim := toss_private.claim_of_plan(changed.user_id, wanted.id, changed.id);
  if claim is not null then
    return toss_private.already_subscribed_view(claim);
  end if;

  if changed.status = 'trialing' then
    changed := toss_private.switch_plan(toss_private.without_next_plan(changed), as_of, wanted, audit);
    update public.entitlements as e set plan_id = changed.plan_id
    where e.subscription_id = changed.id and e.charge_id is null;
    return toss_private.changed_view(changed);
  end if;
  if (wanted.interval, wanted.interval_count) = (changed.interval, changed.interval_count)
    and wanted.price > changed.amount and as_of < changed.current_period_end
  then
    return toss_private.upgrade(changed, wanted, as_of, request, audit);
  end if;
  if (changed.next_plan_id, changed.next_amount, changed.next_interval, changed.next_interval_count)
    = (wanted.id, wanted.price, wanted.interval, wanted.interval_count)
  then
    return toss_private.changed_view(changed);
  end if;
  changed.next_plan_id := wanted.id;
  changed.next_amount := wanted.price;
  changed.next_interval := wanted.interval;
  changed.next_interval_count := wanted.interval_count;
  changed := toss_private.move_subscription(changed, 'plan_change_planned', audit);
  perform toss_private.write_subscription_event('plan_change_planned', changed, jsonb_build_object(
    'nextPlanId', changed.next_plan_id, 'from', changed.current_period_end
  ));
  return toss_private.changed_view(changed);
end;
$$;

comment on function toss_private.change_plan(public.subscriptions, timestamptz, jsonb, jsonb) is
  'change_plan: a dearer plan of the same interval now, any other at the end of the period, in a trial at once. The plan it has already takes a planned change back, also when it is withdrawn.';

create function toss_private.repeated_change(changed public.subscriptions, request jsonb)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  operation public.operations;
  charge public.subscription_charges;
  answer jsonb;
begin
  select c.* into charge from public.subscription_charges as c
  where c.subscription_id = changed.id and c.kind = 'upgrade' and c.status in ('pending', 'processing', 'unknown')
    and c.plan_id = request ->> 'planId';
  if not found then
    return null;
  end if;
  -- Never waited for: whoever brings Toss's answer holds the operation and waits for the subscription.
  select op.* into operation from public.operations as op
  where op.charge_id = charge.id and op.state in ('started', 'unknown')
  for no key update skip locked;
  if found then
    answer := toss_private.retake_operation(operation, request);
  end if;
  return case when answer ? 'operation' then jsonb_build_object(
    'outcome', 'charge', 'subscription', toss_private.subscription_view(changed), 'charge', answer -> 'operation'
  ) else jsonb_build_object('outcome', 'operation_in_progress') end;
end;
$$;

comment on function toss_private.repeated_change(public.subscriptions, jsonb) is
  'The answer to an upgrade whose charge is open already, because this request was delivered twice or because its caller never got the answer: the charge, once nobody else holds it. Null when it is another change.';

create function toss_private.has_taken_effect(paid public.subscription_charges)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return paid.status = 'paid' and exists (select 1 from public.entitlements as e where e.charge_id = paid.id);
end;
$$;

comment on function toss_private.has_taken_effect(public.subscription_charges) is
  'Whether a payment gave access; money that came too late (second_payment) never did.';

create function toss_private.undo_upgrade(
  upgraded public.subscriptions, earlier public.subscription_charges, audit jsonb
)
returns public.subscriptions
language plpgsql
set search_path = ''
as $$
declare
  first_undone public.subscription_charges;
  terms public.plans;
begin
  -- In arrears the next period has begun to be charged: there is nothing to go back to.
  if not toss_private.may_happen(upgraded.status, 'plan_changed') then
    return upgraded;
  end if;
  perform toss_private.grant_period(earlier, earlier.period_end);
  -- Every later payment of the period is gone: before the first of them was what `earlier` pays for, or what a change
  -- without a charge made of it.
  select c.* into first_undone from public.subscription_charges as c
  where c.subscription_id = upgraded.id and c.kind = 'upgrade' and c.period_number = earlier.period_number
    and (c.period_start, c.created_at) > (earlier.period_start, earlier.created_at)
    and c.undone_at is null and toss_private.has_taken_effect(c)
  order by c.period_start, c.created_at
  limit 1;
  if toss_private.has_open_charge(upgraded.id)
    or toss_private.claim_of_plan(upgraded.user_id, first_undone.earlier_plan_id, upgraded.id) is not null
  then
    -- A charge at Toss has the present terms, or another subscription has that plan by now. What is left of the money
    -- goes on paying for this one.
    update public.entitlements as e set plan_id = upgraded.plan_id where e.charge_id = earlier.id;
    return upgraded;
  end if;
  update public.subscription_charges as c set undone_at = toss_private.clock_now()
  where c.subscription_id = upgraded.id and c.kind = 'upgrade' and c.period_number = earlier.period_number
    and (c.period_start, c.created_at) >= (first_undone.period_start, first_undone.created_at)
    and c.undone_at is null and toss_private.has_taken_effect(c);
  select * into terms from public.plans as p where p.id = first_undone.earlier_plan_id;
  terms.price := first_undone.earlier_amount;
  terms.interval := earlier.plan_interval;
  terms.interval_count := earlier.plan_interval_count;
  update public.entitlements as e set plan_id = terms.id where e.charge_id = earlier.id;
  -- Nothing was agreed anew: what was planned for the price before is planned still.
  update toss_private.price_steps as p set ended_at = null, outcome = null
  where p.subscription_id = upgraded.id and p.plan_id = terms.id and p.outcome = 'left' and p.ended_at >= first_undone.created_at;
  return toss_private.switch_plan(upgraded, toss_private.clock_now(), terms, audit);
end;
$$;

comment on function toss_private.undo_upgrade(public.subscriptions, public.subscription_charges, jsonb) is
  'The upgrade in force was refunded in full: back to the terms before it that `earlier`, the latest charge of the period that still holds money, pays for. A change that is planned stays planned. While a charge is at Toss everything stays; undo_refunded_upgrade follows when it ends. Callers hold toss_private.lock_user.';

create function toss_private.undo_refunded_upgrade(upgraded public.subscriptions, audit jsonb)
returns public.subscriptions
language plpgsql
set search_path = ''
as $$
declare
  refunded public.subscription_charges;
  earlier public.subscription_charges;
begin
  select c.* into refunded from public.subscription_charges as c
  join public.orders as o on o.id = c.order_id and o.status = 'refunded'
  where c.subscription_id = upgraded.id and c.kind = 'upgrade' and c.period_number = upgraded.period_number
    and c.undone_at is null and toss_private.has_taken_effect(c)
  order by c.period_start desc, c.created_at desc
  limit 1;
  if not found then
    return upgraded;
  end if;
  select * into earlier from toss_private.money_left_of_period(upgraded, refunded) limit 1;
  if not found or (earlier.period_start, earlier.created_at) > (refunded.period_start, refunded.created_at) then
    return upgraded;
  end if;
  return toss_private.undo_upgrade(upgraded, earlier, audit);
end;
$$;

comment on function toss_private.undo_refunded_upgrade(public.subscriptions, jsonb) is
  'Undoes an upgrade that was refunded while a charge was at Toss, now that it has ended without a payment.';

-- supabase/schemas/44_advance_subscriptions.sql
-- What time does to subscriptions: ends, free periods, reminders.

create function toss_private.end_due_subscriptions(as_of timestamptz, request jsonb)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  audit constant jsonb := jsonb_build_object('source', 'billing', 'requestId', request ->> 'requestId');
  due public.subscriptions;
  ended integer := 0;
begin
  for due in
    select s.* from public.subscriptions as s
    where s.access_ends_at <= as_of
    order by s.access_ends_at
    limit (request ->> 'limit')::integer
    for no key update skip locked
  loop
    if not due.cancel_at_period_end and toss_private.is_gone(due.user_id) then
      perform toss_private.end_for_gone_user(due, request);
    elsif due.cancel_at_period_end then
      due.ended_at := due.access_ends_at;
      due := toss_private.move_subscription(due, 'notice_ended', audit);
      perform toss_private.end_access(due.id, due.ended_at);
      perform toss_private.write_subscription_event('canceled', due, jsonb_build_object(
        'reason', 'notice', 'endedAt', due.ended_at
      ));
    else
      perform toss_private.finish_dunning(due, due.access_ends_at, request -> 'dunning' ->> 'finalAction', audit);
    end if;
    ended := ended + 1;
  end loop;
  return ended;
end;
$$;

comment on function toss_private.end_due_subscriptions(timestamptz, jsonb) is
  'Ends those whose notice has run out, and those whose grace has without a working billing method.';

create function toss_private.prolong_credit(as_of timestamptz, request jsonb)
returns void
language plpgsql
set search_path = ''
as $$
declare
  open_charge public.subscription_charges;
begin
  for open_charge in
    select c.*
    from public.subscription_charges as c
    join public.subscriptions as s on s.id = c.subscription_id
    join public.entitlements as e on e.charge_id = c.id
    where c.status in ('pending', 'processing', 'unknown') and c.kind = 'renewal' and e.revoked_at is null
      -- A week before its end, so that access does not hang on the next run.
      and e.ends_at < as_of + interval '168 hours'
    limit (request ->> 'limit')::integer
    -- Whoever holds one of them is about to end the charge.
    for no key update of c, s skip locked
  loop
    perform toss_private.grant_period(open_charge, toss_private.credit_end(as_of));
  end loop;
  -- The renewal waits for an upgrade that is open; what there is access to until then is the plan before it.
  for open_charge in
    select c.*
    from public.subscription_charges as c
    join public.subscriptions as s on s.id = c.subscription_id
    where c.status in ('pending', 'processing', 'unknown') and c.kind = 'upgrade'
      and c.period_end < as_of + interval '168 hours'
    limit (request ->> 'limit')::integer
    for no key update of c, s skip locked
  loop
    update public.entitlements as e set ends_at = toss_private.credit_end(as_of)
    where e.subscription_id = open_charge.subscription_id and e.revoked_at is null
      and e.ends_at >= open_charge.period_end and e.ends_at < as_of + interval '168 hours';
  end loop;
end;
$$;

comment on function toss_private.prolong_credit(timestamptz, jsonb) is
  'While the answer to a charge is not known there is access, also past the end of its period; while an upgrade is open, to the plan before it.';

create function toss_private.remind_due_subscriptions(as_of timestamptz, request jsonb)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  due public.subscriptions;
  next_price record;
  reminded integer := 0;
begin
  for due in
    select s.* from public.subscriptions as s
    where s.remind_at <= as_of
    order by s.remind_at
    limit (request ->> 'limit')::integer
    for no key update skip locked
  loop
    update public.subscriptions as s set remind_at = null where s.id = due.id;
    -- After an outage a reminder of what is being charged already would only confuse; who is gone is not charged.
    continue when due.next_charge_at <= as_of or toss_private.is_gone(due.user_id);
    select * into next_price from toss_private.next_price(due, due.next_charge_at);
    perform toss_private.write_subscription_event(
      case due.status when 'trialing' then 'trial_ending' else 'renewal_upcoming' end, due,
      jsonb_build_object(
        'chargeAt', due.next_charge_at, 'amount', coalesce(due.next_amount, next_price.amount), 'currency', due.currency,
        'nextPlanId', due.next_plan_id, 'needsPaymentMethod', due.needs_payment_method,
        -- Without it nothing is charged, or not this much.
        'awaitsConsent', due.next_plan_id is null and next_price.needs_consent and next_price.consent_id is null
      )
    );
    reminded := reminded + 1;
  end loop;
  return reminded;
end;
$$;

comment on function toss_private.remind_due_subscriptions(timestamptz, jsonb) is
  'Announces charges that come near, once a period.';

create function public.advance_subscriptions(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  as_of constant timestamptz := coalesce((request ->> 'asOf')::timestamptz, toss_private.clock_now());
  ended constant integer := toss_private.end_gone_users(request) + toss_private.end_due_subscriptions(as_of, request);
  -- First who is asked: a reminder of a charge that needs consent would only confuse.
  repriced constant integer := toss_private.apply_repricings(as_of, request);
  asked constant integer := toss_private.ask_consents(as_of, request);
  reminded constant integer := toss_private.remind_of_consents(as_of, request)
    + toss_private.remind_due_subscriptions(as_of, request);
begin
  perform toss_private.prolong_credit(as_of, request);
  return jsonb_build_object(
    'ended', ended, 'reminded', reminded, 'asked', asked, 'repriced', repriced,
    'remaining', (
      select count(*) from (
        select 1 from public.subscriptions as s where s.consent_ask_at <= as_of limit 1000
      ) as a
    ) + (
      select count(*) from (
        select 1 from public.subscriptions as s where s.access_ends_at <= as_of limit 1000
      ) as e
    ) + (
      select count(*) from (
        select 1 from public.subscriptions as s where s.remind_at <= as_of limit 1000
      ) as r
    )
  );
end;
$$;

comment on function public.advance_subscriptions(jsonb) is
  'Ends subscriptions whose user is gone and what has run out, asks for consent, announces charges, and prolongs the access of those that are open, up to `limit` each. Keys: limit, asOf, dunning {finalAction}, requestId. Answers ended, asked, reminded, repriced, remaining.';

-- supabase/schemas/45_gone_users.sql
-- Who was deleted from auth.users is not charged; their keys are deleted at Toss.

create function toss_private.delete_keys_of_gone_user(gone_id uuid, request jsonb)
returns void
language plpgsql
set search_path = ''
as $$
declare
  method public.billing_methods;
begin
  for method in
    select m.* from public.billing_methods as m
    where m.user_id = gone_id and m.status = 'active'
    order by m.id
    -- Whoever holds one removes it; the next run looks again.
    for no key update skip locked
  loop
    -- Not retire_billing_method: it would lock the user's other subscriptions, which end by themselves.
    update public.billing_methods as m set status = 'deleted', deleted_at = toss_private.clock_now() where m.id = method.id;
    if exists (
      select 1 from toss_private.billing_keys as k where k.billing_method_id = method.id and k.ciphertext is not null
    ) and not exists (
      select 1 from public.operations as op
      where op.billing_method_id = method.id and op.state in ('started', 'unknown')
    ) then
      -- Leased to nobody: the worker sends it.
      perform toss_private.begin_key_deletion(method, '[]', jsonb_build_object(
        'leaseToken', gen_random_uuid(), 'leaseSeconds', 0, 'verifiedBy', coalesce(request ->> 'verifiedBy', 'auth'),
        'requestId', request ->> 'requestId'
      ));
    end if;
  end loop;
end;
$$;

comment on function toss_private.delete_keys_of_gone_user(uuid, jsonb) is
  'From now on no key of a user who is gone is charged, and the worker deletes them at Toss.';

create function toss_private.end_for_gone_user(ending public.subscriptions, request jsonb)
returns void
language plpgsql
set search_path = ''
as $$
declare
  -- Never asOf: that the account is gone is true now.
  present constant timestamptz := toss_private.clock_now();
begin
  ending.canceled_at := coalesce(ending.canceled_at, present);
  ending.ended_at := present;
  ending := toss_private.move_subscription(ending, 'user_deleted', jsonb_build_object(
    'source', 'billing', 'requestId', request ->> 'requestId'
  ));
  perform toss_private.end_access(ending.id, ending.ended_at);
  perform toss_private.write_subscription_event('canceled', ending, jsonb_build_object(
    'reason', 'user_deleted', 'endedAt', ending.ended_at
  ));
  perform toss_private.delete_keys_of_gone_user(ending.user_id, request);
end;
$$;

comment on function toss_private.end_for_gone_user(public.subscriptions, jsonb) is
  'Ends a subscription, whose row the caller holds, because its user is gone.';

create function toss_private.end_gone_user(gone_id uuid, request jsonb)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  ending public.subscriptions;
  ended integer := 0;
begin
  perform toss_private.lock_user(gone_id);
  perform toss_private.delete_keys_of_gone_user(gone_id, request);
  for ending in
    select s.* from public.subscriptions as s
    where s.user_id = gone_id and s.status <> 'canceled'
      -- What is at Toss is settled first: a charge that was paid stands, and then it ends.
      and not exists (
        select 1 from public.subscription_charges as c
        where c.subscription_id = s.id and c.status in ('pending', 'processing', 'unknown')
      )
    order by s.id
    for no key update skip locked
  loop
    -- A charge that began while we waited for the row is at Toss, too.
    continue when ending.status = 'canceled' or exists (
      select 1 from public.subscription_charges as c
      where c.subscription_id = ending.id and c.status in ('pending', 'processing', 'unknown')
    );
    perform toss_private.end_for_gone_user(ending, request);
    ended := ended + 1;
  end loop;
  return ended;
end;
$$;

comment on function toss_private.end_gone_user(uuid, jsonb) is
  'Ends what a user who is gone still has; answers how many subscriptions.';

create function toss_private.find_gone_users(after_user_id uuid, slice_size integer)
returns table (last_user_id uuid, gone_user_ids uuid[])
language plpgsql
volatile
set search_path = ''
as $$
declare
  is_there constant text := case when exists (
    select 1 from pg_catalog.pg_attribute as a
    where a.attrelid = 'auth.users'::regclass and a.attname = 'deleted_at' and not a.attisdropped
  ) then 'u.deleted_at is null' else 'true' end;
begin
  return query execute format($sql$
    with slice as materialized (
      select c.user_id, c.known_to_auth, exists (
        select 1 from auth.users as u where u.id = c.user_id and %s
      ) as is_there
      from public.customers as c
      where $1 is null or c.user_id > $1
      order by c.user_id
      limit $2
    ),
    -- Whose customer row is older than the account, for example brought in from another system.
    noted as (
      update public.customers as c set known_to_auth = true
      from slice as s where s.user_id = c.user_id and s.is_there and not s.known_to_auth
    )
    select
      case when count(*) = $2 then (array_agg(s.user_id order by s.user_id desc))[1] end,
      coalesce(array_agg(s.user_id order by s.user_id) filter (
        where not s.is_there and s.known_to_auth and (
          exists (select 1 from public.subscriptions as l where l.user_id = s.user_id and l.status <> 'canceled')
          or exists (select 1 from public.billing_methods as m where m.user_id = s.user_id and m.status = 'active')
        )
      ), '{}')
    from slice as s
  $sql$, is_there) using after_user_id, slice_size;
end;
$$;

comment on function toss_private.find_gone_users(uuid, integer) is
  'Looks at the next customers and answers the last of them (null: there are no more) and those who are gone and still have a live subscription or a card.';

create function toss_private.end_gone_users(request jsonb)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  -- A few milliseconds a run; a hundred thousand customers are looked through in under an hour.
  slice_size constant integer := 2000;
  sweep toss_private.jobs;
  found_users record;
  gone_id uuid;
  ended integer := 0;
begin
  if not toss_private.can_read_accounts() then
    return 0;
  end if;
  -- Runs overlap; one of them looks.
  select * into sweep from toss_private.jobs as j where j.name = 'billing' for update skip locked;
  if not found then
    return 0;
  end if;
  select * into found_users from toss_private.find_gone_users(sweep.position, slice_size);
  foreach gone_id in array found_users.gone_user_ids loop
    ended := ended + toss_private.end_gone_user(gone_id, request);
  end loop;
  update toss_private.jobs as j set position = found_users.last_user_id where j.name = sweep.name;
  return ended;
end;
$$;

comment on function toss_private.end_gone_users(jsonb) is
  'Looks at the next slice of customers and ends what belongs to users who are gone; answers how many subscriptions.';

-- supabase/schemas/46_consent_decisions.sql
-- What a subscriber says to a request for consent: signed in, through the shop, or by the link of a notice.

create function toss_private.answer_consent(changed public.subscriptions, request jsonb, audit jsonb)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  -- Never asOf: the window is the law's.
  present constant timestamptz := toss_private.clock_now();
  said constant text := case request ->> 'action' when 'consent' then 'given' else 'refused' end;
  is_by_link constant boolean := coalesce((request ->> 'isByLink')::boolean, false);
  asked public.subscription_consents;
begin
  select * into asked from public.subscription_consents as k
  where k.id = (request ->> 'consentId')::uuid and k.subscription_id = changed.id
  for no key update;
  if not found or changed.status = 'canceled' or asked.voided_at is not null or asked.closed_at is not null
    or present < asked.opens_at or present >= asked.effective_at
    or (is_by_link and asked.link_used_at is not null)
  then
    return jsonb_build_object('outcome', 'consent_not_open');
  end if;
  if is_by_link then
    update public.subscription_consents as k set link_used_at = present where k.id = asked.id;
  end if;
  -- The repeat of an answer that was lost.
  if asked.decision is distinct from said then
    perform toss_private.decide_consent(
      asked, said, present,
      case when is_by_link then 'link' when request ->> 'userId' is null then 'shop' else 'subscription' end, audit
    );
  end if;
  return toss_private.changed_view(changed);
end;
$$;

comment on function toss_private.answer_consent(public.subscriptions, jsonb, jsonb) is
  'consent and decline_consent: within the window and until its date a subscriber may say yes, no, and the other again. The caller holds the subscription. Keys: action, consentId, userId, isByLink. Outcomes: changed, consent_not_open.';

create function toss_private.consent_view(viewed_id uuid)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
declare
  present constant timestamptz := toss_private.clock_now();
begin
  return (
    select jsonb_build_object(
      'consentId', k.id, 'subscriptionId', k.subscription_id, 'kind', k.kind, 'planId', k.plan_id, 'planName', p.name,
      'interval', s.interval, 'intervalCount', s.interval_count,
      'amountBefore', k.amount_before, 'amountAfter', k.amount_after, 'currency', k.currency,
      'effectiveAt', k.effective_at, 'method', k.method, 'methodNumber', k.method_number,
      'decision', k.decision, 'decidedAt', k.decided_at, 'textVersion', k.text_version,
      'endsWithout', k.kind = 'trial_conversion' or p.without_consent = 'cancel',
      'isOpen', s.status <> 'canceled' and k.voided_at is null and k.closed_at is null
        and present >= k.opens_at and present < k.effective_at,
      'isLinkUsed', k.link_used_at is not null
    )
    from public.subscription_consents as k
    join public.subscriptions as s on s.id = k.subscription_id
    join public.plans as p on p.id = k.plan_id
    where k.id = viewed_id
  );
end;
$$;

comment on function toss_private.consent_view(uuid) is 'A request for consent as its subscriber is shown it; null when there is none.';

create function public.read_consent(request jsonb)
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
  return jsonb_build_object('consent', toss_private.consent_view((request ->> 'consentId')::uuid));
end;
$$;

comment on function public.read_consent(jsonb) is
  'What the link of a notice shows; changes nothing. Key: consentId, of a token that the function has verified.';

create function public.answer_consent_link(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  changed public.subscriptions;
  answer jsonb;
begin
  select s.* into changed from public.subscription_consents as k
  join public.subscriptions as s on s.id = k.subscription_id
  where k.id = (request ->> 'consentId')::uuid;
  if not found then
    return jsonb_build_object('outcome', 'consent_not_open');
  end if;
  perform toss_private.lock_user(changed.user_id);
  select * into changed from public.subscriptions as s where s.id = changed.id for no key update;
  answer := toss_private.answer_consent(changed, request || jsonb_build_object('isByLink', true), jsonb_build_object(
    'source', 'billing', 'requestId', request ->> 'requestId'
  ));
  if answer ->> 'outcome' <> 'changed' then
    return answer;
  end if;
  return jsonb_build_object('outcome', 'decided', 'consent', toss_private.consent_view((request ->> 'consentId')::uuid));
end;
$$;

comment on function public.answer_consent_link(jsonb) is
  'The answer given through the link of a notice, which works once. Keys: consentId (of a token that the function has verified), action (consent, decline_consent), requestId. Outcomes: decided, consent_not_open.';

-- supabase/schemas/46_repricing.sql
-- Another price for those who subscribed: planned for everybody, asked, and in force at their next charge.

create function toss_private.plan_step(priced public.subscriptions, planned toss_private.repricings)
returns timestamptz
language plpgsql
stable
set search_path = ''
as $$
declare
  introductory timestamptz;
begin
  select p.from_at into introductory from toss_private.price_steps as p
  where p.subscription_id = priced.id and p.plan_id = planned.plan_id and p.ended_at is null and p.repricing_id is null;
  -- An introductory price lasts as long as it was promised to.
  return case when planned.amount > priced.amount then greatest(introductory, planned.from_at) else planned.from_at end;
end;
$$;

comment on function toss_private.plan_step(public.subscriptions, toss_private.repricings) is
  'From when on a repricing means one subscription.';

create function toss_private.reprice_subscription(priced public.subscriptions, planned toss_private.repricings)
returns void
language plpgsql
set search_path = ''
as $$
declare
  from_time constant timestamptz := toss_private.plan_step(priced, planned);
begin
  update toss_private.price_steps as p set ended_at = toss_private.clock_now(), outcome = 'replaced'
  where p.subscription_id = priced.id and p.plan_id = planned.plan_id and p.ended_at is null
    and p.repricing_id is distinct from planned.id and (p.repricing_id is not null or p.from_at >= from_time);
  insert into toss_private.price_steps (subscription_id, plan_id, amount, from_at, repricing_id, created_at)
  values (priced.id, planned.plan_id, planned.amount, from_time, planned.id, toss_private.clock_now())
  on conflict (repricing_id, subscription_id) where repricing_id is not null do update
  set amount = excluded.amount, from_at = excluded.from_at, created_at = excluded.created_at, ended_at = null, outcome = null
  where price_steps.outcome = 'left';
  update public.subscriptions as s set plan_id = s.plan_id where s.id = priced.id;
end;
$$;

comment on function toss_private.reprice_subscription(public.subscriptions, toss_private.repricings) is
  'Plans the new price for one subscription, whose row the caller holds. Safe to repeat.';

create function toss_private.plan_prices()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  planned toss_private.repricings;
begin
  if tg_op = 'INSERT' then
    -- A repricing that begins at this moment is waited for, or waits and finds this subscription.
    perform 1 from public.plans as p where p.id = new.plan_id for share;
    insert into toss_private.price_steps (subscription_id, plan_id, amount, from_at, created_at)
    select new.id, p.id, p.price, toss_private.boundary(new, p.intro_periods), toss_private.clock_now()
    from public.plans as p
    where p.id = new.plan_id and new.amount = p.intro_price and p.price > p.intro_price and new.period_number < p.intro_periods;
    if found then
      update public.subscriptions as s set plan_id = s.plan_id where s.id = new.id;
    end if;
  else
    -- Who comes back agrees to what is shown then.
    update toss_private.price_steps as p set ended_at = toss_private.clock_now(), outcome = 'left'
    where p.subscription_id = new.id and p.plan_id = old.plan_id and p.ended_at is null;
  end if;
  select * into planned from toss_private.repricings as r
  where r.plan_id = new.plan_id and r.applied_at is null and r.replaced_at is null;
  if found then
    perform toss_private.reprice_subscription(new, planned);
  end if;
  return null;
end;
$$;

comment on function toss_private.plan_prices() is
  'Trigger: the end of an introductory price is planned when a subscription begins, who comes to a plan while a new price is planned for it is asked like everybody else, and who leaves one leaves what was planned for it.';

create trigger subscriptions_price_planned
  after insert on public.subscriptions
  for each row when (new.status <> 'canceled')
  execute function toss_private.plan_prices();

create trigger subscriptions_price_planned_anew
  after update of plan_id on public.subscriptions
  for each row when (new.plan_id is distinct from old.plan_id and new.status <> 'canceled')
  execute function toss_private.plan_prices();

create function public.begin_repricing(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  present constant timestamptz := toss_private.clock_now();
  today constant timestamptz := date_trunc('day', present at time zone 'Asia/Seoul') at time zone 'Asia/Seoul';
  from_time constant timestamptz := coalesce(
    (request ->> 'from')::timestamp at time zone 'Asia/Seoul', toss_private.period_boundary(today, 'day', 1, 30)
  );
  wanted_amount constant bigint := (request ->> 'amount')::bigint;
  plan public.plans;
  begun toss_private.repricings;
begin
  select * into plan from public.plans as p where p.id = request ->> 'planId' for no key update;
  if not found then
    return jsonb_build_object('outcome', 'plan_not_found');
  end if;
  if wanted_amount < 100 or plan.currency <> 'KRW' then
    return jsonb_build_object('outcome', 'plan_not_billable');
  end if;
  if from_time < today then
    return jsonb_build_object('outcome', 'from_is_past');
  end if;
  select * into begun from toss_private.repricings as r
  where r.plan_id = plan.id and r.applied_at is null and r.replaced_at is null;
  -- The repeat of a call that was cut goes on where it stopped.
  if not coalesce((begun.amount, begun.from_at) = (wanted_amount, from_time), false)
    and not (request ->> 'dryRun')::boolean
  then
    update toss_private.repricings as r set replaced_at = present where r.id = begun.id;
    insert into toss_private.repricings (plan_id, amount, from_at, created_at)
    values (plan.id, wanted_amount, from_time, present)
    returning * into begun;
    perform toss_private.write_event(jsonb_build_object(
      'event', 'repricing_planned', 'source', 'operator', 'amount', wanted_amount, 'requestId', request ->> 'requestId',
      'detail', jsonb_build_object('planId', plan.id, 'repricingId', begun.id, 'from', from_time, 'priceBefore', plan.price)
    ));
  end if;
  return jsonb_build_object(
    'outcome', 'begun', 'repricingId', case when not (request ->> 'dryRun')::boolean then begun.id end, 'planId', plan.id, 'planName', plan.name,
    'priceBefore', plan.price, 'amount', wanted_amount, 'from', from_time, 'consent', plan.consent,
    'withoutConsent', plan.without_consent,
    'subscriptions', (select count(*) from public.subscriptions as s where s.plan_id = plan.id and s.status <> 'canceled')
  );
end;
$$;

comment on function public.begin_repricing(jsonb) is
  'Plans another price for a plan, for new subscribers and for live ones; with dryRun it only says what that would be. Keys: planId, amount (won), from (date in Seoul; null = 30 days from today), dryRun, requestId. Outcomes: begun (repricingId, null of a dry run), plan_not_found, plan_not_billable, from_is_past.';

create function public.plan_repricing(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  planned toss_private.repricings;
  priced public.subscriptions;
  effective_time timestamptz;
  last_id uuid := (request ->> 'after')::uuid;
  listed jsonb := '[]';
begin
  select * into planned from toss_private.repricings as r where r.id = (request ->> 'repricingId')::uuid for no key update;
  if not found then
    planned.plan_id := request ->> 'planId';
    planned.amount := (request ->> 'amount')::bigint;
    planned.from_at := (request ->> 'from')::timestamptz;
  elsif planned.replaced_at is not null then
    return jsonb_build_object('subscriptions', '[]'::jsonb, 'next', null);
  end if;
  for priced in
    select s.* from public.subscriptions as s
    where s.plan_id = planned.plan_id and s.status <> 'canceled' and (last_id is null or s.id > last_id)
    order by s.id
    limit (request ->> 'limit')::integer
  loop
    last_id := priced.id;
    if planned.id is not null then
      select * into priced from public.subscriptions as s where s.id = priced.id for no key update;
      continue when priced.status = 'canceled' or priced.plan_id <> planned.plan_id;
    end if;
    effective_time := toss_private.first_boundary(priced, toss_private.plan_step(priced, planned));
    listed := listed || jsonb_build_object(
      'subscriptionId', priced.id, 'userId', priced.user_id, 'status', priced.status, 'amountBefore', priced.amount,
      'amountAfter', planned.amount, 'effectiveAt', effective_time,
      'askedFrom', case when planned.amount > priced.amount and (
        select p.consent = 'required' from public.plans as p where p.id = planned.plan_id
      ) then toss_private.consent_window_start(priced, effective_time) end
    );
    if planned.id is not null then
      perform toss_private.reprice_subscription(priced, planned);
    end if;
  end loop;
  if jsonb_array_length(listed) = 0 then
    last_id := null;
  end if;
  update toss_private.repricings as r
  set position = coalesce(last_id, r.position), planned_at = case when last_id is null then toss_private.clock_now() end
  where r.id = planned.id and r.planned_at is null;
  return jsonb_build_object('subscriptions', listed, 'next', last_id);
end;
$$;

comment on function public.plan_repricing(jsonb) is
  'One page of the live subscriptions that a repricing means, each with its price before and after, from when on it is asked (null: no consent is needed) and when it is charged so first; with a repricingId it is planned for them, too. Keys: repricingId, or planId, amount and from of a dry run; after (the `next` of the page before), limit.';

create function toss_private.apply_repricings(as_of timestamptz, request jsonb)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  due toss_private.repricings;
  applied integer := 0;
begin
  for due in
    select r.* from toss_private.repricings as r
    where r.replaced_at is null and (r.planned_at is null or (r.applied_at is null and r.from_at <= as_of))
    for no key update skip locked
  loop
    -- Whoever began it was cut.
    if due.planned_at is null and due.created_at < toss_private.clock_now() - interval '5 minutes' then
      perform public.plan_repricing(jsonb_build_object(
        'repricingId', due.id, 'after', due.position, 'limit', request -> 'limit'
      ));
    end if;
    if due.applied_at is null and due.from_at <= as_of then
      update public.plans as p set price = due.amount where p.id = due.plan_id;
      update toss_private.repricings as r set applied_at = toss_private.clock_now() where r.id = due.id;
      applied := applied + 1;
    end if;
  end loop;
  return applied;
end;
$$;

comment on function toss_private.apply_repricings(timestamptz, jsonb) is
  'The plan itself gets a price whose day has come, and a planning that was cut goes on.';

create view public.repricing_progress
with (security_invoker = true)
as
select r.id, r.plan_id, r.amount, r.from_at, r.created_at, r.planned_at, r.applied_at, r.replaced_at,
  count(p.id) as subscriptions,
  count(k.id) as asked,
  count(*) filter (where k.decision is null and k.id is not null) as open,
  count(*) filter (where k.decision = 'given') as given,
  count(*) filter (where k.decision = 'refused') as refused,
  count(*) filter (where k.decision = 'lapsed') as lapsed,
  count(*) filter (where p.outcome = 'applied') as charged,
  count(*) filter (where p.outcome = 'dropped') as kept_price,
  count(*) filter (where s.end_reason in ('consent_missing', 'consent_refused')) as ended
from toss_private.repricings as r
left join toss_private.price_steps as p on p.repricing_id = r.id
left join public.subscriptions as s on s.id = p.subscription_id
left join lateral (
  select c.id, c.decision from public.subscription_consents as c
  where c.subscription_id = p.subscription_id and c.amount_after = r.amount and c.plan_id = r.plan_id
    and c.asked_at >= r.created_at and c.voided_at is null
  order by c.asked_at desc
  limit 1
) as k on true
group by r.id;

comment on view public.repricing_progress is
  'How far each repricing is: for how many subscriptions it is planned, how many were asked and said what, and what became of it. Service role only.';

-- supabase/schemas/46_upgrade.sql
-- An upgrade within a period: what its payment does to plan and access.

create function toss_private.switch_plan(
  switched public.subscriptions, switch_time timestamptz, terms public.plans, audit jsonb
)
returns public.subscriptions
language plpgsql
set search_path = ''
as $$
begin
  switched.plan_id := terms.id;
  switched.amount := terms.price;
  switched.interval := terms.interval;
  switched.interval_count := terms.interval_count;
  if (switched.next_plan_id, switched.next_amount) = (switched.plan_id, switched.amount) then
    switched := toss_private.without_next_plan(switched);
  end if;
  if not switched.cancel_at_period_end and not toss_private.has_open_charge(switched.id) then
    switched.next_charge_at := switched.current_period_end;
    switched.remind_at := toss_private.reminder_time(switch_time, switched.current_period_end, switched.plan_id);
  end if;
  switched := toss_private.move_subscription(switched, 'plan_changed', audit);
  perform toss_private.write_subscription_event('plan_changed', switched, jsonb_build_object('amount', switched.amount));
  return switched;
end;
$$;

comment on function toss_private.switch_plan(public.subscriptions, timestamptz, public.plans, jsonb) is
  'Gives a subscription the terms of another plan within its period. Its access is moved, and a change that is planned is taken back, by the caller.';

create function toss_private.upgrade_fits(upgraded public.subscriptions, paid public.subscription_charges)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return upgraded.status = 'active' and paid.period_number = upgraded.period_number
    and paid.plan_amount > upgraded.amount
    -- The next period is being charged at the price before, or another upgrade is.
    and not toss_private.has_open_charge(upgraded.id)
    -- One that came since has paid for the time that this one would take.
    and not exists (
      select 1 from public.subscription_charges as c
      where c.subscription_id = upgraded.id and c.kind = 'upgrade' and c.period_number = paid.period_number
        and c.period_start >= paid.period_start and c.id <> paid.id and c.undone_at is null
        and toss_private.has_taken_effect(c)
    )
    and not toss_private.comes_too_late(paid);
end;
$$;

comment on function toss_private.upgrade_fits(public.subscriptions, public.subscription_charges) is
  'Whether a paid upgrade can still take place; a refusal that turns out to have been a payment may come too late.';

create function toss_private.settle_upgrade(
  upgraded public.subscriptions, paid public.subscription_charges, audit jsonb
)
returns void
language plpgsql
set search_path = ''
as $$
declare
  terms public.plans;
begin
  select * into terms from public.plans as p where p.id = paid.plan_id;
  -- As agreed when the change was asked for, whatever the plan costs by now.
  terms.price := paid.plan_amount;
  terms.interval := paid.plan_interval;
  terms.interval_count := paid.plan_interval_count;
  perform toss_private.cut_access(upgraded.id, paid.period_start);
  perform toss_private.grant_period(paid, paid.period_end);
  -- What was planned after a refusal is the later wish.
  if paid.first_declined_at is null then
    upgraded := toss_private.without_next_plan(upgraded);
  end if;
  perform toss_private.switch_plan(upgraded, paid.period_start, terms, audit);
end;
$$;

comment on function toss_private.settle_upgrade(public.subscriptions, public.subscription_charges, jsonb) is
  'From the moment of the upgrade the dearer plan is the one there is access to.';

create function toss_private.cut_access(cut_subscription_id uuid, cut_time timestamptz)
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  update public.entitlements as e
  set ends_at = case when e.starts_at < cut_time then cut_time else e.ends_at end,
    revoked_at = case when e.starts_at < cut_time then e.revoked_at else cut_time end
  where e.subscription_id = cut_subscription_id and e.revoked_at is null and e.ends_at > cut_time;
end;
$$;

comment on function toss_private.cut_access(uuid, timestamptz) is
  'Ends running access where other access takes over; nothing is taken back from what was used.';

create function toss_private.end_upgrade_credit(ended public.subscription_charges)
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  update public.entitlements as e set ends_at = ended.period_end
  where e.subscription_id = ended.subscription_id and e.revoked_at is null
    and e.starts_at < ended.period_end and e.ends_at > ended.period_end
    and ended.kind = 'upgrade' and not toss_private.has_open_charge(ended.subscription_id);
end;
$$;

comment on function toss_private.end_upgrade_credit(public.subscription_charges) is
  'An upgrade has ended without taking effect: the plan before it has its period, and the renewal may come.';

-- supabase/schemas/47_subscription_previews.sql
-- What a change of a subscription would do, shown before anybody asks for it.

create function toss_private.coming_charge(asked public.subscriptions)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
declare
  debt constant public.subscription_charges := toss_private.debt_of(asked);
  terms constant public.subscriptions := toss_private.next_terms(asked);
  price record;
begin
  if asked.next_charge_at is null then
    return null;
  end if;
  if asked.status = 'past_due' and debt.id is not null then
    return jsonb_build_object(
      'at', asked.next_charge_at, 'planId', debt.plan_id, 'amount', debt.amount, 'currency', debt.currency,
      'needsConsent', false
    );
  end if;
  select * into price from toss_private.next_price(terms, asked.next_charge_at);
  return jsonb_build_object(
    'at', asked.next_charge_at, 'planId', terms.plan_id, 'amount', price.amount, 'currency', terms.currency,
    'needsConsent', price.needs_consent and price.consent_id is null
  );
end;
$$;

comment on function toss_private.coming_charge(public.subscriptions) is
  'What a subscription pays next and when, and whether that waits for a consent; null when it is not charged any more.';

create function toss_private.settle_as_paid(sent jsonb)
returns public.subscription_charges
language plpgsql
set search_path = ''
as $$
declare
  paying public.orders;
  charge public.subscription_charges;
  subscription public.subscriptions;
begin
  select * into paying from public.orders as o where o.id = sent ->> 'orderId';
  select * into charge from public.subscription_charges as c where c.id = (sent ->> 'chargeId')::uuid;
  select * into subscription from public.subscriptions as s where s.id = charge.subscription_id;
  perform toss_private.settle_charge(paying, null, subscription, charge, jsonb_build_object('source', 'billing'));
  select * into charge from public.subscription_charges as c where c.id = charge.id;
  return charge;
end;
$$;

comment on function toss_private.settle_as_paid(jsonb) is
  'What an approved charge makes of its subscription. Only within what is undone: no payment stands behind it.';

create function public.preview_subscription_change(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  is_new constant boolean := request ->> 'action' = 'subscribe';
  answer jsonb;
  charge public.subscription_charges;
  seen public.subscriptions;
  access_end timestamptz;
  coming jsonb;
begin
  begin
    answer := case when is_new
      then public.subscribe_with_method(request) else public.change_subscription(request) end;
    if answer ->> 'outcome' = 'charge' then
      charge := toss_private.settle_as_paid(answer -> 'charge');
    end if;
    select * into seen from public.subscriptions as s
    where s.id = coalesce(charge.subscription_id, (answer #>> '{subscription,id}')::uuid);
    select max(e.ends_at) into access_end from public.entitlements as e
    where e.subscription_id = seen.id and e.revoked_at is null;
    coming := toss_private.coming_charge(seen);
    raise exception using errcode = 'TP0UN', message = 'a preview is undone';
  exception when sqlstate 'TP0UN' then
    null;
  end;
  if answer ->> 'outcome' not in ('changed', 'charge', 'refund', 'subscribed') then
    return answer;
  end if;
  return jsonb_build_object(
    'outcome', 'preview',
    -- One that is not there yet has no id.
    'subscription', case when is_new and answer ->> 'outcome' = 'charge' or not exists (
      select 1 from public.subscriptions as s where s.id = seen.id
    ) then toss_private.subscription_view(seen) || '{"id": null}' else toss_private.subscription_view(seen) end,
    'accessEndsAt', access_end,
    'charge', case when charge.id is not null then jsonb_build_object(
      'amount', charge.amount, 'currency', charge.currency, 'billingMethodId', charge.billing_method_id,
      'planId', charge.plan_id, 'periodStart', charge.period_start, 'periodEnd', charge.period_end
    ) end,
    'refunds', coalesce((
      select jsonb_agg(jsonb_build_object('orderId', r ->> 'orderId', 'amount', r -> 'amount') order by r ->> 'orderId')
      from jsonb_array_elements(answer -> 'refunds') as r
    ), '[]'),
    'nextCharge', coming
  );
end;
$$;

comment on function public.preview_subscription_change(jsonb) is
  'What change_subscription, or subscribe_with_method for the action `subscribe`, would do and what its charge would make of the subscription if Toss approved it: done and undone in one call, so that nothing is left and nothing is counted. Keys: those of the two. Outcome preview (subscription, its id null when there is none yet; accessEndsAt; charge; refunds; nextCharge), or theirs when they refuse.';

-- supabase/schemas/47_withdrawals.sql
-- Withdrawal (청약철회): a buyer wants to give an order back, and the shop has three business days to see to it.

create table toss_private.holidays (
  day date primary key,
  name text not null,
  constraint holidays_name_length check (char_length(name) between 1 and 100)
);

alter table toss_private.holidays enable row level security;

comment on table toss_private.holidays is
  'Korean public holidays on which no business day falls, as announced (월력요항); Saturdays and Sundays need no row. The shop adds what the government announces later. A day that is missing makes a deadline earlier, never later.';
comment on column toss_private.holidays.name is 'What the day is called, for whoever reads the table.';

-- Those after 2027 are announced in the middle of the year before (우주항공청, 월력요항).
insert into toss_private.holidays (day, name) values
  ('2026-12-25', '기독탄신일'),
  ('2027-01-01', '1월 1일'),
  ('2027-02-06', '설날 전날'),
  ('2027-02-07', '설날'),
  ('2027-02-08', '설날 다음 날'),
  ('2027-02-09', '대체공휴일(설날)'),
  ('2027-03-01', '3·1절'),
  ('2027-05-01', '노동절'),
  ('2027-05-03', '대체공휴일(노동절)'),
  ('2027-05-05', '어린이날'),
  ('2027-05-13', '부처님 오신 날'),
  ('2027-06-06', '현충일'),
  ('2027-07-17', '제헌절'),
  ('2027-07-19', '대체공휴일(제헌절)'),
  ('2027-08-15', '광복절'),
  ('2027-08-16', '대체공휴일(광복절)'),
  ('2027-09-14', '추석 전날'),
  ('2027-09-15', '추석'),
  ('2027-09-16', '추석 다음 날'),
  ('2027-10-03', '개천절'),
  ('2027-10-04', '대체공휴일(개천절)'),
  ('2027-10-09', '한글날'),
  ('2027-10-11', '대체공휴일(한글날)'),
  ('2027-12-25', '기독탄신일'),
  ('2027-12-27', '대체공휴일(기독탄신일)');

create function toss_private.is_business_day(asked date)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return extract(isodow from asked) < 6 and not exists (select 1 from toss_private.holidays as h where h.day = asked);
end;
$$;

comment on function toss_private.is_business_day(date) is 'Whether a day in Korea is neither a Saturday, a Sunday nor a holiday.';

create function toss_private.end_of_seoul_day(ending date)
returns timestamptz
language plpgsql
stable
set search_path = ''
as $$
begin
  return (ending + time '23:59:59') at time zone 'Asia/Seoul';
end;
$$;

comment on function toss_private.end_of_seoul_day(date) is
  'The last second of a day in Asia/Seoul: a deadline whose date is the one that people name.';

create function toss_private.withdrawal_due_at(requested timestamptz)
returns timestamptz
language plpgsql
stable
set search_path = ''
as $$
declare
  candidate date := (requested at time zone 'Asia/Seoul')::date;
  remaining integer := 3;
begin
  -- The day itself is not counted (민법 157조).
  while remaining > 0 loop
    candidate := candidate + 1;
    remaining := remaining - toss_private.is_business_day(candidate)::integer;
  end loop;
  return toss_private.end_of_seoul_day(candidate);
end;
$$;

comment on function toss_private.withdrawal_due_at(timestamptz) is
  'The end of the third business day in Asia/Seoul after a withdrawal was asked for (전자상거래법 18조).';

create function toss_private.withdrawal_period_end(paid timestamptz)
returns timestamptz
language plpgsql
stable
set search_path = ''
as $$
declare
  last_day date := (paid at time zone 'Asia/Seoul')::date + 7;
begin
  -- A period that ends on a day of rest ends with the next business day (민법 161조).
  while not toss_private.is_business_day(last_day) loop
    last_day := last_day + 1;
  end loop;
  return toss_private.end_of_seoul_day(last_day);
end;
$$;

comment on function toss_private.withdrawal_period_end(timestamptz) is
  'The end of the seven days of 전자상거래법 17조, counted from the payment. Goods that came later have longer: when they came is not known here.';

create table public.withdrawals (
  id uuid primary key,
  order_id text not null references public.orders (id),
  user_id uuid,
  request_id text not null,
  reason text not null,
  status text not null default 'requested',
  requested_at timestamptz not null,
  due_at timestamptz not null,
  period_ends_at timestamptz not null,
  decided_at timestamptz,
  decision_reason text,
  refund_operation_id uuid references public.operations (id),
  constraint withdrawals_one_per_request unique (order_id, request_id),
  constraint withdrawals_request_id_length check (char_length(request_id) between 1 and 100),
  constraint withdrawals_reason_length check (char_length(reason) between 1 and 500),
  constraint withdrawals_decision_reason_length check (char_length(decision_reason) between 1 and 500),
  constraint withdrawals_status_known check (status in ('requested', 'accepted', 'refused')),
  constraint withdrawals_decided_has_time check ((status = 'requested') = (decided_at is null)),
  constraint withdrawals_decision_has_reason check (decision_reason is null or status <> 'requested'),
  constraint withdrawals_refund_was_accepted check (refund_operation_id is null or status = 'accepted'),
  constraint withdrawals_due_after_request check (due_at > requested_at)
);

alter table public.withdrawals enable row level security;

comment on table public.withdrawals is 'Buyers who want to give an order back, and what the shop decided. docs/withdrawals.md.';
comment on column public.withdrawals.user_id is
  'The order''s buyer; null when the shop wrote the request down for a guest. Personal: id; kept.';
comment on column public.withdrawals.request_id is 'The caller''s idempotency token; one withdrawal of an order each.';
comment on column public.withdrawals.reason is
  'In the buyer''s words. Nothing else repeats it, neither Toss nor an event. Personal: free text; erased.';
comment on column public.withdrawals.status is
  'requested; accepted: all or a part goes back, by the refund or because the order was refunded by another way; refused.';
comment on column public.withdrawals.due_at is
  'End of the third business day in Asia/Seoul after the request, by the holidays that were known then.';
comment on column public.withdrawals.period_ends_at is
  'End of the seven days counted from the payment; a request after it may still be in time, when the goods came later.';
comment on column public.withdrawals.decision_reason is
  'In the shop''s words, for the buyer to read. Personal: free text; erased.';
comment on column public.withdrawals.refund_operation_id is
  'The cancel that pays an accepted withdrawal back, the last one when Toss had refused others; null when the order was refunded by another way.';

create function toss_private.keep_withdrawal_erased()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if toss_private.is_erased_order(new.order_id) then
    new.reason := '[erased]';
    new.decision_reason := toss_private.erased_text(new.decision_reason);
  end if;
  return new;
end;
$$;

comment on function toss_private.keep_withdrawal_erased() is 'Trigger: what was written about a withdrawal goes with its order.';

create trigger withdrawals_keep_erased
  before insert or update on public.withdrawals
  for each row execute function toss_private.keep_withdrawal_erased();

create unique index withdrawals_one_open_per_order on public.withdrawals (order_id) where status = 'requested';
create index withdrawals_order_id on public.withdrawals (order_id);
create index withdrawals_user_id on public.withdrawals (user_id, requested_at desc);
create index withdrawals_refund_operation_id on public.withdrawals (refund_operation_id)
  where refund_operation_id is not null;
create index withdrawals_due_at on public.withdrawals (due_at) where status = 'requested';

create policy "users read their own withdrawals"
  on public.withdrawals for select to authenticated
  using ((select auth.uid()) = user_id);

create function toss_private.excluded_lines(asked_order_id text)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select coalesce(jsonb_agg(coalesce(i.product_id, i.name) order by i.position), '[]')
    from public.order_items as i
    where i.order_id = asked_order_id
      and (i.withdrawal = 'excluded' or (i.withdrawal = 'excluded_after_use' and i.used_at is not null))
  );
end;
$$;

comment on function toss_private.excluded_lines(text) is
  'The lines of an order that cannot be given back, by product id, or by name where there is none.';

create function toss_private.tell_of_withdrawal(event_name text, concerned public.withdrawals, detail jsonb)
returns void
language plpgsql
set search_path = ''
as $$
begin
  perform toss_private.write_outbox_event(jsonb_build_object(
    'eventType', event_name, 'subject', concerned.order_id, 'payload', jsonb_strip_nulls(jsonb_build_object(
      'withdrawalId', concerned.id, 'orderId', concerned.order_id, 'userId', concerned.user_id,
      'status', concerned.status
    ) || detail)
  ));
end;
$$;

comment on function toss_private.tell_of_withdrawal(text, public.withdrawals, jsonb) is
  'Adds an event about a withdrawal to outbox_events, without anybody''s words.';

-- supabase/schemas/48_withdrawal_requests.sql
-- A withdrawal is asked for; what was used is said.

create function toss_private.requested_view(concerned public.withdrawals)
returns jsonb
language plpgsql
immutable
set search_path = ''
as $$
begin
  -- What the first answer said, also when it was decided since: whoever repeats a request gets the same.
  return jsonb_build_object('outcome', 'requested', 'withdrawalId', concerned.id, 'dueAt', concerned.due_at);
end;
$$;

comment on function toss_private.requested_view(public.withdrawals) is 'What asking for a withdrawal answers.';

create function toss_private.open_withdrawal(asked_order_id text)
returns public.withdrawals
language plpgsql
stable
set search_path = ''
as $$
declare
  found_withdrawal public.withdrawals;
begin
  select w.* into found_withdrawal
  from public.withdrawals as w
  left join public.operations as op on op.id = w.refund_operation_id
  where w.order_id = asked_order_id
    -- Accepted, and its money has not gone back yet: there is nothing else to ask for.
    and (w.status = 'requested' or (w.status = 'accepted' and op.state <> 'succeeded'))
  order by w.requested_at desc
  limit 1;
  return found_withdrawal;
end;
$$;

comment on function toss_private.open_withdrawal(text) is
  'The withdrawal of an order that waits for its decision or its refund; null when none does.';

create function public.request_withdrawal(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  present timestamptz;
  concerned public.orders;
  payment public.payments;
  excluded jsonb;
  made public.withdrawals;
begin
  select * into concerned from public.orders as o where o.id = request ->> 'orderId' for update;
  -- Whether an order exists that is not the caller's is none of the caller's business.
  if not found or (
    request ->> 'requestedBy' <> 'operator' and concerned.user_id::text is distinct from request ->> 'requestedBy'
  ) then
    return jsonb_build_object('outcome', 'order_not_found');
  end if;
  select * into made from public.withdrawals as w
  where w.order_id = concerned.id and w.request_id = request ->> 'requestId';
  if found then
    return case when made.reason in (request ->> 'reason', '[erased]') then toss_private.requested_view(made)
      else jsonb_build_object('outcome', 'request_differs') end;
  end if;
  made := toss_private.open_withdrawal(concerned.id);
  if made.id is not null then
    return toss_private.requested_view(made) || jsonb_build_object('outcome', 'known');
  end if;

  select * into payment from public.payments as p where p.payment_key = concerned.payment_key;
  if concerned.status not in ('paid', 'partially_refunded')
    or coalesce(payment.balance_amount - payment.reserved_amount, 0) < 1
  then
    return jsonb_build_object('outcome', 'nothing_to_withdraw', 'status', concerned.status);
  end if;
  excluded := toss_private.excluded_lines(concerned.id);
  if jsonb_array_length(excluded) > 0
    and jsonb_array_length(excluded) = (select count(*) from public.order_items as i where i.order_id = concerned.id)
  then
    return jsonb_build_object('outcome', 'excluded', 'products', excluded);
  end if;

  present := toss_private.clock_now();
  insert into public.withdrawals (
    id, order_id, user_id, request_id, reason, requested_at, due_at, period_ends_at
  ) values (
    -- Follows from the question: asked again after a restore, it is the same one, and so is its refund.
    toss_private.derived_id('withdrawal', concerned.id, request ->> 'requestId'), concerned.id, concerned.user_id,
    request ->> 'requestId', request ->> 'reason', present, toss_private.withdrawal_due_at(present),
    toss_private.withdrawal_period_end(coalesce(payment.approved_at, payment.created_at))
  )
  returning * into made;
  perform toss_private.write_event(jsonb_build_object(
    'event', 'withdrawal_requested', 'source', 'withdrawal', 'orderId', concerned.id,
    'paymentKey', payment.payment_key, 'amount', payment.balance_amount, 'requestId', request ->> 'logRequestId',
    'detail', jsonb_build_object('withdrawalId', made.id, 'requestedBy', request ->> 'requestedBy')
  ));
  perform toss_private.tell_of_withdrawal('withdrawal.requested', made, jsonb_build_object(
    'amount', payment.balance_amount, 'currency', payment.currency, 'dueAt', made.due_at,
    'periodEndsAt', made.period_ends_at, 'excludedProducts', excluded
  ));
  return toss_private.requested_view(made);
end;
$$;

comment on function public.request_withdrawal(jsonb) is
  'Writes down that a buyer wants to give an order back. Keys: orderId, reason, requestId, requestedBy (operator, or the user''s id), logRequestId. Outcomes: requested (again for the same requestId), known (another request of the order is open), request_differs, order_not_found, nothing_to_withdraw, excluded.';

create function public.mark_used(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  used jsonb;
begin
  -- A request that is under way sees the mark or comes before it.
  perform 1 from public.orders as o where o.id = request ->> 'orderId' for update;
  if not found then
    return jsonb_build_object('outcome', 'order_not_found');
  end if;
  with marked as (
    update public.order_items as i set used_at = coalesce(i.used_at, toss_private.clock_now())
    where i.order_id = request ->> 'orderId' and (not request ? 'productId' or i.product_id = request ->> 'productId')
    returning i.position, i.product_id, i.name, i.used_at
  )
  select jsonb_agg(
    jsonb_build_object('productId', m.product_id, 'name', m.name, 'usedAt', m.used_at) order by m.position
  ) into used
  from marked as m;
  return case when used is null then jsonb_build_object('outcome', 'product_not_found')
    else jsonb_build_object('outcome', 'used', 'items', used) end;
end;
$$;

comment on function public.mark_used(jsonb) is
  'The shop says that what an order sold was used (downloaded, redeemed, begun); the first time counts. Keys: orderId, productId (absent: every line). Outcomes: used, order_not_found, product_not_found.';

-- supabase/schemas/49_withdrawal_decisions.sql
-- A withdrawal is decided, and accepted it is paid back.

create function toss_private.record_decision(
  concerned public.withdrawals, new_status text, refund_id uuid, request jsonb
)
returns void
language plpgsql
set search_path = ''
as $$
declare
  decided public.withdrawals;
begin
  update public.withdrawals as w
  set status = new_status, refund_operation_id = refund_id,
    decided_at = coalesce(w.decided_at, toss_private.clock_now()),
    decision_reason = coalesce(w.decision_reason, request ->> 'reason')
  where w.id = concerned.id
  returning * into decided;
  if concerned.status = new_status then
    return;
  end if;
  perform toss_private.write_event(jsonb_build_object(
    'event', 'withdrawal_decided', 'source', 'withdrawal', 'orderId', decided.order_id, 'operationId', refund_id,
    'from', concerned.status, 'to', new_status, 'requestId', request ->> 'logRequestId',
    'detail', jsonb_build_object('withdrawalId', decided.id)
  ));
  perform toss_private.tell_of_withdrawal(
    'withdrawal.decided', decided, jsonb_build_object('decidedAt', decided.decided_at)
  );
end;
$$;

comment on function toss_private.record_decision(public.withdrawals, text, uuid, jsonb) is
  'Writes a decision, its audit line and its event; the caller holds the order. A refund that is begun anew decides nothing.';

create function toss_private.accept_withdrawal(concerned public.withdrawals, order_payment_key text, request jsonb)
returns jsonb
language plpgsql
volatile
set search_path = ''
as $$
declare
  -- What Toss is told: the same whenever it is asked, so that a restored database finds its own refund again.
  told constant text := 'withdrawal ' || concerned.id;
  first_request_id constant text := 'withdrawal-' || concerned.id;
  cancel jsonb := request - array['withdrawalId', 'action', 'reason', 'namesRefund'];
  answer jsonb;
  refund public.operations;
begin
  select * into refund from public.operations as op where op.id = concerned.refund_operation_id for update;
  if found and refund.state <> 'rejected' then
    return toss_private.continue_cancel(
      refund, case when (request ->> 'namesRefund')::boolean then request else request - 'requestDigests' end,
      toss_private.clock_now()
    );
  end if;
  if concerned.status = 'accepted'
    and (select p.balance_amount from public.payments as p where p.payment_key = order_payment_key) = 0
  then
    return jsonb_build_object('outcome', 'succeeded', 'cancel', toss_private.cancel_view(order_payment_key));
  end if;
  if not request ? 'cancelAmount' and toss_private.excluded_lines(concerned.order_id) <> '[]' then
    return jsonb_build_object(
      'outcome', 'amount_required', 'products', toss_private.excluded_lines(concerned.order_id)
    );
  end if;

  cancel := cancel || jsonb_build_object(
    'orderId', concerned.order_id, 'cancelReason', told, 'requestedBy', 'operator',
    'requestId', (
      select first_request_id || case when count(*) > 0 then '-' || count(*) + 1 else '' end
      from public.operations as op
      where op.payment_key = order_payment_key and op.kind = 'cancel' and starts_with(op.request_id, first_request_id)
    )
  );
  answer := public.begin_cancel(cancel);
  select * into refund from public.operations as op
  where op.payment_key = order_payment_key and op.kind = 'cancel' and op.request_id = cancel ->> 'requestId';
  if found then
    perform toss_private.record_decision(concerned, 'accepted', refund.id, request);
  end if;
  return answer;
end;
$$;

comment on function toss_private.accept_withdrawal(public.withdrawals, text, jsonb) is
  'Accepts a withdrawal and begins its refund in the same transaction, or goes on with it; one that Toss refused is begun anew. Nothing is decided where no refund can begin.';

create function public.decide_withdrawal(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  wanted constant text := case request ->> 'action' when 'accept' then 'accepted' else 'refused' end;
  concerned_order public.orders;
  concerned public.withdrawals;
begin
  perform toss_private.require_real_time(request ->> 'mode');
  select o.* into concerned_order
  from public.orders as o
  join public.withdrawals as w on w.order_id = o.id
  where w.id = (request ->> 'withdrawalId')::uuid
  for update of o;
  if not found then
    return jsonb_build_object('outcome', 'withdrawal_not_found');
  end if;
  select * into concerned from public.withdrawals as w where w.id = (request ->> 'withdrawalId')::uuid for update;
  if concerned.status not in ('requested', wanted) then
    return jsonb_build_object('outcome', 'already_decided', 'status', concerned.status);
  end if;
  if wanted = 'accepted' then
    return toss_private.accept_withdrawal(concerned, concerned_order.payment_key, request);
  end if;
  if concerned.status = 'requested' then
    perform toss_private.record_decision(concerned, 'refused', null, request);
  end if;
  return jsonb_build_object('outcome', 'refused', 'withdrawalId', concerned.id);
end;
$$;

comment on function public.decide_withdrawal(jsonb) is
  'The shop''s decision about a withdrawal. Keys: withdrawalId, action (accept, refuse), reason, namesRefund (whether the request says an amount or account), and for the refund those of begin_cancel. Outcomes: those of begin_cancel, refused, withdrawal_not_found, already_decided, amount_required (lines of the order are excluded: the shop says how much goes back).';

create function toss_private.follow_refunded_order()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  concerned public.withdrawals;
begin
  if new.status = 'refunded' then
    select * into concerned from public.withdrawals as w
    where w.order_id = new.id and w.status = 'requested'
    for update;
    if found then
      perform toss_private.record_decision(concerned, 'accepted', null, '{}');
    end if;
    return null;
  end if;
  -- A foreign wallet ended the refund without giving anything back, so nothing was decided after all.
  update public.withdrawals as w set status = 'requested', decided_at = null
  where w.id = (
    select latest.id from public.withdrawals as latest where latest.order_id = new.id
    order by latest.requested_at desc limit 1
  ) and w.status = 'accepted' and w.refund_operation_id is null
  returning * into concerned;
  if found then
    perform toss_private.write_event(jsonb_build_object(
      'event', 'withdrawal_reopened', 'source', 'withdrawal', 'orderId', new.id, 'from', 'accepted', 'to', 'requested',
      'detail', jsonb_build_object('withdrawalId', concerned.id)
    ));
  end if;
  return null;
end;
$$;

comment on function toss_private.follow_refunded_order() is
  'Trigger: an order was refunded by another way (the dashboard, POST cancel), so an open withdrawal has what it asked for.';

create trigger orders_follow_refund
  after update of status on public.orders
  for each row when (old.status is distinct from new.status and 'refunded' in (old.status, new.status))
  execute function toss_private.follow_refunded_order();

-- supabase/schemas/50_billing_issues.sql
-- Registering a card or account: the rows that hold its keys and its answer.

create table toss_private.billing_keys (
  billing_method_id uuid primary key references public.billing_methods (id),
  key_digest text not null,
  -- After a deletion nothing is left but the digest, by which a late webhook about the key is recognised.
  key_id text,
  ciphertext text,
  constraint billing_keys_key_digest_unique unique (key_digest),
  constraint billing_keys_key_digest_format check (key_digest ~ '^[0-9a-f]{64}$'),
  constraint billing_keys_key_complete check ((key_id is null) = (ciphertext is null))
);

alter table toss_private.billing_keys enable row level security;

comment on table toss_private.billing_keys is 'Toss''s billing keys, AES-256-GCM. Whoever holds one can charge the card.';
comment on column toss_private.billing_keys.key_digest is 'SHA-256 of the billing key, by which a webhook about it finds its method.';
comment on column toss_private.billing_keys.key_id is 'Which key of BILLING_KEY_ENCRYPTION_KEYS encrypted it.';
comment on column toss_private.billing_keys.ciphertext is 'Base64 of nonce and ciphertext; associated data is the billing method''s id. Null once the key is deleted at Toss.';

create index billing_keys_key_id on toss_private.billing_keys (key_id) where key_id is not null;

create table toss_private.billing_issues (
  operation_id uuid primary key references public.operations (id),
  user_id uuid not null,
  customer_key text not null,
  plan_id text references public.plans (id),
  auth_key_digest text not null,
  key_id text,
  ciphertext text,
  billing_method_id uuid references public.billing_methods (id),
  subscription_id uuid references public.subscriptions (id),
  charge_id uuid references public.subscription_charges (id),
  plan_outcome text,
  created_at timestamptz not null,
  plan_terms text,
  toss_keys text not null default 'main',
  toss_client_key text,
  constraint billing_issues_toss_client_key_length check (char_length(toss_client_key) between 1 and 200),
  constraint billing_issues_toss_keys_known check (toss_keys in ('main', 'billing')),
  constraint billing_issues_auth_key_digest_format check (auth_key_digest ~ '^[0-9a-f]{64}$'),
  constraint billing_issues_key_complete check ((key_id is null) = (ciphertext is null)),
  constraint billing_issues_plan_outcome_known check (
    plan_outcome in ('subscribed', 'charged', 'already_subscribed', 'plan_changed')
  )
);

alter table toss_private.billing_issues enable row level security;

comment on table toss_private.billing_issues is 'One row per authKey that was handed in. Not exposed.';
comment on column toss_private.billing_issues.auth_key_digest is 'SHA-256 of the authKey, by which a repeat is recognised.';
comment on column toss_private.billing_issues.ciphertext is 'The authKey, AES-256-GCM with the operation''s id as associated data; only while the operation is open.';
comment on column toss_private.billing_issues.plan_outcome is 'What became of planId: subscribed (a trial), charged (see charge_id), already_subscribed, plan_changed (nothing was charged, because its terms were others meanwhile).';
comment on column toss_private.billing_issues.toss_keys is 'The key pair whose window brought the authKey.';
comment on column toss_private.billing_issues.toss_client_key is 'The client key of that pair then.';
comment on column toss_private.billing_issues.plan_terms is
  'The terms of the plan when the registration began; at others nothing is charged.';
comment on column toss_private.billing_issues.user_id is
  'Personal: id; kept.';
comment on column toss_private.billing_issues.customer_key is
  'Personal: id; kept.';

create index billing_issues_auth_key_digest on toss_private.billing_issues (auth_key_digest);
create index billing_issues_user_id on toss_private.billing_issues (user_id);
create index billing_issues_plan_id on toss_private.billing_issues (plan_id) where plan_id is not null;
create index billing_issues_billing_method_id on toss_private.billing_issues (billing_method_id)
  where billing_method_id is not null;
create index billing_issues_subscription_id on toss_private.billing_issues (subscription_id)
  where subscription_id is not null;
create index billing_issues_charge_id on toss_private.billing_issues (charge_id) where charge_id is not null;
create index billing_issues_key_id on toss_private.billing_issues (key_id) where key_id is not null;

create function toss_private.wipe_auth_key()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  update toss_private.billing_issues as i set key_id = null, ciphertext = null where i.operation_id = new.id;
  return null;
end;
$$;

comment on function toss_private.wipe_auth_key() is 'Trigger: the authKey goes when its operation ends, whoever ends it.';

create trigger operations_billing_issue_ended
  after update of state on public.operations
  for each row when (new.kind = 'billing_issue' and new.state in ('succeeded', 'rejected'))
  execute function toss_private.wipe_auth_key();

create function toss_private.billing_method_view(viewed_id uuid)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select jsonb_build_object(
      'id', m.id, 'method', m.method, 'cardIssuerCode', m.card_issuer_code, 'cardNumberMasked', m.card_number_masked,
      'cardType', m.card_type, 'bankName', m.bank_name, 'accountNumberMasked', m.account_number_masked, 'status', m.status, 'createdAt', m.created_at
    )
    from public.billing_methods as m where m.id = viewed_id
  );
end;
$$;

comment on function toss_private.billing_method_view(uuid) is 'A billing method as its user may see it.';

create function toss_private.billing_operation_view(operation public.operations)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return case operation.kind
    when 'billing_issue' then (
      select jsonb_build_object(
        'userId', i.user_id, 'customerKey', i.customer_key, 'planId', i.plan_id, 'keyId', i.key_id,
        'ciphertext', i.ciphertext
      )
      from toss_private.billing_issues as i where i.operation_id = operation.id
    )
    when 'billing_delete' then (
      select jsonb_build_object(
        'billingMethodId', k.billing_method_id, 'keyId', k.key_id, 'ciphertext', k.ciphertext
      )
      from toss_private.billing_keys as k where k.billing_method_id = operation.billing_method_id
    )
  end;
end;
$$;

comment on function toss_private.billing_operation_view(public.operations) is
  'What the sender of a billing_issue or billing_delete needs beside the operation.';

create function toss_private.issued_view(issued_operation_id uuid)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select jsonb_build_object(
      'outcome', 'issued',
      'billingMethod', toss_private.billing_method_view(i.billing_method_id),
      'subscription', case when s.id is not null then toss_private.subscription_view(s) end,
      'planOutcome', case
        when i.plan_outcome <> 'charged' then i.plan_outcome
        when c.status = 'paid' then 'subscribed'
        when c.status = 'declined' then 'declined'
        when c.id is not null then 'processing' end,
      'errorCode', case when c.status = 'declined' then c.failure_code end,
      'errorMessage', case when c.status = 'declined' then c.failure_message end,
      'plan', case when i.plan_outcome = 'plan_changed' then toss_private.changed_plan_view(i.plan_id) end,
      'claim', case when i.plan_outcome = 'already_subscribed' then toss_private.claim_of_plan(i.user_id, i.plan_id, null) end
    )
    from toss_private.billing_issues as i
    left join public.subscription_charges as c on c.id = i.charge_id
    left join public.subscriptions as s on s.id = coalesce(i.subscription_id, c.subscription_id)
    where i.operation_id = issued_operation_id
  );
end;
$$;

comment on function toss_private.issued_view(uuid) is
  'What billing-issue answers for an authKey that became a billing key, as things stand now. planOutcome: subscribed, processing, declined, already_subscribed (`claim`: what keeps the user from it now), plan_changed (`plan`: what it costs now); null without a plan.';

create table toss_private.card_attempts (
  id bigint generated always as identity primary key,
  user_id uuid not null,
  attempted_at timestamptz not null
);

alter table toss_private.card_attempts enable row level security;

comment on table toss_private.card_attempts is
  'What reached Toss because a user asked for it: registrations of a card, retries of a payment, changes of card that charge a debt. A day''s worth.';
comment on column toss_private.card_attempts.user_id is
  'Personal: id; kept.';

create index card_attempts_user_id on toss_private.card_attempts (user_id, attempted_at desc);
create index card_attempts_attempted_at on toss_private.card_attempts (attempted_at);

create function toss_private.too_many_attempts_view(wait_seconds integer)
returns jsonb
language plpgsql
immutable
set search_path = ''
as $$
begin
  return jsonb_build_object('outcome', 'too_many_attempts', 'retryAfterSeconds', wait_seconds);
end;
$$;

comment on function toss_private.too_many_attempts_view(integer) is 'The answer to whoever toss_private.take_card_attempt makes wait.';

create function toss_private.take_card_attempt(asking_id uuid)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  present constant timestamptz := toss_private.clock_now();
  free_at timestamptz;
begin
  -- Anybody's, a few at a time: who never comes back leaves nothing behind.
  delete from toss_private.card_attempts as a
  where a.id in (
    select old.id from toss_private.card_attempts as old
    where old.attempted_at <= present - interval '1 day'
    order by old.attempted_at
    limit 50
    for update skip locked
  );
  -- Five in ten minutes, twenty in a day. What lies ahead comes from a test clock that was set back.
  select max(f.free_at) into free_at
  from (
    (
      select a.attempted_at + interval '10 minutes' as free_at from toss_private.card_attempts as a
      where a.user_id = asking_id and a.attempted_at <= present
      order by a.attempted_at desc offset 4 limit 1
    )
    union all
    (
      select a.attempted_at + interval '1 day' from toss_private.card_attempts as a
      where a.user_id = asking_id and a.attempted_at <= present
      order by a.attempted_at desc offset 19 limit 1
    )
  ) as f;
  if free_at > present then
    return ceil(extract(epoch from free_at - present));
  end if;
  insert into toss_private.card_attempts (user_id, attempted_at) values (asking_id, present);
  return 0;
end;
$$;

comment on function toss_private.take_card_attempt(uuid) is
  'Counts an attempt that is about to reach Toss and answers 0, or answers in how many seconds the next one may be made. Callers hold toss_private.lock_user, so that attempts at the same time see each other.';

create function toss_private.method_of_key(owner_id uuid, new_method_id uuid, request jsonb)
returns uuid
language plpgsql
set search_path = ''
as $$
declare
  known record;
begin
  select m.id, m.user_id, m.status, k.ciphertext into known
  from toss_private.billing_keys as k
  join public.billing_methods as m on m.id = k.billing_method_id
  where k.key_digest = request ->> 'keyDigest'
  for no key update of m;
  if found and known.user_id = owner_id and known.status = 'active' and known.ciphertext is not null then
    return known.id;
  end if;
  if found and (known.user_id <> owner_id or known.ciphertext is not null) then
    return null;
  end if;
  -- Gone at Toss, and issued once more: webhooks about it are about the new method from now on.
  delete from toss_private.billing_keys as k where k.key_digest = request ->> 'keyDigest';
  insert into public.billing_methods (
    id, user_id, method, card_issuer_code, card_number_masked, card_type, bank_name, account_number_masked, toss_keys,
    toss_client_key, created_at
  ) values (
    new_method_id, owner_id, request ->> 'method', request ->> 'cardIssuerCode', request ->> 'cardNumberMasked',
    request ->> 'cardType', request ->> 'bankName', request ->> 'accountNumberMasked',
    coalesce(request ->> 'tossKeys', 'main'), request ->> 'tossClientKey', toss_private.clock_now()
  );
  insert into toss_private.billing_keys (billing_method_id, key_digest, key_id, ciphertext)
  values (new_method_id, request ->> 'keyDigest', request ->> 'keyId', request ->> 'ciphertext');
  perform toss_private.write_outbox_event(jsonb_build_object(
    'eventType', 'billing_method.created', 'subject', new_method_id,
    'payload', jsonb_build_object('billingMethodId', new_method_id, 'userId', owner_id, 'method', request ->> 'method')
  ));
  return new_method_id;
end;
$$;

comment on function toss_private.method_of_key(uuid, uuid, jsonb) is
  'The billing method of a key that Toss has issued: a new one, or the one that has this key already, because nobody says that Toss issues a key only once. Null when the key cannot be this user''s: it is being removed at this moment, or another user''s.';

-- supabase/schemas/51_billing_issue_begin.sql
-- A registration begins: prices as shown, plans that are free, and no authKey sent twice.

create table toss_private.shown_terms (
  user_id uuid not null,
  plan_id text not null references public.plans (id) on delete cascade,
  terms text not null,
  shown_at timestamptz not null,
  primary key (user_id, plan_id)
);

alter table toss_private.shown_terms enable row level security;

comment on table toss_private.shown_terms is
  'What billing-issue/prepare showed a user of a plan last, for whoever registers without the signed state of the redirect. A day''s worth.';
comment on column toss_private.shown_terms.terms is 'See toss_private.plan_terms.';
comment on column toss_private.shown_terms.user_id is
  'Personal: id; kept.';

create index shown_terms_plan_id on toss_private.shown_terms (plan_id);
create index shown_terms_shown_at on toss_private.shown_terms (shown_at);

create function toss_private.plan_terms(described public.plans)
returns text
language plpgsql
immutable
set search_path = ''
as $$
begin
  return concat_ws(
    ' ', described.price, described.currency, described.interval_count, described.interval, described.trial_days,
    described.intro_price, described.intro_periods
  );
end;
$$;

comment on function toss_private.plan_terms(public.plans) is
  'All that decides what a plan costs and when, in one text: to be compared, never read.';

create function toss_private.note_shown_terms(shown_user_id uuid, shown_plan_id text)
returns text
language plpgsql
volatile
set search_path = ''
as $$
declare
  present constant timestamptz := toss_private.clock_now();
  noted text;
begin
  -- Anybody's, a few at a time: who never comes back leaves nothing behind.
  delete from toss_private.shown_terms as t
  where (t.user_id, t.plan_id) in (
    select old.user_id, old.plan_id from toss_private.shown_terms as old
    where old.shown_at <= present - interval '1 day'
    order by old.shown_at
    limit 20
    for update skip locked
  );
  insert into toss_private.shown_terms as t (user_id, plan_id, terms, shown_at)
  select shown_user_id, p.id, toss_private.plan_terms(p), present
  from public.plans as p where p.id = shown_plan_id
  on conflict (user_id, plan_id) do update set terms = excluded.terms, shown_at = excluded.shown_at
  returning t.terms into noted;
  return noted;
end;
$$;

comment on function toss_private.note_shown_terms(uuid, text) is
  'Remembers, and answers, the terms of a plan that a user is shown now.';

create function toss_private.were_other_terms_shown(
  asking_id uuid, wanted public.plans, signed_terms text, since timestamptz
)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
declare
  -- A window that was opened before the plan changed stays at its price, whatever was shown since.
  shown_terms constant text := coalesce(signed_terms, (
    select t.terms from toss_private.shown_terms as t
    where t.user_id = asking_id and t.plan_id = wanted.id and t.shown_at > since
  ));
begin
  return shown_terms <> toss_private.plan_terms(wanted);
end;
$$;

comment on function toss_private.were_other_terms_shown(uuid, public.plans, text, timestamptz) is
  'Whether a user was shown other terms than the plan has now: those of the signed state, else those of the last prepare since a time. Null when none were shown.';

create function toss_private.changed_plan_view(wanted_plan_id text)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select jsonb_build_object(
      'planId', p.id, 'amount', p.price, 'currency', p.currency, 'interval', p.interval,
      'intervalCount', p.interval_count, 'trialDays', p.trial_days
    )
    from public.plans as p where p.id = wanted_plan_id
  );
end;
$$;

comment on function toss_private.changed_plan_view(text) is 'What a plan costs now, for whoever was shown something else.';

create function toss_private.already_subscribed_view(claim jsonb)
returns jsonb
language plpgsql
immutable
set search_path = ''
as $$
begin
  return jsonb_build_object('outcome', 'already_subscribed') || claim;
end;
$$;

comment on function toss_private.already_subscribed_view(jsonb) is 'The answer to whoever has what toss_private.claim_of_plan found.';

create function toss_private.claim_of_plan(subscriber_id uuid, wanted_plan_id text, except_subscription_id uuid)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    with rival as (
      select p.id
      from public.plans as p
      join public.plans as wanted on wanted.id = wanted_plan_id
      where p.id = wanted.id or p.plan_group = wanted.plan_group
    )
    select jsonb_strip_nulls(jsonb_build_object(
      'subscriptionId', claims.subscription_id,
      'hint', case
        when claims.subscription_id is not null and claims.plan_id <> wanted_plan_id
          and claims.plan_id in (select rival.id from rival) then 'change_plan' end
    ))
    from (
      select s.id as subscription_id, s.plan_id
      from public.subscriptions as s
      where s.user_id = subscriber_id and s.status <> 'canceled'
        and (s.plan_id in (select rival.id from rival) or s.next_plan_id in (select rival.id from rival))
      union all
      select c.subscription_id, c.plan_id
      from public.subscription_charges as c
      where c.user_id = subscriber_id and c.kind in ('start', 'upgrade')
        and c.status in ('pending', 'processing', 'unknown') and c.plan_id in (select rival.id from rival)
    ) as claims
    where except_subscription_id is null or claims.subscription_id is distinct from except_subscription_id
    order by (claims.subscription_id is null), (claims.plan_id <> wanted_plan_id)
    limit 1
  );
end;
$$;

comment on function toss_private.claim_of_plan(uuid, text, uuid) is
  'What keeps a user from a subscription to a plan: one that has, will have or is just being paid for this plan or another of its group, but for the named one. Null when nothing does; else subscriptionId (when there is one yet) and hint. Callers hold toss_private.lock_user.';

create function toss_private.plan_refusal(wanted_plan_id text)
returns text
language plpgsql
stable
set search_path = ''
as $$
begin
  return coalesce((
    select case when p.price < 100 or p.currency <> 'KRW' then 'plan_not_billable' else '' end
    from public.plans as p where p.id = wanted_plan_id and p.active
  ), 'plan_not_found');
end;
$$;

comment on function toss_private.plan_refusal(text) is
  'Why nobody can subscribe to a plan: plan_not_found, plan_not_billable (a billing key is charged in won, 100 at least); empty when one can.';

create function public.prepare_billing(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  asking_id constant uuid := (request ->> 'userId')::uuid;
  refusal text;
  claim jsonb;
begin
  perform toss_private.require_real_time(request ->> 'mode');
  if toss_private.is_gone(asking_id) then
    return jsonb_build_object('outcome', 'user_deleted');
  end if;
  if request ->> 'planId' is not null then
    refusal := toss_private.plan_refusal(request ->> 'planId');
    -- Toss takes nothing under 200 won from an account.
    if refusal = '' and request ->> 'method' = 'TRANSFER' and exists (
      select 1 from public.plans as p where p.id = request ->> 'planId' and p.price < 200
    ) then
      refusal := 'plan_not_billable';
    end if;
    if refusal <> '' then
      return jsonb_build_object('outcome', refusal);
    end if;
    claim := toss_private.claim_of_plan(asking_id, request ->> 'planId', null);
    if claim is not null then
      return toss_private.already_subscribed_view(claim);
    end if;
  end if;
  insert into public.customers (user_id) values (asking_id) on conflict (user_id) do nothing;
  return jsonb_build_object(
    'outcome', 'prepared',
    'planTerms', toss_private.note_shown_terms(asking_id, request ->> 'planId'),
    'customerKey', (select c.customer_key from public.customers as c where c.user_id = asking_id)
  );
end;
$$;

comment on function public.prepare_billing(jsonb) is
  'The customerKey of a user, made on first use, and what the plan costs now (planTerms, to be handed to begin_billing_issue), unless the plan cannot be subscribed to. Keys: userId, planId, method (CARD, TRANSFER), mode. Outcomes: prepared, plan_not_found, plan_not_billable, already_subscribed (subscriptionId, hint), user_deleted.';

create function toss_private.earlier_billing_issue(request jsonb)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  operation public.operations;
begin
  select op.* into operation
  from toss_private.billing_issues as i
  join public.operations as op on op.id = i.operation_id
  where i.auth_key_digest = request ->> 'authKeyDigest' and i.user_id = (request ->> 'userId')::uuid
  order by i.created_at desc
  limit 1
  for update of op;
  return case
    when not found or (operation.state = 'rejected' and not operation.is_final) then null
    when operation.state = 'succeeded' then toss_private.issued_view(operation.id)
    when operation.state = 'rejected' then jsonb_build_object(
      'outcome', 'rejected', 'errorCode', operation.error_code, 'errorMessage', operation.error_message
    )
    else toss_private.retake_operation(operation, request)
  end;
end;
$$;

comment on function toss_private.earlier_billing_issue(jsonb) is
  'The answer to an authKey that was handed in before; null when it may be tried (again).';

create function public.begin_billing_issue(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  asking_id constant uuid := (request ->> 'userId')::uuid;
  wanted_plan_id constant text := request ->> 'planId';
  present timestamptz;
  answer jsonb;
  claim jsonb;
  wait_seconds integer;
  operation public.operations;
  wanted public.plans;
begin
  perform toss_private.require_real_time(request ->> 'mode');
  if not exists (
    select 1 from public.customers as c
    where c.user_id = asking_id and c.customer_key::text = request ->> 'customerKey'
  ) then
    return jsonb_build_object('outcome', 'customer_key_mismatch');
  end if;
  perform toss_private.lock_user(asking_id);
  answer := toss_private.earlier_billing_issue(request);
  if answer is not null then
    return answer;
  end if;
  -- An access token outlives its account by up to an hour.
  if toss_private.is_gone(asking_id) then
    return jsonb_build_object('outcome', 'user_deleted');
  end if;
  if wanted_plan_id is not null then
    if toss_private.plan_refusal(wanted_plan_id) <> '' then
      return jsonb_build_object('outcome', toss_private.plan_refusal(wanted_plan_id));
    end if;
    claim := toss_private.claim_of_plan(asking_id, wanted_plan_id, null);
    if claim is not null then
      return toss_private.already_subscribed_view(claim);
    end if;
    select * into wanted from public.plans as p where p.id = wanted_plan_id;
    if toss_private.were_other_terms_shown(asking_id, wanted, request ->> 'shownTerms', '-infinity') then
      return jsonb_build_object('outcome', 'plan_changed', 'plan', toss_private.changed_plan_view(wanted.id));
    end if;
  end if;
  -- An authKey whose first try failed by our own fault has been counted.
  if not exists (
    select 1 from toss_private.billing_issues as i
    where i.auth_key_digest = request ->> 'authKeyDigest' and i.user_id = asking_id
  ) then
    wait_seconds := coalesce(
      toss_private.caller_brake_seconds(request ->> 'caller', toss_private.clock_now()), toss_private.take_card_attempt(asking_id)
    );
    if wait_seconds > 0 then
      return toss_private.too_many_attempts_view(wait_seconds);
    end if;
  end if;

  present := toss_private.clock_now();
  insert into public.operations (
    id, kind, idempotency_key, key_created_at, lease_token, lease_expires_at, next_attempt_at, created_at
  ) values (
    (request ->> 'operationId')::uuid, 'billing_issue', toss_private.idempotency_key('billing_issue', (
      select count(*) from toss_private.billing_issues as i
      where i.auth_key_digest = request ->> 'authKeyDigest' and i.user_id = asking_id
    ), asking_id::text, request ->> 'authKeyDigest'), present, (request ->> 'leaseToken')::uuid,
    present + make_interval(secs => (request ->> 'leaseSeconds')::double precision), present, present
  )
  returning * into operation;
  insert into toss_private.billing_issues (
    operation_id, user_id, customer_key, plan_id, plan_terms, auth_key_digest, key_id, ciphertext, toss_keys,
    toss_client_key, created_at
  ) values (
    operation.id, asking_id, request ->> 'customerKey', wanted_plan_id,
    case when wanted.id is not null then toss_private.plan_terms(wanted) end, request ->> 'authKeyDigest',
    request ->> 'keyId', request ->> 'ciphertext', coalesce(request ->> 'tossKeys', 'main'),
    request ->> 'tossClientKey', present
  );
  perform toss_private.write_event(jsonb_build_object(
    'event', 'operation_started', 'source', 'billing', 'operationId', operation.id,
    'requestId', request ->> 'requestId',
    'detail', jsonb_strip_nulls(jsonb_build_object('userId', asking_id, 'planId', wanted_plan_id))
  ));
  return jsonb_build_object('outcome', 'proceed', 'operation', toss_private.operation_view(operation));
end;
$$;

comment on function public.begin_billing_issue(jsonb) is
  'Writes the operation before Toss is asked for a billing key. Keys: operationId (made by the caller, because the authKey''s ciphertext is bound to it), userId, customerKey, authKeyDigest, keyId, ciphertext, planId, shownTerms (of the signed state; else those of the last prepare count), caller (a digest; see toss_private.caller_brake_seconds), tossKeys (main or billing), tossClientKey, leaseToken, leaseSeconds, mode, requestId. Outcomes: proceed, resolve, processing, issued and rejected (this authKey was handed in before), customer_key_mismatch, plan_not_found, plan_not_billable, already_subscribed (subscriptionId, hint), plan_changed (the user was shown other terms; plan: those of now), user_deleted, too_many_attempts (retryAfterSeconds).';

-- supabase/schemas/52_billing_issue_finish.sql
-- Toss issued the billing key: the method, and the subscription that was asked for with it.

create function toss_private.begin_trial(subscriber_id uuid, chosen public.plans, method_id uuid, audit jsonb)
returns public.subscriptions
language plpgsql
set search_path = ''
as $$
declare
  present constant timestamptz := toss_private.clock_now();
  trial_end constant timestamptz := toss_private.period_boundary(present, 'day', chosen.trial_days, 1);
  begun public.subscriptions;
begin
  insert into public.subscriptions (
    id, user_id, plan_id, amount, currency, interval, interval_count, billing_method_id, status,
    current_period_start, current_period_end, next_charge_at, remind_at, created_at
  ) values (
    toss_private.derived_id('trial', subscriber_id::text, chosen.id, (
      select count(*) from public.subscriptions as s where s.user_id = subscriber_id
    )::text), subscriber_id, chosen.id, toss_private.first_price(subscriber_id, chosen), chosen.currency, chosen.interval, chosen.interval_count,
    method_id, 'trialing', present, trial_end, trial_end,
    toss_private.reminder_time(present, trial_end, chosen.id), present
  )
  returning * into begun;
  perform toss_private.write_event(audit || jsonb_build_object(
    'event', 'subscription_status', 'subscriptionId', begun.id, 'to', 'trialing', 'amount', begun.amount,
    'detail', jsonb_build_object(
      'event', 'trial_started', 'planId', begun.plan_id, 'terms', toss_private.subscription_terms(begun)
    )
  ));
  insert into public.entitlements (user_id, plan_id, source, subscription_id, starts_at, ends_at, created_at)
  values (subscriber_id, chosen.id, 'subscription', begun.id, present, trial_end, present);
  perform toss_private.write_subscription_event('trial_started', begun, jsonb_build_object('trialEnd', trial_end));
  return begun;
end;
$$;

comment on function toss_private.begin_trial(uuid, public.plans, uuid, jsonb) is
  'A subscription that is charged for the first time when its trial ends; the days are counted in Asia/Seoul.';

create function toss_private.has_had_trial(subscriber_id uuid, tried_plan_id text)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return exists (
    select 1 from public.subscriptions as s where s.user_id = subscriber_id and s.plan_id = tried_plan_id
  ) or exists (
    -- Also when the subscription has another plan since.
    select 1 from public.subscriptions as s
    join public.payment_events as e on e.subscription_id = s.id and e.event = 'subscription_status'
    where s.user_id = subscriber_id
      and e.detail ->> 'event' = 'trial_started' and e.detail ->> 'planId' = tried_plan_id
  );
end;
$$;

comment on function toss_private.has_had_trial(uuid, text) is
  'Whether a user has had a plan before: a trial is given once a user and plan, and leaving and coming back is not another one.';

create function toss_private.first_price(subscriber_id uuid, chosen public.plans)
returns bigint
language plpgsql
stable
set search_path = ''
as $$
begin
  return case when chosen.intro_price is null or toss_private.has_had_trial(subscriber_id, chosen.id)
    then chosen.price else least(chosen.intro_price, chosen.price) end;
end;
$$;

comment on function toss_private.first_price(uuid, public.plans) is
  'What a new subscriber of a plan pays at first: its introductory price, given once a user and plan as its trial is.';

create function toss_private.begin_start_charge(
  subscriber_id uuid, chosen public.plans, method_id uuid, request jsonb
)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  present constant timestamptz := toss_private.clock_now();
  first_price constant bigint := toss_private.first_price(subscriber_id, chosen);
  created public.subscription_charges;
begin
  insert into public.subscription_charges (
    id, kind, user_id, plan_id, plan_amount, plan_interval, plan_interval_count, period_number, period_start,
    period_end, amount, currency, order_name, created_at
  ) values (
    -- The how many-th start of this plan, whatever the card: whoever paid for one that a restore forgot is not
    -- charged again for subscribing again.
    toss_private.derived_id('start', subscriber_id::text, chosen.id, (
      select count(*) from public.subscription_charges as c
      where c.user_id = subscriber_id and c.plan_id = chosen.id and c.kind = 'start'
    )::text), 'start', subscriber_id, chosen.id, first_price, chosen.interval, chosen.interval_count, 0, present,
    toss_private.period_boundary(present, chosen.interval, chosen.interval_count, 1),
    first_price, chosen.currency, chosen.name, present
  )
  returning * into created;
  return toss_private.begin_attempt(created, method_id, present, request);
end;
$$;

comment on function toss_private.begin_start_charge(uuid, public.plans, uuid, jsonb) is
  'The charge of a first period; its payment makes the subscription.';

create function toss_private.replace_broken_methods(owner_id uuid, method_id uuid, audit jsonb)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  present constant timestamptz := toss_private.clock_now();
  asking public.subscriptions;
  owing_ids jsonb := '[]';
begin
  for asking in
    select s.* from public.subscriptions as s
    where s.user_id = owner_id and (s.status = 'past_due' or (s.status <> 'canceled' and s.needs_payment_method))
    order by s.id
    for no key update
  loop
    asking.billing_method_id := method_id;
    asking.needs_payment_method := false;
    -- A debt is charged at once; while Toss is being asked about it there is nothing to begin.
    if (toss_private.debt_of(asking)).id is not null then
      asking.next_charge_at := present;
      asking.access_ends_at := null;
      owing_ids := owing_ids || to_jsonb(asking.id);
    end if;
    perform toss_private.move_subscription(asking, 'method_changed', audit || jsonb_build_object(
      'detail', jsonb_build_object('billingMethodId', method_id)
    ));
  end loop;
  return owing_ids;
end;
$$;

comment on function toss_private.replace_broken_methods(uuid, uuid, jsonb) is
  'Gives a new billing method to those subscriptions of its user that ask for one or are in arrears; answers the ids of those whose debt is due now.';

create function toss_private.subscribe(issue toss_private.billing_issues, method_id uuid, request jsonb, audit jsonb)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  chosen public.plans;
  begun public.subscriptions;
  item jsonb;
begin
  -- Withdrawn while the card was being registered: the card is kept, and nothing is charged to it.
  if toss_private.plan_refusal(issue.plan_id) <> '' then
    return null;
  end if;
  if toss_private.claim_of_plan(issue.user_id, issue.plan_id, null) is not null then
    update toss_private.billing_issues as i set plan_outcome = 'already_subscribed'
    where i.operation_id = issue.operation_id;
    return null;
  end if;
  select * into chosen from public.plans as p where p.id = issue.plan_id;
  if issue.plan_terms <> toss_private.plan_terms(chosen) then
    update toss_private.billing_issues as i set plan_outcome = 'plan_changed' where i.operation_id = issue.operation_id;
    return null;
  end if;
  if chosen.trial_days > 0 and not toss_private.has_had_trial(issue.user_id, chosen.id) then
    begun := toss_private.begin_trial(issue.user_id, chosen, method_id, audit);
    update toss_private.billing_issues as i set plan_outcome = 'subscribed', subscription_id = begun.id
    where i.operation_id = issue.operation_id;
    return null;
  end if;
  item := toss_private.begin_start_charge(issue.user_id, chosen, method_id, jsonb_build_object(
    'leaseToken', request -> 'chargeLeaseToken', 'leaseSeconds', request -> 'leaseSeconds',
    'requestId', request -> 'requestId'
  ));
  update toss_private.billing_issues as i set plan_outcome = 'charged', charge_id = (item ->> 'chargeId')::uuid
  where i.operation_id = issue.operation_id;
  return item;
end;
$$;

comment on function toss_private.subscribe(toss_private.billing_issues, uuid, jsonb, jsonb) is
  'Begins the trial or the first charge that an issue was for; answers the charge to send, null when there is none.';

create function public.finish_billing_issue(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  method_id uuid;
  operation public.operations;
  issue toss_private.billing_issues;
  audit jsonb;
  item jsonb;
  owing_ids jsonb;
begin
  perform toss_private.require_real_time(request ->> 'mode');
  select * into issue from toss_private.billing_issues as i where i.operation_id = (request ->> 'operationId')::uuid;
  if not found then
    return jsonb_build_object('outcome', 'operation_not_found');
  end if;
  perform toss_private.lock_user(issue.user_id);
  select * into operation from public.operations as op where op.id = issue.operation_id for update;
  if operation.state = 'succeeded' then
    return toss_private.issued_view(operation.id) || jsonb_build_object('charge', null, 'debts', '[]'::jsonb);
  end if;
  if operation.state = 'rejected' then
    return jsonb_build_object(
      'outcome', 'rejected', 'errorCode', operation.error_code, 'errorMessage', operation.error_message,
      'isInUse', exists (select 1 from toss_private.billing_keys as k where k.key_digest = request ->> 'keyDigest')
    );
  end if;

  audit := jsonb_build_object('source', request ->> 'source', 'requestId', request ->> 'requestId');
  -- Whoever holds the key may store it, also when somebody else took the operation over meanwhile: a key that
  -- nobody stores cannot be found again.
  method_id := toss_private.method_of_key(issue.user_id, (request ->> 'billingMethodId')::uuid, request || jsonb_build_object(
    'tossKeys', issue.toss_keys, 'tossClientKey', issue.toss_client_key
  ));
  if method_id is null then
    update public.operations as op
    set state = 'rejected', finished_at = toss_private.clock_now(), is_final = true, error_code = 'BILLING_KEY_IN_USE',
      error_message = 'Toss issued a key that is being removed, or is another user''s.'
    where op.id = operation.id;
    perform toss_private.write_event(audit || jsonb_build_object(
      'event', 'operation_finished', 'operationId', operation.id, 'to', 'rejected',
      'detail', jsonb_build_object('code', 'BILLING_KEY_IN_USE', 'userId', issue.user_id)
    ));
    return jsonb_build_object('outcome', 'rejected', 'errorCode', 'BILLING_KEY_IN_USE', 'isInUse', true);
  end if;
  update toss_private.billing_issues as i set billing_method_id = method_id where i.operation_id = operation.id;
  update public.operations as op
  set state = 'succeeded', finished_at = toss_private.clock_now(), is_final = true, error_code = null, error_message = null
  where op.id = operation.id;
  perform toss_private.write_event(audit || jsonb_build_object(
    'event', 'operation_finished', 'operationId', operation.id, 'to', 'succeeded',
    'detail', jsonb_build_object('billingMethodId', method_id, 'userId', issue.user_id)
  ));
  if toss_private.is_gone(issue.user_id) then
    -- Deleted while Toss was asked: the key that came goes at once, and nothing begins.
    perform toss_private.delete_keys_of_gone_user(issue.user_id, request);
    return toss_private.issued_view(operation.id) || jsonb_build_object('charge', null, 'debts', '[]'::jsonb);
  end if;
  owing_ids := toss_private.replace_broken_methods(issue.user_id, method_id, audit);
  if issue.plan_id is not null then
    item := toss_private.subscribe(issue, method_id, request, audit);
  end if;
  return toss_private.issued_view(operation.id) || jsonb_build_object('charge', item, 'debts', owing_ids);
end;
$$;

comment on function public.finish_billing_issue(jsonb) is
  'Keeps an issued billing key and begins what it is for: a trial, the first charge (answered as `charge`, leased with chargeLeaseToken), or the debts of subscriptions that waited for a card (`debts`: their ids, due now). Keys: operationId, billingMethodId (made by the caller, because the ciphertext is bound to it), keyDigest, keyId, ciphertext, method, cardIssuerCode, cardNumberMasked, cardType, bankName, accountNumberMasked, chargeLeaseToken, leaseSeconds, mode, source, requestId. Outcomes: issued, rejected (given up meanwhile, or the key cannot be this user''s: the caller deletes it at Toss unless isInUse), operation_not_found.';

create function public.reject_billing_issue(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  answer constant jsonb := public.reject_operation(request);
begin
  if answer ->> 'outcome' = 'confirmed' then
    return toss_private.issued_view((request ->> 'operationId')::uuid);
  end if;
  return answer;
end;
$$;

comment on function public.reject_billing_issue(jsonb) is
  'Ends the issue of a billing key because Toss said no. Keys as for reject_operation. Outcomes: rejected, issued, unknown, operation_not_found.';

-- supabase/schemas/53_subscribe_with_method.sql
-- A subscription with a card that is registered already.

create function toss_private.subscribed_view(method_id uuid, begun public.subscriptions)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return jsonb_build_object(
    'outcome', 'subscribed', 'billingMethod', toss_private.billing_method_view(method_id),
    'subscription', toss_private.subscription_view(begun)
  );
end;
$$;

comment on function toss_private.subscribed_view(uuid, public.subscriptions) is
  'What subscribe_with_method answers for a subscription that lives.';

create function public.subscribe_with_method(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  wanted_plan_id constant text := request ->> 'planId';
  method public.billing_methods;
  live public.subscriptions;
  chosen public.plans;
  refusal text;
  claim jsonb;
  wait_seconds integer;
begin
  perform toss_private.require_real_time(request ->> 'mode');
  select * into method from public.billing_methods as m where m.id = (request ->> 'billingMethodId')::uuid;
  -- Somebody else's is none at all.
  if not found or method.user_id is distinct from coalesce((request ->> 'userId')::uuid, method.user_id) then
    return jsonb_build_object('outcome', 'method_not_found');
  end if;
  perform toss_private.lock_user(method.user_id);

  -- A repeat of what was done with this method answers the same; it may not begin another charge.
  select * into live from public.subscriptions as s
  where s.user_id = method.user_id and s.plan_id = wanted_plan_id and s.billing_method_id = method.id
    and s.status <> 'canceled';
  if found then
    return toss_private.subscribed_view(method.id, live);
  end if;
  if exists (
    select 1 from public.subscription_charges as c
    where c.user_id = method.user_id and c.plan_id = wanted_plan_id and c.billing_method_id = method.id
      and c.kind = 'start' and c.status in ('pending', 'processing', 'unknown')
  ) then
    return jsonb_build_object('outcome', 'processing');
  end if;

  refusal := toss_private.plan_refusal(wanted_plan_id);
  if refusal <> '' then
    return jsonb_build_object('outcome', refusal);
  end if;
  claim := toss_private.claim_of_plan(method.user_id, wanted_plan_id, null);
  if claim is not null then
    return toss_private.already_subscribed_view(claim);
  end if;
  -- The key of an account that was deleted is about to go.
  if not toss_private.usable_billing_method(method.id) or toss_private.is_gone(method.user_id) then
    return jsonb_build_object('outcome', 'method_not_found');
  end if;

  select * into chosen from public.plans as p where p.id = wanted_plan_id;
  -- Above all after a first charge that was declined: the next try costs what the first one did. The shop knows its
  -- prices.
  if request ->> 'userId' is not null and toss_private.were_other_terms_shown(
    method.user_id, chosen, null, toss_private.clock_now() - interval '1 day'
  ) then
    return jsonb_build_object('outcome', 'plan_changed', 'plan', toss_private.changed_plan_view(chosen.id));
  end if;
  if chosen.trial_days > 0 and not toss_private.has_had_trial(method.user_id, chosen.id) then
    return toss_private.subscribed_view(method.id, toss_private.begin_trial(
      method.user_id, chosen, method.id,
      jsonb_build_object('source', 'billing', 'requestId', request ->> 'requestId')
    ));
  end if;
  wait_seconds := toss_private.take_card_attempt(method.user_id);
  if wait_seconds > 0 then
    return toss_private.too_many_attempts_view(wait_seconds);
  end if;
  return jsonb_build_object(
    'outcome', 'charge', 'billingMethod', toss_private.billing_method_view(method.id),
    'charge', toss_private.begin_start_charge(method.user_id, chosen, method.id, request)
  );
end;
$$;

comment on function public.subscribe_with_method(jsonb) is
  'Subscribes the owner of a billing method to a plan. Keys: planId, billingMethodId, userId (null: the shop itself), leaseToken, leaseSeconds, mode, requestId. Outcomes: subscribed (a trial began, or this method pays for a live subscription already), charge (to be sent now, leased), processing (its first charge is at Toss), method_not_found, plan_not_found, plan_not_billable, already_subscribed (subscriptionId, hint), plan_changed (the last prepare showed the user other terms; plan: those of now), too_many_attempts (retryAfterSeconds).';

-- supabase/schemas/54_billing_delete.sql
-- Billing keys that are deleted, by us or at Toss.

create function public.apply_billing_key_event(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  event_id constant uuid := (request ->> 'eventId')::uuid;
  method public.billing_methods;
  asking jsonb;
begin
  -- Toss has no way to ask for a billing key. Whoever names it holds what lets one charge the card, which only
  -- Toss and we do; that is the proof.
  select m.* into method
  from toss_private.webhook_bodies as b
  join toss_private.billing_keys as k on k.key_digest = b.billing_key_digest
  join public.billing_methods as m on m.id = k.billing_method_id
  where b.webhook_event_id = event_id;
  if not found then
    return jsonb_build_object('outcome', 'unknown_key');
  end if;
  perform toss_private.lock_user(method.user_id);
  select m.* into method from public.billing_methods as m where m.id = method.id for no key update;
  -- Nothing brings a deleted key back, so an issue that is reported late changes nothing.
  if request ->> 'change' <> 'deleted' or method.status = 'deleted' then
    return jsonb_build_object('outcome', 'unchanged');
  end if;

  asking := toss_private.retire_billing_method(method);
  update toss_private.billing_keys as k set key_id = null, ciphertext = null where k.billing_method_id = method.id;
  perform toss_private.write_event(jsonb_build_object(
    'event', 'billing_method_deleted', 'source', 'webhook', 'from', 'active', 'to', 'deleted',
    'requestId', request ->> 'requestId',
    'detail', jsonb_build_object('billingMethodId', method.id, 'subscriptionIds', asking)
  ));
  perform toss_private.write_outbox_event(jsonb_build_object(
    'eventType', 'billing_method.deleted', 'subject', method.id, 'webhookEventId', event_id,
    'payload', jsonb_build_object(
      'billingMethodId', method.id, 'userId', method.user_id, 'subscriptionIds', asking, 'verified', true,
      'verifiedBy', 'billing-key'
    )
  ));
  return jsonb_build_object('outcome', 'deleted');
end;
$$;

comment on function public.apply_billing_key_event(jsonb) is
  'Marks the billing method whose key an event names as deleted, wipes the key, and marks its live subscriptions as in need of another. Keys: eventId, change (deleted, issued), requestId. Outcomes: deleted, unchanged, unknown_key.';

create function toss_private.retire_billing_method(retired public.billing_methods)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  asking jsonb;
begin
  update public.billing_methods as m set status = 'deleted', deleted_at = toss_private.clock_now()
  where m.id = retired.id and m.status = 'active';
  -- By id, as whoever else locks several of a user's.
  with asked as (
    select s.id from public.subscriptions as s
    where s.billing_method_id = retired.id and s.user_id = retired.user_id and s.status <> 'canceled'
    order by s.id
    for no key update
  ), marked as (
    update public.subscriptions as s
    set needs_payment_method = true
    from asked where s.id = asked.id
    returning s.id
  )
  select coalesce(jsonb_agg(marked.id order by marked.id), '[]') into asking from marked;
  return asking;
end;
$$;

comment on function toss_private.retire_billing_method(public.billing_methods) is
  'From now on a billing method is not charged; answers the ids of the subscriptions that need another one. Callers hold toss_private.lock_user, so that whoever changes to it at the same time comes before or after.';

create function toss_private.begin_key_deletion(deleted public.billing_methods, asking jsonb, request jsonb)
returns public.operations
language plpgsql
set search_path = ''
as $$
declare
  present constant timestamptz := toss_private.clock_now();
  operation public.operations;
begin
  insert into public.operations (
    id, kind, idempotency_key, key_created_at, billing_method_id, lease_token, lease_expires_at, next_attempt_at,
    created_at
  )
  select gen_random_uuid(), 'billing_delete',
    toss_private.idempotency_key('billing_delete', count(*), deleted.id::text), present, deleted.id,
    (request ->> 'leaseToken')::uuid,
    present + make_interval(secs => (request ->> 'leaseSeconds')::double precision), present, present
  from public.operations as op
  where op.billing_method_id = deleted.id and op.kind = 'billing_delete'
  returning * into operation;
  perform toss_private.write_event(jsonb_build_object(
    'event', 'billing_method_deleted', 'source', 'billing', 'from', deleted.status, 'to', 'deleted',
    'operationId', operation.id, 'requestId', request ->> 'requestId',
    'detail', jsonb_build_object('billingMethodId', deleted.id, 'subscriptionIds', asking)
  ));
  perform toss_private.write_outbox_event(jsonb_build_object(
    'eventType', 'billing_method.deleted', 'subject', deleted.id,
    'payload', jsonb_build_object(
      'billingMethodId', deleted.id, 'userId', deleted.user_id, 'subscriptionIds', asking, 'verified', true,
      'verifiedBy', coalesce(request ->> 'verifiedBy', 'request')
    )
  ));
  return operation;
end;
$$;

comment on function toss_private.begin_key_deletion(public.billing_methods, jsonb, jsonb) is
  'Writes the operation that deletes the key of a retired billing method at Toss, the audit line and the event. `asking`: the ids of the subscriptions that need another one. Keys of `request`: leaseToken, leaseSeconds, verifiedBy, requestId.';

create function public.begin_billing_delete(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  method public.billing_methods;
  operation public.operations;
begin
  select m.* into method from public.billing_methods as m
  where m.id = (request ->> 'billingMethodId')::uuid
    and m.user_id = coalesce((request ->> 'userId')::uuid, m.user_id);
  if not found then
    return jsonb_build_object('outcome', 'method_not_found');
  end if;
  perform toss_private.lock_user(method.user_id);
  -- No stronger lock than this: a charge that is begun share-locks its method through the foreign key.
  select m.* into method from public.billing_methods as m where m.id = method.id for no key update;
  if not exists (
    select 1 from toss_private.billing_keys as k where k.billing_method_id = method.id and k.ciphertext is not null
  ) then
    perform toss_private.retire_billing_method(method);
    return jsonb_build_object('outcome', 'deleted');
  end if;
  select * into operation from public.operations as op
  where op.billing_method_id = method.id and op.state in ('started', 'unknown')
  for no key update;
  if found then
    return toss_private.retake_operation(operation, request);
  end if;

  operation := toss_private.begin_key_deletion(method, toss_private.retire_billing_method(method), request);
  return jsonb_build_object('outcome', 'proceed', 'operation', toss_private.operation_view(operation));
end;
$$;

comment on function public.begin_billing_delete(jsonb) is
  'Marks a billing method as deleted and leases the operation that deletes its key at Toss. Keys: billingMethodId, userId (null: the shop itself), leaseToken, leaseSeconds, requestId. Outcomes: proceed, resolve, processing, deleted, method_not_found.';

create function public.finish_billing_delete(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  operation public.operations;
begin
  select * into operation from public.operations as op
  where op.id = (request ->> 'operationId')::uuid and op.kind = 'billing_delete'
  for no key update;
  if not found then
    return jsonb_build_object('outcome', 'operation_not_found');
  end if;
  if operation.state in ('started', 'unknown') then
    -- Gone is gone, whoever learned it.
    update public.operations as op
    set state = 'succeeded', finished_at = toss_private.clock_now(), is_final = true, error_code = null,
      error_message = null
    where op.id = operation.id;
    update toss_private.billing_keys as k set key_id = null, ciphertext = null
    where k.billing_method_id = operation.billing_method_id;
    perform toss_private.write_event(jsonb_build_object(
      'event', 'operation_finished', 'source', request ->> 'source', 'operationId', operation.id,
      'to', 'succeeded', 'requestId', request ->> 'requestId',
      'detail', jsonb_build_object('billingMethodId', operation.billing_method_id)
    ));
  end if;
  return jsonb_build_object('outcome', 'deleted');
end;
$$;

comment on function public.finish_billing_delete(jsonb) is
  'The key is gone at Toss: its ciphertext goes here too. Keys: operationId, source, requestId. Outcomes: deleted, operation_not_found.';

-- supabase/schemas/55_cash_receipts.sql
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

-- supabase/schemas/56_record_receipts.sql
-- What Toss tells of cash receipts becomes rows, from wherever it is heard, and follows refunds.

create function toss_private.record_receipt(
  payment public.payments, entry jsonb, made_by public.operations, audit jsonb
)
returns public.cash_receipts
language plpgsql
volatile
set search_path = ''
as $$
declare
  known public.cash_receipts := toss_private.known_receipt(payment.payment_key, entry);
  told constant text := entry ->> 'issueStatus';
  target public.cash_receipts;
  stored public.cash_receipts;
begin
  if known.id is not null then
    -- Only onwards: an older answer, or one that was held up, must not put a receipt back.
    update public.cash_receipts as r
    set issue_status = case when n.is_onwards then told else r.issue_status end,
      failure_code = case when n.is_onwards then entry ->> 'failureCode' else r.failure_code end,
      issue_number = coalesce(r.issue_number, entry ->> 'issueNumber'),
      receipt_url = coalesce(r.receipt_url, entry ->> 'receiptUrl'),
      tax_free_amount = coalesce(r.tax_free_amount, (entry ->> 'taxFreeAmount')::bigint),
      requested_at = coalesce(r.requested_at, (entry ->> 'requestedAt')::timestamptz),
      operation_id = coalesce(r.operation_id, made_by.id),
      is_self_issued = r.is_self_issued or coalesce((made_by.parameters ->> 'isSelfIssued')::boolean, false)
    from (
      select array_position(array['IN_PROGRESS', 'FAILED', 'COMPLETED'], told)
        > array_position(array['IN_PROGRESS', 'FAILED', 'COMPLETED'], known.issue_status)
    ) as n (is_onwards)
    where r.id = known.id
    returning r.* into stored;
  else
    if entry ->> 'transactionType' = 'CANCEL' then
      target := toss_private.receipt_to_cancel(payment.payment_key, entry, made_by.parameters ->> 'receiptKey');
    end if;
    insert into public.cash_receipts (
      receipt_key, order_id, payment_key, transaction_type, type, amount, tax_free_amount, issue_number, issue_status,
      receipt_url, requested_at, created_at, canceled_receipt_id, operation_id, is_self_issued, failure_code
    ) values (
      entry ->> 'receiptKey', payment.order_id, payment.payment_key, entry ->> 'transactionType',
      coalesce(entry ->> 'type', target.type, made_by.parameters ->> 'type', '소득공제'), (entry ->> 'amount')::bigint,
      (entry ->> 'taxFreeAmount')::bigint, entry ->> 'issueNumber', told, entry ->> 'receiptUrl',
      (entry ->> 'requestedAt')::timestamptz, toss_private.clock_now(), target.id, made_by.id,
      coalesce((made_by.parameters ->> 'isSelfIssued')::boolean, false), entry ->> 'failureCode'
    )
    returning * into stored;
  end if;

  -- A cancel counts from the moment it is asked for, and no more once the tax office has refused it.
  if stored.canceled_receipt_id is not null then
    update public.cash_receipts as r
    set canceled_amount = r.canceled_amount
      + case when stored.issue_status <> 'FAILED' then stored.amount else 0 end
      - case when coalesce(known.issue_status, 'FAILED') <> 'FAILED' then stored.amount else 0 end
    where r.id = stored.canceled_receipt_id and (stored.issue_status = 'FAILED') is distinct from
      (coalesce(known.issue_status, 'FAILED') = 'FAILED');
  end if;
  if known.issue_status is distinct from stored.issue_status then
    perform toss_private.announce_receipt(stored, audit);
  end if;
  return stored;
end;
$$;

comment on function toss_private.record_receipt(public.payments, jsonb, public.operations, jsonb) is
  'Writes what Toss says of one receipt or one cancel of it, once, and moves its state onwards. made_by: the request of ours that it answers, null for what Toss tells by itself. The caller holds the order.';

create function toss_private.record_payment_receipts(payment public.payments, entries jsonb, audit jsonb)
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  entry jsonb;
begin
  if jsonb_array_length(entries) > 0 then
    for entry in
      select e.value from jsonb_array_elements(entries) as e
      order by e.value ->> 'transactionType' desc, (e.value ->> 'requestedAt')::timestamptz
    loop
      perform toss_private.record_receipt(payment, entry, null, audit - 'operationId');
    end loop;
  end if;
  if payment.balance_amount < payment.total_amount or payment.status = 'WAITING_FOR_DEPOSIT' then
    perform toss_private.fit_receipt(payment, audit ->> 'source', audit ->> 'requestId');
  end if;
end;
$$;

comment on function toss_private.record_payment_receipts(public.payments, jsonb, jsonb) is
  'Records the receipts that Toss''s answer about a payment names, and begins to cancel what a refund took away from one of ours. The caller holds the order.';

create function toss_private.open_receipt_operation(receipt_payment_key text)
returns public.operations
language plpgsql
stable
set search_path = ''
as $$
declare
  operation public.operations;
begin
  select * into operation from public.operations as op
  where op.payment_key = receipt_payment_key and op.kind in ('cash_receipt', 'cash_receipt_cancel')
    and op.state in ('started', 'unknown');
  return operation;
end;
$$;

comment on function toss_private.open_receipt_operation(text) is 'The request about a payment''s receipt that has no answer yet; one at most.';

create function toss_private.fit_receipt(payment public.payments, source text, log_request_id text)
returns public.operations
language plpgsql
volatile
set search_path = ''
as $$
declare
  present constant timestamptz := toss_private.clock_now();
  remaining constant bigint := toss_private.cash_left(payment);
  receipt public.cash_receipts;
  operation public.operations;
begin
  -- What Toss issued with the payment it cancels with the payment.
  select * into receipt from public.cash_receipts as r
  where r.payment_key = payment.payment_key and r.operation_id is not null and toss_private.is_live_receipt(r)
  order by r.created_at desc
  limit 1;
  if receipt.id is null or receipt.amount - receipt.canceled_amount <= remaining then
    return null;
  end if;
  -- Whoever ends it comes back here.
  if (toss_private.open_receipt_operation(payment.payment_key)).id is not null then
    return null;
  end if;
  operation := toss_private.insert_receipt_cancel(payment, receipt, receipt.amount - receipt.canceled_amount - remaining,
    jsonb_build_object(
      'requestId', format('left-%s-%s', remaining, (
        select count(*) from public.operations as op
        where op.payment_key = payment.payment_key and op.kind = 'cash_receipt_cancel' and op.requested_by = 'refund'
      )),
      'requestedBy', 'refund', 'leaseToken', gen_random_uuid(), 'leaseSeconds', 0,
      'source', source, 'logRequestId', log_request_id
    ), present);
  return operation;
end;
$$;

comment on function toss_private.fit_receipt(public.payments, text, text) is
  'When more is on a receipt of ours than is left of its payment, writes the cancel of the difference, which the worker sends. Null when nothing is to be done, or another request about the receipt is open.';

create function toss_private.insert_receipt_cancel(
  payment public.payments, receipt public.cash_receipts, canceled_amount bigint, request jsonb, present timestamptz
)
returns public.operations
language plpgsql
volatile
set search_path = ''
as $$
declare
  operation public.operations;
begin
  insert into public.operations (
    id, kind, idempotency_key, key_created_at, order_id, payment_key, amount, currency, request_id, request_digest,
    requested_by, parameters, lease_token, lease_expires_at, next_attempt_at, created_at
  )
  select gen_random_uuid(), 'cash_receipt_cancel',
    toss_private.idempotency_key('cash_receipt_cancel', count(*), payment.payment_key, receipt.receipt_key,
      request ->> 'requestId', canceled_amount::text),
    present, payment.order_id, payment.payment_key, canceled_amount, payment.currency, request ->> 'requestId',
    request -> 'requestDigests' ->> 0, request ->> 'requestedBy',
    jsonb_build_object('receiptKey', receipt.receipt_key,
      'isWhole', receipt.canceled_amount = 0 and canceled_amount = receipt.amount),
    (request ->> 'leaseToken')::uuid,
    present + make_interval(secs => (request ->> 'leaseSeconds')::double precision), present, present
  from public.operations as op
  where op.payment_key = payment.payment_key and op.kind = 'cash_receipt_cancel'
    and op.request_id = request ->> 'requestId'
  returning * into operation;
  perform toss_private.write_event(jsonb_build_object(
    'event', 'operation_started', 'source', request ->> 'source', 'orderId', payment.order_id,
    'paymentKey', payment.payment_key, 'operationId', operation.id, 'amount', canceled_amount,
    'requestId', request ->> 'logRequestId',
    'detail', jsonb_build_object('kind', 'cash_receipt_cancel', 'requestedBy', request ->> 'requestedBy')
  ));
  return operation;
end;
$$;

comment on function toss_private.insert_receipt_cancel(public.payments, public.cash_receipts, bigint, jsonb, timestamptz) is
  'Writes the intent to cancel a receipt or a part of it. Keys of request: requestId, requestDigests, requestedBy, leaseToken, leaseSeconds, source, logRequestId.';

-- supabase/schemas/57_receipt_operations.sql
-- A cash receipt is asked for, or one is to be canceled: the intent first, Toss next, its answer last.

create function toss_private.receipt_operation_view(operation public.operations)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return operation.parameters || jsonb_build_object(
    'orderName', (select o.order_name from public.orders as o where o.id = operation.order_id),
    'taxFreeAmount', coalesce(operation.tax_free_amount, 0),
    'createdAt', operation.created_at,
    'secret', (
      select jsonb_build_object('keyId', s.key_id, 'ciphertext', s.ciphertext)
      from toss_private.operation_secrets as s where s.operation_id = operation.id
    )
  );
end;
$$;

comment on function toss_private.receipt_operation_view(public.operations) is
  'What a request about a cash receipt needs besides what all operations have; secret: the number it is for, encrypted.';

create function toss_private.told_receipt(operation public.operations)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
declare
  receipt public.cash_receipts;
begin
  select * into receipt from public.cash_receipts as r where r.operation_id = operation.id order by r.id limit 1;
  return toss_private.receipt_view(receipt) || case when operation.kind = 'cash_receipt_cancel'
    then jsonb_build_object('receiptKey', operation.parameters ->> 'receiptKey') else '{}' end;
end;
$$;

comment on function toss_private.told_receipt(public.operations) is
  'What a request about a receipt answered when it succeeded, as it stands now; of a cancel under the key of the receipt that it took from.';

create function toss_private.continue_receipt(begun public.operations, request jsonb, at timestamptz)
returns jsonb
language plpgsql
volatile
set search_path = ''
as $$
begin
  if not request -> 'requestDigests' ? begun.request_digest then
    return jsonb_build_object('outcome', 'request_differs');
  end if;
  if begun.state = 'succeeded' then
    return jsonb_build_object('outcome', 'succeeded', 'receipt', toss_private.told_receipt(begun));
  end if;
  if begun.state = 'rejected' then
    return jsonb_build_object('outcome', 'rejected', 'errorCode', begun.error_code);
  end if;
  -- The network delivered this very request twice (Deno's fetch may do so): same answer again.
  if begun.lease_token = (request ->> 'leaseToken')::uuid then
    return jsonb_build_object('outcome', 'proceed', 'operation', toss_private.operation_view(begun));
  end if;
  if begun.lease_expires_at > at or begun.next_attempt_at > at then
    return jsonb_build_object('outcome', 'processing');
  end if;
  update public.operations as op
  set state = 'unknown', lease_token = (request ->> 'leaseToken')::uuid, attempts = op.attempts + 1,
    lease_expires_at = at + make_interval(secs => (request ->> 'leaseSeconds')::double precision)
  where op.id = begun.id
  returning * into begun;
  return jsonb_build_object('outcome', 'resolve', 'operation', toss_private.operation_view(begun));
end;
$$;

comment on function toss_private.continue_receipt(public.operations, jsonb, timestamptz) is
  'How a request about a receipt stands that was made before: its answer again, or who may go on with it. The caller holds the order.';

create function toss_private.insert_receipt_issue(payment public.payments, request jsonb, present timestamptz)
returns public.operations
language plpgsql
volatile
set search_path = ''
as $$
declare
  remaining constant bigint := toss_private.cash_left(payment);
  operation public.operations;
begin
  insert into public.operations (
    id, kind, idempotency_key, key_created_at, order_id, payment_key, amount, currency, tax_free_amount, request_id,
    request_digest, requested_by, parameters, lease_token, lease_expires_at, next_attempt_at, created_at
  )
  select (request ->> 'operationId')::uuid, 'cash_receipt',
    -- It follows from the payment and how many of its receipts have ended: whoever asks, it is the one question.
    toss_private.idempotency_key('cash_receipt', count(*), payment.payment_key), present, payment.order_id,
    payment.payment_key, remaining, payment.currency,
    least(remaining, coalesce(payment.tax_free_amount, (
      select o.tax_free_amount from public.orders as o where o.id = payment.order_id
    ), 0)), request ->> 'requestId', request -> 'requestDigests' ->> 0, request ->> 'requestedBy',
    jsonb_build_object('type', request ->> 'type', 'isSelfIssued', coalesce((request ->> 'isSelfIssued')::boolean, false)),
    (request ->> 'leaseToken')::uuid,
    present + make_interval(secs => (request ->> 'leaseSeconds')::double precision), present, present
  from public.operations as op
  where op.payment_key = payment.payment_key and op.kind = 'cash_receipt'
  returning * into operation;
  if request ? 'secret' then
    insert into toss_private.operation_secrets (operation_id, key_id, ciphertext)
    values (operation.id, request -> 'secret' ->> 'keyId', request -> 'secret' ->> 'ciphertext');
  end if;
  perform toss_private.write_event(jsonb_build_object(
    'event', 'operation_started', 'source', request ->> 'source', 'orderId', payment.order_id,
    'paymentKey', payment.payment_key, 'operationId', operation.id, 'amount', operation.amount,
    'requestId', request ->> 'logRequestId',
    'detail', jsonb_build_object('kind', 'cash_receipt', 'requestedBy', request ->> 'requestedBy')
  ));
  return operation;
end;
$$;

comment on function toss_private.insert_receipt_issue(public.payments, jsonb, timestamptz) is
  'Writes the intent to issue a receipt on what is left of a payment, and the encrypted number it is for.';

create function public.begin_cash_receipt(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  requester constant text := request ->> 'requestedBy';
  present timestamptz;
  receipted public.orders;
  payment public.payments;
  operation public.operations;
begin
  perform toss_private.require_real_time(request ->> 'mode');
  select * into receipted from public.orders as o where o.id = request ->> 'orderId' for no key update;
  if not found or (requester <> 'operator' and receipted.user_id::text is distinct from requester) then
    return jsonb_build_object('outcome', 'order_not_found');
  end if;
  present := toss_private.clock_now();
  select * into payment from public.payments as p where p.payment_key = receipted.payment_key;
  select * into operation from public.operations as op
  where op.payment_key = payment.payment_key and op.kind = 'cash_receipt' and op.request_id = request ->> 'requestId'
    and op.is_final is distinct from false
  for update;
  if found then
    return toss_private.continue_receipt(operation, request, present);
  end if;

  if payment.payment_key is null or toss_private.cash_left(payment) = 0 then
    return jsonb_build_object('outcome', 'not_a_cash_payment');
  end if;
  -- A cancel that the tax office has not taken yet may be refused, and then its receipt lives.
  if (toss_private.open_receipt_operation(payment.payment_key)).id is not null or exists (
    select 1 from public.cash_receipts as r
    where r.payment_key = payment.payment_key and r.transaction_type = 'CANCEL' and r.issue_status = 'IN_PROGRESS'
  ) then
    return jsonb_build_object('outcome', 'operation_in_progress');
  end if;
  if exists (
    select 1 from public.cash_receipts as r
    where r.payment_key = payment.payment_key and toss_private.is_live_receipt(r)
  ) then
    return jsonb_build_object('outcome', 'receipt_exists');
  end if;
  -- No buyer mistypes a number this often; whoever tries on spends a quota that others need.
  if requester <> 'operator' and (
    select count(*) from public.operations as op
    where op.payment_key = payment.payment_key and op.kind = 'cash_receipt' and op.state = 'rejected'
      and op.created_at > present - interval '1 day'
  ) >= 10 then
    return jsonb_build_object('outcome', 'too_many_attempts');
  end if;
  operation := toss_private.insert_receipt_issue(payment, request || '{"source": "cash_receipt"}', present);
  return jsonb_build_object('outcome', 'proceed', 'operation', toss_private.operation_view(operation));
end;
$$;

comment on function public.begin_cash_receipt(jsonb) is
  'Checks whether an order may get a cash receipt and, when Toss may be asked, writes the operation. Keys: orderId, type, requestId (the caller''s token), requestDigests, requestedBy (operator, or the user''s id), secret, operationId, leaseToken, leaseSeconds, mode, logRequestId. Outcomes: proceed, resolve (ask Toss first), processing, succeeded, rejected, request_differs, operation_in_progress, receipt_exists, too_many_attempts, not_a_cash_payment, order_not_found.';

create function public.begin_cash_receipt_cancel(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  present timestamptz;
  receipted public.orders;
  payment public.payments;
  operation public.operations;
  receipt public.cash_receipts;
  remaining bigint;
begin
  perform toss_private.require_real_time(request ->> 'mode');
  select * into receipted from public.orders as o where o.id = request ->> 'orderId' for no key update;
  if not found then
    return jsonb_build_object('outcome', 'order_not_found');
  end if;
  present := toss_private.clock_now();
  select * into payment from public.payments as p where p.payment_key = receipted.payment_key;
  select * into operation from public.operations as op
  where op.payment_key = payment.payment_key and op.kind = 'cash_receipt_cancel'
    and op.request_id = request ->> 'requestId' and op.is_final is distinct from false
  for update;
  if found then
    return toss_private.continue_receipt(operation, request, present);
  end if;
  if (toss_private.open_receipt_operation(payment.payment_key)).id is not null then
    return jsonb_build_object('outcome', 'operation_in_progress');
  end if;
  select * into receipt from public.cash_receipts as r
  where r.payment_key = payment.payment_key and toss_private.is_live_receipt(r)
  order by r.created_at desc
  limit 1;
  if not found then
    return jsonb_build_object('outcome', 'receipt_not_found');
  end if;
  remaining := receipt.amount - receipt.canceled_amount;
  if (request ->> 'amount')::bigint > remaining then
    return jsonb_build_object('outcome', 'exceeds_receipt', 'availableAmount', remaining);
  end if;
  operation := toss_private.insert_receipt_cancel(payment, receipt, coalesce((request ->> 'amount')::bigint, remaining),
    request || '{"source": "cash_receipt"}', present);
  return jsonb_build_object('outcome', 'proceed', 'operation', toss_private.operation_view(operation));
end;
$$;

comment on function public.begin_cash_receipt_cancel(jsonb) is
  'Writes the intent to cancel the receipt of an order, all that is left of it or a part. Keys: orderId, amount, requestId, requestDigests, requestedBy, leaseToken, leaseSeconds, mode, logRequestId. Outcomes: proceed, resolve, processing, succeeded, rejected, request_differs, operation_in_progress, exceeds_receipt, receipt_not_found, order_not_found.';

-- supabase/schemas/58_receipt_ends.sql
-- How a request about a cash receipt ends; those that the tax office still works on; and receipts issued unasked.

create function toss_private.own_receipt_entry(operation public.operations, entries jsonb, proof text)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  -- One request about a payment's receipt is open at a time, so an entry that nobody knows yet is its effect. What was
  -- known before, or is another request's, is not; neither is what happened before it was begun. Clocks may differ.
  return (
    select e.value
    from jsonb_array_elements(entries) as e
    cross join lateral toss_private.known_receipt(operation.payment_key, e.value) as k
    where e.value ->> 'transactionType' = case operation.kind when 'cash_receipt' then 'CONFIRM' else 'CANCEL' end
      and (proof = 'answered' or (
        (e.value ->> 'amount')::bigint = operation.amount
        and coalesce((e.value ->> 'requestedAt')::timestamptz > operation.created_at - interval '5 minutes', true)
      ))
      and (k.id is null or k.operation_id = operation.id
        or (k.operation_id is null and k.created_at >= operation.created_at))
    order by e.value ->> 'issueStatus' = 'FAILED', (e.value ->> 'requestedAt')::timestamptz
    limit 1
  );
end;
$$;

comment on function toss_private.own_receipt_entry(public.operations, jsonb, text) is
  'The receipt, or the cancel of one, that an open request made, among those that Toss tells of; null when it is none of them. proof: answered (Toss''s answer to the request itself), listed.';

create function public.settle_cash_receipt(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  operation public.operations;
  payment public.payments;
  entry jsonb;
  receipt public.cash_receipts;
  audit jsonb;
  is_failed boolean;
begin
  select * into operation from public.operations as op
  where op.id = (request ->> 'operationId')::uuid and op.kind in ('cash_receipt', 'cash_receipt_cancel');
  if not found then
    return jsonb_build_object('outcome', 'operation_not_found');
  end if;
  -- Order first, then operation: the same order of locks as everywhere else.
  perform 1 from public.orders as o where o.id = operation.order_id for no key update;
  select * into operation from public.operations as op where op.id = operation.id for update;
  if operation.state = 'succeeded' then
    return jsonb_build_object('outcome', 'succeeded', 'receipt', toss_private.told_receipt(operation));
  end if;
  if operation.state = 'rejected' then
    return jsonb_build_object('outcome', 'rejected', 'errorCode', operation.error_code);
  end if;
  entry := toss_private.own_receipt_entry(operation, request -> 'entries', request ->> 'proof');
  if entry is null then
    return jsonb_build_object('outcome', 'nothing');
  end if;

  audit := jsonb_build_object(
    'source', request ->> 'source', 'orderId', operation.order_id, 'paymentKey', operation.payment_key,
    'operationId', operation.id, 'requestId', request ->> 'requestId'
  );
  select * into payment from public.payments as p where p.payment_key = operation.payment_key;
  receipt := toss_private.record_receipt(payment, entry, operation, audit);
  is_failed := receipt.issue_status = 'FAILED';
  update public.operations as op
  set state = case when is_failed then 'rejected' else 'succeeded' end, finished_at = toss_private.clock_now(),
    is_final = true, refused_with = null,
    error_code = case when is_failed then coalesce(receipt.failure_code, 'CASH_RECEIPT_FAILED') end,
    error_message = null
  where op.id = operation.id
  returning * into operation;
  perform toss_private.write_event(audit || jsonb_build_object(
    'event', 'operation_finished', 'to', operation.state, 'amount', operation.amount,
    'detail', jsonb_strip_nulls(jsonb_build_object('code', operation.error_code))
  ));
  if is_failed then
    return jsonb_build_object('outcome', 'rejected', 'errorCode', operation.error_code);
  end if;
  -- Money may have gone back meanwhile.
  perform toss_private.fit_receipt(payment, request ->> 'source', request ->> 'requestId');
  return jsonb_build_object('outcome', 'succeeded', 'receipt', toss_private.told_receipt(operation));
end;
$$;

comment on function public.settle_cash_receipt(jsonb) is
  'Ends a request about a receipt with what Toss tells of it. Keys: operationId, entries (what Toss answered or listed of the order), proof (answered, listed), source, requestId. A proof counts from anyone. Outcomes: succeeded, rejected (the tax office refused), nothing (none of the entries is its effect), operation_not_found.';

create function public.reject_cash_receipt(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  operation public.operations;
begin
  select * into operation from public.operations as op
  where op.id = (request ->> 'operationId')::uuid and op.kind in ('cash_receipt', 'cash_receipt_cancel');
  if not found then
    return jsonb_build_object('outcome', 'operation_not_found');
  end if;
  perform 1 from public.orders as o where o.id = operation.order_id for no key update;
  select * into operation from public.operations as op where op.id = operation.id for update;
  if operation.state = 'succeeded' then
    return jsonb_build_object('outcome', 'succeeded', 'receipt', toss_private.told_receipt(operation));
  end if;
  -- Whoever took over after the lease had passed may be asking Toss at this moment.
  if operation.state <> 'rejected' and operation.lease_token <> (request ->> 'leaseToken')::uuid then
    return jsonb_build_object('outcome', 'unknown');
  end if;
  if operation.state <> 'rejected' then
    update public.operations as op
    set state = 'rejected', finished_at = toss_private.clock_now(), error_code = request ->> 'errorCode',
      error_message = left(request ->> 'errorMessage', 510), is_final = (request ->> 'isFinal')::boolean
    where op.id = operation.id
    returning * into operation;
    perform toss_private.write_event(jsonb_build_object(
      'event', 'operation_finished', 'source', request ->> 'source', 'orderId', operation.order_id,
      'paymentKey', operation.payment_key, 'operationId', operation.id, 'to', 'rejected', 'amount', operation.amount,
      'requestId', request ->> 'requestId', 'detail', jsonb_build_object('code', operation.error_code)
    ));
  end if;
  return jsonb_build_object('outcome', 'rejected', 'errorCode', operation.error_code);
end;
$$;

comment on function public.reject_cash_receipt(jsonb) is
  'Ends a request about a receipt because Toss said no. Changes nothing when another caller holds the lease. Outcomes: rejected, succeeded, unknown, operation_not_found.';

create function public.claim_receipts_in_progress(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  due_time constant timestamptz := coalesce((request ->> 'asOf')::timestamptz, toss_private.clock_now());
  claimed jsonb;
begin
  with due as (
    select r.id from public.cash_receipts as r
    where r.issue_status = 'IN_PROGRESS' and coalesce(r.checked_at, r.created_at) < due_time - interval '10 minutes'
    order by r.checked_at nulls first
    limit (request ->> 'limit')::integer
    for update skip locked
  ), marked as (
    update public.cash_receipts as r set checked_at = due_time from due where r.id = due.id returning r.*
  )
  select coalesce(jsonb_agg(jsonb_build_object(
    'orderId', m.order_id, 'receiptKey', m.receipt_key,
    'requestedOn', to_char(coalesce(m.requested_at, m.created_at) at time zone 'Asia/Seoul', 'YYYY-MM-DD')
  ) || toss_private.keys_of_event(m.order_id, null)), '[]') into claimed
  from marked as m;
  return jsonb_build_object('receipts', claimed);
end;
$$;

comment on function public.claim_receipts_in_progress(jsonb) is
  'Up to `limit` receipts that the tax office still works on and that Toss was not asked about for ten minutes, with the day in Seoul under which Toss lists them. Keys: limit, asOf.';

create function public.record_listed_receipts(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  told record;
  payment public.payments;
  recorded integer := 0;
begin
  for told in
    select e.value as entry, r.order_id, r.payment_key
    from jsonb_array_elements(request -> 'entries') as e
    join public.cash_receipts as r
      on r.receipt_key = e.value ->> 'receiptKey' and r.order_id = e.value ->> 'orderId'
      and r.transaction_type = e.value ->> 'transactionType' and r.issue_status = 'IN_PROGRESS'
    where e.value ->> 'issueStatus' <> 'IN_PROGRESS'
    order by r.order_id, r.id
  loop
    perform 1 from public.orders as o where o.id = told.order_id for no key update;
    select * into payment from public.payments as p where p.payment_key = told.payment_key;
    perform toss_private.record_receipt(payment, told.entry, null, jsonb_build_object(
      'source', request ->> 'source', 'orderId', told.order_id, 'paymentKey', told.payment_key,
      'requestId', request ->> 'requestId'
    ));
    recorded := recorded + 1;
  end loop;
  return jsonb_build_object('recorded', recorded);
end;
$$;

comment on function public.record_listed_receipts(jsonb) is
  'Moves receipts that are IN_PROGRESS to what Toss''s list says of them. Keys: entries, source, requestId. Answers how many have ended.';

create function public.begin_self_issues(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  due_time constant timestamptz := coalesce((request ->> 'asOf')::timestamptz, toss_private.clock_now());
  present constant timestamptz := toss_private.clock_now();
  approved_until constant timestamptz := due_time - make_interval(days => (request ->> 'days')::integer);
  payment public.payments;
  operation public.operations;
  begun jsonb := '[]';
begin
  perform toss_private.require_real_time(request ->> 'mode');
  for payment in
    select p.* from public.payments as p
    join public.orders as o on o.id = p.order_id and o.payment_key = p.payment_key
    where p.method in ('가상계좌', '계좌이체') and p.balance_amount > 0 and p.total_amount >= 100000
      and p.approved_at <= approved_until and p.approved_at > approved_until - interval '30 days'
      and toss_private.cash_left(p) > 0
      and not exists (
        select 1 from public.cash_receipts as r
        where r.payment_key = p.payment_key and r.transaction_type = 'CONFIRM' and r.issue_status <> 'FAILED'
      )
      -- What was refused is tried again a day later; what is open is somebody's.
      and not exists (
        select 1 from public.operations as op
        where op.payment_key = p.payment_key and op.kind in ('cash_receipt', 'cash_receipt_cancel')
          and (op.state in ('started', 'unknown') or op.created_at > present - interval '1 day')
      )
    order by p.approved_at
    limit (request ->> 'limit')::integer
    for no key update of o skip locked
  loop
    -- What was committed while the order was waited for.
    select * into payment from public.payments as p where p.payment_key = payment.payment_key;
    continue when toss_private.cash_left(payment) = 0 or exists (
      select 1 from public.cash_receipts as r where r.payment_key = payment.payment_key and toss_private.is_live_receipt(r)
    ) or (toss_private.open_receipt_operation(payment.payment_key)).id is not null;
    operation := toss_private.insert_receipt_issue(payment, request || jsonb_build_object(
      'operationId', gen_random_uuid(), 'source', 'worker', 'type', '소득공제', 'isSelfIssued', true,
      'requestedBy', 'self', 'requestId', format('self-%s', (
        select count(*) from public.operations as op
        where op.payment_key = payment.payment_key and op.kind = 'cash_receipt'
      ))
    ), present);
    begun := begun || toss_private.operation_view(operation);
  end loop;
  return jsonb_build_object('operations', begun);
end;
$$;

comment on function public.begin_self_issues(jsonb) is
  'Writes the intent of a receipt under the tax office''s own number for payments of 100,000 won or more that came in cash and have none so many days after their approval; none for what is more than thirty days later than that. Keys: days, limit, asOf, leaseToken, leaseSeconds, mode, logRequestId.';

create function public.begin_receipt_fits(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  present constant timestamptz := toss_private.clock_now();
  payment public.payments;
  begun integer := 0;
begin
  for payment in
    select p.* from public.payments as p
    join public.orders as o on o.id = p.order_id
    where p.payment_key in (
      select op.payment_key from public.operations as op
      where op.kind = 'cash_receipt_cancel' and op.state = 'rejected' and op.requested_by = 'refund'
        and op.created_at between present - interval '30 days' and present - interval '1 day'
    ) and not exists (
      select 1 from public.operations as op
      where op.payment_key = p.payment_key and op.kind = 'cash_receipt_cancel' and op.created_at > present - interval '1 day'
    )
    order by p.order_id
    limit (request ->> 'limit')::integer
    for no key update of o skip locked
  loop
    begun := begun + ((toss_private.fit_receipt(payment, 'worker', request ->> 'requestId')).id is not null)::integer;
  end loop;
  return jsonb_build_object('begun', begun);
end;
$$;

comment on function public.begin_receipt_fits(jsonb) is
  'Asks again, a day after a refusal and for thirty days, for the cancel of what a receipt holds beyond its payment. Keys: limit, requestId.';

-- supabase/schemas/59_withdrawal_checks.sql
-- What must never be true of withdrawals, and what of them a person has to look at.

create function toss_private.withdrawal_violations()
returns table (invariant text, subject text, detail text)
language plpgsql
stable
set search_path = ''
as $$
begin
  return query
  select 'accepted_withdrawal_has_its_refund', w.id::text,
    format('order %s is %s, no refund was begun for the withdrawal', w.order_id, o.status)
  from public.withdrawals as w
  join public.orders as o on o.id = w.order_id
  where w.status = 'accepted' and w.refund_operation_id is null and o.status <> 'refunded'

  union all
  select 'withdrawal_refund_is_its_own', w.id::text,
    format('refund %s is a %s of order %s, asked for as %s', op.id, op.kind, op.order_id, op.request_id)
  from public.withdrawals as w
  join public.operations as op on op.id = w.refund_operation_id
  where op.kind <> 'cancel' or op.order_id <> w.order_id or not starts_with(op.request_id, 'withdrawal-' || w.id)

  union all
  select 'withdrawal_is_paid_once', w.id::text,
    format('%s refunds of the withdrawal succeeded or are open', count(*))
  from public.withdrawals as w
  join public.operations as op
    on op.order_id = w.order_id and op.kind = 'cancel' and starts_with(op.request_id, 'withdrawal-' || w.id)
  where op.state <> 'rejected'
  group by w.id
  having count(*) > 1 or bool_or(w.status <> 'accepted')

  union all
  select 'withdrawal_matches_its_order', w.id::text,
    format('withdrawal of user %s, order of user %s', w.user_id, o.user_id)
  from public.withdrawals as w
  join public.orders as o on o.id = w.order_id
  where w.user_id is distinct from o.user_id;
end;
$$;

comment on function toss_private.withdrawal_violations() is 'The rules about withdrawals and the refunds that they promise.';

create view toss_private.withdrawal_alerts
with (security_invoker = true)
as
select
  case when w.due_at < toss_private.clock_now() then 'critical' else 'warning' end as level,
  'withdrawal_due' as alert,
  w.id::text as subject,
  format('order %s: the buyer asked on %s and waits for a decision until %s', w.order_id, w.requested_at, w.due_at) as detail,
  w.requested_at as since
from public.withdrawals as w
where w.status = 'requested' and w.due_at < toss_private.clock_now() + interval '1 day'

union all
-- Until it is accepted again, or the money went back by another way.
select 'critical', 'withdrawal_refund_refused', w.id::text,
  format('order %s: accepted on %s, but its refund of %s was refused: %s', w.order_id, w.decided_at, op.amount,
    coalesce(op.error_code, 'no code')), op.finished_at
from public.withdrawals as w
join public.operations as op on op.id = w.refund_operation_id and op.state = 'rejected'
join public.payments as p on p.payment_key = op.payment_key and p.balance_amount > 0
where w.status = 'accepted';

comment on view toss_private.withdrawal_alerts is
  'What needs a person about withdrawals: a decision that is due within a day or late, an accepted one whose refund was refused.';

-- supabase/schemas/60_webhook_events.sql
-- The inbox of webhooks: rows, encrypted bodies, and what proves an event.

create table public.webhook_events (
  id uuid primary key default gen_random_uuid(),
  dedupe_key text not null,
  transmission_id text,
  event_type text,
  order_id text,
  payment_key text,
  transaction_key text,
  entity_id text,
  asks_toss boolean not null default true,
  shares_answer boolean not null default true,
  subject text not null generated always as (
    case when asks_toss then coalesce(payment_key, order_id, dedupe_key) else dedupe_key end
  ) stored,
  payload jsonb not null,
  verified_by text,
  status text not null default 'received',
  attempts integer not null default 0,
  delivery_count integer not null default 1,
  retried_count integer not null default 0,
  last_error text,
  lease_token uuid,
  lease_expires_at timestamptz,
  leased_at timestamptz,
  next_attempt_at timestamptz not null,
  received_at timestamptz not null,
  created_at timestamptz not null,
  processed_at timestamptz,
  from_toss boolean not null default false,
  asked_as_stranger boolean not null default false,
  erased_at timestamptz,
  constraint webhook_events_dedupe_key_unique unique (dedupe_key),
  constraint webhook_events_dedupe_key_length check (char_length(dedupe_key) between 1 and 210),
  constraint webhook_events_event_type_length check (char_length(event_type) <= 100),
  constraint webhook_events_order_id_length check (char_length(order_id) <= 64),
  constraint webhook_events_payment_key_length check (char_length(payment_key) <= 200),
  constraint webhook_events_transaction_key_length check (char_length(transaction_key) <= 64),
  constraint webhook_events_entity_id_length check (char_length(entity_id) <= 300),
  constraint webhook_events_last_error_length check (char_length(last_error) <= 1000),
  constraint webhook_events_status_known check (status in (
    'received', 'processing', 'processed', 'ignored', 'failed', 'dead'
  )),
  constraint webhook_events_lease_when_processing check (
    (status = 'processing') = (lease_token is not null)
  )
);

alter table public.webhook_events enable row level security;

comment on table public.webhook_events is 'Every webhook delivery, deduplicated. Service role only. Newest by created_at.';
comment on column public.webhook_events.dedupe_key is 'The transmission id, else a hash of the body.';
comment on column public.webhook_events.subject is 'Events of one subject are processed one at a time, and one question to Toss serves all that wait.';
comment on column public.webhook_events.payload is
  'The body as JSON with every secret replaced, without the fields that are null. Personal: body; erased.';
comment on column public.webhook_events.verified_by is 'What proved the sender: a signature scheme, the deposit secret, or re-query when only Toss''s own answer did.';
comment on column public.webhook_events.status is 'received, processing (leased), processed, ignored (reason in last_error), failed (will be tried again), dead (given up; replay it).';
comment on column public.webhook_events.delivery_count is 'How often Toss delivered this event.';
comment on column public.webhook_events.retried_count is 'Highest tosspayments-webhook-transmission-retried-count seen.';
comment on column public.webhook_events.received_at is 'Last delivery that has not been answered by a question to Toss yet.';
comment on column public.webhook_events.transaction_key is 'The cancel that a CANCEL_STATUS_CHANGED is about; its payment is found through it.';
comment on column public.webhook_events.entity_id is
  'What an event without a payment is about: Toss''s id of a payout or seller, a customerKey. Personal: id; kept.';
comment on column public.webhook_events.asks_toss is 'Whether processing asks Toss. What does not is a subject of its own: its end proves nothing about a payment.';
comment on column public.webhook_events.shares_answer is 'Whether one answer of Toss about the subject ends this event too. False when the body itself has to be proven.';
comment on column public.webhook_events.leased_at is 'When a processor last took it, which is about when Toss was asked.';
comment on column public.webhook_events.payment_key is 'As the body says, or found through the deposit''s secret or the cancel. Null when a flood of unknown keys made us ask about the order instead.';
comment on column public.webhook_events.from_toss is
  'Whether the platform named one of Toss''s published senders. Proves nothing; such events go first when many wait.';
comment on column public.webhook_events.asked_as_stranger is
  'Whether it was leased while nothing but its own unsigned body spoke of its payment; such questions are counted.';
comment on column public.webhook_events.last_error is
  'Why it is ignored, or why the last attempt failed. Personal: error text; erased.';

comment on column public.webhook_events.erased_at is
  'When its body was erased: with its order, with a user''s card, or because it was old.';

create index webhook_events_not_erased on public.webhook_events (created_at) where erased_at is null;
create index webhook_events_created_at on public.webhook_events (created_at desc);
create index webhook_events_payment_key on public.webhook_events (payment_key);
create index webhook_events_open on public.webhook_events (next_attempt_at)
  where status in ('received', 'processing', 'failed');
create index webhook_events_open_subject on public.webhook_events (subject)
  where status in ('received', 'processing', 'failed');
create index webhook_events_transaction_key on public.webhook_events (transaction_key)
  where transaction_key is not null;
-- How often Toss was asked lately; a flood of events that were never leased does not slow these down.
create index webhook_events_subject_leased_at on public.webhook_events (subject, leased_at)
  where leased_at is not null;
create index webhook_events_order_id on public.webhook_events (order_id, leased_at);
create index webhook_events_unproven on public.webhook_events (created_at)
  where status = 'ignored' and verified_by is null;
create index webhook_events_asked_as_stranger on public.webhook_events (leased_at) where asked_as_stranger;
create index webhook_events_leased_at on public.webhook_events (leased_at)
  where leased_at is not null and not from_toss;

alter table public.outbox_events add constraint outbox_events_webhook_event_id_fkey foreign key (webhook_event_id) references public.webhook_events (id);

create table toss_private.webhook_bodies (
  webhook_event_id uuid primary key references public.webhook_events (id) on delete cascade,
  -- An event that was ignored on arrival has no body.
  key_id text,
  ciphertext bytea,
  secret_digest text,
  billing_key_digest text,
  constraint webhook_bodies_secret_digest_format check (secret_digest ~ '^[0-9a-f]{64}$'),
  constraint webhook_bodies_billing_key_digest_format check (billing_key_digest ~ '^[0-9a-f]{64}$'),
  constraint webhook_bodies_key_with_ciphertext check ((key_id is null) = (ciphertext is null))
);

alter table toss_private.webhook_bodies enable row level security;

comment on table toss_private.webhook_bodies is 'The raw body of each event, AES-256-GCM; a body can carry deposit secrets and account numbers.';
comment on column toss_private.webhook_bodies.key_id is 'Which key of BILLING_KEY_ENCRYPTION_KEYS encrypted it.';
comment on column toss_private.webhook_bodies.ciphertext is
  'Nonce and ciphertext of the body''s bytes, compressed (zlib); associated data is webhook_events.dedupe_key. Null once the event was ignored without proof. Personal: body; erased.';
comment on column toss_private.webhook_bodies.secret_digest is 'SHA-256 of the secret that a deposit callback carries.';
comment on column toss_private.webhook_bodies.billing_key_digest is 'SHA-256 of the billing key that the event is about.';

create index webhook_bodies_key_id on toss_private.webhook_bodies (key_id) where key_id is not null;

create function toss_private.keep_webhook_erased()
returns trigger
language plpgsql
set search_path = ''
as $$
declare
  waited text;
begin
  if tg_op = 'INSERT' then
    -- Whoever erases takes it alone: what is stored meanwhile is either seen there or sees here that it was erased.
    waited := pg_advisory_xact_lock_shared(hashtextextended('erasure', 0));
    if exists (
      select 1 from public.orders as o
      where o.erased_at is not null and o.id = coalesce(
        new.order_id, (select p.order_id from public.payments as p where p.payment_key = new.payment_key)
      )
    ) then
      new.erased_at := new.created_at;
    end if;
  end if;
  if new.erased_at is not null then
    new.payload := jsonb_build_object('erased', true);
    new.last_error := toss_private.erased_text(new.last_error);
  end if;
  return new;
end;
$$;

comment on function toss_private.keep_webhook_erased() is 'Trigger: an event about an erased order is stored without its body.';

create trigger webhook_events_keep_erased_new
  before insert on public.webhook_events
  for each row when (new.order_id is not null or new.payment_key is not null)
  execute function toss_private.keep_webhook_erased();

create trigger webhook_events_keep_erased
  before update on public.webhook_events
  for each row when (new.erased_at is not null)
  execute function toss_private.keep_webhook_erased();

create function toss_private.keep_body_erased()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  -- What is reported of a card that is erased names no order.
  update public.webhook_events as e set erased_at = e.created_at
  where e.id = new.webhook_event_id and e.erased_at is null and exists (
    select 1 from toss_private.billing_keys as k
    join public.billing_methods as m on m.id = k.billing_method_id
    join public.customers as c on c.user_id = m.user_id
    where k.key_digest = new.billing_key_digest and m.created_at <= c.erased_at
  );
  if exists (select 1 from public.webhook_events as e where e.id = new.webhook_event_id and e.erased_at is not null) then
    new.key_id := null;
    new.ciphertext := null;
  end if;
  return new;
end;
$$;

comment on function toss_private.keep_body_erased() is 'Trigger: the body of an erased event is not kept, encrypted or not.';

create trigger webhook_bodies_keep_erased
  before insert on toss_private.webhook_bodies
  for each row when (new.billing_key_digest is not null) execute function toss_private.keep_body_erased();

create view public.webhook_summary
with (security_invoker = true)
as
select
  coalesce(e.event_type, '(none)') as event_type,
  e.status,
  e.verified_by,
  e.last_error as reason,
  count(*) as events,
  sum(e.delivery_count) as deliveries,
  max(e.created_at) as newest
from public.webhook_events as e
where e.created_at > toss_private.clock_now() - interval '7 days'
group by e.event_type, e.status, e.verified_by, e.last_error;

comment on view public.webhook_summary is 'The last seven days of webhooks, counted by type, outcome and reason: shows forged deposits and events of other shops at a glance. Service role only.';

create function toss_private.lock_webhook_subject(locked_subject text)
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('webhook:' || locked_subject, 0));
end;
$$;

comment on function toss_private.lock_webhook_subject(text) is
  'Makes lease decisions about one subject''s events happen one after the other.';

create function toss_private.webhook_subject_is_leased(checked_subject text, at timestamptz)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return exists (
    select 1 from public.webhook_events as e
    where e.subject = checked_subject and e.status = 'processing' and e.lease_expires_at > at
  );
end;
$$;

comment on function toss_private.webhook_subject_is_leased(text, timestamptz) is
  'Whether someone is asking Toss about this subject already.';

create function toss_private.webhook_is_ours(event public.webhook_events)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return exists (select 1 from public.orders as o where o.id = event.order_id)
    or exists (select 1 from public.payments as p where p.payment_key = event.payment_key);
end;
$$;

comment on function toss_private.webhook_is_ours(public.webhook_events) is
  'Whether an event names an order or payment of this project. Anything else needs no question to Toss.';

create function toss_private.digests_are_equal(left_digest text, right_digest text)
returns boolean
language plpgsql
volatile
set search_path = ''
as $$
declare
  -- Hashed again with a salt of this call, so that the time a comparison takes says nothing about the stored one.
  salt constant text := gen_random_uuid();
begin
  return sha256(convert_to(salt || left_digest, 'UTF8')) = sha256(convert_to(salt || right_digest, 'UTF8'));
end;
$$;

comment on function toss_private.digests_are_equal(text, text) is
  'Compares two digests in a time that does not depend on where they differ; null when one is null.';

create function toss_private.deposit_secret_matches(event_order_id text, event_secret_digest text)
returns boolean
language plpgsql
volatile
set search_path = ''
as $$
declare
  paid record;
  is_told boolean := false;
  is_equal boolean := false;
begin
  -- An order can have several payments. Every one is compared, whichever matches.
  for paid in
    select p.method, p.payment_key, d.secret_digest
    from public.payments as p
    left join toss_private.payment_details as d on d.payment_key = p.payment_key
    where p.order_id = event_order_id
  loop
    -- What was paid without an account has no deposit, and no secret of its is kept.
    is_told := is_told or paid.secret_digest is not null
      or coalesce(not toss_private.takes_refund_account(paid.method, paid.payment_key), false);
    is_equal := coalesce(toss_private.digests_are_equal(paid.secret_digest, event_secret_digest), false) or is_equal;
  end loop;
  return case
    when is_equal then true
    when is_told and not toss_private.order_is_busy(event_order_id) then false
  end;
end;
$$;

comment on function toss_private.deposit_secret_matches(text, text) is
  'Whether the secret of a deposit callback is that of one of the order''s payments; null when only Toss can tell.';

create function toss_private.webhook_names_unknown_payment(event_payment_key text)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return event_payment_key is not null
    and not exists (select 1 from public.payments as p where p.payment_key = event_payment_key)
    and not exists (select 1 from public.operations as op where op.payment_key = event_payment_key);
end;
$$;

comment on function toss_private.webhook_names_unknown_payment(text) is
  'Whether a payment key is known from the body of a webhook alone: such keys can be invented without end.';

create function toss_private.webhook_event_view(event public.webhook_events, is_duplicate boolean)
returns jsonb
language plpgsql
volatile
set search_path = ''
as $$
begin
  return (
    select jsonb_build_object(
      'eventId', event.id,
      'eventType', event.event_type,
      'orderId', event.order_id,
      'paymentKey', event.payment_key,
      'verifiedBy', event.verified_by,
      'secretDigest', b.secret_digest,
      'secretMatches', case when b.secret_digest is not null
        then toss_private.deposit_secret_matches(event.order_id, b.secret_digest) end,
      'isOrderBusy', toss_private.order_is_busy(event.order_id),
      'attempts', event.attempts,
      'isDuplicate', is_duplicate,
      -- Whether it has been seen here before, so that no one can have invented it.
      'isKnownPayment', p.payment_key is not null
        or exists (select 1 from public.operations as op where op.payment_key = event.payment_key)
        or (event.payment_key is null
          and exists (select 1 from public.payments as other where other.order_id = event.order_id)),
      'isOurs', o.id is not null or p.payment_key is not null,
      'isClaimed', event.status = 'processing',
      'leaseToken', event.lease_token,
      'askedAt', toss_private.clock_now(),
      -- A payment that is known has its order, whatever order the body names.
      'tossKeys', coalesce(o.toss_keys, 'main'),
      'tossClientKey', o.toss_client_key
    )
    from (select event.id) as e (id)
    left join toss_private.webhook_bodies as b on b.webhook_event_id = e.id
    left join public.payments as p on p.payment_key = event.payment_key
    left join public.orders as o on o.id = coalesce(p.order_id, event.order_id)
  );
end;
$$;

comment on function toss_private.webhook_event_view(public.webhook_events, boolean) is
  'What a processor needs to know; askedAt is taken before Toss is asked.';

-- supabase/schemas/61_webhook_budgets.sql
-- How many questions to Toss strangers can cause: per order, in all, and never a real event's turn.

create function toss_private.webhook_order_is_over_budget(checked_order_id text, at timestamptz)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return toss_private.count_unsigned_questions(checked_order_id, at) >= 5;
end;
$$;

comment on function toss_private.webhook_order_is_over_budget(text, timestamptz) is
  'Whether unsigned events have led to five questions about the order within the last minute, by whatever key, known or invented: more than any buyer makes.';

create function toss_private.webhook_subject_is_over_budget(
  event public.webhook_events, is_unfamiliar boolean, at timestamptz
)
returns boolean
language plpgsql
volatile
set search_path = ''
as $$
declare
  looks_of_minute integer;
  looks_of_hour integer;
begin
  if event.verified_by is not null then
    return false;
  end if;
  if event.asks_toss and is_unfamiliar then
    -- One at a time, so that many that come together cannot all count the same. Always the last lock of its
    -- transaction.
    perform toss_private.lock_webhook_subject('strangers');
    -- The last one is kept for a payment that we know, if there is one.
    return toss_private.count_unsigned_questions(event.order_id, at) >= case
        when exists (select 1 from public.payments as p where p.order_id = event.order_id)
          or exists (
            select 1 from public.operations as op where op.order_id = event.order_id and op.payment_key is not null
          )
        then 4 else 5 end
      or (not event.from_toss and toss_private.webhook_strangers_are_over_budget(at));
  end if;
  -- Sixty within the hour are too many, whenever they were.
  select count(*) filter (where few.leased_at > at - interval '1 minute'), count(*)
  into looks_of_minute, looks_of_hour
  from (
    select e.leased_at from public.webhook_events as e
    where e.subject = event.subject and e.leased_at > at - interval '1 hour'
    limit 60
  ) as few;
  if looks_of_minute >= 20 or looks_of_hour >= 60 then
    return true;
  end if;
  return not event.from_toss and event.asks_toss and event.shares_answer
    and (
      -- Whoever has spent it on invented keys cannot keep the real one waiting.
      (looks_of_minute >= 1 and toss_private.webhook_order_is_over_budget(event.order_id, at))
      or toss_private.webhook_questions_are_many(at)
    );
end;
$$;

comment on function toss_private.webhook_subject_is_over_budget(public.webhook_events, boolean, timestamptz) is
  'Whether Toss has been asked often enough on an unsigned word: five times a minute about an order, by whatever key, the last of them kept for a payment that we know; sixty about all orders for payments that nobody knows, three hundred in all. What Toss''s own senders bring about a payment that we know, and callbacks that know the deposit''s secret, have twenty a minute and sixty an hour of their own. Further events wait for the worker.';

create function toss_private.webhook_is_unfamiliar(event public.webhook_events)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return event.verified_by is null
    and (event.payment_key is null or toss_private.webhook_names_unknown_payment(event.payment_key));
end;
$$;

comment on function toss_private.webhook_is_unfamiliar(public.webhook_events) is
  'Whether nothing but the body of an unsigned event speaks of its payment: such events can be invented without end.';

create function toss_private.count_unsigned_questions(checked_order_id text, at timestamptz)
returns bigint
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select count(*)
    from public.webhook_events as e
    where e.order_id = checked_order_id and e.leased_at > at - interval '1 minute'
      and (e.asked_as_stranger or (
        -- A callback that knows the deposit's secret is no stranger's.
        e.asks_toss and e.shares_answer and coalesce(e.verified_by, 're-query') = 're-query'
      ))
  );
end;
$$;

comment on function toss_private.count_unsigned_questions(text, timestamptz) is
  'How many questions about the order unsigned events have led to within the last minute.';

create function toss_private.webhook_strangers_are_over_budget(at timestamptz)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select count(*) >= 60
    from public.webhook_events as e
    where e.asked_as_stranger and e.leased_at > at - interval '1 minute' and not e.from_toss
  );
end;
$$;

comment on function toss_private.webhook_strangers_are_over_budget(timestamptz) is
  'Whether unsigned events about unknown payments of all orders together have led to sixty questions within the last minute.';

create function toss_private.webhook_questions_are_many(at timestamptz)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select count(*) >= 300 from (
      select from public.webhook_events as e
      where e.leased_at > at - interval '1 minute' and e.leased_at is not null and not e.from_toss
        and e.asks_toss and coalesce(e.verified_by, 're-query') = 're-query'
      limit 300
    ) as few
  );
end;
$$;

comment on function toss_private.webhook_questions_are_many(timestamptz) is
  'Whether unsigned events that do not come from Toss''s own senders have led to three hundred questions within the last minute, about known payments too.';

create function toss_private.count_webhook_looks(looked_subject text, at timestamptz, span interval)
returns integer
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select count(*) from (
      select from public.webhook_events as e
      where e.subject = looked_subject and e.leased_at > at - span
      limit 60
    ) as few
  );
end;
$$;

comment on function toss_private.count_webhook_looks(text, timestamptz, interval) is
  'How many events of a subject have been looked into lately, up to sixty.';

create function toss_private.webhook_pause(
  event public.webhook_events, is_unfamiliar boolean, lease interval, at timestamptz
)
returns interval
language plpgsql
volatile
set search_path = ''
as $$
begin
  -- Whoever is asking now looks again for events that came after its question.
  if toss_private.webhook_subject_is_leased(event.subject, at) then
    return lease;
  end if;
  if toss_private.webhook_subject_is_over_budget(event, is_unfamiliar, at)
    -- Toss delivers at most eight times, hours apart; whoever repeats more often waits for the worker.
    or (event.delivery_count > 8 and event.verified_by is null and event.leased_at > at - interval '1 minute')
  then
    return interval '1 minute';
  end if;
  return null;
end;
$$;

comment on function toss_private.webhook_pause(public.webhook_events, boolean, interval, timestamptz) is
  'How long an event waits for the worker: while somebody asks about its subject, and while the budget of questions is spent; null when Toss may be asked now. The caller holds the subject''s lock.';

create function toss_private.lease_webhook_event(
  event_id uuid, token uuid, lease interval, at timestamptz
)
returns public.webhook_events
language plpgsql
volatile
set search_path = ''
as $$
declare
  leased public.webhook_events;
begin
  update public.webhook_events as e
  set status = 'processing', lease_token = token, lease_expires_at = at + lease, leased_at = at,
    next_attempt_at = at + lease, attempts = e.attempts + 1,
    asked_as_stranger = e.asks_toss and toss_private.webhook_is_unfamiliar(e)
  where e.id = event_id
  returning e.* into leased;
  return leased;
end;
$$;

comment on function toss_private.lease_webhook_event(uuid, uuid, interval, timestamptz) is
  'Hands an event to one processor and notes whether its question is one of a stranger''s; the caller holds the subject''s lock.';

create function toss_private.webhook_refusal(request jsonb, event public.webhook_events)
returns text
language plpgsql
volatile
set search_path = ''
as $$
begin
  if request ->> 'ignoredReason' is not null then
    return request ->> 'ignoredReason';
  end if;
  if request ->> 'billingKeyDigest' is not null then
    return case when not exists (
      select 1 from toss_private.billing_keys as k where k.key_digest = request ->> 'billingKeyDigest'
    ) then 'the billing key is not known here' end;
  end if;
  if not coalesce((request ->> 'asksToss')::boolean, true) then
    return null;
  end if;
  if not toss_private.webhook_is_ours(event) then
    return case when event.transaction_key is not null then 'the cancel is not known here'
      else 'names no order and no payment of this project' end;
  end if;
  if request ->> 'secretDigest' is not null then
    if not toss_private.deposit_secret_matches(event.order_id, request ->> 'secretDigest') then
      return 'the secret is not that of the order''s payment';
    end if;
    -- None of them serves for another. The true one comes again, and the sweep asks without it.
    if event.payment_key is null and (
      select count(*) >= 20 from public.webhook_events as e
      where e.order_id = event.order_id and not e.shares_answer and e.status in ('received', 'failed')
    ) then
      return 'too many deposit callbacks of the order wait already';
    end if;
  end if;
  return null;
end;
$$;

comment on function toss_private.webhook_refusal(jsonb, public.webhook_events) is
  'Why an event needs no processing, null when it does. None of these reasons costs a question to Toss.';

-- supabase/schemas/62_webhook_receive.sql
-- A webhook arrives: known again, counted, stored or refused.

create function toss_private.shorten_webhook_payload(payload jsonb)
returns jsonb
language plpgsql
immutable
set search_path = ''
as $$
begin
  return case when octet_length(payload::text) <= 4096 then payload else jsonb_strip_nulls(jsonb_build_object(
    'shortened', true, 'bytes', octet_length(payload::text),
    'eventType', left(payload ->> 'eventType', 100), 'createdAt', left(payload ->> 'createdAt', 40)
  )) end;
end;
$$;

comment on function toss_private.shorten_webhook_payload(jsonb) is
  'A payload as it is kept while nothing proves it: above 4 KB only its size and name. Toss''s own bodies stay below, but for payments with several cancels.';

create function toss_private.unproven_webhooks_are_many(at timestamptz)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select count(*) >= 100 from (
      select from public.webhook_events as e
      where e.status = 'ignored' and e.verified_by is null and e.created_at > at - interval '1 hour'
      limit 100
    ) as few
  );
end;
$$;

comment on function toss_private.unproven_webhooks_are_many(timestamptz) is
  'Whether a hundred events without proof of the last hour stand in rows of their own already.';

create function toss_private.count_unproven_webhook(reason text, at timestamptz, deliveries integer)
returns public.webhook_events
language plpgsql
volatile
set search_path = ''
as $$
declare
  counted public.webhook_events;
begin
  insert into public.webhook_events as e (
    dedupe_key, asks_toss, shares_answer, payload, delivery_count, status, last_error, processed_at, next_attempt_at,
    received_at, created_at
  ) values (
    format('unproven:%s:%s', md5(reason), to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24')), false, false,
    jsonb_build_object('note', 'counts the events without proof of this hour beyond the first hundred'),
    deliveries, 'ignored', reason, at, at, at, at
  )
  on conflict (dedupe_key) do update set delivery_count = e.delivery_count + excluded.delivery_count
  returning e.* into counted;
  return counted;
end;
$$;

comment on function toss_private.count_unproven_webhook(text, timestamptz, integer) is
  'Counts an event that is ignored without proof in one row for its reason and hour.';

create function toss_private.fold_webhook_event(folded_subject text, kept integer, at timestamptz)
returns public.webhook_events
language plpgsql
volatile
set search_path = ''
as $$
declare
  folded public.webhook_events;
begin
  select e.* into folded from public.webhook_events as e
  where e.subject = folded_subject and e.status in ('received', 'failed') and e.shares_answer
    and e.verified_by is null
  order by e.received_at desc
  offset kept - 1 limit 1;
  if not found then
    return null;
  end if;
  update public.webhook_events as e
  set delivery_count = e.delivery_count + 1, received_at = at
  where e.id = folded.id
  returning e.* into folded;
  return folded;
end;
$$;

comment on function toss_private.fold_webhook_event(text, integer, timestamptz) is
  'Counts an unsigned event with one of its subject that waits already, whose answer serves both, when so many wait; an empty row when it needs one of its own.';

create function toss_private.drop_unproven_bodies(ended_subject text)
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  delete from toss_private.webhook_bodies as b
  using public.webhook_events as e
  where e.subject = ended_subject and e.status = 'ignored' and e.verified_by is null
    and b.webhook_event_id = e.id;
end;
$$;

comment on function toss_private.drop_unproven_bodies(text) is
  'Removes what is stored beside a subject''s events that were ignored without proof.';

create function toss_private.trim_unproven_webhooks(at timestamptz)
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  surplus public.webhook_events;
begin
  if not toss_private.unproven_webhooks_are_many(at) then
    return;
  end if;
  for surplus in
    delete from public.webhook_events as e
    where e.id in (
      select beyond.id from (
        select u.id, u.leased_at from public.webhook_events as u
        where u.status = 'ignored' and u.verified_by is null and u.created_at > at - interval '1 hour'
          and u.dedupe_key not like 'unproven:%'
        order by u.created_at
        offset 100
      ) as beyond
      -- Until then they count as questions of this minute.
      where coalesce(beyond.leased_at < at - interval '1 minute', true)
    )
    and not exists (select 1 from public.outbox_events as o where o.webhook_event_id = e.id)
    returning e.*
  loop
    perform toss_private.count_unproven_webhook(surplus.last_error, at, surplus.delivery_count);
  end loop;
end;
$$;

comment on function toss_private.trim_unproven_webhooks(timestamptz) is
  'Counts the events of the last hour that ended ignored without proof beyond the first hundred, instead of keeping them.';

create function toss_private.store_webhook_event(request jsonb, at timestamptz)
returns public.webhook_events
language plpgsql
volatile
set search_path = ''
as $$
declare
  is_proven constant boolean := request ->> 'verifiedBy' is not null;
  lease constant interval := make_interval(secs => (request ->> 'leaseSeconds')::double precision);
  names_unknown boolean := false;
  is_unfamiliar boolean;
  is_kept_whole boolean;
  looks integer := 0;
  event public.webhook_events;
  refusal text;
  pause interval;
  is_leased boolean := false;
begin
  -- First the delivery's own name, then one subject: whoever sends two bodies under one transmission id would else
  -- hold a subject while it waits for the row of the other, which waits for the subject.
  perform pg_advisory_xact_lock(hashtextextended('delivery:' || (request ->> 'dedupeKey'), 0));
  if exists (select 1 from public.webhook_events as e where e.dedupe_key = request ->> 'dedupeKey') then
    return null;
  end if;
  event := toss_private.identify_webhook_event(request, at);
  refusal := toss_private.webhook_refusal(request, event);
  -- What Toss is asked about is as true as its answer. Nothing but its signature stands behind the rest.
  if refusal is null and not event.asks_toss and request ->> 'billingKeyDigest' is null
    and toss_private.webhook_is_late(request, at)
  then
    refusal := 'was signed too long ago to be new';
  end if;

  if refusal is null then
    perform toss_private.lock_webhook_subject(event.subject);
    if not is_proven then
      if event.payment_key is not null then
        names_unknown := toss_private.webhook_names_unknown_payment(event.payment_key);
        looks := toss_private.count_webhook_looks(event.payment_key, at, '1 hour');
      end if;
      if event.shares_answer and coalesce(event.payment_key, event.order_id) is not null then
        -- Whoever looks later needs one of them. A burst about a payment that we know is Toss's more likely than not.
        event := coalesce(toss_private.fold_webhook_event(
          event.subject, case when event.payment_key is null or names_unknown or looks >= 20 then 2 else 30 end, at
        ), event);
        if event.id is not null then
          return event;
        end if;
      end if;
    end if;
    is_unfamiliar := not is_proven and (event.payment_key is null or names_unknown);
    pause := toss_private.webhook_pause(event, is_unfamiliar, lease, at);
    is_leased := pause is null;
  elsif not is_proven and toss_private.unproven_webhooks_are_many(at) then
    return toss_private.count_unproven_webhook(refusal, at, 1);
  end if;

  -- A payment's own buyer can repeat its events without end.
  is_kept_whole := is_proven or (refusal is null and event.payment_key is not null and not names_unknown and looks < 20);
  insert into public.webhook_events as e (
    dedupe_key, transmission_id, retried_count, event_type, order_id, payment_key, transaction_key,
    entity_id, asks_toss, shares_answer, from_toss, payload, verified_by, status, last_error, processed_at,
    lease_token, lease_expires_at, leased_at, attempts, asked_as_stranger, next_attempt_at, received_at, created_at
  ) values (
    event.dedupe_key, request ->> 'transmissionId', coalesce((request ->> 'retriedCount')::integer, 0),
    request ->> 'eventType', event.order_id, event.payment_key, event.transaction_key, request ->> 'entityId',
    event.asks_toss, event.shares_answer, event.from_toss,
    jsonb_strip_nulls(case when is_kept_whole then request -> 'payload'
      else toss_private.shorten_webhook_payload(request -> 'payload') end),
    event.verified_by,
    case when refusal is not null then 'ignored' when is_leased then 'processing' else 'received' end, refusal,
    case when refusal is not null then at end, case when is_leased then (request ->> 'leaseToken')::uuid end,
    case when is_leased then at + lease end, case when is_leased then at end, is_leased::integer,
    is_leased and event.asks_toss and is_unfamiliar,
    case when refusal is not null then at else at + coalesce(pause, lease) end, at, at
  )
  on conflict (dedupe_key) do nothing
  returning * into event;
  if event.id is not null and (refusal is null or is_proven) then
    insert into toss_private.webhook_bodies (webhook_event_id, key_id, ciphertext, secret_digest, billing_key_digest)
    values (
      event.id, case when is_kept_whole and event.erased_at is null then request ->> 'keyId' end,
      case when is_kept_whole and event.erased_at is null then decode(request ->> 'ciphertext', 'base64') end, request ->> 'secretDigest',
      request ->> 'billingKeyDigest'
    );
  end if;
  return event;
end;
$$;

comment on function toss_private.store_webhook_event(jsonb, timestamptz) is
  'Writes the row of a delivery, leased at once where Toss may be asked, and its encrypted body when it is signed or about a payment that we know; the row that counts it where it needs none of its own; an empty row when it stands already.';

create function toss_private.identify_webhook_event(request jsonb, at timestamptz)
returns public.webhook_events
language plpgsql
volatile
set search_path = ''
as $$
declare
  event public.webhook_events;
begin
  event.dedupe_key := request ->> 'dedupeKey';
  event.order_id := request ->> 'orderId';
  event.payment_key := request ->> 'paymentKey';
  event.transaction_key := request ->> 'transactionKey';
  event.verified_by := request ->> 'verifiedBy';
  event.from_toss := coalesce((request ->> 'fromToss')::boolean, false);
  event.asks_toss := coalesce((request ->> 'asksToss')::boolean, true);
  event.shares_answer := event.asks_toss and request ->> 'secretDigest' is null;
  event.delivery_count := 1;

  if not event.asks_toss then
    event.subject := event.dedupe_key;
    return event;
  end if;
  if event.payment_key is null and event.transaction_key is not null then
    -- A cancel of an asynchronous payment method names nothing but itself.
    perform toss_private.lock_cancel(event.transaction_key);
    select k.payment_key, coalesce(p.order_id, event.order_id) into event.payment_key, event.order_id
    from (select event.transaction_key) as named (transaction_key)
    left join public.payment_cancels as k on k.transaction_key = named.transaction_key
    left join public.payments as p on p.payment_key = k.payment_key;
  elsif request ->> 'secretDigest' is not null then
    -- Only a payment whose secret the body knows is taken from it.
    event.payment_key := (
      select d.payment_key
      from toss_private.payment_details as d
      join public.payments as p on p.payment_key = d.payment_key
      where p.order_id = event.order_id
        and toss_private.digests_are_equal(d.secret_digest, request ->> 'secretDigest')
      limit 1
    );
  elsif event.order_id is not null and event.verified_by is null
    and toss_private.webhook_names_unknown_payment(event.payment_key)
  then
    -- Each invented payment is a subject of its own; the budget is counted per order, one at a time. Beyond it,
    -- one question about the order serves all.
    perform toss_private.lock_webhook_subject('order ' || event.order_id);
    if toss_private.webhook_order_is_over_budget(event.order_id, at) then
      event.payment_key := null;
    end if;
  end if;
  event.subject := coalesce(event.payment_key, event.order_id, event.dedupe_key);
  return event;
end;
$$;

comment on function toss_private.identify_webhook_event(jsonb, timestamptz) is
  'A delivery as a row that is not stored yet: which order and payment it is about, as it says, through its cancel, or through its secret.';

create function toss_private.count_webhook_repeat(request jsonb, at timestamptz)
returns public.webhook_events
language plpgsql
volatile
set search_path = ''
as $$
declare
  repeated public.webhook_events;
begin
  -- Subject first, then its rows, as in finish_webhook_event; the other way round the two could deadlock.
  perform toss_private.lock_webhook_subject(e.subject)
  from public.webhook_events as e where e.dedupe_key = request ->> 'dedupeKey';
  update public.webhook_events as e
  set delivery_count = e.delivery_count + 1,
    retried_count = greatest(e.retried_count, coalesce((request ->> 'retriedCount')::integer, 0)),
    -- Toss delivering again is a reason to look again at what we could not finish.
    status = case when e.status in ('failed', 'dead') then 'received' else e.status end,
    attempts = case when e.status in ('failed', 'dead') then 0 else e.attempts end,
    next_attempt_at = case when e.status in ('failed', 'dead') then at else e.next_attempt_at end,
    received_at = case when e.status in ('failed', 'dead') then at else e.received_at end
  where e.dedupe_key = request ->> 'dedupeKey'
  returning * into repeated;
  return repeated;
end;
$$;

comment on function toss_private.count_webhook_repeat(jsonb, timestamptz) is
  'Counts a delivery that stands already, and arms it again when it had failed or was given up.';

create function toss_private.webhook_is_late(request jsonb, at timestamptz)
returns boolean
language plpgsql
immutable
set search_path = ''
as $$
declare
  repeats constant integer := least(coalesce((request ->> 'retriedCount')::integer, 0), 7);
  signed_at constant timestamptz := (request ->> 'signedAt')::timestamptz;
begin
  -- Toss repeats after 1, 4, 16 … minutes, and does not say whether a repeat is signed anew: it may be as late as the
  -- repeats before it took.
  return coalesce(at - signed_at > interval '15 minutes' + ((4 ^ repeats - 1) / 3) * interval '1 minute', false);
end;
$$;

comment on function toss_private.webhook_is_late(jsonb, timestamptz) is
  'Whether a delivery comes more than 15 minutes after the time that its signature covers, beyond what Toss''s own repeats take.';

create function public.receive_webhook_event(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  lease constant interval := make_interval(secs => (request ->> 'leaseSeconds')::double precision);
  present constant timestamptz := toss_private.clock_now();
  event public.webhook_events;
  is_duplicate boolean := false;
  pause interval;
begin
  event := toss_private.store_webhook_event(request, present);
  if event.id is null then
    is_duplicate := true;
    event := toss_private.count_webhook_repeat(request, present);
  end if;
  -- A new one has its turn or its pause already.
  if event.status = 'received' and (is_duplicate or event.created_at <> present) then
    perform toss_private.lock_webhook_subject(event.subject);
    pause := toss_private.webhook_pause(event, toss_private.webhook_is_unfamiliar(event), lease, present);
    if pause is null then
      event := toss_private.lease_webhook_event(event.id, (request ->> 'leaseToken')::uuid, lease, present);
    else
      update public.webhook_events as e set next_attempt_at = present + pause where e.id = event.id
      returning * into event;
    end if;
  end if;
  return toss_private.webhook_event_view(event, is_duplicate)
    -- What was leased before is somebody else's to process.
    || jsonb_build_object('isClaimed', event.status = 'processing' and event.leased_at = present);
end;
$$;

comment on function public.receive_webhook_event(jsonb) is
  'Stores one delivery in one round trip and leases it to the caller when nobody asks Toss about the same subject and its budget of questions allows. Repeats are counted; a repeat of a failed or dead event arms it again.';

-- supabase/schemas/63_webhook_finish.sql
-- A webhook's end, the worker's claim, and replays.

create function toss_private.end_covered_webhook_events(ended public.webhook_events, request jsonb, at timestamptz)
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  asked_time constant timestamptz := (request ->> 'askedAt')::timestamptz;
begin
  -- What was wrong with one body says nothing about the others; an answer of Toss about the subject does.
  if ended.shares_answer or ended.status = 'processed' then
    update public.webhook_events as e
    set status = ended.status, last_error = ended.last_error, processed_at = at,
      verified_by = coalesce(e.verified_by, case when ended.status = 'processed' then 're-query' end)
    where e.subject = ended.subject and e.shares_answer and e.status in ('received', 'failed')
      and e.received_at <= asked_time;
  end if;

  -- The answer told the true secret, or that there is none: that settles every deposit callback that waits.
  if request ? 'answerSecretDigest' and not toss_private.order_is_busy(ended.order_id) then
    update public.webhook_events as e
    set status = 'ignored', processed_at = at,
      last_error = 'the secret is not that of the order''s payment'
    from toss_private.webhook_bodies as b
    where e.subject = ended.subject and not e.shares_answer and e.status in ('received', 'failed')
      and e.received_at <= asked_time and b.webhook_event_id = e.id
      and not coalesce(toss_private.digests_are_equal(b.secret_digest, request ->> 'answerSecretDigest'), false);
  end if;
end;
$$;

comment on function toss_private.end_covered_webhook_events(public.webhook_events, jsonb, timestamptz) is
  'Ends the events of a subject that had arrived before the question whose answer ended one of them.';

create function toss_private.lease_following_webhook_event(
  ended public.webhook_events, token uuid, lease interval, at timestamptz
)
returns public.webhook_events
language plpgsql
volatile
set search_path = ''
as $$
declare
  following public.webhook_events;
begin
  select * into following from public.webhook_events as e
  where e.subject = ended.subject and e.status in ('received', 'failed')
  order by e.received_at desc
  limit 1
  for update;
  if not found
    or toss_private.webhook_subject_is_over_budget(following, toss_private.webhook_is_unfamiliar(following), at)
  then
    return null;
  end if;
  return toss_private.lease_webhook_event(following.id, token, lease, at);
end;
$$;

comment on function toss_private.lease_following_webhook_event(public.webhook_events, uuid, interval, timestamptz) is
  'Leases the newest event of the subject that still waits, unless Toss has been asked too often already.';

create function public.finish_webhook_event(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  token constant uuid := (request ->> 'leaseToken')::uuid;
  lease constant interval := make_interval(secs => (request ->> 'leaseSeconds')::double precision);
  retry_time timestamptz;
  present timestamptz;
  event public.webhook_events;
  following public.webhook_events;
begin
  select * into event from public.webhook_events as e where e.id = (request ->> 'eventId')::uuid;
  if not found then
    return jsonb_build_object('outcome', 'event_not_found');
  end if;
  perform toss_private.lock_webhook_subject(event.subject);
  present := toss_private.clock_now();
  retry_time := present + make_interval(secs => coalesce((request ->> 'retryAfterSeconds')::double precision, 0));

  update public.webhook_events as e
  set status = case
      when request ->> 'status' = 'failed' and e.attempts >= (request ->> 'maximumAttempts')::integer then 'dead'
      else request ->> 'status' end,
    last_error = left(request ->> 'reason', 1000),
    verified_by = coalesce(e.verified_by, request ->> 'verifiedBy'),
    processed_at = case when request ->> 'status' = 'failed' then null else present end,
    lease_token = null,
    lease_expires_at = null,
    next_attempt_at = retry_time
  where e.id = event.id and e.status = 'processing' and e.lease_token = token
  returning * into event;
  if not found then
    return jsonb_build_object('outcome', 'lease_lost');
  end if;

  if request ->> 'status' = 'failed' then
    update public.webhook_events as e
    set next_attempt_at = greatest(e.next_attempt_at, retry_time)
    where e.subject = event.subject and e.status = 'received';
    return jsonb_build_object('outcome', event.status);
  end if;

  -- Mostly nothing else of the subject waits.
  if event.status = 'processed' and not exists (
    select 1 from public.webhook_events as e where e.subject = event.subject and e.status in ('received', 'failed')
  ) then
    return jsonb_build_object('outcome', event.status);
  end if;
  perform toss_private.end_covered_webhook_events(event, request, present);
  perform toss_private.drop_unproven_bodies(event.subject);
  following := toss_private.lease_following_webhook_event(event, token, lease, present);
  if following.id is not null then
    return jsonb_build_object(
      'outcome', event.status, 'following', toss_private.webhook_event_view(following, false)
    );
  end if;
  return jsonb_build_object('outcome', event.status);
end;
$$;

comment on function public.finish_webhook_event(jsonb) is
  'Ends a leased event and all that its answer covers, and removes the bodies of those that were ignored without proof. When newer events of the same subject came meanwhile, the newest is leased to the caller as `following`. Outcomes: processed, ignored, failed, dead, lease_lost, event_not_found.';

create function public.claim_webhook_events(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  token constant uuid := (request ->> 'leaseToken')::uuid;
  lease constant interval := make_interval(secs => (request ->> 'leaseSeconds')::double precision);
  due_time constant timestamptz := coalesce((request ->> 'asOf')::timestamptz, toss_private.clock_now());
  wanted constant integer := (request ->> 'limit')::integer;
  candidate public.webhook_events;
  claimed jsonb := '[]';
begin
  perform toss_private.trim_unproven_webhooks(toss_private.clock_now());
  for candidate in
    select e.*
    from public.webhook_events as e
    -- One event asks for its whole subject, so that many of one subject cannot keep the others out.
    where e.id in (
      select distinct on (due.subject) due.id
      from public.webhook_events as due
      where due.next_attempt_at <= due_time
        and (
          due.status in ('received', 'failed')
          or (due.status = 'processing' and due.lease_expires_at <= due_time)
        )
      order by due.subject, due.received_at desc
    )
    -- What is signed or about payments that we know goes first, then what Toss's own senders brought, so that
    -- forged events cannot keep them waiting.
    order by toss_private.webhook_is_unfamiliar(e), not e.from_toss, e.next_attempt_at
    limit wanted * 2
    for update of e skip locked
  loop
    exit when jsonb_array_length(claimed) >= wanted;
    if not pg_try_advisory_xact_lock(hashtextextended('webhook:' || candidate.subject, 0))
      or toss_private.webhook_subject_is_leased(candidate.subject, due_time)
      -- Taken and given back between the choice and the lock.
      or candidate.status not in ('received', 'failed', 'processing')
    then
      continue;
    end if;
    -- One question of the worker about a payment that we know goes beyond its order's budget, or whoever spends that
    -- could keep it waiting.
    if candidate.asks_toss and (case when toss_private.webhook_is_unfamiliar(candidate)
      then toss_private.webhook_subject_is_over_budget(candidate, true, toss_private.clock_now())
      else candidate.verified_by is null and not candidate.from_toss
        and (toss_private.webhook_questions_are_many(toss_private.clock_now())
          or toss_private.count_webhook_looks(candidate.subject, toss_private.clock_now(), '1 minute') >= 5) end)
    then
      update public.webhook_events as e set next_attempt_at = toss_private.clock_now() + interval '1 minute'
      where e.subject = candidate.subject and e.status in ('received', 'failed');
      continue;
    end if;
    candidate := toss_private.lease_webhook_event(candidate.id, token, lease, toss_private.clock_now());
    claimed := claimed || toss_private.webhook_event_view(candidate, false);
  end loop;
  return jsonb_build_object('events', claimed, 'remaining', (
    select count(*) from public.webhook_events as e
    where e.next_attempt_at <= due_time
      and (e.status in ('received', 'failed') or (e.status = 'processing' and e.lease_expires_at <= due_time))
      and e.lease_token is distinct from token
  ));
end;
$$;

comment on function public.claim_webhook_events(jsonb) is
  'Leases up to `limit` waiting events, one per subject, within the budgets for what strangers say; events whose processor was cut are taken again when its lease has passed.';

create function public.record_webhook_event(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  event public.webhook_events;
  is_new boolean;
begin
  select * into event from public.webhook_events as e where e.id = (request ->> 'eventId')::uuid;
  if not found then
    return jsonb_build_object('outcome', 'event_not_found');
  end if;
  is_new := toss_private.write_outbox_event(jsonb_build_object(
    'eventType', event.event_type,
    'subject', coalesce(event.entity_id, event.payment_key, event.order_id, event.transmission_id, event.id::text),
    'webhookEventId', event.id,
    'payload', jsonb_build_object(
      'verified', event.verified_by is not null, 'verifiedBy', event.verified_by,
      'receivedAt', event.created_at, 'body', event.payload
    )
  ));
  return jsonb_build_object('outcome', case when is_new then 'recorded' else 'unchanged' end);
end;
$$;

comment on function public.record_webhook_event(jsonb) is
  'Hands an event that changes nothing here on to other systems; once, however often it is called. Key: eventId. Outcomes: recorded, unchanged, event_not_found.';

create function public.replay_webhook_events(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  present constant timestamptz := toss_private.clock_now();
  replayed integer;
begin
  if not (request ?| array['eventId', 'orderId', 'paymentKey', 'from', 'status']) then
    return jsonb_build_object('outcome', 'nothing_named');
  end if;
  with named as (
    select e.id
    from public.webhook_events as e
    where e.status <> 'processing'
      and (not request ? 'eventId' or e.id = (request ->> 'eventId')::uuid)
      and (not request ? 'orderId' or e.order_id = request ->> 'orderId')
      and (not request ? 'paymentKey' or e.payment_key = request ->> 'paymentKey')
      and (not request ? 'status' or e.status = request ->> 'status')
      and (not request ? 'from' or e.created_at >= (request ->> 'from')::timestamptz)
      and (not request ? 'to' or e.created_at < (request ->> 'to')::timestamptz)
    -- A row that someone is just finishing needs no replay, and waiting for it could deadlock.
    for update skip locked
  )
  update public.webhook_events as e
  set status = 'received', attempts = 0, next_attempt_at = present, received_at = present,
    processed_at = null, last_error = null
  from named
  where e.id = named.id;
  get diagnostics replayed = row_count;
  return jsonb_build_object('outcome', 'replayed', 'events', replayed);
end;
$$;

comment on function public.replay_webhook_events(jsonb) is
  'Arms events again: by eventId, orderId, paymentKey, status, or created from/to (combined with and). Safe on processed events: each only makes the worker ask Toss again.';

-- supabase/schemas/64_webhook_endpoints.sql
-- Where a shop wants to hear of events, and the secrets that sign them.

create table public.webhook_endpoints (
  id uuid primary key,
  url text not null,
  event_types text[],
  status text not null default 'active',
  description text,
  created_at timestamptz not null,
  disabled_at timestamptz,
  disabled_reason text,
  enabled_at timestamptz not null,
  failing_since timestamptz,
  last_failed_at timestamptz,
  failures_in_row integer not null default 0,
  constraint webhook_endpoints_url_length check (char_length(url) between 1 and 2048),
  constraint webhook_endpoints_status_known check (status in ('active', 'disabled')),
  constraint webhook_endpoints_description_length check (char_length(description) <= 200),
  constraint webhook_endpoints_disabled_with_reason check (
    (status = 'disabled') = (disabled_at is not null) and (status = 'disabled') = (disabled_reason is not null)
  ),
  constraint webhook_endpoints_reason_known check (disabled_reason in ('by_operator', 'failed_for_five_days')),
  constraint webhook_endpoints_failures_not_negative check (failures_in_row >= 0)
);

alter table public.webhook_endpoints enable row level security;

comment on table public.webhook_endpoints is
  'Addresses that events are sent to, docs/events.md. Made and changed through the function webhook-endpoints. Service role only.';
comment on column public.webhook_endpoints.event_types is 'Which types it gets; null = all.';
comment on column public.webhook_endpoints.disabled_reason is 'by_operator or failed_for_five_days; a disabled endpoint gets nothing, and what waits for it stays.';
comment on column public.webhook_endpoints.enabled_at is 'Since when events are queued for it.';
comment on column public.webhook_endpoints.failing_since is 'The first failure since the last success; null = the last attempt succeeded.';
comment on column public.webhook_endpoints.last_failed_at is 'The last failure since the last success.';

create table toss_private.endpoint_secrets (
  id uuid primary key,
  endpoint_id uuid not null references public.webhook_endpoints (id),
  key_id text not null,
  ciphertext text not null,
  created_at timestamptz not null,
  expires_at timestamptz
);

alter table toss_private.endpoint_secrets enable row level security;

comment on table toss_private.endpoint_secrets is
  'The secrets of endpoints, encrypted and bound to their row; shown once, when they are made.';
comment on column toss_private.endpoint_secrets.expires_at is 'Until then a replaced one signs beside its successor; null = the present one.';

create unique index endpoint_secrets_one_present on toss_private.endpoint_secrets (endpoint_id) where expires_at is null;
create index endpoint_secrets_endpoint_id on toss_private.endpoint_secrets (endpoint_id);

create function toss_private.endpoint_view(viewed public.webhook_endpoints)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return jsonb_build_object(
    'id', viewed.id, 'url', viewed.url, 'eventTypes', viewed.event_types, 'status', viewed.status,
    'description', viewed.description, 'createdAt', viewed.created_at, 'disabledAt', viewed.disabled_at,
    'disabledReason', viewed.disabled_reason
  );
end;
$$;

comment on function toss_private.endpoint_view(public.webhook_endpoints) is 'What webhook-endpoints answers for an endpoint.';

create function toss_private.store_endpoint_secret(owner_id uuid, request jsonb)
returns void
language plpgsql
set search_path = ''
as $$
begin
  insert into toss_private.endpoint_secrets (id, endpoint_id, key_id, ciphertext, created_at)
  values (
    (request ->> 'secretId')::uuid, owner_id, request ->> 'keyId', request ->> 'ciphertext', toss_private.clock_now()
  );
end;
$$;

comment on function toss_private.store_endpoint_secret(uuid, jsonb) is
  'Keeps the present secret of an endpoint. Keys: secretId, keyId, ciphertext.';

create function public.create_webhook_endpoint(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  present constant timestamptz := toss_private.clock_now();
  made public.webhook_endpoints;
begin
  -- Every run looks at each of them.
  if (select count(*) from public.webhook_endpoints as e where e.status = 'active') >= 50 then
    return jsonb_build_object('outcome', 'too_many_endpoints');
  end if;
  insert into public.webhook_endpoints (id, url, event_types, description, created_at, enabled_at)
  values (
    (request ->> 'endpointId')::uuid, request ->> 'url', case
      when jsonb_typeof(request -> 'eventTypes') = 'array'
        then array(select jsonb_array_elements_text(request -> 'eventTypes')) end,
    request ->> 'description', present, present
  )
  returning * into made;
  perform toss_private.store_endpoint_secret(made.id, request);
  return jsonb_build_object('outcome', 'created', 'endpoint', toss_private.endpoint_view(made));
end;
$$;

comment on function public.create_webhook_endpoint(jsonb) is
  'Makes an endpoint and keeps its secret. Keys: endpointId, url, eventTypes, description, secretId, keyId, ciphertext. Outcomes: created, too_many_endpoints (50 are active).';

create function public.change_webhook_endpoint(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  present constant timestamptz := toss_private.clock_now();
  changed public.webhook_endpoints;
begin
  select * into changed from public.webhook_endpoints as e
  where e.id = (request ->> 'endpointId')::uuid
  for no key update;
  if not found then
    return jsonb_build_object('outcome', 'endpoint_not_found');
  end if;
  case request ->> 'action'
    when 'rotate' then
      -- At most two sign: whoever rotates twice within a day means that the first one is known to others.
      delete from toss_private.endpoint_secrets as s where s.endpoint_id = changed.id and s.expires_at is not null;
      update toss_private.endpoint_secrets as s set expires_at = present + interval '24 hours'
      where s.endpoint_id = changed.id;
      perform toss_private.store_endpoint_secret(changed.id, request);
    when 'test' then
      if changed.status <> 'active' then
        return jsonb_build_object('outcome', 'endpoint_disabled');
      end if;
      perform toss_private.write_outbox_event(jsonb_build_object(
        'eventType', 'webhook.test', 'subject', changed.id,
        'payload', jsonb_build_object('endpointId', changed.id)
      ));
    when 'disable' then
      update public.webhook_endpoints as e
      set status = 'disabled', disabled_at = coalesce(e.disabled_at, present), disabled_reason = 'by_operator'
      where e.id = changed.id
      returning * into changed;
    when 'enable' then
      -- What waits is tried at once.
      update public.webhook_deliveries as d set next_attempt_at = present
      where d.endpoint_id = changed.id and d.status = 'pending' and d.next_attempt_at > present;
      update public.webhook_endpoints as e
      set status = 'active', disabled_at = null, disabled_reason = null, failing_since = null, last_failed_at = null,
        failures_in_row = 0,
        enabled_at = case e.status when 'disabled' then present else e.enabled_at end
      where e.id = changed.id
      returning * into changed;
  end case;
  return jsonb_build_object('outcome', 'changed', 'endpoint', toss_private.endpoint_view(changed));
end;
$$;

comment on function public.change_webhook_endpoint(jsonb) is
  'Rotates the secret of an endpoint (secretId, keyId, ciphertext; the old one signs for 24 hours more), sends it a test event, disables or enables it. Keys: endpointId, action. Outcomes: changed, endpoint_not_found, endpoint_disabled.';

-- supabase/schemas/65_webhook_deliveries.sql
-- Which event goes to which endpoint: one row each, written with the event.

create table public.webhook_deliveries (
  id uuid primary key default gen_random_uuid(),
  event_id uuid not null references public.outbox_events (id),
  endpoint_id uuid not null references public.webhook_endpoints (id),
  status text not null default 'pending',
  attempts integer not null default 0,
  next_attempt_at timestamptz,
  response_status integer,
  duration_ms integer,
  last_error text,
  created_at timestamptz not null,
  finished_at timestamptz,
  replayed_at timestamptz,
  event_sequence bigint not null,
  stream text not null,
  lease_token uuid,
  lease_expires_at timestamptz,
  constraint webhook_deliveries_once_per_endpoint unique (event_id, endpoint_id),
  constraint webhook_deliveries_status_known check (status in ('pending', 'delivered', 'failed')),
  constraint webhook_deliveries_pending_is_due check ((status = 'pending') = (next_attempt_at is not null)),
  constraint webhook_deliveries_finished_when_over check ((status = 'pending') = (finished_at is null)),
  -- Nothing else is a proof that a receiver has it.
  constraint webhook_deliveries_delivered_was_answered check (status <> 'delivered' or coalesce(response_status between 200 and 299, false)),
  constraint webhook_deliveries_attempts_not_negative check (attempts >= 0),
  constraint webhook_deliveries_last_error_length check (char_length(last_error) <= 300)
);

alter table public.webhook_deliveries enable row level security;

comment on table public.webhook_deliveries is
  'Every event for every endpoint that wants it: pending until the receiver answers 2xx (delivered) or the last of ten attempts has failed (failed). Service role only.';
comment on column public.webhook_deliveries.response_status is 'HTTP status of the last answer; null when there was none.';
comment on column public.webhook_deliveries.last_error is 'Why the last attempt failed, in our words; nothing of the answer''s body.';
comment on column public.webhook_deliveries.replayed_at is 'When an operator had it sent again.';
comment on column public.webhook_deliveries.stream is 'As outbox_events.stream: within it, an endpoint gets one event after the other.';

create index webhook_deliveries_due on public.webhook_deliveries (endpoint_id, next_attempt_at, event_sequence)
  where status = 'pending';
create index webhook_deliveries_stream on public.webhook_deliveries (endpoint_id, stream, event_sequence)
  where status = 'pending';
create index webhook_deliveries_leased on public.webhook_deliveries (endpoint_id, lease_expires_at)
  where status = 'pending' and lease_expires_at is not null;
create index webhook_deliveries_finished_at on public.webhook_deliveries (finished_at) where status <> 'pending';

create function toss_private.outward_type(event public.outbox_events)
returns text
language plpgsql
immutable
set search_path = ''
as $$
begin
  -- What only passes through is what somebody told this project. It is told on under a name that none of ours can
  -- have, and only when it was proven who said it.
  if event.webhook_event_id is not null and event.payload ? 'body' then
    return case when event.payload ->> 'verified' = 'true' then 'toss.' || event.event_type end;
  end if;
  return event.event_type;
end;
$$;

comment on function toss_private.outward_type(public.outbox_events) is
  'The type under which an event is sent; null = it is not sent.';

create function toss_private.wants(endpoint public.webhook_endpoints, event public.outbox_events)
returns boolean
language plpgsql
immutable
set search_path = ''
as $$
declare
  outward constant text := toss_private.outward_type(event);
begin
  if outward = 'webhook.test' then
    return event.subject = endpoint.id::text;
  end if;
  return outward is not null and (endpoint.event_types is null or outward = any (endpoint.event_types));
end;
$$;

comment on function toss_private.wants(public.webhook_endpoints, public.outbox_events) is
  'Whether an event is for an endpoint.';

create function toss_private.queue_deliveries()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  insert into public.webhook_deliveries (event_id, endpoint_id, next_attempt_at, created_at, event_sequence, stream)
  select new.id, e.id, new.created_at, new.created_at, new.sequence, new.stream
  from public.webhook_endpoints as e
  where e.status = 'active' and toss_private.wants(e, new);
  return null;
end;
$$;

comment on function toss_private.queue_deliveries() is
  'Trigger: an event and its deliveries are written together or not at all.';

create trigger outbox_events_queue_deliveries
  after insert on public.outbox_events
  for each row execute function toss_private.queue_deliveries();

create function toss_private.wake_outbox()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  transaction_id constant text := pg_current_xact_id()::text;
begin
  -- A notice waits for the schedule until a run has said that there is somebody to send it.
  if tg_relid = 'toss_private.notices_due'::regclass
    and not exists (select 1 from toss_private.notice_channels as c where c.is_on)
  then
    return null;
  end if;
  if current_setting('toss_private.outbox_woken_by', true) is distinct from transaction_id then
    perform set_config('toss_private.outbox_woken_by', transaction_id, true);
    perform toss_private.try_to_wake('outbox');
  end if;
  return null;
end;
$$;

comment on function toss_private.wake_outbox() is
  'Trigger: wakes the job outbox once for a transaction that has something to send. At its end, so that the job finds what is committed.';

create constraint trigger webhook_deliveries_wake
  after insert on public.webhook_deliveries
  deferrable initially deferred
  for each row execute function toss_private.wake_outbox();

-- supabase/schemas/66_webhook_sending.sql
-- Sending: each endpoint is a lane of its own, and each stream in it is told one event after the other.

create function public.claim_webhook_lanes(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  due_time constant timestamptz := coalesce((request ->> 'asOf')::timestamptz, toss_private.clock_now());
  ended integer;
begin
  update public.webhook_endpoints as e
  set status = 'disabled', disabled_at = due_time, disabled_reason = 'failed_for_five_days'
  where e.status = 'active' and e.failing_since <= due_time - interval '5 days'
    -- Seen to fail for as long as the attempts for one event last: a job that did not run for five days proves nothing.
    and e.last_failed_at >= e.failing_since + interval '2 days';
  get diagnostics ended = row_count;
  return jsonb_build_object('disabled', ended, 'lanes', (
    select coalesce(jsonb_agg(jsonb_build_object(
      'endpointId', e.id, 'url', e.url, 'failuresInRow', e.failures_in_row, 'secrets', (
        select jsonb_agg(jsonb_build_object('id', s.id, 'keyId', s.key_id, 'ciphertext', s.ciphertext)
          order by s.created_at desc)
        from toss_private.endpoint_secrets as s
        where s.endpoint_id = e.id and (s.expires_at is null or s.expires_at > due_time)
      )
    ) order by e.failures_in_row, e.id), '[]')
    from public.webhook_endpoints as e
    where e.status = 'active' and exists (
      select 1 from public.webhook_deliveries as d
      where d.endpoint_id = e.id and d.status = 'pending' and d.next_attempt_at <= due_time
    )
  ));
end;
$$;

comment on function public.claim_webhook_lanes(jsonb) is
  'The active endpoints that something is due for, with the secrets that sign; endpoints that have failed for five days are disabled first. Key: asOf.';

create function public.claim_webhook_deliveries(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  lane_id constant uuid := (request ->> 'endpointId')::uuid;
  token constant uuid := (request ->> 'leaseToken')::uuid;
  present constant timestamptz := toss_private.clock_now();
  due_time constant timestamptz := coalesce((request ->> 'asOf')::timestamptz, present);
  claimed jsonb;
begin
  -- However many runs there are, a receiver is asked so many things at once.
  with room as (
    select greatest(0, 20 - count(*)) as places
    from public.webhook_deliveries as d
    where d.endpoint_id = lane_id and d.status = 'pending' and d.lease_expires_at > present
  ), due as (
    select d.id
    from public.webhook_deliveries as d
    where d.endpoint_id = lane_id and d.status = 'pending' and d.next_attempt_at <= due_time
      and (d.lease_expires_at is null or d.lease_expires_at <= present)
      and not exists (
        select 1 from public.webhook_deliveries as earlier
        where earlier.endpoint_id = d.endpoint_id and earlier.stream = d.stream and earlier.status = 'pending'
          and earlier.event_sequence < d.event_sequence
      )
    order by d.next_attempt_at, d.event_sequence
    limit least((request ->> 'limit')::integer, (select places from room))
    for no key update skip locked
  ), taken as (
    update public.webhook_deliveries as d
    set lease_token = token,
      lease_expires_at = present + make_interval(secs => (request ->> 'leaseSeconds')::double precision)
    from due, public.webhook_endpoints as e
    -- Disabled since the lane was opened.
    where d.id = due.id and e.id = lane_id and e.status = 'active'
    returning d.id, d.event_id, d.event_sequence
  )
  select coalesce(jsonb_agg(jsonb_build_object(
    'deliveryId', t.id, 'eventId', e.id, 'type', toss_private.outward_type(e), 'timestamp', e.created_at,
    'data', e.payload
  ) order by t.event_sequence), '[]')
  into claimed
  from taken as t
  join public.outbox_events as e on e.id = t.event_id;
  return jsonb_build_object('deliveries', claimed);
end;
$$;

comment on function public.claim_webhook_deliveries(jsonb) is
  'Leases up to `limit` due deliveries of one endpoint, of each stream the earliest that is not over, and never more than about twenty at a time. Keys: endpointId, limit, leaseToken, leaseSeconds, asOf.';

create function public.relay_outbox(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
  return jsonb_build_object('isWoken', toss_private.try_to_wake('outbox'));
end;
$$;

comment on function public.relay_outbox(jsonb) is
  'Wakes another run of the job outbox while this one still waits for slow receivers; the request is empty.';

create function public.count_due_deliveries(request jsonb)
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  due_time constant timestamptz := coalesce((request ->> 'asOf')::timestamptz, toss_private.clock_now());
begin
  return jsonb_build_object('remaining', (
    select count(*) from (
      select 1 from public.webhook_deliveries as d
      join public.webhook_endpoints as e on e.id = d.endpoint_id and e.status = 'active'
      where d.status = 'pending' and d.next_attempt_at <= due_time
      limit 10000
    ) as due
  ));
end;
$$;

comment on function public.count_due_deliveries(jsonb) is
  'How many deliveries are due, 10,000 at most. Key: asOf.';

create function toss_private.delivery_pause(attempts integer)
returns interval
language plpgsql
volatile
set search_path = ''
as $$
begin
  -- Standard Webhooks' schedule; up to a tenth sooner, so that what failed together does not come back together.
  return (array[
    interval '5 seconds', interval '5 minutes', interval '30 minutes', interval '2 hours', interval '5 hours',
    interval '10 hours', interval '14 hours', interval '20 hours', interval '24 hours'
  ])[attempts] * (1 - random() / 10);
end;
$$;

comment on function toss_private.delivery_pause(integer) is
  'How long after so many failed attempts the next one waits; null = there is no next one.';

create function public.finish_webhook_deliveries(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  lane_id constant uuid := (request ->> 'endpointId')::uuid;
  present constant timestamptz := coalesce((request ->> 'asOf')::timestamptz, toss_private.clock_now());
  result record;
  ended public.webhook_deliveries;
  delivered integer := 0;
  failures integer := 0;
  given_up integer := 0;
  pause interval;
begin
  for result in
    select r.* from jsonb_to_recordset(request -> 'results') as r (
      "deliveryId" uuid, "responseStatus" integer, "durationMs" integer, error text
    )
    -- In one order of locks, so that two runs cannot wait for each other.
    order by r."deliveryId"
  loop
    select * into ended from public.webhook_deliveries as d
    where d.id = result."deliveryId" and d.endpoint_id = lane_id and d.status = 'pending'
      and d.lease_token = (request ->> 'leaseToken')::uuid
    for no key update;
    continue when not found;
    pause := case when result.error is not null then toss_private.delivery_pause(ended.attempts + 1) end;
    update public.webhook_deliveries as d
    set attempts = d.attempts + 1, response_status = result."responseStatus", duration_ms = result."durationMs",
      last_error = left(result.error, 300), lease_token = null, lease_expires_at = null,
      status = case when result.error is null then 'delivered' when pause is null then 'failed' else 'pending' end,
      next_attempt_at = present + pause, finished_at = case when pause is null then present end
    where d.id = ended.id;
    if result.error is null then
      delivered := delivered + 1;
    else
      failures := failures + 1;
      given_up := given_up + (pause is null)::integer;
      -- They cannot go before it, so nobody need look at them before.
      update public.webhook_deliveries as d set next_attempt_at = greatest(d.next_attempt_at, present + pause)
      where d.endpoint_id = lane_id and d.stream = ended.stream and d.status = 'pending'
        and d.event_sequence > ended.event_sequence and pause is not null;
    end if;
  end loop;
  update public.webhook_endpoints as e
  set failures_in_row = case when delivered > 0 then 0 else e.failures_in_row + failures end,
    failing_since = case when delivered > 0 then null else coalesce(e.failing_since, present) end,
    last_failed_at = case when delivered > 0 then null else present end
  where e.id = lane_id and (failures > 0 or e.failures_in_row > 0) and delivered + failures > 0;
  return jsonb_build_object('delivered', delivered, 'failed', failures, 'givenUp', given_up);
end;
$$;

comment on function public.finish_webhook_deliveries(jsonb) is
  'Writes down how attempts ended: delivered, or with an `error` tried again later, after the tenth never. Keys: endpointId, leaseToken, asOf, results [{deliveryId, responseStatus, durationMs, error}]. Counts only for the holder of the lease.';

-- supabase/schemas/67_webhook_replay.sql
-- Sending again, and how long events and deliveries are kept.

create function public.replay_webhook_deliveries(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  present constant timestamptz := toss_private.clock_now();
  queued integer;
begin
  if not (request ?| array['eventId', 'endpointId', 'type', 'from']) then
    return jsonb_build_object('outcome', 'nothing_named');
  end if;
  with chosen as (
    select v.id as event_id, v.sequence, v.stream, e.id as endpoint_id
    from public.outbox_events as v
    cross join public.webhook_endpoints as e
    where toss_private.wants(e, v)
      and (not request ? 'endpointId' or e.id = (request ->> 'endpointId')::uuid)
      -- Whoever names one that is disabled means to enable it afterwards.
      and (request ? 'endpointId' or e.status = 'active')
      and (not request ? 'eventId' or v.id = (request ->> 'eventId')::uuid)
      and (not request ? 'type' or toss_private.outward_type(v) = request ->> 'type')
      and (not request ? 'from' or v.created_at >= (request ->> 'from')::timestamptz)
      and (not request ? 'to' or v.created_at < (request ->> 'to')::timestamptz)
      and not exists (
        select 1 from public.webhook_deliveries as d
        where d.event_id = v.id and d.endpoint_id = e.id and (
          d.status = 'pending'
          or (d.status = 'delivered' and not coalesce((request ->> 'withDelivered')::boolean, false))
          -- This replay has done it already.
          or d.replayed_at >= (request ->> 'since')::timestamptz
        )
      )
    order by v.sequence
    limit 1000
  ), written as (
    insert into public.webhook_deliveries as d (
      event_id, endpoint_id, next_attempt_at, created_at, event_sequence, stream, replayed_at
    )
    select c.event_id, c.endpoint_id, present, present, c.sequence, c.stream, present from chosen as c
    on conflict (event_id, endpoint_id) do update
    set status = 'pending', attempts = 0, next_attempt_at = present, finished_at = null, last_error = null,
      replayed_at = present
    where d.status <> 'pending'
    returning 1
  )
  select count(*) into queued from written;
  return jsonb_build_object('outcome', 'replayed', 'deliveries', queued, 'startedAt', present);
end;
$$;

comment on function public.replay_webhook_deliveries(jsonb) is
  'Queues events again for the endpoints that want them, a thousand at a time: those that were missed or have failed, with withDelivered also those that were delivered. Keys, all of which must hold: eventId, endpointId, type, from, to; since: when this replay began. Outcomes: replayed, nothing_named.';

create function toss_private.old_event_ids(at_most integer)
returns setof uuid
language plpgsql
stable
set search_path = ''
as $$
begin
  return query
  select v.id from public.outbox_events as v
  where v.created_at < toss_private.clock_now() - interval '90 days'
    and not exists (select 1 from public.webhook_deliveries as d where d.event_id = v.id)
  order by v.created_at
  limit at_most;
end;
$$;

comment on function toss_private.old_event_ids(integer) is 'Events older than 90 days that no delivery needs any more.';

create function toss_private.remove_old_events()
returns integer
language plpgsql
volatile
set search_path = ''
as $$
declare
  present constant timestamptz := toss_private.clock_now();
  removed_deliveries integer;
  removed_events integer;
begin
  delete from toss_private.endpoint_secrets as s where s.expires_at < present;
  -- Nobody enables it any more.
  update public.webhook_deliveries as d
  set status = 'failed', next_attempt_at = null, finished_at = present, last_error = 'the endpoint stayed disabled'
  from public.webhook_endpoints as e
  where e.id = d.endpoint_id and e.disabled_at < present - interval '30 days' and d.status = 'pending';
  delete from public.webhook_deliveries as d where d.id in (
    select old.id from public.webhook_deliveries as old
    where old.status <> 'pending' and old.finished_at < present - interval '30 days'
    limit 20000
  );
  get diagnostics removed_deliveries = row_count;
  with removed as (
    delete from public.outbox_events as v where v.id in (select toss_private.old_event_ids(20000))
    returning v.event_type, v.payload
  ), untold as (
    -- What was told so long ago is not told again.
    update public.payment_cancels as k set has_event = false
    from removed as r
    where r.event_type in ('payment.refunded', 'payment.partially_refunded')
      and k.transaction_key = r.payload ->> 'transactionKey'
  )
  select count(*) into removed_events from removed;
  return removed_deliveries + removed_events;
end;
$$;

comment on function toss_private.remove_old_events() is
  'Removes deliveries that ended 30 days ago, events older than 90 days, and secrets that sign no more. What waits for an endpoint that has been disabled for 30 days fails.';

create function toss_private.count_old_events()
returns bigint
language plpgsql
stable
set search_path = ''
as $$
begin
  return (select count(*) from toss_private.old_event_ids(20000)) + (
    select count(*) from (
      select 1 from public.webhook_deliveries as old
      where old.status <> 'pending' and old.finished_at < toss_private.clock_now() - interval '30 days'
      limit 20000
    ) as o
  );
end;
$$;

comment on function toss_private.count_old_events() is 'How much toss_private.remove_old_events has yet to remove.';

-- supabase/schemas/68_delivery_watch.sql
-- What must never be true of deliveries, and what a person must see of them.

create function toss_private.delivery_violations()
returns table (invariant text, subject text, detail text)
language plpgsql
stable
set search_path = ''
as $$
begin
  return query
  -- A minute for endpoints that were made while the event was being committed.
  select 'event_reaches_its_endpoints', v.id::text, format('endpoint %s has no delivery of %s', e.id, v.event_type)
  from public.webhook_endpoints as e
  join public.outbox_events as v on v.created_at > e.enabled_at + interval '1 minute'
  where e.status = 'active' and v.created_at > toss_private.clock_now() - interval '29 days'
    and toss_private.wants(e, v)
    and not exists (
      select 1 from public.webhook_deliveries as d where d.event_id = v.id and d.endpoint_id = e.id
    )

  union all
  select 'events_are_delivered_in_order', later.id::text,
    format('event %s of %s was delivered while event %s waits', later.event_sequence, later.stream, d.event_sequence)
  from public.webhook_deliveries as d
  join public.webhook_deliveries as later
    on later.endpoint_id = d.endpoint_id and later.stream = d.stream and later.event_sequence > d.event_sequence
  where d.status = 'pending' and d.replayed_at is null and later.status = 'delivered' and later.replayed_at is null

  union all
  select 'move_is_told_once', coalesce(m.subject, t.subject),
    format('%s of %s: happened %s times, told %s times', coalesce(m.event_type, t.event_type),
      coalesce(m.payment_key, t.payment_key), coalesce(m.quantity, 0), coalesce(t.quantity, 0))
  from toss_private.moves_to_tell() as m
  full join (
    select v.subject, v.event_type, v.payload ->> 'paymentKey' as payment_key, count(*) as quantity
    from public.outbox_events as v
    where v.event_type in (
        'order.paid', 'order.canceled', 'order.expired', 'payment.confirmed', 'payment.deposit_reversed',
        'virtual_account.issued'
      )
      and v.created_at > toss_private.clock_now() - interval '89 days'
    group by v.subject, v.event_type, v.payload ->> 'paymentKey'
  ) as t
    on t.subject = m.subject and t.event_type = m.event_type
      and (t.event_type like 'order.%' or t.payment_key = m.payment_key)
  where m.quantity is distinct from t.quantity

  union all
  select 'endpoint_has_its_secret', e.id::text, 'nothing signs what is sent to it'
  from public.webhook_endpoints as e
  where not exists (
    select 1 from toss_private.endpoint_secrets as s where s.endpoint_id = e.id and s.expires_at is null
  );
end;
$$;

comment on function toss_private.delivery_violations() is
  'Moves of orders and payments that were not told, or not once; events that an endpoint will not get, that it got in the wrong order, or that nothing signs.';

create function toss_private.moves_to_tell()
returns table (subject text, event_type text, payment_key text, quantity bigint)
language plpgsql
stable
set search_path = ''
as $$
begin
  return query
  select v.order_id, 'order.' || v.to_status, null::text, count(*)
  from public.payment_events as v
  where v.event = 'order_status' and v.to_status in ('paid', 'canceled', 'expired')
    and not (v.to_status = 'paid' and coalesce(v.from_status in ('partially_refunded', 'refunded'), false))
    and v.created_at > toss_private.clock_now() - interval '89 days'
  group by v.order_id, v.to_status

  union all
  select s.order_id, s.told_as, s.payment_key, count(*)
  from (
    select v.order_id, v.payment_key, case
      when v.from_status = 'DONE' and v.to_status = 'WAITING_FOR_DEPOSIT' then 'payment.deposit_reversed'
      when v.to_status = 'WAITING_FOR_DEPOSIT' then 'virtual_account.issued'
      when v.from_status in ('DONE', 'PARTIAL_CANCELED', 'CANCELED') then null
      when v.to_status in ('DONE', 'PARTIAL_CANCELED') or (v.to_status = 'CANCELED' and p.approved_at is not null)
        then 'payment.confirmed'
    end as told_as
    from public.payment_events as v
    join public.payments as p on p.payment_key = v.payment_key
    where v.event = 'payment_status' and v.created_at > toss_private.clock_now() - interval '89 days'
  ) as s
  where s.told_as is not null
  group by s.order_id, s.told_as, s.payment_key;
end;
$$;

comment on function toss_private.moves_to_tell() is
  'Of the moves in the audit log those that other systems hear of, as long as events are kept: what each is told as, and how often it happened.';

create view toss_private.delivery_alerts
with (security_invoker = true)
as
select 'critical' as level, 'endpoint_disabled' as alert, e.id::text as subject,
  format('%s has failed since %s and gets nothing any more', e.url, e.failing_since) as detail, e.disabled_at as since
from public.webhook_endpoints as e
where e.disabled_reason = 'failed_for_five_days'

union all
select 'warning', 'endpoint_failing', e.id::text,
  format('%s: %s failures in a row', e.url, e.failures_in_row), e.failing_since
from public.webhook_endpoints as e
where e.status = 'active' and e.failing_since < toss_private.clock_now() - interval '1 hour'

union all
select 'warning', 'delivery_failed', e.id::text,
  format('%s event(s) were given up; the last: %s', count(*), max(d.last_error)), min(d.finished_at)
from public.webhook_deliveries as d
join public.webhook_endpoints as e on e.id = d.endpoint_id and e.status = 'active'
where d.status = 'failed' and d.finished_at > toss_private.clock_now() - interval '7 days'
group by e.id;

comment on view toss_private.delivery_alerts is
  'Endpoints that were disabled because they failed for five days, that fail now, and events they did not take; docs/events.md, When a receiver fails.';

-- supabase/schemas/69_imports.sql
-- A shop's history before this project: what Toss's list shows of payments that are no orders of ours.

create table public.imported_transactions (
  transaction_key text primary key,
  payment_key text not null,
  order_id text not null,
  m_id text,
  method text,
  status text,
  amount bigint not null,
  currency text,
  transaction_at timestamptz not null,
  imported_at timestamptz not null,
  constraint imported_transactions_payment_key_length check (char_length(payment_key) between 1 and 200)
);

alter table public.imported_transactions enable row level security;

comment on table public.imported_transactions is
  'Approvals and cancels from before this project, as Toss lists them; to look up, never to change. No other rule counts them. Service role only.';
comment on column public.imported_transactions.order_id is
  'The shop''s own order number of that time. Personal: free text; kept.';
comment on column public.imported_transactions.amount is 'Of the approval, or of this cancel; positive, minor unit.';
comment on column public.imported_transactions.status is 'Toss''s words: CANCELED and PARTIAL_CANCELED are cancels.';

create index imported_transactions_payment_key on public.imported_transactions (payment_key);
create index imported_transactions_order_id on public.imported_transactions (order_id);
create index imported_transactions_transaction_at on public.imported_transactions (transaction_at);

create view public.imported_payments
with (security_invoker = true)
as
select
  a.payment_key,
  a.order_id,
  a.method,
  a.amount as total_amount,
  a.amount - coalesce(c.amount, 0) as balance_amount,
  a.currency,
  a.transaction_at as approved_at,
  c.last_at as canceled_at,
  a.m_id
from public.imported_transactions as a
left join lateral (
  select sum(k.amount)::bigint as amount, max(k.transaction_at) as last_at
  from public.imported_transactions as k
  where k.payment_key = a.payment_key and k.status in ('CANCELED', 'PARTIAL_CANCELED')
) as c on true
where a.status is distinct from 'CANCELED' and a.status is distinct from 'PARTIAL_CANCELED';

comment on view public.imported_payments is
  'The payments of the imported history, one a row: look for payment_key, order_id or approved_at. Service role only.';

create table toss_private.transaction_imports (
  id uuid primary key default gen_random_uuid(),
  from_date date not null,
  to_date date not null,
  pairs text[] not null,
  pair_position integer not null default 1,
  window_start date not null,
  cursor text,
  read_rows bigint not null default 0,
  imported_rows bigint not null default 0,
  lease_token uuid not null,
  lease_expires_at timestamptz not null,
  started_at timestamptz not null,
  finished_at timestamptz,
  constraint transaction_imports_dates_in_order check (from_date <= to_date)
);

alter table toss_private.transaction_imports enable row level security;

comment on table toss_private.transaction_imports is 'How far each import is: a killed one goes on from here.';
comment on column toss_private.transaction_imports.window_start is
  'First day of the month that is read: a list of years would take Toss longer than it has.';
comment on column toss_private.transaction_imports.cursor is 'The last transaction that was read of the present month.';

create unique index transaction_imports_one_at_a_time on toss_private.transaction_imports ((true)) where finished_at is null;

create function toss_private.import_window_end(viewed toss_private.transaction_imports)
returns date
language plpgsql
immutable
set search_path = ''
as $$
begin
  return least((date_trunc('month', viewed.window_start::timestamp) + interval '1 month')::date, viewed.to_date + 1);
end;
$$;

comment on function toss_private.import_window_end(toss_private.transaction_imports) is
  'The day after the last one of the month that an import reads.';

create function toss_private.import_view(viewed toss_private.transaction_imports)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return jsonb_build_object(
    'importId', viewed.id, 'from', viewed.from_date, 'to', viewed.to_date, 'keys', viewed.pairs[viewed.pair_position],
    'windowFrom', viewed.window_start, 'windowUntil', toss_private.import_window_end(viewed),
    'cursor', viewed.cursor, 'read', viewed.read_rows, 'imported', viewed.imported_rows,
    'isFinished', viewed.finished_at is not null
  );
end;
$$;

comment on function toss_private.import_view(toss_private.transaction_imports) is
  'An import as its worker sees it: counts, and which page comes next.';

create function public.begin_import(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  present constant timestamptz := toss_private.clock_now();
  lease_end constant timestamptz := present + make_interval(secs => (request ->> 'leaseSeconds')::double precision);
  wanted_to constant date := coalesce(
    (request ->> 'to')::date,
    (coalesce((select min(p.created_at) from public.payments as p), present) at time zone 'Asia/Seoul')::date
  );
  wanted_from constant date := coalesce((request ->> 'from')::date, (wanted_to - interval '1 year')::date);
  begun toss_private.transaction_imports;
begin
  if wanted_from > wanted_to then
    return jsonb_build_object('outcome', 'invalid_range', 'from', wanted_from, 'to', wanted_to);
  end if;
  perform pg_advisory_xact_lock(hashtextextended('toss_import', 0));
  select * into begun from toss_private.transaction_imports as i where i.finished_at is null;
  if found and begun.lease_expires_at > present and begun.lease_token <> (request ->> 'leaseToken')::uuid then
    return jsonb_build_object('outcome', 'busy');
  end if;
  if found and (begun.from_date, begun.to_date) = (wanted_from, wanted_to) then
    update toss_private.transaction_imports as i
    set lease_token = (request ->> 'leaseToken')::uuid, lease_expires_at = lease_end
    where i.id = begun.id
    returning * into begun;
  else
    -- Other days were asked for meanwhile. What the older import has read stays.
    update toss_private.transaction_imports as i set finished_at = present where i.finished_at is null;
    insert into toss_private.transaction_imports (
      from_date, to_date, pairs, window_start, lease_token, lease_expires_at, started_at
    ) values (
      wanted_from, wanted_to, array(select jsonb_array_elements_text(request -> 'pairs')), wanted_from,
      (request ->> 'leaseToken')::uuid, lease_end, present
    )
    returning * into begun;
  end if;
  return jsonb_build_object('outcome', 'begun', 'import', toss_private.import_view(begun));
end;
$$;

comment on function public.begin_import(jsonb) is
  'Begins an import of the history, or goes on with a killed one of the same days. Keys: leaseToken, leaseSeconds, pairs, and optionally from, to (dates in Seoul, included); by default the year up to this project''s first payment. Outcomes: begun, busy, invalid_range.';

create function public.record_imported_transactions(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  held toss_private.transaction_imports;
  new_rows bigint;
  is_last constant boolean := (request ->> 'isLast')::boolean;
  next_window date;
begin
  update toss_private.transaction_imports as i
  set lease_expires_at = toss_private.clock_now() + make_interval(secs => (request ->> 'leaseSeconds')::double precision)
  where i.id = (request ->> 'importId')::uuid and i.lease_token = (request ->> 'leaseToken')::uuid
    and i.finished_at is null
  returning * into held;
  if not found then
    raise exception 'another worker has taken the import over' using errcode = 'object_not_in_prerequisite_state';
  end if;
  -- A page that another try has recorded already.
  if held.cursor is distinct from request ->> 'cursor' or held.pairs[held.pair_position] <> request ->> 'keys'
    or held.window_start <> (request ->> 'windowFrom')::date
  then
    return toss_private.import_view(held);
  end if;

  insert into public.imported_transactions (
    transaction_key, payment_key, order_id, m_id, method, status, amount, currency, transaction_at,
    imported_at
  )
  select r."transactionKey", r."paymentKey", r."orderId", r."mId", r.method, r.status, abs(r.amount), r.currency,
    r."transactionAt", toss_private.clock_now()
  from jsonb_to_recordset(request -> 'rows') as r (
    "transactionKey" text, "paymentKey" text, "orderId" text, "mId" text, method text, status text, amount bigint,
    currency text, "transactionAt" timestamptz
  )
  where r.amount is not null and r."transactionAt" is not null
    and not exists (
      select 1 from public.orders as o where o.id = r."orderId"
      union all
      select 1 from public.payments as p where p.payment_key = r."paymentKey"
    )
  on conflict (transaction_key) do nothing;
  get diagnostics new_rows = row_count;

  next_window := case when is_last then toss_private.import_window_end(held) else held.window_start end;
  update toss_private.transaction_imports as i
  set read_rows = i.read_rows + jsonb_array_length(request -> 'rows'), imported_rows = i.imported_rows + new_rows,
    cursor = case when not is_last then request ->> 'lastKey' end,
    pair_position = i.pair_position + (next_window > i.to_date)::integer,
    window_start = case when next_window > i.to_date then i.from_date else next_window end,
    finished_at = case when next_window > i.to_date and i.pair_position >= cardinality(i.pairs)
      then toss_private.clock_now() end
  where i.id = held.id
  returning * into held;
  return toss_private.import_view(held);
end;
$$;

comment on function public.record_imported_transactions(jsonb) is
  'Keeps one page of the history, each transaction once; what belongs to an order of ours is left out. Keys: importId, leaseToken, leaseSeconds, keys, windowFrom, cursor, lastKey, isLast, rows.';

create function public.pause_import(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  held toss_private.transaction_imports;
begin
  update toss_private.transaction_imports as i set lease_expires_at = toss_private.clock_now()
  where i.id = (request ->> 'importId')::uuid and i.lease_token = (request ->> 'leaseToken')::uuid
  returning * into held;
  return toss_private.import_view(held);
end;
$$;

comment on function public.pause_import(jsonb) is
  'Gives the lease back at the end of a slice, so that the next one goes on at once. Keys: importId, leaseToken.';

-- supabase/schemas/69_reconciliation.sql
-- Reconciliation: Toss's list of transactions against payments and cancels, day by day, both ways.
-- This chapter: the runs, what they keep while they last, and where each one begins.

create table public.reconciliation_runs (
  id uuid primary key default gen_random_uuid(),
  from_date date not null,
  to_date date not null,
  status text not null default 'running',
  compared bigint not null default 0,
  healed bigint not null default 0,
  open bigint not null default 0,
  foreign_rows bigint not null default 0,
  settlements_missed text,
  started_at timestamptz not null,
  finished_at timestamptz,
  constraint reconciliation_runs_status_known check (status in ('running', 'finished', 'failed')),
  constraint reconciliation_runs_dates_in_order check (from_date <= to_date),
  constraint reconciliation_runs_counts_not_negative check (least(compared, healed, open, foreign_rows) >= 0),
  constraint reconciliation_runs_end_with_their_time check ((status = 'running') = (finished_at is null))
);

alter table public.reconciliation_runs enable row level security;

comment on table public.reconciliation_runs is 'Each comparison with Toss''s list of transactions. Service role only.';
comment on column public.reconciliation_runs.from_date is 'First day, in Seoul; included, as to_date is.';
comment on column public.reconciliation_runs.status is
  'failed: Toss did not answer all questions, or another run took its place; its days are compared again.';
comment on column public.reconciliation_runs.compared is 'Rows of Toss''s list that are this shop''s, and rows of ours that the list lacks.';
comment on column public.reconciliation_runs.healed is 'Differences that this run found and that Toss''s answer mended.';
comment on column public.reconciliation_runs.open is 'Differences that were open at its end, of whatever run.';
comment on column public.reconciliation_runs.settlements_missed is
  'Why Toss gave no list of settlements for these days: its code, or UNANSWERED; null when it did.';
comment on column public.reconciliation_runs.foreign_rows is 'Rows of shops that share a key: counted, never stored.';

create index reconciliation_runs_started_at on public.reconciliation_runs (started_at desc);

create table toss_private.reconciliation_states (
  run_id uuid primary key references public.reconciliation_runs (id),
  is_default boolean not null,
  border timestamptz not null,
  pairs text[] not null,
  pair_position integer not null default 1,
  cursor text,
  phase text not null default 'list',
  listed_merchants text[] not null default '{}',
  merchants text[] not null default '{}',
  failed_tries integer not null default 0,
  lease_token uuid not null,
  lease_expires_at timestamptz not null,
  constraint reconciliation_states_phase_known check (phase in ('list', 'ours', 'ask', 'settlements'))
);

alter table toss_private.reconciliation_states enable row level security;

comment on table toss_private.reconciliation_states is 'How far a running comparison is: a killed one goes on from here.';
comment on column toss_private.reconciliation_states.is_default is 'Whether the dates were left to the job, which remembers how far it got.';
comment on column toss_private.reconciliation_states.border is 'What is younger is left to the next run: Toss''s list lags behind.';
comment on column toss_private.reconciliation_states.pairs is 'The key pairs whose lists are read, as orders.toss_keys names them.';
comment on column toss_private.reconciliation_states.cursor is
  'The last transaction that was read of the present list; of settlements the next page and the first row of the one before.';
comment on column toss_private.reconciliation_states.listed_merchants is 'Merchant ids that an earlier list of this run held: pairs of one merchant show the same rows.';
comment on column toss_private.reconciliation_states.merchants is 'Merchant ids of the present list.';
comment on column toss_private.reconciliation_states.failed_tries is 'How often Toss gave no page of settlements, one after the other.';

create table toss_private.reconciliation_rows (
  run_id uuid not null references public.reconciliation_runs (id),
  transaction_key text not null,
  payment_key text not null,
  is_cancel boolean not null,
  primary key (run_id, transaction_key)
);

alter table toss_private.reconciliation_rows enable row level security;

comment on table toss_private.reconciliation_rows is 'What Toss listed of this shop''s payments, while a run lasts.';

create index reconciliation_rows_payment on toss_private.reconciliation_rows (run_id, payment_key) where not is_cancel;

create table toss_private.reconciliation_questions (
  run_id uuid not null references public.reconciliation_runs (id),
  payment_key text not null,
  listed jsonb,
  attempts integer not null default 0,
  primary key (run_id, payment_key)
);

alter table toss_private.reconciliation_questions enable row level security;

comment on table toss_private.reconciliation_questions is 'Payments that a run has yet to ask Toss about.';
comment on column toss_private.reconciliation_questions.listed is
  'The row of Toss''s list that gave rise to the question, and with which key pair it was read; null when a row of ours did.';

create table toss_private.reconciliation_progress (
  is_only boolean primary key default true,
  covered_until date not null,
  constraint reconciliation_progress_is_only check (is_only)
);

alter table toss_private.reconciliation_progress enable row level security;

comment on table toss_private.reconciliation_progress is 'The last day up to which the job has compared everything; the next run begins with it.';

create index payments_approved_at on public.payments (approved_at) where approved_at is not null;
create index payment_cancels_canceled_at on public.payment_cancels (canceled_at) where canceled_at is not null;

create function toss_private.drop_reconciliation_state(ended_run_id uuid)
returns void
language plpgsql
set search_path = ''
as $$
begin
  delete from toss_private.reconciliation_rows as r where r.run_id = ended_run_id;
  delete from toss_private.reconciliation_questions as q where q.run_id = ended_run_id;
  delete from toss_private.reconciliation_states as s where s.run_id = ended_run_id;
end;
$$;

comment on function toss_private.drop_reconciliation_state(uuid) is 'Forgets what a run kept while it lasted.';

create function toss_private.reconciliation_view(viewed_run_id uuid)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select jsonb_build_object(
      'runId', r.id, 'from', r.from_date, 'to', r.to_date, 'status', r.status, 'compared', r.compared,
      'healed', r.healed, 'open', r.open, 'foreign', r.foreign_rows,
      'phase', coalesce(s.phase, 'done'), 'keys', s.pairs[s.pair_position], 'cursor', s.cursor,
      'questions', (select count(*) from toss_private.reconciliation_questions as q where q.run_id = r.id)
    )
    from public.reconciliation_runs as r
    left join toss_private.reconciliation_states as s on s.run_id = r.id
    where r.id = viewed_run_id
  );
end;
$$;

comment on function toss_private.reconciliation_view(uuid) is 'A run as its worker sees it: counts, and what comes next.';

create function public.begin_reconciliation(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  present constant timestamptz := toss_private.clock_now();
  as_of constant timestamptz := coalesce((request ->> 'asOf')::timestamptz, present);
  today constant date := (as_of at time zone 'Asia/Seoul')::date;
  without_dates constant boolean := request ->> 'from' is null and request ->> 'to' is null;
  last_day constant date := coalesce((request ->> 'to')::date, today);
  first_day constant date := coalesce((request ->> 'from')::date, least(last_day - 2, (
    select p.covered_until from toss_private.reconciliation_progress as p where without_dates
  )));
  lease_end constant timestamptz := present + make_interval(secs => (request ->> 'leaseSeconds')::double precision);
  stale record;
  begun_id uuid;
begin
  if first_day > last_day then
    return jsonb_build_object('outcome', 'invalid_range', 'from', first_day, 'to', last_day);
  end if;
  perform pg_advisory_xact_lock(hashtextextended('toss_reconciliation', 0));
  if exists (
    select 1 from toss_private.reconciliation_states as s
    where s.lease_expires_at > present and s.lease_token <> (request ->> 'leaseToken')::uuid
  ) then
    return jsonb_build_object('outcome', 'busy');
  end if;

  select s.run_id into begun_id
  from toss_private.reconciliation_states as s
  join public.reconciliation_runs as r on r.id = s.run_id
  where (r.from_date, r.to_date, s.is_default) = (first_day, last_day, without_dates);
  if found then
    update toss_private.reconciliation_states as s
    set lease_token = (request ->> 'leaseToken')::uuid, lease_expires_at = lease_end
    where s.run_id = begun_id;
    return jsonb_build_object('outcome', 'begun', 'run', toss_private.reconciliation_view(begun_id));
  end if;

  for stale in
    select s.run_id from toss_private.reconciliation_states as s
    where s.lease_expires_at < present - interval '1 hour' or (without_dates and s.is_default)
  loop
    perform toss_private.drop_reconciliation_state(stale.run_id);
    update public.reconciliation_runs as r set status = 'failed', finished_at = present where r.id = stale.run_id;
  end loop;

  insert into public.reconciliation_runs (from_date, to_date, started_at) values (first_day, last_day, present)
  returning id into begun_id;
  insert into toss_private.reconciliation_states (run_id, is_default, border, pairs, lease_token, lease_expires_at)
  values (
    begun_id, without_dates, as_of - interval '15 minutes',
    array(select jsonb_array_elements_text(request -> 'pairs')), (request ->> 'leaseToken')::uuid, lease_end
  );
  -- What is open is asked about again, whenever it was.
  insert into toss_private.reconciliation_questions (run_id, payment_key)
  select distinct begun_id, d.payment_key from public.reconciliation_differences as d where d.resolved_at is null;
  return jsonb_build_object('outcome', 'begun', 'run', toss_private.reconciliation_view(begun_id));
end;
$$;

comment on function public.begin_reconciliation(jsonb) is
  'Begins a run, or goes on with a killed one of the same days. Keys: leaseToken, leaseSeconds, pairs, and optionally from, to (dates in Seoul, included) and asOf. Without dates: the last three days, and those that the job missed. Outcomes: begun, busy, invalid_range.';

create function toss_private.hold_reconciliation(request jsonb)
returns toss_private.reconciliation_states
language plpgsql
volatile
set search_path = ''
as $$
declare
  held toss_private.reconciliation_states;
begin
  update toss_private.reconciliation_states as s
  set lease_expires_at = toss_private.clock_now()
    + make_interval(secs => (request ->> 'leaseSeconds')::double precision)
  where s.run_id = (request ->> 'runId')::uuid and s.lease_token = (request ->> 'leaseToken')::uuid
  returning * into held;
  if not found then
    raise exception 'another worker has taken the run over' using errcode = 'object_not_in_prerequisite_state';
  end if;
  return held;
end;
$$;

comment on function toss_private.hold_reconciliation(jsonb) is
  'Prolongs the lease of a run. Raises when somebody else holds it: two workers on one run would count twice.';

-- supabase/schemas/69_reconciliation_differences.sql
-- Where Toss and our rows differ, once Toss was asked: what heals itself, and what is left to a person.

create table public.reconciliation_differences (
  id uuid primary key default gen_random_uuid(),
  run_id uuid not null references public.reconciliation_runs (id),
  kind text not null,
  payment_key text not null,
  transaction_key text,
  order_id text,
  is_cancel boolean not null,
  ours jsonb,
  theirs jsonb,
  reason text not null,
  resolution text,
  created_at timestamptz not null,
  resolved_at timestamptz,
  constraint reconciliation_differences_kind_known check (kind in (
    'missing_here', 'missing_at_toss', 'amount', 'status', 'cancel_missing_here', 'cancel_missing_at_toss'
  )),
  constraint reconciliation_differences_resolution_known check (resolution in ('healed', 'by_hand')),
  constraint reconciliation_differences_resolved_with_time check ((resolution is null) = (resolved_at is null)),
  constraint reconciliation_differences_payment_key_length check (char_length(payment_key) between 1 and 200)
);

alter table public.reconciliation_differences enable row level security;

comment on table public.reconciliation_differences is
  'What Toss and our rows told differently. A difference stands once while it is open. Service role only.';
comment on column public.reconciliation_differences.run_id is 'The run that found it.';
comment on column public.reconciliation_differences.transaction_key is 'Toss''s key of the cancel, or of the approval where its list told it.';
comment on column public.reconciliation_differences.is_cancel is 'Whether it is about the cancel transaction_key, and not about the payment.';
comment on column public.reconciliation_differences.ours is 'status, amount and balanceAmount here; null when there is no row.';
comment on column public.reconciliation_differences.theirs is 'The same at Toss; null when Toss knows nothing of it.';
comment on column public.reconciliation_differences.reason is 'What a person has to know to decide.';
comment on column public.reconciliation_differences.resolution is
  'healed: Toss''s answer mended it in the run that found it. by_hand: it was open, and is gone, or the operator said that it is dealt with. Null: open.';

create unique index reconciliation_differences_once_while_open
  on public.reconciliation_differences (kind, payment_key, (case when is_cancel then transaction_key end)) nulls not distinct
  where resolved_at is null;
create index reconciliation_differences_run_id on public.reconciliation_differences (run_id);

create function toss_private.find_differences(asked_payment_key text, answer jsonb, listed jsonb)
returns table (kind text, transaction_key text, is_cancel boolean, ours jsonb, theirs jsonb, reason text)
language plpgsql
stable
set search_path = ''
as $$
declare
  known public.payments;
  approval_key constant text := case when listed ->> 'status' not in ('CANCELED', 'PARTIAL_CANCELED')
    then listed ->> 'transactionKey' end;
  here jsonb;
  there jsonb;
  is_paid_there boolean;
  found_cancels boolean;
begin
  select * into known from public.payments as p where p.payment_key = asked_payment_key;
  if known.payment_key is not null then
    here := jsonb_build_object('status', known.status, 'amount', known.total_amount, 'balanceAmount', known.balance_amount);
  end if;
  if answer is null then
    if known.payment_key is not null and (toss_private.is_paid(known) or known.status = 'WAITING_FOR_DEPOSIT') then
      return query select 'missing_at_toss', approval_key, false, here, null::jsonb,
        'Toss does not know this payment'::text;
    elsif known.payment_key is null and listed is not null then
      return query select 'missing_here', approval_key, false, null::jsonb,
        jsonb_build_object('status', listed -> 'status', 'amount', listed -> 'amount'),
        'Toss lists this payment and does not know it when it is asked'::text;
    end if;
    return;
  end if;

  there := jsonb_build_object(
    'status', answer -> 'status', 'amount', answer -> 'totalAmount', 'balanceAmount', answer -> 'balanceAmount'
  );
  is_paid_there := answer ->> 'status' in ('DONE', 'PARTIAL_CANCELED') or answer ->> 'approvedAt' is not null;
  if known.payment_key is null then
    -- Money that came for another amount than the order's, and went back, leaves nothing to do.
    if (is_paid_there or answer ->> 'status' = 'WAITING_FOR_DEPOSIT') and not (
      (answer ->> 'balanceAmount')::numeric = 0 and not toss_private.heals_itself(asked_payment_key, answer)
    ) then
      return query select 'missing_here', approval_key, false, null::jsonb, there, coalesce((
        select case
          when o.amount <> (answer ->> 'totalAmount')::numeric or o.currency <> answer ->> 'currency'
            then format('the order is of %s %s', o.amount, o.currency)
          when toss_private.pays_another(o, asked_payment_key) then format('the order is %s by payment %s', o.status, o.payment_key)
          else 'the payment is not known here' end
        from public.orders as o where o.id = answer ->> 'orderId'
      ), 'the order is not known here');
    end if;
    return;
  end if;

  if (answer ->> 'totalAmount')::numeric <> known.total_amount or answer ->> 'currency' <> known.currency then
    return query select 'amount', approval_key, false, here, there, 'Toss took another amount'::text;
  elsif answer ->> 'orderId' <> known.order_id then
    return query select 'status', approval_key, false, here || jsonb_build_object('orderId', known.order_id),
      there || jsonb_build_object('orderId', answer -> 'orderId'), 'Toss took it for another order'::text;
  end if;

  return query
  with told as (
    select c.value ->> 'transactionKey' as key, (c.value ->> 'cancelAmount')::numeric as amount,
      c.value ->> 'cancelStatus' as status
    from jsonb_array_elements(toss_private.name_cancels(asked_payment_key, coalesce(answer -> 'cancels', '[]'))) as c
  ),
  stored as (
    select k.transaction_key as key, k.amount, k.status from public.payment_cancels as k
    where k.payment_key = asked_payment_key
  )
  select
    case when s.key is null then 'cancel_missing_here' when t.key is null then 'cancel_missing_at_toss'
      when s.amount <> t.amount then 'amount' else 'status' end,
    coalesce(t.key, s.key), true,
    case when s.key is not null then jsonb_build_object('status', s.status, 'amount', s.amount) end,
    case when t.key is not null then jsonb_build_object('status', t.status, 'amount', t.amount) end,
    case when s.key is null then 'the cancel is not known here' when t.key is null then 'Toss does not know this cancel'
      when s.amount <> t.amount then 'Toss gave another amount back' else 'the cancel is not as far as Toss says' end
  from told as t
  full join stored as s on s.key = t.key
  where s.key is null or t.key is null or s.amount <> t.amount or s.status <> t.status;
  found_cancels := found;

  -- What the lack of a cancel explains is not told twice.
  if toss_private.is_paid(known) <> is_paid_there or (
    not found_cancels and (known.status <> answer ->> 'status'
      or ((answer ->> 'totalAmount')::numeric = known.total_amount
        and known.balance_amount <> (answer ->> 'balanceAmount')::numeric))
  ) then
    return query select 'status', approval_key, false, here, there, 'the payment is not as far as Toss says'::text;
  end if;
end;
$$;

comment on function toss_private.find_differences(text, jsonb, jsonb) is
  'Where our rows of a payment and Toss''s answer differ. A null answer says that Toss knows no such payment; `listed` is the row of its list.';

create function toss_private.pays_another(owed public.orders, asked_payment_key text)
returns boolean
language plpgsql
immutable
set search_path = ''
as $$
begin
  return coalesce(owed.payment_key <> asked_payment_key, false)
    and owed.status in ('paid', 'partially_refunded', 'refunded', 'waiting_for_deposit');
end;
$$;

comment on function toss_private.pays_another(public.orders, text) is 'Whether an order has its payment already, and it is another one.';

create function toss_private.heals_itself(asked_payment_key text, answer jsonb)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  -- Toss is believed about an order, its amount and its currency; a second payment of an order has to go back, and
  -- until it has, nothing here may count it as the order's.
  return exists (
    select 1 from public.orders as o
    left join public.payments as p on p.payment_key = asked_payment_key
    where o.id = answer ->> 'orderId' and o.amount = (answer ->> 'totalAmount')::numeric
      and o.currency = answer ->> 'currency'
      and (p.payment_key is null or (p.order_id, p.total_amount) = (o.id, o.amount))
      and not (p.payment_key is null and toss_private.pays_another(o, asked_payment_key)
        and (answer ->> 'balanceAmount')::numeric > 0)
  ) and not exists (
    -- What is lost there, or was another amount, Toss's answer cannot give back.
    select 1 from public.payments as p
    cross join lateral toss_private.find_differences(p.payment_key, answer, null) as d
    where p.payment_key = asked_payment_key and d.kind in ('amount', 'cancel_missing_at_toss', 'missing_at_toss')
  );
end;
$$;

comment on function toss_private.heals_itself(text, jsonb) is 'Whether Toss''s answer may go through the one door by itself.';

create function public.settle_reconciliation_question(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  held constant toss_private.reconciliation_states := toss_private.hold_reconciliation(request);
  asked_payment_key constant text := request ->> 'paymentKey';
  answer constant jsonb := nullif(request -> 'payment', 'null');
  question toss_private.reconciliation_questions;
  before jsonb;
  difference record;
begin
  delete from toss_private.reconciliation_questions as q
  where q.run_id = held.run_id and q.payment_key = asked_payment_key
  returning * into question;
  if not found or (request ->> 'isUnaskable')::boolean then
    return toss_private.reconciliation_view(held.run_id);
  end if;
  if (request ->> 'isForeign')::boolean then
    update public.reconciliation_runs as r set compared = r.compared - 1, foreign_rows = r.foreign_rows + 1
    where r.id = held.run_id;
    return toss_private.reconciliation_view(held.run_id);
  end if;
  select coalesce(jsonb_agg(to_jsonb(d)), '[]') into before
  from toss_private.find_differences(asked_payment_key, answer, question.listed) as d;

  if answer is not null and before <> '[]' and toss_private.heals_itself(asked_payment_key, answer)
    and (request ->> 'canApply')::boolean
  then
    begin
      perform public.apply_payment(jsonb_build_object(
        'payment', answer, 'source', 'reconcile', 'askedAt', request -> 'askedAt', 'requestId', request -> 'requestId',
        'depositHours', request -> 'depositHours'
      ));
    exception when integrity_constraint_violation then
      -- Rows that contradict each other are a person's; the difference stays.
      raise notice 'payment % cannot be mended: %', asked_payment_key, sqlerrm;
    end;
  end if;

  perform toss_private.record_differences(held.run_id, asked_payment_key, before, coalesce((
    select jsonb_agg(to_jsonb(d)) from toss_private.find_differences(asked_payment_key, answer, question.listed) as d
  ), '[]'));
  return toss_private.reconciliation_view(held.run_id);
end;
$$;

comment on function public.settle_reconciliation_question(jsonb) is
  'What Toss said of one payment: compared, sent through apply_payment where that is safe, compared again and written down. Keys: runId, leaseToken, leaseSeconds, paymentKey, payment (null: Toss knows none), isUnaskable, isForeign, canApply, askedAt, requestId, depositHours.';

-- supabase/schemas/69_reconciliation_ends.sql
-- What a run writes down, how it asks, and how it ends; what must never be true of it, and what a person must see.

create function toss_private.record_differences(
  finding_run_id uuid, differing_payment_key text, before jsonb, after jsonb
)
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  present constant timestamptz := toss_private.clock_now();
  concerned_order_id constant text := coalesce(
    (select p.order_id from public.payments as p where p.payment_key = differing_payment_key),
    (select o.id from public.orders as o
      join jsonb_array_elements(before || after) as d on o.id = d.value -> 'theirs' ->> 'orderId' limit 1)
  );
  known record;
  found_difference record;
  opened public.reconciliation_differences;
begin
  -- Two runs may come upon the same payment at once.
  perform pg_advisory_xact_lock(hashtextextended('toss_difference ' || differing_payment_key, 0));

  -- What was open could not mend itself; a person has seen to it.
  update public.reconciliation_differences as d
  set resolved_at = present, resolution = 'by_hand'
  where d.payment_key = differing_payment_key and d.resolved_at is null and not exists (
    select 1 from jsonb_array_elements(after) as a
    where a.value ->> 'kind' = d.kind and (not d.is_cancel or a.value ->> 'transaction_key' = d.transaction_key)
  );

  for found_difference in
    select distinct on (d.kind, d.is_cancel, case when d.is_cancel then d.transaction_key end) d.*
    from (
      select e.*, false as is_open from jsonb_to_recordset(before) as e (
        kind text, transaction_key text, is_cancel boolean, ours jsonb, theirs jsonb, reason text
      )
      union all
      select e.*, true from jsonb_to_recordset(after) as e (
        kind text, transaction_key text, is_cancel boolean, ours jsonb, theirs jsonb, reason text
      )
    ) as d
    order by d.kind, d.is_cancel, case when d.is_cancel then d.transaction_key end, d.is_open desc
  loop
    -- One that this call has just resolved has its row.
    continue when not found_difference.is_open and exists (
      select 1 from public.reconciliation_differences as d
      where d.payment_key = differing_payment_key and d.kind = found_difference.kind and d.resolved_at = present
        and (not d.is_cancel or d.transaction_key = found_difference.transaction_key)
    );
    insert into public.reconciliation_differences as d (
      run_id, kind, payment_key, transaction_key, order_id, is_cancel, ours, theirs, reason, resolution, created_at,
      resolved_at
    ) values (
      finding_run_id, found_difference.kind, differing_payment_key, found_difference.transaction_key, concerned_order_id,
      found_difference.is_cancel, nullif(found_difference.ours, 'null'), nullif(found_difference.theirs, 'null'),
      found_difference.reason, case when not found_difference.is_open then 'healed' end, present,
      case when not found_difference.is_open then present end
    )
    on conflict do nothing
    returning * into opened;
    if found and found_difference.is_open then
      perform toss_private.announce_difference(opened);
    end if;
  end loop;
end;
$$;

comment on function toss_private.record_differences(uuid, text, jsonb, jsonb) is
  'Writes down what differed before and after Toss''s answer was applied: what is gone is healed, what is left is open and told once.';

create function toss_private.announce_difference(opened public.reconciliation_differences)
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  perform toss_private.write_outbox_event(jsonb_build_object(
    'eventType', 'reconciliation.difference', 'subject', coalesce(opened.order_id, opened.payment_key),
    'payload', jsonb_strip_nulls(jsonb_build_object(
      'differenceId', opened.id, 'runId', opened.run_id, 'kind', opened.kind, 'paymentKey', opened.payment_key,
      'transactionKey', opened.transaction_key, 'orderId', opened.order_id, 'reason', opened.reason
    )) || jsonb_build_object('ours', opened.ours, 'theirs', opened.theirs)
  ));
end;
$$;

comment on function toss_private.announce_difference(public.reconciliation_differences) is
  'Writes the outbox event of a difference that stays open.';

create function public.claim_reconciliation_questions(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  held constant toss_private.reconciliation_states := toss_private.hold_reconciliation(request);
begin
  return (
    select jsonb_build_object('questions', coalesce(jsonb_agg(jsonb_build_object(
      'paymentKey', c.payment_key,
      'isKnown', p.payment_key is not null,
      'listedKeys', c.listed ->> 'keys',
      -- Asked for unknown payments alone: a merchant id that nobody knows is looked for among all payments.
      'isFamiliar', case when p.payment_key is null and c.listed ->> 'mId' is not null
        then exists (select 1 from public.payments as m where m.m_id = c.listed ->> 'mId') else true end,
      'tossKeys', coalesce(o.toss_keys, c.listed ->> 'keys', 'main'),
      'tossClientKey', o.toss_client_key,
      'askedAt', toss_private.clock_now()
    ) order by c.payment_key), '[]'))
    from (
      select q.* from toss_private.reconciliation_questions as q
      where q.run_id = held.run_id and q.attempts < 4
      order by q.attempts, q.payment_key
      limit (request ->> 'limit')::bigint
    ) as c
    left join public.payments as p on p.payment_key = c.payment_key
    left join public.orders as o on o.id = coalesce(p.order_id, c.listed ->> 'orderId', (
      select d.order_id from public.reconciliation_differences as d
      where d.payment_key = c.payment_key and d.resolved_at is null and d.order_id is not null limit 1
    ))
  );
end;
$$;

comment on function public.claim_reconciliation_questions(jsonb) is
  'The next payments of a run to ask Toss about, and with which key pair; each at most four times. Keys: runId, leaseToken, leaseSeconds, limit.';

create function public.postpone_reconciliation_question(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  held constant toss_private.reconciliation_states := toss_private.hold_reconciliation(request);
begin
  update toss_private.reconciliation_questions as q set attempts = q.attempts + 1
  where q.run_id = held.run_id and q.payment_key = request ->> 'paymentKey';
  return toss_private.reconciliation_view(held.run_id);
end;
$$;

comment on function public.postpone_reconciliation_question(jsonb) is
  'Toss gave no answer that proves anything; the question is asked again. Keys: runId, leaseToken, leaseSeconds, paymentKey.';

create function public.pause_reconciliation(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  held constant toss_private.reconciliation_states := toss_private.hold_reconciliation(request);
begin
  update toss_private.reconciliation_states as s set lease_expires_at = toss_private.clock_now()
  where s.run_id = held.run_id;
  return toss_private.reconciliation_view(held.run_id);
end;
$$;

comment on function public.pause_reconciliation(jsonb) is
  'Gives the lease back at the end of a slice, so that the next one goes on at once. Keys: runId, leaseToken, leaseSeconds.';

create function public.finish_reconciliation(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  held constant toss_private.reconciliation_states := toss_private.hold_reconciliation(request);
  is_complete constant boolean := not exists (
    select 1 from toss_private.reconciliation_questions as q where q.run_id = held.run_id
    union all
    select 1 from public.reconciliation_runs as r where r.id = held.run_id and r.settlements_missed = 'UNANSWERED'
  );
  ended public.reconciliation_runs;
begin
  update public.reconciliation_runs as r
  set status = case when is_complete then 'finished' else 'failed' end, finished_at = toss_private.clock_now(),
    healed = (
      select count(*) from public.reconciliation_differences as d
      where d.run_id = r.id and d.resolution = 'healed'
    ),
    open = (select count(*) from public.reconciliation_differences as d where d.resolved_at is null)
  where r.id = held.run_id
  returning * into ended;
  perform toss_private.finish_settlements(ended);
  if ended.status = 'finished' and held.is_default then
    insert into toss_private.reconciliation_progress as p (covered_until)
    values (least(ended.to_date, (held.border at time zone 'Asia/Seoul')::date))
    on conflict (is_only) do update set covered_until = greatest(p.covered_until, excluded.covered_until);
  end if;
  perform toss_private.drop_reconciliation_state(held.run_id);
  return toss_private.reconciliation_view(held.run_id);
end;
$$;

comment on function public.finish_reconciliation(jsonb) is
  'Ends a run that has nothing left to ask: failed when Toss did not answer everything. Keys: runId, leaseToken, leaseSeconds.';

create function public.read_reconciliation(request jsonb)
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
  return toss_private.reconciliation_view((request ->> 'runId')::uuid) || (
    select jsonb_build_object(
      'settlements', (
        select count(*) from public.settlements as s where s.sold_date between r.from_date and r.to_date
      ),
      'settlementsMissed', r.settlements_missed,
      'settlementDifferences', (select count(*) from public.settlement_differences as d where d.resolved_at is null)
    )
    from public.reconciliation_runs as r where r.id = (request ->> 'runId')::uuid
  ) || jsonb_build_object('differences', (
    select coalesce(jsonb_agg(jsonb_build_object(
      'kind', d.kind, 'paymentKey', d.payment_key, 'transactionKey', d.transaction_key, 'orderId', d.order_id,
      'ours', d.ours, 'theirs', d.theirs, 'reason', d.reason, 'resolution', d.resolution, 'resolvedAt', d.resolved_at
    ) order by d.created_at, d.kind, d.payment_key, d.transaction_key), '[]')
    from public.reconciliation_differences as d
    where d.resolved_at is null or d.run_id = (request ->> 'runId')::uuid
  ));
end;
$$;

comment on function public.read_reconciliation(jsonb) is
  'A run, the differences that it found and healed, and all that are open, also of earlier runs; how many settlements of its days are known. Key: runId.';

create function toss_private.reconciliation_violations()
returns table (invariant text, subject text, detail text)
language plpgsql
stable
set search_path = ''
as $$
begin
  return query
  select 'reconciliation_run_adds_up', r.id::text,
    format('%s healed, %s difference(s) say so', r.healed, count(d.id))
  from public.reconciliation_runs as r
  left join public.reconciliation_differences as d on d.run_id = r.id and d.resolution = 'healed'
  where r.status = 'finished'
  group by r.id
  having r.healed <> count(d.id)

  union all
  -- Old events go; what is open is told for as long as it is young.
  select 'difference_is_told_once', d.id::text, format('%s of payment %s has %s outbox events', d.kind, d.payment_key, count(e.id))
  from public.reconciliation_differences as d
  left join public.outbox_events as e on e.event_type = 'reconciliation.difference'
    and e.subject = coalesce(d.order_id, d.payment_key) and e.payload ->> 'differenceId' = d.id::text
  where d.created_at > toss_private.clock_now() - interval '29 days'
  group by d.id
  having count(e.id) <> (d.resolution is distinct from 'healed')::integer

  union all
  select 'reconciliation_keeps_nothing', s.run_id::text, format('the run is %s and its rows are kept', r.status)
  from toss_private.reconciliation_states as s
  join public.reconciliation_runs as r on r.id = s.run_id
  where r.status <> 'running';
end;
$$;

comment on function toss_private.reconciliation_violations() is 'The rules about comparisons with Toss''s list.';

create view toss_private.reconciliation_alerts
with (security_invoker = true)
as
select 'critical' as level, 'reconciliation_difference' as alert, coalesce(d.order_id, d.payment_key) as subject,
  format('%s, payment %s%s: %s', d.kind, d.payment_key, ' ' || d.transaction_key, d.reason) as detail, d.created_at as since
from public.reconciliation_differences as d
where d.resolved_at is null

union all
select 'warning', 'reconciliation_failed', r.id::text,
  format('%s to %s: Toss has not answered everything', r.from_date, r.to_date), r.started_at
from (select l.* from public.reconciliation_runs as l order by l.started_at desc limit 1) as r
where r.status = 'failed' or (r.status = 'running' and r.started_at < toss_private.clock_now() - interval '1 day');

comment on view toss_private.reconciliation_alerts is
  'Differences between Toss and our rows that are open, and a comparison that Toss did not let come to its end.';

-- supabase/schemas/69_reconciliation_rows.sql
-- Which rows agree without a question: those of Toss's list with ours, and ours with the list.

create function toss_private.agrees(row_of_list jsonb)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
declare
  listed_amount constant bigint := abs((row_of_list ->> 'amount')::numeric);
  known public.payments;
  canceled bigint;
begin
  if row_of_list ->> 'status' in ('CANCELED', 'PARTIAL_CANCELED') then
    return exists (
      select 1 from public.payment_cancels as k
      join public.payments as p on p.payment_key = k.payment_key
      where k.transaction_key = row_of_list ->> 'transactionKey' and k.payment_key = row_of_list ->> 'paymentKey'
        and k.amount = listed_amount and k.status = 'DONE' and p.order_id = row_of_list ->> 'orderId'
    );
  end if;
  select * into known from public.payments as p
  where p.payment_key = row_of_list ->> 'paymentKey' and p.order_id = row_of_list ->> 'orderId'
    and p.total_amount = listed_amount and p.currency = row_of_list ->> 'currency';
  if not found then
    return false;
  end if;
  if row_of_list ->> 'status' = 'WAITING_FOR_DEPOSIT' then
    return true;
  end if;
  select coalesce(sum(k.amount), 0) into canceled
  from public.payment_cancels as k where k.payment_key = known.payment_key and k.status = 'DONE';
  -- A payment whose own rows contradict each other is asked about, too.
  return row_of_list ->> 'status' = 'DONE' and toss_private.is_paid(known)
    and known.balance_amount = known.total_amount - canceled
    and (known.status = 'DONE') = (canceled = 0) and known.status in ('DONE', 'PARTIAL_CANCELED', 'CANCELED');
end;
$$;

comment on function toss_private.agrees(jsonb) is
  'Whether a row of Toss''s list says what our rows say. A status that nobody knows agrees with nothing: Toss is asked.';

create function public.record_listed_transactions(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  held constant toss_private.reconciliation_states := toss_private.hold_reconciliation(request);
  run public.reconciliation_runs;
  window_end timestamptz;
  window_start timestamptz;
  ours jsonb;
  new_rows bigint;
  foreign_count bigint;
  is_last constant boolean := (request ->> 'isLast')::boolean;
begin
  -- A page that another try has recorded already.
  if held.phase <> 'list' or held.cursor is distinct from request ->> 'cursor'
    or held.pairs[held.pair_position] <> request ->> 'keys'
  then
    return toss_private.reconciliation_view(held.run_id);
  end if;
  select * into run from public.reconciliation_runs as r where r.id = held.run_id;
  window_start := run.from_date::timestamp at time zone 'Asia/Seoul';
  window_end := least((run.to_date + 1)::timestamp at time zone 'Asia/Seoul', held.border);

  with listed as (
    select t.value as entry, t.ordinality as place, exists (
        select 1 from public.orders as o where o.id = t.value ->> 'orderId'
        union all
        select 1 from public.payments as p where p.payment_key = t.value ->> 'paymentKey'
      ) as is_ours
    from jsonb_array_elements(request -> 'rows') with ordinality as t
    where coalesce((t.value ->> 'transactionAt')::timestamptz >= window_start
      and (t.value ->> 'transactionAt')::timestamptz < window_end, t.value ->> 'transactionAt' is null)
  )
  select coalesce(jsonb_agg(l.entry order by l.place) filter (where l.is_ours), '[]'),
    count(*) filter (where not l.is_ours and coalesce(l.entry ->> 'mId', '') <> all (held.listed_merchants))
  into ours, foreign_count
  from listed as l;

  insert into toss_private.reconciliation_rows (run_id, transaction_key, payment_key, is_cancel)
  select held.run_id, t.value ->> 'transactionKey', t.value ->> 'paymentKey',
    t.value ->> 'status' in ('CANCELED', 'PARTIAL_CANCELED')
  from jsonb_array_elements(ours) as t
  on conflict do nothing;
  get diagnostics new_rows = row_count;

  insert into toss_private.reconciliation_questions as q (run_id, payment_key, listed)
  select distinct on (t.value ->> 'paymentKey')
    held.run_id, t.value ->> 'paymentKey', t.value || jsonb_build_object('keys', request ->> 'keys')
  from jsonb_array_elements(ours) as t
  where not coalesce(toss_private.agrees(t.value), false)
  -- The approval tells more of a payment than its cancels.
  order by t.value ->> 'paymentKey', t.value ->> 'status' in ('CANCELED', 'PARTIAL_CANCELED')
  on conflict (run_id, payment_key) do update set listed = coalesce(q.listed, excluded.listed);

  update public.reconciliation_runs as r
  set compared = r.compared + new_rows, foreign_rows = r.foreign_rows + foreign_count
  where r.id = held.run_id;
  update toss_private.reconciliation_states as s
  set
    cursor = case when not is_last then request ->> 'lastKey' end,
    pair_position = s.pair_position + is_last::integer,
    phase = case when is_last and s.pair_position = cardinality(s.pairs) then 'ours' else 'list' end,
    merchants = case when is_last then '{}' else met.ids end,
    listed_merchants = case when is_last then array(
      select distinct m.id from unnest(s.listed_merchants || met.ids) as m (id)
    ) else s.listed_merchants end
  from (
    select array(
      select m.id from unnest(held.merchants) as m (id)
      union
      select t.value ->> 'mId' from jsonb_array_elements(request -> 'rows') as t where t.value ->> 'mId' is not null
    ) as ids
  ) as met
  where s.run_id = held.run_id;
  return toss_private.reconciliation_view(held.run_id);
end;
$$;

comment on function public.record_listed_transactions(jsonb) is
  'Compares one page of Toss''s list: rows that agree are counted, the others become questions, rows of other shops leave a number. Keys: runId, leaseToken, leaseSeconds, keys, cursor, lastKey, isLast, rows.';

create function public.find_unlisted_payments(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  held constant toss_private.reconciliation_states := toss_private.hold_reconciliation(request);
  run public.reconciliation_runs;
  window_start timestamptz;
  window_end timestamptz;
  unlisted bigint;
begin
  if held.phase <> 'ours' then
    return toss_private.reconciliation_view(held.run_id);
  end if;
  select * into run from public.reconciliation_runs as r where r.id = held.run_id;
  window_start := run.from_date::timestamp at time zone 'Asia/Seoul';
  window_end := least((run.to_date + 1)::timestamp at time zone 'Asia/Seoul', held.border);

  with lacking as (
    select p.payment_key from public.payments as p
    where p.approved_at >= window_start and p.approved_at < window_end
      and not exists (
        select 1 from toss_private.reconciliation_rows as r
        where r.run_id = held.run_id and r.payment_key = p.payment_key and not r.is_cancel
      )
    union all
    select k.payment_key from public.payment_cancels as k
    join public.payments as p on p.payment_key = k.payment_key and p.approved_at is not null
    where k.canceled_at >= window_start and k.canceled_at < window_end and k.status = 'DONE'
      and not exists (
        select 1 from toss_private.reconciliation_rows as r
        where r.run_id = held.run_id and r.transaction_key = k.transaction_key
      )
  ),
  ours as (
    select l.payment_key from lacking as l
    join public.payments as p on p.payment_key = l.payment_key
    join public.orders as o on o.id = p.order_id
    -- A pair that is not set can be asked nothing; doctor tells of it.
    where o.toss_keys = any (array(select jsonb_array_elements_text(request -> 'configured')))
  ),
  asked as (
    insert into toss_private.reconciliation_questions (run_id, payment_key)
    select distinct held.run_id, o.payment_key from ours as o
    on conflict do nothing
  )
  select count(*) into unlisted from ours;

  update public.reconciliation_runs as r set compared = r.compared + unlisted where r.id = held.run_id;
  update toss_private.reconciliation_states as s set phase = 'ask' where s.run_id = held.run_id;
  return toss_private.reconciliation_view(held.run_id);
end;
$$;

comment on function public.find_unlisted_payments(jsonb) is
  'Makes questions of the payments and cancels of the run''s days that Toss''s list did not show. Keys: runId, leaseToken, leaseSeconds, configured.';

-- supabase/schemas/69_settlements.sql
-- Settlements (정산): what Toss pays out, row for row, and where it differs from payments and cancels.

create table public.settlements (
  payment_key text not null,
  transaction_key text not null,
  m_id text,
  method text,
  amount bigint not null,
  fee bigint not null,
  fee_vat bigint not null,
  pay_out_amount bigint not null,
  sold_date date not null,
  paid_out_date date,
  approved_at timestamptz,
  constraint settlements_pkey primary key (payment_key, transaction_key),
  constraint settlements_payment_key_length check (char_length(payment_key) between 1 and 200),
  constraint settlements_transaction_key_length check (char_length(transaction_key) between 1 and 200)
);

alter table public.settlements enable row level security;

comment on table public.settlements is
  'Toss''s settlement of each payment and cancel of this shop, as its list (정산 조회) last said. Service role only.';
comment on column public.settlements.m_id is 'Toss''s merchant id, to whose account the money goes.';
comment on column public.settlements.method is 'Toss''s payment method in its own words.';
comment on column public.settlements.amount is 'What was paid, in won; negative for a refund.';
comment on column public.settlements.fee is 'Toss''s fee without its VAT, in won; negative where a refund gives it back.';
comment on column public.settlements.fee_vat is 'VAT of the fee, in won.';
comment on column public.settlements.pay_out_amount is 'What is left for the shop, in won, by Toss''s own reckoning.';
comment on column public.settlements.sold_date is 'The day in Seoul on which Toss counts it as sold (매출일).';
comment on column public.settlements.paid_out_date is
  'The day of the payout in Seoul: expected while it lies ahead, paid out from then on; null when Toss has not said.';

create index settlements_sold_date on public.settlements (sold_date);
create index settlements_paid_out_date on public.settlements (paid_out_date);

create table public.settlement_differences (
  id uuid primary key default gen_random_uuid(),
  kind text not null,
  payment_key text not null,
  transaction_key text,
  order_id text,
  ours bigint,
  theirs bigint,
  reason text not null,
  created_at timestamptz not null,
  resolved_at timestamptz,
  constraint settlement_differences_kind_known check (kind in ('missing_here', 'amount', 'not_settled'))
);

alter table public.settlement_differences enable row level security;

comment on table public.settlement_differences is
  'Settlements that our books do not explain, and payments that were not settled. One stands once while it is open. Service role only.';
comment on column public.settlement_differences.transaction_key is 'Of the settlement; null for a payment without one.';
comment on column public.settlement_differences.ours is 'Amount here, in won, negative for a refund; null when there is no such row.';
comment on column public.settlement_differences.theirs is 'Amount that Toss settled; null when it settled none.';
comment on column public.settlement_differences.reason is 'What a person has to know to decide.';
comment on column public.settlement_differences.resolved_at is 'When a run found that it is gone; null while it is open.';

create unique index settlement_differences_once_while_open
  on public.settlement_differences (payment_key, transaction_key) nulls not distinct where resolved_at is null;

create function toss_private.judge_settlement(settled public.settlements)
returns public.settlement_differences
language plpgsql
stable
set search_path = ''
as $$
declare
  known public.payments;
  verdict public.settlement_differences;
begin
  select * into known from public.payments as p where p.payment_key = settled.payment_key;
  if known.payment_key is null then
    if exists (select 1 from public.imported_transactions as t where t.payment_key = settled.payment_key) then
      return null;
    end if;
    verdict.reason := 'the payment is not known here';
  elsif settled.amount >= 0 then
    verdict.ours := known.total_amount;
    verdict.reason := 'Toss settles another amount than was paid here';
  else
    select -k.amount into verdict.ours from public.payment_cancels as k
    where k.payment_key = settled.payment_key
      -- A cancel that Toss gave no key is known by its amount.
      and (k.transaction_key = settled.transaction_key or (k.transaction_key like 'place-%' and k.amount = -settled.amount))
    order by k.transaction_key = settled.transaction_key desc
    limit 1;
    verdict.reason := case when verdict.ours is null then 'the cancel is not known here'
      else 'Toss settles another amount than was given back here' end;
  end if;
  if verdict.ours = settled.amount then
    return null;
  end if;
  verdict.kind := case when verdict.ours is null then 'missing_here' else 'amount' end;
  verdict.payment_key := settled.payment_key;
  verdict.transaction_key := settled.transaction_key;
  verdict.order_id := known.order_id;
  verdict.theirs := settled.amount;
  return verdict;
end;
$$;

comment on function toss_private.judge_settlement(public.settlements) is
  'Where a settlement differs from our books; null when it is the payment''s or the cancel''s own amount, or of the imported history.';

create function toss_private.keep_settlement_difference(verdict public.settlement_differences)
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  insert into public.settlement_differences as d (
    kind, payment_key, transaction_key, order_id, ours, theirs, reason, created_at
  ) values (
    verdict.kind, verdict.payment_key, verdict.transaction_key, verdict.order_id, verdict.ours, verdict.theirs,
    verdict.reason, toss_private.clock_now()
  )
  on conflict (payment_key, transaction_key) where resolved_at is null do update
    set kind = excluded.kind, ours = excluded.ours, theirs = excluded.theirs, reason = excluded.reason;
end;
$$;

comment on function toss_private.keep_settlement_difference(public.settlement_differences) is
  'Writes a difference down, or what is new about an open one.';

create function public.begin_settlements(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  held constant toss_private.reconciliation_states := toss_private.hold_reconciliation(request);
begin
  update toss_private.reconciliation_states as s set phase = 'settlements', pair_position = 1, cursor = null
  where s.run_id = held.run_id and s.phase = 'ask';
  return toss_private.reconciliation_view(held.run_id);
end;
$$;

comment on function public.begin_settlements(jsonb) is
  'Goes on from single payments to Toss''s list of settlements, key pair by key pair. Keys: runId, leaseToken, leaseSeconds.';

create function public.record_settlements(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  held constant toss_private.reconciliation_states := toss_private.hold_reconciliation(request);
  settled public.settlements;
  verdict public.settlement_differences;
  is_last constant boolean := (request ->> 'isLast')::boolean;
begin
  -- A page that another try has recorded already.
  if held.phase <> 'settlements' or held.cursor is distinct from request ->> 'cursor'
    or held.pairs[held.pair_position] is distinct from request ->> 'keys'
  then
    return toss_private.reconciliation_view(held.run_id);
  end if;

  for settled in
    insert into public.settlements as s (
      payment_key, transaction_key, m_id, method, amount, fee, fee_vat, pay_out_amount, sold_date, paid_out_date,
      approved_at
    )
    select distinct on (r."paymentKey", r."transactionKey")
      r."paymentKey", r."transactionKey", r."mId", r.method, r.amount, r.fee, r."feeVat", r."payOutAmount",
      r."soldDate", r."paidOutDate", r."approvedAt"
    from jsonb_to_recordset(request -> 'rows') as r (
      "paymentKey" text, "transactionKey" text, "orderId" text, "mId" text, method text, amount bigint, fee bigint,
      "feeVat" bigint, "payOutAmount" bigint, "soldDate" date, "paidOutDate" date, "approvedAt" timestamptz
    )
    -- Shops that share a key see each other's rows.
    where exists (
      select 1 from public.orders as o
      where o.id = r."orderId" and (o.toss_keys = request ->> 'keys' or o.toss_keys <> all (held.pairs))
      union all
      select 1 from public.payments as p where p.payment_key = r."paymentKey"
      union all
      select 1 from public.imported_transactions as t where t.payment_key = r."paymentKey"
    )
    on conflict (payment_key, transaction_key) do update set
      m_id = excluded.m_id, method = excluded.method, amount = excluded.amount, fee = excluded.fee,
      fee_vat = excluded.fee_vat, pay_out_amount = excluded.pay_out_amount, sold_date = excluded.sold_date,
      paid_out_date = excluded.paid_out_date, approved_at = excluded.approved_at
    returning *
  loop
    verdict := toss_private.judge_settlement(settled);
    if verdict.kind is not null then
      perform toss_private.keep_settlement_difference(verdict);
    end if;
  end loop;

  update toss_private.reconciliation_states as s
  set cursor = case when not is_last then request ->> 'nextCursor' end,
    pair_position = s.pair_position + is_last::integer, failed_tries = 0
  where s.run_id = held.run_id;
  return toss_private.reconciliation_view(held.run_id);
end;
$$;

comment on function public.record_settlements(jsonb) is
  'Keeps one page of Toss''s list of settlements, and what our books do not explain of it; rows of other shops are left out. Keys: runId, leaseToken, leaseSeconds, keys, cursor, nextCursor, isLast, rows.';

create function public.miss_settlements(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  held constant toss_private.reconciliation_states := toss_private.hold_reconciliation(request);
  -- As often as a payment is asked about.
  is_over constant boolean := (request ->> 'isRefused')::boolean or held.failed_tries >= 3;
begin
  update toss_private.reconciliation_states as s
  set failed_tries = case when is_over then 0 else s.failed_tries + 1 end,
    pair_position = s.pair_position + is_over::integer,
    cursor = case when not is_over then s.cursor end
  where s.run_id = held.run_id and s.phase = 'settlements' and s.pairs[s.pair_position] = request ->> 'keys';
  if found and is_over then
    update public.reconciliation_runs as r
    set settlements_missed = case
        when (request ->> 'isRefused')::boolean then coalesce(r.settlements_missed, request ->> 'reason')
        else 'UNANSWERED' end
    where r.id = held.run_id;
  end if;
  return toss_private.reconciliation_view(held.run_id);
end;
$$;

comment on function public.miss_settlements(jsonb) is
  'Toss gave no page of settlements: asked again, four times at most, or not at all when it refused. Keys: runId, leaseToken, leaseSeconds, keys, reason, isRefused.';

create function toss_private.finish_settlements(ending public.reconciliation_runs)
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  covered datemultirange;
  unsettled record;
begin
  -- What is open may have been explained since.
  update public.settlement_differences as d set resolved_at = toss_private.clock_now()
  where d.resolved_at is null and d.transaction_key is not null and not exists (
    select 1 from public.settlements as s
    where (s.payment_key, s.transaction_key) = (d.payment_key, d.transaction_key)
      and (toss_private.judge_settlement(s)).kind is not null
  );
  update public.settlement_differences as d set resolved_at = toss_private.clock_now()
  where d.resolved_at is null and d.transaction_key is null and not exists (
    select 1 from public.payments as p
    where p.payment_key = d.payment_key and p.balance_amount > 0 and p.approved_at is not null
      and not exists (select 1 from public.settlements as s where s.payment_key = p.payment_key)
  );
  if ending.settlements_missed is not null then
    return;
  end if;

  select range_agg(daterange(r.from_date, r.to_date, '[]')) into covered
  from public.reconciliation_runs as r
  where r.id = ending.id or (r.status = 'finished' and r.settlements_missed is null);
  for unsettled in
    select p.payment_key, p.order_id, p.total_amount
    from public.payments as p
    where p.approved_at >= (ending.from_date - 7)::timestamp at time zone 'Asia/Seoul'
      and p.approved_at < (ending.to_date - 6)::timestamp at time zone 'Asia/Seoul'
      and p.balance_amount > 0 and p.currency = 'KRW'
      -- The day may be counted as sold later than it was approved, so a week must have been read.
      and covered @> daterange(
        (p.approved_at at time zone 'Asia/Seoul')::date, (p.approved_at at time zone 'Asia/Seoul')::date + 7, '[]'
      )
      and not exists (select 1 from public.settlements as s where s.payment_key = p.payment_key)
      -- Toss settles nothing under test keys.
      and exists (select 1 from public.settlements as s where s.m_id = coalesce(p.m_id, s.m_id))
  loop
    perform toss_private.keep_settlement_difference((
      null, 'not_settled', unsettled.payment_key, null, unsettled.order_id, unsettled.total_amount, null,
      'Toss has not settled this payment within a week', null, null
    )::public.settlement_differences);
  end loop;
end;
$$;

comment on function toss_private.finish_settlements(public.reconciliation_runs) is
  'Ends what a run found about settlements: what is explained by now is resolved, what has stayed unsettled for a week is written down.';

-- supabase/schemas/69_settlements_views.sql
-- Settlements as people read them: by payout day, row by row, and by month for the tax office.

create view public.settlement_overview
with (security_invoker = true)
as
select
  s.sold_date,
  s.paid_out_date,
  coalesce(s.paid_out_date <= (toss_private.clock_now() at time zone 'Asia/Seoul')::date, false) as is_paid_out,
  coalesce(p.order_id, t.order_id) as order_id,
  o.order_name,
  s.method,
  case when s.amount < 0 then 'refund' else 'payment' end as kind,
  s.amount,
  s.fee,
  s.fee_vat,
  s.pay_out_amount,
  s.m_id,
  s.payment_key,
  s.transaction_key,
  d.reason as difference
from public.settlements as s
left join public.payments as p on p.payment_key = s.payment_key
left join public.orders as o on o.id = p.order_id
left join public.imported_transactions as t on t.transaction_key = s.transaction_key and t.payment_key = s.payment_key
left join public.settlement_differences as d
  on d.payment_key = s.payment_key and d.transaction_key = s.transaction_key and d.resolved_at is null;

comment on view public.settlement_overview is
  'Settlements with their orders, for a look in Studio; sort by sold_date. Service role only.';

create view public.settlements_by_payout_day
with (security_invoker = true)
as
select
  s.paid_out_date,
  s.m_id,
  coalesce(s.paid_out_date <= (toss_private.clock_now() at time zone 'Asia/Seoul')::date, false) as is_paid_out,
  count(*) filter (where s.amount >= 0) as payments,
  count(*) filter (where s.amount < 0) as refunds,
  coalesce(sum(s.amount) filter (where s.amount >= 0), 0)::bigint as paid_amount,
  coalesce(-sum(s.amount) filter (where s.amount < 0), 0)::bigint as refunded_amount,
  sum(s.fee)::bigint as fee,
  sum(s.fee_vat)::bigint as fee_vat,
  sum(s.pay_out_amount)::bigint as pay_out_amount
from public.settlements as s
group by s.paid_out_date, s.m_id;

comment on view public.settlements_by_payout_day is
  'What arrives on the shop''s account, or did, by day in Seoul and merchant id. Amounts in won, refunded_amount positive. Service role only.';

create view public.monthly_tax_sheet
with (security_invoker = true)
as
with approved as (
  select
    to_char(p.approved_at at time zone 'Asia/Seoul', 'YYYY-MM') as month,
    p.method,
    p.total_amount as total,
    coalesce(p.approved_tax_free_amount, o.tax_free_amount) as tax_free,
    p.approved_vat as vat
  from public.payments as p
  join public.orders as o on o.id = p.order_id
  where p.approved_at is not null and p.currency = 'KRW'
),
moved as (
  select a.month, a.method, a.total, a.tax_free,
    -- Where Toss has not told the whole: an eleventh of what is taxed, rounded as Toss does.
    coalesce(a.vat, round((a.total - a.tax_free) / 11.0)::bigint) as vat, 0::bigint as refunded
  from approved as a

  union all
  select to_char(coalesce(k.canceled_at, k.created_at) at time zone 'Asia/Seoul', 'YYYY-MM'), p.method, 0, 0, 0, k.amount
  from public.payment_cancels as k
  join public.payments as p on p.payment_key = k.payment_key
  where k.status = 'DONE' and p.approved_at is not null and p.currency = 'KRW'
)
select
  m.month,
  coalesce(m.method, '미확인') as method,
  sum(m.total - m.tax_free - m.vat)::bigint as supplied_amount,
  sum(m.vat)::bigint as vat,
  sum(m.tax_free)::bigint as tax_free_amount,
  sum(m.total)::bigint as total_amount,
  sum(m.refunded)::bigint as refunded_amount
from moved as m
group by m.month, coalesce(m.method, '미확인');

comment on view public.monthly_tax_sheet is
  'Sales by month in Seoul and method, in won, for the VAT return: what was approved, before refunds, and in refunded_amount (positive) what was given back in that month, whenever it was paid. Service role only.';

create function toss_private.settlement_violations()
returns table (invariant text, subject text, detail text)
language plpgsql
stable
set search_path = ''
as $$
begin
  return query
  select 'settlement_difference_is_seen', s.transaction_key, format('%s, and no difference is open', j.reason)
  from public.settlements as s
  cross join lateral toss_private.judge_settlement(s) as j
  where j.kind is not null and not exists (
    select 1 from public.settlement_differences as d
    where d.payment_key = s.payment_key and d.transaction_key = s.transaction_key and d.resolved_at is null
  )

  union all
  select 'imported_history_is_not_ours', t.transaction_key, format('payment %s is one of ours', t.payment_key)
  from public.imported_transactions as t
  join public.payments as p on p.payment_key = t.payment_key;
end;
$$;

comment on function toss_private.settlement_violations() is 'The rules about settlements and the imported history.';

create view toss_private.settlement_alerts
with (security_invoker = true)
as
select case d.kind when 'not_settled' then 'warning' else 'critical' end as level, 'settlement_difference' as alert,
  coalesce(d.order_id, d.payment_key) as subject,
  format('payment %s%s: %s', d.payment_key, ' ' || d.transaction_key, d.reason) as detail, d.created_at as since
from public.settlement_differences as d
where d.resolved_at is null

union all
select 'warning', 'settlements_unread', r.id::text,
  format('%s to %s: Toss gave no settlements (%s)', r.from_date, r.to_date, r.settlements_missed), r.started_at
from (
  select l.* from public.reconciliation_runs as l where l.status <> 'running' order by l.started_at desc limit 1
) as r
where r.settlements_missed is not null;

comment on view toss_private.settlement_alerts is
  'Settlements that our books do not explain, payments that were not settled, and a list of settlements that Toss did not give.';

-- supabase/schemas/70_jobs.sql
-- The scheduled jobs: who wakes the worker, when, and whether it came.

create table toss_private.jobs (
  name text primary key,
  schedule text not null,
  interval_seconds integer not null,
  last_started_at timestamptz,
  last_finished_at timestamptz,
  last_result jsonb,
  runs bigint not null default 0,
  created_at timestamptz not null default now(),
  position uuid,
  constraint jobs_interval_positive check (interval_seconds > 0)
);

alter table toss_private.jobs enable row level security;

comment on table toss_private.jobs is
  'One heartbeat row per job: billing of the function billing-charge, the others of worker.';
comment on column toss_private.jobs.schedule is 'Minute cron expression, UTC, as scheduled in pg_cron.';
comment on column toss_private.jobs.interval_seconds is 'How far apart two runs are at most; a job is late after three times that.';
comment on column toss_private.jobs.position is
  'For a job that looks at users slice by slice: the last one it looked at; null = from the start. Personal: id; kept.';

insert into toss_private.jobs (name, schedule, interval_seconds) values
  ('webhooks', '* * * * *', 60),
  ('operations', '* * * * *', 60),
  ('billing', '* * * * *', 60),
  ('expiry', '* * * * *', 60),
  ('cash_receipts', '*/10 * * * *', 600),
  ('outbox', '* * * * *', 60),
  ('housekeeping', '17 18 * * *', 86400),
  ('reconcile', '43 18 * * *', 86400);

create view public.job_status
with (security_invoker = true)
as
select
  j.name as job,
  j.schedule,
  j.last_finished_at,
  j.last_result,
  j.runs,
  j.created_at,
  coalesce(j.last_finished_at, j.created_at)
    < toss_private.clock_now() - make_interval(secs => 3 * j.interval_seconds) as is_late
from toss_private.jobs as j;

comment on view public.job_status is 'Which job ran when, and which is late. Service role only.';

create function toss_private.schedule_jobs()
returns integer
language plpgsql
volatile
set search_path = ''
as $$
declare
  job toss_private.jobs;
  scheduled integer := 0;
begin
  if to_regprocedure('cron.schedule(text, text, text)') is null then
    raise notice 'pg_cron is missing: call toss_private.schedule_jobs() again once it is there';
    return 0;
  end if;
  for job in select * from toss_private.jobs as j order by j.name loop
    perform cron.schedule(
      'tosspayments-' || job.name, job.schedule, format('select toss_private.wake_worker(%L)', job.name)
    );
    scheduled := scheduled + 1;
  end loop;
  -- A first run is late from now on, and not from the migration, after which a deployment takes its time.
  update toss_private.jobs as j set created_at = now() where j.last_started_at is null;
  return scheduled;
end;
$$;

comment on function toss_private.schedule_jobs() is
  'Creates or updates the pg_cron job of every row of toss_private.jobs. Safe to repeat by the same role; another role would get jobs of its own, because pg_cron knows a job by name and user.';

create function toss_private.wake_worker(job text)
returns bigint
language plpgsql
volatile
set search_path = ''
as $$
declare
  base_url text;
  secret text;
begin
  select s.decrypted_secret into base_url from vault.decrypted_secrets as s
  where s.name = 'supabase_tosspayments_url';
  select s.decrypted_secret into secret from vault.decrypted_secrets as s
  where s.name = 'supabase_tosspayments_cron_secret';
  if base_url is null or secret is null then
    raise exception 'Vault lacks supabase_tosspayments_url or supabase_tosspayments_cron_secret'
      using hint = 'select vault.create_secret(''<value>'', ''<name>'')';
  end if;
  -- Only a wake-up: what is due and who works on it lives in our rows, so a lost or doubled call is harmless.
  -- A slow answer would hold up every other call of pg_net, hence the short patience.
  return net.http_post(
    url := rtrim(base_url, '/') || '/functions/v1/' || case job when 'billing' then 'billing-charge' else 'worker' end,
    body := case job when 'billing' then '{}' else jsonb_build_object('job', job) end,
    headers := jsonb_build_object(
      'Content-Type', 'application/json', 'Authorization', 'Bearer ' || secret
    ),
    timeout_milliseconds := 5000
  );
end;
$$;

comment on function toss_private.wake_worker(text) is
  'Calls the function of a job through pg_net, with URL and secret from Vault read at run time: billing-charge for billing, worker for the others.';

create function toss_private.try_to_wake(job text)
returns boolean
language plpgsql
volatile
set search_path = ''
as $$
begin
  if to_regnamespace('net') is null or to_regclass('vault.decrypted_secrets') is null then
    return false;
  end if;
  perform toss_private.wake_worker(job);
  return true;
exception when others then
  raise notice '% is woken by its schedule: %', job, sqlerrm;
  return false;
end;
$$;

comment on function toss_private.try_to_wake(text) is
  'Wakes a job before its time, where that works; whatever keeps it from it, the caller goes on.';

create function toss_private.has_worked(result jsonb)
returns boolean
language plpgsql
immutable
set search_path = ''
as $$
begin
  return exists (
    select 1 from unnest(array['claimed', 'expired', 'asked', 'deletedWebhookEvents', 'deletedEvents', 'erasedOrders', 'erasedWebhookBodies']) as n (name)
    where (result ->> n.name)::integer > 0
  );
end;
$$;

comment on function toss_private.has_worked(jsonb) is 'Whether the run of a job found something to do.';

create function public.record_job_run(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  recorded toss_private.jobs;
  is_woken boolean := false;
begin
  update toss_private.jobs as j
  set last_started_at = toss_private.clock_now()
      - make_interval(secs => (request ->> 'durationSeconds')::double precision),
    last_finished_at = toss_private.clock_now(),
    last_result = request -> 'result',
    runs = j.runs + 1
  where j.name = request ->> 'job'
  returning * into recorded;
  -- A run that got nothing although something is left shares it with another run: that one goes on.
  if (recorded.last_result ->> 'remaining')::integer > 0 and toss_private.has_worked(recorded.last_result) then
    is_woken := toss_private.try_to_wake(recorded.name);
  end if;
  return jsonb_build_object('runs', recorded.runs, 'isWoken', is_woken);
end;
$$;

comment on function public.record_job_run(jsonb) is
  'Heartbeat of one job: when it started and what it did. A run that left something over is followed by another at once.';

create function public.run_housekeeping(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  deleted integer := 0;
  deleted_events integer;
begin
  -- pg_cron never cleans this table; a few jobs a minute fill a small instance within months. pg_net cleans its own.
  if to_regclass('cron.job_run_details') is not null then
    -- Ours by name, or by command once a job was replaced. A run that a restart cut has no end, and perhaps no
    -- start: it is as old as the runs that were numbered after it.
    execute $sql$
      with ours as (
        select d.runid, coalesce(d.end_time, d.start_time) as ran_at
        from cron.job_run_details as d
        where d.jobid in (
          select c.jobid from cron.job as c join toss_private.jobs as j on c.jobname = 'tosspayments-' || j.name
        ) or d.command in (select format('select toss_private.wake_worker(%L)', j.name) from toss_private.jobs as j)
      )
      delete from cron.job_run_details as d
      using ours as o
      where d.runid = o.runid and (
        o.ran_at < now() - interval '7 days'
        or (o.ran_at is null and o.runid < (
          select max(e.runid) from ours as e where e.ran_at < now() - interval '7 days'
        ))
      )
    $sql$;
    get diagnostics deleted = row_count;
  end if;
  deleted_events := toss_private.remove_unproven_webhook_events();
  return jsonb_build_object(
    'deletedCronRuns', deleted, 'deletedWebhookEvents', deleted_events,
    'deletedRefusals', toss_private.remove_old_refusals(), 'deletedEvents', toss_private.remove_old_events(),
    'remaining', toss_private.count_old_unproven_webhooks() + toss_private.count_old_events()
  );
end;
$$;

comment on function public.run_housekeeping(jsonb) is
  'Removes pg_cron''s records of our own jobs older than a week, also of runs that never ended, webhook events that were ignored without proof, counted refusals of callers, and old events and deliveries of the outbox; remaining = what a further run removes; the request is empty.';

create function toss_private.remove_unproven_webhook_events()
returns integer
language plpgsql
volatile
set search_path = ''
as $$
declare
  removed integer;
begin
  delete from public.webhook_events as e
  where e.id in (
    select old.id from public.webhook_events as old
    where old.status = 'ignored' and old.verified_by is null
      and old.created_at < toss_private.clock_now() - interval '7 days'
      and not exists (select 1 from public.outbox_events as o where o.webhook_event_id = old.id)
    limit 20000
  );
  get diagnostics removed = row_count;
  return removed;
end;
$$;

comment on function toss_private.remove_unproven_webhook_events() is
  'Removes events that were ignored without proof a week ago, as long as webhook_summary shows them.';

create function toss_private.count_old_unproven_webhooks()
returns bigint
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select count(*) from public.webhook_events as old
    where old.status = 'ignored' and old.verified_by is null
      and old.created_at < toss_private.clock_now() - interval '7 days'
      and not exists (select 1 from public.outbox_events as o where o.webhook_event_id = old.id)
  );
end;
$$;

comment on function toss_private.count_old_unproven_webhooks() is
  'How many events toss_private.remove_unproven_webhook_events has yet to remove.';

-- supabase/schemas/71_questions.sql
-- Which payments Toss is asked about again, and when.

create function toss_private.next_question_at(payment public.payments, order_status text)
returns timestamptz
language plpgsql
stable
set search_path = ''
as $$
declare
  last_asked constant timestamptz := greatest(payment.applied_at, coalesce(payment.checked_at, payment.applied_at));
  due_date timestamptz;
begin
  if payment.status in ('READY', 'IN_PROGRESS') then
    return greatest(last_asked + interval '10 minutes', payment.created_at + interval '41 minutes');
  end if;
  if payment.status <> 'WAITING_FOR_DEPOSIT' then
    return last_asked + interval '1 day';
  end if;
  due_date := toss_private.deposit_deadline(payment);
  if last_asked < due_date then
    -- Toss says nothing about a deadline, so the first question after it must not wait.
    return least(
      last_asked + least(greatest(last_asked - payment.created_at, interval '10 minutes'), interval '6 hours'), due_date
    );
  end if;
  -- An order that still waits holds its stock, so Toss is asked for its last word as often as it may be asked. One that
  -- was given up is asked about now and then: buyers do pay late.
  if order_status = 'waiting_for_deposit' then
    return last_asked + case when last_asked < due_date + interval '1 day'
      then interval '10 minutes' else interval '6 hours' end;
  end if;
  return case when last_asked < due_date + interval '7 days' then last_asked + interval '6 hours' end;
end;
$$;

comment on function toss_private.next_question_at(public.payments, text) is
  'When Toss is asked again about a payment that has not ended: while a deposit is waited for, after 10, 20, 40 … minutes up to every 6 hours; at its deadline; then every 10 minutes for a day, and every 6 hours, until the order has ended; then every 6 hours until 7 days after the deadline. A refund by bank transfer daily. Null = never again.';

create function toss_private.due_questions(at timestamptz)
returns table (payment_key text, next_at timestamptz, ends_at timestamptz, has_hint boolean)
language plpgsql
stable
set search_path = ''
as $$
begin
  return query
  with candidates as (
    select p.payment_key from public.payments as p
    where p.status in ('READY', 'IN_PROGRESS', 'WAITING_FOR_DEPOSIT')
    union
    select d.payment_key from toss_private.payment_details as d where d.virtual_account ->> 'refundStatus' = 'PENDING'
  )
  select p.payment_key, q.next_at,
    case
      when p.status in ('READY', 'IN_PROGRESS') then q.next_at
      when p.status = 'WAITING_FOR_DEPOSIT' and o.status = 'waiting_for_deposit' then toss_private.deposit_deadline(p)
    end,
    exists (
      select 1 from public.webhook_events as e
      where e.order_id = p.order_id and e.status <> 'processed'
        and e.received_at > greatest(p.applied_at, p.checked_at)
    )
  from candidates as c
  join public.payments as p on p.payment_key = c.payment_key
  join public.orders as o on o.id = p.order_id
  cross join lateral (select toss_private.next_question_at(p, o.status)) as q (next_at)
  where q.next_at <= at;
end;
$$;

comment on function toss_private.due_questions(timestamptz) is
  'Payments that Toss must be asked about: since when, when what they hold ends (null: they hold nothing), and whether an event has spoken of their order since the last question.';

create function toss_private.questions_left(due bigint, at timestamptz)
returns bigint
language plpgsql
stable
set search_path = ''
as $$
begin
  -- With what strangers may cause it stays within the hundred a minute that Toss allows test keys. A shop with so many
  -- accounts that this would not do has more due at a time.
  return greatest(0, least(greatest(40, due / 10), 300) - (
    select count(*) from public.payments as p where p.checked_at > at - interval '1 minute' and p.checked_at <= at
  ));
end;
$$;

comment on function toss_private.questions_left(bigint, timestamptz) is
  'How many questions the sweep has left within the minute: 40 are its share, a tenth of what is due when that is more, 300 at most.';

create function public.claim_unsettled_payments(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  due_time constant timestamptz := coalesce((request ->> 'asOf')::timestamptz, toss_private.clock_now());
  due_count bigint;
  claimed jsonb;
begin
  select count(*) into due_count from toss_private.due_questions(due_time);
  -- Toss ends READY after 30 minutes and IN_PROGRESS after 10 more, and says so by webhook; a lost one is found
  -- here. The claim itself counts as asking, so that a payment that Toss cannot answer does not keep the others
  -- waiting.
  with chosen as (
    select p.payment_key
    from toss_private.due_questions(due_time) as q
    join public.payments as p on p.payment_key = q.payment_key
    -- Nobody waits for more than a day, however many end sooner.
    order by q.has_hint desc, least(q.ends_at, q.next_at + interval '1 day'), q.next_at
    limit least((request ->> 'limit')::bigint, toss_private.questions_left(due_count, due_time))
    for update of p skip locked
  ),
  checked as (
    update public.payments as p
    set checked_at = due_time
    from chosen
    where p.payment_key = chosen.payment_key
    returning p.payment_key, p.order_id
  ), told as (
    select checked.payment_key, checked.order_id, o.toss_keys, o.toss_client_key
    from checked join public.orders as o on o.id = checked.order_id
  )
  select coalesce(jsonb_agg(jsonb_build_object(
    'paymentKey', told.payment_key, 'orderId', told.order_id, 'tossKeys', told.toss_keys,
    'tossClientKey', told.toss_client_key,
    'askedAt', toss_private.clock_now()
  )), '[]')
  into claimed
  from told;
  return jsonb_build_object('payments', claimed, 'remaining', due_count - jsonb_array_length(claimed));
end;
$$;

comment on function public.claim_unsettled_payments(jsonb) is
  'Payments that must have ended at Toss by now although no webhook said so, virtual accounts whose deposit is waited for, and refunds by bank transfer that are under way, within a budget for the minute: first those of whose order an event speaks, then what ends soonest; remaining = what is due besides. See toss_private.next_question_at.';

create function toss_private.payment_questions()
returns table (payment_key text, order_id text, status text, asked_at timestamptz, next_at timestamptz)
language sql
stable
security definer
set search_path = ''
as $$
  select p.payment_key, p.order_id, p.status, greatest(p.applied_at, p.checked_at), q.next_at
  from (
    select c.payment_key from public.payments as c
    where c.status in ('READY', 'IN_PROGRESS', 'WAITING_FOR_DEPOSIT')
    union
    select d.payment_key from toss_private.payment_details as d where d.virtual_account ->> 'refundStatus' = 'PENDING'
  ) as open
  join public.payments as p on p.payment_key = open.payment_key
  join public.orders as o on o.id = p.order_id
  cross join lateral (select toss_private.next_question_at(p, o.status)) as q (next_at)
  where q.next_at is not null;
$$;

comment on function toss_private.payment_questions() is
  'Payments that claim_unsettled_payments will ask Toss about, and when. Nothing else of payment_details leaves it.';

create view public.next_questions
with (security_invoker = true)
as
select
  op.order_id, op.payment_key, 'operation' as asked_for, op.kind as reason, op.id::text as subject,
  op.attempts, greatest(op.next_attempt_at, op.lease_expires_at) as next_at, 'operations' as job
from public.operations as op
where op.state in ('started', 'unknown')

union all
select e.order_id, e.payment_key, 'webhook', e.event_type, e.id::text, e.attempts,
  case e.status when 'processing' then greatest(e.next_attempt_at, e.lease_expires_at) else e.next_attempt_at end,
  'webhooks'
from public.webhook_events as e
where e.asks_toss and e.status in ('received', 'processing', 'failed')

union all
select q.order_id, q.payment_key, 'payment', q.status, q.payment_key, null, q.next_at, 'expiry'
from toss_private.payment_questions() as q;

comment on view public.next_questions is
  'When Toss is asked next, and about what: an operation whose end is not known, a webhook that waits, a payment that has not ended. No row = only a new webhook or a call asks. A time that is over = with the next run of the job.';
comment on column public.next_questions.asked_for is 'operation, webhook or payment: the row whose question it is; subject is its id.';
comment on column public.next_questions.reason is 'The kind of the operation, the type of the event, or the status of the payment.';
comment on column public.next_questions.attempts is 'How often it was tried; null for a payment, which is asked about at growing distances.';
comment on column public.next_questions.next_at is 'Not before this time; by the clock of toss_private.clock_now().';

-- supabase/schemas/72_refusals.sql
-- Brakes: who was refused how often, per order and per network.

create table toss_private.order_refusals (
  order_id text not null references public.orders (id) on delete cascade,
  refusal text not null,
  refusals integer not null default 1,
  first_at timestamptz not null,
  last_at timestamptz not null,
  primary key (order_id, refusal),
  constraint order_refusals_refusal_known check (
    refusal in ('amount_mismatch', 'second_payment_refused', 'cancel_refused')
  ),
  constraint order_refusals_positive check (refusals > 0)
);

alter table toss_private.order_refusals enable row level security;

comment on table toss_private.order_refusals is
  'How often confirms of an order, and cancels by its buyer, were refused without asking Toss. The first of a kind stands in the audit log too.';

create table toss_private.caller_refusals (
  caller_digest text primary key,
  refusals integer not null default 1,
  window_started_at timestamptz not null,
  constraint caller_refusals_digest_format check (caller_digest ~ '^[0-9a-f]{64}$'),
  constraint caller_refusals_positive check (refusals > 0)
);

alter table toss_private.caller_refusals enable row level security;

comment on table toss_private.caller_refusals is
  'How often Toss did not know the payments and authKeys that one caller brought, over all orders and accounts, within ten minutes. Gone after a day.';
comment on column toss_private.caller_refusals.caller_digest is
  'HMAC-SHA256 of the caller''s network under a key derived from the encryption keys; no address is stored. Personal: id; kept.';

create index caller_refusals_window_started_at on toss_private.caller_refusals (window_started_at);

create function toss_private.count_order_refusal(refused_order_id text, refused_as text, at timestamptz)
returns integer
language plpgsql
volatile
set search_path = ''
as $$
declare
  counted integer;
begin
  insert into toss_private.order_refusals as r (order_id, refusal, first_at, last_at)
  values (refused_order_id, refused_as, at, at)
  on conflict (order_id, refusal) do update set refusals = r.refusals + 1, last_at = at
  returning r.refusals into counted;
  return counted;
end;
$$;

comment on function toss_private.count_order_refusal(text, text, timestamptz) is
  'Counts a refusal of an order''s confirm; answers how many of the kind there are. The caller holds the order''s lock.';

create function toss_private.order_refusals_of(checked_order_id text)
returns bigint
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select count(*) from public.operations as op where op.order_id = checked_order_id and op.state = 'rejected'
  ) + coalesce((
    select r.refusals from toss_private.order_refusals as r
    where r.order_id = checked_order_id and r.refusal = 'amount_mismatch'
  ), 0);
end;
$$;

comment on function toss_private.order_refusals_of(text) is
  'How often an order''s payment was refused: by Toss, or for an amount that is not the order''s.';

create function toss_private.caller_brake_seconds(checked_digest text, at timestamptz)
returns integer
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select ceil(extract(epoch from r.window_started_at + interval '10 minutes' - at))
    from toss_private.caller_refusals as r
    where r.caller_digest = checked_digest and r.refusals >= 20 and r.window_started_at > at - interval '10 minutes'
  );
end;
$$;

comment on function toss_private.caller_brake_seconds(text, timestamptz) is
  'How long a caller has to wait who brought twenty payments or authKeys within ten minutes that Toss does not know; null = not at all. No buyer does that: it takes invented keys over many orders or accounts.';

create function public.count_caller_refusal(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  present constant timestamptz := toss_private.clock_now();
  counted integer;
begin
  insert into toss_private.caller_refusals as r (caller_digest, window_started_at)
  values (request ->> 'caller', present)
  on conflict (caller_digest) do update
  set refusals = case when r.window_started_at > present - interval '10 minutes' then r.refusals + 1 else 1 end,
    window_started_at = case when r.window_started_at > present - interval '10 minutes'
      then r.window_started_at else present end
  returning r.refusals into counted;
  return jsonb_build_object('refusals', counted);
end;
$$;

comment on function public.count_caller_refusal(jsonb) is
  'Counts that Toss did not know a payment or an authKey which a caller brought. Key: caller (a digest). Answers how many there are within ten minutes.';

create function toss_private.remove_old_refusals()
returns integer
language plpgsql
volatile
set search_path = ''
as $$
declare
  removed integer;
begin
  delete from toss_private.caller_refusals as r where r.window_started_at < toss_private.clock_now() - interval '1 day';
  get diagnostics removed = row_count;
  return removed;
end;
$$;

comment on function toss_private.remove_old_refusals() is 'Removes what callers were counted for more than a day ago.';

-- supabase/schemas/73_key_rotation.sql
-- Everything encrypted, so that it can be moved to a new key or be checked.

create function toss_private.encrypted_stores()
returns table (store text, id_column text, associated_data text, is_bytes boolean)
language sql
stable
set search_path = ''
as $$
  select s.store, s.id_column, s.associated_data, s.store = 'webhook_bodies'
  from (values
    ('billing_keys', 'billing_method_id', 't.billing_method_id::text'),
    ('billing_issues', 'operation_id', 't.operation_id::text'),
    ('operation_secrets', 'operation_id', 't.operation_id::text'),
    ('endpoint_secrets', 'id', 't.id::text'),
    ('webhook_bodies', 'webhook_event_id',
      '(select e.dedupe_key from public.webhook_events as e where e.id = t.webhook_event_id)')
  ) as s (store, id_column, associated_data);
$$;

comment on function toss_private.encrypted_stores() is
  'The tables of schema toss_private with key_id and ciphertext, their primary key, what each ciphertext is bound to, and whether it is stored as bytes instead of base64.';

create function toss_private.ciphertext_as_text(sealed bytea)
returns text
language plpgsql
immutable
set search_path = ''
as $$
begin
  -- encode() breaks its lines.
  return translate(encode(sealed, 'base64'), E'\n', '');
end;
$$;

comment on function toss_private.ciphertext_as_text(bytea) is 'A ciphertext that is stored as bytes in the form of the others: base64.';

create function public.claim_keys_to_rotate(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  active_id constant text := request ->> 'activeKeyId';
  wanted constant integer := (request ->> 'limit')::integer;
  skipped constant text[] := array(select jsonb_array_elements_text(coalesce(request -> 'skip', '[]')));
  place record;
  found_rows jsonb;
  found_keys jsonb := '[]';
  counted integer;
  remaining integer := 0;
begin
  for place in select * from toss_private.encrypted_stores() loop
    -- Two ranges instead of <>, because an index can find those.
    execute format(
      $query$
        select coalesce(jsonb_agg(jsonb_build_object(
          'store', %L, 'id', t.%I, 'keyId', t.key_id, 'ciphertext', %s, 'associatedData', %s
        )), '[]')
        from (
          select * from toss_private.%I as t
          where (t.key_id < $1 or t.key_id > $1) and t.%I::text <> all ($2)
          limit $3
        ) as t
      $query$, place.store, place.id_column,
      case when place.is_bytes then 'toss_private.ciphertext_as_text(t.ciphertext)' else 't.ciphertext' end,
      place.associated_data, place.store, place.id_column
    ) into found_rows using active_id, skipped, wanted - jsonb_array_length(found_keys);
    found_keys := found_keys || found_rows;
    execute format(
      $query$
        select count(*) from (
          select 1 from toss_private.%I as t
          where (t.key_id < $1 or t.key_id > $1) and t.%I::text <> all ($2)
          limit 10000
        ) as t
      $query$, place.store, place.id_column
    ) into counted using active_id, skipped;
    remaining := remaining + counted;
  end loop;
  return jsonb_build_object('keys', found_keys, 'remaining', remaining - jsonb_array_length(found_keys));
end;
$$;

comment on function public.claim_keys_to_rotate(jsonb) is
  'Up to `limit` ciphertexts under another key than activeKeyId, with what each is bound to (associatedData). Keys: activeKeyId, limit, skip (ids that could not be opened). `remaining` counts 10,000 a store at most.';

create function public.store_rotated_keys(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  rotated record;
  affected integer;
  stored integer := 0;
begin
  for rotated in
    select p.store, p.id_column, p.is_bytes, k.id, k."fromCiphertext" as old_text, k."keyId" as new_key_id, k.ciphertext
    from jsonb_to_recordset(request -> 'keys') as k (
      store text, id uuid, "fromCiphertext" text, "keyId" text, ciphertext text
    )
    join toss_private.encrypted_stores() as p on p.store = k.store
    -- One order for everyone, so that two rotations cannot wait for each other.
    order by p.store, k.id
  loop
    execute format(
      case when rotated.is_bytes
        then 'update toss_private.%I as t set key_id = $1, ciphertext = decode($2, ''base64'')
          where t.%I = $3 and t.ciphertext = decode($4, ''base64'')'
        else 'update toss_private.%I as t set key_id = $1, ciphertext = $2 where t.%I = $3 and t.ciphertext = $4' end,
      rotated.store, rotated.id_column
    ) using rotated.new_key_id, rotated.ciphertext, rotated.id, rotated.old_text;
    get diagnostics affected = row_count;
    stored := stored + affected;
  end loop;
  return jsonb_build_object('stored', stored);
end;
$$;

comment on function public.store_rotated_keys(jsonb) is
  'Replaces ciphertexts by their re-encrypted form where nothing else has replaced or wiped them meanwhile. Key: keys [{store, id, fromCiphertext, keyId, ciphertext}]. Answers how many were stored.';

create function public.read_encrypted_samples(request jsonb)
returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
  -- The oldest of each key: a key that was made anew under the same id opens what came after it.
  with samples as (
    (
      select distinct on (b.key_id)
        'toss_private.webhook_bodies' as table_name, b.key_id,
        toss_private.ciphertext_as_text(b.ciphertext) as ciphertext, e.dedupe_key as associated_data
      from toss_private.webhook_bodies as b
      join public.webhook_events as e on e.id = b.webhook_event_id
      where b.key_id is not null
      order by b.key_id, e.created_at
    )
    union all
    (
      select distinct on (k.key_id)
        'toss_private.billing_keys', k.key_id, k.ciphertext, k.billing_method_id::text
      from toss_private.billing_keys as k
      join public.billing_methods as m on m.id = k.billing_method_id
      where k.ciphertext is not null
      order by k.key_id, m.created_at
    )
    union all
    (
      select distinct on (i.key_id)
        'toss_private.billing_issues', i.key_id, i.ciphertext, i.operation_id::text
      from toss_private.billing_issues as i
      where i.ciphertext is not null
      order by i.key_id, i.created_at
    )
    union all
    (
      select distinct on (s.key_id)
        'toss_private.operation_secrets', s.key_id, s.ciphertext, s.operation_id::text
      from toss_private.operation_secrets as s
      join public.operations as op on op.id = s.operation_id
      order by s.key_id, op.created_at
    )
    union all
    (
      select distinct on (e.key_id) 'toss_private.endpoint_secrets', e.key_id, e.ciphertext, e.id::text
      from toss_private.endpoint_secrets as e
      order by e.key_id, e.created_at
    )
  )
  select coalesce(jsonb_agg(jsonb_build_object(
    'table', s.table_name, 'keyId', s.key_id, 'ciphertext', s.ciphertext, 'associatedData', s.associated_data
  ) order by s.table_name, s.key_id), '[]')
  from samples as s;
$$;

comment on function public.read_encrypted_samples(jsonb) is
  'The oldest encrypted value of each table and key id, with what it is bound to, for the doctor command to try a key on; the request is empty.';

-- supabase/schemas/74_notices.sql
-- What buyers are told by e-mail and message: what makes a notice, and the proof that it was sent.

create table toss_private.notice_channels (
  channel text primary key,
  is_on boolean,
  changed_at timestamptz,
  failures_in_row integer not null default 0,
  failing_since timestamptz,
  next_attempt_at timestamptz,
  last_error text,
  constraint notice_channels_channel_known check (channel in ('email', 'message')),
  constraint notice_channels_failures_in_row_not_negative check (failures_in_row >= 0),
  constraint notice_channels_last_error_length check (char_length(last_error) <= 200)
);

alter table toss_private.notice_channels enable row level security;

comment on table toss_private.notice_channels is
  'How buyers can be told. The job outbox says with every run which channels the functions have (NOTIFY_EMAIL, NOTIFY_MESSAGE).';
comment on column toss_private.notice_channels.is_on is
  'Null until the first run has said so: what happens before it is told as soon as there is a channel.';
comment on column toss_private.notice_channels.next_attempt_at is 'A provider that failed is left alone until then; null when it works.';
comment on column toss_private.notice_channels.last_error is 'What the provider failed with last: our word for it and its code.';

insert into toss_private.notice_channels (channel) values ('email'), ('message');

create table toss_private.notices_due (
  event_id uuid primary key,
  notice text not null,
  stream text not null,
  event_sequence bigint not null,
  created_at timestamptz not null,
  next_attempt_at timestamptz not null,
  last_error text,
  constraint notices_due_last_error_length check (char_length(last_error) <= 500)
);

alter table toss_private.notices_due enable row level security;

comment on table toss_private.notices_due is
  'Notices whose cause has happened and whose buyer has not been looked up yet; written with the cause.';
comment on column toss_private.notices_due.stream is 'As outbox_events.stream: within it a buyer is told one thing after the other.';
comment on column toss_private.notices_due.last_error is
  'What the shop''s own function raised when it was asked for the address. Personal: error text; erased.';

create index notices_due_sequence on toss_private.notices_due (event_sequence);
create index notices_due_stream on toss_private.notices_due (stream, event_sequence);

create table public.notifications (
  id uuid primary key default gen_random_uuid(),
  user_id uuid,
  order_id text references public.orders (id),
  subscription_id uuid references public.subscriptions (id),
  notice text not null,
  channel text not null,
  status text not null default 'pending',
  sent_at timestamptz,
  provider_id text,
  error text,
  created_at timestamptz not null,
  event_id uuid not null,
  event_sequence bigint not null,
  stream text not null,
  attempts integer not null default 0,
  next_attempt_at timestamptz,
  attempted_at timestamptz,
  doubt_since timestamptz,
  lease_token uuid,
  lease_expires_at timestamptz,
  constraint notifications_once_per_channel unique (event_id, notice, channel),
  constraint notifications_channel_known check (channel in ('email', 'message')),
  constraint notifications_notice_known check (notice in (
    'receipt', 'payment_failed', 'refund', 'virtual_account', 'deposit', 'renewal_upcoming', 'subscription_ended',
    'card_needed', 'withdrawal_received', 'withdrawal_decided', 'consent_asked', 'trial_converted', 'price_raised'
  )),
  constraint notifications_status_known check (status in ('pending', 'sent', 'failed')),
  constraint notifications_sent_has_time check ((status = 'sent') = (sent_at is not null)),
  constraint notifications_pending_is_due check ((status = 'pending') = (next_attempt_at is not null)),
  constraint notifications_failed_has_error check (status <> 'failed' or error is not null),
  constraint notifications_attempts_not_negative check (attempts >= 0),
  constraint notifications_provider_id_length check (char_length(provider_id) <= 200),
  constraint notifications_error_length check (char_length(error) <= 200)
);

alter table public.notifications enable row level security;

comment on table public.notifications is
  'The proof of sending: every notice on every channel that was on; pending, sent (the provider took it) or failed. Service role only.';
comment on column public.notifications.provider_id is
  'The provider''s id of the e-mail or message; null when it only said that it has it already. Personal: id; kept.';
comment on column public.notifications.error is
  'Why it is not sent: our class and the provider''s code, without anything of the buyer''s; of a sent one, why it went another way; erased where its data was.';
comment on column public.notifications.created_at is 'When its cause happened.';
comment on column public.notifications.event_id is 'The event of outbox_events that made it.';
comment on column public.notifications.stream is 'As outbox_events.stream: within it a channel is sent one notice after the other.';
comment on column public.notifications.doubt_since is
  'When an attempt was made, by the real clock, of which nobody knows whether it was taken; null when there was none.';
comment on column public.notifications.user_id is
  'Personal: id; kept.';

create index notifications_due on public.notifications (channel, event_sequence) where status = 'pending';
create index notifications_stream on public.notifications (stream, channel, event_sequence);
create index notifications_created_at on public.notifications (created_at);
create index notifications_order_id on public.notifications (order_id) where order_id is not null;
create index notifications_subscription_id on public.notifications (subscription_id) where subscription_id is not null;

create table toss_private.notification_contents (
  notification_id uuid primary key references public.notifications (id),
  address text not null,
  language text not null,
  facts jsonb not null,
  constraint notification_contents_address_length check (char_length(address) between 1 and 254),
  constraint notification_contents_language_known check (language in ('ko', 'en')),
  constraint notification_contents_facts_is_object check (jsonb_typeof(facts) = 'object')
);

alter table toss_private.notification_contents enable row level security;

comment on table toss_private.notification_contents is
  'Where a pending notice goes and what it says; removed when it is sent or failed, so that no address stays behind.';
comment on column toss_private.notification_contents.address is
  'Personal: e-mail, phone; erased.';
comment on column toss_private.notification_contents.facts is
  'Personal: name, account, free text; erased.';

create function toss_private.keep_notice_erased()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  perform pg_advisory_xact_lock_shared(hashtextextended('erasure', 0));
  if toss_private.is_erased_order(new.order_id)
    or exists (select 1 from public.customers as c where c.user_id = new.user_id and new.created_at <= c.erased_at)
  then
    new.status := 'failed';
    new.error := 'erased';
    new.next_attempt_at := null;
  end if;
  return new;
end;
$$;

comment on function toss_private.keep_notice_erased() is
  'Trigger: whose data was erased is told nothing more of what was before; the shop''s own function could still know an address.';

create trigger notifications_keep_erased
  before insert on public.notifications
  for each row execute function toss_private.keep_notice_erased();

create function toss_private.notice_of(event public.outbox_events)
returns text
language plpgsql
immutable
set search_path = ''
as $$
begin
  return case event.event_type
    when 'order.paid' then case
      when (event.payload ->> 'amount')::bigint = 0 then null
      when event.payload ->> 'from' = 'waiting_for_deposit' then 'deposit'
      else 'receipt' end
    when 'payment.refunded' then 'refund'
    when 'payment.partially_refunded' then 'refund'
    when 'virtual_account.issued' then 'virtual_account'
    -- Whoever declines on a page is told there. Without a next try another event says what the decline leads to.
    when 'subscription.payment_failed' then case
      when event.payload ->> 'kind' = 'renewal' and (event.payload ->> 'nextAttemptAt')::timestamptz > event.created_at
        then 'payment_failed' end
    when 'subscription.payment_method_required' then 'card_needed'
    when 'subscription.access_withdrawn' then 'card_needed'
    -- What awaits consent is asked for and reminded of by a notice of its own.
    when 'subscription.renewal_upcoming' then case
      when not coalesce((event.payload ->> 'awaitsConsent')::boolean, false) then 'renewal_upcoming' end
    when 'subscription.trial_ending' then case
      when not coalesce((event.payload ->> 'awaitsConsent')::boolean, false) then 'renewal_upcoming' end
    when 'consent.asked' then 'consent_asked'
    when 'consent.reminded' then 'consent_asked'
    -- A first period that was paid at once has its receipt.
    when 'subscription.activated' then case when event.payload ? 'orderId' then 'trial_converted' end
    when 'subscription.price_changed' then case
      when (event.payload ->> 'amount')::bigint > (event.payload ->> 'amountBefore')::bigint then 'price_raised' end
    when 'subscription.canceled' then case
      when event.payload ->> 'reason' <> 'user_deleted' then 'subscription_ended' end
    when 'withdrawal.requested' then 'withdrawal_received'
    when 'withdrawal.decided' then 'withdrawal_decided'
  end;
end;
$$;

comment on function toss_private.notice_of(public.outbox_events) is
  'What a buyer is told because of an event; null = nothing.';

create function toss_private.notice_is_required(notice text)
returns boolean
language plpgsql
immutable
set search_path = ''
as $$
begin
  return notice in ('renewal_upcoming', 'payment_failed', 'card_needed', 'subscription_ended', 'virtual_account', 'consent_asked');
end;
$$;

comment on function toss_private.notice_is_required(text) is
  'Whether a buyer who does not get it loses money or access, or is charged unannounced; a person is alerted early.';

create function toss_private.queue_notice()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  wanted constant text := toss_private.notice_of(new);
begin
  if wanted is not null and exists (select 1 from toss_private.notice_channels as c where c.is_on is not false) then
    insert into toss_private.notices_due (event_id, notice, stream, event_sequence, created_at, next_attempt_at)
    values (new.id, wanted, new.stream, new.sequence, new.created_at, new.created_at);
  end if;
  return null;
end;
$$;

comment on function toss_private.queue_notice() is
  'Trigger: a notice is written down with its cause, or not at all. Who is told, and what, is looked up later: nothing here may hold up a payment.';

create trigger outbox_events_queue_notice
  after insert on public.outbox_events
  for each row execute function toss_private.queue_notice();

create constraint trigger notices_due_wake
  after insert on toss_private.notices_due
  deferrable initially deferred
  for each row execute function toss_private.wake_outbox();

-- supabase/schemas/75_notice_contents.sql
-- Whom a notice goes to, and what it tells.

create function public.use_notice_address(function_name text)
returns void
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
  perform toss_private.require_shop_function(function_name, 'jsonb'::regtype);
  update toss_private.shop_code as s set notice_address = function_name;
end;
$$;

comment on function public.use_notice_address(text) is
  'From now on this function of the shop says where a buyer gets notices: f(jsonb) returns jsonb; null takes it back. For the owner of the database alone. docs/notices.md.';

create function toss_private.mobile_number(number text)
returns text
language plpgsql
immutable
set search_path = ''
as $$
begin
  -- Auth keeps it as +82 10 1234 5678.
  return substring(regexp_replace(regexp_replace(number, '\D', '', 'g'), '^(00)?820?', '0') from '^01[016789]\d{7,8}$');
end;
$$;

comment on function toss_private.mobile_number(text) is
  'A Korean mobile number as it is dialled there, digits alone; null for any other number.';

create function toss_private.notice_recipient(due toss_private.notices_due, cause public.outbox_events)
returns jsonb
language plpgsql
volatile
set search_path = ''
as $$
declare
  shop_function constant text := (select s.notice_address from toss_private.shop_code as s);
  concerned public.orders;
  buyer_id uuid;
  account jsonb;
  found_address jsonb;
begin
  select * into concerned from public.orders as o where o.id = cause.payload ->> 'orderId';
  buyer_id := coalesce((cause.payload ->> 'userId')::uuid, concerned.user_id);
  if buyer_id is not null and toss_private.can_read_accounts() then
    select to_jsonb(u) into account from auth.users as u where u.id = buyer_id;
  end if;
  found_address := jsonb_build_object(
    'email', coalesce(concerned.customer_email, account ->> 'email'),
    'mobilePhone', coalesce(concerned.customer_mobile_phone, account ->> 'phone'),
    'language', coalesce(concerned.metadata ->> 'locale', account -> 'raw_user_meta_data' ->> 'locale')
  );
  if shop_function is not null then
    execute format('select coalesce(%s($1), $2)', shop_function) into found_address
    using jsonb_build_object(
      'notice', due.notice, 'userId', buyer_id, 'orderId', concerned.id,
      'subscriptionId', cause.payload ->> 'subscriptionId', 'metadata', concerned.metadata
    ) || found_address, found_address;
  end if;
  return jsonb_build_object(
    'userId', buyer_id,
    'orderId', concerned.id,
    'email', substring(found_address ->> 'email' from '^[^\s<>@]{1,100}@[^\s<>@]{1,150}$'),
    'message', toss_private.mobile_number(found_address ->> 'mobilePhone'),
    'language', case when found_address ->> 'language' ~* '^en' then 'en' else 'ko' end
  );
end;
$$;

comment on function toss_private.notice_recipient(toss_private.notices_due, public.outbox_events) is
  'Where a buyer is told: the order''s address, else that of auth.users, or what the shop''s own function says; the language by `locale` in the order''s or the user''s metadata, else Korean. An address that cannot be one is left out.';

create function toss_private.order_facts(cause public.outbox_events)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select jsonb_build_object(
      'orderId', o.id, 'reference', o.reference, 'orderName', o.order_name, 'amount', cause.payload -> 'amount',
      'method', p.method, 'cardNumber', p.card_number_masked, 'paidAt', p.approved_at, 'receiptUrl', p.receipt_url,
      'balanceAmount', cause.payload -> 'balanceAmount', 'refundedAt', k.canceled_at,
      'bankCode', d.virtual_account -> 'bankCode', 'accountNumber', d.virtual_account -> 'accountNumber',
      'dueDate', cause.payload -> 'dueDate', 'decisionDueAt', cause.payload -> 'dueAt',
      'decision', case cause.event_type when 'withdrawal.decided' then w.status end,
      'decisionReason', case w.status when 'refused' then w.decision_reason end
    )
    from public.orders as o
    left join public.payments as p on p.payment_key = cause.payload ->> 'paymentKey'
    left join public.payment_cancels as k
      on k.payment_key = p.payment_key and k.transaction_key = cause.payload ->> 'transactionKey'
    left join toss_private.payment_details as d on d.payment_key = p.payment_key
    left join public.withdrawals as w on w.id = (cause.payload ->> 'withdrawalId')::uuid
    where o.id = cause.payload ->> 'orderId'
  );
end;
$$;

comment on function toss_private.order_facts(public.outbox_events) is 'What a notice about an order tells.';

create function toss_private.subscription_facts(cause public.outbox_events)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select jsonb_build_object(
      'planName', p.name, 'nextPlanName', later.name,
      'amount', coalesce((cause.payload ->> 'amount')::bigint, c.amount, s.amount),
      'cardNumber', m.card_number_masked,
      'chargeAt', cause.payload -> 'chargeAt', 'isTrialEnd', cause.event_type = 'subscription.trial_ending',
      'needsPaymentMethod', coalesce((cause.payload ->> 'needsPaymentMethod')::boolean, false),
      'failureCode', coalesce(cause.payload ->> 'failureCode', c.failure_code),
      'nextAttemptAt', cause.payload -> 'nextAttemptAt',
      'accessEndsAt', coalesce((cause.payload ->> 'accessEndsAt')::timestamptz, (
        select max(e.ends_at) from public.entitlements as e where e.subscription_id = s.id and e.revoked_at is null
      )),
      'endedAt', cause.payload -> 'endedAt', 'endReason', cause.payload -> 'reason',
      'amountBefore', cause.payload -> 'amountBefore', 'chargedAt', c.paid_at, 'nextChargeAt', s.next_charge_at,
      'consentId', cause.payload -> 'consentId', 'consentKind', cause.payload -> 'kind',
      'effectiveAt', cause.payload -> 'effectiveAt',
      'endsWithout', case when cause.event_type like 'consent.%'
        then cause.payload ->> 'kind' = 'trial_conversion' or p.without_consent = 'cancel' end
    )
    from public.subscriptions as s
    join public.plans as p on p.id = coalesce(cause.payload ->> 'planId', s.plan_id)
    left join public.plans as later on later.id = cause.payload ->> 'nextPlanId'
    left join public.subscription_charges as c on c.id = (cause.payload ->> 'chargeId')::uuid
    left join public.billing_methods as m on m.id = coalesce(c.billing_method_id, s.billing_method_id)
    where s.id = (cause.payload ->> 'subscriptionId')::uuid
  );
end;
$$;

comment on function toss_private.subscription_facts(public.outbox_events) is 'What a notice about a subscription tells.';

-- supabase/schemas/76_notice_planning.sql
-- A notice whose cause has happened becomes one row for each channel.

create function toss_private.write_notifications(due toss_private.notices_due, cause public.outbox_events, channels text[])
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  recipient constant jsonb := toss_private.notice_recipient(due, cause);
  -- The row of a charge that never was paid has no subscription.
  concerned_subscription_id constant uuid := (
    select s.id from public.subscriptions as s where s.id = (cause.payload ->> 'subscriptionId')::uuid
  );
  facts constant jsonb := jsonb_strip_nulls(coalesce(
    case when cause.event_type like 'subscription.%' or cause.event_type like 'consent.%' then toss_private.subscription_facts(cause)
      else toss_private.order_facts(cause) end, '{}'
  ));
  is_reachable constant boolean := exists (
    select 1 from unnest(channels) as c (name) where recipient ->> c.name is not null
  );
begin
  with written as (
    insert into public.notifications (
      user_id, order_id, subscription_id, notice, channel, status, error, next_attempt_at, created_at, event_id,
      event_sequence, stream
    )
    select (recipient ->> 'userId')::uuid, recipient ->> 'orderId', concerned_subscription_id, due.notice, c.name,
      case when is_reachable then 'pending' else 'failed' end, case when not is_reachable then 'no_address' end,
      case when is_reachable then due.created_at end, due.created_at, due.event_id, due.event_sequence, due.stream
    from unnest(channels) as c (name)
    -- One that cannot be reached on any channel leaves a row of each, for the record.
    where not is_reachable or recipient ->> c.name is not null
    on conflict on constraint notifications_once_per_channel do nothing
    returning id, channel, status
  )
  insert into toss_private.notification_contents (notification_id, address, language, facts)
  select w.id, recipient ->> w.channel, recipient ->> 'language', facts
  from written as w
  where w.status = 'pending';
end;
$$;

comment on function toss_private.write_notifications(toss_private.notices_due, public.outbox_events, text[]) is
  'Writes one notice for each channel that the buyer has an address for.';

create function public.plan_notices(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  due_time constant timestamptz := coalesce((request ->> 'asOf')::timestamptz, toss_private.clock_now());
  wanted_channels constant text[] := array(select jsonb_array_elements_text(request -> 'channels'));
  due toss_private.notices_due;
  cause public.outbox_events;
  planned integer := 0;
  postponed integer := 0;
  given_up integer;
begin
  if cardinality(wanted_channels) = 0 then
    delete from toss_private.notices_due as d
    where d.created_at < due_time - interval '7 days'
      or exists (select 1 from toss_private.notice_channels as c where c.is_on is null);
  end if;
  update toss_private.notice_channels as c
  set is_on = c.channel = any (wanted_channels), changed_at = toss_private.clock_now(), failures_in_row = 0, failing_since = null,
    next_attempt_at = null, last_error = null
  where c.is_on is distinct from (c.channel = any (wanted_channels));

  if cardinality(wanted_channels) > 0 then
    for due in
      select d.* from toss_private.notices_due as d
      where d.next_attempt_at <= due_time
      order by d.event_sequence
      limit (request ->> 'limit')::integer
      for no key update skip locked
    loop
      select * into cause from public.outbox_events as e where e.id = due.event_id;
      begin
        perform toss_private.write_notifications(due, cause, wanted_channels);
        delete from toss_private.notices_due as d where d.event_id = due.event_id;
        planned := planned + 1;
      exception when others then
        -- The shop's own function; what follows in the stream waits for it.
        update toss_private.notices_due as d
        set last_error = left(sqlerrm, 500), next_attempt_at = due_time + interval '5 minutes'
        where d.event_id = due.event_id;
        postponed := postponed + 1;
      end;
    end loop;
  end if;

  -- So late it would only confuse; a person has been alerted since.
  with late as (
    update public.notifications as n
    set status = 'failed', error = left(concat_ws(', ', 'too_late', n.error), 200), next_attempt_at = null,
      lease_token = null, lease_expires_at = null
    where n.status = 'pending' and n.created_at < due_time - interval '7 days'
      and (n.lease_expires_at is null or n.lease_expires_at <= toss_private.clock_now())
    returning n.id
  )
  delete from toss_private.notification_contents as k using late as l where k.notification_id = l.id;
  get diagnostics given_up = row_count;
  return jsonb_build_object('planned', planned, 'postponed', postponed, 'givenUp', given_up);
end;
$$;

comment on function public.plan_notices(jsonb) is
  'Says which channels there are, looks up the buyers of up to `limit` notices, and gives up those that are seven days old. Keys: channels, limit, asOf.';

-- supabase/schemas/77_notice_sending.sql
-- Sending: each channel is a lane of its own, and within a stream one notice follows the other.

create function public.claim_notices(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  wanted_channel constant text := request ->> 'channel';
  token constant uuid := (request ->> 'leaseToken')::uuid;
  present constant timestamptz := toss_private.clock_now();
  due_time constant timestamptz := coalesce((request ->> 'asOf')::timestamptz, present);
  claimed jsonb;
begin
  if exists (
    select 1 from toss_private.notice_channels as c where c.channel = wanted_channel and c.next_attempt_at > due_time
  ) then
    return jsonb_build_object('notices', '[]'::jsonb);
  end if;
  with due as (
    select n.id
    from public.notifications as n
    where n.channel = wanted_channel and n.status = 'pending' and n.next_attempt_at <= due_time
      and (n.lease_expires_at is null or n.lease_expires_at <= present)
      and not exists (
        select 1 from public.notifications as earlier
        where earlier.stream = n.stream and earlier.channel = n.channel and earlier.status = 'pending'
          and earlier.event_sequence < n.event_sequence
      )
      and not exists (
        select 1 from toss_private.notices_due as earlier
        where earlier.stream = n.stream and earlier.event_sequence < n.event_sequence
      )
    order by n.event_sequence
    limit (request ->> 'limit')::integer
    for no key update skip locked
  ), taken as (
    update public.notifications as n
    set lease_token = token,
      lease_expires_at = present + make_interval(secs => (request ->> 'leaseSeconds')::double precision),
      -- Whoever held it before has not said how it ended.
      doubt_since = coalesce(n.doubt_since, case when n.lease_token is not null then n.attempted_at end),
      -- Providers know the real time alone.
      attempted_at = clock_timestamp()
    from due
    where n.id = due.id
    returning n.id, n.notice, n.event_sequence, n.doubt_since
  )
  select coalesce(jsonb_agg(jsonb_build_object(
    'id', t.id, 'notice', t.notice, 'address', k.address, 'language', k.language, 'facts', k.facts,
    'doubtSince', t.doubt_since
  ) order by t.event_sequence), '[]')
  into claimed
  from taken as t
  join toss_private.notification_contents as k on k.notification_id = t.id;
  return jsonb_build_object('notices', claimed);
end;
$$;

comment on function public.claim_notices(jsonb) is
  'Leases up to `limit` due notices of one channel, of each stream the earliest that is not over; none while the channel is left alone. Keys: channel, limit, leaseToken, leaseSeconds, asOf.';

create function toss_private.channel_pause(failures integer)
returns interval
language plpgsql
volatile
set search_path = ''
as $$
begin
  return (array[
    interval '30 seconds', interval '1 minute', interval '2 minutes', interval '5 minutes', interval '10 minutes'
  ])[least(failures, 5)] * (1 - random() / 10);
end;
$$;

comment on function toss_private.channel_pause(integer) is
  'How long a provider is left alone after so many failures in a row.';

create function toss_private.note_channel(noted_channel text, result jsonb, at timestamptz)
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  if result ->> 'outcome' = 'sent' then
    update toss_private.notice_channels as c
    set failures_in_row = 0, failing_since = null, next_attempt_at = null, last_error = null
    where c.channel = noted_channel and (c.failures_in_row > 0 or c.next_attempt_at is not null);
  elsif result ->> 'fault' in ('rate_limit', 'configuration', 'outage') then
    update toss_private.notice_channels as c
    set failures_in_row = c.failures_in_row + 1, failing_since = coalesce(c.failing_since, at),
      next_attempt_at = at + greatest(
        case when result ? 'retryAfterSeconds'
          then make_interval(secs => least((result ->> 'retryAfterSeconds')::double precision, 3600)) end,
        case when not (result ->> 'fault' = 'rate_limit' and result ? 'retryAfterSeconds')
          then toss_private.channel_pause(c.failures_in_row + 1) end
      ),
      last_error = left((result ->> 'fault') || ': ' || (result ->> 'code'), 200)
    where c.channel = noted_channel;
  end if;
end;
$$;

comment on function toss_private.note_channel(text, jsonb, timestamptz) is
  'What one attempt says about its provider: it works, or is left alone for a while.';

create function public.finish_notices(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  wanted_channel constant text := request ->> 'channel';
  present constant timestamptz := coalesce((request ->> 'asOf')::timestamptz, toss_private.clock_now());
  result jsonb;
  ended public.notifications;
  problem text;
  sent integer := 0;
  failed integer := 0;
  postponed integer := 0;
begin
  for result in
    select r.value from jsonb_array_elements(request -> 'results') as r order by r.value ->> 'id'
  loop
    select * into ended from public.notifications as n
    where n.id = (result ->> 'id')::uuid and n.status = 'pending'
      and n.lease_token = (request ->> 'leaseToken')::uuid
    for no key update;
    continue when not found;
    problem := left((result ->> 'fault') || ': ' || (result ->> 'code'), 200);
    if result ->> 'outcome' = 'sent' then
      sent := sent + 1;
      update public.notifications as n
      set status = 'sent', sent_at = present, provider_id = left(result ->> 'providerId', 200),
        error = left(result ->> 'detour', 200), attempts = n.attempts + 1, next_attempt_at = null,
        doubt_since = null, lease_token = null, lease_expires_at = null
      where n.id = ended.id;
    elsif result ->> 'fault' in ('bad_address', 'template_refused', 'refused') then
      failed := failed + 1;
      update public.notifications as n
      set status = 'failed', error = problem, attempts = n.attempts + 1, next_attempt_at = null,
        lease_token = null, lease_expires_at = null
      where n.id = ended.id;
    else
      -- Nothing was tried with one that is given back.
      postponed := postponed + 1;
      update public.notifications as n
      set attempts = n.attempts + (problem is not null)::integer, error = coalesce(problem, n.error),
        -- One that a provider fails on again and again lets the others go first.
        next_attempt_at = case when problem is not null and n.attempts >= 5
          then present + interval '10 minutes' else n.next_attempt_at end,
        doubt_since = case when (result ->> 'mayBeSent')::boolean
          then coalesce(n.doubt_since, n.attempted_at) else n.doubt_since end,
        lease_token = null, lease_expires_at = null
      where n.id = ended.id;
    end if;
    delete from toss_private.notification_contents as k using public.notifications as n
    where k.notification_id = ended.id and n.id = ended.id and n.status <> 'pending';
    perform toss_private.note_channel(wanted_channel, result, present);
  end loop;
  return jsonb_build_object('sent', sent, 'failed', failed, 'postponed', postponed);
end;
$$;

comment on function public.finish_notices(jsonb) is
  'Writes down how attempts ended: sent, failed for good, or tried again later; counts only for the holder of the lease. Keys: channel, leaseToken, asOf, results [{id, outcome (sent, not_sent, released), providerId, detour, fault, code, retryAfterSeconds, mayBeSent}].';

create function public.count_due_notices(request jsonb)
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  due_time constant timestamptz := coalesce((request ->> 'asOf')::timestamptz, toss_private.clock_now());
begin
  -- What waits for a provider that is left alone is not for the next run.
  return jsonb_build_object('remaining', (
    select count(*) from (
      select 1 from public.notifications as n
      join toss_private.notice_channels as c on c.channel = n.channel and c.is_on
      where n.status = 'pending' and n.next_attempt_at <= due_time and coalesce(c.next_attempt_at <= due_time, true)
      limit 10000
    ) as waiting
  ) + (
    select count(*) from (
      select 1 from toss_private.notices_due as d where d.next_attempt_at <= due_time limit 10000
    ) as unplanned
  ));
end;
$$;

comment on function public.count_due_notices(jsonb) is 'How many notices are due, 10,000 of each kind at most. Key: asOf.';

-- supabase/schemas/78_notice_watch.sql
-- What must never be true of notices, and what a person must see of them.

create function toss_private.notice_violations()
returns table (invariant text, subject text, detail text)
language plpgsql
stable
set search_path = ''
as $$
begin
  return query
  -- A minute for causes that were committed while a channel was switched on.
  select 'notice_is_made_with_its_cause', e.id::text, format('%s of %s has no notice', e.event_type, e.subject)
  from public.outbox_events as e
  where e.created_at > toss_private.clock_now() - interval '7 days' and toss_private.notice_of(e) is not null
    and e.created_at > (
      select min(c.changed_at) from toss_private.notice_channels as c where c.is_on
    ) + interval '1 minute'
    and not exists (select 1 from toss_private.notices_due as d where d.event_id = e.id)
    and not exists (select 1 from public.notifications as n where n.event_id = e.id)

  union all
  select 'notices_are_sent_in_order', later.id::text,
    format('%s of %s was sent while %s waits', later.notice, later.stream, n.notice)
  from public.notifications as n
  join public.notifications as later
    on later.stream = n.stream and later.channel = n.channel and later.event_sequence > n.event_sequence
  where n.status = 'pending' and later.status = 'sent'

  union all
  -- Without it nothing can be sent; afterwards nobody's address stays.
  select 'notice_is_kept_until_it_is_over', n.id::text, 'a pending notice lost what it says'
  from public.notifications as n
  where n.status = 'pending'
    and not exists (select 1 from toss_private.notification_contents as k where k.notification_id = n.id)

  union all
  select 'notice_is_kept_until_it_is_over', n.id::text, format('a %s notice keeps its address', n.status)
  from toss_private.notification_contents as k
  join public.notifications as n on n.id = k.notification_id
  where n.status <> 'pending';
end;
$$;

comment on function toss_private.notice_violations() is
  'Causes without a notice, notices in the wrong order, and what is kept too long or too short.';

create view toss_private.notice_alerts
with (security_invoker = true)
as
select 'critical' as level, 'notice_not_sent' as alert, min(n.id::text) as subject,
  format('%s could not be sent on any channel: %s', n.notice,
    string_agg(format('%s %s', n.channel, n.error), '; ' order by n.channel)) as detail,
  min(n.created_at) as since
from public.notifications as n
where n.created_at > toss_private.clock_now() - interval '14 days' and toss_private.notice_is_required(n.notice)
group by n.event_id, n.notice
having bool_and(n.status = 'failed')
  -- The account stands on the page that asked for it; a shop need not ask guests where they live.
  and not (n.notice = 'virtual_account' and bool_and(n.error = 'no_address'))
  -- Nobody is left to tell.
  and not bool_and(n.error = 'erased')

union all
-- Long before what it announces, and while somebody can still call.
select 'critical', 'notice_late', min(n.id::text),
  format('%s waits: %s', n.notice, coalesce(string_agg(format('%s %s', n.channel, n.error), '; ' order by n.channel), '')),
  min(n.created_at)
from public.notifications as n
where n.created_at > toss_private.clock_now() - interval '14 days' and toss_private.notice_is_required(n.notice)
group by n.event_id, n.notice
having bool_or(n.status = 'pending') and not bool_or(n.status = 'sent')
  and min(n.created_at) < toss_private.clock_now() - interval '1 hour'

union all
select case when c.last_error like 'configuration%' then 'critical' else 'warning' end, 'notice_channel_failing', c.channel,
  format('%s failures in a row, the last: %s', c.failures_in_row, c.last_error), c.failing_since
from toss_private.notice_channels as c
where c.is_on and c.failing_since < toss_private.clock_now() - interval '15 minutes'

union all
select 'warning', 'notice_template_refused', n.notice,
  format('%s message(s) went as SMS or LMS: %s', count(*), max(n.error)), min(n.sent_at)
from public.notifications as n
where n.created_at > toss_private.clock_now() - interval '8 days' and n.status = 'sent' and n.error is not null
  and n.sent_at > toss_private.clock_now() - interval '1 day'
group by n.notice

union all
select 'critical', 'notice_address_failed', min(d.event_id::text),
  format('the shop''s function for addresses fails, %s notice(s) wait: %s', count(*), max(d.last_error)),
  min(d.created_at)
from toss_private.notices_due as d
where d.last_error is not null
having count(*) > 0;

comment on view toss_private.notice_alerts is
  'Required notices that nobody got or that are late, providers that fail, templates that are refused, addresses that cannot be looked up; docs/notices.md, When a notice does not arrive.';

-- supabase/schemas/79_consent_checks.sql
-- What must never be true of consents and of what is charged with them, and what a person has to look at.

create function toss_private.consent_violations()
returns table (invariant text, subject text, detail text)
language plpgsql
stable
set search_path = ''
as $$
begin
  return query
  -- The law: no first charge after a trial, and no higher price, without consent within the 30 days before.
  select 'charge_is_covered_by_consent', c.id::text,
    format('renewal of %s for period %s is covered by %s, consent %s is %s since %s', c.plan_amount, c.period_number,
      coalesce(c.covered_by, 'nothing'), k.id, coalesce(k.decision, 'missing'), k.decided_at)
  from public.subscription_charges as c
  left join public.subscription_consents as k on k.id = c.consent_id
  where c.kind = 'renewal' and c.status <> 'void' and (
    c.covered_by is null
    or (c.covered_by = 'consent' and (
      k.decision is distinct from 'given' or k.voided_at is not null or k.subscription_id <> c.subscription_id
      or k.plan_id <> c.plan_id or k.amount_after <> c.plan_amount or k.effective_at > c.period_start
      or k.decided_at < k.effective_at - interval '720 hours' or k.decided_at >= k.effective_at
    ))
  )

  union all
  -- Whatever its row says: the first one of a trial.
  select 'charge_is_covered_by_consent', c.id::text, format('first charge after a trial, covered by %s', c.covered_by)
  from public.subscription_charges as c
  where c.kind = 'renewal' and c.status = 'paid' and c.covered_by = 'agreed'
    and exists (
      select 1 from public.entitlements as e
      where e.subscription_id = c.subscription_id and e.charge_id is null and e.source = 'subscription'
    )
    and not exists (
      select 1 from public.subscription_charges as earlier
      where earlier.subscription_id = c.subscription_id and earlier.status = 'paid'
        and earlier.period_number < c.period_number
    )

  union all
  select 'charge_is_covered_by_consent', c.id::text,
    format('%s after %s of the same plan, covered by %s', c.plan_amount, c.earlier_amount, c.covered_by)
  from (
    select p.id, p.covered_by, p.plan_id, p.plan_amount, p.kind,
      lag(p.plan_amount) over periods as earlier_amount, lag(p.plan_id) over periods as earlier_plan_id
    from public.subscription_charges as p
    where p.status = 'paid' and p.kind <> 'ad_hoc' and p.subscription_id is not null
    window periods as (partition by p.subscription_id order by p.period_number, p.period_start, p.created_at)
  ) as c
  where c.kind = 'renewal' and c.covered_by = 'agreed' and c.plan_id = c.earlier_plan_id
    and c.plan_amount > c.earlier_amount

  union all
  select 'consent_decision_is_written_down', k.id::text, format('%s, but the audit log says %s', k.decision, v.to_status)
  from public.subscription_consents as k
  left join lateral (
    select l.to_status from public.payment_events as l
    where l.subscription_id = k.subscription_id and l.event = 'consent_decided' and l.detail ->> 'consentId' = k.id::text
    order by l.id desc
    limit 1
  ) as v on true
  where k.decision is not null and v.to_status is distinct from k.decision

  union all
  select 'consent_matches_its_subscription', k.id::text,
    format('asked user %s, the subscription is user %s''s', k.user_id, s.user_id)
  from public.subscription_consents as k
  join public.subscriptions as s on s.id = k.subscription_id
  where k.user_id <> s.user_id;
end;
$$;

comment on function toss_private.consent_violations() is 'The rules about consents and the charges that need them.';

create view toss_private.consent_alerts
with (security_invoker = true)
as
-- Asked, and told of it on no channel: nobody will say yes, and nothing will be charged.
select
  case when min(k.effective_at) < toss_private.clock_now() + interval '7 days' then 'critical' else 'warning' end as level,
  'consent_not_reached' as alert,
  k.plan_id as subject,
  format('%s subscriber(s) were asked for consent on no channel and have not decided; the first would be charged at %s',
    count(*), min(k.effective_at)) as detail,
  min(k.asked_at) as since
from public.subscription_consents as k
where k.decision is null and k.voided_at is null and k.closed_at is null
  and k.asked_at < toss_private.clock_now() - interval '1 hour' and k.effective_at > toss_private.clock_now()
  and not exists (
    select 1 from public.notifications as n
    where n.subscription_id = k.subscription_id and n.notice = 'consent_asked' and n.status = 'sent'
      and n.created_at >= k.asked_at - interval '1 minute'
  )
group by k.plan_id

union all
select 'critical', 'consent_not_asked', s.plan_id,
  format('%s subscriber(s) should have been asked for consent, the first at %s', count(*), min(s.consent_ask_at)),
  min(s.consent_ask_at)
from public.subscriptions as s
where s.consent_ask_at < toss_private.clock_now() - interval '1 hour'
group by s.plan_id

union all
select 'warning', 'repricing_unfinished', r.id::text,
  format('plan %s: not yet planned for every subscription, begun at %s', r.plan_id, r.created_at), r.created_at
from toss_private.repricings as r
where r.planned_at is null and r.replaced_at is null and r.created_at < toss_private.clock_now() - interval '1 hour';

comment on view toss_private.consent_alerts is
  'Requests for consent that reached nobody or were not made, and repricings that are not planned for everybody yet.';

-- supabase/schemas/79_receipt_checks.sql
-- What must never be true of cash receipts, and what of them a person has to look at.

create function toss_private.receipt_violations()
returns table (invariant text, subject text, detail text)
language plpgsql
stable
set search_path = ''
as $$
begin
  return query
  with live as (
    select r.payment_key, sum(r.amount - r.canceled_amount) as amount, count(*) as receipts
    from public.cash_receipts as r
    where r.transaction_type = 'CONFIRM' and r.issue_status <> 'FAILED' and r.canceled_amount < r.amount
      and r.operation_id is not null
    group by r.payment_key
  )
  select 'receipt_within_its_payment', l.payment_key,
    format('receipts of %s, %s is left of a payment by %s of %s', l.amount, toss_private.cash_left(p),
      coalesce(p.method, 'an unknown method'), p.total_amount)
  from live as l
  join public.payments as p on p.payment_key = l.payment_key
  -- After a refund until its cancel is done; what Toss refuses is for a person (alert cash_receipt_exceeds).
  where l.amount > toss_private.cash_left(p) and (l.amount > p.total_amount or not exists (
    select 1 from public.operations as op
    where op.payment_key = l.payment_key and op.kind in ('cash_receipt', 'cash_receipt_cancel')
      and (op.state in ('started', 'unknown') or (op.state = 'rejected' and op.kind = 'cash_receipt_cancel'))
  ))

  union all
  select 'one_live_receipt_per_payment', l.payment_key, format('%s receipts of ours are live, %s in all', l.receipts, l.amount)
  from live as l
  where l.receipts > 1

  union all
  select 'receipt_belongs_to_its_payment', r.id::text, format('order %s, payment of order %s', r.order_id, p.order_id)
  from public.cash_receipts as r
  join public.payments as p on p.payment_key = r.payment_key
  where p.order_id <> r.order_id

  union all
  select 'receipt_cancels_add_up', r.id::text,
    format('%s canceled, its cancels add up to %s', r.canceled_amount, coalesce(c.amount, 0))
  from public.cash_receipts as r
  left join lateral (
    select sum(k.amount) as amount from public.cash_receipts as k
    where k.canceled_receipt_id = r.id and k.issue_status <> 'FAILED'
  ) as c on true
  where r.transaction_type = 'CONFIRM' and r.canceled_amount <> coalesce(c.amount, 0)

  union all
  select 'receipt_request_has_its_receipt', op.id::text, format('%s succeeded, it has %s receipt rows', op.kind, count(r.id))
  from public.operations as op
  left join public.cash_receipts as r on r.operation_id = op.id
    and r.transaction_type = case op.kind when 'cash_receipt' then 'CONFIRM' else 'CANCEL' end
  where op.kind in ('cash_receipt', 'cash_receipt_cancel') and op.state = 'succeeded'
  group by op.id
  having count(r.id) <> 1

  union all
  select 'receipt_is_told_once', r.id::text,
    format('%s %s is %s and has %s outbox events', r.transaction_type, r.receipt_key, r.issue_status, count(e.id))
  from public.cash_receipts as r
  left join public.outbox_events as e on e.subject = r.order_id
    and e.event_type = case r.transaction_type when 'CONFIRM' then 'cash_receipt.issued' else 'cash_receipt.canceled' end
    and e.payload ->> 'receiptId' = r.id::text
  group by r.id
  having count(e.id) <> (r.issue_status = 'COMPLETED')::integer;
end;
$$;

comment on function toss_private.receipt_violations() is 'The rules about cash receipts, of payments and of the requests that made them.';

create view toss_private.receipt_alerts
with (security_invoker = true)
as
select
  'warning' as level,
  'cash_receipt_in_progress' as alert,
  r.order_id as subject,
  format('%s of %s, receipt %s: the tax office has not answered', r.transaction_type, r.amount, r.receipt_key) as detail,
  r.created_at as since
from public.cash_receipts as r
where r.issue_status = 'IN_PROGRESS' and r.created_at < toss_private.clock_now() - interval '2 days'

union all
-- Until another one is issued, or nothing is left that one could be for.
select 'warning', 'cash_receipt_refused', op.order_id,
  format('no receipt of %s was issued: %s', op.amount, coalesce(op.error_code, 'refused')), op.finished_at
from public.operations as op
join public.payments as p on p.payment_key = op.payment_key and p.balance_amount > 0
where op.kind = 'cash_receipt' and op.state = 'rejected' and op.requested_by = 'self'
  and not exists (
    select 1 from public.operations as later
    where later.payment_key = op.payment_key and later.kind = 'cash_receipt' and later.created_at > op.created_at
  )
  and not exists (
    select 1 from public.cash_receipts as r
    where r.payment_key = op.payment_key and r.transaction_type = 'CONFIRM' and r.issue_status <> 'FAILED'
  )

union all
select case when bool_or(r.operation_id is not null) then 'critical' else 'warning' end, 'cash_receipt_exceeds', r.order_id,
  format('receipts of %s, of payment %s is left %s', sum(r.amount - r.canceled_amount), p.payment_key, p.balance_amount),
  max(p.applied_at)
from public.payments as p
join public.cash_receipts as r on r.payment_key = p.payment_key
where r.transaction_type = 'CONFIRM' and r.issue_status <> 'FAILED' and r.canceled_amount < r.amount
group by p.payment_key, r.order_id
having sum(r.amount - r.canceled_amount) > case when p.approved_at is null then 0 else p.balance_amount end
  and max(p.applied_at) < toss_private.clock_now() - interval '1 hour'

union all
select 'critical', 'cash_receipt_twice', r.order_id,
  format('%s receipts of payment %s: %s', count(*), r.payment_key, string_agg(r.receipt_key, ', ' order by r.id)), max(r.created_at)
from public.cash_receipts as r
where r.transaction_type = 'CONFIRM' and r.issue_status <> 'FAILED' and r.canceled_amount < r.amount
group by r.payment_key, r.order_id
having count(*) > 1

union all
-- Toss takes no tax-free part with the cancel of a receipt.
select 'warning', 'cash_receipt_tax_differs', r.order_id,
  format('%s tax-free on the receipt, %s is left of the payment', t.tax_free, p.tax_free_amount), r.created_at
from public.cash_receipts as r
join public.payments as p on p.payment_key = r.payment_key and p.balance_amount > 0
cross join lateral (
  select r.tax_free_amount - coalesce(sum(k.tax_free_amount), 0) as tax_free from public.cash_receipts as k
  where k.canceled_receipt_id = r.id and k.issue_status <> 'FAILED'
) as t
where r.transaction_type = 'CONFIRM' and r.issue_status <> 'FAILED' and r.canceled_amount between 1 and r.amount - 1
  and t.tax_free > p.tax_free_amount;

comment on view toss_private.receipt_alerts is
  'What needs a person about cash receipts: one that the tax office does not answer, one that could not be issued, more receipts than money.';

-- supabase/schemas/80_invariants_of_payments.sql
-- What must never be true of payments and refunds.

create function toss_private.payment_violations()
returns table (invariant text, subject text, detail text)
language plpgsql
stable
set search_path = ''
as $$
begin
  -- In plpgsql, which plans this once a session.
  return query
  with paid as (
    select p.* from public.payments as p where toss_private.is_paid(p)
  ),
  last_order_event as (
    select distinct on (v.order_id) v.order_id, v.to_status
    from public.payment_events as v
    where v.event = 'order_status'
    order by v.order_id, v.id desc
  ),
  last_payment_event as (
    select distinct on (v.payment_key) v.payment_key, v.to_status
    from public.payment_events as v
    where v.event = 'payment_status'
    order by v.payment_key, v.id desc
  ),
  held as (
    select m.order_id, m.product_id, -sum(m.delta) as quantity
    from toss_private.stock_movements as m
    where m.order_id is not null
    group by m.order_id, m.product_id
  )

  select 'order_paid_by_one_payment', o.id,
    format('order %s of %s %s has %s payment(s) of that amount', o.status, o.amount, o.currency, count(p.payment_key))
  from public.orders as o
  left join paid as p on p.order_id = o.id and p.payment_key = o.payment_key
    and p.total_amount = o.amount and p.currency = o.currency
  where o.status in ('paid', 'partially_refunded', 'refunded') and o.amount > 0
  group by o.id
  having count(p.payment_key) <> 1

  union all
  select 'free_order_has_no_payment', o.id, format('order of 0 is %s, its payment %s', o.status, p.payment_key)
  from public.orders as o
  left join public.payments as p on p.order_id = o.id
  where o.amount = 0 and (o.status <> 'paid' or p.payment_key is not null)

  union all
  select 'money_belongs_to_a_paid_order', p.payment_key,
    format('%s %s still taken for order %s, which is %s by %s', p.balance_amount, p.currency, o.id, o.status,
      coalesce(o.payment_key, 'no payment'))
  from paid as p
  join public.orders as o on o.id = p.order_id
  where p.balance_amount > 0
    and (o.status not in ('paid', 'partially_refunded') or o.payment_key is distinct from p.payment_key)

  union all
  -- Toss had its last word, and the order holds its stock all the same.
  select 'deposit_ends_at_its_deadline', o.id,
    format('waits for a deposit that was due at %s, Toss was heard at %s', toss_private.deposit_deadline(p), p.applied_at)
  from public.orders as o
  join public.payments as p on p.payment_key = o.payment_key
  where o.status = 'waiting_for_deposit' and p.status = 'WAITING_FOR_DEPOSIT'
    and p.applied_at > toss_private.deposit_deadline(p) + interval '1 hour'

  union all
  select 'order_amount_is_sum_of_its_items', o.id,
    format('order of %s, %s tax-free; its lines add up to %s, %s tax-free',
      o.amount, o.tax_free_amount, part.amount, part.tax_free)
  from public.orders as o
  join lateral (
    select sum(l.amount) as amount, coalesce(sum(l.amount) filter (where l.tax_free), 0) as tax_free
    from (
      select i.unit_price * i.quantity as amount, i.tax_free from public.order_items as i where i.order_id = o.id
      union all
      select a.amount, a.tax_free from public.order_adjustments as a where a.order_id = o.id
    ) as l
  ) as part on part.amount is not null
  where o.amount <> part.amount or o.tax_free_amount <> part.tax_free

  union all
  select 'tax_split_adds_up', p.payment_key,
    format('%s supplied, %s VAT, %s tax-free; %s is left', p.supplied_amount, p.vat, p.tax_free_amount, p.balance_amount)
  from public.payments as p
  where p.supplied_amount + p.vat + p.tax_free_amount <> p.balance_amount

  union all
  select 'order_status_matches_balance', o.id,
    format('order is %s, payment is %s with %s of %s left', o.status, p.status, p.balance_amount, p.total_amount)
  from public.orders as o
  join public.payments as p on p.payment_key = o.payment_key
  where (o.status = 'paid' and p.balance_amount <> p.total_amount)
    or (o.status = 'partially_refunded' and (p.balance_amount = 0 or p.balance_amount = p.total_amount))
    or (o.status = 'refunded' and p.balance_amount <> 0)
    or (o.status = 'waiting_for_deposit' and p.status <> 'WAITING_FOR_DEPOSIT')

  union all
  select 'balance_is_total_minus_cancels', p.payment_key,
    format('balance %s, total %s, cancelled %s', p.balance_amount, p.total_amount, coalesce(k.done, 0))
  from paid as p
  left join (
    select c.payment_key,
      sum(c.amount) filter (where c.status = 'DONE') as done,
      sum(c.amount) filter (where c.status = 'IN_PROGRESS') as in_progress
    from public.payment_cancels as c
    group by c.payment_key
  ) as k on k.payment_key = p.payment_key
  -- Toss may count an asynchronous cancel before or after it is done.
  where p.total_amount - coalesce(k.done, 0) - p.balance_amount not in (0, coalesce(k.in_progress, 0))

  union all
  select 'payment_matches_its_order', p.payment_key,
    format('payment of %s %s, order of %s %s', p.total_amount, p.currency, o.amount, o.currency)
  from public.payments as p
  join public.orders as o on o.id = p.order_id
  where p.total_amount <> o.amount or p.currency <> o.currency or p.user_id is distinct from o.user_id

  union all
  select 'operation_succeeded_with_effect', op.id::text,
    format('%s of order %s succeeded, payment is %s', op.kind, op.order_id, coalesce(p.status, 'missing'))
  from public.operations as op
  left join public.payments as p on p.payment_key = op.payment_key and p.order_id = op.order_id
  where op.state = 'succeeded' and op.kind in ('confirm', 'virtual_account')
    and not coalesce(toss_private.is_paid(p) or p.status in ('WAITING_FOR_DEPOSIT', 'CANCELED'), false)

  union all
  select 'operation_open_only_on_open_order', op.id::text,
    format('%s is %s although order %s is %s', op.kind, op.state, o.id, o.status)
  from public.operations as op
  join public.orders as o on o.id = op.order_id
  where op.kind in ('confirm', 'virtual_account') and op.state in ('started', 'unknown')
    and o.status in ('expired', 'canceled', 'failed', 'refunded')

  union all
  select 'entitlement_has_its_payment', e.id::text,
    format('user %s has plan %s, order %s is %s', e.user_id, e.plan_id, e.order_id, coalesce(o.status, 'missing'))
  from public.entitlements as e
  left join public.orders as o on o.id = e.order_id and o.user_id = e.user_id and o.plan_id = e.plan_id
  where e.source = 'order' and e.revoked_at is null
    and coalesce(o.status, '') not in ('paid', 'partially_refunded')

  union all
  select 'paid_pass_has_its_entitlement', o.id, format('plan %s is paid but not granted', o.plan_id)
  from public.orders as o
  where o.plan_id is not null and o.user_id is not null and o.status in ('paid', 'partially_refunded')
    and not exists (select 1 from public.entitlements as e where e.order_id = o.id and e.revoked_at is null)

  union all
  select 'stock_equals_its_movements', p.id,
    format('stock is %s, movements add up to %s', p.stock, coalesce(sum(m.delta), 0))
  from public.products as p
  left join toss_private.stock_movements as m on m.product_id = p.id
  where p.stock is not null
  group by p.id
  having p.stock <> coalesce(sum(m.delta), 0)

  union all
  select 'order_holds_its_stock', o.id,
    format('order is %s and holds %s of product %s (ordered %s)', o.status, h.quantity, h.product_id, i.quantity)
  from held as h
  join public.orders as o on o.id = h.order_id
  join public.products as p on p.id = h.product_id and p.stock is not null
  left join public.order_items as i on i.order_id = o.id and i.takes_stock and i.product_id = h.product_id
  where h.quantity <> case
    when o.status in ('expired', 'canceled', 'failed', 'refunded') then 0
    when exists (
      select 1 from public.payment_events as v
      where v.order_id = o.id and v.event = 'late_payment' and v.detail ->> 'shortProductId' is not null
    ) then h.quantity
    else i.quantity end

  union all
  select 'order_status_is_explained', o.id,
    format('order is %s, the audit log says %s', o.status, coalesce(v.to_status, 'nothing'))
  from public.orders as o
  left join last_order_event as v on v.order_id = o.id
  where v.to_status is distinct from o.status

  union all
  select 'payment_status_is_explained', p.payment_key,
    format('payment is %s, the audit log says %s', p.status, coalesce(v.to_status, 'nothing'))
  from public.payments as p
  left join last_payment_event as v on v.payment_key = p.payment_key
  where v.to_status is distinct from p.status

  union all
  select 'cancel_is_explained', k.transaction_key, format('cancel of %s has no audit line', k.amount)
  from public.payment_cancels as k
  where not exists (
    select 1 from public.payment_events as v
    where v.event = 'payment_cancel' and v.payment_key = k.payment_key
      and v.detail ->> 'transactionKey' = k.transaction_key
  );
end;
$$;

comment on function toss_private.payment_violations() is 'The rules about orders, payments, entitlements and stock.';

create function toss_private.refund_violations()
returns table (invariant text, subject text, detail text)
language plpgsql
stable
set search_path = ''
as $$
begin
  -- In plpgsql, which plans this once a session.
  return query
  select 'reserved_amount_is_sum_of_open_cancels', p.payment_key,
    format('reserved %s, open cancels claim %s', p.reserved_amount, coalesce(sum(op.reserved_amount), 0))
  from public.payments as p
  left join public.operations as op on op.payment_key = p.payment_key and op.kind = 'cancel'
    and op.state in ('started', 'unknown')
  group by p.payment_key
  having p.reserved_amount <> coalesce(sum(op.reserved_amount), 0)

  union all
  select 'cancel_succeeded_with_its_entry', op.id::text,
    format('cancel of %s succeeded as %s, the ledger has %s', op.amount, op.canceled_transaction_key,
      coalesce(k.amount::text, 'no such entry'))
  from public.operations as op
  left join public.payment_cancels as k on k.transaction_key = op.canceled_transaction_key
    and k.payment_key = op.payment_key
  where op.kind = 'cancel' and op.state = 'succeeded'
    and k.amount is distinct from op.amount

  union all
  select 'cancels_within_total', p.payment_key,
    format('cancelled %s of %s', sum(k.amount), p.total_amount)
  from public.payments as p
  join public.payment_cancels as k on k.payment_key = p.payment_key and k.status <> 'ABORTED'
  group by p.payment_key
  having sum(k.amount) > p.total_amount

  union all
  select 'refund_is_told_once', k.transaction_key,
    format('refund of %s has %s outbox events', k.amount, count(e.id))
  from public.payment_cancels as k
  join public.payments as p on p.payment_key = k.payment_key and toss_private.is_paid(p)
  left join public.outbox_events as e on e.payload ->> 'transactionKey' = k.transaction_key
    and e.event_type in ('payment.refunded', 'payment.partially_refunded')
  where k.has_event and k.status = 'DONE'
  group by k.transaction_key
  having count(e.id) <> 1

  union all
  select 'operation_secret_only_while_open', s.operation_id::text, format('the operation is %s', op.state)
  from toss_private.operation_secrets as s
  join public.operations as op on op.id = s.operation_id
  where op.state in ('succeeded', 'rejected');
end;
$$;

comment on function toss_private.refund_violations() is 'The rules about cancels and what they leave behind.';

-- supabase/schemas/81_invariants_of_subscriptions.sql
-- What must never be true of subscriptions and charges.

create function toss_private.subscription_violations()
returns table (invariant text, subject text, detail text)
language plpgsql
stable
set search_path = ''
as $$
begin
  -- In plpgsql, which plans this once a session.
  return query
  with paid_attempt as (
    select o.subscription_charge_id as charge_id, o.id as order_id, o.status, p.payment_key, p.total_amount,
      p.balance_amount, p.subscription_id
    from public.orders as o
    join public.payments as p on p.payment_key = o.payment_key
    where o.subscription_charge_id is not null and toss_private.is_paid(p)
  ),
  open_operation as (
    select op.charge_id, count(*) as quantity
    from public.operations as op
    where op.kind = 'charge' and op.state in ('started', 'unknown')
    group by op.charge_id
  ),
  last_move as (
    select distinct on (v.subscription_id) v.subscription_id, v.to_status
    from public.payment_events as v
    where v.event = 'subscription_status'
    order by v.subscription_id, v.id desc
  ),
  last_line as (
    select distinct on (v.subscription_id) v.subscription_id, v.event, v.detail ->> 'error' as error
    from public.payment_events as v
    where v.subscription_id is not null
    order by v.subscription_id, v.id desc
  )

  select 'paid_charge_has_its_payment', c.id::text,
    format('charge of %s is paid by order %s with payment %s of %s', c.amount, c.order_id,
      coalesce(a.payment_key, 'none'), a.total_amount)
  from public.subscription_charges as c
  left join paid_attempt as a on a.charge_id = c.id and a.order_id = c.order_id
  where c.status = 'paid'
    and (a.total_amount is distinct from c.amount or a.subscription_id is distinct from c.subscription_id)

  union all
  select 'charge_is_paid_once', c.id::text, format('%s payments still hold money for it', count(a.payment_key))
  from public.subscription_charges as c
  join paid_attempt as a on a.charge_id = c.id and a.balance_amount > 0
  group by c.id
  having count(a.payment_key) > 1

  union all
  select 'money_belongs_to_a_paid_charge', a.payment_key, format('charge %s is %s', c.id, c.status)
  from paid_attempt as a
  join public.subscription_charges as c on c.id = a.charge_id
  where a.balance_amount > 0 and c.status <> 'paid'

  union all
  select 'paid_periods_follow_each_other', p.id::text,
    format('charge of period %s begins at %s, the one before it ends at %s', p.period_number, p.period_start, p.earlier_end)
  from (
    select c.id, c.period_number, c.period_start,
      max(c.period_end) over (
        partition by c.subscription_id order by c.period_number rows between unbounded preceding and 1 preceding
      ) as earlier_end
    from public.subscription_charges as c
    where c.kind in ('start', 'renewal') and c.status = 'paid' and c.subscription_id is not null
  ) as p
  where p.earlier_end > p.period_start

  union all
  select 'open_charge_has_open_operation', c.id::text,
    format('charge is %s with %s open operations', c.status, coalesce(o.quantity, 0))
  from public.subscription_charges as c
  left join open_operation as o on o.charge_id = c.id
  where (c.status in ('pending', 'processing', 'unknown') and coalesce(o.quantity, 0) <> 1)
    or (c.status not in ('pending', 'processing', 'unknown', 'paid') and o.quantity > 0)

  union all
  select 'charge_operation_succeeded_with_payment', op.id::text,
    format('attempt %s succeeded without a payment', op.order_id)
  from public.operations as op
  where op.kind = 'charge' and op.state = 'succeeded'
    and not exists (select 1 from paid_attempt as a where a.order_id = op.order_id)

  union all
  select 'live_subscription_goes_on', s.id::text,
    format('subscription is %s, and nothing is due, open, owed or ending', s.status)
  from public.subscriptions as s
  where s.status <> 'canceled' and s.next_charge_at is null and s.access_ends_at is null
    and not exists (
      select 1 from public.subscription_charges as c
      where c.subscription_id = s.id and (
        c.status in ('pending', 'processing', 'unknown')
        or (s.status = 'past_due' and c.status = 'declined' and c.kind = 'renewal'
          and c.period_number > s.period_number)
      )
    )

  union all
  select 'subscription_ends_in_time', s.id::text, format('should have ended at %s', s.access_ends_at)
  from public.subscriptions as s
  where s.access_ends_at < toss_private.clock_now() - interval '1 day'

  union all
  select 'subscription_access_is_paid', e.id::text,
    format('user %s has plan %s, charge is %s, order %s, subscription %s', e.user_id, e.plan_id, coalesce(c.status, 'none'),
      coalesce(o.status, 'none'), s.status)
  from public.entitlements as e
  join public.subscriptions as s on s.id = e.subscription_id
  -- A trial has none, and ends with its subscription all the same.
  left join public.subscription_charges as c on c.id = e.charge_id
  left join public.orders as o on o.id = c.order_id
  where e.revoked_at is null and (
    c.status = 'void'
    or (c.status = 'declined' and s.status in ('trialing', 'active'))
    or (c.status = 'paid' and o.status not in ('paid', 'partially_refunded'))
    or (s.status = 'canceled' and e.ends_at > s.ended_at)
  )

  union all
  select 'paid_period_has_its_access', c.id::text,
    format('period %s of subscription %s is paid but gives no access', c.period_number, c.subscription_id)
  from public.subscription_charges as c
  join public.orders as o on o.id = c.order_id and o.status in ('paid', 'partially_refunded')
  join public.subscriptions as s on s.id = c.subscription_id and s.status <> 'canceled'
  where c.status = 'paid' and c.kind <> 'ad_hoc'
    and not exists (
      select 1 from public.entitlements as e where e.charge_id = c.id and e.revoked_at is null
    )

  union all
  select 'subscription_status_is_explained', s.id::text,
    format('subscription is %s, the audit log says %s', s.status, m.to_status)
  from public.subscriptions as s
  -- One that was brought in from another system has no line before its first move.
  join last_move as m on m.subscription_id = s.id
  where m.to_status is distinct from s.status

  union all
  select 'charge_has_the_keys_of_its_card', c.id::text,
    format('order %s is with the %s pair, the card with the %s pair', o.id, o.toss_keys, m.toss_keys)
  from public.subscription_charges as c
  join public.orders as o on o.id = c.order_id
  join public.billing_methods as m on m.id = c.billing_method_id
  where o.toss_keys <> m.toss_keys
    -- Paid with a card that a restore forgot.
    and not exists (
      select 1 from public.payment_events as e where e.order_id = o.id and e.event = 'toss_keys_adopted'
    )

  union all
  select 'ended_subscription_says_why', s.id::text, format('ended at %s without a reason', s.ended_at)
  from public.subscriptions as s
  where s.status = 'canceled' and s.end_reason is null

  union all
  select 'subscription_can_be_charged', l.subscription_id::text, coalesce(l.error, 'unknown error')
  from last_line as l
  where l.event = 'charge_impossible'

  union all
  select 'promised_refund_is_made', c.id::text,
    format('%s of %s promised back, its cancel of %s is %s', c.refund_due, c.amount, op.amount, op.state)
  from public.subscription_charges as c
  join public.operations as op on op.id = c.refund_operation_id
  join public.payments as p on p.payment_key = op.payment_key
  where op.created_at < toss_private.clock_now() - interval '1 hour'
    and not (op.state = 'succeeded' and op.amount = c.refund_due)
    -- Once it is refused, the shop gives the money back its own way; what went back before the promise is no part of it.
    and not (op.state = 'rejected' and (p.balance_amount = 0 or c.refund_due <= (
      select coalesce(sum(k.amount), 0) from public.payment_cancels as k
      where k.payment_key = op.payment_key and k.status <> 'ABORTED'
        and k.canceled_at >= date_trunc('second', op.created_at)
    )))

  union all
  select 'auth_key_goes_with_its_operation', i.operation_id::text, format('operation is %s', op.state)
  from toss_private.billing_issues as i
  join public.operations as op on op.id = i.operation_id
  where i.ciphertext is not null and op.state in ('succeeded', 'rejected');
end;
$$;

comment on function toss_private.subscription_violations() is 'The invariants of subscriptions, charges and billing keys.';

-- supabase/schemas/82_invariants_of_contents.sql
-- Subscriptions compared with the money that was paid for them; and all invariants in one call.

create function toss_private.subscription_content_violations()
returns table (invariant text, subject text, detail text)
language plpgsql
stable
set search_path = ''
as $$
begin
  -- In plpgsql, which plans this once a session. What is looked up row by row goes by an index: not materialized.
  return query
  with live as not materialized (
    select s.* from public.subscriptions as s where s.status <> 'canceled'
  ),
  last_move as (
    select distinct on (v.subscription_id) v.subscription_id, v.detail ->> 'event' as event, v.detail -> 'terms' as terms,
      v.created_at
    from public.payment_events as v
    join live as s on s.id = v.subscription_id
    where v.event = 'subscription_status'
    order by v.subscription_id, v.id desc
  ),
  refused_by_database as (
    select distinct on (v.subscription_id) v.subscription_id, v.event
    from public.payment_events as v
    join live as s on s.id = v.subscription_id
    order by v.subscription_id, v.id desc
  ),
  charge as not materialized (
    select c.*, o.status as order_status
    from live as s
    join public.subscription_charges as c on c.subscription_id = s.id
    left join public.orders as o on o.id = c.order_id
  ),
  open_charge as not materialized (
    select c.* from charge as c where c.status in ('pending', 'processing', 'unknown')
  ),
  -- The charge that its subscription waits for; one at most.
  owed as not materialized (
    select c.* from charge as c
    join live as s on s.id = c.subscription_id
    where c.kind = 'renewal' and c.status in ('pending', 'processing', 'unknown', 'declined')
      and c.period_number > s.period_number
  ),
  last_decline as not materialized (
    select distinct on (w.id) w.id as charge_id,
      to_timestamp((v.detail ->> 'declinedSince')::double precision) as declined_since,
      to_timestamp((v.detail ->> 'accessEndsAt')::double precision) as access_ends_at,
      v.detail -> 'chargeTerms' as terms
    from owed as w
    join public.payment_events as v on v.subscription_id = w.subscription_id and v.event = 'subscription_status'
      and v.detail ->> 'event' = 'charge_declined' and v.detail ->> 'chargeId' = w.id::text
    order by w.id, v.id desc
  ),
  paid_period as not materialized (
    select distinct on (c.subscription_id) c.*
    from charge as c
    where c.kind in ('start', 'renewal') and c.status = 'paid'
    order by c.subscription_id, c.period_number desc
  ),
  -- The latest payment of the current period that has not gone back; what paid for nothing has no access.
  payment_in_force as not materialized (
    select distinct on (c.subscription_id) c.*
    from charge as c
    join paid_period as p on p.subscription_id = c.subscription_id and p.period_number = c.period_number
    join public.entitlements as e on e.charge_id = c.id
    where c.status = 'paid' and c.order_status in ('paid', 'partially_refunded')
    order by c.subscription_id, c.period_start desc, c.created_at desc
  ),
  access as not materialized (
    select e.*, c.kind as charge_kind, c.user_id as charged_user_id, c.plan_id as charged_plan_id, c.status as charge_status,
      c.paid_at as charge_paid_at, c.period_number as charged_period, c.period_start as charged_from, c.period_end as charged_until,
      c.subscription_id as charged_subscription_id
    from live as s
    join public.entitlements as e on e.subscription_id = s.id and e.revoked_at is null
    left join public.subscription_charges as c on c.id = e.charge_id
  )

  select 'subscription_terms_are_explained', s.id::text,
    format('subscription has %s, the audit log says %s', toss_private.subscription_terms(s), m.terms)
  from public.subscriptions as s
  -- One that was brought in from another system has no line before its first move.
  join last_move as m on m.subscription_id = s.id and m.terms is not null
  where m.terms <> toss_private.subscription_terms(s)

  union all
  select 'subscription_is_in_its_paid_period', s.id::text,
    format('period %s of user %s from %s to %s, paid in %s is period %s of user %s from %s to %s', s.period_number,
      s.user_id, s.current_period_start, s.current_period_end, p.currency, p.period_number, p.user_id, p.period_start,
      p.period_end)
  from live as s
  join paid_period as p on p.subscription_id = s.id
  where (s.period_number, s.user_id, s.current_period_start, s.current_period_end, s.currency)
    is distinct from (p.period_number, p.user_id, p.period_start, p.period_end, p.currency)

  union all
  select 'subscription_period_is_counted_from_its_anchor', s.id::text,
    format('period %s ends at %s, counted it ends at %s', s.period_number, s.current_period_end,
      toss_private.boundary(s, s.period_number + 1))
  from public.subscriptions as s
  where s.status <> 'canceled' and s.current_period_end <> toss_private.boundary(s, s.period_number + 1)

  union all
  select 'subscription_has_the_terms_it_pays', s.id::text,
    format('subscription has plan %s for %s, charged is plan %s for %s', s.plan_id, s.amount, t.plan_id, t.plan_amount)
  from live as s
  join lateral (
    select w.* from owed as w where w.subscription_id = s.id
    union all
    select f.* from payment_in_force as f
    where f.subscription_id = s.id and not exists (select 1 from owed as w where w.subscription_id = s.id)
  ) as t on true
  where (s.plan_id, s.amount, s.interval, s.interval_count)
      is distinct from (t.plan_id, t.plan_amount, t.plan_interval, t.plan_interval_count)
    -- A planned price holds once a period is paid at it; until then its charge is ahead of the subscription.
    and not (
      t.status <> 'paid'
      and (s.plan_id, s.interval, s.interval_count) = (t.plan_id, t.plan_interval, t.plan_interval_count)
      and exists (
        select 1 from toss_private.price_steps as p
        where p.subscription_id = s.id and p.plan_id = s.plan_id and p.amount = t.plan_amount and p.from_at <= t.period_start
      )
    )
    and (t.status <> 'paid' or not (
      -- A difference too small to charge, or a plan that begins with a period that was missed.
      exists (
        select 1 from public.payment_events as v
        where v.subscription_id = s.id and v.event = 'subscription_status' and v.detail ->> 'event' = 'plan_changed'
          and v.detail ->> 'planId' = s.plan_id and v.amount = s.amount and v.created_at >= t.paid_at
      )
      -- A refunded upgrade that could not be undone: the alert period_not_fully_paid tells.
      or exists (
        select 1 from charge as c
        where c.subscription_id = s.id and c.kind = 'upgrade' and c.status = 'paid' and c.order_status = 'refunded'
          and c.period_number = s.period_number and (c.plan_id, c.plan_amount) = (s.plan_id, s.amount)
      )
    ))

  union all
  select 'next_charge_fits_the_period', s.id::text,
    format('%s subscription until %s: next charge at %s, access ends at %s', s.status, s.current_period_end,
      coalesce(s.next_charge_at::text, 'no time'), coalesce(s.access_ends_at::text, 'no time'))
  from live as s
  left join open_charge as c on c.subscription_id = s.id
  left join owed as w on w.subscription_id = s.id and w.status = 'declined'
  left join last_move as m on m.subscription_id = s.id
  where case
    when c.id is not null then s.next_charge_at is not null
    when s.cancel_at_period_end then s.access_ends_at is distinct from s.current_period_end
    when w.id is not null and w.next_attempt_at is not null then s.access_ends_at is not null
      or s.next_charge_at is distinct from w.next_attempt_at
    when w.id is not null then s.next_charge_at is not null
      or (s.access_ends_at is null and m.event is distinct from 'access_withdrawn')
      or exists (select 1 from access as e where e.charge_id = w.id and e.ends_at <> s.access_ends_at)
    when s.status <> 'past_due' then s.next_charge_at is distinct from coalesce((
      select max(v.period_end) from charge as v
      where v.subscription_id = s.id and v.kind = 'renewal' and v.status = 'void' and v.period_number > s.period_number
    ), s.current_period_end)
    else false end
    -- A new billing method makes a debt due at once.
    and not (
      m.event is not distinct from 'method_changed' and w.id is not null and s.access_ends_at is null
      and s.next_charge_at between m.created_at - interval '1 minute' and m.created_at
    )
    -- Put off for an hour; subscription_can_be_charged tells.
    and not exists (
      select 1 from refused_by_database as r where r.subscription_id = s.id and r.event = 'charge_impossible'
    )

  union all
  select 'declined_charge_keeps_its_days', c.id::text,
    format('declined since %s, access until %s; the audit log says %s and %s', c.first_declined_at, e.ends_at,
      d.declined_since, d.access_ends_at)
  from charge as c
  join live as s on s.id = c.subscription_id and c.period_number >= s.period_number
  left join last_decline as d on d.charge_id = c.id
  left join access as e on e.charge_id = c.id
  where (
    c.status in ('pending', 'processing', 'unknown') or (c.status = 'declined' and c.kind = 'renewal')
  ) and (
    c.first_declined_at is distinct from d.declined_since
    or (c.status = 'declined' and e.ends_at <> d.access_ends_at)
  )

  union all
  select 'access_follows_its_charge', e.id::text,
    format('user %s has plan %s from %s until %s; charge %s of user %s is for plan %s from %s until %s', e.user_id,
      e.plan_id, e.starts_at, e.ends_at, e.charge_id, e.charged_user_id, e.charged_plan_id, e.charged_from,
      e.charged_until)
  from access as e
  join live as s on s.id = e.subscription_id
  where e.charge_id is not null and (
    (e.user_id, e.subscription_id, e.starts_at) is distinct from (e.charged_user_id, e.charged_subscription_id, e.charged_from)
    or e.order_id is not null
    or (e.plan_id <> e.charged_plan_id and not exists (
      -- Moved on without a charge, or another plan's money went on paying for this one.
      select 1 from public.payment_events as v
      where v.subscription_id = s.id and v.event = 'subscription_status' and v.detail ->> 'event' = 'plan_changed'
        and v.detail ->> 'planId' = e.plan_id and v.created_at >= e.charge_paid_at
    ))
    -- On credit: the job prolongs it until the answer comes.
    or (e.charge_status in ('pending', 'processing', 'unknown') and e.ends_at < e.charged_until)
    or (e.charge_status = 'paid' and e.ends_at <> e.charged_until and not exists (
      -- Cut where an upgrade took over.
      select 1 from charge as c
      where c.subscription_id = s.id and c.kind = 'upgrade' and c.status = 'paid'
        and c.period_number = e.charged_period and c.period_start = e.ends_at
    ) and not (
      -- On credit while an upgrade is open, for which the renewal waits: for two weeks, from a week before the end on.
      e.ends_at > e.charged_until + interval '168 hours' and exists (
        select 1 from open_charge as c
        where c.subscription_id = s.id and c.kind = 'upgrade' and c.period_number = e.charged_period
      )
    ))
  )

  union all
  select 'access_without_charge_is_a_trial', e.id::text,
    format('user %s has plan %s from %s until %s without a charge', e.user_id, e.plan_id, e.starts_at, e.ends_at)
  from access as e
  join live as s on s.id = e.subscription_id
  left join lateral (
    select min(c.period_start) as at from charge as c where c.subscription_id = s.id and c.kind in ('start', 'renewal')
  ) as begun on true
  where e.charge_id is null and (
    e.user_id <> s.user_id or e.order_id is not null
    or e.ends_at <> coalesce(begun.at, s.current_period_end)
    or (begun.at is null and (e.plan_id, e.starts_at) <> (s.plan_id, s.current_period_start))
  )

  union all
  select 'live_subscription_gives_access', s.id::text,
    format('subscription is %s, and there is no access to plan %s until %s', s.status, s.plan_id,
      coalesce(w.period_end, s.current_period_end))
  from live as s
  left join owed as w on w.subscription_id = s.id
  where not exists (
    select 1 from access as e
    where e.subscription_id = s.id and e.plan_id = s.plan_id
      and case
        when w.id is null then e.ends_at = s.current_period_end or (
          e.ends_at > s.current_period_end + interval '168 hours' and exists (
            select 1 from open_charge as c where c.subscription_id = s.id and c.kind = 'upgrade'
          )
        )
        else e.charge_id = w.id and (w.status = 'declined' or e.ends_at >= w.period_end) end
  ) and case
    -- The grace is over, or the final action withdrew the access.
    when w.status = 'declined' then s.next_charge_at is not null or s.access_ends_at > toss_private.clock_now()
    when w.id is not null then true
    -- One that was brought in from another system has no access of its own before its first move.
    else s.status = 'trialing' and exists (select 1 from last_move as m where m.subscription_id = s.id)
      or exists (select 1 from payment_in_force as f where f.subscription_id = s.id) end

  union all
  select 'charge_belongs_to_its_subscription', c.id::text,
    format('charge of user %s in %s, subscription of user %s in %s', c.user_id, c.currency, s.user_id, s.currency)
  from charge as c
  join live as s on s.id = c.subscription_id
  where (c.user_id, c.currency) <> (s.user_id, s.currency)

  union all
  select 'attempt_charges_what_is_due', c.id::text,
    format('%s charge of %s for user %s, attempt %s; order %s of %s for user %s, %s operation of %s', c.status, c.amount,
      c.user_id, c.attempt, o.id, o.amount, o.user_id, op.state, op.amount)
  from public.subscription_charges as c
  left join public.orders as o on o.id = c.order_id
  left join public.operations as op on op.order_id = o.id and op.kind = 'charge'
  where (c.status in ('pending', 'processing', 'unknown') or (c.status = 'declined' and c.kind = 'renewal'))
    -- One that has no billing method is declined without an attempt.
    and not (c.status = 'declined' and c.attempt = 0 and c.order_id is null) and (
      (o.amount, o.user_id, o.currency, o.subscription_charge_id)
        is distinct from (c.amount, c.user_id, c.currency, c.id)
      or (op.amount, op.charge_id) is distinct from (c.amount, c.id)
      or (c.status <> 'declined' and c.status <> case op.state when 'started' then 'processing' else 'unknown' end)
      -- The next attempt is numbered after this one.
      or c.order_id not like '%\_' || c.attempt
    )

  union all
  select 'charge_terms_are_explained', c.id::text,
    format('charge has %s, the audit log says %s', toss_private.charge_terms(c), coalesce(begun.terms, declined.terms))
  from public.subscription_charges as c
  join live as s on s.id = c.subscription_id and c.period_number >= s.period_number
  left join lateral (
    select v.detail -> 'terms' as terms from public.payment_events as v
    where v.order_id = c.order_id and v.event = 'operation_started'
    order by v.id desc
    limit 1
  ) as begun on true
  left join last_decline as declined on declined.charge_id = c.id
  where coalesce(begun.terms, declined.terms) <> toss_private.charge_terms(c)

  union all
  select 'undone_upgrade_is_refunded', c.id::text, format('undone at %s, its order is %s', c.undone_at, c.order_status)
  from charge as c
  where c.undone_at is not null and c.order_status is distinct from 'refunded'

  union all
  select 'renewal_costs_its_plan', c.id::text, format('%s is charged for a period of %s', c.amount, c.plan_amount)
  from charge as c
  where c.kind in ('start', 'renewal') and c.status in ('pending', 'processing', 'unknown', 'declined')
    and c.amount <> c.plan_amount

  union all
  select 'subscription_is_charged_to_its_user', s.id::text,
    format('subscription of user %s, billing method of user %s', s.user_id, m.user_id)
  from live as s
  join public.billing_methods as m on m.id = s.billing_method_id
  where m.user_id <> s.user_id

  union all
  select 'charge_is_made_to_its_user', c.id::text,
    format('charge of user %s, billing method of user %s', c.user_id, m.user_id)
  from public.subscription_charges as c
  join public.billing_methods as m on m.id = c.billing_method_id
  where c.status in ('pending', 'processing', 'unknown') and m.user_id <> c.user_id;
end;
$$;

comment on function toss_private.subscription_content_violations() is
  'What the rows of a live subscription say, compared with each other: its terms with the audit log and with what was charged, its times with its period, access with charges.';

create function public.invariant_violations()
returns table (invariant text, subject text, detail text)
language sql
stable
security definer
set search_path = ''
as $$
  select * from toss_private.payment_violations()
  union all
  select * from toss_private.refund_violations()
  union all
  select * from toss_private.receipt_violations()
  union all
  select * from toss_private.withdrawal_violations()
  union all
  select * from toss_private.subscription_violations()
  union all
  select * from toss_private.subscription_content_violations()
  union all
  select * from toss_private.consent_violations()
  union all
  select * from toss_private.delivery_violations()
  union all
  select * from toss_private.notice_violations()
  union all
  select * from toss_private.reconciliation_violations()
  union all
  select * from toss_private.erasure_violations()
  union all
  select * from toss_private.settlement_violations();
$$;

comment on function public.invariant_violations() is
  'Every violated invariant of payments, refunds, cash receipts, withdrawals, subscriptions, of what is told of them, of comparisons with Toss and of what was erased: its name, whom it concerns, and what is wrong. Empty when all is well.';

-- supabase/schemas/83_alerts.sql
-- What a person has to look at.

create function toss_private.failed_refund_transfers()
returns table (payment_key text, refund_status text)
language sql
stable
security definer
set search_path = ''
as $$
  select d.payment_key, d.virtual_account ->> 'refundStatus'
  from toss_private.payment_details as d
  where d.virtual_account ->> 'refundStatus' in ('FAILED', 'PARTIAL_FAILED');
$$;

comment on function toss_private.failed_refund_transfers() is
  'Whose refund did not reach the buyer''s account. Nothing else of payment_details leaves it.';

create function toss_private.unproven_deadlines()
returns table (order_id text, payment_key text, due_at timestamptz)
language sql
stable
security definer
set search_path = ''
as $$
  select o.id, p.payment_key, toss_private.deposit_deadline(p)
  from public.orders as o
  join public.payments as p on p.payment_key = o.payment_key and p.status = 'WAITING_FOR_DEPOSIT'
  where o.status = 'waiting_for_deposit' and toss_private.deposit_deadline(p) < toss_private.clock_now() - interval '1 hour';
$$;

comment on function toss_private.unproven_deadlines() is
  'Orders that wait for a deposit although its deadline has passed, because Toss has not been heard of since.';

create function toss_private.question_backlog()
returns table (due bigint, oldest_at timestamptz)
language sql
stable
security definer
set search_path = ''
as $$
  select count(*), min(q.next_at) from toss_private.due_questions(toss_private.clock_now()) as q;
$$;

comment on function toss_private.question_backlog() is
  'How many payments Toss must be asked about now, and since when the oldest of them waits.';

create view toss_private.payment_alerts
with (security_invoker = true)
as
select
  case when op.created_at < toss_private.clock_now() - interval '1 hour' then 'critical' else 'warning' end as level,
  'operation_without_proof' as alert,
  op.id::text as subject,
  format('%s: %s after %s attempts',
    concat_ws(' of order ', op.kind, op.order_id), coalesce(op.error_code, op.state), op.attempts) as detail,
  op.created_at as since
from public.operations as op
where op.state in ('started', 'unknown') and op.created_at < toss_private.clock_now() - interval '5 minutes'

union all
-- Whatever was made with them waits until they are back.
select 'critical', lower(op.error_code), op.id::text,
  case op.error_code
    when 'TOSS_KEYS_MISSING' then format('%s: the key pair that made it is not set', concat_ws(' of order ', op.kind, op.order_id))
    else format('%s: the key pair that is set now is not the one that made it', concat_ws(' of order ', op.kind, op.order_id))
  end,
  op.created_at
from public.operations as op
where op.state in ('started', 'unknown') and op.error_code in ('TOSS_KEYS_MISSING', 'TOSS_KEYS_CHANGED')

union all
select 'critical', 'webhook_dead', e.id::text, e.last_error, e.created_at
from public.webhook_events as e
where e.status = 'dead'

union all
select 'warning', 'webhook_waiting', e.id::text, coalesce(e.last_error, e.status), e.created_at
from public.webhook_events as e
where e.status in ('received', 'processing', 'failed')
  and e.created_at < toss_private.clock_now() - interval '10 minutes'

union all
-- Half of the smallest hosted database (500 MB).
select 'warning', 'webhook_inbox_large', s.name, format('%s MB', s.bytes / 1000000), toss_private.clock_now()
from (
  select 'webhook_events' as name,
    pg_total_relation_size('public.webhook_events') + pg_total_relation_size('toss_private.webhook_bodies') as bytes
) as s
where s.bytes > 250000000

union all
select 'warning', 'webhook_flood', 'unproven',
  format('%s deliveries without proof within an hour', sum(e.delivery_count)), min(e.created_at)
from public.webhook_events as e
where e.status = 'ignored' and e.verified_by is null
  and e.created_at > toss_private.clock_now() - interval '1 hour'
having sum(e.delivery_count) >= 1000

union all
select 'critical', 'job_late', j.job, format('last run %s', coalesce(j.last_finished_at::text, 'never')),
  coalesce(j.last_finished_at, j.created_at)
from public.job_status as j
where j.is_late

union all
-- One row per payment, only while its last line in the audit log is the mismatch, and only while Toss holds money.
select 'warning', 'tax_split_differs', v.order_id,
  format('payment %s: %s tax-free, the order says %s', v.payment_key, v.amount, v.detail ->> 'orderTaxFreeAmount'),
  v.created_at
from public.payment_events as v
join public.payments as p on p.payment_key = v.payment_key
where v.event = 'tax_split_differs' and p.balance_amount > 0

union all
select 'critical', 'answer_mismatch', v.order_id,
  format('payment %s: Toss answered %s', v.payment_key, v.detail), v.created_at
from public.payment_events as v
where v.event = 'answer_mismatch'
  and not exists (
    select 1 from public.payment_events as later
    where later.payment_key = v.payment_key and later.id > v.id
      and later.event in ('answer_mismatch', 'answer_accepted', 'payment_status')
  )
  and v.to_status in ('DONE', 'PARTIAL_CANCELED', 'CANCELED', 'WAITING_FOR_DEPOSIT')
  and (v.detail ->> 'balanceAmount')::numeric > 0

union all
select 'critical', 'late_payment_without_stock', v.order_id,
  format('paid after it was given up; product %s is short', v.detail ->> 'shortProductId'), v.created_at
from public.payment_events as v
join public.orders as o on o.id = v.order_id and o.status in ('paid', 'partially_refunded')
where v.event = 'late_payment' and v.detail ->> 'shortProductId' is not null

union all
select 'critical', 'second_payment', v.order_id, format('%s still to be refunded', v.amount), v.created_at
from public.payment_events as v
join public.payments as p on p.payment_key = v.payment_key and p.balance_amount > 0
  -- Not a deposit that the bank has taken back, nor an account that nobody paid into.
  and (p.status in ('DONE', 'PARTIAL_CANCELED') or p.approved_at is not null)
where v.event = 'second_payment';

comment on view toss_private.payment_alerts is 'What needs a person about payments, webhooks and jobs.';

create view toss_private.refund_alerts
with (security_invoker = true)
as
-- Until somebody tries again, or the payment has nothing left.
select
  'critical' as level,
  'cancel_not_proven' as alert,
  op.id::text as subject,
  format('cancel of %s of order %s was given up: Toss shows nothing of it', op.amount, op.order_id) as detail,
  op.finished_at as since
from public.operations as op
join public.payments as p on p.payment_key = op.payment_key and p.balance_amount > 0
where op.kind = 'cancel' and op.state = 'rejected' and op.error_code = 'CANCEL_NOT_PROVEN'
  and not exists (
    select 1 from public.operations as later
    where later.payment_key = op.payment_key and later.kind = 'cancel' and later.created_at > op.created_at
  )
  -- As much that went back since in Toss's dashboard was this one.
  and not exists (
    select 1 from public.payment_cancels as c
    where c.payment_key = op.payment_key and c.amount = op.amount and c.status <> 'ABORTED'
      and coalesce(c.canceled_at, c.created_at) >= op.created_at
      and not exists (
        select 1 from public.operations as ours where ours.canceled_transaction_key = c.transaction_key
      )
  )

union all
-- Foreign wallets carry a cancel out in their own time, and may end it without giving anything back.
select 'critical', 'refund_aborted', op.id::text,
  format('cancel of %s of order %s was begun at Toss and then aborted', op.amount, op.order_id), op.finished_at
from public.operations as op
join public.payment_cancels as k on k.transaction_key = op.canceled_transaction_key and k.status = 'ABORTED'
join public.payments as p on p.payment_key = op.payment_key and p.balance_amount > 0
where op.kind = 'cancel'
  and not exists (
    select 1 from public.operations as later
    where later.payment_key = op.payment_key and later.kind = 'cancel' and later.created_at > op.created_at
  )

union all
select 'critical', 'refund_account_failed', p.payment_key,
  format('order %s: the bank transfer of a refund is %s at Toss', p.order_id, f.refund_status), p.applied_at
from toss_private.failed_refund_transfers() as f
join public.payments as p on p.payment_key = f.payment_key;

comment on view toss_private.refund_alerts is
  'What needs a person about refunds: one that was given up without proof, one that Toss aborted, one whose transfer to the buyer failed.';

create view toss_private.deposit_alerts
with (security_invoker = true)
as
select
  case when u.due_at < toss_private.clock_now() - interval '1 day' then 'critical' else 'warning' end as level,
  'deadline_not_proven' as alert,
  u.order_id as subject,
  format('the deposit of payment %s was due at %s; Toss does not say how it ended, the order waits', u.payment_key,
    u.due_at) as detail,
  u.due_at as since
from toss_private.unproven_deadlines() as u

union all
-- Until the deposit comes, or the order is given up.
select 'warning', 'deadline_far', v.order_id,
  format('payment %s of the payment window holds its stock until %s, longer than %s hours', v.payment_key,
    v.detail ->> 'dueAt', v.detail ->> 'longestHours'), v.created_at
from public.payment_events as v
join public.orders as o on o.id = v.order_id and o.status = 'waiting_for_deposit' and o.payment_key = v.payment_key
where v.event = 'deadline_far'

union all
select 'warning', 'sweep_backlog', 'expiry',
  format('%s payments should have been asked about, the oldest at %s', b.due, b.oldest_at), b.oldest_at
from toss_private.question_backlog() as b
where b.oldest_at < toss_private.clock_now() - interval '30 minutes';

comment on view toss_private.deposit_alerts is
  'What needs a person about virtual accounts, and about the questions that find what no webhook tells.';

create view toss_private.subscription_alerts
with (security_invoker = true)
as
select
  'warning' as level,
  'user_deleted' as alert,
  s.id::text as subject,
  format('user %s is gone from auth.users; plan %s was paid until %s, its access has ended', s.user_id, s.plan_id,
    s.current_period_end) as detail,
  s.ended_at as since
from public.subscriptions as s
where s.end_reason = 'user_deleted' and s.ended_at > toss_private.clock_now() - interval '7 days'

union all
-- Until the period is over, the refund fails after all, or the rest goes back, too.
select 'warning', 'period_not_fully_paid', s.id::text,
  format('%s of the period from %s went back, order %s; plan %s and its access stay', sum(c.amount),
    s.current_period_start, string_agg(o.id, ', ' order by o.id), s.plan_id),
  min(coalesce(p.canceled_at, p.applied_at))
from public.orders as o
join public.payments as p on p.payment_key = o.payment_key
join public.subscription_charges as c on c.id = o.subscription_charge_id and c.order_id = o.id and c.status = 'paid'
join public.subscriptions as s
  on s.id = c.subscription_id and s.status <> 'canceled' and s.period_number = c.period_number
where o.status = 'refunded' and o.subscription_charge_id is not null and (
  -- An upgrade that could not be undone, or not yet.
  (c.kind = 'upgrade' and c.undone_at is null and exists (select 1 from public.entitlements as e where e.charge_id = c.id))
  or exists (
    select 1 from public.subscription_charges as later
    join public.orders as paid on paid.id = later.order_id and paid.status in ('paid', 'partially_refunded')
    join public.entitlements as e on e.charge_id = later.id
    where later.subscription_id = s.id and later.status = 'paid' and later.period_number = c.period_number
      and (later.period_start, later.created_at) > (c.period_start, c.created_at)
  )
)
group by s.id;

comment on view toss_private.subscription_alerts is
  'What needs a person about subscriptions: for a week one that ended because its user is gone; one whose period is not fully paid any more.';

create view public.alerts
with (security_invoker = true)
as
select * from toss_private.payment_alerts
union all
select * from toss_private.refund_alerts
union all
select * from toss_private.deposit_alerts
union all
select * from toss_private.receipt_alerts
union all
select * from toss_private.withdrawal_alerts
union all
select * from toss_private.subscription_alerts
union all
select * from toss_private.consent_alerts
union all
select * from toss_private.hook_alerts
union all
select * from toss_private.delivery_alerts
union all
select * from toss_private.notice_alerts
union all
select * from toss_private.reconciliation_alerts
union all
select * from toss_private.settlement_alerts;

comment on view public.alerts is
  'What a person should look at, by level. Age raises the level, never the state. Service role only; docs/operations.md says what to do about each.';

-- supabase/schemas/84_status.sql
-- The figures of `status` and `health`.

create function public.read_status(request jsonb)
returns jsonb
language sql
volatile
security definer
set search_path = ''
as $$
  select jsonb_build_object(
    'operations', (
      select jsonb_build_object(
        'open', count(*),
        'unknown', count(*) filter (where op.state = 'unknown'),
        'oldestUnknownSeconds', extract(epoch from toss_private.clock_now() - min(op.created_at)
          filter (where op.state = 'unknown'))
      )
      from public.operations as op where op.state in ('started', 'unknown')
    ),
    'webhooks', (
      select jsonb_build_object(
        'waiting', count(*) filter (where e.status in ('received', 'processing')),
        'failed', count(*) filter (where e.status = 'failed'),
        'dead', count(*) filter (where e.status = 'dead'),
        'oldestWaitingSeconds', extract(epoch from toss_private.clock_now() - min(e.created_at)
          filter (where e.status in ('received', 'processing', 'failed')))
      )
      from public.webhook_events as e where e.status in ('received', 'processing', 'failed', 'dead')
    ),
    'overdueOrders', (
      select count(*) from public.orders as o
      where o.status = 'pending' and o.expires_at < toss_private.clock_now() - interval '5 minutes'
        and o.subscription_charge_id is null
    ),
    'sweep', (
      select jsonb_build_object(
        'due', b.due, 'oldestDueSeconds', extract(epoch from toss_private.clock_now() - b.oldest_at)
      )
      from toss_private.question_backlog() as b
    ),
    'jobs', (
      select jsonb_agg(jsonb_build_object(
        'job', j.job, 'lastFinishedAt', j.last_finished_at, 'isLate', j.is_late
      ) order by j.job)
      from public.job_status as j
    ),
    'alerts', (
      select jsonb_build_object(
        'warning', count(*) filter (where a.level = 'warning'),
        'critical', count(*) filter (where a.level = 'critical')
      )
      from public.alerts as a
    ),
    'tossKeysInUse', toss_private.toss_keys_in_use(),
    'invariantViolations', (select count(*) from public.invariant_violations())
  );
$$;

comment on function public.read_status(jsonb) is
  'Queue depths and ages in seconds, purchases that are overdue, questions that are due, the last beat of each job, alerts by level, the key pairs in use and violated invariants, for the health function; the request is empty.';

create function public.request_health(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  base_url text;
  secret text;
begin
  if to_regclass('net.http_request_queue') is null or to_regclass('vault.decrypted_secrets') is null then
    return jsonb_build_object('outcome', 'extension_missing');
  end if;
  select s.decrypted_secret into base_url from vault.decrypted_secrets as s
  where s.name = 'supabase_tosspayments_url';
  select s.decrypted_secret into secret from vault.decrypted_secrets as s
  where s.name = 'supabase_tosspayments_cron_secret';
  if base_url is null or secret is null then
    return jsonb_build_object('outcome', 'vault_incomplete');
  end if;
  return jsonb_build_object('outcome', 'sent', 'requestId', net.http_get(
    url := rtrim(base_url, '/') || '/functions/v1/health',
    headers := jsonb_build_object('Authorization', 'Bearer ' || secret),
    timeout_milliseconds := 5000
  ));
end;
$$;

comment on function public.request_health(jsonb) is
  'Sends GET health through pg_net with URL and secret from Vault, as the schedules wake the worker; the request is empty. Outcomes: sent (requestId, for public.read_health_response), vault_incomplete, extension_missing.';

create function public.read_health_response(request jsonb)
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  response record;
  body jsonb;
begin
  select r.status_code, r.content, r.headers, r.timed_out, r.error_msg into response
  from net._http_response as r where r.id = (request ->> 'requestId')::bigint;
  if not found then
    return jsonb_build_object('outcome', 'waiting');
  end if;
  if response.status_code is null then
    return jsonb_build_object('outcome', 'failed', 'error', left(response.error_msg, 200));
  end if;
  begin
    body := response.content::jsonb;
  exception when others then
    body := null;
  end;
  -- Whoever answers at that address may have sent the request back, secret and all; only known words are handed on.
  return jsonb_build_object(
    'outcome', 'answered',
    'status', response.status_code,
    'isOurs', coalesce(body ? 'version' or body ? 'requestId', false),
    'isCronCaller', coalesce(body ->> 'caller' = 'cron', false),
    'isConfigured', coalesce(body ->> 'code' <> 'not_configured', true),
    'region', (
      select left(h.value, 40) from jsonb_each_text(coalesce(response.headers, '{}')) as h
      where lower(h.key) = 'x-sb-edge-region' limit 1
    )
  );
end;
$$;

comment on function public.read_health_response(jsonb) is
  'How a request of public.request_health ended; key: requestId. Outcomes: waiting, failed (error), answered (status, isOurs, isCronCaller, isConfigured, region in which the function ran).';

-- supabase/schemas/85_diagnosis.sql
-- What `doctor` asks the database about itself.

create function toss_private.diagnose_extensions()
returns jsonb
language sql
stable
set search_path = ''
as $$
  -- Asked for by a relation of each: where an extension cannot be installed, something else may stand in for it.
  select jsonb_agg(jsonb_build_object(
    'name', wanted.name,
    'isUsable', to_regclass(wanted.relation) is not null,
    'installedVersion', e.extversion,
    'availableVersion', a.default_version
  ) order by wanted.name)
  from (values
    ('pg_cron', 'cron.job'),
    ('pg_net', 'net.http_request_queue'),
    ('supabase_vault', 'vault.decrypted_secrets')
  ) as wanted (name, relation)
  left join pg_extension as e on e.extname = wanted.name
  left join pg_available_extensions as a on a.name = wanted.name;
$$;

comment on function toss_private.diagnose_extensions() is
  'Each extension that the schedules need: whether its tables are there, its version, and the version it could have.';

create function toss_private.diagnose_migrations()
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  if to_regclass('supabase_migrations.schema_migrations') is null then
    return null;
  end if;
  return (
    select coalesce(jsonb_agg(m.version order by m.version), '[]')
    from supabase_migrations.schema_migrations as m
  );
end;
$$;

comment on function toss_private.diagnose_migrations() is
  'Versions of the applied migrations; null where no tool has kept a history.';

create function toss_private.diagnose_tables()
returns jsonb
language sql
stable
set search_path = ''
as $$
  select coalesce(jsonb_agg(t.name order by t.name), '[]')
  from (
    select format('%s.%s', c.relnamespace::regnamespace, c.relname) as name
    from pg_class as c
    where c.relnamespace in (
      select own.relnamespace from pg_class as own
      where own.oid in ('public.orders'::regclass, 'toss_private.jobs'::regclass)
    )
      and c.relkind in ('r', 'p') and not c.relrowsecurity
      and not exists (
        select 1 from pg_depend as d
        where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'
      )
  ) as t;
$$;

comment on function toss_private.diagnose_tables() is
  'Tables of both schemas whose row level security is off, but for those that belong to an extension.';

create function toss_private.diagnose_vault()
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
declare
  base_url text;
begin
  if to_regclass('vault.decrypted_secrets') is null then
    return null;
  end if;
  select s.decrypted_secret into base_url from vault.decrypted_secrets as s
  where s.name = 'supabase_tosspayments_url';
  return jsonb_build_object(
    'hasUrl', coalesce(base_url, '') <> '',
    -- Shown only when it cannot be a secret that was stored under the wrong name.
    'url', case when base_url ~ '^https?://[A-Za-z0-9.-]+(:[0-9]+)?/?$' then base_url end,
    'hasCronSecret', exists (
      select 1 from vault.decrypted_secrets as s
      where s.name = 'supabase_tosspayments_cron_secret' and s.decrypted_secret <> ''
    )
  );
end;
$$;

comment on function toss_private.diagnose_vault() is
  'Whether Vault holds the two values that wake the worker, and the address among them; never a secret. Null without Vault.';

create function toss_private.diagnose_cron_jobs()
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  if to_regclass('cron.job') is null then
    return null;
  end if;
  return (
    select coalesce(jsonb_agg(jsonb_build_object(
      'id', c.jobid,
      'job', substr(c.jobname, length('tosspayments-') + 1),
      'owner', c.username,
      'schedule', c.schedule,
      'isActive', c.active,
      'lastRun', (
        select jsonb_build_object(
          'status', r.status, 'message', left(r.return_message, 200), 'startedAt', r.start_time
        )
        from cron.job_run_details as r
        where r.jobid = c.jobid
        order by r.runid desc
        limit 1
      )
    ) order by c.jobname, c.username), '[]')
    from cron.job as c
    where starts_with(c.jobname, 'tosspayments-')
  );
end;
$$;

comment on function toss_private.diagnose_cron_jobs() is
  'What pg_cron has scheduled under our names, by whom, and how the last run ended. Null without pg_cron.';

-- A deleted card and an ended registration keep their row without a ciphertext.
create function toss_private.diagnose_encryption_keys()
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
declare
  encrypted regclass;
  counted jsonb;
  found_keys jsonb := '[]';
begin
  for encrypted in
    select c.oid::regclass
    from pg_class as c
    where c.relkind = 'r'
      and c.relnamespace = (select own.relnamespace from pg_class as own where own.oid = 'toss_private.jobs'::regclass)
      and exists (select 1 from pg_attribute as a where a.attrelid = c.oid and a.attname = 'key_id')
      and exists (select 1 from pg_attribute as a where a.attrelid = c.oid and a.attname = 'ciphertext')
    order by c.relname
  loop
    execute format(
      'select coalesce(jsonb_agg(jsonb_build_object(''table'', %L, ''keyId'', k.key_id, ''rows'', k.rows)), ''[]'')
       from (
         select s.key_id, count(*) as rows from %s as s
         where s.ciphertext is not null
         group by s.key_id order by s.key_id
       ) as k',
      encrypted::text, encrypted
    ) into counted;
    found_keys := found_keys || counted;
  end loop;
  return found_keys;
end;
$$;

comment on function toss_private.diagnose_encryption_keys() is
  'How many rows of each encrypted table need which key of BILLING_KEY_ENCRYPTION_KEYS; a table of the private schema with key_id and ciphertext.';

create function toss_private.diagnose_jobs()
returns jsonb
language sql
volatile
set search_path = ''
as $$
  select coalesce(jsonb_agg(jsonb_build_object(
    'job', j.name,
    'schedule', j.schedule,
    'intervalSeconds', j.interval_seconds,
    'lastFinishedAt', j.last_finished_at,
    'secondsSince', extract(epoch from toss_private.clock_now() - coalesce(j.last_finished_at, j.created_at)),
    'isLate', s.is_late
  ) order by j.name), '[]')
  from toss_private.jobs as j
  join public.job_status as s on s.job = j.name;
$$;

comment on function toss_private.diagnose_jobs() is
  'What must run, how often, and how many seconds ago it last did; counted from the creation of the job when it never has.';

create function toss_private.diagnose_alerts()
returns jsonb
language sql
volatile
set search_path = ''
as $$
  select coalesce(jsonb_agg(jsonb_build_object(
    'alert', a.alert, 'level', a.level, 'count', a.count, 'oldestSeconds', a.oldest_seconds
  ) order by a.alert, a.level), '[]')
  from (
    select v.alert, v.level, count(*) as count,
      extract(epoch from toss_private.clock_now() - min(v.since)) as oldest_seconds
    from public.alerts as v
    group by v.alert, v.level
  ) as a;
$$;

comment on function toss_private.diagnose_alerts() is 'The alerts of public.alerts, counted by name and level, with the age of the oldest.';

create function toss_private.diagnose_api_versions()
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select coalesce(jsonb_agg(jsonb_build_object(
      'version', v.version, 'secondsSince', extract(epoch from toss_private.clock_now() - v.last_seen_at)
    ) order by v.last_seen_at desc, v.version desc), '[]')
    from toss_private.toss_api_versions as v
  );
end;
$$;

comment on function toss_private.diagnose_api_versions() is
  'The API versions that Toss''s answers named, the latest first; a time is right within a day.';

create function toss_private.diagnose_retention()
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return (select jsonb_build_object(
    'webhookBodyDays', (j.last_result ->> 'webhookBodyDays')::integer,
    'personalDataYears', (j.last_result ->> 'personalDataYears')::integer,
    'oldestBodySeconds', (
      select extract(epoch from toss_private.clock_now() - min(e.created_at)) from public.webhook_events as e
      where e.erased_at is null
    )
  )
  from toss_private.jobs as j where j.name = 'housekeeping');
end;
$$;

comment on function toss_private.diagnose_retention() is
  'How long the last run of housekeeping kept bodies and names, null before the first one; how old the oldest body is.';

create function public.diagnose(request jsonb)
returns jsonb
language sql
volatile
security definer
set search_path = ''
as $$
  select jsonb_build_object(
    'serverVersion', current_setting('server_version_num')::integer,
    -- The wall clock itself is examined here, so for once it is not taken from toss_private.clock_now().
    'wallTime', clock_timestamp(),
    'clockOffsetSeconds', (select extract(epoch from c.time_offset) from toss_private.clock as c),
    'holidaysUntil', (select max(h.day) from toss_private.holidays as h),
    -- pg_cron knows a job by name and user, and the role that ran the migrations schedules.
    'owner', (select pg_get_userbyid(c.relowner) from pg_class as c where c.oid = 'toss_private.jobs'::regclass),
    'migrations', toss_private.diagnose_migrations(),
    'extensions', toss_private.diagnose_extensions(),
    'tablesWithoutRls', toss_private.diagnose_tables(),
    'accountAccess', toss_private.account_access(),
    'vault', toss_private.diagnose_vault(),
    'cronJobs', toss_private.diagnose_cron_jobs(),
    'jobs', toss_private.diagnose_jobs(),
    'encryptionKeys', toss_private.diagnose_encryption_keys(),
    'tossApiVersions', toss_private.diagnose_api_versions(),
    'retention', toss_private.diagnose_retention(),
    'alerts', toss_private.diagnose_alerts(),
    'invariantViolations', (
      select coalesce(jsonb_agg(jsonb_build_object('invariant', v.invariant, 'count', v.count)), '[]')
      from (
        select i.invariant, count(*) as count from public.invariant_violations() as i
        group by i.invariant order by i.invariant
      ) as v
    )
  );
$$;

comment on function public.diagnose(jsonb) is
  'Everything the doctor command judges about the database; no secret and no row of a customer. The request is empty.';

-- supabase/schemas/86_business_views.sql
-- What the shop asks of its own figures: revenue, subscriptions, declines. For Studio, a dashboard of SQL, and the
-- operator page; every day and month is one in Asia/Seoul, every amount in the minor unit.

create function toss_private.seoul_month(at timestamptz)
returns text
language plpgsql
immutable
set search_path = ''
as $$
begin
  return to_char(at at time zone 'Asia/Seoul', 'YYYY-MM');
end;
$$;

comment on function toss_private.seoul_month(timestamptz) is 'The month in Asia/Seoul, as YYYY-MM.';

create function toss_private.seoul_months(since timestamptz)
returns table (month text, starts_at timestamptz, ends_at timestamptz)
language plpgsql
volatile
set search_path = ''
as $$
begin
  return query
  select to_char(g.first_day, 'YYYY-MM'), g.first_day at time zone 'Asia/Seoul',
    (g.first_day + interval '1 month') at time zone 'Asia/Seoul'
  from generate_series(
    date_trunc('month', since at time zone 'Asia/Seoul'),
    date_trunc('month', toss_private.clock_now() at time zone 'Asia/Seoul'), interval '1 month'
  ) as g (first_day);
end;
$$;

comment on function toss_private.seoul_months(timestamptz) is
  'Every month in Asia/Seoul from the one that holds a moment up to the present one; the end is exclusive.';

create view public.daily_revenue
with (security_invoker = true)
as
select
  f.day,
  coalesce(f.method, '?') as method,
  f.currency,
  count(*) filter (where f.is_payment) as payments,
  coalesce(sum(f.amount) filter (where f.is_payment), 0)::bigint as amount,
  count(*) filter (where not f.is_payment) as refunds,
  coalesce(sum(f.amount) filter (where not f.is_payment), 0)::bigint as refunded_amount,
  sum(case when f.is_payment then f.amount else -f.amount end)::bigint as net_amount
from (
  -- An account that nobody paid into, or that the bank took the money back from, has earned nothing.
  select (p.approved_at at time zone 'Asia/Seoul')::date as day, p.method, p.currency, p.total_amount as amount,
    true as is_payment
  from public.payments as p
  where p.approved_at is not null and p.status in ('DONE', 'PARTIAL_CANCELED', 'CANCELED')
  union all
  select (coalesce(k.canceled_at, k.created_at) at time zone 'Asia/Seoul')::date, p.method, p.currency, k.amount, false
  from public.payment_cancels as k
  join public.payments as p on p.payment_key = k.payment_key
  where k.status = 'DONE' and p.approved_at is not null
) as f
group by f.day, f.method, f.currency;

comment on view public.daily_revenue is
  'Revenue by day and method: payments on the day of their approval, refunds on the day on which they were made, net_amount = amount - refunded_amount. Method is Toss''s own word, ? where it told none. Service role only.';

create view public.recurring_revenue
with (security_invoker = true)
as
with paid as (
  select c.subscription_id, c.plan_id, c.currency, c.plan_amount, c.plan_interval, c.plan_interval_count,
    c.period_start, c.period_end, c.created_at, c.undone_at, s.ended_at
  from public.subscription_charges as c
  join public.subscriptions as s on s.id = c.subscription_id
  where c.status = 'paid' and c.kind <> 'ad_hoc'
), moments as (
  select m.month, least(m.ends_at, toss_private.clock_now()) as at
  from toss_private.seoul_months((select min(p.period_start) from paid as p)) as m
), counted as (
  -- After an upgrade two charges pay for one period; the later one names the plan.
  select distinct on (m.month, p.subscription_id) m.month, p.*
  from moments as m
  join paid as p on p.period_start < m.at and p.period_end >= m.at
    and (p.ended_at is null or p.ended_at > m.at) and (p.undone_at is null or p.undone_at > m.at)
  order by m.month, p.subscription_id, p.period_start desc, p.created_at desc
)
select
  c.month,
  c.plan_id,
  c.currency,
  count(*) as subscriptions,
  -- 365.2425 days a year: 30.436875 days and 4.348125 weeks a month.
  round(sum(c.plan_amount::numeric / c.plan_interval_count * case c.plan_interval
    when 'day' then 30.436875
    when 'week' then 4.348125
    when 'month' then 1
    else 1 / 12::numeric
  end))::bigint as amount
from counted as c
group by c.month, c.plan_id, c.currency;

comment on view public.recurring_revenue is
  'Monthly recurring revenue (MRR) by plan: what the periods that were paid at the end of the month, or are now in the present month, cost a month. A trial, an unpaid period and an ad hoc charge are none. Service role only.';

create view public.subscription_churn
with (security_invoker = true)
as
with paying as (
  select s.id, min(c.paid_at) as began_at, s.ended_at, s.end_reason
  from public.subscriptions as s
  join public.subscription_charges as c on c.subscription_id = s.id and c.status = 'paid'
  group by s.id
)
select
  m.month,
  count(*) filter (where p.began_at < m.starts_at) as paying_at_start,
  count(*) filter (where p.began_at >= m.starts_at) as began,
  count(*) filter (where p.ended_at < m.ends_at) as ended,
  count(*) filter (where p.ended_at < m.ends_at and p.end_reason = 'canceled') as ended_by_notice,
  count(*) filter (where p.ended_at < m.ends_at and p.end_reason = 'dunning') as ended_by_dunning,
  count(*) filter (where p.ended_at < m.ends_at and p.end_reason is distinct from 'canceled'
    and p.end_reason is distinct from 'dunning') as ended_otherwise,
  round(
    count(*) filter (where p.began_at < m.starts_at and p.ended_at < m.ends_at)::numeric
      / nullif(count(*) filter (where p.began_at < m.starts_at), 0), 4
  ) as churn_rate
from toss_private.seoul_months((select min(first.began_at) from paying as first)) as m
join paying as p on p.began_at < m.ends_at and (p.ended_at is null or p.ended_at >= m.starts_at)
group by m.month;

comment on view public.subscription_churn is
  'Paying subscriptions by month: how many there were when it began, how many began to pay and ended in it and why, and churn_rate, the share of those at its start that ended in it. A trial that ended unpaid is none. Service role only.';

create view public.decline_reasons
with (security_invoker = true)
as
select
  toss_private.seoul_month(op.finished_at) as month,
  op.kind,
  op.error_code,
  max(op.error_message) as error_message,
  count(*) as declines,
  count(distinct op.order_id) as orders,
  sum(op.amount)::bigint as amount
from public.operations as op
where op.kind in ('confirm', 'charge') and op.state = 'rejected' and op.error_code is not null
group by toss_private.seoul_month(op.finished_at), op.kind, op.error_code;

comment on view public.decline_reasons is
  'Payments that were refused, by month, code and kind: confirm is a buyer on the page, charge a card on file. Codes are Toss''s, docs/errors.md; one order may be refused more than once. Service role only.';

create view public.dunning_recovery
with (security_invoker = true)
as
select
  toss_private.seoul_month(d.first_declined_at) as month,
  count(*) as charges,
  sum(d.amount)::bigint as amount,
  count(*) filter (where d.is_recovered) as recovered,
  coalesce(sum(d.amount) filter (where d.is_recovered), 0)::bigint as recovered_amount,
  count(*) filter (where d.is_lost) as lost,
  count(*) filter (where not d.is_recovered and not d.is_lost) as open,
  round((avg(extract(epoch from d.paid_at - d.first_declined_at)) filter (where d.is_recovered) / 86400)::numeric, 1)
    as days_to_recovery
from (
  select c.first_declined_at, c.amount, c.paid_at, c.status = 'paid' as is_recovered,
    c.status <> 'paid' and (c.status = 'void' or s.status = 'canceled') as is_lost
  from public.subscription_charges as c
  join public.subscriptions as s on s.id = c.subscription_id
  where c.kind = 'renewal' and c.first_declined_at is not null
) as d
group by toss_private.seoul_month(d.first_declined_at);

comment on view public.dunning_recovery is
  'Renewals by the month in which they were first declined: how many were paid after all, are lost (the subscription ended, or the period was missed), or are still tried. Service role only.';

create view public.trial_conversion
with (security_invoker = true)
as
select
  toss_private.seoul_month(t.began_at) as month,
  t.plan_id,
  count(*) as trials,
  count(*) filter (where t.is_converted) as converted,
  count(*) filter (where not t.is_converted and t.status = 'canceled') as ended,
  count(*) filter (where not t.is_converted and t.status <> 'canceled') as open,
  count(*) filter (where t.is_asked) as consents_asked,
  count(*) filter (where t.decision = 'given') as consents_given,
  count(*) filter (where t.decision = 'refused') as consents_refused,
  count(*) filter (where t.decision = 'lapsed') as consents_lapsed,
  round(
    count(*) filter (where t.is_converted)::numeric
      / nullif(count(*) filter (where t.is_converted or t.status = 'canceled'), 0), 4
  ) as conversion_rate
from (
  select l.created_at as began_at, l.detail ->> 'planId' as plan_id, s.status, k.id is not null as is_asked, k.decision,
    exists (
      select 1 from public.subscription_charges as c where c.subscription_id = s.id and c.status = 'paid'
    ) as is_converted
  from public.payment_events as l
  join public.subscriptions as s on s.id = l.subscription_id
  -- Whoever changes the plan in the trial is asked again, and the first question is void.
  left join lateral (
    select asked.id, asked.decision from public.subscription_consents as asked
    where asked.subscription_id = s.id and asked.kind = 'trial_conversion' and asked.voided_at is null
    order by asked.asked_at desc
    limit 1
  ) as k on true
  where l.event = 'subscription_status' and l.detail ->> 'event' = 'trial_started'
) as t
group by toss_private.seoul_month(t.began_at), t.plan_id;

comment on view public.trial_conversion is
  'Trials by the month in which they began and the plan that was tried: converted have paid a period, ended have not and will not, open still run or are being charged; consents_… are the questions that still counted, and how they were answered; conversion_rate is the share of the decided ones. Service role only.';

-- supabase/schemas/86_story.sql
-- One order's story: every row that tells of it, read at once, for `toss order` and the operator's page.

create function toss_private.is_uuid(candidate text)
returns boolean
language plpgsql
immutable
set search_path = ''
as $$
begin
  return candidate ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$';
end;
$$;

comment on function toss_private.is_uuid(text) is 'Whether a text may be cast to uuid as we write them.';

create function toss_private.find_row_order(row_id uuid)
returns text
language plpgsql
stable
set search_path = ''
as $$
begin
  return coalesce(
    (select op.order_id from public.operations as op where op.id = row_id),
    (select coalesce(e.order_id, (select p.order_id from public.payments as p where p.payment_key = e.payment_key))
      from public.webhook_events as e where e.id = row_id),
    (select w.order_id from public.withdrawals as w where w.id = row_id),
    (select n.order_id from public.notifications as n where n.id = row_id),
    (select c.order_id from public.subscription_charges as c where c.id = row_id)
  );
end;
$$;

comment on function toss_private.find_row_order(uuid) is
  'The order of an operation, a webhook, a withdrawal, a notice or a charge: what alerts name as their subject.';

create function toss_private.find_story_order(asked text)
returns text
language plpgsql
stable
set search_path = ''
as $$
declare
  found_id text;
begin
  select o.id into found_id from public.orders as o
  where o.id = asked or o.reference = asked
  order by o.id = asked desc limit 1;
  found_id := coalesce(
    found_id,
    (select p.order_id from public.payments as p where p.payment_key = asked),
    -- What Toss has and payments lack.
    (select op.order_id from public.operations as op where op.payment_key = asked order by op.created_at desc limit 1),
    (select d.order_id from public.reconciliation_differences as d where d.payment_key = asked
      order by d.created_at desc limit 1),
    (select e.order_id from public.webhook_events as e where e.payment_key = asked order by e.created_at desc limit 1),
    (select p.order_id from public.payment_cancels as k join public.payments as p on p.payment_key = k.payment_key
      where k.transaction_key = asked)
  );
  if found_id is null and toss_private.is_uuid(asked) then
    found_id := toss_private.find_row_order(asked::uuid);
  end if;
  -- A webhook may name an order that is not ours.
  return (select o.id from public.orders as o where o.id = found_id);
end;
$$;

comment on function toss_private.find_story_order(text) is
  'The order that an id means: an orderId, the shop''s reference, a paymentKey, a transactionKey of a cancel, or the id of a row about it.';

create function toss_private.find_story_subscription(asked text)
returns uuid
language plpgsql
stable
set search_path = ''
as $$
begin
  if not toss_private.is_uuid(asked) then
    return null;
  end if;
  return coalesce(
    (select s.id from public.subscriptions as s where s.id = asked::uuid),
    (select n.subscription_id from public.notifications as n where n.id = asked::uuid and n.order_id is null)
  );
end;
$$;

comment on function toss_private.find_story_subscription(text) is 'The subscription that an id means; null when it means none.';

create function toss_private.tell_payments(order_ids text[])
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select coalesce(jsonb_agg(jsonb_build_object(
      'paymentKey', p.payment_key, 'orderId', p.order_id, 'status', p.status, 'method', p.method,
      'totalAmount', p.total_amount, 'balanceAmount', p.balance_amount, 'reservedAmount', p.reserved_amount,
      'currency', p.currency, 'requestedAt', p.requested_at, 'approvedAt', p.approved_at, 'canceledAt', p.canceled_at,
      'failureCode', p.failure_code, 'failureMessage', p.failure_message, 'receiptUrl', p.receipt_url,
      'paysOrder', coalesce(o.payment_key = p.payment_key, false),
      'dueAt', d.virtual_account ->> 'dueDate', 'refundStatus', d.virtual_account ->> 'refundStatus',
      'isVirtualAccount', p.method = '가상계좌',
      'createdAt', p.created_at, 'askedAt', greatest(p.applied_at, p.checked_at),
      'cancels', (
        select coalesce(jsonb_agg(jsonb_build_object(
          'transactionKey', k.transaction_key, 'amount', k.amount, 'status', k.status, 'canceledAt', k.canceled_at,
          'reason', k.reason,
          'isOurs', exists (select 1 from public.operations as op where op.canceled_transaction_key = k.transaction_key),
          'createdAt', k.created_at
        ) order by k.canceled_at, k.created_at), '[]')
        from public.payment_cancels as k where k.payment_key = p.payment_key
      )
    ) order by p.created_at), '[]')
    from public.payments as p
    join public.orders as o on o.id = p.order_id
    left join toss_private.payment_details as d on d.payment_key = p.payment_key
    where p.order_id = any(order_ids)
  );
end;
$$;

comment on function toss_private.tell_payments(text[]) is
  'Payments of orders with their cancels; of a virtual account only its deadline and how a transfer back to the buyer stands.';

create function toss_private.tell_operations(order_ids text[], told_subscription uuid)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select coalesce(jsonb_agg(jsonb_build_object(
      'id', op.id, 'kind', op.kind, 'state', op.state, 'orderId', op.order_id, 'paymentKey', op.payment_key,
      'amount', op.amount, 'errorCode', op.error_code, 'errorMessage', op.error_message, 'isFinal', op.is_final,
      'attempts', op.attempts, 'isQueued', op.is_queued, 'requestId', op.request_id, 'requestedBy', op.requested_by,
      'reason', op.reason, 'cancelAll', op.cancel_all, 'taxFreeAmount', op.tax_free_amount,
      'createdAt', op.created_at, 'finishedAt', op.finished_at,
      'nextAt', greatest(op.next_attempt_at, op.lease_expires_at), 'leaseExpiresAt', op.lease_expires_at
    ) order by op.created_at), '[]')
    from public.operations as op
    where op.order_id = any(order_ids)
      or op.charge_id in (select c.id from public.subscription_charges as c where c.subscription_id = told_subscription)
  );
end;
$$;

comment on function toss_private.tell_operations(text[], uuid) is 'What was asked of Toss about orders or a subscription, and how it ended.';

create function toss_private.tell_subscription(told_id uuid)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select jsonb_build_object(
      'id', s.id, 'status', s.status, 'planId', s.plan_id, 'amount', s.amount, 'currency', s.currency,
      'currentPeriodStart', s.current_period_start, 'currentPeriodEnd', s.current_period_end,
      'nextChargeAt', s.next_charge_at, 'cancelAtPeriodEnd', s.cancel_at_period_end,
      'needsPaymentMethod', s.needs_payment_method, 'accessEndsAt', s.access_ends_at,
      'canceledAt', s.canceled_at, 'endedAt', s.ended_at, 'endReason', s.end_reason, 'createdAt', s.created_at,
      'charges', (
        select coalesce(jsonb_agg(jsonb_build_object(
          'id', c.id, 'kind', c.kind, 'status', c.status, 'amount', c.amount, 'attempt', c.attempt,
          'periodStart', c.period_start, 'periodEnd', c.period_end, 'orderId', c.order_id,
          'nextAttemptAt', c.next_attempt_at, 'failureCode', c.failure_code, 'failureClass', c.failure_class,
          'paidAt', c.paid_at, 'createdAt', c.created_at
        ) order by c.created_at), '[]')
        from (
          select last.* from public.subscription_charges as last where last.subscription_id = s.id
          order by last.created_at desc limit 24
        ) as c
      )
    )
    from public.subscriptions as s where s.id = told_id
  );
end;
$$;

comment on function toss_private.tell_subscription(uuid) is 'A subscription with its last 24 charges; null for null.';

-- supabase/schemas/87_story_rows.sql
-- One order's story: what came in, what went out, and what needs a person.

create function toss_private.tell_moves(order_ids text[], told_subscription uuid)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select coalesce(jsonb_agg(jsonb_build_object(
      'at', v.created_at, 'event', v.event, 'source', v.source, 'orderId', v.order_id, 'paymentKey', v.payment_key,
      'from', v.from_status, 'to', v.to_status, 'amount', v.amount, 'requestId', v.request_id,
      'code', coalesce(v.detail ->> 'code', v.detail ->> 'errorCode'),
      'shortProductId', v.detail ->> 'shortProductId', 'balanceAmount', v.detail -> 'balanceAmount'
    ) order by v.id), '[]')
    from (
      select last.* from public.payment_events as last
      where last.order_id = any(order_ids) or last.subscription_id = told_subscription
      order by last.id desc limit 400
    ) as v
  );
end;
$$;

comment on function toss_private.tell_moves(text[], uuid) is
  'The last 400 lines of the audit log about orders or a subscription; of their details what is neither free text nor personal.';

create function toss_private.tell_webhooks(order_ids text[], payment_keys text[])
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select coalesce(jsonb_agg(jsonb_build_object(
      'id', e.id, 'type', e.event_type, 'status', e.status, 'orderId', e.order_id, 'paymentKey', e.payment_key,
      'verifiedBy', e.verified_by, 'deliveries', e.delivery_count, 'attempts', e.attempts, 'lastError', e.last_error,
      'nextAt', e.next_attempt_at, 'createdAt', e.created_at, 'processedAt', e.processed_at
    ) order by e.created_at), '[]')
    from (
      select last.* from public.webhook_events as last
      where last.order_id = any(order_ids) or last.payment_key = any(payment_keys)
      order by last.created_at desc limit 100
    ) as e
  );
end;
$$;

comment on function toss_private.tell_webhooks(text[], text[]) is 'The last hundred webhooks about orders or payments; no body.';

create function toss_private.tell_aftermath(order_ids text[], told_subscription uuid)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return jsonb_build_object(
    'receipts', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'receiptKey', r.receipt_key, 'paymentKey', r.payment_key, 'transactionType', r.transaction_type, 'type', r.type,
        'amount', r.amount, 'canceledAmount', r.canceled_amount, 'status', r.issue_status,
        'isSelfIssued', r.is_self_issued, 'isOurs', r.operation_id is not null, 'createdAt', r.created_at
      ) order by r.id), '[]')
      from public.cash_receipts as r where r.order_id = any(order_ids)
    ),
    'notices', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'id', n.id, 'notice', n.notice, 'channel', n.channel, 'status', n.status, 'error', n.error,
        'createdAt', n.created_at, 'sentAt', n.sent_at
      ) order by n.created_at), '[]')
      from (
        select last.* from public.notifications as last
        where last.order_id = any(order_ids) or last.subscription_id = told_subscription
        order by last.created_at desc limit 100
      ) as n
    ),
    'deliveries', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'id', d.id, 'eventId', d.event_id, 'type', d.type, 'endpointId', d.endpoint_id, 'endpointStatus', d.endpoint_status,
        'status', d.status, 'attempts', d.attempts, 'responseStatus', d.response_status, 'createdAt', d.created_at,
        'finishedAt', d.finished_at
      ) order by d.created_at), '[]')
      from (
        select w.*, toss_private.outward_type(v) as type, e.status as endpoint_status
        from public.outbox_events as v
        join public.webhook_deliveries as w on w.event_id = v.id
        join public.webhook_endpoints as e on e.id = w.endpoint_id
        where v.subject = any(order_ids) or v.subject = told_subscription::text
        order by w.created_at desc limit 100
      ) as d
    ),
    'withdrawals', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'id', w.id, 'status', w.status, 'requestedAt', w.requested_at, 'dueAt', w.due_at, 'decidedAt', w.decided_at,
        'refundOperationId', w.refund_operation_id
      ) order by w.requested_at), '[]')
      from public.withdrawals as w where w.order_id = any(order_ids)
    ),
    'differences', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'kind', d.kind, 'paymentKey', d.payment_key, 'transactionKey', d.transaction_key, 'reason', d.reason,
        'resolution', d.resolution, 'createdAt', d.created_at, 'resolvedAt', d.resolved_at
      ) order by d.created_at), '[]')
      from public.reconciliation_differences as d
      where d.order_id = any(order_ids)
        or d.payment_key in (select p.payment_key from public.payments as p where p.order_id = any(order_ids))
    ),
    'owedHooks', (select count(*) from toss_private.order_hook_calls as c where c.order_id = any(order_ids)),
    'hasPaidAccess', exists (
      select 1 from public.entitlements as e
      where (e.order_id = any(order_ids) or e.subscription_id = told_subscription)
        and e.revoked_at is null and e.starts_at <= toss_private.clock_now() and e.ends_at > toss_private.clock_now()
    )
  );
end;
$$;

comment on function toss_private.tell_aftermath(text[], uuid) is
  'What followed from orders or a subscription: cash receipts, notices, deliveries, withdrawals, differences, access; calls of the hook that are owed.';

create function toss_private.tell_alerts(order_ids text[], told_subscription uuid)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
declare
  subjects text[];
begin
  subjects := order_ids || coalesce(told_subscription::text, '') || array(
    select p.payment_key from public.payments as p where p.order_id = any(order_ids)
    union all
    select op.id::text from public.operations as op
    left join public.subscription_charges as c on c.id = op.charge_id
    where op.order_id = any(order_ids) or c.subscription_id = told_subscription
    union all
    select e.id::text from public.webhook_events as e where e.order_id = any(order_ids)
    union all
    select w.id::text from public.withdrawals as w where w.order_id = any(order_ids)
    union all
    select n.id::text from public.notifications as n
    where n.order_id = any(order_ids) or n.subscription_id = told_subscription
  );
  return (
    select coalesce(jsonb_agg(jsonb_build_object(
      'alert', a.alert, 'level', a.level, 'subject', a.subject, 'detail', a.detail, 'since', a.since
    ) order by a.level, a.since), '[]')
    from public.alerts as a
    where a.subject = any(subjects)
  );
end;
$$;

comment on function toss_private.tell_alerts(text[], uuid) is
  'The alerts about orders, a subscription, and any row about them.';

create function public.read_story(request jsonb)
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  asked constant text := request ->> 'id';
  told_subscription uuid := toss_private.find_story_subscription(asked);
  is_of_subscription constant boolean := told_subscription is not null;
  order_ids text[];
  told_order public.orders;
  payments jsonb;
begin
  if is_of_subscription then
    order_ids := array(
      select o.id from public.orders as o
      join public.subscription_charges as c on c.id = o.subscription_charge_id
      where c.subscription_id = told_subscription
      order by o.created_at desc, o.id limit 24
    );
  else
    order_ids := array_remove(array[toss_private.find_story_order(asked)], null);
    if order_ids = '{}' then
      return jsonb_build_object('outcome', 'not_found');
    end if;
    select c.subscription_id into told_subscription
    from public.orders as o join public.subscription_charges as c on c.id = o.subscription_charge_id
    where o.id = order_ids[1];
  end if;
  select o.* into told_order from public.orders as o where o.id = order_ids[1];
  payments := toss_private.tell_payments(order_ids);
  return jsonb_build_object(
    'outcome', 'found',
    'at', toss_private.clock_now(),
    'isOfSubscription', is_of_subscription,
    'order', case when told_order.id is not null then jsonb_build_object(
      'id', told_order.id, 'reference', told_order.reference, 'status', told_order.status,
      'orderName', told_order.order_name, 'amount', told_order.amount, 'taxFreeAmount', told_order.tax_free_amount,
      'currency', told_order.currency, 'paymentKey', told_order.payment_key, 'planId', told_order.plan_id,
      'isGuest', told_order.user_id is null, 'isCharge', told_order.subscription_charge_id is not null,
      'createdAt', told_order.created_at, 'expiresAt', told_order.expires_at
    ) end,
    'orders', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'id', o.id, 'status', o.status, 'amount', o.amount, 'createdAt', o.created_at,
        'tossKeys', o.toss_keys, 'tossClientKey', o.toss_client_key
      ) order by o.created_at desc, o.id), '[]')
      from public.orders as o where o.id = any(order_ids)
    ),
    'payments', payments,
    'operations', toss_private.tell_operations(order_ids, case when is_of_subscription then told_subscription end),
    'moves', toss_private.tell_moves(order_ids, case when is_of_subscription then told_subscription end),
    'webhooks', toss_private.tell_webhooks(order_ids, array(select jsonb_path_query(payments, '$[*].paymentKey') #>> '{}')),
    'subscription', toss_private.tell_subscription(told_subscription),
    'alerts', toss_private.tell_alerts(order_ids, told_subscription),
    'lateJobs', (select coalesce(jsonb_agg(j.job order by j.job), '[]') from public.job_status as j where j.is_late)
  ) || toss_private.tell_aftermath(order_ids, case when is_of_subscription then told_subscription end);
end;
$$;

comment on function public.read_story(jsonb) is
  'Everything that tells of one order, or of one subscription with its last 24 orders, in one snapshot and without names, addresses, secrets or bodies; key: id (an orderId, the shop''s reference, a paymentKey, a subscription''s id, or the id of a row about one). A read. Outcomes: found, not_found.';

-- supabase/schemas/87_watch_views.sql
-- What the operator watches: how late webhooks are worked off, what is open at Toss, which notices were not sent.

create view public.webhook_delay
with (security_invoker = true)
as
select
  (e.created_at at time zone 'Asia/Seoul')::date as day,
  count(*) as events,
  count(*) filter (where e.status in ('received', 'processing', 'failed')) as waiting,
  round((percentile_cont(0.5) within group (order by extract(epoch from e.processed_at - e.created_at)))::numeric, 1)
    as median_seconds,
  round((percentile_cont(0.95) within group (order by extract(epoch from e.processed_at - e.created_at)))::numeric, 1)
    as p95_seconds,
  round(max(extract(epoch from e.processed_at - e.created_at)), 1) as slowest_seconds
from public.webhook_events as e
where e.status <> 'ignored'
group by (e.created_at at time zone 'Asia/Seoul')::date;

comment on view public.webhook_delay is
  'Webhooks by the day of their arrival in Asia/Seoul: how many still wait, and how many seconds passed from the arrival to the end of the work. Ignored ones count nowhere. Service role only.';

create view public.open_operations
with (security_invoker = true)
as
select
  a.age,
  a.kind,
  a.state,
  count(*) as operations,
  sum(a.amount)::bigint as amount,
  min(a.created_at) as oldest_at
from (
  select op.kind, op.state, op.amount, op.created_at,
    case
      when op.created_at > toss_private.clock_now() - interval '1 minute' then 'under_1_minute'
      when op.created_at > toss_private.clock_now() - interval '10 minutes' then 'under_10_minutes'
      when op.created_at > toss_private.clock_now() - interval '1 hour' then 'under_1_hour'
      when op.created_at > toss_private.clock_now() - interval '1 day' then 'under_1_day'
      else 'over_1_day'
    end as age
  from public.operations as op
  where op.state in ('started', 'unknown')
) as a
group by a.age, a.kind, a.state;

comment on view public.open_operations is
  'Calls to Toss whose outcome is not known yet, by age, kind and state; sort by oldest_at. Service role only.';

create view public.unsent_notices
with (security_invoker = true)
as
select u.notice, u.channel, u.status, u.error, count(*) as notices, min(u.created_at) as oldest_at
from (
  select n.notice, n.channel, n.status, n.error, n.created_at
  from public.notifications as n
  where n.status in ('pending', 'failed')
  union all
  select d.notice, null, 'planned', d.last_error, d.created_at
  from toss_private.notices_due as d
) as u
group by u.notice, u.channel, u.status, u.error;

comment on view public.unsent_notices is
  'Notices that have not reached anybody, by reason: planned (no row for a channel yet), pending (will be sent, or sent again) and failed (will not). Service role only.';

-- supabase/schemas/88_look_again.sql
-- An operator wants Toss asked now, about everything that is open or in doubt around one order.

create function toss_private.ask_about_payments(order_ids text[], at timestamptz)
returns integer
language plpgsql
volatile
set search_path = ''
as $$
declare
  asked integer;
begin
  -- As Toss's own word that something changed: a hint, which the worker proves by asking.
  insert into public.webhook_events as e (
    dedupe_key, event_type, order_id, payment_key, payload, next_attempt_at, received_at, created_at
  )
  select 'operator:' || gen_random_uuid(), 'PAYMENT_STATUS_CHANGED', k.order_id, k.payment_key,
    jsonb_build_object('note', 'an operator wants Toss asked', 'eventType', 'PAYMENT_STATUS_CHANGED'), at, at, at
  from (
    select p.order_id, p.payment_key from public.payments as p where p.order_id = any(order_ids)
    union
    select op.order_id, op.payment_key from public.operations as op
    where op.order_id = any(order_ids) and op.kind = 'confirm' and op.payment_key is not null
    union
    select d.order_id, d.payment_key from public.reconciliation_differences as d
    where d.order_id = any(order_ids) and d.resolved_at is null
    union
    select o.id, null from public.orders as o
    where o.id = any(order_ids) and o.amount > 0
      and not exists (select 1 from public.payments as p where p.order_id = o.id)
  ) as k
  -- One that waits asks as well.
  where not exists (
    select 1 from public.webhook_events as w
    where w.subject = coalesce(k.payment_key, k.order_id) and w.status in ('received', 'processing') and w.asks_toss
  );
  get diagnostics asked = row_count;
  return asked;
end;
$$;

comment on function toss_private.ask_about_payments(text[], timestamptz) is
  'Writes an event for each payment of these orders about which none waits, also those that Toss alone knows, so that the job webhooks asks Toss.';

create function public.look_again(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  present constant timestamptz := toss_private.clock_now();
  told_subscription constant uuid := toss_private.find_story_subscription(request ->> 'id');
  order_ids text[];
  hastened integer;
  revived integer;
begin
  order_ids := case when told_subscription is null
    then array_remove(array[toss_private.find_story_order(request ->> 'id')], null)
    else array(
      select o.id from public.orders as o join public.subscription_charges as c on c.id = o.subscription_charge_id
      where c.subscription_id = told_subscription order by o.created_at desc limit 5
    ) end;
  if order_ids = '{}' and told_subscription is null then
    return jsonb_build_object('outcome', 'not_found');
  end if;
  -- Who holds a lease may be asking at this moment; a lease is never cut short.
  update public.operations as op set next_attempt_at = present
  where op.id in (
    select open.id from public.operations as open
    where open.order_id = any(order_ids) and open.state in ('started', 'unknown') and open.next_attempt_at > present
    for update skip locked
  );
  get diagnostics hastened = row_count;
  update public.webhook_events as e
  set status = 'received', attempts = 0, next_attempt_at = present, received_at = present, processed_at = null,
    last_error = null
  where e.id in (
    select w.id from public.webhook_events as w
    where w.status in ('received', 'failed', 'dead')
      and (w.order_id = any(order_ids)
        or w.payment_key in (select p.payment_key from public.payments as p where p.order_id = any(order_ids)))
    for update skip locked
  );
  get diagnostics revived = row_count;
  return jsonb_build_object(
    'outcome', 'asked', 'operations', hastened, 'events', revived,
    'questions', toss_private.ask_about_payments(order_ids, present)
  );
end;
$$;

comment on function public.look_again(jsonb) is
  'Makes everything due now that asks Toss about an order, or a subscription''s last five: open operations whose lease is over, events that wait or were given up, and a question about each payment. Key: id, as in public.read_story. The jobs webhooks and operations do the asking. Outcomes: asked, not_found.';

-- supabase/schemas/89_erasing.sql
-- Erasing what names a person. Rows of money stay; triggers beside the tables keep them empty.

create function toss_private.erase_orders(order_ids text[], at timestamptz)
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  keys constant text[] := array(select p.payment_key from public.payments as p where p.order_id = any (order_ids));
begin
  -- The triggers beside the tables say what goes; a row is only touched where it holds something.
  update public.orders as o set erased_at = coalesce(o.erased_at, at) where o.id = any (order_ids);
  update public.order_items as i set name = '[erased]'
  where i.order_id = any (order_ids) and i.product_id is null and i.name <> '[erased]';
  update public.order_adjustments as a set name = '[erased]' where a.order_id = any (order_ids) and a.name <> '[erased]';
  update public.payments as p set receipt_url = null, failure_message = null, card_number_masked = null
  where p.payment_key = any (keys) and num_nonnulls(p.failure_message, p.receipt_url, p.card_number_masked) > 0;
  update public.payment_cancels as k set reason = '[erased]' where k.payment_key = any (keys) and k.reason <> '[erased]';
  update toss_private.payment_details as d set virtual_account = d.virtual_account
  where d.payment_key = any (keys) and d.virtual_account is not null;
  update public.operations as op set reason = op.reason
  where op.order_id = any (order_ids) and num_nonnulls(op.error_message, op.reason, op.answer, op.parameters) > 0;
  update public.payment_events as v set detail = toss_private.without_keys(v.detail, array['reason', 'error'])
  where v.order_id = any (order_ids) and v.detail ?| array['reason', 'error'];
  update public.outbox_events as e set payload = toss_private.event_without_person(e)
  where e.subject = any (order_ids || keys) and e.payload <> toss_private.event_without_person(e);
  update toss_private.order_hook_calls as c
  set event = toss_private.without_keys(c.event, array['metadata', 'name']),
    last_error = toss_private.erased_text(c.last_error)
  where c.order_id = any (order_ids);
  update public.subscription_charges as c set order_name = '[erased]', failure_message = null
  where c.order_id = any (order_ids) and (c.order_name <> '[erased]' or c.failure_message is not null);
  update public.withdrawals as w set reason = '[erased]' where w.order_id = any (order_ids);
  update public.cash_receipts as r set receipt_url = null where r.order_id = any (order_ids) and r.receipt_url is not null;
  perform toss_private.erase_webhook_events(array(
    select e.id from public.webhook_events as e where e.order_id = any (order_ids)
    union
    select e.id from public.webhook_events as e where e.payment_key = any (keys)
  ), at);
  perform toss_private.erase_notices(array(
    select n.id from public.notifications as n where n.order_id = any (order_ids)
  ));
  update toss_private.notices_due as d set last_error = '[erased]'
  where d.event_id in (
    select due.event_id
    from toss_private.notices_due as due
    join public.outbox_events as e on e.id = due.event_id and e.subject = any (order_ids)
    where due.last_error is not null
    -- Whoever looks up its buyer now waits for us.
    for update of due skip locked
  );
end;
$$;

comment on function toss_private.erase_orders(text[], timestamptz) is
  'Erases what names the buyers of these orders, whose rows the caller holds. Whatever else is told of them later is stored without it.';

create function toss_private.erase_webhook_events(event_ids uuid[], at timestamptz)
returns integer
language plpgsql
volatile
set search_path = ''
as $$
declare
  erased integer;
begin
  update toss_private.webhook_bodies as b set key_id = null, ciphertext = null
  where b.webhook_event_id = any (event_ids) and b.ciphertext is not null;
  update public.webhook_events as e set erased_at = at where e.id = any (event_ids) and e.erased_at is null;
  get diagnostics erased = row_count;
  return erased;
end;
$$;

comment on function toss_private.erase_webhook_events(uuid[], timestamptz) is
  'Erases the bodies of events, the readable and the encrypted one; that they came, and what became of them, stays. Answers how many had one.';

create function toss_private.erase_notices(notice_ids uuid[])
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  -- Nobody is left to tell.
  update public.notifications as n
  set status = 'failed', error = 'erased', next_attempt_at = null, lease_token = null, lease_expires_at = null
  where n.id = any (notice_ids) and n.status = 'pending';
  delete from toss_private.notification_contents as k where k.notification_id = any (notice_ids);
end;
$$;

comment on function toss_private.erase_notices(uuid[]) is 'Gives up notices that were not sent yet, and forgets what they were to say.';

create function toss_private.erase_user(erased_id uuid, at timestamptz)
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  perform toss_private.lock_user(erased_id);
  perform toss_private.delete_keys_of_gone_user(erased_id, jsonb_build_object('verifiedBy', 'request'));
  update public.customers as c set erased_at = at where c.user_id = erased_id;
  update public.billing_methods as m set card_number_masked = null, account_number_masked = null
  where m.user_id = erased_id and num_nonnulls(m.card_number_masked, m.account_number_masked) > 0;
  update public.subscription_consents as c set method_number = null
  where c.user_id = erased_id and c.method_number is not null;
  update public.operations as op set error_message = null
  where op.error_message is not null and (
    op.id in (select i.operation_id from toss_private.billing_issues as i where i.user_id = erased_id)
    or op.billing_method_id in (select m.id from public.billing_methods as m where m.user_id = erased_id)
  );
  update public.payment_events as v set detail = toss_private.without_keys(v.detail, array['reason', 'error'])
  where v.subscription_id in (select s.id from public.subscriptions as s where s.user_id = erased_id)
    and v.detail ?| array['reason', 'error'];
  update public.subscription_charges as c set order_name = '[erased]', failure_message = null
  where c.user_id = erased_id and (c.order_name <> '[erased]' or c.failure_message is not null);
  perform toss_private.erase_webhook_events(array(
    select b.webhook_event_id
    from toss_private.webhook_bodies as b
    join toss_private.billing_keys as k on k.key_digest = b.billing_key_digest
    join public.billing_methods as m on m.id = k.billing_method_id
    where m.user_id = erased_id
    union
    -- What Toss reports of a customer names no card and no order.
    select e.id from public.webhook_events as e
    join public.customers as c on c.customer_key::text = e.entity_id
    where c.user_id = erased_id
  ), at);
  update public.outbox_events as e set payload = toss_private.event_without_person(e)
  where e.subject = (select c.customer_key::text from public.customers as c where c.user_id = erased_id)
    and e.payload <> toss_private.event_without_person(e);
  perform toss_private.erase_notices(array(select n.id from public.notifications as n where n.user_id = erased_id));
end;
$$;

comment on function toss_private.erase_user(uuid, timestamptz) is
  'Erases what is held of a user beside the orders, and has the cards deleted at Toss. The caller holds the orders.';

create function toss_private.held_of_person(person jsonb, order_ids text[])
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select coalesce(jsonb_object_agg(h.place, h.quantity), '{}')
    from (
      select a.place, count(*) as quantity
      from (
        select o.place from toss_private.personal_data_of_orders as o where o.order_id = any (order_ids)
        union all
        select u.place from toss_private.personal_data_of_users as u where u.user_id = (person ->> 'userId')::uuid
      ) as a
      group by a.place
    ) as h
  );
end;
$$;

comment on function toss_private.held_of_person(jsonb, text[]) is 'How many rows of which table hold something of a person.';

create function public.erase_person(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  person_id constant uuid := (request ->> 'userId')::uuid;
  present constant timestamptz := toss_private.clock_now();
  order_ids text[] := toss_private.orders_of_person(request);
  owner_id uuid;
  held jsonb;
  matters jsonb;
begin
  if person_id is null then
    select o.user_id into owner_id from public.orders as o where o.id = request ->> 'orderId';
    if not found then
      return jsonb_build_object('outcome', 'not_found');
    elsif owner_id is not null then
      return jsonb_build_object('outcome', 'order_of_user', 'userId', owner_id);
    end if;
  elsif cardinality(order_ids) = 0 and not exists (select 1 from public.customers as c where c.user_id = person_id) then
    return jsonb_build_object('outcome', 'not_found');
  end if;
  if (request ->> 'isConfirmed')::boolean then
    -- Whoever stores a webhook or a notice at this moment is waited for, or waits and sees the tombstone. Before the rows: a notice's foreign key waits for them.
    perform pg_advisory_xact_lock(hashtextextended('erasure', 0));
    perform 1 from public.orders as o where o.id = any (order_ids) order by o.id for update;
    -- Nobody subscribes between the question what is open and the answer.
    if person_id is not null then
      perform toss_private.lock_user(person_id);
    end if;
  end if;
  held := toss_private.held_of_person(request, order_ids);
  select coalesce(jsonb_agg(to_jsonb(m) order by m.matter, m.subject), '[]') into matters
  from toss_private.open_matters(request, order_ids) as m;
  if matters <> '[]' then
    return jsonb_build_object('outcome', 'refused', 'orders', cardinality(order_ids), 'held', held, 'matters', matters);
  elsif not coalesce((request ->> 'isConfirmed')::boolean, false) then
    return jsonb_build_object('outcome', 'listed', 'orders', cardinality(order_ids), 'held', held, 'matters', matters);
  end if;
  perform toss_private.erase_orders(order_ids, present);
  if person_id is not null then
    perform toss_private.erase_user(person_id, present);
  end if;
  return jsonb_build_object('outcome', 'erased', 'orders', cardinality(order_ids), 'held', held, 'matters', matters);
end;
$$;

comment on function public.erase_person(jsonb) is
  'Erases what names a user (userId) or the buyer of a guest''s order (orderId); without isConfirmed it only counts. Outcomes: erased, listed, refused (with `matters`: why), not_found, order_of_user (with its userId). Again it is quiet.';

-- supabase/schemas/89_operator.sql
-- What the operator page asks for beyond rows: finding an order by what a person has of it, closing a difference.

create function toss_private.account_ids(address text)
returns uuid[]
language plpgsql
stable
set search_path = ''
as $$
begin
  if strpos(address, '@') = 0 or not toss_private.can_read_accounts() then
    return '{}';
  end if;
  return coalesce((select array_agg(u.id) from auth.users as u where u.email = lower(address)), '{}');
end;
$$;

comment on function toss_private.account_ids(text) is 'The users of auth.users with an e-mail address.';

create function public.search_orders(request jsonb)
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  wanted constant text := btrim(request ->> 'text');
  user_ids uuid[] := toss_private.account_ids(wanted);
  subscription_id uuid;
begin
  if toss_private.is_uuid(wanted) then
    subscription_id := wanted::uuid;
    user_ids := user_ids || subscription_id;
  end if;
  return jsonb_build_object('results', coalesce((
    select jsonb_agg(to_jsonb(r) order by r."createdAt" desc, r.id)
    from (
      (
        select 'subscription' as kind, s.id::text as id, p.name as title, s.status, s.amount, s.currency,
          s.created_at as "createdAt", null::text as reference
        from public.subscriptions as s
        join public.plans as p on p.id = s.plan_id
        where s.id = subscription_id or s.user_id = any (user_ids)
        order by s.created_at desc
        limit 20
      )
      union all
      (
        select 'order', o.id, o.order_name, o.status, o.amount, o.currency, o.created_at, o.reference
        from public.orders as o
        where o.id in (
          select named.id from public.orders as named where named.id = wanted
          union
          select referred.id from public.orders as referred where referred.reference = wanted
          union
          select p.order_id from public.payments as p where p.payment_key = wanted
          union
          select mailed.id from public.orders as mailed where lower(mailed.customer_email) = lower(wanted)
          union
          select owned.id from public.orders as owned where owned.user_id = any (user_ids)
        )
        order by o.created_at desc
        limit 20
      )
    ) as r
  ), '[]'));
end;
$$;

comment on function public.search_orders(jsonb) is
  'What is called so: orders by orderId, paymentKey, reference, or an e-mail address (the order''s or its buyer''s account), subscriptions by id; both by a user''s id. The last twenty of each, the newest first. Key: text.';

create function public.settle_difference(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  concerned public.reconciliation_differences;
begin
  select * into concerned from public.reconciliation_differences as d
  where d.id = (request ->> 'differenceId')::uuid
  for update;
  if not found then
    return jsonb_build_object('outcome', 'difference_not_found');
  end if;
  if concerned.resolution is not null then
    return jsonb_build_object('outcome', 'settled', 'resolution', concerned.resolution);
  end if;
  update public.reconciliation_differences as d
  set resolution = 'by_hand', resolved_at = toss_private.clock_now()
  where d.id = concerned.id;
  perform toss_private.write_event(jsonb_build_object(
    'event', 'difference_settled', 'source', 'operator', 'orderId', concerned.order_id,
    'paymentKey', concerned.payment_key, 'requestId', request ->> 'logRequestId',
    'detail', jsonb_build_object('differenceId', concerned.id, 'kind', concerned.kind)
  ));
  return jsonb_build_object('outcome', 'settled', 'resolution', 'by_hand');
end;
$$;

comment on function public.settle_difference(jsonb) is
  'A person says that a difference is dealt with; payments stay as they are, the audit log gets a line, and a later comparison that still finds it opens it anew. Keys: differenceId, logRequestId. Outcomes: settled (again for one that is settled), difference_not_found.';

-- supabase/schemas/89_personal_data.sql
-- What is held of a person, order by order and besides, and what keeps it from being erased.

create function toss_private.event_without_person(event public.outbox_events)
returns jsonb
language plpgsql
immutable
set search_path = ''
as $$
begin
  return toss_private.without_keys(event.payload, toss_private.keys_of_persons() || case
    -- Of a subscription it is a word of ours, which others read.
    when event.event_type like 'payment.%' then array['reason']
    -- What Toss reported, word for word.
    when event.event_type like 'toss.%' then array['body'] else '{}' end);
end;
$$;

comment on function toss_private.event_without_person(public.outbox_events) is
  'What an event tells without what names a buyer; receivers get it so, if it has not been sent yet.';

create view toss_private.personal_data_of_orders
with (security_invoker = true)
as
select o.id as order_id, 'public.orders' as place
from public.orders as o
where num_nonnulls(o.customer_email, o.customer_name, o.customer_mobile_phone) > 0 or o.metadata <> '{}'
  or o.order_name <> '[erased]'
union all
select i.order_id, 'public.order_items'
from public.order_items as i where i.product_id is null and i.name <> '[erased]'
union all
select a.order_id, 'public.order_adjustments'
from public.order_adjustments as a where a.name <> '[erased]'
union all
select p.order_id, 'public.payments'
from public.payments as p where num_nonnulls(p.failure_message, p.receipt_url, p.card_number_masked) > 0
union all
select p.order_id, 'public.payment_cancels'
from public.payment_cancels as k
join public.payments as p on p.payment_key = k.payment_key
where k.reason <> '[erased]'
union all
select p.order_id, 'toss_private.payment_details'
from toss_private.payment_details as d
join public.payments as p on p.payment_key = d.payment_key
where d.virtual_account <> toss_private.without_keys(d.virtual_account, array['accountNumber', 'customerName'])
union all
select op.order_id, 'public.operations'
from public.operations as op
where op.error_message is not null or op.reason <> '[erased]'
  or op.answer <> toss_private.without_keys(op.answer, array['reason', 'receiptUrl'])
  or op.parameters <> toss_private.without_keys(op.parameters, toss_private.keys_of_persons())
union all
select op.order_id, 'toss_private.operation_secrets'
from toss_private.operation_secrets as s
join public.operations as op on op.id = s.operation_id
union all
select v.order_id, 'public.payment_events'
from public.payment_events as v
where v.detail ?| array['reason', 'error'] and v.detail <> toss_private.without_keys(v.detail, array['reason', 'error'])
union all
select o.id, 'public.outbox_events'
from public.orders as o
join public.outbox_events as e on e.subject = o.id
  or e.subject in (select p.payment_key from public.payments as p where p.order_id = o.id)
where e.payload <> toss_private.event_without_person(e)
union all
select c.order_id, 'toss_private.order_hook_calls'
from toss_private.order_hook_calls as c
where c.last_error <> '[erased]' or c.event -> 'metadata' <> '{}'
union all
select c.order_id, 'public.subscription_charges'
from public.subscription_charges as c
where c.order_id is not null and (c.order_name <> '[erased]' or c.failure_message is not null)
union all
select w.order_id, 'public.withdrawals'
from public.withdrawals as w where w.reason <> '[erased]' or w.decision_reason <> '[erased]'
union all
select r.order_id, 'public.cash_receipts'
from public.cash_receipts as r where r.receipt_url is not null
union all
select o.id, 'public.webhook_events'
from public.orders as o
join public.webhook_events as e on e.order_id = o.id
  or e.payment_key in (select p.payment_key from public.payments as p where p.order_id = o.id)
left join toss_private.webhook_bodies as b on b.webhook_event_id = e.id
where e.erased_at is null or b.ciphertext is not null
union all
select n.order_id, 'toss_private.notification_contents'
from toss_private.notification_contents as k
join public.notifications as n on n.id = k.notification_id
where n.order_id is not null;

comment on view toss_private.personal_data_of_orders is
  'One row for each row that still holds something of an order''s buyer: what erasing empties, what a dry run counts, and what must be nothing once an order is erased.';

create view toss_private.personal_data_of_users
with (security_invoker = true)
as
select m.user_id, m.created_at, 'public.billing_methods' as place
from public.billing_methods as m where num_nonnulls(m.card_number_masked, m.account_number_masked) > 0
union all
select c.user_id, c.asked_at, 'public.subscription_consents'
from public.subscription_consents as c where c.method_number is not null
union all
select i.user_id, i.created_at, 'public.operations'
from toss_private.billing_issues as i
join public.operations as op on op.id = i.operation_id
where op.error_message is not null
union all
select m.user_id, op.created_at, 'public.operations'
from public.operations as op
join public.billing_methods as m on m.id = op.billing_method_id
where op.error_message is not null
union all
select s.user_id, v.created_at, 'public.payment_events'
from public.subscriptions as s
join public.payment_events as v on v.subscription_id = s.id
where v.order_id is null and v.detail ?| array['reason', 'error']
  and v.detail <> toss_private.without_keys(v.detail, array['reason', 'error'])
union all
select c.user_id, c.created_at, 'public.subscription_charges'
from public.subscription_charges as c
where c.order_id is null and (c.order_name <> '[erased]' or c.failure_message is not null)
union all
select m.user_id, e.created_at, 'public.webhook_events'
from public.webhook_events as e
join toss_private.webhook_bodies as b on b.webhook_event_id = e.id
join toss_private.billing_keys as k on k.key_digest = b.billing_key_digest
join public.billing_methods as m on m.id = k.billing_method_id
where e.erased_at is null or b.ciphertext is not null
union all
select n.user_id, n.created_at, 'toss_private.notification_contents'
from toss_private.notification_contents as k
join public.notifications as n on n.id = k.notification_id
where n.user_id is not null and n.order_id is null;

comment on view toss_private.personal_data_of_users is
  'As personal_data_of_orders, for what is held of a user beside the orders: cards, registrations, subscriptions.';

create function toss_private.orders_of_person(person jsonb)
returns text[]
language plpgsql
stable
set search_path = ''
as $$
begin
  return array(
    select o.id from public.orders as o
    where o.user_id = (person ->> 'userId')::uuid or (person ->> 'userId' is null and o.id = person ->> 'orderId')
    order by o.id
  );
end;
$$;

comment on function toss_private.orders_of_person(jsonb) is 'The orders of a user (userId), or the one order of a guest (orderId).';

create function toss_private.open_matters_of_orders(order_ids text[])
returns table (matter text, subject text, detail text)
language plpgsql
stable
set search_path = ''
as $$
begin
  return query
  select 'deposit_awaited', o.id, 'the order waits for a deposit'
  from public.orders as o where o.id = any (order_ids) and o.status = 'waiting_for_deposit'
  union all
  select 'operation_open', op.order_id, format('%s is %s: Toss has not said how it ended', op.kind, op.state)
  from public.operations as op where op.order_id = any (order_ids) and op.state in ('started', 'unknown')
  union all
  select 'payment_open', p.order_id, format('payment %s is %s', p.payment_key, p.status)
  from public.payments as p where p.order_id = any (order_ids) and p.status in ('READY', 'IN_PROGRESS')
  union all
  select 'refund_owed', v.order_id, format('%s was paid for an order that another payment pays', v.amount)
  from public.payment_events as v
  join public.payments as p on p.payment_key = v.payment_key and p.balance_amount > 0
  where v.order_id = any (order_ids) and v.event = 'second_payment'
  union all
  select 'refund_owed', c.order_id, format('%s was promised back and has not gone back', c.refund_due)
  from public.subscription_charges as c
  left join public.operations as op on op.id = c.refund_operation_id
  where c.order_id = any (order_ids) and c.refund_due > 0 and op.state is distinct from 'succeeded'
  union all
  select 'refund_under_way', p.order_id, format('cancel %s is %s', k.transaction_key, k.status)
  from public.payment_cancels as k
  join public.payments as p on p.payment_key = k.payment_key
  where p.order_id = any (order_ids) and k.status = 'IN_PROGRESS'
  union all
  select 'refund_under_way', p.order_id, format('the transfer of a refund is %s', d.virtual_account ->> 'refundStatus')
  from toss_private.payment_details as d
  join public.payments as p on p.payment_key = d.payment_key
  where p.order_id = any (order_ids) and d.virtual_account ->> 'refundStatus' in ('PENDING', 'FAILED', 'PARTIAL_FAILED')
  union all
  select 'withdrawal_undecided', w.order_id, format('withdrawal %s waits for a decision', w.id)
  from public.withdrawals as w where w.order_id = any (order_ids) and w.status = 'requested'
  union all
  select 'refund_owed', w.order_id, format('withdrawal %s is accepted, its refund was refused', w.id)
  from public.withdrawals as w
  join public.operations as op on op.id = w.refund_operation_id and op.state = 'rejected'
  join public.payments as p on p.payment_key = op.payment_key and p.balance_amount > 0
  where w.order_id = any (order_ids) and w.status = 'accepted'
  union all
  select 'answer_mismatch', v.order_id, format('Toss''s answer about payment %s does not fit the order', v.payment_key)
  from (
    select distinct on (l.payment_key) l.*
    from public.payment_events as l
    where l.order_id = any (order_ids) and l.event in ('answer_mismatch', 'answer_accepted', 'payment_status')
    order by l.payment_key, l.id desc
  ) as v
  where v.event = 'answer_mismatch' and (v.detail ->> 'balanceAmount')::numeric > 0
  union all
  select 'difference_open', d.order_id, format('%s of payment %s', d.kind, d.payment_key)
  from public.reconciliation_differences as d where d.order_id = any (order_ids) and d.resolution is null;
end;
$$;

comment on function toss_private.open_matters_of_orders(text[]) is
  'Why these orders cannot be erased yet: money that is awaited, in doubt, on its way or owed. Whoever settles it may need to know the buyer.';

create function toss_private.open_matters(person jsonb, order_ids text[])
returns table (matter text, subject text, detail text)
language plpgsql
stable
set search_path = ''
as $$
declare
  person_id constant uuid := (person ->> 'userId')::uuid;
begin
  return query
  select * from toss_private.open_matters_of_orders(order_ids)
  union all
  select 'subscription_lives', s.id::text, format('the subscription is %s', s.status)
  from public.subscriptions as s where s.user_id = person_id and s.status <> 'canceled'
  union all
  select 'charge_open', c.id::text, format('a charge of %s is %s', c.amount, c.status)
  from public.subscription_charges as c
  where c.user_id = person_id and c.status in ('pending', 'processing', 'unknown')
  union all
  select 'operation_open', op.id::text, format('%s is %s', op.kind, op.state)
  from toss_private.billing_issues as i
  join public.operations as op on op.id = i.operation_id and op.state in ('started', 'unknown')
  where i.user_id = person_id;
end;
$$;

comment on function toss_private.open_matters(jsonb, text[]) is
  'Why a person cannot be erased yet: as open_matters_of_orders, and what lives beside the orders.';

create function toss_private.erasure_violations()
returns table (invariant text, subject text, detail text)
language plpgsql
stable
set search_path = ''
as $$
begin
  return query
  select 'erased_order_names_nobody', o.id, format('%s still holds something', h.place)
  from public.orders as o
  join toss_private.personal_data_of_orders as h on h.order_id = o.id
  where o.erased_at is not null
    -- What is asked of Toss after it goes when Toss has answered.
    and not exists (select 1 from public.operations as op where op.order_id = o.id and op.state in ('started', 'unknown'))

  union all
  select 'erased_user_is_not_named', c.user_id::text, format('%s still holds something', h.place)
  from public.customers as c
  join toss_private.personal_data_of_users as h on h.user_id = c.user_id and h.created_at <= c.erased_at
  where c.erased_at is not null;
end;
$$;

comment on function toss_private.erasure_violations() is 'What an erased order or user still holds.';

-- supabase/schemas/89_personal_export.sql
-- Everything that is known of one person, for that person.

create function toss_private.shown_rows(given jsonb)
returns jsonb
language plpgsql
immutable
set search_path = ''
as $$
begin
  -- What only our machinery reads, or what could be used to act as somebody else.
  return (
    select coalesce(jsonb_agg(r.value - array[
      'lease_token', 'lease_expires_at', 'leased_at', 'idempotency_key', 'key_generation', 'key_created_at',
      'request_digest', 'dedupe_key', 'next_attempt_at', 'key_id', 'ciphertext', 'stream', 'sequence', 'event_sequence',
      'toss_client_key', 'secret_digest'
    ] order by r.ordinality), '[]')
    from jsonb_array_elements(given) with ordinality as r
  );
end;
$$;

comment on function toss_private.shown_rows(jsonb) is 'Rows as the person they are about is given them.';

create function public.export_person(request jsonb)
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  person_id constant uuid := (request ->> 'userId')::uuid;
  order_ids constant text[] := toss_private.orders_of_person(request);
  keys constant text[] := array(select p.payment_key from public.payments as p where p.order_id = any (order_ids));
  owner_id uuid;
begin
  if person_id is null then
    select o.user_id into owner_id from public.orders as o where o.id = request ->> 'orderId';
    if not found then
      return jsonb_build_object('outcome', 'not_found');
    elsif owner_id is not null then
      return jsonb_build_object('outcome', 'order_of_user', 'userId', owner_id);
    end if;
  elsif cardinality(order_ids) = 0 and not exists (select 1 from public.customers as c where c.user_id = person_id) then
    return jsonb_build_object('outcome', 'not_found');
  end if;
  return jsonb_build_object('outcome', 'exported', 'data', jsonb_build_object(
    'exportedAt', toss_private.clock_now(),
    'userId', person_id,
    'customers', (
      select toss_private.shown_rows(coalesce(jsonb_agg(to_jsonb(c)), '[]'))
      from public.customers as c where c.user_id = person_id
    ),
    'orders', (
      select toss_private.shown_rows(coalesce(jsonb_agg(to_jsonb(o) order by o.created_at), '[]'))
      from public.orders as o where o.id = any (order_ids)
    ),
    'order_items', (
      select coalesce(jsonb_agg(to_jsonb(i) order by i.order_id, i.position), '[]')
      from public.order_items as i where i.order_id = any (order_ids)
    ),
    'order_adjustments', (
      select coalesce(jsonb_agg(to_jsonb(a) order by a.order_id, a.position), '[]')
      from public.order_adjustments as a where a.order_id = any (order_ids)
    ),
    'payments', (
      select coalesce(jsonb_agg(to_jsonb(p) order by p.created_at), '[]')
      from public.payments as p where p.payment_key = any (keys)
    ),
    'payment_cancels', (
      select coalesce(jsonb_agg(to_jsonb(k) order by k.created_at), '[]')
      from public.payment_cancels as k where k.payment_key = any (keys)
    ),
    'virtual_accounts', (
      select toss_private.shown_rows(coalesce(jsonb_agg(to_jsonb(d)), '[]'))
      from toss_private.payment_details as d where d.payment_key = any (keys) and d.virtual_account is not null
    ),
    'cash_receipts', (
      select coalesce(jsonb_agg(to_jsonb(r) order by r.id), '[]')
      from public.cash_receipts as r where r.order_id = any (order_ids)
    ),
    'withdrawals', (
      select coalesce(jsonb_agg(to_jsonb(w) order by w.requested_at), '[]')
      from public.withdrawals as w where w.order_id = any (order_ids)
    ),
    'operations', (
      select toss_private.shown_rows(coalesce(jsonb_agg(to_jsonb(op) order by op.created_at), '[]')) from public.operations as op
      where op.order_id = any (order_ids)
        or op.id in (select i.operation_id from toss_private.billing_issues as i where i.user_id = person_id)
        or op.billing_method_id in (select m.id from public.billing_methods as m where m.user_id = person_id)
    ),
    'payment_events', (
      select coalesce(jsonb_agg(to_jsonb(v) order by v.id), '[]') from public.payment_events as v
      where v.order_id = any (order_ids)
        or v.subscription_id in (select s.id from public.subscriptions as s where s.user_id = person_id)
    ),
    'outbox_events', (
      select toss_private.shown_rows(coalesce(jsonb_agg(to_jsonb(e) order by e.sequence), '[]')) from public.outbox_events as e
      where e.subject = any (order_ids || keys) or (person_id is not null and e.payload ->> 'userId' = person_id::text)
    ),
    'webhook_events', (
      select toss_private.shown_rows(coalesce(jsonb_agg(to_jsonb(e) order by e.created_at), '[]')) from public.webhook_events as e
      where e.order_id = any (order_ids) or e.payment_key = any (keys) or e.id in (
        select b.webhook_event_id
        from toss_private.webhook_bodies as b
        join toss_private.billing_keys as k on k.key_digest = b.billing_key_digest
        join public.billing_methods as m on m.id = k.billing_method_id
        where m.user_id = person_id
      )
    ),
    'notifications', (
      select toss_private.shown_rows(coalesce(jsonb_agg(to_jsonb(n) || coalesce(to_jsonb(k), '{}') order by n.created_at), '[]'))
      from public.notifications as n
      left join toss_private.notification_contents as k on k.notification_id = n.id
      where n.order_id = any (order_ids) or n.user_id = person_id
    ),
    'billing_methods', (
      select toss_private.shown_rows(coalesce(jsonb_agg(to_jsonb(m) order by m.created_at), '[]'))
      from public.billing_methods as m where m.user_id = person_id
    ),
    'subscriptions', (
      select coalesce(jsonb_agg(to_jsonb(s) order by s.created_at), '[]')
      from public.subscriptions as s where s.user_id = person_id
    ),
    'subscription_charges', (
      select coalesce(jsonb_agg(to_jsonb(c) order by c.created_at), '[]')
      from public.subscription_charges as c where c.user_id = person_id
    ),
    'subscription_consents', (
      select coalesce(jsonb_agg(to_jsonb(c) order by c.asked_at), '[]')
      from public.subscription_consents as c where c.user_id = person_id
    ),
    'entitlements', (
      select coalesce(jsonb_agg(to_jsonb(e) order by e.created_at), '[]')
      from public.entitlements as e where e.user_id = person_id
    ),
    'shown_terms', (
      select coalesce(jsonb_agg(to_jsonb(t) order by t.shown_at), '[]')
      from toss_private.shown_terms as t where t.user_id = person_id
    ),
    'card_attempts', (
      select coalesce(jsonb_agg(to_jsonb(a) order by a.id), '[]')
      from toss_private.card_attempts as a where a.user_id = person_id
    )
  ));
end;
$$;

comment on function public.export_person(jsonb) is
  'Every row about a user (userId) or a guest''s order (orderId), by table, without secrets. Outcomes: exported (with `data`), not_found, order_of_user (with its userId).';

-- supabase/schemas/89_retention.sql
-- What becomes too old: bodies of webhooks after days, what names a buyer after years.

create function toss_private.orders_past_retention(before timestamptz, at_most integer)
returns text[]
language plpgsql
volatile
set search_path = ''
as $$
begin
  return array(
    select o.id from public.orders as o
    where o.erased_at is null and o.created_at < before and o.updated_at < before
      and not exists (select 1 from toss_private.open_matters_of_orders(array[o.id]))
    order by o.created_at
    limit at_most
    -- Somebody is at work on it: the next run.
    for update skip locked
  );
end;
$$;

comment on function toss_private.orders_past_retention(timestamptz, integer) is
  'Orders that nothing has happened to since, with nothing open, oldest first; locked.';

create function toss_private.webhooks_past_retention(before timestamptz, at_most integer)
returns uuid[]
language plpgsql
volatile
set search_path = ''
as $$
begin
  return array(
    select e.id from public.webhook_events as e
    where e.erased_at is null and e.created_at < before and e.status not in ('received', 'processing', 'failed')
    order by e.created_at
    limit at_most
    for no key update skip locked
  );
end;
$$;

comment on function toss_private.webhooks_past_retention(timestamptz, integer) is
  'Events that are over and still have their bodies, oldest first; locked.';

create function public.apply_retention(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  present constant timestamptz := toss_private.clock_now();
  bodies_before constant timestamptz := present - make_interval(days => (request ->> 'webhookBodyDays')::integer);
  persons_before constant timestamptz := present - make_interval(years => (request ->> 'personalDataYears')::integer);
  at_most constant integer := coalesce((request ->> 'limit')::integer, 500);
  order_ids text[];
  event_ids uuid[];
  erased_bodies integer;
begin
  -- As whoever erases a person.
  perform pg_advisory_xact_lock(hashtextextended('erasure', 0));
  order_ids := toss_private.orders_past_retention(persons_before, at_most);
  event_ids := toss_private.webhooks_past_retention(bodies_before, at_most * 4);
  perform toss_private.erase_orders(order_ids, present);
  erased_bodies := toss_private.erase_webhook_events(event_ids, present);
  update public.billing_methods as m set card_number_masked = null, account_number_masked = null
  where m.deleted_at < persons_before and num_nonnulls(m.card_number_masked, m.account_number_masked) > 0;
  update public.subscription_consents as k set method_number = null
  where k.effective_at < persons_before and k.method_number is not null;
  return jsonb_build_object(
    'erasedOrders', cardinality(order_ids), 'erasedWebhookBodies', erased_bodies,
    -- A full slice says that there may be more; another run finds out.
    'remaining', case when cardinality(order_ids) = at_most or cardinality(event_ids) = at_most * 4 then 1 else 0 end
  );
end;
$$;

comment on function public.apply_retention(jsonb) is
  'Erases a slice of what is older than webhookBodyDays and personalDataYears: of orders up to `limit`, of webhooks four times as many. Rows of money stay. remaining: 1 when another run may find more.';

-- supabase/schemas/90_access.sql
-- Who may do what: every grant, once.
-- Older Supabase projects grant everything on a new table or function of public to anon, authenticated and
-- service_role; here nobody has what is not written below.

revoke all on
  public.payment_events, public.outbox_events, public.products, public.plans, public.customers, public.orders,
  public.order_items, public.order_adjustments, public.payments, public.payment_cancels, public.cash_receipts, public.withdrawals, public.operations, public.entitlements,
  public.billing_methods, public.subscriptions, public.subscription_charges, public.subscription_consents, public.user_plans,
  public.repricing_progress, public.webhook_events, public.webhook_summary, public.job_status, public.next_questions, public.alerts, public.payment_overview,
  public.webhook_endpoints, public.webhook_deliveries, public.notifications,
  public.reconciliation_runs, public.reconciliation_differences,
  public.settlements, public.settlement_differences, public.settlement_overview, public.settlements_by_payout_day,
  public.monthly_tax_sheet, public.imported_transactions, public.imported_payments,
  public.daily_revenue, public.recurring_revenue, public.subscription_churn, public.decline_reasons, public.dunning_recovery,
  public.trial_conversion, public.webhook_delay, public.open_operations, public.unsent_notices
from anon, authenticated, service_role;
revoke all on sequence public.payment_events_id_seq, public.outbox_events_sequence_seq, public.cash_receipts_id_seq from anon, authenticated, service_role;

-- What is for sale is read by everybody; a shop's own back office edits it with the secret key.
grant select on public.products, public.plans to anon, authenticated;
grant select, insert, update, delete on public.products, public.plans to service_role;

-- Rows of one's own, by the policies beside each table.
grant select on
  public.customers, public.orders, public.order_items, public.order_adjustments, public.payments, public.payment_cancels, public.cash_receipts, public.withdrawals, public.entitlements,
  public.billing_methods, public.subscriptions, public.subscription_charges, public.subscription_consents, public.user_plans
to authenticated, service_role;

-- The operator's.
grant select on
  public.repricing_progress,
  public.payment_events, public.outbox_events, public.operations, public.webhook_events, public.webhook_summary,
  public.job_status, public.next_questions, public.alerts, public.payment_overview,
  public.webhook_endpoints, public.webhook_deliveries, public.notifications,
  public.reconciliation_runs, public.reconciliation_differences,
  public.settlements, public.settlement_differences, public.settlement_overview, public.settlements_by_payout_day,
  public.monthly_tax_sheet, public.imported_transactions, public.imported_payments,
  public.daily_revenue, public.recurring_revenue, public.subscription_churn, public.decline_reasons, public.dunning_recovery,
  public.trial_conversion, public.webhook_delay, public.open_operations, public.unsent_notices
to service_role;

-- The view user_plans runs with the reader's rights and needs the clock; the operator's views run with the operator's.
grant usage on schema toss_private to authenticated, service_role;
grant select on
  toss_private.consent_alerts, toss_private.delivery_alerts, toss_private.deposit_alerts, toss_private.hook_alerts, toss_private.jobs, toss_private.notice_alerts, toss_private.notice_channels, toss_private.notices_due, toss_private.order_hook_calls, toss_private.payment_alerts, toss_private.price_steps, toss_private.receipt_alerts, toss_private.reconciliation_alerts, toss_private.refund_alerts, toss_private.settlement_alerts, toss_private.repricings, toss_private.stock_movements,
  toss_private.subscription_alerts, toss_private.subscription_transitions, toss_private.withdrawal_alerts
to service_role;

revoke execute on all functions in schema toss_private from public, anon, authenticated, service_role;
grant execute on function toss_private.clock_now() to authenticated, service_role;
grant execute on function toss_private.seoul_month(timestamptz), toss_private.seoul_months(timestamptz), toss_private.failed_refund_transfers(), toss_private.notice_is_required(text), toss_private.payment_questions(), toss_private.question_backlog(),
  toss_private.unproven_deadlines()
to service_role;

-- The Edge Functions call these with the secret key; each runs with its owner's rights.
revoke execute on function
  public.create_order(jsonb), public.postpone_operation(jsonb), public.reject_operation(jsonb),
  public.claim_operations(jsonb), public.begin_confirmation(jsonb), public.expire_orders(jsonb),
  public.begin_virtual_account(jsonb), public.begin_cancel(jsonb), public.settle_cancel(jsonb),
  public.reject_cancel(jsonb), public.apply_payment(jsonb), public.preview_due_charges(jsonb),
  public.claim_due_charges(jsonb), public.decline_charge(jsonb), public.skip_charge_attempts(jsonb),
  public.begin_ad_hoc_charge(jsonb), public.change_subscription(jsonb), public.preview_subscription_change(jsonb), public.advance_subscriptions(jsonb),
  public.prepare_billing(jsonb), public.begin_billing_issue(jsonb), public.finish_billing_issue(jsonb),
  public.reject_billing_issue(jsonb), public.subscribe_with_method(jsonb), public.apply_billing_key_event(jsonb),
  public.begin_billing_delete(jsonb), public.finish_billing_delete(jsonb), public.receive_webhook_event(jsonb),
  public.begin_cash_receipt(jsonb), public.begin_cash_receipt_cancel(jsonb), public.settle_cash_receipt(jsonb),
  public.reject_cash_receipt(jsonb), public.claim_receipts_in_progress(jsonb), public.record_listed_receipts(jsonb),
  public.begin_self_issues(jsonb), public.begin_receipt_fits(jsonb),
  public.erase_person(jsonb), public.export_person(jsonb), public.apply_retention(jsonb),
  public.read_consent(jsonb), public.answer_consent_link(jsonb), public.begin_repricing(jsonb), public.plan_repricing(jsonb),
  public.request_withdrawal(jsonb), public.decide_withdrawal(jsonb), public.mark_used(jsonb),
  public.finish_webhook_event(jsonb), public.claim_webhook_events(jsonb), public.record_webhook_event(jsonb),
  public.replay_webhook_events(jsonb), public.record_job_run(jsonb), public.run_housekeeping(jsonb),
  public.claim_unsettled_payments(jsonb), public.count_caller_refusal(jsonb), public.claim_keys_to_rotate(jsonb),
  public.store_rotated_keys(jsonb), public.read_encrypted_samples(jsonb), public.invariant_violations(),
  public.find_known_payment(jsonb), public.adopt_toss_keys(jsonb),
  public.create_webhook_endpoint(jsonb), public.change_webhook_endpoint(jsonb), public.claim_webhook_lanes(jsonb),
  public.claim_webhook_deliveries(jsonb), public.count_due_deliveries(jsonb), public.finish_webhook_deliveries(jsonb),
  public.replay_webhook_deliveries(jsonb), public.relay_outbox(jsonb),
  public.plan_notices(jsonb), public.claim_notices(jsonb), public.finish_notices(jsonb), public.count_due_notices(jsonb),
  public.begin_reconciliation(jsonb), public.record_listed_transactions(jsonb), public.find_unlisted_payments(jsonb),
  public.claim_reconciliation_questions(jsonb), public.settle_reconciliation_question(jsonb),
  public.postpone_reconciliation_question(jsonb), public.pause_reconciliation(jsonb), public.finish_reconciliation(jsonb),
  public.read_reconciliation(jsonb),
  public.search_orders(jsonb), public.settle_difference(jsonb),
  public.begin_settlements(jsonb), public.record_settlements(jsonb), public.miss_settlements(jsonb),
  public.begin_import(jsonb), public.record_imported_transactions(jsonb), public.pause_import(jsonb),
  public.run_order_hooks(jsonb), public.orders_owed_hooks(jsonb), public.read_status(jsonb), public.read_story(jsonb), public.look_again(jsonb), public.request_health(jsonb), public.read_health_response(jsonb), public.diagnose(jsonb)
from public, anon, authenticated, service_role;
grant execute on function
  public.create_order(jsonb), public.postpone_operation(jsonb), public.reject_operation(jsonb),
  public.claim_operations(jsonb), public.begin_confirmation(jsonb), public.expire_orders(jsonb),
  public.begin_virtual_account(jsonb), public.begin_cancel(jsonb), public.settle_cancel(jsonb),
  public.reject_cancel(jsonb), public.apply_payment(jsonb), public.preview_due_charges(jsonb),
  public.claim_due_charges(jsonb), public.decline_charge(jsonb), public.skip_charge_attempts(jsonb),
  public.begin_ad_hoc_charge(jsonb), public.change_subscription(jsonb), public.preview_subscription_change(jsonb), public.advance_subscriptions(jsonb),
  public.prepare_billing(jsonb), public.begin_billing_issue(jsonb), public.finish_billing_issue(jsonb),
  public.reject_billing_issue(jsonb), public.subscribe_with_method(jsonb), public.apply_billing_key_event(jsonb),
  public.begin_billing_delete(jsonb), public.finish_billing_delete(jsonb), public.receive_webhook_event(jsonb),
  public.begin_cash_receipt(jsonb), public.begin_cash_receipt_cancel(jsonb), public.settle_cash_receipt(jsonb),
  public.reject_cash_receipt(jsonb), public.claim_receipts_in_progress(jsonb), public.record_listed_receipts(jsonb),
  public.begin_self_issues(jsonb), public.begin_receipt_fits(jsonb),
  public.erase_person(jsonb), public.export_person(jsonb), public.apply_retention(jsonb),
  public.read_consent(jsonb), public.answer_consent_link(jsonb), public.begin_repricing(jsonb), public.plan_repricing(jsonb),
  public.request_withdrawal(jsonb), public.decide_withdrawal(jsonb), public.mark_used(jsonb),
  public.finish_webhook_event(jsonb), public.claim_webhook_events(jsonb), public.record_webhook_event(jsonb),
  public.replay_webhook_events(jsonb), public.record_job_run(jsonb), public.run_housekeeping(jsonb),
  public.claim_unsettled_payments(jsonb), public.count_caller_refusal(jsonb), public.claim_keys_to_rotate(jsonb),
  public.store_rotated_keys(jsonb), public.read_encrypted_samples(jsonb), public.invariant_violations(),
  public.find_known_payment(jsonb), public.adopt_toss_keys(jsonb),
  public.create_webhook_endpoint(jsonb), public.change_webhook_endpoint(jsonb), public.claim_webhook_lanes(jsonb),
  public.claim_webhook_deliveries(jsonb), public.count_due_deliveries(jsonb), public.finish_webhook_deliveries(jsonb),
  public.replay_webhook_deliveries(jsonb), public.relay_outbox(jsonb),
  public.plan_notices(jsonb), public.claim_notices(jsonb), public.finish_notices(jsonb), public.count_due_notices(jsonb),
  public.begin_reconciliation(jsonb), public.record_listed_transactions(jsonb), public.find_unlisted_payments(jsonb),
  public.claim_reconciliation_questions(jsonb), public.settle_reconciliation_question(jsonb),
  public.postpone_reconciliation_question(jsonb), public.pause_reconciliation(jsonb), public.finish_reconciliation(jsonb),
  public.read_reconciliation(jsonb),
  public.search_orders(jsonb), public.settle_difference(jsonb),
  public.begin_settlements(jsonb), public.record_settlements(jsonb), public.miss_settlements(jsonb),
  public.begin_import(jsonb), public.record_imported_transactions(jsonb), public.pause_import(jsonb),
  public.run_order_hooks(jsonb), public.orders_owed_hooks(jsonb), public.read_status(jsonb), public.read_story(jsonb), public.look_again(jsonb), public.request_health(jsonb), public.read_health_response(jsonb), public.diagnose(jsonb)
to service_role;

-- Which code of the shop is called is for the owner of the database to say, in Studio or a migration.
revoke execute on function public.use_catalogue(text), public.use_order_hook(text), public.use_notice_address(text) from public, anon, authenticated, service_role;

-- supabase/schemas/99_schedule.sql
-- The jobs go to pg_cron, where it exists.
-- Needs pg_cron, pg_net and Vault; where one is missing the jobs are left out with a notice, and public.job_status shows
-- them as late. One owner: the role that runs migrations.

do $$
declare
  extension record;
begin
  for extension in
    select * from (values
      ('pg_cron', 'create extension if not exists pg_cron'),
      ('pg_net', 'create extension if not exists pg_net with schema extensions'),
      ('supabase_vault', 'create extension if not exists supabase_vault with schema vault cascade')
    ) as e (name, command)
    where e.name in (select a.name from pg_available_extensions as a)
  loop
    begin
      execute extension.command;
    exception when others then
      -- Available is not yet usable: pg_cron, for one, must be preloaded by the server.
      raise notice 'extension % is not usable here: %', extension.name, sqlerrm;
    end;
  end loop;
end;
$$;

select toss_private.schedule_jobs();
