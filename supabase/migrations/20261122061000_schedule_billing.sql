-- Purpose: pg_cron wakes billing-charge every minute, and a run of any job that left something is followed by another
-- at once.
-- Functions: private.wake_worker (knows billing-charge), private.has_worked, public.record_job_run.

insert into private.jobs (name, schedule, interval_seconds) values ('billing', '* * * * *', 60);

create or replace function private.wake_worker(job text)
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

comment on function private.wake_worker(text) is
  'Calls the function of a job through pg_net, with URL and secret from Vault read at run time: billing-charge for billing, worker for the others.';

create function private.has_worked(result jsonb)
returns boolean
language plpgsql
immutable
set search_path = ''
as $$
begin
  return exists (
    select 1 from unnest(array['claimed', 'expired', 'asked', 'deletedWebhookEvents']) as n (name)
    where (result ->> n.name)::integer > 0
  );
end;
$$;

comment on function private.has_worked(jsonb) is 'Whether the run of a job found something to do.';
revoke execute on function private.has_worked(jsonb) from public, anon, authenticated;

create or replace function public.record_job_run(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  recorded private.jobs;
  is_woken boolean := false;
begin
  update private.jobs as j
  set last_started_at = private.clock_now()
      - make_interval(secs => (request ->> 'durationSeconds')::double precision),
    last_finished_at = private.clock_now(),
    last_result = request -> 'result',
    runs = j.runs + 1
  where j.name = request ->> 'job'
  returning * into recorded;
  -- A run that got nothing although something is left shares it with another run: that one goes on.
  if (recorded.last_result ->> 'remaining')::integer > 0 and private.has_worked(recorded.last_result)
    and to_regnamespace('net') is not null and to_regclass('vault.decrypted_secrets') is not null
  then
    begin
      perform private.wake_worker(recorded.name);
      is_woken := true;
    exception when others then
      raise notice '% is woken by its schedule: %', recorded.name, sqlerrm;
    end;
  end if;
  return jsonb_build_object('runs', recorded.runs, 'isWoken', is_woken);
end;
$$;

comment on function public.record_job_run(jsonb) is
  'Heartbeat of one job: when it started and what it did. A run that left something over is followed by another at once.';

select private.schedule_jobs();
