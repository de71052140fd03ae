-- What role postgres may do with the tables of the Auth server, which exist only once
-- that server has created them.
grant usage on schema auth to postgres with grant option;
grant all on all tables in schema auth to postgres with grant option;
grant execute on all functions in schema auth to public;
grant usage, select on all sequences in schema auth to postgres;
grant all on all tables in schema supabase_migrations to postgres;
