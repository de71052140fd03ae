import assert from "node:assert/strict";
import type { FaultInput } from "../../../simulator/faults/fault.ts";
import {
  buy,
  confirm,
  payInWindow,
  placeOrder,
  startPurchase,
} from "../../support/buy.ts";
import {
  cancel,
  cancelOperations,
  newRequestId,
} from "../../support/cancel.ts";
import {
  makeOperationDue,
  operationRows,
  orderRow,
} from "../../support/database.ts";
import { requestAccount } from "../../support/issue-account.ts";
import { watchRoundTrips } from "../../support/round-trips.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { bookOf } from "../../support/toss-side.ts";
import { settleWebhooks, withoutWebhooks } from "../../support/webhooks.ts";
import { advance, alignClocks, work } from "../../support/worker.ts";

const test = shopTests();

const CONFIRM = { method: "POST", path: "/v1/payments/confirm" } as const;

function answer(
  { simulator }: Shop,
  fault: Omit<Extract<FaultInput, { kind: "answer" }>, "kind">,
): void {
  simulator.addFault({ kind: "answer", ...fault });
}

/** The calls to Toss, by method. */
function methods(roundTrips: { toss: readonly string[] }): string[] {
  return roundTrips.toss.map((line) => line.split(" ")[0] ?? "");
}

test("a listed refusal of a confirm costs no look-up", async (shop) => {
  withoutWebhooks(shop);
  const purchase = await startPurchase(shop);
  shop.simulator.decline(purchase.paymentKey, "REJECT_CARD_PAYMENT");
  const roundTrips = watchRoundTrips(shop);

  assert.equal((await confirm(shop, purchase)).status, 402);

  assert.deepEqual(methods(roundTrips()), ["POST"]);
});

test("an unlisted refusal that Toss's record confirms costs one look-up and is told at once", async (shop) => {
  withoutWebhooks(shop);
  const order = await placeOrder(shop);
  const purchase = payInWindow(shop, order);
  shop.simulator.decline(purchase.paymentKey, "REJECT_CARD_PAYMENT");
  answer(shop, {
    status: 403,
    code: "REJECT_NEW_THING",
    acts: "before",
    ...CONFIRM,
  });
  const roundTrips = watchRoundTrips(shop);

  const { status, body } = await confirm(shop, purchase);

  assert.equal(status, 402);
  assert.equal(body.tossCode, "REJECT_CARD_PAYMENT");
  assert.deepEqual(methods(roundTrips()), ["POST", "GET"]);
  assert.equal((await confirm(shop, payInWindow(shop, order))).status, 200);
});

test("an unlisted refusal of a payment that was made is answered as paid", async (shop) => {
  const purchase = await startPurchase(shop);
  answer(shop, {
    status: 400,
    code: "NEW_CODE",
    acts: "before",
    ...CONFIRM,
  });

  assert.equal((await confirm(shop, purchase)).status, 200);
});

test("no second payment passes while Toss may be working on the first, and the worker adopts it", async (shop) => {
  await alignClocks(shop);
  withoutWebhooks(shop);
  const order = await placeOrder(shop);
  const first = payInWindow(shop, order);
  const second = payInWindow(shop, order);
  answer(shop, {
    status: 500,
    code: "FAILED_INTERNAL_SYSTEM_PROCESSING",
    acts: "later",
    seconds: 30,
    ...CONFIRM,
  });
  answer(shop, {
    status: 400,
    code: "ALREADY_PROCESSING_REQUEST",
    acts: "never",
    ...CONFIRM,
  });

  assert.equal((await confirm(shop, first)).status, 202);
  await makeOperationDue(shop, order.orderId);
  assert.equal((await confirm(shop, first)).status, 202);
  const { status, body } = await confirm(shop, second);
  assert.equal(status, 409);
  assert.equal(body.code, "operation_in_progress");
  await advance(shop, 31);
  await work(shop, "operations");

  assert.equal((await orderRow(shop, order.orderId)).status, "paid");
  assert.equal(bookOf(shop, first.paymentKey).approvals, 1);
  assert.equal(bookOf(shop, second.paymentKey).approvals, 0);
  assert.equal((await confirm(shop, first)).status, 200);
});

test("a decline at a later try ends the confirm when the earlier one can no longer be at work", async (shop) => {
  await alignClocks(shop);
  withoutWebhooks(shop);
  const order = await placeOrder(shop);
  const purchase = payInWindow(shop, order);
  const decline = { status: 403, code: "REJECT_CARD_PAYMENT" };
  answer(shop, { status: 500, code: "NEW", acts: "never", ...CONFIRM });
  answer(shop, { ...decline, acts: "never", ...CONFIRM });
  assert.equal((await confirm(shop, purchase)).status, 202);
  await makeOperationDue(shop, order.orderId);

  assert.equal((await confirm(shop, purchase)).status, 202);
  await advance(shop, 61);
  await work(shop, "operations");

  const [operation] = await operationRows(shop, order.orderId);
  assert.equal(operation?.state, "rejected");
  assert.equal(operation?.error_code, "REJECT_CARD_PAYMENT");
  assert.equal((await confirm(shop, payInWindow(shop, order))).status, 200);
});

test("an unlisted refusal of a cancel ends it when Toss's record shows nothing after a minute", async (shop) => {
  await alignClocks(shop);
  const { paymentKey } = await buy(shop);
  await settleWebhooks(shop);
  const request = {
    paymentKey,
    cancelAmount: 1000,
    requestId: newRequestId(),
  };
  answer(shop, {
    status: 400,
    code: "NEW_CODE",
    acts: "never",
    pathPattern: "/cancel$",
  });

  assert.equal((await cancel(shop, request)).status, 202);
  await advance(shop, 30);
  await work(shop, "operations");
  assert.equal((await cancelOperations(shop, paymentKey))[0]?.state, "unknown");
  await advance(shop, 61);
  await work(shop, "operations");

  const [operation] = await cancelOperations(shop, paymentKey);
  assert.equal(operation?.state, "rejected");
  assert.equal(operation?.error_code, "NEW_CODE");
  assert.deepEqual(bookOf(shop, paymentKey).cancels, []);
  // Nobody knows whether it would be refused again.
  assert.equal((await cancel(shop, request)).status, 200);
});

test("no second account is asked for while Toss may be working on the first", async (shop) => {
  await alignClocks(shop);
  withoutWebhooks(shop);
  const { orderId } = await placeOrder(shop);
  answer(shop, {
    status: 500,
    code: "FAILED_DB_PROCESSING",
    acts: "later",
    seconds: 50,
    path: "/v1/virtual-accounts",
  });
  assert.equal((await requestAccount(shop, { orderId })).status, 202);
  await advance(shop, 20);
  await work(shop, "operations");
  assert.equal(issues(shop, orderId).length, 0);
  await advance(shop, 45);
  await work(shop, "operations");

  assert.equal((await orderRow(shop, orderId)).status, "waiting_for_deposit");
  assert.equal(issues(shop, orderId).length, 1);
});

function issues({ simulator }: Shop, orderId: string) {
  return simulator.books().filter((book) => book.orderId === orderId);
}
