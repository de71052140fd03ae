import assert from "node:assert/strict";
import { buy, placeOrder, type Purchase } from "../../support/buy.ts";
import { orderRow } from "../../support/database.ts";
import { eventually } from "../../support/eventually.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { cancelAtToss } from "../../support/toss-side.ts";
import { depositCallback } from "../../support/virtual-account.ts";
import {
  deliverWebhook,
  settleWebhooks,
  statusChanged,
  withoutWebhooks,
} from "../../support/webhooks.ts";
import { moveDatabaseClock, queriesSince, work } from "../../support/worker.ts";
import { propertyRuns } from "../../support/property-runs.ts";

const test = shopTests();

/** Forged events in all; FLOOD_EVENTS=5000 for the full run. */
const EVENTS = Number(Deno.env.get("FLOOD_EVENTS") ?? propertyRuns(250));

/** Senders at the same time. */
const SENDERS = 40;

/** So many forged events may be answered before a true one in their middle has its effect, on a machine of any speed. */
const OVERTAKEN = EVENTS / 2;

/** Somebody who knows an order, a paid payment and every kind of event, and makes up the rest. */
function forgery(index: number, order: { orderId: string }, paid: Purchase) {
  const { orderId } = order;
  const invented = crypto.randomUUID();
  const kinds: unknown[] = [
    statusChanged({ orderId, paymentKey: invented, status: "DONE" }),
    statusChanged({ orderId, status: "DONE", nonce: invented }),
    statusChanged({ ...paid, status: "CANCELED", nonce: invented }),
    statusChanged({ orderId: `nobody-${index}`, paymentKey: invented }),
    depositCallback({ orderId, secret: `ps_${invented}` }, "DONE"),
    depositCallback({ orderId: paid.orderId, secret: invented }, "CANCELED"),
    {
      eventType: "CANCEL_STATUS_CHANGED",
      data: { transactionKey: invented, cancelStatus: "DONE" },
    },
    { eventType: "BILLING_DELETED", data: { billingKey: invented } },
  ];
  return kinds[index % kinds.length];
}

async function flood(
  shop: Shop,
  bodyOf: (index: number) => unknown,
  onAnswer: () => void,
): Promise<void> {
  let next = 0;
  await Promise.all(Array.from({ length: SENDERS }, async () => {
    while (next < EVENTS) {
      const { status } = await deliverWebhook(shop, bodyOf(next++));
      assert.equal(status, 200);
      onAnswer();
    }
  }));
}

async function waiting({ stack }: Shop): Promise<number> {
  const [row] = await stack.sql<{ count: number }[]>`
    select count(*)::int from public.webhook_events
    where status in ('received', 'processing', 'failed')`;
  return row?.count ?? 0;
}

test(`a flood of ${EVENTS} forged events changes nothing, costs few questions and holds up no true event`, async (shop) => {
  withoutWebhooks(shop);
  const order = await placeOrder(shop);
  const paid = await buy(shop);
  const refunded = await buy(shop);
  await cancelAtToss(shop, refunded.paymentKey);
  const before = shop.simulator.requests().length;

  const startedAt = performance.now();
  let answered = 0;
  const flooding = flood(
    shop,
    (index) => forgery(index, order, paid),
    () => answered++,
  );
  await eventually(
    "the flood is at its height",
    async () => await waiting(shop) > 0,
  );
  const sentAt = performance.now();
  const answeredBefore = answered;
  const { orderId, paymentKey } = refunded;
  const { status } = await deliverWebhook(
    shop,
    statusChanged({ orderId, paymentKey }),
  );
  const answeredAt = performance.now();
  await eventually(
    "the true event has its effect",
    async () => (await orderRow(shop, orderId)).status === "refunded",
  );
  const doneAt = performance.now();
  const overtaken = answered - answeredBefore;
  await flooding;
  const seconds = (performance.now() - startedAt) / 1000;
  await settleWebhooks(shop);
  const direct = queriesSince(shop, before).length;

  assert.equal(status, 200);
  assert.ok(overtaken < OVERTAKEN, `${overtaken} events went first`);
  for (let round = 0; round < 10 && await waiting(shop) > 0; round++) {
    await moveDatabaseClock(shop, 120);
    await work(shop, "webhooks");
  }
  const asked = queriesSince(shop, before).length;
  console.log(
    `${EVENTS} events in ${seconds.toFixed(1)} s; true event answered after ` +
      `${(answeredAt - sentAt).toFixed(0)} ms, in effect after ${
        (doneAt - sentAt).toFixed(0)
      } ms; ` +
      `Toss asked ${direct} times during the flood, ${
        asked - direct
      } by the worker afterwards`,
  );
  assert.equal(await waiting(shop), 0);
  assert.ok(asked <= 150, `${asked} questions`);
  assert.equal((await orderRow(shop, order.orderId)).status, "pending");
  assert.equal((await orderRow(shop, paid.orderId)).status, "paid");
});
