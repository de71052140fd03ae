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
--   86-89  views for Studio and dashboards; the operator's search
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

create trigger payment_events_append_only
  before update or delete on public.payment_events
  for each row execute function toss_private.refuse_change();

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
