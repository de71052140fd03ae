-- Billing keys that are deleted, by us or at Toss.

create function public.apply_billing_key_event(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  event_id constant uuid := (request ->> 'eventId')::uuid;
  method public.billing_methods;
  asking jsonb;
begin
  -- Toss has no way to ask for a billing key. Whoever names it holds what lets one charge the card, which only
  -- Toss and we do; that is the proof.
  select m.* into method
  from toss_private.webhook_bodies as b
  join toss_private.billing_keys as k on k.key_digest = b.billing_key_digest
  join public.billing_methods as m on m.id = k.billing_method_id
  where b.webhook_event_id = event_id;
  if not found then
    return jsonb_build_object('outcome', 'unknown_key');
  end if;
  perform toss_private.lock_user(method.user_id);
  select m.* into method from public.billing_methods as m where m.id = method.id for no key update;
  -- Nothing brings a deleted key back, so an issue that is reported late changes nothing.
  if request ->> 'change' <> 'deleted' or method.status = 'deleted' then
    return jsonb_build_object('outcome', 'unchanged');
  end if;

  asking := toss_private.retire_billing_method(method);
  update toss_private.billing_keys as k set key_id = null, ciphertext = null where k.billing_method_id = method.id;
  perform toss_private.write_event(jsonb_build_object(
    'event', 'billing_method_deleted', 'source', 'webhook', 'from', 'active', 'to', 'deleted',
    'requestId', request ->> 'requestId',
    'detail', jsonb_build_object('billingMethodId', method.id, 'subscriptionIds', asking)
  ));
  perform toss_private.write_outbox_event(jsonb_build_object(
    'eventType', 'billing_method.deleted', 'subject', method.id, 'webhookEventId', event_id,
    'payload', jsonb_build_object(
      'billingMethodId', method.id, 'userId', method.user_id, 'subscriptionIds', asking, 'verified', true,
      'verifiedBy', 'billing-key'
    )
  ));
  return jsonb_build_object('outcome', 'deleted');
end;
$$;

comment on function public.apply_billing_key_event(jsonb) is
  'Marks the billing method whose key an event names as deleted, wipes the key, and marks its live subscriptions as in need of another. Keys: eventId, change (deleted, issued), requestId. Outcomes: deleted, unchanged, unknown_key.';

create function toss_private.retire_billing_method(retired public.billing_methods)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  asking jsonb;
begin
  update public.billing_methods as m set status = 'deleted', deleted_at = toss_private.clock_now()
  where m.id = retired.id and m.status = 'active';
  -- By id, as whoever else locks several of a user's.
  with asked as (
    select s.id from public.subscriptions as s
    where s.billing_method_id = retired.id and s.user_id = retired.user_id and s.status <> 'canceled'
    order by s.id
    for no key update
  ), marked as (
    update public.subscriptions as s
    set needs_payment_method = true
    from asked where s.id = asked.id
    returning s.id
  )
  select coalesce(jsonb_agg(marked.id order by marked.id), '[]') into asking from marked;
  return asking;
end;
$$;

comment on function toss_private.retire_billing_method(public.billing_methods) is
  'From now on a billing method is not charged; answers the ids of the subscriptions that need another one. Callers hold toss_private.lock_user, so that whoever changes to it at the same time comes before or after.';

create function toss_private.begin_key_deletion(deleted public.billing_methods, asking jsonb, request jsonb)
returns public.operations
language plpgsql
set search_path = ''
as $$
declare
  present constant timestamptz := toss_private.clock_now();
  operation public.operations;
begin
  insert into public.operations (
    id, kind, idempotency_key, key_created_at, billing_method_id, lease_token, lease_expires_at, next_attempt_at,
    created_at
  )
  select gen_random_uuid(), 'billing_delete',
    toss_private.idempotency_key('billing_delete', count(*), deleted.id::text), present, deleted.id,
    (request ->> 'leaseToken')::uuid,
    present + make_interval(secs => (request ->> 'leaseSeconds')::double precision), present, present
  from public.operations as op
  where op.billing_method_id = deleted.id and op.kind = 'billing_delete'
  returning * into operation;
  perform toss_private.write_event(jsonb_build_object(
    'event', 'billing_method_deleted', 'source', 'billing', 'from', deleted.status, 'to', 'deleted',
    'operationId', operation.id, 'requestId', request ->> 'requestId',
    'detail', jsonb_build_object('billingMethodId', deleted.id, 'subscriptionIds', asking)
  ));
  perform toss_private.write_outbox_event(jsonb_build_object(
    'eventType', 'billing_method.deleted', 'subject', deleted.id,
    'payload', jsonb_build_object(
      'billingMethodId', deleted.id, 'userId', deleted.user_id, 'subscriptionIds', asking, 'verified', true,
      'verifiedBy', coalesce(request ->> 'verifiedBy', 'request')
    )
  ));
  return operation;
end;
$$;

comment on function toss_private.begin_key_deletion(public.billing_methods, jsonb, jsonb) is
  'Writes the operation that deletes the key of a retired billing method at Toss, the audit line and the event. `asking`: the ids of the subscriptions that need another one. Keys of `request`: leaseToken, leaseSeconds, verifiedBy, requestId.';

create function public.begin_billing_delete(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  method public.billing_methods;
  operation public.operations;
begin
  select m.* into method from public.billing_methods as m
  where m.id = (request ->> 'billingMethodId')::uuid
    and m.user_id = coalesce((request ->> 'userId')::uuid, m.user_id);
  if not found then
    return jsonb_build_object('outcome', 'method_not_found');
  end if;
  perform toss_private.lock_user(method.user_id);
  -- No stronger lock than this: a charge that is begun share-locks its method through the foreign key.
  select m.* into method from public.billing_methods as m where m.id = method.id for no key update;
  if not exists (
    select 1 from toss_private.billing_keys as k where k.billing_method_id = method.id and k.ciphertext is not null
  ) then
    perform toss_private.retire_billing_method(method);
    return jsonb_build_object('outcome', 'deleted');
  end if;
  select * into operation from public.operations as op
  where op.billing_method_id = method.id and op.state in ('started', 'unknown')
  for no key update;
  if found then
    return toss_private.retake_operation(operation, request);
  end if;

  operation := toss_private.begin_key_deletion(method, toss_private.retire_billing_method(method), request);
  return jsonb_build_object('outcome', 'proceed', 'operation', toss_private.operation_view(operation));
end;
$$;

comment on function public.begin_billing_delete(jsonb) is
  'Marks a billing method as deleted and leases the operation that deletes its key at Toss. Keys: billingMethodId, userId (null: the shop itself), leaseToken, leaseSeconds, requestId. Outcomes: proceed, resolve, processing, deleted, method_not_found.';

create function public.finish_billing_delete(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  operation public.operations;
begin
  select * into operation from public.operations as op
  where op.id = (request ->> 'operationId')::uuid and op.kind = 'billing_delete'
  for no key update;
  if not found then
    return jsonb_build_object('outcome', 'operation_not_found');
  end if;
  if operation.state in ('started', 'unknown') then
    -- Gone is gone, whoever learned it.
    update public.operations as op
    set state = 'succeeded', finished_at = toss_private.clock_now(), is_final = true, error_code = null,
      error_message = null
    where op.id = operation.id;
    update toss_private.billing_keys as k set key_id = null, ciphertext = null
    where k.billing_method_id = operation.billing_method_id;
    perform toss_private.write_event(jsonb_build_object(
      'event', 'operation_finished', 'source', request ->> 'source', 'operationId', operation.id,
      'to', 'succeeded', 'requestId', request ->> 'requestId',
      'detail', jsonb_build_object('billingMethodId', operation.billing_method_id)
    ));
  end if;
  return jsonb_build_object('outcome', 'deleted');
end;
$$;

comment on function public.finish_billing_delete(jsonb) is
  'The key is gone at Toss: its ciphertext goes here too. Keys: operationId, source, requestId. Outcomes: deleted, operation_not_found.';
