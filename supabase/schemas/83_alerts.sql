-- What a person has to look at.

create function toss_private.failed_refund_transfers()
returns table (payment_key text, refund_status text)
language sql
stable
security definer
set search_path = ''
as $$
  select d.payment_key, d.virtual_account ->> 'refundStatus'
  from toss_private.payment_details as d
  where d.virtual_account ->> 'refundStatus' in ('FAILED', 'PARTIAL_FAILED');
$$;

comment on function toss_private.failed_refund_transfers() is
  'Whose refund did not reach the buyer''s account. Nothing else of payment_details leaves it.';

create function toss_private.unproven_deadlines()
returns table (order_id text, payment_key text, due_at timestamptz)
language sql
stable
security definer
set search_path = ''
as $$
  select o.id, p.payment_key, toss_private.deposit_deadline(p)
  from public.orders as o
  join public.payments as p on p.payment_key = o.payment_key and p.status = 'WAITING_FOR_DEPOSIT'
  where o.status = 'waiting_for_deposit' and toss_private.deposit_deadline(p) < toss_private.clock_now() - interval '1 hour';
$$;

comment on function toss_private.unproven_deadlines() is
  'Orders that wait for a deposit although its deadline has passed, because Toss has not been heard of since.';

create function toss_private.question_backlog()
returns table (due bigint, oldest_at timestamptz)
language sql
stable
security definer
set search_path = ''
as $$
  select count(*), min(q.next_at) from toss_private.due_questions(toss_private.clock_now()) as q;
$$;

comment on function toss_private.question_backlog() is
  'How many payments Toss must be asked about now, and since when the oldest of them waits.';

create view toss_private.payment_alerts
with (security_invoker = true)
as
select
  case when op.created_at < toss_private.clock_now() - interval '1 hour' then 'critical' else 'warning' end as level,
  'operation_without_proof' as alert,
  op.id::text as subject,
  format('%s: %s after %s attempts',
    concat_ws(' of order ', op.kind, op.order_id), coalesce(op.error_code, op.state), op.attempts) as detail,
  op.created_at as since
from public.operations as op
where op.state in ('started', 'unknown') and op.created_at < toss_private.clock_now() - interval '5 minutes'

union all
-- Whatever was made with them waits until they are back.
select 'critical', lower(op.error_code), op.id::text,
  case op.error_code
    when 'TOSS_KEYS_MISSING' then format('%s: the key pair that made it is not set', concat_ws(' of order ', op.kind, op.order_id))
    else format('%s: the key pair that is set now is not the one that made it', concat_ws(' of order ', op.kind, op.order_id))
  end,
  op.created_at
from public.operations as op
where op.state in ('started', 'unknown') and op.error_code in ('TOSS_KEYS_MISSING', 'TOSS_KEYS_CHANGED')

union all
select 'critical', 'webhook_dead', e.id::text, e.last_error, e.created_at
from public.webhook_events as e
where e.status = 'dead'

union all
select 'warning', 'webhook_waiting', e.id::text, coalesce(e.last_error, e.status), e.created_at
from public.webhook_events as e
where e.status in ('received', 'processing', 'failed')
  and e.created_at < toss_private.clock_now() - interval '10 minutes'

union all
-- Half of the smallest hosted database (500 MB).
select 'warning', 'webhook_inbox_large', s.name, format('%s MB', s.bytes / 1000000), toss_private.clock_now()
from (
  select 'webhook_events' as name,
    pg_total_relation_size('public.webhook_events') + pg_total_relation_size('toss_private.webhook_bodies') as bytes
) as s
where s.bytes > 250000000

union all
select 'warning', 'webhook_flood', 'unproven',
  format('%s deliveries without proof within an hour', sum(e.delivery_count)), min(e.created_at)
from public.webhook_events as e
where e.status = 'ignored' and e.verified_by is null
  and e.created_at > toss_private.clock_now() - interval '1 hour'
having sum(e.delivery_count) >= 1000

union all
select 'critical', 'job_late', j.job, format('last run %s', coalesce(j.last_finished_at::text, 'never')),
  coalesce(j.last_finished_at, j.created_at)
from public.job_status as j
where j.is_late

union all
-- One row per payment, only while its last line in the audit log is the mismatch, and only while Toss holds money.
select 'warning', 'tax_split_differs', v.order_id,
  format('payment %s: %s tax-free, the order says %s', v.payment_key, v.amount, v.detail ->> 'orderTaxFreeAmount'),
  v.created_at
from public.payment_events as v
join public.payments as p on p.payment_key = v.payment_key
where v.event = 'tax_split_differs' and p.balance_amount > 0

union all
select 'critical', 'answer_mismatch', v.order_id,
  format('payment %s: Toss answered %s', v.payment_key, v.detail), v.created_at
from public.payment_events as v
where v.event = 'answer_mismatch'
  and not exists (
    select 1 from public.payment_events as later
    where later.payment_key = v.payment_key and later.id > v.id
      and later.event in ('answer_mismatch', 'answer_accepted', 'payment_status')
  )
  and v.to_status in ('DONE', 'PARTIAL_CANCELED', 'CANCELED', 'WAITING_FOR_DEPOSIT')
  and (v.detail ->> 'balanceAmount')::numeric > 0

union all
select 'critical', 'late_payment_without_stock', v.order_id,
  format('paid after it was given up; product %s is short', v.detail ->> 'shortProductId'), v.created_at
from public.payment_events as v
join public.orders as o on o.id = v.order_id and o.status in ('paid', 'partially_refunded')
where v.event = 'late_payment' and v.detail ->> 'shortProductId' is not null

union all
select 'critical', 'second_payment', v.order_id, format('%s still to be refunded', v.amount), v.created_at
from public.payment_events as v
join public.payments as p on p.payment_key = v.payment_key and p.balance_amount > 0
  -- Not a deposit that the bank has taken back, nor an account that nobody paid into.
  and (p.status in ('DONE', 'PARTIAL_CANCELED') or p.approved_at is not null)
where v.event = 'second_payment';

comment on view toss_private.payment_alerts is 'What needs a person about payments, webhooks and jobs.';

create view toss_private.refund_alerts
with (security_invoker = true)
as
-- Until somebody tries again, or the payment has nothing left.
select
  'critical' as level,
  'cancel_not_proven' as alert,
  op.id::text as subject,
  format('cancel of %s of order %s was given up: Toss shows nothing of it', op.amount, op.order_id) as detail,
  op.finished_at as since
from public.operations as op
join public.payments as p on p.payment_key = op.payment_key and p.balance_amount > 0
where op.kind = 'cancel' and op.state = 'rejected' and op.error_code = 'CANCEL_NOT_PROVEN'
  and not exists (
    select 1 from public.operations as later
    where later.payment_key = op.payment_key and later.kind = 'cancel' and later.created_at > op.created_at
  )
  -- As much that went back since in Toss's dashboard was this one.
  and not exists (
    select 1 from public.payment_cancels as c
    where c.payment_key = op.payment_key and c.amount = op.amount and c.status <> 'ABORTED'
      and coalesce(c.canceled_at, c.created_at) >= op.created_at
      and not exists (
        select 1 from public.operations as ours where ours.canceled_transaction_key = c.transaction_key
      )
  )

union all
-- Foreign wallets carry a cancel out in their own time, and may end it without giving anything back.
select 'critical', 'refund_aborted', op.id::text,
  format('cancel of %s of order %s was begun at Toss and then aborted', op.amount, op.order_id), op.finished_at
from public.operations as op
join public.payment_cancels as k on k.transaction_key = op.canceled_transaction_key and k.status = 'ABORTED'
join public.payments as p on p.payment_key = op.payment_key and p.balance_amount > 0
where op.kind = 'cancel'
  and not exists (
    select 1 from public.operations as later
    where later.payment_key = op.payment_key and later.kind = 'cancel' and later.created_at > op.created_at
  )

union all
select 'critical', 'refund_account_failed', p.payment_key,
  format('order %s: the bank transfer of a refund is %s at Toss', p.order_id, f.refund_status), p.applied_at
from toss_private.failed_refund_transfers() as f
join public.payments as p on p.payment_key = f.payment_key;

comment on view toss_private.refund_alerts is
  'What needs a person about refunds: one that was given up without proof, one that Toss aborted, one whose transfer to the buyer failed.';

create view toss_private.deposit_alerts
with (security_invoker = true)
as
select
  case when u.due_at < toss_private.clock_now() - interval '1 day' then 'critical' else 'warning' end as level,
  'deadline_not_proven' as alert,
  u.order_id as subject,
  format('the deposit of payment %s was due at %s; Toss does not say how it ended, the order waits', u.payment_key,
    u.due_at) as detail,
  u.due_at as since
from toss_private.unproven_deadlines() as u

union all
-- Until the deposit comes, or the order is given up.
select 'warning', 'deadline_far', v.order_id,
  format('payment %s of the payment window holds its stock until %s, longer than %s hours', v.payment_key,
    v.detail ->> 'dueAt', v.detail ->> 'longestHours'), v.created_at
from public.payment_events as v
join public.orders as o on o.id = v.order_id and o.status = 'waiting_for_deposit' and o.payment_key = v.payment_key
where v.event = 'deadline_far'

union all
select 'warning', 'sweep_backlog', 'expiry',
  format('%s payments should have been asked about, the oldest at %s', b.due, b.oldest_at), b.oldest_at
from toss_private.question_backlog() as b
where b.oldest_at < toss_private.clock_now() - interval '30 minutes';

comment on view toss_private.deposit_alerts is
  'What needs a person about virtual accounts, and about the questions that find what no webhook tells.';

create view toss_private.subscription_alerts
with (security_invoker = true)
as
select
  'warning' as level,
  'user_deleted' as alert,
  s.id::text as subject,
  format('user %s is gone from auth.users; plan %s was paid until %s, its access has ended', s.user_id, s.plan_id,
    s.current_period_end) as detail,
  s.ended_at as since
from public.subscriptions as s
where s.end_reason = 'user_deleted' and s.ended_at > toss_private.clock_now() - interval '7 days'

union all
-- Until the period is over, the refund fails after all, or the rest goes back, too.
select 'warning', 'period_not_fully_paid', s.id::text,
  format('%s of the period from %s went back, order %s; plan %s and its access stay', sum(c.amount),
    s.current_period_start, string_agg(o.id, ', ' order by o.id), s.plan_id),
  min(coalesce(p.canceled_at, p.applied_at))
from public.orders as o
join public.payments as p on p.payment_key = o.payment_key
join public.subscription_charges as c on c.id = o.subscription_charge_id and c.order_id = o.id and c.status = 'paid'
join public.subscriptions as s
  on s.id = c.subscription_id and s.status <> 'canceled' and s.period_number = c.period_number
where o.status = 'refunded' and o.subscription_charge_id is not null and (
  -- An upgrade that could not be undone, or not yet.
  (c.kind = 'upgrade' and c.undone_at is null and exists (select 1 from public.entitlements as e where e.charge_id = c.id))
  or exists (
    select 1 from public.subscription_charges as later
    join public.orders as paid on paid.id = later.order_id and paid.status in ('paid', 'partially_refunded')
    join public.entitlements as e on e.charge_id = later.id
    where later.subscription_id = s.id and later.status = 'paid' and later.period_number = c.period_number
      and (later.period_start, later.created_at) > (c.period_start, c.created_at)
  )
)
group by s.id;

comment on view toss_private.subscription_alerts is
  'What needs a person about subscriptions: for a week one that ended because its user is gone; one whose period is not fully paid any more.';

create view public.alerts
with (security_invoker = true)
as
select * from toss_private.payment_alerts
union all
select * from toss_private.refund_alerts
union all
select * from toss_private.deposit_alerts
union all
select * from toss_private.receipt_alerts
union all
select * from toss_private.withdrawal_alerts
union all
select * from toss_private.subscription_alerts
union all
select * from toss_private.consent_alerts
union all
select * from toss_private.hook_alerts
union all
select * from toss_private.delivery_alerts
union all
select * from toss_private.notice_alerts
union all
select * from toss_private.reconciliation_alerts
union all
select * from toss_private.settlement_alerts;

comment on view public.alerts is
  'What a person should look at, by level. Age raises the level, never the state. Service role only; docs/operations.md says what to do about each.';
