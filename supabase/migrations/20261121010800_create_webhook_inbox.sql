-- Purpose: the durable inbox. A webhook is answered 200 as soon as its row stands here.
-- Tables: webhook_events (redacted), private.webhook_bodies (encrypted raw body). View: webhook_summary.

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

create index webhook_events_created_at on public.webhook_events (created_at desc);
create index webhook_events_order_id on public.webhook_events (order_id);
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
create index webhook_events_order_id_leased_at on public.webhook_events (order_id, leased_at)
  where leased_at is not null;

comment on table public.webhook_events is 'Every webhook delivery, deduplicated. Service role only. Newest by created_at.';
comment on column public.webhook_events.dedupe_key is 'The transmission id, else a hash of the body.';
comment on column public.webhook_events.subject is 'Events of one subject are processed one at a time, and one question to Toss serves all that wait.';
comment on column public.webhook_events.payload is 'The body as JSON with every secret replaced.';
comment on column public.webhook_events.verified_by is 'What proved the sender: a signature scheme, the deposit secret, or re-query when only Toss''s own answer did.';
comment on column public.webhook_events.status is 'received, processing (leased), processed, ignored (reason in last_error), failed (will be tried again), dead (given up; replay it).';
comment on column public.webhook_events.delivery_count is 'How often Toss delivered this event.';
comment on column public.webhook_events.retried_count is 'Highest tosspayments-webhook-transmission-retried-count seen.';
comment on column public.webhook_events.received_at is 'Last delivery that has not been answered by a question to Toss yet.';

comment on column public.webhook_events.transaction_key is 'The cancel that a CANCEL_STATUS_CHANGED is about; its payment is found through it.';
comment on column public.webhook_events.entity_id is 'What an event without a payment is about: Toss''s id of a payout or seller, a customerKey.';
comment on column public.webhook_events.asks_toss is 'Whether processing asks Toss. What does not is a subject of its own: its end proves nothing about a payment.';
comment on column public.webhook_events.shares_answer is 'Whether one answer of Toss about the subject ends this event too. False when the body itself has to be proven.';
comment on column public.webhook_events.leased_at is 'When a processor last took it, which is about when Toss was asked.';
comment on column public.webhook_events.payment_key is 'As the body says, or found through the deposit''s secret or the cancel. Null when a flood of unknown keys made us ask about the order instead.';

create table private.webhook_bodies (
  webhook_event_id uuid primary key references public.webhook_events (id) on delete cascade,
  key_id text not null,
  ciphertext text not null,
  secret_digest text,
  billing_key_digest text,
  constraint webhook_bodies_secret_digest_format check (secret_digest ~ '^[0-9a-f]{64}$'),
  constraint webhook_bodies_billing_key_digest_format check (billing_key_digest ~ '^[0-9a-f]{64}$')
);

comment on table private.webhook_bodies is 'The raw body of each event, AES-256-GCM; a body can carry deposit secrets and account numbers.';
comment on column private.webhook_bodies.key_id is 'Which key of BILLING_KEY_ENCRYPTION_KEYS encrypted it.';
comment on column private.webhook_bodies.ciphertext is 'Base64 of nonce and ciphertext; associated data is webhook_events.dedupe_key.';

comment on column private.webhook_bodies.secret_digest is 'SHA-256 of the secret that a deposit callback carries.';
comment on column private.webhook_bodies.billing_key_digest is 'SHA-256 of the billing key that the event is about.';

alter table public.webhook_events enable row level security;
alter table private.webhook_bodies enable row level security;
grant select on public.webhook_events to service_role;

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
where e.created_at > private.clock_now() - interval '7 days'
group by e.event_type, e.status, e.verified_by, e.last_error;

comment on view public.webhook_summary is 'The last seven days of webhooks, counted by type, outcome and reason: shows forged deposits and events of other shops at a glance. Service role only.';
grant select on public.webhook_summary to service_role;
