-- Which moves a subscription may make; every move is checked against one table.

create table toss_private.subscription_transitions (
  status text not null,
  event text not null,
  next_status text not null,
  end_reason text,
  primary key (status, event),
  constraint subscription_transitions_status_known check (status in ('none', 'trialing', 'active', 'past_due', 'canceled')),
  constraint subscription_transitions_next_status_known check (
    next_status in ('trialing', 'active', 'past_due', 'canceled')
  ),
  constraint subscription_transitions_event_format check (event ~ '^[a-z_]{3,50}$'),
  constraint subscription_transitions_end_has_reason check ((next_status = 'canceled') = (end_reason is not null))
);

alter table toss_private.subscription_transitions enable row level security;

comment on table toss_private.subscription_transitions is
  'The state machine. What stands in no row is refused, by function and by trigger. docs/subscriptions.md shows it as a table.';
comment on column toss_private.subscription_transitions.status is 'none: the subscription does not exist yet.';
comment on column toss_private.subscription_transitions.end_reason is 'What subscriptions.end_reason says after it; of every way into canceled.';

insert into toss_private.subscription_transitions (status, event, next_status, end_reason) values
  ('none', 'trial_started', 'trialing', null),
  ('none', 'started', 'active', null),
  ('trialing', 'charge_paid', 'active', null),
  ('trialing', 'charge_declined', 'past_due', null),
  ('trialing', 'notice_given', 'trialing', null),
  ('trialing', 'resumed', 'trialing', null),
  ('trialing', 'notice_ended', 'canceled', 'canceled'),
  ('trialing', 'canceled_now', 'canceled', 'canceled'),
  ('trialing', 'plan_changed', 'trialing', null),
  ('trialing', 'plan_change_planned', 'trialing', null),
  ('trialing', 'method_changed', 'trialing', null),
  ('trialing', 'user_deleted', 'canceled', 'user_deleted'),
  ('trialing', 'consent_missing', 'canceled', 'consent_missing'),
  ('trialing', 'consent_refused', 'canceled', 'consent_refused'),
  ('active', 'charge_paid', 'active', null),
  ('active', 'charge_declined', 'past_due', null),
  ('active', 'notice_given', 'active', null),
  ('active', 'resumed', 'active', null),
  ('active', 'notice_ended', 'canceled', 'canceled'),
  ('active', 'canceled_now', 'canceled', 'canceled'),
  ('active', 'plan_changed', 'active', null),
  ('active', 'plan_change_planned', 'active', null),
  ('active', 'method_changed', 'active', null),
  ('active', 'period_refunded', 'canceled', 'refunded'),
  ('active', 'user_deleted', 'canceled', 'user_deleted'),
  ('active', 'consent_missing', 'canceled', 'consent_missing'),
  ('active', 'consent_refused', 'canceled', 'consent_refused'),
  ('past_due', 'charge_paid', 'active', null),
  ('past_due', 'charge_declined', 'past_due', null),
  ('past_due', 'notice_given', 'canceled', 'canceled'),
  ('past_due', 'canceled_now', 'canceled', 'canceled'),
  ('past_due', 'method_changed', 'past_due', null),
  ('past_due', 'retry_requested', 'past_due', null),
  ('past_due', 'dunning_canceled', 'canceled', 'dunning'),
  ('past_due', 'access_withdrawn', 'past_due', null),
  ('past_due', 'period_refunded', 'canceled', 'refunded'),
  ('past_due', 'user_deleted', 'canceled', 'user_deleted');

create function toss_private.check_subscription_move()
returns trigger
language plpgsql
set search_path = ''
as $$
declare
  known_status text := 'none';
begin
  if tg_op = 'UPDATE' then
    known_status := old.status;
  end if;
  if not exists (
    select 1 from toss_private.subscription_transitions as t
    where t.status = known_status and t.next_status = new.status
  ) then
    raise exception 'a subscription cannot become % when it is %', new.status, known_status
      using errcode = 'check_violation', constraint = 'subscriptions_move_known';
  end if;
  return new;
end;
$$;

comment on function toss_private.check_subscription_move() is
  'Trigger: refuses a status that no event leads to, whoever writes it. Nothing leads out of canceled.';

create trigger subscriptions_born
  before insert on public.subscriptions
  for each row execute function toss_private.check_subscription_move();

create trigger subscriptions_moved
  before update of status on public.subscriptions
  for each row when (new.status is distinct from old.status)
  execute function toss_private.check_subscription_move();

create function toss_private.may_happen(current_status text, happening text)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return exists (
    select 1 from toss_private.subscription_transitions as t where t.status = current_status and t.event = happening
  );
end;
$$;

comment on function toss_private.may_happen(text, text) is 'Whether an event is legal in a state.';

create function toss_private.fill_subscription()
returns trigger
language plpgsql
set search_path = ''
as $$
declare
  chosen public.plans;
begin
  select * into chosen from public.plans as p where p.id = new.plan_id;
  new.anchor := coalesce(
    new.anchor, case new.status when 'trialing' then new.current_period_end else new.current_period_start end
  );
  new.period_number := coalesce(new.period_number, case new.status when 'trialing' then -1 else 0 end);
  new.amount := coalesce(new.amount, chosen.price);
  new.currency := coalesce(new.currency, chosen.currency);
  new.interval := coalesce(new.interval, chosen.interval);
  new.interval_count := coalesce(new.interval_count, chosen.interval_count);
  new.plan_group := chosen.plan_group;
  -- A first payment that was at Toss before the shop made the group.
  if exists (
    select 1 from public.subscriptions as s
    where s.user_id = new.user_id and s.plan_group = new.plan_group and s.status <> 'canceled'
  ) and exists (
    select 1 from public.subscription_charges as c
    where c.user_id = new.user_id and c.plan_id = new.plan_id and c.kind = 'start' and c.status = 'paid'
      and c.first_declined_at is null and c.subscription_id is null and c.period_start = new.current_period_start
  ) then
    new.plan_group := null;
  end if;
  return new;
end;
$$;

comment on function toss_private.fill_subscription() is
  'Trigger: terms that an insert does not name are those of the plan, so that subscriptions of another system can be brought in.';

create trigger subscriptions_filled
  before insert on public.subscriptions
  for each row execute function toss_private.fill_subscription();

create function toss_private.group_subscription()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  select p.plan_group into new.plan_group from public.plans as p where p.id = new.plan_id;
  -- A change that was agreed on before the shop made the group still takes place.
  if exists (
    select 1 from public.subscriptions as s
    where s.user_id = new.user_id and s.plan_group = new.plan_group and s.status <> 'canceled' and s.id <> new.id
  ) then
    new.plan_group := null;
  end if;
  return new;
end;
$$;

comment on function toss_private.group_subscription() is 'Trigger: a subscription that gets another plan gets its group, too.';

create trigger subscriptions_regrouped
  before update of plan_id on public.subscriptions
  for each row when (new.plan_id is distinct from old.plan_id and new.status <> 'canceled')
  execute function toss_private.group_subscription();

create function toss_private.follow_plan_group()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  -- By id, as whoever else locks several.
  perform 1 from public.subscriptions as s
  where s.plan_id = new.id and s.status <> 'canceled'
  order by s.id
  for no key update;
  for attempt in 1..5 loop
    begin
      -- Who has two of the group by now keeps both; the next one is refused.
      update public.subscriptions as s
      set plan_group = new.plan_group
      where s.plan_id = new.id and s.status <> 'canceled' and s.plan_group is distinct from new.plan_group
        and not exists (
          select 1 from public.subscriptions as other
          where other.user_id = s.user_id and other.plan_group = new.plan_group and other.status <> 'canceled'
            and other.id <> s.id
        );
      exit;
    exception when unique_violation then
      -- Another subscription has come into the group meanwhile; the next look sees it.
      if attempt = 5 then
        raise;
      end if;
    end;
  end loop;
  return null;
end;
$$;

comment on function toss_private.follow_plan_group() is
  'Trigger: live subscriptions follow when the shop puts their plan into a group or takes it out.';

create trigger plans_regrouped
  after update of plan_group on public.plans
  for each row when (new.plan_group is distinct from old.plan_group)
  execute function toss_private.follow_plan_group();

create function toss_private.lock_plan_groups()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('plan_groups', 0));
  return null;
end;
$$;

comment on function toss_private.lock_plan_groups() is
  'Trigger: one change of groups at a time, before any row is held. Two of them would each miss what the other does to a user''s subscriptions.';

create trigger plans_groups_locked
  before update of plan_group on public.plans
  for each statement execute function toss_private.lock_plan_groups();

create function toss_private.lock_user(locked_user_id uuid)
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('subscriber:' || locked_user_id, 0));
end;
$$;

comment on function toss_private.lock_user(uuid) is
  'Taken by whoever subscribes a user to a plan, gives a subscription another one, registers, chooses or removes a card: they must see each other. Before any row of a subscription; who settles a charge takes it after the rows of its order and operation.';

create function toss_private.subscription_view(viewed public.subscriptions)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return jsonb_build_object(
    'id', viewed.id,
    'userId', viewed.user_id,
    'planId', viewed.plan_id,
    'status', viewed.status,
    'amount', viewed.amount,
    'currency', viewed.currency,
    'currentPeriodStart', viewed.current_period_start,
    'currentPeriodEnd', viewed.current_period_end,
    'nextChargeAt', viewed.next_charge_at,
    'cancelAtPeriodEnd', viewed.cancel_at_period_end,
    'canceledAt', viewed.canceled_at,
    'endedAt', viewed.ended_at,
    'billingMethodId', viewed.billing_method_id,
    'needsPaymentMethod', viewed.needs_payment_method,
    'nextPlanId', viewed.next_plan_id,
    'createdAt', viewed.created_at
  );
end;
$$;

comment on function toss_private.subscription_view(public.subscriptions) is 'A subscription as the API shows it.';

create function toss_private.subscription_terms(agreed public.subscriptions)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  -- Times as seconds: how a timestamp is written depends on the session.
  return jsonb_build_array(
    agreed.user_id, agreed.plan_id, agreed.amount, agreed.currency, agreed.interval, agreed.interval_count,
    agreed.period_number, extract(epoch from agreed.current_period_start), extract(epoch from agreed.current_period_end),
    extract(epoch from agreed.anchor), agreed.anchor_period, agreed.cancel_at_period_end, agreed.billing_method_id,
    agreed.next_plan_id, agreed.next_amount, agreed.next_interval, agreed.next_interval_count
  );
end;
$$;

comment on function toss_private.subscription_terms(public.subscriptions) is
  'What decides who pays how much, when and with what. It changes with a line in the audit log alone, which repeats it: invariant_violations() compares.';

create function toss_private.move_subscription(changed public.subscriptions, happening text, audit jsonb)
returns public.subscriptions
language plpgsql
set search_path = ''
as $$
declare
  target text;
  reason text;
  stored public.subscriptions;
begin
  select t.next_status, t.end_reason into target, reason from toss_private.subscription_transitions as t
  where t.status = changed.status and t.event = happening;
  if not found then
    raise exception '% cannot happen to a subscription that is %', happening, changed.status
      using errcode = 'check_violation', constraint = 'subscriptions_move_known';
  end if;
  if target = 'canceled' then
    changed.next_charge_at := null;
    changed.access_ends_at := null;
    changed.remind_at := null;
    changed.ended_at := coalesce(changed.ended_at, toss_private.clock_now());
    changed.end_reason := reason;
  end if;
  update public.subscriptions as s
  set status = target,
    plan_id = changed.plan_id, amount = changed.amount, currency = changed.currency,
    interval = changed.interval, interval_count = changed.interval_count,
    anchor = changed.anchor, anchor_period = changed.anchor_period, period_number = changed.period_number,
    next_plan_id = changed.next_plan_id, next_amount = changed.next_amount,
    next_interval = changed.next_interval, next_interval_count = changed.next_interval_count,
    billing_method_id = changed.billing_method_id, needs_payment_method = changed.needs_payment_method,
    current_period_start = changed.current_period_start, current_period_end = changed.current_period_end,
    next_charge_at = changed.next_charge_at, access_ends_at = changed.access_ends_at,
    remind_at = changed.remind_at, cancel_at_period_end = changed.cancel_at_period_end,
    canceled_at = changed.canceled_at, ended_at = changed.ended_at, end_reason = changed.end_reason
  where s.id = changed.id
  returning * into stored;
  if target = 'canceled' then
    -- Nobody will try to collect a debt any more.
    update public.subscription_charges as c set next_attempt_at = null
    where c.subscription_id = stored.id and c.next_attempt_at is not null;
  end if;
  perform toss_private.write_event(audit || jsonb_build_object(
    'event', 'subscription_status', 'subscriptionId', stored.id, 'from', changed.status, 'to', stored.status,
    'amount', stored.amount,
    'detail', coalesce(audit -> 'detail', '{}') || jsonb_build_object(
      'event', happening, 'planId', stored.plan_id, 'terms', toss_private.subscription_terms(stored)
    )
  ));
  return stored;
end;
$$;

comment on function toss_private.move_subscription(public.subscriptions, text, jsonb) is
  'The one way a subscription changes: `changed` is the locked row with its new values and its old status; the event decides the new one, and the audit log gets a line. Raises on an event that the state machine does not know for this status; callers ask toss_private.may_happen first.';

create function toss_private.write_subscription_event(happened text, concerned public.subscriptions, detail jsonb)
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  perform toss_private.write_outbox_event(jsonb_build_object(
    'eventType', 'subscription.' || happened, 'subject', concerned.id,
    'payload', jsonb_build_object(
      'subscriptionId', concerned.id, 'userId', concerned.user_id, 'planId', concerned.plan_id,
      'status', concerned.status, 'currentPeriodEnd', concerned.current_period_end
    ) || detail
  ));
end;
$$;

comment on function toss_private.write_subscription_event(text, public.subscriptions, jsonb) is
  'Adds subscription.<happened> to outbox_events, with what every such event carries and the detail.';

create function toss_private.reminder_time(period_start timestamptz, charge_time timestamptz, reminded_plan_id text)
returns timestamptz
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select toss_private.period_boundary(charge_time, 'day', 1, -p.reminder_days)
    from public.plans as p
    where p.id = reminded_plan_id and p.reminder_days > 0
      and toss_private.period_boundary(charge_time, 'day', 1, -p.reminder_days) > period_start
  );
end;
$$;

comment on function toss_private.reminder_time(timestamptz, timestamptz, text) is
  'When to announce a charge; null when the plan has no reminder or the period is too short for one.';

create function toss_private.coming_rise(asked public.subscriptions)
returns table (kind text, amount_before bigint, amount_after bigint, effective_at timestamptz)
language plpgsql
stable
set search_path = ''
as $$
declare
  step record;
begin
  if asked.status not in ('trialing', 'active') or asked.next_charge_at is null or asked.cancel_at_period_end
    or (select p.consent <> 'required' from public.plans as p where p.id = asked.plan_id)
  then
    return;
  end if;
  if asked.status = 'trialing' then
    return query select 'trial_conversion', 0::bigint, toss_private.price_from(asked, asked.current_period_end),
      asked.current_period_end;
    return;
  end if;
  -- Another plan that its subscriber chose has the price that was shown then.
  if asked.next_plan_id is not null then
    return;
  end if;
  for step in
    select p.amount, p.from_at from toss_private.price_steps as p
    where p.subscription_id = asked.id and p.ended_at is null and p.plan_id = asked.plan_id
    order by p.from_at
  loop
    effective_at := toss_private.first_boundary(asked, step.from_at);
    amount_after := toss_private.price_from(asked, effective_at);
    if amount_after > asked.amount then
      kind := 'price_rise';
      amount_before := asked.amount;
      return next;
      return;
    end if;
    -- Lower first, then a rise.
    asked.amount := amount_after;
  end loop;
end;
$$;

comment on function toss_private.coming_rise(public.subscriptions) is
  'The next charge of a subscription that needs consent: the first after a trial, or the first above the price before; no row when there is none.';

create function toss_private.review_consent()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  rise record;
begin
  select * into rise from toss_private.coming_rise(new);
  new.consent_ask_at := null;
  if rise.kind is not null and not exists (
    select 1 from public.subscription_consents as k
    where k.subscription_id = new.id and k.voided_at is null and k.closed_at is null
      and (k.plan_id, k.amount_after, k.effective_at) = (new.plan_id, rise.amount_after, rise.effective_at)
  ) then
    -- What is asked before it is nothing that anybody could still say yes to.
    update public.subscription_consents as k set voided_at = toss_private.clock_now()
    where k.subscription_id = new.id and k.voided_at is null and k.closed_at is null;
    new.consent_ask_at := toss_private.consent_window_start(new, rise.effective_at);
  elsif new.status = 'canceled' or (
    rise.kind is null and new.status <> 'past_due' and new.next_charge_at is not null
  ) then
    update public.subscription_consents as k set voided_at = toss_private.clock_now()
    where k.subscription_id = new.id and k.voided_at is null and k.closed_at is null;
  end if;
  return new;
end;
$$;

comment on function toss_private.review_consent() is
  'Trigger: another plan, price or date than the one that was asked about makes the consent void and asks again.';

-- Also when nothing but `plan_id = plan_id` is written: whoever changes steps or plans looks again that way.
create trigger subscriptions_reviewed
  before insert or update of status, plan_id, amount, next_plan_id, next_charge_at, current_period_end, cancel_at_period_end
  on public.subscriptions
  for each row execute function toss_private.review_consent();
