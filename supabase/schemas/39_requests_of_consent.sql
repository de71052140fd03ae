-- Consent is asked for when its window opens, once more before its date, and dealt with when it is missing then.

create function toss_private.consent_text_version()
returns text
language plpgsql
immutable
set search_path = ''
as $$
begin
  return '2026-11';
end;
$$;

comment on function toss_private.consent_text_version() is
  'Which of the texts in docs/consent.md is shown; changes with them. The same stands in _shared/consent/texts.ts.';

create function toss_private.write_consent_event(happened text, concerned public.subscription_consents)
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  perform toss_private.write_outbox_event(jsonb_build_object(
    'eventType', 'consent.' || happened, 'subject', concerned.subscription_id,
    'payload', jsonb_build_object(
      'consentId', concerned.id, 'subscriptionId', concerned.subscription_id, 'userId', concerned.user_id,
      'planId', concerned.plan_id, 'kind', concerned.kind, 'amountBefore', concerned.amount_before,
      'amount', concerned.amount_after, 'currency', concerned.currency, 'effectiveAt', concerned.effective_at,
      'opensAt', concerned.opens_at, 'decidedAt', concerned.decided_at, 'source', concerned.source
    )
  ));
end;
$$;

comment on function toss_private.write_consent_event(text, public.subscription_consents) is 'Adds consent.<happened> to outbox_events.';

create function toss_private.decide_consent(
  decided public.subscription_consents, said text, at timestamptz, said_by text, audit jsonb
)
returns public.subscription_consents
language plpgsql
set search_path = ''
as $$
declare
  earlier constant text := decided.decision;
begin
  update public.subscription_consents as k set decision = said, decided_at = at, source = said_by
  where k.id = decided.id
  returning * into decided;
  perform toss_private.write_event(audit || jsonb_build_object(
    'event', 'consent_decided', 'subscriptionId', decided.subscription_id, 'from', earlier, 'to', said,
    'amount', decided.amount_after,
    'detail', jsonb_build_object('consentId', decided.id, 'by', said_by, 'decidedAt', at)
  ));
  perform toss_private.write_consent_event(said, decided);
  return decided;
end;
$$;

comment on function toss_private.decide_consent(public.subscription_consents, text, timestamptz, text, jsonb) is
  'Writes a decision down, in the row, in the audit log and for the outside. The caller holds the subscription and has looked whether it may still be decided.';

create function toss_private.close_consent(concerned public.subscriptions, as_of timestamptz, audit jsonb)
returns text
language plpgsql
set search_path = ''
as $$
declare
  reached public.subscription_consents;
begin
  select * into reached from public.subscription_consents as k
  where k.subscription_id = concerned.id and k.voided_at is null and k.closed_at is null and k.effective_at <= as_of
  for no key update;
  if not found then
    return null;
  end if;
  if reached.decision is null then
    reached := toss_private.decide_consent(reached, 'lapsed', as_of, 'billing', audit);
  end if;
  update public.subscription_consents as k set closed_at = toss_private.clock_now() where k.id = reached.id;
  return reached.decision;
end;
$$;

comment on function toss_private.close_consent(public.subscriptions, timestamptz, jsonb) is
  'The date of a consent has come: what nobody answered has lapsed. Answers the decision, null when nothing was asked.';

create function toss_private.ask_consents(as_of timestamptz, request jsonb)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  due public.subscriptions;
  rise record;
  asked public.subscription_consents;
  count integer := 0;
begin
  for due in
    select s.* from public.subscriptions as s
    where s.consent_ask_at <= as_of
    order by s.consent_ask_at
    limit (request ->> 'limit')::integer
    for no key update skip locked
  loop
    update public.subscriptions as s set consent_ask_at = null where s.id = due.id;
    select * into rise from toss_private.coming_rise(due);
    -- Too late to be asked, or nobody there: the claim decides.
    continue when rise.kind is null or rise.effective_at <= as_of or toss_private.is_gone(due.user_id);
    insert into public.subscription_consents (
      subscription_id, user_id, kind, plan_id, amount_before, amount_after, currency, effective_at, method,
      method_number, asked_at, opens_at, text_version
    )
    select due.id, due.user_id, rise.kind, due.plan_id, rise.amount_before, rise.amount_after, due.currency,
      rise.effective_at, m.method, coalesce(m.card_number_masked, m.account_number_masked), as_of,
      toss_private.consent_window_start(due, rise.effective_at), toss_private.consent_text_version()
    from (select 1) as one
    left join public.billing_methods as m on m.id = due.billing_method_id and not due.needs_payment_method
    returning * into asked;
    perform toss_private.write_consent_event('asked', asked);
    count := count + 1;
  end loop;
  return count;
end;
$$;

comment on function toss_private.ask_consents(timestamptz, jsonb) is
  'Asks whose window has opened; the row and the event are written together.';

create function toss_private.remind_of_consents(as_of timestamptz, request jsonb)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  due public.subscription_consents;
  count integer := 0;
begin
  for due in
    select k.* from public.subscription_consents as k
    where k.decision is null and k.voided_at is null and k.closed_at is null and k.reminded_at is null
      and k.effective_at > as_of and k.effective_at <= as_of + interval '168 hours'
      -- Who was asked within the last week before it is not asked twice.
      and k.asked_at < k.effective_at - interval '168 hours'
    order by k.effective_at
    limit (request ->> 'limit')::integer
    for no key update skip locked
  loop
    update public.subscription_consents as k set reminded_at = as_of where k.id = due.id returning * into due;
    perform toss_private.write_consent_event('reminded', due);
    count := count + 1;
  end loop;
  return count;
end;
$$;

comment on function toss_private.remind_of_consents(timestamptz, jsonb) is 'Asks once more, seven days before the date.';
