import assert from "node:assert/strict";
import { buy, confirm, placeOrder, startPurchase } from "../support/buy.ts";
import { addProduct, orderRow, stockOf } from "../support/database.ts";
import { eventually } from "../support/eventually.ts";
import type { Shop } from "../support/shop.ts";
import { shopTests } from "../support/shop-test.ts";
import {
  settleWebhooks,
  statusChanged,
  withoutWebhooks,
} from "../support/webhooks.ts";
import { callWorker, moveDatabaseClock, work } from "../support/worker.ts";

const test = shopTests();

const ORDER_SECONDS = 3600;

/** What one connection can leave behind in five minutes, at five orders a second. */
const ABANDONED = 1_500;
/** One tick must be done with them sooner than as many can arrive again. */
const BOUND_SECONDS = 30;

/** Orders as `checkout` makes them, without the way through the gateway. */
async function abandon(
  { stack }: Shop,
  productId: string,
  orders: number,
): Promise<void> {
  const items = [{ productId, quantity: 1 }];
  await stack.sql`
    select count(public.create_order(jsonb_build_object(
      'requestId', gen_random_uuid(), 'logRequestId', 'abandoned', 'mode', 'test',
      'timeToLiveSeconds', ${ORDER_SECONDS}::integer, 'items', ${
    stack.sql.json(items)
  }::jsonb
    )))
    from generate_series(1, ${orders})`;
}

async function overdueOrders({ stack }: Shop): Promise<number> {
  const [row] = await stack.sql<{ count: number }[]>`
    select count(*)::int from public.orders
    where status = 'pending' and expires_at <= toss_private.clock_now()`;
  return row?.count ?? -1;
}

test(`${ABANDONED} abandoned orders are given up by one tick within ${BOUND_SECONDS} seconds`, async (shop) => {
  await addProduct(shop, "abandoned", ABANDONED);
  await abandon(shop, "abandoned", ABANDONED);
  assert.equal(await stockOf(shop, "abandoned"), 0);
  await moveDatabaseClock(shop, ORDER_SECONDS + 1);
  const startedAt = performance.now();

  await work(shop, "expiry");
  await eventually(
    "all are given up",
    async () => await overdueOrders(shop) === 0,
  );

  const seconds = (performance.now() - startedAt) / 1000;
  assert.ok(seconds < BOUND_SECONDS, `${seconds.toFixed(1)} s`);
  assert.equal(await stockOf(shop, "abandoned"), ABANDONED);
});

test("overdue stock is free for the next buyer at once, however many orders held it", async (shop) => {
  await addProduct(shop, "hoarded", 120);
  await abandon(shop, "hoarded", 120);
  await moveDatabaseClock(shop, ORDER_SECONDS + 1);

  const items = [{ productId: "hoarded", quantity: 120 }];
  await placeOrder(shop, { items });

  assert.equal(await stockOf(shop, "hoarded"), 0);
  assert.equal(await overdueOrders(shop), 0);
});

test("a checkout leaves overdue orders alone whose stock it does not need", async (shop) => {
  await addProduct(shop, "plenty", 200);
  await abandon(shop, "plenty", 150);
  await moveDatabaseClock(shop, ORDER_SECONDS + 1);

  await placeOrder(shop, { items: [{ productId: "plenty", quantity: 50 }] });
  assert.equal(await overdueOrders(shop), 150);

  await placeOrder(shop, { items: [{ productId: "plenty", quantity: 1 }] });
  assert.equal(await overdueOrders(shop), 100);
  await work(shop, "expiry");
});

test("job webhooks wakes itself again until nothing is left", async (shop) => {
  withoutWebhooks(shop);
  const paid = [await buy(shop), await buy(shop), await buy(shop)];
  for (const [index, { orderId, paymentKey }] of paid.entries()) {
    const { eventType } = statusChanged({ orderId });
    await shop.stack.sql`
      insert into public.webhook_events (
        dedupe_key, event_type, order_id, payment_key, payload, next_attempt_at, received_at, created_at
      ) values (
        ${`id:backlog-${index}`}, ${eventType}, ${orderId}, ${paymentKey}, '{}', toss_private.clock_now(),
        toss_private.clock_now(), toss_private.clock_now()
      )`;
  }

  const { status, body } = await callWorker(shop, {
    job: "webhooks",
    limit: 1,
  });

  assert.deepEqual([status, body.claimed, body.remaining], [200, 1, 2]);
  await eventually("every event is processed", async () => {
    const [row] = await shop.stack.sql<{ waiting: number }[]>`
      select count(*)::int as waiting from public.webhook_events where status <> 'processed'`;
    return row?.waiting === 0;
  });
});

test("job operations wakes itself again until nothing is left", async (shop) => {
  withoutWebhooks(shop);
  const orders: string[] = [];
  for (let index = 0; index < 3; index++) {
    const purchase = await startPurchase(shop);
    shop.simulator.addFault({ kind: "lose_answer_after" });
    assert.equal((await confirm(shop, purchase)).status, 202);
    orders.push(purchase.orderId);
  }
  await moveDatabaseClock(shop, 120);

  await callWorker(shop, { job: "operations", limit: 1 });

  await eventually("every order is paid", async () => {
    const rows = await Promise.all(orders.map((id) => orderRow(shop, id)));
    return rows.every(({ status }) => status === "paid");
  });
});

test("job expiry wakes itself again until nothing is left, and rests when it can do nothing", async (shop) => {
  await addProduct(shop, "left-over", 7);
  await abandon(shop, "left-over", 7);
  await moveDatabaseClock(shop, ORDER_SECONDS + 1);

  const before = await runsOf(shop, "expiry");

  await callWorker(shop, { job: "expiry", limit: 7 });
  assert.equal(await runsOf(shop, "expiry"), before + 1);
  await abandon(shop, "left-over", 7);
  await moveDatabaseClock(shop, ORDER_SECONDS + 1);
  await callWorker(shop, { job: "expiry", limit: 2 });

  await eventually(
    "all are given up",
    async () => await overdueOrders(shop) === 0,
  );
  // Whoever is woken takes all, and the last finds nothing.
  await eventually(
    "the last has run",
    async () => await runsOf(shop, "expiry") === before + 3,
  );
  await settleWebhooks(shop);
  assert.equal(await runsOf(shop, "expiry"), before + 3);
});

async function runsOf({ stack }: Shop, job: string): Promise<number> {
  const [row] = await stack.sql<{ runs: number }[]>`
    select runs::int from public.job_status where job = ${job}`;
  return row?.runs ?? -1;
}
