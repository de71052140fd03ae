-- Stand-in for the extension pg_cron: same tables, same functions, same rules.
-- `stack/cron.ts` runs the jobs.
create schema if not exists cron;

create sequence if not exists cron.jobid_seq;
create sequence if not exists cron.runid_seq;

create table if not exists cron.job (
  jobid bigint primary key default nextval('cron.jobid_seq'),
  schedule text not null,
  command text not null,
  nodename text not null default 'localhost',
  nodeport integer not null default inet_server_port(),
  database text not null default current_database(),
  username text not null default current_user,
  active boolean not null default true,
  jobname text,
  -- A name belongs to its user: another user who takes it gets a second job.
  constraint jobname_username_uniq unique (jobname, username)
);

create table if not exists cron.job_run_details (
  jobid bigint,
  runid bigint primary key default nextval('cron.runid_seq'),
  job_pid integer,
  database text,
  username text,
  command text,
  status text,
  return_message text,
  start_time timestamptz,
  end_time timestamptz
);

alter table cron.job enable row level security;
alter table cron.job_run_details enable row level security;
drop policy if exists cron_job_policy on cron.job;
create policy cron_job_policy on cron.job
  using (username = current_user);
drop policy if exists cron_job_run_details_policy on cron.job_run_details;
create policy cron_job_run_details_policy on cron.job_run_details
  using (username = current_user);

create or replace function cron.check_schedule(schedule text) returns void
language plpgsql immutable
set search_path = ''
as $$
begin
  if schedule !~ '^\s*([1-9]|[1-5][0-9]) seconds?\s*$'
    and schedule !~ '^\s*[0-9*/,$-]+(\s+[0-9A-Za-z*/,$-]+){4}\s*$'
    and schedule !~ '^\s*@(yearly|annually|monthly|weekly|daily|midnight|hourly)\s*$'
  then
    raise exception 'invalid schedule: %', schedule
      using errcode = 'invalid_parameter_value';
  end if;
end
$$;

create or replace function cron.schedule(job_name text, schedule text, command text)
returns bigint
language plpgsql
set search_path = ''
as $$
declare
  id bigint;
begin
  perform cron.check_schedule(schedule);
  insert into cron.job as existing (jobname, schedule, command, username)
  values (job_name, schedule, command, current_user)
  on conflict (jobname, username) do update
  set schedule = excluded.schedule, command = excluded.command, active = true
  returning existing.jobid into id;
  return id;
end
$$;

create or replace function cron.schedule(schedule text, command text)
returns bigint
language plpgsql
set search_path = ''
as $$
declare
  id bigint;
begin
  perform cron.check_schedule(schedule);
  insert into cron.job as created (schedule, command, username)
  values (schedule, command, current_user)
  returning created.jobid into id;
  return id;
end
$$;

create or replace function cron.unschedule(job_id bigint) returns boolean
language plpgsql
set search_path = ''
as $$
begin
  delete from cron.job where jobid = job_id and username = current_user;
  if not found then
    raise exception 'could not find valid entry for job ''%''', job_id;
  end if;
  return true;
end
$$;

create or replace function cron.unschedule(job_name text) returns boolean
language plpgsql
set search_path = ''
as $$
begin
  delete from cron.job where jobname = job_name and username = current_user;
  if not found then
    raise exception 'could not find valid entry for job ''%''', job_name;
  end if;
  return true;
end
$$;

create or replace function cron.alter_job(
  job_id bigint,
  schedule text default null,
  command text default null,
  database text default null,
  username text default null,
  active boolean default null
) returns void
language plpgsql
set search_path = ''
as $$
begin
  if schedule is not null then
    perform cron.check_schedule(schedule);
  end if;
  update cron.job as altered
  set
    schedule = coalesce(alter_job.schedule, altered.schedule),
    command = coalesce(alter_job.command, altered.command),
    database = coalesce(alter_job.database, altered.database),
    username = coalesce(alter_job.username, altered.username),
    active = coalesce(alter_job.active, altered.active)
  where altered.jobid = job_id and altered.username = current_user;
  if not found then
    raise exception 'Job % does not exist or you don''t own it', job_id;
  end if;
end
$$;

-- Whoever may use the schema manages own jobs only: the policies see to that.
grant usage on schema cron to postgres with grant option;
grant select, insert, update, delete on cron.job, cron.job_run_details to public;
grant usage, select on sequence cron.jobid_seq, cron.runid_seq to public;
