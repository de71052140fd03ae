import assert from "node:assert/strict";
import {
  change,
  charge,
  registerCard,
  subscribe,
} from "../../support/billing.ts";
import type { Subscriber } from "../../support/billing.ts";
import {
  chargeRows,
  makeChargesDue,
  subscriptionRow,
} from "../../support/billing-rows.ts";
import { buyerHeaders } from "../../../stack/users.ts";
import { callFunction } from "../../support/call-function.ts";
import { CHARGES } from "../../support/charge-faults.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";

const test = shopTests({ environment: { TOSS_TIMEOUT_MS: "2000" } });

/** A charge whose answer did not come, and a user who removes the card before anybody has asked again. */
async function removedMeanwhile(
  shop: Shop,
  kind: "lose_answer_before" | "lose_answer_after",
): Promise<Subscriber> {
  const subscriber = await subscribe(shop);
  shop.simulator.addFault({ kind, count: "always", ...CHARGES });
  await chargeNext(shop, subscriber);
  shop.simulator.clearFaults();
  const { status } = await callFunction(shop, "billing-issue", {
    method: "DELETE",
    headers: buyerHeaders(shop, subscriber.user.accessToken),
    body: { billingMethodId: subscriber.billingMethodId },
  });
  assert.equal(status, 200);
  return subscriber;
}

async function chargeNext(shop: Shop, { subscription, user }: Subscriber) {
  await makeChargesDue(shop, user);
  return await charge(shop, {
    subscriptionId: subscription.id,
    asOf: subscription.currentPeriodEnd,
  });
}

async function lastCharge(shop: Shop, { user }: Subscriber) {
  const last = (await chargeRows(shop, user)).at(-1);
  assert.ok(last?.order_id);
  return { ...last, orderId: last.order_id };
}

/** What was on its way to Toss when the method was removed has had its time. */
async function letTimePass(shop: Shop, { billingMethodId }: Subscriber) {
  await shop.stack.sql`
    update public.billing_methods set deleted_at = deleted_at - interval '2 minutes'
    where id = ${billingMethodId}`;
}

test("a removed method is not charged again, and the debt waits until the first request cannot arrive any more", async (shop) => {
  const subscriber = await removedMeanwhile(shop, "lose_answer_before");
  const sent = shop.simulator.charges().length;

  const early = await chargeNext(shop, subscriber);

  assert.deepEqual([early.claimed, early.unknown], [1, 1]);
  assert.equal((await lastCharge(shop, subscriber)).status, "unknown");
  await letTimePass(shop, subscriber);
  const late = await chargeNext(shop, subscriber);
  assert.deepEqual([late.claimed, late.declined], [1, 1]);
  assert.equal(shop.simulator.charges().length, sent);
  const { failure_code } = await lastCharge(shop, subscriber);
  assert.equal(failure_code, "NO_BILLING_METHOD");
  await registerCard(shop, subscriber.user);
  const row = await subscriptionRow(shop, subscriber.subscription.id);
  assert.equal(row.status, "active");
});

test("a payment that was made before its method was removed is found", async (shop) => {
  const subscriber = await removedMeanwhile(shop, "lose_answer_after");

  const run = await chargeNext(shop, subscriber);

  assert.deepEqual([run.claimed, run.paid], [1, 1]);
  const row = await subscriptionRow(shop, subscriber.subscription.id);
  assert.deepEqual([row.status, row.needs_payment_method], ["active", true]);
  assert.equal((await lastCharge(shop, subscriber)).attempt, 1);
});

test("a removed method stays removed while Toss does not remove its key", async (shop) => {
  const subscriber = await subscribe(shop);
  shop.simulator.addFault({
    kind: "status_before",
    code: "FAILED_INTERNAL_SYSTEM_PROCESSING",
    method: "DELETE",
    count: "always",
  });
  shop.simulator.addFault({
    kind: "lose_answer_before",
    count: "always",
    ...CHARGES,
  });
  await chargeNext(shop, subscriber);
  await callFunction(shop, "billing-issue", {
    method: "DELETE",
    headers: buyerHeaders(shop, subscriber.user.accessToken),
    body: { billingMethodId: subscriber.billingMethodId },
  });
  shop.simulator.clearFaults();
  const sent = shop.simulator.charges().length;
  await letTimePass(shop, subscriber);

  await chargeNext(shop, subscriber);

  assert.equal(shop.simulator.charges().length, sent, "the key is still good");
  assert.equal((await lastCharge(shop, subscriber)).status, "declined");
  const back = await change(shop, subscriber, "change_method", {
    billingMethodId: subscriber.billingMethodId,
  });
  assert.equal(back.status, 404);
});

test("behind an error answer an approval may still be on its way: the next key waits a minute", async (shop) => {
  const subscriber = await subscribe(shop);
  shop.simulator.addFault({
    kind: "status_before",
    code: "FAILED_INTERNAL_SYSTEM_PROCESSING",
    ...CHARGES,
  });
  await chargeNext(shop, subscriber);
  const [row] = await shop.stack.sql<{ pause: number }[]>`
    select extract(epoch from next_attempt_at - key_created_at)::float8 as pause
    from public.operations where order_id = ${
    (await lastCharge(shop, subscriber)).orderId
  }`;
  assert.ok(row);
  assert.ok(row.pause >= 60, `${row.pause} s`);
  await chargeNext(shop, subscriber);
  assert.equal((await lastCharge(shop, subscriber)).status, "paid");
});
