-- A withdrawal is decided, and accepted it is paid back.

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
  ) and w.status = 'accepted' and w.refund_operation_id is null
  returning * into concerned;
  if found then
    perform toss_private.write_event(jsonb_build_object(
      'event', 'withdrawal_reopened', 'source', 'withdrawal', 'orderId', new.id, 'from', 'accepted', 'to', 'requested',
      'detail', jsonb_build_object('withdrawalId', concerned.id)
    ));
  end if;
  return null;
end;
$$;

comment on function toss_private.follow_refunded_order() is
  'Trigger: an order was refunded by another way (the dashboard, POST cancel), so an open withdrawal has what it asked for.';

create trigger orders_follow_refund
  after update of status on public.orders
  for each row when (old.status is distinct from new.status and 'refunded' in (old.status, new.status))
  execute function toss_private.follow_refunded_order();
