import assert from "node:assert/strict";
import type { Shop } from "./shop.ts";

/** One row as the driver hands it over. */
export type Row = Record<string, unknown>;

/** The order, as far as tests look at it. */
export async function orderRow({ stack }: Shop, orderId: string) {
  const [row] = await stack.sql<
    { status: string; payment_key: string | null }[]
  >`
    select status, payment_key from public.orders where id = ${orderId}`;
  assert.ok(row, `there is no order ${orderId}`);
  return row;
}

/** The operations of an order, oldest first. */
export async function operationRows({ stack }: Shop, orderId: string) {
  return [
    ...await stack.sql<
      {
        state: string;
        error_code: string | null;
        is_final: boolean | null;
        attempts: number;
        idempotency_key: string;
      }[]
    >`
      select state, error_code, is_final, attempts, idempotency_key
      from public.operations where order_id = ${orderId} order by created_at`,
  ];
}

/** The names of an order's audit lines, oldest first. */
export async function auditEvents({ stack }: Shop, orderId: string) {
  const rows = await stack.sql<{ event: string }[]>`
    select event from public.payment_events where order_id = ${orderId} order by id`;
  return rows.map(({ event }) => event);
}

/** The status of a payment, null when there is no row. */
export async function paymentStatus({ stack }: Shop, paymentKey: string) {
  const [row] = await stack.sql<{ status: string }[]>`
    select status from public.payments where payment_key = ${paymentKey}`;
  return row?.status ?? null;
}

/** The inbox rows about an order, oldest first. */
export async function webhookRows({ stack }: Shop, orderId: string) {
  return [
    ...await stack.sql<
      {
        status: string;
        last_error: string | null;
        verified_by: string | null;
        delivery_count: number;
        attempts: number;
      }[]
    >`
      select status, last_error, verified_by, delivery_count, attempts
      from public.webhook_events where order_id = ${orderId} order by created_at`,
  ];
}

/** What is left of a product; null = unlimited. */
export async function stockOf({ stack }: Shop, productId: string) {
  const [row] = await stack.sql<{ stock: number | null }[]>`
    select stock from public.products where id = ${productId}`;
  assert.ok(row, `there is no product ${productId}`);
  return row.stock;
}

/** Adds a product of 1,000 won for one test. */
export async function addProduct(
  { stack }: Shop,
  id: string,
  stock: number | null,
): Promise<void> {
  await stack.sql`
    insert into public.products (id, name, price, stock)
    values (${id}, ${`상품 ${id}`}, 1000, ${stock})`;
}

/** Lets the open operation's lease and pause be over, as if that time had passed. */
export async function makeOperationDue(
  { stack }: Shop,
  orderId: string,
): Promise<void> {
  const { count } = await stack.sql`
    update public.operations
    set lease_expires_at = toss_private.clock_now() - interval '1 second',
      next_attempt_at = toss_private.clock_now() - interval '1 second'
    where order_id = ${orderId} and state in ('started', 'unknown')`;
  assert.equal(count, 1, "there is no open operation");
}

/** Lets an order's time be over. */
export async function makeOrderOverdue(
  { stack }: Shop,
  orderId: string,
): Promise<void> {
  await stack.sql`
    update public.orders set expires_at = toss_private.clock_now() - interval '1 second'
    where id = ${orderId}`;
}
