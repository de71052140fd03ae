-- Who may do what: every grant, once.
-- Older Supabase projects grant everything on a new table or function of public to anon, authenticated and
-- service_role; here nobody has what is not written below.

revoke all on
  public.payment_events, public.outbox_events, public.products, public.plans, public.customers, public.orders,
  public.order_items, public.order_adjustments, public.payments, public.payment_cancels, public.cash_receipts, public.withdrawals, public.operations, public.entitlements,
  public.billing_methods, public.subscriptions, public.subscription_charges, public.subscription_consents, public.user_plans,
  public.repricing_progress, public.webhook_events, public.webhook_summary, public.job_status, public.next_questions, public.alerts, public.payment_overview,
  public.webhook_endpoints, public.webhook_deliveries, public.notifications,
  public.reconciliation_runs, public.reconciliation_differences,
  public.settlements, public.settlement_differences, public.settlement_overview, public.settlements_by_payout_day,
  public.monthly_tax_sheet, public.imported_transactions, public.imported_payments,
  public.daily_revenue, public.recurring_revenue, public.subscription_churn, public.decline_reasons, public.dunning_recovery,
  public.trial_conversion, public.webhook_delay, public.open_operations, public.unsent_notices
from anon, authenticated, service_role;
revoke all on sequence public.payment_events_id_seq, public.outbox_events_sequence_seq, public.cash_receipts_id_seq from anon, authenticated, service_role;

-- What is for sale is read by everybody; a shop's own back office edits it with the secret key.
grant select on public.products, public.plans to anon, authenticated;
grant select, insert, update, delete on public.products, public.plans to service_role;

-- Rows of one's own, by the policies beside each table.
grant select on
  public.customers, public.orders, public.order_items, public.order_adjustments, public.payments, public.payment_cancels, public.cash_receipts, public.withdrawals, public.entitlements,
  public.billing_methods, public.subscriptions, public.subscription_charges, public.subscription_consents, public.user_plans
to authenticated, service_role;

-- The operator's.
grant select on
  public.repricing_progress,
  public.payment_events, public.outbox_events, public.operations, public.webhook_events, public.webhook_summary,
  public.job_status, public.next_questions, public.alerts, public.payment_overview,
  public.webhook_endpoints, public.webhook_deliveries, public.notifications,
  public.reconciliation_runs, public.reconciliation_differences,
  public.settlements, public.settlement_differences, public.settlement_overview, public.settlements_by_payout_day,
  public.monthly_tax_sheet, public.imported_transactions, public.imported_payments,
  public.daily_revenue, public.recurring_revenue, public.subscription_churn, public.decline_reasons, public.dunning_recovery,
  public.trial_conversion, public.webhook_delay, public.open_operations, public.unsent_notices
to service_role;

-- The view user_plans runs with the reader's rights and needs the clock; the operator's views run with the operator's.
grant usage on schema toss_private to authenticated, service_role;
grant select on
  toss_private.consent_alerts, toss_private.delivery_alerts, toss_private.deposit_alerts, toss_private.hook_alerts, toss_private.jobs, toss_private.notice_alerts, toss_private.notice_channels, toss_private.notices_due, toss_private.order_hook_calls, toss_private.payment_alerts, toss_private.price_steps, toss_private.receipt_alerts, toss_private.reconciliation_alerts, toss_private.refund_alerts, toss_private.settlement_alerts, toss_private.repricings, toss_private.stock_movements,
  toss_private.subscription_alerts, toss_private.subscription_transitions, toss_private.withdrawal_alerts
to service_role;

revoke execute on all functions in schema toss_private from public, anon, authenticated, service_role;
grant execute on function toss_private.clock_now() to authenticated, service_role;
grant execute on function toss_private.seoul_month(timestamptz), toss_private.seoul_months(timestamptz), toss_private.failed_refund_transfers(), toss_private.notice_is_required(text), toss_private.payment_questions(), toss_private.question_backlog(),
  toss_private.unproven_deadlines()
to service_role;

-- The Edge Functions call these with the secret key; each runs with its owner's rights.
revoke execute on function
  public.create_order(jsonb), public.postpone_operation(jsonb), public.reject_operation(jsonb),
  public.claim_operations(jsonb), public.begin_confirmation(jsonb), public.expire_orders(jsonb),
  public.begin_virtual_account(jsonb), public.begin_cancel(jsonb), public.settle_cancel(jsonb),
  public.reject_cancel(jsonb), public.apply_payment(jsonb), public.preview_due_charges(jsonb),
  public.claim_due_charges(jsonb), public.decline_charge(jsonb), public.skip_charge_attempts(jsonb),
  public.begin_ad_hoc_charge(jsonb), public.change_subscription(jsonb), public.preview_subscription_change(jsonb), public.advance_subscriptions(jsonb),
  public.prepare_billing(jsonb), public.begin_billing_issue(jsonb), public.finish_billing_issue(jsonb),
  public.reject_billing_issue(jsonb), public.subscribe_with_method(jsonb), public.apply_billing_key_event(jsonb),
  public.begin_billing_delete(jsonb), public.finish_billing_delete(jsonb), public.receive_webhook_event(jsonb),
  public.begin_cash_receipt(jsonb), public.begin_cash_receipt_cancel(jsonb), public.settle_cash_receipt(jsonb),
  public.reject_cash_receipt(jsonb), public.claim_receipts_in_progress(jsonb), public.record_listed_receipts(jsonb),
  public.begin_self_issues(jsonb), public.begin_receipt_fits(jsonb),
  public.erase_person(jsonb), public.export_person(jsonb), public.apply_retention(jsonb),
  public.read_consent(jsonb), public.answer_consent_link(jsonb), public.begin_repricing(jsonb), public.plan_repricing(jsonb),
  public.request_withdrawal(jsonb), public.decide_withdrawal(jsonb), public.mark_used(jsonb),
  public.finish_webhook_event(jsonb), public.claim_webhook_events(jsonb), public.record_webhook_event(jsonb),
  public.replay_webhook_events(jsonb), public.record_job_run(jsonb), public.run_housekeeping(jsonb),
  public.claim_unsettled_payments(jsonb), public.count_caller_refusal(jsonb), public.claim_keys_to_rotate(jsonb),
  public.store_rotated_keys(jsonb), public.read_encrypted_samples(jsonb), public.invariant_violations(),
  public.find_known_payment(jsonb), public.adopt_toss_keys(jsonb),
  public.create_webhook_endpoint(jsonb), public.change_webhook_endpoint(jsonb), public.claim_webhook_lanes(jsonb),
  public.claim_webhook_deliveries(jsonb), public.count_due_deliveries(jsonb), public.finish_webhook_deliveries(jsonb),
  public.replay_webhook_deliveries(jsonb), public.relay_outbox(jsonb),
  public.plan_notices(jsonb), public.claim_notices(jsonb), public.finish_notices(jsonb), public.count_due_notices(jsonb),
  public.begin_reconciliation(jsonb), public.record_listed_transactions(jsonb), public.find_unlisted_payments(jsonb),
  public.claim_reconciliation_questions(jsonb), public.settle_reconciliation_question(jsonb),
  public.postpone_reconciliation_question(jsonb), public.pause_reconciliation(jsonb), public.finish_reconciliation(jsonb),
  public.read_reconciliation(jsonb),
  public.search_orders(jsonb), public.settle_difference(jsonb),
  public.begin_settlements(jsonb), public.record_settlements(jsonb), public.miss_settlements(jsonb),
  public.begin_import(jsonb), public.record_imported_transactions(jsonb), public.pause_import(jsonb),
  public.run_order_hooks(jsonb), public.orders_owed_hooks(jsonb), public.read_status(jsonb), public.read_story(jsonb), public.look_again(jsonb), public.request_health(jsonb), public.read_health_response(jsonb), public.diagnose(jsonb)
from public, anon, authenticated, service_role;
grant execute on function
  public.create_order(jsonb), public.postpone_operation(jsonb), public.reject_operation(jsonb),
  public.claim_operations(jsonb), public.begin_confirmation(jsonb), public.expire_orders(jsonb),
  public.begin_virtual_account(jsonb), public.begin_cancel(jsonb), public.settle_cancel(jsonb),
  public.reject_cancel(jsonb), public.apply_payment(jsonb), public.preview_due_charges(jsonb),
  public.claim_due_charges(jsonb), public.decline_charge(jsonb), public.skip_charge_attempts(jsonb),
  public.begin_ad_hoc_charge(jsonb), public.change_subscription(jsonb), public.preview_subscription_change(jsonb), public.advance_subscriptions(jsonb),
  public.prepare_billing(jsonb), public.begin_billing_issue(jsonb), public.finish_billing_issue(jsonb),
  public.reject_billing_issue(jsonb), public.subscribe_with_method(jsonb), public.apply_billing_key_event(jsonb),
  public.begin_billing_delete(jsonb), public.finish_billing_delete(jsonb), public.receive_webhook_event(jsonb),
  public.begin_cash_receipt(jsonb), public.begin_cash_receipt_cancel(jsonb), public.settle_cash_receipt(jsonb),
  public.reject_cash_receipt(jsonb), public.claim_receipts_in_progress(jsonb), public.record_listed_receipts(jsonb),
  public.begin_self_issues(jsonb), public.begin_receipt_fits(jsonb),
  public.erase_person(jsonb), public.export_person(jsonb), public.apply_retention(jsonb),
  public.read_consent(jsonb), public.answer_consent_link(jsonb), public.begin_repricing(jsonb), public.plan_repricing(jsonb),
  public.request_withdrawal(jsonb), public.decide_withdrawal(jsonb), public.mark_used(jsonb),
  public.finish_webhook_event(jsonb), public.claim_webhook_events(jsonb), public.record_webhook_event(jsonb),
  public.replay_webhook_events(jsonb), public.record_job_run(jsonb), public.run_housekeeping(jsonb),
  public.claim_unsettled_payments(jsonb), public.count_caller_refusal(jsonb), public.claim_keys_to_rotate(jsonb),
  public.store_rotated_keys(jsonb), public.read_encrypted_samples(jsonb), public.invariant_violations(),
  public.find_known_payment(jsonb), public.adopt_toss_keys(jsonb),
  public.create_webhook_endpoint(jsonb), public.change_webhook_endpoint(jsonb), public.claim_webhook_lanes(jsonb),
  public.claim_webhook_deliveries(jsonb), public.count_due_deliveries(jsonb), public.finish_webhook_deliveries(jsonb),
  public.replay_webhook_deliveries(jsonb), public.relay_outbox(jsonb),
  public.plan_notices(jsonb), public.claim_notices(jsonb), public.finish_notices(jsonb), public.count_due_notices(jsonb),
  public.begin_reconciliation(jsonb), public.record_listed_transactions(jsonb), public.find_unlisted_payments(jsonb),
  public.claim_reconciliation_questions(jsonb), public.settle_reconciliation_question(jsonb),
  public.postpone_reconciliation_question(jsonb), public.pause_reconciliation(jsonb), public.finish_reconciliation(jsonb),
  public.read_reconciliation(jsonb),
  public.search_orders(jsonb), public.settle_difference(jsonb),
  public.begin_settlements(jsonb), public.record_settlements(jsonb), public.miss_settlements(jsonb),
  public.begin_import(jsonb), public.record_imported_transactions(jsonb), public.pause_import(jsonb),
  public.run_order_hooks(jsonb), public.orders_owed_hooks(jsonb), public.read_status(jsonb), public.read_story(jsonb), public.look_again(jsonb), public.request_health(jsonb), public.read_health_response(jsonb), public.diagnose(jsonb)
to service_role;

-- Which code of the shop is called is for the owner of the database to say, in Studio or a migration.
revoke execute on function public.use_catalogue(text), public.use_order_hook(text), public.use_notice_address(text) from public, anon, authenticated, service_role;
