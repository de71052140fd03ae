-- Purpose: the same grants in every project. Older projects grant everything on a new table to anon,
-- authenticated and service_role by default; the migrations before this one only added to that.
-- Risk: grants that somebody gave on our tables by hand are taken back as well.
-- A later migration that creates a table begins with the same `revoke all`.

do $$
declare
  relation text;
begin
  foreach relation in array array[
    'billing_methods', 'customers', 'entitlements', 'order_items', 'orders', 'payment_cancels', 'payments',
    'plans', 'products', 'subscription_charges', 'subscriptions', 'user_plans',
    'alerts', 'job_status', 'operations', 'outbox_events', 'payment_events', 'webhook_events', 'webhook_summary'
  ] loop
    execute format('revoke all on public.%I from anon, authenticated, service_role', relation);
  end loop;
end;
$$;

revoke all on sequence public.payment_events_id_seq from anon, authenticated, service_role;

grant select on public.plans, public.products to anon, authenticated;
grant select, insert, update, delete on public.plans, public.products to service_role;

grant select on
  public.billing_methods, public.customers, public.entitlements, public.order_items, public.orders,
  public.payment_cancels, public.payments, public.subscription_charges, public.subscriptions, public.user_plans
to authenticated, service_role;

grant select on
  public.alerts, public.job_status, public.operations, public.outbox_events, public.payment_events,
  public.webhook_events, public.webhook_summary
to service_role;
