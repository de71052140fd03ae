-- Purpose: let pg_cron wake the worker. One owner: the role that runs migrations.
-- Risk: needs pg_cron, pg_net and Vault; where one is missing the jobs are left out with a notice, and
-- public.job_status shows them as late.

do $$
declare
  extension record;
begin
  for extension in
    select * from (values
      ('pg_cron', 'create extension if not exists pg_cron'),
      ('pg_net', 'create extension if not exists pg_net with schema extensions'),
      ('supabase_vault', 'create extension if not exists supabase_vault with schema vault cascade')
    ) as e (name, command)
    where e.name in (select a.name from pg_available_extensions as a)
  loop
    begin
      execute extension.command;
    exception when others then
      -- Available is not yet usable: pg_cron, for one, must be preloaded by the server.
      raise notice 'extension % is not usable here: %', extension.name, sqlerrm;
    end;
  end loop;
end;
$$;

create function private.schedule_jobs()
returns integer
language plpgsql
volatile
set search_path = ''
as $$
declare
  job private.jobs;
  scheduled integer := 0;
begin
  if to_regprocedure('cron.schedule(text, text, text)') is null then
    raise notice 'pg_cron is missing: call private.schedule_jobs() again once it is there';
    return 0;
  end if;
  for job in select * from private.jobs as j order by j.name loop
    perform cron.schedule(
      'tosspayments-' || job.name, job.schedule, format('select private.wake_worker(%L)', job.name)
    );
    scheduled := scheduled + 1;
  end loop;
  return scheduled;
end;
$$;

comment on function private.schedule_jobs() is
  'Creates or updates the pg_cron job of every row of private.jobs. Safe to repeat by the same role; another role would get jobs of its own, because pg_cron knows a job by name and user.';
revoke execute on function private.schedule_jobs() from public, anon, authenticated;

select private.schedule_jobs();

create function public.run_housekeeping(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  deleted integer := 0;
begin
  -- pg_cron never cleans this table; two jobs a minute fill a small instance within months.
  if to_regclass('cron.job_run_details') is not null then
    execute 'delete from cron.job_run_details where end_time < now() - interval ''7 days''';
    get diagnostics deleted = row_count;
  end if;
  return jsonb_build_object('deletedCronRuns', deleted);
end;
$$;

comment on function public.run_housekeeping(jsonb) is 'Removes pg_cron''s own run records older than a week; the request is empty.';
revoke execute on function public.run_housekeeping(jsonb) from public, anon, authenticated;
grant execute on function public.run_housekeeping(jsonb) to service_role;
