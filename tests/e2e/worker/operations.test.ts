import assert from "node:assert/strict";
import type { FaultInput } from "../../../simulator/faults/fault.ts";
import { confirm, type Purchase, startPurchase } from "../../support/buy.ts";
import { operationRows, orderRow } from "../../support/database.ts";
import { eventually } from "../../support/eventually.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { bookOf, confirmRequests } from "../../support/toss-side.ts";
import { withoutWebhooks } from "../../support/webhooks.ts";
import {
  advance,
  moveDatabaseClock,
  queriesSince,
  work,
} from "../../support/worker.ts";

const test = shopTests({ environment: { TOSS_TIMEOUT_MS: "2000" } });

/** Toss's time to answer and the margin, after which a row is anybody's. */
const LEASE_SECONDS = 7;

async function beginWithFault(
  shop: Shop,
  fault: FaultInput,
): Promise<Purchase> {
  withoutWebhooks(shop);
  const purchase = await startPurchase(shop);
  shop.simulator.addFault({ ...fault, paymentKey: purchase.paymentKey });
  const { status } = await confirm(shop, purchase);
  assert.equal(status, 202);
  return purchase;
}

function keysOf(shop: Shop, orderPosition: number): (string | null)[] {
  return confirmRequests(shop).slice(orderPosition)
    .map(({ idempotencyKey }) => idempotencyKey);
}

async function onlyOperation(shop: Shop, { orderId }: Purchase) {
  const [operation, ...others] = await operationRows(shop, orderId);
  assert.deepEqual(others, []);
  assert.ok(operation);
  return operation;
}

test("worker operations finishes a confirm that timed out, and asking again tells so", async (shop) => {
  const purchase = await beginWithFault(shop, {
    kind: "delay_after",
    milliseconds: 2600,
  });
  await eventually(
    "Toss has finished",
    () => bookOf(shop, purchase.paymentKey).status === "DONE",
  );
  assert.equal((await orderRow(shop, purchase.orderId)).status, "pending");
  await moveDatabaseClock(shop, 3);

  await work(shop, "operations");

  assert.equal((await orderRow(shop, purchase.orderId)).status, "paid");
  const { status, body } = await confirm(shop, purchase);
  assert.equal(status, 200);
  assert.equal(body.status, "confirmed");
});

test("worker operations sends a confirm again with the same key when no answer ever came", async (shop) => {
  const before = confirmRequests(shop).length;
  const purchase = await beginWithFault(shop, { kind: "lose_answer_before" });
  await advance(shop, 300);

  await work(shop, "operations");

  const keys = keysOf(shop, before);
  assert.equal(keys.length, 2);
  assert.equal(keys[0], keys[1]);
  assert.equal((await orderRow(shop, purchase.orderId)).status, "paid");
});

for (const code of ["PROVIDER_ERROR", "CARD_PROCESSING_ERROR"]) {
  test(`worker operations sends a confirm again with a new key after ${code}`, async (shop) => {
    const before = confirmRequests(shop).length;
    const purchase = await beginWithFault(shop, {
      kind: "status_before",
      code,
    });
    await advance(shop, 300);

    await work(shop, "operations");

    const keys = keysOf(shop, before);
    assert.equal(keys.length, 2);
    assert.notEqual(keys[0], keys[1]);
    assert.equal((await orderRow(shop, purchase.orderId)).status, "paid");
  });
}

test("worker operations ends a confirm as expired when Toss's 10 minutes are over", async (shop) => {
  const before = confirmRequests(shop).length;
  const purchase = await beginWithFault(shop, { kind: "lose_answer_before" });
  await advance(shop, 601);

  await work(shop, "operations");

  const { state, error_code } = await onlyOperation(shop, purchase);
  assert.equal(state, "rejected");
  assert.equal(error_code, "EXPIRED_PAYMENT");
  assert.equal(keysOf(shop, before).length, 1);
  assert.equal((await confirm(shop, purchase)).status, 410);
});

test("worker operations neither sends nor ends a confirm around the 10th minute, and ends it after", async (shop) => {
  const before = confirmRequests(shop).length;
  const purchase = await beginWithFault(shop, { kind: "lose_answer_before" });
  // Only our clock: Toss goes on saying IN_PROGRESS.
  await moveDatabaseClock(shop, 610);
  await work(shop, "operations");
  assert.equal((await onlyOperation(shop, purchase)).state, "unknown");

  await moveDatabaseClock(shop, 70);
  await work(shop, "operations");

  const { state, error_code } = await onlyOperation(shop, purchase);
  assert.equal(state, "rejected");
  assert.equal(error_code, "NOT_FOUND_PAYMENT_SESSION");
  assert.equal(keysOf(shop, before).length, 1);
});

test("worker operations never sends a key again that Toss may have forgotten", async (shop) => {
  const before = confirmRequests(shop).length;
  const purchase = await beginWithFault(shop, { kind: "lose_answer_before" });
  await shop.stack.sql`
    update public.operations
    set key_created_at = toss_private.clock_now() - interval '15 days'
    where order_id = ${purchase.orderId}`;
  await moveDatabaseClock(shop, 3);

  await work(shop, "operations");

  assert.equal(keysOf(shop, before).length, 1);
  assert.equal((await onlyOperation(shop, purchase)).state, "unknown");
  await advance(shop, 700);
  await work(shop, "operations");
  assert.equal((await onlyOperation(shop, purchase)).state, "rejected");
});

for (const code of ["UNAUTHORIZED_KEY", "INVALID_API_KEY"]) {
  test(`worker operations leaves a confirm open that was tried before when Toss refuses our key (${code})`, async (shop) => {
    const purchase = await beginWithFault(shop, { kind: "lose_answer_before" });
    const { paymentKey } = purchase;
    shop.simulator.addFault({
      kind: "status_before",
      code,
      method: "POST",
      paymentKey,
    });
    await moveDatabaseClock(shop, 3);

    await work(shop, "operations");

    const open = await onlyOperation(shop, purchase);
    assert.equal(open.state, "unknown");
    assert.equal(open.error_code, code);
    await moveDatabaseClock(shop, 30);
    await work(shop, "operations");
    assert.equal((await onlyOperation(shop, purchase)).state, "succeeded");
    assert.equal((await orderRow(shop, purchase.orderId)).status, "paid");
  });
}

const NO_PROOF: FaultInput[] = [
  { kind: "status_before", code: "PROVIDER_ERROR" },
  { kind: "status_before", code: "CARD_PROCESSING_ERROR" },
  { kind: "status_before", code: "IDEMPOTENT_REQUEST_PROCESSING" },
  { kind: "status_before", code: "TOO_MANY_REQUESTS", status: 429 },
  { kind: "status_before", code: "FORBIDDEN_CONSECUTIVE_REQUEST" },
  { kind: "status_before", code: "UNKNOWN_PAYMENT_ERROR" },
  { kind: "status_before", code: "BAD_GATEWAY", status: 502 },
  { kind: "garbage" },
  { kind: "half_body" },
];

for (const fault of NO_PROOF) {
  const name = "code" in fault ? fault.code : fault.kind;
  test(`worker operations never takes ${name} for a refusal, however often it comes`, async (shop) => {
    const purchase = await beginWithFault(shop, { ...fault, count: "always" });
    for (let round = 0; round < 4; round++) {
      await moveDatabaseClock(shop, 30);
      await work(shop, "operations");
      assert.equal((await onlyOperation(shop, purchase)).state, "unknown");
    }
    assert.equal((await orderRow(shop, purchase.orderId)).status, "pending");
    assert.equal((await onlyOperation(shop, purchase)).attempts, 5);

    shop.simulator.clearFaults();
    await advance(shop, 1200);
    await work(shop, "operations");
    assert.notEqual((await onlyOperation(shop, purchase)).state, "unknown");
  });
}

async function manyUnknown(shop: Shop, count: number): Promise<Purchase[]> {
  const fault: FaultInput = { kind: "lose_answer_after" };
  const begun = Array.from(
    { length: count },
    () => beginWithFault(shop, fault),
  );
  return await Promise.all(begun);
}

test("two workers at once ask Toss about each operation once", async (shop) => {
  const purchases = await manyUnknown(shop, 24);
  await moveDatabaseClock(shop, 3);
  const before = shop.simulator.requests().length;

  const runs = await Promise.all([
    work(shop, "operations"),
    work(shop, "operations"),
  ]);

  const claimed = runs.map((run) => Number(run.claimed));
  assert.equal((claimed[0] ?? 0) + (claimed[1] ?? 0), purchases.length);
  const asked = queriesSince(shop, before).sort();
  const paths = purchases.map(({ paymentKey }) => `/v1/payments/${paymentKey}`);
  assert.deepEqual(asked, paths.sort());
});

test("a worker that is killed costs its operations at most one lease", async (shop) => {
  const purchases = await manyUnknown(shop, 5);
  await moveDatabaseClock(shop, 3);
  const before = shop.simulator.requests().length;
  shop.simulator.addFault({
    kind: "delay_before",
    milliseconds: 300,
    method: "GET",
    count: 5,
  });
  const cut = work(shop, "operations").catch(() => null);
  await eventually(
    "the worker asks Toss",
    () => queriesSince(shop, before).length === 5,
  );
  await shop.stack.killFunctions();
  await cut;

  assert.equal((await work(shop, "operations")).claimed, 0);
  await moveDatabaseClock(shop, LEASE_SECONDS + 0.1);
  assert.equal((await work(shop, "operations")).claimed, 5);

  for (const { orderId } of purchases) {
    assert.equal((await orderRow(shop, orderId)).status, "paid");
  }
});
