-- Erasing what names a person. Rows of money stay; triggers beside the tables keep them empty.

create function toss_private.erase_orders(order_ids text[], at timestamptz)
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  keys constant text[] := array(select p.payment_key from public.payments as p where p.order_id = any (order_ids));
begin
  -- The triggers beside the tables say what goes; a row is only touched where it holds something.
  update public.orders as o set erased_at = coalesce(o.erased_at, at) where o.id = any (order_ids);
  update public.order_items as i set name = '[erased]'
  where i.order_id = any (order_ids) and i.product_id is null and i.name <> '[erased]';
  update public.order_adjustments as a set name = '[erased]' where a.order_id = any (order_ids) and a.name <> '[erased]';
  update public.payments as p set receipt_url = null, failure_message = null, card_number_masked = null
  where p.payment_key = any (keys) and num_nonnulls(p.failure_message, p.receipt_url, p.card_number_masked) > 0;
  update public.payment_cancels as k set reason = '[erased]' where k.payment_key = any (keys) and k.reason <> '[erased]';
  update toss_private.payment_details as d set virtual_account = d.virtual_account
  where d.payment_key = any (keys) and d.virtual_account is not null;
  update public.operations as op set reason = op.reason
  where op.order_id = any (order_ids) and num_nonnulls(op.error_message, op.reason, op.answer, op.parameters) > 0;
  update public.payment_events as v set detail = toss_private.without_keys(v.detail, array['reason', 'error'])
  where v.order_id = any (order_ids) and v.detail ?| array['reason', 'error'];
  update public.outbox_events as e set payload = toss_private.event_without_person(e)
  where e.subject = any (order_ids || keys) and e.payload <> toss_private.event_without_person(e);
  update toss_private.order_hook_calls as c
  set event = toss_private.without_keys(c.event, array['metadata', 'name']),
    last_error = toss_private.erased_text(c.last_error)
  where c.order_id = any (order_ids);
  update public.subscription_charges as c set order_name = '[erased]', failure_message = null
  where c.order_id = any (order_ids) and (c.order_name <> '[erased]' or c.failure_message is not null);
  update public.withdrawals as w set reason = '[erased]' where w.order_id = any (order_ids);
  update public.cash_receipts as r set receipt_url = null where r.order_id = any (order_ids) and r.receipt_url is not null;
  perform toss_private.erase_webhook_events(array(
    select e.id from public.webhook_events as e where e.order_id = any (order_ids)
    union
    select e.id from public.webhook_events as e where e.payment_key = any (keys)
  ), at);
  perform toss_private.erase_notices(array(
    select n.id from public.notifications as n where n.order_id = any (order_ids)
  ));
  update toss_private.notices_due as d set last_error = '[erased]'
  where d.event_id in (
    select due.event_id
    from toss_private.notices_due as due
    join public.outbox_events as e on e.id = due.event_id and e.subject = any (order_ids)
    where due.last_error is not null
    -- Whoever looks up its buyer now waits for us.
    for update of due skip locked
  );
end;
$$;

comment on function toss_private.erase_orders(text[], timestamptz) is
  'Erases what names the buyers of these orders, whose rows the caller holds. Whatever else is told of them later is stored without it.';

create function toss_private.erase_webhook_events(event_ids uuid[], at timestamptz)
returns integer
language plpgsql
volatile
set search_path = ''
as $$
declare
  erased integer;
begin
  update toss_private.webhook_bodies as b set key_id = null, ciphertext = null
  where b.webhook_event_id = any (event_ids) and b.ciphertext is not null;
  update public.webhook_events as e set erased_at = at where e.id = any (event_ids) and e.erased_at is null;
  get diagnostics erased = row_count;
  return erased;
end;
$$;

comment on function toss_private.erase_webhook_events(uuid[], timestamptz) is
  'Erases the bodies of events, the readable and the encrypted one; that they came, and what became of them, stays. Answers how many had one.';

create function toss_private.erase_notices(notice_ids uuid[])
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  -- Nobody is left to tell.
  update public.notifications as n
  set status = 'failed', error = 'erased', next_attempt_at = null, lease_token = null, lease_expires_at = null
  where n.id = any (notice_ids) and n.status = 'pending';
  delete from toss_private.notification_contents as k where k.notification_id = any (notice_ids);
end;
$$;

comment on function toss_private.erase_notices(uuid[]) is 'Gives up notices that were not sent yet, and forgets what they were to say.';

create function toss_private.erase_user(erased_id uuid, at timestamptz)
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  perform toss_private.lock_user(erased_id);
  perform toss_private.delete_keys_of_gone_user(erased_id, jsonb_build_object('verifiedBy', 'request'));
  update public.customers as c set erased_at = at where c.user_id = erased_id;
  update public.billing_methods as m set card_number_masked = null, account_number_masked = null
  where m.user_id = erased_id and num_nonnulls(m.card_number_masked, m.account_number_masked) > 0;
  update public.subscription_consents as c set method_number = null
  where c.user_id = erased_id and c.method_number is not null;
  update public.operations as op set error_message = null
  where op.error_message is not null and (
    op.id in (select i.operation_id from toss_private.billing_issues as i where i.user_id = erased_id)
    or op.billing_method_id in (select m.id from public.billing_methods as m where m.user_id = erased_id)
  );
  update public.payment_events as v set detail = toss_private.without_keys(v.detail, array['reason', 'error'])
  where v.subscription_id in (select s.id from public.subscriptions as s where s.user_id = erased_id)
    and v.detail ?| array['reason', 'error'];
  update public.subscription_charges as c set order_name = '[erased]', failure_message = null
  where c.user_id = erased_id and (c.order_name <> '[erased]' or c.failure_message is not null);
  perform toss_private.erase_webhook_events(array(
    select b.webhook_event_id
    from toss_private.webhook_bodies as b
    join toss_private.billing_keys as k on k.key_digest = b.billing_key_digest
    join public.billing_methods as m on m.id = k.billing_method_id
    where m.user_id = erased_id
    union
    -- What Toss reports of a customer names no card and no order.
    select e.id from public.webhook_events as e
    join public.customers as c on c.customer_key::text = e.entity_id
    where c.user_id = erased_id
  ), at);
  update public.outbox_events as e set payload = toss_private.event_without_person(e)
  where e.subject = (select c.customer_key::text from public.customers as c where c.user_id = erased_id)
    and e.payload <> toss_private.event_without_person(e);
  perform toss_private.erase_notices(array(select n.id from public.notifications as n where n.user_id = erased_id));
end;
$$;

comment on function toss_private.erase_user(uuid, timestamptz) is
  'Erases what is held of a user beside the orders, and has the cards deleted at Toss. The caller holds the orders.';

create function toss_private.held_of_person(person jsonb, order_ids text[])
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select coalesce(jsonb_object_agg(h.place, h.quantity), '{}')
    from (
      select a.place, count(*) as quantity
      from (
        select o.place from toss_private.personal_data_of_orders as o where o.order_id = any (order_ids)
        union all
        select u.place from toss_private.personal_data_of_users as u where u.user_id = (person ->> 'userId')::uuid
      ) as a
      group by a.place
    ) as h
  );
end;
$$;

comment on function toss_private.held_of_person(jsonb, text[]) is 'How many rows of which table hold something of a person.';

create function public.erase_person(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  person_id constant uuid := (request ->> 'userId')::uuid;
  present constant timestamptz := toss_private.clock_now();
  order_ids text[] := toss_private.orders_of_person(request);
  owner_id uuid;
  held jsonb;
  matters jsonb;
begin
  if person_id is null then
    select o.user_id into owner_id from public.orders as o where o.id = request ->> 'orderId';
    if not found then
      return jsonb_build_object('outcome', 'not_found');
    elsif owner_id is not null then
      return jsonb_build_object('outcome', 'order_of_user', 'userId', owner_id);
    end if;
  elsif cardinality(order_ids) = 0 and not exists (select 1 from public.customers as c where c.user_id = person_id) then
    return jsonb_build_object('outcome', 'not_found');
  end if;
  if (request ->> 'isConfirmed')::boolean then
    -- Whoever stores a webhook or a notice at this moment is waited for, or waits and sees the tombstone. Before the rows: a notice's foreign key waits for them.
    perform pg_advisory_xact_lock(hashtextextended('erasure', 0));
    perform 1 from public.orders as o where o.id = any (order_ids) order by o.id for update;
    -- Nobody subscribes between the question what is open and the answer.
    if person_id is not null then
      perform toss_private.lock_user(person_id);
    end if;
  end if;
  held := toss_private.held_of_person(request, order_ids);
  select coalesce(jsonb_agg(to_jsonb(m) order by m.matter, m.subject), '[]') into matters
  from toss_private.open_matters(request, order_ids) as m;
  if matters <> '[]' then
    return jsonb_build_object('outcome', 'refused', 'orders', cardinality(order_ids), 'held', held, 'matters', matters);
  elsif not coalesce((request ->> 'isConfirmed')::boolean, false) then
    return jsonb_build_object('outcome', 'listed', 'orders', cardinality(order_ids), 'held', held, 'matters', matters);
  end if;
  perform toss_private.erase_orders(order_ids, present);
  if person_id is not null then
    perform toss_private.erase_user(person_id, present);
  end if;
  return jsonb_build_object('outcome', 'erased', 'orders', cardinality(order_ids), 'held', held, 'matters', matters);
end;
$$;

comment on function public.erase_person(jsonb) is
  'Erases what names a user (userId) or the buyer of a guest''s order (orderId); without isConfirmed it only counts. Outcomes: erased, listed, refused (with `matters`: why), not_found, order_of_user (with its userId). Again it is quiet.';
