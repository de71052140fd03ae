-- The database, its schemas and what the platform grants on them.
--
-- There are no default privileges for anon, authenticated and service_role: since
-- October 2026 a hosted project exposes nothing that a migration did not grant.
alter database postgres owner to postgres;
alter database postgres set search_path = "$user", public, extensions;

grant usage on schema public to anon, authenticated, service_role;

create schema if not exists extensions authorization postgres;
grant usage on schema extensions to anon, authenticated, service_role;
create extension if not exists pgcrypto with schema extensions;
create extension if not exists "uuid-ossp" with schema extensions;

create schema if not exists supabase_migrations authorization postgres;

create schema if not exists auth;
grant usage on schema auth to postgres, anon, authenticated, service_role;
