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

create index payment_events_order_id on public.payment_events (order_id, id);
create index payment_events_payment_key on public.payment_events (payment_key, id);
create index payment_events_event_created_at on public.payment_events (event, created_at);
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
    (audit ->> 'amount')::bigint, coalesce(audit -> 'detail', '{}'), audit ->> 'requestId', toss_private.clock_now()
  );
end;
$$;

comment on function toss_private.write_event(jsonb) is
  'Adds one line to payment_events; keys: event, source, orderId, paymentKey, operationId, subscriptionId, from, to, amount, detail, requestId.';

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
  constraint outbox_events_payload_is_object check (jsonb_typeof(payload) = 'object'),
  constraint outbox_events_one_per_webhook_event unique (webhook_event_id)
);

alter table public.outbox_events enable row level security;

comment on table public.outbox_events is 'Events for other systems, in the order in which they were committed. Service role only.';
comment on column public.outbox_events.event_type is 'Toss''s own name for what a webhook reported, else ours, for example billing_method.deleted.';
comment on column public.outbox_events.subject is 'What it is about: an id of this project, or Toss''s id of a payout, seller, customer.';
comment on column public.outbox_events.payload is 'Without secrets. `verified` is false when nothing but the sender''s word stands behind it.';
comment on column public.outbox_events.sequence is 'Grows with every event; within one stream it is the order in which things happened.';
comment on column public.outbox_events.stream is 'What is told in order: the order, for the order of a charge its subscription; else the subject.';
comment on column public.outbox_events.webhook_event_id is 'The webhook that brought it; one webhook makes at most one event, however often it is processed.';

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
  on conflict (webhook_event_id) do nothing;
  return found;
end;
$$;

comment on function toss_private.write_outbox_event(jsonb) is
  'Adds one row to outbox_events; keys: eventType, subject, payload, webhookEventId. False when the webhook has made its event already.';
