-- Everything encrypted, so that it can be moved to a new key or be checked.

create function toss_private.encrypted_stores()
returns table (store text, id_column text, associated_data text, is_bytes boolean)
language sql
stable
set search_path = ''
as $$
  select s.store, s.id_column, s.associated_data, s.store = 'webhook_bodies'
  from (values
    ('billing_keys', 'billing_method_id', 't.billing_method_id::text'),
    ('billing_issues', 'operation_id', 't.operation_id::text'),
    ('operation_secrets', 'operation_id', 't.operation_id::text'),
    ('endpoint_secrets', 'id', 't.id::text'),
    ('webhook_bodies', 'webhook_event_id',
      '(select e.dedupe_key from public.webhook_events as e where e.id = t.webhook_event_id)')
  ) as s (store, id_column, associated_data);
$$;

comment on function toss_private.encrypted_stores() is
  'The tables of schema toss_private with key_id and ciphertext, their primary key, what each ciphertext is bound to, and whether it is stored as bytes instead of base64.';

create function toss_private.ciphertext_as_text(sealed bytea)
returns text
language plpgsql
immutable
set search_path = ''
as $$
begin
  -- encode() breaks its lines.
  return translate(encode(sealed, 'base64'), E'\n', '');
end;
$$;

comment on function toss_private.ciphertext_as_text(bytea) is 'A ciphertext that is stored as bytes in the form of the others: base64.';

create function public.claim_keys_to_rotate(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  active_id constant text := request ->> 'activeKeyId';
  wanted constant integer := (request ->> 'limit')::integer;
  skipped constant text[] := array(select jsonb_array_elements_text(coalesce(request -> 'skip', '[]')));
  place record;
  found_rows jsonb;
  found_keys jsonb := '[]';
  counted integer;
  remaining integer := 0;
begin
  for place in select * from toss_private.encrypted_stores() loop
    -- Two ranges instead of <>, because an index can find those.
    execute format(
      $query$
        select coalesce(jsonb_agg(jsonb_build_object(
          'store', %L, 'id', t.%I, 'keyId', t.key_id, 'ciphertext', %s, 'associatedData', %s
        )), '[]')
        from (
          select * from toss_private.%I as t
          where (t.key_id < $1 or t.key_id > $1) and t.%I::text <> all ($2)
          limit $3
        ) as t
      $query$, place.store, place.id_column,
      case when place.is_bytes then 'toss_private.ciphertext_as_text(t.ciphertext)' else 't.ciphertext' end,
      place.associated_data, place.store, place.id_column
    ) into found_rows using active_id, skipped, wanted - jsonb_array_length(found_keys);
    found_keys := found_keys || found_rows;
    execute format(
      $query$
        select count(*) from (
          select 1 from toss_private.%I as t
          where (t.key_id < $1 or t.key_id > $1) and t.%I::text <> all ($2)
          limit 10000
        ) as t
      $query$, place.store, place.id_column
    ) into counted using active_id, skipped;
    remaining := remaining + counted;
  end loop;
  return jsonb_build_object('keys', found_keys, 'remaining', remaining - jsonb_array_length(found_keys));
end;
$$;

comment on function public.claim_keys_to_rotate(jsonb) is
  'Up to `limit` ciphertexts under another key than activeKeyId, with what each is bound to (associatedData). Keys: activeKeyId, limit, skip (ids that could not be opened). `remaining` counts 10,000 a store at most.';

create function public.store_rotated_keys(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  rotated record;
  affected integer;
  stored integer := 0;
begin
  for rotated in
    select p.store, p.id_column, p.is_bytes, k.id, k."fromCiphertext" as old_text, k."keyId" as new_key_id, k.ciphertext
    from jsonb_to_recordset(request -> 'keys') as k (
      store text, id uuid, "fromCiphertext" text, "keyId" text, ciphertext text
    )
    join toss_private.encrypted_stores() as p on p.store = k.store
    -- One order for everyone, so that two rotations cannot wait for each other.
    order by p.store, k.id
  loop
    execute format(
      case when rotated.is_bytes
        then 'update toss_private.%I as t set key_id = $1, ciphertext = decode($2, ''base64'')
          where t.%I = $3 and t.ciphertext = decode($4, ''base64'')'
        else 'update toss_private.%I as t set key_id = $1, ciphertext = $2 where t.%I = $3 and t.ciphertext = $4' end,
      rotated.store, rotated.id_column
    ) using rotated.new_key_id, rotated.ciphertext, rotated.id, rotated.old_text;
    get diagnostics affected = row_count;
    stored := stored + affected;
  end loop;
  return jsonb_build_object('stored', stored);
end;
$$;

comment on function public.store_rotated_keys(jsonb) is
  'Replaces ciphertexts by their re-encrypted form where nothing else has replaced or wiped them meanwhile. Key: keys [{store, id, fromCiphertext, keyId, ciphertext}]. Answers how many were stored.';

create function public.read_encrypted_samples(request jsonb)
returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
  -- The oldest of each key: a key that was made anew under the same id opens what came after it.
  with samples as (
    (
      select distinct on (b.key_id)
        'toss_private.webhook_bodies' as table_name, b.key_id,
        toss_private.ciphertext_as_text(b.ciphertext) as ciphertext, e.dedupe_key as associated_data
      from toss_private.webhook_bodies as b
      join public.webhook_events as e on e.id = b.webhook_event_id
      where b.key_id is not null
      order by b.key_id, e.created_at
    )
    union all
    (
      select distinct on (k.key_id)
        'toss_private.billing_keys', k.key_id, k.ciphertext, k.billing_method_id::text
      from toss_private.billing_keys as k
      join public.billing_methods as m on m.id = k.billing_method_id
      where k.ciphertext is not null
      order by k.key_id, m.created_at
    )
    union all
    (
      select distinct on (i.key_id)
        'toss_private.billing_issues', i.key_id, i.ciphertext, i.operation_id::text
      from toss_private.billing_issues as i
      where i.ciphertext is not null
      order by i.key_id, i.created_at
    )
    union all
    (
      select distinct on (s.key_id)
        'toss_private.operation_secrets', s.key_id, s.ciphertext, s.operation_id::text
      from toss_private.operation_secrets as s
      join public.operations as op on op.id = s.operation_id
      order by s.key_id, op.created_at
    )
    union all
    (
      select distinct on (e.key_id) 'toss_private.endpoint_secrets', e.key_id, e.ciphertext, e.id::text
      from toss_private.endpoint_secrets as e
      order by e.key_id, e.created_at
    )
  )
  select coalesce(jsonb_agg(jsonb_build_object(
    'table', s.table_name, 'keyId', s.key_id, 'ciphertext', s.ciphertext, 'associatedData', s.associated_data
  ) order by s.table_name, s.key_id), '[]')
  from samples as s;
$$;

comment on function public.read_encrypted_samples(jsonb) is
  'The oldest encrypted value of each table and key id, with what it is bound to, for the doctor command to try a key on; the request is empty.';
