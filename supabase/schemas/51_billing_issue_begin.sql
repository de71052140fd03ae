-- A registration begins: prices as shown, plans that are free, and no authKey sent twice.

create table toss_private.shown_terms (
  user_id uuid not null,
  plan_id text not null references public.plans (id) on delete cascade,
  terms text not null,
  shown_at timestamptz not null,
  primary key (user_id, plan_id)
);

alter table toss_private.shown_terms enable row level security;

comment on table toss_private.shown_terms is
  'What billing-issue/prepare showed a user of a plan last, for whoever registers without the signed state of the redirect. A day''s worth.';
comment on column toss_private.shown_terms.terms is 'See toss_private.plan_terms.';
comment on column toss_private.shown_terms.user_id is
  'Personal: id; kept.';

create index shown_terms_plan_id on toss_private.shown_terms (plan_id);
create index shown_terms_shown_at on toss_private.shown_terms (shown_at);

create function toss_private.plan_terms(described public.plans)
returns text
language plpgsql
immutable
set search_path = ''
as $$
begin
  return concat_ws(
    ' ', described.price, described.currency, described.interval_count, described.interval, described.trial_days,
    described.intro_price, described.intro_periods
  );
end;
$$;

comment on function toss_private.plan_terms(public.plans) is
  'All that decides what a plan costs and when, in one text: to be compared, never read.';

create function toss_private.note_shown_terms(shown_user_id uuid, shown_plan_id text)
returns text
language plpgsql
volatile
set search_path = ''
as $$
declare
  present constant timestamptz := toss_private.clock_now();
  noted text;
begin
  -- Anybody's, a few at a time: who never comes back leaves nothing behind.
  delete from toss_private.shown_terms as t
  where (t.user_id, t.plan_id) in (
    select old.user_id, old.plan_id from toss_private.shown_terms as old
    where old.shown_at <= present - interval '1 day'
    order by old.shown_at
    limit 20
    for update skip locked
  );
  insert into toss_private.shown_terms as t (user_id, plan_id, terms, shown_at)
  select shown_user_id, p.id, toss_private.plan_terms(p), present
  from public.plans as p where p.id = shown_plan_id
  on conflict (user_id, plan_id) do update set terms = excluded.terms, shown_at = excluded.shown_at
  returning t.terms into noted;
  return noted;
end;
$$;

comment on function toss_private.note_shown_terms(uuid, text) is
  'Remembers, and answers, the terms of a plan that a user is shown now.';

create function toss_private.were_other_terms_shown(
  asking_id uuid, wanted public.plans, signed_terms text, since timestamptz
)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
declare
  -- A window that was opened before the plan changed stays at its price, whatever was shown since.
  shown_terms constant text := coalesce(signed_terms, (
    select t.terms from toss_private.shown_terms as t
    where t.user_id = asking_id and t.plan_id = wanted.id and t.shown_at > since
  ));
begin
  return shown_terms <> toss_private.plan_terms(wanted);
end;
$$;

comment on function toss_private.were_other_terms_shown(uuid, public.plans, text, timestamptz) is
  'Whether a user was shown other terms than the plan has now: those of the signed state, else those of the last prepare since a time. Null when none were shown.';

create function toss_private.changed_plan_view(wanted_plan_id text)
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

comment on function toss_private.changed_plan_view(text) is 'What a plan costs now, for whoever was shown something else.';

create function toss_private.already_subscribed_view(claim jsonb)
returns jsonb
language plpgsql
immutable
set search_path = ''
as $$
begin
  return jsonb_build_object('outcome', 'already_subscribed') || claim;
end;
$$;

comment on function toss_private.already_subscribed_view(jsonb) is 'The answer to whoever has what toss_private.claim_of_plan found.';

create function toss_private.claim_of_plan(subscriber_id uuid, wanted_plan_id text, except_subscription_id uuid)
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

comment on function toss_private.claim_of_plan(uuid, text, uuid) is
  'What keeps a user from a subscription to a plan: one that has, will have or is just being paid for this plan or another of its group, but for the named one. Null when nothing does; else subscriptionId (when there is one yet) and hint. Callers hold toss_private.lock_user.';

create function toss_private.plan_refusal(wanted_plan_id text)
returns text
language plpgsql
stable
set search_path = ''
as $$
begin
  return coalesce((
    select case when p.price < 100 or p.currency <> 'KRW' then 'plan_not_billable' else '' end
    from public.plans as p where p.id = wanted_plan_id and p.active
  ), 'plan_not_found');
end;
$$;

comment on function toss_private.plan_refusal(text) is
  'Why nobody can subscribe to a plan: plan_not_found, plan_not_billable (a billing key is charged in won, 100 at least); empty when one can.';

create function public.prepare_billing(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  asking_id constant uuid := (request ->> 'userId')::uuid;
  refusal text;
  claim jsonb;
begin
  perform toss_private.require_real_time(request ->> 'mode');
  if toss_private.is_gone(asking_id) then
    return jsonb_build_object('outcome', 'user_deleted');
  end if;
  if request ->> 'planId' is not null then
    refusal := toss_private.plan_refusal(request ->> 'planId');
    -- Toss takes nothing under 200 won from an account.
    if refusal = '' and request ->> 'method' = 'TRANSFER' and exists (
      select 1 from public.plans as p where p.id = request ->> 'planId' and p.price < 200
    ) then
      refusal := 'plan_not_billable';
    end if;
    if refusal <> '' then
      return jsonb_build_object('outcome', refusal);
    end if;
    claim := toss_private.claim_of_plan(asking_id, request ->> 'planId', null);
    if claim is not null then
      return toss_private.already_subscribed_view(claim);
    end if;
  end if;
  insert into public.customers (user_id) values (asking_id) on conflict (user_id) do nothing;
  return jsonb_build_object(
    'outcome', 'prepared',
    'planTerms', toss_private.note_shown_terms(asking_id, request ->> 'planId'),
    'customerKey', (select c.customer_key from public.customers as c where c.user_id = asking_id)
  );
end;
$$;

comment on function public.prepare_billing(jsonb) is
  'The customerKey of a user, made on first use, and what the plan costs now (planTerms, to be handed to begin_billing_issue), unless the plan cannot be subscribed to. Keys: userId, planId, method (CARD, TRANSFER), mode. Outcomes: prepared, plan_not_found, plan_not_billable, already_subscribed (subscriptionId, hint), user_deleted.';

create function toss_private.earlier_billing_issue(request jsonb)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  operation public.operations;
begin
  select op.* into operation
  from toss_private.billing_issues as i
  join public.operations as op on op.id = i.operation_id
  where i.auth_key_digest = request ->> 'authKeyDigest' and i.user_id = (request ->> 'userId')::uuid
  order by i.created_at desc
  limit 1
  for update of op;
  return case
    when not found or (operation.state = 'rejected' and not operation.is_final) then null
    when operation.state = 'succeeded' then toss_private.issued_view(operation.id)
    when operation.state = 'rejected' then jsonb_build_object(
      'outcome', 'rejected', 'errorCode', operation.error_code, 'errorMessage', operation.error_message
    )
    else toss_private.retake_operation(operation, request)
  end;
end;
$$;

comment on function toss_private.earlier_billing_issue(jsonb) is
  'The answer to an authKey that was handed in before; null when it may be tried (again).';

create function public.begin_billing_issue(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  asking_id constant uuid := (request ->> 'userId')::uuid;
  wanted_plan_id constant text := request ->> 'planId';
  present timestamptz;
  answer jsonb;
  claim jsonb;
  wait_seconds integer;
  operation public.operations;
  wanted public.plans;
begin
  perform toss_private.require_real_time(request ->> 'mode');
  if not exists (
    select 1 from public.customers as c
    where c.user_id = asking_id and c.customer_key::text = request ->> 'customerKey'
  ) then
    return jsonb_build_object('outcome', 'customer_key_mismatch');
  end if;
  perform toss_private.lock_user(asking_id);
  answer := toss_private.earlier_billing_issue(request);
  if answer is not null then
    return answer;
  end if;
  -- An access token outlives its account by up to an hour.
  if toss_private.is_gone(asking_id) then
    return jsonb_build_object('outcome', 'user_deleted');
  end if;
  if wanted_plan_id is not null then
    if toss_private.plan_refusal(wanted_plan_id) <> '' then
      return jsonb_build_object('outcome', toss_private.plan_refusal(wanted_plan_id));
    end if;
    claim := toss_private.claim_of_plan(asking_id, wanted_plan_id, null);
    if claim is not null then
      return toss_private.already_subscribed_view(claim);
    end if;
    select * into wanted from public.plans as p where p.id = wanted_plan_id;
    if toss_private.were_other_terms_shown(asking_id, wanted, request ->> 'shownTerms', '-infinity') then
      return jsonb_build_object('outcome', 'plan_changed', 'plan', toss_private.changed_plan_view(wanted.id));
    end if;
  end if;
  -- An authKey whose first try failed by our own fault has been counted.
  if not exists (
    select 1 from toss_private.billing_issues as i
    where i.auth_key_digest = request ->> 'authKeyDigest' and i.user_id = asking_id
  ) then
    wait_seconds := coalesce(
      toss_private.caller_brake_seconds(request ->> 'caller', toss_private.clock_now()), toss_private.take_card_attempt(asking_id)
    );
    if wait_seconds > 0 then
      return toss_private.too_many_attempts_view(wait_seconds);
    end if;
  end if;

  present := toss_private.clock_now();
  insert into public.operations (
    id, kind, idempotency_key, key_created_at, lease_token, lease_expires_at, next_attempt_at, created_at
  ) values (
    (request ->> 'operationId')::uuid, 'billing_issue', toss_private.idempotency_key('billing_issue', (
      select count(*) from toss_private.billing_issues as i
      where i.auth_key_digest = request ->> 'authKeyDigest' and i.user_id = asking_id
    ), asking_id::text, request ->> 'authKeyDigest'), present, (request ->> 'leaseToken')::uuid,
    present + make_interval(secs => (request ->> 'leaseSeconds')::double precision), present, present
  )
  returning * into operation;
  insert into toss_private.billing_issues (
    operation_id, user_id, customer_key, plan_id, plan_terms, auth_key_digest, key_id, ciphertext, toss_keys,
    toss_client_key, created_at
  ) values (
    operation.id, asking_id, request ->> 'customerKey', wanted_plan_id,
    case when wanted.id is not null then toss_private.plan_terms(wanted) end, request ->> 'authKeyDigest',
    request ->> 'keyId', request ->> 'ciphertext', coalesce(request ->> 'tossKeys', 'main'),
    request ->> 'tossClientKey', present
  );
  perform toss_private.write_event(jsonb_build_object(
    'event', 'operation_started', 'source', 'billing', 'operationId', operation.id,
    'requestId', request ->> 'requestId',
    'detail', jsonb_strip_nulls(jsonb_build_object('userId', asking_id, 'planId', wanted_plan_id))
  ));
  return jsonb_build_object('outcome', 'proceed', 'operation', toss_private.operation_view(operation));
end;
$$;

comment on function public.begin_billing_issue(jsonb) is
  'Writes the operation before Toss is asked for a billing key. Keys: operationId (made by the caller, because the authKey''s ciphertext is bound to it), userId, customerKey, authKeyDigest, keyId, ciphertext, planId, shownTerms (of the signed state; else those of the last prepare count), caller (a digest; see toss_private.caller_brake_seconds), tossKeys (main or billing), tossClientKey, leaseToken, leaseSeconds, mode, requestId. Outcomes: proceed, resolve, processing, issued and rejected (this authKey was handed in before), customer_key_mismatch, plan_not_found, plan_not_billable, already_subscribed (subscriptionId, hint), plan_changed (the user was shown other terms; plan: those of now), user_deleted, too_many_attempts (retryAfterSeconds).';
