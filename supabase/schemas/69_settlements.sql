-- Settlements (정산): what Toss pays out, row for row, and where it differs from payments and cancels.

create table public.settlements (
  payment_key text not null,
  transaction_key text not null,
  m_id text,
  method text,
  amount bigint not null,
  fee bigint not null,
  fee_vat bigint not null,
  pay_out_amount bigint not null,
  sold_date date not null,
  paid_out_date date,
  approved_at timestamptz,
  constraint settlements_pkey primary key (payment_key, transaction_key),
  constraint settlements_payment_key_length check (char_length(payment_key) between 1 and 200),
  constraint settlements_transaction_key_length check (char_length(transaction_key) between 1 and 200)
);

alter table public.settlements enable row level security;

comment on table public.settlements is
  'Toss''s settlement of each payment and cancel of this shop, as its list (정산 조회) last said. Service role only.';
comment on column public.settlements.m_id is 'Toss''s merchant id, to whose account the money goes.';
comment on column public.settlements.method is 'Toss''s payment method in its own words.';
comment on column public.settlements.amount is 'What was paid, in won; negative for a refund.';
comment on column public.settlements.fee is 'Toss''s fee without its VAT, in won; negative where a refund gives it back.';
comment on column public.settlements.fee_vat is 'VAT of the fee, in won.';
comment on column public.settlements.pay_out_amount is 'What is left for the shop, in won, by Toss''s own reckoning.';
comment on column public.settlements.sold_date is 'The day in Seoul on which Toss counts it as sold (매출일).';
comment on column public.settlements.paid_out_date is
  'The day of the payout in Seoul: expected while it lies ahead, paid out from then on; null when Toss has not said.';

create index settlements_sold_date on public.settlements (sold_date);
create index settlements_paid_out_date on public.settlements (paid_out_date);

create table public.settlement_differences (
  id uuid primary key default gen_random_uuid(),
  kind text not null,
  payment_key text not null,
  transaction_key text,
  order_id text,
  ours bigint,
  theirs bigint,
  reason text not null,
  created_at timestamptz not null,
  resolved_at timestamptz,
  constraint settlement_differences_kind_known check (kind in ('missing_here', 'amount', 'not_settled'))
);

alter table public.settlement_differences enable row level security;

comment on table public.settlement_differences is
  'Settlements that our books do not explain, and payments that were not settled. One stands once while it is open. Service role only.';
comment on column public.settlement_differences.transaction_key is 'Of the settlement; null for a payment without one.';
comment on column public.settlement_differences.ours is 'Amount here, in won, negative for a refund; null when there is no such row.';
comment on column public.settlement_differences.theirs is 'Amount that Toss settled; null when it settled none.';
comment on column public.settlement_differences.reason is 'What a person has to know to decide.';
comment on column public.settlement_differences.resolved_at is 'When a run found that it is gone; null while it is open.';

create unique index settlement_differences_once_while_open
  on public.settlement_differences (payment_key, transaction_key) nulls not distinct where resolved_at is null;

create function toss_private.judge_settlement(settled public.settlements)
returns public.settlement_differences
language plpgsql
stable
set search_path = ''
as $$
declare
  known public.payments;
  verdict public.settlement_differences;
begin
  select * into known from public.payments as p where p.payment_key = settled.payment_key;
  if known.payment_key is null then
    if exists (select 1 from public.imported_transactions as t where t.payment_key = settled.payment_key) then
      return null;
    end if;
    verdict.reason := 'the payment is not known here';
  elsif settled.amount >= 0 then
    verdict.ours := known.total_amount;
    verdict.reason := 'Toss settles another amount than was paid here';
  else
    select -k.amount into verdict.ours from public.payment_cancels as k
    where k.payment_key = settled.payment_key
      -- A cancel that Toss gave no key is known by its amount.
      and (k.transaction_key = settled.transaction_key or (k.transaction_key like 'place-%' and k.amount = -settled.amount))
    order by k.transaction_key = settled.transaction_key desc
    limit 1;
    verdict.reason := case when verdict.ours is null then 'the cancel is not known here'
      else 'Toss settles another amount than was given back here' end;
  end if;
  if verdict.ours = settled.amount then
    return null;
  end if;
  verdict.kind := case when verdict.ours is null then 'missing_here' else 'amount' end;
  verdict.payment_key := settled.payment_key;
  verdict.transaction_key := settled.transaction_key;
  verdict.order_id := known.order_id;
  verdict.theirs := settled.amount;
  return verdict;
end;
$$;

comment on function toss_private.judge_settlement(public.settlements) is
  'Where a settlement differs from our books; null when it is the payment''s or the cancel''s own amount, or of the imported history.';

create function toss_private.keep_settlement_difference(verdict public.settlement_differences)
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  insert into public.settlement_differences as d (
    kind, payment_key, transaction_key, order_id, ours, theirs, reason, created_at
  ) values (
    verdict.kind, verdict.payment_key, verdict.transaction_key, verdict.order_id, verdict.ours, verdict.theirs,
    verdict.reason, toss_private.clock_now()
  )
  on conflict (payment_key, transaction_key) where resolved_at is null do update
    set kind = excluded.kind, ours = excluded.ours, theirs = excluded.theirs, reason = excluded.reason;
end;
$$;

comment on function toss_private.keep_settlement_difference(public.settlement_differences) is
  'Writes a difference down, or what is new about an open one.';

create function public.begin_settlements(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  held constant toss_private.reconciliation_states := toss_private.hold_reconciliation(request);
begin
  update toss_private.reconciliation_states as s set phase = 'settlements', pair_position = 1, cursor = null
  where s.run_id = held.run_id and s.phase = 'ask';
  return toss_private.reconciliation_view(held.run_id);
end;
$$;

comment on function public.begin_settlements(jsonb) is
  'Goes on from single payments to Toss''s list of settlements, key pair by key pair. Keys: runId, leaseToken, leaseSeconds.';

create function public.record_settlements(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  held constant toss_private.reconciliation_states := toss_private.hold_reconciliation(request);
  settled public.settlements;
  verdict public.settlement_differences;
  is_last constant boolean := (request ->> 'isLast')::boolean;
begin
  -- A page that another try has recorded already.
  if held.phase <> 'settlements' or held.cursor is distinct from request ->> 'cursor'
    or held.pairs[held.pair_position] is distinct from request ->> 'keys'
  then
    return toss_private.reconciliation_view(held.run_id);
  end if;

  for settled in
    insert into public.settlements as s (
      payment_key, transaction_key, m_id, method, amount, fee, fee_vat, pay_out_amount, sold_date, paid_out_date,
      approved_at
    )
    select distinct on (r."paymentKey", r."transactionKey")
      r."paymentKey", r."transactionKey", r."mId", r.method, r.amount, r.fee, r."feeVat", r."payOutAmount",
      r."soldDate", r."paidOutDate", r."approvedAt"
    from jsonb_to_recordset(request -> 'rows') as r (
      "paymentKey" text, "transactionKey" text, "orderId" text, "mId" text, method text, amount bigint, fee bigint,
      "feeVat" bigint, "payOutAmount" bigint, "soldDate" date, "paidOutDate" date, "approvedAt" timestamptz
    )
    -- Shops that share a key see each other's rows.
    where exists (
      select 1 from public.orders as o
      where o.id = r."orderId" and (o.toss_keys = request ->> 'keys' or o.toss_keys <> all (held.pairs))
      union all
      select 1 from public.payments as p where p.payment_key = r."paymentKey"
      union all
      select 1 from public.imported_transactions as t where t.payment_key = r."paymentKey"
    )
    on conflict (payment_key, transaction_key) do update set
      m_id = excluded.m_id, method = excluded.method, amount = excluded.amount, fee = excluded.fee,
      fee_vat = excluded.fee_vat, pay_out_amount = excluded.pay_out_amount, sold_date = excluded.sold_date,
      paid_out_date = excluded.paid_out_date, approved_at = excluded.approved_at
    returning *
  loop
    verdict := toss_private.judge_settlement(settled);
    if verdict.kind is not null then
      perform toss_private.keep_settlement_difference(verdict);
    end if;
  end loop;

  update toss_private.reconciliation_states as s
  set cursor = case when not is_last then request ->> 'nextCursor' end,
    pair_position = s.pair_position + is_last::integer, failed_tries = 0
  where s.run_id = held.run_id;
  return toss_private.reconciliation_view(held.run_id);
end;
$$;

comment on function public.record_settlements(jsonb) is
  'Keeps one page of Toss''s list of settlements, and what our books do not explain of it; rows of other shops are left out. Keys: runId, leaseToken, leaseSeconds, keys, cursor, nextCursor, isLast, rows.';

create function public.miss_settlements(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  held constant toss_private.reconciliation_states := toss_private.hold_reconciliation(request);
  -- As often as a payment is asked about.
  is_over constant boolean := (request ->> 'isRefused')::boolean or held.failed_tries >= 3;
begin
  update toss_private.reconciliation_states as s
  set failed_tries = case when is_over then 0 else s.failed_tries + 1 end,
    pair_position = s.pair_position + is_over::integer,
    cursor = case when not is_over then s.cursor end
  where s.run_id = held.run_id and s.phase = 'settlements' and s.pairs[s.pair_position] = request ->> 'keys';
  if found and is_over then
    update public.reconciliation_runs as r
    set settlements_missed = case
        when (request ->> 'isRefused')::boolean then coalesce(r.settlements_missed, request ->> 'reason')
        else 'UNANSWERED' end
    where r.id = held.run_id;
  end if;
  return toss_private.reconciliation_view(held.run_id);
end;
$$;

comment on function public.miss_settlements(jsonb) is
  'Toss gave no page of settlements: asked again, four times at most, or not at all when it refused. Keys: runId, leaseToken, leaseSeconds, keys, reason, isRefused.';

create function toss_private.finish_settlements(ending public.reconciliation_runs)
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  covered datemultirange;
  unsettled record;
begin
  -- What is open may have been explained since.
  update public.settlement_differences as d set resolved_at = toss_private.clock_now()
  where d.resolved_at is null and d.transaction_key is not null and not exists (
    select 1 from public.settlements as s
    where (s.payment_key, s.transaction_key) = (d.payment_key, d.transaction_key)
      and (toss_private.judge_settlement(s)).kind is not null
  );
  update public.settlement_differences as d set resolved_at = toss_private.clock_now()
  where d.resolved_at is null and d.transaction_key is null and not exists (
    select 1 from public.payments as p
    where p.payment_key = d.payment_key and p.balance_amount > 0 and p.approved_at is not null
      and not exists (select 1 from public.settlements as s where s.payment_key = p.payment_key)
  );
  if ending.settlements_missed is not null then
    return;
  end if;

  select range_agg(daterange(r.from_date, r.to_date, '[]')) into covered
  from public.reconciliation_runs as r
  where r.id = ending.id or (r.status = 'finished' and r.settlements_missed is null);
  for unsettled in
    select p.payment_key, p.order_id, p.total_amount
    from public.payments as p
    where p.approved_at >= (ending.from_date - 7)::timestamp at time zone 'Asia/Seoul'
      and p.approved_at < (ending.to_date - 6)::timestamp at time zone 'Asia/Seoul'
      and p.balance_amount > 0 and p.currency = 'KRW'
      -- The day may be counted as sold later than it was approved, so a week must have been read.
      and covered @> daterange(
        (p.approved_at at time zone 'Asia/Seoul')::date, (p.approved_at at time zone 'Asia/Seoul')::date + 7, '[]'
      )
      and not exists (select 1 from public.settlements as s where s.payment_key = p.payment_key)
      -- Toss settles nothing under test keys.
      and exists (select 1 from public.settlements as s where s.m_id = coalesce(p.m_id, s.m_id))
  loop
    perform toss_private.keep_settlement_difference((
      null, 'not_settled', unsettled.payment_key, null, unsettled.order_id, unsettled.total_amount, null,
      'Toss has not settled this payment within a week', null, null
    )::public.settlement_differences);
  end loop;
end;
$$;

comment on function toss_private.finish_settlements(public.reconciliation_runs) is
  'Ends what a run found about settlements: what is explained by now is resolved, what has stayed unsettled for a week is written down.';
