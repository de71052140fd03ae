-- A refused charge: when to try again, what access lasts meanwhile, and when it ends.

create function toss_private.dunning_step(
  failure_class text, first_declined_at timestamptz, declined_at timestamptz, schedule_days jsonb
)
returns table (next_attempt_at timestamptz, grace_ends_at timestamptz, is_over boolean)
language plpgsql
stable
set search_path = ''
as $$
declare
  last_day constant integer := (select max(d.value::integer) from jsonb_array_elements_text(schedule_days) as d);
begin
  grace_ends_at := toss_private.period_boundary(first_declined_at, 'day', 1, coalesce(last_day, 0));
  next_attempt_at := case failure_class
    when 'soft' then (
      -- A refusal that comes just before a day is not followed by the next try in the same breath.
      select min(greatest(
        toss_private.period_boundary(first_declined_at, 'day', 1, d.value::integer), declined_at + interval '1 hour'
      ))
      from jsonb_array_elements_text(schedule_days) as d
      where toss_private.period_boundary(first_declined_at, 'day', 1, d.value::integer) > declined_at
    )
    -- Daily limits fall with the date in Seoul; card companies are not to the second.
    when 'limit' then
      (date_trunc('day', declined_at at time zone 'Asia/Seoul') + interval '1 day 5 minutes') at time zone 'Asia/Seoul'
  end;
  is_over := declined_at >= grace_ends_at or (failure_class = 'soft' and next_attempt_at is null);
  if is_over then
    next_attempt_at := null;
  end if;
  -- The midnight after a limit, or the hour after a refusal, may lie behind the last day: nobody is locked out just before the last attempt.
  grace_ends_at := greatest(grace_ends_at, next_attempt_at);
  return next;
end;
$$;

comment on function toss_private.dunning_step(text, timestamptz, timestamptz, jsonb) is
  'What follows a decline of a class: the next attempt (null: none by itself), the end of the grace, and whether the final action is due. Days are counted from the first decline; an hour at least lies between a decline and the next attempt, but for the midnight after a limit.';

create function toss_private.end_access(ended_subscription_id uuid, end_time timestamptz)
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  update public.entitlements as e set revoked_at = end_time
  where e.subscription_id = ended_subscription_id and e.revoked_at is null and e.ends_at > end_time;
end;
$$;

comment on function toss_private.end_access(uuid, timestamptz) is 'Takes back what is left of a subscription''s access.';

create function toss_private.finish_dunning(
  owing public.subscriptions, end_time timestamptz, final_action text, audit jsonb
)
returns public.subscriptions
language plpgsql
set search_path = ''
as $$
begin
  owing.next_charge_at := null;
  owing.access_ends_at := null;
  if final_action = 'cancel' then
    owing.ended_at := end_time;
    owing := toss_private.move_subscription(owing, 'dunning_canceled', audit);
  else
    owing.needs_payment_method := true;
    owing := toss_private.move_subscription(owing, 'access_withdrawn', audit);
  end if;
  perform toss_private.end_access(owing.id, end_time);
  perform toss_private.write_subscription_event(
    case final_action when 'cancel' then 'canceled' else 'access_withdrawn' end, owing,
    jsonb_build_object('reason', 'payment_failed', 'endedAt', end_time)
  );
  return owing;
end;
$$;

comment on function toss_private.finish_dunning(public.subscriptions, timestamptz, text, jsonb) is
  'The final action of DUNNING_FINAL_ACTION: cancel, or keep_past_due without access until a new billing method pays the debt.';

create function toss_private.method_registered_since(owner_id uuid, since timestamptz)
returns uuid
language plpgsql
stable
set search_path = ''
as $$
declare
  method_id uuid;
begin
  select m.id into method_id
  from public.billing_methods as m
  where m.user_id = owner_id and m.status = 'active' and m.created_at >= since
    and toss_private.usable_billing_method(m.id)
  order by m.created_at desc
  limit 1;
  return method_id;
end;
$$;

comment on function toss_private.method_registered_since(uuid, timestamptz) is
  'The newest usable billing method that a user has registered since a time; null when there is none. Callers hold toss_private.lock_user, so that it is not removed meanwhile.';

create function toss_private.charge_declined(
  owing public.subscriptions, declined public.subscription_charges, refusal jsonb, audit jsonb
)
returns public.subscriptions
language plpgsql
set search_path = ''
as $$
declare
  declined_at constant timestamptz := (refusal ->> 'declinedAt')::timestamptz;
  failure_class constant text := refusal ->> 'declineClass';
  is_first constant boolean := declined.first_declined_at is null;
  -- A refusal belongs to the method that was tried; there may be another one since. Null: the present one is gone.
  is_of_present_method constant boolean :=
    coalesce(declined.billing_method_id = owing.billing_method_id, true);
  newer_method_id uuid;
  goes_on boolean;
  access_ends_at timestamptz;
  step record;
begin
  select * into step from toss_private.dunning_step(
    failure_class, coalesce(declined.first_declined_at, declined_at), declined_at,
    refusal -> 'dunning' -> 'scheduleDays'
  );
  if owing.id is not null and owing.status <> 'canceled' then
    -- The method may have been deleted while Toss was asked.
    owing.needs_payment_method := owing.needs_payment_method or (failure_class = 'hard' and is_of_present_method)
      or not toss_private.usable_billing_method(owing.billing_method_id);
    if refusal ? 'begunAt' and is_of_present_method and (declined.kind = 'renewal' or owing.needs_payment_method) then
      -- Registered a moment later it would have been given this subscription, see replace_broken_methods. Whoever has
      -- chosen the old one again since then has had the last word.
      newer_method_id := toss_private.method_registered_since(owing.user_id, greatest(
        (refusal ->> 'begunAt')::timestamptz, (
          select max(v.created_at) from public.payment_events as v
          where v.subscription_id = owing.id and v.event = 'subscription_status'
            and v.detail ->> 'event' = 'method_changed'
        )
      ));
    end if;
    if newer_method_id is not null then
      owing.billing_method_id := newer_method_id;
      owing.needs_payment_method := false;
    end if;
  end if;
  goes_on := declined.kind = 'renewal' and not owing.needs_payment_method
    and (newer_method_id is not null or not is_of_present_method);
  if goes_on then
    step.next_attempt_at := declined_at;
    step.is_over := false;
  end if;
  -- One update: a second one in the same transaction would check the foreign key to the order again, and wait for
  -- whoever holds that order and waits for this subscription.
  update public.subscription_charges as c
  set status = 'declined', attempted_at = declined.attempted_at, billing_method_id = declined.billing_method_id,
    first_declined_at = coalesce(c.first_declined_at, declined_at),
    failure_code = refusal ->> 'errorCode', failure_message = left(refusal ->> 'errorMessage', 510),
    failure_class = refusal ->> 'declineClass',
    next_attempt_at = case when c.kind = 'renewal' then step.next_attempt_at end
  where c.id = declined.id
  returning * into declined;

  if owing.id is null or owing.status = 'canceled' then
    perform toss_private.write_charge_event('failed', declined);
    return owing;
  end if;
  if declined.kind = 'upgrade' then
    perform toss_private.end_upgrade_credit(declined);
    owing.next_charge_at := owing.current_period_end;
    owing.remind_at := toss_private.reminder_time(declined_at, owing.current_period_end, owing.plan_id);
    update public.subscriptions as s
    set next_charge_at = owing.next_charge_at, remind_at = owing.remind_at,
      needs_payment_method = owing.needs_payment_method
    where s.id = owing.id;
    if newer_method_id is not null then
      owing := toss_private.move_subscription(owing, 'method_changed', audit || jsonb_build_object(
        'detail', jsonb_build_object('billingMethodId', newer_method_id)
      ));
    end if;
    perform toss_private.write_charge_event('failed', declined);
    return owing;
  end if;

  owing.next_charge_at := step.next_attempt_at;
  owing.access_ends_at := case when step.next_attempt_at is null then step.grace_ends_at end;
  owing.remind_at := null;
  if not goes_on then
    -- While nobody knew the answer there was access.
    access_ends_at := greatest(step.grace_ends_at, case when step.is_over then declined_at end);
  end if;
  owing := toss_private.move_subscription(owing, 'charge_declined', audit || jsonb_build_object(
    'detail', jsonb_build_object(
      'chargeId', declined.id, 'code', declined.failure_code, 'class', failure_class,
      'chargeTerms', toss_private.charge_terms(declined),
      'declinedSince', extract(epoch from declined.first_declined_at),
      'accessEndsAt', extract(epoch from access_ends_at)
    )
  ));
  if newer_method_id is not null then
    owing := toss_private.move_subscription(owing, 'method_changed', audit || jsonb_build_object(
      'detail', jsonb_build_object('billingMethodId', newer_method_id)
    ));
  end if;
  if not goes_on then
    perform toss_private.grant_period(declined, access_ends_at);
  end if;
  perform toss_private.write_charge_event('failed', declined);
  if is_first then
    perform toss_private.write_subscription_event('past_due', owing, jsonb_build_object(
      'chargeId', declined.id, 'accessEndsAt', step.grace_ends_at
    ));
  end if;
  if failure_class = 'hard' and not step.is_over and not goes_on then
    perform toss_private.write_subscription_event('payment_method_required', owing, jsonb_build_object(
      'chargeId', declined.id, 'accessEndsAt', step.grace_ends_at
    ));
  end if;
  if step.is_over then
    owing := toss_private.finish_dunning(owing, declined_at, refusal -> 'dunning' ->> 'finalAction', audit);
  end if;
  return owing;
end;
$$;

comment on function toss_private.charge_declined(public.subscriptions, public.subscription_charges, jsonb, jsonb) is
  'Writes down a proven refusal and what follows from it; subscription (if there is one) and charge are locked. A method that came after the one that was tried is not blamed: a period is charged to it at once. Keys of `refusal`: errorCode, errorMessage, declineClass, declinedAt (from when days count), begunAt (of the attempt; absent when there was none), dunning {scheduleDays, finalAction}.';

create function public.decline_charge(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  operation public.operations;
  attempt_order public.orders;
  subscription public.subscriptions;
  charge public.subscription_charges;
  rejection jsonb;
  audit jsonb;
  declined_at timestamptz;
begin
  select * into operation from public.operations as op
  where op.id = (request ->> 'operationId')::uuid and op.kind = 'charge';
  if not found then
    return jsonb_build_object('outcome', 'operation_not_found');
  end if;
  -- Locks in the order of apply_payment: order, operation, user, subscription, charge.
  select * into attempt_order from public.orders as o where o.id = operation.order_id for no key update;
  select * into operation from public.operations as op where op.id = operation.id for no key update;
  select * into charge from public.subscription_charges as c where c.id = operation.charge_id;
  if charge.kind <> 'ad_hoc' then
    perform toss_private.lock_user(charge.user_id);
  end if;
  select * into subscription from public.subscriptions as s where s.id = charge.subscription_id for no key update;
  select * into charge from public.subscription_charges as c where c.id = charge.id for no key update;

  -- Days count from the answer. One that came at once, as nearly all do, leaves the time of the attempt.
  declined_at := greatest(
    charge.attempted_at + make_interval(
      mins => greatest(floor(extract(epoch from toss_private.clock_now() - operation.created_at) / 60), 0)::integer
    ),
    (request ->> 'asOf')::timestamptz
  );
  if operation.state in ('started', 'unknown') then
    rejection := public.reject_operation(request || jsonb_build_object('isFinal', true));
    if rejection ->> 'outcome' <> 'rejected' then
      return jsonb_build_object('outcome', 'unknown');
    end if;
    audit := jsonb_build_object(
      'source', request ->> 'source', 'orderId', operation.order_id, 'operationId', operation.id,
      'requestId', request ->> 'requestId'
    );
    perform toss_private.move_order(attempt_order, 'failed', audit);
    if charge.status <> 'paid' and request ->> 'errorCode' = 'MISSED_PERIOD' then
      subscription := toss_private.void_missed_charge(subscription, charge);
    elsif charge.status <> 'paid' then
      subscription := toss_private.charge_declined(
        subscription, charge,
        request || jsonb_build_object('declinedAt', declined_at, 'begunAt', operation.created_at), audit
      );
    end if;
    subscription := toss_private.undo_refunded_upgrade(subscription, audit);
  end if;
  return jsonb_build_object(
    'outcome', case
      when operation.state = 'succeeded' or charge.status = 'paid' then 'paid' else 'declined' end,
    'charge', toss_private.charge_view(charge.id),
    'chargeId', charge.id,
    'subscriptionId', subscription.id,
    'subscription', case when subscription.id is not null then toss_private.subscription_view(subscription) end,
    'subscriptionStatus', subscription.status,
    'nextAttemptAt', (select c.next_attempt_at from public.subscription_charges as c where c.id = charge.id),
    'dueAgainAt', (
      select c.next_attempt_at from public.subscription_charges as c
      where c.id = charge.id and c.next_attempt_at <= declined_at
    )
  );
end;
$$;

comment on function public.decline_charge(jsonb) is
  'Ends an attempt that Toss refused for good, and dunning decides what follows. A repeat answers the same; whoever no longer holds the lease changes nothing. Keys: operationId, leaseToken, errorCode, errorMessage, declineClass (soft, hard, limit), dunning {scheduleDays, finalAction}, asOf (of the run that learned it; null = now), source, requestId. `dueAgainAt`: the subscription has another billing method since, to which the charge is due at once. Outcomes: declined, paid, unknown, operation_not_found.';
