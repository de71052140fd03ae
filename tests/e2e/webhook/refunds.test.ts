import assert from "node:assert/strict";
import { buy, type Purchase } from "../../support/buy.ts";
import {
  addProduct,
  orderRow,
  paymentStatus,
  stockOf,
} from "../../support/database.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { bookOf, cancelAtToss } from "../../support/toss-side.ts";
import { signUp } from "../../../stack/users.ts";
import {
  deliverWebhook,
  settleWebhooks,
  statusChanged,
} from "../../support/webhooks.ts";

const test = shopTests();

let products = 0;

/** A paid order of 3 units of a product of its own, which had 10: 3,000 won. */
async function buyThree(shop: Shop): Promise<[Purchase, string]> {
  const productId = `refund-${++products}`;
  await addProduct(shop, productId, 10);
  const items = [{ productId, quantity: 3 }];
  return [await buy(shop, { items }), productId];
}

async function cancelRows({ stack }: Shop, paymentKey: string) {
  return [
    ...await stack.sql<{ amount: number; reason: string; status: string }[]>`
      select amount::int, reason, status from public.payment_cancels
      where payment_key = ${paymentKey} order by canceled_at, amount`,
  ];
}

test("a full refund at Toss makes the order refunded and returns its stock", async (shop) => {
  const [purchase, productId] = await buyThree(shop);
  assert.equal(await stockOf(shop, productId), 7);

  await cancelAtToss(shop, purchase.paymentKey);
  await settleWebhooks(shop);

  assert.equal((await orderRow(shop, purchase.orderId)).status, "refunded");
  assert.equal(await stockOf(shop, productId), 10);
  assert.deepEqual(await cancelRows(shop, purchase.paymentKey), [
    { amount: 3000, reason: "요청 취소", status: "DONE" },
  ]);
  const [payment] = await shop.stack.sql`
    select status, balance_amount::int, canceled_at is not null as is_canceled
    from public.payments where payment_key = ${purchase.paymentKey}`;
  assert.deepEqual(payment, {
    status: "CANCELED",
    balance_amount: 0,
    is_canceled: true,
  });
});

test("a partial refund at Toss keeps the order's stock and adds to the ledger", async (shop) => {
  const [purchase, productId] = await buyThree(shop);

  await cancelAtToss(shop, purchase.paymentKey, 1000);
  await settleWebhooks(shop);

  const { status } = await orderRow(shop, purchase.orderId);
  assert.equal(status, "partially_refunded");
  assert.equal(await stockOf(shop, productId), 7);
  const cancels = await cancelRows(shop, purchase.paymentKey);
  assert.deepEqual(cancels.map(({ amount }) => amount), [1000]);
});

test("partial refunds that reach the total make the order refunded, whatever Toss calls it", async (shop) => {
  const [purchase, productId] = await buyThree(shop);

  for (const amount of [500, 1500, 1000]) {
    await cancelAtToss(shop, purchase.paymentKey, amount);
    await settleWebhooks(shop);
  }

  const book = bookOf(shop, purchase.paymentKey);
  assert.equal(book.status, "PARTIAL_CANCELED");
  assert.equal((await orderRow(shop, purchase.orderId)).status, "refunded");
  assert.equal(await stockOf(shop, productId), 10);
  const cancels = await cancelRows(shop, purchase.paymentKey);
  assert.deepEqual(
    cancels.map(({ amount }) => amount).sort((a, b) => a - b),
    [500, 1000, 1500],
  );
});

test("refunds whose webhooks come in the wrong order, twice or late end the same", async (shop) => {
  const { simulator } = shop;
  const [purchase, productId] = await buyThree(shop);
  await settleWebhooks(shop);
  simulator.addWebhookKnob({ kind: "reorder" });
  simulator.addWebhookKnob({ kind: "duplicate" });

  await cancelAtToss(shop, purchase.paymentKey, 1000);
  await cancelAtToss(shop, purchase.paymentKey, 2000);
  await settleWebhooks(shop);

  assert.equal((await orderRow(shop, purchase.orderId)).status, "refunded");
  assert.equal(await stockOf(shop, productId), 10);
  for (const { transmissionId } of simulator.deliveries()) {
    simulator.resend(transmissionId);
  }
  await settleWebhooks(shop);
  assert.equal((await orderRow(shop, purchase.orderId)).status, "refunded");
  assert.equal(await stockOf(shop, productId), 10);
});

test("a refund whose first webhook was lost arrives with the next one", async (shop) => {
  const { simulator } = shop;
  const [purchase] = await buyThree(shop);
  await settleWebhooks(shop);
  simulator.addWebhookKnob({ kind: "drop" });

  await cancelAtToss(shop, purchase.paymentKey, 1000);
  await settleWebhooks(shop);
  assert.equal((await orderRow(shop, purchase.orderId)).status, "paid");
  await cancelAtToss(shop, purchase.paymentKey, 500);
  await settleWebhooks(shop);

  const cancels = await cancelRows(shop, purchase.paymentKey);
  assert.deepEqual(
    cancels.map(({ amount }) => amount).sort((a, b) => a - b),
    [500, 1000],
  );
});

test("a late webhook of the approval does not undo a refund", async (shop) => {
  const [purchase, productId] = await buyThree(shop);
  await cancelAtToss(shop, purchase.paymentKey);
  await settleWebhooks(shop);

  await deliverWebhook(shop, statusChanged({ ...purchase, status: "DONE" }));
  await settleWebhooks(shop);

  assert.equal((await orderRow(shop, purchase.orderId)).status, "refunded");
  assert.equal(await paymentStatus(shop, purchase.paymentKey), "CANCELED");
  assert.equal(await stockOf(shop, productId), 10);
});

test("a full refund of a pass ends the buyer's access, a partial one does not", async (shop) => {
  const user = await signUp(shop);
  const plan = { planId: "basic" };
  const purchase = await buy(shop, plan, user.accessToken);
  const status = async () => {
    const { data } = await user.client.from("user_plans").select(
      "plan, status",
    );
    return data;
  };
  assert.deepEqual(await status(), [{ plan: "basic", status: "active" }]);

  await cancelAtToss(shop, purchase.paymentKey, 900);
  await settleWebhooks(shop);
  assert.deepEqual(await status(), [{ plan: "basic", status: "active" }]);

  await cancelAtToss(shop, purchase.paymentKey);
  await settleWebhooks(shop);
  assert.deepEqual(await status(), [{ plan: "basic", status: "canceled" }]);
});
