-- A charge that the shop itself asks for, outside of any period.

create function toss_private.earlier_ad_hoc_charge(charge public.subscription_charges, request jsonb)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  operation public.operations;
  ended public.subscription_charges;
  answer jsonb;
begin
  if (charge.amount, charge.order_name) <> ((request ->> 'amount')::bigint, request ->> 'orderName') then
    return jsonb_build_object('outcome', 'conflict');
  end if;
  select * into operation from public.operations as op
  where op.charge_id = charge.id and op.state in ('started', 'unknown')
  for no key update;
  if found then
    answer := toss_private.retake_operation(operation, request);
    return case when answer ? 'operation'
      then jsonb_build_object('outcome', answer -> 'outcome', 'charge', answer -> 'operation')
      else toss_private.charge_view(charge.id) || answer end;
  end if;
  -- It has ended, perhaps only since the caller read it: Toss's answer is written without the user's lock.
  select * into ended from public.subscription_charges as c where c.id = charge.id;
  return toss_private.charge_view(ended.id) || jsonb_build_object(
    'outcome', ended.status, 'errorCode', ended.failure_code, 'errorMessage', ended.failure_message
  );
end;
$$;

comment on function toss_private.earlier_ad_hoc_charge(public.subscription_charges, jsonb) is
  'The answer to an ad hoc charge whose requestId was used before.';

create function public.begin_ad_hoc_charge(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  present constant timestamptz := toss_private.clock_now();
  payer_id constant uuid := (request ->> 'userId')::uuid;
  asked_amount constant numeric := (request ->> 'amount')::numeric;
  method_id uuid;
  charge public.subscription_charges;
begin
  perform toss_private.require_real_time(request ->> 'mode');
  perform toss_private.lock_user(payer_id);
  select * into charge from public.subscription_charges as c
  where c.user_id = payer_id and c.request_id = request ->> 'requestId' and c.kind = 'ad_hoc';
  if found then
    return toss_private.earlier_ad_hoc_charge(charge, request);
  end if;
  if toss_private.is_gone(payer_id) then
    perform toss_private.delete_keys_of_gone_user(payer_id, request);
    return jsonb_build_object('outcome', 'no_billing_method');
  end if;
  if asked_amount not between 100 and 9007199254740991 or asked_amount <> trunc(asked_amount) then
    return jsonb_build_object('outcome', 'invalid');
  end if;
  select m.id into method_id
  from public.billing_methods as m
  where m.user_id = payer_id and m.status = 'active' and toss_private.usable_billing_method(m.id)
  order by m.created_at desc
  limit 1;
  if not found then
    return jsonb_build_object('outcome', 'no_billing_method');
  end if;

  insert into public.subscription_charges (id, kind, user_id, amount, currency, order_name, request_id, created_at)
  values (
    toss_private.derived_id('ad_hoc', payer_id::text, request ->> 'requestId'), 'ad_hoc', payer_id,
    asked_amount::bigint, 'KRW', request ->> 'orderName', request ->> 'requestId', present
  )
  returning * into charge;
  return jsonb_build_object(
    'outcome', 'proceed', 'charge', toss_private.begin_attempt(charge, method_id, present, request)
  );
end;
$$;

comment on function public.begin_ad_hoc_charge(jsonb) is
  'Begins a charge of an amount to the newest billing method of a user; requestId is the shop''s idempotency token. Keys: userId, amount (won), orderName, requestId, leaseToken, leaseSeconds, mode, logRequestId. Outcomes: proceed, resolve, processing, paid, declined, conflict (requestId was used for something else), no_billing_method (also when the user is gone), invalid (amount).';
