-- One order's story: what came in, what went out, and what needs a person.

create function toss_private.tell_moves(order_ids text[], told_subscription uuid)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select coalesce(jsonb_agg(jsonb_build_object(
      'at', v.created_at, 'event', v.event, 'source', v.source, 'orderId', v.order_id, 'paymentKey', v.payment_key,
      'from', v.from_status, 'to', v.to_status, 'amount', v.amount, 'requestId', v.request_id,
      'code', coalesce(v.detail ->> 'code', v.detail ->> 'errorCode'),
      'shortProductId', v.detail ->> 'shortProductId', 'balanceAmount', v.detail -> 'balanceAmount'
    ) order by v.id), '[]')
    from (
      select last.* from public.payment_events as last
      where last.order_id = any(order_ids) or last.subscription_id = told_subscription
      order by last.id desc limit 400
    ) as v
  );
end;
$$;

comment on function toss_private.tell_moves(text[], uuid) is
  'The last 400 lines of the audit log about orders or a subscription; of their details what is neither free text nor personal.';

create function toss_private.tell_webhooks(order_ids text[], payment_keys text[])
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select coalesce(jsonb_agg(jsonb_build_object(
      'id', e.id, 'type', e.event_type, 'status', e.status, 'orderId', e.order_id, 'paymentKey', e.payment_key,
      'verifiedBy', e.verified_by, 'deliveries', e.delivery_count, 'attempts', e.attempts, 'lastError', e.last_error,
      'nextAt', e.next_attempt_at, 'createdAt', e.created_at, 'processedAt', e.processed_at
    ) order by e.created_at), '[]')
    from (
      select last.* from public.webhook_events as last
      where last.order_id = any(order_ids) or last.payment_key = any(payment_keys)
      order by last.created_at desc limit 100
    ) as e
  );
end;
$$;

comment on function toss_private.tell_webhooks(text[], text[]) is 'The last hundred webhooks about orders or payments; no body.';

create function toss_private.tell_aftermath(order_ids text[], told_subscription uuid)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return jsonb_build_object(
    'receipts', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'receiptKey', r.receipt_key, 'paymentKey', r.payment_key, 'transactionType', r.transaction_type, 'type', r.type,
        'amount', r.amount, 'canceledAmount', r.canceled_amount, 'status', r.issue_status,
        'isSelfIssued', r.is_self_issued, 'isOurs', r.operation_id is not null, 'createdAt', r.created_at
      ) order by r.id), '[]')
      from public.cash_receipts as r where r.order_id = any(order_ids)
    ),
    'notices', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'id', n.id, 'notice', n.notice, 'channel', n.channel, 'status', n.status, 'error', n.error,
        'createdAt', n.created_at, 'sentAt', n.sent_at
      ) order by n.created_at), '[]')
      from (
        select last.* from public.notifications as last
        where last.order_id = any(order_ids) or last.subscription_id = told_subscription
        order by last.created_at desc limit 100
      ) as n
    ),
    'deliveries', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'id', d.id, 'eventId', d.event_id, 'type', d.type, 'endpointId', d.endpoint_id, 'endpointStatus', d.endpoint_status,
        'status', d.status, 'attempts', d.attempts, 'responseStatus', d.response_status, 'createdAt', d.created_at,
        'finishedAt', d.finished_at
      ) order by d.created_at), '[]')
      from (
        select w.*, toss_private.outward_type(v) as type, e.status as endpoint_status
        from public.outbox_events as v
        join public.webhook_deliveries as w on w.event_id = v.id
        join public.webhook_endpoints as e on e.id = w.endpoint_id
        where v.subject = any(order_ids) or v.subject = told_subscription::text
        order by w.created_at desc limit 100
      ) as d
    ),
    'withdrawals', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'id', w.id, 'status', w.status, 'requestedAt', w.requested_at, 'dueAt', w.due_at, 'decidedAt', w.decided_at,
        'refundOperationId', w.refund_operation_id
      ) order by w.requested_at), '[]')
      from public.withdrawals as w where w.order_id = any(order_ids)
    ),
    'differences', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'kind', d.kind, 'paymentKey', d.payment_key, 'transactionKey', d.transaction_key, 'reason', d.reason,
        'resolution', d.resolution, 'createdAt', d.created_at, 'resolvedAt', d.resolved_at
      ) order by d.created_at), '[]')
      from public.reconciliation_differences as d
      where d.order_id = any(order_ids)
        or d.payment_key in (select p.payment_key from public.payments as p where p.order_id = any(order_ids))
    ),
    'owedHooks', (select count(*) from toss_private.order_hook_calls as c where c.order_id = any(order_ids)),
    'hasPaidAccess', exists (
      select 1 from public.entitlements as e
      where (e.order_id = any(order_ids) or e.subscription_id = told_subscription)
        and e.revoked_at is null and e.starts_at <= toss_private.clock_now() and e.ends_at > toss_private.clock_now()
    )
  );
end;
$$;

comment on function toss_private.tell_aftermath(text[], uuid) is
  'What followed from orders or a subscription: cash receipts, notices, deliveries, withdrawals, differences, access; calls of the hook that are owed.';

create function toss_private.tell_alerts(order_ids text[], told_subscription uuid)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
declare
  subjects text[];
begin
  subjects := order_ids || coalesce(told_subscription::text, '') || array(
    select p.payment_key from public.payments as p where p.order_id = any(order_ids)
    union all
    select op.id::text from public.operations as op
    left join public.subscription_charges as c on c.id = op.charge_id
    where op.order_id = any(order_ids) or c.subscription_id = told_subscription
    union all
    select e.id::text from public.webhook_events as e where e.order_id = any(order_ids)
    union all
    select w.id::text from public.withdrawals as w where w.order_id = any(order_ids)
    union all
    select n.id::text from public.notifications as n
    where n.order_id = any(order_ids) or n.subscription_id = told_subscription
  );
  return (
    select coalesce(jsonb_agg(jsonb_build_object(
      'alert', a.alert, 'level', a.level, 'subject', a.subject, 'detail', a.detail, 'since', a.since
    ) order by a.level, a.since), '[]')
    from public.alerts as a
    where a.subject = any(subjects)
  );
end;
$$;

comment on function toss_private.tell_alerts(text[], uuid) is
  'The alerts about orders, a subscription, and any row about them.';

create function public.read_story(request jsonb)
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  asked constant text := request ->> 'id';
  told_subscription uuid := toss_private.find_story_subscription(asked);
  is_of_subscription constant boolean := told_subscription is not null;
  order_ids text[];
  told_order public.orders;
  payments jsonb;
begin
  if is_of_subscription then
    order_ids := array(
      select o.id from public.orders as o
      join public.subscription_charges as c on c.id = o.subscription_charge_id
      where c.subscription_id = told_subscription
      order by o.created_at desc, o.id limit 24
    );
  else
    order_ids := array_remove(array[toss_private.find_story_order(asked)], null);
    if order_ids = '{}' then
      return jsonb_build_object('outcome', 'not_found');
    end if;
    select c.subscription_id into told_subscription
    from public.orders as o join public.subscription_charges as c on c.id = o.subscription_charge_id
    where o.id = order_ids[1];
  end if;
  select o.* into told_order from public.orders as o where o.id = order_ids[1];
  payments := toss_private.tell_payments(order_ids);
  return jsonb_build_object(
    'outcome', 'found',
    'at', toss_private.clock_now(),
    'isOfSubscription', is_of_subscription,
    'order', case when told_order.id is not null then jsonb_build_object(
      'id', told_order.id, 'reference', told_order.reference, 'status', told_order.status,
      'orderName', told_order.order_name, 'amount', told_order.amount, 'taxFreeAmount', told_order.tax_free_amount,
      'currency', told_order.currency, 'paymentKey', told_order.payment_key, 'planId', told_order.plan_id,
      'isGuest', told_order.user_id is null, 'isCharge', told_order.subscription_charge_id is not null,
      'createdAt', told_order.created_at, 'expiresAt', told_order.expires_at
    ) end,
    'orders', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'id', o.id, 'status', o.status, 'amount', o.amount, 'createdAt', o.created_at,
        'tossKeys', o.toss_keys, 'tossClientKey', o.toss_client_key
      ) order by o.created_at desc, o.id), '[]')
      from public.orders as o where o.id = any(order_ids)
    ),
    'payments', payments,
    'operations', toss_private.tell_operations(order_ids, case when is_of_subscription then told_subscription end),
    'moves', toss_private.tell_moves(order_ids, case when is_of_subscription then told_subscription end),
    'webhooks', toss_private.tell_webhooks(order_ids, array(select jsonb_path_query(payments, '$[*].paymentKey') #>> '{}')),
    'subscription', toss_private.tell_subscription(told_subscription),
    'alerts', toss_private.tell_alerts(order_ids, told_subscription),
    'lateJobs', (select coalesce(jsonb_agg(j.job order by j.job), '[]') from public.job_status as j where j.is_late)
  ) || toss_private.tell_aftermath(order_ids, case when is_of_subscription then told_subscription end);
end;
$$;

comment on function public.read_story(jsonb) is
  'Everything that tells of one order, or of one subscription with its last 24 orders, in one snapshot and without names, addresses, secrets or bodies; key: id (an orderId, the shop''s reference, a paymentKey, a subscription''s id, or the id of a row about one). A read. Outcomes: found, not_found.';
