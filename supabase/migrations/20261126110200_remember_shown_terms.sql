-- Purpose: what a user was shown of a plan is what a registration for it charges, or it is refused.
-- Table: private.shown_terms; column: private.billing_issues.plan_terms; functions: private.plan_terms,
-- note_shown_terms, were_other_terms_shown.

create table private.shown_terms (
  user_id uuid not null,
  plan_id text not null references public.plans (id) on delete cascade,
  terms text not null,
  shown_at timestamptz not null,
  primary key (user_id, plan_id)
);

create index shown_terms_plan_id on private.shown_terms (plan_id);
create index shown_terms_shown_at on private.shown_terms (shown_at);

comment on table private.shown_terms is
  'What billing-issue/prepare showed a user of a plan last, for whoever registers without the signed state of the redirect. A day''s worth.';
comment on column private.shown_terms.terms is 'See private.plan_terms.';

alter table private.shown_terms enable row level security;

alter table private.billing_issues add column plan_terms text;
comment on column private.billing_issues.plan_terms is
  'The terms of the plan when the registration began; at others nothing is charged.';

create function private.plan_terms(described public.plans)
returns text
language plpgsql
immutable
set search_path = ''
as $$
begin
  return concat_ws(
    ' ', described.price, described.currency, described.interval_count, described.interval, described.trial_days
  );
end;
$$;

comment on function private.plan_terms(public.plans) is
  'All that decides what a plan costs and when, in one text: to be compared, never read.';
revoke execute on function private.plan_terms(public.plans) from public, anon, authenticated;

create function private.note_shown_terms(shown_user_id uuid, shown_plan_id text)
returns text
language plpgsql
volatile
set search_path = ''
as $$
declare
  present constant timestamptz := private.clock_now();
  noted text;
begin
  -- Anybody's, a few at a time: who never comes back leaves nothing behind.
  delete from private.shown_terms as t
  where (t.user_id, t.plan_id) in (
    select old.user_id, old.plan_id from private.shown_terms as old
    where old.shown_at <= present - interval '1 day'
    order by old.shown_at
    limit 20
    for update skip locked
  );
  insert into private.shown_terms as t (user_id, plan_id, terms, shown_at)
  select shown_user_id, p.id, private.plan_terms(p), present
  from public.plans as p where p.id = shown_plan_id
  on conflict (user_id, plan_id) do update set terms = excluded.terms, shown_at = excluded.shown_at
  returning t.terms into noted;
  return noted;
end;
$$;

comment on function private.note_shown_terms(uuid, text) is
  'Remembers, and answers, the terms of a plan that a user is shown now.';
revoke execute on function private.note_shown_terms(uuid, text) from public, anon, authenticated;

create function private.were_other_terms_shown(asking_id uuid, wanted public.plans, signed_terms text)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
declare
  -- A window that was opened before the plan changed stays at its price, whatever was shown since.
  shown_terms constant text := coalesce(signed_terms, (
    select t.terms from private.shown_terms as t where t.user_id = asking_id and t.plan_id = wanted.id
  ));
begin
  return shown_terms <> private.plan_terms(wanted);
end;
$$;

comment on function private.were_other_terms_shown(uuid, public.plans, text) is
  'Whether a user was shown other terms than the plan has now: those of the signed state, else those of the last prepare. Null when none were shown.';
revoke execute on function private.were_other_terms_shown(uuid, public.plans, text) from public, anon, authenticated;
