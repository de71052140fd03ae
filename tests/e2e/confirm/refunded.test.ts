import assert from "node:assert/strict";
import { confirm, type Purchase, startPurchase } from "../../support/buy.ts";
import { makeOperationDue, orderRow } from "../../support/database.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { approveAtToss, cancelAtToss } from "../../support/toss-side.ts";
import { settleWebhooks, withoutWebhooks } from "../../support/webhooks.ts";
import { work } from "../../support/worker.ts";

const test = shopTests();

/** A payment that Toss has approved, of which the buyer knows nothing: the answer got lost. */
async function confirmUnheard(shop: Shop): Promise<Purchase> {
  const purchase = await startPurchase(shop);
  shop.simulator.addFault({
    kind: "lose_answer_after",
    path: "/v1/payments/confirm",
    count: "always",
  });
  assert.equal((await confirm(shop, purchase)).status, 202);
  shop.simulator.clearFaults();
  return purchase;
}

/** Every repeat answers that the payment was given back. */
async function assertGivenBack(shop: Shop, purchase: Purchase) {
  for (let repeat = 1; repeat <= 3; repeat++) {
    const { status, body } = await confirm(shop, purchase);
    assert.equal(status, 402, `repeat ${repeat}: ${JSON.stringify(body)}`);
    assert.deepEqual(
      [body.code, body.tossCode],
      ["payment_confirm_failed", "CANCELED_PAYMENT"],
    );
  }
  assert.equal((await orderRow(shop, purchase.orderId)).status, "refunded");
}

test("a payment that was refunded before anybody knew of it is answered as refunded, on every repeat", async (shop) => {
  withoutWebhooks(shop);
  const purchase = await confirmUnheard(shop);
  await cancelAtToss(shop, purchase.paymentKey);
  await makeOperationDue(shop, purchase.orderId);

  await assertGivenBack(shop, purchase);
});

test("a payment that the worker found refunded is answered as refunded, on every repeat", async (shop) => {
  withoutWebhooks(shop);
  const purchase = await confirmUnheard(shop);
  await cancelAtToss(shop, purchase.paymentKey);
  await makeOperationDue(shop, purchase.orderId);
  await work(shop, "operations");

  await assertGivenBack(shop, purchase);
});

test("a payment of which only the webhooks told, first the approval and then the refund, is answered as refunded", async (shop) => {
  const purchase = await confirmUnheard(shop);
  await settleWebhooks(shop);
  assert.equal((await orderRow(shop, purchase.orderId)).status, "paid");
  await cancelAtToss(shop, purchase.paymentKey);
  await settleWebhooks(shop);

  await assertGivenBack(shop, purchase);
});

test("a payment that was approved and refunded elsewhere before its first confirm is answered as refunded", async (shop) => {
  const purchase = await startPurchase(shop);
  await approveAtToss(shop, purchase);
  await settleWebhooks(shop);
  await cancelAtToss(shop, purchase.paymentKey);
  await settleWebhooks(shop);

  await assertGivenBack(shop, purchase);
});

test("who was told once that it is paid is told the same after the refund, whoever brought the approval", async (shop) => {
  const purchase = await confirmUnheard(shop);
  await settleWebhooks(shop);
  const first = await confirm(shop, purchase);
  assert.equal(first.status, 200);
  await cancelAtToss(shop, purchase.paymentKey);
  await settleWebhooks(shop);

  for (let repeat = 1; repeat <= 3; repeat++) {
    const again = await confirm(shop, purchase);
    assert.deepEqual([again.status, again.body], [200, first.body]);
  }
});

test("a part that was given back changes no answer", async (shop) => {
  withoutWebhooks(shop);
  const purchase = await confirmUnheard(shop);
  await cancelAtToss(shop, purchase.paymentKey, 1000);
  await makeOperationDue(shop, purchase.orderId);

  const first = await confirm(shop, purchase);
  const second = await confirm(shop, purchase);

  assert.deepEqual([first.status, second.status], [200, 200]);
  assert.deepEqual(second.body, first.body);
});
