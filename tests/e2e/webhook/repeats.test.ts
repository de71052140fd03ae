import assert from "node:assert/strict";
import { buy } from "../../support/buy.ts";
import { orderRow } from "../../support/database.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { cancelAtToss } from "../../support/toss-side.ts";
import {
  deliverWebhook,
  settleWebhooks,
  statusChanged,
  withoutWebhooks,
} from "../../support/webhooks.ts";

const test = shopTests();

async function rowOf({ stack }: Shop, transmissionId: string) {
  const [row] = await stack.sql<
    { status: string; attempts: number; deliveries: number; retried: number }[]
  >`
    select status, attempts, delivery_count as deliveries, retried_count as retried
    from public.webhook_events where transmission_id = ${transmissionId}`;
  assert.ok(row);
  return row;
}

for (const ended of ["failed", "dead"] as const) {
  test(`a repeat of an event that is ${ended} arms it again, and it is worked off at once`, async (shop) => {
    withoutWebhooks(shop);
    const purchase = await buy(shop);
    await cancelAtToss(shop, purchase.paymentKey);
    const { orderId, paymentKey } = purchase;
    const body = statusChanged({ orderId, paymentKey });
    const transmissionId = crypto.randomUUID();
    const code = "FAILED_INTERNAL_SYSTEM_PROCESSING";
    shop.simulator.addFault({ kind: "status_before", code, method: "GET" });
    await deliverWebhook(shop, body, { transmissionId });
    await settleWebhooks(shop);
    assert.equal((await rowOf(shop, transmissionId)).status, "failed");
    await shop.stack.sql`
      update public.webhook_events set status = ${ended}, attempts = 12
      where transmission_id = ${transmissionId}`;

    const repeat = { transmissionId, retriedCount: 5 };
    const answer = await deliverWebhook(shop, body, repeat);
    await settleWebhooks(shop);

    assert.equal(answer.body.duplicate, true);
    assert.deepEqual(await rowOf(shop, transmissionId), {
      status: "processed",
      attempts: 1,
      deliveries: 2,
      retried: 5,
    });
    assert.equal((await orderRow(shop, orderId)).status, "refunded");
  });
}

test("deliveries are counted, and the highest retried count is kept", async (shop) => {
  const transmissionId = crypto.randomUUID();
  const body = { eventType: "METHOD_UPDATED", data: { customerKey: "c-1" } };
  for (const retriedCount of [0, 2, 7, 1]) {
    await deliverWebhook(shop, body, { transmissionId, retriedCount });
  }
  await settleWebhooks(shop);

  const { deliveries, retried } = await rowOf(shop, transmissionId);
  assert.deepEqual({ deliveries, retried }, { deliveries: 4, retried: 7 });
});

test("without a transmission id the same body is the same event, and another body another", async (shop) => {
  const body = (customerKey: string) => ({
    eventType: "METHOD_UPDATED",
    data: { customerKey },
  });
  const key = crypto.randomUUID();
  const first = await deliverWebhook(shop, body(key));
  const again = await deliverWebhook(shop, body(key));
  const other = await deliverWebhook(shop, body(`${key}2`));
  await settleWebhooks(shop);

  assert.equal(again.body.duplicate, true);
  assert.equal(again.body.eventId, first.body.eventId);
  assert.equal(other.body.duplicate, false);
});
