-- The figures of `status` and `health`.

create function public.read_status(request jsonb)
returns jsonb
language sql
volatile
security definer
set search_path = ''
as $$
  select jsonb_build_object(
    'operations', (
      select jsonb_build_object(
        'open', count(*),
        'unknown', count(*) filter (where op.state = 'unknown'),
        'oldestUnknownSeconds', extract(epoch from toss_private.clock_now() - min(op.created_at)
          filter (where op.state = 'unknown'))
      )
      from public.operations as op where op.state in ('started', 'unknown')
    ),
    'webhooks', (
      select jsonb_build_object(
        'waiting', count(*) filter (where e.status in ('received', 'processing')),
        'failed', count(*) filter (where e.status = 'failed'),
        'dead', count(*) filter (where e.status = 'dead'),
        'oldestWaitingSeconds', extract(epoch from toss_private.clock_now() - min(e.created_at)
          filter (where e.status in ('received', 'processing', 'failed')))
      )
      from public.webhook_events as e where e.status in ('received', 'processing', 'failed', 'dead')
    ),
    'overdueOrders', (
      select count(*) from public.orders as o
      where o.status = 'pending' and o.expires_at < toss_private.clock_now() - interval '5 minutes'
        and o.subscription_charge_id is null
    ),
    'sweep', (
      select jsonb_build_object(
        'due', b.due, 'oldestDueSeconds', extract(epoch from toss_private.clock_now() - b.oldest_at)
      )
      from toss_private.question_backlog() as b
    ),
    'jobs', (
      select jsonb_agg(jsonb_build_object(
        'job', j.job, 'lastFinishedAt', j.last_finished_at, 'isLate', j.is_late
      ) order by j.job)
      from public.job_status as j
    ),
    'alerts', (
      select jsonb_build_object(
        'warning', count(*) filter (where a.level = 'warning'),
        'critical', count(*) filter (where a.level = 'critical')
      )
      from public.alerts as a
    ),
    'tossKeysInUse', toss_private.toss_keys_in_use(),
    'invariantViolations', (select count(*) from public.invariant_violations())
  );
$$;

comment on function public.read_status(jsonb) is
  'Queue depths and ages in seconds, purchases that are overdue, questions that are due, the last beat of each job, alerts by level, the key pairs in use and violated invariants, for the health function; the request is empty.';

create function public.request_health(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  base_url text;
  secret text;
begin
  if to_regclass('net.http_request_queue') is null or to_regclass('vault.decrypted_secrets') is null then
    return jsonb_build_object('outcome', 'extension_missing');
  end if;
  select s.decrypted_secret into base_url from vault.decrypted_secrets as s
  where s.name = 'supabase_tosspayments_url';
  select s.decrypted_secret into secret from vault.decrypted_secrets as s
  where s.name = 'supabase_tosspayments_cron_secret';
  if base_url is null or secret is null then
    return jsonb_build_object('outcome', 'vault_incomplete');
  end if;
  return jsonb_build_object('outcome', 'sent', 'requestId', net.http_get(
    url := rtrim(base_url, '/') || '/functions/v1/health',
    headers := jsonb_build_object('Authorization', 'Bearer ' || secret),
    timeout_milliseconds := 5000
  ));
end;
$$;

comment on function public.request_health(jsonb) is
  'Sends GET health through pg_net with URL and secret from Vault, as the schedules wake the worker; the request is empty. Outcomes: sent (requestId, for public.read_health_response), vault_incomplete, extension_missing.';

create function public.read_health_response(request jsonb)
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  response record;
  body jsonb;
begin
  select r.status_code, r.content, r.headers, r.timed_out, r.error_msg into response
  from net._http_response as r where r.id = (request ->> 'requestId')::bigint;
  if not found then
    return jsonb_build_object('outcome', 'waiting');
  end if;
  if response.status_code is null then
    return jsonb_build_object('outcome', 'failed', 'error', left(response.error_msg, 200));
  end if;
  begin
    body := response.content::jsonb;
  exception when others then
    body := null;
  end;
  -- Whoever answers at that address may have sent the request back, secret and all; only known words are handed on.
  return jsonb_build_object(
    'outcome', 'answered',
    'status', response.status_code,
    'isOurs', coalesce(body ? 'version' or body ? 'requestId', false),
    'isCronCaller', coalesce(body ->> 'caller' = 'cron', false),
    'isConfigured', coalesce(body ->> 'code' <> 'not_configured', true),
    'region', (
      select left(h.value, 40) from jsonb_each_text(coalesce(response.headers, '{}')) as h
      where lower(h.key) = 'x-sb-edge-region' limit 1
    )
  );
end;
$$;

comment on function public.read_health_response(jsonb) is
  'How a request of public.request_health ended; key: requestId. Outcomes: waiting, failed (error), answered (status, isOurs, isCronCaller, isConfigured, region in which the function ran).';
