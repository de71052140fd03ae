-- Who buys: customers, and whether auth.users still has their accounts.

create table public.customers (
  user_id uuid primary key,
  -- Follows from the user's id: a customer whose row was lost gets the key again that Toss knows the cards by.
  customer_key uuid not null,
  created_at timestamptz not null default now(),
  known_to_auth boolean not null default false,
  erased_at timestamptz,
  constraint customers_customer_key_unique unique (customer_key)
);

alter table public.customers enable row level security;

comment on table public.customers is 'One row per signed-in buyer, made on first use.';
comment on column public.customers.user_id is
  'auth.users.id; no foreign key, so that the row stays when the account goes. Personal: id; kept.';
comment on column public.customers.customer_key is
  'Toss''s customerKey: random, so that it says nothing about the person. Personal: id; kept.';
comment on column public.customers.known_to_auth is
  'Whether auth.users had this user. Only who was there can be gone: ids of another identity provider never were.';

comment on column public.customers.erased_at is
  'When everything that named this person was last erased; what came later is kept.';

create policy "users read their own customer key"
  on public.customers for select to authenticated
  using ((select auth.uid()) = user_id);

create function toss_private.fill_customer_key()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  new.customer_key := coalesce(new.customer_key, toss_private.derived_id('customer', new.user_id::text));
  return new;
end;
$$;

comment on function toss_private.fill_customer_key() is 'Trigger: a user''s customerKey follows from the user.';

create trigger customers_key_filled
  before insert on public.customers
  for each row execute function toss_private.fill_customer_key();

create function toss_private.account_access()
returns text
language plpgsql
stable
set search_path = ''
as $$
begin
  -- One after another, because each asks about what the one before found. Behind row level security everybody would
  -- seem to be gone.
  if to_regnamespace('auth') is null then
    return 'absent';
  end if;
  if not has_schema_privilege('auth', 'usage') then
    return 'refused';
  end if;
  if to_regclass('auth.users') is null then
    return 'absent';
  end if;
  if not has_table_privilege('auth.users', 'select') or row_security_active('auth.users') then
    return 'refused';
  end if;
  return 'readable';
end;
$$;

comment on function toss_private.account_access() is
  'Whether auth.users can tell who is there: readable; absent, as in a plain Postgres; refused to the owner of this function, or hidden from it by row level security.';

create function toss_private.can_read_accounts()
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return toss_private.account_access() = 'readable';
end;
$$;

comment on function toss_private.can_read_accounts() is
  'Whether auth.users can tell who is there; false in a plain Postgres. What cannot be read proves nothing.';

create function toss_private.has_account(sought_user_id uuid)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  if not toss_private.can_read_accounts() then
    return null;
  end if;
  -- Auth keeps the row of an account that was deleted softly. As json, because old versions lack the column.
  return exists (
    select 1 from auth.users as u where u.id = sought_user_id and to_jsonb(u) ->> 'deleted_at' is null
  );
end;
$$;

comment on function toss_private.has_account(uuid) is 'Whether auth.users has a user; null when nobody can tell.';

create function toss_private.is_gone(sought_user_id uuid)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return coalesce(not toss_private.has_account(sought_user_id), false) and exists (
    select 1 from public.customers as c where c.user_id = sought_user_id and c.known_to_auth
  );
end;
$$;

comment on function toss_private.is_gone(uuid) is 'Whether a user had an account in auth.users and has none any more.';

create function toss_private.note_account()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  new.known_to_auth := new.known_to_auth or coalesce(toss_private.has_account(new.user_id), false);
  return new;
end;
$$;

comment on function toss_private.note_account() is 'Trigger: remembers that a customer has an account.';

create trigger customers_account_noted
  before insert on public.customers
  for each row execute function toss_private.note_account();

create function toss_private.erased_text(given text)
returns text
language plpgsql
immutable
set search_path = ''
as $$
begin
  return case when given is not null then '[erased]' end;
end;
$$;

comment on function toss_private.erased_text(text) is 'What stands where a text was erased; null stays null.';

create function toss_private.without_keys(given jsonb, erased_keys text[])
returns jsonb
language plpgsql
immutable
set search_path = ''
as $$
begin
  return case jsonb_typeof(given)
    when 'object' then (
      select coalesce(jsonb_object_agg(e.key, case
        when e.key <> all (erased_keys) then toss_private.without_keys(e.value, erased_keys)
        else case jsonb_typeof(e.value)
          when 'null' then 'null'
          when 'object' then '{}'
          when 'array' then '[]'
          else to_jsonb('[erased]'::text) end
      end), '{}')
      from jsonb_each(given) as e
    )
    when 'array' then (
      select coalesce(jsonb_agg(toss_private.without_keys(a.value, erased_keys) order by a.ordinality), '[]')
      from jsonb_array_elements(given) with ordinality as a
    )
    else given end;
end;
$$;

comment on function toss_private.without_keys(jsonb, text[]) is
  'JSON whose values under these keys, at any depth, are erased; every key stays.';

create function toss_private.is_erased_order(named_order_id text)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return exists (select 1 from public.orders as o where o.id = named_order_id and o.erased_at is not null);
end;
$$;

comment on function toss_private.is_erased_order(text) is
  'Whether what named the buyer of an order was erased: triggers ask it, so that no later answer brings it back.';
