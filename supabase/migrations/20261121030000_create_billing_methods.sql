-- Purpose: the ways a signed-in user lets us charge again, and the keys to them.
-- Tables: billing_methods (what the user may see), private.billing_keys (encrypted keys).

create table public.billing_methods (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null,
  method text not null,
  card_issuer_code text,
  card_number_masked text,
  status text not null default 'active',
  created_at timestamptz not null default now(),
  deleted_at timestamptz,
  constraint billing_methods_method_length check (char_length(method) between 1 and 50),
  constraint billing_methods_card_issuer_code_length check (char_length(card_issuer_code) <= 10),
  constraint billing_methods_card_number_masked check (
    card_number_masked ~ '\*' and char_length(card_number_masked) <= 20
  ),
  constraint billing_methods_status_known check (status in ('active', 'deleted')),
  constraint billing_methods_deleted_has_time check ((status = 'deleted') = (deleted_at is not null))
);

create index billing_methods_user_id on public.billing_methods (user_id, created_at desc);

comment on table public.billing_methods is 'One row per billing key that Toss issued. A deleted one stays, because charges refer to it.';
comment on column public.billing_methods.user_id is 'auth.users.id; no foreign key, so that the row stays when the account goes.';
comment on column public.billing_methods.method is 'Toss''s method in its own words, for example 카드.';
comment on column public.billing_methods.card_number_masked is 'As Toss masks it; a number without a star is refused.';
comment on column public.billing_methods.deleted_at is 'When the key ceased to work: by the user, by us, or because Toss said so.';

create table private.billing_keys (
  billing_method_id uuid primary key references public.billing_methods (id),
  key_digest text not null,
  key_id text not null,
  ciphertext text not null,
  constraint billing_keys_key_digest_unique unique (key_digest),
  constraint billing_keys_key_digest_format check (key_digest ~ '^[0-9a-f]{64}$')
);

comment on table private.billing_keys is 'Toss''s billing keys, AES-256-GCM. Whoever holds one can charge the card.';
comment on column private.billing_keys.key_digest is 'SHA-256 of the billing key, by which a webhook about it finds its method.';
comment on column private.billing_keys.key_id is 'Which key of BILLING_KEY_ENCRYPTION_KEYS encrypted it.';
comment on column private.billing_keys.ciphertext is 'Base64 of nonce and ciphertext; associated data is the billing method''s id.';

alter table public.billing_methods enable row level security;
alter table private.billing_keys enable row level security;

grant select on public.billing_methods to authenticated, service_role;

create policy "users read their own billing methods"
  on public.billing_methods for select to authenticated
  using ((select auth.uid()) = user_id);
