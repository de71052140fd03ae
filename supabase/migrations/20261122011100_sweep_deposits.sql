-- Purpose: a deposit whose webhook was lost is found: accounts that wait are asked about at growing distances.
-- Functions: private.next_question_at, public.claim_unsettled_payments.

-- A refund by bank transfer ends days after its cancel, without a webhook.
create index payment_details_refund_pending on private.payment_details (payment_key)
  where virtual_account ->> 'refundStatus' = 'PENDING';

create function private.next_question_at(payment public.payments, order_status text)
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
  due_date := private.deposit_deadline(payment);
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

comment on function private.next_question_at(public.payments, text) is
  'When Toss is asked again about a payment that has not ended: while a deposit is waited for, after 10, 20, 40 … minutes up to every 6 hours; at its deadline; then every 10 minutes for a day, and every 6 hours, until the order has ended; then every 6 hours until 7 days after the deadline. A refund by bank transfer daily. Null = never again.';
revoke execute on function private.next_question_at(public.payments, text) from public, anon, authenticated;

create or replace function public.claim_unsettled_payments(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  due_time constant timestamptz := coalesce((request ->> 'asOf')::timestamptz, private.clock_now());
  claimed jsonb;
begin
  -- Toss ends READY after 30 minutes and IN_PROGRESS after 10 more, and says so by webhook; a lost one is found
  -- here. The claim itself counts as asking, so that a payment that Toss cannot answer does not keep the others
  -- waiting.
  with candidates as (
    select p.payment_key from public.payments as p
    where p.status in ('READY', 'IN_PROGRESS', 'WAITING_FOR_DEPOSIT')
    union
    select d.payment_key from private.payment_details as d where d.virtual_account ->> 'refundStatus' = 'PENDING'
  ),
  due as (
    select p.payment_key
    from candidates as c
    join public.payments as p on p.payment_key = c.payment_key
    join public.orders as o on o.id = p.order_id
    where private.next_question_at(p, o.status) <= due_time
    order by coalesce(p.checked_at, p.applied_at)
    limit (request ->> 'limit')::integer
    for update of p skip locked
  ),
  checked as (
    update public.payments as p
    set checked_at = due_time
    from due
    where p.payment_key = due.payment_key
    returning p.payment_key, p.order_id
  )
  select coalesce(jsonb_agg(jsonb_build_object(
    'paymentKey', checked.payment_key, 'orderId', checked.order_id, 'askedAt', private.clock_now()
  )), '[]')
  into claimed
  from checked;
  return jsonb_build_object('payments', claimed);
end;
$$;

comment on function public.claim_unsettled_payments(jsonb) is
  'Payments that must have ended at Toss by now although no webhook said so, virtual accounts whose deposit is waited for, and refunds by bank transfer that are under way; see private.next_question_at.';
