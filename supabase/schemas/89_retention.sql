-- What becomes too old: bodies of webhooks after days, what names a buyer after years.

create function toss_private.orders_past_retention(before timestamptz, at_most integer)
returns text[]
language plpgsql
volatile
set search_path = ''
as $$
begin
  return array(
    select o.id from public.orders as o
    where o.erased_at is null and o.created_at < before and o.updated_at < before
      and not exists (select 1 from toss_private.open_matters_of_orders(array[o.id]))
    order by o.created_at
    limit at_most
    -- Somebody is at work on it: the next run.
    for update skip locked
  );
end;
$$;

comment on function toss_private.orders_past_retention(timestamptz, integer) is
  'Orders that nothing has happened to since, with nothing open, oldest first; locked.';

create function toss_private.webhooks_past_retention(before timestamptz, at_most integer)
returns uuid[]
language plpgsql
volatile
set search_path = ''
as $$
begin
  return array(
    select e.id from public.webhook_events as e
    where e.erased_at is null and e.created_at < before and e.status not in ('received', 'processing', 'failed')
    order by e.created_at
    limit at_most
    for no key update skip locked
  );
end;
$$;

comment on function toss_private.webhooks_past_retention(timestamptz, integer) is
  'Events that are over and still have their bodies, oldest first; locked.';

create function public.apply_retention(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  present constant timestamptz := toss_private.clock_now();
  bodies_before constant timestamptz := present - make_interval(days => (request ->> 'webhookBodyDays')::integer);
  persons_before constant timestamptz := present - make_interval(years => (request ->> 'personalDataYears')::integer);
  at_most constant integer := coalesce((request ->> 'limit')::integer, 500);
  order_ids text[];
  event_ids uuid[];
  erased_bodies integer;
begin
  -- As whoever erases a person.
  perform pg_advisory_xact_lock(hashtextextended('erasure', 0));
  order_ids := toss_private.orders_past_retention(persons_before, at_most);
  event_ids := toss_private.webhooks_past_retention(bodies_before, at_most * 4);
  perform toss_private.erase_orders(order_ids, present);
  erased_bodies := toss_private.erase_webhook_events(event_ids, present);
  update public.billing_methods as m set card_number_masked = null, account_number_masked = null
  where m.deleted_at < persons_before and num_nonnulls(m.card_number_masked, m.account_number_masked) > 0;
  update public.subscription_consents as k set method_number = null
  where k.effective_at < persons_before and k.method_number is not null;
  return jsonb_build_object(
    'erasedOrders', cardinality(order_ids), 'erasedWebhookBodies', erased_bodies,
    -- A full slice says that there may be more; another run finds out.
    'remaining', case when cardinality(order_ids) = at_most or cardinality(event_ids) = at_most * 4 then 1 else 0 end
  );
end;
$$;

comment on function public.apply_retention(jsonb) is
  'Erases a slice of what is older than webhookBodyDays and personalDataYears: of orders up to `limit`, of webhooks four times as many. Rows of money stay. remaining: 1 when another run may find more.';
