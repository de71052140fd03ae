-- What must never be true of cash receipts, and what of them a person has to look at.

create function toss_private.receipt_violations()
returns table (invariant text, subject text, detail text)
language plpgsql
stable
set search_path = ''
as $$
begin
  return query
  with live as (
    select r.payment_key, sum(r.amount - r.canceled_amount) as amount, count(*) as receipts
    from public.cash_receipts as r
    where r.transaction_type = 'CONFIRM' and r.issue_status <> 'FAILED' and r.canceled_amount < r.amount
      and r.operation_id is not null
    group by r.payment_key
  )
  select 'receipt_within_its_payment', l.payment_key,
    format('receipts of %s, %s is left of a payment by %s of %s', l.amount, toss_private.cash_left(p),
      coalesce(p.method, 'an unknown method'), p.total_amount)
  from live as l
  join public.payments as p on p.payment_key = l.payment_key
  -- After a refund until its cancel is done; what Toss refuses is for a person (alert cash_receipt_exceeds).
  where l.amount > toss_private.cash_left(p) and (l.amount > p.total_amount or not exists (
    select 1 from public.operations as op
    where op.payment_key = l.payment_key and op.kind in ('cash_receipt', 'cash_receipt_cancel')
      and (op.state in ('started', 'unknown') or (op.state = 'rejected' and op.kind = 'cash_receipt_cancel'))
  ))

  union all
  select 'one_live_receipt_per_payment', l.payment_key, format('%s receipts of ours are live, %s in all', l.receipts, l.amount)
  from live as l
  where l.receipts > 1

  union all
  select 'receipt_belongs_to_its_payment', r.id::text, format('order %s, payment of order %s', r.order_id, p.order_id)
  from public.cash_receipts as r
  join public.payments as p on p.payment_key = r.payment_key
  where p.order_id <> r.order_id

  union all
  select 'receipt_cancels_add_up', r.id::text,
    format('%s canceled, its cancels add up to %s', r.canceled_amount, coalesce(c.amount, 0))
  from public.cash_receipts as r
  left join lateral (
    select sum(k.amount) as amount from public.cash_receipts as k
    where k.canceled_receipt_id = r.id and k.issue_status <> 'FAILED'
  ) as c on true
  where r.transaction_type = 'CONFIRM' and r.canceled_amount <> coalesce(c.amount, 0)

  union all
  select 'receipt_request_has_its_receipt', op.id::text, format('%s succeeded, it has %s receipt rows', op.kind, count(r.id))
  from public.operations as op
  left join public.cash_receipts as r on r.operation_id = op.id
    and r.transaction_type = case op.kind when 'cash_receipt' then 'CONFIRM' else 'CANCEL' end
  where op.kind in ('cash_receipt', 'cash_receipt_cancel') and op.state = 'succeeded'
  group by op.id
  having count(r.id) <> 1

  union all
  select 'receipt_is_told_once', r.id::text,
    format('%s %s is %s and has %s outbox events', r.transaction_type, r.receipt_key, r.issue_status, count(e.id))
  from public.cash_receipts as r
  left join public.outbox_events as e on e.subject = r.order_id
    and e.event_type = case r.transaction_type when 'CONFIRM' then 'cash_receipt.issued' else 'cash_receipt.canceled' end
    and e.payload ->> 'receiptId' = r.id::text
  group by r.id
  having count(e.id) <> (r.issue_status = 'COMPLETED')::integer;
end;
$$;

comment on function toss_private.receipt_violations() is 'The rules about cash receipts, of payments and of the requests that made them.';

create view toss_private.receipt_alerts
with (security_invoker = true)
as
select
  'warning' as level,
  'cash_receipt_in_progress' as alert,
  r.order_id as subject,
  format('%s of %s, receipt %s: the tax office has not answered', r.transaction_type, r.amount, r.receipt_key) as detail,
  r.created_at as since
from public.cash_receipts as r
where r.issue_status = 'IN_PROGRESS' and r.created_at < toss_private.clock_now() - interval '2 days'

union all
-- Until another one is issued, or nothing is left that one could be for.
select 'warning', 'cash_receipt_refused', op.order_id,
  format('no receipt of %s was issued: %s', op.amount, coalesce(op.error_code, 'refused')), op.finished_at
from public.operations as op
join public.payments as p on p.payment_key = op.payment_key and p.balance_amount > 0
where op.kind = 'cash_receipt' and op.state = 'rejected' and op.requested_by = 'self'
  and not exists (
    select 1 from public.operations as later
    where later.payment_key = op.payment_key and later.kind = 'cash_receipt' and later.created_at > op.created_at
  )
  and not exists (
    select 1 from public.cash_receipts as r
    where r.payment_key = op.payment_key and r.transaction_type = 'CONFIRM' and r.issue_status <> 'FAILED'
  )

union all
select case when bool_or(r.operation_id is not null) then 'critical' else 'warning' end, 'cash_receipt_exceeds', r.order_id,
  format('receipts of %s, of payment %s is left %s', sum(r.amount - r.canceled_amount), p.payment_key, p.balance_amount),
  max(p.applied_at)
from public.payments as p
join public.cash_receipts as r on r.payment_key = p.payment_key
where r.transaction_type = 'CONFIRM' and r.issue_status <> 'FAILED' and r.canceled_amount < r.amount
group by p.payment_key, r.order_id
having sum(r.amount - r.canceled_amount) > case when p.approved_at is null then 0 else p.balance_amount end
  and max(p.applied_at) < toss_private.clock_now() - interval '1 hour'

union all
select 'critical', 'cash_receipt_twice', r.order_id,
  format('%s receipts of payment %s: %s', count(*), r.payment_key, string_agg(r.receipt_key, ', ' order by r.id)), max(r.created_at)
from public.cash_receipts as r
where r.transaction_type = 'CONFIRM' and r.issue_status <> 'FAILED' and r.canceled_amount < r.amount
group by r.payment_key, r.order_id
having count(*) > 1

union all
-- Toss takes no tax-free part with the cancel of a receipt.
select 'warning', 'cash_receipt_tax_differs', r.order_id,
  format('%s tax-free on the receipt, %s is left of the payment', t.tax_free, p.tax_free_amount), r.created_at
from public.cash_receipts as r
join public.payments as p on p.payment_key = r.payment_key and p.balance_amount > 0
cross join lateral (
  select r.tax_free_amount - coalesce(sum(k.tax_free_amount), 0) as tax_free from public.cash_receipts as k
  where k.canceled_receipt_id = r.id and k.issue_status <> 'FAILED'
) as t
where r.transaction_type = 'CONFIRM' and r.issue_status <> 'FAILED' and r.canceled_amount between 1 and r.amount - 1
  and t.tax_free > p.tax_free_amount;

comment on view toss_private.receipt_alerts is
  'What needs a person about cash receipts: one that the tax office does not answer, one that could not be issued, more receipts than money.';
