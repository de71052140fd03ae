-- Purpose: the audit log. Append-only, also for the table's owner.

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
  constraint payment_events_event_format check (event ~ '^[a-z_]{3,50}$'),
  constraint payment_events_source_format check (source ~ '^[a-z_]{3,50}$'),
  constraint payment_events_detail_is_object check (jsonb_typeof(detail) = 'object')
);

create index payment_events_order_id on public.payment_events (order_id, id);
create index payment_events_payment_key on public.payment_events (payment_key, id);
create index payment_events_event_created_at on public.payment_events (event, created_at);

comment on table public.payment_events is 'One line for every status change and every refusal that concerns money. Service role only.';
comment on column public.payment_events.event is 'order_status, payment_status, payment_cancel, operation_started, amount_mismatch, …';
comment on column public.payment_events.source is 'Who made it happen: checkout, confirm, webhook, worker, expiry, operator.';
comment on column public.payment_events.request_id is 'The request id of the function call, as in its log lines.';

alter table public.payment_events enable row level security;
grant select on public.payment_events to service_role;

create function private.refuse_change()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  raise exception '% is append-only', tg_table_name using errcode = 'insufficient_privilege';
end;
$$;

comment on function private.refuse_change() is 'Trigger of append-only tables.';
revoke execute on function private.refuse_change() from public, anon, authenticated;

create trigger payment_events_append_only
  before update or delete on public.payment_events
  for each row execute function private.refuse_change();
create trigger payment_events_no_truncate
  before truncate on public.payment_events
  for each statement execute function private.refuse_change();
create trigger stock_movements_append_only
  before update or delete on private.stock_movements
  for each row execute function private.refuse_change();
create trigger stock_movements_no_truncate
  before truncate on private.stock_movements
  for each statement execute function private.refuse_change();

create function private.write_event(line jsonb)
returns void
language sql
volatile
set search_path = ''
as $$
  insert into public.payment_events
    (event, source, order_id, payment_key, operation_id, from_status, to_status, amount, detail, request_id, created_at)
  values (
    line ->> 'event', coalesce(line ->> 'source', 'operator'), line ->> 'orderId', line ->> 'paymentKey',
    (line ->> 'operationId')::uuid, line ->> 'from', line ->> 'to', (line ->> 'amount')::bigint,
    coalesce(line -> 'detail', '{}'), line ->> 'requestId', private.clock_now()
  );
$$;

comment on function private.write_event(jsonb) is
  'Adds one line to payment_events; keys: event, source, orderId, paymentKey, operationId, from, to, amount, detail, requestId.';
revoke execute on function private.write_event(jsonb) from public, anon, authenticated;
