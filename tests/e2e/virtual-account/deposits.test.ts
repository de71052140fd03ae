import assert from "node:assert/strict";
import { buy, checkout, placeOrder } from "../../support/buy.ts";
import {
  addProduct,
  auditEvents,
  orderRow,
  paymentStatus,
  stockOf,
} from "../../support/database.ts";
import {
  type IssuedAccount,
  issuedBy,
  payIn,
  REFUND_ACCOUNT,
  requestAccount,
} from "../../support/issue-account.ts";
import { cancel } from "../../support/cancel.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { settleWebhooks, withoutWebhooks } from "../../support/webhooks.ts";
import {
  advance,
  alignClocks,
  moveDatabaseClock,
  queriesSince,
  work,
} from "../../support/worker.ts";

const test = shopTests();

const MINUTE_SECONDS = 60;
const HOUR_SECONDS = 3600;

interface Deposit extends IssuedAccount {
  productId: string;
}

function oneOf(productId: string) {
  return { items: [{ productId, quantity: 1 }] };
}

/** The last unit, bought with a virtual account whose deposit is due in an hour. */
async function awaitDeposit(shop: Shop, productId: string): Promise<Deposit> {
  await alignClocks(shop);
  await addProduct(shop, productId, 1);
  const { orderId } = await placeOrder(shop, oneOf(productId));
  const issued = issuedBy(
    await requestAccount(shop, { orderId, validHours: 1 }),
  );
  await settleWebhooks(shop);
  return { ...issued, productId };
}

/** The deadline passes without a deposit, of which Toss tells nobody. */
async function letDeadlinePass(shop: Shop, deposit: Deposit): Promise<void> {
  await advance(shop, HOUR_SECONDS + 1);
  await settleWebhooks(shop);
  assert.equal(
    (await orderRow(shop, deposit.orderId)).status,
    "waiting_for_deposit",
  );
  await work(shop, "expiry");
  assert.equal((await orderRow(shop, deposit.orderId)).status, "expired");
}

async function shortageAlerts({ stack }: Shop, orderId: string) {
  const rows = await stack.sql<{ level: string; detail: string }[]>`
    select level, detail from public.alerts
    where alert = 'late_payment_without_stock' and subject = ${orderId}`;
  return [...rows];
}

/** Questions to Toss about one payment; deposits of other tests are asked about as well. */
function timesAsked(shop: Shop, paymentKey: string, position: number) {
  return queriesSince(shop, position)
    .filter((path) => path === `/v1/payments/${paymentKey}`).length;
}

test("an order that waits for its deposit keeps its stock until the deadline, and Toss is asked now and then", async (shop) => {
  const { orderId, paymentKey, productId } = await awaitDeposit(
    shop,
    "waiting",
  );
  const before = shop.simulator.requests().length;
  for (let minute = 0; minute < 59; minute++) {
    await advance(shop, MINUTE_SECONDS);
    if (minute % 5 === 0) await work(shop, "expiry");
  }

  assert.equal((await orderRow(shop, orderId)).status, "waiting_for_deposit");
  assert.equal(await stockOf(shop, productId), 0);
  assert.equal(timesAsked(shop, paymentKey, before), 3, "after 10, 20, 40 min");
});

test("worker expiry finds a deposit whose webhook was lost", async (shop) => {
  const { orderId, paymentKey } = await awaitDeposit(shop, "webhook-lost");
  withoutWebhooks(shop);
  await payIn(shop, paymentKey);
  assert.equal((await orderRow(shop, orderId)).status, "waiting_for_deposit");
  await advance(shop, 11 * MINUTE_SECONDS);

  await work(shop, "expiry");

  assert.equal((await orderRow(shop, orderId)).status, "paid");
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

test("an account whose deadline has passed is shown to nobody any more", async (shop) => {
  const { orderId } = await awaitDeposit(shop, "over");
  await advance(shop, HOUR_SECONDS + 1);

  const { status, body } = await requestAccount(shop, { orderId });

  assert.equal(status, 410);
  assert.equal(body.code, "payment_expired");
});

test("worker expiry gives up an order whose deposit did not come, and returns its stock", async (shop) => {
  const deposit = await awaitDeposit(shop, "never-paid");

  await letDeadlinePass(shop, deposit);

  assert.equal(await stockOf(shop, deposit.productId), 1);
  assert.equal(
    await paymentStatus(shop, deposit.paymentKey),
    "WAITING_FOR_DEPOSIT",
  );
  assert.equal((await checkout(shop, oneOf("never-paid"))).status, 201);
});

test("a deposit that arrives after its deadline is honoured, and the audit log says so", async (shop) => {
  const deposit = await awaitDeposit(shop, "paid-late");
  await letDeadlinePass(shop, deposit);

  await payIn(shop, deposit.paymentKey);

  assert.equal((await orderRow(shop, deposit.orderId)).status, "paid");
  assert.equal(await stockOf(shop, deposit.productId), 0);
  const events = await auditEvents(shop, deposit.orderId);
  assert.ok(events.includes("late_payment"));
  assert.deepEqual(await shortageAlerts(shop, deposit.orderId), []);
});

test("a late deposit whose webhook was lost is found within the week", async (shop) => {
  const deposit = await awaitDeposit(shop, "late-and-lost");
  await letDeadlinePass(shop, deposit);
  withoutWebhooks(shop);
  await payIn(shop, deposit.paymentKey);
  await advance(shop, 7 * HOUR_SECONDS);

  await work(shop, "expiry");

  assert.equal((await orderRow(shop, deposit.orderId)).status, "paid");
  const events = await auditEvents(shop, deposit.orderId);
  assert.ok(events.includes("late_payment"));
});

test("alerts names a late deposit whose goods are sold, until it is given back", async (shop) => {
  const deposit = await awaitDeposit(shop, "sold-meanwhile");
  await letDeadlinePass(shop, deposit);
  await buy(shop, oneOf("sold-meanwhile"));

  await payIn(shop, deposit.paymentKey);

  const { orderId } = deposit;
  assert.equal((await orderRow(shop, orderId)).status, "paid");
  const [alert, ...others] = await shortageAlerts(shop, orderId);
  assert.deepEqual(others, []);
  assert.equal(alert?.level, "critical");
  assert.match(alert.detail, /sold-meanwhile/);
  const refundReceiveAccount = REFUND_ACCOUNT;
  const { status } = await cancel(shop, { orderId, refundReceiveAccount });
  assert.equal(status, 200);
  assert.deepEqual(await shortageAlerts(shop, orderId), []);
});
