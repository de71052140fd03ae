-- What must never be true of withdrawals, and what of them a person has to look at.

create function toss_private.withdrawal_violations()
returns table (invariant text, subject text, detail text)
language plpgsql
stable
set search_path = ''
as $$
begin
  return query
  select 'accepted_withdrawal_has_its_refund', w.id::text,
    format('order %s is %s, no refund was begun for the withdrawal', w.order_id, o.status)
  from public.withdrawals as w
  join public.orders as o on o.id = w.order_id
  where w.status = 'accepted' and w.refund_operation_id is null and o.status <> 'refunded'

  union all
  select 'withdrawal_refund_is_its_own', w.id::text,
    format('refund %s is a %s of order %s, asked for as %s', op.id, op.kind, op.order_id, op.request_id)
  from public.withdrawals as w
  join public.operations as op on op.id = w.refund_operation_id
  where op.kind <> 'cancel' or op.order_id <> w.order_id or not starts_with(op.request_id, 'withdrawal-' || w.id)

  union all
  select 'withdrawal_is_paid_once', w.id::text,
    format('%s refunds of the withdrawal succeeded or are open', count(*))
  from public.withdrawals as w
  join public.operations as op
    on op.order_id = w.order_id and op.kind = 'cancel' and starts_with(op.request_id, 'withdrawal-' || w.id)
  where op.state <> 'rejected'
  group by w.id
  having count(*) > 1 or bool_or(w.status <> 'accepted')

  union all
  select 'withdrawal_matches_its_order', w.id::text,
    format('withdrawal of user %s, order of user %s', w.user_id, o.user_id)
  from public.withdrawals as w
  join public.orders as o on o.id = w.order_id
  where w.user_id is distinct from o.user_id;
end;
$$;

comment on function toss_private.withdrawal_violations() is 'The rules about withdrawals and the refunds that they promise.';

create view toss_private.withdrawal_alerts
with (security_invoker = true)
as
select
  case when w.due_at < toss_private.clock_now() then 'critical' else 'warning' end as level,
  'withdrawal_due' as alert,
  w.id::text as subject,
  format('order %s: the buyer asked on %s and waits for a decision until %s', w.order_id, w.requested_at, w.due_at) as detail,
  w.requested_at as since
from public.withdrawals as w
where w.status = 'requested' and w.due_at < toss_private.clock_now() + interval '1 day'

union all
-- Until it is accepted again, or the money went back by another way.
select 'critical', 'withdrawal_refund_refused', w.id::text,
  format('order %s: accepted on %s, but its refund of %s was refused: %s', w.order_id, w.decided_at, op.amount,
    coalesce(op.error_code, 'no code')), op.finished_at
from public.withdrawals as w
join public.operations as op on op.id = w.refund_operation_id and op.state = 'rejected'
join public.payments as p on p.payment_key = op.payment_key and p.balance_amount > 0
where w.status = 'accepted';

comment on view toss_private.withdrawal_alerts is
  'What needs a person about withdrawals: a decision that is due within a day or late, an accepted one whose refund was refused.';
