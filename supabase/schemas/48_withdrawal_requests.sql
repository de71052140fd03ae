-- A withdrawal is asked for; what was used is said.

create function toss_private.requested_view(concerned public.withdrawals)
returns jsonb
language plpgsql
immutable
set search_path = ''
as $$
begin
  -- What the first answer said, also when it was decided since: whoever repeats a request gets the same.
  return jsonb_build_object('outcome', 'requested', 'withdrawalId', concerned.id, 'dueAt', concerned.due_at);
end;
$$;

comment on function toss_private.requested_view(public.withdrawals) is 'What asking for a withdrawal answers.';

create function toss_private.open_withdrawal(asked_order_id text)
returns public.withdrawals
language plpgsql
stable
set search_path = ''
as $$
declare
  found_withdrawal public.withdrawals;
begin
  select w.* into found_withdrawal
  from public.withdrawals as w
  left join public.operations as op on op.id = w.refund_operation_id
  where w.order_id = asked_order_id
    -- Accepted, and its money has not gone back yet: there is nothing else to ask for.
    and (w.status = 'requested' or (w.status = 'accepted' and op.state <> 'succeeded'))
  order by w.requested_at desc
  limit 1;
  return found_withdrawal;
end;
$$;

comment on function toss_private.open_withdrawal(text) is
  'The withdrawal of an order that waits for its decision or its refund; null when none does.';

create function public.request_withdrawal(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  present timestamptz;
  concerned public.orders;
  payment public.payments;
  excluded jsonb;
  made public.withdrawals;
begin
  select * into concerned from public.orders as o where o.id = request ->> 'orderId' for update;
  -- Whether an order exists that is not the caller's is none of the caller's business.
  if not found or (
    request ->> 'requestedBy' <> 'operator' and concerned.user_id::text is distinct from request ->> 'requestedBy'
  ) then
    return jsonb_build_object('outcome', 'order_not_found');
  end if;
  select * into made from public.withdrawals as w
  where w.order_id = concerned.id and w.request_id = request ->> 'requestId';
  if found then
    return case when made.reason in (request ->> 'reason', '[erased]') then toss_private.requested_view(made)
      else jsonb_build_object('outcome', 'request_differs') end;
  end if;
  made := toss_private.open_withdrawal(concerned.id);
  if made.id is not null then
    return toss_private.requested_view(made) || jsonb_build_object('outcome', 'known');
  end if;

  select * into payment from public.payments as p where p.payment_key = concerned.payment_key;
  if concerned.status not in ('paid', 'partially_refunded')
    or coalesce(payment.balance_amount - payment.reserved_amount, 0) < 1
  then
    return jsonb_build_object('outcome', 'nothing_to_withdraw', 'status', concerned.status);
  end if;
  excluded := toss_private.excluded_lines(concerned.id);
  if jsonb_array_length(excluded) > 0
    and jsonb_array_length(excluded) = (select count(*) from public.order_items as i where i.order_id = concerned.id)
  then
    return jsonb_build_object('outcome', 'excluded', 'products', excluded);
  end if;

  present := toss_private.clock_now();
  insert into public.withdrawals (
    id, order_id, user_id, request_id, reason, requested_at, due_at, period_ends_at
  ) values (
    -- Follows from the question: asked again after a restore, it is the same one, and so is its refund.
    toss_private.derived_id('withdrawal', concerned.id, request ->> 'requestId'), concerned.id, concerned.user_id,
    request ->> 'requestId', request ->> 'reason', present, toss_private.withdrawal_due_at(present),
    toss_private.withdrawal_period_end(coalesce(payment.approved_at, payment.created_at))
  )
  returning * into made;
  perform toss_private.write_event(jsonb_build_object(
    'event', 'withdrawal_requested', 'source', 'withdrawal', 'orderId', concerned.id,
    'paymentKey', payment.payment_key, 'amount', payment.balance_amount, 'requestId', request ->> 'logRequestId',
    'detail', jsonb_build_object('withdrawalId', made.id, 'requestedBy', request ->> 'requestedBy')
  ));
  perform toss_private.tell_of_withdrawal('withdrawal.requested', made, jsonb_build_object(
    'amount', payment.balance_amount, 'currency', payment.currency, 'dueAt', made.due_at,
    'periodEndsAt', made.period_ends_at, 'excludedProducts', excluded
  ));
  return toss_private.requested_view(made);
end;
$$;

comment on function public.request_withdrawal(jsonb) is
  'Writes down that a buyer wants to give an order back. Keys: orderId, reason, requestId, requestedBy (operator, or the user''s id), logRequestId. Outcomes: requested (again for the same requestId), known (another request of the order is open), request_differs, order_not_found, nothing_to_withdraw, excluded.';

create function public.mark_used(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  used jsonb;
begin
  -- A request that is under way sees the mark or comes before it.
  perform 1 from public.orders as o where o.id = request ->> 'orderId' for update;
  if not found then
    return jsonb_build_object('outcome', 'order_not_found');
  end if;
  with marked as (
    update public.order_items as i set used_at = coalesce(i.used_at, toss_private.clock_now())
    where i.order_id = request ->> 'orderId' and (not request ? 'productId' or i.product_id = request ->> 'productId')
    returning i.position, i.product_id, i.name, i.used_at
  )
  select jsonb_agg(
    jsonb_build_object('productId', m.product_id, 'name', m.name, 'usedAt', m.used_at) order by m.position
  ) into used
  from marked as m;
  return case when used is null then jsonb_build_object('outcome', 'product_not_found')
    else jsonb_build_object('outcome', 'used', 'items', used) end;
end;
$$;

comment on function public.mark_used(jsonb) is
  'The shop says that what an order sold was used (downloaded, redeemed, begun); the first time counts. Keys: orderId, productId (absent: every line). Outcomes: used, order_not_found, product_not_found.';
