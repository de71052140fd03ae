-- Consent to be charged after a trial, and to be charged more: what was asked, what was said, and what it covers.

create table public.subscription_consents (
  id uuid primary key default gen_random_uuid(),
  subscription_id uuid not null references public.subscriptions (id),
  user_id uuid not null,
  kind text not null,
  plan_id text not null references public.plans (id),
  amount_before bigint not null,
  amount_after bigint not null,
  currency text not null,
  effective_at timestamptz not null,
  method text,
  method_number text,
  asked_at timestamptz not null,
  opens_at timestamptz not null,
  text_version text not null,
  decided_at timestamptz,
  decision text,
  source text,
  reminded_at timestamptz,
  link_used_at timestamptz,
  closed_at timestamptz,
  voided_at timestamptz,
  constraint subscription_consents_kind_known check (kind in ('trial_conversion', 'price_rise')),
  constraint subscription_consents_amount_rises check (amount_before >= 0 and amount_after > amount_before),
  constraint subscription_consents_currency_code check (currency ~ '^[A-Z]{3}$'),
  constraint subscription_consents_method_known check (method in ('CARD', 'TRANSFER')),
  constraint subscription_consents_method_number_masked check (
    method_number ~ '\*' and char_length(method_number) <= 30
  ),
  constraint subscription_consents_opens_before_its_date check (opens_at < effective_at),
  constraint subscription_consents_decision_known check (decision in ('given', 'refused', 'lapsed')),
  constraint subscription_consents_decided_complete check (
    (decision is null) = (decided_at is null) and (decision is null) = (source is null)
  ),
  constraint subscription_consents_source_known check (source in ('subscription', 'link', 'shop', 'billing')),
  -- Silence is no consent: it ends by itself, and nobody answers in its place.
  constraint subscription_consents_lapse_is_ours check ((decision = 'lapsed') = (source = 'billing')),
  -- The law's window: within the 30 days before.
  constraint subscription_consents_decided_in_window check (
    decision is null or decision = 'lapsed' or (decided_at >= opens_at and decided_at < effective_at)
  ),
  constraint subscription_consents_window_is_30_days check (opens_at >= effective_at - interval '720 hours'),
  constraint subscription_consents_covers unique (id, subscription_id, plan_id, amount_after)
);

alter table public.subscription_consents enable row level security;

comment on table public.subscription_consents is
  'What subscribers were asked before a free period became paid or a price rose, and what they said. What was asked never changes; every decision is a line of payment_events, too.';
comment on column public.subscription_consents.kind is 'trial_conversion: the first charge after a trial. price_rise: a higher price of a period.';
comment on column public.subscription_consents.amount_before is 'Price of a period before, in won; 0 of a trial.';
comment on column public.subscription_consents.amount_after is 'Price of a period from effective_at on, in won.';
comment on column public.subscription_consents.effective_at is 'When it is charged first. Without consent until then plans.without_consent decides.';
comment on column public.subscription_consents.method is 'CARD or TRANSFER as shown; null when there was none that works.';
comment on column public.subscription_consents.method_number is 'The masked number of the card or account as shown.';
comment on column public.subscription_consents.opens_at is 'From when on it can be decided: 30 days before effective_at, or the start of a shorter trial.';
comment on column public.subscription_consents.text_version is 'Which text was shown; docs/consent.md.';
comment on column public.subscription_consents.decided_at is 'Of the last decision; earlier ones stand in payment_events (consent_decided).';
comment on column public.subscription_consents.decision is 'given, refused, or lapsed (nobody said anything until effective_at). Null: open.';
comment on column public.subscription_consents.source is
  'Who decided: subscription (its user, signed in), link (of a notice), shop (with the secret key), billing (lapsed).';
comment on column public.subscription_consents.reminded_at is 'When it was asked once more.';
comment on column public.subscription_consents.link_used_at is 'When the link of its notices was used, which works once.';
comment on column public.subscription_consents.closed_at is 'When its date had come: charged, ended, or kept at the old price.';
comment on column public.subscription_consents.voided_at is 'Since when plan, price or date are others than those asked about; it is asked again.';

create index subscription_consents_subscription_id on public.subscription_consents (subscription_id, asked_at desc);
create index subscription_consents_user_id on public.subscription_consents (user_id, asked_at desc);
create index subscription_consents_plan_id on public.subscription_consents (plan_id);
-- One question at a time.
create unique index subscription_consents_one_live on public.subscription_consents (subscription_id)
  where voided_at is null and closed_at is null;
create index subscription_consents_undecided on public.subscription_consents (effective_at)
  where decision is null and voided_at is null and closed_at is null;

create policy "users read their own consents"
  on public.subscription_consents for select to authenticated
  using ((select auth.uid()) = user_id);

-- A charge points at a consent to this plan at this price, or at none.
alter table public.subscription_charges add constraint subscription_charges_consent_fkey foreign key (consent_id, subscription_id, plan_id, plan_amount) references public.subscription_consents (id, subscription_id, plan_id, amount_after);

create function toss_private.keep_consent()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if tg_op = 'DELETE' or (
    old.id, old.subscription_id, old.user_id, old.kind, old.plan_id, old.amount_before, old.amount_after, old.currency,
    old.effective_at, old.asked_at, old.opens_at, old.text_version
  ) is distinct from (
    new.id, new.subscription_id, new.user_id, new.kind, new.plan_id, new.amount_before, new.amount_after, new.currency,
    new.effective_at, new.asked_at, new.opens_at, new.text_version
  ) or (old.method, old.method_number) is distinct from (new.method, new.method_number)
  then
    raise exception 'what was asked in subscription_consents is kept as it was' using errcode = 'insufficient_privilege';
  end if;
  if (old.decision, old.decided_at, old.source) is distinct from (new.decision, new.decided_at, new.source)
    and (old.closed_at is not null or old.voided_at is not null or new.decision is null or exists (
      select 1 from public.subscription_charges as c where c.consent_id = old.id
    ))
  then
    raise exception 'consent % is decided for good', old.id
      using errcode = 'check_violation', constraint = 'subscription_consents_decided_for_good';
  end if;
  if old.voided_at is distinct from new.voided_at and exists (
    select 1 from public.subscription_charges as c where c.consent_id = old.id
  ) then
    raise exception 'consent % has been charged with', old.id
      using errcode = 'check_violation', constraint = 'subscription_consents_decided_for_good';
  end if;
  return new;
end;
$$;

comment on function toss_private.keep_consent() is
  'Trigger: what was asked never changes, nothing is deleted, and a decision stands once its date has come or a charge was made with it.';

create trigger subscription_consents_kept
  before update or delete on public.subscription_consents
  for each row execute function toss_private.keep_consent();

create trigger subscription_consents_no_truncate
  before truncate on public.subscription_consents
  for each statement execute function toss_private.refuse_change();
