import assert from "node:assert/strict";
import { buy, confirm, placeOrder, startPurchase } from "../../support/buy.ts";
import {
  auditEvents,
  orderRow,
  paymentStatus,
  webhookRows,
} from "../../support/database.ts";
import { watchRoundTrips } from "../../support/round-trips.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import {
  deliverWebhook,
  settleWebhooks,
  statusChanged,
  withoutWebhooks,
} from "../../support/webhooks.ts";

const test = shopTests();

test("webhook for an order that is not ours is kept for reading and asks Toss nothing", async (shop) => {
  const roundTrips = watchRoundTrips(shop);

  const { status } = await deliverWebhook(
    shop,
    statusChanged({
      orderId: "order-of-nobody",
      paymentKey: "payment-of-nobody",
      status: "DONE",
    }),
  );
  await settleWebhooks(shop);

  assert.equal(status, 200);
  assert.deepEqual(roundTrips().toss, []);
  const [row] = await webhookRows(shop, "order-of-nobody");
  assert.equal(row?.status, "ignored");
  assert.equal(await paymentStatus(shop, "payment-of-nobody"), null);
});

test("webhook with an invented payment of a real order is ignored on Toss's word", async (shop) => {
  const order = await placeOrder(shop);

  await deliverWebhook(
    shop,
    statusChanged({
      orderId: order.orderId,
      paymentKey: "tosspayment-invented",
      status: "DONE",
      totalAmount: order.amount,
    }),
  );
  await settleWebhooks(shop);

  const [row] = await webhookRows(shop, order.orderId);
  assert.equal(row?.status, "ignored");
  assert.equal(await paymentStatus(shop, "tosspayment-invented"), null);
  assert.equal((await orderRow(shop, order.orderId)).status, "pending");
});

test("webhook that claims DONE while Toss says IN_PROGRESS pays nothing", async (shop) => {
  const purchase = await startPurchase(shop);

  await deliverWebhook(
    shop,
    statusChanged({
      ...purchase,
      status: "DONE",
      totalAmount: purchase.amount,
      balanceAmount: purchase.amount,
      approvedAt: "2026-11-21T11:42:34+09:00",
    }),
  );
  await settleWebhooks(shop);

  assert.equal((await orderRow(shop, purchase.orderId)).status, "pending");
  assert.notEqual(await paymentStatus(shop, purchase.paymentKey), "DONE");
  assert.equal((await confirm(shop, purchase)).status, 200);
});

test("webhook that claims a refund of a paid order refunds nothing", async (shop) => {
  const purchase = await buy(shop);

  await deliverWebhook(
    shop,
    statusChanged({
      ...purchase,
      status: "CANCELED",
      balanceAmount: 0,
      cancels: [{ transactionKey: "forged", cancelAmount: purchase.amount }],
    }),
  );
  await settleWebhooks(shop);

  assert.equal((await orderRow(shop, purchase.orderId)).status, "paid");
  assert.equal(await paymentStatus(shop, purchase.paymentKey), "DONE");
});

test("webhook that names one order and another order's payment moves only what Toss says", async (shop) => {
  const victim = await placeOrder(shop);
  const paid = await buy(shop);

  await deliverWebhook(
    shop,
    statusChanged({
      orderId: victim.orderId,
      paymentKey: paid.paymentKey,
      status: "DONE",
    }),
  );
  await settleWebhooks(shop);

  assert.equal((await orderRow(shop, victim.orderId)).status, "pending");
  assert.equal((await orderRow(shop, paid.orderId)).status, "paid");
});

test("webhook about a payment whose amount the buyer changed is ignored", async (shop) => {
  const { simulator } = shop;
  const order = await placeOrder(shop);
  const { paymentKey } = simulator.createPayment({
    orderId: order.orderId,
    amount: 100,
  });

  await deliverWebhook(
    shop,
    statusChanged({ orderId: order.orderId, paymentKey, status: "DONE" }),
  );
  await settleWebhooks(shop);

  const [row] = await webhookRows(shop, order.orderId);
  assert.equal(row?.status, "ignored");
  assert.equal(await paymentStatus(shop, paymentKey), null);
  assert.ok(
    (await auditEvents(shop, order.orderId)).includes("answer_mismatch"),
  );
});

test("a flood of invented payments of one order does not become a flood at Toss", async (shop) => {
  const order = await placeOrder(shop);
  const roundTrips = watchRoundTrips(shop);
  // As slow as the real one: an answer serves what came before its question, so the flood has to be faster.
  shop.simulator.addFault({
    kind: "delay_before",
    method: "GET",
    milliseconds: 500,
    count: "always",
  });

  const answers = await Promise.all(
    Array.from({ length: 40 }, (_, index) =>
      deliverWebhook(
        shop,
        statusChanged({
          orderId: order.orderId,
          paymentKey: `tosspayment-flood-${index}`,
          status: "DONE",
        }),
      )),
  );
  await settleWebhooks(shop);

  assert.ok(answers.every(({ status }) => status === 200));
  const asked = roundTrips().toss;
  const keys = asked.filter((path) => path.includes("/tosspayment-flood-"));
  assert.equal(new Set(keys).size, 5, `Toss was asked about ${keys}`);
  assert.ok(asked.length <= 10, `Toss was asked ${asked.length} times`);
});

const FLOOD = 100;

/** Delivers different bodies one after the other, each worked off before the next; how often Toss was asked. */
async function askedInFlood(
  shop: Shop,
  data: Record<string, unknown>,
): Promise<number> {
  const roundTrips = watchRoundTrips(shop);
  for (let index = 0; index < FLOOD; index++) {
    const body = statusChanged({ ...data, status: "DONE", index });
    const { status } = await deliverWebhook(shop, body);
    assert.equal(status, 200);
    await settleWebhooks(shop);
  }
  return roundTrips().toss.length;
}

test("100 forged webhooks with only an orderId, one after the other, do not become a flood at Toss", async (shop) => {
  const { orderId } = await placeOrder(shop);

  const asked = await askedInFlood(shop, { orderId });

  assert.ok(asked > 0 && asked <= 25, `Toss was asked ${asked} times`);
});

test("100 forged webhooks about a known payment, one after the other, do not become a flood at Toss", async (shop) => {
  withoutWebhooks(shop);
  const { orderId, paymentKey } = await buy(shop);

  const asked = await askedInFlood(shop, { orderId, paymentKey });

  assert.ok(asked > 0 && asked <= 25, `Toss was asked ${asked} times`);
});

test("100 forged webhooks with only the orderId of a paid order do not become a flood at Toss", async (shop) => {
  withoutWebhooks(shop);
  const { orderId } = await buy(shop);

  const asked = await askedInFlood(shop, { orderId });

  assert.ok(asked > 0 && asked <= 25, `Toss was asked ${asked} times`);
});

test("a flood of forged webhooks does not keep a real one out", async (shop) => {
  withoutWebhooks(shop);
  const purchase = await startPurchase(shop);
  for (let index = 0; index < 8; index++) {
    await deliverWebhook(
      shop,
      statusChanged({
        orderId: purchase.orderId,
        paymentKey: `tosspayment-before-${index}`,
        status: "DONE",
      }),
    );
  }
  const path = "/v1/payments/confirm";
  shop.simulator.addFault({ kind: "lose_answer_after", path, count: "always" });
  assert.equal((await confirm(shop, purchase)).status, 202);

  await deliverWebhook(shop, statusChanged({ ...purchase, status: "DONE" }));
  await settleWebhooks(shop);

  assert.equal((await orderRow(shop, purchase.orderId)).status, "paid");
});

const ODD_BODIES: [string, unknown][] = [
  ["an event nobody knows", { eventType: "moon.changed", data: { a: 1 } }],
  ["an envelope without data", { eventType: "PAYMENT_STATUS_CHANGED" }],
  ["data that is no object", { eventType: "PAYMENT_STATUS_CHANGED", data: 7 }],
  ["an empty object", {}],
  ["keys of the wrong kind", statusChanged({ orderId: 1, paymentKey: [] })],
  [
    "a path for a paymentKey",
    statusChanged({ orderId: "order-0001", paymentKey: "../../x" }),
  ],
  ["a prototype's name", { eventType: "__proto__", data: {} }],
  ["zero bytes and half characters", {
    eventType: "a\u0000b\ud800",
    data: { "\u0000": "\udfff" },
  }],
  [
    "a zero byte in the payment key",
    statusChanged({ orderId: "order-0001", paymentKey: "a\u0000b" }),
  ],
  [
    "half a character in the payment key",
    statusChanged({ orderId: "order-0001", paymentKey: "a\ud800" }),
  ],
  ["a long event name", { eventType: "e".repeat(5000), data: {} }],
];

for (const [what, body] of ODD_BODIES) {
  test(`webhook stores ${what} and answers 200`, async (shop) => {
    const { status, body: answer } = await deliverWebhook(shop, body);
    await settleWebhooks(shop);

    assert.equal(status, 200);
    const [row] = await shop.stack.sql<{ status: string }[]>`
      select status from public.webhook_events where id = ${
      String(answer.eventId)
    }`;
    assert.equal(row?.status, "ignored");
  });
}
