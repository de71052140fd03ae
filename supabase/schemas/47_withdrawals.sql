-- Withdrawal (청약철회): a buyer wants to give an order back, and the shop has three business days to see to it.

create table toss_private.holidays (
  day date primary key,
  name text not null,
  constraint holidays_name_length check (char_length(name) between 1 and 100)
);

alter table toss_private.holidays enable row level security;

comment on table toss_private.holidays is
  'Korean public holidays on which no business day falls, as announced (월력요항); Saturdays and Sundays need no row. The shop adds what the government announces later. A day that is missing makes a deadline earlier, never later.';
comment on column toss_private.holidays.name is 'What the day is called, for whoever reads the table.';

-- Those after 2027 are announced in the middle of the year before (우주항공청, 월력요항).
insert into toss_private.holidays (day, name) values
  ('2026-12-25', '기독탄신일'),
  ('2027-01-01', '1월 1일'),
  ('2027-02-06', '설날 전날'),
  ('2027-02-07', '설날'),
  ('2027-02-08', '설날 다음 날'),
  ('2027-02-09', '대체공휴일(설날)'),
  ('2027-03-01', '3·1절'),
  ('2027-05-01', '노동절'),
  ('2027-05-03', '대체공휴일(노동절)'),
  ('2027-05-05', '어린이날'),
  ('2027-05-13', '부처님 오신 날'),
  ('2027-06-06', '현충일'),
  ('2027-07-17', '제헌절'),
  ('2027-07-19', '대체공휴일(제헌절)'),
  ('2027-08-15', '광복절'),
  ('2027-08-16', '대체공휴일(광복절)'),
  ('2027-09-14', '추석 전날'),
  ('2027-09-15', '추석'),
  ('2027-09-16', '추석 다음 날'),
  ('2027-10-03', '개천절'),
  ('2027-10-04', '대체공휴일(개천절)'),
  ('2027-10-09', '한글날'),
  ('2027-10-11', '대체공휴일(한글날)'),
  ('2027-12-25', '기독탄신일'),
  ('2027-12-27', '대체공휴일(기독탄신일)');

create function toss_private.is_business_day(asked date)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return extract(isodow from asked) < 6 and not exists (select 1 from toss_private.holidays as h where h.day = asked);
end;
$$;

comment on function toss_private.is_business_day(date) is 'Whether a day in Korea is neither a Saturday, a Sunday nor a holiday.';

create function toss_private.end_of_seoul_day(ending date)
returns timestamptz
language plpgsql
stable
set search_path = ''
as $$
begin
  return (ending + time '23:59:59') at time zone 'Asia/Seoul';
end;
$$;

comment on function toss_private.end_of_seoul_day(date) is
  'The last second of a day in Asia/Seoul: a deadline whose date is the one that people name.';

create function toss_private.withdrawal_due_at(requested timestamptz)
returns timestamptz
language plpgsql
stable
set search_path = ''
as $$
declare
  candidate date := (requested at time zone 'Asia/Seoul')::date;
  remaining integer := 3;
begin
  -- The day itself is not counted (민법 157조).
  while remaining > 0 loop
    candidate := candidate + 1;
    remaining := remaining - toss_private.is_business_day(candidate)::integer;
  end loop;
  return toss_private.end_of_seoul_day(candidate);
end;
$$;

comment on function toss_private.withdrawal_due_at(timestamptz) is
  'The end of the third business day in Asia/Seoul after a withdrawal was asked for (전자상거래법 18조).';

create function toss_private.withdrawal_period_end(paid timestamptz)
returns timestamptz
language plpgsql
stable
set search_path = ''
as $$
declare
  last_day date := (paid at time zone 'Asia/Seoul')::date + 7;
begin
  -- A period that ends on a day of rest ends with the next business day (민법 161조).
  while not toss_private.is_business_day(last_day) loop
    last_day := last_day + 1;
  end loop;
  return toss_private.end_of_seoul_day(last_day);
end;
$$;

comment on function toss_private.withdrawal_period_end(timestamptz) is
  'The end of the seven days of 전자상거래법 17조, counted from the payment. Goods that came later have longer: when they came is not known here.';

create table public.withdrawals (
  id uuid primary key,
  order_id text not null references public.orders (id),
  user_id uuid,
  request_id text not null,
  reason text not null,
  status text not null default 'requested',
  requested_at timestamptz not null,
  due_at timestamptz not null,
  period_ends_at timestamptz not null,
  decided_at timestamptz,
  decision_reason text,
  refund_operation_id uuid references public.operations (id),
  constraint withdrawals_one_per_request unique (order_id, request_id),
  constraint withdrawals_request_id_length check (char_length(request_id) between 1 and 100),
  constraint withdrawals_reason_length check (char_length(reason) between 1 and 500),
  constraint withdrawals_decision_reason_length check (char_length(decision_reason) between 1 and 500),
  constraint withdrawals_status_known check (status in ('requested', 'accepted', 'refused')),
  constraint withdrawals_decided_has_time check ((status = 'requested') = (decided_at is null)),
  constraint withdrawals_decision_has_reason check (decision_reason is null or status <> 'requested'),
  constraint withdrawals_refund_was_accepted check (refund_operation_id is null or status = 'accepted'),
  constraint withdrawals_due_after_request check (due_at > requested_at)
);

alter table public.withdrawals enable row level security;

comment on table public.withdrawals is 'Buyers who want to give an order back, and what the shop decided. docs/withdrawals.md.';
comment on column public.withdrawals.user_id is
  'The order''s buyer; null when the shop wrote the request down for a guest. Personal: id; kept.';
comment on column public.withdrawals.request_id is 'The caller''s idempotency token; one withdrawal of an order each.';
comment on column public.withdrawals.reason is
  'In the buyer''s words. Nothing else repeats it, neither Toss nor an event. Personal: free text; erased.';
comment on column public.withdrawals.status is
  'requested; accepted: all or a part goes back, by the refund or because the order was refunded by another way; refused.';
comment on column public.withdrawals.due_at is
  'End of the third business day in Asia/Seoul after the request, by the holidays that were known then.';
comment on column public.withdrawals.period_ends_at is
  'End of the seven days counted from the payment; a request after it may still be in time, when the goods came later.';
comment on column public.withdrawals.decision_reason is
  'In the shop''s words, for the buyer to read. Personal: free text; erased.';
comment on column public.withdrawals.refund_operation_id is
  'The cancel that pays an accepted withdrawal back, the last one when Toss had refused others; null when the order was refunded by another way.';

create function toss_private.keep_withdrawal_erased()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if toss_private.is_erased_order(new.order_id) then
    new.reason := '[erased]';
    new.decision_reason := toss_private.erased_text(new.decision_reason);
  end if;
  return new;
end;
$$;

comment on function toss_private.keep_withdrawal_erased() is 'Trigger: what was written about a withdrawal goes with its order.';

create trigger withdrawals_keep_erased
  before insert or update on public.withdrawals
  for each row execute function toss_private.keep_withdrawal_erased();

create unique index withdrawals_one_open_per_order on public.withdrawals (order_id) where status = 'requested';
create index withdrawals_order_id on public.withdrawals (order_id);
create index withdrawals_user_id on public.withdrawals (user_id, requested_at desc);
create index withdrawals_refund_operation_id on public.withdrawals (refund_operation_id)
  where refund_operation_id is not null;
create index withdrawals_due_at on public.withdrawals (due_at) where status = 'requested';

create policy "users read their own withdrawals"
  on public.withdrawals for select to authenticated
  using ((select auth.uid()) = user_id);

create function toss_private.excluded_lines(asked_order_id text)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select coalesce(jsonb_agg(coalesce(i.product_id, i.name) order by i.position), '[]')
    from public.order_items as i
    where i.order_id = asked_order_id
      and (i.withdrawal = 'excluded' or (i.withdrawal = 'excluded_after_use' and i.used_at is not null))
  );
end;
$$;

comment on function toss_private.excluded_lines(text) is
  'The lines of an order that cannot be given back, by product id, or by name where there is none.';

create function toss_private.tell_of_withdrawal(event_name text, concerned public.withdrawals, detail jsonb)
returns void
language plpgsql
set search_path = ''
as $$
begin
  perform toss_private.write_outbox_event(jsonb_build_object(
    'eventType', event_name, 'subject', concerned.order_id, 'payload', jsonb_strip_nulls(jsonb_build_object(
      'withdrawalId', concerned.id, 'orderId', concerned.order_id, 'userId', concerned.user_id,
      'status', concerned.status
    ) || detail)
  ));
end;
$$;

comment on function toss_private.tell_of_withdrawal(text, public.withdrawals, jsonb) is
  'Adds an event about a withdrawal to outbox_events, without anybody''s words.';
