import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { Shop } from "../shop.ts";
import { deliverWebhook, settleWebhooks } from "../webhooks.ts";
import type { Scene } from "./scene.ts";

interface Method {
  id: string;
  billingKey: string;
  subscriptionId: string;
}

/** A billing method with its key, and a subscription that is charged to it. */
async function addMethod({ stack }: Shop): Promise<Method> {
  const billingKey = `billing_${crypto.randomUUID()}`;
  const digest = createHash("sha256").update(billingKey).digest("hex");
  const [row] = await stack.sql<{ id: string; subscriptionId: string }[]>`
    with method as (
      insert into public.billing_methods (user_id, method, card_number_masked)
      values (gen_random_uuid(), 'CARD', '433012******1234')
      returning *
    ), key as (
      insert into toss_private.billing_keys (billing_method_id, key_digest, key_id, ciphertext)
      select method.id, ${digest}, 'k1', 'x' from method
    )
    insert into public.subscriptions
      (user_id, plan_id, billing_method_id, status, current_period_start, current_period_end, next_charge_at)
    select method.user_id, 'basic', method.id, 'active', now(), now() + interval '1 month', now() + interval '1 month'
    from method
    returning billing_method_id as id, id as "subscriptionId"`;
  assert.ok(row);
  return { ...row, billingKey };
}

async function stateOf({ stack }: Shop, { id, subscriptionId }: Method) {
  const [row] = await stack.sql<
    { status: string; asks: boolean; outbox: number }[]
  >`
    select m.status, s.needs_payment_method as asks, (
      select count(*)::int from public.outbox_events as o
      where o.subject = m.id::text and o.event_type = 'billing_method.deleted'
    ) as outbox
    from public.billing_methods as m, public.subscriptions as s
    where m.id = ${id} and s.id = ${subscriptionId}`;
  assert.ok(row);
  return row;
}

const KEPT = { status: "active", asks: false, outbox: 0 };
const DELETED = { status: "deleted", asks: true, outbox: 1 };

async function deleteKey(shop: Shop, { billingKey }: Method): Promise<void> {
  const data = { billingKey, reason: "카드 해지" };
  await deliverWebhook(shop, { eventType: "BILLING_DELETED", data });
  await settleWebhooks(shop);
}

/** A billing key: whoever knows it is believed, since Toss has no look-up for it. */
export function billingKeyScene(
  change: "deleted" | "issued",
): Scene {
  const effect = change === "deleted" ? DELETED : KEPT;
  return {
    async first({ shop, send }) {
      const method = await addMethod(shop);
      const sent = await send({ BILLING_KEY: method.billingKey });
      assert.equal(sent.status, "processed");
      assert.equal(sent.verifiedBy, "billing-key");
      assert.deepEqual(await stateOf(shop, method), effect);
    },

    async duplicate({ shop, send }) {
      const method = await addMethod(shop);
      const transmissionId = crypto.randomUUID();
      const values = { BILLING_KEY: method.billingKey };
      await send(values, { transmissionId });
      const repeat = await send(values, { transmissionId });
      assert.equal(repeat.deliveries, 2);
      await send(values);
      assert.deepEqual(await stateOf(shop, method), effect);
    },

    async late({ shop, send }) {
      const method = await addMethod(shop);
      await deleteKey(shop, method);
      const sent = await send({ BILLING_KEY: method.billingKey });
      assert.equal(sent.status, "processed");
      assert.deepEqual(await stateOf(shop, method), DELETED);
    },

    async forged({ shop, send }) {
      const method = await addMethod(shop);
      const sent = await send({ BILLING_KEY: `${method.billingKey}0` });
      assert.equal(sent.status, "ignored");
      assert.equal(sent.reason, "the billing key is not known here");
      assert.equal(sent.verifiedBy, null);
      assert.deepEqual(await stateOf(shop, method), KEPT);
    },

    async outOfOrder({ shop, send }) {
      const method = await addMethod(shop);
      const values = { BILLING_KEY: method.billingKey };
      if (change === "issued") await deleteKey(shop, method);
      await send(values);
      if (change === "deleted") {
        const data = { billingKey: method.billingKey };
        await deliverWebhook(shop, { eventType: "BILLING_KEY_ISSUED", data });
        await settleWebhooks(shop);
      }
      assert.deepEqual(await stateOf(shop, method), DELETED);
    },
  };
}
