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
