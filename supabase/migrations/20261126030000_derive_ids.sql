-- Purpose: what Toss knows a question by follows from the question, so that a database restored from a backup asks
-- the same questions again, and Toss answers as before.
-- Table: private.installation; customers (default, trigger). Functions: private.derived, derived_id, fill_customer_key,
-- idempotency_key, cancel_key.

create table private.installation (
  is_only boolean primary key default true,
  salt uuid not null default gen_random_uuid(),
  constraint installation_is_only check (is_only)
);
insert into private.installation default values;

comment on table private.installation is 'One row, made when the project is installed and never changed.';
comment on column private.installation.salt is
  'Goes into every derived id. Whoever knows what an id follows from still cannot compute it, and two installations with the same keys of Toss never ask the same question.';
alter table private.installation enable row level security;

create function private.derived(variadic parts text[])
returns text
language plpgsql
stable
set search_path = ''
as $$
begin
  return left(encode(sha256(convert_to(
    (select i.salt from private.installation as i)::text || array_to_json(parts)::text, 'UTF8'
  )), 'hex'), 32);
end;
$$;

comment on function private.derived(text[]) is
  '32 hexadecimal digits that follow from the parts alone: the same ones in a restored database, and not to be guessed from outside.';
revoke execute on function private.derived(text[]) from public, anon, authenticated;

create function private.derived_id(variadic parts text[])
returns uuid
language plpgsql
stable
set search_path = ''
as $$
declare
  digits constant text := private.derived(variadic parts);
begin
  -- In the shape of a version 4 UUID, which readers of ids look for.
  return (left(digits, 12) || '4' || substr(digits, 14, 3) || '8' || right(digits, 15))::uuid;
end;
$$;

comment on function private.derived_id(text[]) is 'private.derived as the id of a row.';
revoke execute on function private.derived_id(text[]) from public, anon, authenticated;

-- A customer whose row was lost gets the key again that Toss knows the customer's cards by.
alter table public.customers alter column customer_key drop default;

create function private.fill_customer_key()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  new.customer_key := coalesce(new.customer_key, private.derived_id('customer', new.user_id::text));
  return new;
end;
$$;

comment on function private.fill_customer_key() is 'Trigger: a user''s customerKey follows from the user.';
revoke execute on function private.fill_customer_key() from public, anon, authenticated;

create trigger customers_key_filled
  before insert on public.customers
  for each row execute function private.fill_customer_key();

create function private.idempotency_key(kind text, earlier_questions bigint, variadic parts text[])
returns text
language plpgsql
stable
set search_path = ''
as $$
begin
  return format('%s-%s-%s-1', kind, private.derived(variadic kind || parts), earlier_questions + 1);
end;
$$;

comment on function private.idempotency_key(text, bigint, text[]) is
  'The first Idempotency-Key of a question to Toss, which follows from what is asked (parts) and from how many questions of the kind about the same have ended; the last number counts its generations.';
revoke execute on function private.idempotency_key(text, bigint, text[]) from public, anon, authenticated;

create function private.cancel_key(canceled_payment_key text, cancel_request_id text)
returns text
language plpgsql
stable
set search_path = ''
as $$
begin
  return private.idempotency_key('cancel', (
    select count(*) from public.operations as op
    where op.payment_key = canceled_payment_key and op.kind = 'cancel' and op.request_id = cancel_request_id
  ), canceled_payment_key, cancel_request_id);
end;
$$;

comment on function private.cancel_key(text, text) is
  'The Idempotency-Key of a cancel: it follows from the payment and the caller''s requestId.';
revoke execute on function private.cancel_key(text, text) from public, anon, authenticated;

comment on column public.operations.idempotency_key is
  'Sent as Idempotency-Key: kind, digest of what is asked, number of the question and generation. It follows from the question, so that a restored database sends the same one.';
