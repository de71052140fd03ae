-- Purpose: change a subscription under its lock, if its state allows it.
-- Functions: private.upgrade_amount, upgrade, is_catching_up, change_plan, was_canceled_now, repeated_change,
-- public.change_subscription.

create function private.upgrade_amount(changed public.subscriptions, wanted public.plans, as_of timestamptz)
returns bigint
language sql
stable
set search_path = ''
as $$
  select floor(
    (wanted.price - changed.amount)
    * extract(epoch from changed.current_period_end - greatest(as_of, changed.current_period_start))
    / extract(epoch from changed.current_period_end - changed.current_period_start)
  )::bigint;
$$;

comment on function private.upgrade_amount(public.subscriptions, public.plans, timestamptz) is
  'The difference to a dearer plan for the time that is left of the period, to the whole won in the subscriber''s favour.';
revoke execute on function private.upgrade_amount(public.subscriptions, public.plans, timestamptz)
  from public, anon, authenticated;

create function private.upgrade(
  changed public.subscriptions, wanted public.plans, as_of timestamptz, request jsonb, line jsonb
)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  difference constant bigint := private.upgrade_amount(changed, wanted, as_of);
  charge public.subscription_charges;
  item jsonb;
  wait_seconds integer;
begin
  -- Toss takes no card payment under 100 won.
  if difference < 100 then
    changed := private.switch_plan(private.without_next_plan(changed), as_of, wanted, line);
    update public.entitlements as e set plan_id = changed.plan_id
    where e.subscription_id = changed.id and e.revoked_at is null and e.ends_at > as_of;
    return private.changed_view(changed);
  end if;
  if not private.usable_billing_method(changed.billing_method_id) then
    return private.illegal_view(changed, 'needs_payment_method');
  end if;
  -- An upgrade that is paid costs money; one that is declined again and again tries a card.
  if exists (
    select 1 from public.subscription_charges as c
    where c.subscription_id = changed.id and c.kind = 'upgrade' and c.status = 'declined'
      and c.created_at > private.clock_now() - interval '1 day'
  ) then
    wait_seconds := private.take_card_attempt(changed.user_id);
    if wait_seconds > 0 then
      return private.too_many_attempts_view(wait_seconds);
    end if;
  end if;
  insert into public.subscription_charges (
    id, kind, subscription_id, user_id, plan_id, plan_amount, plan_interval, plan_interval_count, period_number,
    period_start, period_end, amount, currency, order_name, earlier_plan_id, earlier_amount, created_at
  ) values (
    private.derived_id('upgrade', changed.id::text, changed.period_number::text, wanted.id, (
      -- The how many-th try: one that was declined may be followed by another.
      select count(*) from public.subscription_charges as c
      where c.subscription_id = changed.id and c.kind = 'upgrade' and c.period_number = changed.period_number
        and c.plan_id = wanted.id
    )::text), 'upgrade', changed.id, changed.user_id, wanted.id, wanted.price, wanted.interval, wanted.interval_count,
    changed.period_number, as_of, changed.current_period_end, difference, wanted.currency, wanted.name,
    changed.plan_id, changed.amount, private.clock_now()
  )
  returning * into charge;
  update public.subscriptions as s set next_charge_at = null, remind_at = null where s.id = changed.id
  returning * into changed;
  item := private.begin_attempt(charge, changed.billing_method_id, as_of, request);
  return jsonb_build_object('outcome', 'charge', 'subscription', private.subscription_view(changed), 'charge', item);
end;
$$;

comment on function private.upgrade(public.subscriptions, public.plans, timestamptz, jsonb, jsonb) is
  'The dearer plan from now on: at once when the difference is too small to charge, else when its charge is paid.';
revoke execute on function private.upgrade(public.subscriptions, public.plans, timestamptz, jsonb, jsonb)
  from public, anon, authenticated;

create function private.is_catching_up(restored public.subscriptions)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return exists (
    select 1 from public.subscription_charges as c
    where c.subscription_id = restored.id and c.kind = 'renewal' and c.status = 'void'
      and c.period_number > restored.period_number
  );
end;
$$;

comment on function private.is_catching_up(public.subscriptions) is
  'Whether periods after the current one were found missed one by one after a restore, and the next one is about to be charged: another plan would be counted from the wrong period.';
revoke execute on function private.is_catching_up(public.subscriptions) from public, anon, authenticated;

create function private.change_plan(changed public.subscriptions, as_of timestamptz, request jsonb, line jsonb)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  wanted public.plans;
  claim jsonb;
  refusal constant text := private.plan_refusal(request ->> 'planId');
  -- Who stays with the plan agreed on need not ask whether it is still for sale.
  stays constant boolean := request ->> 'planId' = changed.plan_id;
begin
  if refusal <> '' and not stays then
    return jsonb_build_object('outcome', refusal);
  end if;
  if changed.cancel_at_period_end then
    return private.illegal_view(changed, 'notice_given');
  end if;
  if private.is_catching_up(changed) then
    return jsonb_build_object('outcome', 'operation_in_progress');
  end if;
  if stays then
    -- Nothing to take back: above all the repeat of a change whose answer was lost.
    if changed.next_plan_id is null then
      return private.changed_view(changed);
    end if;
    return private.changed_view(private.move_subscription(
      private.without_next_plan(changed), 'plan_change_planned', line
    ));
  end if;
  select * into wanted from public.plans as p where p.id = request ->> 'planId';
  claim := private.claim_of_plan(changed.user_id, wanted.id, changed.id);
  if claim is not null then
    return private.already_subscribed_view(claim);
  end if;

  if changed.status = 'trialing' then
    changed := private.switch_plan(private.without_next_plan(changed), as_of, wanted, line);
    update public.entitlements as e set plan_id = changed.plan_id
    where e.subscription_id = changed.id and e.charge_id is null;
    return private.changed_view(changed);
  end if;
  if (wanted.interval, wanted.interval_count) = (changed.interval, changed.interval_count)
    and wanted.price > changed.amount and as_of < changed.current_period_end
  then
    return private.upgrade(changed, wanted, as_of, request, line);
  end if;
  if (changed.next_plan_id, changed.next_amount, changed.next_interval, changed.next_interval_count)
    = (wanted.id, wanted.price, wanted.interval, wanted.interval_count)
  then
    return private.changed_view(changed);
  end if;
  changed.next_plan_id := wanted.id;
  changed.next_amount := wanted.price;
  changed.next_interval := wanted.interval;
  changed.next_interval_count := wanted.interval_count;
  changed := private.move_subscription(changed, 'plan_change_planned', line);
  perform private.write_subscription_event('plan_change_planned', changed, jsonb_build_object(
    'nextPlanId', changed.next_plan_id, 'from', changed.current_period_end
  ));
  return private.changed_view(changed);
end;
$$;

comment on function private.change_plan(public.subscriptions, timestamptz, jsonb, jsonb) is
  'change_plan: a dearer plan of the same interval now, any other at the end of the period, in a trial at once. The plan it has already takes a planned change back, also when it is withdrawn.';
revoke execute on function private.change_plan(public.subscriptions, timestamptz, jsonb, jsonb)
  from public, anon, authenticated;

create function private.was_canceled_now(ended public.subscriptions)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return ended.status = 'canceled' and exists (
    select 1 from public.payment_events as v
    where v.subscription_id = ended.id and v.event = 'subscription_status' and v.detail ->> 'event' = 'canceled_now'
  );
end;
$$;

comment on function private.was_canceled_now(public.subscriptions) is
  'Whether cancel_now ended a subscription; its end_reason does not tell that from a notice.';
revoke execute on function private.was_canceled_now(public.subscriptions) from public, anon, authenticated;

create function private.repeated_change(changed public.subscriptions, request jsonb)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  operation public.operations;
  charge public.subscription_charges;
  answer jsonb;
begin
  select c.* into charge from public.subscription_charges as c
  where c.subscription_id = changed.id and c.kind = 'upgrade' and c.status in ('pending', 'processing', 'unknown')
    and c.plan_id = request ->> 'planId';
  if not found then
    return null;
  end if;
  -- Never waited for: whoever brings Toss's answer holds the operation and waits for the subscription.
  select op.* into operation from public.operations as op
  where op.charge_id = charge.id and op.state in ('started', 'unknown')
  for no key update skip locked;
  if found then
    answer := private.retake_operation(operation, request);
  end if;
  return case when answer ? 'operation' then jsonb_build_object(
    'outcome', 'charge', 'subscription', private.subscription_view(changed), 'charge', answer -> 'operation'
  ) else jsonb_build_object('outcome', 'operation_in_progress') end;
end;
$$;

comment on function private.repeated_change(public.subscriptions, jsonb) is
  'The answer to an upgrade whose charge is open already, because this request was delivered twice or because its caller never got the answer: the charge, once nobody else holds it. Null when it is another change.';
revoke execute on function private.repeated_change(public.subscriptions, jsonb) from public, anon, authenticated;

create function public.change_subscription(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  as_of constant timestamptz := coalesce((request ->> 'asOf')::timestamptz, private.clock_now());
  action constant text := request ->> 'action';
  happening constant text := case action
    when 'cancel_at_period_end' then 'notice_given'
    when 'resume' then 'resumed'
    when 'cancel_now' then 'canceled_now'
    when 'change_plan' then 'plan_change_planned'
    when 'change_method' then 'method_changed'
    when 'retry_payment' then 'retry_requested' end;
  line constant jsonb := jsonb_build_object(
    'source', 'billing', 'requestId', request ->> 'requestId'
  );
  gives_back constant boolean := action = 'cancel_now' and request ->> 'refund' = 'prorated';
  changed public.subscriptions;
  locked_order_ids text[];
  repeated jsonb;
begin
  perform private.require_real_time(request ->> 'mode');
  select * into changed from public.subscriptions as s where s.id = (request ->> 'subscriptionId')::uuid;
  -- Somebody else's is none at all.
  if not found or changed.user_id is distinct from coalesce((request ->> 'userId')::uuid, changed.user_id) then
    return jsonb_build_object('outcome', 'subscription_not_found');
  end if;
  if gives_back then
    -- Orders come before everything else, and whoever reserves of a payment holds its order.
    locked_order_ids := private.period_order_ids(changed);
    perform 1 from public.orders as o where o.id = any (locked_order_ids) order by o.id for no key update;
  end if;
  perform private.lock_user(changed.user_id);
  select * into changed from public.subscriptions as s where s.id = changed.id for no key update;
  if gives_back and not private.period_order_ids(changed) <@ locked_order_ids then
    -- A payment has come meanwhile.
    return jsonb_build_object('outcome', 'operation_in_progress');
  end if;

  if action = 'cancel_now' and private.was_canceled_now(changed) then
    return private.cancel_again(changed, request ->> 'refund', line);
  end if;
  if not private.may_happen(changed.status, happening) then
    return private.illegal_view(changed, 'not_possible_when_' || changed.status);
  end if;
  -- It ends with the next run. Until then the shop may still end it its own way, with a refund.
  if action not in ('cancel_now', 'cancel_at_period_end') and private.is_gone(changed.user_id) then
    return private.illegal_view(changed, 'user_deleted');
  end if;
  repeated := private.repeated_change(changed, request);
  if repeated is not null then
    return repeated;
  end if;
  if action <> 'change_method' and private.has_open_charge(changed.id) then
    return jsonb_build_object('outcome', 'operation_in_progress');
  end if;

  return case action
    when 'cancel_at_period_end' then private.give_notice(changed, as_of, line)
    when 'resume' then private.resume(changed, as_of, line)
    when 'cancel_now' then private.cancel_now(changed, as_of, request ->> 'refund', line)
    when 'change_plan' then private.change_plan(changed, as_of, request, line)
    when 'change_method' then private.change_method(changed, as_of, request, line)
    when 'retry_payment' then private.retry_payment(changed, as_of, request, line)
  end;
end;
$$;

comment on function public.change_subscription(jsonb) is
  'One change of a subscription. Keys: subscriptionId, userId (null: the shop itself), action (cancel_at_period_end, resume, cancel_now, change_plan, change_method, retry_payment), planId, billingMethodId, refund (none, prorated), asOf, leaseToken, leaseSeconds, mode, dunning, requestId. Outcomes: changed, charge (to be sent now, or to be resolved when nobody holds it any more), refund (to be made now), illegal (status, reason), operation_in_progress (a charge of it is at Toss, or comes from there at this moment), subscription_not_found, plan_not_found, plan_not_billable, method_not_found, already_subscribed (subscriptionId, hint), too_many_attempts (retryAfterSeconds).';
revoke execute on function public.change_subscription(jsonb) from public, anon, authenticated;
grant execute on function public.change_subscription(jsonb) to service_role;
