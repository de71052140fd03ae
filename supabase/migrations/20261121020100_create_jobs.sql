-- Purpose: what runs when, whether it did, and what an operator must know.
-- Table: private.jobs; views: job_status, alerts; functions: public.record_job_run, private.wake_worker.

create table private.jobs (
  name text primary key,
  schedule text not null,
  interval_seconds integer not null,
  last_started_at timestamptz,
  last_finished_at timestamptz,
  last_result jsonb,
  runs bigint not null default 0,
  created_at timestamptz not null default now(),
  constraint jobs_interval_positive check (interval_seconds > 0)
);

comment on table private.jobs is 'One heartbeat row per job of the worker function.';
comment on column private.jobs.schedule is 'Minute cron expression, UTC, as scheduled in pg_cron.';
comment on column private.jobs.interval_seconds is 'How far apart two runs are at most; a job is late after three times that.';

alter table private.jobs enable row level security;

insert into private.jobs (name, schedule, interval_seconds) values
  ('webhooks', '* * * * *', 60),
  ('operations', '* * * * *', 60),
  ('expiry', '* * * * *', 60),
  ('housekeeping', '17 18 * * *', 86400);

create function public.record_job_run(request jsonb)
returns jsonb
language sql
volatile
security definer
set search_path = ''
as $$
  update private.jobs as j
  set last_started_at = private.clock_now()
      - make_interval(secs => (request ->> 'durationSeconds')::double precision),
    last_finished_at = private.clock_now(),
    last_result = request -> 'result',
    runs = j.runs + 1
  where j.name = request ->> 'job'
  returning jsonb_build_object('runs', j.runs);
$$;

comment on function public.record_job_run(jsonb) is 'Heartbeat of one job: when it started and what it did.';
revoke execute on function public.record_job_run(jsonb) from public, anon, authenticated;
grant execute on function public.record_job_run(jsonb) to service_role;

create view public.job_status
with (security_invoker = true)
as
select
  j.name as job,
  j.schedule,
  j.last_finished_at,
  j.last_result,
  j.runs,
  j.created_at,
  coalesce(j.last_finished_at, j.created_at)
    < private.clock_now() - make_interval(secs => 3 * j.interval_seconds) as is_late
from private.jobs as j;

comment on view public.job_status is 'Which job ran when, and which is late. Service role only.';
grant select on private.jobs to service_role;
grant select on public.job_status to service_role;

create view public.alerts
with (security_invoker = true)
as
select
  case when op.created_at < private.clock_now() - interval '1 hour' then 'critical' else 'warning' end as level,
  'operation_without_proof' as alert,
  op.id::text as subject,
  format('%s of order %s: %s after %s attempts', op.kind, op.order_id, coalesce(op.error_code, op.state), op.attempts)
    as detail,
  op.created_at as since
from public.operations as op
where op.state in ('started', 'unknown') and op.created_at < private.clock_now() - interval '5 minutes'

union all
select 'critical', 'webhook_dead', e.id::text, e.last_error, e.created_at
from public.webhook_events as e
where e.status = 'dead'

union all
select 'warning', 'webhook_waiting', e.id::text, coalesce(e.last_error, e.status), e.created_at
from public.webhook_events as e
where e.status in ('received', 'processing', 'failed')
  and e.created_at < private.clock_now() - interval '10 minutes'

union all
select 'critical', 'job_late', j.job, format('last run %s', coalesce(j.last_finished_at::text, 'never')),
  coalesce(j.last_finished_at, j.created_at)
from public.job_status as j
where j.is_late

union all
-- One row per payment, only while its last line in the audit log is the mismatch, and only while Toss holds money.
select 'critical', 'answer_mismatch', v.order_id,
  format('payment %s: Toss answered %s', v.payment_key, v.detail), v.created_at
from (
  select distinct on (l.payment_key) l.*
  from public.payment_events as l
  where l.event in ('answer_mismatch', 'answer_accepted', 'payment_status')
  order by l.payment_key, l.id desc
) as v
where v.event = 'answer_mismatch'
  and v.to_status in ('DONE', 'PARTIAL_CANCELED', 'CANCELED', 'WAITING_FOR_DEPOSIT')
  and (v.detail ->> 'balanceAmount')::numeric > 0

union all
select 'critical', 'late_payment_without_stock', v.order_id,
  format('paid after it was given up; product %s is short', v.detail ->> 'shortProductId'), v.created_at
from public.payment_events as v
join public.orders as o on o.id = v.order_id and o.status in ('paid', 'partially_refunded')
where v.event = 'late_payment' and v.detail ->> 'shortProductId' is not null

union all
select 'critical', 'second_payment', v.order_id, format('%s still to be refunded', v.amount), v.created_at
from public.payment_events as v
join public.payments as p on p.payment_key = v.payment_key and p.balance_amount > 0
where v.event = 'second_payment';

comment on view public.alerts is
  'What a person should look at, by level. Age raises the level, never the state. Service role only; docs/operations.md says what to do about each.';
grant select on public.alerts to service_role;

create function private.wake_worker(job text)
returns bigint
language plpgsql
volatile
set search_path = ''
as $$
declare
  base_url text;
  secret text;
begin
  select s.decrypted_secret into base_url from vault.decrypted_secrets as s
  where s.name = 'supabase_tosspayments_url';
  select s.decrypted_secret into secret from vault.decrypted_secrets as s
  where s.name = 'supabase_tosspayments_cron_secret';
  if base_url is null or secret is null then
    raise exception 'Vault lacks supabase_tosspayments_url or supabase_tosspayments_cron_secret'
      using hint = 'select vault.create_secret(''<value>'', ''<name>'')';
  end if;
  -- Only a wake-up: what is due and who works on it lives in our rows, so a lost or doubled call is harmless.
  -- A slow answer would hold up every other call of pg_net, hence the short patience.
  return net.http_post(
    url := rtrim(base_url, '/') || '/functions/v1/worker',
    body := jsonb_build_object('job', job),
    headers := jsonb_build_object(
      'Content-Type', 'application/json', 'Authorization', 'Bearer ' || secret
    ),
    timeout_milliseconds := 5000
  );
end;
$$;

comment on function private.wake_worker(text) is
  'Calls the worker function for a job through pg_net, with URL and secret from Vault read at run time.';
revoke execute on function private.wake_worker(text) from public, anon, authenticated;
