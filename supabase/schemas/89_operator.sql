-- What the operator page asks for beyond rows: finding an order by what a person has of it, closing a difference.

create function toss_private.account_ids(address text)
returns uuid[]
language plpgsql
stable
set search_path = ''
as $$
begin
  if strpos(address, '@') = 0 or not toss_private.can_read_accounts() then
    return '{}';
  end if;
  return coalesce((select array_agg(u.id) from auth.users as u where u.email = lower(address)), '{}');
end;
$$;

comment on function toss_private.account_ids(text) is 'The users of auth.users with an e-mail address.';

create function public.search_orders(request jsonb)
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  wanted constant text := btrim(request ->> 'text');
  user_ids uuid[] := toss_private.account_ids(wanted);
  subscription_id uuid;
begin
  if toss_private.is_uuid(wanted) then
    subscription_id := wanted::uuid;
    user_ids := user_ids || subscription_id;
  end if;
  return jsonb_build_object('results', coalesce((
    select jsonb_agg(to_jsonb(r) order by r."createdAt" desc, r.id)
    from (
      (
        select 'subscription' as kind, s.id::text as id, p.name as title, s.status, s.amount, s.currency,
          s.created_at as "createdAt", null::text as reference
        from public.subscriptions as s
        join public.plans as p on p.id = s.plan_id
        where s.id = subscription_id or s.user_id = any (user_ids)
        order by s.created_at desc
        limit 20
      )
      union all
      (
        select 'order', o.id, o.order_name, o.status, o.amount, o.currency, o.created_at, o.reference
        from public.orders as o
        where o.id in (
          select named.id from public.orders as named where named.id = wanted
          union
          select referred.id from public.orders as referred where referred.reference = wanted
          union
          select p.order_id from public.payments as p where p.payment_key = wanted
          union
          select mailed.id from public.orders as mailed where lower(mailed.customer_email) = lower(wanted)
          union
          select owned.id from public.orders as owned where owned.user_id = any (user_ids)
        )
        order by o.created_at desc
        limit 20
      )
    ) as r
  ), '[]'));
end;
$$;

comment on function public.search_orders(jsonb) is
  'What is called so: orders by orderId, paymentKey, reference, or an e-mail address (the order''s or its buyer''s account), subscriptions by id; both by a user''s id. The last twenty of each, the newest first. Key: text.';

create function public.settle_difference(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  concerned public.reconciliation_differences;
begin
  select * into concerned from public.reconciliation_differences as d
  where d.id = (request ->> 'differenceId')::uuid
  for update;
  if not found then
    return jsonb_build_object('outcome', 'difference_not_found');
  end if;
  if concerned.resolution is not null then
    return jsonb_build_object('outcome', 'settled', 'resolution', concerned.resolution);
  end if;
  update public.reconciliation_differences as d
  set resolution = 'by_hand', resolved_at = toss_private.clock_now()
  where d.id = concerned.id;
  perform toss_private.write_event(jsonb_build_object(
    'event', 'difference_settled', 'source', 'operator', 'orderId', concerned.order_id,
    'paymentKey', concerned.payment_key, 'requestId', request ->> 'logRequestId',
    'detail', jsonb_build_object('differenceId', concerned.id, 'kind', concerned.kind)
  ));
  return jsonb_build_object('outcome', 'settled', 'resolution', 'by_hand');
end;
$$;

comment on function public.settle_difference(jsonb) is
  'A person says that a difference is dealt with; payments stay as they are, the audit log gets a line, and a later comparison that still finds it opens it anew. Keys: differenceId, logRequestId. Outcomes: settled (again for one that is settled), difference_not_found.';
