-- Toss issued the billing key: the method, and the subscription that was asked for with it.

create function toss_private.begin_trial(subscriber_id uuid, chosen public.plans, method_id uuid, audit jsonb)
returns public.subscriptions
language plpgsql
set search_path = ''
as $$
declare
  present constant timestamptz := toss_private.clock_now();
  trial_end constant timestamptz := toss_private.period_boundary(present, 'day', chosen.trial_days, 1);
  begun public.subscriptions;
begin
  insert into public.subscriptions (
    id, user_id, plan_id, amount, currency, interval, interval_count, billing_method_id, status,
    current_period_start, current_period_end, next_charge_at, remind_at, created_at
  ) values (
    toss_private.derived_id('trial', subscriber_id::text, chosen.id, (
      select count(*) from public.subscriptions as s where s.user_id = subscriber_id
    )::text), subscriber_id, chosen.id, toss_private.first_price(subscriber_id, chosen), chosen.currency, chosen.interval, chosen.interval_count,
    method_id, 'trialing', present, trial_end, trial_end,
    toss_private.reminder_time(present, trial_end, chosen.id), present
  )
  returning * into begun;
  perform toss_private.write_event(audit || jsonb_build_object(
    'event', 'subscription_status', 'subscriptionId', begun.id, 'to', 'trialing', 'amount', begun.amount,
    'detail', jsonb_build_object(
      'event', 'trial_started', 'planId', begun.plan_id, 'terms', toss_private.subscription_terms(begun)
    )
  ));
  insert into public.entitlements (user_id, plan_id, source, subscription_id, starts_at, ends_at, created_at)
  values (subscriber_id, chosen.id, 'subscription', begun.id, present, trial_end, present);
  perform toss_private.write_subscription_event('trial_started', begun, jsonb_build_object('trialEnd', trial_end));
  return begun;
end;
$$;

comment on function toss_private.begin_trial(uuid, public.plans, uuid, jsonb) is
  'A subscription that is charged for the first time when its trial ends; the days are counted in Asia/Seoul.';

create function toss_private.has_had_trial(subscriber_id uuid, tried_plan_id text)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return exists (
    select 1 from public.subscriptions as s where s.user_id = subscriber_id and s.plan_id = tried_plan_id
  ) or exists (
    -- Also when the subscription has another plan since.
    select 1 from public.subscriptions as s
    join public.payment_events as e on e.subscription_id = s.id and e.event = 'subscription_status'
    where s.user_id = subscriber_id
      and e.detail ->> 'event' = 'trial_started' and e.detail ->> 'planId' = tried_plan_id
  );
end;
$$;

comment on function toss_private.has_had_trial(uuid, text) is
  'Whether a user has had a plan before: a trial is given once a user and plan, and leaving and coming back is not another one.';

create function toss_private.first_price(subscriber_id uuid, chosen public.plans)
returns bigint
language plpgsql
stable
set search_path = ''
as $$
begin
  return case when chosen.intro_price is null or toss_private.has_had_trial(subscriber_id, chosen.id)
    then chosen.price else least(chosen.intro_price, chosen.price) end;
end;
$$;

comment on function toss_private.first_price(uuid, public.plans) is
  'What a new subscriber of a plan pays at first: its introductory price, given once a user and plan as its trial is.';

create function toss_private.begin_start_charge(
  subscriber_id uuid, chosen public.plans, method_id uuid, request jsonb
)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  present constant timestamptz := toss_private.clock_now();
  first_price constant bigint := toss_private.first_price(subscriber_id, chosen);
  created public.subscription_charges;
begin
  insert into public.subscription_charges (
    id, kind, user_id, plan_id, plan_amount, plan_interval, plan_interval_count, period_number, period_start,
    period_end, amount, currency, order_name, created_at
  ) values (
    -- The how many-th start of this plan, whatever the card: whoever paid for one that a restore forgot is not
    -- charged again for subscribing again.
    toss_private.derived_id('start', subscriber_id::text, chosen.id, (
      select count(*) from public.subscription_charges as c
      where c.user_id = subscriber_id and c.plan_id = chosen.id and c.kind = 'start'
    )::text), 'start', subscriber_id, chosen.id, first_price, chosen.interval, chosen.interval_count, 0, present,
    toss_private.period_boundary(present, chosen.interval, chosen.interval_count, 1),
    first_price, chosen.currency, chosen.name, present
  )
  returning * into created;
  return toss_private.begin_attempt(created, method_id, present, request);
end;
$$;

comment on function toss_private.begin_start_charge(uuid, public.plans, uuid, jsonb) is
  'The charge of a first period; its payment makes the subscription.';

create function toss_private.replace_broken_methods(owner_id uuid, method_id uuid, audit jsonb)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  present constant timestamptz := toss_private.clock_now();
  asking public.subscriptions;
  owing_ids jsonb := '[]';
begin
  for asking in
    select s.* from public.subscriptions as s
    where s.user_id = owner_id and (s.status = 'past_due' or (s.status <> 'canceled' and s.needs_payment_method))
    order by s.id
    for no key update
  loop
    asking.billing_method_id := method_id;
    asking.needs_payment_method := false;
    -- A debt is charged at once; while Toss is being asked about it there is nothing to begin.
    if (toss_private.debt_of(asking)).id is not null then
      asking.next_charge_at := present;
      asking.access_ends_at := null;
      owing_ids := owing_ids || to_jsonb(asking.id);
    end if;
    perform toss_private.move_subscription(asking, 'method_changed', audit || jsonb_build_object(
      'detail', jsonb_build_object('billingMethodId', method_id)
    ));
  end loop;
  return owing_ids;
end;
$$;

comment on function toss_private.replace_broken_methods(uuid, uuid, jsonb) is
  'Gives a new billing method to those subscriptions of its user that ask for one or are in arrears; answers the ids of those whose debt is due now.';

create function toss_private.subscribe(issue toss_private.billing_issues, method_id uuid, request jsonb, audit jsonb)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  chosen public.plans;
  begun public.subscriptions;
  item jsonb;
begin
  -- Withdrawn while the card was being registered: the card is kept, and nothing is charged to it.
  if toss_private.plan_refusal(issue.plan_id) <> '' then
    return null;
  end if;
  if toss_private.claim_of_plan(issue.user_id, issue.plan_id, null) is not null then
    update toss_private.billing_issues as i set plan_outcome = 'already_subscribed'
    where i.operation_id = issue.operation_id;
    return null;
  end if;
  select * into chosen from public.plans as p where p.id = issue.plan_id;
  if issue.plan_terms <> toss_private.plan_terms(chosen) then
    update toss_private.billing_issues as i set plan_outcome = 'plan_changed' where i.operation_id = issue.operation_id;
    return null;
  end if;
  if chosen.trial_days > 0 and not toss_private.has_had_trial(issue.user_id, chosen.id) then
    begun := toss_private.begin_trial(issue.user_id, chosen, method_id, audit);
    update toss_private.billing_issues as i set plan_outcome = 'subscribed', subscription_id = begun.id
    where i.operation_id = issue.operation_id;
    return null;
  end if;
  item := toss_private.begin_start_charge(issue.user_id, chosen, method_id, jsonb_build_object(
    'leaseToken', request -> 'chargeLeaseToken', 'leaseSeconds', request -> 'leaseSeconds',
    'requestId', request -> 'requestId'
  ));
  update toss_private.billing_issues as i set plan_outcome = 'charged', charge_id = (item ->> 'chargeId')::uuid
  where i.operation_id = issue.operation_id;
  return item;
end;
$$;

comment on function toss_private.subscribe(toss_private.billing_issues, uuid, jsonb, jsonb) is
  'Begins the trial or the first charge that an issue was for; answers the charge to send, null when there is none.';

create function public.finish_billing_issue(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  method_id uuid;
  operation public.operations;
  issue toss_private.billing_issues;
  audit jsonb;
  item jsonb;
  owing_ids jsonb;
begin
  perform toss_private.require_real_time(request ->> 'mode');
  select * into issue from toss_private.billing_issues as i where i.operation_id = (request ->> 'operationId')::uuid;
  if not found then
    return jsonb_build_object('outcome', 'operation_not_found');
  end if;
  perform toss_private.lock_user(issue.user_id);
  select * into operation from public.operations as op where op.id = issue.operation_id for update;
  if operation.state = 'succeeded' then
    return toss_private.issued_view(operation.id) || jsonb_build_object('charge', null, 'debts', '[]'::jsonb);
  end if;
  if operation.state = 'rejected' then
    return jsonb_build_object(
      'outcome', 'rejected', 'errorCode', operation.error_code, 'errorMessage', operation.error_message,
      'isInUse', exists (select 1 from toss_private.billing_keys as k where k.key_digest = request ->> 'keyDigest')
    );
  end if;

  audit := jsonb_build_object('source', request ->> 'source', 'requestId', request ->> 'requestId');
  -- Whoever holds the key may store it, also when somebody else took the operation over meanwhile: a key that
  -- nobody stores cannot be found again.
  method_id := toss_private.method_of_key(issue.user_id, (request ->> 'billingMethodId')::uuid, request || jsonb_build_object(
    'tossKeys', issue.toss_keys, 'tossClientKey', issue.toss_client_key
  ));
  if method_id is null then
    update public.operations as op
    set state = 'rejected', finished_at = toss_private.clock_now(), is_final = true, error_code = 'BILLING_KEY_IN_USE',
      error_message = 'Toss issued a key that is being removed, or is another user''s.'
    where op.id = operation.id;
    perform toss_private.write_event(audit || jsonb_build_object(
      'event', 'operation_finished', 'operationId', operation.id, 'to', 'rejected',
      'detail', jsonb_build_object('code', 'BILLING_KEY_IN_USE', 'userId', issue.user_id)
    ));
    return jsonb_build_object('outcome', 'rejected', 'errorCode', 'BILLING_KEY_IN_USE', 'isInUse', true);
  end if;
  update toss_private.billing_issues as i set billing_method_id = method_id where i.operation_id = operation.id;
  update public.operations as op
  set state = 'succeeded', finished_at = toss_private.clock_now(), is_final = true, error_code = null, error_message = null
  where op.id = operation.id;
  perform toss_private.write_event(audit || jsonb_build_object(
    'event', 'operation_finished', 'operationId', operation.id, 'to', 'succeeded',
    'detail', jsonb_build_object('billingMethodId', method_id, 'userId', issue.user_id)
  ));
  if toss_private.is_gone(issue.user_id) then
    -- Deleted while Toss was asked: the key that came goes at once, and nothing begins.
    perform toss_private.delete_keys_of_gone_user(issue.user_id, request);
    return toss_private.issued_view(operation.id) || jsonb_build_object('charge', null, 'debts', '[]'::jsonb);
  end if;
  owing_ids := toss_private.replace_broken_methods(issue.user_id, method_id, audit);
  if issue.plan_id is not null then
    item := toss_private.subscribe(issue, method_id, request, audit);
  end if;
  return toss_private.issued_view(operation.id) || jsonb_build_object('charge', item, 'debts', owing_ids);
end;
$$;

comment on function public.finish_billing_issue(jsonb) is
  'Keeps an issued billing key and begins what it is for: a trial, the first charge (answered as `charge`, leased with chargeLeaseToken), or the debts of subscriptions that waited for a card (`debts`: their ids, due now). Keys: operationId, billingMethodId (made by the caller, because the ciphertext is bound to it), keyDigest, keyId, ciphertext, method, cardIssuerCode, cardNumberMasked, cardType, bankName, accountNumberMasked, chargeLeaseToken, leaseSeconds, mode, source, requestId. Outcomes: issued, rejected (given up meanwhile, or the key cannot be this user''s: the caller deletes it at Toss unless isInUse), operation_not_found.';

create function public.reject_billing_issue(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  answer constant jsonb := public.reject_operation(request);
begin
  if answer ->> 'outcome' = 'confirmed' then
    return toss_private.issued_view((request ->> 'operationId')::uuid);
  end if;
  return answer;
end;
$$;

comment on function public.reject_billing_issue(jsonb) is
  'Ends the issue of a billing key because Toss said no. Keys as for reject_operation. Outcomes: rejected, issued, unknown, operation_not_found.';
