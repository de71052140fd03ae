-- Brakes: who was refused how often, per order and per network.

create table toss_private.order_refusals (
  order_id text not null references public.orders (id) on delete cascade,
  refusal text not null,
  refusals integer not null default 1,
  first_at timestamptz not null,
  last_at timestamptz not null,
  primary key (order_id, refusal),
  constraint order_refusals_refusal_known check (
    refusal in ('amount_mismatch', 'second_payment_refused', 'cancel_refused')
  ),
  constraint order_refusals_positive check (refusals > 0)
);

alter table toss_private.order_refusals enable row level security;

comment on table toss_private.order_refusals is
  'How often confirms of an order, and cancels by its buyer, were refused without asking Toss. The first of a kind stands in the audit log too.';

create table toss_private.caller_refusals (
  caller_digest text primary key,
  refusals integer not null default 1,
  window_started_at timestamptz not null,
  constraint caller_refusals_digest_format check (caller_digest ~ '^[0-9a-f]{64}$'),
  constraint caller_refusals_positive check (refusals > 0)
);

alter table toss_private.caller_refusals enable row level security;

comment on table toss_private.caller_refusals is
  'How often Toss did not know the payments and authKeys that one caller brought, over all orders and accounts, within ten minutes. Gone after a day.';
comment on column toss_private.caller_refusals.caller_digest is
  'HMAC-SHA256 of the caller''s network under a key derived from the encryption keys; no address is stored. Personal: id; kept.';

create index caller_refusals_window_started_at on toss_private.caller_refusals (window_started_at);

create function toss_private.count_order_refusal(refused_order_id text, refused_as text, at timestamptz)
returns integer
language plpgsql
volatile
set search_path = ''
as $$
declare
  counted integer;
begin
  insert into toss_private.order_refusals as r (order_id, refusal, first_at, last_at)
  values (refused_order_id, refused_as, at, at)
  on conflict (order_id, refusal) do update set refusals = r.refusals + 1, last_at = at
  returning r.refusals into counted;
  return counted;
end;
$$;

comment on function toss_private.count_order_refusal(text, text, timestamptz) is
  'Counts a refusal of an order''s confirm; answers how many of the kind there are. The caller holds the order''s lock.';

create function toss_private.order_refusals_of(checked_order_id text)
returns bigint
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select count(*) from public.operations as op where op.order_id = checked_order_id and op.state = 'rejected'
  ) + coalesce((
    select r.refusals from toss_private.order_refusals as r
    where r.order_id = checked_order_id and r.refusal = 'amount_mismatch'
  ), 0);
end;
$$;

comment on function toss_private.order_refusals_of(text) is
  'How often an order''s payment was refused: by Toss, or for an amount that is not the order''s.';

create function toss_private.caller_brake_seconds(checked_digest text, at timestamptz)
returns integer
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select ceil(extract(epoch from r.window_started_at + interval '10 minutes' - at))
    from toss_private.caller_refusals as r
    where r.caller_digest = checked_digest and r.refusals >= 20 and r.window_started_at > at - interval '10 minutes'
  );
end;
$$;

comment on function toss_private.caller_brake_seconds(text, timestamptz) is
  'How long a caller has to wait who brought twenty payments or authKeys within ten minutes that Toss does not know; null = not at all. No buyer does that: it takes invented keys over many orders or accounts.';

create function public.count_caller_refusal(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  present constant timestamptz := toss_private.clock_now();
  counted integer;
begin
  insert into toss_private.caller_refusals as r (caller_digest, window_started_at)
  values (request ->> 'caller', present)
  on conflict (caller_digest) do update
  set refusals = case when r.window_started_at > present - interval '10 minutes' then r.refusals + 1 else 1 end,
    window_started_at = case when r.window_started_at > present - interval '10 minutes'
      then r.window_started_at else present end
  returning r.refusals into counted;
  return jsonb_build_object('refusals', counted);
end;
$$;

comment on function public.count_caller_refusal(jsonb) is
  'Counts that Toss did not know a payment or an authKey which a caller brought. Key: caller (a digest). Answers how many there are within ten minutes.';

create function toss_private.remove_old_refusals()
returns integer
language plpgsql
volatile
set search_path = ''
as $$
declare
  removed integer;
begin
  delete from toss_private.caller_refusals as r where r.window_started_at < toss_private.clock_now() - interval '1 day';
  get diagnostics removed = row_count;
  return removed;
end;
$$;

comment on function toss_private.remove_old_refusals() is 'Removes what callers were counted for more than a day ago.';
