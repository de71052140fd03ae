import assert from "node:assert/strict";
import { buy, confirm, startPurchase } from "../../support/buy.ts";
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
import { approveAtToss, bookOf } from "../../support/toss-side.ts";
import {
  deliverWebhook,
  settleWebhooks,
  statusChanged,
  withoutWebhooks,
} from "../../support/webhooks.ts";

const test = shopTests();

test("webhook answers 200 after one database round trip and before it asks Toss", async (shop) => {
  withoutWebhooks(shop);
  const purchase = await buy(shop);
  shop.simulator.addFault({ kind: "delay_before", milliseconds: 300 });
  const roundTrips = watchRoundTrips(shop);

  const { status, body } = await deliverWebhook(
    shop,
    statusChanged({ ...purchase, status: "DONE" }),
    { transmissionId: "one-round-trip" },
  );

  assert.deepEqual(
    roundTrips().rest,
    ["/rest/v1/rpc/receive_webhook_event"],
  );
  assert.equal(status, 200);
  assert.deepEqual(Object.keys(body).sort(), [
    "duplicate",
    "eventId",
    "received",
  ]);
  assert.equal(body.received, true);
  assert.equal(body.duplicate, false);
  await settleWebhooks(shop);
  assert.deepEqual(roundTrips(), {
    rest: [
      "/rest/v1/rpc/receive_webhook_event",
      "/rest/v1/rpc/apply_payment",
    ],
    toss: [`GET /v1/payments/${purchase.paymentKey}`],
  });
  const [row] = await webhookRows(shop, purchase.orderId);
  assert.equal(row?.status, "processed");
  assert.equal(row.verified_by, "re-query");
});

test("webhook after the confirm changes nothing", async (shop) => {
  const { simulator } = shop;
  simulator.addWebhookKnob({ kind: "delay", milliseconds: 60_000 });
  const purchase = await buy(shop);
  const events = await auditEvents(shop, purchase.orderId);

  await simulator.advance(60_000);
  await settleWebhooks(shop);

  const [row] = await webhookRows(shop, purchase.orderId);
  assert.equal(row?.status, "processed");
  assert.deepEqual(await auditEvents(shop, purchase.orderId), events);
  assert.equal((await orderRow(shop, purchase.orderId)).status, "paid");
});

test("webhook that overtakes the confirm's answer pays the order, and the confirm says the same", async (shop) => {
  const { simulator } = shop;
  const purchase = await startPurchase(shop);
  simulator.addFault({
    kind: "delay_after",
    milliseconds: 500,
    path: "/v1/payments/confirm",
  });

  const answer = confirm(shop, purchase);
  await eventually(
    "the webhook pays the order",
    async () => (await orderRow(shop, purchase.orderId)).status === "paid",
  );

  const [operation] = await operationRows(shop, purchase.orderId);
  assert.equal(operation?.state, "succeeded");
  const { status, body } = await answer;
  assert.equal(status, 200);
  assert.equal(body.status, "confirmed");
  const moves = (await auditEvents(shop, purchase.orderId))
    .filter((event) => event === "order_status");
  assert.equal(moves.length, 2);
});

test("webhook pays an order whose confirm lost its answer", async (shop) => {
  const { simulator } = shop;
  const purchase = await startPurchase(shop);
  const path = "/v1/payments/confirm";
  simulator.addFault({ kind: "lose_answer_after", path, count: "always" });

  const first = await confirm(shop, purchase);
  await settleWebhooks(shop);

  assert.ok([200, 202].includes(first.status));
  assert.equal((await orderRow(shop, purchase.orderId)).status, "paid");
  const roundTrips = watchRoundTrips(shop);
  const second = await confirm(shop, purchase);
  assert.equal(second.status, 200);
  assert.deepEqual(roundTrips().toss, []);
  assert.equal(bookOf(shop, purchase.paymentKey).approvals, 1);
});

test("webhook before any confirm pays the order that Toss says is paid", async (shop) => {
  const purchase = await startPurchase(shop);

  await approveAtToss(shop, purchase);
  await settleWebhooks(shop);

  assert.equal((await orderRow(shop, purchase.orderId)).status, "paid");
  assert.deepEqual(await operationRows(shop, purchase.orderId), []);
  const { status, body } = await confirm(shop, purchase);
  assert.equal(status, 200);
  assert.equal(body.paymentKey, purchase.paymentKey);
});

test("webhook that Toss sends twice at once is stored once and counted twice", async (shop) => {
  shop.simulator.addWebhookKnob({ kind: "duplicate" });

  const purchase = await buy(shop);
  await settleWebhooks(shop);

  const rows = await webhookRows(shop, purchase.orderId);
  assert.equal(rows.length, 1);
  assert.equal(rows[0]?.delivery_count, 2);
  assert.equal(rows[0].status, "processed");
});

test("webhook says which delivery is a duplicate", async (shop) => {
  withoutWebhooks(shop);
  const purchase = await buy(shop);
  const body = statusChanged({ ...purchase, status: "DONE" });
  const transmission = { transmissionId: "delivered-twice" };
  const first = await deliverWebhook(shop, body, transmission);
  await settleWebhooks(shop);
  const roundTrips = watchRoundTrips(shop);

  const second = await deliverWebhook(shop, body, {
    ...transmission,
    retriedCount: 1,
  });
  await settleWebhooks(shop);

  assert.equal(second.body.duplicate, true);
  assert.equal(second.body.eventId, first.body.eventId);
  assert.deepEqual(roundTrips().toss, [], "seen and done: nothing to ask");
});

test("webhook without a transmission id is deduplicated by its body", async (shop) => {
  withoutWebhooks(shop);
  const purchase = await buy(shop);
  const body = statusChanged({ ...purchase, status: "DONE" });

  const first = await deliverWebhook(shop, body);
  const same = await deliverWebhook(shop, body);
  const other = await deliverWebhook(shop, { ...body, createdAt: "later" });
  await settleWebhooks(shop);

  assert.equal(same.body.eventId, first.body.eventId);
  assert.notEqual(other.body.eventId, first.body.eventId);
});

test("webhooks that arrive out of order end in the newest state", async (shop) => {
  withoutWebhooks(shop);
  const { simulator } = shop;
  const purchase = await startPurchase(shop);
  simulator.decline(purchase.paymentKey, "REJECT_CARD_PAYMENT");
  await confirm(shop, purchase);

  for (const status of ["ABORTED", "IN_PROGRESS", "ABORTED", "READY"]) {
    await deliverWebhook(shop, statusChanged({ ...purchase, status }));
  }
  await settleWebhooks(shop);

  assert.equal(await paymentStatus(shop, purchase.paymentKey), "ABORTED");
  const rows = await webhookRows(shop, purchase.orderId);
  assert.deepEqual([...new Set(rows.map(({ status }) => status))], [
    "processed",
  ]);
});

test("30 webhooks of one payment at once ask Toss few times and all end processed", async (shop) => {
  withoutWebhooks(shop);
  const purchase = await buy(shop);
  shop.simulator.addFault({
    kind: "delay_before",
    milliseconds: 200,
    count: 2,
  });
  const roundTrips = watchRoundTrips(shop);

  const answers = await Promise.all(
    Array.from(
      { length: 30 },
      (_, index) =>
        deliverWebhook(shop, statusChanged({ ...purchase, status: "DONE" }), {
          transmissionId: `burst-${index}`,
        }),
    ),
  );
  await settleWebhooks(shop);

  assert.ok(answers.every(({ status }) => status === 200));
  const rows = await webhookRows(shop, purchase.orderId);
  assert.equal(rows.length, 30);
  assert.deepEqual([...new Set(rows.map(({ status }) => status))], [
    "processed",
  ]);
  assert.ok(roundTrips().toss.length <= 5, `${roundTrips().toss.length} asked`);
});
