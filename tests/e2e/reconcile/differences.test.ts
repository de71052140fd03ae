import assert from "node:assert/strict";
import { assertInvariantsHold } from "../../support/books.ts";
import { buy, confirm, startPurchase } from "../../support/buy.ts";
import { cancel } from "../../support/cancel.ts";
import { orderRow, paymentStatus } from "../../support/database.ts";
import { loseWebhooks, openOf, reconcile } from "../../support/reconcile.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { approveAtToss, cancelAtToss } from "../../support/toss-side.ts";

// What differs is left as it is: the two books cannot agree.
const test = shopTests({}, assertInvariantsHold);

async function toldOf({ stack }: Shop, paymentKey: string) {
  const events = await stack.sql<{ kind: string }[]>`
    select payload ->> 'kind' as kind from public.outbox_events
    where event_type = 'reconciliation.difference' and payload ->> 'paymentKey' = ${paymentKey}`;
  const alerts = await stack.sql<{ level: string }[]>`
    select level from public.alerts
    where alert = 'reconciliation_difference' and detail like ${`%${paymentKey}%`}`;
  return { events: events.map(({ kind }) => kind), alerts: alerts.length };
}

test("a second payment of an order never pays it, stands once, and is over when its money went back", async (shop) => {
  const paid = await buy(shop);
  await loseWebhooks(shop);
  const { paymentKey } = shop.simulator.createPayment({
    orderId: paid.orderId,
    amount: paid.amount,
  });
  await approveAtToss(shop, { ...paid, paymentKey });
  const first = await reconcile(shop);
  const second = await reconcile(shop);
  for (const run of [first, second]) {
    assert.deepEqual(openOf(run), [`missing_here ${paymentKey}`]);
    assert.equal(run.open, 1);
  }
  assert.deepEqual(first.differences, second.differences);
  assert.match(first.differences[0]?.reason ?? "", /is paid by payment/);
  const order = await orderRow(shop, paid.orderId);
  assert.deepEqual(
    [order.status, order.payment_key],
    ["paid", paid.paymentKey],
  );
  assert.equal(await paymentStatus(shop, paymentKey), null);
  assert.deepEqual(await toldOf(shop, paymentKey), {
    events: ["missing_here"],
    alerts: 1,
  });

  await cancelAtToss(shop, paymentKey);
  const third = await reconcile(shop);
  assert.deepEqual(openOf(third), []);
  const [row] = await shop.stack.sql`
    select resolution from public.reconciliation_differences where payment_key = ${paymentKey}`;
  assert.equal(row?.resolution, "by_hand");
  assert.equal((await toldOf(shop, paymentKey)).alerts, 0);
});

test("a payment of another amount than its order's is missing here and pays nothing", async (shop) => {
  const { orderId, amount } = await startPurchase(shop);
  const { paymentKey } = shop.simulator.createPayment({
    orderId,
    amount: amount + 500,
  });
  await loseWebhooks(shop);
  await approveAtToss(shop, { paymentKey, orderId, amount: amount + 500 });
  const run = await reconcile(shop);
  assert.deepEqual(openOf(run), [`missing_here ${paymentKey}`]);
  assert.equal(run.differences[0]?.theirs?.amount, amount + 500);
  assert.equal((await orderRow(shop, orderId)).status, "pending");
  assert.equal(await paymentStatus(shop, paymentKey), null);
  await cancelAtToss(shop, paymentKey);
});

test("what Toss does not know, or knows with other amounts, is left as it is and shown", async (shop) => {
  const gone = await buy(shop);
  const altered = await buy(shop);
  const kept = await buy(shop);
  await cancel(shop, { orderId: kept.orderId, cancelAmount: 1000 });
  shop.simulator.forgetPayment(gone.paymentKey);
  shop.simulator.alterAmount(altered.paymentKey, 900);
  shop.simulator.forgetLastCancel(kept.paymentKey);
  const run = await reconcile(shop);
  const ours = new Set([gone, altered, kept].map((one) => one.paymentKey));
  assert.deepEqual(
    openOf(run).filter((line) => ours.has(line.split(" ")[1] ?? "")),
    [
      `missing_at_toss ${gone.paymentKey}`,
      `amount ${altered.paymentKey}`,
      `cancel_missing_at_toss ${kept.paymentKey}`,
    ].sort(),
  );
  assert.equal(
    (await orderRow(shop, kept.orderId)).status,
    "partially_refunded",
  );
  assert.equal((await orderRow(shop, gone.orderId)).status, "paid");
});

test("an order that Toss's list names with a strange merchant id is another shop's when no key knows the payment", async (shop) => {
  const { orderId } = await buy(shop);
  shop.simulator.addForeignTransactions({ orderId });
  const run = await reconcile(shop);
  const strange = run.differences.filter(({ paymentKey }) =>
    paymentKey.startsWith("foreign")
  );
  // One key, so nobody else could be asked: a list that contradicts the look-up is shown.
  assert.deepEqual(strange.map(({ kind }) => kind), ["missing_here"]);
  assert.equal((await orderRow(shop, orderId)).status, "paid");
});

test("a confirm after the run still works", async (shop) => {
  const purchase = await startPurchase(shop);
  await reconcile(shop);
  assert.equal((await confirm(shop, purchase)).status, 200);
});
