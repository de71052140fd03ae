import assert from "node:assert/strict";
import {
  confirm,
  payInWindow,
  placeOrder,
  startPurchase,
} from "../../support/buy.ts";
import {
  addProduct,
  auditEvents,
  makeOperationDue,
  makeOrderOverdue,
  orderRow,
  paymentStatus,
  stockOf,
} from "../../support/database.ts";
import { watchRoundTrips } from "../../support/round-trips.ts";
import { shopTests } from "../../support/shop-test.ts";
import {
  approveAtToss,
  bookOf,
  cancelAtToss,
} from "../../support/toss-side.ts";
import { settleWebhooks, withoutWebhooks } from "../../support/webhooks.ts";

const test = shopTests();

const MINUTE = 60_000;

test("confirm() answers 410 for a payment whose window has closed", async (shop) => {
  const order = await placeOrder(shop);
  const purchase = payInWindow(shop, order);
  shop.simulator.expire(purchase.paymentKey);

  const { status, body } = await confirm(shop, purchase);

  assert.equal(status, 410);
  assert.equal(body.code, "payment_expired");
  assert.equal(body.action, "start_over");
  await settleWebhooks(shop);
  assert.equal(await paymentStatus(shop, purchase.paymentKey), "EXPIRED");
  assert.equal((await confirm(shop, purchase)).status, 410);
  assert.equal((await confirm(shop, payInWindow(shop, order))).status, 200);
});

test("confirm() answers 410 later than 10 minutes after the buyer authenticated", async (shop) => {
  withoutWebhooks(shop);
  const purchase = await startPurchase(shop);
  await shop.simulator.advance(10 * MINUTE);

  const { status, body } = await confirm(shop, purchase);

  assert.equal(status, 410);
  assert.equal(body.code, "payment_expired");
  assert.equal(body.tossCode, "NOT_FOUND_PAYMENT_SESSION");
  assert.equal(await paymentStatus(shop, purchase.paymentKey), "EXPIRED");
});

test("confirm() tells by itself that Toss has expired a payment, when the webhook said so before", async (shop) => {
  const purchase = await startPurchase(shop);
  await shop.simulator.advance(10 * MINUTE);
  await settleWebhooks(shop);
  const roundTrips = watchRoundTrips(shop);

  const { status, body } = await confirm(shop, purchase);

  assert.equal(status, 410);
  assert.equal(body.code, "payment_expired");
  assert.deepEqual(roundTrips().toss, []);
});

test("confirm() refuses an order whose time is over, before Toss is asked, and returns its stock", async (shop) => {
  await addProduct(shop, "overdue", 3);
  const items = [{ productId: "overdue", quantity: 2 }];
  const purchase = await startPurchase(shop, { items });
  assert.equal(await stockOf(shop, "overdue"), 1);
  await makeOrderOverdue(shop, purchase.orderId);
  const roundTrips = watchRoundTrips(shop);

  const { status, body } = await confirm(shop, purchase);

  assert.equal(status, 410);
  assert.equal(body.code, "payment_expired");
  assert.deepEqual(roundTrips().toss, []);
  assert.equal((await orderRow(shop, purchase.orderId)).status, "expired");
  assert.equal(await stockOf(shop, "overdue"), 3);
  assert.equal((await confirm(shop, purchase)).status, 410);
  assert.equal(await stockOf(shop, "overdue"), 3);
});

test("an order whose confirm is unknown does not expire", async (shop) => {
  withoutWebhooks(shop);
  await addProduct(shop, "held", 1);
  const items = [{ productId: "held", quantity: 1 }];
  const purchase = await startPurchase(shop, { items });
  const { simulator } = shop;
  simulator.addFault({ kind: "lose_answer_after", count: "always" });
  await confirm(shop, purchase);
  simulator.clearFaults();
  await makeOrderOverdue(shop, purchase.orderId);

  assert.equal((await confirm(shop, purchase)).status, 202);
  assert.equal((await orderRow(shop, purchase.orderId)).status, "pending");
  assert.equal(await stockOf(shop, "held"), 0);

  await makeOperationDue(shop, purchase.orderId);
  assert.equal((await confirm(shop, purchase)).status, 200);
  assert.equal((await orderRow(shop, purchase.orderId)).status, "paid");
});

test("an unknown confirm is refused once Toss can no longer approve it", async (shop) => {
  withoutWebhooks(shop);
  const purchase = await startPurchase(shop);
  const { simulator, stack } = shop;
  simulator.addFault({ kind: "lose_answer_before", count: "always" });
  await confirm(shop, purchase);
  simulator.clearFaults();
  await simulator.advance(10 * MINUTE);
  await stack
    .sql`update toss_private.clock set time_offset = interval '12 minutes'`;

  const { status, body } = await confirm(shop, purchase);

  assert.equal(status, 410);
  assert.equal(body.code, "payment_expired");
  assert.equal(bookOf(shop, purchase.paymentKey).approvals, 0);
});

test("money that arrives for an expired order is honoured, and the audit log says so", async (shop) => {
  await addProduct(shop, "late", 1);
  const items = [{ productId: "late", quantity: 1 }];
  const purchase = await startPurchase(shop, { items });
  await makeOrderOverdue(shop, purchase.orderId);
  await confirm(shop, purchase);
  assert.equal(await stockOf(shop, "late"), 1);

  await approveAtToss(shop, purchase);
  await settleWebhooks(shop);

  assert.equal((await orderRow(shop, purchase.orderId)).status, "paid");
  assert.equal(await stockOf(shop, "late"), 0);
  const events = await auditEvents(shop, purchase.orderId);
  assert.ok(events.includes("late_payment"));
  assert.equal((await confirm(shop, purchase)).status, 200);
});

test("money that arrives for an expired order whose stock is gone can be given back", async (shop) => {
  await addProduct(shop, "gone", 1);
  const items = [{ productId: "gone", quantity: 1 }];
  const late = await startPurchase(shop, { items });
  await makeOrderOverdue(shop, late.orderId);
  const winner = await startPurchase(shop, { items });
  await confirm(shop, winner);

  await approveAtToss(shop, late);
  await settleWebhooks(shop);

  assert.equal((await orderRow(shop, late.orderId)).status, "paid");
  assert.equal(await stockOf(shop, "gone"), 0);
  await cancelAtToss(shop, late.paymentKey);
  await settleWebhooks(shop);
  assert.equal((await orderRow(shop, late.orderId)).status, "refunded");
  assert.equal(await stockOf(shop, "gone"), 0);
});
