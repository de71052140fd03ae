-- What is held of a person, order by order and besides, and what keeps it from being erased.

create function toss_private.event_without_person(event public.outbox_events)
returns jsonb
language plpgsql
immutable
set search_path = ''
as $$
begin
  return toss_private.without_keys(event.payload, toss_private.keys_of_persons() || case
    -- Of a subscription it is a word of ours, which others read.
    when event.event_type like 'payment.%' then array['reason']
    -- What Toss reported, word for word.
    when event.event_type like 'toss.%' then array['body'] else '{}' end);
end;
$$;

comment on function toss_private.event_without_person(public.outbox_events) is
  'What an event tells without what names a buyer; receivers get it so, if it has not been sent yet.';

create view toss_private.personal_data_of_orders
with (security_invoker = true)
as
select o.id as order_id, 'public.orders' as place
from public.orders as o
where num_nonnulls(o.customer_email, o.customer_name, o.customer_mobile_phone) > 0 or o.metadata <> '{}'
  or o.order_name <> '[erased]'
union all
select i.order_id, 'public.order_items'
from public.order_items as i where i.product_id is null and i.name <> '[erased]'
union all
select a.order_id, 'public.order_adjustments'
from public.order_adjustments as a where a.name <> '[erased]'
union all
select p.order_id, 'public.payments'
from public.payments as p where num_nonnulls(p.failure_message, p.receipt_url, p.card_number_masked) > 0
union all
select p.order_id, 'public.payment_cancels'
from public.payment_cancels as k
join public.payments as p on p.payment_key = k.payment_key
where k.reason <> '[erased]'
union all
select p.order_id, 'toss_private.payment_details'
from toss_private.payment_details as d
join public.payments as p on p.payment_key = d.payment_key
where d.virtual_account <> toss_private.without_keys(d.virtual_account, array['accountNumber', 'customerName'])
union all
select op.order_id, 'public.operations'
from public.operations as op
where op.error_message is not null or op.reason <> '[erased]'
  or op.answer <> toss_private.without_keys(op.answer, array['reason', 'receiptUrl'])
  or op.parameters <> toss_private.without_keys(op.parameters, toss_private.keys_of_persons())
union all
select op.order_id, 'toss_private.operation_secrets'
from toss_private.operation_secrets as s
join public.operations as op on op.id = s.operation_id
union all
select v.order_id, 'public.payment_events'
from public.payment_events as v
where v.detail ?| array['reason', 'error'] and v.detail <> toss_private.without_keys(v.detail, array['reason', 'error'])
union all
select o.id, 'public.outbox_events'
from public.orders as o
join public.outbox_events as e on e.subject = o.id
  or e.subject in (select p.payment_key from public.payments as p where p.order_id = o.id)
where e.payload <> toss_private.event_without_person(e)
union all
select c.order_id, 'toss_private.order_hook_calls'
from toss_private.order_hook_calls as c
where c.last_error <> '[erased]' or c.event -> 'metadata' <> '{}'
union all
select c.order_id, 'public.subscription_charges'
from public.subscription_charges as c
where c.order_id is not null and (c.order_name <> '[erased]' or c.failure_message is not null)
union all
select w.order_id, 'public.withdrawals'
from public.withdrawals as w where w.reason <> '[erased]' or w.decision_reason <> '[erased]'
union all
select r.order_id, 'public.cash_receipts'
from public.cash_receipts as r where r.receipt_url is not null
union all
select o.id, 'public.webhook_events'
from public.orders as o
join public.webhook_events as e on e.order_id = o.id
  or e.payment_key in (select p.payment_key from public.payments as p where p.order_id = o.id)
left join toss_private.webhook_bodies as b on b.webhook_event_id = e.id
where e.erased_at is null or b.ciphertext is not null
union all
select n.order_id, 'toss_private.notification_contents'
from toss_private.notification_contents as k
join public.notifications as n on n.id = k.notification_id
where n.order_id is not null;

comment on view toss_private.personal_data_of_orders is
  'One row for each row that still holds something of an order''s buyer: what erasing empties, what a dry run counts, and what must be nothing once an order is erased.';

create view toss_private.personal_data_of_users
with (security_invoker = true)
as
select m.user_id, m.created_at, 'public.billing_methods' as place
from public.billing_methods as m where num_nonnulls(m.card_number_masked, m.account_number_masked) > 0
union all
select c.user_id, c.asked_at, 'public.subscription_consents'
from public.subscription_consents as c where c.method_number is not null
union all
select i.user_id, i.created_at, 'public.operations'
from toss_private.billing_issues as i
join public.operations as op on op.id = i.operation_id
where op.error_message is not null
union all
select m.user_id, op.created_at, 'public.operations'
from public.operations as op
join public.billing_methods as m on m.id = op.billing_method_id
where op.error_message is not null
union all
select s.user_id, v.created_at, 'public.payment_events'
from public.subscriptions as s
join public.payment_events as v on v.subscription_id = s.id
where v.order_id is null and v.detail ?| array['reason', 'error']
  and v.detail <> toss_private.without_keys(v.detail, array['reason', 'error'])
union all
select c.user_id, c.created_at, 'public.subscription_charges'
from public.subscription_charges as c
where c.order_id is null and (c.order_name <> '[erased]' or c.failure_message is not null)
union all
select m.user_id, e.created_at, 'public.webhook_events'
from public.webhook_events as e
join toss_private.webhook_bodies as b on b.webhook_event_id = e.id
join toss_private.billing_keys as k on k.key_digest = b.billing_key_digest
join public.billing_methods as m on m.id = k.billing_method_id
where e.erased_at is null or b.ciphertext is not null
union all
select n.user_id, n.created_at, 'toss_private.notification_contents'
from toss_private.notification_contents as k
join public.notifications as n on n.id = k.notification_id
where n.user_id is not null and n.order_id is null;

comment on view toss_private.personal_data_of_users is
  'As personal_data_of_orders, for what is held of a user beside the orders: cards, registrations, subscriptions.';

create function toss_private.orders_of_person(person jsonb)
returns text[]
language plpgsql
stable
set search_path = ''
as $$
begin
  return array(
    select o.id from public.orders as o
    where o.user_id = (person ->> 'userId')::uuid or (person ->> 'userId' is null and o.id = person ->> 'orderId')
    order by o.id
  );
end;
$$;

comment on function toss_private.orders_of_person(jsonb) is 'The orders of a user (userId), or the one order of a guest (orderId).';

create function toss_private.open_matters_of_orders(order_ids text[])
returns table (matter text, subject text, detail text)
language plpgsql
stable
set search_path = ''
as $$
begin
  return query
  select 'deposit_awaited', o.id, 'the order waits for a deposit'
  from public.orders as o where o.id = any (order_ids) and o.status = 'waiting_for_deposit'
  union all
  select 'operation_open', op.order_id, format('%s is %s: Toss has not said how it ended', op.kind, op.state)
  from public.operations as op where op.order_id = any (order_ids) and op.state in ('started', 'unknown')
  union all
  select 'payment_open', p.order_id, format('payment %s is %s', p.payment_key, p.status)
  from public.payments as p where p.order_id = any (order_ids) and p.status in ('READY', 'IN_PROGRESS')
  union all
  select 'refund_owed', v.order_id, format('%s was paid for an order that another payment pays', v.amount)
  from public.payment_events as v
  join public.payments as p on p.payment_key = v.payment_key and p.balance_amount > 0
  where v.order_id = any (order_ids) and v.event = 'second_payment'
  union all
  select 'refund_owed', c.order_id, format('%s was promised back and has not gone back', c.refund_due)
  from public.subscription_charges as c
  left join public.operations as op on op.id = c.refund_operation_id
  where c.order_id = any (order_ids) and c.refund_due > 0 and op.state is distinct from 'succeeded'
  union all
  select 'refund_under_way', p.order_id, format('cancel %s is %s', k.transaction_key, k.status)
  from public.payment_cancels as k
  join public.payments as p on p.payment_key = k.payment_key
  where p.order_id = any (order_ids) and k.status = 'IN_PROGRESS'
  union all
  select 'refund_under_way', p.order_id, format('the transfer of a refund is %s', d.virtual_account ->> 'refundStatus')
  from toss_private.payment_details as d
  join public.payments as p on p.payment_key = d.payment_key
  where p.order_id = any (order_ids) and d.virtual_account ->> 'refundStatus' in ('PENDING', 'FAILED', 'PARTIAL_FAILED')
  union all
  select 'withdrawal_undecided', w.order_id, format('withdrawal %s waits for a decision', w.id)
  from public.withdrawals as w where w.order_id = any (order_ids) and w.status = 'requested'
  union all
  select 'refund_owed', w.order_id, format('withdrawal %s is accepted, its refund was refused', w.id)
  from public.withdrawals as w
  join public.operations as op on op.id = w.refund_operation_id and op.state = 'rejected'
  join public.payments as p on p.payment_key = op.payment_key and p.balance_amount > 0
  where w.order_id = any (order_ids) and w.status = 'accepted'
  union all
  select 'answer_mismatch', v.order_id, format('Toss''s answer about payment %s does not fit the order', v.payment_key)
  from (
    select distinct on (l.payment_key) l.*
    from public.payment_events as l
    where l.order_id = any (order_ids) and l.event in ('answer_mismatch', 'answer_accepted', 'payment_status')
    order by l.payment_key, l.id desc
  ) as v
  where v.event = 'answer_mismatch' and (v.detail ->> 'balanceAmount')::numeric > 0
  union all
  select 'difference_open', d.order_id, format('%s of payment %s', d.kind, d.payment_key)
  from public.reconciliation_differences as d where d.order_id = any (order_ids) and d.resolution is null;
end;
$$;

comment on function toss_private.open_matters_of_orders(text[]) is
  'Why these orders cannot be erased yet: money that is awaited, in doubt, on its way or owed. Whoever settles it may need to know the buyer.';

create function toss_private.open_matters(person jsonb, order_ids text[])
returns table (matter text, subject text, detail text)
language plpgsql
stable
set search_path = ''
as $$
declare
  person_id constant uuid := (person ->> 'userId')::uuid;
begin
  return query
  select * from toss_private.open_matters_of_orders(order_ids)
  union all
  select 'subscription_lives', s.id::text, format('the subscription is %s', s.status)
  from public.subscriptions as s where s.user_id = person_id and s.status <> 'canceled'
  union all
  select 'charge_open', c.id::text, format('a charge of %s is %s', c.amount, c.status)
  from public.subscription_charges as c
  where c.user_id = person_id and c.status in ('pending', 'processing', 'unknown')
  union all
  select 'operation_open', op.id::text, format('%s is %s', op.kind, op.state)
  from toss_private.billing_issues as i
  join public.operations as op on op.id = i.operation_id and op.state in ('started', 'unknown')
  where i.user_id = person_id;
end;
$$;

comment on function toss_private.open_matters(jsonb, text[]) is
  'Why a person cannot be erased yet: as open_matters_of_orders, and what lives beside the orders.';

create function toss_private.erasure_violations()
returns table (invariant text, subject text, detail text)
language plpgsql
stable
set search_path = ''
as $$
begin
  return query
  select 'erased_order_names_nobody', o.id, format('%s still holds something', h.place)
  from public.orders as o
  join toss_private.personal_data_of_orders as h on h.order_id = o.id
  where o.erased_at is not null
    -- What is asked of Toss after it goes when Toss has answered.
    and not exists (select 1 from public.operations as op where op.order_id = o.id and op.state in ('started', 'unknown'))

  union all
  select 'erased_user_is_not_named', c.user_id::text, format('%s still holds something', h.place)
  from public.customers as c
  join toss_private.personal_data_of_users as h on h.user_id = c.user_id and h.created_at <= c.erased_at
  where c.erased_at is not null;
end;
$$;

comment on function toss_private.erasure_violations() is 'What an erased order or user still holds.';
