-- Which payments Toss is asked about again, and when.

create function toss_private.next_question_at(payment public.payments, order_status text)
returns timestamptz
language plpgsql
stable
set search_path = ''
as $$
declare
  last_asked constant timestamptz := greatest(payment.applied_at, coalesce(payment.checked_at, payment.applied_at));
  due_date timestamptz;
begin
  if payment.status in ('READY', 'IN_PROGRESS') then
    return greatest(last_asked + interval '10 minutes', payment.created_at + interval '41 minutes');
  end if;
  if payment.status <> 'WAITING_FOR_DEPOSIT' then
    return last_asked + interval '1 day';
  end if;
  due_date := toss_private.deposit_deadline(payment);
  if last_asked < due_date then
    -- Toss says nothing about a deadline, so the first question after it must not wait.
    return least(
      last_asked + least(greatest(last_asked - payment.created_at, interval '10 minutes'), interval '6 hours'), due_date
    );
  end if;
  -- An order that still waits holds its stock, so Toss is asked for its last word as often as it may be asked. One that
  -- was given up is asked about now and then: buyers do pay late.
  if order_status = 'waiting_for_deposit' then
    return last_asked + case when last_asked < due_date + interval '1 day'
      then interval '10 minutes' else interval '6 hours' end;
  end if;
  return case when last_asked < due_date + interval '7 days' then last_asked + interval '6 hours' end;
end;
$$;

comment on function toss_private.next_question_at(public.payments, text) is
  'When Toss is asked again about a payment that has not ended: while a deposit is waited for, after 10, 20, 40 … minutes up to every 6 hours; at its deadline; then every 10 minutes for a day, and every 6 hours, until the order has ended; then every 6 hours until 7 days after the deadline. A refund by bank transfer daily. Null = never again.';

create function toss_private.due_questions(at timestamptz)
returns table (payment_key text, next_at timestamptz, ends_at timestamptz, has_hint boolean)
language plpgsql
stable
set search_path = ''
as $$
begin
  return query
  with candidates as (
    select p.payment_key from public.payments as p
    where p.status in ('READY', 'IN_PROGRESS', 'WAITING_FOR_DEPOSIT')
    union
    select d.payment_key from toss_private.payment_details as d where d.virtual_account ->> 'refundStatus' = 'PENDING'
  )
  select p.payment_key, q.next_at,
    case
      when p.status in ('READY', 'IN_PROGRESS') then q.next_at
      when p.status = 'WAITING_FOR_DEPOSIT' and o.status = 'waiting_for_deposit' then toss_private.deposit_deadline(p)
    end,
    exists (
      select 1 from public.webhook_events as e
      where e.order_id = p.order_id and e.status <> 'processed'
        and e.received_at > greatest(p.applied_at, p.checked_at)
    )
  from candidates as c
  join public.payments as p on p.payment_key = c.payment_key
  join public.orders as o on o.id = p.order_id
  cross join lateral (select toss_private.next_question_at(p, o.status)) as q (next_at)
  where q.next_at <= at;
end;
$$;

comment on function toss_private.due_questions(timestamptz) is
  'Payments that Toss must be asked about: since when, when what they hold ends (null: they hold nothing), and whether an event has spoken of their order since the last question.';

create function toss_private.questions_left(due bigint, at timestamptz)
returns bigint
language plpgsql
stable
set search_path = ''
as $$
begin
  -- With what strangers may cause it stays within the hundred a minute that Toss allows test keys. A shop with so many
  -- accounts that this would not do has more due at a time.
  return greatest(0, least(greatest(40, due / 10), 300) - (
    select count(*) from public.payments as p where p.checked_at > at - interval '1 minute' and p.checked_at <= at
  ));
end;
$$;

comment on function toss_private.questions_left(bigint, timestamptz) is
  'How many questions the sweep has left within the minute: 40 are its share, a tenth of what is due when that is more, 300 at most.';

create function public.claim_unsettled_payments(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  due_time constant timestamptz := coalesce((request ->> 'asOf')::timestamptz, toss_private.clock_now());
  due_count bigint;
  claimed jsonb;
begin
  select count(*) into due_count from toss_private.due_questions(due_time);
  -- Toss ends READY after 30 minutes and IN_PROGRESS after 10 more, and says so by webhook; a lost one is found
  -- here. The claim itself counts as asking, so that a payment that Toss cannot answer does not keep the others
  -- waiting.
  with chosen as (
    select p.payment_key
    from toss_private.due_questions(due_time) as q
    join public.payments as p on p.payment_key = q.payment_key
    -- Nobody waits for more than a day, however many end sooner.
    order by q.has_hint desc, least(q.ends_at, q.next_at + interval '1 day'), q.next_at
    limit least((request ->> 'limit')::bigint, toss_private.questions_left(due_count, due_time))
    for update of p skip locked
  ),
  checked as (
    update public.payments as p
    set checked_at = due_time
    from chosen
    where p.payment_key = chosen.payment_key
    returning p.payment_key, p.order_id
  ), told as (
    select checked.payment_key, checked.order_id, o.toss_keys, o.toss_client_key
    from checked join public.orders as o on o.id = checked.order_id
  )
  select coalesce(jsonb_agg(jsonb_build_object(
    'paymentKey', told.payment_key, 'orderId', told.order_id, 'tossKeys', told.toss_keys,
    'tossClientKey', told.toss_client_key,
    'askedAt', toss_private.clock_now()
  )), '[]')
  into claimed
  from told;
  return jsonb_build_object('payments', claimed, 'remaining', due_count - jsonb_array_length(claimed));
end;
$$;

comment on function public.claim_unsettled_payments(jsonb) is
  'Payments that must have ended at Toss by now although no webhook said so, virtual accounts whose deposit is waited for, and refunds by bank transfer that are under way, within a budget for the minute: first those of whose order an event speaks, then what ends soonest; remaining = what is due besides. See toss_private.next_question_at.';

create function toss_private.payment_questions()
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
    select d.payment_key from toss_private.payment_details as d where d.virtual_account ->> 'refundStatus' = 'PENDING'
  ) as open
  join public.payments as p on p.payment_key = open.payment_key
  join public.orders as o on o.id = p.order_id
  cross join lateral (select toss_private.next_question_at(p, o.status)) as q (next_at)
  where q.next_at is not null;
$$;

comment on function toss_private.payment_questions() is
  'Payments that claim_unsettled_payments will ask Toss about, and when. Nothing else of payment_details leaves it.';

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
from toss_private.payment_questions() as q;

comment on view public.next_questions is
  'When Toss is asked next, and about what: an operation whose end is not known, a webhook that waits, a payment that has not ended. No row = only a new webhook or a call asks. A time that is over = with the next run of the job.';
comment on column public.next_questions.asked_for is 'operation, webhook or payment: the row whose question it is; subject is its id.';
comment on column public.next_questions.reason is 'The kind of the operation, the type of the event, or the status of the payment.';
comment on column public.next_questions.attempts is 'How often it was tried; null for a payment, which is asked about at growing distances.';
comment on column public.next_questions.next_at is 'Not before this time; by the clock of toss_private.clock_now().';
