-- Stand-in for the extension pg_net. `stack/net.ts` sends the requests.
--
-- Both tables are unlogged as in the original: a crash of Postgres empties them, and
-- whatever relies on a request arriving must survive that.
create schema if not exists net;

do $$
begin
  if to_regtype('net.http_method') is null then
    create domain net.http_method as text
      check (upper(value) in ('GET', 'POST', 'DELETE'));
  end if;
end
$$;

create unlogged table if not exists net.http_request_queue (
  id bigserial,
  method net.http_method not null,
  url text not null,
  headers jsonb,
  body bytea,
  timeout_milliseconds integer not null
);

create unlogged table if not exists net._http_response (
  id bigint,
  status_code integer,
  content_type text,
  headers jsonb,
  content text,
  timed_out boolean,
  error_msg text,
  created timestamptz not null default now()
);
create index if not exists _http_response_created_idx on net._http_response (created);

-- Percent-encodes everything but the unreserved characters of RFC 3986, section 2.3.
create or replace function net._urlencode_string(string varchar) returns text
language sql immutable
set search_path = ''
as $$
  select coalesce(string_agg(
    case
      when byte between 48 and 57 or byte between 65 and 90 or byte between 97 and 122
        or byte in (45, 46, 95, 126) then chr(byte)
      else '%' || upper(lpad(to_hex(byte), 2, '0'))
    end, '' order by position
  ), '')
  from (
    select position, get_byte(bytes, position) as byte
    from
      (select convert_to(string, 'UTF8') as bytes) as encoded,
      generate_series(0, length(bytes) - 1) as position
  ) as characters
$$;

create or replace function net._url_with_parameters(url text, params jsonb) returns text
language sql immutable
set search_path = ''
as $$
  select case when query is null then url
    else url || case when strpos(url, '?') > 0 then '&' else '?' end || query end
  from (
    select string_agg(
      net._urlencode_string(key) || '=' || net._urlencode_string(value), '&'
    ) as query
    from jsonb_each_text(params)
  ) as pairs
$$;

-- The notification leaves at commit and not at all on a rollback, as the original's
-- wake-up does. A direct insert into the queue wakes nobody.
create or replace function net.wake() returns void
language sql
set search_path = ''
as $$ select pg_notify('net_wake', '') $$;

create or replace function net.http_post(
  url text,
  body jsonb default '{}'::jsonb,
  params jsonb default '{}'::jsonb,
  headers jsonb default '{"Content-Type": "application/json"}'::jsonb,
  timeout_milliseconds integer default 5000
) returns bigint
language plpgsql
set search_path = ''
as $$
declare
  request_id bigint;
  content_type text;
begin
  select value into content_type
  from jsonb_each_text(coalesce(headers, '{}'))
  where lower(key) = 'content-type'
  limit 1;
  if content_type is null then
    headers := headers || '{"Content-Type": "application/json"}'::jsonb;
  elsif content_type <> 'application/json' then
    raise exception 'Content-Type header must be "application/json"';
  end if;
  insert into net.http_request_queue (method, url, headers, body, timeout_milliseconds)
  values (
    'POST', net._url_with_parameters(url, params), headers,
    convert_to(body::text, 'UTF8'), timeout_milliseconds
  )
  returning id into request_id;
  perform net.wake();
  return request_id;
end
$$;

create or replace function net.http_get(
  url text,
  params jsonb default '{}'::jsonb,
  headers jsonb default '{}'::jsonb,
  timeout_milliseconds integer default 5000
) returns bigint
language plpgsql
set search_path = ''
as $$
declare
  request_id bigint;
begin
  insert into net.http_request_queue (method, url, headers, timeout_milliseconds)
  values ('GET', net._url_with_parameters(url, params), headers, timeout_milliseconds)
  returning id into request_id;
  perform net.wake();
  return request_id;
end
$$;

create or replace function net.http_delete(
  url text,
  params jsonb default '{}'::jsonb,
  headers jsonb default '{}'::jsonb,
  timeout_milliseconds integer default 5000,
  body jsonb default null
) returns bigint
language plpgsql
set search_path = ''
as $$
declare
  request_id bigint;
begin
  insert into net.http_request_queue (method, url, headers, body, timeout_milliseconds)
  values (
    'DELETE', net._url_with_parameters(url, params), headers,
    convert_to(body::text, 'UTF8'), timeout_milliseconds
  )
  returning id into request_id;
  perform net.wake();
  return request_id;
end
$$;

grant usage on schema net to public;
grant all on all sequences in schema net to public;
grant all on all tables in schema net to public;
