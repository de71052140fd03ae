-- What must never be true of payments and refunds.

create function toss_private.payment_violations()
returns table (invariant text, subject text, detail text)
language plpgsql
stable
set search_path = ''
as $$
begin
  -- In plpgsql, which plans this once a session.
  return query
  with paid as (
    select p.* from public.payments as p where toss_private.is_paid(p)
  ),
  last_order_event as (
    select distinct on (v.order_id) v.order_id, v.to_status
    from public.payment_events as v
    where v.event = 'order_status'
    order by v.order_id, v.id desc
  ),
  last_payment_event as (
    select distinct on (v.payment_key) v.payment_key, v.to_status
    from public.payment_events as v
    where v.event = 'payment_status'
    order by v.payment_key, v.id desc
  ),
  held as (
    select m.order_id, m.product_id, -sum(m.delta) as quantity
    from toss_private.stock_movements as m
    where m.order_id is not null
    group by m.order_id, m.product_id
  )

  select 'order_paid_by_one_payment', o.id,
    format('order %s of %s %s has %s payment(s) of that amount', o.status, o.amount, o.currency, count(p.payment_key))
  from public.orders as o
  left join paid as p on p.order_id = o.id and p.payment_key = o.payment_key
    and p.total_amount = o.amount and p.currency = o.currency
  where o.status in ('paid', 'partially_refunded', 'refunded') and o.amount > 0
  group by o.id
  having count(p.payment_key) <> 1

  union all
  select 'free_order_has_no_payment', o.id, format('order of 0 is %s, its payment %s', o.status, p.payment_key)
  from public.orders as o
  left join public.payments as p on p.order_id = o.id
  where o.amount = 0 and (o.status <> 'paid' or p.payment_key is not null)

  union all
  select 'money_belongs_to_a_paid_order', p.payment_key,
    format('%s %s still taken for order %s, which is %s by %s', p.balance_amount, p.currency, o.id, o.status,
      coalesce(o.payment_key, 'no payment'))
  from paid as p
  join public.orders as o on o.id = p.order_id
  where p.balance_amount > 0
    and (o.status not in ('paid', 'partially_refunded') or o.payment_key is distinct from p.payment_key)

  union all
  -- Toss had its last word, and the order holds its stock all the same.
  select 'deposit_ends_at_its_deadline', o.id,
    format('waits for a deposit that was due at %s, Toss was heard at %s', toss_private.deposit_deadline(p), p.applied_at)
  from public.orders as o
  join public.payments as p on p.payment_key = o.payment_key
  where o.status = 'waiting_for_deposit' and p.status = 'WAITING_FOR_DEPOSIT'
    and p.applied_at > toss_private.deposit_deadline(p) + interval '1 hour'

  union all
  select 'order_amount_is_sum_of_its_items', o.id,
    format('order of %s, %s tax-free; its lines add up to %s, %s tax-free',
      o.amount, o.tax_free_amount, part.amount, part.tax_free)
  from public.orders as o
  join lateral (
    select sum(l.amount) as amount, coalesce(sum(l.amount) filter (where l.tax_free), 0) as tax_free
    from (
      select i.unit_price * i.quantity as amount, i.tax_free from public.order_items as i where i.order_id = o.id
      union all
      select a.amount, a.tax_free from public.order_adjustments as a where a.order_id = o.id
    ) as l
  ) as part on part.amount is not null
  where o.amount <> part.amount or o.tax_free_amount <> part.tax_free

  union all
  select 'tax_split_adds_up', p.payment_key,
    format('%s supplied, %s VAT, %s tax-free; %s is left', p.supplied_amount, p.vat, p.tax_free_amount, p.balance_amount)
  from public.payments as p
  where p.supplied_amount + p.vat + p.tax_free_amount <> p.balance_amount

  union all
  select 'order_status_matches_balance', o.id,
    format('order is %s, payment is %s with %s of %s left', o.status, p.status, p.balance_amount, p.total_amount)
  from public.orders as o
  join public.payments as p on p.payment_key = o.payment_key
  where (o.status = 'paid' and p.balance_amount <> p.total_amount)
    or (o.status = 'partially_refunded' and (p.balance_amount = 0 or p.balance_amount = p.total_amount))
    or (o.status = 'refunded' and p.balance_amount <> 0)
    or (o.status = 'waiting_for_deposit' and p.status <> 'WAITING_FOR_DEPOSIT')

  union all
  select 'balance_is_total_minus_cancels', p.payment_key,
    format('balance %s, total %s, cancelled %s', p.balance_amount, p.total_amount, coalesce(k.done, 0))
  from paid as p
  left join (
    select c.payment_key,
      sum(c.amount) filter (where c.status = 'DONE') as done,
      sum(c.amount) filter (where c.status = 'IN_PROGRESS') as in_progress
    from public.payment_cancels as c
    group by c.payment_key
  ) as k on k.payment_key = p.payment_key
  -- Toss may count an asynchronous cancel before or after it is done.
  where p.total_amount - coalesce(k.done, 0) - p.balance_amount not in (0, coalesce(k.in_progress, 0))

  union all
  select 'payment_matches_its_order', p.payment_key,
    format('payment of %s %s, order of %s %s', p.total_amount, p.currency, o.amount, o.currency)
  from public.payments as p
  join public.orders as o on o.id = p.order_id
  where p.total_amount <> o.amount or p.currency <> o.currency or p.user_id is distinct from o.user_id

  union all
  select 'operation_succeeded_with_effect', op.id::text,
    format('%s of order %s succeeded, payment is %s', op.kind, op.order_id, coalesce(p.status, 'missing'))
  from public.operations as op
  left join public.payments as p on p.payment_key = op.payment_key and p.order_id = op.order_id
  where op.state = 'succeeded' and op.kind in ('confirm', 'virtual_account')
    and not coalesce(toss_private.is_paid(p) or p.status in ('WAITING_FOR_DEPOSIT', 'CANCELED'), false)

  union all
  select 'operation_open_only_on_open_order', op.id::text,
    format('%s is %s although order %s is %s', op.kind, op.state, o.id, o.status)
  from public.operations as op
  join public.orders as o on o.id = op.order_id
  where op.kind in ('confirm', 'virtual_account') and op.state in ('started', 'unknown')
    and o.status in ('expired', 'canceled', 'failed', 'refunded')

  union all
  select 'entitlement_has_its_payment', e.id::text,
    format('user %s has plan %s, order %s is %s', e.user_id, e.plan_id, e.order_id, coalesce(o.status, 'missing'))
  from public.entitlements as e
  left join public.orders as o on o.id = e.order_id and o.user_id = e.user_id and o.plan_id = e.plan_id
  where e.source = 'order' and e.revoked_at is null
    and coalesce(o.status, '') not in ('paid', 'partially_refunded')

  union all
  select 'paid_pass_has_its_entitlement', o.id, format('plan %s is paid but not granted', o.plan_id)
  from public.orders as o
  where o.plan_id is not null and o.user_id is not null and o.status in ('paid', 'partially_refunded')
    and not exists (select 1 from public.entitlements as e where e.order_id = o.id and e.revoked_at is null)

  union all
  select 'stock_equals_its_movements', p.id,
    format('stock is %s, movements add up to %s', p.stock, coalesce(sum(m.delta), 0))
  from public.products as p
  left join toss_private.stock_movements as m on m.product_id = p.id
  where p.stock is not null
  group by p.id
  having p.stock <> coalesce(sum(m.delta), 0)

  union all
  select 'order_holds_its_stock', o.id,
    format('order is %s and holds %s of product %s (ordered %s)', o.status, h.quantity, h.product_id, i.quantity)
  from held as h
  join public.orders as o on o.id = h.order_id
  join public.products as p on p.id = h.product_id and p.stock is not null
  left join public.order_items as i on i.order_id = o.id and i.takes_stock and i.product_id = h.product_id
  where h.quantity <> case
    when o.status in ('expired', 'canceled', 'failed', 'refunded') then 0
    when exists (
      select 1 from public.payment_events as v
      where v.order_id = o.id and v.event = 'late_payment' and v.detail ->> 'shortProductId' is not null
    ) then h.quantity
    else i.quantity end

  union all
  select 'order_status_is_explained', o.id,
    format('order is %s, the audit log says %s', o.status, coalesce(v.to_status, 'nothing'))
  from public.orders as o
  left join last_order_event as v on v.order_id = o.id
  where v.to_status is distinct from o.status

  union all
  select 'payment_status_is_explained', p.payment_key,
    format('payment is %s, the audit log says %s', p.status, coalesce(v.to_status, 'nothing'))
  from public.payments as p
  left join last_payment_event as v on v.payment_key = p.payment_key
  where v.to_status is distinct from p.status

  union all
  select 'cancel_is_explained', k.transaction_key, format('cancel of %s has no audit line', k.amount)
  from public.payment_cancels as k
  where not exists (
    select 1 from public.payment_events as v
    where v.event = 'payment_cancel' and v.payment_key = k.payment_key
      and v.detail ->> 'transactionKey' = k.transaction_key
  );
end;
$$;

comment on function toss_private.payment_violations() is 'The rules about orders, payments, entitlements and stock.';

create function toss_private.refund_violations()
returns table (invariant text, subject text, detail text)
language plpgsql
stable
set search_path = ''
as $$
begin
  -- In plpgsql, which plans this once a session.
  return query
  select 'reserved_amount_is_sum_of_open_cancels', p.payment_key,
    format('reserved %s, open cancels claim %s', p.reserved_amount, coalesce(sum(op.reserved_amount), 0))
  from public.payments as p
  left join public.operations as op on op.payment_key = p.payment_key and op.kind = 'cancel'
    and op.state in ('started', 'unknown')
  group by p.payment_key
  having p.reserved_amount <> coalesce(sum(op.reserved_amount), 0)

  union all
  select 'cancel_succeeded_with_its_entry', op.id::text,
    format('cancel of %s succeeded as %s, the ledger has %s', op.amount, op.canceled_transaction_key,
      coalesce(k.amount::text, 'no such entry'))
  from public.operations as op
  left join public.payment_cancels as k on k.transaction_key = op.canceled_transaction_key
    and k.payment_key = op.payment_key
  where op.kind = 'cancel' and op.state = 'succeeded'
    and k.amount is distinct from op.amount

  union all
  select 'cancels_within_total', p.payment_key,
    format('cancelled %s of %s', sum(k.amount), p.total_amount)
  from public.payments as p
  join public.payment_cancels as k on k.payment_key = p.payment_key and k.status <> 'ABORTED'
  group by p.payment_key
  having sum(k.amount) > p.total_amount

  union all
  select 'refund_is_told_once', k.transaction_key,
    format('refund of %s has %s outbox events', k.amount, count(e.id))
  from public.payment_cancels as k
  join public.payments as p on p.payment_key = k.payment_key and toss_private.is_paid(p)
  left join public.outbox_events as e on e.payload ->> 'transactionKey' = k.transaction_key
    and e.event_type in ('payment.refunded', 'payment.partially_refunded')
  where k.has_event and k.status = 'DONE'
  group by k.transaction_key
  having count(e.id) <> 1

  union all
  select 'operation_secret_only_while_open', s.operation_id::text, format('the operation is %s', op.state)
  from toss_private.operation_secrets as s
  join public.operations as op on op.id = s.operation_id
  where op.state in ('succeeded', 'rejected');
end;
$$;

comment on function toss_private.refund_violations() is 'The rules about cancels and what they leave behind.';
