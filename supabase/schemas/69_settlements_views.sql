-- Settlements as people read them: by payout day, row by row, and by month for the tax office.

create view public.settlement_overview
with (security_invoker = true)
as
select
  s.sold_date,
  s.paid_out_date,
  coalesce(s.paid_out_date <= (toss_private.clock_now() at time zone 'Asia/Seoul')::date, false) as is_paid_out,
  coalesce(p.order_id, t.order_id) as order_id,
  o.order_name,
  s.method,
  case when s.amount < 0 then 'refund' else 'payment' end as kind,
  s.amount,
  s.fee,
  s.fee_vat,
  s.pay_out_amount,
  s.m_id,
  s.payment_key,
  s.transaction_key,
  d.reason as difference
from public.settlements as s
left join public.payments as p on p.payment_key = s.payment_key
left join public.orders as o on o.id = p.order_id
left join public.imported_transactions as t on t.transaction_key = s.transaction_key and t.payment_key = s.payment_key
left join public.settlement_differences as d
  on d.payment_key = s.payment_key and d.transaction_key = s.transaction_key and d.resolved_at is null;

comment on view public.settlement_overview is
  'Settlements with their orders, for a look in Studio; sort by sold_date. Service role only.';

create view public.settlements_by_payout_day
with (security_invoker = true)
as
select
  s.paid_out_date,
  s.m_id,
  coalesce(s.paid_out_date <= (toss_private.clock_now() at time zone 'Asia/Seoul')::date, false) as is_paid_out,
  count(*) filter (where s.amount >= 0) as payments,
  count(*) filter (where s.amount < 0) as refunds,
  coalesce(sum(s.amount) filter (where s.amount >= 0), 0)::bigint as paid_amount,
  coalesce(-sum(s.amount) filter (where s.amount < 0), 0)::bigint as refunded_amount,
  sum(s.fee)::bigint as fee,
  sum(s.fee_vat)::bigint as fee_vat,
  sum(s.pay_out_amount)::bigint as pay_out_amount
from public.settlements as s
group by s.paid_out_date, s.m_id;

comment on view public.settlements_by_payout_day is
  'What arrives on the shop''s account, or did, by day in Seoul and merchant id. Amounts in won, refunded_amount positive. Service role only.';

create view public.monthly_tax_sheet
with (security_invoker = true)
as
with approved as (
  select
    to_char(p.approved_at at time zone 'Asia/Seoul', 'YYYY-MM') as month,
    p.method,
    p.total_amount as total,
    coalesce(p.approved_tax_free_amount, o.tax_free_amount) as tax_free,
    p.approved_vat as vat
  from public.payments as p
  join public.orders as o on o.id = p.order_id
  where p.approved_at is not null and p.currency = 'KRW'
),
moved as (
  select a.month, a.method, a.total, a.tax_free,
    -- Where Toss has not told the whole: an eleventh of what is taxed, rounded as Toss does.
    coalesce(a.vat, round((a.total - a.tax_free) / 11.0)::bigint) as vat, 0::bigint as refunded
  from approved as a

  union all
  select to_char(coalesce(k.canceled_at, k.created_at) at time zone 'Asia/Seoul', 'YYYY-MM'), p.method, 0, 0, 0, k.amount
  from public.payment_cancels as k
  join public.payments as p on p.payment_key = k.payment_key
  where k.status = 'DONE' and p.approved_at is not null and p.currency = 'KRW'
)
select
  m.month,
  coalesce(m.method, '미확인') as method,
  sum(m.total - m.tax_free - m.vat)::bigint as supplied_amount,
  sum(m.vat)::bigint as vat,
  sum(m.tax_free)::bigint as tax_free_amount,
  sum(m.total)::bigint as total_amount,
  sum(m.refunded)::bigint as refunded_amount
from moved as m
group by m.month, coalesce(m.method, '미확인');

comment on view public.monthly_tax_sheet is
  'Sales by month in Seoul and method, in won, for the VAT return: what was approved, before refunds, and in refunded_amount (positive) what was given back in that month, whenever it was paid. Service role only.';

create function toss_private.settlement_violations()
returns table (invariant text, subject text, detail text)
language plpgsql
stable
set search_path = ''
as $$
begin
  return query
  select 'settlement_difference_is_seen', s.transaction_key, format('%s, and no difference is open', j.reason)
  from public.settlements as s
  cross join lateral toss_private.judge_settlement(s) as j
  where j.kind is not null and not exists (
    select 1 from public.settlement_differences as d
    where d.payment_key = s.payment_key and d.transaction_key = s.transaction_key and d.resolved_at is null
  )

  union all
  select 'imported_history_is_not_ours', t.transaction_key, format('payment %s is one of ours', t.payment_key)
  from public.imported_transactions as t
  join public.payments as p on p.payment_key = t.payment_key;
end;
$$;

comment on function toss_private.settlement_violations() is 'The rules about settlements and the imported history.';

create view toss_private.settlement_alerts
with (security_invoker = true)
as
select case d.kind when 'not_settled' then 'warning' else 'critical' end as level, 'settlement_difference' as alert,
  coalesce(d.order_id, d.payment_key) as subject,
  format('payment %s%s: %s', d.payment_key, ' ' || d.transaction_key, d.reason) as detail, d.created_at as since
from public.settlement_differences as d
where d.resolved_at is null

union all
select 'warning', 'settlements_unread', r.id::text,
  format('%s to %s: Toss gave no settlements (%s)', r.from_date, r.to_date, r.settlements_missed), r.started_at
from (
  select l.* from public.reconciliation_runs as l where l.status <> 'running' order by l.started_at desc limit 1
) as r
where r.settlements_missed is not null;

comment on view toss_private.settlement_alerts is
  'Settlements that our books do not explain, payments that were not settled, and a list of settlements that Toss did not give.';
