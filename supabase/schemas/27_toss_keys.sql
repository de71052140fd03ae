-- Which of the shop's key pairs Toss is asked with.

create function toss_private.keys_of_operation(operation public.operations)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return case operation.kind
    when 'billing_issue' then (
      select jsonb_build_object('tossKeys', i.toss_keys, 'tossClientKey', i.toss_client_key)
      from toss_private.billing_issues as i where i.operation_id = operation.id
    )
    when 'billing_delete' then (
      select jsonb_build_object('tossKeys', m.toss_keys, 'tossClientKey', m.toss_client_key)
      from public.billing_methods as m where m.id = operation.billing_method_id
    )
    else (
      select jsonb_build_object('tossKeys', o.toss_keys, 'tossClientKey', o.toss_client_key)
      from public.orders as o where o.id = operation.order_id
    )
  end;
end;
$$;

comment on function toss_private.keys_of_operation(public.operations) is
  'The key pair that an operation asks Toss with: that of its order, of its card, or of the window that brought its authKey.';

create function toss_private.keys_of_event(event_order_id text, event_payment_key text)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  -- A payment that is known has its order, whatever order the body names.
  return coalesce((
    select jsonb_build_object('tossKeys', o.toss_keys, 'tossClientKey', o.toss_client_key)
    from public.orders as o
    where o.id = coalesce(
      (select p.order_id from public.payments as p where p.payment_key = event_payment_key), event_order_id
    )
  ), '{"tossKeys": "main", "tossClientKey": null}');
end;
$$;

comment on function toss_private.keys_of_event(text, text) is
  'The key pair with which Toss is asked about an event: that of its order, whichever merchant id sent it.';

create function toss_private.has_payment_begun(paid_order_id text)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return exists (select 1 from public.payments as p where p.order_id = paid_order_id)
    or exists (select 1 from public.operations as op where op.order_id = paid_order_id);
end;
$$;

comment on function toss_private.has_payment_begun(text) is
  'Whether Toss was asked for a payment of an order, or has told of one, so that its key pair must stay.';

create function public.find_known_payment(request jsonb)
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
  -- Asked only after the variables of a pair were changed, so it may search.
  return jsonb_build_object('paymentKey', (
    select p.payment_key
    from public.payments as p
    join public.orders as o on o.id = p.order_id
    where o.toss_keys = request ->> 'tossKeys' and o.toss_client_key = request ->> 'tossClientKey'
      and p.approved_at is not null
    order by p.approved_at desc
    limit 1
  ));
end;
$$;

comment on function public.find_known_payment(jsonb) is
  'The last payment that Toss approved under a key pair with a client key (tossKeys, tossClientKey), by which a caller finds out whether the pair that is set now opens the same merchant id; paymentKey is null when there is none.';

create function toss_private.toss_keys_in_use()
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select coalesce(jsonb_agg(k.name order by k.name), '[]')
    from (values ('main'), ('widget'), ('billing')) as k (name)
    where exists (
      select 1 from public.orders as o
      where o.status in ('pending', 'waiting_for_deposit') and o.toss_keys = k.name
        and (o.status = 'waiting_for_deposit' or o.expires_at > toss_private.clock_now()
          or toss_private.order_is_busy(o.id))
    ) or exists (
      select 1 from public.billing_methods as m where m.status = 'active' and m.toss_keys = k.name
    )
  );
end;
$$;

comment on function toss_private.toss_keys_in_use() is
  'The key pairs that something open needs: an order that can still be paid, or a card that is charged.';
