-- Registering a card or account: the rows that hold its keys and its answer.

create table toss_private.billing_keys (
  billing_method_id uuid primary key references public.billing_methods (id),
  key_digest text not null,
  -- After a deletion nothing is left but the digest, by which a late webhook about the key is recognised.
  key_id text,
  ciphertext text,
  constraint billing_keys_key_digest_unique unique (key_digest),
  constraint billing_keys_key_digest_format check (key_digest ~ '^[0-9a-f]{64}$'),
  constraint billing_keys_key_complete check ((key_id is null) = (ciphertext is null))
);

alter table toss_private.billing_keys enable row level security;

comment on table toss_private.billing_keys is 'Toss''s billing keys, AES-256-GCM. Whoever holds one can charge the card.';
comment on column toss_private.billing_keys.key_digest is 'SHA-256 of the billing key, by which a webhook about it finds its method.';
comment on column toss_private.billing_keys.key_id is 'Which key of BILLING_KEY_ENCRYPTION_KEYS encrypted it.';
comment on column toss_private.billing_keys.ciphertext is 'Base64 of nonce and ciphertext; associated data is the billing method''s id. Null once the key is deleted at Toss.';

create index billing_keys_key_id on toss_private.billing_keys (key_id) where key_id is not null;

create table toss_private.billing_issues (
  operation_id uuid primary key references public.operations (id),
  user_id uuid not null,
  customer_key text not null,
  plan_id text references public.plans (id),
  auth_key_digest text not null,
  key_id text,
  ciphertext text,
  billing_method_id uuid references public.billing_methods (id),
  subscription_id uuid references public.subscriptions (id),
  charge_id uuid references public.subscription_charges (id),
  plan_outcome text,
  created_at timestamptz not null,
  plan_terms text,
  toss_keys text not null default 'main',
  toss_client_key text,
  constraint billing_issues_toss_client_key_length check (char_length(toss_client_key) between 1 and 200),
  constraint billing_issues_toss_keys_known check (toss_keys in ('main', 'billing')),
  constraint billing_issues_auth_key_digest_format check (auth_key_digest ~ '^[0-9a-f]{64}$'),
  constraint billing_issues_key_complete check ((key_id is null) = (ciphertext is null)),
  constraint billing_issues_plan_outcome_known check (
    plan_outcome in ('subscribed', 'charged', 'already_subscribed', 'plan_changed')
  )
);

alter table toss_private.billing_issues enable row level security;

comment on table toss_private.billing_issues is 'One row per authKey that was handed in. Not exposed.';
comment on column toss_private.billing_issues.auth_key_digest is 'SHA-256 of the authKey, by which a repeat is recognised.';
comment on column toss_private.billing_issues.ciphertext is 'The authKey, AES-256-GCM with the operation''s id as associated data; only while the operation is open.';
comment on column toss_private.billing_issues.plan_outcome is 'What became of planId: subscribed (a trial), charged (see charge_id), already_subscribed, plan_changed (nothing was charged, because its terms were others meanwhile).';
comment on column toss_private.billing_issues.toss_keys is 'The key pair whose window brought the authKey.';
comment on column toss_private.billing_issues.toss_client_key is 'The client key of that pair then.';
comment on column toss_private.billing_issues.plan_terms is
  'The terms of the plan when the registration began; at others nothing is charged.';
comment on column toss_private.billing_issues.user_id is
  'Personal: id; kept.';
comment on column toss_private.billing_issues.customer_key is
  'Personal: id; kept.';

create index billing_issues_auth_key_digest on toss_private.billing_issues (auth_key_digest);
create index billing_issues_user_id on toss_private.billing_issues (user_id);
create index billing_issues_plan_id on toss_private.billing_issues (plan_id) where plan_id is not null;
create index billing_issues_billing_method_id on toss_private.billing_issues (billing_method_id)
  where billing_method_id is not null;
create index billing_issues_subscription_id on toss_private.billing_issues (subscription_id)
  where subscription_id is not null;
create index billing_issues_charge_id on toss_private.billing_issues (charge_id) where charge_id is not null;
create index billing_issues_key_id on toss_private.billing_issues (key_id) where key_id is not null;

create function toss_private.wipe_auth_key()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  update toss_private.billing_issues as i set key_id = null, ciphertext = null where i.operation_id = new.id;
  return null;
end;
$$;

comment on function toss_private.wipe_auth_key() is 'Trigger: the authKey goes when its operation ends, whoever ends it.';

create trigger operations_billing_issue_ended
  after update of state on public.operations
  for each row when (new.kind = 'billing_issue' and new.state in ('succeeded', 'rejected'))
  execute function toss_private.wipe_auth_key();

create function toss_private.billing_method_view(viewed_id uuid)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select jsonb_build_object(
      'id', m.id, 'method', m.method, 'cardIssuerCode', m.card_issuer_code, 'cardNumberMasked', m.card_number_masked,
      'cardType', m.card_type, 'bankName', m.bank_name, 'accountNumberMasked', m.account_number_masked, 'status', m.status, 'createdAt', m.created_at
    )
    from public.billing_methods as m where m.id = viewed_id
  );
end;
$$;

comment on function toss_private.billing_method_view(uuid) is 'A billing method as its user may see it.';

create function toss_private.billing_operation_view(operation public.operations)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return case operation.kind
    when 'billing_issue' then (
      select jsonb_build_object(
        'userId', i.user_id, 'customerKey', i.customer_key, 'planId', i.plan_id, 'keyId', i.key_id,
        'ciphertext', i.ciphertext
      )
      from toss_private.billing_issues as i where i.operation_id = operation.id
    )
    when 'billing_delete' then (
      select jsonb_build_object(
        'billingMethodId', k.billing_method_id, 'keyId', k.key_id, 'ciphertext', k.ciphertext
      )
      from toss_private.billing_keys as k where k.billing_method_id = operation.billing_method_id
    )
  end;
end;
$$;

comment on function toss_private.billing_operation_view(public.operations) is
  'What the sender of a billing_issue or billing_delete needs beside the operation.';

create function toss_private.issued_view(issued_operation_id uuid)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select jsonb_build_object(
      'outcome', 'issued',
      'billingMethod', toss_private.billing_method_view(i.billing_method_id),
      'subscription', case when s.id is not null then toss_private.subscription_view(s) end,
      'planOutcome', case
        when i.plan_outcome <> 'charged' then i.plan_outcome
        when c.status = 'paid' then 'subscribed'
        when c.status = 'declined' then 'declined'
        when c.id is not null then 'processing' end,
      'errorCode', case when c.status = 'declined' then c.failure_code end,
      'errorMessage', case when c.status = 'declined' then c.failure_message end,
      'plan', case when i.plan_outcome = 'plan_changed' then toss_private.changed_plan_view(i.plan_id) end,
      'claim', case when i.plan_outcome = 'already_subscribed' then toss_private.claim_of_plan(i.user_id, i.plan_id, null) end
    )
    from toss_private.billing_issues as i
    left join public.subscription_charges as c on c.id = i.charge_id
    left join public.subscriptions as s on s.id = coalesce(i.subscription_id, c.subscription_id)
    where i.operation_id = issued_operation_id
  );
end;
$$;

comment on function toss_private.issued_view(uuid) is
  'What billing-issue answers for an authKey that became a billing key, as things stand now. planOutcome: subscribed, processing, declined, already_subscribed (`claim`: what keeps the user from it now), plan_changed (`plan`: what it costs now); null without a plan.';

create table toss_private.card_attempts (
  id bigint generated always as identity primary key,
  user_id uuid not null,
  attempted_at timestamptz not null
);

alter table toss_private.card_attempts enable row level security;

comment on table toss_private.card_attempts is
  'What reached Toss because a user asked for it: registrations of a card, retries of a payment, changes of card that charge a debt. A day''s worth.';
comment on column toss_private.card_attempts.user_id is
  'Personal: id; kept.';

create index card_attempts_user_id on toss_private.card_attempts (user_id, attempted_at desc);
create index card_attempts_attempted_at on toss_private.card_attempts (attempted_at);

create function toss_private.too_many_attempts_view(wait_seconds integer)
returns jsonb
language plpgsql
immutable
set search_path = ''
as $$
begin
  return jsonb_build_object('outcome', 'too_many_attempts', 'retryAfterSeconds', wait_seconds);
end;
$$;

comment on function toss_private.too_many_attempts_view(integer) is 'The answer to whoever toss_private.take_card_attempt makes wait.';

create function toss_private.take_card_attempt(asking_id uuid)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  present constant timestamptz := toss_private.clock_now();
  free_at timestamptz;
begin
  -- Anybody's, a few at a time: who never comes back leaves nothing behind.
  delete from toss_private.card_attempts as a
  where a.id in (
    select old.id from toss_private.card_attempts as old
    where old.attempted_at <= present - interval '1 day'
    order by old.attempted_at
    limit 50
    for update skip locked
  );
  -- Five in ten minutes, twenty in a day. What lies ahead comes from a test clock that was set back.
  select max(f.free_at) into free_at
  from (
    (
      select a.attempted_at + interval '10 minutes' as free_at from toss_private.card_attempts as a
      where a.user_id = asking_id and a.attempted_at <= present
      order by a.attempted_at desc offset 4 limit 1
    )
    union all
    (
      select a.attempted_at + interval '1 day' from toss_private.card_attempts as a
      where a.user_id = asking_id and a.attempted_at <= present
      order by a.attempted_at desc offset 19 limit 1
    )
  ) as f;
  if free_at > present then
    return ceil(extract(epoch from free_at - present));
  end if;
  insert into toss_private.card_attempts (user_id, attempted_at) values (asking_id, present);
  return 0;
end;
$$;

comment on function toss_private.take_card_attempt(uuid) is
  'Counts an attempt that is about to reach Toss and answers 0, or answers in how many seconds the next one may be made. Callers hold toss_private.lock_user, so that attempts at the same time see each other.';

create function toss_private.method_of_key(owner_id uuid, new_method_id uuid, request jsonb)
returns uuid
language plpgsql
set search_path = ''
as $$
declare
  known record;
begin
  select m.id, m.user_id, m.status, k.ciphertext into known
  from toss_private.billing_keys as k
  join public.billing_methods as m on m.id = k.billing_method_id
  where k.key_digest = request ->> 'keyDigest'
  for no key update of m;
  if found and known.user_id = owner_id and known.status = 'active' and known.ciphertext is not null then
    return known.id;
  end if;
  if found and (known.user_id <> owner_id or known.ciphertext is not null) then
    return null;
  end if;
  -- Gone at Toss, and issued once more: webhooks about it are about the new method from now on.
  delete from toss_private.billing_keys as k where k.key_digest = request ->> 'keyDigest';
  insert into public.billing_methods (
    id, user_id, method, card_issuer_code, card_number_masked, card_type, bank_name, account_number_masked, toss_keys,
    toss_client_key, created_at
  ) values (
    new_method_id, owner_id, request ->> 'method', request ->> 'cardIssuerCode', request ->> 'cardNumberMasked',
    request ->> 'cardType', request ->> 'bankName', request ->> 'accountNumberMasked',
    coalesce(request ->> 'tossKeys', 'main'), request ->> 'tossClientKey', toss_private.clock_now()
  );
  insert into toss_private.billing_keys (billing_method_id, key_digest, key_id, ciphertext)
  values (new_method_id, request ->> 'keyDigest', request ->> 'keyId', request ->> 'ciphertext');
  perform toss_private.write_outbox_event(jsonb_build_object(
    'eventType', 'billing_method.created', 'subject', new_method_id,
    'payload', jsonb_build_object('billingMethodId', new_method_id, 'userId', owner_id, 'method', request ->> 'method')
  ));
  return new_method_id;
end;
$$;

comment on function toss_private.method_of_key(uuid, uuid, jsonb) is
  'The billing method of a key that Toss has issued: a new one, or the one that has this key already, because nobody says that Toss issues a key only once. Null when the key cannot be this user''s: it is being removed at this moment, or another user''s.';
