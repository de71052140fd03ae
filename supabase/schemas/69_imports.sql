-- A shop's history before this project: what Toss's list shows of payments that are no orders of ours.

create table public.imported_transactions (
  transaction_key text primary key,
  payment_key text not null,
  order_id text not null,
  m_id text,
  method text,
  status text,
  amount bigint not null,
  currency text,
  transaction_at timestamptz not null,
  imported_at timestamptz not null,
  constraint imported_transactions_payment_key_length check (char_length(payment_key) between 1 and 200)
);

alter table public.imported_transactions enable row level security;

comment on table public.imported_transactions is
  'Approvals and cancels from before this project, as Toss lists them; to look up, never to change. No other rule counts them. Service role only.';
comment on column public.imported_transactions.order_id is
  'The shop''s own order number of that time. Personal: free text; kept.';
comment on column public.imported_transactions.amount is 'Of the approval, or of this cancel; positive, minor unit.';
comment on column public.imported_transactions.status is 'Toss''s words: CANCELED and PARTIAL_CANCELED are cancels.';

create index imported_transactions_payment_key on public.imported_transactions (payment_key);
create index imported_transactions_order_id on public.imported_transactions (order_id);
create index imported_transactions_transaction_at on public.imported_transactions (transaction_at);

create view public.imported_payments
with (security_invoker = true)
as
select
  a.payment_key,
  a.order_id,
  a.method,
  a.amount as total_amount,
  a.amount - coalesce(c.amount, 0) as balance_amount,
  a.currency,
  a.transaction_at as approved_at,
  c.last_at as canceled_at,
  a.m_id
from public.imported_transactions as a
left join lateral (
  select sum(k.amount)::bigint as amount, max(k.transaction_at) as last_at
  from public.imported_transactions as k
  where k.payment_key = a.payment_key and k.status in ('CANCELED', 'PARTIAL_CANCELED')
) as c on true
where a.status is distinct from 'CANCELED' and a.status is distinct from 'PARTIAL_CANCELED';

comment on view public.imported_payments is
  'The payments of the imported history, one a row: look for payment_key, order_id or approved_at. Service role only.';

create table toss_private.transaction_imports (
  id uuid primary key default gen_random_uuid(),
  from_date date not null,
  to_date date not null,
  pairs text[] not null,
  pair_position integer not null default 1,
  window_start date not null,
  cursor text,
  read_rows bigint not null default 0,
  imported_rows bigint not null default 0,
  lease_token uuid not null,
  lease_expires_at timestamptz not null,
  started_at timestamptz not null,
  finished_at timestamptz,
  constraint transaction_imports_dates_in_order check (from_date <= to_date)
);

alter table toss_private.transaction_imports enable row level security;

comment on table toss_private.transaction_imports is 'How far each import is: a killed one goes on from here.';
comment on column toss_private.transaction_imports.window_start is
  'First day of the month that is read: a list of years would take Toss longer than it has.';
comment on column toss_private.transaction_imports.cursor is 'The last transaction that was read of the present month.';

create unique index transaction_imports_one_at_a_time on toss_private.transaction_imports ((true)) where finished_at is null;

create function toss_private.import_window_end(viewed toss_private.transaction_imports)
returns date
language plpgsql
immutable
set search_path = ''
as $$
begin
  return least((date_trunc('month', viewed.window_start::timestamp) + interval '1 month')::date, viewed.to_date + 1);
end;
$$;

comment on function toss_private.import_window_end(toss_private.transaction_imports) is
  'The day after the last one of the month that an import reads.';

create function toss_private.import_view(viewed toss_private.transaction_imports)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return jsonb_build_object(
    'importId', viewed.id, 'from', viewed.from_date, 'to', viewed.to_date, 'keys', viewed.pairs[viewed.pair_position],
    'windowFrom', viewed.window_start, 'windowUntil', toss_private.import_window_end(viewed),
    'cursor', viewed.cursor, 'read', viewed.read_rows, 'imported', viewed.imported_rows,
    'isFinished', viewed.finished_at is not null
  );
end;
$$;

comment on function toss_private.import_view(toss_private.transaction_imports) is
  'An import as its worker sees it: counts, and which page comes next.';

create function public.begin_import(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  present constant timestamptz := toss_private.clock_now();
  lease_end constant timestamptz := present + make_interval(secs => (request ->> 'leaseSeconds')::double precision);
  wanted_to constant date := coalesce(
    (request ->> 'to')::date,
    (coalesce((select min(p.created_at) from public.payments as p), present) at time zone 'Asia/Seoul')::date
  );
  wanted_from constant date := coalesce((request ->> 'from')::date, (wanted_to - interval '1 year')::date);
  begun toss_private.transaction_imports;
begin
  if wanted_from > wanted_to then
    return jsonb_build_object('outcome', 'invalid_range', 'from', wanted_from, 'to', wanted_to);
  end if;
  perform pg_advisory_xact_lock(hashtextextended('toss_import', 0));
  select * into begun from toss_private.transaction_imports as i where i.finished_at is null;
  if found and begun.lease_expires_at > present and begun.lease_token <> (request ->> 'leaseToken')::uuid then
    return jsonb_build_object('outcome', 'busy');
  end if;
  if found and (begun.from_date, begun.to_date) = (wanted_from, wanted_to) then
    update toss_private.transaction_imports as i
    set lease_token = (request ->> 'leaseToken')::uuid, lease_expires_at = lease_end
    where i.id = begun.id
    returning * into begun;
  else
    -- Other days were asked for meanwhile. What the older import has read stays.
    update toss_private.transaction_imports as i set finished_at = present where i.finished_at is null;
    insert into toss_private.transaction_imports (
      from_date, to_date, pairs, window_start, lease_token, lease_expires_at, started_at
    ) values (
      wanted_from, wanted_to, array(select jsonb_array_elements_text(request -> 'pairs')), wanted_from,
      (request ->> 'leaseToken')::uuid, lease_end, present
    )
    returning * into begun;
  end if;
  return jsonb_build_object('outcome', 'begun', 'import', toss_private.import_view(begun));
end;
$$;

comment on function public.begin_import(jsonb) is
  'Begins an import of the history, or goes on with a killed one of the same days. Keys: leaseToken, leaseSeconds, pairs, and optionally from, to (dates in Seoul, included); by default the year up to this project''s first payment. Outcomes: begun, busy, invalid_range.';

create function public.record_imported_transactions(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  held toss_private.transaction_imports;
  new_rows bigint;
  is_last constant boolean := (request ->> 'isLast')::boolean;
  next_window date;
begin
  update toss_private.transaction_imports as i
  set lease_expires_at = toss_private.clock_now() + make_interval(secs => (request ->> 'leaseSeconds')::double precision)
  where i.id = (request ->> 'importId')::uuid and i.lease_token = (request ->> 'leaseToken')::uuid
    and i.finished_at is null
  returning * into held;
  if not found then
    raise exception 'another worker has taken the import over' using errcode = 'object_not_in_prerequisite_state';
  end if;
  -- A page that another try has recorded already.
  if held.cursor is distinct from request ->> 'cursor' or held.pairs[held.pair_position] <> request ->> 'keys'
    or held.window_start <> (request ->> 'windowFrom')::date
  then
    return toss_private.import_view(held);
  end if;

  insert into public.imported_transactions (
    transaction_key, payment_key, order_id, m_id, method, status, amount, currency, transaction_at,
    imported_at
  )
  select r."transactionKey", r."paymentKey", r."orderId", r."mId", r.method, r.status, abs(r.amount), r.currency,
    r."transactionAt", toss_private.clock_now()
  from jsonb_to_recordset(request -> 'rows') as r (
    "transactionKey" text, "paymentKey" text, "orderId" text, "mId" text, method text, status text, amount bigint,
    currency text, "transactionAt" timestamptz
  )
  where r.amount is not null and r."transactionAt" is not null
    and not exists (
      select 1 from public.orders as o where o.id = r."orderId"
      union all
      select 1 from public.payments as p where p.payment_key = r."paymentKey"
    )
  on conflict (transaction_key) do nothing;
  get diagnostics new_rows = row_count;

  next_window := case when is_last then toss_private.import_window_end(held) else held.window_start end;
  update toss_private.transaction_imports as i
  set read_rows = i.read_rows + jsonb_array_length(request -> 'rows'), imported_rows = i.imported_rows + new_rows,
    cursor = case when not is_last then request ->> 'lastKey' end,
    pair_position = i.pair_position + (next_window > i.to_date)::integer,
    window_start = case when next_window > i.to_date then i.from_date else next_window end,
    finished_at = case when next_window > i.to_date and i.pair_position >= cardinality(i.pairs)
      then toss_private.clock_now() end
  where i.id = held.id
  returning * into held;
  return toss_private.import_view(held);
end;
$$;

comment on function public.record_imported_transactions(jsonb) is
  'Keeps one page of the history, each transaction once; what belongs to an order of ours is left out. Keys: importId, leaseToken, leaseSeconds, keys, windowFrom, cursor, lastKey, isLast, rows.';

create function public.pause_import(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  held toss_private.transaction_imports;
begin
  update toss_private.transaction_imports as i set lease_expires_at = toss_private.clock_now()
  where i.id = (request ->> 'importId')::uuid and i.lease_token = (request ->> 'leaseToken')::uuid
  returning * into held;
  return toss_private.import_view(held);
end;
$$;

comment on function public.pause_import(jsonb) is
  'Gives the lease back at the end of a slice, so that the next one goes on at once. Keys: importId, leaseToken.';
