import assert from "node:assert/strict";
import { restoreBackup, takeBackup } from "../../support/backup.ts";
import {
  addPlan,
  changed,
  charge,
  registerCard,
  subscribe,
  type Subscriber,
} from "../../support/billing.ts";
import { cancel } from "../../support/cancel.ts";
import { THREE_PAIRS } from "../../support/key-pairs.ts";
import { underVariables } from "../../support/other-variables.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { settleWebhooks } from "../../support/webhooks.ts";
import { advance, alignClocks } from "../../support/worker.ts";
import { signUp, type User } from "../../../stack/users.ts";

const test = shopTests({
  environment: { ...THREE_PAIRS, TOSS_TIMEOUT_MS: "2000" },
});

const DAY_SECONDS = 86_400;

/** The project before it had a billing contract of its own. */
const WITHOUT_BILLING = {
  TOSS_BILLING_SECRET_KEY: "",
  TOSS_BILLING_CLIENT_KEY: "",
};

/** A subscription whose card is the main pair's and whose period has ended, in a backup that is put back afterwards. */
async function loseRenewal(
  shop: Shop,
  doings: (subscriber: Subscriber) => Promise<void>,
): Promise<{ user: User; subscriptionId: string }> {
  await alignClocks(shop);
  const user = await signUp(shop);
  const planId = await addPlan(shop);
  const subscriber = await underVariables(
    shop,
    WITHOUT_BILLING,
    (before) => subscribe(before, { user, planId }),
  );
  const { subscription } = subscriber;
  const wait = Date.parse(subscription.currentPeriodEnd) -
    shop.simulator.now();
  await advance(shop, Math.ceil(wait / 1000) + 1);
  const [row] = await shop.stack.sql<{ now: string }[]>`
    select toss_private.clock_now()::text as now`;
  const backup = await takeBackup(shop);
  await doings(subscriber);
  await settleWebhooks(shop);
  await restoreBackup(shop, backup);
  await advance(shop, DAY_SECONDS);
  await shop.stack.sql`select toss_private.note_restore(${row?.now ?? null})`;
  return { user, subscriptionId: subscription.id };
}

/** Of the last charge's order, with its pair. */
async function lastOrder({ stack }: Shop, { id }: User) {
  const [row] = await stack.sql<{ id: string; keys: string; status: string }[]>`
    select id, toss_keys as keys, status from public.orders
    where user_id = ${id} and payment_key is not null
    order by created_at desc limit 1`;
  assert.ok(row);
  return row;
}

async function assertPaidOnceByBilling(
  shop: Shop,
  { user, subscriptionId }: { user: User; subscriptionId: string },
): Promise<void> {
  const { paid } = await charge(shop, { subscriptionId });
  assert.equal(paid, 1);
  const order = await lastOrder(shop, user);
  assert.deepEqual([order.keys, order.status], ["billing", "paid"]);
  const [customer] = await shop.stack.sql<{ key: string }[]>`
    select customer_key::text as key from public.customers where user_id = ${user.id}`;
  const approved = shop.simulator.charges().filter((made) =>
    made.customerKey === customer?.key && made.outcome === "DONE"
  );
  // The first period with the main pair, the second one once.
  assert.equal(approved.length, 2);
  const refund = await cancel(shop, { orderId: order.id });
  assert.equal(refund.status, 200, JSON.stringify(refund.body));
}

test("a renewal that another merchant's card paid before a restore is not charged again to the card of before", async (shop) => {
  const subscriber = await loseRenewal(shop, async (before) => {
    const { user, subscription } = before;
    const subscriptionId = subscription.id;
    const { billingMethodId } = await registerCard(shop, user);
    await changed(shop, before, "change_method", { billingMethodId });
    assert.equal((await charge(shop, { subscriptionId })).paid, 1);
  });

  await assertPaidOnceByBilling(shop, subscriber);
});

test("a later attempt that another merchant's card paid before a restore is found before an earlier one is sent", async (shop) => {
  shop.simulator.changeSettings({ keepDeclinedCharges: false });
  const subscriber = await loseRenewal(shop, async (before) => {
    const { user, subscription } = before;
    const subscriptionId = subscription.id;
    shop.simulator.declineCharges({ code: "REJECT_CARD_PAYMENT", count: 1 });
    assert.equal((await charge(shop, { subscriptionId })).declined, 1);
    await registerCard(shop, user);
  });
  shop.simulator.changeSettings({ keepDeclinedCharges: true });

  await assertPaidOnceByBilling(shop, subscriber);
});

test("while Toss does not tell of the other pair, nothing is charged after a restore", async (shop) => {
  const subscriber = await loseRenewal(shop, async (before) => {
    const { user, subscription } = before;
    const subscriptionId = subscription.id;
    const { billingMethodId } = await registerCard(shop, user);
    await changed(shop, before, "change_method", { billingMethodId });
    assert.equal((await charge(shop, { subscriptionId })).paid, 1);
  });
  shop.simulator.addFault({
    kind: "status_before",
    code: "FAILED_INTERNAL_SYSTEM_PROCESSING",
    method: "GET",
    path: "/v1/payments/orders",
    count: "always",
  });
  const { subscriptionId } = subscriber;
  const { paid, declined } = await charge(shop, { subscriptionId });
  assert.deepEqual([paid, declined], [0, 0]);
  shop.simulator.clearFaults();
  await advance(shop, 3600);

  await assertPaidOnceByBilling(shop, subscriber);
});
