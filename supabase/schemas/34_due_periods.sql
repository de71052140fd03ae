-- Which period of a subscription comes next, and on which terms.

create function toss_private.boundary(counted public.subscriptions, wanted_period integer)
returns timestamptz
language plpgsql
stable
set search_path = ''
as $$
begin
  return toss_private.period_boundary(
    counted.anchor, counted.interval, counted.interval_count, wanted_period - counted.anchor_period
  );
end;
$$;

comment on function toss_private.boundary(public.subscriptions, integer) is 'When a period of a subscription begins.';

create function toss_private.without_next_plan(changed public.subscriptions)
returns public.subscriptions
language plpgsql
immutable
set search_path = ''
as $$
begin
  changed.next_plan_id := null;
  changed.next_amount := null;
  changed.next_interval := null;
  changed.next_interval_count := null;
  return changed;
end;
$$;

comment on function toss_private.without_next_plan(public.subscriptions) is 'The subscription without the plan that was chosen for its next period.';

create function toss_private.next_terms(changed public.subscriptions)
returns public.subscriptions
language plpgsql
stable
set search_path = ''
as $$
begin
  if changed.next_plan_id is null then
    return changed;
  end if;
  -- Only the shop can have begun that one, or made the group since: renewed all the same, and not charged for a plan
  -- that its user has already.
  if toss_private.claim_of_plan(changed.user_id, changed.next_plan_id, changed.id) ->> 'subscriptionId' is not null then
    return toss_private.without_next_plan(changed);
  end if;
  if (changed.interval, changed.interval_count) <> (changed.next_interval, changed.next_interval_count) then
    changed.anchor := changed.current_period_end;
    changed.anchor_period := changed.period_number + 1;
  end if;
  changed.plan_id := changed.next_plan_id;
  changed.amount := changed.next_amount;
  changed.interval := changed.next_interval;
  changed.interval_count := changed.next_interval_count;
  return toss_private.without_next_plan(changed);
end;
$$;

comment on function toss_private.next_terms(public.subscriptions) is
  'The subscription as its next period begins: with the plan that was chosen for then, unless another subscription of its user has it by now. A plan of another interval has its anchor there.';

create function toss_private.due_period(due public.subscriptions, as_of timestamptz)
returns table (period_number integer, period_start timestamptz, period_end timestamptz, missed integer)
language plpgsql
stable
set search_path = ''
as $$
declare
  first_period constant integer := 1 + greatest(due.period_number, (
    -- Found missed one by one after a restore.
    select max(c.period_number) from public.subscription_charges as c
    where c.subscription_id = due.id and c.kind = 'renewal' and c.status = 'void'
  ));
  wanted integer := first_period;
begin
  -- `due` carries the terms of the next period already, see next_terms.
  if (select p.catch_up = 'current' from public.plans as p where p.id = due.plan_id) then
    while toss_private.boundary(due, wanted + 1) <= as_of
      -- What was due before a restore may have been charged: nothing is skipped before Toss was asked.
      and not exists (select 1 from toss_private.restores as r where toss_private.boundary(due, wanted) <= r.restored_at)
    loop
      wanted := wanted + 1;
    end loop;
  end if;
  return query select wanted, toss_private.boundary(due, wanted), toss_private.boundary(due, wanted + 1), wanted - first_period;
end;
$$;

comment on function toss_private.due_period(public.subscriptions, timestamptz) is
  'The period to charge next and how many before it are skipped; plans.catch_up decides.';

create function toss_private.price_from(priced public.subscriptions, period_start timestamptz)
returns bigint
language plpgsql
stable
set search_path = ''
as $$
declare
  planned bigint;
begin
  select p.amount into planned from toss_private.price_steps as p
  where p.subscription_id = priced.id and p.ended_at is null and p.plan_id = priced.plan_id and p.from_at <= period_start
  order by p.from_at desc
  limit 1;
  return coalesce(planned, priced.amount);
end;
$$;

comment on function toss_private.price_from(public.subscriptions, timestamptz) is
  'What a period of a subscription costs that begins then, as far as it is planned.';

create function toss_private.next_price(charged public.subscriptions, period_start timestamptz)
returns table (amount bigint, needs_consent boolean, consent_id uuid, ends_without boolean)
language plpgsql
stable
set search_path = ''
as $$
begin
  amount := toss_private.price_from(charged, period_start);
  select (charged.period_number < 0 or amount > charged.amount) and p.consent = 'required',
    charged.period_number < 0 or p.without_consent = 'cancel'
  into needs_consent, ends_without
  from public.plans as p where p.id = charged.plan_id;
  if needs_consent then
    select k.id into consent_id from public.subscription_consents as k
    where k.subscription_id = charged.id and k.plan_id = charged.plan_id and k.amount_after = amount
      and k.decision = 'given' and k.voided_at is null and k.effective_at <= period_start
      -- What was paid once is agreed; a rise after it is another question.
      and not exists (
        select 1 from public.subscription_charges as c where c.consent_id = k.id and c.status = 'paid'
      )
    order by k.effective_at desc
    limit 1;
  end if;
  return next;
end;
$$;

comment on function toss_private.next_price(public.subscriptions, timestamptz) is
  'What a period costs that begins then, whether that needs consent, the consent that covers it, and whether the subscription ends without one.';

create function toss_private.price_next_period(due public.subscriptions, as_of timestamptz, audit jsonb)
returns table (amount bigint, consent_id uuid, is_ended boolean)
language plpgsql
set search_path = ''
as $$
declare
  period_start constant timestamptz := (select p.period_start from toss_private.due_period(due, as_of) as p);
  price record;
  decision text;
begin
  select * into price from toss_private.next_price(due, period_start);
  amount := price.amount;
  consent_id := price.consent_id;
  is_ended := false;
  if not price.needs_consent then
    return next;
    return;
  end if;
  decision := toss_private.close_consent(due, as_of, audit);
  if consent_id is null and price.ends_without then
    due.ended_at := least(as_of, due.current_period_end);
    due := toss_private.move_subscription(
      due, case decision when 'refused' then 'consent_refused' else 'consent_missing' end, audit
    );
    perform toss_private.end_access(due.id, due.ended_at);
    perform toss_private.write_subscription_event('canceled', due, jsonb_build_object(
      'reason', due.end_reason, 'endedAt', due.ended_at
    ));
    is_ended := true;
  elsif consent_id is null then
    update toss_private.price_steps as p set ended_at = toss_private.clock_now(), outcome = 'dropped'
    where p.subscription_id = due.id and p.plan_id = due.plan_id and p.ended_at is null and p.from_at <= period_start
      and p.amount > due.amount;
    amount := toss_private.price_from(due, period_start);
    perform toss_private.write_event(audit || jsonb_build_object(
      'event', 'price_kept', 'subscriptionId', due.id, 'amount', amount,
      'detail', jsonb_build_object('asked', price.amount, 'decision', decision)
    ));
  end if;
  return next;
end;
$$;

comment on function toss_private.price_next_period(public.subscriptions, timestamptz, jsonb) is
  'At what price, and covered by which consent, the next period is charged. Without a consent that it needs the subscription ends, or stays at the old price, as plans.without_consent says; a trial ends. The caller holds the subscription.';

create function toss_private.debt_of(owing public.subscriptions)
returns public.subscription_charges
language plpgsql
stable
set search_path = ''
as $$
declare
  debt public.subscription_charges;
begin
  select c.* into debt
  from public.subscription_charges as c
  where c.subscription_id = owing.id and c.kind = 'renewal' and c.status = 'declined'
    and c.period_number > owing.period_number
  order by c.period_number
  limit 1;
  return debt;
end;
$$;

comment on function toss_private.debt_of(public.subscriptions) is
  'The declined charge that a subscription waits for; one at most, because later periods wait too.';

create function public.preview_due_charges(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  as_of constant timestamptz := coalesce((request ->> 'asOf')::timestamptz, toss_private.clock_now());
  wanted constant integer := (request ->> 'limit')::integer;
  due public.subscriptions;
  debt public.subscription_charges;
  period record;
  next_price record;
  listed jsonb := '[]';
  gone integer := 0;
begin
  for due in
    select s.* from public.subscriptions as s
    where s.status <> 'canceled' and s.next_charge_at <= as_of
      and (request ->> 'subscriptionId' is null or s.id = (request ->> 'subscriptionId')::uuid)
    order by s.next_charge_at
    limit wanted
  loop
    if toss_private.is_gone(due.user_id) then
      gone := gone + 1;
      continue;
    end if;
    debt := toss_private.debt_of(due);
    if debt.id is null then
      due := toss_private.next_terms(due);
      select * into period from toss_private.due_period(due, as_of);
      select * into next_price from toss_private.next_price(due, period.period_start);
      -- It will end instead.
      if next_price.needs_consent and next_price.consent_id is null and next_price.ends_without then
        gone := gone + 1;
        continue;
      end if;
      due.amount := next_price.amount;
    end if;
    listed := listed || jsonb_build_object(
      'subscriptionId', due.id, 'userId', due.user_id,
      'planId', coalesce(debt.plan_id, due.plan_id),
      'amount', coalesce(debt.amount, due.amount),
      'currency', coalesce(debt.currency, due.currency),
      'periodStart', coalesce(debt.period_start, period.period_start),
      'periodEnd', coalesce(debt.period_end, period.period_end),
      'attempt', coalesce(debt.attempt, 0) + 1,
      'missedPeriods', case when debt.id is null then period.missed else 0 end,
      'hasBillingMethod', toss_private.usable_billing_method(due.billing_method_id)
    );
  end loop;
  return jsonb_build_object(
    'charges', listed, 'remaining', toss_private.count_due_subscriptions(as_of) - jsonb_array_length(listed) - gone
  );
end;
$$;

comment on function public.preview_due_charges(jsonb) is
  'What claim_due_charges would charge, without writing anything. Keys: limit, asOf, subscriptionId.';

create function toss_private.count_due_subscriptions(as_of timestamptz)
returns integer
language plpgsql
volatile
set search_path = ''
as $$
begin
  -- Bounded: whether anything is left matters, how much exactly does not, and counting it all takes time.
  return (
    select count(*)::integer
    from (
      select 1 from public.subscriptions as s
      where s.status <> 'canceled' and s.next_charge_at <= as_of
      limit 1000
    ) as due
  );
end;
$$;

comment on function toss_private.count_due_subscriptions(timestamptz) is 'How many charges are due, 1000 for more than that.';
