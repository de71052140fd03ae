-- Purpose: the diagnosis counts encrypted rows only. A card that was deleted and a registration that has ended keep
-- their row without a ciphertext; counted as a key without an id, they made the doctor command refuse the answer.
-- Function: private.diagnose_encryption_keys.
-- Risk: none for existing objects.

create or replace function private.diagnose_encryption_keys()
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
    where c.relnamespace = 'private'::regnamespace and c.relkind = 'r'
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

revoke execute on function private.diagnose_encryption_keys() from public, anon, authenticated;
