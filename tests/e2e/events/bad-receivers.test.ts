import assert from "node:assert/strict";
import { buy, ONE_STICKER, type Purchase } from "../../support/buy.ts";
import { cancelAtToss } from "../../support/toss-side.ts";
import {
  addEndpoint,
  manage,
  startOddReceiver,
  startReceiver,
} from "../../support/receiver.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { settleWebhooks } from "../../support/webhooks.ts";
import { advance, work } from "../../support/worker.ts";

const test = shopTests({ environment: { WEBHOOK_ALLOW_PRIVATE: "on" } });

async function disableAll(shop: Shop): Promise<void> {
  await shop.stack.sql`
    update public.webhook_endpoints
    set status = 'disabled', disabled_at = created_at, disabled_reason = 'by_operator' where status = 'active'`;
}

/** Buys, and takes a part and then the rest back: five events of one order. */
async function wholeLife(shop: Shop): Promise<Purchase> {
  const purchase = await buy(shop, ONE_STICKER);
  await cancelAtToss(shop, purchase.paymentKey, 500);
  await settleWebhooks(shop);
  await cancelAtToss(shop, purchase.paymentKey);
  await settleWebhooks(shop);
  return purchase;
}

const LIFE = [
  "payment.confirmed",
  "order.paid",
  "payment.partially_refunded",
  "payment.refunded",
];

test("however often a receiver fails, it gets every event of every order, in order, and under the same id", async (shop) => {
  const seen = new Map<string, number>();
  const receiver = startReceiver(({ id }) => {
    seen.set(id, (seen.get(id) ?? 0) + 1);
    return new Response(null, { status: (seen.get(id) ?? 0) < 3 ? 503 : 200 });
  });
  try {
    await addEndpoint(shop, receiver.url);
    const purchases = [
      await wholeLife(shop),
      await wholeLife(shop),
      await wholeLife(shop),
    ];
    for (let round = 0; round < 12; round++) {
      await work(shop, "outbox");
      await advance(shop, 8 * 3600);
    }
    for (const { orderId } of purchases) {
      const told = receiver.received.filter(({ data }) =>
        data.orderId === orderId
      );
      assert.deepEqual(told.map(({ type }) => type), LIFE);
      assert.equal(new Set(told.map(({ id }) => id)).size, LIFE.length);
    }
    assert.deepEqual(new Set(seen.values()), new Set([3]));
    const open = await shop.stack.sql`
      select 1 from public.webhook_deliveries where status <> 'delivered'`;
    assert.equal(open.length, 0);
  } finally {
    await disableAll(shop);
    await receiver.stop();
  }
});

test("an event that a receiver will not take holds up its own order alone", async (shop) => {
  let refused = "";
  const receiver = startReceiver(({ data, type }) =>
    new Response(null, {
      status: data.orderId === refused && type === "order.paid" ? 500 : 200,
    })
  );
  try {
    await addEndpoint(shop, receiver.url);
    const bad = await buy(shop, ONE_STICKER);
    refused = bad.orderId;
    await cancelAtToss(shop, bad.paymentKey);
    await settleWebhooks(shop);
    const good = await wholeLife(shop);
    for (let round = 0; round < 5; round++) await work(shop, "outbox");
    const told = (orderId: string) =>
      receiver.received.filter(({ data }) => data.orderId === orderId)
        .map(({ type }) => type);
    assert.deepEqual(told(bad.orderId), ["payment.confirmed"]);
    assert.deepEqual(told(good.orderId), LIFE);

    refused = "";
    await advance(shop, 10);
    for (let round = 0; round < 3; round++) await work(shop, "outbox");
    assert.deepEqual(told(bad.orderId), [
      "payment.confirmed",
      "order.paid",
      "payment.refunded",
    ]);
  } finally {
    await disableAll(shop);
    await receiver.stop();
  }
});

test("receivers that hang, trickle, close, redirect or are gone delay no other, and lose nothing", async (shop) => {
  const never = () => new Promise<void>(() => {});
  const trickle = async (connection: Deno.Conn) => {
    for (const byte of new TextEncoder().encode("HTTP/1.1 200 OK\r\n\r\n")) {
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      await connection.write(new Uint8Array([byte]));
    }
  };
  const close = (connection: Deno.Conn) => {
    connection.close();
    return Promise.resolve();
  };
  const redirected = startReceiver();
  const redirecting = startReceiver(() =>
    Response.redirect(redirected.url, 307)
  );
  const gone = startOddReceiver(close);
  gone.stop();
  const odd = [never, trickle, close].map(startOddReceiver);
  const alone = startReceiver();
  const among = startReceiver();
  const delays = (received: { at: number }[], since: number) =>
    Math.max(...received.map(({ at }) => at - since));
  try {
    const eventTypes = ["order.paid"];
    const { id } = await addEndpoint(shop, alone.url, { eventTypes });
    await work(shop, "outbox");
    const orders = 8;
    for (let index = 0; index < orders; index++) await buy(shop, ONE_STICKER);
    let startedAt = Date.now();
    await work(shop, "outbox");
    assert.equal(alone.received.length, orders);
    const quiet = delays(alone.received, startedAt);
    await manage(shop, { action: "disable", id });

    for (const { url } of [...odd, redirecting, gone]) {
      await addEndpoint(shop, url, { eventTypes });
    }
    await addEndpoint(shop, among.url, { eventTypes });
    for (let index = 0; index < orders; index++) await buy(shop, ONE_STICKER);
    startedAt = Date.now();
    await work(shop, "outbox");
    const runTime = Date.now() - startedAt;
    assert.equal(among.received.length, orders);
    const loud = delays(among.received, startedAt);
    // The hanging ones were waited for, and nobody waited with them.
    assert.ok(runTime > 9_000, `the run took ${runTime} ms`);
    assert.ok(runTime < 25_000, `the run took ${runTime} ms`);
    assert.ok(
      loud < quiet + 1_000,
      `alone ${quiet} ms, among others ${loud} ms`,
    );
    assert.equal(redirected.received.length, 0, "a redirect was followed");
    const rows = await shop.stack.sql<{ pending: number }[]>`
      select count(*)::int as pending from public.webhook_deliveries
      where status = 'pending' and attempts > 0`;
    assert.equal(rows[0]?.pending, orders * 5);
  } finally {
    await disableAll(shop);
    for (const receiver of odd) receiver.stop();
    for (const receiver of [redirected, redirecting, alone, among]) {
      await receiver.stop();
    }
  }
});

test("a run that is killed while it sends sends again: at least once, nothing lost, nothing out of order", async (shop) => {
  let kills = -1;
  const times = new Map<string, number>();
  const order: string[] = [];
  const receiver = startReceiver(async ({ id, type, data }) => {
    if (kills < 0) return new Response(null, { status: 503 });
    times.set(id, (times.get(id) ?? 0) + 1);
    order.push(`${data.orderId} ${type}`);
    // Whoever sent this never learns what came of it.
    if (kills < 3) {
      kills += 1;
      await shop.stack.killFunctions();
    }
    return new Response(null, { status: 200 });
  });
  try {
    const { id } = await addEndpoint(shop, receiver.url);
    const { orderId } = await wholeLife(shop);
    kills = 0;
    for (let round = 0; round < 10; round++) {
      await advance(shop, 3600);
      await work(shop, "outbox").catch(() => {});
    }
    const first = [...new Set(order)];
    assert.deepEqual(first, LIFE.map((type) => `${orderId} ${type}`));
    assert.ok([...times.values()].some((count) => count > 1));
    const rows = await shop.stack.sql`
      select 1 from public.webhook_deliveries where status <> 'delivered' and endpoint_id = ${id}`;
    assert.equal(rows.length, 0);
  } finally {
    await disableAll(shop);
    await receiver.stop();
  }
});
