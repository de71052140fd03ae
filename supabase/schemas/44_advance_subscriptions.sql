-- What time does to subscriptions: ends, free periods, reminders.

create function toss_private.end_due_subscriptions(as_of timestamptz, request jsonb)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  audit constant jsonb := jsonb_build_object('source', 'billing', 'requestId', request ->> 'requestId');
  due public.subscriptions;
  ended integer := 0;
begin
  for due in
    select s.* from public.subscriptions as s
    where s.access_ends_at <= as_of
    order by s.access_ends_at
    limit (request ->> 'limit')::integer
    for no key update skip locked
  loop
    if not due.cancel_at_period_end and toss_private.is_gone(due.user_id) then
      perform toss_private.end_for_gone_user(due, request);
    elsif due.cancel_at_period_end then
      due.ended_at := due.access_ends_at;
      due := toss_private.move_subscription(due, 'notice_ended', audit);
      perform toss_private.end_access(due.id, due.ended_at);
      perform toss_private.write_subscription_event('canceled', due, jsonb_build_object(
        'reason', 'notice', 'endedAt', due.ended_at
      ));
    else
      perform toss_private.finish_dunning(due, due.access_ends_at, request -> 'dunning' ->> 'finalAction', audit);
    end if;
    ended := ended + 1;
  end loop;
  return ended;
end;
$$;

comment on function toss_private.end_due_subscriptions(timestamptz, jsonb) is
  'Ends those whose notice has run out, and those whose grace has without a working billing method.';

create function toss_private.prolong_credit(as_of timestamptz, request jsonb)
returns void
language plpgsql
set search_path = ''
as $$
declare
  open_charge public.subscription_charges;
begin
  for open_charge in
    select c.*
    from public.subscription_charges as c
    join public.subscriptions as s on s.id = c.subscription_id
    join public.entitlements as e on e.charge_id = c.id
    where c.status in ('pending', 'processing', 'unknown') and c.kind = 'renewal' and e.revoked_at is null
      -- A week before its end, so that access does not hang on the next run.
      and e.ends_at < as_of + interval '168 hours'
    limit (request ->> 'limit')::integer
    -- Whoever holds one of them is about to end the charge.
    for no key update of c, s skip locked
  loop
    perform toss_private.grant_period(open_charge, toss_private.credit_end(as_of));
  end loop;
  -- The renewal waits for an upgrade that is open; what there is access to until then is the plan before it.
  for open_charge in
    select c.*
    from public.subscription_charges as c
    join public.subscriptions as s on s.id = c.subscription_id
    where c.status in ('pending', 'processing', 'unknown') and c.kind = 'upgrade'
      and c.period_end < as_of + interval '168 hours'
    limit (request ->> 'limit')::integer
    for no key update of c, s skip locked
  loop
    update public.entitlements as e set ends_at = toss_private.credit_end(as_of)
    where e.subscription_id = open_charge.subscription_id and e.revoked_at is null
      and e.ends_at >= open_charge.period_end and e.ends_at < as_of + interval '168 hours';
  end loop;
end;
$$;

comment on function toss_private.prolong_credit(timestamptz, jsonb) is
  'While the answer to a charge is not known there is access, also past the end of its period; while an upgrade is open, to the plan before it.';

create function toss_private.remind_due_subscriptions(as_of timestamptz, request jsonb)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  due public.subscriptions;
  next_price record;
  reminded integer := 0;
begin
  for due in
    select s.* from public.subscriptions as s
    where s.remind_at <= as_of
    order by s.remind_at
    limit (request ->> 'limit')::integer
    for no key update skip locked
  loop
    update public.subscriptions as s set remind_at = null where s.id = due.id;
    -- After an outage a reminder of what is being charged already would only confuse; who is gone is not charged.
    continue when due.next_charge_at <= as_of or toss_private.is_gone(due.user_id);
    select * into next_price from toss_private.next_price(due, due.next_charge_at);
    perform toss_private.write_subscription_event(
      case due.status when 'trialing' then 'trial_ending' else 'renewal_upcoming' end, due,
      jsonb_build_object(
        'chargeAt', due.next_charge_at, 'amount', coalesce(due.next_amount, next_price.amount), 'currency', due.currency,
        'nextPlanId', due.next_plan_id, 'needsPaymentMethod', due.needs_payment_method,
        -- Without it nothing is charged, or not this much.
        'awaitsConsent', due.next_plan_id is null and next_price.needs_consent and next_price.consent_id is null
      )
    );
    reminded := reminded + 1;
  end loop;
  return reminded;
end;
$$;

comment on function toss_private.remind_due_subscriptions(timestamptz, jsonb) is
  'Announces charges that come near, once a period.';

create function public.advance_subscriptions(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  as_of constant timestamptz := coalesce((request ->> 'asOf')::timestamptz, toss_private.clock_now());
  ended constant integer := toss_private.end_gone_users(request) + toss_private.end_due_subscriptions(as_of, request);
  -- First who is asked: a reminder of a charge that needs consent would only confuse.
  repriced constant integer := toss_private.apply_repricings(as_of, request);
  asked constant integer := toss_private.ask_consents(as_of, request);
  reminded constant integer := toss_private.remind_of_consents(as_of, request)
    + toss_private.remind_due_subscriptions(as_of, request);
begin
  perform toss_private.prolong_credit(as_of, request);
  return jsonb_build_object(
    'ended', ended, 'reminded', reminded, 'asked', asked, 'repriced', repriced,
    'remaining', (
      select count(*) from (
        select 1 from public.subscriptions as s where s.consent_ask_at <= as_of limit 1000
      ) as a
    ) + (
      select count(*) from (
        select 1 from public.subscriptions as s where s.access_ends_at <= as_of limit 1000
      ) as e
    ) + (
      select count(*) from (
        select 1 from public.subscriptions as s where s.remind_at <= as_of limit 1000
      ) as r
    )
  );
end;
$$;

comment on function public.advance_subscriptions(jsonb) is
  'Ends subscriptions whose user is gone and what has run out, asks for consent, announces charges, and prolongs the access of those that are open, up to `limit` each. Keys: limit, asOf, dunning {finalAction}, requestId. Answers ended, asked, reminded, repriced, remaining.';
