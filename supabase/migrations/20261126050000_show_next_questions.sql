-- Purpose: one place that says when Toss is asked next about an order, and why.
-- View: public.next_questions. Function: private.payment_questions.
-- Risk: none for existing objects. Reads only.

create function private.payment_questions()
returns table (payment_key text, order_id text, status text, asked_at timestamptz, next_at timestamptz)
language sql
stable
security definer
set search_path = ''
as $$
  select p.payment_key, p.order_id, p.status, greatest(p.applied_at, p.checked_at), q.next_at
  from (
    select c.payment_key from public.payments as c
    where c.status in ('READY', 'IN_PROGRESS', 'WAITING_FOR_DEPOSIT')
    union
    select d.payment_key from private.payment_details as d where d.virtual_account ->> 'refundStatus' = 'PENDING'
  ) as open
  join public.payments as p on p.payment_key = open.payment_key
  join public.orders as o on o.id = p.order_id
  cross join lateral (select private.next_question_at(p, o.status)) as q (next_at)
  where q.next_at is not null;
$$;

comment on function private.payment_questions() is
  'Payments that claim_unsettled_payments will ask Toss about, and when. Nothing else of payment_details leaves it.';
revoke execute on function private.payment_questions() from public, anon, authenticated;
grant execute on function private.payment_questions() to service_role;

create view public.next_questions
with (security_invoker = true)
as
select
  op.order_id, op.payment_key, 'operation' as asked_for, op.kind as reason, op.id::text as subject,
  op.attempts, greatest(op.next_attempt_at, op.lease_expires_at) as next_at, 'operations' as job
from public.operations as op
where op.state in ('started', 'unknown')

union all
select e.order_id, e.payment_key, 'webhook', e.event_type, e.id::text, e.attempts,
  case e.status when 'processing' then greatest(e.next_attempt_at, e.lease_expires_at) else e.next_attempt_at end,
  'webhooks'
from public.webhook_events as e
where e.asks_toss and e.status in ('received', 'processing', 'failed')

union all
select q.order_id, q.payment_key, 'payment', q.status, q.payment_key, null, q.next_at, 'expiry'
from private.payment_questions() as q;

comment on view public.next_questions is
  'When Toss is asked next, and about what: an operation whose end is not known, a webhook that waits, a payment that has not ended. No row = only a new webhook or a call asks. A time that is over = with the next run of the job.';
comment on column public.next_questions.asked_for is 'operation, webhook or payment: the row whose question it is; subject is its id.';
comment on column public.next_questions.reason is 'The kind of the operation, the type of the event, or the status of the payment.';
comment on column public.next_questions.attempts is 'How often it was tried; null for a payment, which is asked about at growing distances.';
comment on column public.next_questions.next_at is 'Not before this time; by the clock of private.clock_now().';
revoke all on public.next_questions from anon, authenticated, service_role;
grant select on public.next_questions to service_role;
