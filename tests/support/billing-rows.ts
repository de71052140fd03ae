import assert from "node:assert/strict";
import type { Shop } from "./shop.ts";
import { outboxTypes as outboxTypesIn } from "./subscriber.ts";

/** A subscription as it stands in the table. Times are dates. */
export interface SubscriptionRow {
  status: string;
  plan_id: string;
  current_period_start: Date;
  current_period_end: Date;
  next_charge_at: Date | null;
  cancel_at_period_end: boolean;
  needs_payment_method: boolean;
  billing_method_id: string | null;
  ended_at: Date | null;
}

/** The row of a subscription. */
export async function subscriptionRow(
  { stack }: Shop,
  id: string,
): Promise<SubscriptionRow> {
  const [row] = await stack.sql<SubscriptionRow[]>`
    select status, plan_id, current_period_start, current_period_end, next_charge_at, cancel_at_period_end,
      needs_payment_method, billing_method_id, ended_at
    from public.subscriptions where id = ${id}`;
  assert.ok(row, `there is no subscription ${id}`);
  return row;
}

/** A charge as it stands in the table. */
export interface ChargeRow {
  id: string;
  kind: string;
  status: string;
  amount: number;
  attempt: number;
  order_id: string | null;
  period_start: Date | null;
  period_end: Date | null;
  next_attempt_at: Date | null;
  failure_code: string | null;
}

/** The charges of a user, by time. */
export async function chargeRows(
  { stack }: Shop,
  { id }: { id: string },
): Promise<ChargeRow[]> {
  return [
    ...await stack.sql<ChargeRow[]>`
      select id, kind, status, amount::float8 as amount, attempt, order_id, period_start, period_end,
        next_attempt_at, failure_code
      from public.subscription_charges where user_id = ${id}
      order by coalesce(period_start, created_at), created_at`,
  ];
}

/** The types of the events that the outbox has about something, in order. */
export function outboxTypes(
  { stack }: Shop,
  subject: string,
): Promise<string[]> {
  return outboxTypesIn(stack.sql, subject);
}

/** Lets the open operations of a user be taken up at once: nobody holds them, no pause is left. */
export async function makeChargesDue(
  { stack }: Shop,
  { id }: { id: string },
): Promise<void> {
  await stack.sql`
    update public.operations as op
    set lease_expires_at = toss_private.clock_now(), next_attempt_at = toss_private.clock_now(),
      key_created_at = op.key_created_at - interval '1 minute'
    from public.subscription_charges as c
    where c.id = op.charge_id and c.user_id = ${id} and op.state in ('started', 'unknown')`;
}

/** As {@link makeChargesDue}, for the registration of a card. */
export async function makeIssueDue(
  { stack }: Shop,
  { id }: { id: string },
): Promise<void> {
  await stack.sql`
    update public.operations as op
    set lease_expires_at = toss_private.clock_now(), next_attempt_at = toss_private.clock_now()
    from toss_private.billing_issues as i
    where i.operation_id = op.id and i.user_id = ${id} and op.state in ('started', 'unknown')`;
}

/** The time so many days after a moment, ISO 8601. */
export function daysAfter(moment: string | Date, days: number): string {
  const start = new Date(moment).getTime();
  return new Date(start + days * 86_400_000).toISOString();
}

/** A second after a moment, which a date of this machine may have cut to the millisecond. */
export function justAfter(moment: string | Date): string {
  return new Date(new Date(moment).getTime() + 1000).toISOString();
}
