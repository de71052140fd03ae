-- Whom a notice goes to, and what it tells.

create function public.use_notice_address(function_name text)
returns void
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
  perform toss_private.require_shop_function(function_name, 'jsonb'::regtype);
  update toss_private.shop_code as s set notice_address = function_name;
end;
$$;

comment on function public.use_notice_address(text) is
  'From now on this function of the shop says where a buyer gets notices: f(jsonb) returns jsonb; null takes it back. For the owner of the database alone. docs/notices.md.';

create function toss_private.mobile_number(number text)
returns text
language plpgsql
immutable
set search_path = ''
as $$
begin
  -- Auth keeps it as +82 10 1234 5678.
  return substring(regexp_replace(regexp_replace(number, '\D', '', 'g'), '^(00)?820?', '0') from '^01[016789]\d{7,8}$');
end;
$$;

comment on function toss_private.mobile_number(text) is
  'A Korean mobile number as it is dialled there, digits alone; null for any other number.';

create function toss_private.notice_recipient(due toss_private.notices_due, cause public.outbox_events)
returns jsonb
language plpgsql
volatile
set search_path = ''
as $$
declare
  shop_function constant text := (select s.notice_address from toss_private.shop_code as s);
  concerned public.orders;
  buyer_id uuid;
  account jsonb;
  found_address jsonb;
begin
  select * into concerned from public.orders as o where o.id = cause.payload ->> 'orderId';
  buyer_id := coalesce((cause.payload ->> 'userId')::uuid, concerned.user_id);
  if buyer_id is not null and toss_private.can_read_accounts() then
    select to_jsonb(u) into account from auth.users as u where u.id = buyer_id;
  end if;
  found_address := jsonb_build_object(
    'email', coalesce(concerned.customer_email, account ->> 'email'),
    'mobilePhone', coalesce(concerned.customer_mobile_phone, account ->> 'phone'),
    'language', coalesce(concerned.metadata ->> 'locale', account -> 'raw_user_meta_data' ->> 'locale')
  );
  if shop_function is not null then
    execute format('select coalesce(%s($1), $2)', shop_function) into found_address
    using jsonb_build_object(
      'notice', due.notice, 'userId', buyer_id, 'orderId', concerned.id,
      'subscriptionId', cause.payload ->> 'subscriptionId', 'metadata', concerned.metadata
    ) || found_address, found_address;
  end if;
  return jsonb_build_object(
    'userId', buyer_id,
    'orderId', concerned.id,
    'email', substring(found_address ->> 'email' from '^[^\s<>@]{1,100}@[^\s<>@]{1,150}$'),
    'message', toss_private.mobile_number(found_address ->> 'mobilePhone'),
    'language', case when found_address ->> 'language' ~* '^en' then 'en' else 'ko' end
  );
end;
$$;

comment on function toss_private.notice_recipient(toss_private.notices_due, public.outbox_events) is
  'Where a buyer is told: the order''s address, else that of auth.users, or what the shop''s own function says; the language by `locale` in the order''s or the user''s metadata, else Korean. An address that cannot be one is left out.';

create function toss_private.order_facts(cause public.outbox_events)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select jsonb_build_object(
      'orderId', o.id, 'reference', o.reference, 'orderName', o.order_name, 'amount', cause.payload -> 'amount',
      'method', p.method, 'cardNumber', p.card_number_masked, 'paidAt', p.approved_at, 'receiptUrl', p.receipt_url,
      'balanceAmount', cause.payload -> 'balanceAmount', 'refundedAt', k.canceled_at,
      'bankCode', d.virtual_account -> 'bankCode', 'accountNumber', d.virtual_account -> 'accountNumber',
      'dueDate', cause.payload -> 'dueDate', 'decisionDueAt', cause.payload -> 'dueAt',
      'decision', case cause.event_type when 'withdrawal.decided' then w.status end,
      'decisionReason', case w.status when 'refused' then w.decision_reason end
    )
    from public.orders as o
    left join public.payments as p on p.payment_key = cause.payload ->> 'paymentKey'
    left join public.payment_cancels as k
      on k.payment_key = p.payment_key and k.transaction_key = cause.payload ->> 'transactionKey'
    left join toss_private.payment_details as d on d.payment_key = p.payment_key
    left join public.withdrawals as w on w.id = (cause.payload ->> 'withdrawalId')::uuid
    where o.id = cause.payload ->> 'orderId'
  );
end;
$$;

comment on function toss_private.order_facts(public.outbox_events) is 'What a notice about an order tells.';

create function toss_private.subscription_facts(cause public.outbox_events)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select jsonb_build_object(
      'planName', p.name, 'nextPlanName', later.name,
      'amount', coalesce((cause.payload ->> 'amount')::bigint, c.amount, s.amount),
      'cardNumber', m.card_number_masked,
      'chargeAt', cause.payload -> 'chargeAt', 'isTrialEnd', cause.event_type = 'subscription.trial_ending',
      'needsPaymentMethod', coalesce((cause.payload ->> 'needsPaymentMethod')::boolean, false),
      'failureCode', coalesce(cause.payload ->> 'failureCode', c.failure_code),
      'nextAttemptAt', cause.payload -> 'nextAttemptAt',
      'accessEndsAt', coalesce((cause.payload ->> 'accessEndsAt')::timestamptz, (
        select max(e.ends_at) from public.entitlements as e where e.subscription_id = s.id and e.revoked_at is null
      )),
      'endedAt', cause.payload -> 'endedAt', 'endReason', cause.payload -> 'reason',
      'amountBefore', cause.payload -> 'amountBefore', 'chargedAt', c.paid_at, 'nextChargeAt', s.next_charge_at,
      'consentId', cause.payload -> 'consentId', 'consentKind', cause.payload -> 'kind',
      'effectiveAt', cause.payload -> 'effectiveAt',
      'endsWithout', case when cause.event_type like 'consent.%'
        then cause.payload ->> 'kind' = 'trial_conversion' or p.without_consent = 'cancel' end
    )
    from public.subscriptions as s
    join public.plans as p on p.id = coalesce(cause.payload ->> 'planId', s.plan_id)
    left join public.plans as later on later.id = cause.payload ->> 'nextPlanId'
    left join public.subscription_charges as c on c.id = (cause.payload ->> 'chargeId')::uuid
    left join public.billing_methods as m on m.id = coalesce(c.billing_method_id, s.billing_method_id)
    where s.id = (cause.payload ->> 'subscriptionId')::uuid
  );
end;
$$;

comment on function toss_private.subscription_facts(public.outbox_events) is 'What a notice about a subscription tells.';
