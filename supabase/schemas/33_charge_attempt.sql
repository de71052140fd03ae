-- One attempt of a charge: the order and the operation under which Toss knows it.

create function toss_private.given_up_since(asked public.subscription_charges)
returns timestamptz
language plpgsql
stable
set search_path = ''
as $$
declare
  -- As long as a registration is waited for: what is charged later comes as a surprise.
  patience constant interval := interval '30 minutes';
  given_up_at constant timestamptz := case asked.kind
    when 'start' then asked.created_at + patience
    -- After its period there is nothing left to have for the money.
    when 'upgrade' then least(asked.created_at + patience, asked.period_end)
  end;
begin
  return case when given_up_at <= toss_private.clock_now() then given_up_at end;
end;
$$;

comment on function toss_private.given_up_since(public.subscription_charges) is
  'Since when a first charge or an upgrade is not sent any more because nobody waits for it; null while it is. Renewals are owed and have no such end.';

create function toss_private.charge_operation_view(operation public.operations)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
declare
  was_restored constant boolean := exists (
    select 1 from toss_private.restores as r where r.restored_at <= operation.created_at
  );
begin
  -- Who has no customerKey (any more) has none that fits: Toss refuses it for good (NOT_MATCHES_CUSTOMER_KEY), and the
  -- rest of the batch goes on.
  return (select jsonb_build_object(
    'chargeId', c.id,
    'chargeKind', c.kind,
    'subscriptionId', c.subscription_id,
    'userId', c.user_id,
    'attempt', c.attempt,
    'orderName', o.order_name,
    'taxFreeAmount', o.tax_free_amount,
    'customerKey', coalesce(u.customer_key, c.user_id),
    'customerEmail', o.customer_email,
    'billingMethodId', c.billing_method_id,
    'keyId', k.key_id,
    'ciphertext', k.ciphertext,
    'isResolve', operation.attempts > 1 or was_restored and toss_private.may_have_been_charged(c, operation),
    'laterOrderIds', case when was_restored then toss_private.later_order_ids(c, operation) else '[]' end,
    'stopped', case when stop.at is not null then jsonb_build_object(
      'code', stop.code, 'seconds', extract(epoch from toss_private.clock_now() - stop.at)
    ) end
  )
  from public.subscription_charges as c
  join public.orders as o on o.id = operation.order_id
  left join public.customers as u on u.user_id = c.user_id
  left join public.billing_methods as m on m.id = c.billing_method_id
  left join public.subscriptions as s on s.id = c.subscription_id
  left join lateral (
    select r.code, r.at
    from (values
      ('PAID_BY_EARLIER_ATTEMPT', c.paid_at),
      ('SUBSCRIPTION_ENDED', s.ended_at),
      ('NO_BILLING_METHOD', m.deleted_at),
      ('USER_DELETED', case when operation.attempts > 1 and toss_private.is_gone(c.user_id) then toss_private.clock_now() end),
      ('MISSED_PERIOD', case when was_restored then toss_private.missed_since(c, operation) end),
      ('CHARGE_TIMEOUT', toss_private.given_up_since(c))
    ) as r (code, at)
    where r.at is not null
    order by r.at
    limit 1
  ) as stop on true
  left join toss_private.billing_keys as k on k.billing_method_id = m.id and stop.at is null
  where c.id = operation.charge_id);
end;
$$;

comment on function toss_private.charge_operation_view(public.operations) is
  'What the sender of a charge needs beside the operation. isResolve: an earlier try may have reached Toss, ask first. stopped: why and since when it must not be sent any more, because an earlier attempt was paid after all, or because its subscription, its billing method or its user is gone, or its period is over and it is only asked whether it was charged before a restore, or nobody waits for it any more; then there is no key, Toss can only be asked, and what it does not know is declined.';

create function toss_private.usable_billing_method(method_id uuid)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return exists (
    select 1
    from public.billing_methods as m
    join toss_private.billing_keys as k on k.billing_method_id = m.id and k.ciphertext is not null
    where m.id = method_id and m.status = 'active'
  );
end;
$$;

comment on function toss_private.usable_billing_method(uuid) is 'Whether there is a key that can be charged.';

create function toss_private.charge_terms(charged public.subscription_charges)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  -- Times as seconds: how a timestamp is written depends on the session. A first period begins when it is paid.
  return jsonb_build_array(
    charged.kind, charged.user_id, charged.plan_id, charged.plan_amount, charged.plan_interval,
    charged.plan_interval_count, charged.period_number,
    case when charged.kind <> 'start' then extract(epoch from charged.period_start) end,
    case when charged.kind <> 'start' then extract(epoch from charged.period_end) end,
    charged.earlier_plan_id, charged.earlier_amount
  );
end;
$$;

comment on function toss_private.charge_terms(public.subscription_charges) is
  'What a charge pays for. It never changes; the audit log repeats it with each attempt, and invariant_violations() compares.';

create function toss_private.attempt_order_id(charge_id uuid, attempt integer)
returns text
language plpgsql
stable
set search_path = ''
as $$
begin
  -- Who sees the order of one attempt cannot tell that of the next.
  return format('sub_%s_%s', toss_private.derived('attempt', charge_id::text, attempt::text), attempt);
end;
$$;

comment on function toss_private.attempt_order_id(uuid, integer) is 'The orderId of an attempt to charge.';

create function toss_private.grant_period(granted public.subscription_charges, until timestamptz)
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  insert into public.entitlements as e (
    user_id, plan_id, source, subscription_id, charge_id, starts_at, ends_at, created_at
  )
  select granted.user_id, granted.plan_id, 'subscription', granted.subscription_id, granted.id,
    granted.period_start, until, toss_private.clock_now()
  where until > granted.period_start
  on conflict (charge_id) do update
    set ends_at = excluded.ends_at, revoked_at = null
    where e.ends_at <> excluded.ends_at or e.revoked_at is not null;
end;
$$;

comment on function toss_private.grant_period(public.subscription_charges, timestamptz) is
  'Gives access to the plan of a charge from the start of its period, on credit or paid, until the given time.';

create function toss_private.begin_attempt(
  tried public.subscription_charges, method_id uuid, as_of timestamptz, request jsonb
)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  present constant timestamptz := toss_private.clock_now();
  attempt_number constant integer := tried.attempt + 1;
  attempt_order_id constant text := toss_private.attempt_order_id(tried.id, attempt_number);
  operation public.operations;
  card record;
begin
  select m.toss_keys, m.toss_client_key into card from public.billing_methods as m where m.id = method_id;
  -- Over from the start: no buyer can pay this order, and it is not given up while its operation is open.
  insert into public.orders (
    id, user_id, order_name, amount, currency, tax_free_amount, subscription_charge_id, toss_keys,
    toss_client_key, expires_at, created_at, updated_at
  ) values (
    attempt_order_id, tried.user_id, tried.order_name, tried.amount, tried.currency,
    case when (select p.tax_free from public.plans as p where p.id = tried.plan_id) then tried.amount else 0 end,
    tried.id, coalesce(card.toss_keys, 'main'), card.toss_client_key, present, present, present
  );
  update public.subscription_charges as c
  set attempt = attempt_number, order_id = attempt_order_id, billing_method_id = method_id,
    attempted_at = as_of, next_attempt_at = null
  where c.id = tried.id;
  insert into public.operations (
    kind, idempotency_key, key_created_at, order_id, charge_id, amount, currency,
    lease_token, lease_expires_at, next_attempt_at, created_at
  ) values (
    'charge', 'charge-' || tried.id || '-' || attempt_number || '-1', present, attempt_order_id, tried.id,
    tried.amount, tried.currency, (request ->> 'leaseToken')::uuid,
    present + make_interval(secs => (request ->> 'leaseSeconds')::double precision), present, present
  )
  returning * into operation;
  perform toss_private.write_event(jsonb_build_object(
    'event', 'order_status', 'source', 'billing', 'orderId', attempt_order_id, 'to', 'pending',
    'subscriptionId', tried.subscription_id, 'amount', tried.amount
  ));
  perform toss_private.write_event(jsonb_build_object(
    'event', 'operation_started', 'source', 'billing', 'orderId', attempt_order_id, 'operationId', operation.id,
    'subscriptionId', tried.subscription_id, 'amount', tried.amount, 'requestId', coalesce(request ->> 'logRequestId', request ->> 'requestId'),
    'detail', jsonb_build_object(
      'chargeId', tried.id, 'attempt', attempt_number, 'terms', toss_private.charge_terms(tried)
    )
  ));
  return toss_private.operation_view(operation);
end;
$$;

comment on function toss_private.begin_attempt(public.subscription_charges, uuid, timestamptz, jsonb) is
  'Makes the order and the leased operation of the next attempt; order id and Idempotency-Key follow from charge and attempt. The caller holds the subscription. Answers the operation for its sender.';

create function toss_private.retake_operation(taken public.operations, request jsonb)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  present constant timestamptz := toss_private.clock_now();
  token constant uuid := (request ->> 'leaseToken')::uuid;
  operation public.operations := taken;
begin
  -- The network delivered this very request twice: same answer again.
  if taken.lease_token = token then
    return jsonb_build_object('outcome', 'proceed', 'operation', toss_private.operation_view(taken));
  end if;
  if taken.lease_expires_at > present or taken.next_attempt_at > present then
    return jsonb_build_object('outcome', 'processing');
  end if;
  update public.operations as op
  set state = 'unknown', lease_token = token, attempts = op.attempts + 1,
    lease_expires_at = present + make_interval(secs => (request ->> 'leaseSeconds')::double precision)
  where op.id = taken.id
  returning * into operation;
  return jsonb_build_object('outcome', 'resolve', 'operation', toss_private.operation_view(operation));
end;
$$;

comment on function toss_private.retake_operation(public.operations, jsonb) is
  'What a caller may do who finds the operation of its own request open; the row is locked. Outcomes: proceed, processing, resolve.';

create function toss_private.cover_charge()
returns trigger
language plpgsql
set search_path = ''
as $$
declare
  charged public.subscriptions;
begin
  if new.kind <> 'renewal' or new.status = 'void' then
    return new;
  end if;
  if tg_op = 'UPDATE' then
    -- What Toss took before a restore is what it was, see adopt_charged_amount.
    if (old.kind, old.subscription_id, old.plan_id, old.plan_amount, old.covered_by, old.consent_id)
      is distinct from (new.kind, new.subscription_id, new.plan_id, new.plan_amount, new.covered_by, new.consent_id)
    then
      raise exception 'what a renewal is covered by never changes'
        using errcode = 'check_violation', constraint = 'subscription_charges_covered';
    end if;
    return new;
  end if;
  select * into charged from public.subscriptions as s where s.id = new.subscription_id;
  new.covered_by := case
    when new.consent_id is not null then 'consent'
    when (select p.consent = 'not_required' from public.plans as p where p.id = new.plan_id) then 'not_required'
    when charged.period_number >= 0 and new.plan_amount <= charged.amount and new.plan_id = charged.plan_id
      then 'agreed'
  end;
  if new.covered_by is null or new.amount > new.plan_amount or (new.consent_id is not null and not exists (
    select 1 from public.subscription_consents as k
    where k.id = new.consent_id and k.decision = 'given' and k.voided_at is null and k.effective_at <= new.period_start
      and not exists (select 1 from public.subscription_charges as c where c.consent_id = k.id and c.status = 'paid')
  )) then
    raise exception 'subscription % may not be charged % for %: no consent covers it', new.subscription_id, new.amount,
      new.period_start
      using errcode = 'check_violation', constraint = 'subscription_charges_covered';
  end if;
  return new;
end;
$$;

comment on function toss_private.cover_charge() is
  'Trigger: a renewal is a trial''s first charge or above the price its subscriber pays already only with a consent that was given, whoever writes it; and says what covers it.';

create trigger subscription_charges_covered
  before insert on public.subscription_charges
  for each row execute function toss_private.cover_charge();

create trigger subscription_charges_stay_covered
  after update of kind, subscription_id, plan_id, plan_amount, covered_by, consent_id on public.subscription_charges
  for each row execute function toss_private.cover_charge();
