-- The jobs go to pg_cron, where it exists.
-- Needs pg_cron, pg_net and Vault; where one is missing the jobs are left out with a notice, and public.job_status shows
-- them as late. One owner: the role that runs migrations.

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

select toss_private.schedule_jobs();
