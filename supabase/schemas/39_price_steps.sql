-- Prices that are planned for those who subscribe already, and what of them needs consent.

create table toss_private.repricings (
  id uuid primary key default gen_random_uuid(),
  plan_id text not null references public.plans (id),
  amount bigint not null,
  from_at timestamptz not null,
  created_at timestamptz not null,
  position uuid,
  planned_at timestamptz,
  applied_at timestamptz,
  replaced_at timestamptz,
  constraint repricings_amount_range check (amount between 100 and 9007199254740991)
);

alter table toss_private.repricings enable row level security;

comment on table toss_private.repricings is
  'A new price of a plan, planned by `toss reprice`. Who subscribes before from_at is asked like everybody else.';
comment on column toss_private.repricings.position is 'The last subscription that it was planned for; the next call goes on there.';
comment on column toss_private.repricings.planned_at is 'When it was planned for every live subscription.';
comment on column toss_private.repricings.applied_at is 'When the plan itself got the price.';
comment on column toss_private.repricings.replaced_at is 'When another price was planned in its place.';

create index repricings_plan_id on toss_private.repricings (plan_id);
create unique index repricings_one_planned on toss_private.repricings (plan_id)
  where applied_at is null and replaced_at is null;

create table toss_private.price_steps (
  id bigint generated always as identity primary key,
  subscription_id uuid not null references public.subscriptions (id),
  plan_id text not null references public.plans (id),
  amount bigint not null,
  from_at timestamptz not null,
  repricing_id uuid references toss_private.repricings (id),
  created_at timestamptz not null,
  ended_at timestamptz,
  outcome text,
  constraint price_steps_amount_range check (amount between 100 and 9007199254740991),
  constraint price_steps_outcome_known check (outcome in ('applied', 'dropped', 'replaced', 'left')),
  constraint price_steps_ended_has_outcome check ((ended_at is null) = (outcome is null))
);

alter table toss_private.price_steps enable row level security;

comment on table toss_private.price_steps is
  'The price of a subscription from a time on: the end of an introductory price, or a repricing.';
comment on column toss_private.price_steps.plan_id is 'Under another plan it means nothing.';
comment on column toss_private.price_steps.from_at is 'The first period that begins then or later has this price.';
comment on column toss_private.price_steps.repricing_id is 'Null for the end of an introductory price.';
comment on column toss_private.price_steps.outcome is
  'applied: a period was paid at it. dropped: not consented to, the old price stays. replaced: another one was planned. left: the subscriber chose another plan; who is put back to this one has it again.';

create unique index price_steps_one_per_time on toss_private.price_steps (subscription_id, plan_id, from_at) where ended_at is null;
create index price_steps_plan_id on toss_private.price_steps (plan_id);
create unique index price_steps_one_per_repricing on toss_private.price_steps (repricing_id, subscription_id)
  where repricing_id is not null;

create function toss_private.first_boundary(counted public.subscriptions, from_time timestamptz)
returns timestamptz
language plpgsql
stable
set search_path = ''
as $$
declare
  period integer := counted.period_number + 1;
begin
  while toss_private.boundary(counted, period) < from_time loop
    period := period + 1;
  end loop;
  return toss_private.boundary(counted, period);
end;
$$;

comment on function toss_private.first_boundary(public.subscriptions, timestamptz) is
  'When the first period of a subscription begins that begins then or later, the current one aside.';

create function toss_private.consent_window_start(asked public.subscriptions, effective_at timestamptz)
returns timestamptz
language plpgsql
stable
set search_path = ''
as $$
begin
  return greatest(toss_private.period_boundary(effective_at, 'day', 1, -30), case asked.status
    when 'trialing' then asked.current_period_start end);
end;
$$;

comment on function toss_private.consent_window_start(public.subscriptions, timestamptz) is
  'From when on a subscriber can consent: 30 days before, of a shorter trial from its start.';

create function toss_private.review_consents_of_plan()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform 1 from public.subscriptions as s
  where s.plan_id = new.id and s.status in ('trialing', 'active')
  order by s.id
  for no key update;
  update public.subscriptions as s set plan_id = s.plan_id where s.plan_id = new.id and s.status in ('trialing', 'active');
  return null;
end;
$$;

comment on function toss_private.review_consents_of_plan() is 'Trigger: subscribers of a plan that begins to need consent are asked.';

create trigger plans_consent_changed
  after update of consent on public.plans
  for each row when (new.consent is distinct from old.consent)
  execute function toss_private.review_consents_of_plan();
