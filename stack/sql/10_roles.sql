-- The roles of a hosted project, with the same attributes.
--
-- Migrations run as `postgres`, which is no superuser there either: a migration
-- that needs more fails here as it would on the platform.
do $$
declare
  wanted record;
begin
  for wanted in
    select *
    from (values
      ('postgres', 'login createrole createdb bypassrls replication'),
      ('anon', 'nologin noinherit'),
      ('authenticated', 'nologin noinherit'),
      ('service_role', 'nologin noinherit bypassrls'),
      ('authenticator', 'login noinherit')
    ) as roles (name, attributes)
  loop
    if not exists (select from pg_catalog.pg_roles where rolname = wanted.name) then
      execute format('create role %I %s', wanted.name, wanted.attributes);
    end if;
  end loop;
end
$$;

alter role postgres with password 'postgres';
alter role authenticator with password 'postgres';
grant anon, authenticated, service_role to authenticator;
grant anon, authenticated, service_role, authenticator to postgres;
