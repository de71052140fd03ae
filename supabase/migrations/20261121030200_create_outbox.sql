-- Purpose: what happened, for other systems to read, written in the transaction in which it happened.
-- Table: outbox_events; function: private.write_outbox_event.

create table public.outbox_events (
  id uuid primary key default gen_random_uuid(),
  event_type text not null,
  subject text not null,
  payload jsonb not null,
  webhook_event_id uuid references public.webhook_events (id),
  created_at timestamptz not null,
  constraint outbox_events_event_type_length check (char_length(event_type) between 1 and 100),
  constraint outbox_events_subject_length check (char_length(subject) between 1 and 300),
  constraint outbox_events_payload_is_object check (jsonb_typeof(payload) = 'object'),
  constraint outbox_events_one_per_webhook_event unique (webhook_event_id)
);

create index outbox_events_created_at on public.outbox_events (created_at);
create index outbox_events_subject on public.outbox_events (subject, created_at);

comment on table public.outbox_events is 'Events for other systems, in the order in which they were committed. Service role only.';
comment on column public.outbox_events.event_type is 'Toss''s own name for what a webhook reported, else ours, for example billing_method.deleted.';
comment on column public.outbox_events.subject is 'What it is about: an id of this project, or Toss''s id of a payout, seller, customer.';
comment on column public.outbox_events.payload is 'Without secrets. `verified` is false when nothing but the sender''s word stands behind it.';
comment on column public.outbox_events.webhook_event_id is 'The webhook that brought it; one webhook makes at most one event, however often it is processed.';

alter table public.outbox_events enable row level security;
grant select on public.outbox_events to service_role;

create function private.write_outbox_event(line jsonb)
returns boolean
language plpgsql
volatile
set search_path = ''
as $$
begin
  insert into public.outbox_events (event_type, subject, payload, webhook_event_id, created_at)
  values (
    line ->> 'eventType', line ->> 'subject', line -> 'payload', (line ->> 'webhookEventId')::uuid,
    private.clock_now()
  )
  on conflict (webhook_event_id) do nothing;
  return found;
end;
$$;

comment on function private.write_outbox_event(jsonb) is
  'Adds one row to outbox_events; keys: eventType, subject, payload, webhookEventId. False when the webhook has made its event already.';
revoke execute on function private.write_outbox_event(jsonb) from public, anon, authenticated;
