import assert from "node:assert/strict";
import type { FaultInput } from "../../../simulator/faults/fault.ts";
import { buy, type Purchase } from "../../support/buy.ts";
import {
  balanceOf,
  cancel,
  cancelOperations,
  cancelRequests,
  ledger,
  newRequestId,
  outboxEvents,
} from "../../support/cancel.ts";
import { makeOperationDue, orderRow } from "../../support/database.ts";
import { eventually } from "../../support/eventually.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { bookOf, cancelAtToss } from "../../support/toss-side.ts";
import { settleWebhooks, withoutWebhooks } from "../../support/webhooks.ts";
import { moveDatabaseClock, work } from "../../support/worker.ts";

const test = shopTests({ environment: { TOSS_TIMEOUT_MS: "2000" } });

/** Toss's time to answer and the margin, after which a row is anybody's. */
const LEASE_SECONDS = 7;

/** A paid purchase of which a refund of 1,000 has begun and nobody knows how it went. */
async function beginWithFault(
  shop: Shop,
  ...faults: FaultInput[]
): Promise<Purchase & { requestId: string }> {
  withoutWebhooks(shop);
  const purchase = await buy(shop);
  for (const fault of faults) {
    shop.simulator.addFault({ pathPattern: "/cancel$", ...fault });
  }
  const requestId = newRequestId();
  const { paymentKey, orderId } = purchase;
  const { status, body } = await cancel(shop, {
    paymentKey,
    cancelAmount: 1000,
    requestId,
  });
  assert.equal(status, 202, JSON.stringify(body));
  assert.deepEqual(body, { status: "processing", orderId, requestId });
  return { ...purchase, requestId };
}

function keysOf(shop: Shop, position: number) {
  return cancelRequests(shop).slice(position)
    .map(({ idempotencyKey }) => idempotencyKey);
}

/** Toss works on a slow request after its caller has gone, and until then repeats are told to wait. */
async function finishedAtToss(
  { simulator }: Shop,
  { paymentKey }: Purchase,
): Promise<void> {
  await eventually(
    "Toss has finished",
    () =>
      simulator.requests().some(({ path, status }) =>
        path === `/v1/payments/${paymentKey}/cancel` && status !== null
      ),
  );
}

/** The worker comes by every half minute until the refund is proven. */
async function workUntilRefunded(
  shop: Shop,
  { orderId, paymentKey }: Purchase,
): Promise<void> {
  await eventually(`the refund of ${orderId} is proven`, async () => {
    await moveDatabaseClock(shop, 30);
    await work(shop, "operations");
    const [operation] = await cancelOperations(shop, paymentKey);
    return operation?.state === "succeeded";
  });
}

/** One refund of 1,000 was made, here and at Toss. */
async function assertRefundedOnce(
  shop: Shop,
  { orderId, paymentKey }: Purchase,
) {
  assert.deepEqual(
    bookOf(shop, paymentKey).cancels.map(({ cancelAmount }) => cancelAmount),
    [1000],
  );
  assert.equal((await ledger(shop, paymentKey)).length, 1);
  assert.equal((await orderRow(shop, orderId)).status, "partially_refunded");
  const balance = await balanceOf(shop, paymentKey);
  assert.deepEqual([balance?.balance, balance?.reserved], [2000, 0]);
  const told = await outboxEvents(shop, orderId);
  assert.deepEqual(told.map(({ payload }) => payload.requestedBy), [
    "operator",
  ]);
}

const APPLIED: FaultInput[] = [
  { kind: "lose_answer_after" },
  { kind: "half_body" },
  { kind: "garbage" },
  { kind: "delay_after", milliseconds: 2600 },
  { kind: "status_after", code: "FAILED_REFUND_PROCESS" },
  { kind: "status_after", code: "FAILED_INTERNAL_SYSTEM_PROCESSING" },
  { kind: "status_after", code: "PROVIDER_ERROR" },
];
const NOT_APPLIED: FaultInput[] = [
  { kind: "lose_answer_before" },
  { kind: "delay_before", milliseconds: 2600 },
  { kind: "status_before", code: "FAILED_METHOD_HANDLING_CANCEL" },
  { kind: "status_before", code: "PROVIDER_ERROR" },
  { kind: "status_before", code: "BAD_GATEWAY", status: 502 },
];

for (
  const [fault, what] of [
    ...APPLIED.map((fault) => [fault, "applied"] as const),
    ...NOT_APPLIED.map((fault) => [fault, "not applied"] as const),
  ]
) {
  const name = "code" in fault ? fault.code : fault.kind;

  test(`worker operations finishes a refund after ${name}, ${what}, with one refund`, async (shop) => {
    const purchase = await beginWithFault(shop, fault);

    await workUntilRefunded(shop, purchase);
    await assertRefundedOnce(shop, purchase);

    const { paymentKey, requestId } = purchase;
    const again = await cancel(shop, {
      paymentKey,
      cancelAmount: 1000,
      requestId,
    });
    assert.equal(again.status, 200);
    assert.equal(again.body.canceledAmount, 1000);
  });

  test(`a repeat of the requestId finishes a refund after ${name}, ${what}`, async (shop) => {
    const purchase = await beginWithFault(shop, fault);
    await finishedAtToss(shop, purchase);
    await makeOperationDue(shop, purchase.orderId);
    const { paymentKey, requestId } = purchase;

    const { status, body } = await cancel(shop, {
      paymentKey,
      cancelAmount: 1000,
      requestId,
    });

    assert.equal(status, 200, JSON.stringify(body));
    await assertRefundedOnce(shop, purchase);
  });
}

test("a refund is sent again with the same key when no answer ever came, and with a new one after an error", async (shop) => {
  let before = cancelRequests(shop).length;
  await beginWithFault(shop, { kind: "lose_answer_before" });
  await moveDatabaseClock(shop, 3);
  await work(shop, "operations");
  const [first, second, ...more] = keysOf(shop, before);
  assert.equal(first, second);
  assert.deepEqual(more, []);

  before = cancelRequests(shop).length;
  await beginWithFault(shop, { kind: "status_before", code: "PROVIDER_ERROR" });
  await moveDatabaseClock(shop, 3);
  await work(shop, "operations");
  const [third, fourth] = keysOf(shop, before);
  assert.ok(fourth);
  assert.notEqual(third, fourth);
});

test("what an unknown refund has reserved cannot be refunded by anybody else", async (shop) => {
  const { paymentKey } = await beginWithFault(shop, {
    kind: "lose_answer_before",
  });

  const { status, body } = await cancel(shop, {
    paymentKey,
    cancelAmount: 2001,
  });

  assert.equal(status, 422);
  assert.deepEqual(body.details, { availableAmount: 2000 });
  await moveDatabaseClock(shop, 3);
  await work(shop, "operations");
});

test("a refund that waits behind an unknown one is answered with 202, and both are made", async (shop) => {
  const { orderId, paymentKey } = await beginWithFault(shop, {
    kind: "lose_answer_after",
    count: "always",
  });
  const { status } = await cancel(shop, { paymentKey, cancelAmount: 500 });
  assert.equal(status, 202);
  shop.simulator.clearFaults();
  await moveDatabaseClock(shop, 60);

  const { claimed, succeeded } = await work(shop, "operations");

  assert.deepEqual([claimed, succeeded], [2, 2]);
  assert.equal(bookOf(shop, paymentKey).balanceAmount, 1500);
  assert.equal((await outboxEvents(shop, orderId)).length, 2);
});

test("a webhook of our own refund ends it before the worker asks", async (shop) => {
  const purchase = await buy(shop);
  const { paymentKey, orderId } = purchase;
  await settleWebhooks(shop);
  shop.simulator.addFault({
    kind: "lose_answer_after",
    pathPattern: "/cancel$",
    count: "always",
  });
  const requestId = newRequestId();
  const body = { paymentKey, cancelAmount: 1000, requestId };

  const first = await cancel(shop, body);
  await settleWebhooks(shop);

  assert.ok([200, 202].includes(first.status));
  const [operation] = await cancelOperations(shop, paymentKey);
  assert.equal(operation?.state, "succeeded");
  assert.equal((await cancel(shop, body)).status, 200);
  await assertRefundedOnce(shop, purchase);
  assert.equal((await orderRow(shop, orderId)).status, "partially_refunded");
});

test("a dashboard refund in the middle of an unknown one leaves each its own", async (shop) => {
  const purchase = await beginWithFault(shop, {
    kind: "status_before",
    code: "COMMON_ERROR",
  });
  const { orderId, paymentKey } = purchase;
  await cancelAtToss(shop, paymentKey, 700);
  await moveDatabaseClock(shop, 3);

  await work(shop, "operations");

  assert.deepEqual(
    bookOf(shop, paymentKey).cancels.map(({ cancelAmount }) => cancelAmount),
    [700, 1000],
  );
  const told = await outboxEvents(shop, orderId);
  assert.deepEqual(
    told.map(({ payload }) => [payload.amount, payload.requestedBy ?? null]),
    [[700, null], [1000, "operator"]],
  );
});

test("a dashboard refund of the same amount is not taken for ours that never reached Toss", async (shop) => {
  const { orderId, paymentKey } = await beginWithFault(shop, {
    kind: "lose_answer_before",
  });
  await cancelAtToss(shop, paymentKey, 1000);
  await moveDatabaseClock(shop, 3);

  await work(shop, "operations");

  assert.equal(bookOf(shop, paymentKey).cancels.length, 2);
  const told = await outboxEvents(shop, orderId);
  assert.deepEqual(
    told.map(({ payload }) => [payload.amount, payload.requestedBy ?? null]),
    [[1000, null], [1000, "operator"]],
  );
});

test("a refund whose key Toss may have forgotten is never sent again", async (shop) => {
  const purchase = await beginWithFault(shop, { kind: "lose_answer_before" });
  const before = cancelRequests(shop).length;
  await shop.stack.sql`
    update public.operations set key_created_at = toss_private.clock_now() - interval '15 days'
    where order_id = ${purchase.orderId} and kind = 'cancel'`;
  await moveDatabaseClock(shop, 3);

  await work(shop, "operations");

  assert.equal(cancelRequests(shop).length, before);
  const [operation] = await cancelOperations(shop, purchase.paymentKey);
  assert.equal(operation?.state, "rejected");
  assert.equal(operation?.error_code, "CANCEL_NOT_PROVEN");
  const alerts = await shop.stack.sql`
    select alert from public.alerts where detail like ${`%${purchase.orderId}%`}`;
  assert.deepEqual([...alerts], [{ alert: "cancel_not_proven" }]);
  const { paymentKey, requestId } = purchase;
  const again = await cancel(shop, {
    paymentKey,
    cancelAmount: 1000,
    requestId,
  });
  assert.equal(again.status, 200);
});

test("a refund whose key Toss may have forgotten, but which was made, is found", async (shop) => {
  const purchase = await beginWithFault(shop, { kind: "lose_answer_after" });
  await shop.stack.sql`
    update public.operations set key_created_at = toss_private.clock_now() - interval '15 days'
    where order_id = ${purchase.orderId} and kind = 'cancel'`;
  await moveDatabaseClock(shop, 3);

  await work(shop, "operations");

  await assertRefundedOnce(shop, purchase);
});

for (const kind of ["delay_before", "delay_after"] as const) {
  test(`a function that is killed during a refund (${kind}) costs one lease and no second refund`, async (shop) => {
    withoutWebhooks(shop);
    const purchase = await buy(shop);
    const { paymentKey, orderId } = purchase;
    shop.simulator.addFault({
      kind,
      milliseconds: 300,
      pathPattern: "/cancel$",
    });
    const before = cancelRequests(shop).length;
    const body = { paymentKey, cancelAmount: 1000, requestId: newRequestId() };
    const cut = cancel(shop, body).catch(() => null);
    await eventually(
      "the refund is at Toss",
      async () =>
        (await cancelOperations(shop, paymentKey)).length === 1 &&
        cancelRequests(shop).length > before,
    );
    await shop.stack.killFunctions();
    await cut;

    assert.equal((await work(shop, "operations")).claimed, 0);
    await moveDatabaseClock(shop, LEASE_SECONDS + 0.1);
    await workUntilRefunded(shop, purchase);

    await assertRefundedOnce(shop, purchase);
    assert.equal((await cancel(shop, body)).status, 200);
    assert.equal((await orderRow(shop, orderId)).status, "partially_refunded");
  });
}

test("refunds whose callers die while they wait for their turn are all made by the worker", async (shop) => {
  withoutWebhooks(shop);
  const { paymentKey, orderId } = await buy(shop);
  shop.simulator.addFault({
    kind: "delay_before",
    milliseconds: 300,
    pathPattern: "/cancel$",
  });
  const cut = [500, 600, 700].map((cancelAmount) =>
    cancel(shop, { paymentKey, cancelAmount }).catch(() => null)
  );
  await eventually(
    "all of them have begun",
    async () => (await cancelOperations(shop, paymentKey)).length === 3,
  );
  await shop.stack.killFunctions();
  await Promise.all(cut);

  await eventually("all of them are proven", async () => {
    await moveDatabaseClock(shop, 30);
    await work(shop, "operations");
    const states = await cancelOperations(shop, paymentKey);
    return states.every(({ state }) => state === "succeeded");
  });

  assert.equal(bookOf(shop, paymentKey).balanceAmount, 1200);
  assert.equal(bookOf(shop, paymentKey).cancels.length, 3);
  assert.equal((await outboxEvents(shop, orderId)).length, 3);
});
