import assert from "node:assert/strict";
import { auditEvents, orderRow } from "../database.ts";
import type { Shop } from "../shop.ts";
import {
  atToss,
  depositCallback,
  issue,
  refundedAtToss,
  type VirtualAccount,
} from "../virtual-account.ts";
import { deliverWebhook, settleWebhooks } from "../webhooks.ts";
import type { Scene } from "./scene.ts";

const valuesOf = ({ orderId, secret }: VirtualAccount) => ({
  ORDER_ID: orderId,
  SECRET: secret,
  TRANSACTION_KEY: crypto.randomUUID(),
});

const statusOf = async (shop: Shop, { orderId }: VirtualAccount) =>
  (await orderRow(shop, orderId)).status;

/** A virtual account's deposit: the secret proves the sender, Toss's answer the state. */
export const depositScene: Scene = {
  async first({ shop, send }) {
    const account = await issue(shop);
    assert.equal(await statusOf(shop, account), "waiting_for_deposit");
    atToss(shop, account, "DONE");
    const { status, verifiedBy } = await send(valuesOf(account));
    assert.deepEqual([status, verifiedBy], ["processed", "deposit-secret"]);
    assert.equal(await statusOf(shop, account), "paid");
  },

  async duplicate({ shop, send }) {
    const account = await issue(shop);
    atToss(shop, account, "DONE");
    const transmissionId = crypto.randomUUID();
    const values = valuesOf(account);
    await send(values, { transmissionId });
    const events = await auditEvents(shop, account.orderId);
    const repeat = await send(values, { transmissionId, retriedCount: 3 });
    assert.equal(repeat.isDuplicate, true);
    assert.equal(repeat.deliveries, 2);
    await send(values);
    assert.deepEqual(await auditEvents(shop, account.orderId), events);
  },

  async late({ shop, send }) {
    const account = await issue(shop);
    await refundedAtToss(shop, account);
    await deliverWebhook(shop, depositCallback(account, "CANCELED"));
    await settleWebhooks(shop);
    assert.equal(await statusOf(shop, account), "refunded");
    const { status } = await send(valuesOf(account));
    assert.equal(status, "processed");
    assert.equal(await statusOf(shop, account), "refunded");
  },

  async forged({ shop, send }) {
    const account = await issue(shop);
    atToss(shop, account, "DONE");
    const before = shop.simulator.requests().length;
    const forged = { ...valuesOf(account), SECRET: "ps_guessed" };
    const { status, reason, verifiedBy } = await send(forged);
    assert.equal(status, "ignored");
    assert.equal(reason, "the secret is not that of the order's payment");
    assert.equal(verifiedBy, null);
    assert.equal(shop.simulator.requests().length, before);
    assert.equal(await statusOf(shop, account), "waiting_for_deposit");
  },

  async outOfOrder({ shop, send }) {
    const account = await issue(shop);
    atToss(shop, account, "DONE");
    await send(valuesOf(account));
    const events = await auditEvents(shop, account.orderId);
    await deliverWebhook(shop, depositCallback(account, "WAITING_FOR_DEPOSIT"));
    await settleWebhooks(shop);
    assert.equal(await statusOf(shop, account), "paid");
    assert.deepEqual(await auditEvents(shop, account.orderId), events);
  },
};
