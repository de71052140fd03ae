import assert from "node:assert/strict";
import fc from "fast-check";
import type { TransactionSql } from "postgres";
import {
  asynchronousLife,
  cardLife,
  type Life,
  type Snapshot,
  snapshotsOf,
  virtualAccountLife,
} from "../support/snapshots.ts";
import { propertyRuns } from "../support/property-runs.ts";
import { inRollback } from "../support/rollback.ts";
import type { Shop } from "../support/shop.ts";
import { shopTests } from "../support/shop-test.ts";

const test = shopTests();

const TOTAL = 3000;
const UNITS = 3;
const STOCK = 10;

/** How the answers of one life reach us: a start in any order, any of them again, with the newest among them. */
interface Arrival {
  life: Life;
  order: number[];
}

function arrivals(lives: fc.Arbitrary<Life>): fc.Arbitrary<Arrival> {
  return lives.chain((life) => {
    const newest =
      snapshotsOf(life, { paymentKey: "k", orderId: "o", totalAmount: TOTAL })
        .length - 1;
    const indices = Array.from({ length: newest + 1 }, (_, index) => index);
    return fc.tuple(
      fc.shuffledSubarray(indices, { minLength: 0 }),
      fc.array(fc.nat(newest), { maxLength: 4 }),
      fc.nat(8),
    ).map(([some, again, position]) => {
      const order = [...some, ...again];
      if (!order.includes(newest)) order.splice(position, 0, newest);
      return { life, order };
    });
  });
}

interface Scene {
  orderId: string;
  paymentKey: string;
  productId: string;
}

/** An order of its own with a product of its own, so that two ways of arrival cannot touch each other. */
async function openScene(sql: TransactionSql, name: string): Promise<Scene> {
  const productId = `product-${name}`;
  await sql`
    insert into public.products (id, name, price, stock)
    values (${productId}, 'x', ${TOTAL / UNITS}, ${STOCK})`;
  const request = {
    requestId: crypto.randomUUID(),
    userId: null,
    items: [{ productId, quantity: UNITS }],
    timeToLiveSeconds: 3600,
    mode: "test",
  };
  const [row] = await sql<{ answer: { orderId: string } }[]>`
    select public.create_order(${sql.json(request)}) as answer`;
  assert.ok(row);
  const { orderId } = row.answer;
  return { orderId, paymentKey: `payment-${name}`, productId };
}

async function apply(
  sql: TransactionSql,
  payment: Snapshot,
  askedAt: string,
): Promise<void> {
  const request = { payment: { ...payment }, source: "webhook", askedAt };
  const text = JSON.stringify(request);
  const [row] = await sql<{ answer: { outcome: string } }[]>`
    select public.apply_payment(${text}::text::jsonb) as answer`;
  assert.match(row?.answer.outcome ?? "", /^(confirmed|rejected|pending)$/);
}

/** What must not depend on the order of arrival; names are replaced, so that two scenes can be compared. */
async function finalRows(sql: TransactionSql, scene: Scene) {
  const { orderId, paymentKey, productId } = scene;
  const [row] = await sql`
    select
      (select to_jsonb(o) - array['id', 'payment_key', 'request_id', 'order_name', 'created_at', 'updated_at', 'expires_at']
          || jsonb_build_object('hasPayment', o.payment_key is not null)
        from public.orders as o where o.id = ${orderId}) as order_row,
      (select to_jsonb(p) - array['payment_key', 'order_id', 'applied_at', 'created_at']
        from public.payments as p where p.payment_key = ${paymentKey}) as payment_row,
      (select jsonb_agg(jsonb_build_array(
          right(k.transaction_key, 2), k.amount, k.reason, k.status, k.canceled_at
        ) order by k.transaction_key)
        from public.payment_cancels as k where k.payment_key = ${paymentKey}) as cancels,
      (select p.stock from public.products as p where p.id = ${productId}) as stock`;
  return row;
}

/** Runs `body` as the service role in a transaction that leaves nothing behind. */
async function inScratch(
  { stack }: Shop,
  body: (sql: TransactionSql) => Promise<void>,
): Promise<void> {
  await inRollback(stack.sql, async (sql) => {
    await sql`set local role service_role`;
    await body(sql);
  });
}

async function assertConverges(
  shop: Shop,
  { life, order }: Arrival,
): Promise<void> {
  await inScratch(shop, async (sql) => {
    const mixed = await openScene(sql, "mixed");
    const direct = await openScene(sql, "direct");
    const states = snapshotsOf(life, { ...mixed, totalAmount: TOTAL });
    for (const index of order) {
      const state = states[index];
      assert.ok(state);
      // Whoever holds an old answer asked before the newer state existed, so before anybody could apply it.
      await apply(sql, state, `2026-11-20T10:00:0${index}+09:00`);
    }
    const newest = snapshotsOf(life, { ...direct, totalAmount: TOTAL }).at(-1);
    assert.ok(newest);
    await apply(sql, newest, "2026-11-20T10:00:09+09:00");

    assert.deepEqual(await finalRows(sql, mixed), await finalRows(sql, direct));
    const violations = await sql`select * from public.invariant_violations()`;
    assert.deepEqual([...violations], []);
  });
}

test("apply_payment() brings the answers about a card payment to the same rows in any order", async (shop) => {
  await fc.assert(
    fc.asyncProperty(
      arrivals(cardLife),
      (arrival) => assertConverges(shop, arrival),
    ),
    {
      numRuns: propertyRuns(50),
    },
  );
});

test("apply_payment() brings the answers about a virtual account to the same rows in any order", async (shop) => {
  await fc.assert(
    fc.asyncProperty(
      arrivals(virtualAccountLife),
      (arrival) => assertConverges(shop, arrival),
    ),
    { numRuns: propertyRuns(50) },
  );
});

test("apply_payment() brings the answers about asynchronous cancels, aborted ones too, to the same rows in any order", async (shop) => {
  await fc.assert(
    fc.asyncProperty(
      arrivals(asynchronousLife),
      (arrival) => assertConverges(shop, arrival),
    ),
    { numRuns: propertyRuns(75) },
  );
});

test("apply_payment() changes nothing when the newest answer comes again", async (shop) => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(cardLife, virtualAccountLife, asynchronousLife),
      async (life) => {
        await inScratch(shop, async (sql) => {
          const scene = await openScene(sql, "again");
          const states = snapshotsOf(life, { ...scene, totalAmount: TOTAL });
          for (const state of states) {
            await apply(sql, state, "2026-11-20T10:00:00+09:00");
          }
          const before = await finalRows(sql, scene);
          const lines = () =>
            sql`select count(*)::int from public.payment_events where order_id = ${scene.orderId}`;
          const [linesBefore] = await lines();
          for (const state of [...states, ...states]) {
            await apply(sql, state, "2026-11-20T10:00:00+09:00");
          }
          assert.deepEqual(await finalRows(sql, scene), before);
          assert.deepEqual((await lines())[0], linesBefore);
        });
      },
    ),
    { numRuns: propertyRuns(15) },
  );
});
