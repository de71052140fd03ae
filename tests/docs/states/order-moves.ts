import type { Sql, TransactionSql } from "postgres";
import { applyAnswer, callSql } from "../../support/answers.ts";
import { inRollback } from "../../support/rollback.ts";
import { type Life, LIVES } from "./lives.ts";
import { Moves } from "./moves.ts";

/** What a payment is before its first answer. */
export const NOTHING = "nothing";

interface Scene {
  orderId: string;
  amount: number;
}

const AMOUNT = 3000;
let scenes = 0;

async function openOrder(sql: TransactionSql): Promise<Scene> {
  const productId = `states-${++scenes}`;
  await sql`
    insert into public.products (id, name, price, stock)
    values (${productId}, 'x', ${AMOUNT}, 10)`;
  const { orderId } = await callSql(sql, "create_order", {
    requestId: crypto.randomUUID(),
    userId: null,
    items: [{ productId, quantity: 1 }],
    timeToLiveSeconds: 3600,
    mode: "test",
  });
  return { orderId: String(orderId), amount: AMOUNT };
}

async function expire(sql: TransactionSql, { orderId }: Scene): Promise<void> {
  await sql`
    update public.orders set expires_at = toss_private.clock_now() - interval '1 second'
    where id = ${orderId}`;
  await callSql(sql, "expire_orders", { limit: 500 });
}

/** Gives the order up through another payment, whose account is cancelled before any deposit. */
async function cancelEarlier(sql: TransactionSql, scene: Scene): Promise<void> {
  const givenUp = LIVES["an account that is given up"];
  for (const answer of givenUp?.(scene, "earlier") ?? []) {
    await applyAnswer(sql, answer);
  }
}

/** What may have happened to an order before its payment's first answer. */
const BEGINNINGS: ((sql: TransactionSql, scene: Scene) => Promise<void>)[] = [
  () => Promise.resolve(),
  expire,
  cancelEarlier,
];

/** What the database does about orders and payments, whatever Toss may answer. */
export interface OrderMoves {
  orders: Moves;
  payments: Moves;
}

const PAYMENT_KEY = "states-payment";

async function observe(
  sql: TransactionSql,
  { orderId }: Scene,
): Promise<{ order: string; payment: string }> {
  const [row] = await sql<{ order: string; payment: string | null }[]>`
    select o.status as order, (
      select p.status from public.payments as p where p.payment_key = ${PAYMENT_KEY}
    ) as payment
    from public.orders as o where o.id = ${orderId}`;
  if (row === undefined) throw new Error("the order is gone");
  return { order: row.order, payment: row.payment ?? NOTHING };
}

/** Any two answers of a life, the later one second, and each alone: answers get lost. */
function arrivals(length: number): number[][] {
  const pairs = Array.from(
    { length },
    (_, second) =>
      Array.from({ length: second }, (_, first) => [first, second]),
  ).flat();
  const all = Array.from({ length }, (_, index) => index);
  return [...pairs, ...all.map((index) => [index]), all];
}

async function play(
  sql: TransactionSql,
  { life, order, begin }: {
    life: Life;
    order: number[];
    begin: (typeof BEGINNINGS)[number];
  },
  moves: OrderMoves,
): Promise<void> {
  const scene = await openOrder(sql);
  const fresh = await observe(sql, scene);
  await begin(sql, scene);
  let before = await observe(sql, scene);
  moves.orders.add(fresh.order, before.order);
  const answers = life(scene, PAYMENT_KEY);
  for (const index of order) {
    const answer = answers[index];
    if (answer === undefined) throw new Error(`there is no answer ${index}`);
    await applyAnswer(sql, answer);
    const after = await observe(sql, scene);
    moves.orders.add(before.order, after.order);
    moves.payments.add(before.payment, after.payment);
    before = after;
  }
}

/** Lets every life of a payment reach orders in every state that comes before a payment, and notes what moves. */
export async function observeOrders(sql: Sql): Promise<OrderMoves> {
  const moves: OrderMoves = { orders: new Moves(), payments: new Moves() };
  for (const life of Object.values(LIVES)) {
    const { length } = life({ orderId: "o", amount: AMOUNT }, "k");
    for (const order of arrivals(length)) {
      for (const begin of BEGINNINGS) {
        await inRollback(
          sql,
          (transaction) => play(transaction, { life, order, begin }, moves),
        );
      }
    }
  }
  return moves;
}
