-- Purpose: what events do that no question to Toss can settle: a deleted billing key, a report about a payout.
-- Functions: public.apply_billing_key_event, public.record_webhook_event.

create function public.apply_billing_key_event(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  present constant timestamptz := private.clock_now();
  event_id constant uuid := (request ->> 'eventId')::uuid;
  method public.billing_methods;
  asking jsonb;
begin
  -- Toss has no way to ask for a billing key. Whoever names it holds what lets one charge the card, which only
  -- Toss and we do; that is the proof.
  select m.* into method
  from private.webhook_bodies as b
  join private.billing_keys as k on k.key_digest = b.billing_key_digest
  join public.billing_methods as m on m.id = k.billing_method_id
  where b.webhook_event_id = event_id
  for update of m;
  if not found then
    return jsonb_build_object('outcome', 'unknown_key');
  end if;
  -- Nothing brings a deleted key back, so an issue that is reported late changes nothing.
  if request ->> 'change' <> 'deleted' or method.status = 'deleted' then
    return jsonb_build_object('outcome', 'unchanged');
  end if;

  update public.billing_methods set status = 'deleted', deleted_at = present where id = method.id;
  with marked as (
    update public.subscriptions as s
    set needs_payment_method = true
    where s.billing_method_id = method.id and s.user_id = method.user_id and s.status <> 'canceled'
    returning s.id
  )
  select coalesce(jsonb_agg(marked.id), '[]') into asking from marked;

  perform private.write_event(jsonb_build_object(
    'event', 'billing_method_deleted', 'source', 'webhook', 'from', 'active', 'to', 'deleted',
    'requestId', request ->> 'requestId',
    'detail', jsonb_build_object('billingMethodId', method.id, 'subscriptionIds', asking)
  ));
  perform private.write_outbox_event(jsonb_build_object(
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
  'Marks the billing method whose key an event names as deleted and its live subscriptions as in need of another. Keys: eventId, change (deleted, issued), requestId. Outcomes: deleted, unchanged, unknown_key.';
revoke execute on function public.apply_billing_key_event(jsonb) from public, anon, authenticated;
grant execute on function public.apply_billing_key_event(jsonb) to service_role;

create function public.record_webhook_event(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  event public.webhook_events;
  is_new boolean;
begin
  select * into event from public.webhook_events as e where e.id = (request ->> 'eventId')::uuid;
  if not found then
    return jsonb_build_object('outcome', 'event_not_found');
  end if;
  is_new := private.write_outbox_event(jsonb_build_object(
    'eventType', event.event_type,
    'subject', coalesce(event.entity_id, event.payment_key, event.order_id, event.transmission_id, event.id::text),
    'webhookEventId', event.id,
    'payload', jsonb_build_object(
      'verified', event.verified_by is not null, 'verifiedBy', event.verified_by,
      'receivedAt', event.created_at, 'body', event.payload
    )
  ));
  return jsonb_build_object('outcome', case when is_new then 'recorded' else 'unchanged' end);
end;
$$;

comment on function public.record_webhook_event(jsonb) is
  'Hands an event that changes nothing here on to other systems; once, however often it is called. Key: eventId. Outcomes: recorded, unchanged, event_not_found.';
revoke execute on function public.record_webhook_event(jsonb) from public, anon, authenticated;
grant execute on function public.record_webhook_event(jsonb) to service_role;
