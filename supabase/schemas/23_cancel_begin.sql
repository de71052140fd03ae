-- A refund is asked for: who may, how much is left, and the same answer to the same request.

create function toss_private.is_under_escrow(payment public.payments)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return coalesce(payment.use_escrow, exists (
    select 1 from public.operations as op
    where op.order_id = payment.order_id and op.kind = 'virtual_account' and op.payment_key = payment.payment_key
      and op.parameters ->> 'escrow' = 'true'
  ));
end;
$$;

comment on function toss_private.is_under_escrow(public.payments) is
  'Whether a payment is under escrow: as Toss has told, else as its account was asked for. Once its delivery is registered, Toss gives back all of it or nothing.';

create function toss_private.cancel_refusal(payment public.payments, request jsonb)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
declare
  available constant bigint := payment.balance_amount - payment.reserved_amount;
  wanted constant bigint := coalesce((request ->> 'cancelAmount')::bigint, available);
  is_waiting constant boolean := payment.status = 'WAITING_FOR_DEPOSIT';
  -- Null where Toss's answers have not told; then whoever asks may know, and Toss judges.
  is_account constant boolean := toss_private.takes_refund_account(payment.method, payment.payment_key);
  tax_free bigint;
  tax_free_left bigint;
begin
  if request ? 'secret' and (is_waiting or is_account is false) then
    return jsonb_build_object('outcome', 'account_not_taken');
  end if;
  if available = 0 or wanted > available then
    return jsonb_build_object('outcome', 'exceeds_balance', 'availableAmount', available);
  end if;
  if is_waiting and wanted < payment.total_amount then
    return jsonb_build_object('outcome', 'partial_before_deposit');
  end if;
  if wanted < payment.balance_amount and toss_private.is_under_escrow(payment) then
    return jsonb_build_object('outcome', 'partial_not_possible');
  end if;
  if is_account and not is_waiting and not request ? 'secret' then
    return jsonb_build_object('outcome', 'account_required');
  end if;

  tax_free_left := payment.tax_free_amount - (
    select coalesce(sum(op.tax_free_amount), 0) from public.operations as op
    where op.payment_key = payment.payment_key and op.kind = 'cancel' and op.state in ('started', 'unknown')
  );
  tax_free := (request ->> 'taxFreeAmount')::bigint;
  -- Neither the tax-free part nor the taxed rest can give back more than it holds.
  if tax_free > least(wanted, tax_free_left) or wanted - tax_free > available - tax_free_left then
    return jsonb_build_object(
      'outcome', 'tax_free_amount_out_of_range', 'leastAmount', greatest(0, wanted - (available - tax_free_left)),
      'greatestAmount', greatest(0, least(wanted, tax_free_left))
    );
  end if;
  return null;
end;
$$;

comment on function toss_private.cancel_refusal(public.payments, jsonb) is
  'Why a cancel is not possible, decided without Toss; null when it is.';

create function toss_private.cancel_key(canceled_payment_key text, cancel_request_id text)
returns text
language plpgsql
stable
set search_path = ''
as $$
begin
  return toss_private.idempotency_key('cancel', (
    select count(*) from public.operations as op
    where op.payment_key = canceled_payment_key and op.kind = 'cancel' and op.request_id = cancel_request_id
  ), canceled_payment_key, cancel_request_id);
end;
$$;

comment on function toss_private.cancel_key(text, text) is
  'The Idempotency-Key of a cancel: it follows from the payment and the caller''s requestId.';

create function toss_private.continue_cancel(begun public.operations, request jsonb, at timestamptz)
returns jsonb
language plpgsql
volatile
set search_path = ''
as $$
declare
  token constant uuid := (request ->> 'leaseToken')::uuid;
  lease constant interval := make_interval(secs => (request ->> 'leaseSeconds')::double precision);
  turn public.operations;
begin
  -- Without a digest comes who goes on with what the database itself has begun.
  if request ? 'requestDigests' and not request -> 'requestDigests' ? begun.request_digest then
    return jsonb_build_object('outcome', 'request_differs');
  end if;
  if begun.state = 'succeeded' then
    return jsonb_build_object('outcome', 'succeeded', 'cancel', begun.answer);
  end if;
  if begun.state = 'rejected' then
    return jsonb_build_object(
      'outcome', 'rejected', 'errorCode', begun.error_code, 'errorMessage', begun.error_message
    );
  end if;

  if begun.is_queued then
    if begun.lease_token <> token and begun.lease_expires_at > at then
      return jsonb_build_object('outcome', 'processing', 'orderId', begun.order_id);
    end if;
    -- Who waits says so again and again; five seconds of silence mean that the caller is gone.
    update public.operations as op
    set lease_token = token, lease_expires_at = at + interval '5 seconds'
    where op.id = begun.id
    returning * into begun;
    turn := toss_private.take_cancel_turn(begun, lease, at);
    return case when turn.id is null
      then jsonb_build_object('outcome', 'processing', 'orderId', begun.order_id)
      else jsonb_build_object('outcome', 'proceed', 'operation', toss_private.operation_view(turn)) end;
  end if;

  -- The network delivered this very request twice (Deno's fetch may do so): same answer again.
  if begun.lease_token = token then
    return jsonb_build_object('outcome', 'proceed', 'operation', toss_private.operation_view(begun));
  end if;
  if begun.lease_expires_at > at or begun.next_attempt_at > at then
    return jsonb_build_object('outcome', 'processing', 'orderId', begun.order_id);
  end if;
  update public.operations as op
  set state = 'unknown', lease_token = token, lease_expires_at = at + lease, attempts = op.attempts + 1
  where op.id = begun.id
  returning * into begun;
  return jsonb_build_object('outcome', 'resolve', 'operation', toss_private.operation_view(begun));
end;
$$;

comment on function toss_private.continue_cancel(public.operations, jsonb, timestamptz) is
  'What a repeat of a cancel''s requestId may do: learn how it ended, wait, take its turn, or take over from a caller that is gone.';

create function toss_private.give_up_order(given_up public.orders, request jsonb)
returns jsonb
language plpgsql
volatile
set search_path = ''
as $$
begin
  if given_up.status not in ('pending', 'canceled') or request ? 'paymentKey' then
    return jsonb_build_object('outcome', 'forbidden');
  end if;
  if request ? 'secret' then
    return jsonb_build_object('outcome', 'account_not_taken');
  end if;
  if (request ->> 'cancelAmount')::bigint < given_up.amount then
    return jsonb_build_object('outcome', 'partial_before_deposit');
  end if;
  if toss_private.order_is_busy(given_up.id) then
    return jsonb_build_object('outcome', 'operation_in_progress');
  end if;
  if given_up.status = 'pending' then
    perform toss_private.move_order(given_up, 'canceled', jsonb_build_object(
      'source', 'cancel', 'requestId', request ->> 'logRequestId', 'detail',
      jsonb_build_object('requestedBy', request ->> 'requestedBy', 'reason', request ->> 'cancelReason')
    ));
    perform toss_private.release_stock(given_up.id);
  end if;
  return jsonb_build_object('outcome', 'given_up', 'orderId', given_up.id);
end;
$$;

comment on function toss_private.give_up_order(public.orders, jsonb) is
  'Ends an order without a payment, whose row is locked, and returns its stock. A confirm of it is refused from then on.';

create function public.begin_cancel(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  requester constant text := request ->> 'requestedBy';
  is_user constant boolean := requester <> 'operator';
  named_order_id text := request ->> 'orderId';
  present timestamptz;
  canceled public.orders;
  payment public.payments;
  operation public.operations;
  turn public.operations;
  refusal jsonb;
begin
  perform toss_private.require_real_time(request ->> 'mode');

  if request ? 'paymentKey' then
    select p.order_id into named_order_id from public.payments as p where p.payment_key = request ->> 'paymentKey';
    if not found then
      return jsonb_build_object('outcome', case when is_user then 'forbidden' else 'payment_not_found' end);
    end if;
  end if;
  select * into canceled from public.orders as o where o.id = named_order_id for update;
  -- Whether an order exists that is not the caller's is none of the caller's business.
  if is_user and not coalesce(toss_private.is_own_order(canceled, request), false) then
    return jsonb_build_object('outcome', 'forbidden');
  end if;
  if canceled.id is null then
    return jsonb_build_object('outcome', 'order_not_found');
  end if;
  if canceled.id <> coalesce(request ->> 'orderId', canceled.id) then
    return jsonb_build_object('outcome', 'payment_of_another_order');
  end if;
  present := toss_private.clock_now();
  if requester = 'guest' and canceled.payment_key is null then
    return toss_private.give_up_order(canceled, request);
  end if;

  select * into payment from public.payments as p
  where p.payment_key = coalesce(request ->> 'paymentKey', canceled.payment_key);
  select * into operation from public.operations as op
  where op.payment_key = payment.payment_key and op.kind = 'cancel' and op.request_id = request ->> 'requestId'
    and (op.is_final is distinct from false or not request ? 'requestDigests')
  for update;
  if found then
    return toss_private.continue_cancel(operation, request, present);
  end if;

  if is_user and (canceled.status <> 'waiting_for_deposit' or payment.status is distinct from 'WAITING_FOR_DEPOSIT') then
    return jsonb_build_object('outcome', 'forbidden');
  end if;
  if payment.payment_key is null or payment.status in ('READY', 'IN_PROGRESS', 'ABORTED', 'EXPIRED') then
    return jsonb_build_object('outcome', 'payment_not_found');
  end if;
  refusal := toss_private.cancel_refusal(payment, request);
  operation := toss_private.begin_forgotten_cancel(payment, refusal, request);
  if operation.id is not null then
    return toss_private.continue_cancel(operation, request, present);
  end if;
  if refusal is not null then
    if is_user and toss_private.count_order_refusal(canceled.id, 'cancel_refused', present) > 1 then
      return refusal;
    end if;
    perform toss_private.write_event(jsonb_build_object(
      'event', 'cancel_refused', 'source', 'cancel', 'orderId', canceled.id, 'paymentKey', payment.payment_key,
      'amount', coalesce((request ->> 'cancelAmount')::bigint, payment.balance_amount),
      'requestId', request ->> 'logRequestId', 'detail', refusal || jsonb_build_object('requestedBy', requester)
    ));
    return refusal;
  end if;

  insert into public.operations (
    id, kind, idempotency_key, key_created_at, order_id, payment_key, amount, currency, request_id, request_digest,
    requested_by, reason, cancel_all, tax_free_amount, reserved_amount, is_queued, lease_token, lease_expires_at,
    next_attempt_at, created_at
  )
  select n.id, 'cancel', toss_private.cancel_key(payment.payment_key, request ->> 'requestId'), present, canceled.id, payment.payment_key, n.amount,
    payment.currency, request ->> 'requestId', request -> 'requestDigests' ->> 0, requester,
    request ->> 'cancelReason', not request ? 'cancelAmount', (request ->> 'taxFreeAmount')::bigint, n.amount, true,
    (request ->> 'leaseToken')::uuid, present, present, present
  from (
    select (request ->> 'operationId')::uuid,
      coalesce((request ->> 'cancelAmount')::bigint, payment.balance_amount - payment.reserved_amount)
  ) as n (id, amount)
  returning * into operation;
  if request ? 'secret' then
    insert into toss_private.operation_secrets (operation_id, key_id, ciphertext)
    values (operation.id, request -> 'secret' ->> 'keyId', request -> 'secret' ->> 'ciphertext');
  end if;
  perform toss_private.write_event(jsonb_build_object(
    'event', 'operation_started', 'source', 'cancel', 'orderId', canceled.id, 'paymentKey', payment.payment_key,
    'operationId', operation.id, 'amount', operation.amount, 'requestId', request ->> 'logRequestId',
    'detail', jsonb_build_object('requestedBy', requester, 'reason', operation.reason)
  ));
  return toss_private.continue_cancel(operation, request, present);
end;
$$;

comment on function public.begin_cancel(jsonb) is
  'Checks who may cancel what and, when Toss may be asked, reserves the amount and writes the operation. Called again with the same requestId it tells how that cancel stands, or lets it take its turn. Without requestDigests it only goes on with a cancel that the database has begun. Outcomes: proceed, resolve (ask Toss first: an earlier attempt got no proof), processing, succeeded, given_up (an order without a payment), operation_in_progress, rejected, request_differs, exceeds_balance, account_required, account_not_taken, partial_before_deposit, partial_not_possible, tax_free_amount_out_of_range, payment_of_another_order, payment_not_found, order_not_found, forbidden.';
