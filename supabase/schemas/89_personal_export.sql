-- Everything that is known of one person, for that person.

create function toss_private.shown_rows(given jsonb)
returns jsonb
language plpgsql
immutable
set search_path = ''
as $$
begin
  -- What only our machinery reads, or what could be used to act as somebody else.
  return (
    select coalesce(jsonb_agg(r.value - array[
      'lease_token', 'lease_expires_at', 'leased_at', 'idempotency_key', 'key_generation', 'key_created_at',
      'request_digest', 'dedupe_key', 'next_attempt_at', 'key_id', 'ciphertext', 'stream', 'sequence', 'event_sequence',
      'toss_client_key', 'secret_digest'
    ] order by r.ordinality), '[]')
    from jsonb_array_elements(given) with ordinality as r
  );
end;
$$;

comment on function toss_private.shown_rows(jsonb) is 'Rows as the person they are about is given them.';

create function public.export_person(request jsonb)
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  person_id constant uuid := (request ->> 'userId')::uuid;
  order_ids constant text[] := toss_private.orders_of_person(request);
  keys constant text[] := array(select p.payment_key from public.payments as p where p.order_id = any (order_ids));
  owner_id uuid;
begin
  if person_id is null then
    select o.user_id into owner_id from public.orders as o where o.id = request ->> 'orderId';
    if not found then
      return jsonb_build_object('outcome', 'not_found');
    elsif owner_id is not null then
      return jsonb_build_object('outcome', 'order_of_user', 'userId', owner_id);
    end if;
  elsif cardinality(order_ids) = 0 and not exists (select 1 from public.customers as c where c.user_id = person_id) then
    return jsonb_build_object('outcome', 'not_found');
  end if;
  return jsonb_build_object('outcome', 'exported', 'data', jsonb_build_object(
    'exportedAt', toss_private.clock_now(),
    'userId', person_id,
    'customers', (
      select toss_private.shown_rows(coalesce(jsonb_agg(to_jsonb(c)), '[]'))
      from public.customers as c where c.user_id = person_id
    ),
    'orders', (
      select toss_private.shown_rows(coalesce(jsonb_agg(to_jsonb(o) order by o.created_at), '[]'))
      from public.orders as o where o.id = any (order_ids)
    ),
    'order_items', (
      select coalesce(jsonb_agg(to_jsonb(i) order by i.order_id, i.position), '[]')
      from public.order_items as i where i.order_id = any (order_ids)
    ),
    'order_adjustments', (
      select coalesce(jsonb_agg(to_jsonb(a) order by a.order_id, a.position), '[]')
      from public.order_adjustments as a where a.order_id = any (order_ids)
    ),
    'payments', (
      select coalesce(jsonb_agg(to_jsonb(p) order by p.created_at), '[]')
      from public.payments as p where p.payment_key = any (keys)
    ),
    'payment_cancels', (
      select coalesce(jsonb_agg(to_jsonb(k) order by k.created_at), '[]')
      from public.payment_cancels as k where k.payment_key = any (keys)
    ),
    'virtual_accounts', (
      select toss_private.shown_rows(coalesce(jsonb_agg(to_jsonb(d)), '[]'))
      from toss_private.payment_details as d where d.payment_key = any (keys) and d.virtual_account is not null
    ),
    'cash_receipts', (
      select coalesce(jsonb_agg(to_jsonb(r) order by r.id), '[]')
      from public.cash_receipts as r where r.order_id = any (order_ids)
    ),
    'withdrawals', (
      select coalesce(jsonb_agg(to_jsonb(w) order by w.requested_at), '[]')
      from public.withdrawals as w where w.order_id = any (order_ids)
    ),
    'operations', (
      select toss_private.shown_rows(coalesce(jsonb_agg(to_jsonb(op) order by op.created_at), '[]')) from public.operations as op
      where op.order_id = any (order_ids)
        or op.id in (select i.operation_id from toss_private.billing_issues as i where i.user_id = person_id)
        or op.billing_method_id in (select m.id from public.billing_methods as m where m.user_id = person_id)
    ),
    'payment_events', (
      select coalesce(jsonb_agg(to_jsonb(v) order by v.id), '[]') from public.payment_events as v
      where v.order_id = any (order_ids)
        or v.subscription_id in (select s.id from public.subscriptions as s where s.user_id = person_id)
    ),
    'outbox_events', (
      select toss_private.shown_rows(coalesce(jsonb_agg(to_jsonb(e) order by e.sequence), '[]')) from public.outbox_events as e
      where e.subject = any (order_ids || keys) or (person_id is not null and e.payload ->> 'userId' = person_id::text)
    ),
    'webhook_events', (
      select toss_private.shown_rows(coalesce(jsonb_agg(to_jsonb(e) order by e.created_at), '[]')) from public.webhook_events as e
      where e.order_id = any (order_ids) or e.payment_key = any (keys) or e.id in (
        select b.webhook_event_id
        from toss_private.webhook_bodies as b
        join toss_private.billing_keys as k on k.key_digest = b.billing_key_digest
        join public.billing_methods as m on m.id = k.billing_method_id
        where m.user_id = person_id
      )
    ),
    'notifications', (
      select toss_private.shown_rows(coalesce(jsonb_agg(to_jsonb(n) || coalesce(to_jsonb(k), '{}') order by n.created_at), '[]'))
      from public.notifications as n
      left join toss_private.notification_contents as k on k.notification_id = n.id
      where n.order_id = any (order_ids) or n.user_id = person_id
    ),
    'billing_methods', (
      select toss_private.shown_rows(coalesce(jsonb_agg(to_jsonb(m) order by m.created_at), '[]'))
      from public.billing_methods as m where m.user_id = person_id
    ),
    'subscriptions', (
      select coalesce(jsonb_agg(to_jsonb(s) order by s.created_at), '[]')
      from public.subscriptions as s where s.user_id = person_id
    ),
    'subscription_charges', (
      select coalesce(jsonb_agg(to_jsonb(c) order by c.created_at), '[]')
      from public.subscription_charges as c where c.user_id = person_id
    ),
    'subscription_consents', (
      select coalesce(jsonb_agg(to_jsonb(c) order by c.asked_at), '[]')
      from public.subscription_consents as c where c.user_id = person_id
    ),
    'entitlements', (
      select coalesce(jsonb_agg(to_jsonb(e) order by e.created_at), '[]')
      from public.entitlements as e where e.user_id = person_id
    ),
    'shown_terms', (
      select coalesce(jsonb_agg(to_jsonb(t) order by t.shown_at), '[]')
      from toss_private.shown_terms as t where t.user_id = person_id
    ),
    'card_attempts', (
      select coalesce(jsonb_agg(to_jsonb(a) order by a.id), '[]')
      from toss_private.card_attempts as a where a.user_id = person_id
    )
  ));
end;
$$;

comment on function public.export_person(jsonb) is
  'Every row about a user (userId) or a guest''s order (orderId), by table, without secrets. Outcomes: exported (with `data`), not_found, order_of_user (with its userId).';
