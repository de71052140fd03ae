-- Purpose: decide whether an authKey may be turned into a billing key, and write the intent.
-- Functions: public.prepare_billing, private.issued_view, public.begin_billing_issue.

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
  perform private.require_real_time(request ->> 'mode');
  if private.is_gone(asking_id) then
    return jsonb_build_object('outcome', 'user_deleted');
  end if;
  if request ->> 'planId' is not null then
    refusal := private.plan_refusal(request ->> 'planId');
    if refusal <> '' then
      return jsonb_build_object('outcome', refusal);
    end if;
    claim := private.claim_of_plan(asking_id, request ->> 'planId', null);
    if claim is not null then
      return private.already_subscribed_view(claim);
    end if;
  end if;
  insert into public.customers (user_id) values (asking_id) on conflict (user_id) do nothing;
  return jsonb_build_object(
    'outcome', 'prepared',
    'planTerms', private.note_shown_terms(asking_id, request ->> 'planId'),
    'customerKey', (select c.customer_key from public.customers as c where c.user_id = asking_id)
  );
end;
$$;

comment on function public.prepare_billing(jsonb) is
  'The customerKey of a user, made on first use, and what the plan costs now (planTerms, to be handed to begin_billing_issue), unless the plan cannot be subscribed to. Keys: userId, planId, mode. Outcomes: prepared, plan_not_found, plan_not_billable, already_subscribed (subscriptionId, hint), user_deleted.';
revoke execute on function public.prepare_billing(jsonb) from public, anon, authenticated;
grant execute on function public.prepare_billing(jsonb) to service_role;

create function private.issued_view(issued_operation_id uuid)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_build_object(
    'outcome', 'issued',
    'billingMethod', private.billing_method_view(i.billing_method_id),
    'subscription', case when s.id is not null then private.subscription_view(s) end,
    'planOutcome', case
      when i.plan_outcome <> 'charged' then i.plan_outcome
      when c.status = 'paid' then 'subscribed'
      when c.status = 'declined' then 'declined'
      when c.id is not null then 'processing' end,
    'errorCode', case when c.status = 'declined' then c.failure_code end,
    'errorMessage', case when c.status = 'declined' then c.failure_message end,
    'plan', case when i.plan_outcome = 'plan_changed' then private.changed_plan_view(i.plan_id) end,
    'claim', case when i.plan_outcome = 'already_subscribed' then private.claim_of_plan(i.user_id, i.plan_id, null) end
  )
  from private.billing_issues as i
  left join public.subscription_charges as c on c.id = i.charge_id
  left join public.subscriptions as s on s.id = coalesce(i.subscription_id, c.subscription_id)
  where i.operation_id = issued_operation_id;
$$;

comment on function private.issued_view(uuid) is
  'What billing-issue answers for an authKey that became a billing key, as things stand now. planOutcome: subscribed, processing, declined, already_subscribed (`claim`: what keeps the user from it now), plan_changed (`plan`: what it costs now); null without a plan.';
revoke execute on function private.issued_view(uuid) from public, anon, authenticated;

create function private.earlier_billing_issue(request jsonb)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  operation public.operations;
begin
  select op.* into operation
  from private.billing_issues as i
  join public.operations as op on op.id = i.operation_id
  where i.auth_key_digest = request ->> 'authKeyDigest' and i.user_id = (request ->> 'userId')::uuid
  order by i.created_at desc
  limit 1
  for update of op;
  return case
    when not found or (operation.state = 'rejected' and not operation.is_final) then null
    when operation.state = 'succeeded' then private.issued_view(operation.id)
    when operation.state = 'rejected' then jsonb_build_object(
      'outcome', 'rejected', 'errorCode', operation.error_code, 'errorMessage', operation.error_message
    )
    else private.retake_operation(operation, request)
  end;
end;
$$;

comment on function private.earlier_billing_issue(jsonb) is
  'The answer to an authKey that was handed in before; null when it may be tried (again).';
revoke execute on function private.earlier_billing_issue(jsonb) from public, anon, authenticated;

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
  perform private.require_real_time(request ->> 'mode');
  if not exists (
    select 1 from public.customers as c
    where c.user_id = asking_id and c.customer_key::text = request ->> 'customerKey'
  ) then
    return jsonb_build_object('outcome', 'customer_key_mismatch');
  end if;
  perform private.lock_user(asking_id);
  answer := private.earlier_billing_issue(request);
  if answer is not null then
    return answer;
  end if;
  -- An access token outlives its account by up to an hour.
  if private.is_gone(asking_id) then
    return jsonb_build_object('outcome', 'user_deleted');
  end if;
  if wanted_plan_id is not null then
    if private.plan_refusal(wanted_plan_id) <> '' then
      return jsonb_build_object('outcome', private.plan_refusal(wanted_plan_id));
    end if;
    claim := private.claim_of_plan(asking_id, wanted_plan_id, null);
    if claim is not null then
      return private.already_subscribed_view(claim);
    end if;
    select * into wanted from public.plans as p where p.id = wanted_plan_id;
    if private.were_other_terms_shown(asking_id, wanted, request ->> 'shownTerms') then
      return jsonb_build_object('outcome', 'plan_changed', 'plan', private.changed_plan_view(wanted.id));
    end if;
  end if;
  -- An authKey whose first try failed by our own fault has been counted.
  if not exists (
    select 1 from private.billing_issues as i
    where i.auth_key_digest = request ->> 'authKeyDigest' and i.user_id = asking_id
  ) then
    wait_seconds := coalesce(
      private.caller_brake_seconds(request ->> 'caller', private.clock_now()), private.take_card_attempt(asking_id)
    );
    if wait_seconds > 0 then
      return private.too_many_attempts_view(wait_seconds);
    end if;
  end if;

  present := private.clock_now();
  insert into public.operations (
    id, kind, idempotency_key, key_created_at, lease_token, lease_expires_at, next_attempt_at, created_at
  ) values (
    (request ->> 'operationId')::uuid, 'billing_issue', private.idempotency_key('billing_issue', (
      select count(*) from private.billing_issues as i
      where i.auth_key_digest = request ->> 'authKeyDigest' and i.user_id = asking_id
    ), asking_id::text, request ->> 'authKeyDigest'), present, (request ->> 'leaseToken')::uuid,
    present + make_interval(secs => (request ->> 'leaseSeconds')::double precision), present, present
  )
  returning * into operation;
  insert into private.billing_issues (
    operation_id, user_id, customer_key, plan_id, plan_terms, auth_key_digest, key_id, ciphertext, created_at
  ) values (
    operation.id, asking_id, request ->> 'customerKey', wanted_plan_id,
    case when wanted.id is not null then private.plan_terms(wanted) end, request ->> 'authKeyDigest',
    request ->> 'keyId', request ->> 'ciphertext', present
  );
  perform private.write_event(jsonb_build_object(
    'event', 'operation_started', 'source', 'billing', 'operationId', operation.id,
    'requestId', request ->> 'requestId',
    'detail', jsonb_strip_nulls(jsonb_build_object('userId', asking_id, 'planId', wanted_plan_id))
  ));
  return jsonb_build_object('outcome', 'proceed', 'operation', private.operation_view(operation));
end;
$$;

comment on function public.begin_billing_issue(jsonb) is
  'Writes the operation before Toss is asked for a billing key. Keys: operationId (made by the caller, because the authKey''s ciphertext is bound to it), userId, customerKey, authKeyDigest, keyId, ciphertext, planId, shownTerms (of the signed state; else those of the last prepare count), caller (a digest; see private.caller_brake_seconds), leaseToken, leaseSeconds, mode, requestId. Outcomes: proceed, resolve, processing, issued and rejected (this authKey was handed in before), customer_key_mismatch, plan_not_found, plan_not_billable, already_subscribed (subscriptionId, hint), plan_changed (the user was shown other terms; plan: those of now), user_deleted, too_many_attempts (retryAfterSeconds).';
revoke execute on function public.begin_billing_issue(jsonb) from public, anon, authenticated;
grant execute on function public.begin_billing_issue(jsonb) to service_role;
