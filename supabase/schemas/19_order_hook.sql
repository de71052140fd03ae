-- The shop's own code, called when an order moves: in the same transaction, order per order, until it has succeeded.

create table toss_private.order_hook_calls (
  id bigint generated always as identity primary key,
  order_id text not null references public.orders (id),
  event jsonb not null,
  attempts integer not null default 0,
  last_error text,
  next_attempt_at timestamptz not null,
  created_at timestamptz not null
);

alter table toss_private.order_hook_calls enable row level security;

comment on table toss_private.order_hook_calls is
  'Calls of the shop''s order hook that are owed: the first of an order failed, the others wait for it. One that succeeded has no row.';
comment on column toss_private.order_hook_calls.event is
  'What the hook is called with. Personal: free text; erased.';
comment on column toss_private.order_hook_calls.last_error is
  'What it raised last, cut at 500 characters. Personal: error text; erased.';

create function toss_private.keep_hook_erased()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if toss_private.is_erased_order(new.order_id) then
    new.last_error := '[erased]';
  end if;
  return new;
end;
$$;

comment on function toss_private.keep_hook_erased() is 'Trigger: what the shop''s hook raises about an erased order is not kept.';

create trigger order_hook_calls_keep_erased
  before insert or update on toss_private.order_hook_calls
  for each row when (new.last_error is not null)
  execute function toss_private.keep_hook_erased();

create index order_hook_calls_order_id on toss_private.order_hook_calls (order_id, id);
create index order_hook_calls_next_attempt_at on toss_private.order_hook_calls (next_attempt_at);

create function public.use_order_hook(function_name text)
returns void
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
  perform toss_private.require_shop_function(function_name, 'void'::regtype);
  update toss_private.shop_code as s set order_hook = function_name;
  if function_name is null then
    delete from toss_private.order_hook_calls;
  end if;
end;
$$;

comment on function public.use_order_hook(text) is
  'From now on this function of the shop is called when an order moves: f(jsonb) returns void; null takes it back, and the calls that are owed with it. For the owner of the database alone. docs/own-catalogue.md.';

create function toss_private.order_event(moved public.orders, from_status text)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return jsonb_build_object(
    'orderId', moved.id,
    'reference', moved.reference,
    'userId', moved.user_id,
    'from', from_status,
    'to', moved.status,
    'amount', moved.amount,
    'refundedAmount', coalesce((
      select p.total_amount - p.balance_amount from public.payments as p
      where p.payment_key = moved.payment_key and toss_private.is_paid(p)
    ), 0),
    'paymentKey', moved.payment_key,
    'lines', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'productId', i.product_id, 'name', i.name, 'unitPrice', i.unit_price, 'quantity', i.quantity,
        'taxFree', i.tax_free
      ) order by i.position), '[]')
      from public.order_items as i where i.order_id = moved.id
    ),
    'metadata', moved.metadata
  );
end;
$$;

comment on function toss_private.order_event(public.orders, text) is 'What the shop''s order hook is told of a move.';

create function toss_private.try_order_hook(hook text, event jsonb)
returns text
language plpgsql
volatile
set search_path = ''
as $$
declare
  -- What the caller's client sent is one statement, however many orders it moves.
  statement_began constant text := statement_timestamp()::text;
begin
  -- A statement is cut once; the next slow call in it would be waited for without an end.
  if current_setting('tosspayments.hook_cut_in', true) = statement_began then
    return 'not called: an earlier call of the same statement was cut, and its time was up';
  end if;
  execute format('select %s($1)', hook) using event;
  -- What the shop deferred is checked before it could take our commit with it.
  set constraints all immediate;
  -- A plain set of the shop's would outlive this function, and whoever called it would find the shop's names.
  perform set_config('search_path', '', true);
  return null;
exception
  -- A statement timeout and a failed assert are no "others".
  when others or query_canceled or assert_failure then
    if sqlstate = '57014' then
      perform set_config('tosspayments.hook_cut_in', statement_began, true);
    end if;
    return left(coalesce(nullif(sqlerrm, ''), sqlstate), 500);
end;
$$;

comment on function toss_private.try_order_hook(text, jsonb) is
  'Calls the shop''s hook; what it raised, with all it did undone, or null. After a cut it calls nothing more in the same statement.';

create function toss_private.call_order_hook(moved public.orders, from_status text)
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  hook constant text := (select s.order_hook from toss_private.shop_code as s);
  present constant timestamptz := toss_private.clock_now();
  event jsonb;
  problem text;
begin
  if hook is null then
    return;
  end if;
  event := toss_private.order_event(moved, from_status);
  if not exists (select 1 from toss_private.order_hook_calls as c where c.order_id = moved.id) then
    problem := toss_private.try_order_hook(hook, event);
    if problem is null then
      return;
    end if;
  end if;
  insert into toss_private.order_hook_calls (order_id, event, attempts, last_error, next_attempt_at, created_at)
  values (
    moved.id, event, (problem is not null)::integer, problem, present + interval '1 minute', present
  );
end;
$$;

comment on function toss_private.call_order_hook(public.orders, text) is
  'Tells the shop''s hook of a move, or owes it the call: when it raises, and when an earlier one of the order is owed. The caller holds the order.';

create function toss_private.follow_order()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform toss_private.call_order_hook(new, old.status);
  return null;
end;
$$;

comment on function toss_private.follow_order() is 'Trigger: whatever moves an order, the shop''s hook hears of it.';

create trigger orders_follow
  after update of status on public.orders
  for each row when (old.status is distinct from new.status)
  execute function toss_private.follow_order();

create function toss_private.follow_refund()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  refunded public.orders;
begin
  select * into refunded from public.orders as o
  where o.id = new.order_id and o.payment_key = new.payment_key and o.status = 'partially_refunded';
  if found then
    perform toss_private.call_order_hook(refunded, refunded.status);
  end if;
  return null;
end;
$$;

comment on function toss_private.follow_refund() is
  'Trigger: a further partial refund moves no status, and the shop''s hook hears of it all the same.';

create trigger payments_follow_refund
  after update of balance_amount on public.payments
  for each row when (new.balance_amount < old.balance_amount and new.balance_amount > 0)
  execute function toss_private.follow_refund();

create function public.orders_owed_hooks(request jsonb)
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
  return jsonb_build_object('orderIds', (
    select coalesce(jsonb_agg(due.order_id order by due.since, due.order_id), '[]')
    from (
      select c.order_id, min(c.next_attempt_at) as since from toss_private.order_hook_calls as c
      where c.next_attempt_at <= coalesce((request ->> 'asOf')::timestamptz, toss_private.clock_now())
      group by c.order_id
      order by since, c.order_id
      limit (request ->> 'limit')::integer
    ) as due
  ));
end;
$$;

comment on function public.orders_owed_hooks(jsonb) is
  'The orders for which the shop''s hook is owed calls that are due, the longest waiting first. Keys: limit, asOf.';

create function public.run_order_hooks(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  owing_order_id constant text := request ->> 'orderId';
  hook constant text := (select s.order_hook from toss_private.shop_code as s);
  present constant timestamptz := coalesce((request ->> 'asOf')::timestamptz, toss_private.clock_now());
  owed toss_private.order_hook_calls;
  problem text;
  done integer := 0;
begin
  if hook is null then
    return jsonb_build_object('called', 0, 'failed', 0);
  end if;
  -- The order first, as whoever moves it does; who moves it now calls or owes by itself.
  perform 1 from public.orders as o where o.id = owing_order_id for no key update;
  for owed in select * from toss_private.order_hook_calls as c where c.order_id = owing_order_id order by c.id loop
    problem := toss_private.try_order_hook(hook, owed.event);
    if problem is not null then
      -- The later ones wait as long.
      update toss_private.order_hook_calls as c
      set attempts = c.attempts + (c.id = owed.id)::integer,
        last_error = case when c.id = owed.id then problem else c.last_error end,
        next_attempt_at = present + least(interval '1 minute' * 2 ^ least(owed.attempts, 6), interval '1 hour')
      where c.order_id = owing_order_id;
      return jsonb_build_object('called', done, 'failed', 1);
    end if;
    delete from toss_private.order_hook_calls as c where c.id = owed.id;
    done := done + 1;
  end loop;
  return jsonb_build_object('called', done, 'failed', 0);
end;
$$;

comment on function public.run_order_hooks(jsonb) is
  'Calls the shop''s hook with what one order is owed, in its order, due or not, until one call fails. One order a call, so that each has a statement''s time of its own. Keys: orderId, asOf.';

create view toss_private.hook_alerts
with (security_invoker = true)
as
select 'warning' as level, 'hook_failed' as alert, c.order_id as subject,
  format('%s call(s) of the order hook are owed; it raised: %s', count(*), min(c.last_error)) as detail,
  min(c.created_at) as since
from toss_private.order_hook_calls as c
group by c.order_id;

comment on view toss_private.hook_alerts is 'Orders whose moves the shop''s own hook has not taken; npx -y deno task toss replay --hook <orderId>.';
