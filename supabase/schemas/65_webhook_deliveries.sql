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
