-- Purpose: comments of 0.1.0 that later migrations made untrue.
-- Risk: none. Comments only.

comment on table private.jobs is
  'One heartbeat row per job: billing of the function billing-charge, the others of worker.';
comment on column private.payment_details.virtual_account is
  'Where the buyer is to pay: bankCode, accountNumber, customerName, dueDate, whether the deadline has passed, and refundStatus: how far the bank transfer of a refund is.';
comment on column public.payments.checked_at is
  'When the worker last asked about a payment that should have ended, a deposit that is waited for, or a bank transfer under way.';
comment on column public.payment_events.source is
  'Who made it happen: checkout, confirm, cancel, virtual_account, billing, webhook, worker, expiry, operator, ….';
