import assert from "node:assert/strict";
import {
  buy,
  confirm,
  payInWindow,
  placeOrder,
  startPurchase,
} from "../../support/buy.ts";
import {
  auditEvents,
  operationRows,
  orderRow,
  paymentStatus,
  webhookRows,
} from "../../support/database.ts";
import { eventually } from "../../support/eventually.ts";
import { watchRoundTrips } from "../../support/round-trips.ts";
import { shopTests } from "../../support/shop-test.ts";
import {
  approveAtToss,
  bookOf,
  cancelAtToss,
  confirmRequests,
} from "../../support/toss-side.ts";
import { settleWebhooks, withoutWebhooks } from "../../support/webhooks.ts";

const test = shopTests();

test("confirm() approves a payment and answers what the shop shows", async (shop) => {
  const purchase = await startPurchase(shop);

  const { status, body } = await confirm(shop, purchase);

  assert.equal(status, 200);
  const { approvedAt, receiptUrl, ...rest } = body;
  assert.deepEqual(rest, { status: "confirmed", ...purchase, method: "카드" });
  assert.match(
    String(approvedAt),
    /^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/,
  );
  assert.match(String(receiptUrl), /^http/);
  assert.deepEqual(await orderRow(shop, purchase.orderId), {
    status: "paid",
    payment_key: purchase.paymentKey,
  });
  assert.equal(bookOf(shop, purchase.paymentKey).status, "DONE");
});

test("confirm() answers a reload with the same 200 and asks Toss nothing", async (shop) => {
  const purchase = await startPurchase(shop);
  const first = await confirm(shop, purchase);
  await settleWebhooks(shop);
  const roundTrips = watchRoundTrips(shop);

  const second = await confirm(shop, purchase);

  assert.equal(second.status, 200);
  assert.deepEqual(second.body, first.body);
  assert.deepEqual(roundTrips().toss, []);
});

test("confirm() answers a reload with the same 200 after a refund", async (shop) => {
  const purchase = await startPurchase(shop);
  const first = await confirm(shop, purchase);
  await cancelAtToss(shop, purchase.paymentKey);
  await settleWebhooks(shop);

  const second = await confirm(shop, purchase);

  assert.equal(second.status, 200);
  assert.deepEqual(second.body, first.body);
});

test("confirm() costs two database round trips and one call to Toss", async (shop) => {
  withoutWebhooks(shop);
  const purchase = await startPurchase(shop);
  const roundTrips = watchRoundTrips(shop);

  await confirm(shop, purchase);

  assert.deepEqual(roundTrips(), {
    rest: ["/rest/v1/rpc/begin_confirmation", "/rest/v1/rpc/apply_payment"],
    toss: ["POST /v1/payments/confirm"],
  });
});

test("confirm() writes the intent down before it asks Toss", async (shop) => {
  const { simulator } = shop;
  const purchase = await startPurchase(shop);
  simulator.addFault({ kind: "delay_before", milliseconds: 300 });
  const before = confirmRequests(shop).length;

  const answer = confirm(shop, purchase);
  await eventually(
    "the confirm reaches Toss",
    () => confirmRequests(shop).length > before,
  );

  const [operation] = await operationRows(shop, purchase.orderId);
  assert.equal(operation?.state, "started");
  assert.equal(
    confirmRequests(shop).at(-1)?.idempotencyKey,
    operation.idempotency_key,
  );
  assert.equal((await answer).status, 200);
  const [finished] = await operationRows(shop, purchase.orderId);
  assert.equal(finished?.state, "succeeded");
});

test("confirm() refuses an amount that differs from the order before Toss is asked", async (shop) => {
  const purchase = await startPurchase(shop);
  const roundTrips = watchRoundTrips(shop);

  const { status, body } = await confirm(shop, { ...purchase, amount: 100 });

  assert.equal(status, 422);
  assert.equal(body.code, "payment_amount_mismatch");
  assert.equal(body.retryable, false);
  assert.deepEqual(roundTrips().toss, []);
  assert.deepEqual(await operationRows(shop, purchase.orderId), []);
  const [line] = await shop.stack.sql`
    select payment_key, amount::int, detail, source, request_id from public.payment_events
    where order_id = ${purchase.orderId} and event = 'amount_mismatch'`;
  assert.deepEqual(line, {
    payment_key: purchase.paymentKey,
    amount: 100,
    detail: { orderAmount: purchase.amount },
    source: "confirm",
    request_id: body.requestId,
  });
});

test("confirm() takes the true amount after a wrong one was refused", async (shop) => {
  const purchase = await startPurchase(shop);
  await confirm(shop, { ...purchase, amount: purchase.amount + 1 });

  const { status } = await confirm(shop, purchase);

  assert.equal(status, 200);
});

test("confirm() refuses a wrong amount also for an order that is paid", async (shop) => {
  const purchase = await buy(shop);

  const { status, body } = await confirm(shop, { ...purchase, amount: 1 });

  assert.equal(status, 422);
  assert.equal(body.code, "payment_amount_mismatch");
});

test("confirm() refuses a second payment of a paid order and does not take its money", async (shop) => {
  const order = await placeOrder(shop);
  const first = payInWindow(shop, order);
  const second = payInWindow(shop, order);
  await confirm(shop, first);
  await settleWebhooks(shop);
  const roundTrips = watchRoundTrips(shop);

  const { status, body } = await confirm(shop, second);

  assert.equal(status, 409);
  assert.equal(body.code, "payment_already_confirmed");
  assert.deepEqual(roundTrips().toss, []);
  assert.equal(bookOf(shop, second.paymentKey).approvals, 0);
  assert.equal(
    (await auditEvents(shop, order.orderId)).at(-1),
    "second_payment_refused",
  );
});

test("confirm() refuses another payment while one of the order is being confirmed", async (shop) => {
  const order = await placeOrder(shop);
  const first = payInWindow(shop, order);
  const second = payInWindow(shop, order);
  const { paymentKey } = first;
  shop.simulator.addFault({
    kind: "delay_before",
    milliseconds: 300,
    paymentKey,
  });
  const before = confirmRequests(shop).length;
  const answer = confirm(shop, first);
  await eventually(
    "the first confirm reaches Toss",
    () => confirmRequests(shop).length > before,
  );

  const refused = await confirm(shop, second);

  assert.equal(refused.status, 409);
  assert.equal(refused.body.code, "operation_in_progress");
  assert.equal(refused.body.retryable, true);
  assert.equal((await answer).status, 200);
  assert.equal(bookOf(shop, second.paymentKey).approvals, 0);
});

test("confirm() refuses a payment of another order, whatever was confirmed before", async (shop) => {
  const mine = await buy(shop);
  const other = await placeOrder(shop);

  const { status, body } = await confirm(shop, {
    ...mine,
    orderId: other.orderId,
  });

  assert.equal(status, 400);
  assert.equal(body.code, "invalid_request");
  assert.equal((await orderRow(shop, other.orderId)).status, "pending");
});

test("confirm() leaves an order open when Toss says that the payment is another order's", async (shop) => {
  const mine = await placeOrder(shop);
  const other = await startPurchase(shop);

  const { status, body } = await confirm(shop, {
    ...other,
    orderId: mine.orderId,
  });

  assert.equal(status, 402);
  assert.equal(body.tossCode, "INVALID_REQUEST");
  assert.equal((await orderRow(shop, mine.orderId)).status, "pending");
  assert.equal((await confirm(shop, payInWindow(shop, mine))).status, 200);
  assert.equal((await confirm(shop, other)).status, 200);
});

test("confirm() does not call a payment confirmed that pays nothing, even when Toss took it", async (shop) => {
  const order = await placeOrder(shop);
  const first = payInWindow(shop, order);
  const second = payInWindow(shop, order);
  await confirm(shop, first);
  await approveAtToss(shop, second);
  await settleWebhooks(shop);

  const { status, body } = await confirm(shop, second);

  assert.equal(status, 409);
  assert.equal(body.code, "payment_already_confirmed");
  const named = await shop.stack.sql`
    select subject from public.invariant_violations()
    where invariant = 'money_belongs_to_a_paid_order'`;
  assert.deepEqual([...named], [{ subject: second.paymentKey }]);
  // The shop gives the second payment back; then all is well again.
  await cancelAtToss(shop, second.paymentKey);
  await settleWebhooks(shop);
  assert.equal(await paymentStatus(shop, second.paymentKey), "CANCELED");
  assert.equal((await orderRow(shop, order.orderId)).status, "paid");
  assert.ok((await webhookRows(shop, order.orderId)).length >= 3);
});
