import assert from "node:assert/strict";
import { buy, startPurchase } from "../../support/buy.ts";
import { cancel, ledger } from "../../support/cancel.ts";
import { orderRow, paymentStatus } from "../../support/database.ts";
import { orderByTransfer } from "../../support/issue-account.ts";
import {
  healedOf,
  loseWebhooks,
  openOf,
  reconcile,
} from "../../support/reconcile.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { approveAtToss, cancelAtToss } from "../../support/toss-side.ts";
import { settleWebhooks } from "../../support/webhooks.ts";

const test = shopTests();

async function assertQuiet(shop: Shop): Promise<void> {
  const again = await reconcile(shop);
  assert.deepEqual([healedOf(again), openOf(again)], [[], []]);
  assert.deepEqual(again.differences, []);
}

test("payments and refunds that both sides know are compared and nothing is asked", async (shop) => {
  const { orderId } = await buy(shop);
  await buy(shop);
  await cancel(shop, { orderId, cancelAmount: 1000 });
  await cancel(shop, { orderId });
  await settleWebhooks(shop);
  const asked = shop.simulator.requests().length;
  const run = await reconcile(shop);
  assert.deepEqual(run.differences, []);
  assert.ok(run.compared >= 4, `${run.compared}`);
  const paths = shop.simulator.requests().slice(asked)
    .map(({ path }) => path);
  assert.ok(
    paths.every((path) => /^\/v1\/(transactions|settlements)\?/.test(path)),
    paths.join(),
  );
  assert.ok(paths.length > 0);
});

test("a dashboard refund whose webhook was lost for ever is found, recorded and told", async (shop) => {
  const { orderId, paymentKey } = await buy(shop);
  await loseWebhooks(shop);
  await cancelAtToss(shop, paymentKey, 1000);
  const part = await reconcile(shop);
  assert.deepEqual(healedOf(part), [`cancel_missing_here ${paymentKey}`]);
  assert.equal(part.healed, 1);
  assert.equal(part.open, 0);
  assert.deepEqual(part.differences[0]?.theirs, {
    amount: 1000,
    status: "DONE",
  });
  assert.equal(part.differences[0]?.orderId, orderId);
  assert.equal((await orderRow(shop, orderId)).status, "partially_refunded");
  await cancelAtToss(shop, paymentKey);
  await reconcile(shop);
  assert.equal((await orderRow(shop, orderId)).status, "refunded");
  assert.equal((await ledger(shop, paymentKey)).length, 2);
  await assertQuiet(shop);
});

test("a payment that only Toss knows pays its order", async (shop) => {
  await loseWebhooks(shop);
  const purchase = await startPurchase(shop);
  await approveAtToss(shop, purchase);
  const run = await reconcile(shop);
  assert.deepEqual(healedOf(run), [`missing_here ${purchase.paymentKey}`]);
  assert.equal((await orderRow(shop, purchase.orderId)).status, "paid");
  await assertQuiet(shop);
});

test("one that was given back as well makes its order refunded", async (shop) => {
  await loseWebhooks(shop);
  const purchase = await startPurchase(shop);
  await approveAtToss(shop, purchase);
  await cancelAtToss(shop, purchase.paymentKey);
  const run = await reconcile(shop);
  assert.deepEqual(healedOf(run), [`missing_here ${purchase.paymentKey}`]);
  assert.equal((await orderRow(shop, purchase.orderId)).status, "refunded");
  await assertQuiet(shop);
});

test("a deposit that no webhook told is a difference of status", async (shop) => {
  const { orderId, paymentKey } = await orderByTransfer(shop);
  await loseWebhooks(shop);
  shop.simulator.deposit(paymentKey);
  const run = await reconcile(shop);
  assert.deepEqual(healedOf(run), [`status ${paymentKey}`]);
  assert.equal(run.differences[0]?.ours?.status, "WAITING_FOR_DEPOSIT");
  assert.equal((await orderRow(shop, orderId)).status, "paid");
  await assertQuiet(shop);
});

test("a payment that Toss's list lacks is asked by its key before it counts as missing", async (shop) => {
  const { paymentKey } = await buy(shop);
  shop.simulator.unlist(
    shop.simulator.transactions().map(({ transactionKey }) => transactionKey),
  );
  const asked = shop.simulator.requests().length;
  const run = await reconcile(shop);
  assert.deepEqual(run.differences, []);
  assert.ok(
    shop.simulator.requests().slice(asked)
      .some(({ path }) => path === `/v1/payments/${paymentKey}`),
  );
});

test("what is younger than a quarter of an hour is left to the next run", async (shop) => {
  await loseWebhooks(shop);
  const purchase = await startPurchase(shop);
  await approveAtToss(shop, purchase);
  const now = new Date(shop.simulator.now()).toISOString();
  const early = await reconcile(shop, { asOf: now });
  assert.deepEqual(early.differences, []);
  assert.equal(await paymentStatus(shop, purchase.paymentKey), null);
  const late = await reconcile(shop);
  assert.equal(late.healed, 1);
});

test("payments of other shops under the key are counted, not stored and not asked one by one", async (shop) => {
  shop.simulator.addForeignTransactions({ count: 2500 });
  const asked = shop.simulator.requests().length;
  const before = shop.simulator.transactions().length;
  const run = await reconcile(shop);
  assert.equal(run.foreign, 2500);
  assert.equal(run.compared, before);
  const paths = shop.simulator.requests().slice(asked).map(({ path }) => path);
  assert.ok(!paths.some((path) => path.startsWith("/v1/payments/foreign")));
  const [left] = await shop.stack.sql`
    select (select count(*) from toss_private.reconciliation_rows)::int as rows,
      (select count(*) from toss_private.reconciliation_states)::int as states`;
  assert.deepEqual({ ...left }, { rows: 0, states: 0 });
});
