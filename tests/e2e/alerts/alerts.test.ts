import assert from "node:assert/strict";
import { confirm, startPurchase } from "../../support/buy.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import {
  deliverWebhook,
  settleWebhooks,
  statusChanged,
  withoutWebhooks,
} from "../../support/webhooks.ts";
import { advance, moveDatabaseClock, work } from "../../support/worker.ts";

const test = shopTests();

async function alertLevels({ stack }: Shop, alert: string, subject: string) {
  const rows = await stack.sql<{ level: string }[]>`
    select level from public.alerts
    where alert = ${alert} and subject = ${subject}`;
  return rows.map(({ level }) => level);
}

test("alerts names an operation without proof, louder with its age", async (shop) => {
  withoutWebhooks(shop);
  const purchase = await startPurchase(shop);
  shop.simulator.addFault({ kind: "lose_answer_after", count: "always" });
  await confirm(shop, purchase);
  const [operation] = await shop.stack.sql<{ id: string }[]>`
    select id from public.operations where order_id = ${purchase.orderId}`;
  assert.ok(operation);
  const levels = () =>
    alertLevels(shop, "operation_without_proof", operation.id);

  assert.deepEqual(await levels(), []);
  await moveDatabaseClock(shop, 6 * 60);
  assert.deepEqual(await levels(), ["warning"]);
  await moveDatabaseClock(shop, 60 * 60);
  await work(shop, "operations");
  assert.deepEqual(await levels(), ["critical"]);

  shop.simulator.clearFaults();
  await moveDatabaseClock(shop, 11 * 60);
  await work(shop, "operations");
  assert.deepEqual(await levels(), []);
});

test("alerts names a webhook that waits, and then one that is dead", async (shop) => {
  const { orderId, paymentKey } = await startPurchase(shop);
  shop.simulator.addFault({
    kind: "wrong_answer",
    patch: { totalAmount: 1, status: "DONE" },
    method: "GET",
    count: "always",
  });
  const { body } = await deliverWebhook(
    shop,
    statusChanged({ orderId, paymentKey }),
  );
  await settleWebhooks(shop);
  const eventId = String(body.eventId);

  assert.deepEqual(await alertLevels(shop, "webhook_waiting", eventId), []);
  for (let count = 1; count < 12; count++) {
    await moveDatabaseClock(shop, 700);
    if (count === 1) {
      const levels = await alertLevels(shop, "webhook_waiting", eventId);
      assert.deepEqual(levels, ["warning"]);
    }
    await work(shop, "webhooks");
  }

  assert.deepEqual(await alertLevels(shop, "webhook_waiting", eventId), []);
  assert.deepEqual(await alertLevels(shop, "webhook_dead", eventId), [
    "critical",
  ]);
});

test("job_status calls a job late after three intervals without a run", async (shop) => {
  const isLate = async () => {
    const [row] = await shop.stack.sql<{ is_late: boolean }[]>`
      select is_late from public.job_status where job = 'operations'`;
    return row?.is_late;
  };
  await work(shop, "operations");
  assert.equal(await isLate(), false);
  await advance(shop, 3 * 60 - 5);
  assert.equal(await isLate(), false);
  assert.deepEqual(await alertLevels(shop, "job_late", "operations"), []);
  await advance(shop, 10);

  assert.equal(await isLate(), true);
  assert.deepEqual(await alertLevels(shop, "job_late", "operations"), [
    "critical",
  ]);
  await work(shop, "operations");
  assert.equal(await isLate(), false);
});
