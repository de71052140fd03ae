-- An operator wants Toss asked now, about everything that is open or in doubt around one order.

create function toss_private.ask_about_payments(order_ids text[], at timestamptz)
returns integer
language plpgsql
volatile
set search_path = ''
as $$
declare
  asked integer;
begin
  -- As Toss's own word that something changed: a hint, which the worker proves by asking.
  insert into public.webhook_events as e (
    dedupe_key, event_type, order_id, payment_key, payload, next_attempt_at, received_at, created_at
  )
  select 'operator:' || gen_random_uuid(), 'PAYMENT_STATUS_CHANGED', k.order_id, k.payment_key,
    jsonb_build_object('note', 'an operator wants Toss asked', 'eventType', 'PAYMENT_STATUS_CHANGED'), at, at, at
  from (
    select p.order_id, p.payment_key from public.payments as p where p.order_id = any(order_ids)
    union
    select op.order_id, op.payment_key from public.operations as op
    where op.order_id = any(order_ids) and op.kind = 'confirm' and op.payment_key is not null
    union
    select d.order_id, d.payment_key from public.reconciliation_differences as d
    where d.order_id = any(order_ids) and d.resolved_at is null
    union
    select o.id, null from public.orders as o
    where o.id = any(order_ids) and o.amount > 0
      and not exists (select 1 from public.payments as p where p.order_id = o.id)
  ) as k
  -- One that waits asks as well.
  where not exists (
    select 1 from public.webhook_events as w
    where w.subject = coalesce(k.payment_key, k.order_id) and w.status in ('received', 'processing') and w.asks_toss
  );
  get diagnostics asked = row_count;
  return asked;
end;
$$;

comment on function toss_private.ask_about_payments(text[], timestamptz) is
  'Writes an event for each payment of these orders about which none waits, also those that Toss alone knows, so that the job webhooks asks Toss.';

create function public.look_again(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  present constant timestamptz := toss_private.clock_now();
  told_subscription constant uuid := toss_private.find_story_subscription(request ->> 'id');
  order_ids text[];
  hastened integer;
  revived integer;
begin
  order_ids := case when told_subscription is null
    then array_remove(array[toss_private.find_story_order(request ->> 'id')], null)
    else array(
      select o.id from public.orders as o join public.subscription_charges as c on c.id = o.subscription_charge_id
      where c.subscription_id = told_subscription order by o.created_at desc limit 5
    ) end;
  if order_ids = '{}' and told_subscription is null then
    return jsonb_build_object('outcome', 'not_found');
  end if;
  -- Who holds a lease may be asking at this moment; a lease is never cut short.
  update public.operations as op set next_attempt_at = present
  where op.id in (
    select open.id from public.operations as open
    where open.order_id = any(order_ids) and open.state in ('started', 'unknown') and open.next_attempt_at > present
    for update skip locked
  );
  get diagnostics hastened = row_count;
  update public.webhook_events as e
  set status = 'received', attempts = 0, next_attempt_at = present, received_at = present, processed_at = null,
    last_error = null
  where e.id in (
    select w.id from public.webhook_events as w
    where w.status in ('received', 'failed', 'dead')
      and (w.order_id = any(order_ids)
        or w.payment_key in (select p.payment_key from public.payments as p where p.order_id = any(order_ids)))
    for update skip locked
  );
  get diagnostics revived = row_count;
  return jsonb_build_object(
    'outcome', 'asked', 'operations', hastened, 'events', revived,
    'questions', toss_private.ask_about_payments(order_ids, present)
  );
end;
$$;

comment on function public.look_again(jsonb) is
  'Makes everything due now that asks Toss about an order, or a subscription''s last five: open operations whose lease is over, events that wait or were given up, and a question about each payment. Key: id, as in public.read_story. The jobs webhooks and operations do the asking. Outcomes: asked, not_found.';
