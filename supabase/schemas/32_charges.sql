-- What is charged to a billing key: one row per period, upgrade or ad hoc charge, however many attempts it takes.

create table public.subscription_charges (
  id uuid primary key default gen_random_uuid(),
  kind text not null,
  subscription_id uuid references public.subscriptions (id),
  user_id uuid not null,
  billing_method_id uuid references public.billing_methods (id),
  plan_id text references public.plans (id),
  plan_amount bigint,
  plan_interval text,
  plan_interval_count integer,
  period_number integer,
  period_start timestamptz,
  period_end timestamptz,
  amount bigint not null,
  currency text not null,
  order_name text not null,
  request_id text,
  status text not null default 'pending',
  attempt integer not null default 0,
  order_id text references public.orders (id),
  next_attempt_at timestamptz,
  attempted_at timestamptz,
  first_declined_at timestamptz,
  failure_code text,
  failure_message text,
  failure_class text,
  paid_at timestamptz,
  refund_due bigint,
  refund_operation_id uuid references public.operations (id),
  earlier_plan_id text references public.plans (id),
  earlier_amount bigint,
  undone_at timestamptz,
  created_at timestamptz not null,
  covered_by text,
  consent_id uuid,
  constraint subscription_charges_kind_known check (kind in ('start', 'renewal', 'upgrade', 'ad_hoc')),
  constraint subscription_charges_status_known check (
    status in ('pending', 'processing', 'unknown', 'paid', 'declined', 'void')
  ),
  -- Toss takes no card payment under 100 won; from an account it takes 200 at least, and declines the rest.
  constraint subscription_charges_amount_range check (amount between 100 and 9007199254740991),
  constraint subscription_charges_plan_amount_range check (plan_amount between 0 and 9007199254740991),
  constraint subscription_charges_earlier_amount_range check (earlier_amount between 0 and 9007199254740991),
  constraint subscription_charges_currency_code check (currency ~ '^[A-Z]{3}$'),
  constraint subscription_charges_order_name_length check (char_length(order_name) between 1 and 100),
  constraint subscription_charges_request_id_length check (char_length(request_id) between 1 and 300),
  constraint subscription_charges_attempt_not_negative check (attempt >= 0),
  constraint subscription_charges_failure_class_known check (failure_class in ('soft', 'hard', 'limit')),
  constraint subscription_charges_period_complete check (
    (kind = 'ad_hoc') = (period_number is null)
    and (period_number is null) = (period_start is null)
    and (period_number is null) = (period_end is null)
    and (period_number is null) = (plan_id is null)
    and (period_number is null) = (plan_amount is null)
    and (period_number is null) = (plan_interval is null)
    and (period_number is null) = (plan_interval_count is null)
  ),
  constraint subscription_charges_period_ends_after_start check (period_end > period_start),
  constraint subscription_charges_period_has_subscription check (
    subscription_id is not null or kind in ('start', 'ad_hoc')
  ),
  constraint subscription_charges_ad_hoc_has_request check ((kind = 'ad_hoc') = (request_id is not null)),
  constraint subscription_charges_paid_has_order check (
    (status = 'paid') = (paid_at is not null) and (paid_at is null or order_id is not null)
  ),
  constraint subscription_charges_declined_has_time check (status <> 'declined' or first_declined_at is not null),
  constraint subscription_charges_next_attempt_when_declined check (next_attempt_at is null or status = 'declined'),
  constraint subscription_charges_refund_within_amount check (refund_due between 1 and amount),
  -- A promise is kept by a cancel that is written with it, so that no crash comes between.
  constraint subscription_charges_refund_is_begun check ((refund_due is null) = (refund_operation_id is null)),
  constraint subscription_charges_upgrade_has_earlier_terms check (
    (kind = 'upgrade') = (earlier_plan_id is not null) and (kind = 'upgrade') = (earlier_amount is not null)
  ),
  constraint subscription_charges_covered_by_known check (covered_by in ('agreed', 'consent', 'not_required')),
  constraint subscription_charges_covered_by_consent check (
    coalesce(covered_by = 'consent', false) = (consent_id is not null)
  ),
  constraint subscription_charges_renewal_is_covered check (
    case when kind = 'renewal' then status = 'void' or covered_by is not null else covered_by is null end
  ),
  constraint subscription_charges_undone_was_paid check (undone_at is null or (kind = 'upgrade' and status = 'paid'))
);

alter table public.subscription_charges enable row level security;

comment on table public.subscription_charges is 'One row per amount that is charged to a billing key. Every attempt is an order of its own.';
comment on column public.subscription_charges.kind is 'start: the first period, before the subscription exists. renewal: a later period. upgrade: the difference to a dearer plan. ad_hoc: an amount the shop names.';
comment on column public.subscription_charges.subscription_id is 'Null for ad_hoc, and for a start until it is paid.';
comment on column public.subscription_charges.user_id is
  'auth.users.id; no foreign key, so that the row stays when the account goes. Personal: id; kept.';
comment on column public.subscription_charges.billing_method_id is 'What the last attempt was charged to; null when there was nothing to charge.';
comment on column public.subscription_charges.plan_amount is 'Price of a whole period as agreed; the amount of an upgrade is only the difference.';
comment on column public.subscription_charges.period_number is 'Counted from 0 through the whole life of a subscription; an upgrade carries the number of the period it happens in.';
comment on column public.subscription_charges.period_start is 'From when the amount pays: the start of the period, or the moment of the upgrade. A start gets its period anew when its payment is recorded.';
comment on column public.subscription_charges.request_id is 'The shop''s idempotency token of an ad hoc charge.';
comment on column public.subscription_charges.status is 'processing: at Toss. unknown: no proof yet. declined: refused; tried again at next_attempt_at if that is set. void: never charged, because its period was missed.';
comment on column public.subscription_charges.attempt is 'How many orders have been made for it.';
comment on column public.subscription_charges.order_id is 'The order of the last attempt, or of the one that was paid.';
comment on column public.subscription_charges.attempted_at is 'As of which time the last attempt was made; dunning counts with it.';
comment on column public.subscription_charges.first_declined_at is 'From when the days of DUNNING_SCHEDULE_DAYS count.';
comment on column public.subscription_charges.failure_code is 'Toss''s code of the last refusal, or NO_BILLING_METHOD, MISSED_PERIOD, CHARGE_TIMEOUT (nobody waits for it any more).';
comment on column public.subscription_charges.failure_class is 'soft: tried again. limit: after midnight in Seoul. hard: another billing method is needed.';
comment on column public.subscription_charges.refund_due is 'What was promised back when the subscription was cancelled at once.';
comment on column public.subscription_charges.refund_operation_id is 'The cancel that keeps the promise of refund_due, begun in the same transaction; the last one when Toss refused an earlier one.';
comment on column public.subscription_charges.earlier_plan_id is 'Of an upgrade: the plan that its refund leads back to.';
comment on column public.subscription_charges.earlier_amount is 'Of an upgrade: the price of that plan as agreed.';
comment on column public.subscription_charges.covered_by is
  'Why a renewal may be charged: agreed (not above the price its subscriber pays already), consent (the row in consent_id), not_required (plans.consent). Filled by a trigger that refuses any other.';
comment on column public.subscription_charges.consent_id is
  'The consent without which this amount could not be charged.';
comment on column public.subscription_charges.undone_at is 'Since when the plan of a refunded upgrade no longer applies.';
comment on column public.subscription_charges.order_name is
  'What Toss and the buyer read; of an ad hoc charge the shop''s own words. Personal: free text; erased.';
comment on column public.subscription_charges.failure_message is
  'Toss''s words for failure_code. Personal: error text; erased.';

-- The heart of it: a period is charged by one row, whoever charges it.
create unique index subscription_charges_one_per_period on public.subscription_charges (subscription_id, period_number)
  where kind in ('start', 'renewal');
create unique index subscription_charges_one_per_request on public.subscription_charges (user_id, request_id)
  where kind = 'ad_hoc';
create unique index subscription_charges_one_open_start on public.subscription_charges (user_id, plan_id)
  where kind = 'start' and status in ('pending', 'processing', 'unknown');
create unique index subscription_charges_one_open on public.subscription_charges (subscription_id)
  where status in ('pending', 'processing', 'unknown');
create index subscription_charges_subscription_id on public.subscription_charges (subscription_id, period_start desc);
create index subscription_charges_user_id on public.subscription_charges (user_id, created_at desc);
create index subscription_charges_order_id on public.subscription_charges (order_id);
create index subscription_charges_refund_operation_id on public.subscription_charges (refund_operation_id)
  where refund_operation_id is not null;
create index subscription_charges_consent_id on public.subscription_charges (consent_id, subscription_id, plan_id, plan_amount) where consent_id is not null;
create index subscription_charges_plan_id on public.subscription_charges (plan_id) where plan_id is not null;
create index subscription_charges_earlier_plan_id on public.subscription_charges (earlier_plan_id)
  where earlier_plan_id is not null;
create index subscription_charges_billing_method_id on public.subscription_charges (billing_method_id)
  where billing_method_id is not null;

create policy "users read their own charges"
  on public.subscription_charges for select to authenticated
  using ((select auth.uid()) = user_id);

alter table public.orders add constraint orders_subscription_charge_id_fkey foreign key (subscription_charge_id) references public.subscription_charges (id);

alter table public.operations add constraint operations_charge_id_fkey foreign key (charge_id) references public.subscription_charges (id);

alter table public.entitlements add constraint entitlements_charge_id_fkey foreign key (charge_id) references public.subscription_charges (id);

create view public.user_plans
with (security_invoker = true)
as
select distinct on (u.user_id, u.plan)
  u.user_id,
  u.plan,
  u.status,
  u.next_billing_date
from (
  select
    s.user_id,
    s.plan_id as plan,
    case
      when s.cancel_at_period_end and s.access_ends_at <= toss_private.clock_now() then 'canceled'
      when s.status <> 'past_due' then s.status
      -- While Toss is asked, nobody knows that the grace was in vain. A debt that a new card is about to be charged for
      -- revives nothing yet when its access was withdrawn.
      when s.access_ends_at > toss_private.clock_now()
        or exists (
          select 1 from public.entitlements as e
          where e.subscription_id = s.id and e.revoked_at is null and e.ends_at >= s.next_charge_at
        )
        or exists (
          select 1 from public.subscription_charges as c
          where c.subscription_id = s.id and c.status in ('pending', 'processing', 'unknown')
        ) then 'past_due'
      else 'expired'
    end as status,
    s.next_charge_at as next_billing_date,
    coalesce(s.ended_at, 'infinity') as until
  from public.subscriptions as s
  union all
  select
    e.user_id,
    e.plan_id,
    case
      when e.revoked_at is not null then 'canceled'
      when toss_private.clock_now() < e.starts_at then 'scheduled'
      when toss_private.clock_now() < e.ends_at then 'active'
      else 'expired'
    end,
    null::timestamptz,
    e.ends_at
  from public.entitlements as e
  where e.source = 'order'
) as u
order by
  u.user_id,
  u.plan,
  (u.status in ('active', 'trialing', 'past_due')) desc,
  u.until desc;

comment on view public.user_plans is 'One row per user and plan: what to check before showing a paid feature.';
comment on column public.user_plans.plan is 'plans.id';
comment on column public.user_plans.status is
  'active, trialing, past_due (charged without success, access lasts through the grace), scheduled (a pass), expired or canceled.';
comment on column public.user_plans.next_billing_date is
  'When the plan is charged next; null for a one-time pass, after notice, and while nothing is charged by itself.';

create function toss_private.follow_charge()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  update public.subscription_charges as c
  set status = case new.state when 'started' then 'processing' else 'unknown' end
  -- An older attempt may have turned out to be paid while this one was on its way.
  where c.id = new.charge_id and c.status <> 'paid';
  return null;
end;
$$;

comment on function toss_private.follow_charge() is
  'Trigger: while the operation of a charge is open, the charge says whether Toss has been heard of. Its end is written by settle_charge and decline_charge.';

create trigger operations_charge_opened
  after insert on public.operations
  for each row when (new.charge_id is not null and new.state in ('started', 'unknown'))
  execute function toss_private.follow_charge();

create trigger operations_charge_moved
  after update of state on public.operations
  for each row when (
    new.charge_id is not null and new.state in ('started', 'unknown') and new.state is distinct from old.state
  )
  execute function toss_private.follow_charge();

create function toss_private.charge_view(viewed_charge_id uuid)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select jsonb_build_object(
      'chargeId', c.id,
      'chargeKind', c.kind,
      'subscriptionId', c.subscription_id,
      'subscription', case when s.id is not null then toss_private.subscription_view(s) end,
      'status', c.status,
      'amount', c.amount,
      'currency', c.currency,
      'attempt', c.attempt,
      'orderId', c.order_id,
      'paymentKey', o.payment_key,
      'nextAttemptAt', c.next_attempt_at,
      'failureCode', c.failure_code,
      'failureMessage', c.failure_message
    )
    from public.subscription_charges as c
    left join public.subscriptions as s on s.id = c.subscription_id
    left join public.orders as o on o.id = c.order_id
    where c.id = viewed_charge_id
  );
end;
$$;

comment on function toss_private.charge_view(uuid) is 'How a charge stands, for the answer to whoever asked for it.';

create function toss_private.write_charge_event(happened text, concerned public.subscription_charges)
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  perform toss_private.write_outbox_event(jsonb_build_object(
    'eventType', case
      when concerned.kind = 'ad_hoc' then 'charge.' || happened else 'subscription.payment_' || happened end,
    'subject', coalesce(concerned.subscription_id, concerned.id),
    'payload', jsonb_build_object(
      'chargeId', concerned.id, 'kind', concerned.kind, 'subscriptionId', concerned.subscription_id,
      'userId', concerned.user_id, 'planId', concerned.plan_id, 'orderId', concerned.order_id,
      'amount', concerned.amount, 'currency', concerned.currency, 'attempt', concerned.attempt,
      'periodStart', concerned.period_start, 'periodEnd', concerned.period_end,
      'nextAttemptAt', concerned.next_attempt_at, 'failureCode', concerned.failure_code,
      'failureClass', concerned.failure_class
    )
  ));
end;
$$;

comment on function toss_private.write_charge_event(text, public.subscription_charges) is
  'Adds subscription.payment_<happened>, for an ad hoc charge charge.<happened>, to outbox_events.';
