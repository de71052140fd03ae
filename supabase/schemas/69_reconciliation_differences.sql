-- Where Toss and our rows differ, once Toss was asked: what heals itself, and what is left to a person.

create table public.reconciliation_differences (
  id uuid primary key default gen_random_uuid(),
  run_id uuid not null references public.reconciliation_runs (id),
  kind text not null,
  payment_key text not null,
  transaction_key text,
  order_id text,
  is_cancel boolean not null,
  ours jsonb,
  theirs jsonb,
  reason text not null,
  resolution text,
  created_at timestamptz not null,
  resolved_at timestamptz,
  constraint reconciliation_differences_kind_known check (kind in (
    'missing_here', 'missing_at_toss', 'amount', 'status', 'cancel_missing_here', 'cancel_missing_at_toss'
  )),
  constraint reconciliation_differences_resolution_known check (resolution in ('healed', 'by_hand')),
  constraint reconciliation_differences_resolved_with_time check ((resolution is null) = (resolved_at is null)),
  constraint reconciliation_differences_payment_key_length check (char_length(payment_key) between 1 and 200)
);

alter table public.reconciliation_differences enable row level security;

comment on table public.reconciliation_differences is
  'What Toss and our rows told differently. A difference stands once while it is open. Service role only.';
comment on column public.reconciliation_differences.run_id is 'The run that found it.';
comment on column public.reconciliation_differences.transaction_key is 'Toss''s key of the cancel, or of the approval where its list told it.';
comment on column public.reconciliation_differences.is_cancel is 'Whether it is about the cancel transaction_key, and not about the payment.';
comment on column public.reconciliation_differences.ours is 'status, amount and balanceAmount here; null when there is no row.';
comment on column public.reconciliation_differences.theirs is 'The same at Toss; null when Toss knows nothing of it.';
comment on column public.reconciliation_differences.reason is 'What a person has to know to decide.';
comment on column public.reconciliation_differences.resolution is
  'healed: Toss''s answer mended it in the run that found it. by_hand: it was open, and is gone, or the operator said that it is dealt with. Null: open.';

create unique index reconciliation_differences_once_while_open
  on public.reconciliation_differences (kind, payment_key, (case when is_cancel then transaction_key end)) nulls not distinct
  where resolved_at is null;
create index reconciliation_differences_run_id on public.reconciliation_differences (run_id);

create function toss_private.find_differences(asked_payment_key text, answer jsonb, listed jsonb)
returns table (kind text, transaction_key text, is_cancel boolean, ours jsonb, theirs jsonb, reason text)
language plpgsql
stable
set search_path = ''
as $$
declare
  known public.payments;
  approval_key constant text := case when listed ->> 'status' not in ('CANCELED', 'PARTIAL_CANCELED')
    then listed ->> 'transactionKey' end;
  here jsonb;
  there jsonb;
  is_paid_there boolean;
  found_cancels boolean;
begin
  select * into known from public.payments as p where p.payment_key = asked_payment_key;
  if known.payment_key is not null then
    here := jsonb_build_object('status', known.status, 'amount', known.total_amount, 'balanceAmount', known.balance_amount);
  end if;
  if answer is null then
    if known.payment_key is not null and (toss_private.is_paid(known) or known.status = 'WAITING_FOR_DEPOSIT') then
      return query select 'missing_at_toss', approval_key, false, here, null::jsonb,
        'Toss does not know this payment'::text;
    elsif known.payment_key is null and listed is not null then
      return query select 'missing_here', approval_key, false, null::jsonb,
        jsonb_build_object('status', listed -> 'status', 'amount', listed -> 'amount'),
        'Toss lists this payment and does not know it when it is asked'::text;
    end if;
    return;
  end if;

  there := jsonb_build_object(
    'status', answer -> 'status', 'amount', answer -> 'totalAmount', 'balanceAmount', answer -> 'balanceAmount'
  );
  is_paid_there := answer ->> 'status' in ('DONE', 'PARTIAL_CANCELED') or answer ->> 'approvedAt' is not null;
  if known.payment_key is null then
    -- Money that came for another amount than the order's, and went back, leaves nothing to do.
    if (is_paid_there or answer ->> 'status' = 'WAITING_FOR_DEPOSIT') and not (
      (answer ->> 'balanceAmount')::numeric = 0 and not toss_private.heals_itself(asked_payment_key, answer)
    ) then
      return query select 'missing_here', approval_key, false, null::jsonb, there, coalesce((
        select case
          when o.amount <> (answer ->> 'totalAmount')::numeric or o.currency <> answer ->> 'currency'
            then format('the order is of %s %s', o.amount, o.currency)
          when toss_private.pays_another(o, asked_payment_key) then format('the order is %s by payment %s', o.status, o.payment_key)
          else 'the payment is not known here' end
        from public.orders as o where o.id = answer ->> 'orderId'
      ), 'the order is not known here');
    end if;
    return;
  end if;

  if (answer ->> 'totalAmount')::numeric <> known.total_amount or answer ->> 'currency' <> known.currency then
    return query select 'amount', approval_key, false, here, there, 'Toss took another amount'::text;
  elsif answer ->> 'orderId' <> known.order_id then
    return query select 'status', approval_key, false, here || jsonb_build_object('orderId', known.order_id),
      there || jsonb_build_object('orderId', answer -> 'orderId'), 'Toss took it for another order'::text;
  end if;

  return query
  with told as (
    select c.value ->> 'transactionKey' as key, (c.value ->> 'cancelAmount')::numeric as amount,
      c.value ->> 'cancelStatus' as status
    from jsonb_array_elements(toss_private.name_cancels(asked_payment_key, coalesce(answer -> 'cancels', '[]'))) as c
  ),
  stored as (
    select k.transaction_key as key, k.amount, k.status from public.payment_cancels as k
    where k.payment_key = asked_payment_key
  )
  select
    case when s.key is null then 'cancel_missing_here' when t.key is null then 'cancel_missing_at_toss'
      when s.amount <> t.amount then 'amount' else 'status' end,
    coalesce(t.key, s.key), true,
    case when s.key is not null then jsonb_build_object('status', s.status, 'amount', s.amount) end,
    case when t.key is not null then jsonb_build_object('status', t.status, 'amount', t.amount) end,
    case when s.key is null then 'the cancel is not known here' when t.key is null then 'Toss does not know this cancel'
      when s.amount <> t.amount then 'Toss gave another amount back' else 'the cancel is not as far as Toss says' end
  from told as t
  full join stored as s on s.key = t.key
  where s.key is null or t.key is null or s.amount <> t.amount or s.status <> t.status;
  found_cancels := found;

  -- What the lack of a cancel explains is not told twice.
  if toss_private.is_paid(known) <> is_paid_there or (
    not found_cancels and (known.status <> answer ->> 'status'
      or ((answer ->> 'totalAmount')::numeric = known.total_amount
        and known.balance_amount <> (answer ->> 'balanceAmount')::numeric))
  ) then
    return query select 'status', approval_key, false, here, there, 'the payment is not as far as Toss says'::text;
  end if;
end;
$$;

comment on function toss_private.find_differences(text, jsonb, jsonb) is
  'Where our rows of a payment and Toss''s answer differ. A null answer says that Toss knows no such payment; `listed` is the row of its list.';

create function toss_private.pays_another(owed public.orders, asked_payment_key text)
returns boolean
language plpgsql
immutable
set search_path = ''
as $$
begin
  return coalesce(owed.payment_key <> asked_payment_key, false)
    and owed.status in ('paid', 'partially_refunded', 'refunded', 'waiting_for_deposit');
end;
$$;

comment on function toss_private.pays_another(public.orders, text) is 'Whether an order has its payment already, and it is another one.';

create function toss_private.heals_itself(asked_payment_key text, answer jsonb)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  -- Toss is believed about an order, its amount and its currency; a second payment of an order has to go back, and
  -- until it has, nothing here may count it as the order's.
  return exists (
    select 1 from public.orders as o
    left join public.payments as p on p.payment_key = asked_payment_key
    where o.id = answer ->> 'orderId' and o.amount = (answer ->> 'totalAmount')::numeric
      and o.currency = answer ->> 'currency'
      and (p.payment_key is null or (p.order_id, p.total_amount) = (o.id, o.amount))
      and not (p.payment_key is null and toss_private.pays_another(o, asked_payment_key)
        and (answer ->> 'balanceAmount')::numeric > 0)
  ) and not exists (
    -- What is lost there, or was another amount, Toss's answer cannot give back.
    select 1 from public.payments as p
    cross join lateral toss_private.find_differences(p.payment_key, answer, null) as d
    where p.payment_key = asked_payment_key and d.kind in ('amount', 'cancel_missing_at_toss', 'missing_at_toss')
  );
end;
$$;

comment on function toss_private.heals_itself(text, jsonb) is 'Whether Toss''s answer may go through the one door by itself.';

create function public.settle_reconciliation_question(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  held constant toss_private.reconciliation_states := toss_private.hold_reconciliation(request);
  asked_payment_key constant text := request ->> 'paymentKey';
  answer constant jsonb := nullif(request -> 'payment', 'null');
  question toss_private.reconciliation_questions;
  before jsonb;
  difference record;
begin
  delete from toss_private.reconciliation_questions as q
  where q.run_id = held.run_id and q.payment_key = asked_payment_key
  returning * into question;
  if not found or (request ->> 'isUnaskable')::boolean then
    return toss_private.reconciliation_view(held.run_id);
  end if;
  if (request ->> 'isForeign')::boolean then
    update public.reconciliation_runs as r set compared = r.compared - 1, foreign_rows = r.foreign_rows + 1
    where r.id = held.run_id;
    return toss_private.reconciliation_view(held.run_id);
  end if;
  select coalesce(jsonb_agg(to_jsonb(d)), '[]') into before
  from toss_private.find_differences(asked_payment_key, answer, question.listed) as d;

  if answer is not null and before <> '[]' and toss_private.heals_itself(asked_payment_key, answer)
    and (request ->> 'canApply')::boolean
  then
    begin
      perform public.apply_payment(jsonb_build_object(
        'payment', answer, 'source', 'reconcile', 'askedAt', request -> 'askedAt', 'requestId', request -> 'requestId',
        'depositHours', request -> 'depositHours'
      ));
    exception when integrity_constraint_violation then
      -- Rows that contradict each other are a person's; the difference stays.
      raise notice 'payment % cannot be mended: %', asked_payment_key, sqlerrm;
    end;
  end if;

  perform toss_private.record_differences(held.run_id, asked_payment_key, before, coalesce((
    select jsonb_agg(to_jsonb(d)) from toss_private.find_differences(asked_payment_key, answer, question.listed) as d
  ), '[]'));
  return toss_private.reconciliation_view(held.run_id);
end;
$$;

comment on function public.settle_reconciliation_question(jsonb) is
  'What Toss said of one payment: compared, sent through apply_payment where that is safe, compared again and written down. Keys: runId, leaseToken, leaseSeconds, paymentKey, payment (null: Toss knows none), isUnaskable, isForeign, canApply, askedAt, requestId, depositHours.';
