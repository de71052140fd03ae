import assert from "node:assert/strict";
import {
  confirm,
  payInWindow,
  placeOrder,
  startPurchase,
} from "../../support/buy.ts";
import {
  auditEvents,
  makeOperationDue,
  operationRows,
  orderRow,
} from "../../support/database.ts";
import { eventually } from "../../support/eventually.ts";
import { shopTests } from "../../support/shop-test.ts";
import { bookOf, confirmRequests } from "../../support/toss-side.ts";
import { settleWebhooks, withoutWebhooks } from "../../support/webhooks.ts";

const test = shopTests();

const CALLERS = 50;

test("50 confirms at once take the money once and all learn the same", async (shop) => {
  const purchase = await startPurchase(shop);
  shop.simulator.addFault({ kind: "delay_before", milliseconds: 100 });

  const answers = await Promise.all(
    Array.from({ length: CALLERS }, () => confirm(shop, purchase)),
  );

  const statuses = new Set(answers.map(({ status }) => status));
  assert.deepEqual([...statuses].filter((s) => s !== 200 && s !== 202), []);
  assert.ok(statuses.has(200), "the caller that asked Toss gets the answer");
  const asked = await Promise.all(
    answers.map((answer) =>
      answer.status === 200 ? answer : confirm(shop, purchase)
    ),
  );
  for (const { status, body } of asked) {
    assert.equal(status, 200);
    assert.deepEqual(body, asked[0]?.body);
  }
  assert.equal(bookOf(shop, purchase.paymentKey).approvals, 1);
  const operations = await operationRows(shop, purchase.orderId);
  assert.deepEqual(operations.map(({ state }) => state), ["succeeded"]);
  await settleWebhooks(shop);
  const moves = (await auditEvents(shop, purchase.orderId))
    .filter((event) => event === "order_status");
  assert.equal(moves.length, 2, "pending, then paid once");
});

test("50 payments of one order at once end in one that is taken", async (shop) => {
  const order = await placeOrder(shop);
  const purchases = Array.from(
    { length: CALLERS },
    () => payInWindow(shop, order),
  );

  const answers = await Promise.all(
    purchases.map((purchase) => confirm(shop, purchase)),
  );

  const paid = answers.filter(({ status }) => status === 200);
  assert.equal(paid.length, 1);
  const refused = answers.filter(({ status }) => status === 409);
  assert.equal(refused.length, CALLERS - 1);
  const taken = purchases.filter(({ paymentKey }) =>
    bookOf(shop, paymentKey).approvals > 0
  );
  assert.equal(taken.length, 1);
  assert.equal(paid[0]?.body.paymentKey, taken[0]?.paymentKey);
});

test("20 callers take over one unknown operation and Toss is asked by one", async (shop) => {
  withoutWebhooks(shop);
  const purchase = await startPurchase(shop);
  const { simulator } = shop;
  simulator.addFault({ kind: "lose_answer_before", count: "always" });
  await confirm(shop, purchase);
  simulator.clearFaults();
  simulator.addFault({ kind: "delay_before", milliseconds: 100 });
  await makeOperationDue(shop, purchase.orderId);
  const before = simulator.requests().length;

  const answers = await Promise.all(
    Array.from({ length: 20 }, () => confirm(shop, purchase)),
  );

  const asked = simulator.requests().slice(before).map(({ method }) => method);
  assert.deepEqual(asked, ["GET", "POST"]);
  assert.ok(answers.some(({ status }) => status === 200));
  assert.equal((await confirm(shop, purchase)).status, 200);
});

test("confirm() of many orders at once keeps each to its own", async (shop) => {
  const purchases = await Promise.all(
    Array.from({ length: 20 }, () => startPurchase(shop)),
  );

  const answers = await Promise.all(
    purchases.map((purchase) => confirm(shop, purchase)),
  );

  answers.forEach(({ status, body }, index) => {
    assert.equal(status, 200);
    assert.equal(body.paymentKey, purchases[index]?.paymentKey);
    assert.equal(body.orderId, purchases[index]?.orderId);
  });
});

test("confirm() is finished by the next caller when the function dies in the middle", async (shop) => {
  withoutWebhooks(shop);
  const { simulator, stack } = shop;
  const purchase = await startPurchase(shop);
  simulator.addFault({ kind: "delay_after", milliseconds: 400 });
  const before = confirmRequests(shop).length;
  const cut = confirm(shop, purchase).catch(() => null);
  await eventually(
    "Toss takes the money",
    () =>
      confirmRequests(shop).length > before &&
      bookOf(shop, purchase.paymentKey).approvals === 1,
  );

  await stack.killFunctions();

  assert.notEqual((await cut)?.status, 200);
  assert.equal((await orderRow(shop, purchase.orderId)).status, "pending");
  // The dead caller's lease still runs, so nobody acts for it yet.
  assert.equal((await confirm(shop, purchase)).status, 202);
  await makeOperationDue(shop, purchase.orderId);
  assert.equal((await confirm(shop, purchase)).status, 200);
  assert.equal(bookOf(shop, purchase.paymentKey).approvals, 1);
});

test("confirm() loses nothing when the database fails after Toss has taken the money", async (shop) => {
  withoutWebhooks(shop);
  const { stack } = shop;
  const purchase = await startPurchase(shop);
  await stack.sql`
    revoke execute on function public.apply_payment(jsonb) from service_role`;
  try {
    const { status, body } = await confirm(shop, purchase);
    assert.equal(status, 202);
    assert.equal(body.status, "processing");
  } finally {
    await stack.sql`
      grant execute on function public.apply_payment(jsonb) to service_role`;
  }
  assert.equal(bookOf(shop, purchase.paymentKey).approvals, 1);

  await makeOperationDue(shop, purchase.orderId);
  const { status } = await confirm(shop, purchase);

  assert.equal(status, 200);
  assert.equal(bookOf(shop, purchase.paymentKey).approvals, 1);
});

test("confirm() asks Toss nothing when the intent could not be written", async (shop) => {
  const { stack, simulator } = shop;
  const purchase = await startPurchase(shop);
  const before = simulator.requests().length;
  await stack.sql`
    revoke execute on function public.begin_confirmation(jsonb) from service_role`;
  try {
    assert.equal((await confirm(shop, purchase)).status, 503);
  } finally {
    await stack.sql`
      grant execute on function public.begin_confirmation(jsonb) to service_role`;
  }

  assert.equal(simulator.requests().length, before);
  assert.equal((await confirm(shop, purchase)).status, 200);
});
