import assert from "node:assert/strict";
import { subscribe } from "./billing.ts";
import { buy, ONE_STICKER } from "./buy.ts";
import { paidByBank, requestReceipt } from "./cash-receipts.ts";
import { type Access, RELATION_ACCESS } from "./relation-access.ts";
import type { Shop } from "./shop.ts";
import { cancelAtToss } from "./toss-side.ts";
import { signUp, type User } from "../../stack/users.ts";
import { deliverWebhook, settleWebhooks } from "./webhooks.ts";
import { askToWithdraw } from "./withdrawals.ts";

/**
 * Who reads what in schema public, as pgTAP tests it too.
 *
 * A new table or view must be added to supabase/tests/support/relations.psql before the tests pass.
 */
export const ACCESS_MATRIX: Record<string, Access> = Object.fromEntries(
  Array.from(RELATION_ACCESS)
    .filter(([relation]) => relation.startsWith("public."))
    .map(([relation, access]) => [relation.slice("public.".length), access]),
);

/** Views over rows that may not exist: nothing can be said about how many a reader sees. */
export const MAY_BE_EMPTY = new Set([
  "alerts",
  "decline_reasons",
  "dunning_recovery",
  "next_questions",
  "open_operations",
  "trial_conversion",
  "webhook_delay",
]);

/** Who asks; `owner` and `other` are users. */
export type Role = "anon" | "owner" | "other" | "service_role";
/** All of them. */
export const ROLES: Role[] = ["anon", "owner", "other", "service_role"];

/** The two users. */
export interface Cast {
  owner: User;
  other: User;
}

const casts = new WeakMap<Shop, Cast>();

/** Two users, of whom the first has a row in every table that users read. */
export async function actors(shop: Shop): Promise<Cast> {
  const known = casts.get(shop);
  if (known !== undefined) return known;
  const owner = await signUp(shop);
  const other = await signUp(shop);
  const { paymentKey } = await buy(shop, ONE_STICKER, owner.accessToken);
  await buy(shop, { planId: "basic" }, owner.accessToken);
  await cancelAtToss(shop, paymentKey, 500);
  await deliverWebhook(shop, {
    eventType: "METHOD_UPDATED",
    data: { customerKey: "customer-of-the-cast" },
  });
  await settleWebhooks(shop);
  await subscribe(shop, { planId: "basic", user: owner });
  const { accessToken } = owner;
  const { orderId } = await paidByBank(shop, { accessToken });
  await requestReceipt(shop, { orderId }, accessToken);
  await askToWithdraw(shop, { orderId }, accessToken);
  await shop.stack.sql`
    insert into public.order_adjustments (order_id, position, kind, name, amount)
    select order_id, 1, 'other', 'wrapping', 0 from public.payments where payment_key = ${paymentKey}`;
  await shop.stack.sql`
    with run as (
      insert into public.reconciliation_runs (from_date, to_date, status, started_at, finished_at)
      values ('2026-01-01', '2026-01-01', 'failed', now(), now()) returning id
    )
    insert into public.reconciliation_differences
      (run_id, kind, payment_key, is_cancel, reason, resolution, created_at, resolved_at)
    select id, 'status', ${paymentKey}, false, 'of the cast', 'healed', now(), now() from run`;
  await shop.stack.sql`
    with settled as (
      insert into public.settlements (payment_key, transaction_key, amount, fee, fee_vat, pay_out_amount, sold_date)
      select payment_key, 'of-the-cast', total_amount, 0, 0, total_amount, '2026-01-01'
      from public.payments where payment_key = ${paymentKey}
      returning payment_key, transaction_key
    ), imported as (
      insert into public.imported_transactions
        (transaction_key, payment_key, order_id, status, amount, transaction_at, imported_at)
      values ('before-the-cast', 'before-the-cast', 'before-the-cast', 'DONE', 100, now(), now())
    )
    insert into public.settlement_differences
      (kind, payment_key, transaction_key, reason, created_at, resolved_at)
    select 'amount', payment_key, transaction_key, 'of the cast', now(), now() from settled`;
  await shop.stack.sql`
    with endpoint as (
      insert into public.webhook_endpoints (id, url, created_at, enabled_at)
      select gen_random_uuid(), 'https://receiver.example/events', now, now from toss_private.clock_now() as now
      returning id, created_at
    ), secret as (
      insert into toss_private.endpoint_secrets (id, endpoint_id, key_id, ciphertext, created_at)
      select gen_random_uuid(), id, 'key', 'ciphertext', created_at from endpoint
    )
    insert into public.webhook_deliveries (event_id, endpoint_id, next_attempt_at, created_at, event_sequence, stream)
    select v.id, e.id, e.created_at, e.created_at, v.sequence, v.stream
    from endpoint as e, (select * from public.outbox_events order by sequence desc limit 1) as v`;
  await shop.stack.sql`
    insert into public.notifications (
      notice, channel, status, error, created_at, event_id, event_sequence, stream
    )
    select 'receipt', 'email', 'failed', 'no_address', created_at, id, sequence, stream
    from public.outbox_events order by sequence desc limit 1`;
  await shop.stack
    .sql`update public.products set active = false where id = 'mug'`;
  await shop.stack.sql`update public.plans set active = false where id = 'pro'`;
  const cast = { owner, other };
  casts.set(shop, cast);
  return cast;
}

/** SQLSTATE of a missing privilege and of a row that a policy refuses. */
export const PERMISSION_DENIED = "42501";

/** How much of a table a reader sees. */
export type Reading = "denied" | "nothing" | "some" | "all";

/** What the matrix says. */
export function expectedReading(table: string, role: Role): Reading {
  if (role === "service_role") return "all";
  switch (ACCESS_MATRIX[table]) {
    case "catalogue":
      return "some";
    case "own":
      return role === "anon" ? "denied" : role === "owner" ? "all" : "nothing";
    default:
      return "denied";
  }
}

/** What a reader saw; null = refused. */
export function readingOf(seen: number | null, all: number): Reading {
  if (seen === null) return "denied";
  return seen === all ? "all" : seen === 0 ? "nothing" : "some";
}

/** The rows of a table, whoever may see them. */
export async function countAll(
  { stack }: Shop,
  table: string,
): Promise<number> {
  const [row] = await stack.sql<{ count: number }[]>`
    select count(*)::int from public.${stack.sql(table)}`;
  assert.ok(row);
  return row.count;
}
