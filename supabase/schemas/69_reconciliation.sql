-- Reconciliation: Toss's list of transactions against payments and cancels, day by day, both ways.
-- This chapter: the runs, what they keep while they last, and where each one begins.

create table public.reconciliation_runs (
  id uuid primary key default gen_random_uuid(),
  from_date date not null,
  to_date date not null,
  status text not null default 'running',
  compared bigint not null default 0,
  healed bigint not null default 0,
  open bigint not null default 0,
  foreign_rows bigint not null default 0,
  settlements_missed text,
  started_at timestamptz not null,
  finished_at timestamptz,
  constraint reconciliation_runs_status_known check (status in ('running', 'finished', 'failed')),
  constraint reconciliation_runs_dates_in_order check (from_date <= to_date),
  constraint reconciliation_runs_counts_not_negative check (least(compared, healed, open, foreign_rows) >= 0),
  constraint reconciliation_runs_end_with_their_time check ((status = 'running') = (finished_at is null))
);

alter table public.reconciliation_runs enable row level security;

comment on table public.reconciliation_runs is 'Each comparison with Toss''s list of transactions. Service role only.';
comment on column public.reconciliation_runs.from_date is 'First day, in Seoul; included, as to_date is.';
comment on column public.reconciliation_runs.status is
  'failed: Toss did not answer all questions, or another run took its place; its days are compared again.';
comment on column public.reconciliation_runs.compared is 'Rows of Toss''s list that are this shop''s, and rows of ours that the list lacks.';
comment on column public.reconciliation_runs.healed is 'Differences that this run found and that Toss''s answer mended.';
comment on column public.reconciliation_runs.open is 'Differences that were open at its end, of whatever run.';
comment on column public.reconciliation_runs.settlements_missed is
  'Why Toss gave no list of settlements for these days: its code, or UNANSWERED; null when it did.';
comment on column public.reconciliation_runs.foreign_rows is 'Rows of shops that share a key: counted, never stored.';

create index reconciliation_runs_started_at on public.reconciliation_runs (started_at desc);

create table toss_private.reconciliation_states (
  run_id uuid primary key references public.reconciliation_runs (id),
  is_default boolean not null,
  border timestamptz not null,
  pairs text[] not null,
  pair_position integer not null default 1,
  cursor text,
  phase text not null default 'list',
  listed_merchants text[] not null default '{}',
  merchants text[] not null default '{}',
  failed_tries integer not null default 0,
  lease_token uuid not null,
  lease_expires_at timestamptz not null,
  constraint reconciliation_states_phase_known check (phase in ('list', 'ours', 'ask', 'settlements'))
);

alter table toss_private.reconciliation_states enable row level security;

comment on table toss_private.reconciliation_states is 'How far a running comparison is: a killed one goes on from here.';
comment on column toss_private.reconciliation_states.is_default is 'Whether the dates were left to the job, which remembers how far it got.';
comment on column toss_private.reconciliation_states.border is 'What is younger is left to the next run: Toss''s list lags behind.';
comment on column toss_private.reconciliation_states.pairs is 'The key pairs whose lists are read, as orders.toss_keys names them.';
comment on column toss_private.reconciliation_states.cursor is
  'The last transaction that was read of the present list; of settlements the next page and the first row of the one before.';
comment on column toss_private.reconciliation_states.listed_merchants is 'Merchant ids that an earlier list of this run held: pairs of one merchant show the same rows.';
comment on column toss_private.reconciliation_states.merchants is 'Merchant ids of the present list.';
comment on column toss_private.reconciliation_states.failed_tries is 'How often Toss gave no page of settlements, one after the other.';

create table toss_private.reconciliation_rows (
  run_id uuid not null references public.reconciliation_runs (id),
  transaction_key text not null,
  payment_key text not null,
  is_cancel boolean not null,
  primary key (run_id, transaction_key)
);

alter table toss_private.reconciliation_rows enable row level security;

comment on table toss_private.reconciliation_rows is 'What Toss listed of this shop''s payments, while a run lasts.';

create index reconciliation_rows_payment on toss_private.reconciliation_rows (run_id, payment_key) where not is_cancel;

create table toss_private.reconciliation_questions (
  run_id uuid not null references public.reconciliation_runs (id),
  payment_key text not null,
  listed jsonb,
  attempts integer not null default 0,
  primary key (run_id, payment_key)
);

alter table toss_private.reconciliation_questions enable row level security;

comment on table toss_private.reconciliation_questions is 'Payments that a run has yet to ask Toss about.';
comment on column toss_private.reconciliation_questions.listed is
  'The row of Toss''s list that gave rise to the question, and with which key pair it was read; null when a row of ours did.';

create table toss_private.reconciliation_progress (
  is_only boolean primary key default true,
  covered_until date not null,
  constraint reconciliation_progress_is_only check (is_only)
);

alter table toss_private.reconciliation_progress enable row level security;

comment on table toss_private.reconciliation_progress is 'The last day up to which the job has compared everything; the next run begins with it.';

create index payments_approved_at on public.payments (approved_at) where approved_at is not null;
create index payment_cancels_canceled_at on public.payment_cancels (canceled_at) where canceled_at is not null;

create function toss_private.drop_reconciliation_state(ended_run_id uuid)
returns void
language plpgsql
set search_path = ''
as $$
begin
  delete from toss_private.reconciliation_rows as r where r.run_id = ended_run_id;
  delete from toss_private.reconciliation_questions as q where q.run_id = ended_run_id;
  delete from toss_private.reconciliation_states as s where s.run_id = ended_run_id;
end;
$$;

comment on function toss_private.drop_reconciliation_state(uuid) is 'Forgets what a run kept while it lasted.';

create function toss_private.reconciliation_view(viewed_run_id uuid)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select jsonb_build_object(
      'runId', r.id, 'from', r.from_date, 'to', r.to_date, 'status', r.status, 'compared', r.compared,
      'healed', r.healed, 'open', r.open, 'foreign', r.foreign_rows,
      'phase', coalesce(s.phase, 'done'), 'keys', s.pairs[s.pair_position], 'cursor', s.cursor,
      'questions', (select count(*) from toss_private.reconciliation_questions as q where q.run_id = r.id)
    )
    from public.reconciliation_runs as r
    left join toss_private.reconciliation_states as s on s.run_id = r.id
    where r.id = viewed_run_id
  );
end;
$$;

comment on function toss_private.reconciliation_view(uuid) is 'A run as its worker sees it: counts, and what comes next.';

create function public.begin_reconciliation(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  present constant timestamptz := toss_private.clock_now();
  as_of constant timestamptz := coalesce((request ->> 'asOf')::timestamptz, present);
  today constant date := (as_of at time zone 'Asia/Seoul')::date;
  without_dates constant boolean := request ->> 'from' is null and request ->> 'to' is null;
  last_day constant date := coalesce((request ->> 'to')::date, today);
  first_day constant date := coalesce((request ->> 'from')::date, least(last_day - 2, (
    select p.covered_until from toss_private.reconciliation_progress as p where without_dates
  )));
  lease_end constant timestamptz := present + make_interval(secs => (request ->> 'leaseSeconds')::double precision);
  stale record;
  begun_id uuid;
begin
  if first_day > last_day then
    return jsonb_build_object('outcome', 'invalid_range', 'from', first_day, 'to', last_day);
  end if;
  perform pg_advisory_xact_lock(hashtextextended('toss_reconciliation', 0));
  if exists (
    select 1 from toss_private.reconciliation_states as s
    where s.lease_expires_at > present and s.lease_token <> (request ->> 'leaseToken')::uuid
  ) then
    return jsonb_build_object('outcome', 'busy');
  end if;

  select s.run_id into begun_id
  from toss_private.reconciliation_states as s
  join public.reconciliation_runs as r on r.id = s.run_id
  where (r.from_date, r.to_date, s.is_default) = (first_day, last_day, without_dates);
  if found then
    update toss_private.reconciliation_states as s
    set lease_token = (request ->> 'leaseToken')::uuid, lease_expires_at = lease_end
    where s.run_id = begun_id;
    return jsonb_build_object('outcome', 'begun', 'run', toss_private.reconciliation_view(begun_id));
  end if;

  for stale in
    select s.run_id from toss_private.reconciliation_states as s
    where s.lease_expires_at < present - interval '1 hour' or (without_dates and s.is_default)
  loop
    perform toss_private.drop_reconciliation_state(stale.run_id);
    update public.reconciliation_runs as r set status = 'failed', finished_at = present where r.id = stale.run_id;
  end loop;

  insert into public.reconciliation_runs (from_date, to_date, started_at) values (first_day, last_day, present)
  returning id into begun_id;
  insert into toss_private.reconciliation_states (run_id, is_default, border, pairs, lease_token, lease_expires_at)
  values (
    begun_id, without_dates, as_of - interval '15 minutes',
    array(select jsonb_array_elements_text(request -> 'pairs')), (request ->> 'leaseToken')::uuid, lease_end
  );
  -- What is open is asked about again, whenever it was.
  insert into toss_private.reconciliation_questions (run_id, payment_key)
  select distinct begun_id, d.payment_key from public.reconciliation_differences as d where d.resolved_at is null;
  return jsonb_build_object('outcome', 'begun', 'run', toss_private.reconciliation_view(begun_id));
end;
$$;

comment on function public.begin_reconciliation(jsonb) is
  'Begins a run, or goes on with a killed one of the same days. Keys: leaseToken, leaseSeconds, pairs, and optionally from, to (dates in Seoul, included) and asOf. Without dates: the last three days, and those that the job missed. Outcomes: begun, busy, invalid_range.';

create function toss_private.hold_reconciliation(request jsonb)
returns toss_private.reconciliation_states
language plpgsql
volatile
set search_path = ''
as $$
declare
  held toss_private.reconciliation_states;
begin
  update toss_private.reconciliation_states as s
  set lease_expires_at = toss_private.clock_now()
    + make_interval(secs => (request ->> 'leaseSeconds')::double precision)
  where s.run_id = (request ->> 'runId')::uuid and s.lease_token = (request ->> 'leaseToken')::uuid
  returning * into held;
  if not found then
    raise exception 'another worker has taken the run over' using errcode = 'object_not_in_prerequisite_state';
  end if;
  return held;
end;
$$;

comment on function toss_private.hold_reconciliation(jsonb) is
  'Prolongs the lease of a run. Raises when somebody else holds it: two workers on one run would count twice.';
