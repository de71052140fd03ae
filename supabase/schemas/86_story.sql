-- One order's story: every row that tells of it, read at once, for `toss order` and the operator's page.

create function toss_private.is_uuid(candidate text)
returns boolean
language plpgsql
immutable
set search_path = ''
as $$
begin
  return candidate ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$';
end;
$$;

comment on function toss_private.is_uuid(text) is 'Whether a text may be cast to uuid as we write them.';

create function toss_private.find_row_order(row_id uuid)
returns text
language plpgsql
stable
set search_path = ''
as $$
begin
  return coalesce(
    (select op.order_id from public.operations as op where op.id = row_id),
    (select coalesce(e.order_id, (select p.order_id from public.payments as p where p.payment_key = e.payment_key))
      from public.webhook_events as e where e.id = row_id),
    (select w.order_id from public.withdrawals as w where w.id = row_id),
    (select n.order_id from public.notifications as n where n.id = row_id),
    (select c.order_id from public.subscription_charges as c where c.id = row_id)
  );
end;
$$;

comment on function toss_private.find_row_order(uuid) is
  'The order of an operation, a webhook, a withdrawal, a notice or a charge: what alerts name as their subject.';

create function toss_private.find_story_order(asked text)
returns text
language plpgsql
stable
set search_path = ''
as $$
declare
  found_id text;
begin
  select o.id into found_id from public.orders as o
  where o.id = asked or o.reference = asked
  order by o.id = asked desc limit 1;
  found_id := coalesce(
    found_id,
    (select p.order_id from public.payments as p where p.payment_key = asked),
    -- What Toss has and payments lack.
    (select op.order_id from public.operations as op where op.payment_key = asked order by op.created_at desc limit 1),
    (select d.order_id from public.reconciliation_differences as d where d.payment_key = asked
      order by d.created_at desc limit 1),
    (select e.order_id from public.webhook_events as e where e.payment_key = asked order by e.created_at desc limit 1),
    (select p.order_id from public.payment_cancels as k join public.payments as p on p.payment_key = k.payment_key
      where k.transaction_key = asked)
  );
  if found_id is null and toss_private.is_uuid(asked) then
    found_id := toss_private.find_row_order(asked::uuid);
  end if;
  -- A webhook may name an order that is not ours.
  return (select o.id from public.orders as o where o.id = found_id);
end;
$$;

comment on function toss_private.find_story_order(text) is
  'The order that an id means: an orderId, the shop''s reference, a paymentKey, a transactionKey of a cancel, or the id of a row about it.';

create function toss_private.find_story_subscription(asked text)
returns uuid
language plpgsql
stable
set search_path = ''
as $$
begin
  if not toss_private.is_uuid(asked) then
    return null;
  end if;
  return coalesce(
    (select s.id from public.subscriptions as s where s.id = asked::uuid),
    (select n.subscription_id from public.notifications as n where n.id = asked::uuid and n.order_id is null)
  );
end;
$$;

comment on function toss_private.find_story_subscription(text) is 'The subscription that an id means; null when it means none.';

create function toss_private.tell_payments(order_ids text[])
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select coalesce(jsonb_agg(jsonb_build_object(
      'paymentKey', p.payment_key, 'orderId', p.order_id, 'status', p.status, 'method', p.method,
      'totalAmount', p.total_amount, 'balanceAmount', p.balance_amount, 'reservedAmount', p.reserved_amount,
      'currency', p.currency, 'requestedAt', p.requested_at, 'approvedAt', p.approved_at, 'canceledAt', p.canceled_at,
      'failureCode', p.failure_code, 'failureMessage', p.failure_message, 'receiptUrl', p.receipt_url,
      'paysOrder', coalesce(o.payment_key = p.payment_key, false),
      'dueAt', d.virtual_account ->> 'dueDate', 'refundStatus', d.virtual_account ->> 'refundStatus',
      'isVirtualAccount', p.method = '가상계좌',
      'createdAt', p.created_at, 'askedAt', greatest(p.applied_at, p.checked_at),
      'cancels', (
        select coalesce(jsonb_agg(jsonb_build_object(
          'transactionKey', k.transaction_key, 'amount', k.amount, 'status', k.status, 'canceledAt', k.canceled_at,
          'reason', k.reason,
          'isOurs', exists (select 1 from public.operations as op where op.canceled_transaction_key = k.transaction_key),
          'createdAt', k.created_at
        ) order by k.canceled_at, k.created_at), '[]')
        from public.payment_cancels as k where k.payment_key = p.payment_key
      )
    ) order by p.created_at), '[]')
    from public.payments as p
    join public.orders as o on o.id = p.order_id
    left join toss_private.payment_details as d on d.payment_key = p.payment_key
    where p.order_id = any(order_ids)
  );
end;
$$;

comment on function toss_private.tell_payments(text[]) is
  'Payments of orders with their cancels; of a virtual account only its deadline and how a transfer back to the buyer stands.';

create function toss_private.tell_operations(order_ids text[], told_subscription uuid)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select coalesce(jsonb_agg(jsonb_build_object(
      'id', op.id, 'kind', op.kind, 'state', op.state, 'orderId', op.order_id, 'paymentKey', op.payment_key,
      'amount', op.amount, 'errorCode', op.error_code, 'errorMessage', op.error_message, 'isFinal', op.is_final,
      'attempts', op.attempts, 'isQueued', op.is_queued, 'requestId', op.request_id, 'requestedBy', op.requested_by,
      'reason', op.reason, 'cancelAll', op.cancel_all, 'taxFreeAmount', op.tax_free_amount,
      'createdAt', op.created_at, 'finishedAt', op.finished_at,
      'nextAt', greatest(op.next_attempt_at, op.lease_expires_at), 'leaseExpiresAt', op.lease_expires_at
    ) order by op.created_at), '[]')
    from public.operations as op
    where op.order_id = any(order_ids)
      or op.charge_id in (select c.id from public.subscription_charges as c where c.subscription_id = told_subscription)
  );
end;
$$;

comment on function toss_private.tell_operations(text[], uuid) is 'What was asked of Toss about orders or a subscription, and how it ended.';

create function toss_private.tell_subscription(told_id uuid)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select jsonb_build_object(
      'id', s.id, 'status', s.status, 'planId', s.plan_id, 'amount', s.amount, 'currency', s.currency,
      'currentPeriodStart', s.current_period_start, 'currentPeriodEnd', s.current_period_end,
      'nextChargeAt', s.next_charge_at, 'cancelAtPeriodEnd', s.cancel_at_period_end,
      'needsPaymentMethod', s.needs_payment_method, 'accessEndsAt', s.access_ends_at,
      'canceledAt', s.canceled_at, 'endedAt', s.ended_at, 'endReason', s.end_reason, 'createdAt', s.created_at,
      'charges', (
        select coalesce(jsonb_agg(jsonb_build_object(
          'id', c.id, 'kind', c.kind, 'status', c.status, 'amount', c.amount, 'attempt', c.attempt,
          'periodStart', c.period_start, 'periodEnd', c.period_end, 'orderId', c.order_id,
          'nextAttemptAt', c.next_attempt_at, 'failureCode', c.failure_code, 'failureClass', c.failure_class,
          'paidAt', c.paid_at, 'createdAt', c.created_at
        ) order by c.created_at), '[]')
        from (
          select last.* from public.subscription_charges as last where last.subscription_id = s.id
          order by last.created_at desc limit 24
        ) as c
      )
    )
    from public.subscriptions as s where s.id = told_id
  );
end;
$$;

comment on function toss_private.tell_subscription(uuid) is 'A subscription with its last 24 charges; null for null.';
