import assert from "node:assert/strict";
import { buy } from "../../support/buy.ts";
import {
  balanceOf,
  cancel,
  cancelOperations,
  ledger,
} from "../../support/cancel.ts";
import { eventually } from "../../support/eventually.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { cancelAtToss } from "../../support/toss-side.ts";
import { settleWebhooks } from "../../support/webhooks.ts";
import { moveDatabaseClock, work } from "../../support/worker.ts";

const test = shopTests();

async function begun(shop: Shop, paymentKey: string, count: number) {
  await eventually(
    `${count} refunds have begun`,
    async () => (await cancelOperations(shop, paymentKey)).length === count,
  );
}

/** A paid purchase of 3,000 of which a refund never reached Toss, which nobody knows. */
async function beginRefund(
  shop: Shop,
  body: { cancelAmount?: number },
) {
  const { paymentKey } = await buy(shop);
  await settleWebhooks(shop);
  shop.simulator.addFault({
    kind: "lose_answer_before",
    pathPattern: "/cancel$",
  });
  const { status } = await cancel(shop, { paymentKey, ...body });
  assert.equal(status, 202);
  return paymentKey;
}

async function workUntilAllEnded(shop: Shop, paymentKey: string) {
  await eventually("all refunds have ended", async () => {
    await moveDatabaseClock(shop, 30);
    await work(shop, "operations");
    const states = await cancelOperations(shop, paymentKey);
    return states.every(({ state }) =>
      state === "succeeded" || state === "rejected"
    );
  });
}

test("a refund at Toss for which the dashboard left too little claims nothing from those that wait behind it", async (shop) => {
  const paymentKey = await beginRefund(shop, { cancelAmount: 2000 });
  const waiting = cancel(shop, { paymentKey, cancelAmount: 500 });
  await begun(shop, paymentKey, 2);

  await cancelAtToss(shop, paymentKey, 1200);
  await settleWebhooks(shop);
  // What the refund at Toss can no longer get is there for others, too.
  const later = cancel(shop, { paymentKey, cancelAmount: 1300 });
  await begun(shop, paymentKey, 3);
  await workUntilAllEnded(shop, paymentKey);

  const answers = await Promise.all([waiting, later]);
  assert.deepEqual(answers.map(({ status }) => status), [200, 200]);
  const ends = await cancelOperations(shop, paymentKey);
  assert.deepEqual(
    ends.map(({ state, error_code }) => [state, error_code]),
    [
      ["rejected", "CANCEL_AMOUNT_EXCEEDS_BALANCE"],
      ["succeeded", null],
      ["succeeded", null],
    ],
  );
  const amounts = (await ledger(shop, paymentKey)).map(({ amount }) => amount);
  assert.deepEqual(amounts.sort((a, b) => a - b), [500, 1200, 1300]);
});

test("a refund at Toss that still fits comes before those that wait behind it", async (shop) => {
  const paymentKey = await beginRefund(shop, { cancelAmount: 2000 });
  const waiting = cancel(shop, { paymentKey, cancelAmount: 900 });
  await begun(shop, paymentKey, 2);

  await cancelAtToss(shop, paymentKey, 600);
  await settleWebhooks(shop);

  assert.deepEqual(await balanceOf(shop, paymentKey), {
    balance: 2400,
    reserved: 2000,
    tax_free: 0,
  });
  assert.equal((await waiting).body.code, "cancel_amount_exceeds_balance");
  await workUntilAllEnded(shop, paymentKey);
  assert.deepEqual(
    (await ledger(shop, paymentKey)).map(({ amount }) => amount),
    [600, 2000],
  );
});

test("everything left that is at Toss shrinks to what the dashboard left, and keeps it from those that wait behind it", async (shop) => {
  const paymentKey = await beginRefund(shop, {});
  await cancelAtToss(shop, paymentKey, 1200);
  await settleWebhooks(shop);

  const { status, body } = await cancel(shop, {
    paymentKey,
    cancelAmount: 500,
  });

  assert.equal(status, 422, JSON.stringify(body));
  await workUntilAllEnded(shop, paymentKey);
  assert.deepEqual(
    (await ledger(shop, paymentKey)).map(({ amount }) => amount),
    [1200, 1800],
  );
});
