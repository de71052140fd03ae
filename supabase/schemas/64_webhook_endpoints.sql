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
