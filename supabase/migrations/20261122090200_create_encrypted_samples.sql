-- Purpose: let an operator prove that a key is still the one that encrypted, before it is too late.
-- Function: public.read_encrypted_samples.
-- Risk: none for existing objects. Hands out ciphertext only, and only to the service role.

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
        'private.webhook_bodies' as table_name, b.key_id,
        private.ciphertext_as_text(b.ciphertext) as ciphertext, e.dedupe_key as associated_data
      from private.webhook_bodies as b
      join public.webhook_events as e on e.id = b.webhook_event_id
      where b.key_id is not null
      order by b.key_id, e.created_at
    )
    union all
    (
      select distinct on (k.key_id)
        'private.billing_keys', k.key_id, k.ciphertext, k.billing_method_id::text
      from private.billing_keys as k
      join public.billing_methods as m on m.id = k.billing_method_id
      where k.ciphertext is not null
      order by k.key_id, m.created_at
    )
    union all
    (
      select distinct on (i.key_id)
        'private.billing_issues', i.key_id, i.ciphertext, i.operation_id::text
      from private.billing_issues as i
      where i.ciphertext is not null
      order by i.key_id, i.created_at
    )
    union all
    (
      select distinct on (s.key_id)
        'private.operation_secrets', s.key_id, s.ciphertext, s.operation_id::text
      from private.operation_secrets as s
      join public.operations as op on op.id = s.operation_id
      order by s.key_id, op.created_at
    )
  )
  select coalesce(jsonb_agg(jsonb_build_object(
    'table', s.table_name, 'keyId', s.key_id, 'ciphertext', s.ciphertext, 'associatedData', s.associated_data
  ) order by s.table_name, s.key_id), '[]')
  from samples as s;
$$;

comment on function public.read_encrypted_samples(jsonb) is
  'The oldest encrypted value of each table and key id, with what it is bound to, for the doctor command to try a key on; the request is empty.';
revoke execute on function public.read_encrypted_samples(jsonb) from public, anon, authenticated;
grant execute on function public.read_encrypted_samples(jsonb) to service_role;
