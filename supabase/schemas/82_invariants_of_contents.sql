-- Subscriptions compared with the money that was paid for them; and all invariants in one call.

create function toss_private.subscription_content_violations()
returns table (invariant text, subject text, detail text)
language plpgsql
stable
set search_path = ''
as $$
begin
  -- In plpgsql, which plans this once a session. What is looked up row by row goes by an index: not materialized.
  return query
  with live as not materialized (
    select s.* from public.subscriptions as s where s.status <> 'canceled'
  ),
  last_move as (
    select distinct on (v.subscription_id) v.subscription_id, v.detail ->> 'event' as event, v.detail -> 'terms' as terms,
      v.created_at
    from public.payment_events as v
    join live as s on s.id = v.subscription_id
    where v.event = 'subscription_status'
    order by v.subscription_id, v.id desc
  ),
  refused_by_database as (
    select distinct on (v.subscription_id) v.subscription_id, v.event
    from public.payment_events as v
    join live as s on s.id = v.subscription_id
    order by v.subscription_id, v.id desc
  ),
  charge as not materialized (
    select c.*, o.status as order_status
    from live as s
    join public.subscription_charges as c on c.subscription_id = s.id
    left join public.orders as o on o.id = c.order_id
  ),
  open_charge as not materialized (
    select c.* from charge as c where c.status in ('pending', 'processing', 'unknown')
  ),
  -- The charge that its subscription waits for; one at most.
  owed as not materialized (
    select c.* from charge as c
    join live as s on s.id = c.subscription_id
    where c.kind = 'renewal' and c.status in ('pending', 'processing', 'unknown', 'declined')
      and c.period_number > s.period_number
  ),
  last_decline as not materialized (
    select distinct on (w.id) w.id as charge_id,
      to_timestamp((v.detail ->> 'declinedSince')::double precision) as declined_since,
      to_timestamp((v.detail ->> 'accessEndsAt')::double precision) as access_ends_at,
      v.detail -> 'chargeTerms' as terms
    from owed as w
    join public.payment_events as v on v.subscription_id = w.subscription_id and v.event = 'subscription_status'
      and v.detail ->> 'event' = 'charge_declined' and v.detail ->> 'chargeId' = w.id::text
    order by w.id, v.id desc
  ),
  paid_period as not materialized (
    select distinct on (c.subscription_id) c.*
    from charge as c
    where c.kind in ('start', 'renewal') and c.status = 'paid'
    order by c.subscription_id, c.period_number desc
  ),
  -- The latest payment of the current period that has not gone back; what paid for nothing has no access.
  payment_in_force as not materialized (
    select distinct on (c.subscription_id) c.*
    from charge as c
    join paid_period as p on p.subscription_id = c.subscription_id and p.period_number = c.period_number
    join public.entitlements as e on e.charge_id = c.id
    where c.status = 'paid' and c.order_status in ('paid', 'partially_refunded')
    order by c.subscription_id, c.period_start desc, c.created_at desc
  ),
  access as not materialized (
    select e.*, c.kind as charge_kind, c.user_id as charged_user_id, c.plan_id as charged_plan_id, c.status as charge_status,
      c.paid_at as charge_paid_at, c.period_number as charged_period, c.period_start as charged_from, c.period_end as charged_until,
      c.subscription_id as charged_subscription_id
    from live as s
    join public.entitlements as e on e.subscription_id = s.id and e.revoked_at is null
    left join public.subscription_charges as c on c.id = e.charge_id
  )

  select 'subscription_terms_are_explained', s.id::text,
    format('subscription has %s, the audit log says %s', toss_private.subscription_terms(s), m.terms)
  from public.subscriptions as s
  -- One that was brought in from another system has no line before its first move.
  join last_move as m on m.subscription_id = s.id and m.terms is not null
  where m.terms <> toss_private.subscription_terms(s)

  union all
  select 'subscription_is_in_its_paid_period', s.id::text,
    format('period %s of user %s from %s to %s, paid in %s is period %s of user %s from %s to %s', s.period_number,
      s.user_id, s.current_period_start, s.current_period_end, p.currency, p.period_number, p.user_id, p.period_start,
      p.period_end)
  from live as s
  join paid_period as p on p.subscription_id = s.id
  where (s.period_number, s.user_id, s.current_period_start, s.current_period_end, s.currency)
    is distinct from (p.period_number, p.user_id, p.period_start, p.period_end, p.currency)

  union all
  select 'subscription_period_is_counted_from_its_anchor', s.id::text,
    format('period %s ends at %s, counted it ends at %s', s.period_number, s.current_period_end,
      toss_private.boundary(s, s.period_number + 1))
  from public.subscriptions as s
  where s.status <> 'canceled' and s.current_period_end <> toss_private.boundary(s, s.period_number + 1)

  union all
  select 'subscription_has_the_terms_it_pays', s.id::text,
    format('subscription has plan %s for %s, charged is plan %s for %s', s.plan_id, s.amount, t.plan_id, t.plan_amount)
  from live as s
  join lateral (
    select w.* from owed as w where w.subscription_id = s.id
    union all
    select f.* from payment_in_force as f
    where f.subscription_id = s.id and not exists (select 1 from owed as w where w.subscription_id = s.id)
  ) as t on true
  where (s.plan_id, s.amount, s.interval, s.interval_count)
      is distinct from (t.plan_id, t.plan_amount, t.plan_interval, t.plan_interval_count)
    -- A planned price holds once a period is paid at it; until then its charge is ahead of the subscription.
    and not (
      t.status <> 'paid'
      and (s.plan_id, s.interval, s.interval_count) = (t.plan_id, t.plan_interval, t.plan_interval_count)
      and exists (
        select 1 from toss_private.price_steps as p
        where p.subscription_id = s.id and p.plan_id = s.plan_id and p.amount = t.plan_amount and p.from_at <= t.period_start
      )
    )
    and (t.status <> 'paid' or not (
      -- A difference too small to charge, or a plan that begins with a period that was missed.
      exists (
        select 1 from public.payment_events as v
        where v.subscription_id = s.id and v.event = 'subscription_status' and v.detail ->> 'event' = 'plan_changed'
          and v.detail ->> 'planId' = s.plan_id and v.amount = s.amount and v.created_at >= t.paid_at
      )
      -- A refunded upgrade that could not be undone: the alert period_not_fully_paid tells.
      or exists (
        select 1 from charge as c
        where c.subscription_id = s.id and c.kind = 'upgrade' and c.status = 'paid' and c.order_status = 'refunded'
          and c.period_number = s.period_number and (c.plan_id, c.plan_amount) = (s.plan_id, s.amount)
      )
    ))

  union all
  select 'next_charge_fits_the_period', s.id::text,
    format('%s subscription until %s: next charge at %s, access ends at %s', s.status, s.current_period_end,
      coalesce(s.next_charge_at::text, 'no time'), coalesce(s.access_ends_at::text, 'no time'))
  from live as s
  left join open_charge as c on c.subscription_id = s.id
  left join owed as w on w.subscription_id = s.id and w.status = 'declined'
  left join last_move as m on m.subscription_id = s.id
  where case
    when c.id is not null then s.next_charge_at is not null
    when s.cancel_at_period_end then s.access_ends_at is distinct from s.current_period_end
    when w.id is not null and w.next_attempt_at is not null then s.access_ends_at is not null
      or s.next_charge_at is distinct from w.next_attempt_at
    when w.id is not null then s.next_charge_at is not null
      or (s.access_ends_at is null and m.event is distinct from 'access_withdrawn')
      or exists (select 1 from access as e where e.charge_id = w.id and e.ends_at <> s.access_ends_at)
    when s.status <> 'past_due' then s.next_charge_at is distinct from coalesce((
      select max(v.period_end) from charge as v
      where v.subscription_id = s.id and v.kind = 'renewal' and v.status = 'void' and v.period_number > s.period_number
    ), s.current_period_end)
    else false end
    -- A new billing method makes a debt due at once.
    and not (
      m.event is not distinct from 'method_changed' and w.id is not null and s.access_ends_at is null
      and s.next_charge_at between m.created_at - interval '1 minute' and m.created_at
    )
    -- Put off for an hour; subscription_can_be_charged tells.
    and not exists (
      select 1 from refused_by_database as r where r.subscription_id = s.id and r.event = 'charge_impossible'
    )

  union all
  select 'declined_charge_keeps_its_days', c.id::text,
    format('declined since %s, access until %s; the audit log says %s and %s', c.first_declined_at, e.ends_at,
      d.declined_since, d.access_ends_at)
  from charge as c
  join live as s on s.id = c.subscription_id and c.period_number >= s.period_number
  left join last_decline as d on d.charge_id = c.id
  left join access as e on e.charge_id = c.id
  where (
    c.status in ('pending', 'processing', 'unknown') or (c.status = 'declined' and c.kind = 'renewal')
  ) and (
    c.first_declined_at is distinct from d.declined_since
    or (c.status = 'declined' and e.ends_at <> d.access_ends_at)
  )

  union all
  select 'access_follows_its_charge', e.id::text,
    format('user %s has plan %s from %s until %s; charge %s of user %s is for plan %s from %s until %s', e.user_id,
      e.plan_id, e.starts_at, e.ends_at, e.charge_id, e.charged_user_id, e.charged_plan_id, e.charged_from,
      e.charged_until)
  from access as e
  join live as s on s.id = e.subscription_id
  where e.charge_id is not null and (
    (e.user_id, e.subscription_id, e.starts_at) is distinct from (e.charged_user_id, e.charged_subscription_id, e.charged_from)
    or e.order_id is not null
    or (e.plan_id <> e.charged_plan_id and not exists (
      -- Moved on without a charge, or another plan's money went on paying for this one.
      select 1 from public.payment_events as v
      where v.subscription_id = s.id and v.event = 'subscription_status' and v.detail ->> 'event' = 'plan_changed'
        and v.detail ->> 'planId' = e.plan_id and v.created_at >= e.charge_paid_at
    ))
    -- On credit: the job prolongs it until the answer comes.
    or (e.charge_status in ('pending', 'processing', 'unknown') and e.ends_at < e.charged_until)
    or (e.charge_status = 'paid' and e.ends_at <> e.charged_until and not exists (
      -- Cut where an upgrade took over.
      select 1 from charge as c
      where c.subscription_id = s.id and c.kind = 'upgrade' and c.status = 'paid'
        and c.period_number = e.charged_period and c.period_start = e.ends_at
    ) and not (
      -- On credit while an upgrade is open, for which the renewal waits: for two weeks, from a week before the end on.
      e.ends_at > e.charged_until + interval '168 hours' and exists (
        select 1 from open_charge as c
        where c.subscription_id = s.id and c.kind = 'upgrade' and c.period_number = e.charged_period
      )
    ))
  )

  union all
  select 'access_without_charge_is_a_trial', e.id::text,
    format('user %s has plan %s from %s until %s without a charge', e.user_id, e.plan_id, e.starts_at, e.ends_at)
  from access as e
  join live as s on s.id = e.subscription_id
  left join lateral (
    select min(c.period_start) as at from charge as c where c.subscription_id = s.id and c.kind in ('start', 'renewal')
  ) as begun on true
  where e.charge_id is null and (
    e.user_id <> s.user_id or e.order_id is not null
    or e.ends_at <> coalesce(begun.at, s.current_period_end)
    or (begun.at is null and (e.plan_id, e.starts_at) <> (s.plan_id, s.current_period_start))
  )

  union all
  select 'live_subscription_gives_access', s.id::text,
    format('subscription is %s, and there is no access to plan %s until %s', s.status, s.plan_id,
      coalesce(w.period_end, s.current_period_end))
  from live as s
  left join owed as w on w.subscription_id = s.id
  where not exists (
    select 1 from access as e
    where e.subscription_id = s.id and e.plan_id = s.plan_id
      and case
        when w.id is null then e.ends_at = s.current_period_end or (
          e.ends_at > s.current_period_end + interval '168 hours' and exists (
            select 1 from open_charge as c where c.subscription_id = s.id and c.kind = 'upgrade'
          )
        )
        else e.charge_id = w.id and (w.status = 'declined' or e.ends_at >= w.period_end) end
  ) and case
    -- The grace is over, or the final action withdrew the access.
    when w.status = 'declined' then s.next_charge_at is not null or s.access_ends_at > toss_private.clock_now()
    when w.id is not null then true
    -- One that was brought in from another system has no access of its own before its first move.
    else s.status = 'trialing' and exists (select 1 from last_move as m where m.subscription_id = s.id)
      or exists (select 1 from payment_in_force as f where f.subscription_id = s.id) end

  union all
  select 'charge_belongs_to_its_subscription', c.id::text,
    format('charge of user %s in %s, subscription of user %s in %s', c.user_id, c.currency, s.user_id, s.currency)
  from charge as c
  join live as s on s.id = c.subscription_id
  where (c.user_id, c.currency) <> (s.user_id, s.currency)

  union all
  select 'attempt_charges_what_is_due', c.id::text,
    format('%s charge of %s for user %s, attempt %s; order %s of %s for user %s, %s operation of %s', c.status, c.amount,
      c.user_id, c.attempt, o.id, o.amount, o.user_id, op.state, op.amount)
  from public.subscription_charges as c
  left join public.orders as o on o.id = c.order_id
  left join public.operations as op on op.order_id = o.id and op.kind = 'charge'
  where (c.status in ('pending', 'processing', 'unknown') or (c.status = 'declined' and c.kind = 'renewal'))
    -- One that has no billing method is declined without an attempt.
    and not (c.status = 'declined' and c.attempt = 0 and c.order_id is null) and (
      (o.amount, o.user_id, o.currency, o.subscription_charge_id)
        is distinct from (c.amount, c.user_id, c.currency, c.id)
      or (op.amount, op.charge_id) is distinct from (c.amount, c.id)
      or (c.status <> 'declined' and c.status <> case op.state when 'started' then 'processing' else 'unknown' end)
      -- The next attempt is numbered after this one.
      or c.order_id not like '%\_' || c.attempt
    )

  union all
  select 'charge_terms_are_explained', c.id::text,
    format('charge has %s, the audit log says %s', toss_private.charge_terms(c), coalesce(begun.terms, declined.terms))
  from public.subscription_charges as c
  join live as s on s.id = c.subscription_id and c.period_number >= s.period_number
  left join lateral (
    select v.detail -> 'terms' as terms from public.payment_events as v
    where v.order_id = c.order_id and v.event = 'operation_started'
    order by v.id desc
    limit 1
  ) as begun on true
  left join last_decline as declined on declined.charge_id = c.id
  where coalesce(begun.terms, declined.terms) <> toss_private.charge_terms(c)

  union all
  select 'undone_upgrade_is_refunded', c.id::text, format('undone at %s, its order is %s', c.undone_at, c.order_status)
  from charge as c
  where c.undone_at is not null and c.order_status is distinct from 'refunded'

  union all
  select 'renewal_costs_its_plan', c.id::text, format('%s is charged for a period of %s', c.amount, c.plan_amount)
  from charge as c
  where c.kind in ('start', 'renewal') and c.status in ('pending', 'processing', 'unknown', 'declined')
    and c.amount <> c.plan_amount

  union all
  select 'subscription_is_charged_to_its_user', s.id::text,
    format('subscription of user %s, billing method of user %s', s.user_id, m.user_id)
  from live as s
  join public.billing_methods as m on m.id = s.billing_method_id
  where m.user_id <> s.user_id

  union all
  select 'charge_is_made_to_its_user', c.id::text,
    format('charge of user %s, billing method of user %s', c.user_id, m.user_id)
  from public.subscription_charges as c
  join public.billing_methods as m on m.id = c.billing_method_id
  where c.status in ('pending', 'processing', 'unknown') and m.user_id <> c.user_id;
end;
$$;

comment on function toss_private.subscription_content_violations() is
  'What the rows of a live subscription say, compared with each other: its terms with the audit log and with what was charged, its times with its period, access with charges.';

create function public.invariant_violations()
returns table (invariant text, subject text, detail text)
language sql
stable
security definer
set search_path = ''
as $$
  select * from toss_private.payment_violations()
  union all
  select * from toss_private.refund_violations()
  union all
  select * from toss_private.receipt_violations()
  union all
  select * from toss_private.withdrawal_violations()
  union all
  select * from toss_private.subscription_violations()
  union all
  select * from toss_private.subscription_content_violations()
  union all
  select * from toss_private.consent_violations()
  union all
  select * from toss_private.delivery_violations()
  union all
  select * from toss_private.notice_violations()
  union all
  select * from toss_private.reconciliation_violations()
  union all
  select * from toss_private.erasure_violations()
  union all
  select * from toss_private.settlement_violations();
$$;

comment on function public.invariant_violations() is
  'Every violated invariant of payments, refunds, cash receipts, withdrawals, subscriptions, of what is told of them, of comparisons with Toss and of what was erased: its name, whom it concerns, and what is wrong. Empty when all is well.';
