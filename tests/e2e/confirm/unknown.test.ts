import assert from "node:assert/strict";
import type { FaultInput } from "../../../simulator/faults/fault.ts";
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
import { watchRoundTrips } from "../../support/round-trips.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { bookOf, confirmRequests } from "../../support/toss-side.ts";
import { settleWebhooks, withoutWebhooks } from "../../support/webhooks.ts";

const test = shopTests({ environment: { TOSS_TIMEOUT_MS: "2000" } });

const CONFIRM = { method: "POST", path: "/v1/payments/confirm" } as const;

/** Confirms, and expects that nothing is concluded. */
async function confirmWithoutProof(
  shop: Shop,
  purchase: { paymentKey: string; orderId: string; amount: number },
): Promise<void> {
  const { status, body } = await confirm(shop, purchase);
  assert.equal(status, 202, JSON.stringify(body));
  assert.deepEqual(body, { status: "processing", orderId: purchase.orderId });
  const [operation] = await operationRows(shop, purchase.orderId);
  assert.equal(operation?.state, "unknown");
  assert.equal((await orderRow(shop, purchase.orderId)).status, "pending");
}

const ERROR_ANSWERS: [string, FaultInput][] = [
  ["500 FAILED_PAYMENT_INTERNAL_SYSTEM_PROCESSING", {
    kind: "status_before",
    code: "FAILED_PAYMENT_INTERNAL_SYSTEM_PROCESSING",
  }],
  ["500 UNKNOWN_PAYMENT_ERROR", {
    kind: "status_before",
    code: "UNKNOWN_PAYMENT_ERROR",
  }],
  ["an undocumented 503", {
    kind: "status_before",
    code: "SOMETHING_NEW",
    status: 503,
  }],
  ["400 PROVIDER_ERROR", { kind: "status_before", code: "PROVIDER_ERROR" }],
  ["400 CARD_PROCESSING_ERROR", {
    kind: "status_before",
    code: "CARD_PROCESSING_ERROR",
  }],
  ["429", { kind: "status_before", code: "TOO_MANY_REQUESTS", status: 429 }],
  ["403 FORBIDDEN_CONSECUTIVE_REQUEST", {
    kind: "status_before",
    code: "FORBIDDEN_CONSECUTIVE_REQUEST",
  }],
  ["a proxy's page", { kind: "garbage" }],
  ["500 after the money was taken", {
    kind: "status_after",
    code: "FAILED_PAYMENT_INTERNAL_SYSTEM_PROCESSING",
  }],
  ["400 PROVIDER_ERROR after the money was taken", {
    kind: "status_after",
    code: "PROVIDER_ERROR",
  }],
  ["half an answer", { kind: "half_body", count: "always" }],
];

for (const [answer, fault] of ERROR_ANSWERS) {
  test(`confirm() concludes nothing from ${answer}, and a repeat brings the truth`, async (shop) => {
    withoutWebhooks(shop);
    const purchase = await startPurchase(shop);
    shop.simulator.addFault({ ...fault, ...CONFIRM });

    await confirmWithoutProof(shop, purchase);

    shop.simulator.clearFaults();
    await makeOperationDue(shop, purchase.orderId);
    const { status, body } = await confirm(shop, purchase);
    assert.equal(status, 200, JSON.stringify(body));
    assert.equal(body.status, "confirmed");
    assert.equal(bookOf(shop, purchase.paymentKey).approvals, 1);
    const [operation] = await operationRows(shop, purchase.orderId);
    assert.equal(operation?.state, "succeeded");
    assert.deepEqual(
      await confirm(shop, purchase).then(({ body }) => body),
      body,
    );
  });
}

for (const kind of ["lose_answer_before", "lose_answer_after"] as const) {
  test(`confirm() survives a network that keeps losing answers (${kind})`, async (shop) => {
    withoutWebhooks(shop);
    const purchase = await startPurchase(shop);
    shop.simulator.addFault({ kind, count: "always" });

    await confirmWithoutProof(shop, purchase);
    await makeOperationDue(shop, purchase.orderId);
    await confirmWithoutProof(shop, purchase);

    shop.simulator.clearFaults();
    await makeOperationDue(shop, purchase.orderId);
    const { status } = await confirm(shop, purchase);
    assert.equal(status, 200);
    assert.equal(bookOf(shop, purchase.paymentKey).approvals, 1);
    // No answer ever came, so the key had to stay the same.
    const keys = confirmRequests(shop).map(({ idempotencyKey }) =>
      idempotencyKey
    );
    const [operation] = await operationRows(shop, purchase.orderId);
    assert.ok(operation);
    const prefix = operation.idempotency_key.replace(/\d+$/, "");
    const own = keys.filter((key) => key?.startsWith(prefix));
    assert.deepEqual([...new Set(own)], [operation.idempotency_key]);
  });
}

test("confirm() takes a new key after Toss has answered with an error", async (shop) => {
  withoutWebhooks(shop);
  const purchase = await startPurchase(shop);
  // Toss keeps a 400 for its key for 15 days.
  shop.simulator.addFault({ kind: "status_before", code: "PROVIDER_ERROR" });
  await confirmWithoutProof(shop, purchase);
  const [before] = await operationRows(shop, purchase.orderId);
  await makeOperationDue(shop, purchase.orderId);

  await confirm(shop, purchase);

  const sent = confirmRequests(shop).slice(-2).map((r) => r.idempotencyKey);
  assert.notEqual(sent[0], sent[1]);
  assert.equal(sent[1], before?.idempotency_key);
});

test("confirm() does not ask Toss again before the pause is over", async (shop) => {
  withoutWebhooks(shop);
  const purchase = await startPurchase(shop);
  shop.simulator.addFault({ kind: "lose_answer_before", count: "always" });
  await confirmWithoutProof(shop, purchase);
  shop.simulator.clearFaults();
  const roundTrips = watchRoundTrips(shop);

  const { status, headers } = await confirm(shop, purchase);

  assert.equal(status, 202);
  assert.ok(Number(headers.get("retry-after")) > 0);
  assert.deepEqual(roundTrips().toss, []);
  await makeOperationDue(shop, purchase.orderId);
  assert.equal((await confirm(shop, purchase)).status, 200);
});

test("confirm() lets no other payment in while an outcome is unknown", async (shop) => {
  withoutWebhooks(shop);
  const order = await placeOrder(shop);
  const first = payInWindow(shop, order);
  const second = payInWindow(shop, order);
  shop.simulator.addFault({
    kind: "lose_answer_after",
    ...CONFIRM,
    count: "always",
  });
  await confirmWithoutProof(shop, first);
  shop.simulator.clearFaults();

  const { status, body } = await confirm(shop, second);

  assert.equal(status, 409);
  assert.equal(body.code, "operation_in_progress");
  await makeOperationDue(shop, order.orderId);
  assert.equal((await confirm(shop, first)).status, 200);
  assert.equal(bookOf(shop, second.paymentKey).approvals, 0);
});

test("confirm() gives up waiting when Toss is silent, and adopts what Toss did meanwhile", async (shop) => {
  withoutWebhooks(shop);
  const purchase = await startPurchase(shop);
  shop.simulator.addFault({
    kind: "delay_after",
    milliseconds: 2600,
    ...CONFIRM,
  });

  await confirmWithoutProof(shop, purchase);

  const [operation] = await operationRows(shop, purchase.orderId);
  assert.equal(operation?.error_code, "TIMEOUT");
  await makeOperationDue(shop, purchase.orderId);
  assert.equal((await confirm(shop, purchase)).status, 200);
});

test("confirm() keeps its key when Toss is still working on the first request (409)", async (shop) => {
  withoutWebhooks(shop);
  const purchase = await startPurchase(shop);
  shop.simulator.addFault({
    kind: "delay_before",
    milliseconds: 4500,
    ...CONFIRM,
  });
  await confirmWithoutProof(shop, purchase);
  await makeOperationDue(shop, purchase.orderId);

  await confirmWithoutProof(shop, purchase);

  const [operation] = await operationRows(shop, purchase.orderId);
  assert.equal(operation?.error_code, "IDEMPOTENT_REQUEST_PROCESSING");
  await eventually(
    "Toss finishes the first request",
    () => bookOf(shop, purchase.paymentKey).status === "DONE",
  );
  await makeOperationDue(shop, purchase.orderId);
  assert.equal((await confirm(shop, purchase)).status, 200);
  const sent = confirmRequests(shop).slice(-2).map((r) => r.idempotencyKey);
  assert.equal(sent[0], sent[1]);
});

const LIES: [string, Record<string, unknown>, string[]][] = [
  ["amount", { totalAmount: 1, balanceAmount: 1 }, ["answer_mismatch"]],
  ["currency", { currency: "USD" }, ["answer_mismatch"]],
  ["orderId", { orderId: "order-of-somebody" }, []],
  ["paymentKey", { paymentKey: "payment-of-somebody" }, []],
  ["fractional amount", { totalAmount: 3000.5 }, []],
  ["status", { status: "ALMOST_DONE" }, ["unknown_status"]],
];

for (const [field, patch, lines] of LIES) {
  test(`confirm() does not believe an answer with another ${field}`, async (shop) => {
    withoutWebhooks(shop);
    const purchase = await startPurchase(shop);
    shop.simulator.addFault({ kind: "wrong_answer", patch, ...CONFIRM });

    await confirmWithoutProof(shop, purchase);

    const events = await auditEvents(shop, purchase.orderId);
    for (const line of lines) assert.ok(events.includes(line), `${events}`);
    await makeOperationDue(shop, purchase.orderId);
    const { status, body } = await confirm(shop, purchase);
    assert.equal(status, 200, JSON.stringify(body));
    assert.equal(body.amount, purchase.amount);
    assert.equal(bookOf(shop, purchase.paymentKey).approvals, 1);
  });
}

test("confirm() heals when Toss calls a payment processed that still waits", async (shop) => {
  const purchase = await startPurchase(shop);
  shop.simulator.addFault({
    kind: "status_before",
    code: "ALREADY_PROCESSED_PAYMENT",
  });
  await confirmWithoutProof(shop, purchase);
  await makeOperationDue(shop, purchase.orderId);

  const { status } = await confirm(shop, purchase);

  assert.equal(status, 200);
  await settleWebhooks(shop);
});
