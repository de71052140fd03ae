-- Purpose: intent before effect. No Toss call that moves money is made before a row here says so.
-- A row ends as succeeded or rejected only on Toss's own word; open past its lease means unknown.

create table public.operations (
  id uuid primary key default gen_random_uuid(),
  kind text not null,
  state text not null default 'started',
  idempotency_key text not null,
  key_generation integer not null default 1,
  key_created_at timestamptz not null,
  order_id text not null references public.orders (id),
  payment_key text,
  amount bigint not null,
  currency text not null,
  error_code text,
  error_message text,
  is_final boolean,
  attempts integer not null default 1,
  lease_token uuid not null,
  lease_expires_at timestamptz not null,
  next_attempt_at timestamptz not null,
  created_at timestamptz not null,
  finished_at timestamptz,
  constraint operations_kind_known check (kind in ('confirm')),
  constraint operations_state_known check (state in ('started', 'succeeded', 'rejected', 'unknown')),
  constraint operations_finished_when_ended check (
    (state in ('succeeded', 'rejected')) = (finished_at is not null)
  ),
  constraint operations_idempotency_key_unique unique (idempotency_key),
  constraint operations_idempotency_key_length check (char_length(idempotency_key) between 1 and 300),
  constraint operations_amount_positive check (amount > 0),
  constraint operations_attempts_positive check (attempts > 0)
);

-- While one confirmation of an order is open, no other payment may be asked for it.
create unique index operations_one_open_confirm_per_order on public.operations (order_id)
  where kind = 'confirm' and state in ('started', 'unknown');
create index operations_order_id on public.operations (order_id, created_at desc);
create index operations_payment_key on public.operations (payment_key);
create index operations_open on public.operations (next_attempt_at)
  where state in ('started', 'unknown');

comment on table public.operations is 'One row per mutating Toss call, written before the call. Service role only.';
comment on column public.operations.kind is 'Which Toss call: confirm.';
comment on column public.operations.state is 'started: a caller holds the lease. unknown: no proof yet, the worker asks Toss. succeeded / rejected: proven by Toss.';
comment on column public.operations.idempotency_key is 'Sent as Idempotency-Key: kind, id and generation of this row, never random per try.';
comment on column public.operations.key_generation is 'Grows when Toss answered with an error, because Toss replays error answers for the old key.';
comment on column public.operations.key_created_at is 'First use of the current key. Toss forgets keys after 15 days; from then on Toss is only asked.';
comment on column public.operations.error_code is 'The Toss code of the last error answer, or why no proof could be had.';
comment on column public.operations.is_final is 'For rejected rows: false when the fault was our configuration, so that the same payment may be confirmed again.';
comment on column public.operations.lease_token is 'The attempt that may act now. A request that the network sent twice carries the same token.';
comment on column public.operations.lease_expires_at is 'Until then no one else touches the row: TOSS_TIMEOUT_MS plus a margin.';
comment on column public.operations.next_attempt_at is 'Not before this time is Toss asked again.';

alter table public.operations enable row level security;
grant select on public.operations to service_role;
