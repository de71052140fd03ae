-- Purpose: what processing needs to know about an event beyond orderId and paymentKey, for the worker too.
-- Tables: webhook_events, private.webhook_bodies (columns), webhook_summary (view).
-- Risk: columns with defaults only; rows that stand already keep their meaning.

alter table public.webhook_events
  add column transaction_key text,
  add column entity_id text,
  add column shares_answer boolean not null default true,
  add column leased_at timestamptz,
  add constraint webhook_events_transaction_key_length check (char_length(transaction_key) <= 64),
  add constraint webhook_events_entity_id_length check (char_length(entity_id) <= 300);

comment on column public.webhook_events.transaction_key is 'The cancel that a CANCEL_STATUS_CHANGED is about; its payment is found through it.';
comment on column public.webhook_events.entity_id is 'What an event without a payment is about: Toss''s id of a payout or seller, a customerKey.';
comment on column public.webhook_events.shares_answer is 'Whether one answer of Toss about the subject ends this event too. False when the body itself has to be proven.';
comment on column public.webhook_events.leased_at is 'When a processor last took it, which is about when Toss was asked.';
comment on column public.webhook_events.payment_key is 'As the body says, or found through the deposit''s secret or the cancel. Null when a flood of unknown keys made us ask about the order instead.';

create index webhook_events_transaction_key on public.webhook_events (transaction_key)
  where transaction_key is not null;
-- How often Toss was asked lately; a flood of events that were never leased does not slow these down.
create index webhook_events_subject_leased_at on public.webhook_events (subject, leased_at)
  where leased_at is not null;
create index webhook_events_order_id_leased_at on public.webhook_events (order_id, leased_at)
  where leased_at is not null;

alter table private.webhook_bodies
  add column secret_digest text,
  add column billing_key_digest text,
  add constraint webhook_bodies_secret_digest_format check (secret_digest ~ '^[0-9a-f]{64}$'),
  add constraint webhook_bodies_billing_key_digest_format check (billing_key_digest ~ '^[0-9a-f]{64}$');

comment on column private.webhook_bodies.secret_digest is 'SHA-256 of the secret that a deposit callback carries.';
comment on column private.webhook_bodies.billing_key_digest is 'SHA-256 of the billing key that the event is about.';

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
