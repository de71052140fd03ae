import assert from "node:assert/strict";
import type { FaultInput } from "../../../simulator/faults/fault.ts";
import { charge, subscribe, type Subscriber } from "../../support/billing.ts";
import {
  chargeRows,
  makeChargesDue,
  subscriptionRow,
} from "../../support/billing-rows.ts";
import { operationRows } from "../../support/database.ts";
import { eventually } from "../../support/eventually.ts";
import { CHARGES } from "../../support/charge-faults.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { advance, alignClocks, work } from "../../support/worker.ts";

const test = shopTests({ environment: { TOSS_TIMEOUT_MS: "2000" } });
const DAY = 86_400;

/** A run for one subscriber at the end of the first period. */
function chargeNext(shop: Shop, { subscription }: Subscriber) {
  return charge(shop, {
    subscriptionId: subscription.id,
    asOf: subscription.currentPeriodEnd,
  });
}

/** The last charge of a subscriber. */
async function lastCharge(shop: Shop, { user }: Subscriber) {
  const charge = (await chargeRows(shop, user)).at(-1);
  assert.ok(charge?.order_id);
  return { ...charge, orderId: charge.order_id };
}

/** How often Toss took money for an order. */
function approvals({ simulator }: Shop, orderId: string): number {
  return simulator.books().filter((book) => book.orderId === orderId)
    .reduce((sum, book) => sum + book.approvals, 0);
}

/** Nothing was concluded: the attempt is open, nobody was declined, access goes on. */
async function assertOpen(shop: Shop, subscriber: Subscriber): Promise<void> {
  const charge = await lastCharge(shop, subscriber);
  assert.deepEqual([charge.status, charge.attempt], ["unknown", 1]);
  const { id } = subscriber.subscription;
  const row = await subscriptionRow(shop, id);
  assert.deepEqual([row.status, row.next_charge_at], ["active", null]);
  const { data } = await subscriber.user.client.from("user_plans").select();
  assert.deepEqual(data?.map(({ status }) => status), ["active"]);
}

/** The open charge is taken up until it has ended. */
async function assertPaidOnce(
  shop: Shop,
  subscriber: Subscriber,
): Promise<void> {
  await eventually("the charge is paid", async () => {
    await makeChargesDue(shop, subscriber.user);
    await chargeNext(shop, subscriber);
    return (await lastCharge(shop, subscriber)).status === "paid";
  });
  const charge = await lastCharge(shop, subscriber);
  assert.equal(charge.attempt, 1, "no attempt was counted");
  assert.equal(approvals(shop, charge.orderId), 1);
  assert.equal((await chargeRows(shop, subscriber.user)).length, 2);
}

const UNKNOWN: [string, FaultInput][] = [
  ["a lost request", { kind: "lose_answer_before", count: "always" }],
  ["a lost answer", { kind: "lose_answer_after", count: "always" }],
  ["half an answer", { kind: "half_body", count: "always" }],
  ["a proxy's page", { kind: "garbage" }],
  ["a late answer", { kind: "delay_after", milliseconds: 2600 }],
  ["503 before", { kind: "status_before", code: "NEW", status: 503 }],
  ["503 after", { kind: "status_after", code: "NEW", status: 503 }],
  ["500 FAILED_CARD_COMPANY_RESPONSE after", {
    kind: "status_after",
    code: "FAILED_CARD_COMPANY_RESPONSE",
  }],
  ["400 PROVIDER_ERROR", { kind: "status_before", code: "PROVIDER_ERROR" }],
  ["400 PROVIDER_ERROR after", {
    kind: "status_after",
    code: "PROVIDER_ERROR",
  }],
  ["429", { kind: "status_before", code: "TOO_MANY", status: 429 }],
  ["an answer about another order", {
    kind: "wrong_answer",
    patch: { orderId: "order-of-somebody" },
  }],
  ["an answer with another amount", {
    kind: "wrong_answer",
    patch: { totalAmount: 1, balanceAmount: 1 },
  }],
];

for (const [what, fault] of UNKNOWN) {
  test(`${what} concludes nothing about a charge, and it is paid once`, async (shop) => {
    const subscriber = await subscribe(shop);
    shop.simulator.addFault({ ...fault, ...CHARGES });

    const run = await chargeNext(shop, subscriber);

    assert.deepEqual([run.claimed, run.unknown], [1, 1]);
    await assertOpen(shop, subscriber);
    shop.simulator.clearFaults();
    await assertPaidOnce(shop, subscriber);
  });
}

const OURS = [
  "UNAUTHORIZED_KEY",
  "INCORRECT_BASIC_AUTH_FORMAT",
  "FORBIDDEN_REQUEST",
  "NOT_SUPPORTED_METHOD",
  "INVALID_REQUEST",
  "NOT_AVAILABLE_BANK",
  "MAINTAINED_METHOD",
];

for (const code of OURS) {
  test(`${code} is no fault of the customer and burns no attempt`, async (shop) => {
    const subscriber = await subscribe(shop);
    shop.simulator.addFault({
      kind: "status_before",
      code,
      count: "always",
      ...CHARGES,
    });
    for (let time = 0; time < 3; time++) {
      const run = await chargeNext(shop, subscriber);
      assert.deepEqual([run.claimed, run.unknown], [1, 1]);
      await makeChargesDue(shop, subscriber.user);
    }
    await assertOpen(shop, subscriber);

    shop.simulator.clearFaults();

    await assertPaidOnce(shop, subscriber);
  });
}

test("an outage of Toss that lasts burns no attempt, whoever asks", async (shop) => {
  const subscriber = await subscribe(shop);
  shop.simulator.addFault({
    kind: "status_before",
    code: "FAILED_INTERNAL_SYSTEM_PROCESSING",
    count: "always",
  });
  await chargeNext(shop, subscriber);
  for (let time = 0; time < 4; time++) {
    await makeChargesDue(shop, subscriber.user);
    await (time % 2 === 0
      ? work(shop, "operations")
      : chargeNext(shop, subscriber));
  }
  await assertOpen(shop, subscriber);

  shop.simulator.clearFaults();

  await assertPaidOnce(shop, subscriber);
});

test("an unanswered charge keeps its Idempotency-Key, an answered one gets another", async (shop) => {
  const silent = await subscribe(shop);
  const failing = await subscribe(shop);
  const keysOf = ({ orderId }: { orderId: string }) =>
    shop.simulator.charges(orderId).map(({ idempotencyKey }) => idempotencyKey);
  shop.simulator.addFault({
    kind: "lose_answer_before",
    count: "always",
    ...CHARGES,
  });
  await chargeNext(shop, silent);
  const [before] = await operationRows(
    shop,
    (await lastCharge(shop, silent)).orderId,
  );
  shop.simulator.clearFaults();
  shop.simulator.addFault({
    kind: "status_before",
    code: "PROVIDER_ERROR",
    ...CHARGES,
  });
  await chargeNext(shop, failing);
  const [first] = await operationRows(
    shop,
    (await lastCharge(shop, failing)).orderId,
  );

  await assertPaidOnce(shop, silent);
  await assertPaidOnce(shop, failing);

  const silentKeys = keysOf(await lastCharge(shop, silent));
  assert.deepEqual(silentKeys, [before?.idempotency_key]);
  const failingCharge = await lastCharge(shop, failing);
  assert.equal(
    before?.idempotency_key,
    `charge-${(await lastCharge(shop, silent)).id}-1-1`,
  );
  assert.equal(first?.idempotency_key, `charge-${failingCharge.id}-1-2`);
  assert.equal(keysOf(failingCharge).at(-1), `charge-${failingCharge.id}-1-2`);
});

test("a decline whose answer was lost is found out, and counts once", async (shop) => {
  const subscriber = await subscribe(shop);
  const { user } = subscriber;
  const { data } = await user.client.from("customers").select();
  shop.simulator.declineCharges({
    customerKey: String(data?.[0]?.customer_key),
    code: "REJECT_CARD_PAYMENT",
  });
  shop.simulator.addFault({ kind: "lose_answer_after", count: 2, ...CHARGES });
  const lost = await chargeNext(shop, subscriber);
  assert.equal(lost.unknown, 1);
  shop.simulator.clearFaults();
  await makeChargesDue(shop, user);

  const found = await chargeNext(shop, subscriber);

  assert.deepEqual([found.claimed, found.declined], [1, 1]);
  const charge = await lastCharge(shop, subscriber);
  assert.deepEqual([charge.status, charge.attempt, charge.failure_code], [
    "declined",
    1,
    "REJECT_CARD_PAYMENT",
  ]);
});

test("Toss's DUPLICATED_ORDER_ID leads to the payment that it means", async (shop) => {
  const subscriber = await subscribe(shop);
  // The first answer is an error under which the money was taken, the look-up fails, so the order is sent again.
  shop.simulator.addFault({
    kind: "status_after",
    code: "PROVIDER_ERROR",
    ...CHARGES,
  });
  await chargeNext(shop, subscriber);
  shop.simulator.addFault({
    kind: "status_before",
    code: "NOT_FOUND_PAYMENT",
    method: "GET",
  });
  await makeChargesDue(shop, subscriber.user);

  const run = await chargeNext(shop, subscriber);

  assert.deepEqual([run.claimed, run.paid], [1, 1]);
  const { orderId } = await lastCharge(shop, subscriber);
  assert.equal(approvals(shop, orderId), 1);
  assert.equal(
    shop.simulator.charges(orderId).at(-1)?.outcome,
    "DUPLICATED_ORDER_ID",
  );
});

test("a missing encryption key is our fault: nothing is sent until it is back", async (shop) => {
  const subscriber = await subscribe(shop);
  const { sql } = shop.stack;
  await sql`
    update toss_private.billing_keys set key_id = 'lost'
    where billing_method_id = ${subscriber.billingMethodId}`;
  const sent = shop.simulator.charges().length;

  const run = await chargeNext(shop, subscriber);

  assert.deepEqual([run.claimed, run.unknown], [1, 1]);
  assert.equal(shop.simulator.charges().length, sent);
  await assertOpen(shop, subscriber);
  const names = JSON.parse(
    shop.stack.projectVariables.BILLING_KEY_ENCRYPTION_KEYS ?? "{}",
  );
  await sql`
    update toss_private.billing_keys set key_id = ${Object.keys(names)[0] ?? ""}
    where billing_method_id = ${subscriber.billingMethodId}`;
  await assertPaidOnce(shop, subscriber);
});

test("a database that fails after Toss was asked loses nothing", async (shop) => {
  const subscriber = await subscribe(shop);
  const { sql } = shop.stack;
  await sql`alter function public.apply_payment(jsonb) rename to apply_payment_gone`;
  try {
    const run = await chargeNext(shop, subscriber);
    assert.deepEqual([run.claimed, run.unknown], [1, 1]);
  } finally {
    await sql`alter function public.apply_payment_gone(jsonb) rename to apply_payment`;
  }
  await assertPaidOnce(shop, subscriber);
});

test("a renewal that never arrived and is older than its key: nothing is sent, access and an alert stay, and an operator's word lets it be charged anew", async (shop) => {
  const { simulator, stack } = shop;
  await alignClocks(shop);
  const subscriber = await subscribe(shop);
  const { currentPeriodEnd } = subscriber.subscription;
  const wait = Date.parse(currentPeriodEnd) - simulator.now();
  await advance(shop, Math.ceil(wait / 1000) + 5);
  simulator.addFault({
    kind: "lose_answer_before",
    count: "always",
    ...CHARGES,
  });
  await charge(shop, {});
  simulator.clearFaults();
  const { orderId } = await lastCharge(shop, subscriber);
  await advance(shop, 20 * DAY);

  await charge(shop, {});
  await charge(shop, {});

  await assertOpen(shop, subscriber);
  assert.deepEqual(simulator.charges(orderId), []);
  const [operation] = await stack.sql<{ id: string; error_code: string }[]>`
    select id, error_code from public.operations where order_id = ${orderId}`;
  assert.equal(operation?.error_code, "IDEMPOTENCY_KEY_EXPIRED");
  const alerts = await stack.sql<{ alert: string; level: string }[]>`
    select alert, level from public.alerts where subject = ${operation.id}`;
  assert.deepEqual([...alerts], [
    { alert: "operation_without_proof", level: "critical" },
  ]);

  // As docs/operations.md says it: not in the dashboard.
  await stack.sql`
    select public.decline_charge(jsonb_build_object(
      'operationId', ${operation.id}::text, 'errorCode', 'CHARGE_NOT_PROVEN',
      'errorMessage', 'not in the dashboard', 'declineClass', 'soft', 'source', 'operator',
      'dunning', jsonb_build_object('scheduleDays', '[1,3,5,7]'::jsonb, 'finalAction', 'cancel')))`;
  await advance(shop, DAY + 60);
  await charge(shop, {});

  const paid = await lastCharge(shop, subscriber);
  assert.deepEqual([paid.status, paid.attempt], ["paid", 2]);
  assert.equal(approvals(shop, orderId), 0);
  assert.equal(approvals(shop, paid.orderId), 1);
});
