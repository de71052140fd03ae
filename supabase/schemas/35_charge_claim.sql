-- The worker claims what is due, and begins its attempts.

create function toss_private.begin_period(due public.subscriptions, as_of timestamptz, covering_id uuid)
returns public.subscription_charges
language plpgsql
set search_path = ''
as $$
declare
  present constant timestamptz := toss_private.clock_now();
  period record;
  created public.subscription_charges;
begin
  select * into period from toss_private.due_period(due, as_of);
  if period.missed > 0 then
    -- What is skipped stands there too, so that nobody has to guess, and so that its number is taken.
    insert into public.subscription_charges (
      id, kind, subscription_id, user_id, plan_id, plan_amount, plan_interval, plan_interval_count, period_number,
      period_start, period_end, amount, currency, order_name, status, failure_code, created_at
    )
    select toss_private.derived_id('renewal', due.id::text, n.number::text), 'renewal', due.id, due.user_id,
      due.plan_id, due.amount, due.interval, due.interval_count, n.number,
      toss_private.boundary(due, n.number), toss_private.boundary(due, n.number + 1), due.amount, due.currency, p.name,
      'void', 'MISSED_PERIOD', present
    from generate_series(period.period_number - period.missed, period.period_number - 1) as n (number)
    join public.plans as p on p.id = due.plan_id;
  end if;
  insert into public.subscription_charges (
    id, kind, subscription_id, user_id, plan_id, plan_amount, plan_interval, plan_interval_count, period_number,
    period_start, period_end, amount, currency, order_name, consent_id, created_at
  )
  select toss_private.derived_id('renewal', due.id::text, period.period_number::text), 'renewal', due.id, due.user_id,
    due.plan_id, due.amount, due.interval, due.interval_count, period.period_number, period.period_start, period.period_end, due.amount, due.currency, p.name, covering_id, present
  from public.plans as p where p.id = due.plan_id
  returning * into created;
  return created;
end;
$$;

comment on function toss_private.begin_period(public.subscriptions, timestamptz, uuid) is
  'Makes the charge of the period that is due at the price that `due` carries, with the consent that covers it, and the rows of those that were missed.';

create function toss_private.credit_end(as_of timestamptz)
returns timestamptz
language plpgsql
immutable
set search_path = ''
as $$
begin
  return as_of + interval '336 hours';
end;
$$;

comment on function toss_private.credit_end(timestamptz) is
  'Until when there is access at least while Toss''s answer to a charge is not known; the job prolongs it in time.';

create function toss_private.begin_next_terms(due public.subscriptions, audit jsonb)
returns public.subscriptions
language plpgsql
set search_path = ''
as $$
declare
  earlier_plan_id constant text := due.plan_id;
begin
  due := toss_private.next_terms(due);
  if due.plan_id = earlier_plan_id then
    return toss_private.move_subscription(due, 'plan_change_planned', audit);
  end if;
  due := toss_private.move_subscription(due, 'plan_changed', audit);
  perform toss_private.write_subscription_event('plan_changed', due, jsonb_build_object('amount', due.amount));
  return due;
end;
$$;

comment on function toss_private.begin_next_terms(public.subscriptions, jsonb) is
  'A planned change takes place before the first charge of its plan, or is dropped (see next_terms).';

create function toss_private.charge_due(due public.subscriptions, as_of timestamptz, request jsonb)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  charge public.subscription_charges := toss_private.debt_of(due);
  audit constant jsonb := jsonb_build_object('source', 'billing', 'requestId', request ->> 'requestId');
  next_price record;
begin
  if charge.id is null then
    if due.next_plan_id is not null and toss_private.may_happen(due.status, 'plan_changed') then
      due := toss_private.begin_next_terms(due, audit);
    end if;
    select * into next_price from toss_private.price_next_period(due, as_of, audit);
    if next_price.is_ended then
      return jsonb_build_object('isEnded', true);
    end if;
    due.amount := next_price.amount;
    charge := toss_private.begin_period(due, as_of, next_price.consent_id);
  end if;
  if not toss_private.usable_billing_method(due.billing_method_id) then
    charge.attempted_at := as_of;
    charge.billing_method_id := null;
    perform toss_private.charge_declined(due, charge, request || jsonb_build_object(
      'errorCode', 'NO_BILLING_METHOD', 'errorMessage', null, 'declineClass', 'hard', 'declinedAt', as_of
    ), audit);
    return null;
  end if;
  -- Nothing else is done to it until Toss's answer is known; until then there is access.
  update public.subscriptions as s set next_charge_at = null, access_ends_at = null, remind_at = null
  where s.id = due.id;
  perform toss_private.grant_period(charge, greatest(charge.period_end, toss_private.credit_end(as_of)));
  return toss_private.begin_attempt(charge, due.billing_method_id, as_of, request);
end;
$$;

comment on function toss_private.charge_due(public.subscriptions, timestamptz, jsonb) is
  'Begins the next attempt of a subscription whose row the caller holds: at its debt, else at its next period. Null when there is no billing method, which counts as a hard decline; isEnded when the subscription ended instead, for want of consent.';

create function toss_private.try_charge_due(due public.subscriptions, as_of timestamptz, request jsonb)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  begun jsonb;
begin
  if toss_private.is_gone(due.user_id) then
    perform toss_private.end_for_gone_user(due, request);
    return jsonb_build_object('claimed', '[]'::jsonb, 'refused', 0, 'ended', 1);
  end if;
  begun := toss_private.charge_due(due, as_of, request);
  if begun ? 'isEnded' then
    return jsonb_build_object('claimed', '[]'::jsonb, 'refused', 0, 'ended', 1);
  end if;
  return jsonb_build_object('claimed', coalesce(begun, '[]'), 'refused', (begun is null)::integer, 'ended', 0);
exception when others then
  -- One row that cannot be charged must not keep everyone else's charges waiting.
  update public.subscriptions as s set next_charge_at = as_of + interval '1 hour' where s.id = due.id;
  perform toss_private.write_event(jsonb_build_object(
    'event', 'charge_impossible', 'source', 'billing', 'subscriptionId', due.id,
    'detail', jsonb_build_object('error', left(sqlerrm, 300))
  ));
  return jsonb_build_object('claimed', '[]'::jsonb, 'refused', 0, 'ended', 0);
end;
$$;

comment on function toss_private.try_charge_due(public.subscriptions, timestamptz, jsonb) is
  'charge_due for a run over many: who is gone, or has not consented where that is needed, is not charged, the subscription ends; what the database refuses is put off for an hour, and invariant_violations() names it.';

create function toss_private.count_due_again(claimed jsonb, as_of timestamptz)
returns integer
language plpgsql
volatile
set search_path = ''
as $$
begin
  return (
    select count(*)::integer
    from public.subscription_charges as c
    -- By their ids, whatever the statistics say about the rest: this is asked once a batch.
    where c.id = any (array(select (i.value ->> 'chargeId')::uuid from jsonb_array_elements(claimed) as i))
      and c.kind = 'renewal' and c.period_end <= as_of
  );
end;
$$;

comment on function toss_private.count_due_again(jsonb, timestamptz) is
  'How many of these charges pay for a period that is over, so that the next one is due as soon as they are paid.';

create function toss_private.claim_open_charges(request jsonb)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  -- Never asOf: a lease runs on the real clock, or a run in the future would take what others hold.
  present constant timestamptz := toss_private.clock_now();
  operation public.operations;
  claimed jsonb := '[]';
begin
  for operation in
    with due as (
      select op.id
      from public.operations as op
      where op.state in ('started', 'unknown') and op.kind = 'charge'
        and op.next_attempt_at <= present and op.lease_expires_at <= present
        and (request ->> 'subscriptionId' is null or op.charge_id in (
          select c.id from public.subscription_charges as c
          where c.subscription_id = (request ->> 'subscriptionId')::uuid
        ))
      order by op.next_attempt_at
      limit (request ->> 'limit')::integer
      for no key update skip locked
    )
    update public.operations as op
    set state = 'unknown', lease_token = (request ->> 'leaseToken')::uuid, attempts = op.attempts + 1,
      lease_expires_at = present + make_interval(secs => (request ->> 'leaseSeconds')::double precision)
    from due
    where op.id = due.id
    returning op.*
  loop
    claimed := claimed || toss_private.operation_view(operation);
  end loop;
  return claimed;
end;
$$;

comment on function toss_private.claim_open_charges(jsonb) is
  'Leases charges whose sender was cut or got no proof.';

create function public.claim_due_charges(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  as_of constant timestamptz := coalesce((request ->> 'asOf')::timestamptz, toss_private.clock_now());
  wanted constant integer := (request ->> 'limit')::integer;
  named_id constant uuid := (request ->> 'subscriptionId')::uuid;
  due public.subscriptions;
  begun jsonb;
  claimed jsonb;
  refused integer := 0;
  ended integer := 0;
begin
  perform toss_private.require_real_time(request ->> 'mode');
  claimed := toss_private.claim_open_charges(request);

  if named_id is null then
    for due in
      select s.* from public.subscriptions as s
      where s.status <> 'canceled' and s.next_charge_at <= as_of
      order by s.next_charge_at
      limit wanted - jsonb_array_length(claimed)
      for no key update skip locked
    loop
      begun := toss_private.try_charge_due(due, as_of, request);
      claimed := claimed || (begun -> 'claimed');
      refused := refused + (begun ->> 'refused')::integer;
      ended := ended + (begun ->> 'ended')::integer;
    end loop;
  else
    for due in
      select s.* from public.subscriptions as s
      where s.id = named_id and s.status <> 'canceled'
      for no key update
    loop
      if due.next_charge_at <= as_of
        or ((request ->> 'isRetry')::boolean and (toss_private.debt_of(due)).id is not null)
      then
        begun := toss_private.try_charge_due(due, as_of, request);
        claimed := claimed || (begun -> 'claimed');
        refused := refused + (begun ->> 'refused')::integer;
        ended := ended + (begun ->> 'ended')::integer;
      end if;
    end loop;
  end if;

  return jsonb_build_object(
    'charges', claimed, 'refused', refused, 'ended', ended,
    'remaining', toss_private.count_due_again(claimed, as_of)
      + case when named_id is null then toss_private.count_due_subscriptions(as_of) else 0 end
  );
end;
$$;

comment on function public.claim_due_charges(jsonb) is
  'Leases up to `limit` charges: those cut short before, then those of subscriptions that are due. Each has its order and operation when it is answered; overlapping callers never get the same one. Keys: limit, asOf, subscriptionId, isRetry (takes a declined charge before its time), leaseToken, leaseSeconds, mode, dunning {scheduleDays, finalAction}, requestId. Answers charges, refused (declined here for want of a billing method), ended (not charged, because their user is gone or has not consented), remaining (due after this batch, also of those in it that have missed periods to follow; 1000 stands for more).';
