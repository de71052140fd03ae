import postgres, { type Sql } from "postgres";
import type { Stack } from "../../stack/stack.ts";
import { sample, type Samples } from "./samples.ts";

/** What the database alone can do, past the Data API. */
export interface SqlFigures {
  /** Both calls of a confirm. */
  confirm: Samples;
  /** The one call before a webhook's 200. */
  webhook: Samples;
}

type Json = Record<string, unknown>;

async function call(sql: Sql, name: string, request: Json): Promise<Json> {
  const [row] = await sql<{ answer: Json }[]>`
    select public.${sql(name)}(${
    JSON.stringify(request)
  }::text::jsonb) as answer`;
  return row?.answer ?? {};
}

async function placeOrder(sql: Sql): Promise<string> {
  const { orderId } = await call(sql, "create_order", {
    requestId: crypto.randomUUID(),
    userId: null,
    items: [{ productId: "sticker", quantity: 1 }],
    timeToLiveSeconds: 3600,
    mode: "test",
  });
  return String(orderId);
}

async function confirm(sql: Sql, orderId: string): Promise<void> {
  const paymentKey = crypto.randomUUID();
  const requestId = "measure";
  const begun = await call(sql, "begin_confirmation", {
    paymentKey,
    orderId,
    requestId,
    amount: 3000,
    leaseToken: crypto.randomUUID(),
    leaseSeconds: 65,
    mode: "test",
  });
  const now = new Date().toISOString();
  const applied = await call(sql, "apply_payment", {
    requestId,
    source: "confirm",
    askedAt: now,
    payment: {
      paymentKey,
      orderId,
      status: "DONE",
      method: "카드",
      totalAmount: 3000,
      balanceAmount: 3000,
      currency: "KRW",
      requestedAt: now,
      approvedAt: now,
      cancels: [],
    },
  });
  if (begun.outcome !== "proceed" || applied.outcome !== "confirmed") {
    throw new Error(`${begun.outcome}, ${applied.outcome}`);
  }
}

async function receive(sql: Sql, orderId: string): Promise<void> {
  const { eventId } = await call(sql, "receive_webhook_event", {
    dedupeKey: crypto.randomUUID(),
    eventType: "PAYMENT_STATUS_CHANGED",
    orderId,
    payload: { eventType: "PAYMENT_STATUS_CHANGED", data: { orderId } },
    keyId: "measure",
    ciphertext: "x".repeat(1500),
    leaseToken: crypto.randomUUID(),
    leaseSeconds: 65,
  });
  if (eventId === undefined) throw new Error("the event was not stored");
}

/** Times the SQL of a confirm and of a webhook over plain connections, one for each sender. */
export async function measureSql(
  stack: Stack,
  { count, senders }: { count: number; senders: number },
): Promise<SqlFigures> {
  const sql = postgres(stack.dbUrl, { max: senders, onnotice: () => {} });
  try {
    const orderIds: string[] = [];
    for (let n = 0; n < 2 * count; n++) orderIds.push(await placeOrder(sql));
    const confirmed = orderIds.slice(0, count);
    const told = orderIds.slice(count);
    return {
      confirm: await sample(
        confirmed.map((orderId) => () => confirm(sql, orderId)),
        senders,
      ),
      webhook: await sample(
        told.map((orderId) => () => receive(sql, orderId)),
        senders,
      ),
    };
  } finally {
    await sql.end();
  }
}
