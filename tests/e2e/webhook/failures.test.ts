import assert from "node:assert/strict";
import { buy, confirm, startPurchase } from "../../support/buy.ts";
import { callFunction } from "../../support/call-function.ts";
import {
  auditEvents,
  operationRows,
  orderRow,
  webhookRows,
} from "../../support/database.ts";
import { shopTests } from "../../support/shop-test.ts";
import { approveAtToss } from "../../support/toss-side.ts";
import {
  deliverWebhook,
  settleWebhooks,
  statusChanged,
  withoutWebhooks,
} from "../../support/webhooks.ts";

const test = shopTests();

test("webhook that could not be stored is answered 503 and taken when Toss sends it again", async (shop) => {
  const { stack, simulator } = shop;
  await stack.sql`
    revoke execute on function public.receive_webhook_event(jsonb) from service_role`;
  let purchase;
  try {
    purchase = await buy(shop);
    await simulator.settle();
  } finally {
    await stack.sql`
      grant execute on function public.receive_webhook_event(jsonb) to service_role`;
  }
  const { paymentKey, orderId } = purchase;
  const sent = () =>
    simulator.deliveries().find((one) => one.paymentKey === paymentKey);
  assert.equal(sent()?.attempts[0]?.httpStatus, 503);
  assert.deepEqual(await webhookRows(shop, orderId), []);

  await simulator.advance(60_000);
  await settleWebhooks(shop);

  assert.equal(sent()?.state, "succeeded");
  const [row] = await webhookRows(shop, orderId);
  assert.equal(row?.status, "processed");
});

test("webhook whose question to Toss fails is kept, and done when Toss delivers again", async (shop) => {
  withoutWebhooks(shop);
  const { simulator } = shop;
  const purchase = await startPurchase(shop);
  await approveAtToss(shop, purchase);
  simulator.addFault({
    kind: "lose_answer_before",
    method: "GET",
    count: "always",
  });
  const body = statusChanged({ ...purchase, status: "DONE" });
  const transmission = { transmissionId: "question-failed" };
  await deliverWebhook(shop, body, transmission);
  await settleWebhooks(shop);
  const [failed] = await webhookRows(shop, purchase.orderId);
  assert.equal(failed?.status, "failed");
  assert.equal((await orderRow(shop, purchase.orderId)).status, "pending");
  simulator.clearFaults();

  await deliverWebhook(shop, body, { ...transmission, retriedCount: 1 });
  await settleWebhooks(shop);

  const [row] = await webhookRows(shop, purchase.orderId);
  assert.equal(row?.status, "processed");
  assert.equal((await orderRow(shop, purchase.orderId)).status, "paid");
});

test("webhook does not believe an answer of Toss with another amount", async (shop) => {
  withoutWebhooks(shop);
  const { simulator } = shop;
  const purchase = await startPurchase(shop);
  await approveAtToss(shop, purchase);
  const patch = { totalAmount: 1, balanceAmount: 1 };
  simulator.addFault({ kind: "wrong_answer", method: "GET", patch });
  const body = statusChanged({ ...purchase, status: "DONE" });
  const transmission = { transmissionId: "wrong-amount" };
  await deliverWebhook(shop, body, transmission);
  await settleWebhooks(shop);
  const [failed] = await webhookRows(shop, purchase.orderId);
  assert.equal(failed?.status, "failed");
  assert.equal((await orderRow(shop, purchase.orderId)).status, "pending");
  const events = await auditEvents(shop, purchase.orderId);
  assert.ok(events.includes("answer_mismatch"));

  await deliverWebhook(shop, body, { ...transmission, retriedCount: 1 });
  await settleWebhooks(shop);

  assert.equal((await orderRow(shop, purchase.orderId)).status, "paid");
});

test("webhook finishes an unknown operation that nobody asks about", async (shop) => {
  const { simulator } = shop;
  simulator.addWebhookKnob({ kind: "delay", milliseconds: 60_000 });
  const purchase = await startPurchase(shop);
  const path = "/v1/payments/confirm";
  simulator.addFault({ kind: "half_body", path, count: "always" });
  assert.equal((await confirm(shop, purchase)).status, 202);
  simulator.clearFaults();

  await simulator.advance(60_000);
  await settleWebhooks(shop);

  const [operation] = await operationRows(shop, purchase.orderId);
  assert.equal(operation?.state, "succeeded");
  assert.equal((await orderRow(shop, purchase.orderId)).status, "paid");
});

test("webhook refuses what is no JSON object, and stores nothing", async (shop) => {
  const [before] = await shop.stack.sql`
    select count(*)::int as rows from public.webhook_events`;
  for (const body of ["", "no json", "[]", "null", "1"]) {
    const answer = await callFunction(shop, "webhook", { body });
    assert.equal(answer.status, 400, body);
    assert.equal(answer.body.code, "invalid_json", body);
  }
  const large = await callFunction(shop, "webhook", {
    body: JSON.stringify({ eventType: "x".repeat(256 * 1024) }),
  });
  assert.equal(large.status, 413);
  const put = await callFunction(shop, "webhook", { method: "PUT" });
  assert.equal(put.status, 405);
  assert.equal(put.headers.get("allow"), "POST, GET, HEAD");
  const [after] = await shop.stack.sql`
    select count(*)::int as rows from public.webhook_events`;
  assert.deepEqual(after, before);
});
