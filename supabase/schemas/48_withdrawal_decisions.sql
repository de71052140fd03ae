-- A withdrawal is asked for, decided and paid back.

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
    return case when made.reason = request ->> 'reason' then toss_private.requested_view(made)
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

create function toss_private.record_decision(
  concerned public.withdrawals, new_status text, refund_id uuid, request jsonb
)
returns void
language plpgsql
set search_path = ''
as $$
declare
  decided public.withdrawals;
begin
  update public.withdrawals as w
  set status = new_status, refund_operation_id = refund_id,
    decided_at = coalesce(w.decided_at, toss_private.clock_now()),
    decision_reason = coalesce(w.decision_reason, request ->> 'reason')
  where w.id = concerned.id
  returning * into decided;
  if concerned.status = new_status then
    return;
  end if;
  perform toss_private.write_event(jsonb_build_object(
    'event', 'withdrawal_decided', 'source', 'withdrawal', 'orderId', decided.order_id, 'operationId', refund_id,
    'from', concerned.status, 'to', new_status, 'requestId', request ->> 'logRequestId',
    'detail', jsonb_build_object('withdrawalId', decided.id)
  ));
  perform toss_private.tell_of_withdrawal(
    'withdrawal.decided', decided, jsonb_build_object('decidedAt', decided.decided_at)
  );
end;
$$;

comment on function toss_private.record_decision(public.withdrawals, text, uuid, jsonb) is
  'Writes a decision, its audit line and its event; the caller holds the order. A refund that is begun anew decides nothing.';

create function toss_private.accept_withdrawal(concerned public.withdrawals, order_payment_key text, request jsonb)
returns jsonb
language plpgsql
volatile
set search_path = ''
as $$
declare
  -- What Toss is told: the same whenever it is asked, so that a restored database finds its own refund again.
  told constant text := 'withdrawal ' || concerned.id;
  first_request_id constant text := 'withdrawal-' || concerned.id;
  cancel jsonb := request - array['withdrawalId', 'action', 'reason', 'namesRefund'];
  answer jsonb;
  refund public.operations;
begin
  select * into refund from public.operations as op where op.id = concerned.refund_operation_id for update;
  if found and refund.state <> 'rejected' then
    return toss_private.continue_cancel(
      refund, case when (request ->> 'namesRefund')::boolean then request else request - 'requestDigests' end,
      toss_private.clock_now()
    );
  end if;
  if concerned.status = 'accepted'
    and (select p.balance_amount from public.payments as p where p.payment_key = order_payment_key) = 0
  then
    return jsonb_build_object('outcome', 'succeeded', 'cancel', toss_private.cancel_view(order_payment_key));
  end if;
  if not request ? 'cancelAmount' and toss_private.excluded_lines(concerned.order_id) <> '[]' then
    return jsonb_build_object(
      'outcome', 'amount_required', 'products', toss_private.excluded_lines(concerned.order_id)
    );
  end if;

  cancel := cancel || jsonb_build_object(
    'orderId', concerned.order_id, 'cancelReason', told, 'requestedBy', 'operator',
    'requestId', (
      select first_request_id || case when count(*) > 0 then '-' || count(*) + 1 else '' end
      from public.operations as op
      where op.payment_key = order_payment_key and op.kind = 'cancel' and starts_with(op.request_id, first_request_id)
    )
  );
  answer := public.begin_cancel(cancel);
  select * into refund from public.operations as op
  where op.payment_key = order_payment_key and op.kind = 'cancel' and op.request_id = cancel ->> 'requestId';
  if found then
    perform toss_private.record_decision(concerned, 'accepted', refund.id, request);
  end if;
  return answer;
end;
$$;

comment on function toss_private.accept_withdrawal(public.withdrawals, text, jsonb) is
  'Accepts a withdrawal and begins its refund in the same transaction, or goes on with it; one that Toss refused is begun anew. Nothing is decided where no refund can begin.';

create function public.decide_withdrawal(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  wanted constant text := case request ->> 'action' when 'accept' then 'accepted' else 'refused' end;
  concerned_order public.orders;
  concerned public.withdrawals;
begin
  perform toss_private.require_real_time(request ->> 'mode');
  select o.* into concerned_order
  from public.orders as o
  join public.withdrawals as w on w.order_id = o.id
  where w.id = (request ->> 'withdrawalId')::uuid
  for update of o;
  if not found then
    return jsonb_build_object('outcome', 'withdrawal_not_found');
  end if;
  select * into concerned from public.withdrawals as w where w.id = (request ->> 'withdrawalId')::uuid for update;
  if concerned.status not in ('requested', wanted) then
    return jsonb_build_object('outcome', 'already_decided', 'status', concerned.status);
  end if;
  if wanted = 'accepted' then
    return toss_private.accept_withdrawal(concerned, concerned_order.payment_key, request);
  end if;
  if concerned.status = 'requested' then
    perform toss_private.record_decision(concerned, 'refused', null, request);
  end if;
  return jsonb_build_object('outcome', 'refused', 'withdrawalId', concerned.id);
end;
$$;

comment on function public.decide_withdrawal(jsonb) is
  'The shop''s decision about a withdrawal. Keys: withdrawalId, action (accept, refuse), reason, namesRefund (whether the request says an amount or account), and for the refund those of begin_cancel. Outcomes: those of begin_cancel, refused, withdrawal_not_found, already_decided, amount_required (lines of the order are excluded: the shop says how much goes back).';

create function toss_private.follow_refunded_order()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  concerned public.withdrawals;
begin
  if new.status = 'refunded' then
    select * into concerned from public.withdrawals as w
    where w.order_id = new.id and w.status = 'requested'
    for update;
    if found then
      perform toss_private.record_decision(concerned, 'accepted', null, '{}');
    end if;
    return null;
  end if;
  -- A foreign wallet ended the refund without giving anything back, so nothing was decided after all.
  update public.withdrawals as w set status = 'requested', decided_at = null
  where w.id = (
    select latest.id from public.withdrawals as latest where latest.order_id = new.id
    order by latest.requested_at desc limit 1
  ) and w.status = 'accepted' and w.refund_operation_id is null;
  return null;
end;
$$;

comment on function toss_private.follow_refunded_order() is
  'Trigger: an order was refunded by another way (the dashboard, POST cancel), so an open withdrawal has what it asked for.';

create trigger orders_follow_refund
  after update of status on public.orders
  for each row when (old.status is distinct from new.status and 'refunded' in (old.status, new.status))
  execute function toss_private.follow_refunded_order();

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
