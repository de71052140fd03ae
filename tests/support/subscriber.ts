import assert from "node:assert/strict";
import type { Sql, TransactionSql } from "postgres";
import { z } from "zod";
import { answerAbout, applyAnswer, callSql } from "./answers.ts";

/** A connection or a transaction. */
export type Connection = Sql | TransactionSql;

/** The dunning of the contract's defaults. */
export const DUNNING = { scheduleDays: [1, 3, 5, 7], finalAction: "cancel" };

/** What every call carries that leases something. */
export function leasing(seconds = 60) {
  return {
    leaseToken: crypto.randomUUID(),
    leaseSeconds: seconds,
    mode: "test",
    dunning: DUNNING,
    source: "billing",
    requestId: "test",
  };
}

const chargeItem = z.object({
  operationId: z.string(),
  kind: z.literal("charge"),
  idempotencyKey: z.string(),
  leaseToken: z.string(),
  chargeId: z.string(),
  chargeKind: z.string(),
  subscriptionId: z.string().nullable(),
  userId: z.string(),
  attempt: z.number().int(),
  orderId: z.string(),
  orderName: z.string(),
  amount: z.number().int(),
  currency: z.literal("KRW"),
  customerKey: z.string(),
  billingMethodId: z.string(),
  keyId: z.string().nullable(),
  ciphertext: z.string().nullable(),
  keyIsFresh: z.boolean(),
  isResolve: z.boolean(),
  laterOrderIds: z.array(
    z.object({ attempt: z.number().int(), orderId: z.string() }),
  ),
  stopped: z.object({ code: z.string(), seconds: z.number() }).nullable(),
});

/** A charge that the caller holds the lease of. */
export type ChargeItem = z.output<typeof chargeItem>;

/** Reads a charge out of an answer. */
export function readCharge(answer: unknown): ChargeItem {
  return chargeItem.parse(answer);
}

const claimed = z.object({
  charges: z.array(chargeItem),
  refused: z.number().int(),
  ended: z.number().int(),
  remaining: z.number().int(),
});

/** Claims what is due at `asOf`, everybody's or one subscription's. */
export async function claim(
  sql: Connection,
  asOf: string,
  changes: Record<string, unknown> = {},
) {
  const request = { limit: 100, asOf, ...leasing(), ...changes };
  return claimed.parse(await callSql(sql, "claim_due_charges", request));
}

/** Claims the one charge that must be due. */
export async function claimOne(
  sql: Connection,
  subscriptionId: string,
  asOf: string,
  changes: Record<string, unknown> = {},
): Promise<ChargeItem> {
  const answer = await claim(sql, asOf, { subscriptionId, ...changes });
  const { charges } = answer;
  assert.equal(charges.length, 1, `at ${asOf}: ${JSON.stringify(answer)}`);
  assert.ok(charges[0]);
  return charges[0];
}

/** The payment key that {@linkcode pay} invents. */
export function paymentKeyOf({ orderId }: { orderId: string }): string {
  return `pay-${orderId}`;
}

/** Toss approves a charge. */
export async function pay(
  sql: Connection,
  item: ChargeItem,
  changes: Record<string, unknown> = {},
) {
  const payment = answerAbout(paymentKeyOf(item), item, changes);
  const answer = await applyAnswer(sql, payment);
  assert.equal(answer.outcome, "confirmed", JSON.stringify(answer));
  return answer;
}

/** Toss refuses a charge. */
export function decline(
  sql: Connection,
  item: { operationId: string; leaseToken: string },
  declineClass: "soft" | "hard" | "limit",
  dunning: unknown = DUNNING,
): Promise<Record<string, unknown>> {
  return callSql(sql, "decline_charge", {
    operationId: item.operationId,
    leaseToken: item.leaseToken,
    errorCode: "REJECT_CARD_PAYMENT",
    errorMessage: "한도초과 혹은 잔액부족",
    declineClass,
    dunning,
    source: "billing",
    requestId: "test",
  });
}

/** The whole amount of a charge goes back. */
export function refundAll(sql: Connection, item: ChargeItem) {
  return pay(sql, item, {
    status: "CANCELED",
    balanceAmount: 0,
    canceledAt: "2026-11-22T10:00:00+09:00",
    cancels: [{
      transactionKey: `cancel-${item.orderId}`,
      cancelAmount: item.amount,
      cancelReason: "test",
      cancelStatus: "DONE",
      canceledAt: "2026-11-22T10:00:00+09:00",
    }],
  });
}

/** What a test says about a plan; the rest is a monthly plan of 10,000 won that asks for no consent. */
export interface PlanOptions {
  consent?: "required" | "not_required";
  withoutConsent?: "cancel" | "keep_price";
  introPrice?: number;
  introPeriods?: number;
  price?: number;
  interval?: string;
  intervalCount?: number;
  trialDays?: number;
  catchUp?: string;
  reminderDays?: number;
  group?: string;
}

/** Adds a plan of its own for a test; answers its id. */
export async function addPlan(
  sql: Connection,
  options: PlanOptions = {},
): Promise<string> {
  const id = `plan-${crypto.randomUUID()}`;
  await sql`
    insert into public.plans
      (id, name, price, interval, interval_count, trial_days, catch_up, reminder_days, plan_group, consent,
        without_consent, intro_price, intro_periods)
    values (${id}, '구독', ${options.price ?? 10_000}, ${
    options.interval ?? "month"
  },
      ${options.intervalCount ?? 1}, ${options.trialDays ?? 0},
      ${options.catchUp ?? "current"}, ${options.reminderDays ?? 3}, ${
    options.group ?? null
  },
      ${options.consent ?? "not_required"}, ${
    options.withoutConsent ?? "cancel"
  }, ${options.introPrice ?? null}, ${options.introPeriods ?? null})`;
  return id;
}

/** A user with a customerKey. */
export async function addCustomer(sql: Connection): Promise<string> {
  const userId = crypto.randomUUID();
  await sql`insert into public.customers (user_id) values (${userId})`;
  return userId;
}

/** A billing method with a key; answers its id. */
export async function addMethod(
  sql: Connection,
  userId: string,
): Promise<string> {
  const [row] = await sql<{ id: string }[]>`
    with method as (
      insert into public.billing_methods (user_id, method, card_number_masked)
      values (${userId}, 'CARD', '433012******1234') returning id
    )
    insert into toss_private.billing_keys (billing_method_id, key_digest, key_id, ciphertext)
    select id, encode(sha256(id::text::bytea), 'hex'), 'k1', 'ciphertext of ' || id from method
    returning billing_method_id as id`;
  assert.ok(row);
  return row.id;
}

/** A subscription and who it belongs to. */
export interface Subscriber {
  userId: string;
  planId: string;
  methodId: string;
  subscriptionId: string;
}

/** A paid-up subscriber whose current period is the one from `start`; the next charge is due at its end. */
export async function addSubscriber(
  sql: Connection,
  start: string,
  plan: PlanOptions | string = {},
): Promise<Subscriber> {
  const planId = typeof plan === "string" ? plan : await addPlan(sql, plan);
  const userId = await addCustomer(sql);
  const methodId = await addMethod(sql, userId);
  const [row] = await sql<{ id: string }[]>`
    insert into public.subscriptions
      (user_id, plan_id, billing_method_id, status, current_period_start, current_period_end, next_charge_at)
    select ${userId}, p.id, ${methodId}, 'active', ${start}, e.at, e.at
    from public.plans as p,
      toss_private.period_boundary(${start}, p.interval, p.interval_count, 1) as e (at)
    where p.id = ${planId}
    returning id`;
  assert.ok(row);
  return { userId, planId, methodId, subscriptionId: row.id };
}

/** One row of subscriptions as tests look at it; times as ISO 8601 in UTC. */
export interface SubscriptionRow {
  status: string;
  plan_id: string;
  amount: number;
  next_plan_id: string | null;
  period_number: number;
  current_period_start: string;
  current_period_end: string;
  next_charge_at: string | null;
  access_ends_at: string | null;
  remind_at: string | null;
  cancel_at_period_end: boolean;
  needs_payment_method: boolean;
  billing_method_id: string;
  ended_at: string | null;
  end_reason: string | null;
}

/** Rows as JSON would show them, with times in one form. */
function readable<Row>(row: unknown): Row {
  return JSON.parse(JSON.stringify(row));
}

/** The subscription. */
export async function subscriptionRow(
  sql: Connection,
  id: string,
): Promise<SubscriptionRow> {
  const [row] = await sql`
    select *, amount::float8 as amount from public.subscriptions where id = ${id}`;
  assert.ok(row);
  return readable(row);
}

/** One charge as tests look at it. */
export interface ChargeRow {
  id: string;
  kind: string;
  status: string;
  amount: number;
  attempt: number;
  period_number: number;
  period_start: string;
  period_end: string;
  next_attempt_at: string | null;
  failure_code: string | null;
  refund_due: number | null;
}

/** The charges of a subscription, in the order of their periods. */
export async function chargeRows(
  sql: Connection,
  subscriptionId: string,
): Promise<ChargeRow[]> {
  const rows = await sql`
    select *, amount::float8 as amount, refund_due::float8 as refund_due
    from public.subscription_charges
    where subscription_id = ${subscriptionId} order by period_number, created_at`;
  return readable([...rows]);
}

/** The access that a subscription gives, oldest first. */
export async function accessRows(sql: Connection, subscriptionId: string) {
  const rows = await sql`
    select plan_id, starts_at, ends_at, revoked_at from public.entitlements
    where subscription_id = ${subscriptionId} order by starts_at, created_at`;
  return readable<
    {
      plan_id: string;
      starts_at: string;
      ends_at: string;
      revoked_at: string | null;
    }[]
  >([...rows]);
}

/** The types of the outbox events about a subscription, oldest first. */
export async function outboxTypes(
  sql: Connection,
  subject: string,
): Promise<string[]> {
  const rows = await sql<{ event_type: string }[]>`
    select event_type from public.outbox_events
    where subject = ${subject} order by created_at, id`;
  return rows.map(({ event_type }) => event_type);
}

/** A moment in Seoul as the rows show it. */
export function seoul(text: string): string {
  return new Date(`${text}+09:00`).toISOString();
}
