-- Which of the shop's key pairs Toss is asked with.

create function toss_private.keys_of_operation(operation public.operations)
returns text
language plpgsql
stable
set search_path = ''
as $$
begin
  return case operation.kind
    when 'billing_issue' then (
      select i.toss_keys from toss_private.billing_issues as i where i.operation_id = operation.id
    )
    when 'billing_delete' then (
      select m.toss_keys from public.billing_methods as m where m.id = operation.billing_method_id
    )
    else (select o.toss_keys from public.orders as o where o.id = operation.order_id)
  end;
end;
$$;

comment on function toss_private.keys_of_operation(public.operations) is
  'The key pair that an operation asks Toss with: that of its order, of its card, or of the window that brought its authKey.';

create function toss_private.keys_of_event(event_order_id text, event_payment_key text)
returns text
language plpgsql
stable
set search_path = ''
as $$
begin
  -- A payment that is known has its order, whatever order the body names.
  return coalesce(
    (
      select o.toss_keys from public.payments as p
      join public.orders as o on o.id = p.order_id
      where p.payment_key = event_payment_key
    ),
    (select o.toss_keys from public.orders as o where o.id = event_order_id),
    'main'
  );
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
