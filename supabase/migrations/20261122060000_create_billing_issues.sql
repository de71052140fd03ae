-- Purpose: the intent to turn an authKey into a billing key, written before Toss is asked.
-- Table: private.billing_issues; functions: private.wipe_auth_key, claim_of_plan, already_subscribed_view,
-- too_many_attempts_view, plan_refusal, changed_plan_view, billing_method_view, billing_operation_view.

create table private.billing_issues (
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
  constraint billing_issues_auth_key_digest_format check (auth_key_digest ~ '^[0-9a-f]{64}$'),
  constraint billing_issues_key_complete check ((key_id is null) = (ciphertext is null)),
  constraint billing_issues_plan_outcome_known check (
    plan_outcome in ('subscribed', 'charged', 'already_subscribed', 'plan_changed')
  )
);

create index billing_issues_auth_key_digest on private.billing_issues (auth_key_digest);
create index billing_issues_user_id on private.billing_issues (user_id);
create index billing_issues_plan_id on private.billing_issues (plan_id) where plan_id is not null;
create index billing_issues_billing_method_id on private.billing_issues (billing_method_id)
  where billing_method_id is not null;
create index billing_issues_subscription_id on private.billing_issues (subscription_id)
  where subscription_id is not null;
create index billing_issues_charge_id on private.billing_issues (charge_id) where charge_id is not null;

comment on table private.billing_issues is 'One row per authKey that was handed in. Not exposed.';
comment on column private.billing_issues.auth_key_digest is 'SHA-256 of the authKey, by which a repeat is recognised.';
comment on column private.billing_issues.ciphertext is 'The authKey, AES-256-GCM with the operation''s id as associated data; only while the operation is open.';
comment on column private.billing_issues.plan_outcome is 'What became of planId: subscribed (a trial), charged (see charge_id), already_subscribed, plan_changed (nothing was charged, because its terms were others meanwhile).';

alter table private.billing_issues enable row level security;

-- After a deletion nothing of the key is left but its digest, by which a late webhook about it is recognised.
alter table private.billing_keys
  alter column key_id drop not null,
  alter column ciphertext drop not null,
  add constraint billing_keys_key_complete check ((key_id is null) = (ciphertext is null));
comment on column private.billing_keys.ciphertext is 'Base64 of nonce and ciphertext; associated data is the billing method''s id. Null once the key is deleted at Toss.';

alter table public.operations
  add column billing_method_id uuid references public.billing_methods (id),
  add constraint operations_delete_has_method check ((kind = 'billing_delete') = (billing_method_id is not null));
create unique index operations_one_open_delete_per_method on public.operations (billing_method_id)
  where kind = 'billing_delete' and state in ('started', 'unknown');
create index operations_billing_method_id on public.operations (billing_method_id) where billing_method_id is not null;
comment on column public.operations.billing_method_id is 'For kind billing_delete: whose key goes.';

create function private.wipe_auth_key()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  update private.billing_issues as i set key_id = null, ciphertext = null where i.operation_id = new.id;
  return null;
end;
$$;

comment on function private.wipe_auth_key() is 'Trigger: the authKey goes when its operation ends, whoever ends it.';
revoke execute on function private.wipe_auth_key() from public, anon, authenticated;

create trigger operations_billing_issue_ended
  after update of state on public.operations
  for each row when (new.kind = 'billing_issue' and new.state in ('succeeded', 'rejected'))
  execute function private.wipe_auth_key();

create function private.claim_of_plan(subscriber_id uuid, wanted_plan_id text, except_subscription_id uuid)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    with rival as (
      select p.id
      from public.plans as p
      join public.plans as wanted on wanted.id = wanted_plan_id
      where p.id = wanted.id or p.plan_group = wanted.plan_group
    )
    select jsonb_strip_nulls(jsonb_build_object(
      'subscriptionId', claims.subscription_id,
      'hint', case
        when claims.subscription_id is not null and claims.plan_id <> wanted_plan_id
          and claims.plan_id in (select rival.id from rival) then 'change_plan' end
    ))
    from (
      select s.id as subscription_id, s.plan_id
      from public.subscriptions as s
      where s.user_id = subscriber_id and s.status <> 'canceled'
        and (s.plan_id in (select rival.id from rival) or s.next_plan_id in (select rival.id from rival))
      union all
      select c.subscription_id, c.plan_id
      from public.subscription_charges as c
      where c.user_id = subscriber_id and c.kind in ('start', 'upgrade')
        and c.status in ('pending', 'processing', 'unknown') and c.plan_id in (select rival.id from rival)
    ) as claims
    where except_subscription_id is null or claims.subscription_id is distinct from except_subscription_id
    order by (claims.subscription_id is null), (claims.plan_id <> wanted_plan_id)
    limit 1
  );
end;
$$;

comment on function private.claim_of_plan(uuid, text, uuid) is
  'What keeps a user from a subscription to a plan: one that has, will have or is just being paid for this plan or another of its group, but for the named one. Null when nothing does; else subscriptionId (when there is one yet) and hint. Callers hold private.lock_user.';
revoke execute on function private.claim_of_plan(uuid, text, uuid) from public, anon, authenticated;

create function private.already_subscribed_view(claim jsonb)
returns jsonb
language sql
immutable
set search_path = ''
as $$
  select jsonb_build_object('outcome', 'already_subscribed') || claim;
$$;

comment on function private.already_subscribed_view(jsonb) is 'The answer to whoever has what private.claim_of_plan found.';
revoke execute on function private.already_subscribed_view(jsonb) from public, anon, authenticated;

create function private.too_many_attempts_view(wait_seconds integer)
returns jsonb
language sql
immutable
set search_path = ''
as $$
  select jsonb_build_object('outcome', 'too_many_attempts', 'retryAfterSeconds', wait_seconds);
$$;

comment on function private.too_many_attempts_view(integer) is 'The answer to whoever private.take_card_attempt makes wait.';
revoke execute on function private.too_many_attempts_view(integer) from public, anon, authenticated;

create function private.plan_refusal(wanted_plan_id text)
returns text
language sql
stable
set search_path = ''
as $$
  select coalesce((
    select case when p.price < 100 or p.currency <> 'KRW' then 'plan_not_billable' else '' end
    from public.plans as p where p.id = wanted_plan_id and p.active
  ), 'plan_not_found');
$$;

comment on function private.plan_refusal(text) is
  'Why nobody can subscribe to a plan: plan_not_found, plan_not_billable (a billing key is charged in won, 100 at least); empty when one can.';
revoke execute on function private.plan_refusal(text) from public, anon, authenticated;

create function private.changed_plan_view(wanted_plan_id text)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select jsonb_build_object(
      'planId', p.id, 'amount', p.price, 'currency', p.currency, 'interval', p.interval,
      'intervalCount', p.interval_count, 'trialDays', p.trial_days
    )
    from public.plans as p where p.id = wanted_plan_id
  );
end;
$$;

comment on function private.changed_plan_view(text) is 'What a plan costs now, for whoever was shown something else.';
revoke execute on function private.changed_plan_view(text) from public, anon, authenticated;

create function private.billing_method_view(viewed_id uuid)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_build_object(
    'id', m.id, 'method', m.method, 'cardIssuerCode', m.card_issuer_code, 'cardNumberMasked', m.card_number_masked,
    'cardType', m.card_type, 'status', m.status, 'createdAt', m.created_at
  )
  from public.billing_methods as m where m.id = viewed_id;
$$;

comment on function private.billing_method_view(uuid) is 'A billing method as its user may see it.';
revoke execute on function private.billing_method_view(uuid) from public, anon, authenticated;

create function private.billing_operation_view(operation public.operations)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select case operation.kind
    when 'billing_issue' then (
      select jsonb_build_object(
        'userId', i.user_id, 'customerKey', i.customer_key, 'planId', i.plan_id, 'keyId', i.key_id,
        'ciphertext', i.ciphertext
      )
      from private.billing_issues as i where i.operation_id = operation.id
    )
    when 'billing_delete' then (
      select jsonb_build_object(
        'billingMethodId', k.billing_method_id, 'keyId', k.key_id, 'ciphertext', k.ciphertext
      )
      from private.billing_keys as k where k.billing_method_id = operation.billing_method_id
    )
  end;
$$;

comment on function private.billing_operation_view(public.operations) is
  'What the sender of a billing_issue or billing_delete needs beside the operation.';
revoke execute on function private.billing_operation_view(public.operations) from public, anon, authenticated;
