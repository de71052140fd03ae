import type { Sql } from "postgres";
import { SUPERUSER } from "../../stack/postgres.ts";
import type { Stack } from "../../stack/stack.ts";
import { watchSession } from "./backend-cpu.ts";
import { type CallCosts, measureCalls } from "./database/measure-calls.ts";

/** Costs at one number of orders; processor milliseconds. */
export interface Grown extends CallCosts {
  orders: number;
  claim: number;
  /** A user's twenty newest payments, through row level security. */
  ownPayments: number;
  alerts: number;
  health: number;
  invariants: number;
}

const BUYERS = 1000;
const CALLS = 100;

/** Adds paid orders with their payments, operations, audit lines, outbox rows and webhooks, from one number to another. */
async function plant(sql: Sql, from: number, to: number): Promise<void> {
  await sql.begin(async (tx) => {
    // What is planted needs no triggers.
    await tx`set local session_replication_role = replica`;
    const numbered = tx`generate_series(${from + 1}::int, ${to}::int) as n`;
    const at = tx`toss_private.clock_now() - interval '80 days' * random()`;
    const buyer = tx`md5('buyer' || n % ${BUYERS}::int)::uuid`;
    await tx`
      insert into public.orders (id, user_id, status, order_name, amount, currency, payment_key, request_id, expires_at, created_at, updated_at)
      select 'ord_20260101_' || md5('o' || n), ${buyer}, 'paid', '토스 스티커', 3000, 'KRW', 'tviva' || md5('p' || n),
        md5('r' || n)::uuid, t.at, t.at, t.at
      from ${numbered}, lateral (select ${at} + interval '0 second' * n as at) as t`;
    await tx`
      insert into public.payments (payment_key, order_id, user_id, status, method, total_amount, balance_amount, currency, requested_at, approved_at, applied_at, created_at, told_at)
      select 'tviva' || md5('p' || n), 'ord_20260101_' || md5('o' || n), ${buyer}, 'DONE', '카드', 3000, 3000, 'KRW', t.at, t.at, t.at, t.at, t.at
      from ${numbered}, lateral (select ${at} + interval '0 second' * n as at) as t`;
    await tx`
      insert into public.operations (id, kind, state, idempotency_key, key_created_at, order_id, payment_key, amount, currency, lease_token, lease_expires_at, next_attempt_at, created_at, finished_at, is_final)
      select md5('op' || n)::uuid, 'confirm', 'succeeded', 'confirm-' || md5('k' || n) || '-1-1', t.at, 'ord_20260101_' || md5('o' || n),
        'tviva' || md5('p' || n), 3000, 'KRW', md5('l' || n)::uuid, t.at, t.at, t.at, t.at, true
      from ${numbered}, lateral (select ${at} + interval '0 second' * n as at) as t`;
    await tx`
      insert into public.payment_events (event, source, order_id, payment_key, from_status, to_status, amount, created_at)
      select e.event, 'confirm', 'ord_20260101_' || md5('o' || n), case when e.event <> 'order_status' or e.told = 'paid' then 'tviva' || md5('p' || n) end,
        e.was, e.told, 3000, t.at
      from ${numbered}, lateral (select ${at} + interval '0 second' * n as at) as t,
        (values ('order_status', null, 'pending'), ('operation_started', null, null), ('payment_status', null, 'DONE'),
          ('order_status', 'pending', 'paid'), ('operation_finished', null, 'succeeded')) as e (event, was, told)`;
    await tx`
      insert into public.outbox_events (event_type, subject, payload, created_at, stream)
      select e.type, 'ord_20260101_' || md5('o' || n), '{}', t.at, 'ord_20260101_' || md5('o' || n)
      from ${numbered}, lateral (select ${at} + interval '0 second' * n as at) as t,
        (values ('payment.confirmed'), ('order.paid')) as e (type)`;
    await tx`
      insert into public.webhook_events (dedupe_key, event_type, order_id, payment_key, payload, verified_by, status, attempts, leased_at, next_attempt_at, received_at, created_at, processed_at, from_toss)
      select 'id:' || md5('w' || n), 'PAYMENT_STATUS_CHANGED', 'ord_20260101_' || md5('o' || n), 'tviva' || md5('p' || n), '{}', 're-query',
        'processed', 1, t.at, t.at, t.at, t.at, t.at, true
      from ${numbered}, lateral (select ${at} + interval '0 second' * n as at) as t`;
  });
  await sql`vacuum analyze`;
}

async function measure(stack: Stack, orders: number): Promise<Grown> {
  const calls = await measureCalls(stack, CALLS);
  const url = new URL(stack.dbUrl);
  url.username = SUPERUSER;
  const session = await watchSession(url.href);
  const { sql } = session;
  try {
    return {
      orders,
      ...calls,
      claim: await session.cost(
        CALLS,
        () =>
          sql`select public.claim_webhook_events(jsonb_build_object('leaseToken', gen_random_uuid(), 'leaseSeconds', 65, 'limit', 20)),
          public.claim_operations(jsonb_build_object('leaseToken', gen_random_uuid(), 'leaseSeconds', 65, 'limit', 20))`,
      ),
      ownPayments: await session.cost(CALLS, (n) =>
        sql.begin(async (tx) => {
          await tx`select set_config('request.jwt.claims', json_build_object('sub', md5('buyer' || ${
            n % BUYERS
          }::int)::uuid, 'role', 'authenticated')::text, true)`;
          await tx`set local role authenticated`;
          await tx`select payment_key, status, total_amount from public.payments order by created_at desc limit 20`;
        })),
      alerts: await session.cost(
        2,
        () => sql`select count(*) from public.alerts`,
      ),
      health: await session.cost(2, () => sql`select public.read_status('{}')`),
      invariants: await session.cost(
        1,
        () => sql`select count(*) from public.invariant_violations()`,
      ),
    };
  } finally {
    await session.stop();
  }
}

/** Measures the same at rising numbers of orders in one database. */
export async function measureGrowth(
  stack: Stack,
  sizes: readonly number[],
  log: (line: string) => void,
): Promise<Grown[]> {
  const found: Grown[] = [];
  let planted = 0;
  for (const size of sizes) {
    await plant(stack.sql, planted, size);
    planted = size;
    log(`${size} orders planted`);
    found.push(await measure(stack, size));
  }
  return found;
}
