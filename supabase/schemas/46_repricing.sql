-- Another price for those who subscribed: planned for everybody, asked, and in force at their next charge.

create function toss_private.plan_step(priced public.subscriptions, planned toss_private.repricings)
returns timestamptz
language plpgsql
stable
set search_path = ''
as $$
declare
  introductory timestamptz;
begin
  select p.from_at into introductory from toss_private.price_steps as p
  where p.subscription_id = priced.id and p.plan_id = planned.plan_id and p.ended_at is null and p.repricing_id is null;
  -- An introductory price lasts as long as it was promised to.
  return case when planned.amount > priced.amount then greatest(introductory, planned.from_at) else planned.from_at end;
end;
$$;

comment on function toss_private.plan_step(public.subscriptions, toss_private.repricings) is
  'From when on a repricing means one subscription.';

create function toss_private.reprice_subscription(priced public.subscriptions, planned toss_private.repricings)
returns void
language plpgsql
set search_path = ''
as $$
declare
  from_time constant timestamptz := toss_private.plan_step(priced, planned);
begin
  update toss_private.price_steps as p set ended_at = toss_private.clock_now(), outcome = 'replaced'
  where p.subscription_id = priced.id and p.plan_id = planned.plan_id and p.ended_at is null
    and p.repricing_id is distinct from planned.id and (p.repricing_id is not null or p.from_at >= from_time);
  insert into toss_private.price_steps (subscription_id, plan_id, amount, from_at, repricing_id, created_at)
  values (priced.id, planned.plan_id, planned.amount, from_time, planned.id, toss_private.clock_now())
  on conflict (repricing_id, subscription_id) where repricing_id is not null do update
  set amount = excluded.amount, from_at = excluded.from_at, created_at = excluded.created_at, ended_at = null, outcome = null
  where price_steps.outcome = 'left';
  update public.subscriptions as s set plan_id = s.plan_id where s.id = priced.id;
end;
$$;

comment on function toss_private.reprice_subscription(public.subscriptions, toss_private.repricings) is
  'Plans the new price for one subscription, whose row the caller holds. Safe to repeat.';

create function toss_private.plan_prices()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  planned toss_private.repricings;
begin
  if tg_op = 'INSERT' then
    -- A repricing that begins at this moment is waited for, or waits and finds this subscription.
    perform 1 from public.plans as p where p.id = new.plan_id for share;
    insert into toss_private.price_steps (subscription_id, plan_id, amount, from_at, created_at)
    select new.id, p.id, p.price, toss_private.boundary(new, p.intro_periods), toss_private.clock_now()
    from public.plans as p
    where p.id = new.plan_id and new.amount = p.intro_price and p.price > p.intro_price and new.period_number < p.intro_periods;
    if found then
      update public.subscriptions as s set plan_id = s.plan_id where s.id = new.id;
    end if;
  else
    -- Who comes back agrees to what is shown then.
    update toss_private.price_steps as p set ended_at = toss_private.clock_now(), outcome = 'left'
    where p.subscription_id = new.id and p.plan_id = old.plan_id and p.ended_at is null;
  end if;
  select * into planned from toss_private.repricings as r
  where r.plan_id = new.plan_id and r.applied_at is null and r.replaced_at is null;
  if found then
    perform toss_private.reprice_subscription(new, planned);
  end if;
  return null;
end;
$$;

comment on function toss_private.plan_prices() is
  'Trigger: the end of an introductory price is planned when a subscription begins, who comes to a plan while a new price is planned for it is asked like everybody else, and who leaves one leaves what was planned for it.';

create trigger subscriptions_price_planned
  after insert on public.subscriptions
  for each row when (new.status <> 'canceled')
  execute function toss_private.plan_prices();

create trigger subscriptions_price_planned_anew
  after update of plan_id on public.subscriptions
  for each row when (new.plan_id is distinct from old.plan_id and new.status <> 'canceled')
  execute function toss_private.plan_prices();

create function public.begin_repricing(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  present constant timestamptz := toss_private.clock_now();
  today constant timestamptz := date_trunc('day', present at time zone 'Asia/Seoul') at time zone 'Asia/Seoul';
  from_time constant timestamptz := coalesce(
    (request ->> 'from')::timestamp at time zone 'Asia/Seoul', toss_private.period_boundary(today, 'day', 1, 30)
  );
  wanted_amount constant bigint := (request ->> 'amount')::bigint;
  plan public.plans;
  begun toss_private.repricings;
begin
  select * into plan from public.plans as p where p.id = request ->> 'planId' for no key update;
  if not found then
    return jsonb_build_object('outcome', 'plan_not_found');
  end if;
  if wanted_amount < 100 or plan.currency <> 'KRW' then
    return jsonb_build_object('outcome', 'plan_not_billable');
  end if;
  if from_time < today then
    return jsonb_build_object('outcome', 'from_is_past');
  end if;
  select * into begun from toss_private.repricings as r
  where r.plan_id = plan.id and r.applied_at is null and r.replaced_at is null;
  -- The repeat of a call that was cut goes on where it stopped.
  if not coalesce((begun.amount, begun.from_at) = (wanted_amount, from_time), false)
    and not (request ->> 'dryRun')::boolean
  then
    update toss_private.repricings as r set replaced_at = present where r.id = begun.id;
    insert into toss_private.repricings (plan_id, amount, from_at, created_at)
    values (plan.id, wanted_amount, from_time, present)
    returning * into begun;
    perform toss_private.write_event(jsonb_build_object(
      'event', 'repricing_planned', 'source', 'operator', 'amount', wanted_amount, 'requestId', request ->> 'requestId',
      'detail', jsonb_build_object('planId', plan.id, 'repricingId', begun.id, 'from', from_time, 'priceBefore', plan.price)
    ));
  end if;
  return jsonb_build_object(
    'outcome', 'begun', 'repricingId', case when not (request ->> 'dryRun')::boolean then begun.id end, 'planId', plan.id, 'planName', plan.name,
    'priceBefore', plan.price, 'amount', wanted_amount, 'from', from_time, 'consent', plan.consent,
    'withoutConsent', plan.without_consent,
    'subscriptions', (select count(*) from public.subscriptions as s where s.plan_id = plan.id and s.status <> 'canceled')
  );
end;
$$;

comment on function public.begin_repricing(jsonb) is
  'Plans another price for a plan, for new subscribers and for live ones; with dryRun it only says what that would be. Keys: planId, amount (won), from (date in Seoul; null = 30 days from today), dryRun, requestId. Outcomes: begun (repricingId, null of a dry run), plan_not_found, plan_not_billable, from_is_past.';

create function public.plan_repricing(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  planned toss_private.repricings;
  priced public.subscriptions;
  effective_time timestamptz;
  last_id uuid := (request ->> 'after')::uuid;
  listed jsonb := '[]';
begin
  select * into planned from toss_private.repricings as r where r.id = (request ->> 'repricingId')::uuid for no key update;
  if not found then
    planned.plan_id := request ->> 'planId';
    planned.amount := (request ->> 'amount')::bigint;
    planned.from_at := (request ->> 'from')::timestamptz;
  elsif planned.replaced_at is not null then
    return jsonb_build_object('subscriptions', '[]'::jsonb, 'next', null);
  end if;
  for priced in
    select s.* from public.subscriptions as s
    where s.plan_id = planned.plan_id and s.status <> 'canceled' and (last_id is null or s.id > last_id)
    order by s.id
    limit (request ->> 'limit')::integer
  loop
    last_id := priced.id;
    if planned.id is not null then
      select * into priced from public.subscriptions as s where s.id = priced.id for no key update;
      continue when priced.status = 'canceled' or priced.plan_id <> planned.plan_id;
    end if;
    effective_time := toss_private.first_boundary(priced, toss_private.plan_step(priced, planned));
    listed := listed || jsonb_build_object(
      'subscriptionId', priced.id, 'userId', priced.user_id, 'status', priced.status, 'amountBefore', priced.amount,
      'amountAfter', planned.amount, 'effectiveAt', effective_time,
      'askedFrom', case when planned.amount > priced.amount and (
        select p.consent = 'required' from public.plans as p where p.id = planned.plan_id
      ) then toss_private.consent_window_start(priced, effective_time) end
    );
    if planned.id is not null then
      perform toss_private.reprice_subscription(priced, planned);
    end if;
  end loop;
  if jsonb_array_length(listed) = 0 then
    last_id := null;
  end if;
  update toss_private.repricings as r
  set position = coalesce(last_id, r.position), planned_at = case when last_id is null then toss_private.clock_now() end
  where r.id = planned.id and r.planned_at is null;
  return jsonb_build_object('subscriptions', listed, 'next', last_id);
end;
$$;

comment on function public.plan_repricing(jsonb) is
  'One page of the live subscriptions that a repricing means, each with its price before and after, from when on it is asked (null: no consent is needed) and when it is charged so first; with a repricingId it is planned for them, too. Keys: repricingId, or planId, amount and from of a dry run; after (the `next` of the page before), limit.';

create function toss_private.apply_repricings(as_of timestamptz, request jsonb)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  due toss_private.repricings;
  applied integer := 0;
begin
  for due in
    select r.* from toss_private.repricings as r
    where r.replaced_at is null and (r.planned_at is null or (r.applied_at is null and r.from_at <= as_of))
    for no key update skip locked
  loop
    -- Whoever began it was cut.
    if due.planned_at is null and due.created_at < toss_private.clock_now() - interval '5 minutes' then
      perform public.plan_repricing(jsonb_build_object(
        'repricingId', due.id, 'after', due.position, 'limit', request -> 'limit'
      ));
    end if;
    if due.applied_at is null and due.from_at <= as_of then
      update public.plans as p set price = due.amount where p.id = due.plan_id;
      update toss_private.repricings as r set applied_at = toss_private.clock_now() where r.id = due.id;
      applied := applied + 1;
    end if;
  end loop;
  return applied;
end;
$$;

comment on function toss_private.apply_repricings(timestamptz, jsonb) is
  'The plan itself gets a price whose day has come, and a planning that was cut goes on.';

create view public.repricing_progress
with (security_invoker = true)
as
select r.id, r.plan_id, r.amount, r.from_at, r.created_at, r.planned_at, r.applied_at, r.replaced_at,
  count(p.id) as subscriptions,
  count(k.id) as asked,
  count(*) filter (where k.decision is null and k.id is not null) as open,
  count(*) filter (where k.decision = 'given') as given,
  count(*) filter (where k.decision = 'refused') as refused,
  count(*) filter (where k.decision = 'lapsed') as lapsed,
  count(*) filter (where p.outcome = 'applied') as charged,
  count(*) filter (where p.outcome = 'dropped') as kept_price,
  count(*) filter (where s.end_reason in ('consent_missing', 'consent_refused')) as ended
from toss_private.repricings as r
left join toss_private.price_steps as p on p.repricing_id = r.id
left join public.subscriptions as s on s.id = p.subscription_id
left join lateral (
  select c.id, c.decision from public.subscription_consents as c
  where c.subscription_id = p.subscription_id and c.amount_after = r.amount and c.plan_id = r.plan_id
    and c.asked_at >= r.created_at and c.voided_at is null
  order by c.asked_at desc
  limit 1
) as k on true
group by r.id;

comment on view public.repricing_progress is
  'How far each repricing is: for how many subscriptions it is planned, how many were asked and said what, and what became of it. Service role only.';
