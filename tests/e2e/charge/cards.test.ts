import assert from "node:assert/strict";
import {
  change,
  charge,
  registerCard,
  subscribe,
  type Subscriber,
} from "../../support/billing.ts";
import {
  chargeRows,
  makeChargesDue,
  subscriptionRow,
} from "../../support/billing-rows.ts";
import { buyerHeaders } from "../../../stack/users.ts";
import { callFunction } from "../../support/call-function.ts";
import { CHARGES } from "../../support/charge-faults.ts";
import { eventually } from "../../support/eventually.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { work } from "../../support/worker.ts";
import { settleWebhooks } from "../../support/webhooks.ts";

const test = shopTests();

function chargeNext(shop: Shop, { subscription }: Subscriber) {
  return charge(shop, {
    subscriptionId: subscription.id,
    asOf: subscription.currentPeriodEnd,
  });
}

/** A renewal whose request never reached Toss, so that the card can still be refused. */
async function openRenewal(shop: Shop): Promise<Subscriber> {
  const subscriber = await subscribe(shop);
  shop.simulator.addFault({
    kind: "lose_answer_before",
    count: "always",
    ...CHARGES,
  });
  assert.equal((await chargeNext(shop, subscriber)).unknown, 1);
  shop.simulator.clearFaults();
  return subscriber;
}

/** The next charge is refused for good, and only that one. */
function refuseNext({ simulator }: Shop): void {
  simulator.addFault({
    kind: "status_before",
    code: "INVALID_STOPPED_CARD",
    ...CHARGES,
  });
}

async function cardOf(shop: Shop, { subscription }: Subscriber) {
  const row = await subscriptionRow(shop, subscription.id);
  return [row.status, row.billing_method_id, row.needs_payment_method];
}

/** Whose card each charge went to, oldest first. */
async function cardsCharged(shop: Shop, { user }: Subscriber) {
  const rows = await shop.stack.sql<{ id: string; key_digest: string }[]>`
    select m.id, k.key_digest from public.billing_methods as m
    join toss_private.billing_keys as k on k.billing_method_id = m.id where m.user_id = ${user.id}`;
  return shop.simulator.charges().flatMap(({ keyDigest }) =>
    rows.filter((row) => row.key_digest === keyDigest).map(({ id }) => id)
  );
}

for (const runner of ["the run", "the worker"] as const) {
  test(`the old card is refused after a change: ${runner} charges the new one at once`, async (shop) => {
    const subscriber = await openRenewal(shop);
    const other = await registerCard(shop, subscriber.user);
    const { billingMethodId } = other;
    const changed = await change(shop, subscriber, "change_method", {
      billingMethodId,
    });
    assert.equal(changed.status, 200);
    refuseNext(shop);
    await makeChargesDue(shop, subscriber.user);

    if (runner === "the run") {
      const run = await chargeNext(shop, subscriber);
      assert.deepEqual([run.claimed, run.paid], [1, 1]);
    } else {
      await work(shop, "operations");
    }

    assert.deepEqual(await cardOf(shop, subscriber), [
      "active",
      billingMethodId,
      false,
    ]);
    assert.deepEqual((await cardsCharged(shop, subscriber)).slice(-2), [
      subscriber.billingMethodId,
      billingMethodId,
    ]);
    const last = (await chargeRows(shop, subscriber.user)).at(-1);
    assert.deepEqual([last?.status, last?.attempt], ["paid", 2]);
  });
}

test("a card registered while the renewal is open pays when the old one is refused", async (shop) => {
  const subscriber = await openRenewal(shop);
  const { billingMethodId } = await registerCard(shop, subscriber.user);
  refuseNext(shop);
  await makeChargesDue(shop, subscriber.user);
  await chargeNext(shop, subscriber);

  assert.deepEqual(await cardOf(shop, subscriber), [
    "active",
    billingMethodId,
    false,
  ]);
});

test("retry_payment answers for the card that took its place", async (shop) => {
  const subscriber = await subscribe(shop);
  refuseNext(shop);
  await chargeNext(shop, subscriber);
  shop.simulator.addFault({
    kind: "delay_before",
    milliseconds: 1000,
    ...CHARGES,
  });
  refuseNext(shop);
  const retry = change(shop, subscriber, "retry_payment");
  await eventually("the retry is at Toss", async () => {
    const rows = await chargeRows(shop, subscriber.user);
    return rows.at(-1)?.status === "processing";
  });
  const { billingMethodId } = await registerCard(shop, subscriber.user);

  const answer = await retry;

  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  assert.equal((await chargeRows(shop, subscriber.user)).at(-1)?.attempt, 3);
  assert.deepEqual(await cardOf(shop, subscriber), [
    "active",
    billingMethodId,
    false,
  ]);
});

for (const by of ["its user", "Toss"] as const) {
  test(`the card that is tried is removed by ${by} after a change: the new one pays`, async (shop) => {
    const subscriber = await openRenewal(shop);
    const { billingMethodId } = await registerCard(shop, subscriber.user);
    await change(shop, subscriber, "change_method", { billingMethodId });
    if (by === "Toss") {
      const [key] = await shop.stack.sql<{ key_digest: string }[]>`
        select key_digest from toss_private.billing_keys where billing_method_id = ${subscriber.billingMethodId}`;
      shop.simulator.removeBillingKeys({
        keyDigest: key?.key_digest ?? "",
        reason: "카드 해지",
      });
      await settleWebhooks(shop);
    } else {
      const { status } = await callFunction(shop, "billing-issue", {
        method: "DELETE",
        headers: buyerHeaders(shop, subscriber.user.accessToken),
        body: { billingMethodId: subscriber.billingMethodId },
      });
      assert.equal(status, 200);
    }
    // What was on its way to Toss when the method was removed has had its time.
    await shop.stack.sql`
      update public.billing_methods set deleted_at = deleted_at - interval '2 minutes'
      where id = ${subscriber.billingMethodId}`;
    await makeChargesDue(shop, subscriber.user);

    await chargeNext(shop, subscriber);

    assert.deepEqual(await cardOf(shop, subscriber), [
      "active",
      billingMethodId,
      false,
    ]);
  });
}

test("a card that is chosen and removed at the same time: not found, or chosen and then asked to be replaced", async (shop) => {
  const pairs = await Promise.all(
    Array.from({ length: 8 }, async (_, index) => {
      const subscriber = await subscribe(shop);
      const { billingMethodId } = await registerCard(shop, subscriber.user);
      const choose = () =>
        change(shop, subscriber, "change_method", { billingMethodId });
      const remove = () =>
        callFunction(shop, "billing-issue", {
          method: "DELETE",
          headers: buyerHeaders(shop, subscriber.user.accessToken),
          body: { billingMethodId },
        });
      const [chosen, removed] = index % 2 === 0
        ? await Promise.all([choose(), remove()])
        : (await Promise.all([remove(), choose()])).reverse();
      return { subscriber, billingMethodId, chosen, removed };
    }),
  );

  for (const { subscriber, billingMethodId, chosen, removed } of pairs) {
    assert.equal(removed?.status, 200, JSON.stringify(removed?.body));
    const expected = chosen?.status === 404
      ? ["active", subscriber.billingMethodId, false]
      : ["active", billingMethodId, true];
    assert.deepEqual(await cardOf(shop, subscriber), expected);
    assert.ok(
      [200, 404].includes(chosen?.status ?? 0),
      JSON.stringify(chosen?.body),
    );
  }
});
