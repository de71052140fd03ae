import assert from "node:assert/strict";
import { callSql } from "./answers.ts";
import {
  addCustomer,
  addMethod,
  addPlan,
  type Connection,
  DUNNING,
  leasing,
  type PlanOptions,
  type Subscriber,
} from "./subscriber.ts";

/** A moment so many days from now, ISO 8601; negative = before. */
export function inDays(days: number): string {
  return new Date(Date.now() + days * 86_400_000).toISOString();
}

/** A subscriber in a trial that began now and lasts so many days, of a plan that needs consent. */
export async function addTrial(
  sql: Connection,
  trialDays: number,
  plan: PlanOptions | string = {},
): Promise<Subscriber & { trialEnd: string }> {
  const planId = typeof plan === "string"
    ? plan
    : await addPlan(sql, { consent: "required", trialDays, ...plan });
  const userId = await addCustomer(sql);
  const methodId = await addMethod(sql, userId);
  const [row] = await sql<{ id: string; end: Date }[]>`
    with trial as (
      insert into public.subscriptions (
        user_id, plan_id, billing_method_id, status, amount, current_period_start, current_period_end, next_charge_at
      )
      select ${userId}, p.id, ${methodId}, 'trialing', coalesce(p.intro_price, p.price), n.at, e.at, e.at
      from public.plans as p, date_trunc('second', toss_private.clock_now()) as n (at),
        toss_private.period_boundary(n.at, 'day', ${trialDays}, 1) as e (at)
      where p.id = ${planId}
      returning id, user_id, plan_id, current_period_start, current_period_end
    ), access as (
      insert into public.entitlements (user_id, plan_id, source, subscription_id, starts_at, ends_at, created_at)
      select t.user_id, t.plan_id, 'subscription', t.id, t.current_period_start, t.current_period_end,
        t.current_period_start
      from trial as t
    )
    select id, current_period_end as end from trial`;
  assert.ok(row);
  return {
    userId,
    planId,
    methodId,
    subscriptionId: row.id,
    trialEnd: row.end.toISOString(),
  };
}

/** A row of subscription_consents; amounts are won. */
export interface ConsentRow {
  id: string;
  kind: string;
  amount_before: number;
  amount_after: number;
  effective_at: Date;
  opens_at: Date;
  asked_at: Date;
  method: string | null;
  method_number: string | null;
  decision: string | null;
  source: string | null;
  reminded_at: Date | null;
  closed_at: Date | null;
  voided_at: Date | null;
}

/** What a subscriber was asked, oldest first. */
export async function consentRows(
  sql: Connection,
  subscriptionId: string,
): Promise<ConsentRow[]> {
  return [
    ...await sql<ConsentRow[]>`
      select id, kind, amount_before::float8 as amount_before, amount_after::float8 as amount_after, effective_at,
        opens_at, asked_at, method, method_number, decision, source, reminded_at, closed_at, voided_at
      from public.subscription_consents where subscription_id = ${subscriptionId} order by asked_at, effective_at, id`,
  ];
}

/** The one request that is open or was answered last. */
export async function consentOf(
  sql: Connection,
  subscriptionId: string,
): Promise<ConsentRow> {
  const row = (await consentRows(sql, subscriptionId))
    .filter(({ voided_at }) => voided_at === null).at(-1);
  assert.ok(row, "nothing was asked");
  return row;
}

/** What the job does before it charges: prices whose day has come, requests, reminders. */
export function advance(sql: Connection, asOf?: string) {
  return callSql(sql, "advance_subscriptions", {
    limit: 1000,
    asOf: asOf ?? null,
    dunning: DUNNING,
    requestId: "test",
  });
}

/** Says yes or no as the function `subscription` hands it on; the outcome. */
export async function decide(
  sql: Connection,
  subscriptionId: string,
  action: "consent" | "decline_consent",
  changes: Record<string, unknown> = {},
): Promise<unknown> {
  const consentId = changes.consentId ??
    (await consentOf(sql, subscriptionId)).id;
  const [row] = await sql<{ user_id: string }[]>`
    select user_id from public.subscriptions where id = ${subscriptionId}`;
  const answer = await callSql(sql, "change_subscription", {
    ...leasing(),
    subscriptionId,
    action,
    consentId,
    userId: row?.user_id,
    ...changes,
  });
  return answer.outcome;
}

/** Plans another price as `toss reprice` does; the id of the repricing. */
export async function reprice(
  sql: Connection,
  planId: string,
  amount: number,
  from: string | null = null,
): Promise<string> {
  const begun = await callSql(sql, "begin_repricing", {
    planId,
    amount,
    from,
    dryRun: false,
    requestId: "test",
  });
  assert.equal(begun.outcome, "begun", JSON.stringify(begun));
  let after: unknown = null;
  do {
    const page = await callSql(sql, "plan_repricing", {
      repricingId: begun.repricingId,
      after,
      limit: 100,
    });
    after = page.next;
  } while (after !== null);
  return String(begun.repricingId);
}
