-- Purpose: housekeeping touches the history of our own jobs alone, and leaves nothing of it behind.
-- Functions: public.run_housekeeping (replaced).
-- Risk: pg_cron's records of a shop's own jobs are the shop's to remove from now on.

create or replace function public.run_housekeeping(request jsonb)
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
          select c.jobid from cron.job as c join private.jobs as j on c.jobname = 'tosspayments-' || j.name
        ) or d.command in (select format('select private.wake_worker(%L)', j.name) from private.jobs as j)
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
  deleted_events := private.remove_unproven_webhook_events();
  return jsonb_build_object(
    'deletedCronRuns', deleted, 'deletedWebhookEvents', deleted_events,
    'deletedRefusals', private.remove_old_refusals(), 'remaining', private.count_old_unproven_webhooks()
  );
end;
$$;

comment on function public.run_housekeeping(jsonb) is
  'Removes pg_cron''s records of our own jobs older than a week, also of runs that never ended, webhook events that were ignored without proof, and counted refusals of callers; remaining = events that a further run removes; the request is empty.';
