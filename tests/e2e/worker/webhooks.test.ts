import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { buy, placeOrder } from "../../support/buy.ts";
import { orderRow, webhookRows } from "../../support/database.ts";
import { eventually } from "../../support/eventually.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { cancelAtToss } from "../../support/toss-side.ts";
import {
  deliverWebhook,
  settleWebhooks,
  statusChanged,
  withoutWebhooks,
} from "../../support/webhooks.ts";
import { moveDatabaseClock, queriesSince, work } from "../../support/worker.ts";

const test = shopTests({ environment: { TOSS_TIMEOUT_MS: "2000" } });

/** Toss's time to answer and the margin have passed. */
const LEASE_SECONDS = 7.1;

/** A paid order that Toss has cancelled in full, which only a webhook can tell. */
async function cancelledUnnoticed(shop: Shop) {
  withoutWebhooks(shop);
  const purchase = await buy(shop);
  await cancelAtToss(shop, purchase.paymentKey);
  const { orderId, paymentKey } = purchase;
  return { ...purchase, body: statusChanged({ orderId, paymentKey }) };
}

test("webhook() answers 503 while the database is away, and Toss's next delivery is stored", async (shop) => {
  const { body, orderId } = await cancelledUnnoticed(shop);
  const transmissionId = randomUUID();
  const restarting = shop.stack.restartPostgres({ crash: true });

  const refused = await deliverWebhook(shop, body, { transmissionId });

  assert.equal(refused.status, 503);
  assert.equal(refused.body.code, "storage_unavailable");
  await restarting;
  assert.deepEqual(await webhookRows(shop, orderId), []);
  const { status } = await deliverWebhook(shop, body, { transmissionId });
  assert.equal(status, 200);
  await settleWebhooks(shop);
  assert.equal((await orderRow(shop, orderId)).status, "refunded");
});

test("a webhook that was answered 200 outlives the process that answered", async (shop) => {
  const { body, orderId } = await cancelledUnnoticed(shop);
  const before = shop.simulator.requests().length;
  // Long enough that the process is gone before the answer comes, on a busy machine too.
  const delay = { kind: "delay_before", milliseconds: 1800 } as const;
  shop.simulator.addFault({ ...delay, method: "GET" });

  assert.equal((await deliverWebhook(shop, body)).status, 200);
  await eventually(
    "Toss is asked",
    () => queriesSince(shop, before).length > 0,
  );
  await shop.stack.killFunctions();

  const [row] = await webhookRows(shop, orderId);
  assert.equal(row?.status, "processing");
  assert.equal((await work(shop, "webhooks")).claimed, 0);
  await moveDatabaseClock(shop, LEASE_SECONDS);
  const run = await work(shop, "webhooks");
  assert.equal(run.processed, 1, JSON.stringify(run));
  assert.equal((await orderRow(shop, orderId)).status, "refunded");
});

test("a burst of 30 webhooks about one payment leads to at most 3 questions", async (shop) => {
  const { body, orderId } = await cancelledUnnoticed(shop);
  const before = shop.simulator.requests().length;
  const burst = Array.from(
    { length: 30 },
    () => deliverWebhook(shop, body, { transmissionId: randomUUID() }),
  );

  const statuses = (await Promise.all(burst)).map(({ status }) => status);
  await settleWebhooks(shop);

  assert.deepEqual([...new Set(statuses)], [200]);
  await moveDatabaseClock(shop, LEASE_SECONDS);
  await work(shop, "webhooks");
  const rows = await webhookRows(shop, orderId);
  assert.deepEqual(
    rows.map(({ status }) => status),
    Array(30).fill("processed"),
  );
  const asked = queriesSince(shop, before).length;
  assert.ok(asked >= 1 && asked <= 3, `${asked} questions`);
});

test("two workers at once ask Toss about each waiting payment once", async (shop) => {
  const cancelled = [];
  for (let count = 0; count < 15; count++) {
    cancelled.push(await cancelledUnnoticed(shop));
  }
  shop.simulator.addFault({
    kind: "status_before",
    code: "UNKNOWN_PAYMENT_ERROR",
    method: "GET",
    count: "always",
  });
  await Promise.all(cancelled.map(({ body }) => deliverWebhook(shop, body)));
  await settleWebhooks(shop);
  shop.simulator.clearFaults();
  await moveDatabaseClock(shop, 60);
  const before = shop.simulator.requests().length;

  await Promise.all([work(shop, "webhooks"), work(shop, "webhooks")]);

  const asked = queriesSince(shop, before).sort();
  const paths = cancelled.map(({ paymentKey }) => `/v1/payments/${paymentKey}`);
  assert.deepEqual(asked, paths.sort());
  for (const { orderId } of cancelled) {
    assert.equal((await orderRow(shop, orderId)).status, "refunded");
  }
});

test("120 forged events about unknown orders cost no question and are ignored with the reason", async (shop) => {
  const before = shop.simulator.requests().length;
  const orderId = `nobody-${randomUUID()}`;
  const flood = Array.from({ length: 120 }, () =>
    deliverWebhook(
      shop,
      statusChanged({ orderId, paymentKey: randomUUID(), status: "DONE" }),
    ));

  const statuses = (await Promise.all(flood)).map(({ status }) => status);
  await settleWebhooks(shop);
  await moveDatabaseClock(shop, 120);
  await work(shop, "webhooks");

  assert.deepEqual([...new Set(statuses)], [200]);
  assert.deepEqual(queriesSince(shop, before), []);
  // A hundred an hour stand in rows of their own, the others are counted.
  const counted = await shop.stack.sql<
    { status: string; deliveries: number }[]
  >`
    select status, sum(delivery_count)::int as deliveries from public.webhook_events
    where last_error = 'names no order and no payment of this project' group by status`;
  assert.deepEqual([...counted], [{ status: "ignored", deliveries: 120 }]);
  assert.equal((await webhookRows(shop, orderId)).length, 100);
});

test("120 forged payments of a known order are asked for in bounded slices, and true events go first", async (shop) => {
  withoutWebhooks(shop);
  const victim = await placeOrder(shop);
  const honest = await cancelledUnnoticed(shop);
  const before = shop.simulator.requests().length;
  const flood = Array.from({ length: 120 }, () =>
    deliverWebhook(
      shop,
      statusChanged({ orderId: victim.orderId, paymentKey: randomUUID() }),
    ));
  await Promise.all(flood);
  await settleWebhooks(shop);

  const direct = queriesSince(shop, before).length;
  assert.ok(direct <= 5, `${direct} questions without a worker`);
  shop.simulator.addFault({
    kind: "status_before",
    code: "UNKNOWN_PAYMENT_ERROR",
    method: "GET",
  });
  await deliverWebhook(shop, honest.body);
  await settleWebhooks(shop);
  await moveDatabaseClock(shop, 120);
  const run = await work(shop, "webhooks");

  assert.ok(Number(run.claimed) <= 50, `${run.claimed} in one run`);
  assert.equal((await orderRow(shop, honest.orderId)).status, "refunded");
  for (let round = 0; round < 6; round++) {
    await moveDatabaseClock(shop, 61);
    await work(shop, "webhooks");
  }
  // Beyond a hundred an hour they are counted and not kept.
  const rows = await webhookRows(shop, victim.orderId);
  const reasons = rows.map(({ status, last_error }) =>
    `${status}: ${last_error}`
  );
  assert.deepEqual(
    reasons.filter((reason) =>
      reason !== "ignored: Toss knows no such payment"
    ),
    [],
  );
  const [counted] = await shop.stack.sql<{ deliveries: number }[]>`
    select sum(delivery_count)::int as deliveries from public.webhook_events
    where last_error = 'Toss knows no such payment' and status = 'ignored'`;
  assert.equal(counted?.deliveries, 120);
});

test("a forged payment of a known order is ignored, and the order stays as it is", async (shop) => {
  const order = await placeOrder(shop);
  const body = statusChanged({
    orderId: order.orderId,
    paymentKey: randomUUID(),
    status: "DONE",
    totalAmount: order.amount,
  });

  await deliverWebhook(shop, body);
  await settleWebhooks(shop);

  assert.equal((await orderRow(shop, order.orderId)).status, "pending");
});
