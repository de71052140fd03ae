-- Which rows agree without a question: those of Toss's list with ours, and ours with the list.

create function toss_private.agrees(row_of_list jsonb)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
declare
  listed_amount constant bigint := abs((row_of_list ->> 'amount')::numeric);
  known public.payments;
  canceled bigint;
begin
  if row_of_list ->> 'status' in ('CANCELED', 'PARTIAL_CANCELED') then
    return exists (
      select 1 from public.payment_cancels as k
      join public.payments as p on p.payment_key = k.payment_key
      where k.transaction_key = row_of_list ->> 'transactionKey' and k.payment_key = row_of_list ->> 'paymentKey'
        and k.amount = listed_amount and k.status = 'DONE' and p.order_id = row_of_list ->> 'orderId'
    );
  end if;
  select * into known from public.payments as p
  where p.payment_key = row_of_list ->> 'paymentKey' and p.order_id = row_of_list ->> 'orderId'
    and p.total_amount = listed_amount and p.currency = row_of_list ->> 'currency';
  if not found then
    return false;
  end if;
  if row_of_list ->> 'status' = 'WAITING_FOR_DEPOSIT' then
    return true;
  end if;
  select coalesce(sum(k.amount), 0) into canceled
  from public.payment_cancels as k where k.payment_key = known.payment_key and k.status = 'DONE';
  -- A payment whose own rows contradict each other is asked about, too.
  return row_of_list ->> 'status' = 'DONE' and toss_private.is_paid(known)
    and known.balance_amount = known.total_amount - canceled
    and (known.status = 'DONE') = (canceled = 0) and known.status in ('DONE', 'PARTIAL_CANCELED', 'CANCELED');
end;
$$;

comment on function toss_private.agrees(jsonb) is
  'Whether a row of Toss''s list says what our rows say. A status that nobody knows agrees with nothing: Toss is asked.';

create function public.record_listed_transactions(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  held constant toss_private.reconciliation_states := toss_private.hold_reconciliation(request);
  run public.reconciliation_runs;
  window_end timestamptz;
  window_start timestamptz;
  ours jsonb;
  new_rows bigint;
  foreign_count bigint;
  is_last constant boolean := (request ->> 'isLast')::boolean;
begin
  -- A page that another try has recorded already.
  if held.phase <> 'list' or held.cursor is distinct from request ->> 'cursor'
    or held.pairs[held.pair_position] <> request ->> 'keys'
  then
    return toss_private.reconciliation_view(held.run_id);
  end if;
  select * into run from public.reconciliation_runs as r where r.id = held.run_id;
  window_start := run.from_date::timestamp at time zone 'Asia/Seoul';
  window_end := least((run.to_date + 1)::timestamp at time zone 'Asia/Seoul', held.border);

  with listed as (
    select t.value as entry, t.ordinality as place, exists (
        select 1 from public.orders as o where o.id = t.value ->> 'orderId'
        union all
        select 1 from public.payments as p where p.payment_key = t.value ->> 'paymentKey'
      ) as is_ours
    from jsonb_array_elements(request -> 'rows') with ordinality as t
    where coalesce((t.value ->> 'transactionAt')::timestamptz >= window_start
      and (t.value ->> 'transactionAt')::timestamptz < window_end, t.value ->> 'transactionAt' is null)
  )
  select coalesce(jsonb_agg(l.entry order by l.place) filter (where l.is_ours), '[]'),
    count(*) filter (where not l.is_ours and coalesce(l.entry ->> 'mId', '') <> all (held.listed_merchants))
  into ours, foreign_count
  from listed as l;

  insert into toss_private.reconciliation_rows (run_id, transaction_key, payment_key, is_cancel)
  select held.run_id, t.value ->> 'transactionKey', t.value ->> 'paymentKey',
    t.value ->> 'status' in ('CANCELED', 'PARTIAL_CANCELED')
  from jsonb_array_elements(ours) as t
  on conflict do nothing;
  get diagnostics new_rows = row_count;

  insert into toss_private.reconciliation_questions as q (run_id, payment_key, listed)
  select distinct on (t.value ->> 'paymentKey')
    held.run_id, t.value ->> 'paymentKey', t.value || jsonb_build_object('keys', request ->> 'keys')
  from jsonb_array_elements(ours) as t
  where not coalesce(toss_private.agrees(t.value), false)
  -- The approval tells more of a payment than its cancels.
  order by t.value ->> 'paymentKey', t.value ->> 'status' in ('CANCELED', 'PARTIAL_CANCELED')
  on conflict (run_id, payment_key) do update set listed = coalesce(q.listed, excluded.listed);

  update public.reconciliation_runs as r
  set compared = r.compared + new_rows, foreign_rows = r.foreign_rows + foreign_count
  where r.id = held.run_id;
  update toss_private.reconciliation_states as s
  set
    cursor = case when not is_last then request ->> 'lastKey' end,
    pair_position = s.pair_position + is_last::integer,
    phase = case when is_last and s.pair_position = cardinality(s.pairs) then 'ours' else 'list' end,
    merchants = case when is_last then '{}' else met.ids end,
    listed_merchants = case when is_last then array(
      select distinct m.id from unnest(s.listed_merchants || met.ids) as m (id)
    ) else s.listed_merchants end
  from (
    select array(
      select m.id from unnest(held.merchants) as m (id)
      union
      select t.value ->> 'mId' from jsonb_array_elements(request -> 'rows') as t where t.value ->> 'mId' is not null
    ) as ids
  ) as met
  where s.run_id = held.run_id;
  return toss_private.reconciliation_view(held.run_id);
end;
$$;

comment on function public.record_listed_transactions(jsonb) is
  'Compares one page of Toss''s list: rows that agree are counted, the others become questions, rows of other shops leave a number. Keys: runId, leaseToken, leaseSeconds, keys, cursor, lastKey, isLast, rows.';

create function public.find_unlisted_payments(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  held constant toss_private.reconciliation_states := toss_private.hold_reconciliation(request);
  run public.reconciliation_runs;
  window_start timestamptz;
  window_end timestamptz;
  unlisted bigint;
begin
  if held.phase <> 'ours' then
    return toss_private.reconciliation_view(held.run_id);
  end if;
  select * into run from public.reconciliation_runs as r where r.id = held.run_id;
  window_start := run.from_date::timestamp at time zone 'Asia/Seoul';
  window_end := least((run.to_date + 1)::timestamp at time zone 'Asia/Seoul', held.border);

  with lacking as (
    select p.payment_key from public.payments as p
    where p.approved_at >= window_start and p.approved_at < window_end
      and not exists (
        select 1 from toss_private.reconciliation_rows as r
        where r.run_id = held.run_id and r.payment_key = p.payment_key and not r.is_cancel
      )
    union all
    select k.payment_key from public.payment_cancels as k
    join public.payments as p on p.payment_key = k.payment_key and p.approved_at is not null
    where k.canceled_at >= window_start and k.canceled_at < window_end and k.status = 'DONE'
      and not exists (
        select 1 from toss_private.reconciliation_rows as r
        where r.run_id = held.run_id and r.transaction_key = k.transaction_key
      )
  ),
  ours as (
    select l.payment_key from lacking as l
    join public.payments as p on p.payment_key = l.payment_key
    join public.orders as o on o.id = p.order_id
    -- A pair that is not set can be asked nothing; doctor tells of it.
    where o.toss_keys = any (array(select jsonb_array_elements_text(request -> 'configured')))
  ),
  asked as (
    insert into toss_private.reconciliation_questions (run_id, payment_key)
    select distinct held.run_id, o.payment_key from ours as o
    on conflict do nothing
  )
  select count(*) into unlisted from ours;

  update public.reconciliation_runs as r set compared = r.compared + unlisted where r.id = held.run_id;
  update toss_private.reconciliation_states as s set phase = 'ask' where s.run_id = held.run_id;
  return toss_private.reconciliation_view(held.run_id);
end;
$$;

comment on function public.find_unlisted_payments(jsonb) is
  'Makes questions of the payments and cancels of the run''s days that Toss''s list did not show. Keys: runId, leaseToken, leaseSeconds, configured.';
