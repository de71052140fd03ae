-- The one door: every answer and every webhook about a payment goes through toss_private.apply_payment.

create function toss_private.is_news(known public.payments, answer jsonb, asked_time timestamptz)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
declare
  progress bigint := 0;
  known_progress bigint;
  rank constant integer := toss_private.payment_rank(answer ->> 'status');
  known_rank constant integer := toss_private.payment_rank(known.status);
begin
  -- Never by a timestamp of the payload: several states can share a second, and never by amounts: an aborted cancel
  -- lowers their sum. Cancels are only ever added and only ever end, and a payment only moves on, except that a bank
  -- can take a deposit back. Around such a reversal the status alone says nothing, so both directions need an answer to
  -- a question asked afterwards. An aborted cancel may lead the status back, which its progress covers.
  if known.payment_key is null then
    return true;
  end if;
  if (known.status = 'DONE' and answer ->> 'status' = 'WAITING_FOR_DEPOSIT')
    or (known.status = 'WAITING_FOR_DEPOSIT' and known.reversed_at is not null and answer ->> 'status' = 'DONE')
  then
    return coalesce(asked_time > known.applied_at, false);
  end if;
  if answer -> 'cancels' <> '[]' then
    select sum(toss_private.cancel_progress(c.value ->> 'cancelStatus')) into progress
    from jsonb_array_elements(answer -> 'cancels') as c;
  end if;
  select coalesce(sum(toss_private.cancel_progress(c.status)), 0) into known_progress
  from public.payment_cancels as c
  where c.payment_key = known.payment_key;
  return case when asked_time > known.applied_at
    -- The same state, asked for again: the fresher answer may correct what an older one got wrong.
    then (progress, rank) >= (known_progress, known_rank)
    else (progress, rank) > (known_progress, known_rank) end;
end;
$$;

comment on function toss_private.is_news(public.payments, jsonb, timestamptz) is
  'Whether an answer of Toss is newer than what is stored; see docs/architecture.md.';

create function toss_private.tells_nothing_new(known public.payments, answer jsonb, paying public.orders)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  -- Whatever else an answer could be about goes the whole way: deposits, refunds, operations under way.
  return paying.status = 'paid' and paying.payment_key = known.payment_key
    and known.status = 'DONE' and answer ->> 'status' = 'DONE' and known.balance_amount = known.total_amount
    and (answer ->> 'balanceAmount')::bigint = known.balance_amount
    and not answer ? 'virtualAccount' and known.method is not null and known.method <> '가상계좌'
    and coalesce(answer ->> 'method' = known.method, answer ->> 'method' is null)
    and coalesce((answer ->> 'taxFreeAmount')::bigint = known.tax_free_amount, answer ->> 'taxFreeAmount' is null)
    and coalesce(answer ->> 'receiptUrl' = known.receipt_url, answer ->> 'receiptUrl' is null)
    and coalesce((answer ->> 'requestedAt')::timestamptz = known.requested_at, answer ->> 'requestedAt' is null)
    -- Null would say that the money is gone.
    and coalesce((answer ->> 'approvedAt')::timestamptz = known.approved_at, not answer ? 'approvedAt')
    and answer ->> 'canceledAt' is null and known.canceled_at is null
    and answer ->> 'failureCode' is null and known.failure_code is null
    and answer ->> 'failureMessage' is null and known.failure_message is null
    and to_jsonb(known) @> jsonb_strip_nulls(coalesce(answer -> 'details', '{}'));
end;
$$;

comment on function toss_private.tells_nothing_new(public.payments, jsonb, public.orders) is
  'Whether a fresh answer says of a paid order, word for word, what is stored of its payment: most webhooks come after the confirm.';

create function toss_private.note_tax_split(
  known public.payments, stored public.payments, paying public.orders, audit jsonb
)
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  -- A page asks Toss for the split, and a confirm cannot change it. Before a refund Toss tells the whole of it.
  if stored.tax_free_amount is null or stored.balance_amount <> stored.total_amount
    or stored.tax_free_amount = paying.tax_free_amount
    or (known.payment_key is not null and known.tax_free_amount is not distinct from stored.tax_free_amount)
  then
    return;
  end if;
  perform toss_private.write_event(audit || jsonb_build_object(
    'event', 'tax_split_differs', 'amount', stored.tax_free_amount,
    'detail', jsonb_build_object('orderTaxFreeAmount', paying.tax_free_amount)
  ));
end;
$$;

comment on function toss_private.note_tax_split(public.payments, public.payments, public.orders, jsonb) is
  'Leaves a line when a payment was made with another tax-free part than its order''s. The money stands.';

create function toss_private.apply_payment(request jsonb)
returns jsonb
language plpgsql
volatile
set search_path = ''
as $$
declare
  answer jsonb := request -> 'payment';
  answer_key constant text := answer ->> 'paymentKey';
  asked_time constant timestamptz := (request ->> 'askedAt')::timestamptz;
  present timestamptz;
  audit jsonb;
  paying public.orders;
  known public.payments;
  stored public.payments;
  canceling public.operations;
  made_transaction_key text;
  has_cancels boolean;
  is_busy boolean;
  is_new boolean;
  is_told boolean;
  split_stands boolean;
  tells_whole boolean;
  pays_order boolean;
begin
  select * into paying from public.orders as o where o.id = answer ->> 'orderId' for no key update;
  if not found then
    return jsonb_build_object('outcome', 'order_not_found');
  end if;
  present := toss_private.clock_now();
  audit := jsonb_build_object(
    'source', request ->> 'source', 'paymentKey', answer_key, 'orderId', paying.id,
    'operationId', request ->> 'operationId', 'requestId', request ->> 'requestId', 'askedAt', asked_time, 'at', present
  );
  select * into known from public.payments as p where p.payment_key = answer_key;

  has_cancels := jsonb_array_length(coalesce(answer -> 'cancels', '[]')) > 0;
  -- Toss is believed only about this order, this amount and this currency.
  if (answer ->> 'totalAmount')::numeric <> paying.amount or answer ->> 'currency' <> paying.currency
    or (answer ->> 'balanceAmount')::numeric not between 0 and (answer ->> 'totalAmount')::numeric
    -- Nobody could tell which cancel has taken the rest.
    or (answer ->> 'status' in ('DONE', 'PARTIAL_CANCELED') and answer ->> 'balanceAmount' <> answer ->> 'totalAmount'
      and not has_cancels)
    or (known.payment_key is not null and known.order_id <> paying.id)
  then
    perform toss_private.write_event(audit || jsonb_build_object(
      'event', 'answer_mismatch', 'to', answer ->> 'status',
      'detail', jsonb_build_object(
        'totalAmount', answer -> 'totalAmount', 'currency', answer -> 'currency', 'balanceAmount', answer -> 'balanceAmount',
        'orderAmount', paying.amount, 'orderCurrency', paying.currency
      )
    ));
    return jsonb_build_object('outcome', 'mismatch');
  end if;
  if toss_private.payment_rank(answer ->> 'status') is null then
    perform toss_private.write_event(audit || jsonb_build_object(
      'event', 'unknown_status', 'detail', jsonb_build_object('status', left(answer ->> 'status', 50))
    ));
    return jsonb_build_object('outcome', 'unknown_status');
  end if;

  if has_cancels then
    answer := answer || jsonb_build_object('cancels', toss_private.name_cancels(answer_key, answer -> 'cancels'));
  end if;

  -- Ends the alert that an earlier answer raised.
  if (
    select v.event from public.payment_events as v
    where v.payment_key = answer_key and v.event in ('answer_mismatch', 'answer_accepted', 'payment_status')
    order by v.id desc
    limit 1
  ) = 'answer_mismatch' then
    perform toss_private.write_event(audit || jsonb_build_object('event', 'answer_accepted', 'to', answer ->> 'status'));
  end if;

  -- Nobody begins one without the order's lock.
  is_busy := exists (
    select 1 from public.operations as op where op.order_id = paying.id and op.state in ('started', 'unknown')
  );
  if is_busy then
    select * into canceling from public.operations as op
    where op.payment_key = answer_key and op.kind = 'cancel' and op.state in ('started', 'unknown') and not op.is_queued
    for update;
  end if;
  if canceling.id is not null then
    made_transaction_key := toss_private.match_cancel(
      canceling, answer,
      case when canceling.id::text = request ->> 'operationId' then coalesce(request ->> 'proof', 'seen') else 'seen' end
    );
    if made_transaction_key is not null then
      -- What the cancel had claimed has left the balance by now.
      update public.operations as op set reserved_amount = 0 where op.id = canceling.id;
    end if;
  end if;

  is_new := toss_private.is_news(known, answer, asked_time);
  if is_new and not is_busy and not has_cancels and toss_private.tells_nothing_new(known, answer, paying) then
    is_new := false;
    -- An answer to an earlier question is stale from now on.
    update public.payments as p set applied_at = present where p.payment_key = answer_key returning * into known;
  end if;
  if is_new then
    if is_busy and known.payment_key is not null then
      perform toss_private.fit_reservations(answer_key, (answer ->> 'balanceAmount')::bigint, audit - 'operationId');
    end if;
    -- Whoever confirms is about to be told, unless another payment pays the order.
    is_told := request ->> 'source' = 'confirm' and answer ->> 'status' in ('DONE', 'PARTIAL_CANCELED')
      and (answer ->> 'balanceAmount')::bigint > 0 and (
        paying.payment_key is not distinct from answer_key
        or paying.status not in ('paid', 'partially_refunded', 'refunded', 'waiting_for_deposit')
      );
    tells_whole := answer ->> 'balanceAmount' = answer ->> 'totalAmount' and answer -> 'details' ->> 'vat' is not null;
    split_stands := known.balance_amount = (answer ->> 'balanceAmount')::bigint
      and coalesce((answer ->> 'taxFreeAmount')::bigint = known.tax_free_amount, true);
    insert into public.payments as p (
      payment_key, order_id, user_id, status, method, total_amount, balance_amount, currency,
      requested_at, approved_at, canceled_at, failure_code, failure_message, receipt_url,
      tax_free_amount, applied_at, created_at, m_id, easy_pay_provider, card_issuer_code, card_acquirer_code,
      card_number_masked, card_type, installment_months, is_interest_free, approve_no, discount_amount,
      supplied_amount, vat, use_escrow, country, approved_tax_free_amount, approved_vat, told_at
    )
    select
      answer_key, paying.id, paying.user_id, answer ->> 'status', answer ->> 'method',
      (answer ->> 'totalAmount')::bigint, (answer ->> 'balanceAmount')::bigint, answer ->> 'currency',
      (answer ->> 'requestedAt')::timestamptz, toss_private.approval_time(known, answer),
      (answer ->> 'canceledAt')::timestamptz, answer ->> 'failureCode', answer ->> 'failureMessage',
      answer ->> 'receiptUrl', (answer ->> 'taxFreeAmount')::bigint, present,
      present, d.m_id, d.easy_pay_provider, d.card_issuer_code, d.card_acquirer_code,
      d.card_number_masked, d.card_type, d.installment_months, d.is_interest_free, d.approve_no, d.discount_amount,
      d.supplied_amount, d.vat, d.use_escrow, d.country,
      -- Only before a refund does Toss tell the whole, and a vat only where it adds up.
      case when tells_whole then (answer ->> 'taxFreeAmount')::bigint end, case when tells_whole then d.vat end,
      case when is_told then present end
    from jsonb_populate_record(null::public.payments, coalesce(answer -> 'details', '{}')) as d
    on conflict (payment_key) do update set
      status = excluded.status,
      method = coalesce(excluded.method, p.method),
      balance_amount = excluded.balance_amount,
      requested_at = coalesce(excluded.requested_at, p.requested_at),
      approved_at = excluded.approved_at,
      canceled_at = excluded.canceled_at,
      failure_code = excluded.failure_code,
      failure_message = excluded.failure_message,
      receipt_url = coalesce(excluded.receipt_url, p.receipt_url),
      tax_free_amount = coalesce(excluded.tax_free_amount, p.tax_free_amount),
      m_id = coalesce(excluded.m_id, p.m_id),
      easy_pay_provider = coalesce(excluded.easy_pay_provider, p.easy_pay_provider),
      card_issuer_code = coalesce(excluded.card_issuer_code, p.card_issuer_code),
      card_acquirer_code = coalesce(excluded.card_acquirer_code, p.card_acquirer_code),
      card_number_masked = coalesce(excluded.card_number_masked, p.card_number_masked),
      card_type = coalesce(excluded.card_type, p.card_type),
      installment_months = coalesce(excluded.installment_months, p.installment_months),
      is_interest_free = coalesce(excluded.is_interest_free, p.is_interest_free),
      approve_no = coalesce(excluded.approve_no, p.approve_no),
      discount_amount = coalesce(excluded.discount_amount, p.discount_amount),
      supplied_amount = coalesce(excluded.supplied_amount, case when split_stands then p.supplied_amount end),
      vat = coalesce(excluded.vat, case when split_stands then p.vat end),
      use_escrow = coalesce(excluded.use_escrow, p.use_escrow),
      country = coalesce(excluded.country, p.country),
      approved_tax_free_amount = coalesce(excluded.approved_tax_free_amount, p.approved_tax_free_amount),
      approved_vat = coalesce(excluded.approved_vat, p.approved_vat),
      reversed_at = case
        when p.status = 'DONE' and excluded.status = 'WAITING_FOR_DEPOSIT' then present
        else p.reversed_at end,
      told_at = coalesce(p.told_at, excluded.told_at),
      applied_at = excluded.applied_at
    returning * into stored;
    perform toss_private.record_details(answer);
    if stored.status = 'WAITING_FOR_DEPOSIT' then
      perform toss_private.note_far_deadline(known, stored, request -> 'depositHours', audit);
    end if;

    if known.status is distinct from stored.status then
      perform toss_private.write_event(audit || jsonb_build_object(
        'event', 'payment_status', 'from', known.status, 'to', stored.status, 'amount', stored.total_amount
      ));
    end if;
    perform toss_private.note_tax_split(known, stored, paying, audit);
  else
    stored := known;
  end if;
  if has_cancels then
    perform toss_private.record_cancels(stored, answer -> 'cancels', audit);
  end if;
  if is_new then
    perform toss_private.announce_payment(known, stored, audit);
    perform toss_private.settle_order(paying, stored, audit);
    perform toss_private.announce_moves(known, stored, audit);
  end if;
  if answer -> 'cashReceipts' <> '[]' or stored.balance_amount < stored.total_amount
    or stored.status = 'WAITING_FOR_DEPOSIT'
  then
    perform toss_private.record_payment_receipts(stored, coalesce(answer -> 'cashReceipts', '[]'), audit);
  end if;

  if is_busy then
    perform toss_private.close_operations(stored, audit);
  end if;
  if made_transaction_key is not null then
    perform toss_private.end_cancel(canceling, made_transaction_key, audit);
  end if;
  if has_cancels or stored.balance_amount < stored.total_amount then
    perform toss_private.announce_refunds(stored, audit);
  end if;
  perform toss_private.note_api_version(answer ->> 'apiVersion', present);
  select * into paying from public.orders as o where o.id = paying.id;
  pays_order := paying.payment_key is not distinct from answer_key;
  -- The first to be told of what a webhook had brought.
  if request ->> 'source' = 'confirm' and pays_order and stored.told_at is null and toss_private.is_paid(stored)
    and stored.balance_amount > 0
  then
    update public.payments as p set told_at = stored.applied_at where p.payment_key = answer_key
    returning * into stored;
  end if;
  return jsonb_build_object(
    'outcome', case
      when toss_private.is_paid(stored) or stored.status = 'WAITING_FOR_DEPOSIT' then 'confirmed'
      when stored.status in ('ABORTED', 'EXPIRED', 'CANCELED') then 'rejected'
      else 'pending' end,
    'payment', toss_private.payment_view(stored),
    'paymentStatus', stored.status,
    'orderStatus', paying.status,
    'paysOrder', pays_order,
    'isGivenBack', toss_private.is_paid(stored) and stored.balance_amount = 0 and stored.told_at is null,
    'errorCode', case when stored.status in ('ABORTED', 'EXPIRED', 'CANCELED')
      then coalesce(stored.failure_code, stored.status || '_PAYMENT') end,
    'errorMessage', stored.failure_message,
    -- Around a bank's reversal an answer that was asked for too early proves nothing; the asker asks again.
    'isStale', stored.status <> answer ->> 'status'
      and stored.status in ('DONE', 'WAITING_FOR_DEPOSIT') and answer ->> 'status' in ('DONE', 'WAITING_FOR_DEPOSIT')
      and (answer ->> 'status' = 'WAITING_FOR_DEPOSIT' or stored.reversed_at is not null)
  );
end;
$$;

comment on function toss_private.apply_payment(jsonb) is 'What public.apply_payment does, all but telling how a charge stands.';

create function public.apply_payment(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  answer jsonb;
  paid_charge_id uuid;
  asked_amount bigint;
begin
  select o.subscription_charge_id, o.amount into paid_charge_id, asked_amount
  from public.orders as o where o.id = request -> 'payment' ->> 'orderId';
  if paid_charge_id is not null and ((request -> 'payment' ->> 'totalAmount')::numeric <> asked_amount
    or jsonb_array_length(coalesce(request -> 'payment' -> 'cancels', '[]')) > 0)
  then
    -- The first one locks the order, which comes before the operation.
    perform toss_private.adopt_charged_amount(request -> 'payment' ->> 'orderId', request -> 'payment');
    perform toss_private.adopt_refunded_amount(request -> 'payment');
  end if;
  answer := toss_private.apply_payment(request);
  if paid_charge_id is not null then
    answer := answer || jsonb_build_object('charge', toss_private.charge_view(paid_charge_id));
  end if;
  -- What proves nothing, the caller judges by itself.
  if request ? 'webhook' and not (answer ->> 'isStale')::boolean then
    answer := answer || jsonb_build_object('webhook', public.finish_webhook_event(
      request -> 'webhook' || jsonb_build_object('askedAt', request -> 'askedAt', 'status', 'processed')
    ));
  end if;
  return answer;
end;
$$;

comment on function public.apply_payment(jsonb) is
  'Applies one answer of Toss about a payment: payment, cancels, order, stock, entitlement, charge, subscription, operation, outbox and audit in one transaction. Idempotent, and indifferent to the order in which answers arrive. `proof` says what the answer means for a cancel named by operationId: answered, read, seen, refused. Outcomes: confirmed, rejected, pending, mismatch, unknown_status, order_not_found; for the order of a charge also how the charge stands. Where the answer was asked for because of a webhook, `webhook` names the leased event (as finish_webhook_event does), and an applied answer ends it as processed in the same transaction.';
