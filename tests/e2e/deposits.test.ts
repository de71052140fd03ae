import assert from "node:assert/strict";
import {
  answerAbout,
  applyAnswer,
  callSql,
  waitingFor,
} from "../support/answers.ts";
import {
  buy,
  checkout,
  payInWindow,
  placeOrder,
  type Purchase,
} from "../support/buy.ts";
import {
  addProduct,
  auditEvents,
  orderRow,
  paymentStatus,
  stockOf,
} from "../support/database.ts";
import type { Shop } from "../support/shop.ts";
import { shopTests } from "../support/shop-test.ts";
import { approveAtToss, cancelAtToss } from "../support/toss-side.ts";
import { settleWebhooks } from "../support/webhooks.ts";
import { moveDatabaseClock, queriesSince, work } from "../support/worker.ts";

const test = shopTests();

const HOUR_SECONDS = 3600;
const TEN_MINUTES_SECONDS = 600;

interface Deposit extends Purchase {
  productId: string;
  dueDate: string;
}

function oneOf(productId: string) {
  return { items: [{ productId, quantity: 1 }] };
}

/** The last unit, bought with a virtual account whose deposit is due in an hour. */
async function awaitDeposit(shop: Shop, productId: string): Promise<Deposit> {
  await addProduct(shop, productId, 1);
  const purchase = payInWindow(shop, await placeOrder(shop, oneOf(productId)));
  const dueDate = new Date(Date.now() + HOUR_SECONDS * 1000).toISOString();
  const answer = answerAbout(
    purchase.paymentKey,
    purchase,
    waitingFor(dueDate),
  );
  const applied = await applyAnswer(shop.stack.sql, answer);
  assert.equal(applied.orderStatus, "waiting_for_deposit");
  letTossSay(shop, purchase.paymentKey, waitingFor(dueDate));
  return { ...purchase, productId, dueDate };
}

/** The simulator has no virtual accounts: its card payment answers as one until the faults are cleared. */
function letTossSay(
  { simulator }: Shop,
  paymentKey: string,
  patch: Record<string, unknown>,
): void {
  simulator.clearFaults();
  const of = { method: "GET", paymentKey, count: "always" } as const;
  simulator.addFault({ kind: "wrong_answer", patch, ...of });
}

/** The deadline passes without a deposit, and Toss says so when it is asked. */
async function letDeadlinePass(shop: Shop, deposit: Deposit): Promise<void> {
  await moveDatabaseClock(shop, HOUR_SECONDS + 1);
  const expired = waitingFor(deposit.dueDate, true);
  letTossSay(shop, deposit.paymentKey, expired);
  await work(shop, "expiry");
  assert.equal((await orderRow(shop, deposit.orderId)).status, "expired");
}

/** The buyer pays nevertheless, and Toss's webhook says so. */
async function payLate(shop: Shop, deposit: Deposit): Promise<void> {
  shop.simulator.clearFaults();
  await approveAtToss(shop, deposit);
  await settleWebhooks(shop);
}

async function shortageAlerts({ stack }: Shop, orderId: string) {
  const rows = await stack.sql<{ level: string; detail: string }[]>`
    select level, detail from public.alerts
    where alert = 'late_payment_without_stock' and subject = ${orderId}`;
  return [...rows];
}

async function claimedKeys({ stack }: Shop): Promise<unknown[]> {
  const answer = await callSql(stack.sql, "claim_unsettled_payments", {
    limit: 10,
  });
  assert.ok(Array.isArray(answer.payments));
  return answer.payments.map(({ paymentKey }) => paymentKey);
}

/** Questions to Toss about one payment; deposits of other tests are asked about as well. */
function timesAsked(shop: Shop, paymentKey: string, position: number) {
  return queriesSince(shop, position)
    .filter((path) => path === `/v1/payments/${paymentKey}`).length;
}

test("an order that waits for its deposit keeps its stock until the deadline, and nobody asks Toss", async (shop) => {
  const { orderId, paymentKey, productId } = await awaitDeposit(
    shop,
    "waiting",
  );
  const before = shop.simulator.requests().length;
  await moveDatabaseClock(shop, HOUR_SECONDS - 60);

  await work(shop, "expiry");

  assert.equal((await orderRow(shop, orderId)).status, "waiting_for_deposit");
  assert.equal(await stockOf(shop, productId), 0);
  assert.equal(timesAsked(shop, paymentKey, before), 0);
});

test("claim_unsettled_payments() names a deposit past its deadline once in ten minutes", async (shop) => {
  const { paymentKey } = await awaitDeposit(shop, "claimed");
  const isNamed = async () => (await claimedKeys(shop)).includes(paymentKey);

  await moveDatabaseClock(shop, HOUR_SECONDS - 60);
  assert.equal(await isNamed(), false);
  await moveDatabaseClock(shop, 61);
  assert.equal(await isNamed(), true);
  assert.equal(await isNamed(), false);
  await moveDatabaseClock(shop, TEN_MINUTES_SECONDS - 5);
  assert.equal(await isNamed(), false);
  await moveDatabaseClock(shop, 10);
  assert.equal(await isNamed(), true);
});

test("worker expiry goes on waiting when Toss does not call the account expired yet", async (shop) => {
  const { orderId, paymentKey } = await awaitDeposit(shop, "still-open");
  const before = shop.simulator.requests().length;
  await moveDatabaseClock(shop, HOUR_SECONDS + 1);

  await work(shop, "expiry");
  await work(shop, "expiry");

  assert.equal(timesAsked(shop, paymentKey, before), 1);
  assert.equal((await orderRow(shop, orderId)).status, "waiting_for_deposit");
});

test("worker expiry gives up an order whose deposit did not come, and returns its stock", async (shop) => {
  const deposit = await awaitDeposit(shop, "never-paid");

  await letDeadlinePass(shop, deposit);

  assert.equal(await stockOf(shop, deposit.productId), 1);
  assert.equal(
    await paymentStatus(shop, deposit.paymentKey),
    "WAITING_FOR_DEPOSIT",
  );
  await moveDatabaseClock(shop, HOUR_SECONDS);
  assert.ok(!(await claimedKeys(shop)).includes(deposit.paymentKey));
  assert.equal((await checkout(shop, oneOf("never-paid"))).status, 201);
});

test("a deposit that arrives after its deadline is honoured, and the audit log says so", async (shop) => {
  const deposit = await awaitDeposit(shop, "paid-late");
  await letDeadlinePass(shop, deposit);

  await payLate(shop, deposit);

  assert.equal((await orderRow(shop, deposit.orderId)).status, "paid");
  assert.equal(await stockOf(shop, deposit.productId), 0);
  const events = await auditEvents(shop, deposit.orderId);
  assert.ok(events.includes("late_payment"));
  assert.deepEqual(await shortageAlerts(shop, deposit.orderId), []);
});

test("alerts names a late deposit whose goods are sold, until it is given back", async (shop) => {
  const deposit = await awaitDeposit(shop, "sold-meanwhile");
  await letDeadlinePass(shop, deposit);
  await buy(shop, oneOf("sold-meanwhile"));

  await payLate(shop, deposit);

  assert.equal((await orderRow(shop, deposit.orderId)).status, "paid");
  const [alert, ...others] = await shortageAlerts(shop, deposit.orderId);
  assert.deepEqual(others, []);
  assert.equal(alert?.level, "critical");
  assert.match(alert.detail, /sold-meanwhile/);
  await cancelAtToss(shop, deposit.paymentKey);
  await settleWebhooks(shop);
  assert.deepEqual(await shortageAlerts(shop, deposit.orderId), []);
});
