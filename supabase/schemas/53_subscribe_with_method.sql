-- A subscription with a card that is registered already.

create function toss_private.subscribed_view(method_id uuid, begun public.subscriptions)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return jsonb_build_object(
    'outcome', 'subscribed', 'billingMethod', toss_private.billing_method_view(method_id),
    'subscription', toss_private.subscription_view(begun)
  );
end;
$$;

comment on function toss_private.subscribed_view(uuid, public.subscriptions) is
  'What subscribe_with_method answers for a subscription that lives.';

create function public.subscribe_with_method(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  wanted_plan_id constant text := request ->> 'planId';
  method public.billing_methods;
  live public.subscriptions;
  chosen public.plans;
  refusal text;
  claim jsonb;
  wait_seconds integer;
begin
  perform toss_private.require_real_time(request ->> 'mode');
  select * into method from public.billing_methods as m where m.id = (request ->> 'billingMethodId')::uuid;
  -- Somebody else's is none at all.
  if not found or method.user_id is distinct from coalesce((request ->> 'userId')::uuid, method.user_id) then
    return jsonb_build_object('outcome', 'method_not_found');
  end if;
  perform toss_private.lock_user(method.user_id);

  -- A repeat of what was done with this method answers the same; it may not begin another charge.
  select * into live from public.subscriptions as s
  where s.user_id = method.user_id and s.plan_id = wanted_plan_id and s.billing_method_id = method.id
    and s.status <> 'canceled';
  if found then
    return toss_private.subscribed_view(method.id, live);
  end if;
  if exists (
    select 1 from public.subscription_charges as c
    where c.user_id = method.user_id and c.plan_id = wanted_plan_id and c.billing_method_id = method.id
      and c.kind = 'start' and c.status in ('pending', 'processing', 'unknown')
  ) then
    return jsonb_build_object('outcome', 'processing');
  end if;

  refusal := toss_private.plan_refusal(wanted_plan_id);
  if refusal <> '' then
    return jsonb_build_object('outcome', refusal);
  end if;
  claim := toss_private.claim_of_plan(method.user_id, wanted_plan_id, null);
  if claim is not null then
    return toss_private.already_subscribed_view(claim);
  end if;
  -- The key of an account that was deleted is about to go.
  if not toss_private.usable_billing_method(method.id) or toss_private.is_gone(method.user_id) then
    return jsonb_build_object('outcome', 'method_not_found');
  end if;

  select * into chosen from public.plans as p where p.id = wanted_plan_id;
  -- Above all after a first charge that was declined: the next try costs what the first one did. The shop knows its
  -- prices.
  if request ->> 'userId' is not null and toss_private.were_other_terms_shown(
    method.user_id, chosen, null, toss_private.clock_now() - interval '1 day'
  ) then
    return jsonb_build_object('outcome', 'plan_changed', 'plan', toss_private.changed_plan_view(chosen.id));
  end if;
  if chosen.trial_days > 0 and not toss_private.has_had_trial(method.user_id, chosen.id) then
    return toss_private.subscribed_view(method.id, toss_private.begin_trial(
      method.user_id, chosen, method.id,
      jsonb_build_object('source', 'billing', 'requestId', request ->> 'requestId')
    ));
  end if;
  wait_seconds := toss_private.take_card_attempt(method.user_id);
  if wait_seconds > 0 then
    return toss_private.too_many_attempts_view(wait_seconds);
  end if;
  return jsonb_build_object(
    'outcome', 'charge', 'billingMethod', toss_private.billing_method_view(method.id),
    'charge', toss_private.begin_start_charge(method.user_id, chosen, method.id, request)
  );
end;
$$;

comment on function public.subscribe_with_method(jsonb) is
  'Subscribes the owner of a billing method to a plan. Keys: planId, billingMethodId, userId (null: the shop itself), leaseToken, leaseSeconds, mode, requestId. Outcomes: subscribed (a trial began, or this method pays for a live subscription already), charge (to be sent now, leased), processing (its first charge is at Toss), method_not_found, plan_not_found, plan_not_billable, already_subscribed (subscriptionId, hint), plan_changed (the last prepare showed the user other terms; plan: those of now), too_many_attempts (retryAfterSeconds).';
