-- Cards and accounts for billing, subscriptions, and the calendar of their periods.

create table public.billing_methods (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null,
  method text not null,
  card_issuer_code text,
  card_number_masked text,
  status text not null default 'active',
  created_at timestamptz not null default now(),
  deleted_at timestamptz,
  card_type text,
  bank_name text,
  account_number_masked text,
  toss_keys text not null default 'main',
  toss_client_key text,
  constraint billing_methods_toss_client_key_length check (char_length(toss_client_key) between 1 and 200),
  constraint billing_methods_toss_keys_known check (toss_keys in ('main', 'billing')),
  constraint billing_methods_method_known check (method in ('CARD', 'TRANSFER')),
  constraint billing_methods_card_issuer_code_length check (char_length(card_issuer_code) <= 10),
  constraint billing_methods_card_number_masked check (
    card_number_masked ~ '\*' and char_length(card_number_masked) <= 20
  ),
  constraint billing_methods_status_known check (status in ('active', 'deleted')),
  constraint billing_methods_deleted_has_time check ((status = 'deleted') = (deleted_at is not null)),
  constraint billing_methods_card_type_length check (char_length(card_type) between 1 and 20),
  constraint billing_methods_bank_name_length check (char_length(bank_name) between 1 and 50),
  constraint billing_methods_account_number_masked check (
    account_number_masked ~ '\*' and char_length(account_number_masked) <= 30
  ),
  constraint billing_methods_shows_what_it_is check (case method
    when 'CARD' then num_nonnulls(bank_name, account_number_masked) = 0
    else num_nonnulls(card_issuer_code, card_number_masked, card_type) = 0 end)
);

alter table public.billing_methods enable row level security;

comment on table public.billing_methods is 'One row per billing key that Toss issued. A deleted one stays, because charges refer to it.';
comment on column public.billing_methods.user_id is
  'auth.users.id; no foreign key, so that the row stays when the account goes. Personal: id; kept.';
comment on column public.billing_methods.method is 'CARD, or TRANSFER for a bank account (퀵계좌이체).';
comment on column public.billing_methods.card_number_masked is
  'As Toss masks it; a number without a star is refused. Personal: card; erased.';
comment on column public.billing_methods.bank_name is 'As Toss names the bank of an account.';
comment on column public.billing_methods.account_number_masked is
  'As Toss masks it; a number without a star is refused. Personal: account; erased.';
comment on column public.billing_methods.deleted_at is 'When the key ceased to work: by the user, by us, or because Toss said so.';
comment on column public.billing_methods.toss_keys is
  'The key pair that its key was issued with: main or billing (TOSS_BILLING_*). It is charged and removed with no other.';
comment on column public.billing_methods.toss_client_key is 'The client key of that pair when the card was registered.';
comment on column public.billing_methods.card_type is 'Toss''s word for it: 신용, 체크, 기프트, 미확인.';

create index billing_methods_user_id on public.billing_methods (user_id, created_at desc);

create policy "users read their own billing methods"
  on public.billing_methods for select to authenticated
  using ((select auth.uid()) = user_id);

alter table public.operations add constraint operations_billing_method_id_fkey foreign key (billing_method_id) references public.billing_methods (id);

create table public.subscriptions (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null,
  plan_id text not null references public.plans (id),
  billing_method_id uuid references public.billing_methods (id),
  status text not null,
  current_period_start timestamptz not null,
  current_period_end timestamptz not null,
  next_charge_at timestamptz,
  cancel_at_period_end boolean not null default false,
  needs_payment_method boolean not null default false,
  canceled_at timestamptz,
  ended_at timestamptz,
  created_at timestamptz not null default now(),
  anchor timestamptz not null,
  anchor_period integer not null default 0,
  period_number integer not null,
  amount bigint not null,
  currency text not null,
  interval text not null,
  interval_count integer not null,
  next_plan_id text references public.plans (id),
  next_amount bigint,
  next_interval text,
  next_interval_count integer,
  access_ends_at timestamptz,
  remind_at timestamptz,
  end_reason text,
  plan_group text,
  consent_ask_at timestamptz,
  constraint subscriptions_status_known check (status in ('trialing', 'active', 'past_due', 'canceled')),
  constraint subscriptions_period_ends_after_start check (current_period_end > current_period_start),
  constraint subscriptions_amount_range check (amount between 0 and 9007199254740991),
  constraint subscriptions_currency_code check (currency ~ '^[A-Z]{3}$'),
  constraint subscriptions_interval_known check (interval in ('day', 'week', 'month', 'year')),
  constraint subscriptions_interval_count_range check (interval_count between 1 and 1000),
  constraint subscriptions_period_number_range check (period_number >= -1),
  constraint subscriptions_trial_is_before_period_0 check (status <> 'trialing' or period_number = -1),
  constraint subscriptions_next_plan_complete check (
    (next_plan_id is null) = (next_amount is null)
    and (next_plan_id is null) = (next_interval is null)
    and (next_plan_id is null) = (next_interval_count is null)
  ),
  constraint subscriptions_canceled_is_over check (
    status <> 'canceled'
    or (ended_at is not null and next_charge_at is null and remind_at is null and access_ends_at is null)
  ),
  constraint subscriptions_live_has_not_ended check (status = 'canceled' or ended_at is null),
  constraint subscriptions_notice_has_end check (
    status = 'canceled' or not cancel_at_period_end
    or (access_ends_at is not null and next_charge_at is null and canceled_at is not null)
  ),
  -- Either notice was given or a debt has its grace; anything else could not be ended when its time comes.
  constraint subscriptions_access_end_has_cause check (
    access_ends_at is null or cancel_at_period_end = (status <> 'past_due')
  ),
  constraint subscriptions_end_reason_length check (char_length(end_reason) between 1 and 50)
);

alter table public.subscriptions enable row level security;

comment on table public.subscriptions is 'One row per subscription. Status moves only inside SQL functions.';
comment on column public.subscriptions.user_id is
  'auth.users.id; no foreign key, so that the row stays when the account goes. Personal: id; kept.';
comment on column public.subscriptions.billing_method_id is 'What the next period is charged to.';
comment on column public.subscriptions.current_period_end is 'Exclusive, counted from the anchor in Asia/Seoul.';
comment on column public.subscriptions.next_charge_at is 'When the next charge is due; null when none will be made.';
comment on column public.subscriptions.cancel_at_period_end is 'The user gave notice: access lasts to the end of the period and is not charged again.';
comment on column public.subscriptions.needs_payment_method is 'The billing method no longer works: ask the user for another one before the next charge.';
comment on column public.subscriptions.canceled_at is 'When notice was given.';
comment on column public.subscriptions.ended_at is 'When access ended.';
comment on column public.subscriptions.anchor is 'The start, or the end of the trial; moves when a plan of another interval begins. Every boundary is counted from it.';
comment on column public.subscriptions.anchor_period is 'The number of the period that begins at the anchor.';
comment on column public.subscriptions.period_number is 'The current period; -1 while trialing.';
comment on column public.subscriptions.amount is 'Price of a period as agreed, minor unit; a later change of the plan does not reach it.';
comment on column public.subscriptions.interval is 'As agreed, like interval_count.';
comment on column public.subscriptions.next_plan_id is 'The plan from the next period on, with the terms agreed when it was chosen.';
comment on column public.subscriptions.access_ends_at is 'When access ends if nothing happens: after notice, or when no billing method works.';
comment on column public.subscriptions.remind_at is 'When the next reminder is due; null when none is, or after it was written.';
comment on column public.subscriptions.end_reason is 'Why it ended: canceled (by its user or the shop), dunning, refunded, user_deleted, consent_missing, consent_refused; of every ended one, see toss_private.subscription_transitions.';
comment on column public.subscriptions.consent_ask_at is
  'When its subscriber is to be asked for consent; null when nothing is to be asked, or was asked.';
comment on column public.subscriptions.plan_group is
  'plans.plan_group of its plan. Null also when the shop made the group after its user had two of it.';

-- A user subscribes to a plan once at a time.
create unique index subscriptions_one_live_per_plan on public.subscriptions (user_id, plan_id)
  where status <> 'canceled';
create index subscriptions_user_id on public.subscriptions (user_id, created_at desc);
create index subscriptions_plan_id on public.subscriptions (plan_id);
create index subscriptions_billing_method_id on public.subscriptions (billing_method_id)
  where billing_method_id is not null;
create index subscriptions_next_charge_at on public.subscriptions (next_charge_at)
  where status <> 'canceled';
-- Plans that exclude each other: a user subscribes to one of a group at a time.
create unique index subscriptions_one_live_per_group on public.subscriptions (user_id, plan_group)
  where status <> 'canceled' and plan_group is not null;
create index subscriptions_access_ends_at on public.subscriptions (access_ends_at) where access_ends_at is not null;
create index subscriptions_consent_ask_at on public.subscriptions (consent_ask_at) where consent_ask_at is not null;
create index subscriptions_remind_at on public.subscriptions (remind_at) where remind_at is not null;
create index subscriptions_next_plan_id on public.subscriptions (next_plan_id) where next_plan_id is not null;
create index subscriptions_ended_for_gone_users on public.subscriptions (ended_at)
  where end_reason = 'user_deleted';

create policy "users read their own subscriptions"
  on public.subscriptions for select to authenticated
  using ((select auth.uid()) = user_id);

alter table public.entitlements add constraint entitlements_subscription_id_fkey foreign key (subscription_id) references public.subscriptions (id);

-- Both lists are read once a query, not once a row.
create policy "users read active plans and those they pay for"
  on public.plans for select to authenticated
  using (
    active
    or id in (
      select unnest(array[s.plan_id, s.next_plan_id]) from public.subscriptions as s
      where s.user_id = (select auth.uid()) and s.status <> 'canceled'
    )
    or id in (
      select e.plan_id from public.entitlements as e
      where e.user_id = (select auth.uid()) and e.revoked_at is null and e.ends_at > (select toss_private.clock_now())
    )
  );
