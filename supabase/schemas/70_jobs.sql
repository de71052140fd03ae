-- The scheduled jobs: who wakes the worker, when, and whether it came.

create table toss_private.jobs (
  name text primary key,
  schedule text not null,
  interval_seconds integer not null,
  last_started_at timestamptz,
  last_finished_at timestamptz,
  last_result jsonb,
  runs bigint not null default 0,
  created_at timestamptz not null default now(),
  position uuid,
  constraint jobs_interval_positive check (interval_seconds > 0)
);

alter table toss_private.jobs enable row level security;

comment on table toss_private.jobs is
  'One heartbeat row per job: billing of the function billing-charge, the others of worker.';
comment on column toss_private.jobs.schedule is 'Minute cron expression, UTC, as scheduled in pg_cron.';
comment on column toss_private.jobs.interval_seconds is 'How far apart two runs are at most; a job is late after three times that.';
comment on column toss_private.jobs.position is
  'For a job that looks at users slice by slice: the last one it looked at; null = from the start. Personal: id; kept.';

insert into toss_private.jobs (name, schedule, interval_seconds) values
  ('webhooks', '* * * * *', 60),
  ('operations', '* * * * *', 60),
  ('billing', '* * * * *', 60),
  ('expiry', '* * * * *', 60),
  ('cash_receipts', '*/10 * * * *', 600),
  ('outbox', '* * * * *', 60),
  ('housekeeping', '17 18 * * *', 86400),
  ('reconcile', '43 18 * * *', 86400);

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
    < toss_private.clock_now() - make_interval(secs => 3 * j.interval_seconds) as is_late
from toss_private.jobs as j;

comment on view public.job_status is 'Which job ran when, and which is late. Service role only.';

create function toss_private.schedule_jobs()
returns integer
language plpgsql
volatile
set search_path = ''
as $$
declare
  job toss_private.jobs;
  scheduled integer := 0;
begin
  if to_regprocedure('cron.schedule(text, text, text)') is null then
    raise notice 'pg_cron is missing: call toss_private.schedule_jobs() again once it is there';
    return 0;
  end if;
  for job in select * from toss_private.jobs as j order by j.name loop
    perform cron.schedule(
      'tosspayments-' || job.name, job.schedule, format('select toss_private.wake_worker(%L)', job.name)
    );
    scheduled := scheduled + 1;
  end loop;
  -- A first run is late from now on, and not from the migration, after which a deployment takes its time.
  update toss_private.jobs as j set created_at = now() where j.last_started_at is null;
  return scheduled;
end;
$$;

comment on function toss_private.schedule_jobs() is
  'Creates or updates the pg_cron job of every row of toss_private.jobs. Safe to repeat by the same role; another role would get jobs of its own, because pg_cron knows a job by name and user.';

create function toss_private.wake_worker(job text)
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
    url := rtrim(base_url, '/') || '/functions/v1/' || case job when 'billing' then 'billing-charge' else 'worker' end,
    body := case job when 'billing' then '{}' else jsonb_build_object('job', job) end,
    headers := jsonb_build_object(
      'Content-Type', 'application/json', 'Authorization', 'Bearer ' || secret
    ),
    timeout_milliseconds := 5000
  );
end;
$$;

comment on function toss_private.wake_worker(text) is
  'Calls the function of a job through pg_net, with URL and secret from Vault read at run time: billing-charge for billing, worker for the others.';

create function toss_private.try_to_wake(job text)
returns boolean
language plpgsql
volatile
set search_path = ''
as $$
begin
  if to_regnamespace('net') is null or to_regclass('vault.decrypted_secrets') is null then
    return false;
  end if;
  perform toss_private.wake_worker(job);
  return true;
exception when others then
  raise notice '% is woken by its schedule: %', job, sqlerrm;
  return false;
end;
$$;

comment on function toss_private.try_to_wake(text) is
  'Wakes a job before its time, where that works; whatever keeps it from it, the caller goes on.';

create function toss_private.has_worked(result jsonb)
returns boolean
language plpgsql
immutable
set search_path = ''
as $$
begin
  return exists (
    select 1 from unnest(array['claimed', 'expired', 'asked', 'deletedWebhookEvents', 'deletedEvents', 'erasedOrders', 'erasedWebhookBodies']) as n (name)
    where (result ->> n.name)::integer > 0
  );
end;
$$;

comment on function toss_private.has_worked(jsonb) is 'Whether the run of a job found something to do.';

create function public.record_job_run(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  recorded toss_private.jobs;
  is_woken boolean := false;
begin
  update toss_private.jobs as j
  set last_started_at = toss_private.clock_now()
      - make_interval(secs => (request ->> 'durationSeconds')::double precision),
    last_finished_at = toss_private.clock_now(),
    last_result = request -> 'result',
    runs = j.runs + 1
  where j.name = request ->> 'job'
  returning * into recorded;
  -- A run that got nothing although something is left shares it with another run: that one goes on.
  if (recorded.last_result ->> 'remaining')::integer > 0 and toss_private.has_worked(recorded.last_result) then
    is_woken := toss_private.try_to_wake(recorded.name);
  end if;
  return jsonb_build_object('runs', recorded.runs, 'isWoken', is_woken);
end;
$$;

comment on function public.record_job_run(jsonb) is
  'Heartbeat of one job: when it started and what it did. A run that left something over is followed by another at once.';

create function public.run_housekeeping(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  deleted integer := 0;
  deleted_events integer;
begin
  -- pg_cron never cleans this table; a few jobs a minute fill a small instance within months. pg_net cleans its own.
  if to_regclass('cron.job_run_details') is not null then
    -- Ours by name, or by command once a job was replaced. A run that a restart cut has no end, and perhaps no
    -- start: it is as old as the runs that were numbered after it.
    execute $sql$
      with ours as (
        select d.runid, coalesce(d.end_time, d.start_time) as ran_at
        from cron.job_run_details as d
        where d.jobid in (
          select c.jobid from cron.job as c join toss_private.jobs as j on c.jobname = 'tosspayments-' || j.name
        ) or d.command in (select format('select toss_private.wake_worker(%L)', j.name) from toss_private.jobs as j)
      )
      delete from cron.job_run_details as d
      using ours as o
      where d.runid = o.runid and (
        o.ran_at < now() - interval '7 days'
        or (o.ran_at is null and o.runid < (
          select max(e.runid) from ours as e where e.ran_at < now() - interval '7 days'
        ))
      )
    $sql$;
    get diagnostics deleted = row_count;
  end if;
  deleted_events := toss_private.remove_unproven_webhook_events();
  return jsonb_build_object(
    'deletedCronRuns', deleted, 'deletedWebhookEvents', deleted_events,
    'deletedRefusals', toss_private.remove_old_refusals(), 'deletedEvents', toss_private.remove_old_events(),
    'remaining', toss_private.count_old_unproven_webhooks() + toss_private.count_old_events()
  );
end;
$$;

comment on function public.run_housekeeping(jsonb) is
  'Removes pg_cron''s records of our own jobs older than a week, also of runs that never ended, webhook events that were ignored without proof, counted refusals of callers, and old events and deliveries of the outbox; remaining = what a further run removes; the request is empty.';

create function toss_private.remove_unproven_webhook_events()
returns integer
language plpgsql
volatile
set search_path = ''
as $$
declare
  removed integer;
begin
  delete from public.webhook_events as e
  where e.id in (
    select old.id from public.webhook_events as old
    where old.status = 'ignored' and old.verified_by is null
      and old.created_at < toss_private.clock_now() - interval '7 days'
      and not exists (select 1 from public.outbox_events as o where o.webhook_event_id = old.id)
    limit 20000
  );
  get diagnostics removed = row_count;
  return removed;
end;
$$;

comment on function toss_private.remove_unproven_webhook_events() is
  'Removes events that were ignored without proof a week ago, as long as webhook_summary shows them.';

create function toss_private.count_old_unproven_webhooks()
returns bigint
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select count(*) from public.webhook_events as old
    where old.status = 'ignored' and old.verified_by is null
      and old.created_at < toss_private.clock_now() - interval '7 days'
      and not exists (select 1 from public.outbox_events as o where o.webhook_event_id = old.id)
  );
end;
$$;

comment on function toss_private.count_old_unproven_webhooks() is
  'How many events toss_private.remove_unproven_webhook_events has yet to remove.';
