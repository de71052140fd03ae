-- After the database was restored from a backup: operations that Toss remembers and we do not.

create table toss_private.restores (
  restored_at timestamptz primary key,
  backup_at timestamptz not null,
  constraint restores_backup_is_older check (backup_at < restored_at)
);

alter table toss_private.restores enable row level security;

comment on table toss_private.restores is
  'One row for each restore of this database from a backup, written by toss_private.note_restore. docs/after-a-restore.md.';
comment on column toss_private.restores.backup_at is 'The moment that the database was put back to; what happened since then it does not know.';

create function toss_private.note_restore(backup_time timestamptz, look_back interval default '30 days')
returns integer
language plpgsql
set search_path = ''
as $$
declare
  present constant timestamptz := toss_private.clock_now();
  asked integer;
begin
  insert into toss_private.restores (restored_at, backup_at) values (present, backup_time);
  with open_order as (
    -- Whoever was about to pay may have paid since, and what was paid may have been given back.
    select o.id, o.payment_key from public.orders as o
    where o.status in ('pending', 'waiting_for_deposit') and o.subscription_charge_id is null
    union
    select p.order_id, p.payment_key from public.payments as p
    where p.created_at > backup_time - look_back
      and (p.balance_amount > 0 or p.status in ('READY', 'IN_PROGRESS', 'WAITING_FOR_DEPOSIT'))
  )
  insert into public.webhook_events (
    dedupe_key, event_type, order_id, payment_key, payload, next_attempt_at, received_at, created_at
  )
  select format('restore-%s-%s', extract(epoch from present), coalesce(o.payment_key, o.id)), 'PAYMENT_STATUS_CHANGED',
    o.id, o.payment_key, jsonb_build_object('askedAfterRestoreOf', backup_time), present, present, present
  from open_order as o
  on conflict (dedupe_key) do nothing;
  get diagnostics asked = row_count;
  perform toss_private.write_event(jsonb_build_object(
    'event', 'restore_noted', 'source', 'operator',
    'detail', jsonb_build_object('backupAt', backup_time, 'paymentsToAskAbout', asked)
  ));
  return asked;
end;
$$;

comment on function toss_private.note_restore(timestamptz, interval) is
  'To be called once after a restore, before the jobs run again: lets the job `webhooks` ask Toss about every payment that was open at the backup or could have been refunded since (those made in the time before it that look_back names), and lets charges and refunds ask Toss before they send. Answers how many payments are asked about.';

create function toss_private.was_forgotten(happened_at timestamptz)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return exists (
    select 1 from toss_private.restores as r
    -- Toss tells whole seconds: what came after the backup may be called a moment before it.
    where happened_at >= date_trunc('second', r.backup_at) and happened_at <= r.restored_at
  );
end;
$$;

comment on function toss_private.was_forgotten(timestamptz) is
  'Whether a restored database cannot know of what happened here at that time.';

create function toss_private.cancel_was_forgotten(
  made_transaction_key text, made_at timestamptz, requested_at timestamptz
)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  -- Within the time for which Toss keeps keys, the key alone tells whose cancel it is.
  return made_at <= requested_at - interval '14 days' and (
    toss_private.was_forgotten(made_at)
    or not exists (select 1 from public.payment_cancels as k where k.transaction_key = made_transaction_key)
  );
end;
$$;

comment on function toss_private.cancel_was_forgotten(text, timestamptz, timestamptz) is
  'Whether a cancel at Toss that looks like one that is asked for now may be that very one, asked for before a restore: it is so old that Toss no longer knows its key, and nothing here told of it.';

create function toss_private.begin_forgotten_cancel(payment public.payments, refusal jsonb, request jsonb)
returns public.operations
language plpgsql
set search_path = ''
as $$
declare
  present constant timestamptz := toss_private.clock_now();
  made public.payment_cancels;
  operation public.operations;
begin
  select k.* into made
  from public.payment_cancels as k
  where k.payment_key = payment.payment_key and k.status <> 'ABORTED' and k.reason = request ->> 'cancelReason'
    and k.amount = coalesce((request ->> 'cancelAmount')::bigint, k.amount)
    and (request ? 'cancelAmount' or k.refundable_amount = 0)
    and toss_private.was_forgotten(k.canceled_at)
    and (k.canceled_at <= present - interval '14 days' or refusal ->> 'outcome' = 'exceeds_balance')
    and not exists (select 1 from public.operations as op where op.canceled_transaction_key = k.transaction_key)
  order by k.canceled_at
  limit 1;
  if not found then
    return null;
  end if;
  insert into public.operations (
    id, kind, idempotency_key, key_created_at, order_id, payment_key, amount, currency, request_id, request_digest,
    requested_by, reason, cancel_all, tax_free_amount, lease_token, lease_expires_at, next_attempt_at, created_at
  ) values (
    (request ->> 'operationId')::uuid, 'cancel', toss_private.cancel_key(payment.payment_key, request ->> 'requestId'),
    present, payment.order_id, payment.payment_key, made.amount, payment.currency, request ->> 'requestId',
    request -> 'requestDigests' ->> 0, request ->> 'requestedBy', request ->> 'cancelReason',
    not request ? 'cancelAmount', made.tax_free_amount, (request ->> 'leaseToken')::uuid, present, present, present
  )
  returning * into operation;
  perform toss_private.end_cancel(operation, made.transaction_key, jsonb_build_object(
    'source', 'cancel', 'paymentKey', payment.payment_key, 'requestId', request ->> 'logRequestId'
  ));
  select * into operation from public.operations as op where op.id = operation.id;
  return operation;
end;
$$;

comment on function toss_private.begin_forgotten_cancel(public.payments, jsonb, jsonb) is
  'After a restore: a refund that is asked for again, was made in the time that the database forgot, and which Toss would no longer recognise by its key (or whose money is gone from the balance), is that refund. Null when there is none.';
