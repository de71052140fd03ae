import assert from "node:assert/strict";
import { assertInvariantsHold } from "../../support/books.ts";
import { checkout, placeOrder } from "../../support/buy.ts";
import { addProduct, stockOf } from "../../support/database.ts";
import { eventually } from "../../support/eventually.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { signUp } from "../../../stack/users.ts";
import { callWorker } from "../../support/worker.ts";

const test = shopTests();

async function setPrice({ stack }: Shop, id: string, price: number) {
  await stack.sql`update public.products set price = ${price} where id = ${id}`;
}

async function isSomebodyWaiting({ stack }: Shop): Promise<boolean> {
  const [row] = await stack.sql<{ count: number }[]>`
    select count(*)::int from pg_locks where not granted`;
  return Number(row?.count) > 0;
}

/** Orders whose total is not what their lines add up to. */
async function unevenOrders({ stack }: Shop): Promise<unknown[]> {
  const rows = await stack.sql`
    select o.id, o.amount::int, sum(i.unit_price * i.quantity)::int as lines
    from public.orders as o join public.order_items as i on i.order_id = o.id
    group by o.id having o.amount <> sum(i.unit_price * i.quantity)`;
  return [...rows];
}

/** Holds the buyer's customer row, so that a checkout stops between pricing the cart and writing the order. */
async function whileCheckoutWaits(
  shop: Shop,
  userId: string,
  body: () => Promise<void>,
): Promise<void> {
  await shop.stack.sql.begin(async (sql) => {
    await sql`insert into public.customers (user_id) values (${userId})`;
    await eventually("the checkout waits", () => isSomebodyWaiting(shop));
    await body();
  });
}

test("a price that changes in the middle of a checkout cannot part the total from its lines", async (shop) => {
  await addProduct(shop, "raised", 10);
  const user = await signUp(shop);
  const items = [{ productId: "raised", quantity: 2 }];
  const waiting = whileCheckoutWaits(
    shop,
    user.id,
    () => setPrice(shop, "raised", 9000),
  );

  await eventually("the customer row is held", async () => {
    const [row] = await shop.stack.sql<{ count: number }[]>`
      select count(*)::int from pg_locks
      where relation = 'public.customers'::regclass and mode = 'RowExclusiveLock'`;
    return Number(row?.count) > 0;
  });
  const order = await placeOrder(shop, { items }, user.accessToken);
  await waiting;

  assert.equal(order.amount, 2000);
  assert.deepEqual(await unevenOrders(shop), []);
  await assertInvariantsHold(shop);
});

test("checkouts during a storm of price changes all add up", async (shop) => {
  for (const id of ["storm-a", "storm-b"]) await addProduct(shop, id, null);
  const items = [
    { productId: "storm-a", quantity: 2 },
    { productId: "storm-b", quantity: 3 },
  ];
  const prices = Array.from({ length: 40 }, (_, index) => 1000 + index);

  const [answers] = await Promise.all([
    Promise.all(prices.map(() => checkout(shop, { items }))),
    ...["storm-a", "storm-b"].map(async (id) => {
      for (const price of prices) await setPrice(shop, id, price);
    }),
  ]);

  assert.deepEqual(
    answers.map(({ status }) => status),
    Array(prices.length).fill(201),
  );
  assert.deepEqual(await unevenOrders(shop), []);
  await assertInvariantsHold(shop);
});

const PRODUCTS = ["ring-a", "ring-b", "ring-c", "ring-d"];
const STOCK = 40;
const ROUNDS = 3;

function productAt(index: number): string {
  return PRODUCTS[index % PRODUCTS.length] ?? "";
}

/** Two different products per cart, in an order that differs from cart to cart. */
function crossingCart(index: number) {
  const other = index + 1 + index % (PRODUCTS.length - 1);
  return {
    items: [
      { productId: productAt(index), quantity: 1 },
      { productId: productAt(other), quantity: 1 },
    ],
  };
}

async function makeAllOverdue({ stack }: Shop): Promise<void> {
  await stack.sql`
    update public.orders set expires_at = toss_private.clock_now() - interval '1 second'
    where status = 'pending'`;
}

async function countDeadlocks({ stack }: Shop): Promise<number> {
  const [row] = await stack.sql<{ deadlocks: number }[]>`
    select deadlocks::int from pg_stat_database where datname = current_database()`;
  return Number(row?.deadlocks);
}

test("30 checkouts for what overdue orders of crossing products hold, and the expiry job, do not lock each other out", async (shop) => {
  for (const id of PRODUCTS) await addProduct(shop, id, STOCK);
  const deadlocksBefore = await countDeadlocks(shop);
  for (let round = 0; round < ROUNDS; round++) {
    const fillers = Array.from({ length: 20 }, (_, index) => index);
    const filled = await Promise.all(
      fillers.map((index) => checkout(shop, crossingCart(index))),
    );
    assert.ok(filled.every(({ status }) => status === 201));
    await makeAllOverdue(shop);

    const [checkouts, jobs] = await Promise.all([
      Promise.all(Array.from({ length: 30 }, (_, index) => {
        const { items } = crossingCart(index);
        return checkout(shop, {
          items: items.map((item) => ({ ...item, quantity: 12 })),
        });
      })),
      Promise.all(
        Array.from({ length: 3 }, () => callWorker(shop, { job: "expiry" })),
      ),
    ]);

    const statuses = new Set(checkouts.map(({ status }) => status));
    assert.deepEqual([...statuses].sort(), [201, 409]);
    assert.deepEqual(jobs.map(({ status }) => status), [200, 200, 200]);
    await assertInvariantsHold(shop);
    await makeAllOverdue(shop);
    await callWorker(shop, { job: "expiry" });
    for (const id of PRODUCTS) assert.equal(await stockOf(shop, id), STOCK);
  }
  // A retry of the driver would hide a deadlock from the answers, not from Postgres's own count.
  assert.equal(await countDeadlocks(shop), deadlocksBefore);
});
