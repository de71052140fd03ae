import assert from "node:assert/strict";
import { buy } from "../../support/buy.ts";
import { auditEvents, orderRow, webhookRows } from "../../support/database.ts";
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

const test = shopTests();

const MAXIMUM_TRIES = 12;

async function replay(
  { stack }: Shop,
  request: Record<string, string>,
): Promise<unknown> {
  const rows = await stack.sql`
    select public.replay_webhook_events(${stack.sql.json(request)}) as answer`;
  return rows[0]?.answer;
}

/** A cancel about which Toss answers what cannot be believed, until its event is given up. */
async function deadEvent(shop: Shop) {
  withoutWebhooks(shop);
  const purchase = await buy(shop);
  await cancelAtToss(shop, purchase.paymentKey);
  const { orderId, paymentKey } = purchase;
  shop.simulator.addFault({
    kind: "wrong_answer",
    patch: { totalAmount: 1, balanceAmount: 1, status: "DONE" },
    method: "GET",
    paymentKey,
    count: "always",
  });
  const { body } = await deliverWebhook(
    shop,
    statusChanged({ orderId, paymentKey }),
  );
  await settleWebhooks(shop);
  for (let count = 1; count < MAXIMUM_TRIES; count++) {
    const [row] = await webhookRows(shop, orderId);
    assert.equal(row?.status, "failed");
    assert.equal(row?.attempts, count);
    await moveDatabaseClock(shop, 700);
    await work(shop, "webhooks");
  }
  shop.simulator.clearFaults();
  return { ...purchase, eventId: String(body.eventId) };
}

test("an event is dead after 12 tries, with the reason, and is left alone from then on", async (shop) => {
  const { orderId } = await deadEvent(shop);

  const [row] = await webhookRows(shop, orderId);
  assert.equal(row?.status, "dead");
  assert.equal(row?.attempts, MAXIMUM_TRIES);
  assert.equal(
    row?.last_error,
    "Toss's amount or currency differs from the order's",
  );
  await moveDatabaseClock(shop, 3600);
  const before = shop.simulator.requests().length;
  await work(shop, "webhooks");
  assert.deepEqual(queriesSince(shop, before), []);
  assert.deepEqual(await replay(shop, { orderId }), {
    outcome: "replayed",
    events: 1,
  });
  await work(shop, "webhooks");
  assert.equal((await orderRow(shop, orderId)).status, "refunded");
});

type Selection = (
  dead: Awaited<ReturnType<typeof deadEvent>>,
) => Record<string, string>;

const SELECTIONS: Record<string, Selection> = {
  "its id": ({ eventId }) => ({ eventId }),
  "its payment": ({ paymentKey }) => ({ paymentKey }),
  "its order and status": ({ orderId }) => ({ orderId, status: "dead" }),
};

for (const [name, selection] of Object.entries(SELECTIONS)) {
  test(`replay_webhook_events() revives a dead event by ${name}`, async (shop) => {
    const dead = await deadEvent(shop);

    const answer = await replay(shop, selection(dead));

    assert.deepEqual(answer, { outcome: "replayed", events: 1 });
    await work(shop, "webhooks");
    const [row] = await webhookRows(shop, dead.orderId);
    assert.equal(row?.status, "processed");
    assert.equal((await orderRow(shop, dead.orderId)).status, "refunded");
  });
}

test("replay_webhook_events() takes a range of time, its end excluded", async (shop) => {
  const { eventId, orderId } = await deadEvent(shop);
  const [times] = await shop.stack.sql<{ at: string; after: string }[]>`
    select created_at::text as at,
      (created_at + interval '1 microsecond')::text as after
    from public.webhook_events where id = ${eventId}`;
  assert.ok(times);

  const none = await replay(shop, { orderId, from: times.at, to: times.at });
  const one = await replay(shop, { orderId, from: times.at, to: times.after });

  assert.deepEqual(none, { outcome: "replayed", events: 0 });
  assert.deepEqual(one, { outcome: "replayed", events: 1 });
  await work(shop, "webhooks");
});

test("replay_webhook_events() changes nothing for an event that was processed", async (shop) => {
  const { orderId } = await buy(shop);
  await settleWebhooks(shop);
  const events = await auditEvents(shop, orderId);
  const [before] = await webhookRows(shop, orderId);
  assert.equal(before?.status, "processed");

  await replay(shop, { orderId });
  await work(shop, "webhooks");

  const [after] = await webhookRows(shop, orderId);
  assert.equal(after?.status, "processed");
  assert.deepEqual(await auditEvents(shop, orderId), events);
  assert.equal((await orderRow(shop, orderId)).status, "paid");
});

test("replay_webhook_events() refuses to replay everything by mistake", async (shop) => {
  assert.deepEqual(await replay(shop, {}), { outcome: "nothing_named" });
});

test("an event is not given up as long as Toss gives no answer at all", async (shop) => {
  withoutWebhooks(shop);
  const { orderId, paymentKey } = await buy(shop);
  await cancelAtToss(shop, paymentKey);
  shop.simulator.addFault({
    kind: "status_before",
    code: "FAILED_INTERNAL_SYSTEM_PROCESSING",
    method: "GET",
    paymentKey,
    count: "always",
  });
  await deliverWebhook(shop, statusChanged({ orderId, paymentKey }));
  await settleWebhooks(shop);
  for (let count = 0; count < MAXIMUM_TRIES + 2; count++) {
    await moveDatabaseClock(shop, 700);
    await work(shop, "webhooks");
  }
  const [waiting] = await webhookRows(shop, orderId);
  assert.equal(waiting?.status, "failed");

  shop.simulator.clearFaults();
  await moveDatabaseClock(shop, 700);
  await work(shop, "webhooks");

  assert.equal((await orderRow(shop, orderId)).status, "refunded");
});

test("a known payment that Toss does not find is asked for again", async (shop) => {
  withoutWebhooks(shop);
  const { orderId, paymentKey } = await buy(shop);
  await cancelAtToss(shop, paymentKey);
  shop.simulator.addFault({
    kind: "status_before",
    code: "NOT_FOUND_PAYMENT",
    method: "GET",
    paymentKey,
    count: 1,
  });
  await deliverWebhook(shop, statusChanged({ orderId, paymentKey }));
  await settleWebhooks(shop);
  assert.equal((await webhookRows(shop, orderId))[0]?.status, "failed");

  await moveDatabaseClock(shop, 60);
  await work(shop, "webhooks");

  assert.equal((await orderRow(shop, orderId)).status, "refunded");
});
