import assert from "node:assert/strict";
import { buy, type Purchase, startPurchase } from "../buy.ts";
import { auditEvents, orderRow } from "../database.ts";
import type { Shop } from "../shop.ts";
import { approveAtToss, cancelAtToss } from "../toss-side.ts";
import {
  deliverWebhook,
  settleWebhooks,
  statusChanged,
  withoutWebhooks,
} from "../webhooks.ts";
import type { Scene } from "./scene.ts";

const valuesOf = ({ orderId, paymentKey }: Purchase) => ({
  ORDER_ID: orderId,
  PAYMENT_KEY: paymentKey,
});

/** Toss has the money, and only a webhook can tell. */
async function approvedUnnoticed(shop: Shop): Promise<Purchase> {
  withoutWebhooks(shop);
  const purchase = await startPurchase(shop);
  await approveAtToss(shop, purchase);
  return purchase;
}

const statusOf = async (shop: Shop, { orderId }: Purchase) =>
  (await orderRow(shop, orderId)).status;

/** Events about a payment: Toss's answer decides, whatever the name and the body say. */
export const paymentScene: Scene = {
  async first({ shop, send }) {
    const purchase = await approvedUnnoticed(shop);
    const { status, verifiedBy } = await send(valuesOf(purchase));
    assert.deepEqual([status, verifiedBy], ["processed", "re-query"]);
    assert.equal(await statusOf(shop, purchase), "paid");
  },

  async duplicate({ shop, send }) {
    const purchase = await approvedUnnoticed(shop);
    const transmissionId = crypto.randomUUID();
    await send(valuesOf(purchase), { transmissionId });
    const events = await auditEvents(shop, purchase.orderId);
    const repeat = await send(valuesOf(purchase), { transmissionId });
    assert.equal(repeat.isDuplicate, true);
    assert.equal(repeat.deliveries, 2);
    assert.deepEqual(await auditEvents(shop, purchase.orderId), events);
    await send(valuesOf(purchase));
    assert.deepEqual(await auditEvents(shop, purchase.orderId), events);
  },

  async late({ shop, send }) {
    const purchase = await buy(shop);
    await cancelAtToss(shop, purchase.paymentKey);
    await settleWebhooks(shop);
    assert.equal(await statusOf(shop, purchase), "refunded");
    const { status } = await send(valuesOf(purchase));
    assert.equal(status, "processed");
    assert.equal(await statusOf(shop, purchase), "refunded");
  },

  async forged({ shop, send }) {
    withoutWebhooks(shop);
    const purchase = await startPurchase(shop);
    await send(valuesOf(purchase));
    assert.equal(await statusOf(shop, purchase), "pending");
    const invented = { ...valuesOf(purchase), PAYMENT_KEY: "invented-key" };
    const { status, reason } = await send(invented);
    assert.equal(status, "ignored");
    assert.equal(reason, "Toss knows no such payment");
    const elsewhere = { ORDER_ID: "order-of-nobody", PAYMENT_KEY: "no-key" };
    const foreign = await send(elsewhere);
    assert.equal(foreign.status, "ignored");
    assert.equal(await statusOf(shop, purchase), "pending");
  },

  async outOfOrder({ shop, send }) {
    const purchase = await approvedUnnoticed(shop);
    await cancelAtToss(shop, purchase.paymentKey);
    const { orderId, paymentKey } = purchase;
    const later = { orderId, paymentKey, status: "CANCELED" };
    await deliverWebhook(shop, statusChanged(later));
    await settleWebhooks(shop);
    const events = await auditEvents(shop, orderId);
    await send(valuesOf(purchase));
    assert.equal(await statusOf(shop, purchase), "refunded");
    assert.deepEqual(await auditEvents(shop, orderId), events);
  },
};
