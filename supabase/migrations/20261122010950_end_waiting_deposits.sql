-- Purpose: a virtual account ends after its deadline and Toss's last word, also when Toss never calls it expired.
-- Functions: private.deposit_deadline, deposit_is_over, note_far_deadline, announce_expired_account.

create function private.deposit_deadline(payment public.payments)
returns timestamptz
language plpgsql
stable
set search_path = ''
as $$
begin
  -- Toss's own; else the hours that we asked for; else those that Toss gives by itself (validHours).
  return coalesce(
    (
      select (d.virtual_account ->> 'dueDate')::timestamptz from private.payment_details as d
      where d.payment_key = payment.payment_key
    ),
    (
      select op.created_at + make_interval(hours => (op.parameters ->> 'validHours')::integer)
      from public.operations as op
      where op.order_id = payment.order_id and op.kind = 'virtual_account' and op.state <> 'rejected'
        and coalesce(op.payment_key, payment.payment_key) = payment.payment_key
      order by op.created_at
      limit 1
    ),
    coalesce(payment.requested_at, payment.created_at) + interval '168 hours'
  );
end;
$$;

comment on function private.deposit_deadline(public.payments) is
  'Until when a deposit is waited for: as Toss says, else as was asked for, else after seven days.';
revoke execute on function private.deposit_deadline(public.payments) from public, anon, authenticated;

create function private.deposit_is_over(payment public.payments, asked_time timestamptz)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  -- Half an hour for a transfer made in the last minute, and for clocks that differ.
  return exists (
    select 1 from private.payment_details as d
    where d.payment_key = payment.payment_key and d.virtual_account ->> 'expired' = 'true'
  ) or coalesce(asked_time >= private.deposit_deadline(payment) + interval '30 minutes', false);
end;
$$;

comment on function private.deposit_is_over(public.payments, timestamptz) is
  'Whether an answer of Toss about an account that still waits was its last word: it calls the account expired, or was asked half an hour after the deadline.';
revoke execute on function private.deposit_is_over(public.payments, timestamptz) from public, anon, authenticated;

create function private.note_far_deadline(
  known public.payments, stored public.payments, deposit_hours jsonb, line jsonb
)
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  longest constant integer := (
    deposit_hours ->> case when stored.user_id is null then 'guest' else 'user' end
  )::integer;
  due_at timestamptz;
begin
  if longest is null or stored.status <> 'WAITING_FOR_DEPOSIT' or known.status = 'WAITING_FOR_DEPOSIT' then
    return;
  end if;
  due_at := private.deposit_deadline(stored);
  -- An hour for the time between the issue and its confirm, and for clocks that differ. What was issued here was
  -- judged when it was asked for, and a deposit that a bank took back has been waited for already.
  if due_at <= private.clock_now() + make_interval(hours => longest + 1) or known.status = 'DONE'
    or exists (
      select 1 from public.operations as op
      where op.order_id = stored.order_id and op.kind = 'virtual_account' and op.state <> 'rejected'
    )
  then
    return;
  end if;
  perform private.write_event(line || jsonb_build_object(
    'event', 'deadline_far', 'amount', stored.total_amount,
    'detail', jsonb_build_object('dueAt', due_at, 'longestHours', longest)
  ));
end;
$$;

comment on function private.note_far_deadline(public.payments, public.payments, jsonb, jsonb) is
  'Notes that the payment window issued an account with a later deadline than the shop allows; the account stands, because its buyer has the number.';
revoke execute on function private.note_far_deadline(public.payments, public.payments, jsonb, jsonb)
  from public, anon, authenticated;

create function private.announce_expired_account(
  ended public.orders, payment public.payments, line jsonb
)
returns void
language plpgsql
set search_path = ''
as $$
begin
  perform private.write_outbox_event(jsonb_build_object(
    'eventType', 'virtual_account.expired', 'subject', ended.id, 'payload', jsonb_strip_nulls(jsonb_build_object(
      'orderId', ended.id, 'paymentKey', payment.payment_key, 'userId', ended.user_id, 'amount', ended.amount,
      'currency', ended.currency, 'source', line ->> 'source', 'orderStatus', 'expired',
      'dueDate', private.deposit_deadline(payment)
    ))
  ));
end;
$$;

comment on function private.announce_expired_account(public.orders, public.payments, jsonb) is
  'Writes the outbox event of a deposit that did not come.';
revoke execute on function private.announce_expired_account(public.orders, public.payments, jsonb)
  from public, anon, authenticated;
