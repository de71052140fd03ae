-- Purpose: write down that Toss refused a charge.
-- Function: public.decline_charge.

create function public.decline_charge(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  operation public.operations;
  attempt_order public.orders;
  subscription public.subscriptions;
  charge public.subscription_charges;
  rejection jsonb;
  line jsonb;
  declined_at timestamptz;
begin
  select * into operation from public.operations as op
  where op.id = (request ->> 'operationId')::uuid and op.kind = 'charge';
  if not found then
    return jsonb_build_object('outcome', 'operation_not_found');
  end if;
  -- Locks in the order of apply_payment: order, operation, user, subscription, charge.
  select * into attempt_order from public.orders as o where o.id = operation.order_id for no key update;
  select * into operation from public.operations as op where op.id = operation.id for no key update;
  select * into charge from public.subscription_charges as c where c.id = operation.charge_id;
  if charge.kind <> 'ad_hoc' then
    perform private.lock_user(charge.user_id);
  end if;
  select * into subscription from public.subscriptions as s where s.id = charge.subscription_id for no key update;
  select * into charge from public.subscription_charges as c where c.id = charge.id for no key update;

  -- Days count from the answer. One that came at once, as nearly all do, leaves the time of the attempt.
  declined_at := greatest(
    charge.attempted_at + make_interval(
      mins => greatest(floor(extract(epoch from private.clock_now() - operation.created_at) / 60), 0)::integer
    ),
    (request ->> 'asOf')::timestamptz
  );
  if operation.state in ('started', 'unknown') then
    rejection := public.reject_operation(request || jsonb_build_object('isFinal', true));
    if rejection ->> 'outcome' <> 'rejected' then
      return jsonb_build_object('outcome', 'unknown');
    end if;
    line := jsonb_build_object(
      'source', request ->> 'source', 'orderId', operation.order_id, 'operationId', operation.id,
      'requestId', request ->> 'requestId'
    );
    perform private.move_order(attempt_order, 'failed', line);
    if charge.status <> 'paid' and request ->> 'errorCode' = 'MISSED_PERIOD' then
      subscription := private.void_missed_charge(subscription, charge);
    elsif charge.status <> 'paid' then
      subscription := private.charge_declined(
        subscription, charge,
        request || jsonb_build_object('declinedAt', declined_at, 'begunAt', operation.created_at), line
      );
    end if;
    subscription := private.undo_refunded_upgrade(subscription, line);
  end if;
  return jsonb_build_object(
    'outcome', case
      when operation.state = 'succeeded' or charge.status = 'paid' then 'paid' else 'declined' end,
    'charge', private.charge_view(charge.id),
    'chargeId', charge.id,
    'subscriptionId', subscription.id,
    'subscription', case when subscription.id is not null then private.subscription_view(subscription) end,
    'subscriptionStatus', subscription.status,
    'nextAttemptAt', (select c.next_attempt_at from public.subscription_charges as c where c.id = charge.id),
    'dueAgainAt', (
      select c.next_attempt_at from public.subscription_charges as c
      where c.id = charge.id and c.next_attempt_at <= declined_at
    )
  );
end;
$$;

comment on function public.decline_charge(jsonb) is
  'Ends an attempt that Toss refused for good, and dunning decides what follows. A repeat answers the same; whoever no longer holds the lease changes nothing. Keys: operationId, leaseToken, errorCode, errorMessage, declineClass (soft, hard, limit), dunning {scheduleDays, finalAction}, asOf (of the run that learned it; null = now), source, requestId. `dueAgainAt`: the subscription has another billing method since, to which the charge is due at once. Outcomes: declined, paid, unknown, operation_not_found.';
revoke execute on function public.decline_charge(jsonb) from public, anon, authenticated;
grant execute on function public.decline_charge(jsonb) to service_role;
