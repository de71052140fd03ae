-- Purpose: what older API versions of Toss leave out costs nobody money: cancels without a key of their own, accounts
-- that cannot be read, and which version answers at all.
-- Table: private.toss_api_versions. Functions: private.derived_cancel_key, name_cancels, takes_refund_account,
-- approval_time, note_api_version, record_details, payment_view.
-- Risk: none for existing rows; record_details and payment_view keep what they did for readable answers.

create function private.derived_cancel_key(cancelled_payment_key text, place bigint, attempt integer)
returns text
language sql
immutable
set search_path = ''
as $$
  -- Toss's own keys are txrd_… or hexadecimal digits, so the two cannot meet.
  select 'place-' || place || '-' || left(encode(sha256(convert_to(cancelled_payment_key, 'UTF8')), 'hex'), 40)
    || case when attempt > 1 then '-' || attempt else '' end;
$$;

comment on function private.derived_cancel_key(text, bigint, integer) is
  'The key of a cancel that Toss gave none: the payment and the place among its cancels. `attempt` counts up where an entry of another amount holds the place.';
revoke execute on function private.derived_cancel_key(text, bigint, integer) from public, anon, authenticated;

create function private.name_cancels(cancelled_payment_key text, cancels jsonb)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
declare
  taken text[];
  used text[] := '{}';
  named jsonb := '{}';
  entry record;
  chosen text;
  attempt integer;
begin
  if (
    select count(*) = count(distinct c.value ->> 'transactionKey') from jsonb_array_elements(cancels) as c
  ) and not exists (
    select 1 from public.payment_cancels as k
    where k.payment_key = cancelled_payment_key and k.transaction_key like 'place-%'
  ) then
    return cancels;
  end if;

  -- A cancel is only ever added and never changes its amount. So an entry that cannot be found by its key is a row of
  -- that amount which no other entry of this answer is, and a new one only when there is none: a cancel never becomes
  -- two rows, whatever the order of the list and whether this answer, the one before or the next carries keys.
  select coalesce(array_agg(k.transaction_key), '{}') into taken
  from public.payment_cancels as k
  where k.payment_key = cancelled_payment_key
    and k.transaction_key in (select c.value ->> 'transactionKey' from jsonb_array_elements(cancels) as c);

  for entry in
    select c.value ->> 'transactionKey' as key, (c.value ->> 'cancelAmount')::numeric as amount,
      (c.value ->> 'canceledAt')::timestamptz as canceled_at,
      (c.value ->> 'refundableAmount')::numeric as refundable_amount, c.ordinality as position,
      row_number() over (order by (c.value ->> 'canceledAt')::timestamptz, c.ordinality) as place
    from jsonb_array_elements(cancels) with ordinality as c
    order by place
  loop
    -- A key that stands at two entries tells neither from the other.
    if entry.key = any(used) then
      entry.key := null;
    end if;
    used := used || entry.key;
    chosen := entry.key;
    if entry.key is null or entry.key <> all(taken) then
      select k.transaction_key into chosen
      from public.payment_cancels as k
      where k.payment_key = cancelled_payment_key and k.amount = entry.amount and k.transaction_key <> all(taken)
        -- Two keys of Toss are two cancels.
        and (entry.key is null or k.transaction_key like 'place-%')
      order by coalesce(k.canceled_at = entry.canceled_at, false) desc,
        coalesce(k.refundable_amount = entry.refundable_amount, false) desc,
        k.transaction_key = private.derived_cancel_key(cancelled_payment_key, entry.place, 1) desc,
        k.created_at, k.transaction_key
      limit 1;
      chosen := coalesce(chosen, entry.key);
      attempt := 0;
      while chosen is null loop
        attempt := attempt + 1;
        chosen := private.derived_cancel_key(cancelled_payment_key, entry.place, attempt);
        if chosen = any(taken) or exists (
          select 1 from public.payment_cancels as k where k.transaction_key = chosen
        ) then
          chosen := null;
        end if;
      end loop;
      taken := taken || chosen;
    end if;
    named := named || jsonb_build_object(entry.position::text, chosen);
  end loop;

  return (
    select coalesce(jsonb_agg(
      c.value || jsonb_build_object('transactionKey', named -> c.ordinality::text) order by c.ordinality
    ), '[]')
    from jsonb_array_elements(cancels) with ordinality as c
  );
end;
$$;

comment on function private.name_cancels(text, jsonb) is
  'The cancels of an answer, each under the key of its row: Toss''s own, or where an API version has none the derived one, the same on every reading.';
revoke execute on function private.name_cancels(text, jsonb) from public, anon, authenticated;

create function private.takes_refund_account(payment_method text, account_payment_key text)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  if payment_method = '가상계좌' or exists (
    select 1 from private.payment_details as d
    where d.payment_key = account_payment_key and d.virtual_account ->> 'accountNumber' is not null
  ) then
    return true;
  end if;
  return case when payment_method is not null then false end;
end;
$$;

comment on function private.takes_refund_account(text, text) is
  'Whether a payment was made into a virtual account, so that its money needs an account to go back to; null when Toss''s answers have not told, and then Toss judges.';
revoke execute on function private.takes_refund_account(text, text) from public, anon, authenticated;

create function private.approval_time(known public.payments, answer jsonb)
returns timestamptz
language plpgsql
stable
set search_path = ''
as $$
declare
  told constant timestamptz := (answer ->> 'approvedAt')::timestamptz;
  takes_account boolean;
begin
  if answer ->> 'status' in ('DONE', 'PARTIAL_CANCELED') then
    -- What is done was approved; where its time cannot be read, at the latest now.
    return case when answer ? 'approvedAt' then told else coalesce(known.approved_at, private.clock_now()) end;
  end if;
  if answer ->> 'status' <> 'CANCELED' then
    return null;
  end if;
  takes_account := private.takes_refund_account(coalesce(answer ->> 'method', known.method), answer ->> 'paymentKey');
  -- Up to version 1.4 a deposit that the bank took back ended like this, and nothing was cancelled.
  if takes_account and answer -> 'cancels' = '[]' then
    return null;
  end if;
  -- Money that came by another way than a deposit had come, whatever is said of its time.
  return case when not answer ? 'approvedAt' or takes_account is false then coalesce(told, known.approved_at) else told end;
end;
$$;

comment on function private.approval_time(public.payments, jsonb) is
  'When the money of a payment arrived, by an answer and what is known; null while it has not, and when a bank has taken it back.';
revoke execute on function private.approval_time(public.payments, jsonb) from public, anon, authenticated;

create table private.toss_api_versions (
  version text primary key,
  first_seen_at timestamptz not null,
  last_seen_at timestamptz not null,
  constraint toss_api_versions_version_length check (char_length(version) between 1 and 30)
);

comment on table private.toss_api_versions is 'The API versions that Toss''s answers named, for the doctor.';
comment on column private.toss_api_versions.last_seen_at is 'Within a day; not every answer writes.';
alter table private.toss_api_versions enable row level security;

create function private.note_api_version(noted_version text)
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  present constant timestamptz := private.clock_now();
begin
  if noted_version is null or exists (
    select 1 from private.toss_api_versions as v
    where v.version = noted_version and v.last_seen_at > present - interval '1 day'
  ) then
    return;
  end if;
  -- No payment waits for another over this.
  if not pg_try_advisory_xact_lock(hashtextextended('toss_api_version', 0)) then
    return;
  end if;
  insert into private.toss_api_versions as v (version, first_seen_at, last_seen_at)
  values (noted_version, present, present)
  on conflict (version) do update set last_seen_at = excluded.last_seen_at;
end;
$$;

comment on function private.note_api_version(text) is 'Remembers, once a day, that Toss answered in an API version.';
revoke execute on function private.note_api_version(text) from public, anon, authenticated;

create or replace function private.record_details(answer jsonb)
returns void
language sql
volatile
set search_path = ''
as $$
  -- What an answer does not tell, or tells unreadably, stays as it is known.
  insert into private.payment_details as d (payment_key, secret_digest, virtual_account)
  select answer ->> 'paymentKey', answer ->> 'secretDigest', jsonb_strip_nulls(answer -> 'virtualAccount')
  where answer ? 'secretDigest' or answer ? 'virtualAccount'
  on conflict (payment_key) do update set
    secret_digest = coalesce(excluded.secret_digest, d.secret_digest),
    virtual_account = coalesce(d.virtual_account || excluded.virtual_account, excluded.virtual_account, d.virtual_account);
$$;

comment on function private.record_details(jsonb) is
  'Keeps what the API must not reach: the digest of the secret, and where a deposit goes. What an answer does not tell stays as it is known.';

create or replace function private.payment_view(viewed_payment_key text)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  -- An account without a number is none that anybody could pay into. Where Toss names no deadline, ours holds.
  return (
    select jsonb_strip_nulls(jsonb_build_object(
      'virtualAccount', case
        when p.status = 'WAITING_FOR_DEPOSIT' and d.virtual_account ->> 'accountNumber' is not null
          then d.virtual_account || case when d.virtual_account ->> 'dueDate' is null
            then jsonb_build_object('dueDate', private.deposit_deadline(p)) else '{}' end end
    )) || jsonb_build_object(
      'status', case p.status when 'WAITING_FOR_DEPOSIT' then 'waiting_for_deposit' else 'confirmed' end,
      'orderId', p.order_id,
      'paymentKey', p.payment_key,
      'amount', p.total_amount,
      'approvedAt', p.approved_at,
      'method', p.method,
      'receiptUrl', p.receipt_url
    )
    from public.payments as p
    left join private.payment_details as d on d.payment_key = p.payment_key
    where p.payment_key = viewed_payment_key
  );
end;
$$;

comment on function private.payment_view(text) is
  'What confirm answers for a payment that succeeded; the same on every repeat. An account without a number is left out.';
