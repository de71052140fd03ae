import assert from "node:assert/strict";
import { buy } from "../../support/buy.ts";
import { orderRow, webhookRows } from "../../support/database.ts";
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

/** A cancel at Toss whose event is stored, while Toss answers nothing about it. */
async function cancelNobodyProves(shop: Shop) {
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
  assert.equal((await webhookRows(shop, orderId))[0]?.status, "failed");
  return { orderId, paymentKey };
}

test("an event that asks Toss nothing does not end one that must", async (shop) => {
  const { orderId, paymentKey } = await cancelNobodyProves(shop);

  await deliverWebhook(shop, {
    eventType: "SETTLEMENT_COMPLETED",
    data: { paymentKey, orderId },
  });
  await settleWebhooks(shop);
  shop.simulator.clearFaults();
  await moveDatabaseClock(shop, 700);
  await work(shop, "webhooks");

  assert.equal((await orderRow(shop, orderId)).status, "refunded");
});

test("one delivery repeated without end does not ask Toss without end", async (shop) => {
  const { orderId, paymentKey } = await cancelNobodyProves(shop);
  const before = shop.simulator.requests().length;
  const body = statusChanged({ orderId, paymentKey });
  for (let count = 0; count < 60; count++) {
    await deliverWebhook(shop, body);
    await settleWebhooks(shop);
  }

  const asked = queriesSince(shop, before).length;
  assert.ok(asked <= 12, `${asked} questions`);
  shop.simulator.clearFaults();
  await moveDatabaseClock(shop, 700);
  await work(shop, "webhooks");
  assert.equal((await orderRow(shop, orderId)).status, "refunded");
});
