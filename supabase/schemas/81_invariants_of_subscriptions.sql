-- What must never be true of subscriptions and charges.

create function toss_private.subscription_violations()
returns table (invariant text, subject text, detail text)
language plpgsql
stable
set search_path = ''
as $$
begin
  -- In plpgsql, which plans this once a session.
  return query
  with paid_attempt as (
    select o.subscription_charge_id as charge_id, o.id as order_id, o.status, p.payment_key, p.total_amount,
      p.balance_amount, p.subscription_id
    from public.orders as o
    join public.payments as p on p.payment_key = o.payment_key
    where o.subscription_charge_id is not null and toss_private.is_paid(p)
  ),
  open_operation as (
    select op.charge_id, count(*) as quantity
    from public.operations as op
    where op.kind = 'charge' and op.state in ('started', 'unknown')
    group by op.charge_id
  ),
  last_move as (
    select distinct on (v.subscription_id) v.subscription_id, v.to_status
    from public.payment_events as v
    where v.event = 'subscription_status'
    order by v.subscription_id, v.id desc
  ),
  last_line as (
    select distinct on (v.subscription_id) v.subscription_id, v.event, v.detail ->> 'error' as error
    from public.payment_events as v
    where v.subscription_id is not null
    order by v.subscription_id, v.id desc
  )

  select 'paid_charge_has_its_payment', c.id::text,
    format('charge of %s is paid by order %s with payment %s of %s', c.amount, c.order_id,
      coalesce(a.payment_key, 'none'), a.total_amount)
  from public.subscription_charges as c
  left join paid_attempt as a on a.charge_id = c.id and a.order_id = c.order_id
  where c.status = 'paid'
    and (a.total_amount is distinct from c.amount or a.subscription_id is distinct from c.subscription_id)

  union all
  select 'charge_is_paid_once', c.id::text, format('%s payments still hold money for it', count(a.payment_key))
  from public.subscription_charges as c
  join paid_attempt as a on a.charge_id = c.id and a.balance_amount > 0
  group by c.id
  having count(a.payment_key) > 1

  union all
  select 'money_belongs_to_a_paid_charge', a.payment_key, format('charge %s is %s', c.id, c.status)
  from paid_attempt as a
  join public.subscription_charges as c on c.id = a.charge_id
  where a.balance_amount > 0 and c.status <> 'paid'

  union all
  select 'paid_periods_follow_each_other', p.id::text,
    format('charge of period %s begins at %s, the one before it ends at %s', p.period_number, p.period_start, p.earlier_end)
  from (
    select c.id, c.period_number, c.period_start,
      max(c.period_end) over (
        partition by c.subscription_id order by c.period_number rows between unbounded preceding and 1 preceding
      ) as earlier_end
    from public.subscription_charges as c
    where c.kind in ('start', 'renewal') and c.status = 'paid' and c.subscription_id is not null
  ) as p
  where p.earlier_end > p.period_start

  union all
  select 'open_charge_has_open_operation', c.id::text,
    format('charge is %s with %s open operations', c.status, coalesce(o.quantity, 0))
  from public.subscription_charges as c
  left join open_operation as o on o.charge_id = c.id
  where (c.status in ('pending', 'processing', 'unknown') and coalesce(o.quantity, 0) <> 1)
    or (c.status not in ('pending', 'processing', 'unknown', 'paid') and o.quantity > 0)

  union all
  select 'charge_operation_succeeded_with_payment', op.id::text,
    format('attempt %s succeeded without a payment', op.order_id)
  from public.operations as op
  where op.kind = 'charge' and op.state = 'succeeded'
    and not exists (select 1 from paid_attempt as a where a.order_id = op.order_id)

  union all
  select 'live_subscription_goes_on', s.id::text,
    format('subscription is %s, and nothing is due, open, owed or ending', s.status)
  from public.subscriptions as s
  where s.status <> 'canceled' and s.next_charge_at is null and s.access_ends_at is null
    and not exists (
      select 1 from public.subscription_charges as c
      where c.subscription_id = s.id and (
        c.status in ('pending', 'processing', 'unknown')
        or (s.status = 'past_due' and c.status = 'declined' and c.kind = 'renewal'
          and c.period_number > s.period_number)
      )
    )

  union all
  select 'subscription_ends_in_time', s.id::text, format('should have ended at %s', s.access_ends_at)
  from public.subscriptions as s
  where s.access_ends_at < toss_private.clock_now() - interval '1 day'

  union all
  select 'subscription_access_is_paid', e.id::text,
    format('user %s has plan %s, charge is %s, order %s, subscription %s', e.user_id, e.plan_id, coalesce(c.status, 'none'),
      coalesce(o.status, 'none'), s.status)
  from public.entitlements as e
  join public.subscriptions as s on s.id = e.subscription_id
  -- A trial has none, and ends with its subscription all the same.
  left join public.subscription_charges as c on c.id = e.charge_id
  left join public.orders as o on o.id = c.order_id
  where e.revoked_at is null and (
    c.status = 'void'
    or (c.status = 'declined' and s.status in ('trialing', 'active'))
    or (c.status = 'paid' and o.status not in ('paid', 'partially_refunded'))
    or (s.status = 'canceled' and e.ends_at > s.ended_at)
  )

  union all
  select 'paid_period_has_its_access', c.id::text,
    format('period %s of subscription %s is paid but gives no access', c.period_number, c.subscription_id)
  from public.subscription_charges as c
  join public.orders as o on o.id = c.order_id and o.status in ('paid', 'partially_refunded')
  join public.subscriptions as s on s.id = c.subscription_id and s.status <> 'canceled'
  where c.status = 'paid' and c.kind <> 'ad_hoc'
    and not exists (
      select 1 from public.entitlements as e where e.charge_id = c.id and e.revoked_at is null
    )

  union all
  select 'subscription_status_is_explained', s.id::text,
    format('subscription is %s, the audit log says %s', s.status, m.to_status)
  from public.subscriptions as s
  -- One that was brought in from another system has no line before its first move.
  join last_move as m on m.subscription_id = s.id
  where m.to_status is distinct from s.status

  union all
  select 'charge_has_the_keys_of_its_card', c.id::text,
    format('order %s is with the %s pair, the card with the %s pair', o.id, o.toss_keys, m.toss_keys)
  from public.subscription_charges as c
  join public.orders as o on o.id = c.order_id
  join public.billing_methods as m on m.id = c.billing_method_id
  where o.toss_keys <> m.toss_keys
    -- Paid with a card that a restore forgot.
    and not exists (
      select 1 from public.payment_events as e where e.order_id = o.id and e.event = 'toss_keys_adopted'
    )

  union all
  select 'ended_subscription_says_why', s.id::text, format('ended at %s without a reason', s.ended_at)
  from public.subscriptions as s
  where s.status = 'canceled' and s.end_reason is null

  union all
  select 'subscription_can_be_charged', l.subscription_id::text, coalesce(l.error, 'unknown error')
  from last_line as l
  where l.event = 'charge_impossible'

  union all
  select 'promised_refund_is_made', c.id::text,
    format('%s of %s promised back, its cancel of %s is %s', c.refund_due, c.amount, op.amount, op.state)
  from public.subscription_charges as c
  join public.operations as op on op.id = c.refund_operation_id
  join public.payments as p on p.payment_key = op.payment_key
  where op.created_at < toss_private.clock_now() - interval '1 hour'
    and not (op.state = 'succeeded' and op.amount = c.refund_due)
    -- Once it is refused, the shop gives the money back its own way; what went back before the promise is no part of it.
    and not (op.state = 'rejected' and (p.balance_amount = 0 or c.refund_due <= (
      select coalesce(sum(k.amount), 0) from public.payment_cancels as k
      where k.payment_key = op.payment_key and k.status <> 'ABORTED'
        and k.canceled_at >= date_trunc('second', op.created_at)
    )))

  union all
  select 'auth_key_goes_with_its_operation', i.operation_id::text, format('operation is %s', op.state)
  from toss_private.billing_issues as i
  join public.operations as op on op.id = i.operation_id
  where i.ciphertext is not null and op.state in ('succeeded', 'rejected');
end;
$$;

comment on function toss_private.subscription_violations() is 'The invariants of subscriptions, charges and billing keys.';
