-- What `doctor` asks the database about itself.

create function toss_private.diagnose_extensions()
returns jsonb
language sql
stable
set search_path = ''
as $$
  -- Asked for by a relation of each: where an extension cannot be installed, something else may stand in for it.
  select jsonb_agg(jsonb_build_object(
    'name', wanted.name,
    'isUsable', to_regclass(wanted.relation) is not null,
    'installedVersion', e.extversion,
    'availableVersion', a.default_version
  ) order by wanted.name)
  from (values
    ('pg_cron', 'cron.job'),
    ('pg_net', 'net.http_request_queue'),
    ('supabase_vault', 'vault.decrypted_secrets')
  ) as wanted (name, relation)
  left join pg_extension as e on e.extname = wanted.name
  left join pg_available_extensions as a on a.name = wanted.name;
$$;

comment on function toss_private.diagnose_extensions() is
  'Each extension that the schedules need: whether its tables are there, its version, and the version it could have.';

create function toss_private.diagnose_migrations()
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  if to_regclass('supabase_migrations.schema_migrations') is null then
    return null;
  end if;
  return (
    select coalesce(jsonb_agg(m.version order by m.version), '[]')
    from supabase_migrations.schema_migrations as m
  );
end;
$$;

comment on function toss_private.diagnose_migrations() is
  'Versions of the applied migrations; null where no tool has kept a history.';

create function toss_private.diagnose_tables()
returns jsonb
language sql
stable
set search_path = ''
as $$
  select coalesce(jsonb_agg(t.name order by t.name), '[]')
  from (
    select format('%s.%s', c.relnamespace::regnamespace, c.relname) as name
    from pg_class as c
    where c.relnamespace in (
      select own.relnamespace from pg_class as own
      where own.oid in ('public.orders'::regclass, 'toss_private.jobs'::regclass)
    )
      and c.relkind in ('r', 'p') and not c.relrowsecurity
      and not exists (
        select 1 from pg_depend as d
        where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'
      )
  ) as t;
$$;

comment on function toss_private.diagnose_tables() is
  'Tables of both schemas whose row level security is off, but for those that belong to an extension.';

create function toss_private.diagnose_vault()
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
declare
  base_url text;
begin
  if to_regclass('vault.decrypted_secrets') is null then
    return null;
  end if;
  select s.decrypted_secret into base_url from vault.decrypted_secrets as s
  where s.name = 'supabase_tosspayments_url';
  return jsonb_build_object(
    'hasUrl', coalesce(base_url, '') <> '',
    -- Shown only when it cannot be a secret that was stored under the wrong name.
    'url', case when base_url ~ '^https?://[A-Za-z0-9.-]+(:[0-9]+)?/?$' then base_url end,
    'hasCronSecret', exists (
      select 1 from vault.decrypted_secrets as s
      where s.name = 'supabase_tosspayments_cron_secret' and s.decrypted_secret <> ''
    )
  );
end;
$$;

comment on function toss_private.diagnose_vault() is
  'Whether Vault holds the two values that wake the worker, and the address among them; never a secret. Null without Vault.';

create function toss_private.diagnose_cron_jobs()
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  if to_regclass('cron.job') is null then
    return null;
  end if;
  return (
    select coalesce(jsonb_agg(jsonb_build_object(
      'id', c.jobid,
      'job', substr(c.jobname, length('tosspayments-') + 1),
      'owner', c.username,
      'schedule', c.schedule,
      'isActive', c.active,
      'lastRun', (
        select jsonb_build_object(
          'status', r.status, 'message', left(r.return_message, 200), 'startedAt', r.start_time
        )
        from cron.job_run_details as r
        where r.jobid = c.jobid
        order by r.runid desc
        limit 1
      )
    ) order by c.jobname, c.username), '[]')
    from cron.job as c
    where starts_with(c.jobname, 'tosspayments-')
  );
end;
$$;

comment on function toss_private.diagnose_cron_jobs() is
  'What pg_cron has scheduled under our names, by whom, and how the last run ended. Null without pg_cron.';

-- A deleted card and an ended registration keep their row without a ciphertext.
create function toss_private.diagnose_encryption_keys()
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
declare
  encrypted regclass;
  counted jsonb;
  found_keys jsonb := '[]';
begin
  for encrypted in
    select c.oid::regclass
    from pg_class as c
    where c.relkind = 'r'
      and c.relnamespace = (select own.relnamespace from pg_class as own where own.oid = 'toss_private.jobs'::regclass)
      and exists (select 1 from pg_attribute as a where a.attrelid = c.oid and a.attname = 'key_id')
      and exists (select 1 from pg_attribute as a where a.attrelid = c.oid and a.attname = 'ciphertext')
    order by c.relname
  loop
    execute format(
      'select coalesce(jsonb_agg(jsonb_build_object(''table'', %L, ''keyId'', k.key_id, ''rows'', k.rows)), ''[]'')
       from (
         select s.key_id, count(*) as rows from %s as s
         where s.ciphertext is not null
         group by s.key_id order by s.key_id
       ) as k',
      encrypted::text, encrypted
    ) into counted;
    found_keys := found_keys || counted;
  end loop;
  return found_keys;
end;
$$;

comment on function toss_private.diagnose_encryption_keys() is
  'How many rows of each encrypted table need which key of BILLING_KEY_ENCRYPTION_KEYS; a table of the private schema with key_id and ciphertext.';

create function toss_private.diagnose_jobs()
returns jsonb
language sql
volatile
set search_path = ''
as $$
  select coalesce(jsonb_agg(jsonb_build_object(
    'job', j.name,
    'schedule', j.schedule,
    'intervalSeconds', j.interval_seconds,
    'lastFinishedAt', j.last_finished_at,
    'secondsSince', extract(epoch from toss_private.clock_now() - coalesce(j.last_finished_at, j.created_at)),
    'isLate', s.is_late
  ) order by j.name), '[]')
  from toss_private.jobs as j
  join public.job_status as s on s.job = j.name;
$$;

comment on function toss_private.diagnose_jobs() is
  'What must run, how often, and how many seconds ago it last did; counted from the creation of the job when it never has.';

create function toss_private.diagnose_alerts()
returns jsonb
language sql
volatile
set search_path = ''
as $$
  select coalesce(jsonb_agg(jsonb_build_object(
    'alert', a.alert, 'level', a.level, 'count', a.count, 'oldestSeconds', a.oldest_seconds
  ) order by a.alert, a.level), '[]')
  from (
    select v.alert, v.level, count(*) as count,
      extract(epoch from toss_private.clock_now() - min(v.since)) as oldest_seconds
    from public.alerts as v
    group by v.alert, v.level
  ) as a;
$$;

comment on function toss_private.diagnose_alerts() is 'The alerts of public.alerts, counted by name and level, with the age of the oldest.';

create function toss_private.diagnose_api_versions()
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select coalesce(jsonb_agg(jsonb_build_object(
      'version', v.version, 'secondsSince', extract(epoch from toss_private.clock_now() - v.last_seen_at)
    ) order by v.last_seen_at desc, v.version desc), '[]')
    from toss_private.toss_api_versions as v
  );
end;
$$;

comment on function toss_private.diagnose_api_versions() is
  'The API versions that Toss''s answers named, the latest first; a time is right within a day.';

create function toss_private.diagnose_retention()
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return (select jsonb_build_object(
    'webhookBodyDays', (j.last_result ->> 'webhookBodyDays')::integer,
    'personalDataYears', (j.last_result ->> 'personalDataYears')::integer,
    'oldestBodySeconds', (
      select extract(epoch from toss_private.clock_now() - min(e.created_at)) from public.webhook_events as e
      where e.erased_at is null
    )
  )
  from toss_private.jobs as j where j.name = 'housekeeping');
end;
$$;

comment on function toss_private.diagnose_retention() is
  'How long the last run of housekeeping kept bodies and names, null before the first one; how old the oldest body is.';

create function public.diagnose(request jsonb)
returns jsonb
language sql
volatile
security definer
set search_path = ''
as $$
  select jsonb_build_object(
    'serverVersion', current_setting('server_version_num')::integer,
    -- The wall clock itself is examined here, so for once it is not taken from toss_private.clock_now().
    'wallTime', clock_timestamp(),
    'clockOffsetSeconds', (select extract(epoch from c.time_offset) from toss_private.clock as c),
    'holidaysUntil', (select max(h.day) from toss_private.holidays as h),
    -- pg_cron knows a job by name and user, and the role that ran the migrations schedules.
    'owner', (select pg_get_userbyid(c.relowner) from pg_class as c where c.oid = 'toss_private.jobs'::regclass),
    'migrations', toss_private.diagnose_migrations(),
    'extensions', toss_private.diagnose_extensions(),
    'tablesWithoutRls', toss_private.diagnose_tables(),
    'accountAccess', toss_private.account_access(),
    'vault', toss_private.diagnose_vault(),
    'cronJobs', toss_private.diagnose_cron_jobs(),
    'jobs', toss_private.diagnose_jobs(),
    'encryptionKeys', toss_private.diagnose_encryption_keys(),
    'tossApiVersions', toss_private.diagnose_api_versions(),
    'retention', toss_private.diagnose_retention(),
    'alerts', toss_private.diagnose_alerts(),
    'invariantViolations', (
      select coalesce(jsonb_agg(jsonb_build_object('invariant', v.invariant, 'count', v.count)), '[]')
      from (
        select i.invariant, count(*) as count from public.invariant_violations() as i
        group by i.invariant order by i.invariant
      ) as v
    )
  );
$$;

comment on function public.diagnose(jsonb) is
  'Everything the doctor command judges about the database; no secret and no row of a customer. The request is empty.';
