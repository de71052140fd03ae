-- Purpose: walk the way of a wake-up once, from the database to the functions, and tell where it ends.
-- Functions: public.request_health, public.read_health_response.
-- Risk: one harmless GET for each call. The secret stays in Vault and the request; neither function answers it.

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
revoke execute on function public.request_health(jsonb) from public, anon, authenticated;
grant execute on function public.request_health(jsonb) to service_role;

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
revoke execute on function public.read_health_response(jsonb) from public, anon, authenticated;
grant execute on function public.read_health_response(jsonb) to service_role;
